package layout

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the tests that docs/compliance.md names")

// unbuilt are the requirements that nothing meets yet; the page says so.
var unbuilt = []int{53, 54}

const requirements = 60

// TestCompliance_PageNamesTheTests: what docs/compliance.md says to prove a
// requirement is what the tests of that number are.
func TestCompliance_PageNamesTheTests(t *testing.T) {
	file := filepath.Join(root(t), "docs", "compliance.md")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	tests := requirementTests(t)
	row := regexp.MustCompile(`^\| R(\d+) \| ([^|]+) \| ([^|]+) \|[^|]*\|$`)
	var lines []string
	seen := map[int]bool{}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSuffix(line, "\n")
		if m := row.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			require.False(t, seen[n], "R%d has two rows", n)
			seen[n] = true
			proof := "not built yet"
			if !slices.Contains(unbuilt, n) {
				require.NotEmpty(t, tests[n], "no test proves R%d", n)
				proof = byPackage(tests[n])
			}
			line = fmt.Sprintf("| R%d | %s | %s | %s |", n, m[2], m[3], proof)
		}
		lines = append(lines, line)
	}
	for n := range requirements {
		require.True(t, seen[n+1], "R%d has no row", n+1)
	}
	want := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(page), "go test ./internal/layout -run Compliance -update mends it")
}

// requirementTests are the tests whose names begin with TestR and a number, by
// that number and their package.
func requirementTests(t *testing.T) map[int]map[string][]string {
	t.Helper()
	name := regexp.MustCompile(`(?m)^func TestR(\d+)_(\w+)\(`)
	tests := map[int]map[string][]string{}
	err := filepath.WalkDir(root(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path) //nolint:gosec // a file of the project
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root(t), filepath.Dir(path))
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			n, _ := strconv.Atoi(m[1])
			if tests[n] == nil {
				tests[n] = map[string][]string{}
			}
			dir := filepath.ToSlash(dir)
			tests[n][dir] = append(tests[n][dir], m[2])
		}
		return err
	})
	require.NoError(t, err)
	return tests
}

func byPackage(tests map[string][]string) string {
	var cells []string
	for _, dir := range slices.Sorted(maps.Keys(tests)) {
		cells = append(cells, "`"+dir+"` "+strings.Join(slices.Sorted(slices.Values(tests[dir])), ", "))
	}
	return strings.Join(cells, "<br>")
}
