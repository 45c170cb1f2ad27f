package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// FuzzOpenEnvelope: whatever bytes come, an envelope that is taken is one that
// would be written in the same way.
func FuzzOpenEnvelope(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s, err := newSigner(key)
	if err != nil {
		f.Fatal(err)
	}
	b, err := seal(f.Context(), statement[packagePredicate]{Type: statementType, PredicateType: packageFormat}, []signer{s})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":""}]}` + "\n"))
	f.Add([]byte(`{"payload":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := openEnvelope(b)
		if err != nil {
			return
		}
		if again, err := openEnvelope(bytes.TrimRight(b, "\n")); err == nil {
			t.Fatalf("taken in two forms: %q", again.payload)
		}
		if s, err := readStatement[packagePredicate](e.payload, packageFormat); err == nil {
			if again, err := encodeCompact(&s); err != nil || !bytes.Equal(again, e.payload) {
				t.Fatalf("statement %q reads as %q", e.payload, again)
			}
		}
	})
}

// FuzzParseManifest: a manifest that is taken has plain paths, digests in lower
// case and one form.
func FuzzParseManifest(f *testing.F) {
	sum := sha256.Sum256(nil)
	line := hex.EncodeToString(sum[:])
	f.Add([]byte(line + "  data/asset\n" + line + "  data/asset.xmp\n"))
	f.Add([]byte(line + "  ../asset\n"))
	f.Add([]byte(line + " *data/asset\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b, sha256.Size)
		if err != nil {
			return
		}
		for path, digest := range m {
			if !plainPath(path) || len(digest) != 2*sha256.Size || digest != string(bytes.ToLower([]byte(digest))) {
				t.Fatalf("%q of %q", digest, path)
			}
		}
		if !bytes.Equal(m.encode(), b) {
			t.Fatalf("%q has two forms", b)
		}
	})
}

// FuzzParseBagInfo: what is taken has one form.
func FuzzParseBagInfo(f *testing.F) {
	f.Add([]byte("Source-Organization: Acme AG\nBagging-Date: 2026-11-24\nExternal-Identifier: acme/purchase/79401/1/1\nPayload-Oxum: 12.3\nBagIt-Profile-Identifier: " + packageFormat + "\n"))
	f.Add([]byte("Payload-Oxum: -1.\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, err := parseBagInfo(b); err == nil && !bytes.Equal(i.encode(), b) {
			t.Fatalf("%q has two forms", b)
		}
	})
}

// FuzzVerifyZip: whatever bytes come, verifying ends with an answer, and only
// the package itself is accepted.
func FuzzVerifyZip(f *testing.F) {
	entries := []zipEntry{{name: "record-1/bagit.txt", size: int64(len(bagDeclaration)), crc: 1}}
	b := append(entries[0].local(), bagDeclaration...)
	b = append(b, entries[0].descriptor()...)
	f.Add(append(bytes.Clone(b), zipEnd(entries, int64(len(b)))...))
	f.Add(zipEnd([]zipEntry{{name: "a/b", size: 1 << 40}}, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := VerifyZip(t.Context(), bytes.NewReader(b), int64(len(b)), VerifyOptions{MaxBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if v.Err() == nil {
			t.Fatal("accepted")
		}
	})
}
