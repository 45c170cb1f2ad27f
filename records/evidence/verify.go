package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/smintecm/sdk/records"
)

// VerifyOptions are the settings of verifying a package. The zero value checks
// everything but who signed.
type VerifyOptions struct {
	// Keys are the signers that are trusted. Without any, the package is checked
	// against the keys that it brings itself: that shows that nothing was changed
	// since somebody signed, not who.
	Keys []crypto.PublicKey
	// Threshold is how many of Keys must have signed; 0 means all of them.
	Threshold int
	// Asset is the content that should be the one signed for. A package that only
	// refers to its content is checked but for that without it.
	Asset io.Reader
	// Trail is the log of the record's scope, for example os.DirFS of its folder.
	// With it the log is checked whole: it must continue what the package's
	// export was taken from, and tell of this record and its bytes. Without it
	// an export is checked by its own proofs.
	Trail fs.FS
	// TrailKeys are those that may have signed the trail. Without any, they are
	// those that the package vouches for: in its export, and its own signers'.
	TrailKeys []ed25519.PublicKey
	// Policy, if set, is asked whether the policy says what the vendor's bytes do;
	// original is nil without a reused license. Its error refuses the package.
	// Without it nobody asks, as this package reads no license;
	// rightsmap.ODRLOptions.Check makes the policy again and compares.
	Policy func(source, original, odrl []byte) error
	// SHA512 checks the manifest with SHA-512 as well, and wants one.
	SHA512 bool
	// MaxBytes bounds the bytes read, 1 TiB by default.
	MaxBytes int64
}

// The names of the checks, in the order in which they are made.
const (
	CheckContainer  = "container"  // plain files only, within bounds, and a zip in its one form
	CheckEnvelope   = "envelope"   // evidence.dsse.json is there, in its one form
	CheckSignatures = "signatures" // every signature is one of its key over the statement
	CheckSigners    = "signers"    // enough of the trusted keys have signed
	CheckStatement  = "statement"  // the statement names every tag file, with its digest
	CheckBag        = "bag"        // declaration, information and tag manifests agree
	CheckManifest   = "manifest"   // the payload is complete, and nothing else is there
	CheckDigests    = "digests"    // every payload file has the digest of its manifest
	CheckSHA512     = "sha512"     // the same by SHA-512, on request
	CheckAsset      = "asset"      // the content, here or elsewhere, is the one signed for
	CheckRights     = "rights"     // the vendor's bytes and the policy are the accounted ones
	CheckApproval   = "approval"   // the approval is complete and for exactly these bytes
	CheckProvenance = "provenance" // the events are complete, in order, about this record
	CheckTrail      = "trail"      // the trail's entries are proven, and stand in the log
	CheckZip        = "checksums"  // the zip's own checksums fit
)

// Status is how a check ended.
type Status uint8

// The ends of a check.
const (
	StatusUnknown Status = iota
	Passed
	Failed
	Skipped // not asked for, or not reached because an earlier check failed
)

// String names the status; it is total.
func (s Status) String() string {
	if int(s) < 4 {
		return [...]string{"unknown", "ok", "FAILED", "skipped"}[s]
	}
	return fmt.Sprintf("Status(%d)", s)
}

// Check is one named check of a verification.
type Check struct {
	Name   string
	Status Status
	// Detail says what was found, or why the check was skipped.
	Detail string
	// Err is the reason of a failure. It matches one of the Err values of this
	// package.
	Err error
}

// String is the check on one line.
func (c Check) String() string {
	text := c.Detail
	if c.Err != nil {
		text = strings.ReplaceAll(c.Err.Error(), "\n", "; ")
	}
	return fmt.Sprintf("%-8s%-11s %s", c.Status, c.Name, text)
}

// Verification is what came of verifying a package.
type Verification struct {
	Checks []Check
	// Record, Asset and Created are what the statement says; read them only if
	// Err is nil.
	Record records.RecordKey
	Asset  records.Digest
	// Manifest is the digest of the manifest, which stands for the payload.
	Manifest records.Digest
	// Signers are the ids of the keys that signed.
	Signers []string
	// Trusted tells that Signers were checked against keys from outside.
	Trusted bool
}

// Err returns nil if no check failed, else the first reason, with the name of
// its check.
func (v *Verification) Err() error {
	for _, c := range v.Checks {
		if c.Err != nil {
			return fmt.Errorf("evidence: %s: %w", c.Name, c.Err)
		}
	}
	if len(v.Checks) == 0 {
		return fmt.Errorf("evidence: nothing was checked: %w", ErrMissing)
	}
	return nil
}

// Verify verifies the package at a path: a folder, or a zip. The error is that
// of reading it; what is wrong with the package is in the result, see
// [Verification.Err]. It reads each byte once, with flat memory, and writes
// nothing.
func Verify(ctx context.Context, path string, o VerifyOptions) (*Verification, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&os.ModeSymlink != 0:
		return nil, fail(ErrPath, "evidence: %s is a symbolic link", path)
	case info.IsDir():
		return VerifyDir(ctx, path, o)
	case !info.Mode().IsRegular():
		return nil, fail(ErrPath, "evidence: %s is neither a folder nor a plain file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	v, err := VerifyZip(ctx, f, info.Size(), o)
	return v, errors.Join(err, f.Close())
}

// VerifyDir is Verify for a folder.
func VerifyDir(ctx context.Context, dir string, o VerifyOptions) (*Verification, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	v, err := inspect(ctx, dirSource{root}, o)
	return v, errors.Join(err, root.Close())
}

// VerifyZip is Verify for a zip of size bytes.
func VerifyZip(ctx context.Context, r io.ReaderAt, size int64, o VerifyOptions) (*Verification, error) {
	return inspect(ctx, &zipSource{r: r, size: size}, o)
}

// source hands the files of a package to a reader, each once.
type source interface {
	// each calls take for each file. What is wrong with the container itself is
	// noted by problem; err is for what keeps it from being read.
	each(in *inspection) (err error)
}

// inspect reads the package and makes all checks.
func inspect(ctx context.Context, from source, o VerifyOptions) (*Verification, error) {
	trusted, err := newKeyring(o.Keys)
	if err != nil {
		return nil, err
	}
	if o.Threshold < 0 || o.Threshold > len(trusted) {
		return nil, fail(ErrInvalid, "evidence: threshold is %d, want 0 to %d, the number of keys", o.Threshold, len(trusted))
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 40
	}
	in := &inspection{ctx: ctx, o: o, trusted: trusted, left: o.MaxBytes, files: map[string]*bagFile{}}
	_, zipped := from.(*zipSource)
	if err := from.each(in); err != nil {
		if ctx.Err() != nil || !refusal(err) {
			return nil, fmt.Errorf("evidence: read the package: %w", err)
		}
		if zipped && errors.Is(err, ErrNotCanonical) {
			err = fmt.Errorf("%w: if another program packed it, unpack it and verify the folder", err)
		}
		in.problems = append(in.problems, err)
	}
	return in.conclude(zipped)
}

// refusal tells what is wrong with a package from what is wrong with a disk.
func refusal(err error) bool {
	for _, why := range []error{ErrPath, ErrTooLarge, ErrNotCanonical, ErrMalformed, ErrMissing, ErrUnexpected, ErrVersion} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}
