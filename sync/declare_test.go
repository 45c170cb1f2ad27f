package sync_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

func TestDeclareRecord_FromNothingToFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.scope.Check(t.Context()))
	content := picture(5000)
	r, err := w.declare(w.asset("79468", content))
	require.NoError(t, err)
	require.Equal(t, recsync.Created, r.Change)
	require.True(t, r.Final)
	require.Equal(t, records.DigestOf(content).String(), r.Digest)
	list := w.records()
	require.Len(t, list, 1)
	n := list[0]
	require.Equal(t, r.Record.Node().String(), "41"+r.Record.Node().String()[2:])
	require.Equal(t, "MKT-07", n.RSI)
	require.True(t, n.Final)
	require.Equal(t, content, w.storedBytes(n.ID))
	again, err := w.declare(w.assets("79468")[0])
	require.NoError(t, err)
	require.Equal(t, recsync.Unchanged, again.Change)
}
