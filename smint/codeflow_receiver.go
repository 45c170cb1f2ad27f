package smint

import (
	"context"
	"crypto/subtle"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// receiver waits at a loopback address for the browser to bring a code. What
// does not bear the state of this login is refused and changes nothing: any
// page that the browser shows can send requests here.
type receiver struct {
	address string
	host    string
	path    string
	state   string
	servers sync.WaitGroup
	server  *http.Server
	result  chan received
}

type received struct {
	code Secret
	err  error
}

func newReceiver(ctx context.Context, redirect *url.URL, state string) (*receiver, error) {
	listeners, err := listen(ctx, redirect)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
	at := *redirect
	at.Host = net.JoinHostPort(redirect.Hostname(), port)
	r := &receiver{address: at.String(), host: at.Host, path: at.EscapedPath(), state: state, result: make(chan received, 1)}
	if r.path == "" {
		r.path = "/"
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	for _, l := range listeners {
		r.servers.Go(func() { _ = r.server.Serve(l) })
	}
	return r, nil
}

// ServeHTTP takes the first answer that is to this login.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	say := func(status int, text string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Login</title><p>"+text)
	}
	query := q.URL.Query()
	switch {
	case q.Host != r.host:
		say(http.StatusForbidden, "This is not the address of the login.")
		return
	case q.URL.EscapedPath() != r.path:
		say(http.StatusNotFound, "There is nothing here.")
		return
	case q.Method != http.MethodGet:
		say(http.StatusMethodNotAllowed, "Only a browser that comes back from the login has business here.")
		return
	case len(query["state"]) != 1 || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(r.state)) != 1,
		len(query["code"])+len(query["error"]) != 1:
		say(http.StatusBadRequest, "This answer is not to the login that waits here.")
		return
	}
	answer := received{code: Secret(query.Get("code"))}
	if answer.code == "" {
		answer.err = refusedLogin(query.Get("error"), query.Get("error_description"))
	}
	select {
	case r.result <- answer:
	default:
		say(http.StatusConflict, "The login has been answered already.")
		return
	}
	if answer.err != nil {
		say(http.StatusOK, "The login was refused. You can close this window.")
		return
	}
	say(http.StatusOK, "Thank you. You can close this window.")
}

// refusedLogin gives an error answer its class.
func refusedLogin(code, description string) error {
	e := &Error{Code: printable(code), Message: printable(description), Err: ErrInvalid}
	switch code {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required", "unauthorized_client":
		e.Err = ErrDenied
	case "temporarily_unavailable", "server_error":
		e.Err, e.retryable = ErrUnavailable, true
	}
	return e
}

// printable cuts a foreign text to what fits on one line.
func printable(s string) string {
	kept := make([]rune, 0, len(s))
	for _, r := range s {
		if r < ' ' || r == 0x7f || len(kept) == 200 {
			break
		}
		kept = append(kept, r)
	}
	return string(kept)
}

func (r *receiver) wait(ctx context.Context) (Secret, error) {
	select {
	case answer := <-r.result:
		return answer.code, answer.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// close lets the page that is being sent arrive, for a moment, and ends.
func (r *receiver) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if r.server.Shutdown(ctx) != nil {
		_ = r.server.Close()
	}
	r.servers.Wait()
}
