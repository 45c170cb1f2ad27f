package sync_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// model is what a person knows of one reference document.
type model struct {
	id                 int64
	approved, there    bool
	lastDay            time.Time // zero: none
	listed, downloadTo bool
}

// TestR44_AnyHistory: whatever people, clock, passes, polls, restarts and late
// publications come in which order, bytes are served exactly while the document
// is approved, in its time and there, and the portal grants a download only of
// what was so at the last pass. What each step was is counted; none is missing.
func TestR44_AnyHistory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			history(t, rand.New(rand.NewPCG(seed, 44)), 120) //nolint:gosec // a history that can be told again
		})
	}
}

func history(t *testing.T, r *rand.Rand, steps int) {
	t.Helper()
	w := newSurfaced(t, nil)
	var docs []*model
	for _, name := range []string{"a.pdf", "b.pdf", "c.pdf"} {
		m := &model{id: w.drafted(name), there: true}
		docs = append(docs, m)
	}
	counts := map[string]int{}
	var old []smint.Publication
	usable := func(m *model) bool {
		return m.approved && m.there && (m.lastDay.IsZero() || w.clock.Now().Before(m.lastDay))
	}
	acts := map[string]func(m *model){
		"approve":  func(m *model) { w.fill(m.id, "Approval", "approved"); m.approved = true },
		"withdraw": func(m *model) { w.fill(m.id, "Approval", "draft"); m.approved = false },
		"bound": func(m *model) {
			day := w.clock.Now().UTC().AddDate(0, 0, r.IntN(4))
			w.fill(m.id, "Valid until", day.Format(time.DateOnly))
			m.lastDay = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, time.UTC)
		},
		"unbound": func(m *model) { w.fill(m.id, "Valid until", ""); m.lastDay = time.Time{} },
		"delete": func(m *model) {
			w.ecm.Change(m.id, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
			m.there = false
		},
		"restore": func(m *model) {
			w.ecm.Change(m.id, func(_ *string, _ *int64, deleted *bool) { *deleted = false })
			m.there = true
		},
		"clock": func(*model) { w.clock.Move(time.Duration(r.IntN(30)+1) * time.Hour) },
		"pass": func(*model) {
			w.clock.Move(time.Second)
			w.pass()
			for _, m := range docs {
				m.listed = usable(m)
				if state, known := w.surface.Feed().State(otcs(m.id)); known {
					old = append(old, smint.Publication{ExternalID: state.ExternalID, Sequence: state.Sequence, Action: smint.ActPublish})
				}
			}
		},
		"poll": func(*model) {
			w.poll()
			for _, m := range docs {
				m.downloadTo = m.listed
			}
		},
		"restart": func(*model) { w.reopen() },
		"replay": func(*model) {
			if len(old) > 0 {
				_, err := w.surface.Publisher(nil).Publish(t.Context(), old[r.IntN(len(old))])
				require.NoError(t, err)
			}
		},
	}
	names := make([]string, 0, len(acts))
	for name := range acts {
		names = append(names, name)
	}
	sort.Strings(names)
	drawn := append([]string{"approve", "approve", "approve", "pass", "pass", "restore", "unbound"}, names...)
	for range steps {
		name, m := drawn[r.IntN(len(drawn))], docs[r.IntN(len(docs))]
		if !m.there && name != "restore" && name != "clock" && name != "pass" && name != "poll" {
			name = "restore" // nobody edits what is deleted
		}
		acts[name](m)
		counts[name]++
		for _, m := range docs {
			status, content := w.bytes(otcs(m.id))
			served := status == http.StatusOK && content == "not yet"
			if served {
				counts["served"]++
			}
			require.False(t, served && !usable(m), "after %s: node %d is served and may not be used", name, m.id)
			if name == "pass" {
				require.Equal(t, usable(m), served, "after a pass: node %d: %s", m.id, content)
			}
		}
		for _, sight := range w.smint.Sights() {
			for _, m := range docs {
				if sight.ID == otcs(m.id) && sight.Hires {
					require.True(t, m.downloadTo, "after %s: the portal grants a download of node %d, which the last pass did not offer", name, m.id)
				}
			}
		}
	}
	var told []string
	for _, name := range append(names, "served") {
		told = append(told, fmt.Sprintf("%s %d", name, counts[name]))
		require.NotZero(t, counts[name], "no step %s", name)
	}
	t.Log(strings.Join(told, ", "))
	receipt, err := recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.NoError(t, err, receipt.Reason)
}
