package records

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Algorithm names a digest algorithm.
type Algorithm uint8

// The digest algorithms.
const (
	AlgorithmUnknown Algorithm = iota
	SHA256
)

var algorithmTexts = []string{"unknown", "sha256"}

// String names the algorithm; it is total.
func (a Algorithm) String() string { return enumString(algorithmTexts, "Algorithm", a) }

// MarshalText returns the algorithm's name; a foreign number is an error.
func (a Algorithm) MarshalText() ([]byte, error) { return enumText(algorithmTexts, "Algorithm", a) }

// UnmarshalText reads exactly one of the algorithms' names.
func (a *Algorithm) UnmarshalText(text []byte) (err error) {
	*a, err = enumParse[Algorithm](algorithmTexts, "algorithm", string(text))
	return err
}

// Digest is the digest of some bytes together with the algorithm's name. It is
// comparable: two digests are == when algorithm and value agree. The zero
// value is invalid and equals no digest of any bytes.
type Digest struct {
	alg Algorithm
	sum [sha256.Size]byte
}

// DigestOf returns the SHA-256 of b.
func DigestOf(b []byte) Digest { return Digest{SHA256, sha256.Sum256(b)} }

// NewDigest returns the digest with that SHA-256 value, as a hash.Hash sums it.
// It returns an error that matches ErrInvalid if sum hasn't 32 bytes.
func NewDigest(sum []byte) (Digest, error) {
	var p Problems
	if !p.Check(len(sum) == sha256.Size, "digest", hex.EncodeToString(sum), "the 32 bytes of a SHA-256") {
		return Digest{}, p.Err("records.NewDigest")
	}
	return Digest{SHA256, [sha256.Size]byte(sum)}, nil
}

// ParseDigest reads "sha256:" and 64 lower case hex digits, and nothing else.
// It returns an error that matches ErrInvalid.
func ParseDigest(s string) (Digest, error) {
	digits, named := strings.CutPrefix(s, "sha256:")
	raw, err := hex.DecodeString(digits)
	if !named || err != nil || len(raw) != sha256.Size || strings.ToLower(digits) != digits {
		var p Problems
		p.Add("digest", s, `"sha256:" and 64 lower case hex digits`)
		return Digest{}, p.Err("records.ParseDigest")
	}
	return Digest{SHA256, [sha256.Size]byte(raw)}, nil
}

// IsValid reports whether d holds a digest.
func (d Digest) IsValid() bool { return d.alg != AlgorithmUnknown }

// Algorithm names the algorithm.
func (d Digest) Algorithm() Algorithm { return d.alg }

// Hex returns the value in lower case hex, empty for the zero value.
func (d Digest) Hex() string {
	if !d.IsValid() {
		return ""
	}
	return hex.EncodeToString(d.sum[:])
}

// Check returns nil if both digests are valid and equal, else an error that
// matches ErrDigest. What names the bytes in the error.
func (d Digest) Check(want Digest, what string) error {
	if d.IsValid() && d == want {
		return nil
	}
	return refuse(ErrDigest, "%s has %s, want %s", what, d, want)
}

// String returns algorithm and value, "no digest" for the zero value.
func (d Digest) String() string {
	if !d.IsValid() {
		return "no digest"
	}
	return d.alg.String() + ":" + d.Hex()
}

// AppendText appends algorithm and value to b, nothing for the zero value.
func (d Digest) AppendText(b []byte) ([]byte, error) {
	if !d.IsValid() {
		return b, nil
	}
	b = append(append(b, d.alg.String()...), ':')
	return hex.AppendEncode(b, d.sum[:]), nil
}

// MarshalText returns algorithm and value, empty for the zero value.
func (d Digest) MarshalText() ([]byte, error) {
	if !d.IsValid() {
		return []byte{}, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText parses text; empty text gives the zero value.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Digest{}
		return nil
	}
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
