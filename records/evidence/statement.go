package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/smintecm/sdk/records"
)

// The names that in-toto and DSSE fix.
const (
	statementType = "https://in-toto.io/Statement/v1"
	payloadType   = "application/vnd.in-toto+json"
)

// maxEnvelope bounds an envelope, in bytes.
const maxEnvelope = 1 << 20

// statement is an in-toto statement (v1) with our predicate.
type statement[P any] struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

type subject struct {
	Name   string    `json:"name"`
	Digest digestSet `json:"digest"`
}

type digestSet struct {
	SHA256 string `json:"sha256"`
}

// packagePredicate says what the subjects of a package's statement are about.
type packagePredicate struct {
	Record  records.RecordKey `json:"record"`
	Created time.Time         `json:"created"`
	Asset   assetClaim        `json:"asset"`
}

type assetClaim struct {
	// Path is where the package has the content, or the reference to it.
	Path   string    `json:"path"`
	Digest digestSet `json:"digest"`
	Size   int64     `json:"size"`
}

// encodeCompact writes v as JSON on one line, its text unescaped.
func encodeCompact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// seal signs a statement and returns the envelope in its canonical form: one
// line of JSON, signatures in the order of their key ids.
func seal(ctx context.Context, statement any, signers []signer) ([]byte, error) {
	payload, err := encodeCompact(statement)
	if err != nil {
		return nil, err
	}
	list := make([]dsse.Signer, 0, len(signers))
	for _, s := range signers {
		list = append(list, s)
	}
	es, err := dsse.NewEnvelopeSigner(list...)
	if err != nil {
		return nil, err
	}
	e, err := es.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, err
	}
	b, err := encodeCompact(e)
	if err == nil && len(b) >= maxEnvelope {
		err = fail(ErrTooLarge, "evidence: the envelope has %d bytes", len(b))
	}
	return append(b, '\n'), err
}

// envelope is an opened envelope.
type envelope struct {
	payload []byte
	// message is what the signatures are over.
	message    []byte
	signatures []signature
}

type signature struct {
	id  string
	sig []byte
}

// openEnvelope reads an envelope in its canonical form. It checks no signature.
// The error matches ErrTooLarge, ErrMalformed, ErrNotCanonical or ErrVersion.
func openEnvelope(b []byte) (*envelope, error) {
	if len(b) > maxEnvelope {
		return nil, fail(ErrTooLarge, "%d bytes", len(b))
	}
	var raw dsse.Envelope
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fail(ErrMalformed, "%v", err)
	}
	canonical, err := encodeCompact(&raw)
	if err != nil || !bytes.Equal(append(canonical, '\n'), b) {
		return nil, ErrNotCanonical
	}
	if raw.PayloadType != payloadType {
		return nil, fail(ErrVersion, "payload type %q", clip(raw.PayloadType))
	}
	e := &envelope{}
	if e.payload, err = strictBase64(raw.Payload); err != nil {
		return nil, err
	}
	e.message = dsse.PAE(raw.PayloadType, e.payload)
	for _, s := range raw.Signatures {
		sig, err := strictBase64(s.Sig)
		if err != nil {
			return nil, err
		}
		e.signatures = append(e.signatures, signature{s.KeyID, sig})
	}
	if len(e.signatures) == 0 || len(e.signatures) > maxSigners {
		return nil, fail(ErrMalformed, "%d signatures", len(e.signatures))
	}
	byID := func(a, b signature) int { return strings.Compare(a.id, b.id) }
	if !slices.IsSortedFunc(e.signatures, byID) {
		return nil, fail(ErrNotCanonical, "its signatures are not in order")
	}
	for i := 1; i < len(e.signatures); i++ {
		if e.signatures[i].id == e.signatures[i-1].id {
			return nil, fail(ErrNotCanonical, "key %s signs twice", clip(e.signatures[i].id))
		}
	}
	return e, nil
}

// strictBase64 takes standard base64 in the one form that an encoder writes:
// padded, and with no bit set that the decoder would drop.
func strictBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, fail(ErrNotCanonical, "its base64")
	}
	return b, nil
}

// readStatement reads a statement in the form in which seal wrote it.
func readStatement[P any](payload []byte, predicateType string) (s statement[P], err error) {
	var head statement[json.RawMessage]
	if err := json.Unmarshal(payload, &head); err != nil {
		return s, fail(ErrMalformed, "statement: %v", err)
	}
	if head.Type != statementType || head.PredicateType != predicateType {
		return s, fail(ErrVersion, "statement %q with predicate %q", clip(head.Type), clip(head.PredicateType))
	}
	if err := json.Unmarshal(payload, &s); err != nil {
		return s, fail(ErrMalformed, "statement: %v", err)
	}
	again, err := encodeCompact(&s)
	if err != nil || !bytes.Equal(again, payload) {
		return s, fail(ErrNotCanonical, "statement")
	}
	return s, nil
}

// verifySignatures checks every signature with the key of its id. None may be
// wrong, and none may be by a key that is not there: the envelope verifier of
// the DSSE library would pass over both.
func (e *envelope) verifySignatures(keys keyring) error {
	var errs []error
	for _, s := range e.signatures {
		key, ok := keys[s.id]
		switch {
		case !ok:
			errs = append(errs, fail(ErrSignature, "no key for the signature of %q", clip(s.id)))
		case !verifySignature(key, e.message, s.sig):
			errs = append(errs, fail(ErrSignature, "signature of key %s", s.id))
		}
	}
	return errors.Join(errs...)
}
