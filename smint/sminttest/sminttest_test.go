package sminttest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
)

// TestServer_FaultsAreTheirsWhoTest: what goes wrong is said as data, happens
// as often as asked for, and can be counted.
func TestServer_FaultsAreTheirsWhoTest(t *testing.T) {
	t.Parallel()
	s, err := sminttest.NewServer(sminttest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	c, err := s.Client(smint.WithRetries(0))
	require.NoError(t, err)
	const feed = "GET /consumer/v1/sync/licensePurchaseTransactions"
	list := func() error {
		_, err := c.LicensePurchaseTransactions.List(t.Context(), "", 0)
		return err
	}
	require.NoError(t, list())
	for _, row := range []struct {
		fault sminttest.Fault
		want  error
	}{
		{sminttest.Fault{Kind: sminttest.Refuse, Status: 503, Header: http.Header{"Retry-After": {"0"}}}, smint.ErrUnavailable},
		{sminttest.Fault{Kind: sminttest.Refuse, Status: 403, Body: `{"error_code":"forbidden"}`}, smint.ErrDenied},
		{sminttest.Fault{Kind: sminttest.HTML}, smint.ErrBrokenReply},
		// net/http itself repeats a read whose connection was dropped.
		{sminttest.Fault{Kind: sminttest.DropBefore, Times: -1}, nil},
		{sminttest.Fault{Kind: sminttest.DropAfter, Times: -1}, nil},
		{sminttest.Fault{Kind: sminttest.Truncate}, nil},
	} {
		row.fault.Route = feed
		s.Fail(row.fault)
		err := list()
		require.Error(t, err, "%+v", row.fault)
		if row.want != nil {
			require.ErrorIs(t, err, row.want)
		}
		if row.fault.Times < 0 {
			s.Heal()
		}
		require.NoError(t, list(), "as often as asked for")
	}
	require.GreaterOrEqual(t, s.Count(feed), 13)
	s.Fail(sminttest.Fault{Route: "GET *", Times: -1, Status: 500})
	require.Error(t, list())
	s.Heal()
	require.NoError(t, list())
}
