package sync_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	recsync "github.com/smintecm/sdk/sync"
)

// calls are the requests that the fake got, logins apart.
func (w *world) calls() []string {
	var list []string
	for _, e := range w.ecm.Exchanges() {
		if !strings.HasSuffix(e.Route, "/auth") {
			list = append(list, e.Route)
		}
	}
	return list
}

// TestDeclareRecord_SendsWhatItNeedsAndNoMore: with folder and class known, each
// call has its own reason, and a record that stands costs reads alone.
func TestDeclareRecord_SendsWhatItNeedsAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(10)), w.file("1", "b", picture(20))))
	assets := w.assets("1")
	mustDeclare(w, assets[0])
	w.ecm.Forget()
	mustDeclare(w, assets[1])
	require.Equal(t, []string{
		"GET /v2/nodes/{id}/nodes",                  // nothing stands under the name, and no trace of a record that was destroyed
		"GET /v2/dispositionscontainer/{id}",        // nor has a disposition that nobody saw yet ended one
		"POST /v2/nodes",                            // bytes and attributes at once
		"GET /v2/nodes/{id}",                        // place, size, key and digest as they are stored
		"GET /v2/nodes/{id}/nodes",                  // no hold was ordered meanwhile for what is to come
		"GET /v1/nodes/{id}/rmclassifications",      // the token that a classification must bring
		"POST /v1/nodes/{id}/rmclassifications",     // the class, with the record details
		"GET /v1/nodes/{id}/rmclassifications",      // the schedule, before what cannot be undone
		"PUT /v1/rmclassifications/finalizerecords", // final
		"GET /v1/nodes/{id}/rmclassifications",      // class, schedule, status and finality as they are stored
	}, w.calls(), "a declaration sends another number of requests than it has reasons for")

	w.ecm.Forget()
	again := mustDeclare(w, assets[1])
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, []string{"GET /v2/nodes/{id}/nodes", "GET /v1/nodes/{id}/rmclassifications", "GET /v2/nodes/{id}/nodes"}, w.calls(), "a record that stands is read by its name, with its attributes, and by its record details; then the holds that were ordered")
}

// TestDeclareRecord_AListWithoutAttributesIsNoJudgment: a server that leaves
// them out of its lists is asked for the node itself, before a record is taken
// for something else.
func TestDeclareRecord_AListWithoutAttributesIsNoJudgment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("1", picture(10))
	r := mustDeclare(w, a)
	w.ecm.Fail(testserver.Fault{Route: "GET /v2/nodes/{id}/nodes", Status: 200, Body: fmt.Sprintf(
		`{"collection":{"paging":{"limit":100,"page":1,"page_total":1,"total_count":1}},"results":[{"data":{"properties":{"id":%s,"name":%q,"type":144,"parent_id":%d,"size":10}}}]}`,
		r.Record.Node(), a.Key.NodeName(), w.records()[0].Parent)})
	again, err := w.declare(a)
	require.NoError(t, err)
	require.Equal(t, recsync.Unchanged, again.Change)
}
