package testserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// newTicket is called with the lock held.
func (e *ECM) newTicket(user string) (string, ecmLogin) {
	e.state.Serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "ticket %d of %s", e.state.Serial, user))
	ticket, login := hex.EncodeToString(sum[:24]), ecmLogin{user, e.now().Add(e.options.TicketLifetime)}
	if len(e.state.Tickets) > 4096 {
		maps.DeleteFunc(e.state.Tickets, func(_ string, l ecmLogin) bool { return !e.now().Before(l.Expires) })
	}
	e.state.Tickets[ticket] = login
	return ticket, login
}

// session finds the user of a request, by ticket or by bearer token.
func (e *ECM) session(r *http.Request) *ECMUser {
	ticket := r.Header.Get("OTCSTicket")
	if ticket == "" {
		ticket = r.Header.Get("OTDSTicket")
	}
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ticket == "" && found {
		ticket = bearer
	}
	login, known := e.state.Tickets[ticket]
	if !known || !e.now().Before(login.Expires) {
		return nil
	}
	return e.state.Users[login.User]
}

func (e *ECM) login(user, password string) (string, bool) {
	u := e.state.Users[user]
	if u == nil || u.Password != password {
		return "", false
	}
	ticket, _ := e.newTicket(user)
	return ticket, true
}

func (c *ecmCall) postAuth() ecmReply {
	if c.text("username") == "" {
		return fail(http.StatusInternalServerError, "Argument username is required")
	}
	ticket, known := c.e.login(c.text("username"), c.text("password"))
	if !known {
		return fail(http.StatusUnauthorized, "Invalid username/password specified")
	}
	return ok(map[string]any{"ticket": ticket})
}

func (c *ecmCall) getAuth() ecmReply {
	data := map[string]any{"id": c.user.ID, "name": c.user.Name, "type": 0, "type_name": "User"}
	reply := ok(map[string]any{"data": data})
	if c.r.Method == http.MethodHead {
		return reply
	}
	ticket, _ := c.e.newTicket(c.user.Name)
	return ecmReply{stream: func(w http.ResponseWriter) {
		w.Header().Set("OTCSTicket", ticket)
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_, _ = w.Write(marshal(reply.body))
	}}
}

func (c *ecmCall) deleteAuth() ecmReply {
	delete(c.e.state.Tickets, c.r.Header.Get("OTCSTicket"))
	return ok(map[string]any{})
}

// otds answers the directory services' own logins, which read JSON and forms.
func (e *ECM) otds(userKey, idKey string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, err := jsonObject(r.Body)
		e.mu.Lock()
		ticket, known := "", false
		if err == nil {
			ticket, known = e.login(fmt.Sprint(in[userKey]), fmt.Sprint(in["password"]))
		}
		e.mu.Unlock()
		if !known {
			e.answer(w, nil, ecmReply{status: http.StatusUnauthorized, body: map[string]any{"status": 1103, "error": "Invalid credentials", "errorDetails": nil}})
			return
		}
		e.answer(w, nil, ok(map[string]any{"token": nil, idKey: in[userKey], "ticket": ticket, "resourceID": nil, "failureReason": nil, "passwordExpirationTime": 0, "continuation": false}))
	}
}

// token answers OAuth2: the secret of a client is the password of its user.
func (c *ecmCall) token() ecmReply {
	user, password, basic := c.r.BasicAuth()
	if !basic {
		user, password = c.text("client_id"), c.text("client_secret")
	}
	switch c.text("grant_type") {
	case "client_credentials":
	case "password":
		user, password = c.text("username"), c.text("password")
	case "urn:ietf:params:oauth:grant-type:token-exchange":
		return c.exchange(user, password)
	default:
		return ecmReply{status: http.StatusBadRequest, body: map[string]any{"error": "unsupported_grant_type"}}
	}
	ticket, known := c.e.login(user, password)
	if !known {
		return ecmReply{status: http.StatusUnauthorized, body: map[string]any{"error": "invalid_client", "error_description": "unknown client or wrong secret"}}
	}
	return ok(map[string]any{"access_token": ticket, "token_type": "Bearer", "expires_in": int(c.e.options.TicketLifetime.Seconds())})
}

// exchange gives a client a token of another user: impersonation.
func (c *ecmCall) exchange(client, secret string) ecmReply {
	_, known := c.e.login(client, secret)
	name, _, _ := strings.Cut(c.text("subject_token"), "@")
	switch {
	case !known:
		return ecmReply{status: http.StatusUnauthorized, body: map[string]any{"error": "invalid_client", "error_description": "unknown client or wrong secret"}}
	case c.text("subject_token_type") != "urn:opentext.com:oauth:string:user_id" || c.e.state.Users[name] == nil:
		return ecmReply{status: http.StatusBadRequest, body: map[string]any{"error": "invalid_request", "error_description": "unknown subject"}}
	}
	ticket, _ := c.e.newTicket(name)
	return ok(map[string]any{
		"access_token": ticket, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer", "expires_in": int(c.e.options.TicketLifetime.Seconds()),
	})
}
