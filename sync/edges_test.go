package sync_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF5_WhatNeverAgreedIsAConflict: of a record whose baseline is lost, or that
// was declared before there was one, two values that differ are a conflict,
// whichever side owns the field; only an empty place is filled.
func TestF5_WhatNeverAgreedIsAConflict(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	plain, portal, node := w.plainECM(), w.plainPortal(), int64(record.Node())
	plain.set(w, node, "Sync baseline", "")
	plain.set(w, node, "Owner", "Otto Owner")
	plain.set(w, node, "Project", "")
	plain.set(w, node, "Rights Status", "allowed")
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"rights_status": "denied"})
	_, fields, err := w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrFieldConflict)
	for _, name := range []string{"owner", "rights_status"} {
		require.Equal(t, recsync.FieldConflict, fields[name].State, name)
		require.Contains(t, fields[name].Reason, "never agreed", name)
	}
	require.Equal(t, "Otto Owner", plain.attribute(w, node, "Owner"), "it was overwritten, and nobody knows who changed it")
	require.Equal(t, "denied", portal.attribute("99:image:kv-1", "rights_status"), "it was overwritten, and nobody knows who changed it")
	require.Equal(t, recsync.FieldWritten, fields["campaign"].State)
	require.Equal(t, "Spring", plain.attribute(w, node, "Project"), "an empty place is filled")
}

// onePlace is a place that shows what a test says.
type onePlace struct{ downloads []string }

func (onePlace) Name() string { return "a place" }

func (onePlace) Entry(_ context.Context, key records.RecordKey) (recsync.PlaceEntry, error) {
	return recsync.PlaceEntry{Record: key, ID: "1"}, nil
}

func (onePlace) Change(context.Context, recsync.PlaceEntry, recsync.AccessDecision) error { return nil }

func (p onePlace) ReadBack(context.Context, recsync.PlaceEntry) (smint.ReadBack, error) {
	return smint.ReadBack{Sight: smint.Sight{Presence: smint.PresenceShown}, Downloads: p.downloads}, nil
}

// TestR43_EachStateHasItsProof: a layout may be downloaded and the original not;
// where there is no first use, nothing; what is hidden is not even shown.
func TestR43_EachStateHasItsProof(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.clock.Move(days(2))
	layout, original := []string{"Layout"}, []string{"Layout", smint.ItemOriginal}
	for _, c := range []struct {
		access    adapter.Access
		downloads []string
		proven    bool
	}{
		{adapter.Expired, nil, true},
		{adapter.Expired, layout, false},
		{adapter.Hidden, nil, false},
		{adapter.Removed, nil, false},
		{adapter.LayoutOnly, layout, true},
		{adapter.LayoutOnly, original, false},
		{adapter.NoFirstUse, nil, true},
		{adapter.NoFirstUse, original, false},
	} {
		cause := recsync.CauseLicenseEnded
		if c.access == adapter.LayoutOnly || c.access == adapter.NoFirstUse {
			cause = recsync.CauseRetentionEnded
		}
		s.config.Policy.Access = new(recsync.DefaultAccessPolicy())
		s.config.Policy.Access.Access[cause] = c.access
		s.carrying.Places = []recsync.Place{onePlace{c.downloads}}
		s.restart()
		event := s.event(recsync.EventLicenseEnded, r, nil)
		if cause == recsync.CauseRetentionEnded {
			event = s.event(recsync.EventRetentionEnded, s.unlimited(), nil)
		}
		receipt, err := s.propagate(event)
		require.Equal(t, c.access, receipt.Access.Access)
		require.Equal(t, c.proven, receipt.Places[0].Proven, "%s with downloads %v: %s", c.access, c.downloads, receipt.Places[0].Evidence)
		require.Equal(t, c.proven, err == nil, "%v", err)
	}
}

// unlimited is a record whose license has no end and whose retention is over.
func (s *shown) unlimited() recsync.StoredRecord {
	s.t.Helper()
	if _, found := s.allStored()["502"]; !found {
		s.licensed("502", nil)
		s.retire(s.stored("502"))
	}
	return s.stored("502")
}

// TestF8_ARunThatGoesOnIsReadAgain: the search lists a record, somebody performs
// the same run later, and the watch, which knows the run, sees what it did; also
// if nobody could look at dispositions when the record was first missed.
func TestF8_ARunThatGoesOnIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, blind := range map[string]bool{"seen": false, "seen later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r := s.surfaced("501", nil)
			store := s.watchStore()
			require.Empty(t, s.watch(store))
			s.retire(r)
			search := s.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}})
			run := s.ecm.RunDispositionSearch(search)
			require.Contains(t, kindsOf(s.watch(store)), "disposition_due 501")
			s.plainECM().perform(search, run)
			if blind {
				s.ecm.Fail(testserver.Fault{Route: "GET /v2/dispositionscontainer/{id}", Status: 403, Times: 1})
				require.Equal(t, []string{"gone 501"}, kindsOf(s.watch(store)))
			}
			events := s.watch(store)
			require.Equal(t, []string{"disposed 501"}, kindsOf(events), "the run has gone on since it was read")
			require.Equal(t, ecm.QDate(run), events[0].Evidence.Snapshot)
			receipt := s.mustPropagate(events[0])
			require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause)
			stub, err := evidence.VerifyCertificate(s.plainECM().content(int64(s.stored("501").Stub)), s.public, 0)
			require.NoError(t, err)
			require.Equal(t, records.DigestOf(picture(200)), stub.Digest, "what the record was stays known while it is only gone")
			require.Equal(t, -1, s.downloads(portalID(r)))
		})
	}
}

// TestR44_AnEntryThatNamesAnotherRecordServesNothing: a catalog's entry is held
// against the record that it names, before its bytes are served under its id.
func TestR44_AnEntryThatNamesAnotherRecordServesNothing(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	stored := w.declared("501", "502")
	w.pass()
	first, second := otcsOf(recsync.ExternalID(stored["501"].Record.Key())), otcsOf(recsync.ExternalID(stored["502"].Record.Key()))
	status, _ := w.bytes(first)
	require.Equal(t, http.StatusOK, status)
	state, _ := w.surface.Feed().State(first)
	other, _ := w.surface.Feed().State(second)
	mixed := *other.Asset
	mixed.ID, mixed.ExternalID = state.Asset.ID, state.Asset.ExternalID
	_, err := w.surface.Feed().Publish(t.Context(), mixed, state.Sequence+1)
	require.NoError(t, err)
	status, content := w.bytes(first)
	require.NotEqual(t, http.StatusOK, status, "the bytes of another record are served under this one's id")
	require.NotEqual(t, string(picture(200)), content)
}

// TestF4_WhoMaySeeANodeMayNotSeeItsContent: a group that sees the node alone is
// offered nothing of it.
func TestF4_WhoMaySeeANodeMayNotSeeItsContent(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) { p.Sources[1].NodeGroups = true })
	id := w.approvedDocument("a.pdf", "a")
	legal, guests := w.ecm.AddGroup("Legal"), w.ecm.AddGroup("Guests")
	can := w.config.ECM.Permissions
	require.NoError(t, can.Add(t.Context(), ecm.NodeID(id), ecm.UserID(legal), ecm.MaySee, ecm.MaySeeContents))
	require.NoError(t, can.Add(t.Context(), ecm.NodeID(id), ecm.UserID(guests), ecm.MaySee))
	plain := w.plainECM()
	for _, path := range []string{"public", "group"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprintf("%s/v2/nodes/%d/permissions/%s", plain.base, id, path), nil)
		require.NoError(t, err)
		r.Header.Set("OTCSTicket", plain.ticket)
		resp, err := plain.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	w.pass()
	state, _ := w.surface.Feed().State(otcs(id))
	require.Equal(t, []string{fmt.Sprint(legal)}, state.Asset.Groups)
}

// TestR41_GroupsThatLostTheirSightLoseIt, whatever the catalog knows: somebody's
// clock went ahead, and what takes away is carried out all the same.
func TestR41_GroupsThatLostTheirSightLoseIt(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) { p.Sources[1].Groups = []string{"legal", "sales"} })
	id := w.approvedDocument("a.pdf", "a")
	w.pass()
	state, _ := w.surface.Feed().State(otcs(id))
	require.Equal(t, []string{"legal", "sales"}, state.Asset.Groups)
	_, err := w.surface.Feed().Publish(t.Context(), *state.Asset, state.Sequence+days(1).Microseconds())
	require.NoError(t, err)
	require.NoError(t, w.surface.Close())
	w.config.Policy.Surface.Sources[1].Groups = []string{"legal"}
	w.scope = w.newScope()
	w.open()
	_, items := w.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(id)].Outcome, items[otcs(id)].Reason)
	state, _ = w.surface.Feed().State(otcs(id))
	require.Equal(t, []string{"legal"}, state.Asset.Groups)
	require.NoError(t, w.surface.Close())
	w.config.Policy.Surface.Sources[1].Groups = nil
	w.scope = w.newScope()
	w.open()
	_, items = w.pass()
	require.Equal(t, recsync.SurfaceStale, items[otcs(id)].Outcome, "what gives something waits")
}

// TestR44_ADayThatCannotBeReadPermitsNothing: what says until when a record may
// be used, and is no day, or two, is no lack of a bound.
func TestR44_ADayThatCannotBeReadPermitsNothing(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) { p.Sources[1].Until = "Department" })
	soon := w.clock.Now().Add(days(10)).UTC().Format(time.DateOnly)
	for name, values := range map[string][]string{"words": {"Department", "till Easter"}, "two": {"Department", soon, "Department", soon}} {
		id := w.approvedDocument(name+".pdf", "a", values...)
		_, items := w.pass()
		require.Equal(t, recsync.SurfaceWithheld, items[otcs(id)].Outcome, "%s: %s", name, items[otcs(id)].Reason)
		require.Equal(t, recsync.CauseRightsUnreadable, items[otcs(id)].Cause, name)
	}
	id := w.approvedDocument("day.pdf", "a", "Department", soon)
	_, items := w.pass()
	require.Equal(t, adapter.Full, items[otcs(id)].Access, items[otcs(id)].Reason)
}

// TestR44_ARecordOfAnotherSizeIsNotOffered: what stands there is not what the
// record says, and nobody need read it to see that.
func TestR44_ARecordOfAnotherSizeIsNotOffered(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	r := w.declared("501")["501"]
	w.pass()
	id := otcsOf(recsync.ExternalID(r.Record.Key()))
	require.NoError(t, w.ecm.Corrupt(int64(r.Record.Node()), func(b []byte) []byte { return append(b, 'x') }))
	status, _ := w.bytes(id)
	require.Equal(t, http.StatusNotFound, status)
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[id].Outcome, items[id].Reason)
	require.Contains(t, items[id].Reason, "201 bytes, and the record says 200")
}

// TestR44_ADeclaredRecordOfAnotherClassIsNotOffered, and its bytes are not
// served any more where it was.
func TestR44_ADeclaredRecordOfAnotherClassIsNotOffered(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(w *surfaced, p *recsync.SurfacePolicy) { p.Sources[0].Classes = []ecm.NodeID{ecm.NodeID(w.class)} })
	r := w.declared("501")["501"]
	w.pass()
	id := otcsOf(recsync.ExternalID(r.Record.Key()))
	status, _ := w.bytes(id)
	require.Equal(t, http.StatusOK, status)
	w.ecm.Declare(int64(r.Record.Node()), w.ecm.AddRMClassification("Internal", "POL-03"))
	status, _ = w.bytes(id)
	require.Equal(t, http.StatusNotFound, status)
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[id].Outcome, items[id].Reason)
	require.Contains(t, items[id].Reason, "class")
}

// TestR56_EachScopeOfAFileHasItsOwn workspace, and each client its own
// credentials; an approval that a portal gives needs the portal.
func TestR56_EachScopeOfAFileHasItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	root := `{"workspace": {"template": 1, "type": 2, "name": "Acme", "system": "CRM", "object_type": "CLIENT", "object_id": "4711"}}`
	text := policyText(w, root)
	begin, end := strings.Index(text, "    {\n      \"id\""), strings.LastIndex(text, "\n  ]")
	one := text[begin:end]
	two := strings.Replace(strings.Replace(one, "acme-de", "acme-us", 1), `{"source": "purchase"}`, `{"source": "attribute", "attribute": "approval", "accepted": ["final"], "person": "by", "time": "at"}`, 1)
	_, err := recsync.ReadPolicyFile(strings.NewReader(text[:begin] + one + ",\n" + two + text[end:]))
	require.ErrorIs(t, err, records.ErrInvalid)
	require.ErrorContains(t, err, "scopes[1].root.workspace")
	require.ErrorContains(t, err, "scope acme-de has that one")
	require.ErrorContains(t, err, "scopes[1].policy.approval.source")

	third := strings.Replace(strings.Replace(one, "acme-de", "zenith", 1), `"client": "Acme"`, `"client": "Zenith"`, 1)
	_, err = recsync.ReadPolicyFile(strings.NewReader(text[:begin] + one + ",\n" + third + text[end:]))
	require.ErrorContains(t, err, "scopes[1].ecm.user", "two clients share credentials")
	require.ErrorContains(t, err, `client "Acme" uses these`)
}
