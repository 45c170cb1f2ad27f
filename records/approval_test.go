package records_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

func approval() records.Approval {
	return records.Approval{
		Source: records.ApprovalByPurchase, Asset: records.MustRecordKey("acme/purchase/79468/1/2"), Person: "Pat Buyer",
		At: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Raw: []byte("{ \"completed_at\" :\t\"2026\" }\n"),
	}
}

func TestR8_AnApprovalIsForOneVersionAndItsBytes(t *testing.T) {
	t.Parallel()
	a := approval()
	seen, other := records.DigestOf([]byte("bytes")), records.DigestOf([]byte("other bytes"))
	require.NoError(t, a.Covers(a.Asset, records.Digest{}), "before the bytes are known")

	bound, err := a.Bind(seen)
	require.NoError(t, err)
	require.NoError(t, bound.Covers(a.Asset, seen))
	_, err = bound.Bind(seen)
	require.NoError(t, err, "binding the same bytes again changes nothing")
	_, err = bound.Bind(other)
	require.ErrorIs(t, err, records.ErrDigest)
	_, err = a.Bind(records.Digest{})
	require.ErrorIs(t, err, records.ErrDigest)

	err = bound.Covers(a.Asset, other)
	require.ErrorIs(t, err, records.ErrNotApproved)
	require.ErrorIs(t, err, records.ErrDigest)
	require.ErrorIs(t, bound.Covers(records.MustRecordKey("acme/purchase/79468/1/3"), seen), records.ErrNotApproved, "another version")
	require.ErrorIs(t, bound.Covers(records.MustRecordKey("other/purchase/79468/1/2"), seen), records.ErrNotApproved, "another scope")
	require.ErrorIs(t, a.Covers(a.Asset, seen), records.ErrNotApproved, "bytes that it was never bound to")
	require.ErrorIs(t, bound.Covers(a.Asset, records.Digest{}), records.ErrNotApproved, "bytes that nobody looked at")
}

func TestR14_AnApprovalKeepsTheWholeEvidence(t *testing.T) {
	t.Parallel()
	a := approval()
	a.Digest = records.DigestOf([]byte("bytes"))
	a.Restrictions, a.Reviewers, a.ChartSources = []string{"Austria only"}, []string{"Lee Legal"}, []string{"Statistics Austria 2026"}
	a.FirstUse, a.LastUse = records.MustDate("2026-11-10"), records.MustDate("2027-01-31")
	require.NoError(t, a.Validate())
	b, err := json.Marshal(a)
	require.NoError(t, err)
	var back records.Approval
	require.NoError(t, json.Unmarshal(b, &back))
	if diff := cmp.Diff(a, back, cmp.AllowUnexported(records.Digest{}, records.RecordKey{}, records.ScopeID{}, records.Date{})); diff != "" {
		t.Fatalf("-wrote +read:\n%s", diff)
	}
	require.True(t, bytes.Equal(a.Raw, back.Raw), "the source's answer stays byte for byte, white space included")

	a.LastUse = records.MustDate("2026-01-01")
	require.ErrorContains(t, a.Validate(), "last_use is")
	err = records.Approval{}.Validate()
	for _, field := range []string{"source", "asset", "person", "at", "raw"} {
		require.ErrorContains(t, err, field+" is")
	}
}

func TestApprovalRule_NamesNoSourceByDefault(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, records.ApprovalRule{}.Validate(), records.ErrInvalid)
	require.NoError(t, records.ApprovalRule{Source: records.ApprovalByPurchase}.Validate())
	require.NoError(t, records.ApprovalRule{Source: records.ApprovalByAttribute, Attribute: "status", Accepted: []string{"final"}}.Validate())
	require.ErrorContains(t, records.ApprovalRule{Source: records.ApprovalByAttribute, Accepted: []string{""}}.Validate(), "accepted is")
	require.ErrorIs(t, records.ApprovalRule{Source: 9}.Validate(), records.ErrInvalid)
}

func TestR6_CanDeclareTellsEveryReasonAtOnce(t *testing.T) {
	t.Parallel()
	err := records.CanDeclare(records.Record{})
	for _, want := range []error{records.ErrInvalid, records.ErrStateUnknown, records.ErrNotApproved, records.ErrNotClassified} {
		require.ErrorIs(t, err, want)
	}
	a := approval()
	r := records.Record{
		Key: a.Asset, State: records.StateAbsent, Approval: &a, Class: records.Classification{ID: "551", Schedules: []string{"MKT-7"}},
	}
	require.NoError(t, records.CanDeclare(r))
	for _, state := range []records.State{records.StateIncomplete, records.StateDeclared, records.StateFinal} {
		r.State = state
		require.NoError(t, records.CanDeclare(r), "taken up again in state %s", state)
	}
	r.Holds = records.Holds(hold("13"))
	require.NoError(t, records.CanDeclare(r), "declaring keeps: a hold doesn't forbid it")
	r.Schedule.Name = "LEG-10"
	require.ErrorIs(t, records.CanDeclare(r), records.ErrSchedules)
}

func TestDigest_NamesItsAlgorithm(t *testing.T) {
	t.Parallel()
	d := records.DigestOf([]byte("abc"))
	require.Equal(t, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", d.String())
	back, err := records.ParseDigest(d.String())
	require.NoError(t, err)
	require.Equal(t, d, back)
	require.NoError(t, back.Check(d, "the asset"))
	require.ErrorIs(t, records.DigestOf(nil).Check(d, "the asset"), records.ErrDigest)
	require.ErrorIs(t, records.Digest{}.Check(records.Digest{}, "nothing"), records.ErrDigest, "no digest equals none")
	for _, s := range []string{"", "sha256:", d.Hex(), "sha1:" + d.Hex(), "sha256:BA" + d.Hex()[2:], d.String() + "00", "sha256:zz" + d.Hex()[2:]} {
		_, err := records.ParseDigest(s)
		require.ErrorIs(t, err, records.ErrInvalid, s)
	}
	_, err = records.NewDigest([]byte{1})
	require.ErrorIs(t, err, records.ErrInvalid)
}

func TestR34_AStubIsCompleteAndNamesTwoPeople(t *testing.T) {
	t.Parallel()
	s := records.Stub{
		Record: records.MustRecordKey("acme/purchase/79468/1/2"), Class: records.Classification{ID: "551"}, Schedule: "MKT-7",
		Authority: "Records board", Digest: records.DigestOf([]byte("x")), Destroyed: records.MustDate("2026-11-24"),
		ApprovedBy: "ann", ExecutedBy: "bob", Certificate: "c-1",
	}
	require.NoError(t, s.Validate())
	s.ExecutedBy = "ann"
	require.ErrorContains(t, s.Validate(), "another person")
	err := records.Stub{}.Validate()
	for _, field := range []string{"record", "class", "schedule", "authority", "digest", "destroyed", "approved_by", "executed_by", "certificate"} {
		require.ErrorContains(t, err, field+" is")
	}
}
