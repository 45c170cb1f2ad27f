package rest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// upsert is a write whose repetition changes nothing.
var upsert = &Route{Name: "Nodes.Update", Method: "PUT", Template: "/v2/nodes", Repeat: Harmless}

func fails(err error) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// TestRetry_OnlyOnProofThatNothingWasSent: what never left is sent again, a
// write too; what time does not mend is not; and a body that failed of itself
// fails the same way again.
func TestRetry_OnlyOnProofThatNothingWasSent(t *testing.T) {
	t.Parallel()
	ok := answer(200, `{"id":7}`)
	text := func() *Body { return BytesBody([]byte("a"), "") }
	cut := func() *Body {
		return FactoryBody(func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(errors.New("disk gone"))), nil }, 5, "")
	}
	longer := func() *Body {
		return FactoryBody(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("more than that")), nil }, 5, "")
	}
	for name, tc := range map[string]struct {
		route    *Route
		body     func() *Body
		script   []httpmock.Responder
		attempts int
		is, not  error
	}{
		"a host that is not known yet":           {create, text, []httpmock.Responder{fails(&net.DNSError{Name: "ecm.example", IsTemporary: true}), ok}, 2, nil, nil},
		"a proxy that is not reached":            {create, text, []httpmock.Responder{fails(&net.OpError{Op: "proxyconnect", Err: errors.New("refused")}), ok}, 2, nil, nil},
		"a connection that broke in use":         {create, text, []httpmock.Responder{fails(&net.OpError{Op: "read", Err: errors.New("reset")})}, 1, ErrOutcomeUnknown, nil},
		"a certificate that is wrong":            {upsert, text, []httpmock.Responder{fails(&tls.CertificateVerificationError{Err: errors.New("expired")})}, 1, nil, ErrOutcomeUnknown},
		"a certificate of nobody known":          {create, text, []httpmock.Responder{fails(x509.UnknownAuthorityError{})}, 1, nil, ErrOutcomeUnknown},
		"a certificate for another host":         {create, text, []httpmock.Responder{fails(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "ecm.example"})}, 1, nil, ErrOutcomeUnknown},
		"a source that breaks off":               {upsert, cut, []httpmock.Responder{ok}, 1, ErrSource, nil},
		"a source that breaks off under a write": {create, cut, []httpmock.Responder{ok}, 1, ErrSource, nil},
		"a source that gives more than it said":  {upsert, longer, []httpmock.Responder{ok}, 1, ErrSource, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, attempts := mocked(t, Config{}, tc.script...)
				_, err := Do[node](t.Context(), c, Request{Route: tc.route, Body: tc.body()})
				require.Equal(t, tc.attempts, *attempts, "attempts")
				if tc.attempts > 1 {
					require.NoError(t, err)
					return
				}
				require.Error(t, err)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
				}
				if tc.not != nil {
					require.NotErrorIs(t, err, tc.not, "nothing was sent")
				}
				f, ok := errors.AsType[*Failure](err)
				require.True(t, ok)
				require.False(t, f.Retryable, "the same again fails the same way, or may do harm")
			})
		})
	}
}

// TestTrap_ASpentReaderIsToldApart: a body that was read once is refused before
// anything is sent, and no caller is told to try again.
func TestTrap_ASpentReaderIsToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, attempts := mocked(t, Config{}, answer(200, `{"id":7}`))
		once := ReaderBody(io.MultiReader(strings.NewReader("bytes")), 5, "")
		_, err := createNode(t.Context(), c, once)
		require.NoError(t, err)
		_, err = createNode(t.Context(), c, once)
		require.ErrorContains(t, err, "cannot be read again")
		require.NotErrorIs(t, err, ErrOutcomeUnknown, "nothing was sent")
		f, ok := errors.AsType[*Failure](err)
		require.True(t, ok)
		require.False(t, f.Retryable)
		require.Equal(t, 1, *attempts)
	})
}
