package smint_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
)

// TestMemoryTokenStore_ShowsNoToken, however it is printed.
func TestMemoryTokenStore_ShowsNoToken(t *testing.T) {
	t.Parallel()
	s := smint.NewMemoryTokenStore()
	require.NoError(t, s.Swap(t.Context(), "", smint.Tokens{AccessToken: "canary-access", RefreshToken: "canary-refresh"}))
	kept, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "canary-refresh", kept.RefreshToken.Reveal())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, s), "canary", "%s of the store shows a token", verb)
	}
}
