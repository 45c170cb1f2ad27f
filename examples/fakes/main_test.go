package main

import (
	"bufio"
	"context"
	"encoding/json"
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
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-large", "0", "-traffic", traffic}, w, io.Discard)
		_ = w.CloseWithError(err) // who waits for the first line must not wait for ever
		done <- err
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	var keys map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &keys))
	for part, names := range map[string][]string{
		"ecm": {"url", "user", "password"}, "otds": {"url"}, "smint": {"identity", "clapi", "portals", "client_id", "client_secret", "refresh_token"},
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
	require.NoError(t, <-done)

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
