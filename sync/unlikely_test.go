package sync_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// rewriting is a transport that changes what a server answers, as one of another
// version might.
type rewriting struct {
	inner   http.RoundTripper
	rewrite func(r *http.Request, body []byte) []byte
}

func (t rewriting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	body = t.rewrite(r, body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("Content-Length", fmt.Sprint(len(body)))
	return resp, nil
}

// TestR35_AnActionThatNobodyKnowsIsNoDestruction: the record is gone, and ECM's
// run carried something out on it of which this version does not know what it is.
func TestR35_AnActionThatNobodyKnowsIsNoDestruction(t *testing.T) {
	t.Parallel()
	for action, destroyed := range map[string]bool{"32": true, "Destroy": true, "12": true, "77": false, "Shred": false, "10": false, "15": false, "": false} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r, e := s.disposed("501")
			s.config.ECM = s.ecmClientOver(rewriting{s.ecm.Transport(), func(_ *http.Request, body []byte) []byte {
				return bytes.ReplaceAll(body, []byte(`"disp_action":"32"`), []byte(`"disp_action":"`+action+`"`))
			}})
			s.restart()
			receipt := s.mustPropagate(e)
			require.Equal(t, -1, s.downloads(portalID(r)))
			if destroyed {
				require.NotEmpty(t, receipt.Certificate)
				return
			}
			require.Equal(t, recsync.CauseGone, receipt.Access.Cause, receipt.Access.Reason)
			require.Empty(t, receipt.Certificate, "a certificate of what nobody knows")
			require.Zero(t, receipt.Document)
		})
	}
}

// TestR41_AGrantThatWasNotTakenIsNoSuccess: what the other side does not know is
// not shown, so that a removal is done; access that was to be given is not.
func TestR41_AGrantThatWasNotTakenIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	s.retire(r)
	require.Equal(t, adapter.Hidden, s.mustPropagate(s.event(recsync.EventDispositionDue, r, nil)).Access.Access)
	s.lengthen(10)
	s.publisher.Render = func(context.Context, smint.Publication) (adapter.Asset, error) {
		return adapter.Asset{}, adapter.ErrNotFound
	}
	receipt, err := s.propagate(s.event(recsync.EventKept, r, nil))
	require.ErrorIs(t, err, recsync.ErrNotProven, "%+v", receipt.Places)
	require.ErrorContains(t, err, string(smint.PublishNotFound))
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Empty(t, receipt.Places[0].Did)
}

// TestR10_AnEventDatedAheadHappenedWhenItWasSeen: ECM says that a hold was applied
// many years from now. No event lies ahead of its being seen.
func TestR10_AnEventDatedAheadHappenedWhenItWasSeen(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	store := s.watchStore()
	require.Empty(t, s.watch(store))
	s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(r.Record.Node()))
	applied := regexp.MustCompile(`("date_applied":")\d{4}`)
	s.config.ECM = s.ecmClientOver(rewriting{s.ecm.Transport(), func(_ *http.Request, body []byte) []byte {
		return applied.ReplaceAll(body, []byte("${1}2099"))
	}})
	s.restart()
	require.Equal(t, 2099, s.facts("501").Holds.List()[0].At.Year())
	events := s.watch(store)
	require.Equal(t, []string{"hold_set 501"}, kindsOf(events))
	require.False(t, events[0].At.After(events[0].SeenAt), "it happened on %s, and was seen on %s", events[0].At, events[0].SeenAt)
}

// TestF4_WhatTheCatalogRefusesIsHidden: ECM says that a document is its own
// successor, which no catalog can say. What was offered before does not stay.
func TestF4_WhatTheCatalogRefusesIsHidden(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	access := recsync.DefaultAccessPolicy()
	access.ReplacedReference = "REPLACED"
	w.config.Policy.Access = &access
	id, other := w.approvedDocument("a.pdf", "a"), w.approvedDocument("b.pdf", "b")
	w.config.ECM = w.ecmClientOver(rewriting{w.ecm.Transport(), func(r *http.Request, body []byte) []byte {
		if strings.HasSuffix(r.URL.Path, fmt.Sprintf("/nodes/%d/xrefs", id)) {
			return bytes.ReplaceAll(body, []byte(itoa(other)), []byte(itoa(id)))
		}
		return body
	}})
	w.reopen()
	w.pass()
	w.poll()
	require.NotEmpty(t, w.shows(otcs(id)))
	require.NoError(t, w.config.ECM.CrossReferences.Assign(t.Context(), ecm.NodeID(id), ecm.CrossReference{Type: "REPLACED", To: ecm.NodeID(other)}))
	receipt, err := recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, adapter.ErrInvalid)
	require.Equal(t, recsync.SurfaceFailed, itemsOf(receipt)[otcs(id)].Outcome)
	require.Equal(t, recsync.SurfaceUnchanged, itemsOf(receipt)[otcs(other)].Outcome, "one bad record stops no other")
	state, _ := w.surface.Feed().State(otcs(id))
	require.Equal(t, adapter.Hidden, state.Asset.Access, "what was offered before stays, though nobody can say what it is now")
	w.poll()
	require.Empty(t, w.shows(otcs(id)))
	require.NotEmpty(t, w.shows(otcs(other)))
}

// TestR44_BytesThatChangeWhileTheyAreOpenedAreNotServed: between the decision and
// the bytes a document becomes another one, of another size.
func TestR44_BytesThatChangeWhileTheyAreOpenedAreNotServed(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "what was approved")
	w.pass()
	changes := false
	w.config.ECM = w.ecmClientOver(rewriting{w.ecm.Transport(), func(r *http.Request, body []byte) []byte {
		if changes && strings.HasSuffix(r.URL.Path, fmt.Sprintf("/nodes/%d/versions/1/content", id)) {
			return []byte("what nobody approved, and longer")
		}
		return body
	}})
	w.reopen()
	status, content := w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "what was approved", content)
	changes = true
	status, content = w.bytes(otcs(id))
	require.NotEqual(t, http.StatusOK, status, content)
	require.NotContains(t, content, "what nobody")
	changes = false
	status, _ = w.bytes(otcs(id))
	require.Equal(t, http.StatusOK, status)
}
