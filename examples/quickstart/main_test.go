package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
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
	require.Contains(t, string(readme), "\n"+lastLine(out)+"\n")
	require.Contains(t, out, "79416/1/1 [bytes differ]", "what is in quarantine is named at the end")
	files, err := filepath.Glob(filepath.Join(receipts, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 23)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.True(t, json.Valid(b))
	}

	again, err := quickstart(t, "-large", "9", "-state", state)
	require.NoError(t, err)
	require.Contains(t, lastLine(again), "declared=0 unchanged=19 incomplete=0")
}

func TestQuickstart_ADryRunPrintsThePlan(t *testing.T) {
	t.Parallel()
	out, err := quickstart(t, "-large", "0", "-dry-run")
	require.NoError(t, err)
	require.Contains(t, out, "1. create folder")
	require.Contains(t, out, "finalize")
	require.Contains(t, lastLine(out), "declared=0")
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
	require.Equal(t, "declared=2 unchanged=0 incomplete=0 skipped=0 quarantined=0", lastLine(out))
	require.Contains(t, out, "denied")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jpg.license.json"), []byte(`{"valid_until":"soon"}`), 0o600))
	_, err = quickstart(t, "-assets", dir)
	require.ErrorContains(t, err, "a.jpg.license.json")
	require.ErrorContains(t, err, "valid_until")
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
	for name, tc := range map[string]struct {
		change map[string]string
		want   string
	}{
		"wrong password":   {map[string]string{"ECM_PASSWORD": "canary"}, "not authenticated"},
		"unreachable":      {map[string]string{"ECM_URL": "http://127.0.0.1:1/cs"}, "connection refused"},
		"no such class":    {map[string]string{"ECM_CLASS": "999999"}, "class 999999"},
		"no such root":     {map[string]string{"ECM_ROOT": "999999"}, "root: node 999999"},
		"not a category":   {map[string]string{"ECM_CATEGORY": w.Root.String()}, "category"},
		"dead grant":       {map[string]string{"SMINT_REFRESH_TOKEN": "canary"}, "login has ended"},
		"plain http":       {map[string]string{"ECM_URL": "http://ecm.example/cs"}, "https"},
		"not for this CGI": {map[string]string{"ECM_URL": w.ECM.URL + "/wrong"}, "mappings registry"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environ(w)
			for k, v := range tc.change {
				env[k] = v
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := run(ctx, nil, func(k string) string { return env[k] }, io.Discard, io.Discard)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "canary")
		})
	}
	require.Empty(t, w.ECM.Documents())
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
	for i := range 9 {
		// A context that ends kills with SIGKILL.
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(120+i*97)*time.Millisecond)
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
	require.Contains(t, lastLine(string(again)), "declared=0")
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
