package sync_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

func TestSurfacePolicy_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	config := w.config
	config.Policy.Surface = &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{
		{Name: "a", Folders: []ecm.NodeID{-1}, Zone: "Mars/Phobos", Names: map[string]string{"x-default": "Title", "de": ""}, Attributes: map[string]string{"ecm_hold": "Hold", "ok": ""}},
		{Name: "a", Declared: true, Folders: []ecm.NodeID{1}, Own: true, Until: "Valid until", Approval: recsync.SurfaceApproval{Accepted: []string{""}}},
		{Declared: true, NodeGroups: true, Groups: []string{""}},
	}}
	_, err := recsync.NewScope(config)
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, part := range []string{
		"sources[0].approval.attribute", "sources[0].approval.accepted", "sources[0].folders and classes", "sources[0].zone", "sources[0].names is \"x-default\"",
		"sources[0].names.de", "sources[0].attributes is \"ecm_hold\"", "sources[0].attributes.ok", "sources[1].name", "sources[1].folders", "sources[1].own", "sources[1].until",
		"sources[1].approval.attribute", "sources[1].approval.accepted", "sources[2].name", "sources[2].declared", "sources[2].groups",
	} {
		require.ErrorContains(t, err, part)
	}
	config.Policy.Surface = &recsync.SurfacePolicy{}
	_, err = recsync.NewScope(config)
	require.ErrorContains(t, err, "policy.surface.sources")

	var back recsync.SurfacePolicy
	b, err := json.Marshal(w.config.Policy.Surface)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, *w.config.Policy.Surface, back, "the policy is data")
}

func TestSurfacePolicy_CheckListsWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	require.NoError(t, w.scope.Check(t.Context()))
	w = newSurfaced(t, func(w *surfaced, p *recsync.SurfacePolicy) {
		note, err := w.ecm.AddDocument(w.references, "note.txt", nil)
		require.NoError(t, err)
		p.Sources[1].Folders = []ecm.NodeID{ecm.NodeID(note), 99999}
		p.Sources[1].Approval.Attribute, p.Sources[1].Attributes = "Released", map[string]string{"x": "Nothing"}
		p.Sources = append(p.Sources, recsync.SurfaceSource{Name: "third", Category: 88888, Approval: recsync.SurfaceApproval{Attribute: "A", Accepted: []string{"x"}}})
	})
	err := w.scope.Check(t.Context())
	require.ErrorIs(t, err, recsync.ErrSetup)
	for _, part := range []string{"is no folder", "folder 99999", `"Released"`, `"Nothing"`, "category 88888"} {
		require.ErrorContains(t, err, part)
	}
	_, err = recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, recsync.ErrSetup, "a gap in the policy is not passed over")
}

// TestSurfacePolicy_TwoWordsAreNoApproval: one accepted value beside another
// one says nothing.
func TestSurfacePolicy_TwoWordsAreNoApproval(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) {
		p.Sources[1].Approval = recsync.SurfaceApproval{Attribute: "Department", Accepted: []string{"Legal"}}
	})
	one, two := w.approvedDocument("a.pdf", "a", "Department", "Legal"), w.approvedDocument("b.pdf", "b", "Department", "Legal", "Department", "Sales")
	_, items := w.pass()
	require.Equal(t, adapter.Full, items[otcs(one)].Access, items[otcs(one)].Reason)
	require.Equal(t, recsync.SurfaceWithheld, items[otcs(two)].Outcome)
	require.Equal(t, recsync.CauseApprovalUnknown, items[otcs(two)].Cause)
}

// TestSurfacePolicy_WhatIsNotTheHousesOwnHasNoLicense: the access policy says
// what that comes to; by default it is hidden.
func TestSurfacePolicy_WhatIsNotTheHousesOwnHasNoLicense(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) { p.Sources[1].Own = false })
	id := w.approvedDocument("a.pdf", "a")
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceWithheld, items[otcs(id)].Outcome)
	require.Equal(t, recsync.CauseUnlicensed, items[otcs(id)].Cause)
}

// TestSurfacePolicy_DaysOfAnUnknownZonePermitLeast: the last day ends where a
// day ends first, the first one begins where it begins last.
func TestSurfacePolicy_DaysOfAnUnknownZonePermitLeast(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) {
		p.Sources[1].Zone, p.Sources[1].FirstUseUntil, p.Sources[1].From = "", "", "Use by"
	})
	w.clock.Set(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	id := w.approvedDocument("a.pdf", "a", "Valid until", "2027-03-10", "Use by", "2027-03-05")
	at := func(day, hour int) adapter.Access {
		w.clock.Set(time.Date(2027, 3, day, hour, 0, 1, 0, time.UTC))
		_, items := w.pass()
		return items[otcs(id)].Access
	}
	require.Equal(t, adapter.Hidden, at(5, 11), "somewhere it is still the 4th")
	require.Equal(t, adapter.Full, at(5, 12))
	require.Equal(t, adapter.Full, at(10, 9))
	require.Equal(t, adapter.Expired, at(10, 10), "somewhere the 10th is over")

	w = newSurfaced(t, nil)
	id = w.approvedDocument("a.pdf", "a", "Use by", w.clock.Now().Add(48*time.Hour).UTC().Format(time.DateOnly))
	_, items := w.pass()
	require.Equal(t, adapter.Full, items[otcs(id)].Access)
	w.clock.Move(4 * 24 * time.Hour)
	status, _ := w.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status)
	_, items = w.pass()
	require.Equal(t, adapter.NoFirstUse, items[otcs(id)].Access)
}

// TestSurfacePolicy_AWordInTheRecordTakesItsApprovalBack: a declared record was
// approved. It stays so until its own attribute says otherwise.
func TestSurfacePolicy_AWordInTheRecordTakesItsApprovalBack(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) {
		p.Sources[0].Approval = recsync.SurfaceApproval{Attribute: "Owner", Accepted: []string{"cleared"}}
	}, func(_ *world, o *testserver.ECMOptions) { o.OpenAttributes = true })
	r := w.licensed("601", nil)
	id := "otcs-" + recsync.ExternalID(r.Record.Key())
	_, items := w.pass()
	require.Equal(t, adapter.Full, items[id].Access, items[id].Reason)
	w.plainECM().set(w.world, int64(r.Record.Node()), "Owner", "stopped")
	status, _ := w.bytes(id)
	require.Equal(t, http.StatusNotFound, status)
	_, items = w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[id].Outcome)
	require.Contains(t, items[id].Reason, `"stopped"`)
	w.plainECM().set(w.world, int64(r.Record.Node()), "Owner", "cleared")
	_, items = w.pass()
	require.Equal(t, adapter.Full, items[id].Access)
}

// TestSurface_RenderSaysWhatARecordIsByNow: for publications by external id, of
// declared records and others, also when the catalog has a tombstone only.
func TestSurface_RenderSaysWhatARecordIsByNow(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	r := w.licensed("601", nil)
	declared := recsync.ExternalID(r.Record.Key())
	id := w.approvedDocument("a.pdf", "a")
	publisher := w.surface.Publisher(nil)
	send := func(external string, action smint.PublishAction, sequence int64) smint.PublishResult {
		t.Helper()
		results, err := publisher.Publish(t.Context(), smint.Publication{ExternalID: external, Sequence: sequence, Action: action, Reason: "rights_need_review"})
		require.NoError(t, err)
		return results[0]
	}
	for external, title := range map[string]string{declared: "Picture 601", otcs(id)[5:]: "a.pdf"} {
		require.Equal(t, smint.PublishApplied, send(external, smint.ActPublish, 1).Status)
		state, _ := w.surface.Feed().State("otcs-" + external)
		require.Equal(t, title, state.Asset.Name.In(""))
		require.Equal(t, smint.PublishApplied, send(external, smint.ActRemoveAccess, 2).Status)
		require.Equal(t, smint.PublishApplied, send(external, smint.ActPublish, 3).Status, "a tombstone that is none of a disposal")
		status, _ := w.bytes("otcs-" + external)
		require.Equal(t, http.StatusOK, status)
	}
	w.fill(id, "Approval", "draft")
	refused := send(otcs(id)[5:], smint.ActPublish, 4)
	require.Equal(t, smint.PublishNotFound, refused.Status)
	require.Contains(t, refused.Message, `"draft"`)
	for _, external := range []string{"0", "77777777", "abc", "00000000000000aa", "9999999999999999999999"} {
		require.Equal(t, smint.PublishNotFound, send(external, smint.ActPublish, 9).Status, external)
	}
	receipt, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[otcs(id)].Outcome)
	require.Equal(t, recsync.SurfaceUnchanged, items["otcs-"+declared].Outcome, "what was published by itself is what the pass would: %+v", receipt.Surfaced)
}

// TestSurface_ASuccessorIsNamed: by the cross-reference of the access policy.
func TestSurface_ASuccessorIsNamed(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	access := recsync.DefaultAccessPolicy()
	access.ReplacedReference = "REPLACED"
	w.config.Policy.Access = &access
	w.reopen()
	older, newer := w.approvedDocument("a.pdf", "a"), w.approvedDocument("b.pdf", "b")
	_, items := w.pass()
	require.Equal(t, adapter.Full, items[otcs(older)].Access)
	require.NoError(t, w.config.ECM.CrossReferences.Assign(t.Context(), ecm.NodeID(older), ecm.CrossReference{Type: "REPLACED", To: ecm.NodeID(newer)}))
	status, _ := w.bytes(otcs(older))
	require.Equal(t, http.StatusNotFound, status)
	w.pass()
	state, _ := w.surface.Feed().State(otcs(older))
	require.Equal(t, adapter.Superseded, state.Asset.Access)
	require.Equal(t, otcs(newer)[5:], state.Asset.ReplacedBy)
}
