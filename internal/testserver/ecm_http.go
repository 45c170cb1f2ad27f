package testserver

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Sentences of the server.
const (
	textNoRoute   = "The REST API URL could not be found in the mappings registry"
	textNoAuth    = "Authentication Required"
	textNoAccess  = "Sorry, the item you requested could not be accessed. Either it does not exist or you do not have permission to access it. If you were sent a link to this item, please contact the sender for assistance"
	textConflict  = "Could not update metadata (edit conflict)."
	textRMDenied  = "Accessibility error. Not enough permissions"
	textNoAction  = "Could not process object, invalid action '%s'"
	textNameTaken = "An item with the name '%s' already exists."
)

// ecmCall is one request, with its parameters from wherever they came.
type ecmCall struct {
	e    *ECM
	r    *http.Request
	user *ECMUser
	// form holds the parameters of query and form, merged.
	form url.Values
	// body holds those of the JSON object in the form field "body".
	body     map[string]any
	file     *Blob
	fileName string
	fileType string
	// perPage is the page length when the client names none.
	perPage int64
}

// ecmReply is an answer: a JSON body, or a stream.
type ecmReply struct {
	status int
	body   any
	stream func(w http.ResponseWriter)
}

func ok(body any) ecmReply { return ecmReply{status: http.StatusOK, body: body} }

func fail(status int, format string, args ...any) ecmReply {
	return ecmReply{status: status, body: map[string]any{"error": fmt.Sprintf(format, args...)}}
}

type ecmHandler func(c *ecmCall) ecmReply

// ecmRoute is a row of the route table.
type ecmRoute struct {
	pattern string
	handler ecmHandler
	// public needs no login; free takes the lock by itself; json understands a
	// JSON body; serial is a hold write.
	public, free, json, serial bool
}

// route names a request by the vendor's template.
func (e *ECM) route(r *http.Request) string {
	path, ok := e.apiPath(r)
	if !ok {
		return r.Method + " " + r.URL.Path
	}
	in := r.Clone(r.Context())
	in.URL = &url.URL{Path: path}
	_, pattern := e.mux.Handler(in)
	if pattern == "" || pattern == "/" {
		return r.Method + " " + path
	}
	if r.Method == http.MethodHead && strings.HasPrefix(pattern, "GET ") {
		return "HEAD" + strings.TrimPrefix(pattern, "GET")
	}
	return pattern
}

// apiPath is the path below the API's root, without a trailing slash.
func (e *ECM) apiPath(r *http.Request) (string, bool) {
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, e.options.Base+"/api"); ok {
		return strings.TrimRight(rest, "/"), true
	}
	if strings.HasPrefix(path, "/otdsws/") {
		return strings.TrimRight(path, "/"), true
	}
	return "", false
}

func (e *ECM) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := e.apiPath(r)
	if !ok {
		e.answer(w, nil, fail(http.StatusNotFound, textNoRoute))
		return
	}
	in := r.WithContext(r.Context())
	in.URL = &url.URL{Path: unescaped(path), RawPath: path, RawQuery: r.URL.RawQuery}
	e.mux.ServeHTTP(w, in)
}

func unescaped(path string) string {
	if s, err := url.PathUnescape(path); err == nil {
		return s
	}
	return path
}

// serveRow puts a row of the table to work.
func (e *ECM) serveRow(row ecmRoute) {
	e.known = append(e.known, row.pattern)
	e.mux.HandleFunc(row.pattern, func(w http.ResponseWriter, r *http.Request) {
		c := &ecmCall{e: e, r: r, perPage: 100}
		reply := e.admit(c, row)
		if reply == nil {
			reply = new(e.run(c, row))
		}
		e.answer(w, c.user, *reply)
	})
}

// admit checks login and version before anything is read.
func (e *ECM) admit(c *ecmCall, row ecmRoute) *ecmReply {
	if e.missing(row.pattern) {
		return new(fail(http.StatusBadRequest, textNoRoute))
	}
	if row.public {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.user = e.session(c.r); c.user == nil {
		return new(fail(http.StatusUnauthorized, textNoAuth))
	}
	return nil
}

// run reads the parameters and serves the request.
func (e *ECM) run(c *ecmCall, row ecmRoute) ecmReply {
	if row.serial && e.options.SerialHolds {
		select {
		case e.lane <- struct{}{}:
			defer func() { <-e.lane }()
		default:
			return fail(http.StatusServiceUnavailable, "Service Unavailable")
		}
	}
	reply, bad := c.read(row.json)
	if !bad && !row.public {
		reply, bad = c.checkPage()
	}
	if !bad {
		if !row.free {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.work()
		}
		reply = row.handler(c)
	}
	// Who keeps the file takes it out of the call.
	if c.file != nil {
		_ = e.blobs.Drop(*c.file)
	}
	return reply
}

func (e *ECM) answer(w http.ResponseWriter, user *ECMUser, reply ecmReply) {
	e.mu.Lock()
	if user != nil && e.options.RotateTickets {
		ticket, login := e.newTicket(user.Name)
		w.Header().Set("OTCSTicket", ticket)
		w.Header().Set("OTCSTicketExpires", login.Expires.Format(http.TimeFormat))
	}
	e.state.Serial++
	serial := e.state.Serial
	e.mu.Unlock()
	w.Header().Set("Date", e.now().Format(http.TimeFormat))
	if reply.stream != nil {
		reply.stream(w)
		return
	}
	if body, isObject := reply.body.(map[string]any); isObject && reply.status >= http.StatusBadRequest && e.options.RequestIDs {
		body["request_id"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", serial)
	}
	b := marshal(reply.body)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(reply.status)
	_, _ = w.Write(b)
}
