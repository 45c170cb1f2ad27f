package evidence

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestP5_AZipHasAFolderOfItsOwn: one that is written as ever, but with the root
// for its folder ("/data/asset"), would lay its files there for whoever unpacks
// it.
func TestP5_AZipHasAFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/v1/enclosing.zip")
	require.NoError(t, err)
	packed := zipSource{r: bytes.NewReader(b), size: int64(len(b))}
	entries, _, err := packed.directory()
	require.NoError(t, err)
	again := func(base string) *Verification {
		var out bytes.Buffer
		sink := zipSink{w: &out, base: base}
		for _, e := range entries {
			_, name, _ := strings.Cut(e.name, "/")
			at := e.offset + int64(len(e.local()))
			require.NoError(t, sink.put(name, e.size, bytes.NewReader(b[at:at+e.size])))
		}
		require.NoError(t, sink.finish())
		v, err := VerifyZip(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len()), VerifyOptions{})
		require.NoError(t, err)
		return v
	}
	base, _, _ := strings.Cut(entries[0].name, "/")
	require.NoError(t, again(base).Err())
	for _, other := range []string{"", ".", "..", "a\\b", "con:"} {
		v := again(other)
		require.ErrorIs(t, v.Err(), ErrPath, "%q", other)
		require.ErrorIs(t, v.Checks[0].Err, ErrPath, "%q: the container is refused", other)
	}
}
