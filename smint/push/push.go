package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/smintecm/sdk/smint"
)

// Event is the one event that says: something in the purchases changed.
const Event = "global-transaction-history-update"

// Options say where notices come from.
type Options struct {
	// ChannelID is the tenant's number, given by Smint.io; above 0.
	ChannelID int64
	// Key is the public client key, Cluster its cluster. Both have the vendor's
	// values by default.
	Key, Cluster string
	// URL is the address of the service up to "/app", for tests and proxies:
	// wss, or ws to a loopback address. It takes the place of the cluster.
	URL string
	// Client dials the connection; by default one of its own.
	Client *http.Client
	// Logger gets an info line for each connection and its end; never a
	// signature.
	Logger *slog.Logger
	// Wait pauses between attempts to connect; tests put their clock here. The
	// default waits, or returns early with the error of a context that ends.
	Wait func(ctx context.Context, d time.Duration) error
	// Silence is how long a connection may be silent before it is asked whether
	// it lives; by default what the service says, 2 minutes at most.
	Silence time.Duration
	// Every, if above 0, also pulls at the start and whenever that long has gone
	// by since the last pull ended, whether there is a connection or not: what a
	// push service loses is then found in time.
	Every time.Duration
}

// ErrRefused tells that the service does not want this client at all, as a
// wrong key or a disabled application: connecting again does not help.
var ErrRefused = errors.New("push service refuses this client")

func (o Options) check() (Options, error) {
	var faults []error
	if o.ChannelID <= 0 {
		faults = append(faults, fmt.Errorf("channel id is %d, want the tenant's positive number", o.ChannelID))
	}
	if o.Key == "" {
		o.Key = "32f31c26a83e09dc401b"
	}
	if o.Cluster == "" {
		o.Cluster = "eu"
	}
	if o.URL == "" {
		o.URL = "wss://ws-" + o.Cluster + ".pusher.com:443"
	}
	u, err := url.Parse(o.URL)
	loopback := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
	if err != nil || u.Host == "" || (u.Scheme != "wss" && (u.Scheme != "ws" || !loopback)) {
		faults = append(faults, fmt.Errorf("url is %q, want wss, or ws to a loopback address", o.URL))
	}
	if o.Every < 0 || o.Silence < 0 {
		faults = append(faults, fmt.Errorf("every is %s and silence %s, want 0 or more", o.Every, o.Silence))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if len(faults) > 0 {
		return o, fmt.Errorf("push: %w: %w", smint.ErrInvalid, errors.Join(faults...))
	}
	return o, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Authorizer signs subscriptions: *smint.NotificationsService.
type Authorizer interface {
	Authorize(ctx context.Context, socketID, channel string) (smint.Secret, error)
}

// Listen holds a connection to the push service until ctx ends, and calls pull
// once after every subscription and once for whatever notices came while the
// last pull ran, however many: a notice is a hint to pull, and its content is
// never looked at. Two pulls never run at once. What was missed while there was
// no connection is covered by the pull after the next subscription.
//
// Each connection is authorized anew. One that ends is replaced as its close
// code says: at once, after a growing pause, or never, which is ErrRefused. An
// authorization that is refused for good (smint.ErrDenied, smint.ErrGrantDead)
// and an error of pull end it too; a pull that should be tried again later
// returns nil. Listen starts nothing that outlives it.
func Listen(ctx context.Context, auth Authorizer, o Options, pull func(context.Context) error) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hints := make(chan struct{}, 1)
	hint := func() {
		select {
		case hints <- struct{}{}:
		default: // one that waits covers this one too.
		}
	}
	if o.Every > 0 {
		hint()
	}
	pulled := make(chan struct{})
	go func() {
		defer close(pulled)
		if err := pulls(ctx, o.Every, hints, pull); err != nil {
			cancel(err)
		}
	}()
	err = connect(ctx, auth, o, hint)
	cancel(err)
	<-pulled
	return context.Cause(ctx)
}

// pulls calls pull for each hint, and when its time has come, one at a time.
func pulls(ctx context.Context, every time.Duration, hints <-chan struct{}, pull func(context.Context) error) error {
	for {
		var due <-chan time.Time
		if every > 0 {
			due = time.After(every)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hints:
		case <-due:
		}
		if err := pull(ctx); err != nil {
			return err
		}
	}
}

// connect connects again and again.
func connect(ctx context.Context, auth Authorizer, o Options, hint func()) error {
	hasty := 0
	for failures := 0; ; {
		start := time.Now()
		subscribed, err := once(ctx, auth, o, hint)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if hasty++; time.Since(start) > brief {
			hasty = 0
		}
		if subscribed {
			failures = max(0, hasty-maxHasty)
		}
		pause, again := next(err, failures)
		if !again {
			return err
		}
		o.Logger.InfoContext(ctx, "push: the connection has ended", "error", err, "pause", pause)
		failures++
		if err := o.Wait(ctx, pause); err != nil {
			return context.Cause(ctx)
		}
	}
}

const (
	longestPause = 30 * time.Second
	// A service that ends every connection soon after its subscription is not
	// met with connections, and pulls, without end: after maxHasty of them in a
	// row that were brief, the pauses grow.
	brief    = 10 * time.Second
	maxHasty = 10
)

// next tells whether, and after which pause, to connect again.
func next(err error, failures int) (pause time.Duration, again bool) {
	if errors.Is(err, smint.ErrDenied) || errors.Is(err, smint.ErrGrantDead) || errors.Is(err, smint.ErrInvalid) {
		return 0, false
	}
	pause = min(time.Second<<min(failures, 5), longestPause)
	pause = pause/2 + rand.N(pause/2)
	switch code := websocket.CloseStatus(err); {
	case code >= 4000 && code < 4100:
		return 0, false
	case code >= 4200 && code < 4300 && failures == 0:
		return 0, true
	}
	return pause, true
}

// frame is a message of either side. Its data is mostly JSON in a string.
type frame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// maxFrame bounds what the service can make us read.
const maxFrame = 1 << 20

// once is one connection, from dialing to its end. It tells whether it came to
// a subscription.
func once(ctx context.Context, auth Authorizer, o Options, hint func()) (subscribed bool, err error) {
	address := strings.TrimRight(o.URL, "/") + "/app/" + url.PathEscape(o.Key) + "?protocol=7&client=smintecm-sdk&version=1"
	dialing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, resp, err := websocket.Dial(dialing, address, &websocket.DialOptions{HTTPClient: o.Client})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return false, fmt.Errorf("push: connect: %w", err)
	}
	conn.SetReadLimit(maxFrame)
	defer func() { _ = conn.CloseNow() }()
	c := &connection{conn: conn, auth: auth, options: o, hint: hint, channel: "private-2-" + strconv.FormatInt(o.ChannelID, 10), silence: 2 * time.Minute}
	err = c.run(ctx)
	if code := websocket.CloseStatus(err); code >= 4000 && code < 4100 {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return c.subscribed, err
}

type connection struct {
	conn       *websocket.Conn
	auth       Authorizer
	options    Options
	hint       func()
	channel    string
	silence    time.Duration
	subscribed bool
}

// patience is how long a connection may take to be there, and then to become a
// subscription.
const patience = 30 * time.Second

// run reads what the service says until the connection ends. After a silence
// the service is asked once whether it lives; one that answers and does not
// subscribe is no use either.
func (c *connection) run(ctx context.Context) error {
	frames, failed := make(chan []byte), make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	defer func() {
		stop()
		<-ended
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	go func() {
		defer close(ended)
		for {
			_, b, err := c.conn.Read(reading)
			if err != nil {
				failed <- err
				return
			}
			select {
			case frames <- b:
			case <-reading.Done():
				return
			}
		}
	}()
	asked := false
	for {
		silence := time.NewTimer(c.quiet())
		select {
		case b := <-frames:
			silence.Stop()
			asked = false
			if err := c.hear(ctx, b); err != nil {
				return err
			}
		case err := <-failed:
			silence.Stop()
			return fmt.Errorf("push: %w", err)
		case <-ctx.Done():
			silence.Stop()
			_ = c.conn.Close(websocket.StatusNormalClosure, "")
			return context.Cause(ctx)
		case <-late.C:
			silence.Stop()
			if !c.subscribed {
				return fmt.Errorf("push: no subscription within %s: %w", patience, smint.ErrUnavailable)
			}
		case <-silence.C:
			if asked {
				return fmt.Errorf("push: the service has not answered for %s: %w", 2*c.quiet(), io.ErrUnexpectedEOF)
			}
			asked = true
			if err := c.say(ctx, frame{Event: "pusher:ping", Data: json.RawMessage(`{}`)}); err != nil {
				return err
			}
		}
	}
}

func (c *connection) quiet() time.Duration {
	if c.options.Silence > 0 {
		return c.options.Silence
	}
	return c.silence
}

func (c *connection) say(ctx context.Context, f frame) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := c.conn.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("push: %w", err)
	}
	return nil
}

// hear acts on one message. What cannot be read, and what is of no concern, is
// passed over: nothing that the service says is an order.
func (c *connection) hear(ctx context.Context, b []byte) error {
	var f frame
	if json.Unmarshal(b, &f) != nil {
		return nil
	}
	switch f.Event {
	case "pusher:connection_established":
		return c.subscribe(ctx, f.Data)
	case "pusher:ping":
		return c.say(ctx, frame{Event: "pusher:pong", Data: json.RawMessage(`{}`)})
	case "pusher_internal:subscription_succeeded":
		if f.Channel == c.channel && !c.subscribed {
			c.subscribed = true
			c.options.Logger.InfoContext(ctx, "push: subscribed", "channel", c.channel)
			c.hint()
		}
	case "pusher:subscription_error", "pusher_internal:subscription_error":
		if f.Channel == c.channel {
			return fmt.Errorf("push: the service refused the subscription: %w", smint.ErrUnavailable)
		}
	case "pusher:error":
		return fatal(f.Data)
	case Event:
		if f.Channel == c.channel && c.subscribed {
			c.hint()
		}
	}
	return nil
}

// plain is the data of a frame, which is mostly JSON in a string.
func plain(data json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return json.RawMessage(text)
	}
	return data
}

// fatal tells an error that ends the connection, by its code as a close would,
// from one that is only said.
func fatal(data json.RawMessage) error {
	var said struct {
		Code *int `json:"code"`
	}
	if json.Unmarshal(plain(data), &said) != nil || said.Code == nil || *said.Code < 4000 || *said.Code > 4299 {
		return nil
	}
	return fmt.Errorf("push: %w", websocket.CloseError{Code: websocket.StatusCode(*said.Code), Reason: "said by the service"})
}

// subscribe asks for the tenant's channel, authorized for this connection.
func (c *connection) subscribe(ctx context.Context, data json.RawMessage) error {
	var hello struct {
		Socket  string  `json:"socket_id"`
		Timeout float64 `json:"activity_timeout"`
	}
	if err := json.Unmarshal(plain(data), &hello); err != nil || hello.Socket == "" {
		return fmt.Errorf("push: greeting without a socket id: %w", smint.ErrBrokenReply)
	}
	if d := time.Duration(hello.Timeout * float64(time.Second)); d > 0 && d < c.silence {
		c.silence = d
	}
	signature, err := c.auth.Authorize(ctx, hello.Socket, c.channel)
	if err != nil {
		return fmt.Errorf("push: authorize channel %s: %w", c.channel, err)
	}
	request, err := json.Marshal(map[string]string{"channel": c.channel, "auth": signature.Reveal()})
	if err != nil {
		return err
	}
	return c.say(ctx, frame{Event: "pusher:subscribe", Data: request})
}
