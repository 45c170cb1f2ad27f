package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// exchange is one line of a traffic file.
type exchange struct {
	Method           string      `json:"method"`
	Path             string      `json:"path"`
	Query            string      `json:"query"`
	RequestHeaders   [][2]string `json:"request_headers"`
	RequestBody      string      `json:"request_body"`
	RequestEncoding  string      `json:"request_body_encoding"`
	Status           int         `json:"status"`
	ResponseHeaders  [][2]string `json:"response_headers"`
	ResponseBody     string      `json:"response_body"`
	ResponseEncoding string      `json:"response_body_encoding"`
}

// bodyBytes decodes a body.
func bodyBytes(text, encoding string) []byte {
	if encoding != "base64" {
		return []byte(text)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

func header(pairs [][2]string, name string) string {
	for _, p := range pairs {
		if strings.EqualFold(p[0], name) {
			return p[1]
		}
	}
	return ""
}

// difference is one way in which traffic and description differ.
type difference struct{ operation, field, what string }

// place is where it is, whether a value stands alone or in a list of one.
func (d difference) place() [2]string {
	return [2]string{d.operation, strings.ReplaceAll(d.field, "[]", "")}
}

func (d difference) String() string { return d.operation + ": " + d.field + ": " + d.what }

// report is what a check found.
type report struct {
	exchanges   int
	differences map[difference]int
	tolerated   map[[2]string]bool
	// proven are the operations that the SDK sent and that got a 2xx answer that
	// fits.
	proven map[string]bool
}

func newReport() *report {
	return &report{differences: map[difference]int{}, tolerated: map[[2]string]bool{}, proven: map[string]bool{}}
}

// needless are the tolerated differences that nothing shows any more.
func (r *report) needless() []toleration {
	return slices.DeleteFunc(slices.Clone(tolerated), func(t toleration) bool { return r.tolerated[t.difference().place()] })
}

func (r *report) print(out io.Writer) {
	keys := slices.SortedFunc(maps.Keys(r.differences), func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	for _, d := range keys {
		fmt.Fprintf(out, "differs: %s (%d times)\n", d, r.differences[d])
	}
	for _, t := range r.needless() {
		fmt.Fprintf(out, "no longer needed: %s: %s\n", t.operation, t.field)
	}
	fmt.Fprintf(out, "traffic: %d exchanges, %d differences beyond the %d that are listed\n", r.exchanges, len(r.differences), len(tolerated))
}

func (r *report) note(d difference) bool {
	for _, t := range tolerated {
		if t.difference().place() == d.place() {
			r.tolerated[d.place()] = true
			return false
		}
	}
	r.differences[d]++
	return true
}

// traffic reads every traffic file of a folder.
func (r *report) traffic(specs *specification, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := r.file(specs, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if r.exchanges == 0 {
		return fmt.Errorf("no traffic in %s", dir)
	}
	return nil
}

func (r *report) file(specs *specification, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewReaderSize(f, 1<<20); ; {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var e exchange
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			r.exchange(specs, e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// exchange compares one request and its answer with their description. What
// the suites provoke on purpose is answered with an error; only what the server
// took says something about the request.
func (r *report) exchange(specs *specification, e exchange) {
	program, path, found := strings.Cut(e.Path, "/api/")
	if !found || !strings.HasSuffix(program, "/cs.exe") {
		return // the directory services are described elsewhere, a wrong address nowhere.
	}
	r.exchanges++
	taken := e.Status >= 200 && e.Status < 300
	op := specs.of(e.Method, "/"+path)
	if op == nil {
		if taken {
			r.note(difference{e.Method + " /" + path, "path", "not described"})
		}
		return
	}
	if !taken {
		if d, wrong := op.refusal(e); wrong {
			r.note(d)
		}
		return
	}
	fits := true
	if e.bySDK() {
		fits = r.request(op, e)
	}
	for _, d := range op.answer(e) {
		fits = !r.note(d) && fits
	}
	if fits && e.bySDK() {
		r.proven[op.name()] = true
	}
}

// request notes how a request differs.
func (r *report) request(op *operation, e exchange) bool {
	fits := true
	for _, d := range op.parameters(e) {
		fits = !r.note(d) && fits
	}
	return fits
}

// bySDK tells what an exported method sent from what the suites send by hand,
// which takes liberties on purpose: other clients do.
func (e exchange) bySDK() bool {
	return strings.HasPrefix(header(e.RequestHeaders, "User-Agent"), "smintecm")
}

// sent are the parameters of a request with their values, by the place they
// were sent in. A value that is no text is kept as its JSON.
func (e exchange) sent() map[string]url.Values {
	places := map[string]url.Values{"query": {}, "form": {}, "body": {}}
	if query, err := url.ParseQuery(e.Query); err == nil {
		places["query"] = query
	}
	body := bodyBytes(e.RequestBody, e.RequestEncoding)
	kind, params, _ := mime.ParseMediaType(header(e.RequestHeaders, "Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		places["form"], _ = url.ParseQuery(string(body))
	case "multipart/form-data":
		for mr := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
			p, err := mr.NextPart()
			if err != nil {
				break
			}
			b, _ := io.ReadAll(io.LimitReader(p, 1<<20))
			places["form"].Add(p.FormName(), string(b))
		}
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(places["form"].Get("body")), &object) == nil {
		for name, raw := range object {
			text := string(raw)
			_ = json.Unmarshal(raw, &text)
			places["body"].Add(name, text)
		}
	}
	places["form"].Del("body")
	return places
}

// golden compares the golden requests: one for each row of the table of
// routes, with every field filled in.
func (r *report) golden(specs *specification, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, entry := range strings.Split("\n"+string(text), "\n## ")[1:] {
			e, described := goldenRequest(entry)
			if !described {
				continue
			}
			r.exchanges++
			_, path, _ := strings.Cut(e.Path, "/api/")
			op := specs.of(e.Method, "/"+path)
			if op == nil {
				return fmt.Errorf("%s: %s %s is not described", name, e.Method, e.Path)
			}
			r.request(op, e)
			r.complete(op, e)
		}
	}
	if r.exchanges == 0 {
		return fmt.Errorf("no golden requests in %s", dir)
	}
	return nil
}

// complete notes what an operation of digital records declares and the SDK
// cannot send, save for what is left out for a reason.
func (r *report) complete(op *operation, e exchange) {
	if !op.digital() {
		return
	}
	there := map[string]bool{}
	for _, values := range e.sent() {
		for name := range values {
			there[name] = true
		}
	}
	places, _ := op.declared()
	for _, declared := range places {
		for name := range declared {
			if !there[name] && !slices.ContainsFunc(leftOut, func(t toleration) bool { return t.operation == op.name() && t.field == name }) {
				r.differences[difference{op.name(), name, "declared, and no call of the SDK can send it"}]++
			}
		}
	}
}

// goldenRequest reads one entry; those to the directory services are described
// elsewhere.
func goldenRequest(entry string) (e exchange, described bool) {
	_, text, _ := strings.Cut(entry, "\n")
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	path, query, _ := strings.Cut(target, "?")
	if strings.HasPrefix(path, "/otdsws/") {
		return e, false
	}
	e = exchange{Method: method, Path: "/api" + path, Query: query, RequestEncoding: "utf-8"}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if value == "multipart/form-data" {
			value += "; boundary=BOUNDARY"
			body = strings.ReplaceAll(body, "\n", "\r\n")
		}
		e.RequestHeaders = append(e.RequestHeaders, [2]string{name, value})
	}
	e.RequestBody = strings.TrimRight(body, "\n")
	return e, true
}
