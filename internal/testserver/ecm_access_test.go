package testserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Another client's nodes look like nodes that do not exist, in every answer.
func TestECM_AnotherClientsNodesAreInvisible(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	theirs := w.AddFolder(w.folder, "Theirs")
	own := w.AddFolder(w.folder, "Own")
	w.AddUser(ECMUser{Name: "ann", Password: "pw", Roots: []int64{own}})
	secret, err := w.AddDocument(theirs, "secret", []byte("s"))
	require.NoError(t, err)
	mine, err := w.AddDocument(own, "mine", []byte("m"))
	require.NoError(t, err)
	ann := w.as("ann")
	for _, path := range []string{"/v2/nodes/%d", "/v1/nodes/%d/content", "/v1/nodes/%d/rmclassifications", "/v1/nodes/%d/holds", "/v2/nodes/%d/audit", "/v1/nodes/%d/xrefs", "/v2/nodes/%d/versions", "/v2/nodes/%d/permissions"} {
		require.GreaterOrEqual(t, ann.get(fmt.Sprintf(path, secret)).status, 400, path)
		require.Equal(t, 200, ann.get(fmt.Sprintf(path, mine)).status, path)
	}
	require.Len(t, ann.post("/v2/nodes/list", "ids", secret, "ids", mine).ok().list("results"), 1)
	require.Len(t, ann.post("/v2/search", "where", "OTSubType: 144").ok().list("results"), 1)
	ann.post("/v2/nodes", "type", 0, "parent_id", theirs, "name", "x").refused(400, "could not be accessed")
	hold := w.AddHold("CASE-7", "LEGAL", secret, mine)
	require.Len(t, ann.get(fmt.Sprintf("/v2/holditems/%d", hold)).ok().list("results.contents"), 1)
}

func TestECM_Permissions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	bob := w.AddUser(ECMUser{Name: "bob", Password: "pw"})
	legal := w.AddGroup("Legal", bob)
	id := w.document("a")
	path := fmt.Sprintf("/v2/nodes/%d/permissions", id)
	require.Len(t, w.get(path).ok().list("results.2.data.permissions.permissions"), 10, "a node without permissions of its own is open")

	w.send("PUT", path+"/public", jsonField(map[string]any{"permissions": []string{"fly"}})).refused(400, "One or more parameters are invalid")
	w.send("PUT", path+"/public", jsonField(map[string]any{"permissions": []string{}, "apply_to": 2})).refused(400, "One or more parameters are invalid")
	w.send("PUT", path+"/public", jsonField(map[string]any{"permissions": []string{}})).ok()
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "Could not get a node")
	w.send("POST", path+"/custom", jsonField(map[string]any{"right_id": legal, "permissions": []string{"see", "see_contents"}})).ok()
	w.as("bob").get(fmt.Sprintf("/v1/nodes/%d/content", id)).ok()
	w.as("bob").del(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "invalid action 'delete'")
	w.as("bob").put(fmt.Sprintf("/v2/nodes/%d", id), "name", "b").refused(400, "invalid action")
	w.as("bob").send("PUT", path+"/public", jsonField(map[string]any{"permissions": []string{"see"}})).refused(500, "Insufficient permissions")
	effective := w.get(path + fmt.Sprintf("/effective/%d", bob)).ok()
	require.Equal(t, []any{"see", "see_contents"}, effective.list("results.0.data.permissions.permissions"))
	require.Empty(t, w.get(path+fmt.Sprintf("/effective/%d", ann)).ok().list("results.0.data.permissions.permissions"))
	w.as("ann").get(path+fmt.Sprintf("/effective/%d", ann)).refused(500, "could not be accessed")
	w.get(path+"/effective/5").refused(500, "could not be accessed")

	w.send("PUT", fmt.Sprintf("%s/custom/%d", path, legal), jsonField(map[string]any{"permissions": []string{"see", "delete"}})).ok()
	require.Len(t, w.get(fmt.Sprintf("%s/custom/%d", path, legal)).ok().list("results"), 1)
	w.del(fmt.Sprintf("%s/custom/%d", path, legal)).ok()
	require.Empty(t, w.get(fmt.Sprintf("%s/custom/%d", path, legal)).ok().list("results"))
	w.send("POST", path+"/custom/bulk?permissions_array="+pathEscape(fmt.Sprintf(`[{"right_id":%d,"permissions":["see"]},{"right_id":%d,"permissions":["see"]}]`, ann, legal))).ok()
	require.Len(t, w.get(path).ok().list("results"), 5)
	w.del(path + "/group").ok()
	require.Empty(t, w.get(path+"/group").ok().list("results"))
	w.send("PUT", path+"/owner", jsonField(map[string]any{"right_id": ann, "permissions": []string{"see", "edit_permissions"}})).ok()
	w.as("ann").del(path + "/public").ok()

	folder := fmt.Sprintf("/v2/nodes/%d/permissions", w.folder)
	w.send("PUT", folder+"/public", jsonField(map[string]any{"permissions": []string{"see", "see_contents"}, "apply_to": 2})).ok()
	require.Equal(t, []any{"see", "see_contents"}, w.get(path+"/public").ok().list("results.0.data.permissions.permissions"))
	w.as("ann").post("/v2/nodes", "type", 0, "parent_id", w.folder, "name", "x").refused(400, "could not be accessed")
	inherited := w.document("new")
	require.Equal(t, []any{"see", "see_contents"}, w.get(fmt.Sprintf("/v2/nodes/%d/permissions/public", inherited)).ok().list("results.0.data.permissions.permissions"), "a new node takes its folder's")
}

func TestECM_SecurityClearance(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	require.Equal(t, "false", w.get("/v1/securityclearances/settings").ok().text("security_enabled"))
	w.AddClearance(10, "Internal")
	w.AddClearance(50, "Secret")
	w.AddMarking("NF", "No foreigners")
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	id := w.document("a")
	path := fmt.Sprintf("/v1/nodes/%d/securityclearances", id)
	require.Len(t, w.get("/v1/securityclearances").ok().list("data.clearance_levels.data"), 2)
	w.put(path, "clearance_level", 11).refused(400, "Accessibility error")
	w.put(path, "clearance_level", 50, "supplemental_markings", "NF").ok()
	require.EqualValues(t, 50, w.get(path).ok().id("data.clearance_level"))
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "Could not get a node")
	level := fmt.Sprintf("/v2/members/usersecurity/%d/securityclearancelevel", ann)
	markings := fmt.Sprintf("/v2/members/usersecurity/%d/supplementalmarkings", ann)
	w.as("ann").post(level, "securityLevel", 50).refused(400, "Could not update user Security Clearance Level")
	w.post(level, "securityLevel", 50).ok()
	require.EqualValues(t, 50, w.get(level).ok().id("data.0.security_level"))
	w.as("ann").get(path).refused(400, "Accessibility error")
	w.post(markings, "suppMarks", "NONE").refused(400, "Could not set user Supplemental Markings")
	w.post(markings, "suppMarks", "NF").ok()
	require.Len(t, w.get(markings).ok().list("data"), 1)
	w.as("ann").get(path).ok()
	require.Equal(t, "Secret", w.as("ann").get("/v2/members/usersecurity/simple").ok().text("securityLevelName"))
	other := w.document("b")
	w.post("/v1/UpdateSecurityClearanceLevel", "ids", other).refused(404, "Missing parameter or format not correct")
	w.post("/v1/UpdateSecurityClearanceLevel", "ids", other, "currentSecurity", 10).ok()
	w.post("/v1/UpdateSupplementalMarkings", "ids", other, "action", 1, "supplemental_markings", "NF").refused(404, "Missing parameter")
	w.post("/v1/UpdateSupplementalMarkings", "ids", other, "action", 2, "supplemental_markings", "NF").ok()
	require.Len(t, w.get(fmt.Sprintf("/v1/nodes/%d/securityclearances", other)).ok().list("data.supplemental_markings"), 1)
	w.post("/v1/UpdateSupplementalMarkings", "ids", other, "action", 3, "supplemental_markings", "NF").ok()
	require.Empty(t, w.get(fmt.Sprintf("/v1/nodes/%d/securityclearances", other)).ok().list("data.supplemental_markings"))
}

func TestECM_MembersAndSessions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	legal := w.AddGroup("Legal", ann)
	require.Len(t, w.get("/v2/members", "where_type", 0).ok().list("results"), 2)
	require.Equal(t, legal, w.get("/v2/members", "where_name", "leg").ok().id("results.0.data.properties.id"))
	require.Equal(t, "ann", w.get(fmt.Sprintf("/v2/members/%d", ann)).ok().text("results.data.properties.name"))
	require.Len(t, w.get(fmt.Sprintf("/v2/members/%d/members", legal)).ok().list("results"), 1)
	require.Len(t, w.get(fmt.Sprintf("/v2/members/%d/memberof", ann)).ok().list("results"), 1)
	w.get("/v2/members/5").refused(400, "Could not get a member for 5")
	other := w.as("ann")
	other.get("/v2/members/sessions").ok()
	other.del("/v2/members/sessions").ok()
	other.get("/v2/members/sessions").refused(401, "Authentication Required")
}

func TestECM_Audit(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddUser(ECMUser{Name: "ann", Password: "pw", Denied: []string{"audit"}})
	id := w.record("a")
	path := fmt.Sprintf("/v2/nodes/%d/audit", id)
	a := w.get(path, "sort", "desc_audit_date").ok()
	require.EqualValues(t, 264, a.id("results.data.audit.0.event_type"))
	require.Equal(t, "Classification Applied", a.text("results.data.audit.0.audit_name"))
	require.Len(t, a.list("results.data.audit_event_types"), 2)
	require.Len(t, w.get(path, "where_type", 264).ok().list("results.data.audit"), 1)
	require.Empty(t, w.get(path, "where_audit_date_start", "2026-01-06").ok().list("results.data.audit"))
	require.Len(t, w.get(path, "where_audit_date_start", "2026-01-05", "where_audit_date_end", "2026-01-05").ok().list("results.data.audit"), 2)
	w.as("ann").get(path).refused(400, "invalid action 'audit-list'")
}

func TestECM_AnswersInTheShapesOfTheDescriptions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.SpecShapes = true })
	id := w.AddHold("CASE-7", "LEGAL", w.folder)
	require.Equal(t, id, w.get("/v2/hold", "id", id).ok().id("hold.HoldID"))
	require.Len(t, w.get(fmt.Sprintf("/v2/holditems/%d", id)).ok().list("results"), 1)
	require.Equal(t, "MKT-07", w.get("/v1/rsis").ok().text("fast:codes.0.name"))
	require.Len(t, w.get(fmt.Sprintf("/v2/rsis/%d", w.rsi)).ok().list("results.data.rsis"), 1)
	require.EqualValues(t, 7, w.get(fmt.Sprintf("/v2/rsischedule/%d", w.rsi)).ok().id("data.0.data.RetYears"))
	require.EqualValues(t, 2, w.get("/v1/ping").ok().id("build"))
	require.Equal(t, "true", w.get("/v2/multipart/settings").ok().text("is_enabled"))
	require.EqualValues(t, 2000, w.get("/v2/nodes/2000").ok().id("results.0.data.0.properties.0.id"))
	require.Equal(t, "Campaigns", w.get("/v2/nodes/2000/nodes").ok().text("results.0.data.0.properties.0.name"))
	require.True(t, strings.HasPrefix(w.get("/v1/serverinfo").ok().text("server.0.version"), "23"))
}
