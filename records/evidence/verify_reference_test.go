package evidence_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// TestP12_ASignedReferenceIsToTheSignedContent: a signer who lets the reference
// or the provenance tell of something else is found, whatever the manifests say.
func TestP12_ASignedReferenceIsToTheSignedContent(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	p := sample()
	p.Asset.Content, p.Asset.Location = nil, evidence.Location{System: "smint.io", ID: "79468-1"}
	files := tree(t, writeDir(t, p, evidence.WriteOptions{Signers: signers}))
	check := func(change func(map[string][]byte)) *evidence.Verification {
		f := maps.Clone(files)
		change(f)
		path := func(s string) string {
			return strings.Replace(s, `"path":"data/asset"`, `"path":"data/asset.ref.json"`, 1)
		}
		return verifyDir(t, reseal{files: f, key: key(1), statement: path}.write(t), evidence.VerifyOptions{Keys: public})
	}
	require.NoError(t, check(func(map[string][]byte) {}).Err(), "made by other means, it is the same")
	const reference, provenance = "data/asset.ref.json", "data/provenance.json"
	for name, tc := range map[string]struct {
		change func(map[string][]byte)
		check  string
		want   error
	}{
		"of another record":           {replace(reference, "79401/1/1", "79401/1/2"), evidence.CheckAsset, evidence.ErrStatement},
		"to other bytes":              {replace(reference, hexSum(picture), hexSum([]byte("other"))), evidence.CheckAsset, evidence.ErrStatement},
		"to more bytes":               {replace(reference, `"size": 340`, `"size": 341`), evidence.CheckAsset, evidence.ErrStatement},
		"of another format":           {replace(reference, "asset-reference/v1", "asset-reference/v2"), evidence.CheckAsset, evidence.ErrVersion},
		"provenance of another":       {replace(provenance, `"record": "acme/purchase/79401/1/1"`, `"record": "acme/purchase/79401/1/2"`), evidence.CheckProvenance, evidence.ErrProvenance},
		"an object of another length": {replace(provenance, `"size": 342`, `"size": 343`), evidence.CheckProvenance, evidence.ErrProvenance},
	} {
		v := check(tc.change)
		require.ErrorIs(t, v.Err(), tc.want, name)
		require.Equal(t, tc.check, first(v), "%s: %v", name, v.Err())
	}
}
