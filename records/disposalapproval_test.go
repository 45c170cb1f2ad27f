package records_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

func disposal() records.DisposalList {
	item := func(key, object string) records.DisposalItem {
		return records.DisposalItem{
			Record: records.MustRecordKey(key), Object: object, Action: records.ActionDestroy, Schedule: "MKT-07", Stage: "FINAL",
			Due: records.MustDate("2033-05-07"), Digest: records.DigestOf([]byte(key)), Holds: records.NoHolds(),
		}
	}
	return records.DisposalList{Name: "search 70010, 2033-06-01:00:00:00", Items: []records.DisposalItem{
		item("acme/purchase/501/1/1", "4711"), item("acme/purchase/502/1/1", "4712"), item("acme/asset/kv/7", "4713"),
	}}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func approvalOf(l records.DisposalList) records.DispositionApproval {
	return records.DispositionApproval{
		List: l.Hash(), ApprovedBy: "Rita Records", At: at("2033-06-02T09:00:00Z"), Authority: "schedule MKT-07", Expires: at("2033-06-09T09:00:00Z"),
	}
}

// TestR31_TwoPeopleAndOneExactList: who approved does not execute, and the
// approval is for exactly the items that were looked at.
func TestR31_TwoPeopleAndOneExactList(t *testing.T) {
	t.Parallel()
	l, now := disposal(), at("2033-06-03T00:00:00Z")
	a := approvalOf(l)
	require.NoError(t, a.Covers(l, "Otto Operator", now))
	reversed := disposal()
	slices.Reverse(reversed.Items)
	require.NoError(t, a.Covers(reversed, "Otto Operator", now), "the order in which a server lists items is no change")
	for _, same := range []string{"Rita Records", " rita records "} {
		err := a.Covers(l, same, now)
		require.ErrorIs(t, err, records.ErrSamePerson)
		require.ErrorIs(t, err, records.ErrNotApproved)
	}
	require.ErrorIs(t, a.Covers(l, " ", now), records.ErrInvalid, "nobody is no second person")
	for name, change := range map[string]func(*records.DisposalList){
		"one less":  func(l *records.DisposalList) { l.Items = l.Items[:2] },
		"one more":  func(l *records.DisposalList) { l.Items = append(l.Items, disposalOf("acme/purchase/599/1/1")) },
		"another":   func(l *records.DisposalList) { l.Items[1] = disposalOf("acme/purchase/599/1/1") },
		"other run": func(l *records.DisposalList) { l.Name = "search 70010, 2033-07-01:00:00:00" },
	} {
		other := disposal()
		change(&other)
		require.ErrorIs(t, a.Covers(other, "Otto Operator", now), records.ErrVoid, name)
	}
}

func disposalOf(key string) records.DisposalItem {
	i := disposal().Items[0]
	i.Record, i.Object = records.MustRecordKey(key), key
	return i
}

// TestR32_AnApprovalExpiresAndIsVoidOnceAnythingChanged since the preview:
// item, hold or schedule, whatever it is.
func TestR32_AnApprovalExpiresAndIsVoidOnceAnythingChanged(t *testing.T) {
	t.Parallel()
	l := disposal()
	a := approvalOf(l)
	for _, when := range []string{"2033-06-02T08:59:59Z", "2033-06-09T09:00:00Z", "2040-01-01T00:00:00Z"} {
		require.ErrorIs(t, a.Covers(l, "Otto Operator", at(when)), records.ErrExpired, when)
	}
	hold := records.Holds(records.Hold{ID: records.MustHoldID("9")})
	for name, change := range map[string]struct {
		change func(*records.DisposalItem)
		also   error
	}{
		"hold set":         {func(i *records.DisposalItem) { i.Holds = hold }, records.ErrOnHold},
		"holds unreadable": {func(i *records.DisposalItem) { i.Holds = records.HoldSet{} }, records.ErrHoldUnknown},
		"schedule":         {func(i *records.DisposalItem) { i.Schedule = "MKT-10" }, nil},
		"stage":            {func(i *records.DisposalItem) { i.Stage = "SEMI" }, nil},
		"due":              {func(i *records.DisposalItem) { i.Due = records.MustDate("2033-05-08") }, nil},
		"action":           {func(i *records.DisposalItem) { i.Action = records.ActionTransfer }, nil},
		"content":          {func(i *records.DisposalItem) { i.Digest = records.DigestOf([]byte("other")) }, nil},
		"object":           {func(i *records.DisposalItem) { i.Object = "9" }, nil},
	} {
		other := disposal()
		change.change(&other.Items[2])
		err := a.Covers(other, "Otto Operator", at("2033-06-03T00:00:00Z"))
		require.ErrorIs(t, err, records.ErrVoid, name)
		if change.also != nil {
			require.ErrorIs(t, err, change.also, name)
		}
	}
	// A hold that was there when it was approved is no less a hold.
	held := disposal()
	held.Items[0].Holds = hold
	require.ErrorIs(t, approvalOf(held).Covers(held, "Otto Operator", at("2033-06-03T00:00:00Z")), records.ErrOnHold, "nobody can approve a hold away")
}

// TestP11_NoOtherListIsCovered: of any two lists that differ in anything, one
// approval covers one.
func TestP11_NoOtherListIsCovered(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"a", "b", `a" "b`, "a b", "\n", "7"})
	draw := rapid.Custom(func(t *rapid.T) records.DisposalList {
		l := records.DisposalList{Name: text.Draw(t, "name")}
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			i := disposalOf("acme/purchase/" + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "key") + "/1/1")
			i.Object, i.Schedule, i.Stage = text.Draw(t, "object"), text.Draw(t, "schedule"), text.Draw(t, "stage")
			l.Items = append(l.Items, i)
		}
		return l
	})
	canonical := func(l records.DisposalList) string {
		slices.SortFunc(l.Items, func(a, b records.DisposalItem) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return slices.Compare(x, y)
		})
		b, err := json.Marshal(l)
		require.NoError(t, err)
		return string(b)
	}
	rapid.Check(t, func(t *rapid.T) {
		l, m := draw.Draw(t, "approved"), draw.Draw(t, "now")
		require.Equal(t, canonical(l) == canonical(m), l.Hash() == m.Hash())
	})
	var empty records.DispositionApproval
	require.ErrorIs(t, empty.Covers(records.DisposalList{}, "x", at("2033-06-03T00:00:00Z")), records.ErrNotApproved, "nothing approves nothing")
	require.ErrorIs(t, empty.Validate(), records.ErrInvalid)
}

// TestR38_EveryOutcomeCanBeSaid: what a disposition came to, and what a
// schedule asks for, survive being written down.
func TestR38_EveryOutcomeCanBeSaid(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"destroyed", "transferred", "reviewed", "extended", "permanent", "refused"} {
		var o records.Outcome
		require.NoError(t, o.UnmarshalText([]byte(outcome)))
		d := records.Disposition{Record: disposal().Items[0].Record, Action: records.ActionReview, Outcome: o, At: at("2033-06-03T00:00:00Z"), Until: records.MustDate("2040-01-01")}
		b, err := json.Marshal(d)
		require.NoError(t, err)
		var back records.Disposition
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, d, back)
	}
	for _, code := range []int{0, 1, 7, 8, 9, 10, 11, 12, 15, 16, 32} {
		require.NotEqual(t, records.ActionUnknown, records.ActionOfCode(code), "action code %d", code)
	}
	permanent := records.Schedule{Name: "P", Stages: []records.Stage{{Kind: records.RetentionPermanent, Action: records.ActionNone}}}
	due, err := permanent.Kept(nil)
	require.NoError(t, err)
	require.True(t, due.Permanent)
}

// TestR39_ATransferIsAcknowledgedBeforeAnythingIsDestroyed here.
func TestR39_ATransferIsAcknowledgedBeforeAnythingIsDestroyed(t *testing.T) {
	t.Parallel()
	on := records.MustDate("2033-06-03")
	r := records.Record{
		Key: records.MustRecordKey("acme/purchase/501/1/1"), State: records.StateTransferred, Holds: records.NoHolds(),
		Class: records.Classification{ID: "15001", Schedules: []string{"MKT-07"}},
		Schedule: records.Schedule{Name: "MKT-07", Stages: []records.Stage{
			{Code: "FINAL", Kind: records.RetentionFixed, On: records.MustDate("2033-05-07"), Action: records.ActionDestroy},
		}},
	}
	sent := records.Transfer{Record: r.Key, To: "State Archive", Package: records.DigestOf([]byte("package")), Sent: at("2033-05-20T00:00:00Z")}
	ack := func(by string, when string, what string) records.Transfer {
		done := sent
		done.Acknowledgment = &records.Acknowledgment{By: by, At: at(when), Package: records.DigestOf([]byte(what)), Reference: "SA-7"}
		return done
	}
	good := ack("A. Archivist", "2033-05-21T00:00:00Z", "package")
	require.NoError(t, good.Acknowledged())
	require.NoError(t, records.CanDestroyTransferred(r, good, on))
	foreign := good
	foreign.Record = records.MustRecordKey("acme/purchase/502/1/1")
	for name, c := range map[string]struct {
		t   records.Transfer
		why error
	}{
		"sent, no answer":         {sent, records.ErrNotAcknowledged},
		"nobody answered":         {ack("", "2033-05-21T00:00:00Z", "package"), records.ErrInvalid},
		"answered before it went": {ack("A. Archivist", "2033-05-19T00:00:00Z", "package"), records.ErrInvalid},
		"something else arrived":  {ack("A. Archivist", "2033-05-21T00:00:00Z", "pack"), records.ErrDigest},
		"another record's":        {foreign, records.ErrInvalid},
		"none":                    {records.Transfer{}, records.ErrInvalid},
	} {
		err := records.CanDestroyTransferred(r, c.t, on)
		require.ErrorIs(t, err, records.ErrNotAcknowledged, name)
		require.ErrorIs(t, err, c.why, name)
	}
	r.State = records.StateFinal
	require.ErrorIs(t, records.CanDestroyTransferred(r, good, on), records.ErrNotAcknowledged, "the record does not stand as transferred")
	r.State, r.Holds = records.StateTransferred, records.Holds(records.Hold{ID: records.MustHoldID("9")})
	require.ErrorIs(t, records.CanDestroyTransferred(r, good, on), records.ErrOnHold, "a hold beats a transfer too")
}
