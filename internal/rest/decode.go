package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
)

// None is the type of an answer whose content does not matter: it may be empty
// or any JSON, but a page of HTML is still an error.
type None struct{}

// Maybe is the type of an answer that may be empty; what it holds is looked at
// as far as it has something to say.
type Maybe struct{ JSON json.RawMessage }

// Do sends the request and decodes a 2xx answer strictly as JSON into T. With
// json.RawMessage the bytes are kept as they came.
func Do[T any](ctx context.Context, c *Client, req Request) (T, error) {
	v, _, err := DoMeta[T](ctx, c, req)
	return v, err
}

// DoMeta is Do, and tells what the answer said beside its body.
func DoMeta[T any](ctx context.Context, c *Client, req Request) (T, Meta, error) {
	type answer struct {
		value T
		meta  Meta
	}
	a, err := run(ctx, c, req, func(k *call, resp *http.Response) (answer, *Failure) {
		a := answer{meta: Meta{Status: resp.StatusCode, Header: resp.Header, RequestID: requestID(resp.Header)}}
		a.meta.Date, _ = http.ParseTime(resp.Header.Get("Date"))
		body, err := readBounded(resp.Body, c.cfg.MaxReply)
		drain(resp)
		if err == nil {
			err = decodeInto(&a.value, resp, body)
		}
		if err != nil {
			return a, k.broken(resp, body, err)
		}
		return a, nil
	})
	return a.value, a.meta, err
}

// readBounded reads at most limit bytes; more is an error, not a cut.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, err
}

// decodeInto accepts one JSON value and nothing else. It looks at the bytes and
// not at the declared type: several operations declare none.
func decodeInto(target any, resp *http.Response, body []byte) error {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		switch target.(type) {
		case *None, *Maybe:
			return nil
		}
		return errors.New("expected JSON, got an empty answer")
	}
	err := decodeValue(target, trimmed, body)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if kind == "" {
			kind = "no content type"
		}
		return fmt.Errorf("expected JSON, got %d bytes of %s that begin %q", len(body), kind, excerpt(body))
	}
	return err
}

// decodeValue fails with a json.SyntaxError for what is not JSON at all.
func decodeValue(target any, value, whole []byte) error {
	switch t := target.(type) {
	case *None:
		return json.Unmarshal(value, new(json.RawMessage))
	case *Maybe:
		return keep(&t.JSON, value, whole)
	case *json.RawMessage:
		return keep(t, value, whole)
	default:
		return json.Unmarshal(value, target)
	}
}

// Members are the names of the members of a JSON object, in order.
func Members(object []byte) ([]string, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(object, &members)
	return slices.Sorted(maps.Keys(members)), err
}

// keep keeps the bytes as they came, if they are JSON.
func keep(to *json.RawMessage, value, whole []byte) error {
	if err := json.Unmarshal(value, to); err != nil {
		return err
	}
	*to = whole
	return nil
}
