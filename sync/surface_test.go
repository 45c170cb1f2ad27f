package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF4_AnApprovedReferenceReachesCreatives begins with a person who approves
// a reference record in ECM, and ends by asking the portal with plain net/http.
func TestF4_AnApprovedReferenceReachesCreatives(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.document("Code of conduct.pdf", "be kind")
	draft := w.document("Draft.pdf", "not yet")
	w.fill(draft, "Approval", "draft")
	note, err := w.ecm.AddDocument(w.references, "note.txt", []byte("no record"))
	require.NoError(t, err)
	w.fill(note, "Approval", "approved")
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceWithheld, items[otcs(id)].Outcome)
	w.poll()
	require.Empty(t, w.shows(otcs(id)), "nobody approved it yet")

	w.fill(id, "Approval", "approved", "Titel", "Verhaltenskodex", "Department", "Legal")
	receipt, items := w.pass()
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Equal(t, recsync.SurfacePublished, items[otcs(id)].Outcome, items[otcs(id)].Reason)
	require.Equal(t, "references", items[otcs(id)].Source)
	require.Equal(t, recsync.SurfaceWithheld, items[otcs(draft)].Outcome)
	require.Contains(t, items[otcs(draft)].Reason, `"draft"`)
	require.Equal(t, recsync.CauseIncomplete, items[otcs(note)].Cause, "a document without a class is no record")
	require.Positive(t, w.poll().Updated)

	shown := w.shows(otcs(id))
	for _, part := range []string{"Code of conduct.pdf", "Verhaltenskodex", "ecm_approval_state", "active", "department", "Legal", "ecm_class", "download_hires"} {
		require.Contains(t, shown, part)
	}
	require.Empty(t, w.shows(otcs(draft)))
	require.Empty(t, w.shows(otcs(note)))
	status, content := w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "be kind", content)
	_, content = w.bytes(otcs(draft))
	require.NotContains(t, content, "not yet")
}

// TestF4_WhatMayNoLongerBeUsedIsGone begins with an act of a person, or of the
// clock, in ECM. The bytes are refused at once, before any pass; after the next
// pass and poll the portal, asked with plain net/http, does not give it.
func TestF4_WhatMayNoLongerBeUsedIsGone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		act     func(w *surfaced, id int64)
		outcome recsync.SurfaceOutcome
		cause   recsync.AccessCause
		seen    bool
	}{
		"approval withdrawn": {func(w *surfaced, id int64) { w.fill(id, "Approval", "withdrawn") }, recsync.SurfaceHidden, recsync.CauseNotApproved, false},
		"approval emptied":   {func(w *surfaced, id int64) { w.fill(id, "Approval", "") }, recsync.SurfaceHidden, recsync.CauseNotApproved, false},
		"last day over":      {func(w *surfaced, _ int64) { w.clock.Move(40 * 24 * time.Hour) }, recsync.SurfacePublished, recsync.CauseLicenseEnded, true},
		"disposed of":        {func(w *surfaced, id int64) { w.dispose(id) }, recsync.SurfaceRemoved, recsync.CauseGone, false},
		"retention ended":    {func(w *surfaced, id int64) { w.fill(id, "Valid until", ""); w.clock.Move(4 * 366 * 24 * time.Hour) }, recsync.SurfaceHidden, recsync.CauseRetentionEnded, false},
		"moved away": {func(w *surfaced, id int64) {
			w.ecm.Change(id, func(_ *string, parent *int64, _ *bool) { *parent = 2000 })
		}, recsync.SurfaceHidden, recsync.CauseOutOfReach, false},
		"deleted": {func(w *surfaced, id int64) {
			w.ecm.Change(id, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
		}, recsync.SurfaceHidden, recsync.CauseOutOfReach, false},
		"another class": {func(w *surfaced, id int64) {
			w.ecm.Declare(id, w.ecm.AddRMClassification("Internal", "POL-03"))
		}, recsync.SurfaceHidden, recsync.CauseOutOfReach, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSurfaced(t, nil)
			id := w.approvedDocument("a.pdf", "content", "Valid until", w.clock.Now().Add(30*24*time.Hour).UTC().Format(time.DateOnly))
			other := w.approvedDocument("b.pdf", "other")
			w.pass()
			w.poll()
			require.NotEmpty(t, w.shows(otcs(id)))
			status, _ := w.bytes(otcs(id))
			require.Equal(t, http.StatusOK, status)

			row.act(w, id)
			status, content := w.bytes(otcs(id))
			require.Equal(t, http.StatusNotFound, status, "the bytes are refused at once")
			require.NotEqual(t, "content", content)
			receipt, items := w.pass()
			require.Equal(t, row.outcome, items[otcs(id)].Outcome, "%+v", receipt.Surfaced)
			require.Equal(t, row.cause, items[otcs(id)].Cause)
			w.poll()
			if row.seen {
				require.Contains(t, w.shows(otcs(id)), "expired")
				require.NotContains(t, w.shows(otcs(id)), "download_hires")
			} else {
				require.Empty(t, w.shows(otcs(id)))
			}
			_, err := w.driver.Downloadable(t.Context(), otcs(id))
			require.Error(t, err)
			if name != "retention ended" && name != "disposed of" {
				require.NotEmpty(t, w.shows(otcs(other)), "the others stay")
			}
			receipt, _ = w.pass()
			require.Equal(t, recsync.Unchanged, receipt.Change, "a pass that finds nothing changed publishes nothing")
		})
	}
}

// TestF4_DeclaredRecordsComeWithTheirRights begins with a purchase, whose
// license ends by the clock, and ends by asking the portal with plain net/http.
func TestF4_DeclaredRecordsComeWithTheirRights(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	day := func(days int) string {
		return testserver.SmintTime(w.clock.Now().Add(time.Duration(days) * 24 * time.Hour))
	}
	w.licensed("601", testserver.SmintJSON{"to_be_used_until": day(10), "valid_until": day(20)})
	w.buy("602", picture(500), nil)
	mustDeclare(w.world, w.assets("602")[0]) // its rights are not with it yet
	key, review := records.MustRecordKey("acme/purchase/601/1/1"), records.MustRecordKey("acme/purchase/602/1/1")
	id, scoped := "otcs-"+recsync.ExternalID(key), "99:image:otcs-"+recsync.ExternalID(key)
	_, items := w.pass()
	require.Equal(t, recsync.SurfacePublished, items[id].Outcome, items[id].Reason)
	require.Equal(t, key, items[id].Record)
	require.Equal(t, recsync.SurfaceWithheld, items["otcs-"+recsync.ExternalID(review)].Outcome, "an unknown right is no permission")
	w.poll()
	shown := w.plainPortal().asset(scoped)
	for _, part := range []string{"Picture 601", key.String(), "download_hires", records.DigestOf(picture(200)).String()} {
		require.Contains(t, shown, part)
	}
	status, content := w.bytes(id)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, string(picture(200)), content)

	w.clock.Move(11 * 24 * time.Hour)
	status, _ = w.bytes(id)
	require.Equal(t, http.StatusNotFound, status, "no first use any more, whoever polled what")
	w.pass()
	w.poll()
	require.Contains(t, w.plainPortal().asset(scoped), "no_first_use")
	require.NotContains(t, w.plainPortal().asset(scoped), "download_hires")
	w.clock.Move(11 * 24 * time.Hour)
	w.poll()
	require.Contains(t, w.plainPortal().asset(scoped), "expired", "the end comes by the clock, without a pass")
	_, items = w.pass()
	require.Equal(t, adapter.Expired, items[id].Access)
}

// TestR44_DecidedWhenListed: whatever is missing, unclear or over, nothing is
// listed, and the receipt says why.
func TestR44_DecidedWhenListed(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) {
		p.Sources[1].From = "Use by" // the same day on both ends, for brevity
		p.Sources[1].FirstUseUntil = ""
	})
	yesterday, tomorrow := w.clock.Now().Add(-49*time.Hour).UTC().Format(time.DateOnly), w.clock.Now().Add(49*time.Hour).UTC().Format(time.DateOnly)
	want := map[int64]recsync.AccessCause{
		w.document("no category.pdf", "x"):                                     recsync.CauseNotApproved,
		w.approvedDocument("over.pdf", "x", "Valid until", yesterday):          recsync.CauseLicenseEnded,
		w.approvedDocument("to come.pdf", "x", "Use by", tomorrow):             recsync.CauseLicenseNotBegun,
		w.drafted("Draft.pdf"):                                                 recsync.CauseNotApproved,
		w.approvedDocument("within.pdf", "x", "Use by", yesterday):             "",
		w.approvedDocument("until tomorrow.pdf", "x", "Valid until", tomorrow): "",
	}
	var shownNames []string
	receipt, items := w.pass()
	for id, cause := range want {
		item := items[otcs(id)]
		n, _ := w.ecm.Node(id)
		if cause == "" {
			require.Equal(t, adapter.Full, item.Access, "%s: %s", n.Name, item.Reason)
			shownNames = append(shownNames, n.Name)
			continue
		}
		require.NotEqual(t, adapter.Full, item.Access, n.Name)
		require.Equal(t, cause, item.Cause, n.Name)
		require.NotEmpty(t, item.Reason, n.Name)
	}
	require.Len(t, receipt.Surfaced, len(want), "every record is reported, once")
	w.poll()
	require.Len(t, shownNames, 2)
	hires := 0
	for _, sight := range w.smint.Sights() {
		if sight.Hires {
			hires++
		}
	}
	require.Equal(t, len(shownNames), hires, "exactly those may be downloaded")
}

// TestR44_DecidedAgainWhenServed: between listing and download anything can
// happen. What ECM says in that moment counts, and if it does not say anything,
// nothing is served.
func TestR44_DecidedAgainWhenServed(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "content")
	w.pass()
	w.poll()
	status, content := w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "content", content)

	for route, fault := range map[string]testserver.Fault{
		"GET /v2/nodes/{id}":                    {Status: 403},
		"GET /v1/nodes/{id}/ancestors":          {Status: 400},
		"GET /v1/nodes/{id}/rmclassifications":  {Status: 403},
		"GET /v1/nodes/{id}/holds":              {Status: 403},
		"GET /v2/nodes/{id}/versions":           {Status: 403},
		"GET /v1/nodes/{id}/versions/{version}": {Status: 403},
	} {
		fault.Route, fault.Times = route+"*", -1
		w.ecm.Fail(fault)
		status, content = w.bytes(otcs(id))
		require.NotEqual(t, http.StatusOK, status, "served without an answer of %s", route)
		require.NotContains(t, content, "content of")
		w.ecm.Heal()
	}
	status, _ = w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status)

	hold := w.ecm.AddHold("Smith v. Acme", "LEGAL", id)
	require.NotZero(t, hold)
	status, _ = w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status, "a hold keeps a record, and takes no right away by itself")
	w.config.Policy.Access = new(recsync.DefaultAccessPolicy())
	w.config.Policy.Access.Access[recsync.CauseHeld] = adapter.Hidden
	w.config.Policy.Access.Version = "strict"
	require.NoError(t, w.surface.Close())
	w.scope = w.newScope()
	w.open()
	status, _ = w.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status, "a policy that holds back what is held is honored before any pass")

	w2 := newSurfaced(t, nil)
	id = w2.approvedDocument("a.pdf", "content")
	w2.pass()
	_, err := w2.config.ECM.Versions.Add(t.Context(), ecm.NodeID(id), ecm.NewVersion{FileName: "a.pdf", Content: strings.NewReader("newer, and nobody looked"), Size: 24})
	require.NoError(t, err)
	status, content = w2.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status, "other bytes than those listed: %s", content)
	_, items := w2.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(id)].Outcome)
	_, content = w2.bytes(otcs(id))
	require.Equal(t, "newer, and nobody looked", content, "after the next pass it is listed as it is")
}

// TestR5_OtherBytesThanDeclaredAreNotServed: the last bytes come only if all of
// them were those of the record's digest.
func TestR5_OtherBytesThanDeclaredAreNotServed(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	w.buy("601", picture(400), nil)
	_, err := recsync.FollowPurchases(t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.NoError(t, err)
	id := "otcs-" + recsync.ExternalID(records.MustRecordKey("acme/purchase/601/1/1"))
	w.pass()
	status, content := w.bytes(id)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, content, 400)
	require.NoError(t, w.ecm.Corrupt(w.records()[0].ID, func(b []byte) []byte { b[7] ^= 1; return b }))
	status, content = w.bytes(id)
	require.Zero(t, status, "a content that is not the record's breaks off: got %d bytes", len(content))
	require.NoError(t, w.ecm.Corrupt(w.records()[0].ID, func(b []byte) []byte { return append(b, 1) }))
	status, _ = w.bytes(id)
	require.NotEqual(t, http.StatusOK, status)
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[id].Outcome, fmt.Sprint(items[id]))
}
