package testserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
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

// handle adds a route. Public ones need no login.
func (e *ECM) handle(pattern string, public bool, h ecmHandler) {
	e.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c := &ecmCall{e: e, r: r}
		if !public {
			e.mu.Lock()
			c.user = e.session(r)
			e.mu.Unlock()
			if c.user == nil {
				e.answer(w, nil, fail(http.StatusUnauthorized, textNoAuth))
				return
			}
		}
		if reply, bad := c.read(); bad {
			e.answer(w, c.user, reply)
			return
		}
		e.mu.Lock()
		reply := h(c)
		if reply.status >= 400 && c.file != nil {
			_ = e.blobs.Drop(*c.file)
		}
		e.mu.Unlock()
		e.answer(w, c.user, reply)
	})
}

func (e *ECM) answer(w http.ResponseWriter, user *ECMUser, reply ecmReply) {
	if user != nil && e.options.RotateTickets {
		e.mu.Lock()
		ticket, login := e.newTicket(user.Name)
		e.mu.Unlock()
		w.Header().Set("OTCSTicket", ticket)
		w.Header().Set("OTCSTicketExpires", login.Expires.Format(http.TimeFormat))
	}
	w.Header().Set("Date", e.now().Format(http.TimeFormat))
	if reply.stream != nil {
		reply.stream(w)
		return
	}
	b := marshal(reply.body)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(reply.status)
	_, _ = w.Write(b)
}

const maxField = 4 << 20

// read merges the parameters of query, form, multipart and the field "body".
func (c *ecmCall) read() (ecmReply, bool) {
	c.form = url.Values{}
	maps.Copy(c.form, c.r.URL.Query())
	kind, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	var err error
	switch {
	case kind == "application/x-www-form-urlencoded":
		var b []byte
		if b, err = io.ReadAll(io.LimitReader(c.r.Body, maxField)); err == nil {
			var form url.Values
			form, err = url.ParseQuery(string(b))
			for k, v := range form {
				c.form[k] = append(c.form[k], v...)
			}
		}
	case kind == "multipart/form-data":
		err = c.readParts(multipart.NewReader(c.r.Body, params["boundary"]))
	case c.r.Body != nil:
		// A JSON body is not understood; one without a type neither.
		n, _ := io.Copy(io.Discard, c.r.Body)
		if n > 0 {
			return fail(http.StatusBadRequest, "Parameters are required for PUT, POST, and PATCH methods"), true
		}
	}
	if err == nil {
		if text := c.form.Get("body"); text != "" {
			d := json.NewDecoder(strings.NewReader(text))
			d.UseNumber()
			if d.Decode(&c.body) != nil {
				return fail(http.StatusBadRequest, "Body parameter is invalid"), true
			}
			c.form.Del("body")
		}
	}
	if err != nil {
		if c.file != nil {
			_ = c.e.blobs.Drop(*c.file)
		}
		return fail(http.StatusBadRequest, "Could not read the request"), true
	}
	return ecmReply{}, false
}

// readParts takes the parts of a multipart body as they come; the file goes to
// the blobs. A body that is cut off stores nothing.
func (c *ecmCall) readParts(mr *multipart.Reader) error {
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.FormName() == "file" || p.FileName() != "" {
			blob, err := c.e.blobs.Put(p)
			if err != nil {
				return err
			}
			c.file, c.fileName, c.fileType = &blob, p.FileName(), p.Header.Get("Content-Type")
			continue
		}
		b, err := io.ReadAll(io.LimitReader(p, maxField))
		if err != nil {
			return err
		}
		c.form.Add(p.FormName(), string(b))
	}
}

// has tells whether a parameter was sent at all.
func (c *ecmCall) has(name string) bool {
	_, inBody := c.body[name]
	return inBody || c.form.Has(name)
}

// text is a parameter as text, from wherever it came.
func (c *ecmCall) text(name string) string {
	if v, found := c.body[name]; found {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	return c.form.Get(name)
}

// number is a parameter as an integer; ok is false if it is missing or none.
func (c *ecmCall) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(c.text(name)), 10, 64)
	return n, err == nil
}

// list is a parameter of several values: repeated, joined by commas, or a JSON
// list.
func (c *ecmCall) list(name string) []string {
	var out []string
	add := func(s string) {
		s = strings.Trim(strings.TrimSpace(s), "{}")
		if strings.HasPrefix(s, "[") {
			var many []any
			d := json.NewDecoder(strings.NewReader(s))
			d.UseNumber()
			if d.Decode(&many) == nil {
				for _, m := range many {
					out = append(out, fmt.Sprint(m))
				}
				return
			}
		}
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	switch v := c.body[name].(type) {
	case []any:
		for _, one := range v {
			out = append(out, fmt.Sprint(one))
		}
	case nil:
	default:
		add(fmt.Sprint(v))
	}
	for _, s := range c.form[name] {
		add(s)
	}
	return out
}

func (c *ecmCall) numbers(name string) ([]int64, bool) {
	var out []int64
	for _, s := range c.list(name) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// id is a placeholder of the path.
func (c *ecmCall) id(name string) int64 {
	n, err := strconv.ParseInt(c.r.PathValue(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// may tells whether the user is denied an action.
func (c *ecmCall) may(action string) bool { return !slices.Contains(c.user.Denied, action) }

// node finds a node that the user may see.
func (c *ecmCall) node(id int64) *ecmNode {
	n := c.e.state.Nodes[id]
	if n == nil || n.Deleted || !c.sees(n) {
		return nil
	}
	return n
}

// sees tells whether a node is visible: it lies below one of the user's roots,
// or is one, or belongs to what everybody sees.
func (c *ecmCall) sees(n *ecmNode) bool {
	if len(c.user.Roots) == 0 || n.Parent == -1 || n.Type == 131 || n.Type == 551 {
		return true
	}
	for at := n; at != nil; at = c.e.state.Nodes[at.Parent] {
		if slices.Contains(c.user.Roots, at.ID) {
			return true
		}
		if at.Deleted {
			return false
		}
	}
	return false
}

// page cuts a list by the parameters page and limit, and describes the cut.
func page[T any](c *ecmCall, all []T) ([]T, map[string]any) {
	limit, number := int64(100), int64(1)
	if n, ok := c.number("limit"); ok && n > 0 {
		limit = min(n, 1000)
	}
	if n, ok := c.number("page"); ok && n > 0 {
		number = n
	}
	total := int64(len(all))
	pages := (total + limit - 1) / limit
	asked := number
	if number > pages && !c.e.options.EmptyPages {
		number = max(pages, 1)
	}
	from := min((number-1)*limit, total)
	to := min(from+limit, total)
	first := from + 1
	if total == 0 {
		first = 0
	}
	return all[from:to], map[string]any{
		"limit": limit, "page": asked, "page_total": pages, "range_min": first, "range_max": to, "total_count": total, "links": map[string]any{},
	}
}

// links is the part of a v2 answer that says what was asked.
func (c *ecmCall) links() map[string]any {
	return map[string]any{"data": map[string]any{"self": map[string]any{
		"body": "", "content_type": "", "href": "/api" + c.r.URL.Path, "method": c.r.Method, "name": "",
	}}}
}

// single is a v2 answer about one thing.
func (c *ecmCall) single(data map[string]any) ecmReply {
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": data}})
}

// listed is a v2 answer about several.
func (c *ecmCall) listed(paging map[string]any, results []any) ecmReply {
	if results == nil {
		results = []any{}
	}
	return ok(map[string]any{
		"collection": map[string]any{"paging": paging, "sorting": map[string]any{"sort": []any{}}}, "links": c.links(), "results": results,
	})
}

// empty is a v2 answer about nothing.
func (c *ecmCall) empty() ecmReply {
	return ok(map[string]any{"links": c.links(), "results": map[string]any{}})
}
