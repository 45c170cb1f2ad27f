package testserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestECM_Workspaces(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.get("/v2/businessworkspacetypes").refused(500, "No workspace types found")
	kind, templates := w.AddWorkspaceType(ECMWorkspaceType{Name: "Client", RMEnabled: true, Templates: []ECMTemplate{{Name: "Client", Roles: []string{"Lead", "Team"}}}})
	types := w.get("/v2/businessworkspacetypes", "expand_templates", "true", "expand_wksp_info", "true").ok()
	require.Equal(t, templates[0], types.id("results.0.data.properties.templates.0.id"))
	w.get("/v2/businessworkspacetypes/9").refused(404, "does not exist")
	require.Equal(t, kind, w.get(fmt.Sprintf("/v2/businessworkspacetypes/%d", kind)).ok().id("results.data.properties.wksp_type_id"))
	require.Len(t, w.get("/v2/forms/businessworkspaces/create", "template_id", templates[0]).ok().list("forms"), 3)

	create := func(v map[string]any) *ecmAnswer { return w.send("POST", "/v2/businessworkspaces", jsonField(v)) }
	create(map[string]any{"name": "x"}).refused(400, "Missing required parameter 'template_id'")
	business := map[string]any{"template_id": templates[0], "name": "Acme", "ext_system_id": "CRM", "bo_type": "Account", "bo_id": "1", "roles": map[string]any{"rmclassifications": map[string]any{"class_id": w.class}}}
	id := create(business).ok().id("results.id")
	require.Equal(t, w.class, w.node(id).Class)
	business["name"] = "Acme 2"
	create(business).refused(400, "already exists")
	body := sentECM{strings.NewReader(fmt.Sprintf(`{"template_id":%d,"name":"Campaign"}`, templates[0])), "application/json"}
	other := w.send("POST", "/v2/businessworkspaces", body).ok().id("results.id")

	find := []any{"where_ext_system_id", "CRM", "where_bo_type", "Account", "where_bo_id", "1"}
	require.Empty(t, w.get("/v2/businessworkspaces", find...).ok().list("results"), "only what was open lately")
	require.Equal(t, id, w.get("/v2/businessworkspaces", append(find, "expanded_view", "true")...).ok().id("results.0.data.properties.id"))
	require.Len(t, w.get("/v2/businessworkspaces", "expanded_view", "true", "where_name", "contains_AMP").ok().list("results"), 1)
	require.Equal(t, "Client", w.get(fmt.Sprintf("/v2/businessworkspaces/%d", id)).ok().text("results.data.business_properties.workspace_type_name"))
	require.Len(t, w.get("/v2/businessworkspaces", find...).ok().list("results"), 1)
	require.Len(t, w.get("/v2/externalsystems/CRM/botypes/Account/boids/1").ok().list("results"), 1)
	w.get(fmt.Sprintf("/v2/businessworkspaces/%d", w.folder)).refused(404, "could not be accessed")
	inner := w.AddFolder(id, "inner")
	require.Equal(t, id, w.get(fmt.Sprintf("/v1/nodes/%d/businessworkspace", inner)).ok().id("id"))
	w.get(fmt.Sprintf("/v1/nodes/%d/businessworkspace", w.folder)).refused(404, "could not be accessed")
	bulk := w.send("PUT", "/v2/businessworkspaces", jsonField(map[string]any{"bws_infos": []any{
		map[string]any{"ext_system_id": "CRM", "bo_type": "Account", "bo_id": "1"}, map[string]any{"template_id": templates[0], "name": "Third", "ext_system_id": "CRM", "bo_type": "Account", "bo_id": "3"}, map[string]any{"name": "x"},
	}})).ok()
	require.Equal(t, id, bulk.id("0.id"))
	require.NotZero(t, bulk.id("1.id"))
	require.NotEmpty(t, bulk.text("2.error_message"))

	related := fmt.Sprintf("/v2/businessworkspaces/%d/relateditems", id)
	w.post(related, "rel_bw_id", w.folder).refused(400, "could not be accessed")
	w.post(related, "rel_bw_id", other, "rel_type", "child").ok()
	require.Equal(t, "BO_Child", w.get(related, "where_rel_types", "{'child'}").ok().text("results.0.data.properties.rel_type"))
	require.Empty(t, w.get(related, "where_rel_types", "parent").ok().list("results"))
	back := fmt.Sprintf("/v2/businessworkspaces/%d/relateditems", other)
	require.Equal(t, "BO_Parent", w.get(back).ok().text("results.0.data.properties.rel_type"))
	w.del(fmt.Sprintf("%s/%d", related, other)).ok()
	require.Empty(t, w.get(back).ok().list("results"))
	w.del(fmt.Sprintf("%s/%d", related, other)).refused(404, "The relation does not exist")
}

func TestECM_WorkspaceRoles(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	_, templates := w.AddWorkspaceType(ECMWorkspaceType{Name: "Client", Templates: []ECMTemplate{{Name: "Client", Roles: []string{"Lead"}}}})
	id := w.post("/v2/businessworkspaces", "template_id", templates[0], "name", "Acme").ok().id("results.id")
	roles := fmt.Sprintf("/v2/businessworkspaces/%d/roles", id)
	w.send("POST", roles, jsonField(map[string]any{"name": "Legal", "permissions": []string{"fly"}})).refused(400, "One or more parameters are invalid")
	role := w.send("POST", roles, jsonField(map[string]any{"name": "Legal", "permissions": []string{"see", "see_contents", "edit"}})).ok().id("results.data.properties.id")
	w.post(roles, "name", "legal").refused(400, "already exists")
	require.Len(t, w.get(roles).ok().list("results"), 2)
	one := fmt.Sprintf("%s/%d", roles, role)
	require.EqualValues(t, 130|36865|16, w.get(one).ok().id("results.data.properties.perms"))
	w.put(one, "perms", 130, "description", "d").ok()
	require.Equal(t, "d", w.get(one).ok().text("results.data.properties.description"))
	members := one + "/members"
	w.post(members, "member_id", ann).refused(400, "Argument 'id' is required")
	w.post(members, "id", ann).ok()
	require.Equal(t, ann, w.get(members).ok().id("results.0.data.properties.id"))
	w.get(fmt.Sprintf("%s/%d", members, ann)).ok()
	require.Len(t, w.get(fmt.Sprintf("/v2/businessworkspaces/%d/members", id)).ok().list("results.1.data.members"), 1)

	inner := w.AddFolder(id, "inner")
	w.send("PUT", fmt.Sprintf("/v2/nodes/%d/permissions/public", inner), jsonField(map[string]any{"permissions": []string{}})).ok()
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", inner)).refused(400, "Could not get a node")
	require.Len(t, w.get("/v2/businessworkspaceroles", "addable_to_node_id", inner).ok().list("results"), 2)
	w.post(fmt.Sprintf("/v2/nodes/%d/businessworkspaceroles", inner), "role_id", role, "permissions", "see").ok()
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", inner)).ok()
	w.del(fmt.Sprintf("%s/%d", members, ann)).ok()
	w.get(fmt.Sprintf("%s/%d", members, ann)).refused(404, "does not belong")
	w.as("ann").get(fmt.Sprintf("/v2/nodes/%d", inner)).refused(400, "Could not get a node")
	lead := w.get(roles).ok().id("results.0.data.properties.id")
	w.del(fmt.Sprintf("%s/%d", roles, lead)).refused(400, "The lead role cannot be deleted")
	w.del(one).ok()
	w.get(one).refused(404, "The role does not exist")
}
