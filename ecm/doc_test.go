package ecm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// TestDoc_EveryCallNamesTheVendorsOperation: who reads the vendor's pages finds
// our call, and the other way round. What the comment names is what the table
// of routes has.
func TestDoc_EveryCallNamesTheVendorsOperation(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	for _, o := range ecm.Operations() {
		described[o.Method+" "+o.Template] = true
	}
	operation := regexp.MustCompile(`(GET|HEAD|POST|PUT|DELETE) (/v[12]/[^\s,]+)`)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	count, named := 0, map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() || serviceOf(fn) == "" {
				continue
			}
			count++
			text := fn.Doc.Text()
			name := serviceOf(fn) + "." + fn.Name.Name
			require.True(t, strings.HasPrefix(text, fn.Name.Name+" "), "%s: the comment begins with the name", name)
			_, api, found := strings.Cut(text, "\nAPI: ")
			require.True(t, found, "%s does not name the vendor's operation", name)
			list := operation.FindAllStringSubmatch(strings.ReplaceAll(api, "\n", " "), -1)
			require.NotEmpty(t, list, "%s names no operation: %s", name, api)
			for _, o := range list {
				at := o[1] + " " + strings.TrimSuffix(o[2], ".")
				require.True(t, described[at], "%s names %q, which no row of the table of routes has", name, at)
				named[at] = true
			}
		}
	}
	require.Greater(t, count, 150)
	for at := range described {
		if strings.HasSuffix(at, " /v1/auth") {
			continue // credentials send these; their types name them.
		}
		require.True(t, named[at], "%s is in the table of routes, and no call's comment names it", at)
	}
}
