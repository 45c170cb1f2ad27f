package records_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

func hold(id string) records.Hold {
	return records.Hold{
		ID: records.MustHoldID(id), Matter: "case " + id, Authority: "Legal", AppliedBy: "pat",
		At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

// disposable is a record that nothing keeps any more.
func disposable() records.Record {
	return records.Record{
		Key: records.MustRecordKey("acme/purchase/79468/1/2"), State: records.StateFinal,
		Class: records.Classification{ID: "551", Schedules: []string{"MKT-7"}},
		Schedule: records.Schedule{Name: "MKT-7", Stages: []records.Stage{{
			Code: "10", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 7}, Action: records.ActionDestroy,
		}}},
		Dates: map[string]records.Date{"created": records.MustDate("2019-01-01")},
		Holds: records.NoHolds(),
	}
}

func TestR18_AHoldBeatsEveryDisposition(t *testing.T) {
	t.Parallel()
	today := records.MustDate("2026-11-24")
	require.NoError(t, records.CanDispose(disposable(), records.ActionDestroy, today))
	for i := range 256 {
		action := records.Action(i)
		for _, state := range allStates {
			r := disposable()
			r.State, r.Holds = state, records.Holds(hold("13"))
			require.ErrorIs(t, records.CanDispose(r, action, today), records.ErrOnHold, "%s in state %s", action, state)
		}
	}
}

func TestR18_PropertyNoRecordOnHoldIsEverDisposable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := disposable()
		r.State = records.State(rapid.Uint8Range(0, 8).Draw(t, "state"))
		r.Dates["created"] = genDate(t, "created")
		holds := records.NoHolds()
		if rapid.Bool().Draw(t, "unread") {
			holds = records.HoldSet{}
		}
		for range rapid.IntRange(0, 3).Draw(t, "holds") {
			holds, _ = holds.With(hold(rapid.StringMatching(`[a-c]`).Draw(t, "id")))
		}
		r.Holds = holds
		err := records.CanDispose(r, records.Action(rapid.Uint8Range(0, 15).Draw(t, "action")), genDate(t, "today"))
		if err == nil && (holds.Len() > 0 || !holds.Known()) {
			t.Fatalf("disposable under holds %s", holds)
		}
	})
}

func TestR25_UnreadHoldsRefuse(t *testing.T) {
	t.Parallel()
	r := disposable()
	r.Holds = records.HoldSet{}
	require.ErrorIs(t, records.CanDispose(r, records.ActionDestroy, records.MustDate("2026-11-24")), records.ErrHoldUnknown)
	require.ErrorIs(t, records.CanDispose(records.Record{}, records.ActionNone, records.Date{}), records.ErrHoldUnknown)

	var nameless records.Hold
	require.False(t, records.Holds(nameless).Known(), "a hold that can't be told from others leaves the set unknown")

	unread, changed := records.HoldSet{}.With(hold("13"))
	require.True(t, changed)
	require.ErrorIs(t, unread.Check(), records.ErrOnHold)
	unread, _ = unread.Without(records.MustHoldID("13"))
	require.ErrorIs(t, unread.Check(), records.ErrHoldUnknown, "removing what one knew of doesn't make the rest known")
}

func TestR20_DispositionResumesWhenTheLastOfSeveralHoldsIsReleased(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]bool{}
		set := records.NoHolds()
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			id := rapid.SampledFrom([]string{"13", "14", "2", "legal"}).Draw(t, "id")
			var changed bool
			if rapid.Bool().Draw(t, "apply") {
				set, changed = set.With(hold(id))
				if changed == model[id] {
					t.Fatalf("applying %s: changed is %v, held before is %v", id, changed, model[id])
				}
				model[id] = true
			} else {
				set, changed = set.Without(records.MustHoldID(id))
				if changed != model[id] {
					t.Fatalf("releasing %s: changed is %v, held before is %v", id, changed, model[id])
				}
				delete(model, id)
			}
			if set.Len() != len(model) || (set.Check() == nil) != (len(model) == 0) {
				t.Fatalf("set %s, model %v", set, model)
			}
		}
	})
}

func TestR21_TheSameHoldTwiceIsOneHold(t *testing.T) {
	t.Parallel()
	again := hold("13")
	again.Matter = "another text of the same hold"
	set := records.Holds(hold("13"), again, hold("2"))
	require.Equal(t, 2, set.Len())
	require.Equal(t, "13 (case 13), 2 (case 2)", set.String())
	same, changed := set.Without(records.MustHoldID("99"))
	require.False(t, changed)
	require.True(t, same.Equal(set))
	require.True(t, set.Has(records.MustHoldID("2")))
}

func TestHoldSet_IsImmutable(t *testing.T) {
	t.Parallel()
	base := records.Holds(hold("1"), hold("3"))
	more, _ := base.With(hold("2"))
	less, _ := base.Without(records.MustHoldID("1"))
	base.List()[0].Matter = "changed from outside"
	require.Equal(t, "1 (case 1), 3 (case 3)", base.String())
	require.Equal(t, "1 (case 1), 2 (case 2), 3 (case 3)", more.String())
	require.Equal(t, "3 (case 3)", less.String())
}

func TestHoldSet_KeepsUnknownApartFromNoneInJSON(t *testing.T) {
	t.Parallel()
	for _, set := range []records.HoldSet{{}, records.NoHolds(), records.Holds(hold("13"), hold("2"))} {
		b, err := json.Marshal(set)
		require.NoError(t, err)
		var back records.HoldSet
		require.NoError(t, json.Unmarshal(b, &back))
		require.True(t, back.Equal(set), string(b))
	}
	b, err := json.Marshal(struct {
		Holds records.HoldSet `json:"holds"`
	}{})
	require.NoError(t, err)
	require.JSONEq(t, `{"holds":null}`, string(b))
	var absent struct{ Holds records.HoldSet }
	require.NoError(t, json.Unmarshal([]byte(`{}`), &absent))
	require.False(t, absent.Holds.Known())
}

// An unknown set that remembers a hold must not come back as a complete one.
func TestR25_AnUnknownSetStaysUnknownInJSON(t *testing.T) {
	t.Parallel()
	unread, _ := records.HoldSet{}.With(hold("13"))
	b, err := json.Marshal(unread)
	require.NoError(t, err)
	require.JSONEq(t, "null", string(b))
	require.False(t, unread.Equal(records.Holds(hold("13"))), "the same holds, but not known to be all")
}

func TestR22_AHoldNamesItsReasonAndAuthorityAndItsReleaseToo(t *testing.T) {
	t.Parallel()
	require.NoError(t, hold("13").Validate())
	err := records.Hold{}.Validate()
	for _, field := range []string{"id", "matter", "authority", "applied_by", "at"} {
		require.ErrorContains(t, err, field+" is")
	}
	err = records.Release{}.Validate()
	for _, field := range []string{"id", "by", "at", "reason"} {
		require.ErrorContains(t, err, field+" is")
	}
	_, err = records.ParseHoldID(strings.Repeat("é", 64))
	require.NoError(t, err, "128 bytes")
	for _, s := range []string{"", "a\x00b", "\xff", strings.Repeat("é", 64) + "x"} {
		_, err := records.ParseHoldID(s)
		require.ErrorIs(t, err, records.ErrInvalid)
	}
}

func TestCanHold_KeepsWhateverMayExist(t *testing.T) {
	t.Parallel()
	for state, want := range map[records.State]error{
		records.StateUnknown: nil, records.StateIncomplete: nil, records.StateDeclared: nil, records.StateFinal: nil,
		records.StateTransferred: nil, records.StateDestroyed: records.ErrDisposed, records.StateAbsent: records.ErrTransition,
		200: records.ErrStateUnknown,
	} {
		require.ErrorIs(t, records.CanHold(records.Record{State: state}), want, state.String())
	}
}
