package testserver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upload is a document's creation with attributes.
func (w *ecmWorld) upload(name string, values map[string]any) *ecmAnswer {
	w.t.Helper()
	body := map[string]any{"type": 144, "parent_id": w.folder, "name": name, "roles": map[string]any{"categories": values}}
	return w.send("POST", "/v2/nodes", fileBody(name, []byte(name), "body", string(marshal(body))))
}

func (w *ecmWorld) details(id int64) *ecmAnswer {
	w.t.Helper()
	return w.get(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id)).ok()
}

func (w *ecmWorld) classify(id int64, kv ...any) *ecmAnswer {
	w.t.Helper()
	return w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), append([]any{"class_id", w.class}, kv...)...)
}

func (w *ecmWorld) finalize(id int64) *ecmAnswer {
	w.t.Helper()
	return w.put("/v1/rmclassifications/finalizerecords", "ids", id)
}

// ecmRules are what a declaration relies on, each with a way to see that it
// holds.
var ecmRules = map[string]func(w *ecmWorld) bool{
	"names are unique in a folder: a second one is refused": func(w *ecmWorld) bool {
		w.document("a")
		return w.upload("a", nil).status == 500 && w.CountNamed("a") == 1
	},
	"names are compared without regard to case": func(w *ecmWorld) bool {
		w.document("a")
		return w.upload("A", nil).status == 500
	},
	"where_name narrows a list to names that contain it": func(w *ecmWorld) bool {
		w.document("ab")
		w.document("cd")
		return len(w.get(fmt.Sprintf("/v2/nodes/%d/nodes", w.folder), "where_name", "b").ok().list("results")) == 1
	},
	"attributes that come with the upload are stored with it": func(w *ecmWorld) bool {
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Key"})
		id := w.upload("a", map[string]any{attributeKey(cat, 2): "k"}).ok().id("results.data.properties.id")
		return w.node(id).Values[attributeKey(cat, 2)] == "k"
	},
	"an upload without a required attribute is refused, and nothing is stored": func(w *ecmWorld) bool {
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Key"}, ECMAttribute{Label: "Owner", Required: true})
		return w.upload("a", map[string]any{attributeKey(cat, 2): "k"}).status == 400 && w.CountNamed("a") == 0
	},
	"an upload with an attribute that does not exist is refused": func(w *ecmWorld) bool {
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Key"})
		return w.upload("a", map[string]any{attributeKey(cat, 9): "k"}).status == 400 && w.CountNamed("a") == 0
	},
	"a text longer than its attribute is refused": func(w *ecmWorld) bool {
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Key", MaxLength: 3})
		return w.upload("a", map[string]any{attributeKey(cat, 2): "four"}).status == 500
	},
	"a document needs its file": func(w *ecmWorld) bool {
		return w.post("/v2/nodes", "type", 144, "parent_id", w.folder, "name", "a").status == 400
	},
	"an upload that is cut off stores nothing": func(w *ecmWorld) bool {
		whole := fileBody("a", bytes.Repeat([]byte("x"), 5000), "type", 144, "parent_id", w.folder, "name", "a")
		all, err := io.ReadAll(whole.body)
		require.NoError(w.t, err)
		for _, n := range []int{3000, len(all) - 10} {
			w.send("POST", "/v2/nodes", sentECM{bytes.NewReader(all[:n]), whole.kind})
		}
		return w.CountNamed("a") == 0
	},
	"a JSON body without the form's field is not understood": func(w *ecmWorld) bool {
		a := w.send("POST", "/v2/nodes", sentECM{bytes.NewReader([]byte(`{"type":0,"parent_id":2000,"name":"a"}`)), "application/json"})
		return a.status == 400 && strings.Contains(string(a.raw), "Parameters are required")
	},
	"what a user may not see is not there for him": func(w *ecmWorld) bool {
		w.AddUser(ECMUser{Name: "other", Password: "pw", Roots: []int64{w.AddFolder(enterpriseID, "Other")}})
		id := w.document("a")
		return w.as("other").get(fmt.Sprintf("/v2/nodes/%d", id)).status == 400
	},
	"a wrong password is refused": func(w *ecmWorld) bool {
		return w.post("/v1/auth", "username", w.options.User, "password", "guessed").status == 401
	},
	"a ticket ends with its time": func(w *ecmWorld) bool {
		w.clock.Move(w.options.TicketLifetime + time.Second)
		return w.get(fmt.Sprintf("/v2/nodes/%d", w.folder)).status == 401
	},
	"a classification is a node of type 551": func(w *ecmWorld) bool {
		id := w.document("a")
		return w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), "class_id", w.folder, "rm_metadataToken", w.token(id)).status == 400
	},
	"a stale token is refused: another write made it so": func(w *ecmWorld) bool {
		id := w.document("a")
		stale := w.token(id)
		w.classify(id, "rm_metadataToken", stale).ok()
		return w.token(id) != stale && w.classify(id, "rm_metadataToken", stale).status == http.StatusConflict
	},
	"a record is reclassified with its token only": func(w *ecmWorld) bool { return w.classify(w.record("a")).status == 400 },
	"details that come with the class are stored with it": func(w *ecmWorld) bool {
		id := w.document("a")
		w.classify(id, "rm_metadataToken", w.token(id), "file_status", "CLOSED", "record_date", "2026-01-05").ok()
		d := w.details(id)
		return d.text("data.0.file_status") == "CLOSED" && d.text("data.0.record_date") == "2026-01-05T00:00:00"
	},
	"a class brings its schedule to the record": func(w *ecmWorld) bool { return w.details(w.record("a")).text("data.0.rsi") == "MKT-07" },
	"a schedule that is not the class's own is refused": func(w *ecmWorld) bool {
		w.AddRSI(ECMRSI{Name: "HR-01", Stage: "FINAL"})
		id := w.record("a")
		return w.post(fmt.Sprintf("/v1/nodes/%d/rmclassifications/%d/rsis", id, w.class), "rsi", "HR-01").status == 400 && w.node(id).RSI == "MKT-07"
	},
	"a schedule that comes with the class is one of the class's own": func(w *ecmWorld) bool {
		w.AddRSI(ECMRSI{Name: "HR-01", Stage: "FINAL"})
		id := w.document("a")
		refused := w.classify(id, "rm_metadataToken", w.token(id), "rsi", "HR-01").status == 400 && w.node(id).Class == 0
		return refused && w.classify(id, "rm_metadataToken", w.token(id), "rsi", "MKT-07").status == 200 && w.node(id).RSI == "MKT-07"
	},
	"who may not classify reads canRMClassify false": func(w *ecmWorld) bool {
		id := w.document("a")
		w.Deny(w.options.User, "classify")
		return w.details(id).text("canRMClassify") == "false"
	},
	"who may not finalize reads canFinalize false": func(w *ecmWorld) bool {
		id := w.record("a")
		w.Deny(w.options.User, "finalize")
		return w.details(id).text("canFinalize") == "false" && w.finalize(id).status == 404
	},
	"only a record can be final": func(w *ecmWorld) bool { return w.finalize(w.document("a")).status == 404 },
	"a final record reads canFinalize and canRemoveClass false": func(w *ecmWorld) bool {
		id := w.record("a")
		w.finalize(id).ok()
		d := w.details(id)
		return w.node(id).Final && d.text("canFinalize") == "false" && d.text("canRemoveClass") == "false"
	},
	"a final record takes no new version": func(w *ecmWorld) bool {
		id := w.record("a")
		w.finalize(id).ok()
		return w.send("POST", fmt.Sprintf("/v2/nodes/%d/versions", id), fileBody("b", []byte("b"))).status == 400
	},
	"the attributes of a final record stay as they are": func(w *ecmWorld) bool {
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Key"})
		id := w.upload("a", map[string]any{attributeKey(cat, 2): "k"}).ok().id("results.data.properties.id")
		w.declare(id)
		w.finalize(id).ok()
		return w.put(fmt.Sprintf("/v2/nodes/%d/categories/%d", id, cat), attributeKey(cat, 2), "other").status != 200 && w.node(id).Values[attributeKey(cat, 2)] == "k"
	},
	"a final record is not deleted": func(w *ecmWorld) bool {
		id := w.record("a")
		w.finalize(id).ok()
		return w.del(fmt.Sprintf("/v2/nodes/%d", id)).status == 400
	},
	"what is on hold is not deleted": func(w *ecmWorld) bool {
		id := w.document("a")
		w.AddHold("CASE-1", "LEGAL", id)
		return w.del(fmt.Sprintf("/v2/nodes/%d", id)).status == 400
	},
	"an answer that is lost belongs to work that is done": func(w *ecmWorld) bool {
		w.Fail(Fault{Route: "POST /v2/nodes", Kind: DropAfter})
		body := jsonField(map[string]any{"type": 0, "parent_id": w.folder, "name": "a"})
		r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://ecm.example"+w.options.Base+"/api/v2/nodes", body.body)
		require.NoError(w.t, err)
		r.Header = http.Header{"Content-Type": {body.kind}, "Otcsticket": {w.ticket}}
		resp, err := w.c.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err != nil && w.CountNamed("a") == 1
	},
}

// TestECM_RulesThatADeclarationReliesOn: taken out of the fake, each of them
// would let a declaration pass its tests and fail at a server.
func TestECM_RulesThatADeclarationReliesOn(t *testing.T) {
	t.Parallel()
	for rule, holds := range ecmRules {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			require.True(t, holds(newECMWorld(t)), "the fake no longer keeps to the rule that %s", rule)
		})
	}
}
