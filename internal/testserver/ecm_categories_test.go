package testserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestECM_Categories(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	cat := w.AddCategory("Asset",
		ECMAttribute{Label: "Client", MaxLength: 8, Required: true}, ECMAttribute{Label: "Tags", Multi: true}, ECMAttribute{Label: "Ends", Type: "date"},
		ECMAttribute{Label: "Count", Type: "integer"}, ECMAttribute{Label: "AI", Type: "boolean"},
		ECMAttribute{Label: "Parts", Type: "set", Rows: 3, Attributes: []ECMAttribute{{Label: "Code"}, {Label: "Territory"}}})
	k := func(suffix string) string { return fmt.Sprintf("%d_%s", cat, suffix) }
	id := w.document("a")
	path := fmt.Sprintf("/v2/nodes/%d/categories", id)

	w.post(path, "category_id", 5).refused(400, "No permissions to access the attribute definition node")
	w.post(path, "category_id", cat).refused(400, "Missing required parameter 'Client'")
	w.post(path, "category_id", cat, k("2"), strings.Repeat("x", 9)).refused(500, "Invalid attribute entry found")
	w.post(path, "category_id", cat, k("2"), "Acme", k("4"), "soon").refused(500, "Invalid attribute entry found")
	w.post(path, "category_id", cat, k("2"), "Acme", k("99"), "x").refused(400, "non-matching attribute")
	require.Empty(t, w.node(id).Values, "what was refused left nothing")
	w.post(path, "category_id", cat, k("2"), "Acme", k("3"), "a", k("3"), "b", k("4"), "2030-01-31", k("5"), "7", k("6"), "True").ok()
	w.post(path, "category_id", cat, k("2"), "Acme").refused(400, "The attribute group 'Asset' already exists")

	a := w.get(path, "metadata", "").ok()
	values := a.at("results.0.data.categories").(map[string]any)
	require.Equal(t, []any{"a", "b"}, values[k("3")])
	require.Equal(t, "2030-01-31T00:00:00", values[k("4")])
	require.EqualValues(t, 7, values[k("5")])
	require.Equal(t, true, values[k("6")])
	require.Contains(t, values, k("7_1_8"), "a set begins with an empty row")
	require.Equal(t, "Territory", a.text("results.0.metadata.categories."+k("7_x_9")+".name"))

	one := path + fmt.Sprintf("/%d/", cat)
	w.put(one, "category_id", cat).refused(400, "Parameters are required")
	w.send("PUT", one, jsonField(map[string]any{k("2"): "Other", k("7_2_8"): "C1"})).ok()
	w.put(one, k("2"), "").refused(400, "Missing required parameter 'Client'")
	w.put(one, k("7_4_8"), "x").refused(400, "non-matching attribute")
	require.Equal(t, "C1", w.get(one).ok().at("results.0.data.categories").(map[string]any)[k("7_2_8")])
	w.send("PUT", one, jsonField(map[string]any{k("7_2"): ""})).ok()
	require.NotContains(t, w.get(one).ok().at("results.0.data.categories"), k("7_2_8"))

	token := w.get(fmt.Sprintf("/v2/nodes/%d", id), "state", "").ok().text("results.state.categories.metadata_token")
	with := func(token, client string) sentECM {
		return jsonField(map[string]any{k("2"): client, k("1"): map[string]any{"metadata_token": token}})
	}
	w.send("PUT", one, with(token, "Third")).ok()
	w.send("PUT", one, with(token, "Fourth")).refused(409, "Could not update metadata (edit conflict).")

	form := w.get("/v1/forms/nodes/categories/create", "id", id, "category_id", cat).ok()
	require.Equal(t, "Client", form.text("forms.0.options.fields."+k("2")+".label"))
	require.Equal(t, "array", form.text("forms.0.schema.properties."+k("7")+".type"))
	w.post(path+fmt.Sprintf("/%d/inheritance", cat)).refused(400, "invalid action")
	require.Len(t, w.send("POST", "/v1/validation/nodes/categories/enforcement", sentECM{strings.NewReader(fmt.Sprintf(`{"ids":[%d]}`, id)), "text/plain"}).ok().list("results"), 1)
	w.del(one).ok()
	w.del(one).refused(400, fmt.Sprintf("Category ID '%d' is not a category on node '%d'", cat, id))
}

// TestECM_AttributesThatTakeLittle: read-only ones keep what they begin with,
// and a list takes what is on it.
func TestECM_AttributesThatTakeLittle(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	cat := w.AddCategory("Asset",
		ECMAttribute{Label: "Kind", Choices: []string{"image", "film"}}, ECMAttribute{Label: "Uses", Multi: true, Choices: []string{"print", "web"}},
		ECMAttribute{Label: "Office", ReadOnly: true, Required: true, Default: "Graz"}, ECMAttribute{Label: "Tags", Multi: true, Default: "new"})
	k := func(n int) string { return attributeKey(cat, n) }
	path := fmt.Sprintf("/v2/nodes/%d/categories", w.document("a"))
	w.post(path, "category_id", cat, k(2), "sound").refused(500, "Invalid attribute entry found")
	w.post(path, "category_id", cat, k(3), "print", k(3), "radio").refused(500, "Invalid attribute entry found")
	w.post(path, "category_id", cat, k(4), "Wien").refused(500, "Invalid attribute entry found")
	w.post(path, "category_id", cat, k(2), "film", k(3), "web", k(4), "Graz").ok()
	one := path + fmt.Sprintf("/%d/", cat)
	require.Equal(t, map[string]any{k(2): "film", k(3): []any{"web"}, k(4): "Graz", k(5): []any{"new"}}, w.get(one).ok().at("results.0.data.categories"))
	w.put(one, k(4), "Wien").refused(500, "Invalid attribute entry found")
	w.put(one, k(2), "image", k(4), "Graz").ok()

	form := w.get("/v1/forms/nodes/categories/create", "id", w.folder, "category_id", cat).ok()
	require.Equal(t, []any{"image", "film"}, form.at("forms.0.schema.properties."+k(2)+".enum"))
	require.Equal(t, []any{"print", "web"}, form.at("forms.0.schema.properties."+k(3)+".items.enum"))
	require.Equal(t, true, form.at("forms.0.schema.properties."+k(4)+".readonly"))
	require.Equal(t, "Graz", form.text("forms.0.data."+k(4)))
	require.Equal(t, true, w.get(one, "metadata", "").ok().at("results.0.metadata.categories."+k(4)+".read_only"))
}

func TestECM_CategoriesComeWithTheDocument(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	cat := w.AddCategory("Asset", ECMAttribute{Label: "Client", Required: true})
	create := func(name string, categories map[string]any) *ecmAnswer {
		return w.send("POST", "/v2/nodes", fileBody("a", []byte("a"), "body", string(marshal(map[string]any{
			"type": 144, "parent_id": w.folder, "name": name, "roles": map[string]any{"categories": categories},
		}))))
	}
	key := attributeKey(cat, 2)
	id := create("flat", map[string]any{key: "Acme"}).ok().id("results.data.properties.id")
	require.Equal(t, "Acme", w.node(id).Values[key])
	id = create("nested", map[string]any{fmt.Sprint(cat): map[string]any{key: "Acme"}}).ok().id("results.data.properties.id")
	require.Equal(t, "Acme", w.node(id).Values[key])
	create("none", map[string]any{attributeKey(cat, 1): map[string]any{}}).refused(400, "Missing required parameter 'Client'")
	require.Zero(t, w.CountNamed("none"))
}
