package ecm_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

func TestRMClassifications_FromDocumentToFinalRecord(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	n := s.upload(t, "a.jpg", []byte("x"))
	rm := s.c.RMClassifications
	d, err := rm.Get(t.Context(), n.ID)
	require.NoError(t, err)
	require.Empty(t, d.Entries)
	require.False(t, d.Final)
	require.True(t, d.CanClassify)
	first := ecm.RecordUpdate{Token: d.Token, Status: "ACTIVE", Essential: "NR", Storage: "EL", RecordDate: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	require.NoError(t, rm.Apply(t.Context(), n.ID, s.class, first))
	require.ErrorIs(t, rm.Apply(t.Context(), n.ID, s.class, first), ecm.ErrEditConflict, "the token is stale after a write")
	d, err = rm.Get(t.Context(), n.ID)
	require.NoError(t, err)
	require.Equal(t, s.class, d.Class())
	require.Equal(t, "ACTIVE", d.Primary().Status)
	require.Equal(t, "2026-01-05", d.Primary().RecordDate.Format(time.DateOnly))
	require.False(t, d.Final)
	require.NoError(t, rm.Update(t.Context(), n.ID, ecm.RecordUpdate{Token: d.Token, Official: true, Subject: "Spring"}))
	require.NoError(t, rm.Finalize(t.Context(), n.ID))
	d, err = rm.Get(t.Context(), n.ID)
	require.NoError(t, err)
	require.True(t, d.Final)
	require.True(t, d.Primary().Official)
	require.Equal(t, "Spring", d.Primary().Subject)
	require.NoError(t, rm.Finalize(t.Context(), n.ID), "a repeat is harmless")
	_, err = rm.Get(t.Context(), 999_999)
	require.ErrorIs(t, err, ecm.ErrNotFound)
}

func TestRMClassifications_FalseFlagsAreNotSent(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.record(t, "a")
	form := string(s.last(t, "POST /v1/nodes/{id}/rmclassifications").Request.Bytes)
	require.NotContains(t, form, "official")
	require.NotContains(t, form, "status")
}

func TestSettings_TheStatusFieldIsConfigurable(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	id := s.record(t, "a")
	c := s.client(t, "svc-dam", "svc-dam-password", ecm.WithSettings(ecm.Settings{StatusField: "status", OfficialMeansFinal: true}))
	d, err := c.RMClassifications.Get(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, c.RMClassifications.Update(t.Context(), id, ecm.RecordUpdate{Token: d.Token, Status: "CLOSED", Official: true}))
	require.Contains(t, string(s.last(t, "PUT /v1/nodes/{id}/rmclassifications").Request.Bytes), "&status=CLOSED")
	d, err = c.RMClassifications.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, d.Final, "by this setting")
}

func TestRSIs_OfClassAndNodeAssignedByName(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	id := s.record(t, "a")
	list, err := s.c.RSIs.OfNode(t.Context(), s.class)
	require.NoError(t, err)
	require.Equal(t, []ecm.NodeRSI{{Class: s.class, RSI: "MKT 07/a"}, {Class: s.class, RSI: "MKT-10"}}, list)
	stages, err := s.c.RSIs.Details(t.Context(), id, "MKT 07/a")
	require.NoError(t, err, "the name is escaped in the path")
	require.Equal(t, 32, stages[0].Action)
	require.NotEmpty(t, stages[0].Due)
	require.NoError(t, s.c.RSIs.Assign(t.Context(), id, s.class, "MKT-10"))
	d, err := s.c.RMClassifications.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "MKT-10", d.Primary().RSI)
	require.Error(t, s.c.RSIs.Assign(t.Context(), id, s.class, "HR-01"))
	all, err := s.c.RSIs.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
}

func TestHolds_OfNode(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	id := s.record(t, "a")
	hold := s.AddHold("CASE-7", "LEGAL", int64(id))
	list, err := s.c.Holds.OfNode(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, ecm.HoldID(hold), list[0].HoldID)
	require.Equal(t, "CASE-7", list[0].Name)
	require.True(t, list[0].Active)
	s.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Status: 200, Body: `{"data":[{"hold_id":"13","hold_name":"X"}]}`})
	list, err = s.c.Holds.OfNode(t.Context(), id)
	require.NoError(t, err)
	require.True(t, list[0].Active, "what does not say that it is suspended is in force")
}

func TestCrossReferences_BetweenRecordsOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	a, b, plain := s.record(t, "a"), s.record(t, "b"), s.upload(t, "c", []byte("x")).ID
	types, err := s.c.CrossReferences.Types(t.Context())
	require.NoError(t, err)
	require.Equal(t, []ecm.CrossReferenceType{{Type: "A", Related: "B"}}, types)
	require.NoError(t, s.c.CrossReferences.Assign(t.Context(), a, ecm.CrossReference{Type: "A", To: b}))
	require.ErrorIs(t, s.c.CrossReferences.Assign(t.Context(), a, ecm.CrossReference{Type: "A", To: plain}), ecm.ErrDenied)
	list, err := s.c.CrossReferences.OfNode(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []ecm.CrossReference{{Type: "B", To: a}}, list)
	inQuery := s.client(t, "svc-dam", "svc-dam-password", ecm.WithSettings(ecm.Settings{Places: map[string]ecm.Place{"CrossReferences.Assign": ecm.InQuery}}))
	require.NoError(t, inQuery.CrossReferences.Assign(t.Context(), b, ecm.CrossReference{Type: "A", To: a}))
	require.Contains(t, s.last(t, "POST /v1/nodes/{id}/xrefs").Query, "xref_type=A")
}

func TestCategories_DefinitionAndValues(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c, err := s.c.Categories.Definition(t.Context(), s.folder, s.category)
	require.NoError(t, err)
	key := func(name string) string {
		a, ok := c.Attribute(name)
		require.True(t, ok, name)
		return a.Key
	}
	client, _ := c.Attribute("Client")
	require.Equal(t, ecm.Attribute{Key: s.category.String() + "_2", Name: "Client", Type: "string", MaxLength: 10, Required: true}, client)
	tags, _ := c.Attribute("Tags")
	require.True(t, tags.MultiValue)
	ends, _ := c.Attribute("Ends")
	require.Equal(t, "date", ends.Type)
	_, ok := c.Attribute("Nothing")
	require.False(t, ok)
	_, err = s.c.Categories.Definition(t.Context(), s.folder, s.folder)
	require.ErrorIs(t, err, ecm.ErrAccessOrMissing)

	n := s.upload(t, "a", []byte("x"))
	cats := s.c.Categories
	require.Error(t, cats.Add(t.Context(), n.ID, s.category, ecm.CategoryValues{key("Tags"): ecm.Texts("a")}), "a required attribute is missing")
	values := ecm.CategoryValues{key("Client"): ecm.Text("Acme"), key("Count"): ecm.Number(3), key("AI"): ecm.Bool(true)}
	require.NoError(t, cats.Add(t.Context(), n.ID, s.category, values))
	require.ErrorIs(t, cats.Add(t.Context(), n.ID, s.category, values), ecm.ErrConflict)
	require.NoError(t, cats.Update(t.Context(), n.ID, s.category, ecm.CategoryValues{key("Tags"): ecm.Texts("a", "b")}))
	require.Error(t, cats.Update(t.Context(), n.ID, s.category, ecm.CategoryValues{key("Client"): ecm.Text("far too long a name")}))
	got, err := cats.OfNode(t.Context(), n.ID)
	require.NoError(t, err)
	require.Equal(t, "Acme", got[key("Client")].String())
	require.Equal(t, "3", got[key("Count")].String())
	require.Equal(t, "true", got[key("AI")].String())
	require.Equal(t, []string{"a", "b"}, got[key("Tags")].All())
	require.True(t, got[key("Ends")].IsZero())
	require.NoError(t, cats.Remove(t.Context(), n.ID, s.category))
}

// TestCategories_DefinitionTellsWhatAnAttributeTakes, whichever half of the form
// says so.
func TestCategories_DefinitionTellsWhatAnAttributeTakes(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	category := ecm.NodeID(s.AddCategory("Choosy",
		testserver.ECMAttribute{Label: "Kind", Choices: []string{"image", "film"}}, testserver.ECMAttribute{Label: "Uses", Multi: true, Choices: []string{"print", "web"}},
		testserver.ECMAttribute{Label: "Office", ReadOnly: true, Default: "Graz"}, testserver.ECMAttribute{Label: "Tags", Multi: true, ReadOnly: true}))
	key := func(n int) string { return ecm.AttributeKey(category, n) }
	want := []ecm.Attribute{
		{Key: key(2), Name: "Kind", Type: "string", Choices: []string{"image", "film"}},
		{Key: key(3), Name: "Uses", Type: "string", MultiValue: true, Choices: []string{"print", "web"}, Default: ecm.Texts()},
		{Key: key(4), Name: "Office", Type: "string", ReadOnly: true, Default: ecm.Text("Graz")},
		{Key: key(5), Name: "Tags", Type: "string", MultiValue: true, ReadOnly: true, Default: ecm.Texts()},
	}
	c, err := s.c.Categories.Definition(t.Context(), s.folder, category)
	require.NoError(t, err)
	require.Len(t, c.Attributes, len(want))
	for i, a := range c.Attributes {
		require.True(t, a.Default.Equal(want[i].Default), "%s begins with %q", a.Name, a.Default.All())
		a.Default = want[i].Default
		require.Equal(t, want[i], a)
	}
	s.Fail(testserver.Fault{Route: "GET /v1/forms/nodes/categories/create", Status: 200, Body: `{"forms":[{"data":[],"options":{"fields":{"7_2":{"readonly":true}}},"schema":{"properties":{"7_2":{"type":"string"}}}}]}`})
	c, err = s.c.Categories.Definition(t.Context(), s.folder, 7)
	require.NoError(t, err, "values in another form than expected are no reason to know nothing of the category")
	require.True(t, c.Attributes[0].ReadOnly)
}

func TestVolumesAndServer(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	v, err := s.c.Volumes.Get(t.Context(), ecm.SubtypeEnterpriseVolume)
	require.NoError(t, err)
	require.Equal(t, ecm.NodeID(2000), v.ID)
	_, err = s.c.Volumes.Get(t.Context(), ecm.SubtypeDocument)
	require.Error(t, err)
	require.NoError(t, s.c.Server.Ping(t.Context()))
	info, err := s.c.Server.Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, "23.3", info.Version)
	require.NoError(t, s.c.Auth.Login(t.Context()))
	require.NoError(t, s.c.Auth.Logout(t.Context()))
}
