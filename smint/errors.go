package smint

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// The classes of failure. Those without a comment are the same values in both
// clients of this module.
var (
	ErrNotFound        = rest.ErrNotFound
	ErrConflict        = rest.ErrConflict
	ErrUnauthenticated = rest.ErrUnauthenticated
	ErrDenied          = rest.ErrDenied
	ErrThrottled       = rest.ErrThrottled
	ErrUnavailable     = rest.ErrUnavailable
	ErrInvalid         = rest.ErrInvalid
	// ErrOutcomeUnknown: a write left and no verdict came back.
	ErrOutcomeUnknown  = rest.ErrOutcomeUnknown
	ErrBrokenReply     = rest.ErrBrokenReply
	ErrForeignRedirect = rest.ErrForeignRedirect
	ErrRetryBudget     = rest.ErrRetryBudget
	// ErrTooLarge: more bytes than the cap allows.
	ErrTooLarge = rest.ErrTooLarge
	// ErrCursorLoop: the server repeated a continuation.
	ErrCursorLoop = rest.ErrCursorLoop

	// ErrGrantDead: the refresh token is no longer good. Only a new login
	// helps.
	ErrGrantDead = errors.New("login has ended")
	// ErrBrokenItem: one item of a page cannot be read; the others can.
	ErrBrokenItem = errors.New("broken item")
	// ErrNoFile: the binary has no file to download.
	ErrNoFile = errors.New("binary without a file")
	// ErrFetchRefused: the fetch policy forbids this address.
	ErrFetchRefused = errors.New("address refused by the fetch policy")
	// ErrTruncated: a download ended before its announced length.
	ErrTruncated = errors.New("download ended early")
)

// Secret is a string that shows itself nowhere: printed, logged or marshaled
// it is "[redacted]". Convert with Secret(s); Reveal gives the string back.
type Secret = rest.Secret

// Error is what is known of a call that failed.
type Error struct {
	// Op is the service and method, as "Binaries.List".
	Op string
	// Method and Route (a template) name the operation.
	Method, Route string
	// StatusCode is 0 when no answer came.
	StatusCode int
	// Code and Message are the server's own.
	Code, Message string
	RequestID     string
	// RetryAfter is the server's advice, 0 without.
	RetryAfter time.Duration
	retryable  bool
	// Err holds the classes and the cause.
	Err error
}

// Error prints the failure on one line, the cause last.
func (e *Error) Error() string {
	return rest.ErrorLine("smint: "+e.Op, e.StatusCode, e.Code, e.Message, e.RequestID, e.Err)
}

// Unwrap gives the classes and the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable tells whether the same call may succeed later.
func (e *Error) Retryable() bool { return e.retryable }

func newError(f rest.Failure) error {
	return &Error{
		Op: f.Op, Method: f.Method, Route: f.Route, StatusCode: f.Status, Code: f.Code, Message: f.Message, RequestID: f.RequestID,
		RetryAfter: f.RetryAfter, retryable: f.Retryable, Err: f.Err,
	}
}

// ItemError tells which item of a page cannot be read. It matches
// ErrBrokenItem.
type ItemError struct {
	// UUID is the item's, if at least that could be read.
	UUID TransactionUUID
	// Raw is the item as it came.
	Raw json.RawMessage
	Err error
}

// Error names the item and the fault.
func (e *ItemError) Error() string {
	return fmt.Sprintf("smint: license purchase transaction %q cannot be read: %v", e.UUID, e.Err)
}

// Unwrap gives the cause.
func (e *ItemError) Unwrap() error { return e.Err }

// Is matches ErrBrokenItem.
func (e *ItemError) Is(target error) bool { return target == ErrBrokenItem }
