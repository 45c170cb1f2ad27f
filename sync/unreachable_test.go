package sync_test

import (
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	recsync "github.com/smintecm/sdk/sync"
)

// nobody is where no server listens.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// unlistened gives the world's scope a client of ECM that is new, as that of a
// process that has just begun, and finds no server.
func (w *world) unlistened() {
	w.t.Helper()
	o := w.ecm.Options()
	c, err := ecm.New("https://ecm.example"+o.Base, ecm.PasswordLogin{User: o.User, Password: ecm.Secret(o.Password)}, ecm.WithTransport(nobody{}), ecm.WithLimiter(fast{}))
	require.NoError(w.t, err)
	w.config.ECM = c
	w.scope = w.newScope()
}

// TestUnreachable_AtTheStartIsAnOutage, at which no login has been made yet: it
// ends the pass from its first call on, and is nothing against an asset.
func TestUnreachable_AtTheStartIsAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newPortalWorld(t, nil)
		w.clock.Move(sinceBubble)
		w.finish("kv1", "1", "e", picture(40), approved(nil))
		there := w.config.ECM
		w.unlistened()
		store := w.store()
		status := followOnce(t, w.scope, recsync.FollowConfig{Portal: store})
		require.Equal(t, recsync.TroubleUnreachable, status.Kind, status.Trouble)
		state, err := store.Load(t.Context())
		require.NoError(t, err)
		require.Empty(t, state.Quarantine)

		report, err := recsync.Check(t.Context(), w.scope, recsync.CheckOptions{})
		require.NoError(t, err)
		require.Equal(t, recsync.TroubleUnreachable, report.Missing()[0].Kind, report.String())
		require.Contains(t, report.Missing()[0].Ask, "a network that lets this machine reach it")

		w.config.ECM = there
		w.scope = w.newScope()
		status = followOnce(t, w.scope, recsync.FollowConfig{Portal: store})
		require.Contains(t, status.Summary, "declared=1", "it goes on by itself")
	})
}
