package sync_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

func TestScope_RecordsAreReadFromECMAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, uuid := range []string{"501", "502", "503"} {
		w.buy(uuid, picture(200), nil)
	}
	_, err := recsync.FollowPurchases(t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.NoError(t, err)
	// A stranger's document in one of the folders is no record.
	folder, err := w.config.ECM.Nodes.FindChild(t.Context(), ecm.NodeID(w.root), w.assets("501")[0].Key.Folder())
	require.NoError(t, err)
	_, err = w.ecm.AddDocument(int64(folder.ID), "minutes.txt", []byte("x"))
	require.NoError(t, err)

	scope := w.newScope() // it knows nothing yet
	seen := map[string]recsync.StoredRecord{}
	for r, err := range scope.Records(t.Context()) {
		require.NoError(t, err)
		seen[r.Record.Key().Item()] = r
	}
	require.Len(t, seen, 3, "each record is met once, and nothing else")
	r := seen["502"]
	require.False(t, r.Gone())
	require.NotZero(t, r.Rights, "the rights document belongs to its record")
	require.Equal(t, "Picture 502", r.Field(recsync.FieldTitle))
	require.EqualValues(t, 200, r.Size)
	require.Len(t, r.Documents(), 2)

	one, err := scope.Record(t.Context(), r.Record.Key())
	require.NoError(t, err)
	require.Equal(t, r.Record, one.Record)

	_, err = scope.Record(t.Context(), records.MustRecordKey("acme/purchase/999/1/1"))
	require.ErrorIs(t, err, ecm.ErrNotFound)
	_, err = scope.Record(t.Context(), records.MustRecordKey("other/purchase/501/1/1"))
	require.ErrorIs(t, err, recsync.ErrForeignScope, "a key of another scope is refused before any I/O")
}
