package evidence

import (
	"errors"
	"fmt"

	"github.com/smintecm/sdk/records"
)

// The reasons for which a record package is refused. Compare with errors.Is;
// the error returned says which file, and what was expected.
var (
	// ErrInvalid means that a package cannot be built: the error lists every
	// fault of the input at once.
	ErrInvalid = records.ErrInvalid
	// ErrDigest means that bytes do not have the digest that is stated for them.
	ErrDigest = records.ErrDigest
	// ErrMissing means that a file that must be there, or is listed, is not.
	ErrMissing = errors.New("missing file")
	// ErrUnexpected means that there is a file that nothing vouches for.
	ErrUnexpected = errors.New("unexpected file")
	// ErrPath means that a name could lead out of the package or is no plain
	// file: a symbolic link, a device, a name with other than plain characters.
	ErrPath = errors.New("unsafe path")
	// ErrTooLarge means that a cap on bytes or files was exceeded.
	ErrTooLarge = errors.New("too large")
	// ErrNotCanonical means that a file or the zip is not written as this format
	// writes it, byte for byte, though it might mean the same.
	ErrNotCanonical = errors.New("not in canonical form")
	// ErrMalformed means that a file cannot be read as what it should be.
	ErrMalformed = errors.New("malformed")
	// ErrVersion means that the format or its version is not known.
	ErrVersion = errors.New("unknown format")
	// ErrSignature means that a signature is not one of its key over the
	// statement.
	ErrSignature = errors.New("signature does not verify")
	// ErrSigner means that too few of the trusted keys have signed.
	ErrSigner = errors.New("not signed by the trusted keys")
	// ErrStatement means that the signed statement and the package are not about
	// the same files, record or asset.
	ErrStatement = errors.New("statement does not fit the package")
	// ErrApproval means that the approval is incomplete, or given for another
	// record, version or bytes.
	ErrApproval = errors.New("approval does not cover the asset")
	// ErrRights means that the rights are incomplete or not the bytes that the
	// package accounts for.
	ErrRights = errors.New("rights do not fit the package")
	// ErrProvenance means that the events are incomplete, out of order or about
	// other objects.
	ErrProvenance = errors.New("provenance does not fit the package")
)

// fail joins a reason with what was found.
func fail(why error, format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), why)
}

// fail2 says what an error is about.
func fail2(what string, err error) error { return fmt.Errorf("evidence: %s: %w", what, err) }
