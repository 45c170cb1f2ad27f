package testserver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestECM_TakesParametersAsClientsSendThem: the server merges its parameters
// from four places and knows several spellings of lists, flags and nothing at
// all. Each way leads to the same state.
func TestECM_TakesParametersAsClientsSendThem(t *testing.T) {
	t.Parallel()
	ways := map[string]func(w *ecmWorld, method, path string, kv ...any) *ecmAnswer{
		"query":     func(w *ecmWorld, m, p string, kv ...any) *ecmAnswer { return w.send(m, p+"?"+pairs(kv).Encode()) },
		"form":      func(w *ecmWorld, m, p string, kv ...any) *ecmAnswer { return w.send(m, p, formBody(kv...)) },
		"multipart": func(w *ecmWorld, m, p string, kv ...any) *ecmAnswer { return w.send(m, p, fileBody("", nil, kv...)) },
		"body": func(w *ecmWorld, m, p string, kv ...any) *ecmAnswer {
			object := map[string]any{}
			for i := 0; i+1 < len(kv); i += 2 {
				if before, again := object[fmt.Sprint(kv[i])].([]any); again {
					object[fmt.Sprint(kv[i])] = append(before, kv[i+1])
				} else if strings.HasSuffix(fmt.Sprint(kv[i]), "s") && kv[i] != "task_name" {
					object[fmt.Sprint(kv[i])] = []any{kv[i+1]}
				} else {
					object[fmt.Sprint(kv[i])] = kv[i+1]
				}
			}
			return w.send(m, p, jsonField(object))
		},
	}
	for name, send := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newECMWorld(t)
			a, b := w.record("a"), w.record("b")
			hold := send(w, "POST", "/v1/holds", "type", "LEGAL", "name", "CASE-7", "date_applied", "2026-01-06", "comment", "").ok().id("holdID")
			send(w, "POST", fmt.Sprintf("/v1/nodes/%d/holds", a), "hold_id", hold).ok()
			send(w, "POST", "/v1/rmclassifications/applyhold", "ids", a, "ids", b, "holdID", hold).ok()
			require.Len(t, w.node(b).Holds, 1, name)
			send(w, "PUT", "/v1/holds", "id", hold, "comment", "wider", "type", "", "name", "").ok()
			require.Equal(t, "CASE-7", w.get(fmt.Sprintf("/v2/holds/%d", hold)).ok().text("hold.HoldName"), "an empty value is none")
			send(w, "POST", fmt.Sprintf("/v1/nodes/%d/xrefs", a), "xref_type", "RIGHTS", "xref_id", b, "comment", "").ok()
			// A trailing slash means nothing, anywhere.
			send(w, "POST", "/v1/rmclassifications/removehold/", "ids", b, "holdID", hold).ok()
			require.Empty(t, w.node(b).Holds, name)
		})
	}
}

// TestECM_KnowsListsFlagsAndNothing in every spelling that is met in the wild.
func TestECM_KnowsListsFlagsAndNothing(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	hold := w.post("/v1/holds", "type", "LEGAL", "name", "CASE-8", "date_applied", "2026-01-06").ok().id("holdID")
	for i, list := range [][]any{{"ids", "%d", "ids", "%d"}, {"ids", "%d,%d"}, {"ids", "[%d,%d]"}, {"ids", "[\"%d\",\"%d\"]"}, {"ids", "{%d,%d}"}, {"ids", "%d, %d"}} {
		a, b := w.record(fmt.Sprint("a", i)), w.record(fmt.Sprint("b", i))
		kv := []any{"holdID", hold}
		if len(list) == 4 {
			kv = append(kv, "ids", a, "ids", b)
		} else {
			kv = append(kv, "ids", fmt.Sprintf(list[1].(string), a, b))
		}
		w.post("/v1/rmclassifications/applyhold", kv...).ok()
		require.Len(t, w.node(a).Holds, 1, "%v", list)
		require.Len(t, w.node(b).Holds, 1, "%v", list)
	}
	for i, yes := range []string{"true", "True", "TRUE", "1"} {
		id := w.record(fmt.Sprint("official ", i))
		w.put(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), "rm_metadataToken", w.token(id), "official", yes, "record_date", "", "cycle_period", "").ok()
		require.True(t, w.node(id).Official, yes)
		for _, no := range []string{"false", "False", "0"} {
			w.put(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), "rm_metadataToken", w.token(id), "official", no).ok()
			require.False(t, w.node(id).Official, no)
		}
	}
	// A first declaration refuses a flag that is false, and takes an empty one, and
	// an empty token, for none.
	plain := w.document("plain")
	w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications", plain), "class_id", w.class, "official", "false").refused(400, "Invalid datatype")
	w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications", plain), "class_id", w.class, "official", "", "rm_metadataToken", "").ok()
	w.get("/v2/holds", "page", "", "limit", "").ok()
	w.put(fmt.Sprintf("/v2/nodes/%d", w.document("still")), "name", "stiller", "parent_id", "", "original_id", "").ok()
}

// TestECM_TakesATypeWithoutABody: some clients name a content type on every
// request, reads included.
func TestECM_TakesATypeWithoutABody(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"} {
		for _, path := range []string{fmt.Sprintf("/v2/nodes/%d/", id), "/v1/holds", "/v1/auth", "/v2/volumes/141/nodes/"} {
			w.send("GET", path, sentECM{http.NoBody, kind}).ok()
		}
	}
}
