package sync_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// overwrite changes an attribute of a node, as another user of the server may.
func (w *world) overwrite(id int64, name, value string) error {
	return w.config.ECM.Categories.Update(w.t.Context(), ecm.NodeID(id), ecm.NodeID(w.category), ecm.CategoryValues{w.attribute(name): ecm.Text(value)})
}

// during does something once at an entry of the journal.
func (w *world) during(kind recsync.EntryKind, step string, do func() error) {
	done := false
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if done || e.Kind != kind || e.Step != step {
			return nil
		}
		done = true
		return do()
	}
}

// TestR5_WhatIsStoredIsReadBack: the server's 200 proves nothing. What it then
// shows is compared, before the upload becomes a record.
func TestR5_WhatIsStoredIsReadBack(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(w *world, id int64) error{
		"parent": func(w *world, id int64) error {
			w.ecm.Change(id, func(_ *string, parent *int64, _ *bool) { *parent = w.root })
			return nil
		},
		"name": func(w *world, id int64) error {
			w.ecm.Change(id, func(name *string, _ *int64, _ *bool) { *name = "another name" })
			return nil
		},
		"key":    func(w *world, id int64) error { return w.overwrite(id, "Record key", "acme/purchase/2/1/1") },
		"digest": func(w *world, id int64) error { return w.overwrite(id, "Digest", "sha256:00") },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			a := w.asset("1", picture(10))
			w.during(recsync.Outcome, "upload", func() error { return change(w, w.ecm.Documents()[0].ID) })
			_, err := w.declare(a)
			require.ErrorIs(t, err, recsync.ErrVerify, "the %s of what is stored is read back before it becomes a record", field)
			require.ErrorContains(t, err, field+" is ")
			require.Empty(t, w.ecm.Documents(), "what is stored otherwise than meant is removed: it is no record")
		})
	}
}

// TestR2_AFolderThatSomebodyElseMakes between the look and the creation is
// taken as it is.
func TestR2_AFolderThatSomebodyElseMakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("1", picture(10))
	var folder int64
	w.during(recsync.Intent, "create folder", func() error { folder = w.ecm.AddFolder(w.root, a.Key.Folder()); return nil })
	_, err := w.declare(a)
	require.NoError(t, err, "a folder's name that is taken meanwhile is the folder")
	require.Equal(t, folder, w.records()[0].Parent)
}

// TestR7_RecordDetailsGoInWithTheClass: what the policy says, and the day.
func TestR7_RecordDetailsGoInWithTheClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.FileStatus, c.Policy.Essential, c.Policy.Storage = "CLOSED", "VR", "DIG"
	})
	r, err := w.declare(w.asset("1", picture(10)))
	require.NoError(t, err, "the record details carry the policy's status, essential and storage, and are read back")
	details, err := w.config.ECM.RMClassifications.Get(t.Context(), r.Record.Node())
	require.NoError(t, err)
	e := details.Primary()
	require.Equal(t, "CLOSED VR DIG", e.Status+" "+e.Essential+" "+e.Storage, "the record details carry the policy's status, essential and storage")
	require.Equal(t, w.clock.Now().UTC().Format("2006-01-02"), e.RecordDate.Format("2006-01-02"), "retention counts from the record date: it is the day of the declaration")
}

// TestR9_WhatAServerConfirmsAndDoesNotDoIsNoticed: it answers 200 and the
// record is not classified, or not final.
func TestR9_WhatAServerConfirmsAndDoesNotDoIsNoticed(t *testing.T) {
	t.Parallel()
	for step, route := range map[string]string{
		"classification": "POST /v1/nodes/{id}/rmclassifications", "finalization": "PUT /v1/rmclassifications/finalizerecords",
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			a := w.asset("1", picture(10))
			w.ecm.Fail(testserver.Fault{Route: route, Times: -1, Status: 200, Body: "{}"})
			r, err := w.declare(a)
			require.ErrorIs(t, err, recsync.ErrVerify, "a %s that did nothing is noticed: it is read back", step)
			require.Equal(t, recsync.Incomplete, r.Change)
			require.False(t, r.Final, "the receipt says what reads back")
			w.ecm.Heal()
			r, err = w.declare(a)
			require.NoError(t, err, "called again, it goes on")
			require.True(t, r.Final)
		})
	}
}

// TestDeclareRecord_WhatIsFinalIsComparedWithWhatWasMeant: somebody else
// changes the details right before the record is final.
func TestDeclareRecord_WhatIsFinalIsComparedWithWhatWasMeant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("1", picture(10))
	w.during(recsync.Intent, "finalize", func() error {
		id, c := ecm.NodeID(w.records()[0].ID), w.config.ECM.RMClassifications
		details, err := c.Get(t.Context(), id)
		require.NoError(t, err)
		return c.Update(t.Context(), id, ecm.RecordUpdate{Token: details.Token, Status: "CLOSED"})
	})
	_, err := w.declare(a)
	require.ErrorIs(t, err, recsync.ErrVerify, "class, schedule and status are read back when the record is final")
	require.ErrorContains(t, err, "status is ")
}

// TestDeclareRecord_KeptOpenWhereThePolicySaysSo: nothing is finalized, and the
// receipt does not say so.
func TestDeclareRecord_KeptOpenWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	a := w.asset("1", picture(10))
	for _, want := range []recsync.Change{recsync.Created, recsync.Unchanged} {
		r := mustDeclare(w, a)
		require.Equal(t, want, r.Change)
		require.False(t, r.Final, "the receipt says what reads back: the record is open")
	}
	require.False(t, w.records()[0].Final, "a policy that keeps records open finalizes none")
}

// TestR9_AnUploadThatWasCutOffIsSentAnew: a node carries the key, no digest, and
// not all of the bytes. It is no record yet, so it is removed and not kept.
func TestR9_AnUploadThatWasCutOffIsSentAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	content := picture(5000)
	a := w.asset("1", content)
	cut, err := w.config.ECM.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: ecm.NodeID(w.ecm.AddFolder(w.root, a.Key.Folder())), Name: a.Key.NodeName(), Content: bytes.NewReader(content[:1234]), Size: 1234,
		Categories: ecm.CategoryValues{w.attribute("Record key"): ecm.Text(a.Key.String())},
	})
	require.NoError(t, err)
	r, err := w.declare(a)
	require.NoError(t, err)
	require.NotEqual(t, cut.ID, r.Record.Node(), "an upload that was cut off was taken for the content")
	require.Len(t, w.records(), 1, "what was cut off is removed")
	require.Equal(t, content, w.storedBytes(int64(r.Record.Node())), "the content is sent anew, whole")
	require.True(t, r.Final)
}

// contents is a source that announces a length of its own.
type contents struct {
	content []byte
	size    int64
}

func (c contents) Open(context.Context, recsync.Asset) (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(c.content)), c.size, nil
}

// TestR5_ASourceThatGivesAnotherLengthIsRefused, more or less than it announces,
// hashed before it is sent or while it goes by.
func TestR5_ASourceThatGivesAnotherLengthIsRefused(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1 << 20, 1} {
		for _, size := range []int64{999, 1001} {
			w := newWorld(t, func(c *recsync.ScopeConfig) {
				c.Contents, c.Policy.SmallLimit = contents{picture(1000), size}, limit
			})
			a := w.asset("1", picture(1000))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			// More often than there are buffers: what a broken source took is given back.
			for range 6 {
				_, err := recsync.DeclareRecord(ctx, w.scope, recsync.DeclareRequest{Asset: a})
				require.ErrorIs(t, err, recsync.ErrDigest, "1000 bytes from a source that announced %d are not the content", size)
			}
			cancel()
			require.Empty(t, w.ecm.Documents())
		}
	}
}

// TestR2_AWriteThatNeverArrivedIsSentAgain: its outcome is unknown too, so it is
// looked for, not found, and sent again within the same call.
func TestR2_AWriteThatNeverArrivedIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "PUT /v1/rmclassifications/finalizerecords"} {
		for _, kind := range []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter} {
			w := newWorld(t, nil)
			a := w.asset("1", picture(10))
			w.ecm.AddFolder(w.root, a.Key.Folder())
			w.ecm.Fail(testserver.Fault{Route: route, Kind: kind})
			r, err := w.declare(a)
			require.NoError(t, err, "%s without a verdict: it is looked up, and sent again only if it had not happened", route)
			require.True(t, r.Final)
			require.Len(t, w.records(), 1)
			require.Equal(t, map[testserver.FaultKind]int{testserver.DropBefore: 2, testserver.DropAfter: 1}[kind], w.ecm.Count(route), "%s was sent another number of times than it had to be", route)
		}
	}
}

// TestR2_ANamedDigestIsComparedWithTheRecords, also where the source is not
// read again.
func TestR2_ANamedDigestIsComparedWithTheRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("1", picture(10))
	mustDeclare(w, a)
	a.Digest = records.DigestOf([]byte("other"))
	_, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: a})
	require.ErrorIs(t, err, recsync.ErrDigest, "other bytes under the same version are refused, by their digest alone")
	a.Digest = records.DigestOf(picture(10))
	require.Equal(t, recsync.Unchanged, mustDeclare(w, a).Change)
}

// TestR5_ARecordWhoseDigestIsGoneIsNotReplaced: a node that has a class is a
// record. Other bytes than the source's are then refused, and never taken for an
// upload that broke off.
func TestR5_ARecordWhoseDigestIsGoneIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	a := w.asset("1", picture(5000))
	r := mustDeclare(w, a)
	id := int64(r.Record.Node())
	require.NoError(t, w.overwrite(id, recsync.DefaultAttributes()[recsync.FieldDigest], ""))
	require.NoError(t, w.ecm.Corrupt(id, func(b []byte) []byte { b[0] ^= 1; return b }))
	w.ecm.Forget()
	_, err := w.declare(a)
	require.ErrorIs(t, err, recsync.ErrDigest)
	require.ErrorContains(t, err, "under the same version, the record")
	require.Empty(t, w.writes(), "a record was written to, or taken away")

	// Where the bytes are the source's, the digest is written again.
	require.NoError(t, w.ecm.Corrupt(id, func(b []byte) []byte { b[0] ^= 1; return b }))
	again := mustDeclare(w, a)
	require.Equal(t, r.Digest, again.Digest)
	n, found := w.ecm.Node(id)
	require.True(t, found)
	require.Equal(t, r.Digest, w.value(n, recsync.DefaultAttributes()[recsync.FieldDigest]))
}
