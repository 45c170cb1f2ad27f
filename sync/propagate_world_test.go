package sync_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// shown is a world whose records are shown in a portal, from our feed, which
// the portal polls while somebody waits.
type shown struct {
	*world
	feed      *adapter.Feed
	driver    *testserver.SmintDriver
	publisher *adapter.Publisher
	carrying  *recsync.Propagation
	public    []crypto.PublicKey

	mu        sync.Mutex
	waits     int
	asleep    bool // the portal does not poll
	escalated []recsync.Escalation
	routed    []recsync.ReplacementRoute
}

func newShown(t *testing.T, change func(*recsync.ScopeConfig), opts ...option) *shown {
	t.Helper()
	s := &shown{carrying: &recsync.Propagation{}}
	s.world = newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Access = new(recsync.DefaultAccessPolicy())
		c.Propagation = s.carrying
		if change != nil {
			change(c)
		}
	}, opts...)
	var err error
	s.feed, err = adapter.OpenFeed("", adapter.FeedOptions{Now: s.clock.Now, Contents: func(context.Context, adapter.Asset, string) (*adapter.Content, error) {
		return &adapter.Content{ReadCloser: io.NopCloser(bytes.NewReader(picture(200))), Size: 200}, nil
	}})
	require.NoError(t, err)
	handler, err := adapter.NewHandler(s.feed, adapter.Options{Authenticate: adapter.Bearer("feed-token"), Now: s.clock.Now})
	require.NoError(t, err)
	s.driver = s.smint.NewDriver(testserver.SmintDriverOptions{
		Feed: "https://feed.example/adapter/v1", Client: &http.Client{Transport: testserver.Transport(handler)},
		Header: http.Header{"Authorization": {"Bearer feed-token"}}, Instance: "98",
	})
	s.publisher = &adapter.Publisher{Feed: s.feed, Render: s.render, Back: &smint.PortalReadBack{
		Portals: s.config.Smint.Portals, Portal: smint.Portal{UUID: testserver.PortalUUID}, Now: s.clock.Now, Control: "98:image:otcs-control",
		AssetID: func(_ context.Context, external string) (smint.AssetID, error) {
			return smint.AssetID("98:image:otcs-" + external), nil
		},
	}}
	require.NoError(t, s.offer("control", adapter.Full, 1))
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	s.public = []crypto.PublicKey{private.Public()}
	*s.carrying = recsync.Propagation{
		Places:   []recsync.Place{recsync.FeedPlace{Publisher: s.publisher}, s.source(nil)},
		Deadline: 10 * time.Minute, Poll: time.Minute, Wait: s.wait, Signers: []crypto.Signer{private},
		Escalate: func(_ context.Context, e recsync.Escalation) error { s.escalated = append(s.escalated, e); return nil },
		Route:    func(_ context.Context, r recsync.ReplacementRoute) error { s.routed = append(s.routed, r); return nil },
		Uses: func(context.Context, records.RecordKey) (string, []records.PlannedUse, error) {
			return "Mara Marketing", []records.PlannedUse{{Name: "Spring campaign"}}, nil
		},
	}
	s.restart()
	return s
}

// fromPortal takes assets of the portal, which have no license.
func fromPortal(c *recsync.ScopeConfig) {
	c.Policy.Approval = portalRule
	c.Policy.Access.Access[recsync.CauseUnlicensed] = adapter.Full
	c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: testserver.PortalUUID}}
}

// newSourced is a world in which one asset of the portal is declared and shown.
func newSourced(t *testing.T) (*shown, recsync.StoredRecord, smint.AssetID) {
	t.Helper()
	s := newShown(t, fromPortal)
	id := s.finish("kv-1", "7", "e1", picture(500), approved(nil))
	_, err := s.declare(s.portalAssets()[0])
	require.NoError(t, err)
	r, err := s.scope.Record(t.Context(), records.MustRecordKey("acme/asset/99:image:kv-1/7"))
	require.NoError(t, err)
	s.surface(r)
	return s, r, id
}

// restart makes the scope anew, from its configuration.
func (s *shown) restart() {
	s.config.Propagation = s.carrying
	s.scope = s.newScope()
}

// source is the place of the asset that a record came from: a purchase is shown
// nowhere else.
func (s *shown) source(to smint.Publisher) recsync.SourcePlace {
	return recsync.SourcePlace{
		Portals: s.config.Smint.Portals, Portal: smint.Portal{UUID: testserver.PortalUUID}, Now: s.clock.Now, Control: "98:image:otcs-control", Publisher: to,
		AssetOf: func(context.Context, records.RecordKey) (smint.AssetID, error) { return "", nil },
	}
}

// wait is a minute in which the portal polls our feed.
func (s *shown) wait(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits++
	s.clock.Move(d)
	if s.asleep {
		return ctx.Err()
	}
	_, err := s.driver.Poll(ctx)
	return err
}

func (s *shown) poll() {
	s.t.Helper()
	_, err := s.driver.Poll(s.t.Context())
	require.NoError(s.t, err)
}

func feedAsset(external string, access adapter.Access) adapter.Asset {
	return adapter.Asset{
		ID: "otcs-" + external, ExternalID: external, Version: "1", ETag: "1", Name: smint.LocalizedText{{Culture: "x-default", Value: "Picture " + external}},
		ContentType: "image", MediaType: "image/jpeg", FileName: external + ".jpg", Size: 200, Approved: true, Access: access,
	}
}

func (s *shown) offer(external string, access adapter.Access, sequence int64) error {
	_, err := s.feed.Publish(s.t.Context(), feedAsset(external, access), sequence)
	return err
}

// render says what a record is by now, as a catalog does: by what ECM says.
func (s *shown) render(ctx context.Context, p smint.Publication) (adapter.Asset, error) {
	for r, err := range s.scope.Records(ctx) {
		if err != nil {
			return adapter.Asset{}, err
		}
		if recsync.ExternalID(r.Record.Key()) != p.ExternalID {
			continue
		}
		f, err := s.scope.AccessFacts(ctx, r)
		if err != nil {
			return adapter.Asset{}, err
		}
		return feedAsset(p.ExternalID, s.scope.Policy().Access.Decide(f, s.clock.Now()).Access), nil
	}
	return adapter.Asset{}, adapter.ErrNotFound
}

// surface shows a record in the portal, as far as it may be shown now.
func (s *shown) surface(r recsync.StoredRecord) {
	s.t.Helper()
	f, err := s.scope.AccessFacts(s.t.Context(), r)
	require.NoError(s.t, err)
	d := s.scope.Policy().Access.Decide(f, f.At)
	require.NoError(s.t, s.offer(recsync.ExternalID(r.Record.Key()), d.Access, d.Sequence()))
	s.poll()
}

// surfaced is a licensed picture that the portal shows.
func (s *shown) surfaced(uuid string, term testserver.SmintJSON) recsync.StoredRecord {
	s.t.Helper()
	r := s.licensed(uuid, term)
	s.surface(r)
	require.Equal(s.t, 1, s.downloads(portalID(r)), "%s is not shown to begin with", uuid)
	return r
}

func portalID(r recsync.StoredRecord) string {
	return "98:image:otcs-" + recsync.ExternalID(r.Record.Key())
}

// downloads asks the portal, with nothing but net/http, how many downloads of
// an asset it grants; -1 says that it does not show it.
func (s *shown) downloads(id string) int {
	s.t.Helper()
	p := s.plainPortal()
	if p.asset(id) == "" {
		return -1
	}
	body := `["{\"assetIds\":[{\"id\":\"` + id + `\"}]}"]`
	task := p.task(http.MethodPost, "/portals/"+testserver.PortalUUID+"/portalsContext/IAssetsDownload/execute/getAssetsDownloadsForAssetsAsync", body)
	for task.State != "completed" {
		s.clock.Move(time.Second)
		task = p.task(http.MethodGet, "/backgroundTasks/"+task.UUID, "")
	}
	var answer struct {
		Groups []struct {
			Items []json.RawMessage `json:"assetDownloadItems"`
		} `json:"assetDownloadGroups"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(task.Result), &answer))
	n := 0
	for _, g := range answer.Groups {
		n += len(g.Items)
	}
	return n
}

// portalTask is a task of the portal as its own answer has it.
type portalTask struct {
	UUID   string `json:"uuid"`
	State  string `json:"state"`
	Result string `json:"result_string"`
}

func (p *plainPortal) task(method, path, body string) portalTask {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	require.NoError(p.t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s", b)
	var task portalTask
	require.NoError(p.t, json.Unmarshal(b, &task))
	require.NotEqual(p.t, "error", task.State, "%s", b)
	return task
}

// event is one that was seen just now.
func (s *shown) event(kind recsync.DispositionKind, r recsync.StoredRecord, change func(*recsync.DispositionEvent)) recsync.DispositionEvent {
	e := recsync.DispositionEvent{Kind: kind, Record: r.Record.Key(), Node: int64(r.Record.Node()), At: s.clock.Now().UTC(), SeenAt: s.clock.Now().UTC(), Seen: "a test"}
	if change != nil {
		change(&e)
	}
	return e.Identify()
}

func (s *shown) propagate(e recsync.DispositionEvent) (recsync.Receipt, error) {
	s.t.Helper()
	return recsync.PropagateDisposition(s.t.Context(), s.scope, recsync.PropagateRequest{Event: e})
}

func (s *shown) mustPropagate(e recsync.DispositionEvent) recsync.Receipt {
	s.t.Helper()
	r, err := s.propagate(e)
	require.NoError(s.t, err, "%+v", r)
	for _, p := range r.Places {
		require.True(s.t, p.Proven, "%+v", p)
	}
	return r
}

// dispose has ECM's own process destroy what is due, years later: a person runs
// the search and performs its actions. It returns what an observer could name.
func (s *shown) dispose(search int64) recsync.DispositionEvidence {
	s.t.Helper()
	qdate := s.ecm.RunDispositionSearch(search)
	p := s.plainECM()
	form := "dispNodeID=" + itoa(search) + "&qdate=" + "D/" + qdate + "&applyto=allPages"
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, p.base+"/v1/members/1000/disposition/performactions", strings.NewReader(form))
	require.NoError(s.t, err)
	r.Header.Set("OTCSTicket", p.ticket)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(r)
	require.NoError(s.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s", b)
	return recsync.DispositionEvidence{Search: search, Snapshot: ecm.QDate(qdate)}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
