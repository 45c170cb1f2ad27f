package ecm_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// document stores a document and returns its node.
func (s *server) document(t *testing.T, name string) ecm.NodeID {
	t.Helper()
	n, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: s.folder, Name: name, Content: strings.NewReader("bytes of " + name), Size: int64(len("bytes of " + name)),
		Categories: ecm.CategoryValues{ecm.AttributeKey(s.category, 2): ecm.Text("Acme")},
	})
	require.NoError(t, err)
	return n.ID
}

func collect[T any](t *testing.T, seq func(func(T, error) bool)) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		require.NoError(t, err)
		all = append(all, v)
	}
	return all
}

func TestSearch_WalksPagesAndQuotesForeignText(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for i := range 7 {
		s.document(t, fmt.Sprintf("report %d", i))
	}
	s.document(t, "other")
	hits := collect(t, s.c.Search.All(t.Context(), ecm.SearchQuery{
		Where: "OTName: " + ecm.LQLText("report") + " AND OTSubType: 144", Below: s.folder, Select: []string{"OTName", "OTDataID"}, Limit: 3,
	}))
	require.Len(t, hits, 7)
	require.Equal(t, 3, s.Count("POST /v2/search"), "a page beyond the end is never asked for")
	require.True(t, hits[0].Current)
	require.Equal(t, 1, hits[0].Version)
	require.Equal(t, hits[0].Node.Name, hits[0].Regions["OTName"])
	require.Equal(t, hits[0].Node.ID.String(), hits[0].Regions["OTDataID"])
	require.Equal(t, `"a  OR OTName: * b"`, ecm.LQLText("a\" OR OTName: *\nb"), "a quote in foreign text ends nothing")

	s.Forget()
	_, err := s.c.Search.Query(t.Context(), ecm.SearchQuery{Below: -1, Page: -1, Select: []string{"x' }"}})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, field := range []string{"below", "page", "select"} {
		require.ErrorContains(t, err, field)
	}
	require.Empty(t, s.Exchanges())
	_, err = s.c.Search.Query(t.Context(), ecm.SearchQuery{Where: "AND AND"})
	require.ErrorIs(t, err, ecm.ErrInvalid)

	regions, err := s.c.Search.Regions(t.Context())
	require.NoError(t, err)
	names := map[string]bool{}
	for _, r := range regions {
		names[r.Name] = r.Queryable
	}
	require.True(t, names["OTLocation"])
	require.True(t, names["Attr_"+ecm.AttributeKey(s.category, 2)])
}

func TestAudit_TellsWhatWasDoneToANode(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *testserver.ECMOptions) { o.Clock = &testserver.Clock{} })
	id := s.document(t, "a.pdf")
	for i := range 4 {
		s.Options().Clock.Move(24 * time.Hour)
		require.NoError(t, s.c.Nodes.Rename(t.Context(), id, fmt.Sprintf("b%d.pdf", i)))
	}
	all := collect(t, s.c.Audit.All(t.Context(), id, &ecm.AuditOptions{Limit: 2}))
	require.GreaterOrEqual(t, len(all), 5)
	require.Equal(t, "Create", all[len(all)-1].Name)
	for i := 1; i < len(all); i++ {
		require.False(t, all[i].At.After(all[i-1].At), "the newest comes first")
	}
	require.NotZero(t, all[0].User)
	some := collect(t, s.c.Audit.All(t.Context(), id, &ecm.AuditOptions{Type: all[0].Type, From: all[0].At, To: all[0].At}))
	require.Equal(t, all[:1], some)
	_, err := s.c.Audit.OfNode(t.Context(), 0, &ecm.AuditOptions{Page: -1, From: all[0].At, To: all[0].At.AddDate(0, 0, -1)})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, field := range []string{"id", "page", "to"} {
		require.ErrorContains(t, err, field)
	}
	s.Deny("svc-dam", "audit")
	_, err = s.c.Audit.OfNode(t.Context(), id, nil)
	require.ErrorIs(t, err, ecm.ErrInvalidAction)
}

// TestPermissions_OneClientsUserHasNothingOnAnothersNode is the check that two
// clients are kept apart.
func TestPermissions_OneClientsUserHasNothingOnAnothersNode(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	ann := ecm.UserID(s.AddUser(testserver.ECMUser{Name: "ann", Password: "pw"}))
	bob := ecm.UserID(s.AddUser(testserver.ECMUser{Name: "bob", Password: "pw"}))
	id := s.document(t, "a.pdf")
	require.NoError(t, s.c.Permissions.Add(t.Context(), id, ann, ecm.MaySee, ecm.MaySeeContents))
	can, err := s.c.Permissions.Effective(t.Context(), id, ann)
	require.NoError(t, err)
	require.Contains(t, can, ecm.MaySeeContents)
	require.NoError(t, s.c.Permissions.Update(t.Context(), id, ann, ecm.MaySee))
	var custom []ecm.Grant
	for _, g := range collect(t, s.c.Permissions.All(t.Context(), id)) {
		if g.Kind == "custom" {
			custom = append(custom, g)
		}
	}
	require.Empty(t, cmp.Diff([]ecm.Grant{{Kind: "custom", Right: ann, Permissions: []ecm.Permission{ecm.MaySee}}}, custom))
	require.True(t, custom[0].Has(ecm.MaySee))
	require.NoError(t, s.c.Permissions.Remove(t.Context(), id, ann))
	require.NoError(t, s.c.Permissions.Remove(t.Context(), id, ann), "repeating is safe")
	_, err = s.c.Permissions.Effective(t.Context(), id, bob)
	require.NoError(t, err)
	require.ErrorIs(t, s.c.Permissions.Add(t.Context(), id, 4242, ecm.MaySee), ecm.ErrAccessOrMissing)
	err = s.c.Permissions.Add(t.Context(), 0, 0)
	for _, field := range []string{"id", "right", "permissions"} {
		require.ErrorContains(t, err, field)
	}
}

func TestRecycleBin_RestoreAndPurge(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	a, b, held := s.document(t, "a"), s.document(t, "b"), s.document(t, "held")
	for _, id := range []ecm.NodeID{a, b, held} {
		require.NoError(t, s.c.Nodes.Delete(t.Context(), id))
	}
	require.Len(t, collect(t, s.c.RecycleBin.All(t.Context())), 3)
	require.NoError(t, s.c.RecycleBin.Restore(t.Context(), a))
	_, err := s.c.Nodes.Get(t.Context(), a)
	require.NoError(t, err)

	// The other name is taken now: that one fails, and says so by itself.
	s.document(t, "b")
	err = s.c.RecycleBin.Restore(t.Context(), b, held)
	var partial *ecm.PartialError
	require.ErrorAs(t, err, &partial)
	require.Contains(t, partial.Failed, b)
	require.NotContains(t, partial.Failed, held)
	require.ErrorIs(t, err, ecm.ErrNameTaken)
	require.ErrorContains(t, err, b.String())
	_, err = s.c.Nodes.Get(t.Context(), held)
	require.NoError(t, err, "what could be done is done")

	s.Forget()
	require.Error(t, s.c.RecycleBin.Purge(t.Context(), []ecm.NodeID{b}), "what cannot be read of a deleted node refuses to destroy it")
	require.Zero(t, s.Count("POST /v2/volumes/recyclebin/nodes/purge"))
	require.NoError(t, s.c.RecycleBin.Purge(t.Context(), []ecm.NodeID{b}, ecm.Unguarded{Reason: "test upload"}))
	require.Empty(t, collect(t, s.c.RecycleBin.All(t.Context())))
	require.ErrorIs(t, s.c.RecycleBin.Restore(t.Context()), ecm.ErrInvalid)
}

func TestMembers_AndNicknames(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	ann := s.AddUser(testserver.ECMUser{Name: "ann", Password: "pw"})
	s.AddUser(testserver.ECMUser{Name: "annabel", Password: "pw"})
	group := s.AddGroup("anns", ann)
	m, err := s.c.Members.Find(t.Context(), "ann")
	require.NoError(t, err)
	require.Equal(t, ecm.Member{ID: ecm.UserID(ann), Name: "ann", DisplayName: "ann"}, *m)
	g, err := s.c.Members.Get(t.Context(), ecm.UserID(group))
	require.NoError(t, err)
	require.True(t, g.Group)
	_, err = s.c.Members.Find(t.Context(), "an")
	require.ErrorIs(t, err, ecm.ErrNotFound, "part of a name is no name")
	_, err = s.c.Members.Get(t.Context(), 4242)
	require.ErrorIs(t, err, ecm.ErrNotFound)

	a, b := s.document(t, "a"), s.document(t, "b")
	require.NoError(t, s.c.Nodes.SetNickname(t.Context(), a, "acme_root"))
	n, err := s.c.Nodes.ByNickname(t.Context(), "acme_root")
	require.NoError(t, err)
	require.Equal(t, a, n.ID)
	require.ErrorIs(t, s.c.Nodes.SetNickname(t.Context(), b, "acme_root"), ecm.ErrNameTaken)
	_, err = s.c.Nodes.ByNickname(t.Context(), "nobody")
	require.ErrorIs(t, err, ecm.ErrNotFound)
	for _, bad := range []string{"", "123", "a b", "a/b", strings.Repeat("x", 249)} {
		require.ErrorIs(t, s.c.Nodes.SetNickname(t.Context(), a, bad), ecm.ErrInvalid, "%q", bad)
	}
}

func TestRenditions_StoredReadAndRemoved(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	id := s.document(t, "a.txt")
	require.NoError(t, s.c.Versions.PutRendition(t.Context(), id, 1, "pdf", "a.pdf", strings.NewReader("%PDF"), 4))
	list, err := s.c.Versions.Renditions(t.Context(), id, 1)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "pdf", list[0].Type)
	require.Equal(t, int64(4), list[0].Size)
	c, err := s.c.Content.OpenRendition(t.Context(), id, 1, "pdf")
	require.NoError(t, err)
	b, err := io.ReadAll(c)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, "%PDF", string(b))
	require.NoError(t, s.c.Versions.DeleteRendition(t.Context(), id, 1, "pdf"))
	list, err = s.c.Versions.Renditions(t.Context(), id, 1)
	require.NoError(t, err)
	require.Empty(t, list)
	err = s.c.Versions.PutRendition(t.Context(), id, 0, "", "", nil, -1)
	require.ErrorIs(t, err, ecm.ErrInvalid)
}

func TestCategories_ResolvedByName(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	category := ecm.NodeID(s.AddCategory("Smint.io Source", testserver.ECMAttribute{Label: "License end", Type: "date"}, testserver.ECMAttribute{Label: "Tags", Multi: true}))
	a, err := s.c.Categories.Resolve(t.Context(), s.folder, "Smint.io Source/License end")
	require.NoError(t, err)
	require.Equal(t, ecm.AttributeKey(category, 2), a.Key)
	require.Equal(t, "date", a.Type)
	tags, err := s.c.Categories.Resolve(t.Context(), s.folder, "Smint.io Source/Tags")
	require.NoError(t, err)
	require.True(t, tags.MultiValue)
	for rows := range 3 {
		sets := ecm.NodeID(s.AddCategory(fmt.Sprint("Sets ", rows), testserver.ECMAttribute{Label: "Releases", Type: "set", Rows: rows + 1, Attributes: []testserver.ECMAttribute{{Label: "Country"}, {Label: "Ends", Type: "date"}}}))
		inner, err := s.c.Categories.Resolve(t.Context(), s.folder, fmt.Sprintf("Sets %d/Releases/Ends", rows))
		require.NoError(t, err)
		require.Equal(t, sets.String()+"_2_x_4", inner.Key)
		require.Equal(t, "date", inner.Type)
		require.Equal(t, rows+1, inner.Rows)
		doc := s.document(t, fmt.Sprint("with sets ", rows))
		require.NoError(t, s.c.Categories.Add(t.Context(), doc, sets, ecm.CategoryValues{inner.Row(rows + 1): ecm.Text("2027-01-31")}))
		values, err := s.c.Categories.OfNode(t.Context(), doc)
		require.NoError(t, err)
		require.True(t, ecm.Text("2027-01-31").Equal(values[inner.Row(rows+1)]), "the key that the definition gives is one that values have")
	}
	require.Equal(t, a.Key, a.Row(3), "outside of sets there are no rows")
	_, err = s.c.Categories.Resolve(t.Context(), s.folder, "Smint.io Source/End of license")
	require.ErrorIs(t, err, ecm.ErrNotFound)
	require.ErrorContains(t, err, "'License end'", "it says what there is")
	_, err = s.c.Categories.Resolve(t.Context(), s.folder, "Nothing/License end")
	require.ErrorIs(t, err, ecm.ErrNotFound)
	_, err = s.c.Categories.Resolve(t.Context(), 0, "x")
	require.ErrorIs(t, err, ecm.ErrInvalid)
	_, err = s.c.Categories.Find(t.Context(), "a//b")
	require.ErrorIs(t, err, ecm.ErrInvalid)
}

func TestWorkspaces_OneForABusinessObject(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	typeID, templates := s.AddWorkspaceType(testserver.ECMWorkspaceType{Name: "Client", RMEnabled: true, Templates: []testserver.ECMTemplate{{Name: "Client", Roles: []string{"Lead", "Reader"}}}})
	types, err := s.c.Workspaces.Types(t.Context())
	require.NoError(t, err)
	require.Equal(t, []ecm.WorkspaceType{{ID: typeID, Name: "Client", RMEnabled: true, Templates: []ecm.WorkspaceTemplate{{ID: ecm.NodeID(templates[0]), Name: "Client"}}}}, types)

	object := ecm.BusinessObject{System: "CRM", Type: "Account", ID: "4711"}
	_, err = s.c.Workspaces.Find(t.Context(), object)
	require.ErrorIs(t, err, ecm.ErrNotFound)
	acme := ecm.NewWorkspace{
		Template: ecm.NodeID(templates[0]), Name: "Acme GmbH", Object: object, Class: s.class,
		Categories: ecm.CategoryValues{ecm.AttributeKey(s.category, 2): ecm.Text("Acme")},
	}
	id, err := s.c.Workspaces.Create(t.Context(), acme)
	require.NoError(t, err)
	_, err = s.c.Workspaces.Create(t.Context(), acme)
	require.ErrorIs(t, err, ecm.ErrNameTaken, "one workspace for a business object")

	// Another session, which never had it open: expanded_view is sent.
	fresh := s.client(t, "svc-dam", "svc-dam-password")
	w, err := fresh.Workspaces.Find(t.Context(), object)
	require.NoError(t, err)
	require.Equal(t, id, w.ID)
	require.Equal(t, typeID, w.TypeID)
	require.Contains(t, s.last(t, "GET /v2/businessworkspaces").Query, "expanded_view=true")
	got, err := fresh.Workspaces.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Acme GmbH", got.Name)
	details, err := s.c.RMClassifications.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, s.class, details.Class())

	folder, err := s.c.Nodes.CreateFolder(t.Context(), id, "Records")
	require.NoError(t, err)
	in, kind, err := s.c.Workspaces.Enclosing(t.Context(), folder.ID)
	require.NoError(t, err)
	require.Equal(t, id, in)
	require.Equal(t, typeID, kind)
	_, _, err = s.c.Workspaces.Enclosing(t.Context(), s.folder)
	require.ErrorIs(t, err, ecm.ErrAccessOrMissing)

	roles, err := s.c.Workspaces.Roles(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, roles, 2)
	require.True(t, roles[0].Leader)
	ann := ecm.UserID(s.AddUser(testserver.ECMUser{Name: "ann", Password: "pw"}))
	role, err := s.c.Workspaces.CreateRole(t.Context(), id, "Auditor", ecm.MaySee, ecm.MayEditPermissions)
	require.NoError(t, err)
	require.NoError(t, s.c.Workspaces.AddMember(t.Context(), id, role.ID, ann))
	members, err := s.c.Workspaces.RoleMembers(t.Context(), id, role.ID)
	require.NoError(t, err)
	require.Len(t, members, 1)
	require.Equal(t, "ann", members[0].Name)
	require.NoError(t, s.c.Workspaces.RemoveMember(t.Context(), id, role.ID, ann))
	require.NoError(t, s.c.Workspaces.DeleteRole(t.Context(), id, role.ID))
	roles, err = s.c.Workspaces.Roles(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, roles, 2)

	campaign, err := s.c.Workspaces.Create(t.Context(), ecm.NewWorkspace{Template: ecm.NodeID(templates[0]), Name: "Spring"})
	require.NoError(t, err)
	require.NoError(t, s.c.Workspaces.Relate(t.Context(), id, campaign, ecm.RelationChild))
	related := collect(t, s.c.Workspaces.Related(t.Context(), id))
	require.Len(t, related, 1)
	require.Equal(t, campaign, related[0].ID)
	require.Equal(t, "BO_Child", related[0].Relation)
	require.NoError(t, s.c.Workspaces.Unrelate(t.Context(), id, campaign, ecm.RelationChild))
	require.Empty(t, collect(t, s.c.Workspaces.Related(t.Context(), id)))

	_, err = s.c.Workspaces.Create(t.Context(), ecm.NewWorkspace{Object: ecm.BusinessObject{ID: "1"}, Parent: -1, Categories: ecm.CategoryValues{"x": ecm.Text("")}})
	for _, field := range []string{"template", "name", "business object.system", "parent", "categories"} {
		require.ErrorContains(t, err, field)
	}
}

// tokens is a source of the caller's own.
type tokens struct {
	list  []ecm.Token
	asked int
}

func (k *tokens) Token(context.Context) (ecm.Token, error) {
	k.asked++
	return k.list[min(k.asked, len(k.list))-1], nil
}

func TestLogin_EveryWayLeadsIn(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *testserver.ECMOptions) { o.Clock = &testserver.Clock{} })
	const otds = "https://otds.example"
	ways := map[string]ecm.Credentials{
		"otds":               ecm.OTDSLogin{OTDS: otds, User: "svc-dam", Password: "svc-dam-password"},
		"otds, v1":           ecm.OTDSLogin{OTDS: otds + "/", User: "svc-dam", Password: "svc-dam-password", V1: true},
		"client credentials": ecm.ClientCredentials{OTDS: otds, ClientID: "svc-dam", ClientSecret: "svc-dam-password"},
		"basic":              ecm.ClientCredentials{OTDS: otds, ClientID: "svc-dam", ClientSecret: "svc-dam-password", Basic: true},
		"token exchange":     ecm.ClientCredentials{OTDS: otds, ClientID: "svc-dam", ClientSecret: "svc-dam-password", Subject: "svc-dam@Content Server Members"},
	}
	for name, cred := range ways {
		c, err := ecm.New("https://ecm.example/otcs/cs.exe", cred, ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{}))
		require.NoError(t, err, name)
		s.Forget()
		_, err = c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err, name)
		s.Options().Clock.Move(3 * time.Hour)
		_, err = c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err, "%s: what has ended is renewed, once", name)
		for _, e := range s.Exchanges() {
			if strings.HasPrefix(e.Path, "/otcs") {
				sent := fmt.Sprint(e.RequestHeader, e.Query, string(e.Request.Bytes))
				require.NotContains(t, sent, "svc-dam-password", "%s: Content Server got the secret", name)
			}
		}
	}
	wrong, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.OTDSLogin{OTDS: otds, User: "svc-dam", Password: "no"}, ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{}))
	require.NoError(t, err)
	require.ErrorIs(t, wrong.Auth.Login(t.Context()), ecm.ErrUnauthenticated)
	_, err = ecm.New("https://ecm.example/otcs/cs.exe", ecm.ClientCredentials{OTDS: "otds.example/x"})
	for _, field := range []string{"otds", "client id", "client secret"} {
		require.ErrorContains(t, err, field)
	}
	_, err = ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken(""))
	require.ErrorIs(t, err, ecm.ErrInvalid)
}

// TestLogin_ATokenSourceIsAskedOnlyWhenNeeded: once for many calls, again
// before a token's end, and once when the server refused one.
func TestLogin_ATokenSourceIsAskedOnlyWhenNeeded(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	good := ecm.Secret(s.NewTicket("svc-dam"))
	source := &tokens{list: []ecm.Token{{Value: "refused"}, {Value: good, Expires: time.Now().Add(30 * time.Second)}, {Value: good, Expires: time.Now().Add(time.Hour)}}}
	c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.FromTokenSource(source), ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{}))
	require.NoError(t, err)
	for range 5 {
		_, err = c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err)
	}
	require.Equal(t, 3, source.asked, "a refused one and one about to end are replaced, a good one is kept")

	c, err = ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("wrong"), ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{}))
	require.NoError(t, err)
	_, err = c.Nodes.Get(t.Context(), s.folder)
	require.ErrorIs(t, err, ecm.ErrUnauthenticated)
	shared := ecm.BearerToken(good)
	for range 2 {
		c, err = ecm.New("https://ecm.example/otcs/cs.exe", shared, ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{}))
		require.NoError(t, err)
		_, err = c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err, "one token serves several clients")
	}
}
