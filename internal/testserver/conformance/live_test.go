//go:build live

package conformance

import (
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// TestLive_KeepsTheContract runs every check against the server that the
// environment names; see the package comment.
func TestLive_KeepsTheContract(t *testing.T) {
	id := func(name string) ecm.NodeID {
		n, err := strconv.ParseInt(os.Getenv(name), 10, 64)
		require.NoError(t, err, "%s is %q, want a node id", name, os.Getenv(name))
		return ecm.NodeID(n)
	}
	s := &ContentServer{
		URL: os.Getenv("ECM_URL"), User: os.Getenv("ECM_USER"), Password: ecm.Secret(os.Getenv("ECM_PASSWORD")),
		Root: id("ECM_ROOT"), Category: id("ECM_CATEGORY"), Class: id("ECM_CLASS"), HoldType: os.Getenv("ECM_HOLD_TYPE"), Xref: os.Getenv("ECM_XREF"),
	}
	require.NoError(t, s.Open(t.Context(), "conformance "+time.Now().UTC().Format("2006-01-02T15.04.05")))
	for _, check := range Checks() {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), s)
			if errors.Is(err, ErrSkip) {
				t.Skip(err)
			}
			require.NoError(t, err)
		})
	}
}
