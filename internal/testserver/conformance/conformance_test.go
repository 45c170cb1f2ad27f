package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// fake is the fake as a server under test, behind whatever breaks it.
func fake(t *testing.T, o testserver.ECMOptions, breaks func(*testserver.ECM) http.RoundTripper) *ContentServer {
	t.Helper()
	f, err := testserver.NewECM(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	f.AddRSI(testserver.ECMRSI{Name: "MKT-07", Stage: "FINAL", Years: 7, Action: 32})
	f.AddXrefType(testserver.ECMXrefType{Type: "RIGHTS", Related: "RIGHTSOF"})
	f.AddCode("hold_type", "LEGAL", "Legal")
	s := &ContentServer{
		URL: "https://ecm.example" + f.Options().Base, Transport: f.Transport(), User: f.Options().User, Password: ecm.Secret(f.Options().Password),
		Root: ecm.NodeID(f.AddFolder(2000, "Conformance")), Category: ecm.NodeID(f.AddCategory("Text", testserver.ECMAttribute{Label: "Text"})),
		Class: ecm.NodeID(f.AddRMClassification("Images", "MKT-07")), HoldType: "LEGAL", Xref: "RIGHTS", Limiter: ecm.NewLimiter(100_000, 1000),
	}
	if breaks != nil {
		s.Transport = breaks(f)
	}
	require.NoError(t, s.Open(t.Context(), "run"))
	return s
}

// TestFake_KeepsTheContract, in the form of answers that was seen live, and in
// that of the published descriptions.
func TestFake_KeepsTheContract(t *testing.T) {
	t.Parallel()
	for form, described := range map[string]bool{"as seen": false, "as described": true} {
		s := fake(t, testserver.ECMOptions{SpecShapes: described}, nil)
		for _, check := range Checks() {
			t.Run(form+"/"+check.Name, func(t *testing.T) { require.NoError(t, check.Run(t.Context(), s)) })
		}
	}
}

type breaking func(*http.Request) (*http.Response, error)

func (b breaking) RoundTrip(r *http.Request) (*http.Response, error) { return b(r) }

func answer(r *http.Request, body string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// deletes carries out every deletion that the fake itself refuses, if the rule
// to be broken is about it.
func deletes(f *testserver.ECM, broken func(n testserver.ECMNode) bool) http.RoundTripper {
	return breaking(func(r *http.Request) (*http.Response, error) {
		id, _ := strconv.ParseInt(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
		if n, ok := f.Node(id); ok && r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/nodes/") && strings.HasSuffix(r.URL.Path, fmt.Sprint(id)) && broken(n) {
			f.Change(id, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
			return answer(r, `{"results":{}}`), nil
		}
		return f.Transport().RoundTrip(r)
	})
}

// TestBrokenServers_AreFoundOut: each rule is broken in turn, and the checks
// that are about it say so, no others.
func TestBrokenServers_AreFoundOut(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		breaks func(*testserver.ECM) http.RoundTripper
		found  []string
	}{
		"holds are ignored": {func(f *testserver.ECM) http.RoundTripper {
			return deletes(f, func(n testserver.ECMNode) bool { return len(n.Holds) > 0 })
		}, []string{"What is held cannot be deleted"}},
		"deleting cascades": {func(f *testserver.ECM) http.RoundTripper {
			return deletes(f, func(n testserver.ECMNode) bool { return n.Type == 0 })
		}, []string{"A folder with something held in it cannot be deleted"}},
		"bytes are altered": {func(f *testserver.ECM) http.RoundTripper {
			return breaking(func(r *http.Request) (*http.Response, error) {
				resp, err := f.Transport().RoundTrip(r)
				if err != nil || !strings.HasSuffix(r.URL.Path, "/content") {
					return resp, err
				}
				b, err := io.ReadAll(resp.Body)
				b[0] ^= 1
				resp.Body = io.NopCloser(bytes.NewReader(b))
				return resp, err
			})
		}, []string{"Bytes come back as they were sent", "Each version keeps its own bytes", "A final record keeps its bytes, its place and its class"}},
		"there are no pages": {func(f *testserver.ECM) http.RoundTripper {
			return breaking(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/nodes") && r.Method == http.MethodGet {
					q := r.URL.Query()
					q.Del("page")
					q.Set("limit", "1000")
					r.URL.RawQuery = q.Encode()
				}
				return f.Transport().RoundTrip(r)
			})
		}, []string{"A list has pages, and each item stands on one of them"}},
		"any ticket will do": {func(f *testserver.ECM) http.RoundTripper {
			return breaking(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("OTCSTicket") != "" {
					r.Header.Set("OTCSTicket", f.NewTicket(f.Options().User))
				}
				return f.Transport().RoundTrip(r)
			})
		}, []string{"A ticket that was never issued is refused with 401"}},
		"stale tokens are taken": {staleTokens, []string{"A metadata token is good for one write"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fake(t, testserver.ECMOptions{}, tc.breaks)
			var failed []string
			for _, check := range Checks() {
				if err := check.Run(t.Context(), s); err != nil && !errors.Is(err, ErrSkip) {
					failed = append(failed, check.Name)
				}
			}
			require.ElementsMatch(t, tc.found, failed, "the checks of the broken rule find it out, and no others")
		})
	}
}

// staleTokens puts the fresh token in place of whatever was sent.
func staleTokens(f *testserver.ECM) http.RoundTripper {
	return breaking(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/rmclassifications") {
			return f.Transport().RoundTrip(r)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(b))
		if err != nil {
			return nil, err
		}
		read := r.Clone(r.Context())
		read.Method, read.Body, read.ContentLength = http.MethodGet, nil, 0
		resp, err := f.Transport().RoundTrip(read)
		if err != nil {
			return nil, err
		}
		details, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		_, rest, _ := strings.Cut(string(details), `"rm_metadataToken":"`)
		token, _, _ := strings.Cut(rest, `"`)
		form.Set("rm_metadataToken", token)
		text := form.Encode()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		return f.Transport().RoundTrip(r)
	})
}
