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
	"strconv"
	"strings"
)

const maxField = 4 << 20

var errTooLong = errors.New("testserver: a parameter is too long")

// readField reads a parameter, or a form of them, and nothing cut off.
func readField(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxField+1))
	if err == nil && len(b) > maxField {
		err = errTooLong
	}
	return string(b), err
}

// read merges the parameters of query, form, multipart and the field "body".
// A body that is JSON itself is understood by few routes only.
func (c *ecmCall) read(jsonBody bool) (ecmReply, bool) {
	c.form = url.Values{}
	maps.Copy(c.form, c.r.URL.Query())
	kind, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	var err error
	switch {
	case c.r.Body == nil:
	case kind == "application/x-www-form-urlencoded":
		var form url.Values
		var text string
		if text, err = readField(c.r.Body); err == nil {
			form, err = url.ParseQuery(text)
		}
		for k, v := range form {
			c.form[k] = append(c.form[k], v...)
		}
	case kind == "multipart/form-data":
		err = c.readParts(multipart.NewReader(c.r.Body, params["boundary"]))
	case kind == "text/plain", kind == "application/json" && jsonBody:
		var text string
		if text, err = readField(c.r.Body); err == nil && text != "" {
			c.form.Set("body", text)
		}
	default:
		// A JSON body is not understood; one without a type neither.
		if n, _ := io.Copy(io.Discard, c.r.Body); n > 0 {
			return fail(http.StatusBadRequest, "Parameters are required for PUT, POST, and PATCH methods"), true
		}
	}
	if err != nil {
		return fail(http.StatusBadRequest, "Could not read the request"), true
	}
	if text := c.form.Get("body"); text != "" {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&c.body) != nil {
			return fail(http.StatusBadRequest, "Body parameter is invalid"), true
		}
		c.form.Del("body")
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
		if p.FormName() == "file" || p.FormName() == "part_content" || p.FileName() != "" {
			if c.file != nil {
				return errors.New("testserver: more than one file")
			}
			blob, err := c.e.blobs.Put(p)
			if err != nil {
				return err
			}
			c.file, c.fileName, c.fileType = &blob, p.FileName(), p.Header.Get("Content-Type")
			continue
		}
		text, err := readField(p)
		if err != nil {
			return err
		}
		c.form.Add(p.FormName(), text)
	}
}

// checkPage refuses a page number below the first.
func (c *ecmCall) checkPage() (ecmReply, bool) {
	if n, isNumber := c.number("page"); c.has("page") && (!isNumber || n < 1) {
		return fail(http.StatusBadRequest, "Could not set feature Page Number, the value %s is less than the minimum value (1)", c.text("page")), true
	}
	return ecmReply{}, false
}

// sent tells whether a parameter was sent at all, be it empty: for those whose
// emptiness means something.
func (c *ecmCall) sent(name string) bool {
	_, inBody := c.body[name]
	return inBody || c.form.Has(name)
}

// has tells whether a parameter was sent with a value: clients send empty ones
// for what they leave unset.
func (c *ecmCall) has(name string) bool {
	switch v := c.body[name].(type) {
	case nil:
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	default:
		return true
	}
	return c.form.Get(name) != "" || len(c.form[name]) > 1
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

// flag is a parameter as a boolean, in any spelling met in the wild.
func (c *ecmCall) flag(name string) bool {
	switch strings.ToLower(strings.TrimSpace(c.text(name))) {
	case "true", "1", "yes", "on":
		return true
	}
	return false
}

// words are the parts of a parameter of several values that also may be
// joined by spaces.
func (c *ecmCall) words(name string) []string {
	var out []string
	for _, s := range c.list(name) {
		out = append(out, strings.Fields(s)...)
	}
	return out
}

// id is a placeholder of the path.
func (c *ecmCall) id(name string) int64 {
	n, err := strconv.ParseInt(c.r.PathValue(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
