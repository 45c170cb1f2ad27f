package ecm_test

import (
	"context"
	"go/ast"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// serviceOf is the service that a method belongs to, as the client names it.
func serviceOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
		if id, ok := star.X.(*ast.Ident); ok {
			if name, isService := strings.CutSuffix(id.Name, "Service"); isService {
				return name
			}
		}
	}
	return ""
}

// mutating are the exported calls that send anything but reads: those that were
// seen to, and those whose comments say that they do.
func mutating(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for name, operations := range documented(t) {
		for _, o := range operations {
			found[name] = found[name] || !isRead(o)
		}
	}
	eachCall(func(name string, service, method int, _ reflect.Method) {
		for _, sent := range sends(t, service, method) {
			found[name] = found[name] || !isRead(sent)
		}
	})
	maps.DeleteFunc(found, func(_ string, writes bool) bool { return !writes })
	return slices.Sorted(maps.Keys(found))
}

func isRead(request string) bool {
	return strings.HasPrefix(request, "GET ") || strings.HasPrefix(request, "HEAD ")
}

// sends are the requests that a call makes with its samples.
func sends(t *testing.T, service, method int) []string {
	t.Helper()
	r := &recorder{}
	_ = tryOn(t, r, service, method, func([]reflect.Value) {})
	return r.keys
}

// TestR18_EveryCallSendsWhatItsCommentSays, and nothing that it does not: a
// write that no comment names would be in no table either. What a guarded call
// reads first is left out.
func TestR18_EveryCallSendsWhatItsCommentSays(t *testing.T) {
	t.Parallel()
	says := documented(t)
	count := 0
	eachCall(func(name string, service, method int, _ reflect.Method) {
		for _, sent := range sends(t, service, method) {
			count++
			fits := slices.ContainsFunc(says[name], func(o string) bool {
				pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(strings.TrimSuffix(o, "/")), `[^/]+`)
				return regexp.MustCompile("^" + pattern + "/?$").MatchString(sent)
			})
			assert.True(t, fits, "%s sends %s, and its comment names %v", name, sent, says[name])
		}
	})
	require.Greater(t, count, 200)
}

// TestR18_OnlyServicesSend: no exported function or method but those of the
// services can reach the server, so the tables above miss none.
func TestR18_OnlyServicesSend(t *testing.T) {
	t.Parallel()
	eachFunction(t, func(fn *ast.FuncDecl) {
		if !fn.Name.IsExported() || serviceOf(fn) != "" {
			return
		}
		for _, p := range fn.Type.Params.List {
			if sel, ok := p.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
				// Credentials log in, and send nothing else.
				require.Contains(t, []string{"Authorize", "Renew", "Token"}, fn.Name.Name, "%s takes a context and belongs to no service", fn.Name.Name)
			}
		}
	})
}

// guardedRecords are calls that change what a record is under: they look at a
// node only if it is a record already.
func (s *server) guardedRecords(t *testing.T, id ecm.NodeID) map[string]func(...ecm.Unguarded) error {
	ctx := t.Context()
	return map[string]func(...ecm.Unguarded) error{
		"RSIs.Assign": func(u ...ecm.Unguarded) error { return s.c.RSIs.Assign(ctx, id, s.class, "MKT-10", u...) },
		"RMClassifications.Apply": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.Apply(ctx, id, s.class, ecm.RecordUpdate{Token: "read before"}, u...)
		},
		"RMClassifications.ApplyMany": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.ApplyMany(ctx, s.class, []ecm.NodeID{id}, u...)
		},
	}
}

// guardedSchedules are calls that change a schedule with everything under it.
func (s *server) guardedSchedules(t *testing.T, rsi int64, name string) map[string]func(...ecm.Unguarded) error {
	ctx := t.Context()
	stage := ecm.Stage{ObjectType: "LIV", Stage: "FINAL", EventType: 1, Years: 1, Action: 32}
	return map[string]func(...ecm.Unguarded) error{
		"RSIs.Update": func(u ...ecm.Unguarded) error {
			return s.c.RSIs.Update(ctx, rsi, name, ecm.NewRSI{Name: name, Status: "ACTIVE", Discontinued: true}, u...)
		},
		"RSIs.UpdateByName": func(u ...ecm.Unguarded) error {
			return s.c.RSIs.UpdateByName(ctx, name, ecm.NewRSI{Name: name, Status: "ACTIVE"}, u...)
		},
		"RSIs.Delete":       func(u ...ecm.Unguarded) error { return s.c.RSIs.Delete(ctx, rsi, u...) },
		"RSIs.DeleteByName": func(u ...ecm.Unguarded) error { return s.c.RSIs.DeleteByName(ctx, name, u...) },
		"RSIs.CreateStage":  func(u ...ecm.Unguarded) error { _, err := s.c.RSIs.CreateStage(ctx, rsi, stage, u...); return err },
		"RSIs.UpdateStage":  func(u ...ecm.Unguarded) error { return s.c.RSIs.UpdateStage(ctx, rsi, 1, stage, u...) },
		"RSIs.DeleteStage":  func(u ...ecm.Unguarded) error { return s.c.RSIs.DeleteStage(ctx, rsi, 1, u...) },
		"RSIs.Approve": func(u ...ecm.Unguarded) error {
			return s.c.RSIs.Approve(ctx, rsi, 1, ecm.StageApproval{By: 1000}, u...)
		},
	}
}

// guardedSweeping are calls that may reach any record.
func (s *server) guardedSweeping(t *testing.T) map[string]func(...ecm.Unguarded) error {
	ctx, export := t.Context(), func() *strings.Reader { return strings.NewReader("<x/>") }
	return map[string]func(...ecm.Unguarded) error{
		"Codes.Import":               func(u ...ecm.Unguarded) error { return s.c.Codes.Import(ctx, export(), 4, true, u...) },
		"Codes.ImportRSIs":           func(u ...ecm.Unguarded) error { return s.c.Codes.ImportRSIs(ctx, export(), 4, false, true, u...) },
		"Codes.ImportSettings":       func(u ...ecm.Unguarded) error { return s.c.Codes.ImportSettings(ctx, export(), 4, u...) },
		"CrossReferences.DeleteType": func(u ...ecm.Unguarded) error { return s.c.CrossReferences.DeleteType(ctx, "A", u...) },
		"Queues.Add": func(u ...ecm.Unguarded) error {
			_, err := s.c.Queues.Add(ctx, s.folder, "another", true, u...)
			return err
		},
	}
}

// harmless are calls that write and yet cannot delete, purge, move, reschedule
// or dispose of a record, each with the reason. Whoever adds a line here says
// why no held record can come to harm by it.
var harmless = map[string]string{
	"Auth.Logout":                          "ends a session",
	"Categories.Add":                       "adds values",
	"Categories.Update":                    "changes values, never content; a date that a schedule counts from may be among them, but nothing is disposed of except by PerformActions, which is guarded, or by the server, which holds stop",
	"Categories.UpdateSeen":                "as Categories.Update, and only of a state that was read",
	"Classifications.Clear":                "standard classifications carry no retention",
	"Classifications.Remove":               "standard classifications carry no retention",
	"Classifications.Set":                  "standard classifications carry no retention",
	"Codes.Create":                         "adds a code",
	"CrossReferences.Assign":               "adds a relation",
	"CrossReferences.AssignMany":           "adds relations",
	"CrossReferences.CreateType":           "adds a type",
	"Dispositions.ApplyHold":               "holds",
	"Dispositions.ChangeActions":           "decides what would be done; PerformActions does it, and is guarded",
	"Dispositions.ChangeReviewDecision":    "a reviewer's decision; PerformActions acts on it, and is guarded",
	"Dispositions.Configure":               "sets up a search",
	"Dispositions.DeleteSnapshot":          "drops a list of findings, no record",
	"Dispositions.FinishReview":            "ends a review; PerformActions acts on it, and is guarded",
	"Dispositions.SetAccession":            "writes an accession number",
	"Dispositions.SetCriteria":             "sets up a search",
	"Dispositions.Start":                   "searches",
	"Dispositions.StopActions":             "stops",
	"Dispositions.StopSearch":              "stops",
	"Holds.AddUsers":                       "holds more",
	"Holds.Apply":                          "holds",
	"Holds.ApplyMany":                      "holds",
	"Holds.Create":                         "makes a hold",
	"Holds.Delete":                         "a hold that still holds something is refused by the server",
	"Holds.DeleteByName":                   "a hold that still holds something is refused by the server",
	"Holds.Move":                           "moves holds between groups",
	"Holds.Process":                        "holds more",
	"Holds.Remove":                         "releasing is a decision with a reason of its own; it disposes of nothing",
	"Holds.RemoveMany":                     "as Holds.Remove",
	"Holds.RemoveUsers":                    "as Holds.Remove",
	"Holds.Update":                         "describes, or suspends as Holds.Remove releases",
	"Holds.UpdateUsers":                    "as Holds.Remove",
	"Nodes.CreateFolder":                   "makes a folder",
	"Nodes.Actions":                        "reads by POST",
	"Nodes.GetMany":                        "reads by POST",
	"Nodes.SetNickname":                    "adds an alias",
	"Nodes.UploadDocument":                 "makes a document",
	"Nodes.UploadLarge":                    "makes a document",
	"Nodes.ValidateNames":                  "reads by POST",
	"Permissions.Add":                      "says who may do what",
	"Permissions.Remove":                   "says who may do what",
	"Permissions.Update":                   "says who may do what",
	"Queues.Abort":                         "stops a task",
	"RMClassifications.Finalize":           "makes final",
	"RMClassifications.MakeConfidential":   "hides",
	"RMClassifications.RemoveConfidential": "shows",
	"RSIs.Create":                          "makes an RSI that nothing is under yet",
	"RSIs.Search":                          "reads by POST",
	"RecycleBin.Restore":                   "brings back",
	"Search.All":                           "reads by POST",
	"Search.Query":                         "reads by POST",
	"Security.ImportCodes":                 "clearances carry no retention",
	"Security.SetLevelMany":                "clearances carry no retention",
	"Security.SetMarkingsMany":             "markings carry no retention",
	"Security.SetNode":                     "clearances carry no retention",
	"Security.SetUser":                     "clearances carry no retention",
	"Security.SetUserMarkings":             "markings carry no retention",
	"Uploads.Abort":                        "drops parts that are no document yet",
	"Uploads.Complete":                     "joins parts",
	"Uploads.SendPart":                     "sends a part",
	"Uploads.Start":                        "begins an upload",
	"Workspaces.AddMember":                 "says who may do what",
	"Workspaces.Create":                    "makes a workspace",
	"Workspaces.CreateRole":                "says who may do what",
	"Workspaces.DeleteRole":                "says who may do what",
	"Workspaces.Relate":                    "adds a relation",
	"Workspaces.RemoveMember":              "says who may do what",
	"Workspaces.Unrelate":                  "ends a relation between workspaces, which are no records' ties",
}

// TestR18_EveryPathIsInATable: each exported call that sends anything but a
// read is either guarded, and proven so, or listed with the reason why no held
// or final record can come to harm by it. A new one in neither table fails.
func TestR18_EveryPathIsInATable(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	tables := map[string]map[string]func(...ecm.Unguarded) error{
		"guarded": s.guarded(t, 1), "records": s.guardedRecords(t, 1), "schedules": s.guardedSchedules(t, 1, "x"), "sweeping": s.guardedSweeping(t),
	}
	sent := mutating(t)
	require.Greater(t, len(sent), 80)
	for _, name := range sent {
		places := 0
		for _, table := range tables {
			if _, in := table[name]; in {
				places++
			}
		}
		if harmless[name] != "" {
			places++
		}
		assert.Equal(t, 1, places, "%s writes: it must be guarded against held and final records, or listed as harmless with the reason", name)
	}
	for which, table := range tables {
		for name := range table {
			assert.Contains(t, sent, name, "%s in the table of %s calls sends nothing", name, which)
		}
	}
	for name := range harmless {
		assert.Contains(t, sent, name, "%s is listed as harmless and sends nothing", name)
	}
}

// TestR18_NothingIsReclassifiedOrRescheduled that is held or final; what is no
// record yet, or open, is.
func TestR18_NothingIsReclassifiedOrRescheduled(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	held, final := s.record(t, "held"), s.record(t, "final")
	s.AddHold("CASE-7", "LEGAL", int64(held))
	require.NoError(t, s.c.RMClassifications.Finalize(t.Context(), final))
	for id, want := range map[ecm.NodeID]error{held: ecm.ErrOnHold, final: ecm.ErrFinal} {
		for name, call := range s.guardedRecords(t, id) {
			s.Forget()
			require.ErrorIs(t, call(), want, name)
			require.Empty(t, s.writes(), "%s was sent", name)
		}
	}
	s.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/rmclassifications", Times: -1, Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`})
	for name, call := range s.guardedRecords(t, held) {
		s.Forget()
		require.ErrorIs(t, call(), ecm.ErrFinal, "%s: state that cannot be read is taken for final", name)
		require.Empty(t, s.writes())
	}
	s.Heal()
	open := s.record(t, "open")
	require.NoError(t, s.c.RSIs.Assign(t.Context(), open, s.class, "MKT-10"))
	// The details that a caller decided on spare the second look only while
	// their token holds.
	fresh := s.upload(t, "fresh", []byte("x")).ID
	seen, err := s.c.RMClassifications.Get(t.Context(), fresh)
	require.NoError(t, err)
	s.Declare(int64(fresh), int64(s.class))
	s.AddHold("CASE-8", "LEGAL", int64(fresh))
	require.ErrorIs(t, s.c.RMClassifications.Apply(t.Context(), fresh, s.class, ecm.RecordUpdate{Seen: seen}), ecm.ErrEditConflict)
}

// TestR18_ASchedulesRecordsKeepTheirRetention: an RSI that anything is under is
// changed only with a reason; what cannot be read counts as used (R25).
func TestR18_ASchedulesRecordsKeepTheirRetention(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	var refused []ecm.Refused
	s.c = s.c.NotifyRefused(func(_ context.Context, r ecm.Refused) { refused = append(refused, r) })
	s.record(t, "a")
	list, err := s.c.RSIs.List(t.Context())
	require.NoError(t, err)
	rsi := list[0]
	calls := s.guardedSchedules(t, rsi.ID, rsi.Name)
	for name, call := range calls {
		s.Forget()
		require.ErrorIs(t, call(), ecm.ErrInUse, name)
		require.Empty(t, s.writes(), "%s was sent", name)
		require.ErrorIs(t, call(ecm.Unguarded{Reason: " "}), ecm.ErrInvalid, "%s: a reason that says nothing", name)
	}
	require.Len(t, refused, len(calls), "each refusal is told")
	s.Fail(testserver.Fault{Route: "GET /v2/rsi*", Times: -1, Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`})
	for name, call := range s.guardedSchedules(t, list[len(list)-1].ID, list[len(list)-1].Name) {
		s.Forget()
		require.ErrorIs(t, call(), ecm.ErrInUse, "%s: what is under it could not be read", name)
		require.Empty(t, s.writes())
	}
	s.Heal()
	require.NoError(t, calls["RSIs.UpdateByName"](ecm.Unguarded{Reason: "resolution 12 of the records board"}))
	for name, call := range s.guardedSweeping(t) {
		s.Forget()
		require.ErrorIs(t, call(), ecm.ErrNeedsReason, name)
		require.Empty(t, s.Exchanges(), name)
	}
}

// TestR19_AHoldThatLandsBetweenIsHonored: the hold comes after the record was
// chosen, and before the call is sent.
func TestR19_AHoldThatLandsBetweenIsHonored(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(newServer(t, nil).guarded(t, 1)))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			id := s.record(t, "chosen")
			holds, err := s.c.Holds.OfNode(t.Context(), id)
			require.NoError(t, err)
			require.Empty(t, holds, "nothing held it when it was chosen")
			s.AddHold("CASE-7", "LEGAL", int64(id))
			s.Forget()
			require.ErrorIs(t, s.guarded(t, id)[name](), ecm.ErrOnHold)
			require.Empty(t, s.writes(), "it was sent all the same")
		})
	}
}

// TestR25_HoldsThatCannotBeReadRefuse: a server that fails, a time-out and an
// answer that is none.
func TestR25_HoldsThatCannotBeReadRefuse(t *testing.T) {
	t.Parallel()
	faults := map[string]testserver.Fault{
		"500": {Status: 500, Body: `{"error":"Out of order"}`}, "503": {Status: 503}, "dropped": {Kind: testserver.DropBefore}, "a page": {Kind: testserver.HTML},
	}
	for manner, fault := range faults {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, nil)
			id := s.record(t, "a")
			fault.Route, fault.Times = "GET /v1/nodes/{id}/holds", -1
			s.Fail(fault)
			for name, call := range s.guarded(t, id) {
				s.Forget()
				require.ErrorIs(t, call(), ecm.ErrOnHold, "%s, %s", name, manner)
				require.Empty(t, s.writes(), "%s, %s", name, manner)
			}
		})
	}
}

// writes are the requests that the fake got and that were not reads.
func (s *server) writes() []string {
	var list []string
	for _, e := range s.Exchanges() {
		if e.Method != "GET" && e.Method != "HEAD" && !strings.HasSuffix(e.Route, "/auth") {
			list = append(list, e.Route)
		}
	}
	return list
}
