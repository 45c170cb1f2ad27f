package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeclare_PrintsTheRecord(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `created 79401-1-v1 [040c48e120f7d8ee]: MKT-07, final=true
sha256:35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8
rights: allowed
`, out.String())
}
