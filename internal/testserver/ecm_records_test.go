package testserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_DeclareUnderAToken(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	path := fmt.Sprintf("/v1/nodes/%d/rmclassifications", id)
	before := w.get(path).ok()
	require.Empty(t, before.list("data"))
	require.Equal(t, "true", before.text("canRMClassify"))
	stale := before.text("rm_metadataToken")
	w.post(path, "rm_metadataToken", stale).refused(400, "Missing required parameter 'class_id'")
	w.post(path, "class_id", w.class, "rm_metadataToken", stale, "official", "false").refused(400, "Invalid datatype specified for argument 'official'")
	w.post(path, "class_id", w.class, "rm_metadataToken", stale, "cycle_period", "4").refused(400, "Incorrect Cycle Period specified")
	w.post(path, "class_id", w.folder, "rm_metadataToken", stale).refused(400, "Could not get node for")
	w.post(path, "class_id", w.class, "rm_metadataToken", stale).ok()
	w.post(path, "class_id", w.class, "rm_metadataToken", stale).refused(409, "edit conflict")
	w.put(path, "rm_metadataToken", stale, "subject", "x").refused(409, "edit conflict")
	w.put(path, "subject", "x").refused(400, "Argument 'rm_metadataToken' is required")

	w.put(path, "rm_metadataToken", w.token(id), "file_status", "CLOSED", "record_date", "2026-01-05", "official", "true", "unknown", "ignored").ok()
	after := w.get(path).ok()
	require.Equal(t, "CLOSED", after.text("data.0.file_status"))
	require.Equal(t, "2026-01-05T00:00:00", after.text("data.0.record_date"))
	require.Nil(t, after.at("data.0.subject"), "what is not set is null")
	require.Equal(t, "MKT-07", after.text("data.0.rsi"))
	w.put(path, "rm_metadataToken", w.token(id), "subject", "kept?", "record_date", "31.01.2026").refused(400, "Invalid datatype")
	require.Nil(t, w.get(path).ok().at("data.0.subject"), "a refused update leaves nothing")

	w.del(fmt.Sprintf("%s/%d", path, w.class), "rm_metadataToken", stale).refused(409, "edit conflict")
	w.del(fmt.Sprintf("%s/%d", path, w.class), "rm_metadataToken", w.token(id)).ok()
	require.Empty(t, w.get(path).ok().list("data"))
}

func TestECM_FinalCannotBeUndone(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{false, true} {
		w := newECMWorld(t, func(o *ECMOptions) { o.OpenAttributes = open })
		cat := w.AddCategory("Asset", ECMAttribute{Label: "Client"})
		id, plain := w.record("a"), w.document("plain")
		w.post(fmt.Sprintf("/v2/nodes/%d/categories", id), "category_id", cat, attributeKey(cat, 2), "before").ok()
		w.put("/v1/rmclassifications/finalizerecords").refused(404, "ID is not an integer or is missing")
		w.put("/v1/rmclassifications/finalizerecords", "ids", id, "ids", plain).refused(404, "Accessibility error. Not enough permissions")
		require.False(t, w.node(id).Final, "one that cannot be final keeps all from it")
		w.put("/v1/rmclassifications/finalizerecords", "ids", id).ok()
		path := fmt.Sprintf("/v1/nodes/%d/rmclassifications", id)
		require.Equal(t, "false", w.get(path).ok().text("canFinalize"))
		w.send("POST", fmt.Sprintf("/v2/nodes/%d/versions", id), fileBody("b", []byte("b"))).refused(400, "invalid action")
		w.del(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "invalid action 'delete'")
		w.del(fmt.Sprintf("/v2/nodes/%d", w.folder)).refused(400, "invalid action 'delete'")
		w.put(fmt.Sprintf("/v2/nodes/%d", id), "parent_id", enterpriseID).refused(400, "invalid action 'move'")
		w.del(fmt.Sprintf("%s/%d", path, w.class), "rm_metadataToken", w.token(id)).refused(400, "Could not delete records in table RM_PartRecords")
		want := 400
		if open {
			want = 200
		}
		require.Equal(t, want, w.put(fmt.Sprintf("/v2/nodes/%d/categories/%d", id, cat), attributeKey(cat, 2), "after").status)
		require.Equal(t, want, w.put(path, "rm_metadataToken", w.token(id), "subject", "after").status)
		require.Equal(t, 1, w.node(id).Versions)
	}
}

func TestECM_QueuesTakeTheirTime(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.QueueDelay = time.Minute })
	id := w.record("a")
	add := func(kv ...any) *ecmAnswer { return w.send("POST", "/v1/rmqueues?"+pairs(kv).Encode()) }
	add("id", id, "task_name", "other").refused(400, "Task name 'other' is not supported")
	add("id", 5, "task_name", "rm_FinalizeRecord").refused(404, "The object does not exist")
	poll := func(a *ecmAnswer) string {
		a.ok()
		_, path, found := cutAPI(a.text("location"))
		require.True(t, found)
		return path
	}
	first := poll(add("id", w.folder, "task_name", "rm_FinalizeRecord", "apply_subitems", "true"))
	require.EqualValues(t, 202, w.get(first).ok().id("http_status_code"))
	require.False(t, w.node(id).Final)
	second := poll(add("id", w.folder, "task_name", "rm_FinalizeRecord"))
	third := poll(add("id", w.folder, "task_name", "rm_FinalizeRecord"))
	w.del(third).ok()
	w.clock.Move(time.Minute)
	require.Equal(t, taskDone, w.get(first).ok().text("task_status"))
	require.True(t, w.node(id).Final)
	require.Equal(t, taskFailed, w.get(second).ok().text("task_status"), "a folder that is no record has nothing to finalize")
	require.Equal(t, taskAborted, w.get(third).ok().text("task_status"))
	w.del(first).refused(400, "Finalize operation can not be aborted")
	w.get("/v1/rmqueues/99").refused(404, "Error retrieving cache")
}

func TestECM_BulkLeavesOutWhatItMayNot(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.BulkDelay = time.Minute })
	a, b, final := w.document("a"), w.document("b"), w.record("final")
	w.put("/v1/rmclassifications/finalizerecords", "ids", final).ok()
	w.clock.Move(time.Minute)
	w.post("/v1/rmclassifications/batchAddClassification", "classID", w.class).refused(404, "ID is not specified")
	w.post("/v1/rmclassifications/batchAddClassification", "ids", a, "ids", b, "ids", 5, "classID", w.class).ok()
	require.Zero(t, w.node(a).Class, "a bulk operation may come later")
	w.clock.Move(time.Minute)
	w.post("/v1/rmclassifications/RMMetadata", "subject", "x").refused(404, "ID is required")
	w.post("/v1/rmclassifications/RMMetadata", "ids", a, "official", "true").refused(404, "Invalid datatype")
	w.post("/v1/rmclassifications/RMMetadata", "ids", a, "ids", b, "ids", final, "fileStatus", "CLOSED", "official", 1, "docDate", "20260105", "rsiRemove", "true").ok()
	w.clock.Move(time.Minute)
	require.Equal(t, "2026-01-05T00:00:00", w.get(fmt.Sprintf("/v1/nodes/%d/rmclassifications", a)).ok().text("data.0.record_date"))
	require.Equal(t, "CLOSED", w.node(b).FileStatus)
	require.Empty(t, w.node(b).RSI)
	require.Equal(t, "ACTIVE", w.node(final).FileStatus, "a final record is left out without a word")
	require.Len(t, w.get(fmt.Sprintf("/v2/classifieditems/%d/page", w.class), "page", 1).ok().list("results.contents"), 3)
	w.post("/v1/rmcassifications/batchRemoveClassification", "ids", a, "ids", final, "classID", w.class).ok()
	w.clock.Move(time.Minute)
	require.EqualValues(t, 2, w.get("/v1/rmclassifications/managedrecords").ok().id("managedRecordsCnt"))
	require.EqualValues(t, 1, w.get("/v1/rmclassifications/compliance").ok().id("retentionCnt"))
}

func TestECM_SeveralClassificationsWhereAllowed(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.MultiClass = true })
	other := w.AddRMClassification("Contracts")
	id := w.record("a")
	path := fmt.Sprintf("/v1/nodes/%d/rmclassifications", id)
	w.post(path, "class_id", other, "rm_metadataToken", w.token(id)).ok()
	a := w.get(path).ok()
	require.Len(t, a.list("data"), 2)
	require.Equal(t, "true", a.text("multiClass"))
	w.del(fmt.Sprintf("%s/%d", path, w.class), "rm_metadataToken", w.token(id)).ok()
	require.Equal(t, other, w.node(id).Class, "the next one leads")
}

func TestECM_StandardClassificationsDeclareNothing(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	a, b := w.AddClassification("Photo"), w.AddClassification("Film")
	id := w.document("a")
	path := fmt.Sprintf("/v1/nodes/%d/classifications", id)
	w.send("POST", path, jsonField(map[string]any{"class_id": []int64{a, b}, "apply_to_sub_items": false})).ok()
	require.Len(t, w.get(path).ok().list("data"), 2)
	require.Zero(t, w.node(id).Class)
	w.post(path, "class_id", b).ok()
	require.Equal(t, "Film", w.get(path).ok().text("data.0.name"), "the whole set is replaced")
	w.del(fmt.Sprintf("%s/%d", path, a)).refused(400, "Could not get node")
	w.del(fmt.Sprintf("%s/%d", path, b)).ok()
	w.post(path).refused(400, "Missing required parameter")
	w.del(path).ok()
	require.Equal(t, "true", w.get(fmt.Sprintf("/v1/nodes/%d/rmmenuitems/addrmclassification", id)).ok().text("enabled"))
	w.get(fmt.Sprintf("/v1/nodes/%d/classificationmenuitems/addclassification", id)).ok()
	w.get("/v1/classifications/settings").ok()
	require.Equal(t, "true", w.get("/v1/classifications/createinfo", "objType", 144).ok().text("canclassify"))
	require.Equal(t, "false", w.get("/v1/rmclassifications/createinfo", "objType", 551, "parentId", 2000).ok().text("canrmclassify"))
}

func TestECM_CrossReferencesOnlyBetweenRecords(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	a, b, plain := w.record("a"), w.record("b"), w.document("plain")
	path := fmt.Sprintf("/v1/nodes/%d/xrefs", a)
	w.post(path, "xref_type", "RIGHTS", "xref_id", plain, "comment", "").refused(400, "Accessibility error. Not enough permissions")
	w.post(path, "xref_type", "RIGHTS", "xref_id", b).refused(400, "Missing required parameter 'comment'")
	w.post(path, "xref_type", "NONE", "xref_id", b, "comment", "").refused(400, "Accessibility error")
	w.post(path, "xref_type", "RIGHTS", "xref_id", b, "comment", "").ok()
	w.post(path, "xref_type", "RIGHTS", "xref_id", b, "comment", "").refused(400, "Cross-Reference already exists")
	back := w.get(fmt.Sprintf("/v1/nodes/%d/xrefs", b)).ok()
	require.Equal(t, "RIGHTSOF", back.text("data.0.xref_type"), "the other end bears the related code")
	require.Equal(t, fmt.Sprint(a), back.text("data.0.xref_id"))
	w.del("/v1/xrefs/RIGHTS").refused(400, "Please specify a Cross-Reference type")
	w.del(fmt.Sprintf("%s/RIGHTS/refnodes/%d", path, b)).ok()
	w.del(fmt.Sprintf("%s/RIGHTS/refnodes/%d", path, b)).refused(400, "Cross-Reference does not exist")
	require.Empty(t, w.node(b).Xrefs)

	w.post("/v1/rmclassifications/assignxref", "ids", a, "ids", plain, "xref_id", b, "xref_type", "RIGHTS").ok()
	require.Len(t, w.node(a).Xrefs, 1)
	require.Empty(t, w.node(plain).Xrefs)
	w.put(path, "uniqueIDList", fmt.Sprintf("%d_RIGHTS %d_NONE", b, b)).ok()
	require.Empty(t, w.node(a).Xrefs)
	w.post("/v1/rmclassifications/assignxref", "ids", a, "xref_id", b, "xref_type", "RIGHTS").ok()
	w.post("/v1/rmclassifications/removexref", "ids", a).refused(404, "ID is not specified or Cross-Reference type is not specified")
	w.post("/v1/rmclassifications/removexref", "ids", a, "xref_type", "RIGHTS").ok()
	require.Empty(t, w.node(b).Xrefs)

	require.Equal(t, "has rights", w.get("/v1/xrefs").ok().text("data.0.desc"))
	w.del("/v1/xrefs/RIGHTS").ok()
	w.del("/v1/xrefs/RIGHTS").refused(404, "Cross-Reference does not exist")
	w.get("/v1/xrefs/RIGHTS").refused(400, "Could not get a Cross-Reference")
	w.send("POST", "/v1/xrefs?xref_type=A&related_code=B&hold_id=x&desc=a&related_desc=b").refused(404, "Please provide integer value for the Hold ID")
	w.send("POST", "/v1/xrefs?xref_type=A&related_code=B&hold_id=0&desc=a&related_desc=b").ok()
	require.Equal(t, "B", w.get("/v1/xrefs/A").ok().text("related_code"))
}

func TestECM_ConfidentialRecordsAreTheirOwners(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	w.AddUser(ECMUser{Name: "bob", Password: "pw"})
	id := w.as("ann").record("a")
	path := fmt.Sprintf("/v1/nodes/%d/rmclassifications/", id)
	w.put(path+"makeConfidential").refused(404, "Missing required parameter 'sub_items'")
	w.put(path+"makeConfidential", "sub_items", "false").ok()
	w.as("bob").get(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "Could not get a node")
	w.as("bob").put(path+"removeConfidential", "sub_items", "false").refused(404, "Accessibility error. Not enough permissions")
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", id)).ok()
	w.put(path+"removeConfidential", "sub_items", "false").ok()
	w.as("bob").get(fmt.Sprintf("/v2/nodes/%d", id)).ok()
}
