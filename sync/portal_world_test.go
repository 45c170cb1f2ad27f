package sync_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// portalRule takes an attribute of the portal asset for an approval.
var portalRule = records.ApprovalRule{
	Source: records.ApprovalByAttribute, Attribute: "approval", Accepted: []string{"final", "released"}, Person: "approved_by", Time: "approved_at",
}

func newPortalWorld(t *testing.T, change func(*recsync.ScopeConfig), opts ...option) *world {
	t.Helper()
	return newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Approval = portalRule
		c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: testserver.PortalUUID}, Project: "campaign"}
		if change != nil {
			change(c)
		}
	}, opts...)
}

func approved(patch testserver.SmintJSON) testserver.SmintJSON {
	return testserver.SmintMerge(testserver.SmintJSON{
		"approval": "final", "approved_by": "Dana Designer", "approved_at": "2025-05-06T08:18:51+02:00", "campaign": "Spring",
	}, patch)
}

// finish is a person who finishes a version of an asset in a creative tool:
// the portal shows it from then on.
func (w *world) finish(id, version, etag string, content []byte, attributes testserver.SmintJSON) smint.AssetID {
	w.t.Helper()
	require.NoError(w.t, w.smint.PutAsset(testserver.SmintJSON{
		"id": id, "external_id": id, "version": version, "etag": etag, "content_type": "image",
		"name": testserver.SmintText("x-default", "Key visual "+id), "permissions": []any{"search", "read_details", "download_hires"}, "attributes": attributes,
		"file": testserver.SmintJSON{"file_name": id + ".jpg", "media_type": "image/jpeg", "file_size_in_bytes": len(content)},
	}, testserver.SmintBytes(content)))
	return smint.AssetID("99:image:" + id)
}

// followPortal makes one pass, and tells what became of each asset.
func (w *world) followPortal(store recsync.FeedStore, opts recsync.FollowOptions) (recsync.FollowResult, map[string]recsync.ItemResult) {
	w.t.Helper()
	items := map[string]recsync.ItemResult{}
	opts.OnItem = func(r recsync.ItemResult) { items[r.ID] = r }
	result, err := recsync.FollowPortal(w.t.Context(), w.scope, store, opts)
	require.NoError(w.t, err)
	return result, items
}

// plainECM asks the ECM server with nothing but net/http.
type plainECM struct {
	t            *testing.T
	base, ticket string
	client       *http.Client
}

func (w *world) plainECM() *plainECM {
	w.t.Helper()
	o := w.ecm.Options()
	p := &plainECM{t: w.t, base: "https://ecm.example" + o.Base + "/api", client: &http.Client{Transport: w.ecm.Transport()}}
	resp, err := p.client.PostForm(p.base+"/v1/auth", url.Values{"username": {o.User}, "password": {o.Password}})
	require.NoError(w.t, err)
	var answer struct{ Ticket string }
	require.NoError(w.t, json.NewDecoder(resp.Body).Decode(&answer))
	require.NoError(w.t, resp.Body.Close())
	p.ticket = answer.Ticket
	return p
}

func (p *plainECM) get(path string) []byte {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	require.NoError(p.t, err)
	r.Header.Set("OTCSTicket", p.ticket)
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s: %s", path, b)
	return b
}

func (p *plainECM) json(path string, v any) {
	p.t.Helper()
	require.NoError(p.t, json.Unmarshal(p.get(path), v), path)
}

// plainNode is a document as the server's own answer has it.
type plainNode struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Container bool   `json:"container"`
}

// documents are all documents below a folder, by name.
func (p *plainECM) documents(folder int64) map[string]plainNode {
	p.t.Helper()
	found := map[string]plainNode{}
	var page struct {
		Results []struct {
			Data struct {
				Properties plainNode `json:"properties"`
			} `json:"data"`
		} `json:"results"`
	}
	p.json(fmt.Sprintf("/v2/nodes/%d/nodes?limit=100", folder), &page)
	for _, r := range page.Results {
		if n := r.Data.Properties; n.Container {
			for name, inner := range p.documents(n.ID) {
				found[name] = inner
			}
		} else {
			found[n.Name] = n
		}
	}
	return found
}

func (p *plainECM) content(id int64) []byte { return p.get(fmt.Sprintf("/v2/nodes/%d/content", id)) }

// says tells whether the answer about a node names all of these.
func (p *plainECM) says(path string, words ...string) {
	p.t.Helper()
	text := string(p.get(path))
	for _, w := range words {
		require.Contains(p.t, text, w, "%s does not say %q", path, w)
	}
}
