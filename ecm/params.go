package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// params are the parameters of a call. What is empty is left out: the server
// refuses some empty and false values.
type params url.Values

func (p params) text(key, value string) params {
	if value != "" {
		url.Values(p).Set(key, value)
	}
	return p
}

func (p params) number(key string, n int64) params {
	if n != 0 {
		url.Values(p).Set(key, strconv.FormatInt(n, 10))
	}
	return p
}

func (p params) always(key string, value any) params {
	url.Values(p).Set(key, fmt.Sprint(value))
	return p
}

func (p params) flag(key string, on bool) params {
	if on {
		url.Values(p).Set(key, "true")
	}
	return p
}

func (p params) date(key string, t time.Time) params {
	if !t.IsZero() {
		url.Values(p).Set(key, dateText(t))
	}
	return p
}

func (p params) moment(key string, t time.Time) params {
	if !t.IsZero() {
		url.Values(p).Set(key, t.Format("2006-01-02T15:04:05"))
	}
	return p
}

func (p params) texts(key string, values []string) params {
	for _, v := range values {
		url.Values(p).Add(key, v)
	}
	return p
}

// many repeats the key for each id, as the described arrays are sent.
func many[T ~int64](p params, key string, ids []T) params {
	for _, id := range ids {
		url.Values(p).Add(key, strconv.FormatInt(int64(id), 10))
	}
	return p
}

// get reads a JSON answer.
func get[T any](ctx context.Context, c *core, route *rest.Route, path []any, query params) (T, error) {
	return rest.Do[T](ctx, c.rest, rest.Request{Route: route, Path: path, Query: url.Values(query)})
}

// send makes a write that describes no answer.
func (c *core) send(ctx context.Context, route *rest.Route, path []any, form params) error {
	req := rest.Request{Route: route, Path: path}
	if form != nil {
		req.Form = url.Values(form)
	}
	return c.do(ctx, req)
}

// sendQuery makes a write whose parameters the description puts in the query.
func (c *core) sendQuery(ctx context.Context, route *rest.Route, path []any, query params) error {
	return c.do(ctx, rest.Request{Route: route, Path: path, Query: url.Values(query)})
}

// do makes a write of whose answer nothing is needed. One that says "not
// ok" is no success, whatever its status.
func (c *core) do(ctx context.Context, req rest.Request) error {
	req, err := c.settings.placed(req)
	if err != nil {
		return err
	}
	answer, err := rest.Do[rest.Maybe](ctx, c.rest, req)
	if err != nil {
		return err
	}
	var said outcome
	if json.Unmarshal(answer.JSON, &said) != nil {
		return nil // in another form, as most are.
	}
	_, err = said.settled(req.Route)
	return err
}

// outcome is the answer of Records Management's second version: it may say
// "not ok" with status 200.
type outcome struct {
	Results struct {
		OK      *flag  `json:"ok"`
		Message string `json:"errMsg"`
		ID      number `json:"id"`
	} `json:"results"`
}

// settled makes an error of an answer that says "not ok".
func (o outcome) settled(route *rest.Route) (int64, error) {
	if o.Results.OK != nil && !bool(*o.Results.OK) {
		class := classOf(o.Results.Message)
		if class == nil {
			class = ErrInvalid
		}
		return 0, &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: 200, Message: o.Results.Message, Err: class}
	}
	return int64(o.Results.ID), nil
}

// do2 makes a write of that version.
func (c *core) do2(ctx context.Context, route *rest.Route, path []any, query, form params) (int64, error) {
	req := rest.Request{Route: route, Path: path, Query: url.Values(query)}
	if form != nil {
		req.Form = url.Values(form)
	}
	req, err := c.settings.placed(req)
	if err != nil {
		return 0, err
	}
	answer, err := rest.Do[outcome](ctx, c.rest, req)
	if err != nil {
		return 0, err
	}
	return answer.settled(route)
}

// rows is a maintenance view: rows that are nested once, twice, or with
// "properties", depending on the server.
type rows[T any] struct {
	v1[row[T]]
	paging paging
}

func (r *rows[T]) UnmarshalJSON(b []byte) error {
	var wire struct {
		Paging     paging     `json:"paging"`
		Collection collection `json:"collection"`
	}
	if err := r.v1.UnmarshalJSON(b); err != nil {
		return err
	}
	err := json.Unmarshal(b, &wire)
	r.paging = wire.Paging
	if wire.Collection.Paging.pages() > r.paging.pages() {
		r.paging = wire.Collection.Paging
	}
	return err
}

func (r rows[T]) list() []T {
	all := make([]T, 0, len(r.Data))
	for _, d := range r.Data {
		all = append(all, d.value)
	}
	return all
}

func (r rows[T]) pages() int { return r.paging.pages() }

// row finds its members at whatever depth the server put them.
type row[T any] struct{ value T }

func (r *row[T]) UnmarshalJSON(b []byte) error {
	inner := b
	for range 3 {
		var level map[string]json.RawMessage
		if json.Unmarshal(inner, &level) != nil {
			break
		}
		next, nested := level["data"]
		if !nested {
			next, nested = level["properties"]
		}
		if !nested || len(next) == 0 || next[0] != '{' {
			break
		}
		inner = next
	}
	return json.Unmarshal(inner, &r.value)
}

// collect reads all pages of a list; a page beyond the end is never asked for.
func collect[T any](read func(page int) (items []T, pages int, err error)) ([]T, error) {
	var all []T
	for page := 1; ; page++ {
		items, pages, err := read(page)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if page >= pages {
			return all, nil
		}
	}
}

func pageParams(page int) params { return params(pageQuery(page)) }
