package testserver

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

type smintEar struct {
	g    *smintRig
	conn *websocket.Conn
	id   string
}

// listen connects as the protocol says and reads the greeting.
func (g *smintRig) listen(key string) (*smintEar, *http.Response, error) {
	conn, resp, err := websocket.Dial(g.t.Context(), g.ends.Pusher+"/app/"+key, &websocket.DialOptions{HTTPClient: g.client})
	if err != nil {
		return nil, resp, err
	}
	g.t.Cleanup(func() { _ = conn.CloseNow() })
	return &smintEar{g: g, conn: conn}, resp, nil
}

func (e *smintEar) read() (SmintJSON, error) {
	ctx, cancel := context.WithTimeout(e.g.t.Context(), 5*time.Minute)
	defer cancel()
	_, raw, err := e.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return smintObject(raw)
}

func (e *smintEar) say(text string) {
	require.NoError(e.g.t, e.conn.Write(e.g.t.Context(), websocket.MessageText, []byte(text)))
}

func (e *smintEar) subscribe() {
	e.g.t.Helper()
	hello, err := e.read()
	require.NoError(e.g.t, err)
	require.Equal(e.g.t, "pusher:connection_established", hello["event"])
	data, err := smintObject([]byte(hello["data"].(string)))
	require.NoError(e.g.t, err)
	e.id = data["socket_id"].(string)
	answer := e.g.pushAuth(e.id, e.g.PushChannel())
	require.Equal(e.g.t, 200, answer.status, "%s", answer.body)
	e.say(`{"event":"pusher:subscribe","data":{"channel":"` + e.g.PushChannel() + `","auth":"` + answer.object(e.g.t)["auth"].(string) + `"}}`)
	done, err := e.read()
	require.NoError(e.g.t, err)
	require.Equal(e.g.t, "pusher_internal:subscription_succeeded", done["event"])
}

func (g *smintRig) pushAuth(socket, channel string) smintAnswer {
	g.t.Helper()
	return g.do("POST", g.ends.CLAPI+"/notifications/pusher/auth", url.Values{"socket_id": {socket}, "channel_name": {channel}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Authorization", "Bearer "+g.token)
}

const smintTestKey = "32f31c26a83e09dc401b?protocol=7"

func TestFake5_push_over_a_websocket(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"in process", "url"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			g := newSmintRig(t, SmintOptions{ChannelID: 1077})
			if mode == "url" {
				g.serve()
			}
			ear, _, err := g.listen(smintTestKey)
			require.NoError(t, err)
			ear.subscribe()
			require.Equal(t, "private-2-1077", g.PushChannel())

			g.PushOnChange(true)
			require.NoError(t, g.Emit(SmintPurchase{UUID: "1"}.Payload()))
			event, err := ear.read()
			require.NoError(t, err)
			require.Equal(t, SmintJSON{"event": SmintPushEvent, "channel": "private-2-1077", "data": `""`}, event)

			ear.say(`{"event":"pusher:ping","data":{}}`)
			pong, err := ear.read()
			require.NoError(t, err)
			require.Equal(t, "pusher:pong", pong["event"])
			g.PingPushers()
			ping, err := ear.read()
			require.NoError(t, err)
			require.Equal(t, "pusher:ping", ping["event"])

			g.ClosePushers(4201, "Pong reply not received")
			_, err = ear.read()
			require.Equal(t, websocket.StatusCode(4201), websocket.CloseStatus(err))

			g.EndAccess()
			ear, _, err = g.listen(smintTestKey)
			require.NoError(t, err)
			hello, err := ear.read()
			require.NoError(t, err)
			require.Contains(t, hello["data"], "socket_id")
			require.Equal(t, 401, g.pushAuth("2.1002", g.PushChannel()).status, "the token of the first connection has died")
			counts := g.PushCounts()
			require.Equal(t, 2, counts.Connected)
			require.Equal(t, 1, counts.Subscribed)
			require.Equal(t, 1, counts.Authorized)
			require.Equal(t, 1, counts.Refused)
		})
	}
}

func TestFake5_what_the_push_service_refuses(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	for key, want := range map[string]int{"other?protocol=7": 4001, "32f31c26a83e09dc401b": 4008, "32f31c26a83e09dc401b?protocol=5": 4007} {
		ear, _, err := g.listen(key)
		require.NoError(t, err)
		_, err = ear.read()
		require.Equal(t, websocket.StatusCode(want), websocket.CloseStatus(err), key)
	}
	require.Equal(t, 403, g.pushAuth("1.1", "private-2-1").status)
	require.Equal(t, 403, g.pushAuth("1.1", "private-2-1,077").status, "numbers are not grouped")
	require.Equal(t, 400, g.pushAuth("", "").status)

	ear, _, err := g.listen(smintTestKey)
	require.NoError(t, err)
	_, err = ear.read()
	require.NoError(t, err)
	ear.say(`{"event":"pusher:subscribe","data":{"channel":"` + g.PushChannel() + `","auth":"x:y"}}`)
	for err == nil {
		_, err = ear.read()
	}
	require.Equal(t, websocket.StatusCode(4009), websocket.CloseStatus(err))

	g.Fail(Fault{Route: "GET /app/{key}", Status: 503})
	_, resp, err := g.listen(smintTestKey)
	require.Error(t, err)
	require.Equal(t, 503, resp.StatusCode)
	g.Fail(Fault{Route: "GET /app/{key}", Kind: DropBefore})
	_, _, err = g.listen(smintTestKey)
	require.Error(t, err)
}

func TestFake5_dropped_doubled_and_delayed(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	ear, _, err := g.listen(smintTestKey)
	require.NoError(t, err)
	ear.subscribe()
	g.PlanPushes(SmintPushPlan{Drop: 200, Double: 200, Delay: 200, Seed: 4})
	const pushes = 1000
	for i := range pushes {
		g.Push(jsonInt(i))
	}
	g.FlushPushes()
	counts := g.PushCounts()
	require.Equal(t, pushes-counts.Dropped+counts.Doubled, counts.Sent)
	for _, n := range []int{counts.Dropped, counts.Doubled, counts.Delayed} {
		require.Greater(t, n, 100)
	}
	seen, swaps, last := map[string]int{}, 0, -1
	for range counts.Sent {
		event, err := ear.read()
		require.NoError(t, err)
		data := event["data"].(string)
		seen[data]++
		n := 0
		for _, c := range data[1 : len(data)-1] {
			n = 10*n + int(c-'0')
		}
		if n < last {
			swaps++
		}
		last = n
	}
	require.Len(t, seen, pushes-counts.Dropped)
	require.Positive(t, swaps)
}
