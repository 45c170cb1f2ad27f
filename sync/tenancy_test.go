package sync_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// buys is a person of a tenant who buys a picture, which its feed brings.
func (v *tenant) buys(uuid string, content []byte) recsync.RecordRef {
	v.t.Helper()
	v.buy(uuid, content, nil)
	report, err := recsync.FollowPurchases(v.t.Context(), v.scope, &v.store, recsync.FollowOptions{})
	require.NoError(v.t, err)
	require.Zero(v.t, report.Quarantined, "%+v", report)
	r, err := v.scope.Record(v.t.Context(), v.key(uuid))
	require.NoError(v.t, err)
	return r.Record
}

// plainAs asks ECM with the tenant's own user, and nothing but net/http.
func (v *tenant) plainAs(path string) int {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, "https://ecm.example"+v.ecm.Options().Base+"/api"+path, nil)
	require.NoError(v.t, err)
	r.Header.Set("OTCSTicket", v.ecm.NewTicket(v.user))
	resp, err := (&http.Client{Transport: v.ecm.Transport()}).Do(r)
	require.NoError(v.t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(v.t, err)
	require.NoError(v.t, resp.Body.Close())
	return resp.StatusCode
}

// TestF7_ManyClientsAreKeptApart begins with two clients who buy a picture
// under the same number, and ends by asking ECM with plain net/http: what each
// bought lies below its own root, as its own record, and nowhere else; neither
// user sees the other's; and a reference of one is refused in the other before
// any request.
func TestF7_ManyClientsAreKeptApart(t *testing.T) {
	t.Parallel()
	all, _ := tenants(t, "acme", "zenith")
	refs := []recsync.RecordRef{all[0].buys("501", picture(100)), all[1].buys("501", picture(200))}
	plain := all[0].plainECM()
	for i, v := range all {
		other := all[1-i]
		documents := plain.documents(v.root)
		n, found := documents[v.key("501").NodeName()]
		require.True(t, found, "%s has no record of what it bought", v.name)
		require.Equal(t, picture(100*(i+1)), plain.content(n.ID), "%s: the bytes that this client bought", v.name)
		plain.says(fmt.Sprintf("/v2/nodes/%d/categories/%d", n.ID, v.category), v.key("501").String())
		for name, d := range documents {
			text := string(plain.get(fmt.Sprintf("/v2/nodes/%d/categories", d.ID)))
			require.NotContains(t, text+name, other.name, "node %d below the root of %s names the other client", d.ID, v.name)
		}
		require.NotContains(t, documents, other.key("501").NodeName(), "%s: a record of the other lies below the root", v.name)
		require.Equal(t, http.StatusOK, v.plainAs(fmt.Sprintf("/v2/nodes/%d", refs[i].Node())))
		require.NotEqual(t, http.StatusOK, v.plainAs(fmt.Sprintf("/v2/nodes/%d", refs[1-i].Node())), "the user of %s sees a record of the other", v.name)
		require.NotEqual(t, v.ecm.Options().User, v.user, "the clients act with credentials of their own")
		v.own("the journal", fmt.Sprint(v.journal.all()), all)
		_, err := recsync.SurfaceRecords(t.Context(), v.scope, v.surface, recsync.SurfaceRequest{})
		require.NoError(t, err)
		status, feed := v.ask("/changes")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(feed), recsync.ExternalID(v.key("501")))
		require.NotContains(t, string(feed), recsync.ExternalID(other.key("501")), "the feed of %s lists a record of the other", v.name)
	}
	refusesForeign(t, all[0], all[1], refs[0], refs[1])
}

// refusesForeign hands every primitive a reference of another scope.
func refusesForeign(t *testing.T, own, other *tenant, mine, theirs recsync.RecordRef) {
	t.Helper()
	asset := other.assets0("501")
	own.ecm.Forget()
	own.smint.Forget()
	other.smint.Forget()
	ctx, s := t.Context(), own.scope
	for name, call := range map[string]func() error{
		"DeclareRecord": func() error {
			_, err := recsync.DeclareRecord(ctx, s, recsync.DeclareRequest{Asset: asset})
			return err
		},
		"TransferRights": func() error {
			_, err := recsync.TransferRights(ctx, s, recsync.RightsRequest{Record: theirs, Source: []byte(`{}`)})
			return err
		},
		"RelateRecords, from": func() error {
			_, err := recsync.RelateRecords(ctx, s, recsync.RelateRequest{From: theirs, To: mine, Type: "REUSES"})
			return err
		},
		"RelateRecords, to": func() error {
			_, err := recsync.RelateRecords(ctx, s, recsync.RelateRequest{From: mine, To: theirs, Type: "REUSES"})
			return err
		},
		"SupersedeRecord": func() error {
			_, err := recsync.SupersedeRecord(ctx, s, recsync.SupersedeRequest{Record: theirs})
			return err
		},
		"AttachEvidence": func() error {
			_, err := recsync.AttachEvidence(ctx, s, recsync.EvidenceRequest{Record: theirs})
			return err
		},
		"SyncMetadata": func() error {
			_, err := recsync.SyncMetadata(ctx, s, recsync.MetadataRequest{Record: theirs})
			return err
		},
		"SurfaceRecords": func() error {
			_, err := recsync.SurfaceRecords(ctx, s, other.surface, recsync.SurfaceRequest{})
			return err
		},
		"ApplyHold": func() error {
			_, err := recsync.ApplyHold(ctx, s, order("CASE", recsync.HoldTarget{Records: []recsync.RecordRef{mine, theirs}}))
			return err
		},
		"ReleaseHold": func() error {
			_, err := recsync.ReleaseHold(ctx, s, releaseOf("CASE", recsync.HoldTarget{Records: []recsync.RecordRef{mine, theirs}}))
			return err
		},
		"PropagateDisposition": func() error {
			e := recsync.DispositionEvent{Kind: recsync.EventDisposed, Record: theirs.Key(), At: own.clock.Now()}.Identify()
			_, err := recsync.PropagateDisposition(ctx, s, recsync.PropagateRequest{Event: e})
			return err
		},
		"HoldsOn": func() error { _, err := s.HoldsOn(ctx, theirs); return err },
	} {
		err := call()
		require.ErrorIs(t, err, recsync.ErrForeignScope, name)
		require.Empty(t, own.ecm.Exchanges(), "%s: ECM got a request about a reference of another scope", name)
	}
	for name, n := range map[string]int{"our Smint.io": len(own.smint.Exchanges()), "the other's Smint.io": len(other.smint.Exchanges())} {
		require.Zero(t, n, "%s got a request about a reference of another scope", name)
	}
}

// assets0 is the first asset of a purchase, as the tenant's feed has it.
func (v *tenant) assets0(uuid string) recsync.Asset { return v.world.assets(uuid)[0] }

// TestR56_AHoldOfAnotherScopeIsNeitherTakenNorEnded: two scopes hold for a
// matter of the same name, and each one's user sees its own records alone. Who
// releases does not end what protects the other.
func TestR56_AHoldOfAnotherScopeIsNeitherTakenNorEnded(t *testing.T) {
	t.Parallel()
	all, _ := tenants(t, "acme", "zenith")
	ours, theirs := all[0].buys("501", picture(20)), all[1].buys("501", picture(20))
	var ids []records.HoldID
	for _, v := range all {
		r, err := recsync.ApplyHold(t.Context(), v.scope, order("CASE 1", recsync.HoldTarget{Scope: true}))
		require.NoError(t, err)
		ids = append(ids, r.Hold.ID)
	}
	require.NotEqual(t, ids[0], ids[1], "a hold of another scope is taken for one's own")
	r, err := recsync.ReleaseHold(t.Context(), all[0].scope, releaseOf("CASE 1", recsync.HoldTarget{}))
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, r.Change)
	free, err := all[0].scope.HoldsOn(t.Context(), ours)
	require.NoError(t, err)
	require.Zero(t, free.Len())
	held, err := all[1].scope.HoldsOn(t.Context(), theirs)
	require.NoError(t, err)
	require.Equal(t, 1, held.Len(), "a release in one scope has ended the hold of another")

	// A hold that a person set over both stays: a scope's user need not see all
	// that it protects.
	byHand := all[0].ecm.AddHold("By hand", "LEGAL", int64(ours.Node()), int64(theirs.Node()))
	r, err = recsync.ReleaseHold(t.Context(), all[0].scope, recsync.ReleaseRequest{Name: "By hand", Reason: "settled", By: "B. Lawyer"})
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(r.Findings), "was not made by this scope")
	require.NotContains(t, all[0].holdsOn(ours.Node()), byHand)
	held, err = all[1].scope.HoldsOn(t.Context(), theirs)
	require.NoError(t, err)
	require.Equal(t, 2, held.Len(), "a release in one scope has ended a person's hold over another's record")
}

// TestR37_ADisposalThatNobodySaw: ECM destroys a record with all that stands
// beside it, and before anybody has looked the feed comes from its start.
func TestR37_ADisposalThatNobodySaw(t *testing.T) {
	t.Parallel()
	all, search := tenants(t, "acme")
	v := all[0]
	ref := v.buys("501", picture(20))
	v.assets["501"] = &licensed{uuid: "501", node: int64(ref.Node()), matters: map[string]bool{}}
	v.clock.Move(days(800))
	h := &tale{t: t, all: all, search: search, counts: map[string]int{}, r: seeded(1)}
	h.dispose()
	require.True(t, v.assets["501"].disposed)
	require.Empty(t, v.ecm.Documents(), "nothing is left of it, no rights document and no stub")
	v.ecm.Forget()
	report, err := recsync.FollowPurchases(t.Context(), v.scope, &v.store, recsync.FollowOptions{FromStart: true})
	require.NoError(t, err)
	require.Equal(t, 1, report.Skipped, "%+v", report)
	require.Empty(t, v.writes(), "a replayed feed resurrects what ECM destroyed")
	_, err = recsync.DeclareRecord(t.Context(), v.scope, recsync.DeclareRequest{Asset: v.assets0("501")})
	require.ErrorIs(t, err, recsync.ErrDisposed)
}

// TestR59_OneClientGoesOnWhateverBefallsAnother: the other one's Smint.io is
// down, its share of ECM's rate is used up, or it is hostile; declaration, hold,
// disposition and what follows from it go their way, while the other's own run
// is still going on.
func TestR59_OneClientGoesOnWhateverBefallsAnother(t *testing.T) {
	t.Parallel()
	for name, befall := range map[string]func(v *tenant){
		"down":         func(v *tenant) { v.smint.Fail(testserver.Fault{Status: http.StatusServiceUnavailable, Times: -1}) },
		"rate-limited": func(v *tenant) { v.ecm.Fail(v.fault(http.StatusTooManyRequests, "")) },
		"ECM refuses":  func(v *tenant) { v.ecm.Fail(v.fault(http.StatusInternalServerError, "<html>restarting</html>")) },
		"hostile": func(v *tenant) {
			// It claims the other's record, holds by the same words, and lies.
			require.NoError(v.t, v.smint.Emit(v.purchase("../acme/purchase/501/1", nil).Payload(), v.file("501", "1", picture(9))))
			v.smint.Fail(testserver.Fault{Route: "GET *", Status: http.StatusOK, Body: strings.Repeat(`{"uuid":"acme/purchase/501/1/1",`, 1000), Times: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, search := tenants(t, "acme", "zenith")
			v, other := all[0], all[1]
			other.buys("500", picture(20))
			befall(other)
			other.buy("501", picture(20), nil)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := recsync.FollowPurchases(ctx, other.scope, &other.store, recsync.FollowOptions{FromStart: true})
				ended <- err
			}()
			goesOn(t, v, search)
			stop()
			err := <-ended
			t.Logf("the other client: %v", err)
			v.ecm.Heal()
			other.smint.Heal()
			if name == "hostile" {
				_, err := recsync.FollowPurchases(t.Context(), other.scope, &other.store, recsync.FollowOptions{FromStart: true})
				require.NoError(t, err)
			} else {
				other.buys("502", picture(20))
				require.Contains(t, v.plainECM().documents(other.root), other.key("502").NodeName(), "the other goes on when it is well again")
			}
			for name, d := range v.plainECM().documents(v.root) {
				require.NotContains(t, string(v.plainECM().get(fmt.Sprintf("/v2/nodes/%d/categories", d.ID)))+name, other.name, "something of the other lies below the root")
			}
		})
	}
}

// fault befalls the requests of the tenant's own user.
func (v *tenant) fault(status int, body string) testserver.Fault {
	return testserver.Fault{Times: -1, Status: status, Body: body, Where: func(r *http.Request) bool { return r.Header.Get(userHeader) == v.user }}
}

// goesOn is the whole life of a record of one client.
func goesOn(t *testing.T, v *tenant, search int64) {
	t.Helper()
	ref := v.buys("501", picture(20))
	v.assets["501"] = &licensed{uuid: "501", node: int64(ref.Node()), matters: map[string]bool{}}
	h := &tale{t: t, all: []*tenant{v}, search: search, counts: map[string]int{}, offered: map[string]bool{}, r: seeded(59)}
	h.pass(v)
	require.True(t, v.served("501"))
	h.hold(v, v.assets["501"], "CASE 0")
	v.clock.Move(days(800))
	h.dispose()
	require.Equal(t, 1, h.counts["kept by a hold"], "the hold keeps it")
	_, err := recsync.ReleaseHold(t.Context(), v.scope, releaseOf("CASE 0", recsync.HoldTarget{}))
	require.NoError(t, err)
	delete(v.assets["501"].matters, "CASE 0")
	h.dispose()
	require.Equal(t, 1, h.counts["destroyed"])
	for e, err := range recsync.DispositionEvents(t.Context(), v.scope, &v.watched, recsync.WatchOptions{}) {
		require.NoError(t, err)
		h.carry(v, e)
	}
	require.False(t, v.served("501"))
	n, _ := v.ecm.Node(int64(ref.Node()))
	require.True(t, n.Destroyed)
}
