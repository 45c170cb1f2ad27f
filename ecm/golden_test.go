package ecm_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

var update = flag.Bool("update", false, "rewrite testdata/requests")

// recorder answers every request so that a call comes as far as it can, and
// keeps what was sent.
type recorder struct {
	// body is the answer, by default everything; with answer, each request has
	// its own.
	body   string
	answer func(*http.Request) (status int, body string)

	mu   sync.Mutex
	sent []string
	keys []string
}

const everything = `{"ticket":"t","access_token":"a","expires_in":3600,"upload_key":"k","part_size":7,"num_parts":1,"is_enabled":true,"min_size":1,"max_size":99,"id":7,"location":"api/v1/rmqueues/7",
"paging":{"page_total":1},"collection":{"paging":{"page_total":2}},"data":[],
"results":{"id":7,"ok":true,"data":{"properties":{"id":7,"type":131,"name":"text"},"versions":{"id":7,"version_number":1},"hold":{"HoldID":7}},"contents":[]},
"forms":[{"schema":{"properties":{"7_2":{"type":"string","title":"text"}}}}]}`

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	line := req.Method + " " + strings.TrimPrefix(req.URL.EscapedPath(), "/otcs/cs.exe/api")
	key := line
	if req.URL.RawQuery != "" {
		line += "?" + req.URL.RawQuery
	}
	text := line + "\n"
	if media, params, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); len(body) > 0 {
		text += "Content-Type: " + media + "\n"
		printed := strings.ReplaceAll(string(body), "\r\n", "\n")
		if b := params["boundary"]; b != "" {
			printed = strings.ReplaceAll(printed, b, "BOUNDARY")
		}
		text += "\n" + strings.TrimRight(printed, "\n") + "\n"
	}
	r.mu.Lock()
	r.sent, r.keys = append(r.sent, text), append(r.keys, key)
	r.mu.Unlock()
	status, answer := 200, cmp.Or(r.body, everything)
	if r.answer != nil {
		status, answer = r.answer(req)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Otcsticket": {"t"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
}

// sample makes a value of a type, the same every time. Contents are seven bytes
// long, as every number says.
func sample(t reflect.Type, field string) reflect.Value {
	switch t {
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))
	case reflect.TypeFor[io.Reader]():
		return reflect.ValueOf(strings.NewReader("content"))
	case reflect.TypeFor[ecm.Value]():
		return reflect.ValueOf(ecm.Text("value"))
	case reflect.TypeFor[ecm.CategoryValues]():
		return reflect.ValueOf(ecm.CategoryValues{"7_2": ecm.Text("value")})
	case reflect.TypeFor[ecm.WorkspaceRelation]():
		return reflect.ValueOf(ecm.RelationChild)
	case reflect.TypeFor[ecm.QDate]():
		return reflect.ValueOf(ecm.QDate("2026-01-05:10:00:00"))
	case reflect.TypeFor[ecm.CyclePeriod]():
		return reflect.ValueOf(ecm.CycleYearly)
	case reflect.TypeFor[ecm.ReviewDecision]():
		return reflect.ValueOf(ecm.ReviewApproved)
	case reflect.TypeFor[*ecm.Upload]():
		return reflect.ValueOf(&ecm.Upload{Key: "k", FileName: "text", Size: 49, PartSize: 7, Parts: 7, Done: []int{1, 2, 3, 4, 5, 6, 7}})
	case reflect.TypeFor[*ecm.Task]():
		return reflect.ValueOf(&ecm.Task{Location: "api/v1/rmqueues/7", Code: 200})
	case reflect.TypeFor[*ecm.RecordDetails]():
		return reflect.Zero(t)
	}
	switch t.Kind() {
	case reflect.String:
		text := map[string]string{"ObjectType": "LIV", "Where": `OTName: "text"`}[field]
		if text == "" {
			text = "text"
		}
		return reflect.ValueOf(text).Convert(t)
	case reflect.Int, reflect.Int64:
		n := map[string]int{"Page": 1, "EventType": 1, "Parallel": 1}[field]
		if n == 0 {
			n = 7
		}
		return reflect.ValueOf(n).Convert(t)
	case reflect.Bool:
		return reflect.ValueOf(true)
	case reflect.Slice:
		return reflect.Append(reflect.MakeSlice(t, 0, 1), sample(t.Elem(), field))
	case reflect.Pointer:
		p := reflect.New(t.Elem())
		p.Elem().Set(sample(t.Elem(), field))
		return p
	case reflect.Struct:
		v := reflect.New(t).Elem()
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				v.Field(i).Set(sample(f.Type, f.Name))
			}
		}
		switch d := v.Addr().Interface().(type) {
		case *ecm.LargeDocument:
			d.Size = d.Resume.Size
		case *ecm.LargeVersion:
			d.Size = d.Resume.Size
		}
		return v
	default:
		return reflect.Zero(t)
	}
}

// drain ranges over what a call returned, if it is a sequence: only that sends.
func drain(v reflect.Value) {
	if v.Kind() != reflect.Func || v.Type().NumIn() != 1 {
		return
	}
	stop := reflect.MakeFunc(v.Type().In(0), func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(false)} })
	v.Call([]reflect.Value{stop})
}

// special are calls whose samples need a hand.
func special(ctx context.Context, c *ecm.Client) map[string]func() {
	return map[string]func(){
		"Categories.Find":    func() { _, _ = c.Categories.Find(ctx, "text") },
		"Categories.Resolve": func() { _, _ = c.Categories.Resolve(ctx, 7, "text/text") },
		"Nodes.UploadLarge": func() {
			_, _ = c.Nodes.UploadLarge(ctx, ecm.LargeDocument{Document: ecm.Document{Parent: 7, Name: "text", Content: strings.NewReader("content"), Size: 7}})
		},
		"Uploads.SendPart": func() {
			u := ecm.Upload{Key: "k", FileName: "text", Size: 7, PartSize: 7, Parts: 1}
			_ = c.Uploads.SendPart(ctx, &u, 1, strings.NewReader("content"))
		},
		"RSIs.Update": func() {
			_ = c.RSIs.Update(ctx, 7, "present", sample(reflect.TypeFor[ecm.NewRSI](), "").Interface().(ecm.NewRSI), ecm.Unguarded{Reason: "text"})
		},
		"RSIs.UpdateByName": func() {
			_ = c.RSIs.UpdateByName(ctx, "present", sample(reflect.TypeFor[ecm.NewRSI](), "").Interface().(ecm.NewRSI), ecm.Unguarded{Reason: "text"})
		},
		"Queues.Wait": func() {}, // asks where Get asks
	}
}

// TestRequests_AreThoseOfTheGoldenFiles: one request for each row of the table
// of routes, as it goes out, service by service. Rewrite the files by -update
// and read what changed.
func TestRequests_AreThoseOfTheGoldenFiles(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	matchers := map[string]*regexp.Regexp{}
	for _, o := range ecm.Operations() {
		names[o.Method+" "+o.Template] = o.Name
		pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(o.Method+" "+strings.TrimSuffix(o.Template, "/")), `[^/]+`)
		matchers[o.Method+" "+o.Template] = regexp.MustCompile("^" + pattern + "/?$")
	}
	route := func(key string) string {
		var found []string
		for operation, m := range matchers {
			if m.MatchString(key) {
				found = append(found, operation)
			}
		}
		// The one with the fewest placeholders is meant.
		sort.Slice(found, func(i, j int) bool {
			a, b := strings.Count(found[i], "{"), strings.Count(found[j], "{")
			return a < b || (a == b && found[i] < found[j])
		})
		require.NotEmpty(t, found, "%s is in no row", key)
		return found[0]
	}
	entries := map[string]string{}
	for _, call := range calls(t) {
		r := &recorder{}
		c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("token"), ecm.WithTransport(r), ecm.WithLimiter(fast{}), ecm.WithRetries(0))
		require.NoError(t, err)
		call(t.Context(), c)
		for i, key := range r.keys {
			if at := route(key); entries[at] == "" {
				entries[at] = r.sent[i]
			}
		}
	}
	files := map[string]*strings.Builder{"OTDS": {}}
	for _, login := range logins() {
		r := &recorder{}
		c, err := ecm.New("https://ecm.example/otcs/cs.exe", login.cred, ecm.WithTransport(r), ecm.WithLimiter(fast{}), ecm.WithRetries(0))
		require.NoError(t, err)
		require.NoError(t, c.Auth.Login(t.Context()))
		for i, key := range r.keys {
			switch at := strings.HasPrefix(key, "POST /otdsws/"); {
			case at:
				fmt.Fprintf(files["OTDS"], "## %s\n%s\n", login.name, r.sent[i])
			case entries[route(key)] == "":
				entries[route(key)] = r.sent[i]
			}
		}
	}
	for _, o := range slices.SortedFunc(slices.Values(ecm.Operations()), func(a, b ecm.Operation) int {
		return strings.Compare(a.Name+a.Method+a.Template, b.Name+b.Method+b.Template)
	}) {
		entry := entries[o.Method+" "+o.Template]
		require.NotEmpty(t, entry, "no call sends %s (%s %s)", o.Name, o.Method, o.Template)
		service, _, _ := strings.Cut(o.Name, ".")
		if files[service] == nil {
			files[service] = &strings.Builder{}
		}
		fmt.Fprintf(files[service], "## %s: %s %s\n%s\n", o.Name, o.Method, o.Template, entry)
	}
	dir := filepath.Join("testdata", "requests")
	for service, text := range files {
		path := filepath.Join(dir, service+".txt")
		if *update {
			require.NoError(t, os.MkdirAll(dir, 0o750))
			require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run go test ./ecm -run GoldenFiles -update")
		require.Equal(t, string(want), text.String(), "%s: read what changed, then run go test ./ecm -run GoldenFiles -update", path)
	}
	kept, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, kept, len(files), "a file of a service that is gone")
}

// logins are the ways to log in, by what they send to the directory services.
func logins() []struct {
	name string
	cred ecm.Credentials
} {
	const otds = "https://otds.example"
	return []struct {
		name string
		cred ecm.Credentials
	}{
		{"password at Content Server", ecm.PasswordLogin{User: "text", Password: "text", Domain: "text"}},
		{"password", ecm.OTDSLogin{OTDS: otds, User: "text", Password: "text"}},
		{"password, at the newer root", ecm.OTDSLogin{OTDS: otds, User: "text", Password: "text", V1: true}},
		{"client credentials", ecm.ClientCredentials{OTDS: otds, ClientID: "text", ClientSecret: "text"}},
		{"client credentials, by HTTP Basic", ecm.ClientCredentials{OTDS: otds, ClientID: "text", ClientSecret: "text", Basic: true}},
		{"token exchange", ecm.ClientCredentials{OTDS: otds, ClientID: "text", ClientSecret: "text", Subject: "user@partition"}},
	}
}

// calls are all exported calls of all services, with samples for arguments.
func calls(t *testing.T) []func(context.Context, *ecm.Client) {
	t.Helper()
	var list []func(context.Context, *ecm.Client)
	client := reflect.TypeFor[ecm.Client]()
	for i := range client.NumField() {
		service := client.Field(i)
		if !service.IsExported() {
			continue
		}
		for j := range service.Type.NumMethod() {
			list = append(list, func(ctx context.Context, c *ecm.Client) {
				m := service.Type.Method(j)
				if hand := special(ctx, c)[service.Name+"."+m.Name]; hand != nil {
					hand()
					return
				}
				in := []reflect.Value{reflect.ValueOf(c).Elem().Field(i)}
				for k := 1; k < m.Type.NumIn(); k++ {
					switch p := m.Type.In(k); {
					case p == reflect.TypeFor[context.Context]():
						in = append(in, reflect.ValueOf(ctx))
					case m.Type.IsVariadic() && k == m.Type.NumIn()-1:
						in = append(in, sample(p.Elem(), ""))
					default:
						in = append(in, sample(p, ""))
					}
				}
				for _, out := range m.Func.Call(in) {
					drain(out)
				}
			})
		}
	}
	require.Greater(t, len(list), 150)
	return list
}
