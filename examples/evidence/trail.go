package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	recsync "github.com/smintecm/sdk/sync"
)

const (
	organization = "Acme AG"
	application  = "github.com/smintecm/sdk/examples/evidence"
)

var scopeID = records.MustScopeID("acme")

// keeper keeps the trail of what this program does, and the key that signs it
// and the package.
type keeper struct {
	key     ed25519.PrivateKey
	folder  *evidence.TrailFolder
	people  *evidence.People
	trail   *evidence.Trail
	journal *recsync.TrailJournal
}

// openTrail opens a trail with a fresh key. A real signer keeps its key
// elsewhere: in a key service or on a token, behind the same interface.
func openTrail(ctx context.Context, out, user string) (k *keeper, err error) {
	k = &keeper{}
	if _, k.key, err = ed25519.GenerateKey(nil); err != nil {
		return nil, err
	}
	if k.folder, err = evidence.OpenTrailFolder(filepath.Join(out, "trail")); err != nil {
		return nil, err
	}
	// Who stands behind the trail's pseudonyms lies apart from it.
	if k.people, err = evidence.OpenPeople(filepath.Join(out, "people")); err == nil {
		k.trail, err = evidence.OpenTrail(ctx, evidence.TrailConfig{
			Scope: scopeID, Store: k.folder, Signer: k.key, People: k.people,
			Actor: evidence.TrailActor{Organization: organization, User: user, Application: application, Location: host()},
		})
	}
	if err == nil {
		k.journal, err = recsync.NewTrailJournal(k.trail, evidence.TrailActor{}, "")
	}
	if err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

// configure has the scope take down in the trail what it does, and sign its
// packages. Why an approval lacks something is the policy's to say.
func (k *keeper) configure(c *recsync.ScopeConfig) {
	c.Journal, c.Signers = k.journal, []crypto.Signer{k.key}
	c.Policy.Evidence = recsync.EvidencePolicy{Organization: organization, Gaps: []recsync.EvidenceGap{
		{Lacks: "first_use", Reason: "not used yet"},
		{Lacks: "last_use", Reason: "not used yet"},
		{Lacks: "reviewers", Reason: "the purchase names none"},
		{Lacks: "restrictions", Reason: "none but those of the license"},
		{Lacks: "chart_sources", Reason: "a picture without charts"},
	}}
}

// publish writes the public key for those who verify.
func (k *keeper) publish(out string) error {
	text, err := evidence.MarshalPublicKey(k.key.Public())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "key.pem"), text, 0o600)
}

func (k *keeper) close() error {
	err := k.folder.Close()
	if k.people != nil {
		err = errors.Join(err, k.people.Close())
	}
	return err
}

func host() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}
