package ecm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// eachFunction calls f for every function and method of this package.
func eachFunction(t *testing.T, f func(*ast.FuncDecl)) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				f(fn)
			}
		}
	}
}

var operation = regexp.MustCompile(`(GET|HEAD|POST|PUT|DELETE) (/v[12]/[^\s,]+)`)

// documented are the vendor's operations that the comment of each call names.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	calls := map[string][]string{}
	eachFunction(t, func(fn *ast.FuncDecl) {
		if !fn.Name.IsExported() || serviceOf(fn) == "" {
			return
		}
		name := serviceOf(fn) + "." + fn.Name.Name
		require.True(t, strings.HasPrefix(fn.Doc.Text(), fn.Name.Name+" "), "%s: the comment begins with the name", name)
		_, api, found := strings.Cut(fn.Doc.Text(), "\nAPI: ")
		require.True(t, found, "%s does not name the vendor's operation", name)
		for _, o := range operation.FindAllStringSubmatch(strings.ReplaceAll(api, "\n", " "), -1) {
			calls[name] = append(calls[name], o[1]+" "+strings.TrimSuffix(o[2], "."))
		}
		require.NotEmpty(t, calls[name], "%s names no operation: %s", name, api)
	})
	require.Greater(t, len(calls), 150)
	return calls
}

// TestDoc_EveryCallNamesTheVendorsOperation: who reads the vendor's pages finds
// our call, and the other way round. What the comment names is what the table
// of routes has.
func TestDoc_EveryCallNamesTheVendorsOperation(t *testing.T) {
	t.Parallel()
	described, named := map[string]bool{}, map[string]bool{}
	for _, o := range ecm.Operations() {
		described[o.Method+" "+o.Template] = true
	}
	for name, list := range documented(t) {
		for _, at := range list {
			require.True(t, described[at], "%s names %q, which no row of the table of routes has", name, at)
			named[at] = true
		}
	}
	for at := range described {
		if strings.HasSuffix(at, " /v1/auth") {
			continue // credentials send these; their types name them.
		}
		require.True(t, named[at], "%s is in the table of routes, and no call's comment names it", at)
	}
}

// TestDoc_EveryCallNamesItsErrors, and no error that there is not: those of its
// input, of a write without a verdict, and of what it refuses to do to records.
func TestDoc_EveryCallNamesItsErrors(t *testing.T) {
	t.Parallel()
	comments, sentinels, repeatable := map[string]string{}, map[string]bool{}, map[string]bool{}
	eachFunction(t, func(fn *ast.FuncDecl) {
		if service := serviceOf(fn); service != "" {
			comments[service+"."+fn.Name.Name] = fn.Doc.Text()
		}
	})
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			sentinels[v.Names[0].Name] = true
		}
		return true
	})
	for _, o := range ecm.Operations() {
		repeatable[o.Method+" "+o.Template] = o.Repeatable
	}
	says, s := documented(t), newServer(t, nil)
	eachCall(func(name string, _, _ int, m reflect.Method) {
		_, text, found := strings.Cut(comments[name], "\nErrors: ")
		text, _, _ = strings.Cut(text, "\nAPI: ")
		require.True(t, found, "%s does not name its errors", name)
		named := regexp.MustCompile(`\bErr[A-Z]\w+`).FindAllString(text, -1)
		require.NotEmpty(t, named, name)
		for _, e := range named {
			require.True(t, sentinels[e], "%s names %s, which is no error of this package", name, e)
		}
		if len(places(m)) > 0 {
			require.Contains(t, named, "ErrInvalid", "%s takes arguments, which may be wrong", name)
		}
		for _, o := range says[name] {
			if !repeatable[o] {
				require.Contains(t, named, "ErrOutcomeUnknown", "%s sends %s, of which the verdict can be lost", name, o)
			}
		}
		for want, table := range map[string]map[string]func(...ecm.Unguarded) error{
			"ErrOnHold": s.guarded(t, 1), "ErrFinal": s.guardedRecords(t, 1), "ErrInUse": s.guardedSchedules(t, 1, "x"), "ErrNeedsReason": s.guardedSweeping(t),
		} {
			if _, refuses := table[name]; refuses {
				require.Contains(t, named, want, name)
			}
		}
	})
}
