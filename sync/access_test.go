package sync_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

var accessKey = records.MustRecordKey("acme/purchase/79468/1/1")

// clear are facts that nothing stands against, at any time.
func clearFacts() recsync.AccessFacts {
	return recsync.AccessFacts{
		Record: accessKey, Node: 4711, Existence: recsync.Exists, State: records.StateFinal, Approved: rightsmap.Yes,
		Rights: []recsync.RightsSpan{{}}, Holds: records.NoHolds(),
	}
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// caused are facts to which one cause applies, and the state it has by default.
var caused = map[recsync.AccessCause]struct {
	want adapter.Access
	set  func(*recsync.AccessFacts)
}{
	recsync.CauseDestroyed:        {adapter.Removed, func(f *recsync.AccessFacts) { f.Existence = recsync.Destroyed }},
	recsync.CauseTransferred:      {adapter.Removed, func(f *recsync.AccessFacts) { f.State = records.StateTransferred }},
	recsync.CauseGone:             {adapter.Removed, func(f *recsync.AccessFacts) { f.Existence = recsync.Gone }},
	recsync.CauseOutOfReach:       {adapter.Hidden, func(f *recsync.AccessFacts) { f.Existence = recsync.OutOfReach }},
	recsync.CauseUnknown:          {adapter.Hidden, func(f *recsync.AccessFacts) { f.Existence = "perhaps" }},
	recsync.CauseIncomplete:       {adapter.Hidden, func(f *recsync.AccessFacts) { f.State = records.StateIncomplete }},
	recsync.CauseNotApproved:      {adapter.Hidden, func(f *recsync.AccessFacts) { f.Approved = rightsmap.No }},
	recsync.CauseApprovalUnknown:  {adapter.Hidden, func(f *recsync.AccessFacts) { f.Approved = rightsmap.Unknown }},
	recsync.CauseCanceled:         {adapter.Removed, against(recsync.CauseCanceled)},
	recsync.CauseLicenseNotBegun:  {adapter.Hidden, against(recsync.CauseLicenseNotBegun)},
	recsync.CauseLicenseEnded:     {adapter.Expired, against(recsync.CauseLicenseEnded)},
	recsync.CauseFirstUseEnded:    {adapter.NoFirstUse, against(recsync.CauseFirstUseEnded)},
	recsync.CauseRightsDenied:     {adapter.Hidden, against(recsync.CauseRightsDenied)},
	recsync.CauseRightsReview:     {adapter.Hidden, against(recsync.CauseRightsReview)},
	recsync.CauseRightsUnreadable: {adapter.Hidden, func(f *recsync.AccessFacts) { f.Rights = nil }},
	recsync.CauseUnlicensed:       {adapter.Hidden, against(recsync.CauseUnlicensed)},
	recsync.CauseSuperseded: {adapter.Superseded, func(f *recsync.AccessFacts) {
		f.Superseded, f.SupersededBy = true, records.MustRecordKey("acme/purchase/79468/1/2")
	}},
	recsync.CauseRetentionEnded: {adapter.Hidden, func(f *recsync.AccessFacts) { f.Retention = records.Due{On: records.MustDate("2026-01-01")} }},
	recsync.CauseHeld: {adapter.Full, func(f *recsync.AccessFacts) {
		f.Holds = records.Holds(records.Hold{ID: records.MustHoldID("1"), Matter: "case 7"})
	}},
	recsync.CauseHoldUnknown: {adapter.Hidden, func(f *recsync.AccessFacts) { f.Holds = records.HoldSet{} }},
	recsync.CauseReleased:    {adapter.Full, func(f *recsync.AccessFacts) { f.Released = true }},
}

func against(c recsync.AccessCause) func(*recsync.AccessFacts) {
	return func(f *recsync.AccessFacts) {
		f.Rights = []recsync.RightsSpan{{Causes: []recsync.RightsCause{{Cause: c, Why: "the license says so"}}}}
	}
}

// TestR40_EachCauseHasAnAccessState: the map is data, versioned and printed, and
// nothing that is known of a record is without a state.
func TestR40_EachCauseHasAnAccessState(t *testing.T) {
	t.Parallel()
	p, at := recsync.DefaultAccessPolicy(), instant("2026-06-01T00:00:00Z")
	require.NoError(t, p.Validate())
	require.Len(t, caused, len(p.Access), "a cause has no case here")
	require.Equal(t, adapter.Full, p.Decide(clearFacts(), at).Access)
	for cause, c := range caused {
		f := clearFacts()
		c.set(&f)
		d := p.Decide(f, at)
		require.Equal(t, c.want, d.Access, "%s: %s", cause, d)
		require.Equal(t, cause, d.Causes[0].Cause, d.String())
		require.Contains(t, p.String(), fmt.Sprintf("\n  %-18s %s", cause, c.want), "the policy is printed whole")
	}
	require.Contains(t, p.String(), "access policy default-1:")
	require.Equal(t, adapter.Hidden, p.Decide(recsync.AccessFacts{}, at).Access, "facts that know nothing permit nothing")
	require.Equal(t, adapter.Hidden, recsync.AccessPolicy{}.Decide(caught(caused[recsync.CauseLicenseEnded].set), at).Access, "a policy that knows nothing permits nothing")

	text, err := json.Marshal(p)
	require.NoError(t, err)
	back, err := recsync.ParseAccessPolicy(text)
	require.NoError(t, err)
	require.Equal(t, p, back, "a policy is plain data")
}

func caught(set func(*recsync.AccessFacts)) recsync.AccessFacts {
	f := clearFacts()
	set(&f)
	return f
}

func TestAccessPolicy_GapsAndContradictionsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := recsync.DefaultAccessPolicy()
	p.Version, p.RetentionZone = "", "Mars/Olympus"
	delete(p.Access, recsync.CauseHeld)
	p.Access[recsync.CauseLicenseEnded] = adapter.Full
	p.Access[recsync.CauseDestroyed] = adapter.Expired
	p.Access[recsync.CauseRightsDenied] = "perhaps"
	p.Access[recsync.CauseUnlicensed] = adapter.Superseded
	p.Access["full_moon"] = adapter.Hidden
	err := p.Validate()
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, said := range []string{"version", "retention_zone", "access.held", "access.license_ended", "access.destroyed", "access.rights_denied", "access.unlicensed", `access is "full_moon"`} {
		require.ErrorContains(t, err, said)
	}
	_, err = recsync.ParseAccessPolicy([]byte(`{"version":"1","acess":{}}`))
	require.ErrorIs(t, err, records.ErrInvalid, "a misspelled field might restrict")

	w := newWorld(t, nil)
	w.config.Policy.Access = &p
	w.config.Policy.FormerAccess = []recsync.AccessPolicy{{Version: ""}}
	_, err = recsync.NewScope(w.config)
	require.ErrorIs(t, err, records.ErrInvalid)
	require.ErrorContains(t, err, "policy.access.access.held")
	require.ErrorContains(t, err, "policy.former_access[0].version")
}

// anyFacts draws facts of every kind, the impossible ones too.
func anyFacts(t *rapid.T) recsync.AccessFacts {
	f := clearFacts()
	for _, cause := range []recsync.AccessCause{
		recsync.CauseDestroyed, recsync.CauseTransferred, recsync.CauseGone, recsync.CauseOutOfReach, recsync.CauseUnknown, recsync.CauseIncomplete,
		recsync.CauseNotApproved, recsync.CauseApprovalUnknown, recsync.CauseSuperseded, recsync.CauseHeld, recsync.CauseHoldUnknown, recsync.CauseReleased,
	} {
		if rapid.Bool().Draw(t, string(cause)) && rapid.Bool().Draw(t, "really") {
			caused[cause].set(&f)
		}
	}
	f.Superseded = f.SupersededBy.IsValid() && rapid.Bool().Draw(t, "by whom") || f.Superseded
	day := rapid.IntRange(-40, 40)
	f.Rights = nil
	for range rapid.IntRange(0, 4).Draw(t, "spans") {
		span := recsync.RightsSpan{From: instant("2026-06-01T00:00:00Z").AddDate(0, 0, day.Draw(t, "from"))}
		if len(f.Rights) == 0 {
			span.From = time.Time{}
		}
		for range rapid.IntRange(0, 2).Draw(t, "causes") {
			span.Causes = append(span.Causes, recsync.RightsCause{Cause: rapid.SampledFrom([]recsync.AccessCause{
				recsync.CauseLicenseEnded, recsync.CauseFirstUseEnded, recsync.CauseRightsReview, recsync.CauseCanceled, "unheard of",
			}).Draw(t, "cause"), Why: "drawn"})
		}
		f.Rights = append(f.Rights, span)
	}
	if rapid.Bool().Draw(t, "retention") {
		on, _ := records.MustDate("2026-06-01").AddDays(day.Draw(t, "due"))
		f.Retention = records.Due{On: on, Permanent: rapid.Bool().Draw(t, "permanent")}
	}
	return f
}

var states = []adapter.Access{adapter.Full, adapter.LayoutOnly, adapter.NoFirstUse, adapter.Expired, adapter.Superseded, adapter.Hidden, adapter.Removed}

func restrictive(a adapter.Access) int {
	for i, s := range states {
		if s == a {
			return i
		}
	}
	return -1
}

// TestR40_TheNarrowestCauseHolds, whatever is known of a record and whatever a
// policy maps it to: no cause is outvoted, a hold prolongs no right, and until
// the moment that the decision names nothing changes.
func TestR40_TheNarrowestCauseHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := recsync.DefaultAccessPolicy(), anyFacts(t)
		for cause := range caused {
			if rapid.IntRange(0, 3).Draw(t, "map "+string(cause)) == 0 {
				p.Access[cause] = rapid.SampledFrom(append(states, "nonsense")).Draw(t, "to")
			}
		}
		at := instant("2026-06-01T00:00:00Z").Add(time.Duration(rapid.IntRange(-60*24, 60*24).Draw(t, "hours")) * time.Hour)
		d := p.Decide(f, at)
		require.GreaterOrEqual(t, restrictive(d.Access), 0, "%s is no state", d.Access)
		for _, c := range d.Causes {
			require.GreaterOrEqual(t, restrictive(d.Access), restrictive(c.Access), "%s lost to %s", c.Cause, d.Cause)
		}
		if d.Access == adapter.Superseded {
			require.True(t, d.ReplacedBy.IsValid(), "superseded by nothing")
		}
		require.Equal(t, d, p.Decide(f, at), "it is a function of facts and moment")
		if !d.Changes.IsZero() {
			require.True(t, d.Changes.After(at))
			require.Equal(t, d.Access, p.Decide(f, d.Changes.Add(-1)).Access, "it changed before the moment that it names")
		}
		held := f
		held.Holds, _ = f.Holds.With(records.Hold{ID: records.MustHoldID("77")})
		if f.Holds.Known() && p.Access[recsync.CauseRetentionEnded] == adapter.Full {
			require.GreaterOrEqual(t, restrictive(p.Decide(held, at).Access), restrictive(d.Access), "a hold prolonged a right")
		}
	})
}

// TestR40_AHoldSuspendsRetentionAndNoRight: what the end of retention takes
// away waits for the hold, what the end of a license takes away does not.
func TestR40_AHoldSuspendsRetentionAndNoRight(t *testing.T) {
	t.Parallel()
	p, at := recsync.DefaultAccessPolicy(), instant("2026-06-01T00:00:00Z")
	f := caught(caused[recsync.CauseRetentionEnded].set)
	require.Equal(t, recsync.CauseRetentionEnded, p.Decide(f, at).Cause)
	f.Holds = records.Holds(records.Hold{ID: records.MustHoldID("1")})
	d := p.Decide(f, at)
	require.Equal(t, adapter.Full, d.Access, "a held record is not withdrawn because its retention ended")
	require.True(t, d.Held)
	against(recsync.CauseLicenseEnded)(&f)
	require.Equal(t, adapter.Expired, p.Decide(f, at).Access, "a hold prolongs no right of use")
	f.Holds = records.HoldSet{}
	p.Access[recsync.CauseHoldUnknown] = adapter.Full
	require.Equal(t, recsync.CauseLicenseEnded, p.Decide(f, at).Cause, "holds nobody knows suspend retention as holds do")
}

// TestP13_ADayOfRetentionComesLate: the zone of a day is policy; without one, it
// has come when it has begun everywhere.
func TestP13_ADayOfRetentionComesLate(t *testing.T) {
	t.Parallel()
	f := clearFacts()
	f.Retention = records.Due{On: records.MustDate("2026-03-29"), Why: "stage FINAL"}
	for zone, comes := range map[string]string{
		"": "2026-03-29T12:00:00Z", "Europe/Vienna": "2026-03-28T23:00:00Z", "Pacific/Kiritimati": "2026-03-28T10:00:00Z", "UTC": "2026-03-29T00:00:00Z",
		"Africa/Cairo": "2026-03-28T22:00:00Z",
	} {
		p := recsync.DefaultAccessPolicy()
		p.RetentionZone = zone
		before := p.Decide(f, instant(comes).Add(-1))
		require.Equal(t, adapter.Full, before.Access, "%q: too early", zone)
		require.Equal(t, instant(comes), before.Changes, "%q", zone)
		require.Equal(t, recsync.CauseRetentionEnded, p.Decide(f, instant(comes)).Cause, "%q: too late", zone)
	}
	f.Retention.Permanent = true
	require.True(t, recsync.DefaultAccessPolicy().Decide(f, instant("2026-03-01T00:00:00Z")).Changes.IsZero(), "permanent never ends")
}
