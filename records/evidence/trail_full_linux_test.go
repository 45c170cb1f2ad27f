package evidence_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

const fullDiskDir = "PEOPLE_FULL_DISK_DIR"

// TestFullDiskProcess is the process of TestR55_AFullDiskTearsNoOtherPerson: it
// may write no file that is longer than so many bytes, until it may again.
func TestFullDiskProcess(t *testing.T) { //nolint:paralleltest // the limit is one of the process.
	dir := os.Getenv(fullDiskDir)
	if dir == "" {
		t.Skip("runs as a process of its own")
	}
	signal.Ignore(syscall.SIGXFSZ)
	people, err := evidence.OpenPeople(filepath.Join(dir, "people"))
	require.NoError(t, err)
	_, err = people.Pseudonym(t.Context(), "Ada")
	require.NoError(t, err)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	full := limit
	full.Cur = 200 // the first line fits, half of the second one does.
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full))
	_, err = people.Pseudonym(t.Context(), "Bob")
	require.ErrorIs(t, err, syscall.EFBIG)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	_, err = people.Pseudonym(t.Context(), "Cem")
	require.NoError(t, err, "there is room again")
	require.NoError(t, people.Close())
}

// TestR55_AFullDiskTearsNoOtherPerson: a line that did not fit leaves nothing
// behind, and the next one stands whole.
func TestR55_AFullDiskTearsNoOtherPerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDiskProcess$")
	cmd.Env = append(os.Environ(), fullDiskDir+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	people, err := evidence.OpenPeople(filepath.Join(dir, "people"))
	require.NoError(t, err)
	_, err = people.Pseudonym(t.Context(), "Bob")
	require.NoError(t, err)
	require.NoError(t, people.Close())
	b, err := os.ReadFile(filepath.Join(dir, "people"))
	require.NoError(t, err)
	require.Regexp(t, `^\{[^\n]*"Ada"\}\n\{[^\n]*"Cem"\}\n\{[^\n]*"Bob"\}\n$`, string(b))
}
