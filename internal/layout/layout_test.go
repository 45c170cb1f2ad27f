package layout

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/smintecm/sdk"

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return dir
}

type goPackage struct {
	ImportPath, Doc, Dir string
	Imports              []string
	GoFiles              []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,Dir,Imports,GoFiles", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	require.NoError(t, err)
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		require.NoError(t, d.Decode(&p))
		list = append(list, p)
	}
	require.Greater(t, len(list), 10)
	return list
}

// room is the part of an import path that the arrows speak of.
func room(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	if strings.HasPrefix(path, "examples/") {
		return "examples"
	}
	return path
}

// arrows lists what each room may import from this module. A room that is
// missing may import nothing.
var arrows = map[string][]string{
	"records/evidence":                {"records"},
	"records/evidence/report":         {"records", "records/evidence"},
	"rightsmap":                       {"records", "smint"},
	"smint":                           {"internal/rest"},
	"smint/push":                      {"smint"},
	"smint/adapter":                   {"smint"},
	"ecm":                             {"internal/rest"},
	"sync":                            {"records", "records/evidence", "rightsmap", "smint", "smint/push", "smint/adapter", "ecm"},
	"ecm/ecmtest":                     {"internal/testserver", "ecm"},
	"smint/sminttest":                 {"internal/testserver", "smint"},
	"internal/testserver/conformance": {"internal/testserver", "ecm", "smint", "records"},
	"examples": {
		"records", "records/evidence", "records/evidence/report", "rightsmap", "smint", "smint/push", "smint/adapter", "ecm", "sync",
		"ecm/ecmtest", "smint/sminttest", "examples",
	},
}

func TestArrows_PointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"/") {
				require.Contains(t, arrows[room(p.ImportPath)], room(imported), "%s must not import %s", p.ImportPath, imported)
			}
		}
	}
}

func TestArrows_ThirdPartiesStayInTheirRooms(t *testing.T) {
	t.Parallel()
	owners := map[string][]string{
		"github.com/go-resty/resty":                         {"internal/rest"},
		"github.com/cenkalti/backoff":                       {"internal/rest", "smint"},
		"golang.org/x/time":                                 {"internal/rest"},
		"golang.org/x/mod":                                  {"records/evidence"},
		"github.com/secure-systems-lab/go-securesystemslib": {"records/evidence"},
		"github.com/coder/websocket":                        {"smint/push", "internal/testserver"},
	}
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") || strings.HasPrefix(imported, module) {
				continue
			}
			known := false
			for prefix, rooms := range owners {
				if strings.HasPrefix(imported, prefix) {
					known = true
					require.Contains(t, rooms, room(p.ImportPath), "%s must not import %s", p.ImportPath, imported)
				}
			}
			require.True(t, known, "%s imports %s, which no room owns", p.ImportPath, imported)
		}
	}
}

func TestPackages_AllSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		require.NotEmpty(t, p.Doc, "%s has no package comment", p.ImportPath)
	}
}

// TestSync_NamesDoNotClashWithTheStandardLibrary: the wrong import must fail to
// compile instead of compiling to the wrong thing.
func TestSync_NamesDoNotClashWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	// A test that was built with -trimpath does not know where Go is.
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	std := exported(t, filepath.Join(strings.TrimSpace(string(goroot)), "src", "sync"))
	require.Contains(t, std, "WaitGroup")
	for _, name := range exported(t, filepath.Join(root(t), "sync")) {
		require.NotContains(t, std, name, "sync.%s is a name of the standard library's package", name)
	}
}

func exported(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, f := range parse(t, dir) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names = append(names, s.Name.Name)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names = append(names, n.Name)
						}
					}
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return !ast.IsExported(n) })
}

func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments)
			require.NoError(t, err)
			files[e.Name()] = f
		}
	}
	return files
}

var pathLiteral = regexp.MustCompile(`^"/(v[12]|connect|sync|portals|consumer)/`)

func TestClients_PathsStandInTheRouteTable(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"ecm", "smint"} {
		for name, f := range parse(t, filepath.Join(root(t), client)) {
			if name == "routes.go" {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					require.NotRegexp(t, pathLiteral, lit.Value, "%s/%s", client, name)
				}
				return true
			})
		}
	}
}

// TestClients_ExportNoProducersInterfaces: who needs an interface declares it
// beside its use. What a caller brings is the exception.
func TestClients_ExportNoProducersInterfaces(t *testing.T) {
	t.Parallel()
	allowed := []string{"Limiter", "Credentials", "TokenStore", "TokenLocker", "TokenSource", "Publisher"}
	for _, client := range []string{"ecm", "smint"} {
		for name, f := range parse(t, filepath.Join(root(t), client)) {
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok || !spec.Name.IsExported() {
					return true
				}
				if _, isInterface := spec.Type.(*ast.InterfaceType); isInterface {
					require.Contains(t, allowed, spec.Name.Name, "%s/%s", client, name)
				}
				return true
			})
		}
	}
}

// TestP18_DependenciesAreFewAndKnown: a newcomer needs a reason, and a line
// here.
func TestP18_DependenciesAreFewAndKnown(t *testing.T) {
	t.Parallel()
	shipped := []string{
		"github.com/cenkalti/backoff/v4", "github.com/coder/websocket", "github.com/go-resty/resty/v2",
		"github.com/secure-systems-lab/go-securesystemslib", "golang.org/x/mod", "golang.org/x/time",
	}
	tests := []string{"github.com/google/go-cmp", "github.com/jarcoal/httpmock", "github.com/stretchr/testify", "pgregory.net/rapid"}
	b, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(shipped), 8)
	for line := range strings.Lines(string(b)) {
		name, version, isRequire := strings.Cut(strings.TrimSpace(line), " ")
		if !isRequire || !strings.HasPrefix(version, "v") || strings.Contains(version, "// indirect") {
			continue
		}
		require.Contains(t, append(shipped, tests...), name, "a new dependency")
	}
}

// words that would tell of machines and not of the project.
var foreignWords = regexp.MustCompile(`"(/work/|/root/|/home/|/tmp/)|\.\./shared|T` + `ODO|F` + `IXME|not ` + `implemented`)

func TestFiles_SpeakOfTheProjectOnly(t *testing.T) {
	t.Parallel()
	dir := root(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == ".ci" || rel == filepath.Join("internal", "speccheck") {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".md" && ext != ".yaml" {
			return nil
		}
		if rel == filepath.Join("internal", "layout", "layout_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err == nil {
			require.NotRegexp(t, foreignWords, string(b), "%s", rel)
		}
		return err
	})
	require.NoError(t, err)
}

func TestTests_DoNotSleep(t *testing.T) {
	t.Parallel()
	sleep := regexp.MustCompile(`\btime\.` + `Sleep\(`)
	err := filepath.WalkDir(root(t), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			require.NotRegexp(t, sleep, string(b), "%s", path)
		}
		return err
	})
	require.NoError(t, err)
}

// TestREADME_ProgramIsTheExample: the program of the README is a file that is
// compiled and run by a test of its own.
func TestREADME_ProgramIsTheExample(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```go\n")
	require.True(t, found, "the README has a program")
	snippet, _, _ := strings.Cut(rest, "```")
	example, err := os.ReadFile(filepath.Join(root(t), "examples", "declare", "main.go"))
	require.NoError(t, err)
	_, body, found := strings.Cut(string(example), "// declare ")
	require.True(t, found)
	require.Equal(t, "// declare "+body, snippet)
}
