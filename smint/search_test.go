package smint_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

func (p *portalTenant) ids(t *testing.T, q smint.SearchQuery) []string {
	t.Helper()
	ids := []string{}
	for a, err := range p.c.Portals.All(t.Context(), portal, q) {
		require.NoError(t, err)
		ids = append(ids, a.ExternalID)
	}
	return ids
}

func TestPortals_Search_Filters(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	p.put(t, "otcs-1", "document", testserver.SmintJSON{"attributes": testserver.SmintJSON{"campaign": "Aviators"}}, nil)
	p.put(t, "otcs-2", "image", nil, nil)
	p.put(t, "otcs-3", "image", testserver.SmintJSON{"attributes": testserver.SmintJSON{"ecm_approval_state": "rejected"}}, nil)
	p.put(t, "otcs-4", "image", testserver.SmintJSON{"resource": true}, nil)
	for name, row := range map[string]struct {
		q    smint.SearchQuery
		want []string
	}{
		"everything":      {smint.SearchQuery{}, []string{"1", "2", "3"}},
		"text":            {smint.SearchQuery{Text: "aviators"}, []string{"1"}},
		"one value":       {smint.SearchQuery{Filters: []smint.Filter{smint.Equal("ecm_approval_state", "approved")}}, []string{"1", "2"}},
		"one of several":  {smint.SearchQuery{Filters: []smint.Filter{smint.AnyOf("campaign", "Aviators", "Winter")}}, []string{"1"}},
		"content type":    {smint.SearchQuery{ContentType: smint.ContentDocument}, []string{"1"}},
		"resource assets": {smint.SearchQuery{Mode: smint.ResourceAssetsOnly}, []string{"4"}},
		"folder":          {smint.SearchQuery{Folders: []string{"elsewhere"}}, []string{}},
		"one by one":      {smint.SearchQuery{PageSize: 1}, []string{"1", "2", "3"}},
		"from page 1":     {smint.SearchQuery{PageSize: 1, Page: 1}, []string{"2", "3"}},
	} {
		require.Equal(t, row.want, p.ids(t, row.q), name)
	}
	_, err := p.c.Portals.Search(t.Context(), portal, smint.SearchQuery{Page: -1, ContentType: "3d", Mode: 9, Filters: []smint.Filter{{}}})
	for _, part := range []string{"page", "content type", "mode", "filters[0]"} {
		require.ErrorContains(t, err, part)
	}
}

func TestPortals_Search_FeaturesFiltersAndProposals(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	for i := range 3 {
		p.put(t, fmt.Sprintf("otcs-%d", i), "image", testserver.SmintJSON{"attributes": testserver.SmintJSON{"campaign": fmt.Sprintf("C%d", i)}}, nil)
	}
	page, err := p.c.Portals.Search(t.Context(), portal, smint.SearchQuery{})
	require.NoError(t, err)
	require.EqualValues(t, 3, *page.Details.TotalResults)
	require.Equal(t, "campaign", page.Filters[0].Items[0].ID)
	require.EqualValues(t, 1, *page.Filters[0].Items[0].AllowedValues[0].Count)
	features, err := p.c.Portals.SearchFeatures(t.Context(), portal)
	require.NoError(t, err)
	require.True(t, *features.FolderNavigation)
	values, total, err := p.c.Portals.AllowedValues(t.Context(), portal, smint.SearchQuery{}, "campaign", "C", 2)
	require.NoError(t, err)
	require.EqualValues(t, 3, total)
	require.Equal(t, []string{"C0", "C1"}, []string{values[0].Value.Text, values[1].Value.Text})
	proposals, err := p.c.Portals.Proposals(t.Context(), portal, smint.SearchQuery{Text: "asset"}, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"Asset otcs-0", "Asset otcs-1"}, proposals)
	_, _, err = p.c.Portals.AllowedValues(t.Context(), portal, smint.SearchQuery{}, "", "", 0)
	require.ErrorContains(t, err, "filter")
	require.ErrorContains(t, err, "most")
}

func TestPortals_All_IsAnIteratorLikeAllOthers(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	for i := range 5 {
		p.put(t, fmt.Sprintf("otcs-%d", i), "image", nil, nil)
	}
	all := p.c.Portals.All(t.Context(), portal, smint.SearchQuery{PageSize: 2})
	require.Zero(t, p.executes(), "nothing is fetched before ranging begins")
	for range 2 {
		n := 0
		for _, err := range all {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 5, n, "ranging again starts over")
	}
	before := p.executes()
	for _, err := range all {
		require.NoError(t, err)
		break
	}
	require.Equal(t, before+1, p.executes(), "leaving the loop stops the requests")
}

const emptyPage = `{"details":{"hasMoreResults":true},"assetDataObjects":[]}`

func TestPortals_All_WhatPortalsGetWrong(t *testing.T) {
	t.Parallel()
	walk := func(p *portalTenant, q smint.SearchQuery) (ids []smint.AssetID, broken, ended error) {
		for a, err := range p.c.Portals.All(t.Context(), portal, q) {
			switch {
			case err == nil:
				ids = append(ids, a.ID)
			case a == nil && ended == nil && broken == nil:
				broken = err
			default:
				ended = err
			}
		}
		return ids, broken, ended
	}
	p := newPortalTenant(t, nil, nil)
	p.answers("searchAssetsAsync", `{"assetDataObjects":[{"uuid":"a","properties":null},{"properties":[]},7,{"uuid":"b","properties":[7,{"key":"name","dataType":"localized_strings_model","localizedStringsValue":{"en":"1","en":"2"}}]}]}`)
	page, err := p.c.Portals.Search(t.Context(), portal, smint.SearchQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 4)
	require.NoError(t, page.Items[0].Err)
	require.ErrorIs(t, page.Items[1].Err, smint.ErrBrokenItem)
	require.ErrorIs(t, page.Items[2].Err, smint.ErrBrokenItem)
	b := page.Items[3].Asset
	require.Len(t, b.Faults, 1, "a property that is malformed is told, the others are read")
	require.Equal(t, []string{"en"}, b.Name.Doubles())
	require.Equal(t, "1", b.Name.In("en"), "of a culture that is there twice the first counts")
	require.False(t, page.More(), "without details a page that is not full is the last")

	p.answers("searchAssetsAsync", `{"details":{"currentPage":0,"hasMoreResults":true},"assetDataObjects":[{"uuid":"a","properties":[]}]}`)
	p.answers("searchAssetsAsync", `{"details":{"currentPage":0,"hasMoreResults":true},"assetDataObjects":[{"uuid":"a","properties":[]}]}`)
	_, err, _ = walk(p, smint.SearchQuery{})
	require.ErrorIs(t, err, smint.ErrCursorLoop, "the same page again")
	p.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", Times: 2, Result: `{"details":{"hasMoreResults":true},"assetDataObjects":[{"uuid":"a","properties":[]}]}`})
	_, err, _ = walk(p, smint.SearchQuery{})
	require.ErrorIs(t, err, smint.ErrCursorLoop, "the same items under another number")
	p.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", Times: 21, Result: emptyPage})
	_, err, _ = walk(p, smint.SearchQuery{})
	require.ErrorIs(t, err, smint.ErrCursorLoop, "pages without items and without end")

	p.answers("searchAssetsAsync", emptyPage)
	p.put(t, "otcs-1", "image", nil, nil)
	p.put(t, "otcs-2", "image", nil, nil)
	require.Equal(t, []string{"2"}, p.ids(t, smint.SearchQuery{PageSize: 1}), "an empty page ends nothing unless the portal says so")

	p.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", FailSteps: 1})
	ids, err, _ := walk(p, smint.SearchQuery{})
	require.ErrorIs(t, err, smint.ErrFailedSteps)
	require.Len(t, ids, 2, "what was found is given all the same")
	p.answers("searchAssetsAsync", `{"filterModel":{"formGroupDefinitions":[7]}}`)
	_, err, _ = walk(p, smint.SearchQuery{})
	require.ErrorIs(t, err, smint.ErrBrokenReply)
}
