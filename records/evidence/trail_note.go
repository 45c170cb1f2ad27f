package evidence

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/smintecm/sdk/records"
)

// trailOrigin begins the first line of each checkpoint; the scope ends it. It
// is also the name of the key, so a checkpoint of one scope never verifies for
// another.
const trailOrigin = "github.com/smintecm/sdk/trail/"

// TrailOrigin returns the identity of a scope's log, as it stands in its
// checkpoints.
func TrailOrigin(scope records.ScopeID) string { return trailOrigin + scope.String() }

// TrailVerifierKey returns the key in the text form of signed notes, for other
// tools that check them. It returns an error that matches records.ErrInvalid.
func TrailVerifierKey(scope records.ScopeID, key ed25519.PublicKey) (string, error) {
	var p records.Problems
	p.Check(scope.IsValid(), "scope", scope, "a parsed scope id")
	p.Check(len(key) == ed25519.PublicKeySize, "key", len(key), "the 32 bytes of an Ed25519 key")
	if err := p.Err("evidence.TrailVerifierKey"); err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(TrailOrigin(scope), key)
}

// TrailCheckpoint is what a signed note says about a log.
type TrailCheckpoint struct {
	Scope records.ScopeID
	// Size is the number of entries.
	Size int64
	// Hash is that of the tree over them.
	Hash TrailHash
	// Time is that of the newest entry.
	Time time.Time
}

func (c TrailCheckpoint) text() string { return string(c.appendText(make([]byte, 0, 192))) }

func (c TrailCheckpoint) appendText(b []byte) []byte {
	b = append(append(b, trailOrigin...), c.Scope.String()...)
	b = strconv.AppendInt(append(b, '\n'), c.Size, 10)
	b = base64.StdEncoding.AppendEncode(append(b, '\n'), c.Hash[:])
	b = c.Time.UTC().AppendFormat(append(b, "\ntime "...), time.RFC3339Nano)
	return append(b, '\n')
}

// trailSigner signs notes by a crypto.Signer.
type trailSigner struct {
	name string
	hash uint32
	key  crypto.Signer
}

func newTrailSigner(scope records.ScopeID, key crypto.Signer) (*trailSigner, error) {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T is no Ed25519 key", key.Public())
	}
	name := TrailOrigin(scope)
	return &trailSigner{name, noteKeyHash(name, pub), key}, nil
}

// noteKeyHash is the key hash of the signed note format for Ed25519 keys.
func noteKeyHash(name string, pub ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), pub...))
	return binary.BigEndian.Uint32(sum[:])
}

// sign returns the checkpoint as a signed note: what note.Sign writes for one
// signer, without its detours.
func (s *trailSigner) sign(c TrailCheckpoint) ([]byte, error) {
	b := c.appendText(make([]byte, 0, 320))
	sig, err := s.key.Sign(rand.Reader, b, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	var named [4 + ed25519.SignatureSize]byte
	binary.BigEndian.PutUint32(named[:], s.hash)
	if copy(named[4:], sig) != len(sig) || len(sig) != ed25519.SignatureSize {
		return nil, fmt.Errorf("a signature of %d bytes is none by an Ed25519 key", len(sig))
	}
	b = append(append(append(b, "\n— "...), s.name...), ' ')
	b = base64.StdEncoding.AppendEncode(b, named[:])
	return append(b, '\n'), nil
}

func trailVerifiers(scope records.ScopeID, keys []ed25519.PublicKey) (note.Verifiers, error) {
	var list []note.Verifier
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[string(k)] {
			continue
		}
		seen[string(k)] = true
		text, err := TrailVerifierKey(scope, k)
		if err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		var p records.Problems
		p.Add("keys", "none", "at least one Ed25519 public key")
		return nil, p.Err("evidence.Trail")
	}
	return note.VerifierList(list...), nil
}

// openCheckpoint checks the signature of a note and reads it. Only the one
// canonical form is accepted.
func openCheckpoint(scope records.ScopeID, known note.Verifiers, msg []byte, where string) (TrailCheckpoint, error) {
	n, err := note.Open(msg, known)
	if unverified, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		if origin, _, _ := strings.Cut(unverified.Note.Text, "\n"); origin != TrailOrigin(scope) && strings.HasPrefix(origin, trailOrigin) {
			return TrailCheckpoint{}, trailFault(ErrTrailSpliced, where, "a checkpoint of %q, want %q", origin, TrailOrigin(scope))
		}
		return TrailCheckpoint{}, trailFault(ErrTrailSignature, where, "%v", err)
	}
	if err != nil {
		return TrailCheckpoint{}, trailFault(ErrTrailSignature, where, "%v", err)
	}
	// A line with a signature by a stranger would be bytes that nobody vouches for.
	if len(n.UnverifiedSigs) > 0 {
		return TrailCheckpoint{}, trailFault(ErrTrailSignature, where, "a signature by the unknown key %s+%08x", n.UnverifiedSigs[0].Name, n.UnverifiedSigs[0].Hash)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return TrailCheckpoint{}, trailFault(ErrTrailFormat, where, "%v", err)
	}
	if c.Scope != scope {
		return TrailCheckpoint{}, trailFault(ErrTrailSpliced, where, "a checkpoint of scope %s, want %s", c.Scope, scope)
	}
	var b bytes.Buffer
	b.WriteString(n.Text + "\n")
	for _, s := range n.Sigs {
		fmt.Fprintf(&b, "— %s %s\n", s.Name, s.Base64)
	}
	// note.Open reads base64 that names one signature in several ways.
	if !bytes.Equal(b.Bytes(), msg) || !canonicalSigs(n.Sigs) {
		return TrailCheckpoint{}, trailFault(ErrTrailFormat, where, "the note is not in its canonical form")
	}
	return c, nil
}

func canonicalSigs(sigs []note.Signature) bool {
	for _, s := range sigs {
		if raw, err := base64.StdEncoding.DecodeString(s.Base64); err != nil || base64.StdEncoding.EncodeToString(raw) != s.Base64 {
			return false
		}
	}
	return true
}

func parseCheckpoint(text string) (TrailCheckpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[4] != "" {
		return TrailCheckpoint{}, errors.New("a checkpoint has four lines")
	}
	scope, ours := strings.CutPrefix(lines[0], trailOrigin)
	id, err := records.ParseScopeID(scope)
	if !ours || err != nil {
		return TrailCheckpoint{}, fmt.Errorf("%q is no trail's origin", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 {
		return TrailCheckpoint{}, fmt.Errorf("size %q is no positive number", lines[1])
	}
	hash, err := tlog.ParseHash(lines[2])
	if err != nil {
		return TrailCheckpoint{}, fmt.Errorf("hash %q: %w", lines[2], err)
	}
	stamp, _ := strings.CutPrefix(lines[3], "time ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return TrailCheckpoint{}, fmt.Errorf("time line %q: %w", lines[3], err)
	}
	c := TrailCheckpoint{id, size, TrailHash(hash), at}
	if c.text() != text {
		return TrailCheckpoint{}, errors.New("the checkpoint is not in its canonical form")
	}
	return c, nil
}
