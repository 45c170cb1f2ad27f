package evidence_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

var picture = bytes.Repeat([]byte("licensed picture\n"), 20)

// vendorJSON has what must survive: odd white space, a key that nobody knows.
var vendorJSON = []byte("{ \"uuid\":\"79401\",\t\"license_terms\" : [ ],\n\"brand_new_field\": 1e3 }\n")

// key is an Ed25519 key that is the same in every run.
func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func keys(seeds ...byte) (signers []crypto.Signer, public []crypto.PublicKey) {
	for _, s := range seeds {
		signers, public = append(signers, key(s)), append(public, key(s).Public())
	}
	return signers, public
}

// sample is a complete package.
func sample() evidence.Package {
	record := records.MustRecordKey("acme/purchase/79401/1/1")
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	event := func(id string, kind records.EventKind, minutes int) records.Event {
		return records.Event{
			ID: id, Record: record, Kind: kind, Organization: "Acme AG", User: "records-service", Application: "github.com/smintecm/sdk",
			At: at.Add(time.Duration(minutes) * time.Minute), Location: "10.20.0.7",
		}
	}
	return evidence.Package{
		Record: record, Organization: "Acme AG", At: at.Add(time.Hour),
		Asset: evidence.Asset{
			Content: bytes.NewReader(picture), Size: int64(len(picture)), Digest: records.DigestOf(picture), FileName: "lake at dawn.jpg", MediaType: "image/jpeg",
		},
		Rights: evidence.Rights{
			Source: vendorJSON, ODRL: []byte(`{"@context":"http://www.w3.org/ns/odrl.jsonld","@type":"Agreement"}` + "\n"),
			Basis: evidence.Basis{Kind: "license", Document: "79401", From: at.AddDate(0, -1, 0)},
		},
		Approval: records.Approval{
			Source: records.ApprovalByPurchase, Asset: record, Person: "Pat Buyer", At: at.AddDate(0, 0, -1), Digest: records.DigestOf(picture),
			Restrictions: []string{"Austria only"}, Reviewers: []string{"Lee Legal"}, FirstUse: records.MustDate("2026-12-01"), Raw: vendorJSON,
		},
		Without: map[string]string{"last_use": "in use", "chart_sources": "a picture without charts"},
		Events:  records.History{event("e1", records.EventCaptured, 0), event("e2", records.EventDeclared, 1), event("e3", records.EventFinalized, 2)},
		XMP:     []byte("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>\n"),
		Trail:   []evidence.TrailFile{{Name: "entries.jsonl", Content: []byte("{\"seq\":0}\n{\"seq\":1}\n")}},
	}
}

// referring is the sample, with its content elsewhere.
func referring() evidence.Package {
	p := sample()
	p.Asset.Content, p.Asset.Location = nil, evidence.Location{System: "https://ecm.example/cs", ID: "4711", Name: p.Record.NodeName()}
	return p
}

func writeDir(t *testing.T, p evidence.Package, o evidence.WriteOptions) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	_, err := p.WriteDir(t.Context(), dir, o)
	require.NoError(t, err)
	return dir
}

func zipped(t *testing.T, p evidence.Package, o evidence.WriteOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := p.WriteZip(t.Context(), &b, o)
	require.NoError(t, err)
	return b.Bytes()
}

func verifyZip(t *testing.T, b []byte, o evidence.VerifyOptions) *evidence.Verification {
	t.Helper()
	v, err := evidence.VerifyZip(t.Context(), bytes.NewReader(b), int64(len(b)), o)
	require.NoError(t, err)
	return v
}

func verifyDir(t *testing.T, dir string, o evidence.VerifyOptions) *evidence.Verification {
	t.Helper()
	v, err := evidence.VerifyDir(t.Context(), dir, o)
	require.NoError(t, err)
	return v
}

// first is the check whose failure is the reason.
func first(v *evidence.Verification) string {
	for _, c := range v.Checks {
		if c.Err != nil {
			return c.Name
		}
	}
	return ""
}

// tree reads all files below a folder.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		}
		return err
	}))
	return files
}
