package records_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

func event(id string, kind records.EventKind) records.Event {
	return records.Event{
		ID: id, Record: records.MustRecordKey("acme/purchase/79468/1/2"), Kind: kind, Organization: "Acme GmbH", User: "pat",
		Application: "quickstart", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Location: "Vienna",
	}
}

func TestR15_AnEventHoldsWhoWhatWhenWhereAndWhy(t *testing.T) {
	t.Parallel()
	require.NoError(t, event("1", records.EventDeclared).Validate())
	err := records.Event{}.Validate()
	for _, field := range []string{"id", "record", "kind", "organization", "user", "application", "at", "location"} {
		require.ErrorContains(t, err, field+" is")
	}
	for kind := records.EventHeld; kind <= records.EventCorrected; kind++ {
		require.ErrorContains(t, event("1", kind).Validate(), "reason is", "%s without a reason", kind)
	}
	e := event("1", records.EventDeclared)
	e.Corrects = "0"
	require.ErrorContains(t, e.Validate(), "corrects is", "only a correction corrects")
}

func TestR17_ACorrectionIsANewEventAndTheOldOneStays(t *testing.T) {
	t.Parallel()
	var h records.History
	h, err := h.Append(event("1", records.EventDeclared))
	require.NoError(t, err)
	h, err = h.Append(event("2", records.EventFinalized))
	require.NoError(t, err)
	before := append(records.History(nil), h...)

	wrong := event("3", records.EventCorrected)
	wrong.Reason, wrong.Corrects = "the approver was another person", "1"
	grown, err := h.Append(wrong)
	require.NoError(t, err)
	again := event("4", records.EventCorrected)
	again.Reason, again.Corrects = "and it was a day earlier", "3"
	grown, err = grown.Append(again)
	require.NoError(t, err)

	same := cmp.AllowUnexported(records.RecordKey{}, records.ScopeID{})
	require.Empty(t, cmp.Diff(before, grown[:2], same), "nothing that was noted changes")
	require.Empty(t, cmp.Diff(before, h, same))
	require.Empty(t, cmp.Diff([]records.Event{wrong, again}, grown.Corrections("1"), same))

	for name, e := range map[string]records.Event{
		"an id that is taken": event("1", records.EventRights), "incomplete": {},
		"another record": {ID: "9", Record: records.MustRecordKey("acme/purchase/79468/1/3"), Kind: records.EventRights, Organization: "a", User: "b", Application: "c", At: wrong.At, Location: "d"},
		"nothing to correct": func() records.Event {
			e := wrong
			e.ID, e.Corrects = "5", "99"
			return e
		}(),
	} {
		kept, err := grown.Append(e)
		require.ErrorIs(t, err, records.ErrInvalid, name)
		require.Len(t, kept, 4, "a refused event leaves the history as it was")
	}

	// Two histories that grow from one never write over each other.
	roomy := append(make(records.History, 0, 8), h...)
	left, err := roomy.Append(event("l", records.EventRights))
	require.NoError(t, err)
	right, err := roomy.Append(event("r", records.EventRights))
	require.NoError(t, err)
	require.Equal(t, "l", left[2].ID)
	require.Equal(t, "r", right[2].ID)
}
