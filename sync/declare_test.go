package sync_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

func TestDeclareRecord_FromNothingToFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.scope.Check(t.Context()))
	content := picture(5000)
	r, err := w.declare(w.asset("79468", content))
	require.NoError(t, err, "every step reads back what it wrote: bytes and attributes, class, schedule, record details with a fresh rm_metadataToken, finality")
	require.Equal(t, recsync.Created, r.Change)
	require.True(t, r.Final, "a declared record is final: finalize and read back")
	require.Equal(t, records.DigestOf(content).String(), r.Digest)
	list := w.records()
	require.Len(t, list, 1)
	n := list[0]
	require.Equal(t, int64(r.Record.Node()), n.ID)
	require.Equal(t, "MKT-07", n.RSI, "classifying brings the class's one schedule")
	require.Equal(t, "ACTIVE", n.FileStatus, "the record details carry the policy's status")
	require.True(t, n.Final, "the receipt says final, the server does not")
	require.Equal(t, content, w.storedBytes(n.ID))

	w.ecm.Forget()
	again, err := w.declare(w.assets("79468")[0])
	require.NoError(t, err, "what stands under the name is the record: look it up by name first")
	require.Equal(t, recsync.Unchanged, again.Change, "what stands under the name is the record: look it up by name first")
	require.Equal(t, r.Record.String(), again.Record.String())
	require.Empty(t, w.writes(), "a complete record is not written again")
}

// TestR1_AFinalRecordIsLeftAlone calls everything that could change or remove
// a final record's content: each is refused before anything is sent, and taken
// down in the journal.
func TestR1_AFinalRecordIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r, err := w.declare(w.asset("79468", picture(100)))
	require.NoError(t, err)
	require.True(t, r.Final, "a declared record is final: finalize and read back")
	id, c := r.Record.Node(), w.scope.ECM()
	calls := map[string]func(ctx context.Context) error{
		"Versions.Add": func(ctx context.Context) error {
			_, err := c.Versions.Add(ctx, id, ecm.NewVersion{FileName: "x.jpg", Content: strings.NewReader("other"), Size: 5})
			return err
		},
		"Versions.AddLarge": func(ctx context.Context) error {
			_, err := c.Versions.AddLarge(ctx, id, ecm.LargeVersion{NewVersion: ecm.NewVersion{FileName: "x.jpg", Content: strings.NewReader("other"), Size: 5}})
			return err
		},
		"Versions.Promote":  func(ctx context.Context) error { return c.Versions.Promote(ctx, id, 1, "newest again") },
		"Versions.Delete":   func(ctx context.Context) error { return c.Versions.Delete(ctx, id, 1) },
		"Versions.Purge":    func(ctx context.Context) error { return c.Versions.Purge(ctx, id, 1) },
		"RecycleBin.Purge":  func(ctx context.Context) error { return c.RecycleBin.Purge(ctx, []ecm.NodeID{id}) },
		"Nodes.Delete":      func(ctx context.Context) error { return c.Nodes.Delete(ctx, id) },
		"Nodes.Move":        func(ctx context.Context) error { return c.Nodes.Move(ctx, id, 2000) },
		"Categories.Remove": func(ctx context.Context) error { return c.Categories.Remove(ctx, id, ecm.NodeID(w.category)) },
		"RMClassifications.Remove": func(ctx context.Context) error {
			return c.RMClassifications.Remove(ctx, id, ecm.NodeID(w.class), "token")
		},
	}
	for name, call := range calls {
		w.ecm.Forget()
		before := len(w.journal.all())
		require.ErrorIs(t, call(t.Context()), ecm.ErrFinal, "%s changes or removes a final record", name)
		require.Empty(t, w.writes(), "%s was sent", name)
		entries := w.journal.all()[before:]
		require.Len(t, entries, 1, "%s was refused, and nobody will know", name)
		require.Equal(t, recsync.Refusal, entries[0].Kind)
		require.Equal(t, name, entries[0].Primitive)
		require.Equal(t, "node "+id.String(), entries[0].Target)
	}
	require.Equal(t, picture(100), w.storedBytes(int64(id)), "a final record's bytes changed")
}

// TestR2_ALostAnswerIsLookedUp: the upload happens, its answer never comes. It
// is found by its name and not sent a second time.
func TestR2_ALostAnswerIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.FaultKind{testserver.DropAfter, testserver.HTML, testserver.Truncate} {
		for name, size := range map[string]int{"small": 5000, "large": 6 << 20} {
			t.Run(fmt.Sprintf("%s, fault %d", name, kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, nil)
				a := w.asset("79468", picture(size))
				folder, err := w.config.ECM.Nodes.CreateFolder(t.Context(), ecm.NodeID(w.root), a.Key.Folder())
				require.NoError(t, err)
				w.ecm.Forget()
				w.ecm.Fail(testserver.Fault{Route: "POST /v2/nodes", Kind: kind})
				r, err := w.declare(a)
				require.NoError(t, err, "a write without a verdict is looked up by its name, and adopted")
				require.Equal(t, recsync.Created, r.Change)
				require.Equal(t, 1, w.ecm.Count("POST /v2/nodes"), "it was sent again: an unknown outcome is looked up, never blindly repeated")
				require.Len(t, w.records(), 1)
				require.Equal(t, int64(folder.ID), w.records()[0].Parent)
				require.True(t, w.records()[0].Final)
				require.Equal(t, r.Digest, w.value(w.records()[0], "Digest"), "the digest stands in the record itself, also of a content that was hashed while it went by")
				require.Equal(t, records.DigestOf(picture(size)).String(), r.Digest)
			})
		}
	}
}

// TestR2_ReplaysGiveOneRecord declares two assets again and again, in any order,
// with edited descriptions and lost answers in between.
func TestR2_ReplaysGiveOneRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	assets := []recsync.Asset{w.asset("1", picture(300)), w.asset("2", picture(400))}
	routes := []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "PUT /v1/rmclassifications/finalizerecords"}
	refs := map[string]bool{}
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		a := assets[dice.IntN(2)]
		a.Title, a.Project, a.FileName = fmt.Sprintf("Title %d", i), fmt.Sprintf("Campaign %d", i), fmt.Sprintf("name-%d.jpg", i)
		w.ecm.Fail(testserver.Fault{Route: routes[dice.IntN(3)], Kind: testserver.DropAfter})
		r, err := w.declare(a)
		require.NoError(t, err, "replay %d: folder and record are found by name, and what is there is taken over", i)
		refs[r.Record.String()] = true
	}
	require.Len(t, w.records(), 2, "one record for a key, however often it comes")
	require.Len(t, refs, 2, "one identifier for a key, whatever its title, campaign or file name")
}

func TestR2_ParallelCallsGiveOneRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(3000))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.declare(a) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err, "whoever comes second looks again: at the name, and at the record details with a fresh rm_metadataToken")
	}
	require.Len(t, w.records(), 1)
	require.True(t, w.records()[0].Final)
}

// TestR2_OtherBytesUnderTheSameVersionAreRefused, whether the caller names
// their digest or the policy has the source read again.
func TestR2_OtherBytesUnderTheSameVersionAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Reread = true })
	a := w.asset("79468", picture(3000))
	_, err := w.declare(a)
	require.NoError(t, err)
	again, err := w.declare(a)
	require.NoError(t, err)
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, string(recsync.VerifyFull), again.Verified, "Reread reads source and record whole")

	named := a
	named.Digest = records.DigestOf([]byte("other"))
	_, err = w.declare(named)
	require.ErrorIs(t, err, recsync.ErrDigest, "a digest that the request names is compared with the record's: other bytes under the same version are refused")

	// The vendor serves other bytes under version 1.
	require.NoError(t, w.smint.Emit(w.purchase("79468", nil).Payload(), w.file("79468", "1", picture(3001))))
	_, err = w.declare(a)
	require.ErrorIs(t, err, recsync.ErrDigest, "Reread compares the source's bytes with the record's, whatever digest it carries")
	require.Len(t, w.records(), 1)
	require.Equal(t, picture(3000), w.storedBytes(w.records()[0].ID))
}

func TestR3_NoClassNoRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].ContentTypes = []string{"video"} })
	a := w.asset("79468", picture(100))
	w.ecm.Forget()
	_, err := w.declare(a)
	require.ErrorIs(t, err, recsync.ErrUnclassified, "an asset that no class rule fits is not declared, and no default class taken for it")
	require.ErrorContains(t, err, `content type "image"`, "it says what no rule fits")
	require.Empty(t, w.writes())
}

func TestR4_AClassNeedsExactlyOneSchedule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rsis  []string
		named string
		want  string
	}{
		{rsis: nil},
		{rsis: []string{"MKT-07", "MKT-10"}},
		{rsis: []string{"MKT-07", "MKT-10"}, named: "HR-01"},
		{rsis: []string{"MKT-07", "MKT-10"}, named: "MKT-10", want: "MKT-10"},
		{rsis: []string{"MKT-07"}, want: "MKT-07"},
	} {
		t.Run(fmt.Sprint(tc.rsis, tc.named), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].Schedule = tc.named })
			w.ecm.SetRSIs(w.class, tc.rsis...)
			a := w.asset("79468", picture(100))
			w.ecm.Forget()
			r, err := w.declare(a)
			if tc.want == "" {
				require.ErrorIs(t, err, recsync.ErrSchedule, "a class without exactly one schedule declares nothing")
				require.Empty(t, w.writes())
				require.Empty(t, w.records())
				require.ErrorIs(t, w.scope.Check(t.Context()), recsync.ErrSetup)
				return
			}
			require.NoError(t, err, "the schedule that the policy names is assigned, also where the class brings another one")
			require.Equal(t, tc.want, r.After.Schedule)
			require.Equal(t, tc.want, w.records()[0].RSI, "the record stands under another schedule than the receipt says")
		})
	}
}

// TestR4_TheScheduleIsReadBackBeforeAnythingIsFinal: the class has one schedule when the plan is
// made, and another one when the record has it.
func TestR4_TheScheduleIsReadBackBeforeAnythingIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(100))
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent && e.Step == "classify" {
			w.ecm.SetRSIs(w.class)
		}
		return nil
	}
	r, err := w.declare(a)
	require.Error(t, err, "a record without its schedule is not declared")
	require.Equal(t, recsync.Incomplete, r.Change)
	require.False(t, w.records()[0].Final, "it became final before its schedule was read back")
}

// TestR4_AnAssignmentThatDidNothingIsNoticed: the server answers 200 and keeps
// the schedule it had. The record must not become final under it.
func TestR4_AnAssignmentThatDidNothingIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].Schedule = "MKT-10" })
	w.ecm.SetRSIs(w.class, "MKT-07", "MKT-10")
	a := w.asset("79468", picture(100))
	w.ecm.Fail(testserver.Fault{Route: "POST /v1/nodes/{id}/rmclassifications/{class}/rsis", Times: -1, Status: 200, Body: "{}"})
	r, err := w.declare(a)
	require.ErrorIs(t, err, recsync.ErrVerify, "the schedule is read back")
	require.ErrorIs(t, err, recsync.ErrSchedule, "the record stands under another schedule")
	require.Equal(t, recsync.Incomplete, r.Change)
	require.False(t, w.records()[0].Final, "it became final under the wrong schedule")
}

// TestP4_HostileFileNames: a file name is foreign text, and never becomes a
// path, a header or a deception.
func TestP4_HostileFileNames(t *testing.T) {
	t.Parallel()
	for hostile, want := range map[string]string{
		"../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "a\r\nX-Evil: 1.jpg": "aX-Evil_ 1.jpg", "gpj\u202egpj.exe": "gpjgpj.exe",
		"..": "content", "": "content", strings.Repeat("ä", 300) + ".jpeg": strings.Repeat("ä", 115) + ".jpeg", "con<1>|?.png": "con_1___.png", "nul\x00.gif": "nul.gif",
	} {
		w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Mandatory = []recsync.Field{recsync.FieldTitle} })
		a := w.asset("1", picture(10))
		a.FileName = hostile
		_, err := w.declare(a)
		require.NoError(t, err, "a hostile file name hinders no record: %q", hostile)
		require.Equal(t, want, w.records()[0].FileName, "a file name becomes no path, header or deception: %q", hostile)
		require.Equal(t, a.Key.NodeName(), w.records()[0].Name)
	}
}

func TestR5_MismatchingBytesAreNoRecord(t *testing.T) {
	t.Parallel()
	t.Run("the download breaks off", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{5000, 6 << 20} {
			w := newWorld(t, nil)
			file := w.file("1", "1", picture(size))
			file.BreakAfter, file.NoRanges = 1000, true
			require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), file))
			_, err := w.declare(w.assets("1")[0])
			require.ErrorIs(t, err, recsync.ErrDigest, "a download that ends early is not the content")
			require.Empty(t, w.ecm.Documents(), "a part of the content was stored")
		}
	})
	t.Run("the digest is another one", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{5000, 6 << 20} {
			w := newWorld(t, nil)
			a := w.asset("1", picture(size))
			a.Digest = records.DigestOf([]byte("what was approved"))
			_, err := w.declare(a)
			require.ErrorIs(t, err, recsync.ErrDigest)
			require.Empty(t, w.ecm.Documents(), "%d bytes", size)
		}
	})
	for _, mode := range []recsync.VerifyMode{recsync.VerifySize, recsync.VerifyFull} {
		t.Run("what is stored differs, verified by "+string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Verify.Mode = mode })
			w.journal.refuse = func(e recsync.JournalEntry) error {
				if e.Kind == recsync.Outcome && e.Step == "upload" {
					return w.ecm.Corrupt(w.records()[0].ID, func(b []byte) []byte {
						if mode == recsync.VerifySize {
							return b[:len(b)-1]
						}
						b[0] ^= 1
						return b
					})
				}
				return nil
			}
			_, err := w.declare(w.asset("1", picture(5000)))
			require.ErrorIs(t, err, recsync.ErrDigest, "what is stored is compared with what was sent")
			require.ErrorIs(t, err, recsync.ErrVerify)
			require.Empty(t, w.ecm.Documents(), "bytes that differ are removed: they are no record")
		})
	}
}

func TestR6_EverythingMissingIsListedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Mandatory = append(recsync.DefaultMandatory(), recsync.FieldProject, recsync.FieldDescription)
	})
	require.NoError(t, w.smint.Emit(w.purchase("1", testserver.SmintJSON{
		"project_name": nil, "state": "downloading", "content_element": testserver.SmintJSON{"description": nil, "name": nil},
	}).Payload(), w.file("1", "1", picture(10))))
	a := w.assets("1")[0]
	w.ecm.Forget()
	_, err := w.declare(a)
	require.ErrorIs(t, err, recsync.ErrMetadata, "everything that is missing is said at once: mandatory metadata refuses the record, whatever else does")
	require.ErrorIs(t, err, recsync.ErrNotApproved, "and the other reasons beside it")
	for _, field := range []string{"title", "project", "description", "approved_by"} {
		require.ErrorContains(t, err, field)
	}
	require.Empty(t, w.writes())
}

// TestR7_CaptureMetadata: content, structure, context, relations, identifiers,
// and who did what when, all stand in the record itself.
func TestR7_CaptureMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r, err := w.declare(w.asset("79468", picture(100)))
	require.NoError(t, err, "the attributes go in with the bytes, in one call, and are read back")
	n := w.records()[0]
	for name, want := range map[string]string{
		"Title": "Picture 79468", "Media type": "image/jpeg", "Content type": "image", "Size": "100", "File name": "79468_1_picture.jpg",
		"Record key": "acme/purchase/79468/1/1", "Asset ID": "79468", "Binary ID": "1", "Asset version": "1", "Digest": r.Digest,
		"Approved by": r.Approval.Person, "Approved on": r.Approval.At.UTC().Format(time.DateOnly), "Approval source": "purchase",
		"Declared by": "github.com/smintecm/sdk", "Policy": "test-1", "Rights Status": "allowed", "License Type": "royalty_free",
	} {
		require.Equal(t, want, w.value(n, name), "%s is missing from the record: what is known at capture is written with it", name)
	}
	require.NotEmpty(t, w.value(n, "Project"))
	require.NotEmpty(t, w.value(n, "Licensee"))
	require.NotEmpty(t, w.value(n, "Purchased on"))
}

// approvals is an integrator's own source.
type approvals func(a recsync.Asset) (records.Approval, error)

func (f approvals) Approval(_ context.Context, a recsync.Asset) (records.Approval, error) {
	return f(a)
}

func TestR8_OnlyAnApprovedVersionIsDeclared(t *testing.T) {
	t.Parallel()
	approved := func(a recsync.Asset) records.Approval {
		return records.Approval{Source: records.ApprovalByIntegrator, Asset: a.Key, Person: "Legal", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Raw: []byte(`{"ok":true}`)}
	}
	other := records.MustRecordKey("acme/purchase/79468/1/9")
	cases := map[string]struct {
		answer approvals
		want   error
	}{
		"approved":             {func(a recsync.Asset) (records.Approval, error) { return approved(a), nil }, nil},
		"nobody approved":      {func(recsync.Asset) (records.Approval, error) { return records.Approval{}, recsync.ErrNotApproved }, recsync.ErrNotApproved},
		"the answer is empty":  {func(recsync.Asset) (records.Approval, error) { return records.Approval{}, nil }, recsync.ErrNotApproved},
		"for another version":  {func(a recsync.Asset) (records.Approval, error) { p := approved(a); p.Asset = other; return p, nil }, recsync.ErrNotApproved},
		"without a raw answer": {func(a recsync.Asset) (records.Approval, error) { p := approved(a); p.Raw = nil; return p, nil }, recsync.ErrNotApproved},
		"for other bytes": {func(a recsync.Asset) (records.Approval, error) {
			p := approved(a)
			p.Digest = records.DigestOf([]byte("x"))
			return p, nil
		}, recsync.ErrDigest},
		"the source is down": {func(recsync.Asset) (records.Approval, error) { return records.Approval{}, context.DeadlineExceeded }, context.DeadlineExceeded},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *recsync.ScopeConfig) {
				c.Policy.Approval = records.ApprovalRule{Source: records.ApprovalByIntegrator}
				c.Approvals = tc.answer
			})
			r, err := w.declare(w.asset("79468", picture(100)))
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want, "only what was approved, in this version and with these bytes, becomes a record")
				require.Empty(t, w.ecm.Documents())
				return
			}
			require.NoError(t, err)
			require.Equal(t, records.DigestOf(picture(100)), r.Approval.Digest, "bound to the bytes seen")
			require.Equal(t, "Legal", w.value(w.records()[0], "Approved by"))
		})
	}
}

func TestR8_APurchaseApprovesOnlyWhenItIsCompleted(t *testing.T) {
	t.Parallel()
	for name, patch := range map[string]testserver.SmintJSON{
		"downloading": {"state": "downloading"}, "unknown state": {"state": "signed_off"}, "no state": {"state": nil},
		"nobody": {"purchased_by_user_name": nil, "purchased_by_user_uuid": nil}, "no date": {"completed_at": nil, "purchased_at": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.buy("1", picture(10), patch)
			_, err := w.declare(w.assets("1")[0])
			require.ErrorIs(t, err, recsync.ErrNotApproved)
			require.Empty(t, w.ecm.Documents())
		})
	}
}

// TestR9_InterruptedAnywhereItIsCompleted breaks the way at each write, in each
// manner, and calls again: one final record results, and whatever stood in
// between was reported as incomplete.
func TestR9_InterruptedAnywhereItIsCompleted(t *testing.T) {
	t.Parallel()
	faults := map[string]testserver.Fault{
		"refused":     {Kind: testserver.Refuse, Status: 500, Body: `{"error":"Out of order"}`},
		"lost before": {Kind: testserver.DropBefore},
		"lost after":  {Kind: testserver.DropAfter},
		"gateway":     {Kind: testserver.RefuseAfter, Status: 504, Body: "timed out"},
	}
	routes := []string{
		"POST /v2/nodes", "PUT /v2/nodes/{id}/categories/{category}", "POST /v1/nodes/{id}/rmclassifications",
		"PUT /v1/rmclassifications/finalizerecords", "GET /v1/nodes/{id}/rmclassifications", "GET /v2/nodes/{id}", "GET /v2/nodes/{id}/nodes",
	}
	for manner, fault := range faults {
		for _, route := range routes {
			for skip := range 3 {
				t.Run(fmt.Sprintf("%s at %s after %d", manner, route, skip), func(t *testing.T) {
					t.Parallel()
					f := fault
					f.Route, f.Skip, f.Times = route, skip, 9
					for _, size := range []int{5000, 2 << 20} {
						synctest.Test(t, func(t *testing.T) { interrupted(t, f, size) })
					}
				})
			}
		}
	}
}

func interrupted(t *testing.T, fault testserver.Fault, size int) {
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.SmallLimit = 1 << 20 })
	a := w.asset("79468", picture(size))
	w.ecm.Fail(fault)
	r, err := w.declare(a)
	if err != nil && len(w.records()) > 0 && !r.Record.IsZero() {
		require.Equal(t, recsync.Incomplete, r.Change, "what stands is reported")
	}
	w.ecm.Heal()
	w.scope = w.newScope()
	r, err = w.declare(a)
	require.NoError(t, err, "called again, it continues from what the interruption left")
	require.True(t, r.Final)
	list := w.records()
	require.Len(t, list, 1)
	require.True(t, list[0].Final)
	require.Equal(t, records.DigestOf(picture(size)).Hex(), list[0].SHA256, "an upload that broke off was taken for the whole content")
	require.Equal(t, r.Digest, w.value(list[0], "Digest"))
	folders := 0
	for _, n := range w.ecm.Nodes() {
		if n.Parent == w.root {
			folders++
		}
	}
	require.Equal(t, 1, folders)
}

// TestR9_AMissingPrivilegeLeavesAnIncompleteRecordThatIsReported: the user may
// store and not classify, or not finalize. It is said so, and completed once an
// administrator has granted it.
func TestR9_AMissingPrivilegeLeavesAnIncompleteRecordThatIsReported(t *testing.T) {
	t.Parallel()
	for _, privilege := range []string{"classify", "finalize"} {
		w := newWorld(t, nil)
		a := w.asset("79468", picture(10))
		w.ecm.Deny(w.ecm.Options().User, privilege)
		r, err := w.declare(a)
		require.ErrorIs(t, err, ecm.ErrDenied, "a user who may not %s is told so", privilege)
		require.NotContains(t, w.writes(), map[string]string{
			"classify": "POST /v1/nodes/{id}/rmclassifications", "finalize": "PUT /v1/rmclassifications/finalizerecords",
		}[privilege], "the record details say that the user may not %s: it is not tried", privilege)
		require.Equal(t, recsync.Incomplete, r.Change)
		require.Len(t, w.records(), 1)
		require.Equal(t, privilege == "finalize", w.records()[0].Class != 0, "what may not be classified is no record")
		require.False(t, w.records()[0].Final)
		w.ecm.Deny(w.ecm.Options().User)
		r, err = w.declare(a)
		require.NoError(t, err)
		require.Equal(t, recsync.Changed, r.Change)
		require.True(t, w.records()[0].Final)
	}
}

func TestR10_TimesAreMonotoneAndTheSkewIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(10))
	w.clock.Move(7 * time.Minute)
	r, err := w.declare(a)
	require.NoError(t, err)
	require.InDelta(t, 7*time.Minute, r.ClockSkew, float64(3*time.Second), "how far the server's clock is from ours is recorded")
	require.WithinDuration(t, time.Now(), r.At, time.Minute, "the receipt's time is ours")
	var last time.Time
	for _, e := range w.journal.all() {
		require.False(t, e.Time.Before(last), "times in the journal never go back")
		last = e.Time
	}
}

// TestR36_TemporaryFilesAreOursAloneAndGo: a source that names no length is
// spooled to a file that only we can read and that is gone on every way out.
func TestR36_TemporaryFilesAreOursAloneAndGo(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, nil)
	t.Setenv("TMPDIR", dir)
	modes := map[os.FileMode]bool{}
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent && e.Step == "upload" {
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, f := range entries {
				if !strings.HasPrefix(f.Name(), "smintecm-") {
					continue // the fakes' own
				}
				info, err := f.Info()
				require.NoError(t, err)
				modes[info.Mode().Perm()] = true
			}
		}
		return nil
	}
	spool := func(uuid string, change func(*testserver.SmintBinary)) recsync.Asset {
		file := w.file(uuid, "1", picture(200_000))
		file.Chunked = true
		change(&file)
		require.NoError(t, w.smint.Emit(w.purchase(uuid, nil).Payload(), file))
		return w.assets(uuid)[0]
	}
	a := spool("1", func(*testserver.SmintBinary) {})
	r, err := w.declare(a)
	require.NoError(t, err)
	require.Equal(t, int64(200_000), r.Size)
	require.Equal(t, map[os.FileMode]bool{0o600: true}, modes, "it was spooled, for us alone")

	_, err = w.declare(spool("2", func(b *testserver.SmintBinary) { b.BreakAfter = 100_000 }))
	require.Error(t, err)
	b := spool("3", func(*testserver.SmintBinary) {})
	w.ecm.Fail(testserver.Fault{Route: "POST /v2/nodes", Skip: 1, Times: -1, Status: http.StatusForbidden, Body: `{"error":"Insufficient Permissions"}`})
	_, err = w.declare(b)
	require.Error(t, err)
	left, err := filepath.Glob(filepath.Join(dir, "smintecm-*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files are removed on every way out")
}

func TestR36_TheDownloadsErrorIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	file := w.file("1", "1", picture(10_000))
	file.BreakAfter, file.NoRanges = 100, true
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), file))
	_, err := w.declare(w.assets("1")[0])
	require.ErrorIs(t, err, smint.ErrTruncated)
}
