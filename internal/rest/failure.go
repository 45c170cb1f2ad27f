package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The classes of failure that both clients share. Each is matched with
// errors.Is; the detail is in the client's own error type.
var (
	ErrNotFound        = errors.New("not found")
	ErrConflict        = errors.New("conflict")
	ErrUnauthenticated = errors.New("not authenticated")
	ErrDenied          = errors.New("not permitted")
	ErrThrottled       = errors.New("throttled")
	ErrUnavailable     = errors.New("server unavailable")
	ErrInvalid         = errors.New("invalid input")
	// ErrOutcomeUnknown: a write left and no verdict came back. Read the state
	// before repeating it.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrBrokenReply: the answer is not what the operation answers, such as a
	// login page with status 200 or JSON that ends too early.
	ErrBrokenReply = errors.New("broken reply")
	// ErrForeignRedirect: the server pointed to another origin, or would have
	// a write sent again elsewhere. Nothing was sent there.
	ErrForeignRedirect = errors.New("redirect refused")
	ErrTooLarge        = errors.New("reply too large")
	// ErrRetryBudget: the client has spent its budget of retries; the failure
	// that would have been retried is joined to it.
	ErrRetryBudget = errors.New("retry budget spent")
	// ErrSource: the body to send could not be read to its announced length.
	ErrSource = errors.New("body source failed")
)

// Failure is what is known of a request that did not succeed. The clients turn
// it into their own error type.
type Failure struct {
	Op, Method, Route string
	// Status is 0 when no answer came.
	Status int
	// Code and Message are the server's own words, if it had any.
	Code, Message string
	RequestID     string
	RetryAfter    time.Duration
	// Retryable tells whether the same request may succeed later.
	Retryable bool
	// Body is the start of the answer, at most 4 KiB.
	Body []byte
	// JSON tells whether the answer was a JSON value.
	JSON bool
	// Err holds the classes and the cause.
	Err error
}

// Error prints the failure on one line, the cause last.
func (f *Failure) Error() string {
	return ErrorLine(f.Op, f.Status, f.Code, f.Message, f.RequestID, f.Err)
}

// ErrorLine prints what is known of a failed call on one line, the cause last,
// causes that were joined one after the other. What is empty is left out.
func ErrorLine(op string, status int, code, message, requestID string, cause error) string {
	var said []string
	if status != 0 {
		said = append(said, fmt.Sprint(status))
	}
	if code != "" {
		said = append(said, code)
	}
	if message != "" {
		said = append(said, strconv.Quote(shorten(message, 300)))
	}
	if requestID != "" {
		said = append(said, "(request "+requestID+")")
	}
	line := op
	if len(said) > 0 {
		line += ": " + strings.Join(said, " ")
	}
	if cause != nil {
		line += ": " + oneLine(strings.ReplaceAll(cause.Error(), "\n", ": "))
	}
	return line
}

// Unwrap gives the classes and the cause.
func (f *Failure) Unwrap() error { return f.Err }

const maxFailureBody = 4 << 10

// read fills code, message and request id from a body, whatever its form.
func (f *Failure) read(resp *http.Response, body []byte) {
	f.Status = resp.StatusCode
	f.RequestID = requestID(resp.Header)
	f.RetryAfter = retryAfter(resp.Header, time.Now())
	f.Body = body[:min(len(body), maxFailureBody)]
	var doc struct {
		Error       json.RawMessage `json:"error"`
		ErrorCap    json.RawMessage `json:"Error"`
		ErrorDetail string          `json:"errorDetail"`
		Code        string          `json:"error_code"`
		Message     string          `json:"error_message"`
		Description string          `json:"error_description"`
		RequestID   string          `json:"request_id"`
		Results     json.RawMessage `json:"results"`
	}
	f.JSON = json.Valid(body)
	if !f.JSON || json.Unmarshal(body, &doc) != nil {
		f.Message = excerpt(body)
		return
	}
	var results struct {
		ErrMsg string `json:"errMsg"`
	}
	_ = json.Unmarshal(doc.Results, &results)
	f.Code = doc.Code
	if f.RequestID == "" {
		f.RequestID = doc.RequestID
	}
	f.Message = firstOf(doc.Message, doc.Description, text(doc.Error), text(doc.ErrorCap), results.ErrMsg, doc.ErrorDetail)
	if f.Code == "" && doc.Description != "" {
		f.Code = text(doc.Error)
	}
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// excerpt is the readable start of a body that is no JSON.
func excerpt(body []byte) string {
	return shorten(oneLine(string(bytes.ToValidUTF8(body[:min(len(body), 400)], nil))), 200)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func requestID(h http.Header) string {
	return firstOf(h.Get("X-Request-Id"), h.Get("Request-Id"), h.Get("X-Correlation-Id"))
}
