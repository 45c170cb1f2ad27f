package ecm

import (
	"errors"
	"strings"
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
	// ErrOutcomeUnknown: a write left and no verdict came back. Read the state
	// before repeating it.
	ErrOutcomeUnknown  = rest.ErrOutcomeUnknown
	ErrBrokenReply     = rest.ErrBrokenReply
	ErrForeignRedirect = rest.ErrForeignRedirect
	ErrRetryBudget     = rest.ErrRetryBudget
	// ErrSource: the content to send could not be read to its announced length.
	ErrSource = rest.ErrSource

	// ErrAccessOrMissing: the node does not exist or the user may not see it;
	// the server does not tell which.
	ErrAccessOrMissing = errors.New("missing or not accessible")
	// ErrNameTaken: the folder holds an item of that name. Names are compared
	// by the server, usually without regard to case.
	ErrNameTaken = errors.New("name taken")
	// ErrEditConflict: a metadata token is stale. Read again and compare.
	ErrEditConflict = errors.New("edit conflict")
	// ErrRouteMissing: this server's version or its modules lack the operation.
	ErrRouteMissing = errors.New("operation not available on this server")
	// ErrInvalidAction: the server offers the action neither for this node nor
	// to this user, in its present state.
	ErrInvalidAction = errors.New("action not offered")
	// ErrOnHold: a hold forbids it, or the holds could not be read.
	ErrOnHold = errors.New("on hold")
	// ErrTooLarge: the content is larger than the server takes.
	ErrTooLarge = errors.New("content too large")
	// ErrUploadExpired: the server no longer knows the upload in parts, or it is
	// another user's. Start a new one.
	ErrUploadExpired = errors.New("upload expired")
	// ErrInUse: records are under it or in it, or may be: that could not be read,
	// or nobody looked at each. A change needs
	// an [Unguarded] whose reason names the authority for it.
	ErrInUse = errors.New("records are under it")
	// ErrNeedsReason: the call may reach any number of records, which cannot be
	// looked at one by one. It needs an [Unguarded].
	ErrNeedsReason = errors.New("needs a reason")
	// ErrFinal: the node is a final record, or that could not be read.
	ErrFinal = errors.New("record is final")
)

// Error is what is known of a call that failed.
type Error struct {
	// Op is the service and method, as "Nodes.Get".
	Op string
	// Method and Route (a template) name the vendor's operation.
	Method, Route string
	// StatusCode is 0 when no answer came.
	StatusCode int
	// Message is the server's own text.
	Message   string
	RequestID string
	// RetryAfter is the server's advice, 0 without.
	RetryAfter time.Duration
	retryable  bool
	body       []byte
	// Err holds the classes and the cause.
	Err error
}

// Error prints the failure on one line, the cause last.
func (e *Error) Error() string {
	return rest.ErrorLine("ecm: "+e.Op, e.StatusCode, "", e.Message, e.RequestID, e.Err)
}

// Unwrap gives the classes and the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable tells whether the same call may succeed later. It says nothing
// about whether it already happened: that is ErrOutcomeUnknown.
func (e *Error) Retryable() bool { return e.retryable }

func newError(f rest.Failure) error {
	return &Error{
		Op: f.Op, Method: f.Method, Route: f.Route, StatusCode: f.Status, Message: f.Message, RequestID: f.RequestID,
		RetryAfter: f.RetryAfter, retryable: f.Retryable, body: f.Body, Err: f.Err,
	}
}

// verdicts are the server's sentences and what they mean. Statuses differ from
// operation to operation for one and the same sentence, so the text decides;
// a full stop at its end may be there or not.
var verdicts = []struct {
	text  string
	class []error
}{
	{"already exists", []error{ErrNameTaken, ErrConflict}},
	{"item you requested could not be accessed", []error{ErrAccessOrMissing}},
	{"nicknames must be unique", []error{ErrNameTaken, ErrConflict}},
	{"could not get a member for", []error{ErrNotFound}},
	{"could not get a node for", []error{ErrNotFound}},
	{"could not get node for", []error{ErrNotFound}},
	{"could not locate node", []error{ErrNotFound}},
	{"the version is not found", []error{ErrNotFound}},
	{"no exact match was found", []error{ErrNotFound}},
	{"hold does not exist", []error{ErrNotFound}},
	{"does not have this hold", []error{ErrNotFound}},
	{"already has this hold", []error{ErrConflict}},
	// One sentence for a hold that is in use and for one that is not there.
	{"hold may not exist or is in use", []error{ErrConflict, ErrNotFound}},
	{"cross-reference does not exist", []error{ErrNotFound}},
	{"could not get a cross-reference", []error{ErrNotFound}},
	{"is not a category on node", []error{ErrNotFound}},
	{"could not find category id", []error{ErrNotFound}},
	{"error getting version for node", []error{ErrNotFound}},
	{"the object does not exist", []error{ErrNotFound}},
	{"cannot retrieve node", []error{ErrNotFound}},
	// Records Management answers 404 where it misses a parameter, too.
	{"id is not specified", []error{ErrInvalid}},
	{"id is required", []error{ErrInvalid}},
	{"id is not an integer or is missing", []error{ErrInvalid}},
	{"type is not specified", []error{ErrInvalid}},
	{"missing required parameter", []error{ErrInvalid}},
	{"missing parameter", []error{ErrInvalid}},
	{"please provide integer value", []error{ErrInvalid}},
	{"please specify a", []error{ErrInvalid}},
	{"invalid datatype", []error{ErrInvalid}},
	{"incorrect rsi specified", []error{ErrInvalid}},
	{"upload session expired", []error{ErrUploadExpired, ErrNotFound}},
	{"either the uploadkey is invalid", []error{ErrUploadExpired, ErrNotFound}},
	{"could not be found within the upload directory", []error{ErrUploadExpired, ErrNotFound}},
	{"edit conflict", []error{ErrEditConflict, ErrConflict}},
	{"could not be found in the mappings registry", []error{ErrRouteMissing}},
	{"invalid action", []error{ErrInvalidAction}},
	{"can not be aborted", []error{ErrInvalidAction}},
	{"error triggering distributed agent", []error{ErrUnavailable}},
	// No description tells how a server refuses these; what says so is believed.
	{"on hold", []error{ErrOnHold}},
	{"finalized", []error{ErrFinal}},
	{"not enough permissions", []error{ErrDenied}},
	{"insufficient permissions", []error{ErrDenied}},
	{"insufficient see-content", []error{ErrDenied}},
	{"do not have permission", []error{ErrDenied}},
	{"system administration rights", []error{ErrDenied}},
	{"no permissions to access", []error{ErrDenied}},
	{"invalid username/password", []error{ErrUnauthenticated}},
	{"authentication required", []error{ErrUnauthenticated}},
	{"session data", []error{ErrUnauthenticated}},
	{"expired otds sso ticket", []error{ErrUnauthenticated}},
}

// classOf is what a sentence of the server means, nil for an unknown one.
func classOf(message string) error {
	text := strings.ToLower(message)
	for _, v := range verdicts {
		if !strings.Contains(text, v.text) {
			continue
		}
		if strings.Contains(text, "attribute group") {
			return ErrConflict
		}
		return errors.Join(v.class...)
	}
	return nil
}

// classify reads the server's sentence. The sentence about "already exists" of
// a category is a conflict too, but no name is taken by it.
func classify(f *rest.Failure) {
	if f.Status == 0 || f.Status == 429 || !f.JSON {
		return // a gateway that throttles has a text of its own.
	}
	if class := classOf(f.Message); class != nil {
		f.Err, f.Retryable = class, false
		return
	}
	if f.Status == 500 {
		// A sentence that is not known, but a verdict all the same.
		f.Err, f.Retryable = ErrInvalid, false
	}
}
