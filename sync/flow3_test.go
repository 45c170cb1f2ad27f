package sync_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF3_RetentionHoldDisposition: pictures are bought, become records under a
// schedule, and one license comes into a lawsuit. The years pass; the records
// office runs ECM's disposition. What the lawsuit needs stays, with its rights
// and whatever is bought under that license later; the rest goes. A second
// hold overlaps; after the last release the record is reviewed, and goes.
func TestF3_RetentionHoldDisposition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	// A person buys.
	w.buy("501", picture(300), nil)
	w.buy("502", picture(400), nil)
	store := w.store()
	w.follow(store, recsync.FollowOptions{})
	search := w.ecm.AddDispositionSearch("Campaign media", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}, Reviewers: []int64{1000}})

	// The lawsuit: everything of license 501, by order of the general counsel.
	w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
	require.NoError(t, w.smint.AddBinaryVersion("501", w.file("501", "1", picture(310))))
	w.follow(store, recsync.FollowOptions{})
	office := w.plainECM()
	kept, gone := map[string]plainNode{}, map[string]plainNode{}
	for name, n := range office.documents(w.root) {
		if name[:3] == "501" {
			kept[name] = n
		} else {
			gone[name] = n
		}
	}
	require.Len(t, kept, 5, "two versions, each with its rights, and beside the held ones the vendor's newer word")
	require.Len(t, gone, 2)

	// Seven years later the records office runs its disposition: a search, a
	// review, the actions.
	w.clock.Move(7*366*24*time.Hour + 24*time.Hour)
	office = w.plainECM()
	run := office.dispose(search)
	for name, n := range kept {
		require.True(t, office.stands(n.ID), "%s is held and was disposed of", name)
		require.NotEmpty(t, office.content(n.ID))
	}
	for name, n := range gone {
		require.False(t, office.stands(n.ID), "%s is not held, fell due and was approved", name)
	}

	// An audit comes in between; the lawsuit ends.
	w.hold(order("AUDIT-1", recsync.HoldTarget{About: map[recsync.Field]string{recsync.FieldAssetID: "501"}}))
	w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
	office.dispose(search)
	for name, n := range kept {
		require.True(t, office.stands(n.ID), "%s: one of two holds was released, the other holds", name)
	}

	// The audit ends too. Nothing goes by itself, nor by what was approved before.
	w.release(releaseOf("AUDIT-1", recsync.HoldTarget{}))
	office.perform(search, run)
	for name, n := range kept {
		require.True(t, office.stands(n.ID), "%s went by an approval from before the release", name)
	}
	office.dispose(search)
	for name, n := range kept {
		require.False(t, office.stands(n.ID), "%s: reviewed after the last release, it goes", name)
	}
}

// dispose is the records office: it runs a search, approves what the run lists
// and has the actions performed. It returns the run.
func (p *plainECM) dispose(search int64) string {
	p.t.Helper()
	p.post(fmt.Sprintf("/v1/nodes/%d/startdispsearch", search), nil)
	var table struct {
		Data []struct {
			Data struct {
				QDate string `json:"qdate"`
			} `json:"data"`
		} `json:"data"`
	}
	p.json(fmt.Sprintf("/v2/snapshottable/%d?page=1&limit=100", search), &table)
	require.NotEmpty(p.t, table.Data)
	run := table.Data[len(table.Data)-1].Data.QDate
	p.decide(search, run, "approve")
	p.perform(search, run)
	return run
}

// stands tells whether ECM still has a node.
func (p *plainECM) stands(id int64) bool {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, fmt.Sprintf("%s/v2/nodes/%d", p.base, id), http.NoBody)
	require.NoError(p.t, err)
	r.Header.Set("OTCSTicket", p.ticket)
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	return resp.StatusCode == http.StatusOK
}
