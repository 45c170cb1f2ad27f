package sync_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// sources parses a package's own files.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		f, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		require.NoError(t, err)
		files = append(files, f)
	}
	return files
}

// functions are a package's functions by receiver and name.
func functions(t *testing.T, dir string) map[string]*ast.FuncDecl {
	t.Helper()
	all := map[string]*ast.FuncDecl{}
	for _, f := range sources(t, dir) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				all[receiver(fn)+fn.Name.Name] = fn
			}
		}
	}
	return all
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	at := fn.Recv.List[0].Type
	if star, ok := at.(*ast.StarExpr); ok {
		at = star.X
	}
	if id, ok := at.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

// guardedCalls are the methods of the ECM client that can delete, purge, move,
// reschedule or dispose of something: those that can be told to skip the
// reading of holds. That no other method can do so is proven in package ecm.
func guardedCalls(t *testing.T) []string {
	t.Helper()
	var list []string
	for name, fn := range functions(t, filepath.Join("..", "ecm")) {
		service, method, isMethod := strings.Cut(name, "Service.")
		if !isMethod || !fn.Name.IsExported() {
			continue
		}
		for _, p := range fn.Type.Params.List {
			if more, ok := p.Type.(*ast.Ellipsis); ok && fmt.Sprint(more.Elt) == "Unguarded" {
				list = append(list, service+"."+method)
			}
		}
	}
	slices.Sort(list)
	return list
}

// refusedCalls are all of them, and the error of each about a held record. The
// last ones reach any number of records, and need a reason whatever is held.
func (w *world) refusedCalls(ctx context.Context, id ecm.NodeID, rsi int64) map[string]func() error {
	c, class := w.scope.ECM(), ecm.NodeID(w.class)
	ref := ecm.CrossReference{Type: "RIGHTS", To: 7}
	stage := ecm.Stage{ObjectType: "LIV", Stage: "FINAL", EventType: 1, Years: 1, Action: 32}
	text := func() *strings.Reader { return strings.NewReader("x") }
	return map[string]func() error{
		"Nodes.Delete": func() error { return c.Nodes.Delete(ctx, id) },
		"Nodes.Move":   func() error { return c.Nodes.Move(ctx, id, 2000) },
		"Nodes.Rename": func() error { return c.Nodes.Rename(ctx, id, "another") },
		"Versions.Add": func() error {
			_, err := c.Versions.Add(ctx, id, ecm.NewVersion{FileName: "x", Content: text(), Size: 1})
			return err
		},
		"Versions.AddLarge": func() error {
			_, err := c.Versions.AddLarge(ctx, id, ecm.LargeVersion{NewVersion: ecm.NewVersion{FileName: "x", Content: text(), Size: 1}})
			return err
		},
		"Versions.Promote":             func() error { return c.Versions.Promote(ctx, id, 1, "") },
		"Versions.Delete":              func() error { return c.Versions.Delete(ctx, id, 1) },
		"Versions.Purge":               func() error { return c.Versions.Purge(ctx, id, 1) },
		"Versions.PutRendition":        func() error { return c.Versions.PutRendition(ctx, id, 1, "pdf", "x.pdf", text(), 1) },
		"Versions.DeleteRendition":     func() error { return c.Versions.DeleteRendition(ctx, id, 1, "pdf") },
		"RecycleBin.Purge":             func() error { return c.RecycleBin.Purge(ctx, []ecm.NodeID{id}) },
		"Categories.Remove":            func() error { return c.Categories.Remove(ctx, id, ecm.NodeID(w.category)) },
		"RMClassifications.Apply":      func() error { return c.RMClassifications.Apply(ctx, id, class, ecm.RecordUpdate{Token: "x"}) },
		"RMClassifications.ApplyMany":  func() error { return c.RMClassifications.ApplyMany(ctx, class, []ecm.NodeID{id}) },
		"RMClassifications.Remove":     func() error { return c.RMClassifications.Remove(ctx, id, class, "x") },
		"RMClassifications.RemoveMany": func() error { return c.RMClassifications.RemoveMany(ctx, class, []ecm.NodeID{id}) },
		"RMClassifications.Update": func() error {
			return c.RMClassifications.Update(ctx, id, ecm.RecordUpdate{Token: "x", RecordDate: time.Now()})
		},
		"RMClassifications.UpdateMany": func() error {
			return c.RMClassifications.UpdateMany(ctx, ecm.BulkUpdate{RemoveRSI: true}, []ecm.NodeID{id})
		},
		"RSIs.Assign":            func() error { return c.RSIs.Assign(ctx, id, class, "MKT-10") },
		"RSIs.Remove":            func() error { return c.RSIs.Remove(ctx, id, class) },
		"CrossReferences.Remove": func() error { return c.CrossReferences.Remove(ctx, id, ref) },
		"CrossReferences.RemoveSeveral": func() error {
			return c.CrossReferences.RemoveSeveral(ctx, id, []ecm.CrossReference{ref})
		},
		"CrossReferences.RemoveMany": func() error { return c.CrossReferences.RemoveMany(ctx, ref, []ecm.NodeID{id}) },
		"Dispositions.PerformActions": func() error {
			return c.Dispositions.PerformActions(ctx, ecm.ActOn{User: 1000, Search: 1, QDate: "2026-01-01:00:00:00", Items: []ecm.DispositionItem{{Node: id, StageCount: 1}}})
		},

		"RSIs.Update":       func() error { return c.RSIs.Update(ctx, rsi, "MKT-07", ecm.NewRSI{Name: "MKT-07", Status: "ACTIVE"}) },
		"RSIs.UpdateByName": func() error { return c.RSIs.UpdateByName(ctx, "MKT-07", ecm.NewRSI{Name: "MKT-07", Status: "ACTIVE"}) },
		"RSIs.Delete":       func() error { return c.RSIs.Delete(ctx, rsi) },
		"RSIs.DeleteByName": func() error { return c.RSIs.DeleteByName(ctx, "MKT-07") },
		"RSIs.CreateStage":  func() error { _, err := c.RSIs.CreateStage(ctx, rsi, stage); return err },
		"RSIs.UpdateStage":  func() error { return c.RSIs.UpdateStage(ctx, rsi, 1, stage) },
		"RSIs.DeleteStage":  func() error { return c.RSIs.DeleteStage(ctx, rsi, 1) },
		"RSIs.Approve":      func() error { return c.RSIs.Approve(ctx, rsi, 1, ecm.StageApproval{By: 1000}) },

		"Codes.Import":               func() error { return c.Codes.Import(ctx, text(), 1, true) },
		"Codes.ImportRSIs":           func() error { return c.Codes.ImportRSIs(ctx, text(), 1, false, true) },
		"Codes.ImportSettings":       func() error { return c.Codes.ImportSettings(ctx, text(), 1) },
		"CrossReferences.DeleteType": func() error { return c.CrossReferences.DeleteType(ctx, "RIGHTS") },
		"Queues.Add":                 func() error { _, err := c.Queues.Add(ctx, id, "another", true); return err },
	}
}

// TestR18_AHeldRecordIsLeftAloneByEveryCall, from the moment ApplyHold returns:
// each method of the client that can delete, purge, move, reschedule or dispose
// is called about a record that is held by its scope, license, matter or by
// itself. None is sent, each is taken down in the journal, and a method that is
// missing here fails.
func TestR18_AHeldRecordIsLeftAloneByEveryCall(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(recsync.StoredRecord) recsync.HoldTarget{
		"scope":   func(recsync.StoredRecord) recsync.HoldTarget { return recsync.HoldTarget{Scope: true} },
		"license": func(recsync.StoredRecord) recsync.HoldTarget { return recsync.HoldTarget{License: "501"} },
		"about": func(recsync.StoredRecord) recsync.HoldTarget {
			return recsync.HoldTarget{About: map[recsync.Field]string{recsync.FieldTitle: "Picture 501"}}
		},
		"record": func(r recsync.StoredRecord) recsync.HoldTarget {
			return recsync.HoldTarget{Records: []recsync.RecordRef{r.Record}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
			stored := w.declared("501")["501"]
			rsis, err := w.config.ECM.RSIs.List(t.Context())
			require.NoError(t, err)
			rsi := rsis[slices.IndexFunc(rsis, func(r ecm.RSI) bool { return r.Name == "MKT-07" })].ID
			w.hold(order("CASE-7", target(stored)))
			for _, id := range stored.Documents() {
				calls := w.refusedCalls(t.Context(), id, rsi)
				require.Equal(t, guardedCalls(t), slices.Sorted(maps.Keys(calls)), "a method that can harm a held record is missing from this table, or gone")
				for call, send := range calls {
					w.ecm.Forget()
					before := len(w.journal.all())
					err := send()
					held, inUse, sweeping := ecm.ErrOnHold, ecm.ErrInUse, ecm.ErrNeedsReason
					want := held
					switch {
					case strings.HasPrefix(call, "RSIs.") && call != "RSIs.Assign" && call != "RSIs.Remove":
						want = inUse
					case strings.HasPrefix(call, "Codes.") || call == "CrossReferences.DeleteType" || call == "Queues.Add":
						want = sweeping
					}
					require.ErrorIs(t, err, want, call)
					require.Empty(t, w.writes(), "%s was sent", call)
					entries := w.journal.all()[before:]
					require.Len(t, entries, 1, call)
					require.Equal(t, recsync.Refusal, entries[0].Kind, "a refusal is taken down: %s", call)
				}
			}
			require.Equal(t, 1, w.node(stored.Record.Node()).Versions)
		})
	}
}

// guardedPlaces are the functions of this package that call such a method, or
// release a hold, each with what happens to a held record there. Whoever adds a
// line says how a held record comes to no harm, and proves it.
var guardedPlaces = map[string]string{
	"declaration.remove Nodes.Delete":              "the client reads holds right before; TestR19_AHoldBetweenDecisionAndRemoval",
	"declaration.addVersion Versions.Add":          "a held record takes no version: TestR1_ARecordThatIsFixedTakesNoVersion; the client reads holds right before",
	"declaration.assign RSIs.Assign":               "the client reads holds right before; TestR19_AHoldBetweenDecisionAndSchedule",
	"declaration.classify RMClassifications.Apply": "gives a node that is no record its first class; the server refuses a stale token",
	"companion.classify RMClassifications.Apply":   "as declaration.classify",
	"companion.version Versions.Add":               "the client reads holds right before; a held document gets a further one beside it: TestR23_AHeldRecordsRightsTakeEffectAllTheSame",
	"holding.withdraw Holds.Delete":                "a hold of its own making that holds nothing; the client reads its items before",
	"ReleasePlan.apply Holds.Remove":               "a release that was ordered, of that one hold",
	"ReleasePlan.apply Holds.RemoveMany":           "a release that was ordered, of that one hold",
	"releasing.end Holds.Update":                   "ends a hold that read back as holding nothing",
}

// TestR18_EveryPathOfThePrimitivesIsListed: no primitive reaches a destructive
// method, or takes a hold off, but at the places of the table, and none has the
// reading of holds skipped.
func TestR18_EveryPathOfThePrimitivesIsListed(t *testing.T) {
	t.Parallel()
	watched := append(guardedCalls(t), "Holds.Delete", "Holds.DeleteByName", "Holds.Remove", "Holds.RemoveMany", "Holds.RemoveUsers", "Holds.Update", "Holds.UpdateUsers")
	found := map[string]bool{}
	for name, fn := range functions(t, ".") {
		ast.Inspect(fn, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			require.NotEqual(t, "Unguarded", sel.Sel.Name, "%s has the reading of holds skipped", name)
			if service, ok := sel.X.(*ast.SelectorExpr); ok {
				if call := service.Sel.Name + "." + sel.Sel.Name; slices.Contains(watched, call) {
					found[name+" "+call] = true
				}
			}
			return true
		})
	}
	require.Equal(t, slices.Sorted(maps.Keys(guardedPlaces)), slices.Sorted(maps.Keys(found)),
		"a place that can harm a held record is not in the table: say there what keeps it from doing so, and prove it")
}

// TestR19_AHoldBetweenDecisionAndRemoval: an interrupted upload turns out to
// have other bytes, and is to be removed; a hold lands between that decision
// and the removal.
func TestR19_AHoldBetweenDecisionAndRemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("501", picture(100))
	var node int64
	w.journal.refuse = func(e recsync.JournalEntry) error {
		switch {
		case e.Kind == recsync.Outcome && e.Step == "upload":
			node = w.records()[0].ID
			return w.ecm.Corrupt(node, func(b []byte) []byte { return b[:1] })
		case e.Kind == recsync.Intent && e.Step == "remove incomplete upload":
			w.ecm.AddHold("CASE-7", "LEGAL", node)
		}
		return nil
	}
	_, err := w.declare(a)
	require.ErrorIs(t, err, ecm.ErrOnHold, "the holds are read at the moment of removal")
	require.False(t, w.node(ecm.NodeID(node)).Deleted, "what is held is not removed")
}

// TestR19_AHoldBetweenDecisionAndSchedule: a record is to get another schedule,
// perhaps a shorter one; a hold lands between.
func TestR19_AHoldBetweenDecisionAndSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].Schedule = "MKT-10" })
	w.ecm.SetRSIs(w.class, "MKT-07", "MKT-10")
	a := w.asset("501", picture(100))
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent && e.Step == "assign schedule" {
			w.ecm.AddHold("CASE-7", "LEGAL", w.records()[0].ID)
		}
		return nil
	}
	r, err := w.declare(a)
	require.ErrorIs(t, err, ecm.ErrOnHold, "the holds are read at the moment of assigning")
	require.Equal(t, recsync.Incomplete, r.Change)
	require.Equal(t, "MKT-07", w.records()[0].RSI, "a held record's schedule is not changed")
}

// TestR23_ANamedScheduleIntoAHeldScope: the record is held from its first
// moment, and gets its schedule together with its class.
func TestR23_ANamedScheduleIntoAHeldScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].Schedule = "MKT-10" })
	w.ecm.SetRSIs(w.class, "MKT-07", "MKT-10")
	w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
	r, err := w.declare(w.asset("501", picture(100)))
	require.NoError(t, err)
	require.Equal(t, "MKT-10", w.records()[0].RSI)
	require.Len(t, w.holdsOn(r.Record.Node()), 1)
}

// TestR19_AHoldThatLandsAtAnyMomentIsHonored: while a purchase is declared and
// its rights are kept, another process orders a hold, before each single
// request in turn. When both are done, record and rights document are held.
func TestR19_AHoldThatLandsAtAnyMomentIsHonored(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]recsync.HoldTarget{
		"scope": {Scope: true}, "license": {License: "501"}, "about": {About: map[recsync.Field]string{recsync.FieldTitle: "Picture 501"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			during(t, moments(name), func(w *world) { w.buy("501", picture(200), nil) }, func(w *world, s *recsync.Scope) error {
				_, err := recsync.FollowPurchases(t.Context(), s, w.store(), recsync.FollowOptions{})
				return err
			}, func(w *world) { w.hold(order("CASE-7", target)) }, func(w *world, at int) {
				stored := w.allStored()["501"]
				require.Len(t, stored.Documents(), 2)
				for _, id := range stored.Documents() {
					require.Len(t, w.holdsOn(id), 1, "the order came before request %d: node %s is not held", at, id)
				}
			})
		})
	}
}

// TestR19_AListedRecordsNewDocumentIsHeld: the record alone is ordered to be
// kept while its rights document is on its way in.
func TestR19_AListedRecordsNewDocumentIsHeld(t *testing.T) {
	t.Parallel()
	var ref recsync.RecordRef
	during(t, 1, func(w *world) { ref = mustDeclare(w, w.asset("501", picture(100))).Record }, func(w *world, s *recsync.Scope) error {
		mine, err := s.Bind(ref)
		require.NoError(t, err)
		_, err = recsync.TransferRights(t.Context(), s, recsync.RightsRequest{Record: mine, Source: w.smint.Transaction("501")})
		return err
	}, func(w *world) { w.hold(order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{ref}})) }, func(w *world, at int) {
		for _, id := range w.allStored()["501"].Documents() {
			require.Len(t, w.holdsOn(id), 1, "the order came before request %d: node %s is not held", at, id)
		}
	})
}

// TestR19_AHoldBetweenPlanAndReleaseKeeps what it holds: a release takes off its
// own hold and no other.
func TestR19_AHoldBetweenPlanAndReleaseKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")["501"]
	w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
	plan, err := recsync.PlanReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
	require.NoError(t, err)
	second := holdID(t, w.hold(order("CASE-8", recsync.HoldTarget{License: "501"})))
	_, err = plan.Apply(t.Context())
	require.NoError(t, err)
	for _, id := range stored.Documents() {
		require.Equal(t, []int64{second}, w.holdsOn(id))
	}
	set, err := w.scope.HoldsOn(t.Context(), stored.Record)
	require.NoError(t, err)
	require.ErrorIs(t, set.Check(), records.ErrOnHold)
}

// during runs a call of one process while another process acts before one of
// its requests, each in turn or some of them; check looks at what came of it.
func during(t *testing.T, step int, prepare func(*world), call func(*world, *recsync.Scope) error, meanwhile func(*world), check func(w *world, at int)) {
	t.Helper()
	at := 0
	for ; ; at += step * every(3) {
		w := newWorld(t, nil)
		prepare(w)
		hook := &beforeEach{inner: w.ecm.Transport(), do: func(n int) {
			if n == at {
				meanwhile(w)
			}
		}}
		config := w.config
		config.ECM = w.ecmClientOver(hook)
		s, err := recsync.NewScope(config)
		require.NoError(t, err)
		require.NoError(t, call(w, s), "something happened before request %d", at)
		if hook.count <= at {
			break // it was done before anything happened
		}
		check(w, at)
	}
	require.Greater(t, at, 5, "it happened at every moment")
}

// moments are all for a scope and for a list; licenses and matters stand by the
// same means as a scope.
func moments(target string) int {
	if target == "scope" || target == "records" {
		return 1
	}
	return 3
}

// TestR19_WhatComesWhileAHoldIsOrderedIsHeld: another process declares a record
// and keeps its rights, or keeps the rights of one that stands, before each
// single request of the order in turn.
func TestR19_WhatComesWhileAHoldIsOrderedIsHeld(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]recsync.HoldTarget{
		"scope": {Scope: true}, "license": {License: "502"}, "about": {About: map[recsync.Field]string{recsync.FieldTitle: "Picture 502"}}, "records": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var listed []recsync.RecordRef
			during(t, moments(name), func(w *world) {
				listed = refs(w.declared("500", "501"), "500", "501")
				a := w.asset("502", picture(100))
				if name == "records" {
					listed = append(listed, mustDeclare(w, a).Record)
				}
			}, func(_ *world, s *recsync.Scope) error {
				if name == "records" {
					target.Records = nil
					for _, ref := range listed {
						mine, err := s.Bind(ref)
						require.NoError(t, err)
						target.Records = append(target.Records, mine)
					}
				}
				_, err := recsync.ApplyHold(t.Context(), s, order("CASE-7", target))
				return err
			}, func(w *world) { w.declared() }, func(w *world, at int) {
				stored := w.allStored()["502"]
				require.Len(t, stored.Documents(), 2)
				for _, id := range stored.Documents() {
					require.Len(t, w.holdsOn(id), 1, "it came before request %d: node %s is not held", at, id)
				}
			})
		})
	}
}

// TestR21_AnotherCallerAtAnyMoment orders the same hold before each single
// request of ours in turn: there is one hold, and both mean it.
func TestR21_AnotherCallerAtAnyMoment(t *testing.T) {
	t.Parallel()
	var mine, others recsync.Receipt
	during(t, 1, func(w *world) { w.declared("501") }, func(_ *world, s *recsync.Scope) (err error) {
		mine, err = recsync.ApplyHold(t.Context(), s, order("CASE-7", recsync.HoldTarget{Scope: true}))
		return err
	}, func(w *world) { others = w.hold(order("CASE-7", recsync.HoldTarget{Scope: true})) }, func(w *world, at int) {
		require.Equal(t, others.Hold.ID, mine.Hold.ID, "before request %d: both mean one hold", at)
		names, err := w.config.ECM.Holds.Names(t.Context())
		require.NoError(t, err)
		require.Len(t, names, 1, "before request %d: who made a second one takes it back", at)
		for _, id := range w.allStored()["501"].Documents() {
			require.Equal(t, []int64{holdID(t, mine)}, w.holdsOn(id))
		}
	})
}
