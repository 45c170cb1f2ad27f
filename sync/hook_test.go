package sync_test

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// beforeEach is a transport that has something done before each request but
// the log-in.
type beforeEach struct {
	inner http.RoundTripper
	do    func(n int)
	count int
}

func (b *beforeEach) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path[len(r.URL.Path)-5:] != "/auth" {
		n := b.count
		b.count++
		b.do(n)
	}
	return b.inner.RoundTrip(r)
}

// ecmClientOver is a client of the same user over a transport.
func (w *world) ecmClientOver(over http.RoundTripper) *ecm.Client {
	w.t.Helper()
	o := w.ecm.Options()
	c, err := ecm.New("https://ecm.example"+o.Base, ecm.PasswordLogin{User: o.User, Password: ecm.Secret(o.Password)}, ecm.WithTransport(over), ecm.WithLimiter(fast{}))
	require.NoError(w.t, err)
	return c
}
