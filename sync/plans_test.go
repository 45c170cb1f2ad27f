package sync_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	recsync "github.com/smintecm/sdk/sync"
)

// planned is a plan of any primitive.
type planned interface {
	fmt.Stringer
	Apply(ctx context.Context) (recsync.Receipt, error)
}

// planCase sets the world up and returns it with the way to plan, and to read
// what was planned.
type planCase func(t *testing.T) (w *world, plan func() (planned, []recsync.Step, error))

// planCases has a row for each exported Plan function.
var planCases = map[string]planCase{
	"PlanDeclareRecord": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		a := w.asset("1", picture(10))
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: a})
			return p, p.Steps, err
		}
	},
	"PlanTransferRights": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		r := mustDeclare(w, w.asset("1", picture(10)))
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanTransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
			return p, p.Steps, err
		}
	},
	"PlanRelateRecords": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		from, to := mustDeclare(w, w.asset("1", picture(10))), mustDeclare(w, w.asset("2", picture(20)))
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanRelateRecords(t.Context(), w.scope, recsync.RelateRequest{From: from.Record, To: to.Record, Type: "PART", Comment: "goes with it"})
			return p, p.Steps, err
		}
	},
	"PlanSupersedeRecord": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		mustDeclare(w, w.asset("1", picture(10)))
		require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
		second := mustDeclare(w, w.assets("1")[0])
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanSupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: second.Record})
			return p, p.Steps, err
		}
	},
	"PlanAttachEvidence": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newProven(t, nil)
		req := w.bought("1", picture(10))
		return w.world, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanAttachEvidence(t.Context(), w.scope, req)
			return p, p.Steps, err
		}
	},
	"PlanSyncMetadata": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w, record := newMetadataWorld(t, nil)
		w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanSyncMetadata(t.Context(), w.scope, recsync.MetadataRequest{Record: record})
			return p, p.Steps, err
		}
	},
	"PlanApplyHold": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		w.declared("501", "502")
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanApplyHold(t.Context(), w.scope, order("CASE", recsync.HoldTarget{License: "501"}))
			return p, p.Steps, err
		}
	},
	"PlanReleaseHold": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newWorld(t, nil)
		w.declared("501", "502")
		w.hold(order("CASE", recsync.HoldTarget{License: "501"}))
		return w, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanReleaseHold(t.Context(), w.scope, releaseOf("CASE", recsync.HoldTarget{}))
			return p, p.Steps, err
		}
	},
	"PlanPropagateDisposition": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		s := newShown(t, nil)
		r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
		s.clock.Move(days(2))
		req := recsync.PropagateRequest{Event: s.event(recsync.EventLicenseEnded, r, nil)}
		return s.world, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanPropagateDisposition(t.Context(), s.scope, req)
			return p, p.Steps, err
		}
	},
	"PlanSurfaceRecords": func(t *testing.T) (*world, func() (planned, []recsync.Step, error)) {
		w := newSurfaced(t, nil)
		w.approvedDocument("a.pdf", "a")
		return w.world, func() (planned, []recsync.Step, error) {
			p, err := recsync.PlanSurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
			return p, p.Steps, err
		}
	},
}

// writeOf is the write at ECM that a step stands for; none for steps that go to
// Smint.io.
var writeOf = map[string]string{
	"create folder": "POST /v2/nodes", "upload": "POST /v2/nodes", "upload rights document": "POST /v2/nodes", "upload evidence package": "POST /v2/nodes",
	"create standing order": "POST /v2/nodes",
	"classify":              "POST /v1/nodes/{id}/rmclassifications", "classify rights document": "POST /v1/nodes/{id}/rmclassifications", "classify evidence package": "POST /v1/nodes/{id}/rmclassifications",
	"finalize":        "PUT /v1/rmclassifications/finalizerecords",
	"cross-reference": "POST /v1/nodes/{id}/xrefs",
	"create hold":     "POST /v1/holds", "hold": "POST /v1/nodes/{id}/holds", "release": "DELETE /v1/nodes/{id}/holds/{hold}", "end hold": "PUT /v1/holds",
	"write attributes node": "PUT /v2/nodes/{id}/categories/{category}", "write attributes portal": "", "publish": "", "publish expire": "", "route for replacement": "",
}

// writeFor finds the write of a step; the same words may go to either side.
func writeFor(s recsync.Step) (string, bool) {
	if s.Do == "write attributes" {
		where, _, _ := strings.Cut(s.On, " ")
		return writeOf[s.Do+" "+where], true
	}
	write, known := writeOf[s.Do]
	return write, known
}

// withoutSteps are plans of findings, not of steps, with the reason.
var withoutSteps = map[string]string{"PlanReconcile": "its repairs are runs of the primitives above"}

// TestPlans_AreWhatIsDone: every plan prints each of its steps, writes nothing,
// and applied does exactly these steps, for which ECM gets exactly these writes.
func TestPlans_AreWhatIsDone(t *testing.T) {
	t.Parallel()
	for name, set := range planCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, plan := set(t)
			w.ecm.Forget()
			before := len(w.journal.all())
			p, steps, err := plan()
			require.NoError(t, err)
			require.Empty(t, w.writes(), "a plan writes nothing")
			require.Len(t, w.journal.all(), before, "a plan takes nothing down")
			require.NotEmpty(t, steps, "the case has nothing to do and shows nothing")
			var want []string
			for n, s := range steps {
				require.Contains(t, p.String(), fmt.Sprintf("%d. %s", n+1, s.Do), "the plan does not print what it will do")
				write, known := writeFor(s)
				require.True(t, known, "step %q: say in writeOf which write it stands for", s.Do)
				if write != "" {
					want = append(want, write)
				}
			}
			text := p.String()
			again, _, err := plan()
			require.NoError(t, err)
			require.Equal(t, text, again.String(), "the same plan twice says the same")
			r, err := p.Apply(t.Context())
			require.NoError(t, err)
			require.Equal(t, dos(steps), dos(r.Steps), "the dry run is the real run")
			require.Equal(t, want, w.writes(), "ECM got other writes than the plan says: %s", text)
			_, err = p.Apply(t.Context())
			require.ErrorIs(t, err, recsync.ErrStalePlan)
		})
	}
}

// TestPlans_EachHasARow: a plan that no row above has is not shown to be what is
// done.
func TestPlans_EachHasARow(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Plan") {
				found = append(found, fn.Name.Name)
			}
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { return withoutSteps[name] != "" })
	slices.Sort(found)
	require.Equal(t, found, slices.Sorted(maps.Keys(planCases)), "each exported Plan function has a row in planCases")
}
