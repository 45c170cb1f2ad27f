package testserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// SmintPushEvent is the event that says: something in the purchases changed.
const SmintPushEvent = "global-transaction-history-update"

// SmintPushPlan says what becomes of the pushes, per thousand of them. Which
// ones it hits depends on Seed alone.
type SmintPushPlan struct {
	// Drop are never sent, Double are sent twice, Delay are sent after the
	// next one.
	Drop, Double, Delay int
	Seed                uint64
}

// SmintPushCounts are what happened on the push side so far.
type SmintPushCounts struct {
	// Connected and Subscribed count connections and subscriptions ever made,
	// Authorized and Refused the answers of the authorization endpoint.
	Connected, Subscribed, Authorized, Refused int
	// Pushed counts calls of Push; Sent the events handed to subscribers.
	Pushed, Sent, Dropped, Doubled, Delayed int
	// Pongs counts the client's answers to our pings, Pings its own.
	Pongs, Pings int
}

// smintPusher is the state of the push service. It is not saved: connections
// end with the process.
type smintPusher struct {
	mu     sync.Mutex
	plan   SmintPushPlan
	counts SmintPushCounts
	conns  map[*smintSocket]bool
	held   []byte
	auto   bool
	deaf   int
	mute   bool
}

// smintSocket is one websocket. What is sent waits in a line of its own, so
// that a slow reader holds up nobody.
type smintSocket struct {
	id       string
	conn     *websocket.Conn
	channels map[string]bool

	mu   sync.Mutex
	line []smintMessage
	wake chan struct{}
}

// smintMessage is a frame to send, or the end of the connection.
type smintMessage struct {
	frame  []byte
	code   int
	reason string
}

func (s *Smint) pushRoutes() {
	s.pusher.conns = map[*smintSocket]bool{}
	s.mux.HandleFunc("POST /consumer/v1/notifications/pusher/auth", s.servePushAuth)
	s.mux.HandleFunc("GET /app/{key}", s.serveSocket)
}

// PushChannel is the tenant's channel.
func (s *Smint) PushChannel() string { return "private-2-" + strconv.Itoa(s.options.ChannelID) }

func (s *Smint) pushSignature(socket, channel string) string {
	mac := hmac.New(sha256.New, []byte(s.options.Secret+" pusher"))
	_, _ = mac.Write([]byte(socket + ":" + channel))
	return s.options.PushKey + ":" + hex.EncodeToString(mac.Sum(nil))
}

func (s *Smint) servePushAuth(w http.ResponseWriter, r *http.Request) {
	counting := &smintBody{ResponseWriter: w}
	defer func() {
		s.pusher.mu.Lock()
		defer s.pusher.mu.Unlock()
		if counting.status == http.StatusOK {
			s.pusher.counts.Authorized++
		} else {
			s.pusher.counts.Refused++
		}
	}()
	if !s.authorized(counting, r, smintScopeFull) {
		return
	}
	_ = r.ParseForm()
	socket, channel := r.PostForm.Get("socket_id"), r.PostForm.Get("channel_name")
	switch {
	case socket == "" || channel == "":
		smintRefuse(counting, http.StatusBadRequest, "invalid_argument", "socket_id and channel_name are expected in a form", nil)
	case channel != s.PushChannel():
		smintRefuse(counting, http.StatusForbidden, "forbidden", "The channel belongs to another tenant", SmintJSON{"name": channel})
	default:
		smintReply(counting, http.StatusOK, SmintJSON{"auth": s.pushSignature(socket, channel)})
	}
}

func (s *Smint) serveSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	socket := &smintSocket{conn: conn, channels: map[string]bool{}, wake: make(chan struct{}, 1)}
	s.pusher.mu.Lock()
	s.pusher.counts.Connected++
	socket.id = fmt.Sprintf("%d.%d", s.pusher.counts.Connected, 1000+s.pusher.counts.Connected)
	s.pusher.conns[socket] = true
	s.pusher.mu.Unlock()
	defer func() {
		s.pusher.mu.Lock()
		delete(s.pusher.conns, socket)
		s.pusher.mu.Unlock()
	}()
	written := make(chan struct{})
	go func() { defer close(written); socket.write(ctx) }()
	s.greet(ctx, socket, r)
	cancel()
	<-written
}

// greet opens the conversation and reads what the client says, until one of
// both ends it.
func (s *Smint) greet(ctx context.Context, socket *smintSocket, r *http.Request) {
	switch {
	case r.PathValue("key") != s.options.PushKey:
		socket.refuse(4001, "App key "+r.PathValue("key")+" not in this cluster")
	case r.URL.Query().Get("protocol") == "":
		socket.refuse(4008, "No protocol version supplied")
	case r.URL.Query().Get("protocol") != "7":
		socket.refuse(4007, "Unsupported protocol version")
	default:
		socket.send(smintFrame("pusher:connection_established", "", fmt.Sprintf(`{"socket_id":%q,"activity_timeout":120}`, socket.id)))
	}
	for {
		_, raw, err := socket.conn.Read(ctx)
		if err != nil {
			return
		}
		s.hear(socket, raw)
	}
}

// smintFrame is a message of the server; its data is JSON text in a string.
func smintFrame(event, channel, data string) []byte {
	frame := SmintJSON{"event": event, "data": data}
	if channel != "" {
		frame["channel"] = channel
	}
	raw, _ := smintRaw(frame)
	return raw
}

func (s *Smint) hear(socket *smintSocket, raw []byte) {
	message, err := smintObject(raw)
	if err != nil {
		socket.send(smintFrame("pusher:error", "", `{"code":null,"message":"The message is not JSON"}`))
		return
	}
	data, _ := message["data"].(SmintJSON)
	channel := smintString(data, "channel")
	switch event := smintString(message, "event"); event {
	case "pusher:ping":
		s.pusher.mu.Lock()
		s.pusher.counts.Pings++
		mute := s.pusher.mute
		s.pusher.mu.Unlock()
		if !mute {
			socket.send(smintFrame("pusher:pong", "", "{}"))
		}
	case "pusher:pong":
		s.pusher.mu.Lock()
		s.pusher.counts.Pongs++
		s.pusher.mu.Unlock()
	case "pusher:unsubscribe":
		s.pusher.mu.Lock()
		delete(socket.channels, channel)
		s.pusher.mu.Unlock()
	case "pusher:subscribe":
		if strings.HasPrefix(channel, "private-") && smintString(data, "auth") != s.pushSignature(socket.id, channel) {
			socket.send(smintFrame("pusher:error", "", `{"code":4009,"message":"Connection not authorized: invalid signature"}`))
			socket.refuse(4009, "Connection not authorized")
			return
		}
		s.pusher.mu.Lock()
		if s.pusher.deaf > 0 {
			s.pusher.deaf--
			s.pusher.mu.Unlock()
			return
		}
		s.pusher.counts.Subscribed++
		socket.channels[channel] = true
		s.pusher.mu.Unlock()
		socket.send(smintFrame("pusher_internal:subscription_succeeded", channel, "{}"))
	default:
		socket.send(smintFrame("pusher:error", "", `{"code":null,"message":"The event is unknown"}`))
	}
}

func (c *smintSocket) send(frame []byte) { c.queue(smintMessage{frame: frame}) }

// refuse ends the connection with a close code, as the service does, once all
// that waits before it is sent. Code 0 ends it at once and without a word.
func (c *smintSocket) refuse(code int, reason string) {
	if code == 0 {
		_ = c.conn.CloseNow()
		return
	}
	c.queue(smintMessage{code: code, reason: reason})
}

func (c *smintSocket) queue(message smintMessage) {
	c.mu.Lock()
	c.line = append(c.line, message)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *smintSocket) write(ctx context.Context) {
	for {
		c.mu.Lock()
		line := c.line
		c.line = nil
		c.mu.Unlock()
		for _, message := range line {
			if message.code != 0 {
				_ = c.conn.Close(websocket.StatusCode(message.code), message.reason)
				return
			}
			if c.conn.Write(ctx, websocket.MessageText, message.frame) != nil {
				return
			}
		}
		if len(line) > 0 {
			continue
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}

// PlanPushes says from now on what becomes of pushes.
func (s *Smint) PlanPushes(plan SmintPushPlan) {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	s.pusher.plan = plan
}

// IgnoreSubscriptions leaves the next n subscriptions without an answer, on
// connections that live on.
func (s *Smint) IgnoreSubscriptions(n int) {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	s.pusher.deaf = n
}

// IgnorePings leaves pings without an answer, as a connection does whose other
// end is gone, or answers them again.
func (s *Smint) IgnorePings(on bool) {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	s.pusher.mute = on
}

// PushOnChange makes every purchase that is emitted or changed send a push.
func (s *Smint) PushOnChange(on bool) {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	s.pusher.auto = on
}

// Push sends an event to the subscribers of the tenant's channel, with data as
// its payload, subject to the plan.
func (s *Smint) Push(data string) {
	encoded, _ := json.Marshal(data)
	frame := smintFrame(SmintPushEvent, s.PushChannel(), string(encoded))
	p := &s.pusher
	p.mu.Lock()
	defer p.mu.Unlock()
	lot := int(smintMix(p.plan.Seed+uint64(p.counts.Pushed)) % 1000)
	p.counts.Pushed++
	switch plan := p.plan; {
	case lot < plan.Drop:
		p.counts.Dropped++
		return
	case lot < plan.Drop+plan.Double:
		p.counts.Doubled++
		s.spread(frame)
		s.spread(frame)
	case lot < plan.Drop+plan.Double+plan.Delay && p.held == nil:
		p.counts.Delayed++
		p.held = frame
		return
	default:
		s.spread(frame)
	}
	s.release()
}

// FlushPushes sends a delayed push that still waits for a next one.
func (s *Smint) FlushPushes() {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	s.release()
}

func (s *Smint) release() {
	if s.pusher.held != nil {
		s.spread(s.pusher.held)
		s.pusher.held = nil
	}
}

func (s *Smint) spread(frame []byte) {
	for socket := range s.pusher.conns {
		if socket.channels[s.PushChannel()] {
			s.pusher.counts.Sent++
			socket.send(frame)
		}
	}
}

// SendFrame sends a frame of any content to every connection: an error, an
// event of another kind, something that is not JSON.
func (s *Smint) SendFrame(frame string) {
	for _, socket := range s.sockets() {
		socket.send([]byte(frame))
	}
}

// PingPushers pings every connection, as the service does after a silence.
func (s *Smint) PingPushers() { s.SendFrame(`{"event":"pusher:ping","data":{}}`) }

// ClosePushers ends every connection with a close code of the protocol, or
// without any if code is 0.
func (s *Smint) ClosePushers(code int, reason string) {
	for _, socket := range s.sockets() {
		socket.refuse(code, reason)
	}
}

func (s *Smint) sockets() []*smintSocket {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	return slices.Collect(maps.Keys(s.pusher.conns))
}

// PushCounts returns what happened on the push side so far.
func (s *Smint) PushCounts() SmintPushCounts {
	s.pusher.mu.Lock()
	defer s.pusher.mu.Unlock()
	return s.pusher.counts
}

func (s *Smint) pushChange() {
	s.pusher.mu.Lock()
	auto := s.pusher.auto
	s.pusher.mu.Unlock()
	if auto {
		s.Push("")
	}
}
