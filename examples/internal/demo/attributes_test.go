package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// table is the README's list of attributes, as it must stand there.
func table() string {
	var text, dates, several []string
	for _, a := range Attributes() {
		switch {
		case a.MultiValue:
			several = append(several, a.Name)
		case a.Type == "date":
			dates = append(dates, a.Name)
		default:
			text = append(text, a.Name)
		}
	}
	return "| text | " + strings.Join(text, ", ") + " |\n| text, several values | " + strings.Join(several, ", ") + " |\n| date | " + strings.Join(dates, ", ") + " |\n"
}

func TestREADME_ListsTheAttributes(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), table())
}

func TestAttributes_HaveNamesOfTheirOwnAndTheFirstIsText(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range Attributes() {
		require.False(t, seen[a.Name], "%s is there twice", a.Name)
		seen[a.Name] = true
	}
	require.Empty(t, Attributes()[0].Type)
}
