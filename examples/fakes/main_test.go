package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFakes_AnnounceThemselvesAndServe: the first line says where they are, and
// whoever reads it can log in to both.
func TestFakes_AnnounceThemselvesAndServe(t *testing.T) {
	t.Parallel()
	traffic := filepath.Join(t.TempDir(), "traffic.jsonl")
	keys, stop := start(t, "-large", "0", "-traffic", traffic)
	for part, names := range map[string][]string{
		"ecm": {"url", "user", "password"}, "otds": {"url"}, "smint": {"identity", "clapi", "portals", "client_id", "client_secret", "refresh_token", "download_hosts"},
		"seeded": {"volume", "category", "classification"},
	} {
		for _, name := range names {
			require.NotEmpty(t, keys[part][name], part+"."+name)
		}
	}
	text := func(part, name string) string { return keys[part][name].(string) }
	require.True(t, strings.HasSuffix(text("ecm", "url"), "/otcs/cs.exe"))

	var login struct{ Ticket string }
	post(t, text("ecm", "url")+"/api/v1/auth", url.Values{"username": {text("ecm", "user")}, "password": {text("ecm", "password")}}, &login)
	require.NotEmpty(t, login.Ticket)
	for _, volume := range []string{"141", "133", "198"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, text("ecm", "url")+"/api/v2/volumes/"+volume, nil)
		require.NoError(t, err)
		req.Header.Set("OTCSTicket", login.Ticket)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	holds := get(t, text("ecm", "url")+"/api/v1/holds", login.Ticket)
	require.Contains(t, holds, `"HoldName":"CASE-1"`)
	codes := get(t, text("ecm", "url")+"/api/v2/recordsmanagement/rmcodes", login.Ticket)
	require.Contains(t, codes, `"code":"LEGAL"`)
	require.Contains(t, codes, `"code":"ACTIVE"`)
	searches := get(t, text("ecm", "url")+"/api/v2/dispositionscontainer/0", login.Ticket)
	require.Contains(t, searches, `"name":"Ended campaigns"`)
	id := regexp.MustCompile(`"id":(\d+)[^{}]*"name":"Ended campaigns"`).FindStringSubmatch(searches)
	require.NotNil(t, id, searches)
	snapshots := get(t, text("ecm", "url")+"/api/v2/snapshottable/"+id[1], login.Ticket)
	require.Contains(t, snapshots, `"qdate":"`, "the search has run once")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	post(t, text("smint", "identity")+"/connect/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {text("smint", "refresh_token")}, "client_id": {text("smint", "client_id")}, "client_secret": {text("smint", "client_secret")},
	}, &token)
	require.NotEmpty(t, token.AccessToken)
	stop()

	b, err := os.ReadFile(traffic)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	require.Len(t, lines, 9)
	for i, l := range lines {
		var exchange map[string]any
		require.NoError(t, json.Unmarshal([]byte(l), &exchange))
		require.ElementsMatch(t, []string{
			"seq", "time", "method", "path", "query", "request_headers", "request_body", "request_body_encoding",
			"status", "response_headers", "response_body", "response_body_encoding",
		}, slices.Collect(maps.Keys(exchange)))
		require.InDelta(t, i+1, exchange["seq"], 0, "the exchanges of both fakes are numbered one after the other")
	}
}

// start runs the fakes until stop, and returns what they announce.
func start(t *testing.T, args ...string) (keys map[string]map[string]any, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, w, io.Discard)
		_ = w.CloseWithError(err) // who waits for the first line must not wait for ever
		done <- err
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(line), &keys))
	return keys, func() {
		t.Helper()
		cancel()
		require.NoError(t, <-done)
	}
}

// TestFakes_GoOnWithTheirState: what others made in them, and the files that
// they hold, are there again after a stop; without -state they begin anew.
func TestFakes_GoOnWithTheirState(t *testing.T) {
	t.Parallel()
	state, assets := filepath.Join(t.TempDir(), "kept", "here"), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(assets, "own.txt"), []byte("mine"), 0o600))
	login := func(keys map[string]map[string]any) (api, ticket string) {
		var answer struct{ Ticket string }
		api = keys["ecm"]["url"].(string) + "/api"
		post(t, api+"/v1/auth", url.Values{"username": {keys["ecm"]["user"].(string)}, "password": {keys["ecm"]["password"].(string)}}, &answer)
		return api, answer.Ticket
	}
	children := func(keys map[string]map[string]any) string {
		api, ticket := login(keys)
		return get(t, fmt.Sprintf("%s/v2/nodes/%.0f/nodes", api, keys["seeded"]["root"]), ticket)
	}
	args := []string{"-state", state, "-assets", assets}
	first, stop := start(t, args...)
	api, ticket := login(first)
	form := url.Values{"body": {fmt.Sprintf(`{"type":0,"parent_id":%.0f,"name":"Made by hand"}`, first["seeded"]["root"])}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api+"/v2/nodes", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header = http.Header{"Otcsticket": {ticket}, "Content-Type": {"application/x-www-form-urlencoded"}}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	stop()

	second, stop := start(t, args...)
	require.Equal(t, first["seeded"], second["seeded"])
	require.Contains(t, children(second), "Made by hand")
	stop()
	third, stop := start(t, "-assets", assets)
	require.NotContains(t, children(third), "Made by hand")
	stop()
}

// TestFakes_SayWhatIsWrong before they announce anything.
func TestFakes_SayWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for want, args := range map[string][]string{
		`unexpected argument "more"`: {"more"},
		"-large is -1":               {"-large", "-1"},
		"-large is 1048577":          {"-large", "1048577"},
		"flag provided but not":      {"-port", "1"},
		"address of-ecm":             {"-ecm", "of-ecm"},
		"address of-smint":           {"-smint", "of-smint"},
		"assets:":                    {"-assets", file},
		"mkdir":                      {"-state", file},
		"file/traffic":               {"-traffic", filepath.Join(file, "traffic")},
		"help requested":             {"-h"},
	} {
		var out, errs strings.Builder
		err := run(t.Context(), args, &out, &errs)
		require.ErrorContains(t, err, want)
		require.Empty(t, out.String(), want)
		if want == "help requested" {
			require.Contains(t, errs.String(), "-traffic string")
		}
	}
}

func get(t *testing.T, address, ticket string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	req.Header.Set("OTCSTicket", ticket)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(b))
	return string(b)
}

func post(t *testing.T, address string, form url.Values, answer any) {
	t.Helper()
	resp, err := http.PostForm(address, form)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, json.NewDecoder(resp.Body).Decode(answer))
}
