package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR59_AScopeThatCannotBeOpenedKeepsNoOtherFromIt, and is opened when it
// can be.
func TestR59_AScopeThatCannotBeOpenedKeepsNoOtherFromIt(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	key := filepath.Join(state, "acme", "signer.pem")
	require.NoError(t, os.MkdirAll(filepath.Dir(key), 0o700))
	require.NoError(t, os.WriteFile(key, []byte("no key"), 0o600))
	r := start(t, copyPolicy(t), state)
	passed := func(s status, scope string, runners int) bool {
		n := 0
		for _, one := range s.Runners {
			if one.Scope == scope && one.Passes > 0 {
				n++
			}
		}
		return n == runners
	}
	r.until("the other scope is at work", func(s status) bool { return passed(s, "globex", 3) })
	code, s := r.ask("/healthz")
	var err error
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, []any{"open", "acme", recsync.RunnerFailing}, []any{s.Runners[0].Name, s.Runners[0].Scope, s.Runners[0].State}, "the scope's one runner opens it")
	require.Contains(t, s.Runners[0].Trouble, "signer.pem holds no key: restore it")
	require.Equal(t, http.StatusServiceUnavailable, r.feed("acme", ""), "what it offers is not known yet: an empty feed would be taken for an answer")
	require.Equal(t, http.StatusNotFound, r.feed("unknown", ""))

	// Whoever looks at the folder meanwhile, as -check does, ends nothing.
	var lock *evidence.TrailFolder
	r.until("the folder is taken", func(status) bool {
		lock, err = evidence.OpenTrailFolder(filepath.Join(state, "acme", "trail"))
		return err == nil
	})
	r.until("that is seen", func(s status) bool { return strings.Contains(s.Runners[0].Trouble, evidence.ErrTrailLocked.Error()) })
	require.NoError(t, lock.Close())

	require.NoError(t, os.Remove(key))
	r.until("it is opened by itself, and at work", func(s status) bool { return len(s.Runners) == 7 && passed(s, "acme", 3) })
	require.Equal(t, http.StatusUnauthorized, r.feed("acme", ""))
	r.end()
}

// feed asks for a scope's feed and gives the status of the answer.
func (r *running) feed(scope, token string) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+"/scopes/"+scope+"/adapter/v1/setup", nil)
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	require.NoError(r.t, resp.Body.Close())
	return resp.StatusCode
}

// TestR56_WhoReadsOneClientsFeedReadsNoOthers: each scope's feed has its own
// token, which a restart keeps.
func TestR56_WhoReadsOneClientsFeedReadsNoOthers(t *testing.T) {
	t.Parallel()
	policy, state := copyPolicy(t), t.TempDir()
	var file map[string]any
	text, err := os.ReadFile(policy)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &file))
	delete(file, "$schema")
	of := func(i int) map[string]any {
		return file["scopes"].([]any)[i].(map[string]any)["policy"].(map[string]any)
	}
	of(1)["surface"] = of(0)["surface"]
	text, err = json.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(policy, text, 0o600))
	var before []string
	for range 2 {
		r := start(t, policy, state)
		var tokens []string
		for _, scope := range []string{"acme", "globex"} {
			token, err := os.ReadFile(filepath.Join(state, scope, "feed.token"))
			require.NoError(t, err)
			tokens = append(tokens, strings.TrimSpace(string(token)))
		}
		require.Equal(t, http.StatusOK, r.feed("acme", tokens[0]))
		require.Equal(t, http.StatusOK, r.feed("globex", tokens[1]))
		require.Equal(t, http.StatusUnauthorized, r.feed("acme", tokens[1]))
		require.Equal(t, http.StatusUnauthorized, r.feed("globex", tokens[0]))
		if before != nil {
			require.Equal(t, before, tokens)
		}
		before = tokens
		r.end()
	}
}

// TestKept_WholeOrNotAtAll: half a key would stop the scope for good.
func TestKept_WholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signer.pem")
	require.NoError(t, os.Mkdir(path+".new", 0o700))
	_, err := signingKey(path)
	require.Error(t, err, "what is written first is another file")
	require.NoFileExists(t, path)
	require.NoError(t, os.Remove(path+".new"))
	require.NoError(t, os.WriteFile(path+".new", []byte("half"), 0o600), "left by one that was killed")
	key, err := signingKey(path)
	require.NoError(t, err)
	again, err := signingKey(path)
	require.NoError(t, err)
	require.True(t, key.Equal(again))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoFileExists(t, path+".new")
}
