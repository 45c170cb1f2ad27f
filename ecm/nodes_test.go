package ecm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

func (s *server) upload(t *testing.T, name string, content []byte) *ecm.Node {
	t.Helper()
	n, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{Parent: s.folder, Name: name, MediaType: "image/jpeg", Content: bytes.NewReader(content), Size: int64(len(content))})
	require.NoError(t, err)
	return n
}

// record uploads and classifies a document.
func (s *server) record(t *testing.T, name string) ecm.NodeID {
	t.Helper()
	n := s.upload(t, name, []byte(name))
	d, err := s.c.RMClassifications.Get(t.Context(), n.ID)
	require.NoError(t, err)
	require.NoError(t, s.c.RMClassifications.Apply(t.Context(), n.ID, s.class, ecm.RecordUpdate{Token: d.Token}))
	return n.ID
}

func TestNodes_UploadStreamsWithExactLengthBodyFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	content := bytes.Repeat([]byte("ab"), 5000)
	n, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: s.folder, Name: "spot.mp4", FileName: `a"b.mp4`, MediaType: "video/mp4", Content: io.MultiReader(bytes.NewReader(content)), Size: 10_000,
		Categories: ecm.CategoryValues{s.category.String() + "_2": ecm.Text("Acme"), s.category.String() + "_3": ecm.Texts("x", "y"), s.category.String() + "_4": ecm.Text("2027-01-31")},
	})
	require.NoError(t, err)
	require.Equal(t, "spot.mp4", n.Name)
	e := s.last(t, "POST /v2/nodes")
	require.Equal(t, e.Request.Length, mustInt(t, e.RequestHeader.Get("Content-Length"), e.Request.Length))
	require.Less(t, bytes.Index(e.Request.Bytes, []byte(`name="body"`)), bytes.Index(e.Request.Bytes, []byte(`name="file"`)))
	got, err := s.c.Nodes.Get(t.Context(), n.ID, ecm.WithCategories)
	require.NoError(t, err)
	require.Equal(t, int64(10_000), got.Size)
	require.Equal(t, "video/mp4", got.MediaType)
	require.Equal(t, "Acme", got.Categories[s.category.String()+"_2"].String())
	require.Equal(t, []string{"x", "y"}, got.Categories[s.category.String()+"_3"].All())
	require.True(t, ecm.Text("2027-01-31").Equal(got.Categories[s.category.String()+"_4"]), "the server adds a midnight")

	c, err := s.c.Content.Open(t.Context(), n.ID)
	require.NoError(t, err)
	require.Equal(t, `a"b.mp4`, c.FileName)
	back, err := io.ReadAll(c)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.True(t, bytes.Equal(content, back))
}

// mustInt reads a header that the in-process transport may not carry.
func mustInt(t *testing.T, s string, fallback int64) int64 {
	t.Helper()
	if s == "" {
		return fallback
	}
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

func TestNodes_FaultsAreReportedTogetherBeforeIO(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	_, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{Name: "a/b", FileName: "..", Size: -1})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, field := range []string{"parent", "name", "file name", "content", "size"} {
		require.ErrorContains(t, err, field)
	}
	_, err = s.c.Nodes.Get(t.Context(), 0)
	require.ErrorIs(t, err, ecm.ErrInvalid)
	require.ErrorIs(t, s.c.RMClassifications.Finalize(t.Context()), ecm.ErrInvalid)
	require.ErrorIs(t, s.c.Categories.Update(t.Context(), 7, s.category, ecm.CategoryValues{"1_2": ecm.Text("x")}), ecm.ErrInvalid)
	require.Empty(t, s.Exchanges())
}

func TestNodes_AShortSourceStoresNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, size := range []int64{5, 100_000} {
		_, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{Parent: s.folder, Name: "x", Content: io.MultiReader(strings.NewReader("abc")), Size: size})
		require.ErrorIs(t, err, ecm.ErrSource)
		require.Empty(t, s.Documents())
	}
}

// TestNodes_AllHoldsWhatIteratorsPromise: nothing is fetched before ranging,
// leaving stops the requests, ranging again starts over, an error comes once,
// and a page beyond the end, which the server answers with results again, is
// never asked for.
func TestNodes_AllHoldsWhatIteratorsPromise(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for i := range 25 {
		s.AddFolder(int64(s.folder), fmt.Sprintf("f%02d", i))
	}
	route := "GET /v2/nodes/{id}/nodes"
	all := s.c.Nodes.All(t.Context(), s.folder, &ecm.ListOptions{Limit: 10})
	require.Zero(t, s.Count(route))
	for range 2 {
		var names []string
		for n, err := range all {
			require.NoError(t, err)
			names = append(names, n.Name)
		}
		require.Len(t, names, 25)
		require.True(t, slices.IsSorted(names))
	}
	require.Equal(t, 6, s.Count(route))
	for _, err := range all {
		require.NoError(t, err)
		break
	}
	require.Equal(t, 7, s.Count(route))
	s.Fail(testserver.Fault{Route: route, Skip: 1, Status: 400, Body: `{"error":"One or more parameters are invalid"}`})
	var seen, failed int
	for n, err := range all {
		if err != nil {
			failed++
			require.Equal(t, ecm.Node{}, n)
			continue
		}
		seen++
	}
	require.Equal(t, 10, seen)
	require.Equal(t, 1, failed)
}

func TestNodes_FindChildComparesExactly(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.AddFolder(int64(s.folder), "3f old")
	_, err := s.c.Nodes.FindChild(t.Context(), s.folder, "3f")
	require.ErrorIs(t, err, ecm.ErrNotFound)
	id := s.AddFolder(int64(s.folder), "3f")
	n, err := s.c.Nodes.FindChild(t.Context(), s.folder, "3f")
	require.NoError(t, err)
	require.Equal(t, id, int64(n.ID))
}

func TestNodes_GetManyAsksInPortionsAndLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	var ids []ecm.NodeID
	for i := range 260 {
		ids = append(ids, ecm.NodeID(s.AddFolder(int64(s.folder), strconv.Itoa(i))))
	}
	found, err := s.c.Nodes.GetMany(t.Context(), append(ids, 999_999)...)
	require.NoError(t, err)
	require.Len(t, found, 260)
	require.Equal(t, 2, s.Count("POST /v2/nodes/list"))
}

func TestNodes_NamesMoveRenameAndWay(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	n := s.upload(t, "a.jpg", []byte("x"))
	taken, err := s.c.Nodes.ValidateNames(t.Context(), s.folder, "A.JPG", "b.jpg")
	require.NoError(t, err)
	require.Equal(t, map[string]ecm.NodeID{"A.JPG": n.ID}, taken, "names are compared without case")
	_, err = s.c.Nodes.CreateFolder(t.Context(), s.folder, "A.jpg")
	require.ErrorIs(t, err, ecm.ErrNameTaken)
	require.NoError(t, s.c.Nodes.Rename(t.Context(), n.ID, "b.jpg"))
	sub, err := s.c.Nodes.CreateFolder(t.Context(), s.folder, "sub")
	require.NoError(t, err)
	require.NoError(t, s.c.Nodes.Move(t.Context(), n.ID, sub.ID))
	way, err := s.c.Nodes.Ancestors(t.Context(), n.ID)
	require.NoError(t, err)
	var names []string
	for _, a := range way {
		names = append(names, a.Name)
	}
	require.Equal(t, []string{"Enterprise", "Campaigns", "sub", "b.jpg"}, names)
	require.NoError(t, s.c.Nodes.Delete(t.Context(), n.ID))
	_, err = s.c.Nodes.Get(t.Context(), n.ID)
	require.ErrorIs(t, err, ecm.ErrNotFound)
}

// TestNodes_ForeignNodesAreNotThere: what a user may not see is missing
// everywhere, and nothing tells it from what does not exist.
func TestNodes_ForeignNodesAreNotThere(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	other := s.AddFolder(2000, "Globex")
	s.AddUser(testserver.ECMUser{Name: "globex", Password: "pw", Roots: []int64{other}})
	n := s.upload(t, "a.jpg", []byte("x"))
	c := s.client(t, "globex", "pw")
	_, err := c.Nodes.Get(t.Context(), n.ID)
	require.ErrorIs(t, err, ecm.ErrNotFound)
	found, err := c.Nodes.GetMany(t.Context(), n.ID, ecm.NodeID(other))
	require.NoError(t, err)
	require.Len(t, found, 1)
	_, err = c.Content.Open(t.Context(), n.ID)
	require.ErrorIs(t, err, ecm.ErrNotFound)
	_, err = c.Nodes.CreateFolder(t.Context(), s.folder, "mine")
	require.ErrorIs(t, err, ecm.ErrAccessOrMissing)
}

func TestContent_AShortAnswerIsAnError(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	n := s.upload(t, "a.jpg", []byte("0123456789"))
	s.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/content", Kind: testserver.Truncate})
	c, err := s.c.Content.Open(t.Context(), n.ID)
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestVersions_AddListOpen(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	n := s.upload(t, "a.zip", []byte("one"))
	v, err := s.c.Versions.Add(t.Context(), n.ID, ecm.NewVersion{Description: "second", FileName: "a.zip", Content: strings.NewReader("two"), Size: 3})
	require.NoError(t, err)
	require.Equal(t, 2, v.Number)
	list, err := s.c.Versions.List(t.Context(), n.ID)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "second", list[1].Description)
	one, err := s.c.Versions.Get(t.Context(), n.ID, 1)
	require.NoError(t, err)
	require.Equal(t, list[0], *one)
	for i, want := range []string{"one", "two"} {
		c, err := s.c.Content.OpenVersion(t.Context(), n.ID, i+1)
		require.NoError(t, err)
		b, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Equal(t, want, string(b))
	}
}

// guarded are all calls that could harm a held node or a final record.
func (s *server) guarded(t *testing.T, id ecm.NodeID) map[string]func(...ecm.Unguarded) error {
	ctx := t.Context()
	return map[string]func(...ecm.Unguarded) error{
		"Nodes.Delete": func(u ...ecm.Unguarded) error { return s.c.Nodes.Delete(ctx, id, u...) },
		"Nodes.Move":   func(u ...ecm.Unguarded) error { return s.c.Nodes.Move(ctx, id, 2000, u...) },
		"Versions.Add": func(u ...ecm.Unguarded) error {
			_, err := s.c.Versions.Add(ctx, id, ecm.NewVersion{FileName: "x", Content: strings.NewReader("x"), Size: 1}, u...)
			return err
		},
		"Versions.PutRendition": func(u ...ecm.Unguarded) error {
			return s.c.Versions.PutRendition(ctx, id, 1, "pdf", "x.pdf", strings.NewReader("x"), 1, u...)
		},
		"Versions.DeleteRendition": func(u ...ecm.Unguarded) error { return s.c.Versions.DeleteRendition(ctx, id, 1, "pdf", u...) },
		"RecycleBin.Purge":         func(u ...ecm.Unguarded) error { return s.c.RecycleBin.Purge(ctx, []ecm.NodeID{id}, u...) },
		"Categories.Remove":        func(u ...ecm.Unguarded) error { return s.c.Categories.Remove(ctx, id, s.category, u...) },
		"RMClassifications.RemoveMany": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.RemoveMany(ctx, s.class, []ecm.NodeID{id}, u...)
		},
		"RMClassifications.UpdateMany": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.UpdateMany(ctx, ecm.BulkUpdate{RemoveRSI: true}, []ecm.NodeID{id}, u...)
		},
		"RSIs.Remove": func(u ...ecm.Unguarded) error { return s.c.RSIs.Remove(ctx, id, s.class, u...) },
		"Dispositions.PerformActions": func(u ...ecm.Unguarded) error {
			return s.c.Dispositions.PerformActions(ctx, ecm.ActOn{User: 1000, Search: 70010, QDate: "2026-01-01:00:00:00", Items: []ecm.DispositionItem{{Node: id, StageCount: 1}}}, u...)
		},
		"Versions.AddLarge": func(u ...ecm.Unguarded) error {
			_, err := s.c.Versions.AddLarge(ctx, id, ecm.LargeVersion{NewVersion: ecm.NewVersion{FileName: "x", Content: strings.NewReader("x"), Size: 1}}, u...)
			return err
		},
		"RMClassifications.Remove": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.Remove(ctx, id, s.class, "the token last read", u...)
		},
		"RMClassifications.Update": func(u ...ecm.Unguarded) error {
			return s.c.RMClassifications.Update(ctx, id, ecm.RecordUpdate{Token: "read before", RecordDate: someDay}, u...)
		},
		"Nodes.Rename":     func(u ...ecm.Unguarded) error { return s.c.Nodes.Rename(ctx, id, "another", u...) },
		"Versions.Promote": func(u ...ecm.Unguarded) error { return s.c.Versions.Promote(ctx, id, 1, "", u...) },
		"Versions.Delete":  func(u ...ecm.Unguarded) error { return s.c.Versions.Delete(ctx, id, 1, u...) },
		"Versions.Purge":   func(u ...ecm.Unguarded) error { return s.c.Versions.Purge(ctx, id, 1, u...) },
		"CrossReferences.Remove": func(u ...ecm.Unguarded) error {
			return s.c.CrossReferences.Remove(ctx, id, ecm.CrossReference{Type: "A", To: 7}, u...)
		},
		"CrossReferences.RemoveSeveral": func(u ...ecm.Unguarded) error {
			return s.c.CrossReferences.RemoveSeveral(ctx, id, []ecm.CrossReference{{Type: "A", To: 7}}, u...)
		},
		"CrossReferences.RemoveMany": func(u ...ecm.Unguarded) error {
			return s.c.CrossReferences.RemoveMany(ctx, ecm.CrossReference{Type: "A", To: 7}, []ecm.NodeID{id}, u...)
		},
	}
}

// TestR18_HeldAndFinalNodesAreLeftAlone, and nothing at all is sent; where the
// holds cannot be read, they are taken to be there (R25).
func TestR18_HeldAndFinalNodesAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	held, final := s.upload(t, "held", []byte("x")).ID, s.record(t, "final")
	s.AddHold("CASE-7", "LEGAL", int64(held))
	require.NoError(t, s.c.RMClassifications.Finalize(t.Context(), final))
	var told []ecm.Refused
	for id, want := range map[ecm.NodeID]error{held: ecm.ErrOnHold, final: ecm.ErrFinal} {
		for name, call := range s.guarded(t, id) {
			if errors.Is(want, ecm.ErrFinal) && name == "Dispositions.PerformActions" {
				continue // a disposition is what final records end in.
			}
			s.Forget()
			err := call()
			require.ErrorIs(t, err, want, name)
			for _, e := range s.Exchanges() {
				require.Equal(t, "GET", e.Method, "%s sent %s", name, e.Route)
			}
		}
	}
	// The server itself refuses too, whatever the client skips.
	for name, id := range map[string]ecm.NodeID{"held": held, "final": final} {
		for call, send := range s.guarded(t, id) {
			err := send(ecm.Unguarded{Reason: "to see the server refuse"})
			// Bulk calls answer for no item, and relations are the client's own concern.
			if !strings.HasSuffix(call, "Many") && !strings.HasPrefix(call, "CrossReferences.") {
				require.Error(t, err, "%s of a %s node", call, name)
			}
		}
		n, ok := s.Node(int64(id))
		require.True(t, ok && !n.Deleted && n.Versions == 1 && n.Parent == int64(s.folder), "a %s node was changed", name)
	}
	free := s.upload(t, "free", []byte("x")).ID
	s.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Times: -1, Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`})
	err := s.c.NotifyRefused(func(_ context.Context, r ecm.Refused) { told = append(told, r) }).Nodes.Delete(t.Context(), free)
	require.ErrorIs(t, err, ecm.ErrOnHold)
	require.Len(t, told, 1)
	require.Equal(t, free, told[0].Node)
	require.ErrorIs(t, s.c.Nodes.Delete(t.Context(), free, ecm.Unguarded{}), ecm.ErrInvalid, "skipping needs a reason")
	require.NoError(t, s.c.Nodes.Delete(t.Context(), free, ecm.Unguarded{Reason: "clean-up of a test"}))
}

// TestR18_WhatAFolderContainsDoesNotGoWithIt: a folder is no record and on no
// hold, and what lies in it, however deep, may be.
func TestR18_WhatAFolderContainsDoesNotGoWithIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	outer := ecm.NodeID(s.AddFolder(2000, "outer"))
	inner := ecm.NodeID(s.AddFolder(int64(outer), "inner"))
	held := s.upload(t, "held", []byte("x")).ID
	s.Change(int64(held), func(_ *string, parent *int64, _ *bool) { *parent = int64(inner) })
	s.AddHold("CASE-7", "LEGAL", int64(held))
	calls := map[string]func(ecm.NodeID) error{
		"Nodes.Delete": func(id ecm.NodeID) error { return s.c.Nodes.Delete(t.Context(), id) },
		"Nodes.Move":   func(id ecm.NodeID) error { return s.c.Nodes.Move(t.Context(), id, s.folder) },
	}
	for name, call := range calls {
		for _, id := range []ecm.NodeID{outer, inner} {
			s.Forget()
			require.ErrorIs(t, call(id), ecm.ErrInUse, "%s takes along what the folder contains: a held record", name)
			for _, e := range s.Exchanges() {
				require.Equal(t, "GET", e.Method, "%s sent %s", name, e.Route)
			}
		}
	}
	s.Fail(testserver.Fault{Route: "GET /v2/nodes/{id}/nodes", Times: -1, Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`})
	empty := ecm.NodeID(s.AddFolder(2000, "empty"))
	require.ErrorIs(t, calls["Nodes.Delete"](empty), ecm.ErrInUse, "what a folder contains cannot be read: it is taken to contain records")
	s.Heal()
	require.NoError(t, calls["Nodes.Move"](empty))
	require.NoError(t, calls["Nodes.Delete"](empty), "an empty folder harms nobody")
}

func TestErrors_AreOneConcreteType(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	_, err := s.c.Nodes.Get(t.Context(), 999_999)
	e, ok := errors.AsType[*ecm.Error](err)
	require.True(t, ok)
	require.Equal(t, "/v2/nodes/{id}", e.Route)
	require.EqualError(t, err, `ecm: Nodes.Get: 400 "Could not get a node for 999999": not found`)
}
