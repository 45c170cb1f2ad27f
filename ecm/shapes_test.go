package ecm_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// describedShapes has the fake wrap its answers as the published descriptions
// have it, instead of as servers were seen to send them.
const describedShapes = "ECM_TEST_DESCRIBED_SHAPES"

// TestShapes_AsSeenOrAsDescribed: the whole suite holds against both forms of
// answer, so it runs a second time in a process of its own.
func TestShapes_AsSeenOrAsDescribed(t *testing.T) {
	t.Parallel()
	if os.Getenv(describedShapes) != "" {
		t.Skip("this is the second run")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^Test")
	cmd.Env = append(os.Environ(), describedShapes+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
