package sync_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// policyText is a policy for two clients on one server, with their roots and
// what else differs from test to test.
func policyText(w *world, root string) string {
	ends := w.smint.Endpoints()
	return fmt.Sprintf(`{
  "format": 1,
  "ecm": {"main": {"url": "https://ecm.example%s", "requests_per_second": 400}},
  "smint": {"agency": {"identity_url": %q, "clapi_url": %q, "portals_url": %q, "download_hosts": ["*.smint.io", "*.example", "storage.acme.example"]}},
  "scopes": [
    {
      "id": "acme-de",
      "client": "Acme",
      "jurisdiction": "DE",
      "root": %s,
      "ecm": {"system": "main", "user": %q, "password_env": "ACME_PASSWORD", "share": 0.5},
      "smint": {"system": "agency", "client_id": %q, "client_secret_env": "ACME_SECRET", "refresh_token_env": "ACME_TOKEN"},
      "policy": {
        "version": "2026-11",
        "category": %d,
        "jurisdiction": {"required": true, "field": "project", "values": {"Summer DE": "DE", "Summer US": "US"}},
        "classes": [{"name": "German law", "jurisdictions": ["DE"], "class": %d, "schedule": "MKT-07"}],
        "approval": {"source": "purchase"},
        "file_status": "ACTIVE"
      }
    }
  ]
}`, w.ecm.Options().Base, ends.Identity, ends.CLAPI, ends.Portals, root, w.ecm.Options().User, w.smint.Options().ClientID, w.category, w.class)
}

func (w *world) environment() recsync.Environment {
	secrets := map[string]string{
		"ACME_PASSWORD": w.ecm.Options().Password, "ACME_SECRET": w.smint.Options().ClientSecret, "ACME_TOKEN": w.smint.Options().RefreshToken,
	}
	return recsync.Environment{
		Getenv: func(name string) string { return secrets[name] },
		ECM:    []ecm.Option{ecm.WithTransport(w.ecm.Transport())},
		Smint: []smint.Option{
			smint.WithTransport(w.smint.Transport()),
			smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", "*.example", "storage.acme.example"}, Transport: w.smint.Transport()}),
		},
		Config: func(c *recsync.ScopeConfig) error { c.Now, c.Journal = w.clock.Now, w.journal; return nil },
	}
}

// TestR57_JurisdictionPicksScheduleAndTarget: one feed, a scope for one
// jurisdiction. What belongs elsewhere is left to others, and what cannot be
// told is refused.
func TestR57_JurisdictionPicksScheduleAndTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	file, err := recsync.ReadPolicyFile(strings.NewReader(policyText(w, fmt.Sprintf(`{"folder": %d}`, w.root))))
	require.NoError(t, err)
	scope, err := recsync.NewOpener(file, w.environment()).Open(t.Context(), records.MustScopeID("acme-de"))
	require.NoError(t, err)
	for uuid, project := range map[string]string{"701": "Summer DE", "702": "Summer US", "703": "Winter"} {
		w.buy(uuid, picture(100), testserver.SmintJSON{"project_name": []any{map[string]any{"culture": "en", "value": project}}})
	}
	outcomes := map[string]recsync.ItemResult{}
	result, err := recsync.FollowPurchases(t.Context(), scope, w.store(), recsync.FollowOptions{OnItem: func(r recsync.ItemResult) {
		outcomes[strings.SplitN(strings.TrimPrefix(r.ID, "acme-de/purchase/"), "/", 2)[0]] = r
	}})
	require.NoError(t, err)
	require.Equal(t, recsync.ItemDeclared, outcomes["701"].Outcome, outcomes["701"].Reason)
	require.Equal(t, recsync.ItemSkipped, outcomes["702"].Outcome, "another jurisdiction's asset is its own scope's to declare")
	require.Equal(t, recsync.ItemQuarantined, outcomes["703"].Outcome, "without a jurisdiction nothing is declared where the policy asks for one")
	require.Equal(t, recsync.QueueJurisdiction, outcomes["703"].Queue)
	require.Contains(t, outcomes["703"].Reason, "nothing tells its jurisdiction")
	require.Equal(t, 1, result.Declared)
	require.Len(t, w.records(), 1, "one record, below the root of its jurisdiction")
	require.Equal(t, "MKT-07", outcomes["701"].Receipt.Schedule, "the jurisdiction picks the schedule")
}

func TestPolicyFile_EveryFaultIsReportedWithLineAndField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := policyText(w, `{"folder": 4711}`)
	read := func(text string) []string {
		t.Helper()
		_, err := recsync.ReadPolicyFile(strings.NewReader(text))
		require.ErrorIs(t, err, records.ErrInvalid)
		var lines []string
		if faults, ok := err.(*recsync.PolicyFileError); ok { //nolint:errorlint // the type is the promise.
			for _, f := range faults.Faults {
				lines = append(lines, f.String())
			}
		}
		return lines
	}
	t.Run("form", func(t *testing.T) {
		t.Parallel()
		text := strings.NewReplacer(`"client": "Acme"`, `"clinet": "hunter2"`, `"category": `, `"category": "no number", "category": `, `"share": 0.5`, `"share": "half"`,
			`"source": "purchase"`, `"source": "hearsay"`, `"ACME_TOKEN"`, `7`).Replace(good)
		got := read(text)
		require.Len(t, got, 6, "%q", got)
		for i, want := range []string{
			`line 8: scopes[0].clinet is "unknown"`, `line 11: scopes[0].ecm.share is "\"half\"", want a number`,
			`line 12: scopes[0].smint.refresh_token_env is "[redacted]", want a text in quotes`, `line 15: scopes[0].policy.category is "\"no number\"", want a whole number`,
			`line 15: scopes[0].policy.category is "given twice"`, `line 18: scopes[0].policy.approval.source`,
		} {
			require.Contains(t, got[i], want)
		}
		require.NotContains(t, strings.Join(got, "\n"), "hunter2", "a misplaced secret is never shown")
	})
	t.Run("gaps and contradictions", func(t *testing.T) {
		t.Parallel()
		text := strings.NewReplacer(`"format": 1`, `"format": 2`, `"system": "main"`, `"system": "mian"`, `"ACME_PASSWORD"`, `"hunter2"`, `"field": "project", `, ``,
			`"version": "2026-11"`, `"version": ""`).Replace(good)
		second := text[strings.Index(text, "    {\n"):strings.LastIndex(text, "  ]")]
		text = text[:strings.LastIndex(text, "\n  ]")] + ",\n" + second + "  ]\n}"
		got := strings.Join(read(text), "\n")
		for _, want := range []string{
			`line 2: format is "2"`, `line 11: scopes[0].ecm.system is "mian"`, `line 11: scopes[0].ecm.password_env is "[redacted]"`,
			`line 14: scopes[0].policy.version is ""`, `line 16: scopes[0].policy.jurisdiction is "no source"`,
			`line 23: scopes[1].id is "acme-de", want an id of its own`, `line 26: scopes[1].root.folder is "4711", want a root of its own`,
		} {
			require.Contains(t, got, want)
		}
		require.NotContains(t, got, "hunter2", "a misplaced secret is never shown")
	})
	t.Run("addresses", func(t *testing.T) {
		t.Parallel()
		for address, want := range map[string]string{
			"":                                    `url is "", want the address up to the CGI path`,
			"ecm.example/otcs":                    "as https://host/path",
			"http://ecm.example/otcs":             "plain http goes to loopback addresses only",
			"https://kim:hunter2@ecm.example/o":   "without user, query or fragment",
			"https://kim:hunter2@ecm.example:x/o": `url is "[redacted]"`,
			"https://ecm.example/otcs?func=login": "without user, query or fragment",
		} {
			got := read(strings.Replace(good, addressOf(t, good), address, 1))
			require.Len(t, got, 1, "%q", got)
			require.Contains(t, got[0], want)
			require.NotContains(t, got[0], "hunter2", "a misplaced secret is never shown")
		}
	})
	t.Run("no JSON", func(t *testing.T) {
		t.Parallel()
		require.Contains(t, read("{\n \"format\": 1,\n}")[0], "line 3: document")
		require.Contains(t, read(good + "{}")[0], "more than one value")
	})
	t.Run("environment", func(t *testing.T) {
		t.Parallel()
		file, err := recsync.ReadPolicyFile(strings.NewReader(good))
		require.NoError(t, err)
		_, err = recsync.NewOpener(file, recsync.Environment{}).OpenAll(t.Context())
		require.ErrorIs(t, err, records.ErrInvalid)
		for _, name := range []string{"ACME_PASSWORD", "ACME_SECRET", "ACME_TOKEN"} {
			require.ErrorContains(t, err, name, "everything that is missing is said at once")
		}
	})
}

// addressOf is ECM's address in a policy.
func addressOf(t *testing.T, policy string) string {
	t.Helper()
	m := regexp.MustCompile(`"url": "([^"]*)"`).FindStringSubmatch(policy)
	require.NotNil(t, m)
	return m[1]
}

func FuzzReadPolicyFile(f *testing.F) {
	f.Add(`{"format":1,"ecm":{"a":{"url":"https://x"}},"scopes":[{"id":"a","root":{"folder":1}}]}`)
	f.Add(`{"scopes":[{"policy":{"attributes":{"record_key":"K"},"approval":{"source":"purchase"}}}]}`)
	f.Add(`[1,{"a":null}]`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := recsync.ReadPolicyFile(strings.NewReader(text))
		if (p == nil) == (err == nil) {
			t.Fatalf("neither a policy nor an error, or both: %v", err)
		}
	})
}

// TestScope_RootIsAWorkspaceMadeOnce: the root is found by what it stands for,
// and one whose creation had no verdict is not made twice.
func TestScope_RootIsAWorkspaceMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	kind, templates := w.ecm.AddWorkspaceType(testserver.ECMWorkspaceType{Name: "Client", Templates: []testserver.ECMTemplate{{Name: "Client"}}})
	root := fmt.Sprintf(`{"workspace": {"template": %d, "type": %d, "name": "Acme DE", "parent": 2000, "system": "CRM", "object_type": "CLIENT", "object_id": "4711"}}`, templates[0], kind)
	file, err := recsync.ReadPolicyFile(strings.NewReader(policyText(w, root)))
	require.NoError(t, err)
	w.ecm.Fail(testserver.Fault{Route: "POST /v2/businessworkspaces", Kind: testserver.DropAfter})
	open := func() *recsync.Scope {
		t.Helper()
		s, err := recsync.NewOpener(file, w.environment()).Open(t.Context(), records.MustScopeID("acme-de"))
		require.NoError(t, err)
		return s
	}
	first := open()
	require.Equal(t, first.Root(), open().Root(), "the workspace is found again by its business object")
	made := 0
	for _, e := range w.ecm.Exchanges() {
		if e.Method == http.MethodPost && strings.HasSuffix(e.Route, "/businessworkspaces") {
			made++
		}
	}
	require.Equal(t, 1, made, "a lost answer is looked up, and the workspace made once")
	require.NoError(t, first.Check(t.Context()))
	require.NotEmpty(t, w.journal.all(), "the creation has its intent")
	require.Equal(t, recsync.Intent, w.journal.all()[0].Kind)
}

type countingLimiter struct{ n *int }

func (c countingLimiter) Wait(context.Context) error { *c.n++; return nil }

func TestShareLimiter_PaysBothAndTheShareFirst(t *testing.T) {
	t.Parallel()
	var own, account int
	l := recsync.ShareLimiter(countingLimiter{&own}, countingLimiter{&account})
	require.NoError(t, l.Wait(t.Context()))
	require.Equal(t, []int{1, 1}, []int{own, account})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, recsync.ShareLimiter(fast{}, countingLimiter{&account}).Wait(ended))
	require.Equal(t, 1, account, "who has no turn of its own takes none of the account's")
}

// TestR59_AShareOfTheRateIsNoMore: of ten a second a scope with half of it takes
// five, also while nobody else takes any.
func TestR59_AShareOfTheRateIsNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		text := strings.Replace(policyText(w, fmt.Sprintf(`{"folder": %d}`, w.root)), `"requests_per_second": 400`, `"requests_per_second": 10`, 1)
		file, err := recsync.ReadPolicyFile(strings.NewReader(text))
		require.NoError(t, err)
		scope, err := recsync.NewOpener(file, w.environment()).Open(t.Context(), records.MustScopeID("acme-de"))
		require.NoError(t, err)
		w.ecm.Forget()
		began := time.Now()
		const asked = 25
		for range asked {
			_, err := scope.ECM().Nodes.Get(t.Context(), ecm.NodeID(w.root))
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, time.Since(began), 3900*time.Millisecond, "the scope took more than its share")
	})
}

// TestR56_ANameIsNoWorkspace: what bears the workspace's name and stands for
// something else is not taken for the scope's root.
func TestR56_ANameIsNoWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	kind, templates := w.ecm.AddWorkspaceType(testserver.ECMWorkspaceType{Name: "Client", Templates: []testserver.ECMTemplate{{Name: "Client"}}})
	w.ecm.AddFolder(2000, "Acme DE")
	root := fmt.Sprintf(`{"workspace": {"template": %d, "type": %d, "name": "Acme DE", "parent": 2000, "system": "CRM", "object_type": "CLIENT", "object_id": "4711"}}`, templates[0], kind)
	file, err := recsync.ReadPolicyFile(strings.NewReader(policyText(w, root)))
	require.NoError(t, err)
	_, err = recsync.NewOpener(file, w.environment()).Open(t.Context(), records.MustScopeID("acme-de"))
	require.ErrorIs(t, err, recsync.ErrNotOurs)
	require.ErrorContains(t, err, "acme-de")
	require.ErrorContains(t, err, `"Acme DE"`)
}

// TestR56_AScopeOffersNothingFromAnothersRoot, whichever of the two stands first
// in the file.
func TestR56_AScopeOffersNothingFromAnothersRoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	text := policyText(w, `{"folder": 41001}`)
	begin, end := strings.Index(text, "    {\n      \"id\""), strings.LastIndex(text, "\n  ]")
	one := text[begin:end]
	surface := `"approval": {"source": "purchase"}, "surface": {"sources": [{"name": "papers", "own": true, "approval": {"attribute": "A", "accepted": ["yes"]}, "folders": [41002,
41001]}]}`
	two := strings.NewReplacer("acme-de", "zenith", `"client": "Acme"`, `"client": "Zenith"`, "41001", "42001", w.ecm.Options().User, "zenith", "ACME_TOKEN", "ZENITH_TOKEN", `"approval": {"source": "purchase"}`, surface).Replace(one)
	for i, scopes := range []string{two + ",\n" + one, one + ",\n" + two} {
		_, err := recsync.ReadPolicyFile(strings.NewReader(text[:begin] + scopes + text[end:]))
		faults, ok := errors.AsType[*recsync.PolicyFileError](err)
		require.True(t, ok, "%v", err)
		require.Len(t, faults.Faults, 1, "%v", err)
		require.Equal(t, fmt.Sprintf("scopes[%d].policy.surface.sources[0].folders[1]", i), faults.Faults[0].Field)
		require.Contains(t, faults.Faults[0].Want, "the root of scope acme-de")
		require.Positive(t, faults.Faults[0].Line)
	}
}
