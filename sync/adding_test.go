package sync_test

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	recsync "github.com/smintecm/sdk/sync"
)

// inRecord keeps the versions of an asset in one open record.
func inRecord(c *recsync.ScopeConfig) {
	c.Policy.KeepOpen, c.Policy.Change = true, recsync.ChangePolicy{NewVersion: recsync.VersionInRecord}
}

// version describes a version of a picture, whichever the source has now.
func (w *world) version(uuid string, version int, content []byte) recsync.Asset {
	a := w.assets(uuid)[0]
	a.Key, a.Inline = records.MustRecordKey(fmt.Sprintf("acme/purchase/%s/1/%d", uuid, version)), content
	return a
}

// TestR2_ANewVersionCanBeAVersionOfTheRecord, by policy: the record keeps its
// name and key, and its attributes tell of the newest version.
func TestR2_ANewVersionCanBeAVersionOfTheRecord(t *testing.T) {
	t.Parallel()
	for _, size := range []int{20, 5 << 20} {
		w := newWorld(t, inRecord)
		store := w.store()
		w.buy("1", picture(10), nil)
		w.follow(store, recsync.FollowOptions{})
		require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(size))))
		var declared recsync.ItemResult
		r := w.follow(store, recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { declared = r }})
		require.Equal(t, 1, r.Declared)
		require.Equal(t, "acme/purchase/1/1/2", declared.Receipt.Carries.String())
		require.Equal(t, "acme/purchase/1/1/1", declared.Receipt.Record.Key().String())
		require.Equal(t, recsync.Changed, declared.Receipt.Change)
		require.Equal(t, records.DigestOf(picture(size)), declared.Receipt.Approval.Digest, "the approval is bound to the new bytes")
		require.Len(t, w.records(), 1, "one record, two versions")
		n := w.records()[0]
		require.Equal(t, 2, n.Versions)
		require.Equal(t, picture(size), w.storedBytes(n.ID))
		require.Equal(t, "acme/purchase/1/1/1", w.value(n, "Record key"), "the key is identity and stays")
		require.Equal(t, "2", w.value(n, "Asset version"))
		require.Equal(t, records.DigestOf(picture(size)).String(), w.value(n, "Digest"))
		require.Equal(t, fmt.Sprint(size), w.value(n, "Size"))

		w.ecm.Forget()
		w.follow(store, recsync.FollowOptions{FromStart: true})
		for version, content := range map[int][]byte{1: picture(10), 2: picture(size)} {
			a := w.version("1", version, content)
			a.Digest = records.DigestOf(content)
			again, err := w.declare(a)
			require.NoError(t, err)
			require.Equal(t, recsync.Unchanged, again.Change, "version %d is there", version)
			a.Digest = records.DigestOf([]byte("other"))
			a.Inline = []byte("other")
			_, err = w.declare(a)
			require.ErrorIs(t, err, recsync.ErrDigest, "other bytes under version %d", version)
		}
		require.Empty(t, w.writes(), "a replay adds nothing")
	}
}

// TestR1_ARecordThatIsFixedTakesNoVersion: the policy says whether the version
// becomes a record of its own or is refused, and either is said.
func TestR1_ARecordThatIsFixedTakesNoVersion(t *testing.T) {
	t.Parallel()
	for _, fixed := range []recsync.FixedRecord{recsync.FixedNewRecord, recsync.FixedRefuse} {
		for _, how := range []string{"final", "held"} {
			w := newWorld(t, func(c *recsync.ScopeConfig) {
				inRecord(c)
				c.Policy.Change.Fixed = fixed
			})
			store := w.store()
			w.buy("1", picture(10), nil)
			w.follow(store, recsync.FollowOptions{})
			first := w.records()[0]
			if how == "held" {
				w.ecm.AddHold("Case 7", "LEGAL", first.ID)
			} else {
				require.NoError(t, w.config.ECM.RMClassifications.Finalize(t.Context(), ecm.NodeID(first.ID)), "a person makes it final")
			}
			require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
			var got recsync.ItemResult
			r := w.follow(store, recsync.FollowOptions{OnItem: func(r recsync.ItemResult) {
				if strings.HasSuffix(r.ID, "/2") {
					got = r
				}
			}})
			after, _ := w.ecm.Node(first.ID)
			require.Equal(t, first.VersionsSHA256, after.VersionsSHA256, "%s: its content stays", how)
			if fixed == recsync.FixedNewRecord {
				require.Equal(t, 1, r.Declared, how)
				require.Contains(t, strings.Join(got.Receipt.Findings, "\n"), "takes no version", how)
				require.Equal(t, "acme/purchase/1/1/2", w.supersededBy()["acme/purchase/1/1/1"], how)
				continue
			}
			require.Zero(t, r.Declared, how)
			require.Len(t, w.records(), 1, how)
			require.Contains(t, got.Reason, recsync.ErrNoVersion.Error(), how)
			_, err := w.declare(w.assets("1")[0])
			require.ErrorIs(t, err, recsync.ErrNoVersion)
			require.ErrorIs(t, err, map[string]error{"final": ecm.ErrFinal, "held": ecm.ErrOnHold}[how])
		}
	}
}

// TestR17_VersionsInAnyOrderEndInTheNewest: what comes late never becomes the
// newest version of a record, and is not lost either.
func TestR17_VersionsInAnyOrderEndInTheNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, inRecord)
	for seed := range uint64(8) {
		uuid, random := fmt.Sprint(seed+1), rand.New(rand.NewPCG(seed, 3))
		w.buy(uuid, picture(10), nil)
		n := 2 + random.IntN(3)
		order := append(seq(n), 1+random.IntN(n), 1+random.IntN(n))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		var newest recsync.RecordRef
		for _, v := range order {
			r, err := w.declare(w.version(uuid, v, picture(100+v)))
			require.NoError(t, err, "order %v", order)
			_, err = recsync.SupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: r.Record})
			require.NoError(t, err)
			if v == n {
				newest = r.Record
			}
		}
		stored, err := w.scope.Record(t.Context(), newest.Key())
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(n), stored.Field(recsync.FieldVersion), "order %v", order)
		require.Equal(t, picture(100+n), w.storedBytes(int64(newest.Node())), "order %v: its newest version is the newest there is", order)
		by, err := w.scope.SupersededBy(t.Context(), newest)
		require.NoError(t, err)
		require.True(t, by.IsZero(), "order %v", order)
		kept := map[string]bool{}
		for key, r := range w.all() {
			if strings.HasPrefix(key, "acme/purchase/"+uuid+"/") {
				node, _ := w.ecm.Node(int64(r.Record.Node()))
				for _, sum := range node.VersionsSHA256 {
					require.False(t, kept[sum], "order %v: kept twice", order)
					kept[sum] = true
				}
			}
		}
		require.Len(t, kept, n, "order %v: each version is kept once", order)
	}
}

// TestR9_AVersionInterruptedAnywhereIsCompleted: one version, and attributes that
// tell of it.
func TestR9_AVersionInterruptedAnywhereIsCompleted(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v2/nodes/{id}/versions", "PUT /v2/nodes/{id}/categories/{category}"} {
		for _, kind := range []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter, testserver.HTML} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, inRecord)
				mustDeclare(w, w.asset("1", picture(10)))
				second := w.version("1", 2, picture(20))
				w.ecm.Fail(testserver.Fault{Route: route, Kind: kind, Times: 1})
				_, _ = w.declare(second)
				w.ecm.Heal()
				r, err := w.declare(second)
				require.NoError(t, err)
				require.Equal(t, "acme/purchase/1/1/2", r.Carries.String())
				n := w.records()[0]
				require.Equal(t, 2, n.Versions, "%s %v", route, kind)
				require.Equal(t, "2", w.value(n, "Asset version"))
				require.Equal(t, records.DigestOf(picture(20)).String(), w.value(n, "Digest"))
			})
		}
	}
}

// TestR5_AVersionIsReadBack: its size, and what the attributes then say of it.
// What an earlier call left without telling of it is read whole.
func TestR5_AVersionIsReadBack(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]struct {
		after string
		do    func(w *world, id int64) error
	}{
		"digest":  {"write attributes", func(w *world, id int64) error { return w.overwrite(id, "Digest", "sha256:00") }},
		"version": {"write attributes", func(w *world, id int64) error { return w.overwrite(id, "Asset version", "1") }},
		"key":     {"write attributes", func(w *world, id int64) error { return w.overwrite(id, "Record key", "acme/purchase/2/1/1") }},
		"size": {"add version", func(w *world, id int64) error {
			return w.ecm.Corrupt(id, func(b []byte) []byte { return b[:len(b)-1] })
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, inRecord)
			id := int64(mustDeclare(w, w.asset("1", picture(10))).Record.Node())
			w.during(recsync.Outcome, spoil.after, func() error { return spoil.do(w, id) })
			_, err := w.declare(w.version("1", 2, picture(20)))
			require.ErrorIs(t, err, recsync.ErrVerify)
			require.ErrorContains(t, err, what+" is ")
		})
	}
	w := newWorld(t, inRecord)
	id := int64(mustDeclare(w, w.asset("1", picture(10))).Record.Node())
	stop := errors.New("killed")
	w.during(recsync.Intent, "write attributes", func() error { return stop })
	_, err := w.declare(w.version("1", 2, picture(20)))
	require.ErrorIs(t, err, stop)
	require.NoError(t, w.ecm.Corrupt(id, func(b []byte) []byte { b[3] ^= 1; return b }))
	_, err = w.declare(w.version("1", 2, picture(20)))
	require.ErrorIs(t, err, recsync.ErrDigest, "how much was sent is not known any more, so the bytes are read")
}

// TestR37_AVersionOfAGoneRecordStaysGone: nobody can tell any more whether the
// record held it.
func TestR37_AVersionOfAGoneRecordStaysGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, inRecord)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
	w.follow(store, recsync.FollowOptions{})
	w.ecm.Change(w.records()[0].ID, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	w.ecm.Forget()
	r := w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Zero(t, r.Declared)
	require.Empty(t, r.Quarantine, "it is skipped for good")
	require.Empty(t, w.writes(), "a replay does not bring back what was disposed of")
	_, err := w.declare(w.version("1", 2, picture(20)))
	require.ErrorIs(t, err, recsync.ErrDisposed)
}

// TestDeclareRecord_ThePlanOfAVersionIsWhatIsDone.
func TestDeclareRecord_ThePlanOfAVersionIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, inRecord)
	mustDeclare(w, w.asset("1", picture(10)))
	w.ecm.Forget()
	plan, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: w.version("1", 2, picture(20))})
	require.NoError(t, err)
	require.Empty(t, w.writes())
	require.Contains(t, plan.String(), "1. add version record acme/purchase/1/1/1")
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Len(t, receipt.Steps, len(plan.Steps))
	require.Len(t, w.writes(), len(plan.Steps), "what is done is what was planned")
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)

	c := w.config
	c.Policy.Change = recsync.ChangePolicy{NewVersion: "both", Fixed: "bend"}
	_, err = recsync.NewScope(c)
	require.ErrorContains(t, err, "change.new_version")
	require.ErrorContains(t, err, "change.fixed")
}

// TestR14_EachVersionInARecordHasEvidenceOfItsOwn: the newest package proves what
// the record holds now, the one before it what it held.
func TestR14_EachVersionInARecordHasEvidenceOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newProven(t, inRecord)
	first := w.bought("1", picture(10))
	w.attach(first)
	r, err := w.declare(w.version("1", 2, picture(20)))
	require.NoError(t, err)
	_, err = recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: first.Record, Approval: &records.Approval{}})
	require.ErrorIs(t, err, recsync.ErrEvidence)
	later := *first.Approval
	later.Reviewers = []string{"Lee Legal"}
	_, err = recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: first.Record, Approval: &later})
	require.ErrorIs(t, err, recsync.ErrDigest, "an approval of the version before is none of what the record holds now")
	w.attach(recsync.EvidenceRequest{Record: r.Record, Approval: r.Approval})
	doc := w.evidenceDocument()
	require.Equal(t, 2, doc.Versions)
	v := w.verified(w.storedBytes(doc.ID), evidence.VerifyOptions{
		Keys: []crypto.PublicKey{signerKey(1).Public()}, Trail: os.DirFS(w.trail.dir), TrailKeys: []ed25519.PublicKey{w.trail.key.Public().(ed25519.PublicKey)},
	})
	require.Equal(t, "acme/purchase/1/1/2", v.Record.String())
	require.Equal(t, records.DigestOf(picture(20)), v.Asset)
}
