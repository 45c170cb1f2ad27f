package ecm_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

var someDay = time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)

func TestHolds_Lifecycle(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	h := s.c.Holds
	_, err := h.Find(ctx, "CASE-7")
	require.ErrorIs(t, err, ecm.ErrNotFound)
	_, err = h.Create(ctx, ecm.NewHold{})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	id, err := h.Create(ctx, ecm.NewHold{Name: "CASE-7", Type: "LEGAL", Comment: "Case 7", AlternateID: "ext-7", Applied: someDay})
	require.NoError(t, err)
	found, err := h.Find(ctx, "CASE-7")
	require.NoError(t, err)
	require.Equal(t, id, found.ID)
	require.Equal(t, "ext-7", found.AlternateID)
	require.True(t, found.Active)
	got, err := h.Get(ctx, id)
	require.NoError(t, err)
	require.Equal(t, found, got)
	list, err := h.List(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1)
	names, err := h.Names(ctx)
	require.NoError(t, err)
	require.Equal(t, []ecm.HoldName{{ID: id, Name: "CASE-7", Active: true}}, names)

	a, b := s.record(t, "a"), s.record(t, "b")
	require.NoError(t, h.Apply(ctx, a, id))
	require.NoError(t, h.ApplyMany(ctx, id, b))
	items, err := h.Items(ctx, id)
	require.NoError(t, err)
	require.Len(t, items, 2)
	require.ErrorIs(t, h.Delete(ctx, id), ecm.ErrConflict, "it still holds something")
	counts, err := h.Statistics(ctx)
	require.NoError(t, err)
	require.Positive(t, counts.Direct)
	require.NoError(t, h.Remove(ctx, a, id, nil))
	require.NoError(t, h.RemoveMany(ctx, id, "released", b))
	held, err := h.OfNode(ctx, a)
	require.NoError(t, err)
	require.Empty(t, held)

	require.ErrorIs(t, h.Update(ctx, id, ecm.HoldUpdate{Removed: someDay}), ecm.ErrInvalid, "a suspension says why")
	require.NoError(t, h.Update(ctx, id, ecm.HoldUpdate{Removed: someDay, RemovalComment: "settled"}))
	got, err = h.Get(ctx, id)
	require.NoError(t, err)
	require.False(t, got.Active)
	group := ecm.NodeID(s.AddHoldGroup("2026"))
	require.NoError(t, h.Move(ctx, group, id))
	entries, err := h.Maintenance(ctx, group)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, h.Delete(ctx, id))
	_, err = h.Create(ctx, ecm.NewHold{Name: "CASE-8", Type: "LEGAL", Applied: someDay})
	require.NoError(t, err)
	require.NoError(t, h.DeleteByName(ctx, "CASE-8"))
}

func TestHolds_OfUsers(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	user := ecm.UserID(s.AddUser(testserver.ECMUser{Name: "pat", Password: "pw"}))
	id, err := s.c.Holds.Create(ctx, ecm.NewHold{Name: "CASE-9", Type: "LEGAL", Applied: someDay})
	require.NoError(t, err)
	require.NoError(t, s.c.Holds.AddUsers(ctx, id, user))
	users, err := s.c.Holds.Users(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []ecm.UserID{user}, users.Users)
	require.NoError(t, s.c.Holds.Process(ctx, id, someDay, someDay.AddDate(1, 0, 0)))
	require.NoError(t, s.c.Holds.UpdateUsers(ctx, id, ecm.HoldUsersUpdate{Added: []ecm.UserID{1000}, From: someDay, Until: someDay.AddDate(1, 0, 0), ReasonComments: "wider"}))
	require.NoError(t, s.c.Holds.RemoveUsers(ctx, id, user))
	users, err = s.c.Holds.Users(ctx, id)
	require.NoError(t, err)
	require.NotContains(t, users.Users, user)
}

func TestCrossReferences_TypesAndSeveral(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	x := s.c.CrossReferences
	require.ErrorIs(t, x.CreateType(ctx, ecm.CrossReferenceType{}, "", 0), ecm.ErrInvalid)
	require.NoError(t, x.CreateType(ctx, ecm.CrossReferenceType{Type: "SUPERSEDES", Related: "SUPERSEDED", Description: "supersedes"}, "is superseded by", 0))
	kind, err := x.Type(ctx, "SUPERSEDES")
	require.NoError(t, err)
	require.Equal(t, "SUPERSEDED", kind.Related)
	a, b, c := s.record(t, "a"), s.record(t, "b"), s.record(t, "c")
	require.NoError(t, x.AssignMany(ctx, ecm.CrossReference{Type: "SUPERSEDES", To: c, Comment: "new"}, a, b))
	list, err := x.OfNode(ctx, c)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.NoError(t, x.Remove(ctx, a, ecm.CrossReference{Type: "SUPERSEDES", To: c}))
	require.NoError(t, x.RemoveMany(ctx, ecm.CrossReference{Type: "SUPERSEDES"}, []ecm.NodeID{b}))
	require.NoError(t, x.Assign(ctx, a, ecm.CrossReference{Type: "A", To: b}))
	require.NoError(t, x.Assign(ctx, a, ecm.CrossReference{Type: "A", To: c}))
	require.NoError(t, x.RemoveSeveral(ctx, a, []ecm.CrossReference{{Type: "A", To: b}, {Type: "A", To: c}}))
	list, err = x.OfNode(ctx, a)
	require.NoError(t, err)
	require.Empty(t, list)
	require.NoError(t, x.DeleteType(ctx, "SUPERSEDES", ecm.Unguarded{Reason: "test"}))
}

func TestRMClassifications_ManyAtOnce(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	rm := s.c.RMClassifications
	a, b := s.upload(t, "a", []byte("a")).ID, s.upload(t, "b", []byte("b")).ID
	may, err := rm.MayAdd(ctx, a)
	require.NoError(t, err)
	require.True(t, may)
	require.NoError(t, rm.ApplyMany(ctx, s.class, []ecm.NodeID{a, b}))
	items, err := rm.Items(ctx, s.class)
	require.NoError(t, err)
	require.Len(t, items, 2)
	require.NoError(t, rm.UpdateMany(ctx, ecm.BulkUpdate{Status: "CLOSED", StatusDate: someDay, Essential: "NR"}, []ecm.NodeID{a, b}))
	d, err := rm.Get(ctx, b)
	require.NoError(t, err)
	require.Equal(t, "CLOSED", d.Primary().Status)
	count, err := rm.Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, count)
	compliance, err := rm.Compliance(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, compliance.Retained)
	settings, err := rm.Settings(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, settings.All)
	info, err := rm.CreateInfo(ctx, ecm.SubtypeDocument, s.folder)
	require.NoError(t, err)
	require.True(t, info.CanClassify)
	require.NoError(t, rm.MakeConfidential(ctx, a, false))
	require.NoError(t, rm.RemoveConfidential(ctx, a, false))
	require.NoError(t, rm.RemoveMany(ctx, s.class, []ecm.NodeID{a}))
	d, err = rm.Get(ctx, a)
	require.NoError(t, err)
	require.Empty(t, d.Entries)
	d, err = rm.Get(ctx, b)
	require.NoError(t, err)
	require.NoError(t, rm.Remove(ctx, b, s.class, d.Token))
}

// TestRMClassifications_TheMisspeltPath: where a server has mended the path,
// the mended one is used.
func TestRMClassifications_TheMisspeltPath(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	id := s.record(t, "a")
	s.Fail(testserver.Fault{Route: "POST /v1/rmcassifications/batchRemoveClassification", Status: 400, Body: `{"error":"The REST API URL could not be found in the mappings registry"}`})
	_ = s.c.RMClassifications.RemoveMany(t.Context(), s.class, []ecm.NodeID{id})
	var paths []string
	for _, e := range s.Exchanges() {
		if strings.HasSuffix(e.Path, "batchRemoveClassification") {
			paths = append(paths, strings.TrimPrefix(e.Path, "/otcs/cs.exe/api"))
		}
	}
	require.Equal(t, []string{"/v1/rmcassifications/batchRemoveClassification", "/v1/rmclassifications/batchRemoveClassification"}, paths)
}

func TestClassifications_Standard(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	c, n := s.c.Classifications, s.upload(t, "a", []byte("a")).ID
	one, two := ecm.NodeID(s.AddClassification("Brand")), ecm.NodeID(s.AddClassification("Product"))
	may, err := c.MayAdd(ctx, n)
	require.NoError(t, err)
	require.True(t, may)
	require.NoError(t, c.Set(ctx, n, one, two))
	list, err := c.OfNode(ctx, n)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.NoError(t, c.Remove(ctx, n, one))
	require.NoError(t, c.Clear(ctx, n))
	list, err = c.OfNode(ctx, n)
	require.NoError(t, err)
	require.Empty(t, list)
	volume, err := c.Volume(ctx)
	require.NoError(t, err)
	require.Positive(t, volume.ID)
	settings, err := c.Settings(ctx)
	require.NoError(t, err)
	require.Equal(t, volume.ID, settings.Volume)
	info, err := c.CreateInfo(ctx, ecm.SubtypeDocument)
	require.NoError(t, err)
	require.True(t, info.CanClassify)
}

func TestRSIs_MaintainedWithTheirStages(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	r := s.c.RSIs
	_, err := r.Create(ctx, ecm.NewRSI{})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	id, err := r.Create(ctx, ecm.NewRSI{Name: "FIN-05", Status: "ACTIVE", Title: "Finance", StatusDate: someDay, DispositionControl: true})
	require.NoError(t, err)
	stage, err := r.CreateStage(ctx, id, ecm.Stage{ObjectType: "LIV", Stage: "FINAL", EventType: 1, DateToUse: 91, Years: 5, Action: 32, Description: "destroy"})
	require.NoError(t, err)
	require.NoError(t, r.UpdateStage(ctx, id, stage, ecm.Stage{Years: 6}))
	list, err := r.Get(ctx, id)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, 6, list[0].Years)
	require.Equal(t, "LIV", list[0].ObjectType)
	one, err := r.Schedule(ctx, id, stage)
	require.NoError(t, err)
	require.Equal(t, "FINAL", one.Stage)
	view, err := r.Schedules(ctx, id)
	require.NoError(t, err)
	require.Len(t, view, 1)
	require.NoError(t, r.Approve(ctx, id, stage, ecm.StageApproval{By: 1000, On: someDay, Comment: "fine"}))
	history, err := r.ApprovalHistory(ctx, id)
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.NoError(t, r.Update(ctx, id, "FIN-05", ecm.NewRSI{Name: "FIN-06", Status: "ACTIVE"}))
	require.NoError(t, r.UpdateByName(ctx, "FIN-06", ecm.NewRSI{Name: "FIN-06", Status: "ACTIVE", Title: "Finance, six"}))
	all, err := r.Maintenance(ctx)
	require.NoError(t, err)
	require.Len(t, all, 3)
	names, err := r.Names(ctx)
	require.NoError(t, err)
	require.Contains(t, names, "FIN-06")
	names, err = r.Search(ctx, "FIN")
	require.NoError(t, err)
	require.Equal(t, []string{"FIN-06"}, names)
	require.NoError(t, r.DeleteStage(ctx, id, stage))
	require.NoError(t, r.Delete(ctx, id))
	_, err = r.Create(ctx, ecm.NewRSI{Name: "TMP", Status: "ACTIVE"})
	require.NoError(t, err)
	require.NoError(t, r.DeleteByName(ctx, "TMP"))

	record := s.record(t, "a")
	counts, err := r.Statistics(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, counts["MKT 07/a"])
	rows, err := r.List(ctx)
	require.NoError(t, err)
	items, err := r.Items(ctx, rows[0].ID)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.NoError(t, r.Remove(ctx, record, s.class))
}

func TestQueues_FinalizeAFolderInTheBackground(t *testing.T) {
	t.Parallel()
	clock := &testserver.Clock{}
	s := newServer(t, func(o *testserver.ECMOptions) { o.Clock = clock })
	ctx := t.Context()
	id := s.record(t, "a")
	task, err := s.c.Queues.Add(ctx, s.folder, ecm.TaskFinalize, true)
	require.NoError(t, err)
	require.NotEmpty(t, task.Location)
	clock.Move(time.Hour)
	task, err = s.c.Queues.Wait(ctx, task)
	require.NoError(t, err)
	require.True(t, task.Done())
	d, err := s.c.RMClassifications.Get(ctx, id)
	require.NoError(t, err)
	require.True(t, d.Final)
}

// TestQueues_WaitAsksUntilItIsDone, at a pace that spares the server, and a
// context that ends says how far it came.
func TestQueues_WaitAsksUntilItIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock := &testserver.Clock{}
		s := newServer(t, func(o *testserver.ECMOptions) { o.Clock, o.QueueDelay = clock, time.Hour })
		ctx := t.Context()
		s.record(t, "a")
		task, err := s.c.Queues.Add(ctx, s.folder, ecm.TaskFinalize, true)
		require.NoError(t, err)
		require.False(t, task.Done())
		short, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		_, err = s.c.Queues.Wait(short, task)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "Pending")
		require.LessOrEqual(t, s.Count("GET /v1/rmqueues/{id}"), 6, "it asks less and less often")
		time.AfterFunc(time.Minute, func() { clock.Move(2 * time.Hour) })
		task, err = s.c.Queues.Wait(ctx, task)
		require.NoError(t, err)
		require.True(t, task.Done())

		id := s.record(t, "b")
		task, err = s.c.Queues.Add(ctx, id, ecm.TaskFinalize, false)
		require.NoError(t, err)
		number, err := task.ID()
		require.NoError(t, err)
		task, err = s.c.Queues.Get(ctx, number)
		require.NoError(t, err)
		require.Equal(t, "Pending", task.Status)
		task, err = s.c.Queues.Abort(ctx, number)
		require.NoError(t, err)
		require.Equal(t, "Aborted", task.Status)
		_, err = s.c.Queues.Get(ctx, 99_999)
		require.Error(t, err)
		d, err := s.c.RMClassifications.Get(ctx, id)
		require.NoError(t, err)
		require.False(t, d.Final, "an aborted task did nothing")
		_, err = ecm.Task{Location: "elsewhere"}.ID()
		require.ErrorIs(t, err, ecm.ErrBrokenReply)
	})
}

// TestItems_OfMoreThanOnePage: the further pages have a path of their own.
func TestItems_OfMoreThanOnePage(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	var ids []int64
	for i := range 230 {
		id, err := s.AddDocument(int64(s.folder), fmt.Sprintf("doc %03d", i), []byte("x"))
		require.NoError(t, err)
		s.Declare(id, int64(s.class))
		ids = append(ids, id)
	}
	hold := s.AddHold("CASE-7", "LEGAL", ids...)
	rsis, err := s.c.RSIs.List(ctx)
	require.NoError(t, err)
	require.Equal(t, "MKT 07/a", rsis[0].Name)
	for name, read := range map[string]func() ([]ecm.Node, error){
		"hold":  func() ([]ecm.Node, error) { return s.c.Holds.Items(ctx, ecm.HoldID(hold)) },
		"rsi":   func() ([]ecm.Node, error) { return s.c.RSIs.Items(ctx, rsis[0].ID) },
		"class": func() ([]ecm.Node, error) { return s.c.RMClassifications.Items(ctx, s.class) },
	} {
		list, err := read()
		require.NoError(t, err, name)
		seen := map[ecm.NodeID]bool{}
		for _, n := range list {
			seen[n.ID] = true
		}
		require.Len(t, seen, 230, "%s: each item once, on whatever page", name)
	}
}

// TestCodes_TakeOverExports: what is no export is refused with the server's
// word, and nothing is taken over.
func TestCodes_TakeOverExports(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	const export = `<?xml version="1.0"?><livelink><codes/></livelink>`
	why := ecm.Unguarded{Reason: "taken over from the test system"}
	imports := map[string]func(text string) error{
		"POST /v1/recordsmanagement/importCodes": func(x string) error { return s.c.Codes.Import(ctx, strings.NewReader(x), int64(len(x)), true, why) },
		"POST /v1/recordsmanagement/importRSIs": func(x string) error {
			return s.c.Codes.ImportRSIs(ctx, strings.NewReader(x), int64(len(x)), true, false, why)
		},
		"POST /v1/recordsmanagement/importSettings": func(x string) error { return s.c.Codes.ImportSettings(ctx, strings.NewReader(x), int64(len(x)), why) },
		"POST /v1/securityclearances/importCodes":   func(x string) error { return s.c.Security.ImportCodes(ctx, strings.NewReader(x), int64(len(x)), true) },
	}
	for route, send := range imports {
		require.NoError(t, send(export), route)
		e := s.last(t, route)
		require.Contains(t, string(e.Request.Bytes), export, "%s: the file as it is", route)
		require.Equal(t, 1, s.Imported(route), route)
		require.ErrorIs(t, send("no XML"), ecm.ErrInvalid, route)
		require.Equal(t, 1, s.Imported(route), route)
		s.Forget()
		require.ErrorIs(t, send(""), ecm.ErrInvalid, route)
		require.Empty(t, s.Exchanges())
	}
}

func TestSecurity_OfNodesAndUsers(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	s.AddClearance(10, "Restricted")
	s.AddMarking("EU", "European Union only")
	n := s.upload(t, "a", []byte("a")).ID
	sec := s.c.Security
	codes, err := sec.Codes(ctx)
	require.NoError(t, err)
	require.Equal(t, []ecm.Marking{{Code: "EU", Description: "European Union only"}}, codes.Markings)
	enabled, err := sec.Settings(ctx)
	require.NoError(t, err)
	require.True(t, enabled)
	require.NoError(t, sec.SetUser(ctx, 1000, 10))
	require.NoError(t, sec.SetUserMarkings(ctx, 1000, "EU"))
	level, err := sec.OfUser(ctx, 1000)
	require.NoError(t, err)
	require.Equal(t, 10, level[0].Level)
	marks, err := sec.UserMarkings(ctx, 1000)
	require.NoError(t, err)
	require.Len(t, marks, 1)
	own, err := sec.Own(ctx)
	require.NoError(t, err)
	require.Equal(t, 10, own.Level)
	require.NoError(t, sec.SetNode(ctx, n, 10, "EU"))
	c, err := sec.OfNode(ctx, n)
	require.NoError(t, err)
	require.Equal(t, 10, c.Level)
	require.Equal(t, []string{"EU"}, c.Markings)
	require.NoError(t, sec.SetLevelMany(ctx, 10, n))
	require.NoError(t, sec.SetMarkingsMany(ctx, true, []string{"EU"}, n))
}

func TestCodes_ListsFieldsAndRights(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	c := s.c.Codes
	require.NoError(t, c.Create(ctx, "storage", ecm.NewCode{Code: "CLOUD", Description: "Cloud"}))
	all, err := c.All(ctx)
	require.NoError(t, err)
	require.Contains(t, all["storage"], ecm.Code{Code: "CLOUD", Description: "Cloud"})
	older, err := c.Lists(ctx)
	require.NoError(t, err)
	require.Contains(t, older["rmstorage"], ecm.Code{Code: "CLOUD", Description: "Cloud"})
	fields, err := c.Fields(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, fields)
	access, err := c.FunctionAccess(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, access)
	_, err = c.UserPicklist(ctx, 1000)
	require.NoError(t, err)
	_, err = c.GroupPicklist(ctx, 1000)
	require.NoError(t, err)
}

func TestDispositions_SearchReviewAndPerform(t *testing.T) {
	t.Parallel()
	clock := &testserver.Clock{}
	s := newServer(t, func(o *testserver.ECMOptions) { o.Clock = clock })
	ctx, d := t.Context(), s.c.Dispositions
	free, held := s.record(t, "free"), s.record(t, "held")
	search := ecm.NodeID(s.AddDispositionSearch("Campaign media", testserver.ECMDispositionSearch{}))
	entries, err := d.Container(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, "Campaign media", entries[0].Name)
	require.NoError(t, d.SetCriteria(ctx, search, ecm.DispositionCriteria{RSIs: []string{"MKT 07/a"}, RetentionStage: "FINAL"}))
	require.NoError(t, d.Configure(ctx, search, "settings", "exportVersions", "true"))
	clock.Move(8 * 366 * 24 * time.Hour)
	require.NoError(t, d.Start(ctx, search))
	clock.Move(time.Hour)
	snapshots, err := d.Snapshots(ctx, search)
	require.NoError(t, err)
	require.Len(t, snapshots, 1)
	q := snapshots[0].QDate
	items, err := d.Items(ctx, search, q)
	require.NoError(t, err)
	require.Len(t, items, 2)
	status, err := d.Status(ctx, search, q)
	require.NoError(t, err)
	require.NotEmpty(t, status.Snapshot)
	count, err := d.Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, count)

	on := ecm.ActOn{User: 1000, Search: search, QDate: q, Items: items}
	hold, err := s.c.Holds.Create(ctx, ecm.NewHold{Name: "CASE-7", Type: "LEGAL", Applied: someDay})
	require.NoError(t, err)
	heldOnly := on
	heldOnly.Items = nil
	for _, i := range items {
		if i.Node == held {
			heldOnly.Items = append(heldOnly.Items, i)
		}
	}
	require.NoError(t, d.ApplyHold(ctx, heldOnly, hold))
	require.NoError(t, d.SetAccession(ctx, on, ""))
	require.NoError(t, d.ChangeReviewDecision(ctx, on, ecm.ReviewApproved, "due"))
	require.NoError(t, d.ChangeActions(ctx, on, ecm.ActionChange{Action: 32}))
	require.NoError(t, d.FinishReview(ctx, 1000, search, q, ecm.Reviewer{}))
	require.ErrorIs(t, d.PerformActions(ctx, on), ecm.ErrOnHold, "one of them is held")
	freeOnly := on
	freeOnly.Items = nil
	for _, i := range items {
		if i.Node == free {
			freeOnly.Items = append(freeOnly.Items, i)
		}
	}
	require.NoError(t, d.PerformActions(ctx, freeOnly))
	clock.Move(time.Hour)
	_, err = d.Items(ctx, search, q)
	require.NoError(t, err)
	_, err = s.c.Nodes.Get(ctx, free)
	require.ErrorIs(t, err, ecm.ErrNotFound, "destroyed by the server's own process")
	_, err = s.c.Nodes.Get(ctx, held)
	require.NoError(t, err)
	_, err = d.UserAttributes(ctx, s.category)
	require.NoError(t, err)
	require.NoError(t, d.StopSearch(ctx, search, q))
	require.NoError(t, d.StopActions(ctx, search, q))
	_, err = d.ReviewerItems(ctx, search, q, ecm.Reviewer{User: 1000, Step: 1})
	require.NoError(t, err)
	_, err = d.ReviewerStatus(ctx, search, q, ecm.Reviewer{User: 1000, Step: 1})
	require.NoError(t, err)
	require.NoError(t, d.DeleteSnapshot(ctx, search, q))
}

// TestHolds_AnIndirectOneSaysWhatItCameBy, and comes off by that alone.
func TestHolds_AnIndirectOneSaysWhatItCameBy(t *testing.T) {
	t.Parallel()
	s, ctx := newServer(t, nil), t.Context()
	id := s.record(t, "a")
	hold, err := s.c.Holds.Create(ctx, ecm.NewHold{Name: "CASE-9", Type: "LEGAL", Applied: someDay})
	require.NoError(t, err)
	require.NoError(t, s.c.Holds.AddUsers(ctx, hold, 1000))
	require.NoError(t, s.c.Holds.Process(ctx, hold, time.Time{}, time.Time{}))
	held, err := s.c.Holds.OfNode(ctx, id)
	require.NoError(t, err)
	i := slices.IndexFunc(held, func(h ecm.NodeHold) bool { return h.By != nil })
	require.GreaterOrEqual(t, i, 0, "%+v", held)
	by := held[i].By
	require.EqualValues(t, 1000, by.User)
	require.ErrorIs(t, s.c.Holds.Remove(ctx, id, hold, nil), ecm.ErrNotFound, "without its origin the server does not know it")
	require.NoError(t, s.c.Holds.Remove(ctx, id, hold, by))
	held, err = s.c.Holds.OfNode(ctx, id)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(held, func(h ecm.NodeHold) bool { return h.HoldID == hold && h.By != nil && h.Method != "Inherited" }), "%+v", held)
}
