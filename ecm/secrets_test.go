package ecm_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// vault is a source of tokens that hides nothing of itself.
type vault struct{ token ecm.Secret }

func (v vault) Token(context.Context) (ecm.Token, error) { return ecm.Token{Value: v.token}, nil }

// TestCredentials_ShowNothing, however they are printed, logged or marshaled.
func TestCredentials_ShowNothing(t *testing.T) {
	t.Parallel()
	const hush = "canary"
	for name, cred := range map[string]ecm.Credentials{
		"password": ecm.PasswordLogin{User: "svc", Password: hush},
		"otds":     ecm.OTDSLogin{OTDS: "https://otds.example", User: "svc", Password: hush},
		"client":   ecm.ClientCredentials{OTDS: "https://otds.example", ClientID: "svc", ClientSecret: hush},
		"bearer":   ecm.BearerToken(hush),
		"source":   ecm.FromTokenSource(vault{hush}),
	} {
		var shown strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&shown, verb+"\n", cred)
			fmt.Fprintf(&shown, verb+"\n", struct{ In ecm.Credentials }{cred})
		}
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("login", "as", cred)
		b, err := json.Marshal(cred)
		require.NoError(t, err)
		shown.Write(b)
		require.NotContains(t, shown.String(), hush, "%s shows its secret", name)
		require.NotContains(t, shown.String(), fmt.Sprintf("%x", hush), "%s shows its secret", name)
	}
	// Package fmt asks no unexported field how it wants to be shown.
	inside := struct{ cred [2]ecm.Credentials }{[2]ecm.Credentials{ecm.BearerToken(hush), ecm.FromTokenSource(vault{hush})}}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", inside, inside, inside), hush, "a token shows in a caller's own struct")
}

// TestLogin_ABrokenAnswerShowsNoCredential: an answer that was cut short holds
// the ticket all the same, and its error is printed and logged.
func TestLogin_ABrokenAnswerShowsNoCredential(t *testing.T) {
	t.Parallel()
	for name, cred := range map[string]ecm.Credentials{
		"password": ecm.PasswordLogin{User: "svc", Password: "word"},
		"otds":     ecm.OTDSLogin{OTDS: "https://otds.example", User: "svc", Password: "word"},
		"otds, v1": ecm.OTDSLogin{OTDS: "https://otds.example", User: "svc", Password: "word", V1: true},
		"client":   ecm.ClientCredentials{OTDS: "https://otds.example", ClientID: "svc", ClientSecret: "word"},
	} {
		for _, broken := range []string{`{"ticket":"canary","access_token":"canary"`, `ticket=canary`, `{"ticket":4711000,"access_token":4711000}`} {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				c, err := ecm.New("https://ecm.example/otcs/cs.exe", cred, ecm.WithLimiter(fast{}), ecm.WithRetries(1),
					ecm.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					ecm.WithTransport(&recorder{answer: func(*http.Request) (int, string) { return 200, broken }}))
				require.NoError(t, err)
				err = c.Auth.Login(t.Context())
				require.ErrorIs(t, err, ecm.ErrBrokenReply, name)
				shown := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String()
				require.NotContains(t, shown, "canary", "%s: the answer to a login is shown", name)
				require.NotContains(t, shown, "4711000", "%s: the answer to a login is shown", name)
			})
		}
	}
}

// TestNew_ChecksTheDirectoryServicesToo: their address gets the password, and
// is held to what the server's own is.
func TestNew_ChecksTheDirectoryServicesToo(t *testing.T) {
	t.Parallel()
	for otds, want := range map[string]string{
		"http://otds.example":           "otds is \"http://otds.example\", want https",
		"ftp://otds.example":            "scheme https",
		"https://u:canary@otds.example": "without user",
		"https://otds.example?x=1":      "without user, query",
		"https://otds.example/otdsws":   "up to the host",
		"https://u:canary@o.example/x":  "without user",
		"otds.example":                  "absolute URL",
	} {
		_, err := ecm.New("https://ecm.example/cs", ecm.OTDSLogin{OTDS: otds})
		require.ErrorIs(t, err, ecm.ErrInvalid, otds)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "password", "all faults at once")
		require.NotContains(t, err.Error(), "canary")
		_, err = ecm.New("https://ecm.example/cs", ecm.ClientCredentials{OTDS: otds, ClientID: "x", ClientSecret: "y"})
		require.ErrorContains(t, err, want)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLogin_ARotationWaitsForNobodysLogin: a call whose answer brings a fresh
// ticket ends in its own time, also while another caller's login hangs.
func TestLogin_ARotationWaitsForNobodysLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logins, slow := 0, make(chan struct{})
		within := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
		c, err := ecm.New("https://ecm.example/cs", ecm.PasswordLogin{User: "svc", Password: "word"}, ecm.WithLimiter(fast{}), ecm.WithRetries(0),
			ecm.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
				status, body, header := 401, `{"error":"Authentication Required"}`, http.Header{}
				switch logins++; {
				case r.Method == http.MethodPost && logins > 1:
					<-r.Context().Done()
					return nil, r.Context().Err()
				case r.Method == http.MethodPost:
					status, body = 200, `{"ticket":"first"}`
				case r.Method == http.MethodGet:
					<-slow
					status, body = 200, `{"results":{"data":{"properties":{"id":7,"name":"a","type":0}}}}`
					header.Set("OTCSTicket", "fresh")
				}
				return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})))
		require.NoError(t, err)
		start, took := time.Now(), make(chan time.Duration, 1)
		go func() {
			_, _ = c.Nodes.Get(within(time.Minute), 7)
			took <- time.Since(start)
		}()
		synctest.Wait()
		go func() { _ = c.Auth.Login(within(time.Hour)) }()
		synctest.Wait()
		close(slow)
		require.LessOrEqual(t, <-took, time.Minute, "a call that was answered waited for another one's login")
	})
}

// TestLogin_RefusedTogetherIsRenewedOnce: many calls meet the end of one
// ticket, all before the first of them has logged in again.
func TestLogin_RefusedTogetherIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for name, cred := range map[string]ecm.Credentials{
		"ticket": ecm.PasswordLogin{User: "svc", Password: "word"},
		"bearer": ecm.ClientCredentials{OTDS: "https://otds.example", ClientID: "svc", ClientSecret: "word"},
	} {
		synctest.Test(t, func(t *testing.T) {
			const callers = 20
			var mu sync.Mutex
			logins, refused, all := 0, 0, make(chan struct{})
			c, err := ecm.New("https://ecm.example/cs", cred, ecm.WithLimiter(fast{}), ecm.WithRetries(0),
				ecm.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
					status, body := 200, `{"results":{"data":{"properties":{"id":7,"name":"a","type":0}}}}`
					mu.Lock()
					switch {
					case r.Method == http.MethodPost:
						logins++
						body = fmt.Sprintf(`{"ticket":"t%d","access_token":"t%d"}`, logins, logins)
					case strings.HasSuffix(r.Header.Get("OTCSTicket")+r.Header.Get("Authorization"), "t1"):
						status, body = 401, `{"error":"Authentication Required"}`
						if refused++; refused == callers {
							close(all)
						}
					}
					mu.Unlock()
					if status == 401 {
						<-all
					}
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				})))
			require.NoError(t, err)
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					if _, err := c.Nodes.Get(t.Context(), 7); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			require.Equal(t, 2, logins, "%s: one login for one expiry, however many calls met it", name)
		})
	}
}

// TestPages_FollowFromTheCountWhereTheServerNamesNone: a list that ends after
// its first page would hide records.
func TestPages_FollowFromTheCountWhereTheServerNamesNone(t *testing.T) {
	t.Parallel()
	var asked []string
	c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("token"), ecm.WithLimiter(fast{}), ecm.WithTransport(&recorder{answer: func(r *http.Request) (int, string) {
		page := cmp.Or(r.URL.Query().Get("page"), "1")
		asked = append(asked, page)
		return 200, `{"collection":{"paging":{"page":` + page + `,"limit":1,"total_count":3}},"results":{"contents":[{"id":` + page + `,"name":"a","type":144}],
			"data":{"properties":{"id":` + page + `,"name":"a","type":144}}}}`
	}}))
	require.NoError(t, err)
	held, err := c.Holds.Items(t.Context(), 7)
	require.NoError(t, err)
	require.Len(t, held, 3, "a held record is missing in the list")
	var children []ecm.Node
	for n, err := range c.Nodes.All(t.Context(), 7, nil) {
		require.NoError(t, err)
		children = append(children, n)
	}
	require.Len(t, children, 3)
	require.Len(t, asked, 6, "no page beyond the end is asked for")
}
