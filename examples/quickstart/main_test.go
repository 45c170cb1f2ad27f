package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/sminttest"
)

// quickstart runs the command without an environment.
func quickstart(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out strings.Builder
	err = run(t.Context(), args, func(string) string { return "" }, &out, io.Discard)
	return out.String(), err
}

// lastLine is the last line, which has one form, whatever happened.
func lastLine(t *testing.T, out string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := lines[len(lines)-1]
	require.Regexp(t, `^declared=\d+ unchanged=\d+ incomplete=\d+ skipped=\d+ quarantined=\d+$`, last, "scripts rely on the form of the last line")
	return last
}

// TestQuickstart_EndsAsTheREADMESays: the film is short here; its length
// changes nothing in the last line.
func TestQuickstart_EndsAsTheREADMESays(t *testing.T) {
	t.Parallel()
	state, receipts := t.TempDir(), t.TempDir()
	out, err := quickstart(t, "-large", "9", "-state", state, "-out", receipts)
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "\n"+lastLine(t, out)+"\n")
	require.Contains(t, out, "79416/1/1 [bytes differ]", "what is in quarantine is named at the end")
	files, err := filepath.Glob(filepath.Join(receipts, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 24, "one file for each line of the output")
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.True(t, json.Valid(b))
	}

	again, err := quickstart(t, "-large", "9", "-state", state)
	require.NoError(t, err)
	require.Contains(t, lastLine(t, again), "declared=0 unchanged=19 incomplete=0")

	retried, err := quickstart(t, "-large", "9", "-state", state, "-retry")
	require.NoError(t, err)
	require.Equal(t, "declared=0 unchanged=0 incomplete=0 skipped=0 quarantined=1", lastLine(t, retried), "what is in quarantine is taken up again, and breaks off again")
}

func TestQuickstart_ADryRunPrintsThePlan(t *testing.T) {
	t.Parallel()
	out, err := quickstart(t, "-large", "0", "-dry-run")
	require.NoError(t, err)
	require.Contains(t, out, "1. create folder")
	require.Contains(t, out, "finalize")
	require.Contains(t, lastLine(t, out), "declared=0")
}

func TestQuickstart_TakesOwnFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.jpg": "picture", "b.pdf": "%PDF-1.4", "b.pdf.license.json": `{"valid_until":"2020-01-01T00:00:00Z"}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	out, err := quickstart(t, "-assets", dir)
	require.NoError(t, err)
	require.Equal(t, "declared=2 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(t, out))
	require.Contains(t, out, "denied")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jpg.license.json"), []byte(`{"valid_until":"soon"}`), 0o600))
	_, err = quickstart(t, "-assets", dir)
	require.ErrorContains(t, err, "a.jpg.license.json")
	require.ErrorContains(t, err, "valid_until")
}

// TestREADME_TheLicenseBesideAFileIsOne: what the README shows can be put
// beside a file.
func TestREADME_TheLicenseBesideAFileIsOne(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, license, found := strings.Cut(string(readme), "```json\n")
	require.True(t, found)
	license, _, _ = strings.Cut(license, "```")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("picture"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jpg.license.json"), []byte(license), 0o600))
	out, err := quickstart(t, "-assets", dir)
	require.NoError(t, err)
	require.Contains(t, out, "rights: allowed until 2031-12-31: not usages advertising_any; geographies europe_any", "the record is under the license beside the file")
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(t, out))
}

// TestQuickstart_FollowsAFolderThatChanges: what is new is declared, other
// bytes are a version of their own, another license goes to the rights
// document, and nothing of the folder is left out in silence.
func TestQuickstart_FollowsAFolderThatChanges(t *testing.T) {
	t.Parallel()
	dir, state := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	again := func() string {
		out, err := quickstart(t, "-assets", dir, "-state", state)
		require.NoError(t, err)
		return out
	}
	write("a.jpg", "picture")
	write(".b.jpg", "hidden")
	write("c\nd.jpg", "odd")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	out := again()
	require.Equal(t, "declared=2 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(t, out))
	require.Contains(t, out, `left out of -assets: "folder" is no regular file`)
	require.Contains(t, out, `left out of -assets: ".b.jpg" is hidden`)

	write("e.jpg", "another")
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(t, again()), "a new file joins the feed")
	write("a.jpg", "picture, retouched")
	out = again()
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(t, out), "other bytes are the file's next version")
	require.Contains(t, out, "-1-v2 [")
	write("e.jpg.license.json", `{"valid_until":"2020-01-01"}`)
	out = again()
	require.Equal(t, "declared=0 unchanged=1 incomplete=0 skipped=0 quarantined=0", lastLine(t, out), "a license that changes makes no second record")
	require.Contains(t, out, "the rights document has a version more")
	require.Contains(t, out, "denied: the license ended on 2020-01-01")
	require.Equal(t, "declared=0 unchanged=5 incomplete=0 skipped=0 quarantined=0", lastLine(t, again()), "nothing is new: the whole feed once more")
}

func TestQuickstart_SaysWhatIsWrongWithItsInput(t *testing.T) {
	t.Parallel()
	_, err := quickstart(t, "-large", "-1")
	require.ErrorContains(t, err, "-large")
	_, err = quickstart(t, "surplus")
	require.ErrorContains(t, err, "surplus")
	_, err = quickstart(t, "-assets", filepath.Join(t.TempDir(), "none"))
	require.Error(t, err)

	env := map[string]string{"ECM_URL": "https://ecm.example/cs", "ECM_ROOT": "two"}
	err = run(t.Context(), nil, func(k string) string { return env[k] }, io.Discard, io.Discard)
	for _, name := range []string{"ECM_USER", "ECM_PASSWORD", "ECM_ROOT", "ECM_CATEGORY", "ECM_CLASS", "SMINT_IDENTITY_URL", "SMINT_CLAPI_URL", "SMINT_CLIENT_ID", "SMINT_CLIENT_SECRET", "SMINT_REFRESH_TOKEN"} {
		require.ErrorContains(t, err, name)
	}
}

// environ is the environment for fakes that run elsewhere.
func environ(w *demo.World) map[string]string {
	cred, login := w.ECM.Credentials(), w.Smint.Login()
	return map[string]string{
		"ECM_URL": w.ECM.URL, "ECM_USER": cred.User, "ECM_PASSWORD": cred.Password.Reveal(),
		"ECM_ROOT": w.Root.String(), "ECM_CATEGORY": w.Category.String(), "ECM_CLASS": w.Class.String(),
		"SMINT_IDENTITY_URL": w.Smint.Endpoints.Identity, "SMINT_CLAPI_URL": w.Smint.Endpoints.CLAPI, "SMINT_PORTALS_URL": w.Smint.Endpoints.Portals,
		"SMINT_CLIENT_ID": login.ClientID, "SMINT_CLIENT_SECRET": login.ClientSecret.Reveal(), "SMINT_REFRESH_TOKEN": login.RefreshToken.Reveal(),
		"SMINT_DOWNLOAD_HOSTS": w.Smint.Host + "," + w.Smint.StorageHost,
	}
}

func TestQuickstart_TellsWrongSystemsApart(t *testing.T) {
	t.Parallel()
	w, err := demo.Start(demo.Options{Catalog: sminttest.Catalog{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	home := t.TempDir()
	for name, tc := range map[string]struct {
		change map[string]string
		want   string
		do     string
	}{
		"wrong password":   {map[string]string{"ECM_PASSWORD": "canary"}, "not authenticated", "check ECM_USER and ECM_PASSWORD"},
		"unreachable":      {map[string]string{"ECM_URL": "http://127.0.0.1:1/cs"}, "connection refused", "check the host in ECM_URL"},
		"no such class":    {map[string]string{"ECM_CLASS": "999999"}, "class 999999", "administrator of ECM"},
		"no such root":     {map[string]string{"ECM_ROOT": "999999"}, "root: node 999999", "administrator of ECM"},
		"not a category":   {map[string]string{"ECM_CATEGORY": w.Root.String()}, "category", "administrator of ECM"},
		"dead grant":       {map[string]string{"SMINT_REFRESH_TOKEN": "canary"}, "login has ended", "set SMINT_REFRESH_TOKEN"},
		"wrong secret":     {map[string]string{"SMINT_CLIENT_SECRET": "canary", "HOME": t.TempDir()}, "invalid_client", "check SMINT_CLIENT_ID and SMINT_CLIENT_SECRET"},
		"no identity":      {map[string]string{"SMINT_IDENTITY_URL": "http://127.0.0.1:1"}, "connection refused", "check SMINT_IDENTITY_URL"},
		"plain http":       {map[string]string{"ECM_URL": "http://ecm.example/cs"}, "https", "ECM_URL"},
		"not for this CGI": {map[string]string{"ECM_URL": w.ECM.URL + "/wrong"}, "mappings registry", "ends with the CGI path"},
		"no tenant's name": {map[string]string{"SMINT_TENANT": "a/../b"}, "SMINT_TENANT", "the first label of the tenant's host"},
		"no hosts":         {map[string]string{"SMINT_DOWNLOAD_HOSTS": "https://x/"}, "hosts[0]", "host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environ(w)
			env["HOME"] = home
			for k, v := range tc.change {
				env[k] = v
			}
			err := run(t.Context(), nil, func(k string) string { return env[k] }, io.Discard, io.Discard)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, tc.do, "it says what to do")
			require.NotContains(t, err.Error(), "canary", "a secret shows in an error")
		})
	}
	require.Empty(t, w.ECM.Documents())
}

// TestQuickstart_OneVariableIsEnoughToAskForTheOthers: half an environment is a
// mistake, and never a reason to start the fakes.
func TestQuickstart_OneVariableIsEnoughToAskForTheOthers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ECM_CLASS", "SMINT_PORTALS_URL", "SMINT_CLIENT_SECRET", "SMINT_DOWNLOAD_HOSTS", "SMINT_TENANT"} {
		err := run(t.Context(), nil, func(k string) string { return map[string]string{name: "7"}[k] }, io.Discard, io.Discard)
		require.ErrorContains(t, err, "ECM_URL", name)
	}
}

// TestQuickstart_SaysEachFaultOfTheEnvironmentOnce, and nothing of what is well.
func TestQuickstart_SaysEachFaultOfTheEnvironmentOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	well := map[string]string{
		"ECM_URL": "https://ecm.example/otcs/cs.exe", "ECM_USER": "u", "ECM_PASSWORD": "canary", "ECM_ROOT": "1", "ECM_CATEGORY": "2", "ECM_CLASS": "3",
		"SMINT_TENANT": "acme", "SMINT_CLIENT_ID": "c", "SMINT_CLIENT_SECRET": "canary", "SMINT_REFRESH_TOKEN": "canary", "HOME": file,
	}
	for want, tc := range map[string]struct {
		args   []string
		change map[string]string
	}{
		"-assets":                  {[]string{"-assets", "own"}, nil},
		"ECM_ROOT":                 {nil, map[string]string{"ECM_ROOT": "0"}},
		"ECM_CLASS":                {nil, map[string]string{"ECM_CLASS": "-7"}},
		"ECM_CATEGORY":             {nil, map[string]string{"ECM_CATEGORY": "7 8"}},
		"ECM_PASSWORD":             {nil, map[string]string{"ECM_PASSWORD": ""}},
		"SMINT_CLAPI_URL":          {nil, map[string]string{"SMINT_TENANT": "", "SMINT_IDENTITY_URL": "https://id.example"}},
		"the variables of Smint":   {nil, map[string]string{"SMINT_DOWNLOAD_HOSTS": "https://x/"}},
		"keep the login of Smint":  {nil, nil},
		"ECM_URL, ECM_USER and EC": {nil, map[string]string{"ECM_URL": "ecm.example"}},
	} {
		env := maps.Clone(well)
		maps.Copy(env, tc.change)
		err := run(t.Context(), tc.args, func(k string) string { return env[k] }, io.Discard, io.Discard)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "canary")
		require.Len(t, strings.Split(err.Error(), "\n"), 1, "%s: one fault is said on one line", want)
		require.LessOrEqual(t, strings.Count(err.Error(), ` is "`), 1, "one fault, and nothing else: %v", err)
	}
}

// TestQuickstart_TheLoginSurvivesTheRun: a refresh token is good for one use,
// so its successor is kept, also where no state folder is given.
func TestQuickstart_TheLoginSurvivesTheRun(t *testing.T) {
	t.Parallel()
	w, err := demo.Start(demo.Options{Catalog: sminttest.Catalog{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	env := environ(w)
	env["HOME"] = t.TempDir()
	get := func(k string) string { return env[k] }
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-dry-run"}, get, &out, io.Discard))
	require.Contains(t, out.String(), "the login of Smint.io is kept in "+env["HOME"])
	require.NoError(t, run(t.Context(), []string{"-dry-run"}, get, io.Discard, io.Discard), "the refresh token was spent by the first run and its successor lost")

	// Downloads may come from named hosts alone: it says which name is missing.
	delete(env, "SMINT_DOWNLOAD_HOSTS")
	out.Reset()
	require.NoError(t, run(t.Context(), nil, get, &out, io.Discard))
	require.Contains(t, out.String(), "what to do: name the hosts of downloads in SMINT_DOWNLOAD_HOSTS")

	delete(env, "HOME")
	out.Reset()
	require.Error(t, run(t.Context(), nil, get, &out, io.Discard))
	require.Contains(t, out.String(), "its successor is kept nowhere", "what is lost is said")
}

// TestQuickstart_KeepsTheLoginWhereItIsTold: in the state folder, else in the
// user's own for configuration.
func TestQuickstart_KeepsTheLoginWhereItIsTold(t *testing.T) {
	t.Parallel()
	config, state := t.TempDir(), t.TempDir()
	for want, args := range map[string][]string{
		filepath.Join(config, "smintecm-quickstart"): {"-dry-run"},
		state: {"-dry-run", "-state", state},
	} {
		w, err := demo.Start(demo.Options{Catalog: sminttest.Catalog{}})
		require.NoError(t, err)
		env := environ(w)
		env["HOME"], env["XDG_CONFIG_HOME"] = t.TempDir(), config
		for range 2 {
			require.NoError(t, run(t.Context(), args, func(k string) string { return env[k] }, io.Discard, io.Discard))
		}
		kept, err := filepath.Glob(filepath.Join(want, "tokens-*.json"))
		require.NoError(t, err)
		require.Len(t, kept, 1, "the login is kept in %s", want)
		require.NoError(t, w.Close())
	}
}

// TestQuickstart_KilledAnywhereItEndsTheSame runs the command as a process of
// its own against fakes that live on, kills it ten times, and lets it finish.
// What then stands is counted by plain HTTP.
func TestQuickstart_KilledAnywhereItEndsTheSame(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs a process eleven times")
	}
	binary := filepath.Join(t.TempDir(), "quickstart")
	build, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(build))
	w, err := demo.Start(demo.Options{Catalog: sminttest.Catalog{LargeMiB: 8}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	state := t.TempDir()
	command := func(ctx context.Context) *exec.Cmd {
		c := exec.CommandContext(ctx, binary, "-state", state)
		for k, v := range environ(w) {
			c.Env = append(c.Env, k+"="+v)
		}
		return c
	}
	// The first is killed at its first word about an asset: the login is stored
	// by then. Between the rotation of a token at the server and its storage
	// here no client can be killed without a new login by a person.
	ctx, cancel := context.WithCancel(t.Context())
	first := command(ctx)
	words, err := first.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	_, err = words.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel()
	require.Error(t, first.Wait())
	for range 9 {
		// A context that ends kills with SIGKILL.
		moment := time.Duration(rand.IntN(1200)) * time.Millisecond
		t.Log("killed after", moment)
		ctx, cancel := context.WithTimeout(t.Context(), moment)
		_ = command(ctx).Run()
		cancel()
	}
	out, err := command(t.Context()).CombinedOutput()
	require.NoError(t, err, string(out))

	names := countByHTTP(t, w)
	require.Len(t, names, 38, "19 records and as many rights documents")
	for name, n := range names {
		require.Equal(t, 1, n, name)
	}
	for _, d := range w.ECM.Documents() {
		require.NotZero(t, d.Class, d.Name)
		require.NotEqual(t, strings.Contains(d.Name, " rights ["), d.Final, d.Name)
	}
	again, err := command(t.Context()).CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, lastLine(t, string(again)), "declared=0")
	require.Len(t, countByHTTP(t, w), 38)
}

// countByHTTP walks the folders below the root with nothing but net/http.
func countByHTTP(t *testing.T, w *demo.World) map[string]int {
	t.Helper()
	cred := w.ECM.Credentials()
	resp, err := http.PostForm(w.ECM.URL+"/api/v1/auth", url.Values{"username": {cred.User}, "password": {cred.Password.Reveal()}})
	require.NoError(t, err)
	var login struct{ Ticket string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&login))
	require.NoError(t, resp.Body.Close())
	type child struct {
		Data struct {
			Properties struct {
				ID   int64
				Name string
				Type int
			}
		}
	}
	children := func(id int64) []child {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/api/v2/nodes/%d/nodes?limit=1000", w.ECM.URL, id), nil)
		require.NoError(t, err)
		req.Header.Set("OTCSTicket", login.Ticket)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		var list struct{ Results []child }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
		return list.Results
	}
	names := map[string]int{}
	for _, folder := range children(int64(w.Root)) {
		for _, d := range children(folder.Data.Properties.ID) {
			names[d.Data.Properties.Name]++
		}
	}
	return names
}

// TestQuickstart_TheFilmReadsBackAsItWas: what the fake holds has the digest of
// the receipt.
func TestQuickstart_TheFilmReadsBackAsItWas(t *testing.T) {
	t.Parallel()
	w, err := demo.Start(demo.Options{Catalog: sminttest.Catalog{LargeMiB: 12}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	env := environ(w)
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, func(k string) string { return env[k] }, &out, io.Discard))
	var film ecm.NodeID
	for _, d := range w.ECM.Documents() {
		if d.Size == 12<<20 {
			film = d.Node
		}
	}
	rc, err := w.ECM.OpenContent(film)
	require.NoError(t, err)
	b, err := io.ReadAll(rc)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	require.Contains(t, out.String(), records.DigestOf(b).String())
}
