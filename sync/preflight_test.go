package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR58_CheckNamesExactlyWhatIsMissing takes each privilege and object away in
// turn. Nothing is written on either side, and no administrator is needed.
func TestR58_CheckNamesExactlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	deny := func(privilege string) func(*world) {
		return func(w *world) { w.ecm.Deny(w.ecm.Options().User, privilege) }
	}
	for name, tc := range map[string]struct {
		take func(*world)
		what string
		kind recsync.Trouble
		ask  string
	}{
		"nothing":              {func(*world) {}, "", "", ""},
		"create":               {deny("create"), "may add items to the root", recsync.TroubleDenied, "permission to add items"},
		"audit":                {deny("audit"), "may read the audit of nodes", recsync.TroubleDenied, "audit"},
		"classify":             {deny("classify"), "may classify", recsync.TroubleDenied, "privilege to classify"},
		"finalize":             {deny("finalize"), "may finalize", recsync.TroubleDenied, "finalize records"},
		"hold":                 {deny("hold"), "may apply holds", recsync.TroubleDenied, "apply and remove holds"},
		"a privilege unneeded": {deny("recyclebin"), "", "", ""},
		"root":                 {func(w *world) { w.config.Root = 999_999; w.scope = w.newScope() }, "root", recsync.TroubleSetup, "999999"},
		"category":             {func(w *world) { w.config.Policy.Category = 999_999; w.scope = w.newScope() }, "category", recsync.TroubleSetup, "999999"},
		"attribute": {func(w *world) {
			w.config.Policy.Attributes = recsync.DefaultAttributes()
			w.config.Policy.Attributes[recsync.FieldTitle] = "Headline"
			w.scope = w.newScope()
		}, "category", recsync.TroubleSetup, `"Headline"`},
		"class": {func(w *world) {
			w.config.Policy.Classes = []recsync.ClassRule{{Class: 999_999}}
			w.scope = w.newScope()
		}, "class 999999", recsync.TroubleSetup, "exactly one RSI"},
		"schedule": {func(w *world) {
			w.config.Policy.Classes = []recsync.ClassRule{{Class: ecm.NodeID(w.ecm.AddRMClassification("Bare"))}}
			w.scope = w.newScope()
		}, "class", recsync.TroubleSetup, "exactly one RSI"},
		"status code": {func(w *world) {
			w.config.Policy.FileStatus = "FROZEN"
			w.scope = w.newScope()
		}, `status code "FROZEN"`, recsync.TroubleSetup, `"FROZEN"`},
		"cross-reference type": {func(w *world) {
			w.config.Policy.RightsReference = "NOSUCH"
			w.scope = w.newScope()
		}, "cross-reference types", recsync.TroubleSetup, "NOSUCH"},
		"holds": {
			func(w *world) {
				w.ecm.Fail(testserver.Fault{Route: "GET /v1/holds", Times: -1, Status: 403, Body: `{"error":"no"}`})
			},
			"holds can be read", recsync.TroubleDenied, "see holds",
		},
		"the server": {
			func(w *world) { w.ecm.Fail(testserver.Fault{Times: -1, Kind: testserver.Refuse, Status: 503}) },
			"answers and lets the user in", recsync.TroubleUnreachable, "network",
		},
		"the password": {func(w *world) {
			o := w.ecm.Options()
			c, err := ecm.New("https://ecm.example"+o.Base, ecm.PasswordLogin{User: o.User, Password: "wrong"}, ecm.WithTransport(w.ecm.Transport()), ecm.WithLimiter(fast{}))
			require.NoError(w.t, err)
			w.config.ECM = c
			w.scope = w.newScope()
		}, "answers and lets the user in", recsync.TroubleLogin, "user and password"},
		"the grant": {func(w *world) {
			o, ends := w.smint.Options(), w.smint.Endpoints()
			c, err := smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals},
				smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: "revoked"}, smint.WithTransport(w.smint.Transport()))
			require.NoError(w.t, err)
			w.config.Smint = c
			w.scope = w.newScope()
		}, "the purchase feed can be read", recsync.TroubleLogin, "a grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.ecm.AddCode("hold_type", "LEGAL", "Legal")
			tc.take(w)
			before := len(w.writes())
			report, err := recsync.Check(t.Context(), w.scope, recsync.CheckOptions{})
			require.NoError(t, err)
			require.Len(t, w.writes(), before, "a check changes nothing")
			missing := report.Missing()
			if tc.what == "" {
				require.Empty(t, missing, report.String())
				require.NoError(t, report.Err())
				return
			}
			require.Len(t, missing, 1, "exactly what was taken away is named:\n%s", report)
			require.Contains(t, missing[0].What, tc.what)
			require.Equal(t, tc.kind, missing[0].Kind, missing[0].Found)
			require.Contains(t, missing[0].Ask, tc.ask)
			require.ErrorIs(t, report.Err(), recsync.ErrSetup)
			require.ErrorContains(t, report.Err(), "scope acme lacks what its policy needs", "of either system")
			require.Contains(t, report.String(), "ask the administrator for:")
		})
	}
}

// TestR56_CheckTellsRootsThatLieInEachOther: of two scopes, the one whose root
// lies in the other's is named, and the one around it is not.
func TestR56_CheckTellsRootsThatLieInEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ecm.AddCode("hold_type", "LEGAL", "Legal")
	around := w.scope
	w.config.ID = records.MustScopeID("globex")
	for root, inside := range map[int64]bool{
		w.ecm.AddFolder(w.ecm.AddFolder(w.root, "Clients"), "Globex"): true,
		w.ecm.AddFolder(2000, "Globex"):                               false,
		w.root:                                                        true,
	} {
		w.config.Root = ecm.NodeID(root)
		within := w.newScope()
		both := recsync.CheckOptions{Beside: []*recsync.Scope{around, within}}
		report, err := recsync.Check(t.Context(), within, both)
		require.NoError(t, err)
		if inside {
			require.ErrorContains(t, report.Err(), "root and folders apart from other scopes'")
			require.Contains(t, report.Missing()[0].Found, "the root of scope acme")
		} else {
			require.NoError(t, report.Err())
		}
		if root != w.root {
			report, err = recsync.Check(t.Context(), around, both)
			require.NoError(t, err)
			require.NoError(t, report.Err(), "it lies in nobody's")
		}
	}
	// The root is its own; what it offers is not.
	w.config.Root = ecm.NodeID(w.ecm.AddFolder(2000, "Globex records"))
	folder := ecm.NodeID(w.ecm.AddFolder(w.root, "Reference"))
	w.config.Policy.Surface = &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{{
		Name: "reference", Folders: []ecm.NodeID{folder}, Own: true, Approval: recsync.SurfaceApproval{Attribute: "Source", Accepted: []string{"yes"}},
	}}}
	report, err := recsync.Check(t.Context(), w.newScope(), recsync.CheckOptions{Beside: []*recsync.Scope{around}})
	require.NoError(t, err)
	require.Len(t, report.Missing(), 1, report.String())
	require.Contains(t, report.Missing()[0].Found, "node "+folder.String()+" lies in node")
}

func TestCheck_WhatNoCallTellsIsUnproven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ecm.AddCode("hold_type", "LEGAL", "Legal")
	report, err := recsync.Check(t.Context(), w.scope, recsync.CheckOptions{Functions: map[string]string{"finalize": "4711"}})
	require.NoError(t, err)
	require.NoError(t, report.Err(), "what cannot be told is not missing")
	i := strings.Index(report.String(), "unproven  ECM")
	require.GreaterOrEqual(t, i, 0, report.String())
	require.Contains(t, report.String()[i:], `the server lists no function "4711"`)
	// The scope itself knows what it knew: a check learns for itself alone.
	require.Equal(t, records.MustScopeID("acme"), w.scope.ID())
}

// TestCheck_AsksAnew: what the scope has learned while it worked is no proof of
// what is there now.
func TestCheck_AsksAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.ecm.AddCode("hold_type", "LEGAL", "Legal")
	w.buy("1", picture(10), nil)
	w.follow(w.store(), recsync.FollowOptions{})
	require.Len(t, w.records(), 1)
	w.ecm.Change(int64(w.config.Policy.Classes[0].Class), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	report, err := recsync.Check(t.Context(), w.scope, recsync.CheckOptions{})
	require.NoError(t, err)
	require.Len(t, report.Missing(), 1, report.String())
	require.Contains(t, report.Missing()[0].What, "class")
}

// TestCheck_APortalIsSearchedForWhatTellsItsApproval: what one asset cannot tell
// is unproven, and a portal that is not there is the one thing to ask for.
func TestCheck_APortalIsSearchedForWhatTellsItsApproval(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.ecm.AddCode("hold_type", "LEGAL", "Legal")
	stand := func(s *recsync.Scope) (needs []string, report recsync.CheckReport) {
		report, err := recsync.Check(t.Context(), s, recsync.CheckOptions{})
		require.NoError(t, err)
		for _, n := range report.Needs {
			if n.System == "Smint.io" {
				needs = append(needs, string(n.State)+" "+n.What)
			}
		}
		return needs, report
	}
	searched, attribute := "the portal can be searched", fmt.Sprintf("attribute %q of portal assets", w.config.Policy.Approval.Attribute)
	needs, report := stand(w.scope)
	require.Equal(t, []string{"met " + searched, "unproven " + attribute}, needs)
	require.NoError(t, report.Err(), "what cannot be told is not missing")
	w.finish("kv1", "1", "e", picture(40), approved(nil))
	needs, _ = stand(w.scope)
	require.Equal(t, []string{"met " + searched, "met " + attribute}, needs)

	w.smint.Fail(testserver.Fault{Times: -1, Status: 403, Where: func(q *http.Request) bool { return strings.HasPrefix(q.URL.Path, "/frontend/") }})
	needs, report = stand(w.scope)
	require.Equal(t, []string{"missing " + searched, "not asked " + attribute}, needs)
	require.Len(t, report.Missing(), 1, report.String())
	require.Contains(t, report.Missing()[0].Ask, testserver.PortalUUID)
	require.Equal(t, recsync.TroubleDenied, report.Missing()[0].Kind)
}
