package evidence

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/records"
)

// minRSA is the shortest RSA modulus that is accepted, in bits.
const minRSA = 2048

// KeyID returns the name of a public key in envelopes and file names: the
// SHA-256 of its PKIX form in lower case hex, which anyone can repeat:
//
//	openssl pkey -pubin -in KEY.pem -outform DER | sha256sum
//
// It returns an error that matches ErrInvalid for a kind of key that is not
// taken: Ed25519, ECDSA on P-256, P-384 or P-521, and RSA from 2048 bits are.
func KeyID(key crypto.PublicKey) (string, error) {
	der, err := pkix(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// MarshalPublicKey returns the key as PEM ("PUBLIC KEY"), as openssl reads it.
// Errors are those of KeyID.
func MarshalPublicKey(key crypto.PublicKey) ([]byte, error) {
	der, err := pkix(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

var pemBegin = []byte("-----BEGIN ")

// ParsePublicKeys reads one or more keys in PEM. It returns an error that
// matches ErrMalformed if there is none, if there is anything else among them,
// or for a kind of key that is not taken.
func ParsePublicKeys(text []byte) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		// The decoder passes over what it can't read, a damaged key as well.
		whole := block != nil && bytes.HasPrefix(bytes.TrimSpace(text), pemBegin) && bytes.Count(text[:len(text)-len(rest)], pemBegin) == 1
		if !whole || block.Type != "PUBLIC KEY" || len(block.Headers) > 0 {
			return nil, fail(ErrMalformed, "evidence: public key %d is not PEM of type PUBLIC KEY", len(keys)+1)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err == nil {
			_, err = pkix(key)
		}
		if err != nil {
			return nil, fail(ErrMalformed, "evidence: public key %d: %v", len(keys)+1, err)
		}
		keys, text = append(keys, key), rest
	}
	if len(keys) == 0 {
		return nil, fail(ErrMalformed, "evidence: no public key")
	}
	return keys, nil
}

func pkix(key crypto.PublicKey) ([]byte, error) {
	ok := false
	switch k := key.(type) {
	case ed25519.PublicKey:
		ok = len(k) == ed25519.PublicKeySize
	case *ecdsa.PublicKey:
		ok = k != nil && (k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521())
	case *rsa.PublicKey:
		ok = k != nil && k.N != nil && k.N.BitLen() >= minRSA
	}
	if !ok {
		return nil, fail(ErrInvalid, "evidence: key is %T, want Ed25519, ECDSA on P-256, P-384 or P-521, or RSA from %d bits", key, minRSA)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fail(ErrInvalid, "evidence: public key: %v", err)
	}
	return der, nil
}

// pss is how RSA signs: openssl calls it rsa_pss_saltlen:digest.
func pss() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
}

// signer lets a crypto.Signer sign what a DSSE envelope signs. Ed25519 signs
// the message itself; ECDSA (as ASN.1) and RSA (PSS) sign its SHA-256.
type signer struct {
	key crypto.Signer
	id  string
}

func newSigner(key crypto.Signer) (signer, error) {
	if key == nil {
		return signer{}, fail(ErrInvalid, "evidence: no signer")
	}
	id, err := KeyID(key.Public())
	return signer{key, id}, err
}

// KeyID names the key.
func (s signer) KeyID() (string, error) { return s.id, nil }

// Sign signs and checks the signature at once: a token that answers with
// something else is found out here and not by the auditor.
func (s signer) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	digest, opts := message, crypto.SignerOpts(crypto.Hash(0))
	switch s.key.Public().(type) {
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		digest, opts = sum[:], crypto.SHA256
	case *rsa.PublicKey:
		sum := sha256.Sum256(message)
		digest, opts = sum[:], pss()
	}
	sig, err := s.key.Sign(rand.Reader, digest, opts)
	if err != nil {
		return nil, fmt.Errorf("evidence: key %s does not sign: %w", s.id, err)
	}
	if !verifySignature(s.key.Public(), message, sig) {
		return nil, fail(ErrSignature, "evidence: what key %s has just signed", s.id)
	}
	return sig, nil
}

func verifySignature(key crypto.PublicKey, message, sig []byte) bool {
	sum := sha256.Sum256(message)
	switch k := key.(type) {
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, sig)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum[:], sig)
	case *rsa.PublicKey:
		return rsa.VerifyPSS(k, crypto.SHA256, sum[:], sig, pss()) == nil
	}
	return false
}

// newSigners returns the signers by key id; the same key twice is no two
// signers.
func newSigners(keys []crypto.Signer) ([]signer, error) {
	var p records.Problems
	list := make([]signer, 0, len(keys))
	seen := map[string]bool{}
	for i, key := range keys {
		s, err := newSigner(key)
		field := fmt.Sprintf("signers[%d]", i)
		if err != nil {
			p.Add(field, fmt.Sprintf("%T", key), "a signer with a key of Ed25519, ECDSA or RSA from 2048 bits")
			continue
		}
		p.Check(!seen[s.id], field, s.id, "each key once")
		seen[s.id] = true
		list = append(list, s)
	}
	p.Check(len(keys) > 0 && len(keys) <= maxSigners, "signers", len(keys), fmt.Sprintf("1 to %d", maxSigners))
	slices.SortFunc(list, func(a, b signer) int { return strings.Compare(a.id, b.id) })
	return list, p.Err("evidence.Signers")
}

// keyring holds public keys by id.
type keyring map[string]crypto.PublicKey

func newKeyring(keys []crypto.PublicKey) (keyring, error) {
	ring := make(keyring, len(keys))
	for _, key := range keys {
		id, err := KeyID(key)
		if err != nil {
			return nil, err
		}
		ring[id] = key
	}
	return ring, nil
}
