package evidence

import (
	"context"
	"crypto"

	"github.com/smintecm/sdk/records"
)

// certificateFormat names the predicate of a certificate and its version.
const certificateFormat = "https://github.com/smintecm/sdk/destruction-certificate/v1"

// SignCertificate returns a certificate of destruction: a signed in-toto
// statement about the digest that the content had, in a DSSE envelope, with the
// stub as its predicate. It holds nothing of the content. Like a package's
// envelope it can be checked by hand.
//
// The error matches ErrInvalid, listing all faults of stub and signers, or is
// that of a signer.
func SignCertificate(ctx context.Context, stub records.Stub, signers []crypto.Signer) ([]byte, error) {
	var p records.Problems
	p.Merge("stub", stub.Validate())
	list, err := newSigners(signers)
	p.Merge("", err)
	if err := p.Err("evidence.SignCertificate"); err != nil {
		return nil, err
	}
	return seal(ctx, certificateOf(stub), list)
}

func certificateOf(stub records.Stub) statement[records.Stub] {
	return statement[records.Stub]{
		Type: statementType, PredicateType: certificateFormat, Predicate: stub,
		Subject: []subject{{stub.Record.String(), digestSet{stub.Digest.Hex()}}},
	}
}

// VerifyCertificate returns the stub of a certificate if at least threshold of
// the keys have signed it; 0 means all of them. A wrong signature of one of the
// keys is an error even if the others are enough; signatures of other keys are
// passed over.
//
// The error matches ErrInvalid without keys, ErrTooLarge, ErrMalformed,
// ErrNotCanonical, ErrVersion, ErrSignature, ErrSigner or ErrStatement.
func VerifyCertificate(certificate []byte, keys []crypto.PublicKey, threshold int) (records.Stub, error) {
	payload, err := openSigned("the certificate", certificate, keys, threshold)
	if err != nil {
		return records.Stub{}, err
	}
	s, err := readStatement[records.Stub](payload, certificateFormat)
	if err != nil {
		return records.Stub{}, fail2("the certificate", err)
	}
	want := certificateOf(s.Predicate).Subject
	if err := s.Predicate.Validate(); err != nil || len(s.Subject) != 1 || s.Subject[0] != want[0] {
		return records.Stub{}, fail(ErrStatement, "evidence: the certificate: its stub is incomplete or about something else")
	}
	return s.Predicate, nil
}

// openSigned returns the payload of an envelope that at least threshold of the
// keys have signed, 0 for all of them. What names it in errors.
func openSigned(what string, sealed []byte, keys []crypto.PublicKey, threshold int) ([]byte, error) {
	ring, err := newKeyring(keys)
	if err != nil {
		return nil, err
	}
	if threshold == 0 {
		threshold = len(ring)
	}
	if threshold < 1 || threshold > len(ring) {
		return nil, fail(ErrInvalid, "evidence: threshold is %d, want 1 to %d, the number of keys", threshold, len(ring))
	}
	e, err := openEnvelope(sealed)
	if err != nil {
		return nil, fail2(what, err)
	}
	good := 0
	for _, s := range e.signatures {
		key, known := ring[s.id]
		if known && !verifySignature(key, e.message, s.sig) {
			return nil, fail(ErrSignature, "evidence: %s: signature of key %s", what, s.id)
		}
		if known {
			good++
		}
	}
	if good < threshold {
		return nil, fail(ErrSigner, "evidence: %s: %d of %d trusted keys have signed, want %d", what, good, len(ring), threshold)
	}
	return e.payload, nil
}
