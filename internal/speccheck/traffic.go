package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
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
	tolerated   map[difference]int
	// proven are the operations that got a 2xx answer that fits.
	proven map[string]bool
}

func (r *report) print(out io.Writer) {
	keys := slices.SortedFunc(maps.Keys(r.differences), func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	for _, d := range keys {
		fmt.Fprintf(out, "differs: %s (%d times)\n", d, r.differences[d])
	}
	used := map[[2]string]bool{}
	for d := range r.tolerated {
		used[d.place()] = true
	}
	for _, t := range tolerated {
		if !used[t.difference().place()] {
			fmt.Fprintf(out, "no longer needed: %s: %s\n", t.operation, t.field)
		}
	}
	fmt.Fprintf(out, "traffic: %d exchanges, %d differences beyond the %d that are listed\n", r.exchanges, len(r.differences), len(tolerated))
}

func (r *report) note(d difference) bool {
	for _, t := range tolerated {
		if t.difference().place() == d.place() {
			r.tolerated[d]++
			return false
		}
	}
	r.differences[d]++
	return true
}

// check reads every traffic file of a folder.
func check(specs *specification, dir string) (*report, error) {
	r := &report{differences: map[difference]int{}, tolerated: map[difference]int{}, proven: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewReaderSize(f, 1<<20)
		for {
			line, err := lines.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				var e exchange
				if err := json.Unmarshal(line, &e); err != nil {
					_ = f.Close()
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				r.exchange(specs, e)
			}
			if err != nil {
				break
			}
		}
		_ = f.Close()
	}
	if r.exchanges == 0 {
		return nil, fmt.Errorf("no traffic in %s", dir)
	}
	return r, nil
}

// exchange compares one request and its answer with their description.
func (r *report) exchange(specs *specification, e exchange) {
	_, path, found := strings.Cut(e.Path, "/api/")
	if !found {
		return // the directory services are described elsewhere.
	}
	r.exchanges++
	op := specs.of(e.Method, "/"+path)
	if op == nil {
		if e.Status < 300 {
			r.note(difference{e.Method + " /" + path, "path", "not described"})
		}
		return
	}
	fits := true
	// What the suites provoke on purpose is answered with an error; only what
	// the server took says something about the request.
	if e.Status >= 200 && e.Status < 300 {
		for _, d := range op.parameters(e) {
			fits = !r.note(d) && fits
		}
		for _, d := range op.answer(e) {
			fits = !r.note(d) && fits
		}
		if fits {
			r.proven[op.name()] = true
		}
	}
}

// sent are the names of parameters, by the place they were sent in.
func (e exchange) sent() map[string][]string {
	places := map[string][]string{}
	if query, err := url.ParseQuery(e.Query); err == nil {
		places["query"] = slices.Sorted(maps.Keys(query))
	}
	body := bodyBytes(e.RequestBody, e.RequestEncoding)
	kind, params, _ := mime.ParseMediaType(header(e.RequestHeaders, "Content-Type"))
	var fields url.Values
	switch kind {
	case "application/x-www-form-urlencoded":
		fields, _ = url.ParseQuery(string(body))
	case "multipart/form-data":
		fields = url.Values{}
		for mr := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
			p, err := mr.NextPart()
			if err != nil {
				break
			}
			b, _ := io.ReadAll(io.LimitReader(p, 1<<20))
			fields.Add(p.FormName(), string(b))
		}
	}
	for name := range fields {
		if name != "body" {
			places["form"] = append(places["form"], name)
			continue
		}
		var object map[string]any
		if json.Unmarshal([]byte(fields.Get("body")), &object) == nil {
			places["body"] = slices.Sorted(maps.Keys(object))
		}
	}
	slices.Sort(places["form"])
	return places
}
