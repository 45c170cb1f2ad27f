package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// tenant is one scope of the policy with all that it keeps: nothing in it is
// shared with another scope but the rate of a common account.
type tenant struct {
	dir     string
	system  string
	offers  *adapter.Publisher
	scope   *recsync.Scope
	key     ed25519.PrivateKey
	store   *evidence.TrailFolder
	people  *evidence.People
	trail   *evidence.Trail
	surface *recsync.Surface
	token   smint.Secret
	feed    http.Handler
	runners []*recsync.Runner
}

// openTenant opens a scope and its state. The trail is opened first: its lock
// keeps a second process off the whole folder.
func (b *bridge) openTenant(ctx context.Context, p recsync.ScopePolicy) (t *tenant, err error) {
	t = &tenant{dir: filepath.Join(b.state, p.ID.String()), system: p.ECM.System, offers: &adapter.Publisher{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("scope %s: %w", p.ID, err), t.close())
		}
	}()
	if err = os.MkdirAll(t.dir, 0o700); err != nil {
		return t, err
	}
	if t.store, err = evidence.OpenTrailFolder(filepath.Join(t.dir, "trail")); err != nil {
		return t, err
	}
	if t.key, err = signingKey(filepath.Join(t.dir, "signer.pem")); err != nil {
		return t, err
	}
	if t.people, err = evidence.OpenPeople(filepath.Join(t.dir, "people")); err != nil {
		return t, err
	}
	host, _ := os.Hostname()
	if t.trail, err = evidence.OpenTrail(ctx, evidence.TrailConfig{
		Scope: p.ID, Store: t.store, Signer: t.key, People: t.people,
		Actor: evidence.TrailActor{Organization: p.Client, User: p.ECM.User, Application: "github.com/smintecm/sdk/examples/bridge", Location: host},
	}); err != nil {
		return t, err
	}
	b.opening.Store(p.ID, t)
	if t.scope, err = b.opener.Open(ctx, p.ID); err != nil {
		return t, err
	}
	if p.Policy.Surface != nil {
		if err = t.openFeed(); err != nil {
			return t, err
		}
	}
	return t, b.makeRunners(t, p)
}

// openFeed opens what is offered to Smint.io. Each scope's feed has a token of
// its own: who reads one client's feed reads no other's.
func (t *tenant) openFeed() (err error) {
	token, err := kept(filepath.Join(t.dir, "feed.token"), []byte(rand.Text()))
	if err != nil {
		return err
	}
	t.token = smint.Secret(strings.TrimSpace(string(token)))
	if t.surface, err = recsync.OpenSurface(t.scope, filepath.Join(t.dir, "feed"), recsync.SurfaceOptions{}); err != nil {
		return err
	}
	// The feed is a place where access is taken away, and it is made of the
	// scope: so the place was named before, and is filled in here.
	*t.offers = *t.surface.Publisher(t.offers.Back)
	t.feed, err = t.surface.Handler(adapter.Options{
		Authenticate: adapter.Bearer(t.token), Prefix: "/scopes/" + t.scope.ID().String() + "/adapter/v1",
	})
	return err
}

// makeRunners makes the two directions of a scope.
func (b *bridge) makeRunners(t *tenant, p recsync.ScopePolicy) error {
	state := func(name string) *recsync.FileFeedStore { return recsync.NewFileFeedStore(filepath.Join(t.dir, name)) }
	follow := recsync.FollowConfig{Every: b.every, OnPass: b.out.pass, Options: recsync.FollowOptions{Evidence: p.Policy.Evidence.Organization != ""}}
	byAttribute := p.Policy.Approval.Source == records.ApprovalByAttribute
	if p.Smint != nil && !byAttribute {
		follow.Purchases = state("purchases.json")
	}
	if p.Smint != nil && byAttribute {
		follow.Portal = state("portal.json")
	}
	if follow.Purchases != nil || follow.Portal != nil {
		r, err := recsync.Follow(t.scope, follow)
		if err != nil {
			return err
		}
		t.runners = append(t.runners, r)
	}
	watch, err := recsync.Watch(t.scope, recsync.WatchConfig{
		Events: recsync.NewFileWatchStore(filepath.Join(t.dir, "seen.json")), Open: state("open.json"),
		Surface: t.surface, Metadata: p.Policy.Metadata != nil, Every: b.every, OnPass: b.out.pass,
	})
	if err != nil {
		return err
	}
	reconcile, err := recsync.NewRunner(recsync.RunnerConfig{
		Name: "reconcile", Scope: p.ID, Every: b.reconcile, OnPass: b.out.pass, Pass: func(ctx context.Context) (string, error) {
			found, err := recsync.Reconcile(ctx, t.scope, recsync.ReconcileRequest{
				Purchases: follow.Purchases != nil, Portal: follow.Portal != nil, Surface: t.surface, Trail: t.trail,
			})
			if err != nil {
				return "", err
			}
			for _, f := range found.Open() {
				b.out.printf("%s reconcile: %s", p.ID, f)
			}
			for _, f := range found.Failed {
				b.out.printf("%s reconcile: not repaired: %s: %s", p.ID, f.ID, f.Reason)
			}
			return fmt.Sprintf("records=%d repaired=%d failed=%d open=%d", found.Records, found.Repairs()-len(found.Failed), len(found.Failed), len(found.Open())), nil
		},
	})
	if err != nil {
		return err
	}
	t.runners = append(t.runners, watch, reconcile)
	return nil
}

func (t *tenant) close() error {
	var errs []error
	if t.surface != nil {
		errs = append(errs, t.surface.Close())
	}
	if t.people != nil {
		errs = append(errs, t.people.Close())
	}
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	return errors.Join(errs...)
}

// signingKey reads the scope's key, or makes one. A real service keeps it in a
// key service or on a token, behind the same crypto.Signer.
func signingKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	text, err := kept(path, pem.EncodeToMemory(&pem.Block{Type: "ED25519 SEED", Bytes: key.Seed()}))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || len(block.Bytes) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s holds no key: restore it; a new one would not continue the trail", path)
	}
	return ed25519.NewKeyFromSeed(block.Bytes), nil
}

// kept reads a secret, or keeps a fresh one: whole or not at all, so that
// neither a full disk nor a kill leaves half of it.
func kept(path string, fresh []byte) ([]byte, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(fresh)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	return fresh, err
}
