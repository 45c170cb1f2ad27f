package testserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ecmWorld talks to a fake Content Server by plain HTTP, as anybody would.
type ecmWorld struct {
	t *testing.T
	*ECM
	clock  *Clock
	c      *http.Client
	ticket string
	folder int64
	class  int64
	rsi    int64
}

func newECMWorld(t *testing.T, change ...func(*ECMOptions)) *ecmWorld {
	t.Helper()
	clock := &Clock{}
	clock.Set(time.Date(2026, 1, 5, 10, 11, 12, 0, time.UTC))
	o := ECMOptions{Clock: clock}
	for _, f := range change {
		f(&o)
	}
	e, err := NewECM(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	w := &ecmWorld{t: t, ECM: e, clock: clock, c: &http.Client{Transport: e.Transport()}}
	w.folder = e.AddFolder(enterpriseID, "Campaigns")
	w.rsi = e.AddRSI(ECMRSI{Name: "MKT-07", Title: "Marketing", Stage: "FINAL", Years: 7, DateToUse: "record", Action: 32})
	w.class = e.AddRMClassification("Images", "MKT-07")
	e.AddXrefType(ECMXrefType{Type: "RIGHTS", Related: "RIGHTSOF", Description: "has rights"})
	w.ticket = w.login(e.options.User, e.options.Password)
	return w
}

// as is the same server for another user.
func (w *ecmWorld) as(name string) *ecmWorld {
	w.t.Helper()
	other := *w
	other.ticket = w.login(name, "pw")
	return &other
}

func (w *ecmWorld) login(user, password string) string {
	w.t.Helper()
	a := w.send("POST", "/v1/auth", formBody("username", user, "password", password)).ok()
	return a.text("ticket")
}

// sent is a body and its type.
type sentECM struct {
	body io.Reader
	kind string
}

func pairs(kv []any) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(fmt.Sprint(kv[i]), fmt.Sprint(kv[i+1]))
	}
	return v
}

func formBody(kv ...any) sentECM {
	return sentECM{strings.NewReader(pairs(kv).Encode()), "application/x-www-form-urlencoded"}
}

// jsonField is a form with the one field "body".
func jsonField(v any) sentECM { return formBody("body", string(marshal(v))) }

func fileBody(name string, content []byte, kv ...any) sentECM {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, values := range pairs(kv) {
		for _, v := range values {
			_ = m.WriteField(k, v)
		}
	}
	if name != "" {
		p, _ := m.CreateFormFile("file", name)
		_, _ = p.Write(content)
	}
	_ = m.Close()
	return sentECM{&b, m.FormDataContentType()}
}

// ecmAnswer is what came back.
type ecmAnswer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	raw    []byte
	body   any
}

func (w *ecmWorld) send(method, path string, body ...sentECM) *ecmAnswer {
	w.t.Helper()
	if !strings.HasPrefix(path, "/otdsws") {
		path = w.options.Base + "/api" + path
	}
	var rd io.Reader
	if len(body) > 0 {
		rd = body[0].body
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://ecm.example"+path, rd)
	require.NoError(w.t, err)
	if len(body) > 0 {
		r.Header.Set("Content-Type", body[0].kind)
	}
	if w.ticket != "" {
		r.Header.Set("OTCSTicket", w.ticket)
	}
	resp, err := w.c.Do(r)
	require.NoError(w.t, err)
	defer func() { _ = resp.Body.Close() }()
	a := &ecmAnswer{t: w.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header}
	a.raw, err = io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && method != http.MethodHead {
		require.NoError(w.t, json.Unmarshal(a.raw, &a.body), "%s: every answer is JSON", a.what)
	}
	return a
}

func (w *ecmWorld) get(path string, kv ...any) *ecmAnswer {
	w.t.Helper()
	if len(kv) > 0 {
		path += "?" + pairs(kv).Encode()
	}
	return w.send("GET", path)
}

func (w *ecmWorld) post(path string, kv ...any) *ecmAnswer {
	w.t.Helper()
	return w.send("POST", path, formBody(kv...))
}

func (w *ecmWorld) put(path string, kv ...any) *ecmAnswer {
	w.t.Helper()
	return w.send("PUT", path, formBody(kv...))
}

func (w *ecmWorld) del(path string, kv ...any) *ecmAnswer {
	w.t.Helper()
	if len(kv) > 0 {
		path += "?" + pairs(kv).Encode()
	}
	return w.send("DELETE", path)
}

func (a *ecmAnswer) ok() *ecmAnswer {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.status, "%s: %s", a.what, a.raw)
	return a
}

// refused checks status and text of a refusal.
func (a *ecmAnswer) refused(status int, text string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s: %s", a.what, a.raw)
	require.Contains(a.t, string(a.raw), strings.ReplaceAll(text, `"`, `\"`), a.what)
}

// at walks into the answer: keys and positions, joined by dots.
func (a *ecmAnswer) at(path string) any {
	a.t.Helper()
	v := a.body
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			require.NoError(a.t, err, "%s: %s in %s", a.what, path, a.raw)
			require.Less(a.t, i, len(x), "%s: %s in %s", a.what, path, a.raw)
			v = x[i]
		default:
			require.Fail(a.t, "no such path", "%s: %s in %s", a.what, path, a.raw)
		}
	}
	return v
}

func (a *ecmAnswer) text(path string) string {
	a.t.Helper()
	return fmt.Sprint(a.at(path))
}

func (a *ecmAnswer) id(path string) int64 {
	a.t.Helper()
	n, isNumber := a.at(path).(float64)
	require.True(a.t, isNumber, "%s: %s is no number in %s", a.what, path, a.raw)
	return int64(n)
}

func (a *ecmAnswer) list(path string) []any {
	a.t.Helper()
	v, isList := a.at(path).([]any)
	require.True(a.t, isList, "%s: %s is no list in %s", a.what, path, a.raw)
	return v
}

// document uploads a small document and returns its number.
func (w *ecmWorld) document(name string) int64 {
	w.t.Helper()
	return w.send("POST", "/v2/nodes", fileBody(name, []byte("content of "+name), "type", 144, "parent_id", w.folder, "name", name)).ok().id("results.data.properties.id")
}

func (w *ecmWorld) token(node int64) string {
	w.t.Helper()
	return w.get(fmt.Sprintf("/v1/nodes/%d/rmclassifications", node)).ok().text("rm_metadataToken")
}

// record uploads a document and makes it a record.
func (w *ecmWorld) record(name string) int64 {
	w.t.Helper()
	id := w.document(name)
	w.declare(id)
	return id
}

func (w *ecmWorld) declare(id int64) {
	w.t.Helper()
	w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), "class_id", w.class, "rm_metadataToken", w.token(id)).ok()
}

func (w *ecmWorld) node(id int64) ECMNode {
	w.t.Helper()
	n, found := w.Node(id)
	require.True(w.t, found)
	return n
}

// cutAPI splits a path of the whole server before what stands below the API.
func cutAPI(s string) (base, path string, found bool) {
	base, path, found = strings.Cut(s, "/api")
	return base, path, found
}

func pathEscape(s string) string { return url.PathEscape(s) }
