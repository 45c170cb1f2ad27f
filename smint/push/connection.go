package push

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/smintecm/sdk/smint"
)

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
