package sync_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
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
	r := mustDeclare(w, w.asset("1", picture(10)))
	details, err := w.config.ECM.RMClassifications.Get(t.Context(), r.Record.Node())
	require.NoError(t, err)
	e := details.Primary()
	require.Equal(t, "CLOSED VR DIG", e.Status+" "+e.Essential+" "+e.Storage, "the record details carry the policy's status, essential and storage")
	require.Equal(t, w.clock.Now().UTC().Format("2006-01-02"), e.RecordDate.Format("2006-01-02"), "retention counts from the record date: it is the day of the declaration")
}
