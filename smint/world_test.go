package smint_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// fast is a limiter that never waits: the fake takes any rate.
type fast struct{}

func (fast) Wait(ctx context.Context) error { return ctx.Err() }

// tenant is the fake and a client.
type tenant struct {
	*testserver.Smint
	clock *testserver.Clock
	c     *smint.Client
}

func newTenant(t *testing.T, change func(*testserver.SmintOptions), opts ...smint.Option) *tenant {
	t.Helper()
	w := &tenant{clock: &testserver.Clock{}}
	o := testserver.SmintOptions{Clock: w.clock}
	if change != nil {
		change(&o)
	}
	w.Smint = testserver.NewSmint(o)
	t.Cleanup(func() { _ = w.Close() })
	w.c = w.client(t, nil, opts...)
	return w
}

func (w *tenant) client(t *testing.T, store smint.TokenStore, opts ...smint.Option) *smint.Client {
	t.Helper()
	o, ends := w.Options(), w.Endpoints()
	all := []smint.Option{
		smint.WithTransport(w.Transport()), smint.WithLimiter(fast{}), smint.WithRetries(2),
		smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", "storage.acme.example"}, Transport: w.Transport()}),
	}
	c, err := smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals}, smint.Login{
		ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(o.RefreshToken), Store: store,
	}, append(all, opts...)...)
	require.NoError(t, err)
	return c
}

// buy emits a purchase with one file.
func (w *tenant) buy(t *testing.T, uuid string, patch testserver.SmintJSON, file testserver.SmintVersion) smint.File {
	t.Helper()
	p := testserver.SmintPurchase{UUID: uuid, Title: "Picture", Patch: patch}
	require.NoError(t, w.Emit(p.Payload(), testserver.SmintBinary{UUID: "1", SmintVersion: file}))
	tx, err := smint.DecodeTransaction(w.Transaction(uuid))
	require.NoError(t, err)
	return smint.File{Cart: tx.Cart, Transaction: tx.UUID, Binary: "1"}
}
