package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// PortalsService calls the data adapter interfaces of portals. Every method of
// theirs goes through [PortalsService.Run]; those that matter here have a
// method of their own.
type PortalsService service

// Ids of the portals. They are opaque.
type (
	// PortalUUID identifies a portal.
	PortalUUID string
	// PageUUID identifies the configuration of a page of a portal.
	PageUUID string
	// ComponentUUID identifies the configuration of a component of a page.
	ComponentUUID string
	// AssetID identifies an asset of a portal: data adapter instance, content
	// type and the id at the source, as "99:image:64257dc3d8b546c0".
	AssetID string
)

// UnmarshalJSON accepts a text or a number.
func (u *PortalUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// UnmarshalJSON accepts a text or a number.
func (u *PageUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// Portal says which portal is called, in which language, and at which of its
// places.
type Portal struct {
	UUID PortalUUID
	// Culture of the answers, as "en"; empty leaves it to the portal.
	Culture string
	// Preview is the uuid of a preview of the portal.
	Preview string
	// ContextURL and ContextSession tell the portal where the user is.
	ContextURL, ContextSession string
	// Binding, if set, calls the adapter that is bound to a page or to a
	// component of it, instead of the portal's own.
	Binding Binding
}

// Binding names an adapter that is bound to a page or a component.
type Binding struct {
	Page PageUUID
	// Component is empty for the page itself.
	Component ComponentUUID
	// Property holds the adapter, as "assetsSearch"; Instance counts, and is
	// "0" if empty.
	Property, Instance string
}

// Call is a call of one method of a data adapter interface. Custom interfaces
// are called the same way.
type Call struct {
	// Interface is the public API interface, as "IAssetsRead". A [Binding]
	// stands in its place.
	Interface string
	// Method is camel case and ends in Async, as "getAssetAsync".
	Method string
	// Arguments are encoded as JSON, each into a text of its own.
	Arguments []any
	// Harmless tells that the call can be made twice: a read, or a write that
	// the other side knows again. It is then repeated where an answer was lost.
	// Otherwise that is ErrOutcomeUnknown.
	Harmless bool
}

// ready tells whether there is an endpoint at all.
func (s *PortalsService) ready(op string) error {
	if s.portal.frontend == nil {
		return &Error{Op: op, Err: fmt.Errorf("%w: the client has no Portals endpoint", ErrInvalid)}
	}
	return nil
}

// broken is an answer that is not what it should be.
func (s *PortalsService) broken(route rest.Route, message string, cause error) error {
	err := ErrBrokenReply
	if cause != nil {
		err = fmt.Errorf("%w: %w", ErrBrokenReply, cause)
	}
	return &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: http.StatusOK, Message: message, Err: err}
}

// Execute calls a method and returns the task that it is answered with, ended
// or not: see [PortalsService.Wait].
//
// API: POST /portals/{portalUuid}/portalsContext/{publicApiInterface}/execute/{methodName}
// and the two forms of it below /portals/{portalUuid}/pageConfigurations.
func (s *PortalsService) Execute(ctx context.Context, p Portal, call Call) (*Task, error) {
	req, err := s.request(p, call)
	if err != nil {
		return nil, err
	}
	var texts bytes.Buffer
	if err := writeArguments(&texts, call.Arguments); err != nil {
		return nil, &Error{Op: req.Route.Name, Method: req.Route.Method, Route: req.Route.Template, Err: fmt.Errorf("%w: encode the arguments: %w", ErrInvalid, err)}
	}
	return s.post(ctx, req, texts.Bytes())
}

// post sends the arguments in the form that is configured, or found out.
func (s *PortalsService) post(ctx context.Context, req rest.Request, array []byte) (*Task, error) {
	text, err := json.Marshal(string(array))
	if err != nil {
		return nil, err
	}
	forms := [][]byte{BodyArray: array, BodyText: text}
	send := func(f BodyForm) (*Task, error) {
		r := req
		r.Body = rest.BytesBody(forms[f], "application/json")
		t, err := rest.Do[Task](ctx, s.portal.frontend, r)
		if err != nil {
			return nil, err
		}
		return &t, nil
	}
	if s.portal.BodyForm != BodyEither {
		return send(s.portal.BodyForm)
	}
	if known := s.portal.form.Load(); known > 0 {
		return send(BodyForm(known - 1))
	}
	t, err := send(BodyArray)
	if err == nil {
		s.portal.form.Store(int32(BodyArray) + 1)
		return t, nil
	}
	if e, ok := errors.AsType[*Error](err); !ok || (e.StatusCode != http.StatusBadRequest && e.StatusCode != http.StatusUnsupportedMediaType) {
		return nil, err
	}
	// The first form was refused before anything was done.
	if t, second := send(BodyText); second == nil {
		s.portal.form.Store(int32(BodyText) + 1)
		return t, nil
	}
	return nil, err
}

// request makes everything of a call but its body.
func (s *PortalsService) request(p Portal, call Call) (rest.Request, error) {
	op := "Portals." + call.Method
	if err := s.ready(op); err != nil {
		return rest.Request{}, err
	}
	var faults rest.Problems
	if p.UUID == "" {
		faults.Add("portal uuid", p.UUID, "the uuid of a portal")
	}
	if call.Method == "" {
		faults.Add("method", call.Method, "a method as getAssetAsync")
	}
	b, bound := p.Binding, p.Binding != Binding{}
	switch {
	case bound && (b.Page == "" || b.Property == ""):
		faults.Add("binding", fmt.Sprintf("page %q, property %q", b.Page, b.Property), "a page and one of its properties")
	case !bound && call.Interface == "":
		faults.Add("interface", call.Interface, "an interface as IAssetsRead, or a binding")
	}
	if err := faults.Err(op); err != nil {
		return rest.Request{}, err
	}
	if b.Instance == "" {
		b.Instance = "0"
	}
	route, path := s.routes.portals.atPortal, []any{string(p.UUID), call.Interface, call.Method}
	switch {
	case bound && b.Component != "":
		route, path = s.routes.portals.atComponent, []any{string(p.UUID), string(b.Page), string(b.Component), b.Property, b.Instance, call.Method}
	case bound:
		route, path = s.routes.portals.atPage, []any{string(p.UUID), string(b.Page), b.Property, b.Instance, call.Method}
	}
	route.Name = op
	if call.Harmless {
		route.Repeat = rest.Harmless
	}
	return rest.Request{Route: &route, Path: path, Query: p.query(), Header: p.header()}, nil
}

func (p Portal) query() url.Values {
	q := url.Values{}
	if p.Culture != "" {
		q.Set("culture", p.Culture)
	}
	if p.Preview != "" {
		q.Set("previewUuid", p.Preview)
	}
	return q
}

func (p Portal) header() http.Header {
	h := http.Header{}
	if p.ContextURL != "" {
		h.Set("X-Frontend-Context-Url", p.ContextURL)
	}
	if p.ContextSession != "" {
		h.Set("X-Frontend-Context-Session-Id", p.ContextSession)
	}
	return h
}

// writeArguments writes an array of strings, each the JSON text of an
// argument.
func writeArguments(w *bytes.Buffer, arguments []any) error {
	texts := make([]string, 0, len(arguments))
	for _, a := range arguments {
		text, err := jsonText(a)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	b, err := jsonText(texts)
	w.WriteString(b)
	return err
}

// jsonText is the JSON of v as it is: nothing in it is meant for HTML.
func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Run calls a method and waits for its task to end. It returns the task, and a
// *TaskError unless it completed whole; with ErrFailedSteps the task carries a
// result all the same.
//
// API: POST .../execute/{methodName}, GET /backgroundTasks/{backgroundTaskUuid}.
func (s *PortalsService) Run(ctx context.Context, p Portal, call Call) (*Task, error) {
	t, err := s.Execute(ctx, p, call)
	if err != nil {
		return nil, err
	}
	return s.wait(ctx, "Portals."+call.Method, t)
}

// read runs a reading method and decodes its result. Failed steps come back
// beside the result that there is.
func read[T any](ctx context.Context, s *PortalsService, p Portal, iface, method string, argument any) (T, error) {
	call := Call{Interface: iface, Method: method, Harmless: true}
	if argument != nil {
		call.Arguments = []any{argument}
	}
	t, err := s.Run(ctx, p, call)
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		var none T
		return none, err
	}
	v, broken := resultOf[T]("Portals."+method, t)
	if broken != nil {
		return v, broken
	}
	return v, err
}
