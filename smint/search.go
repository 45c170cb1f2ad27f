package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/smintecm/sdk/internal/rest"
)

// SearchQuery says which assets are searched for. The zero value finds every
// asset that the user may see.
type SearchQuery struct {
	// Text is searched for in full text.
	Text    string
	Filters []Filter
	// Folders are the parents of the assets, Related those that they relate to.
	Folders []string
	Related []AssetID
	// ContentType, if set, is one of image, document, video and audio.
	ContentType ContentType
	// Mode says whether resource assets are found too; ResourceType which.
	Mode         ResourceMode
	ResourceType string
	Category     string
	// ResultSet goes on with the result of an earlier search, as its details
	// name it.
	ResultSet string
	// Page counts from 0. PageSize is 50 if 0, and 1000 at most.
	Page, PageSize int
}

// ResourceMode says whether a search finds assets, resource assets or both.
type ResourceMode int

// The modes.
const (
	AssetsOnly ResourceMode = iota
	ResourceAssetsOnly
	AssetsAndResourceAssets
)

// Filter narrows a search to values of one of the portal's filters. The zero
// value of all but ID filters nothing.
type Filter struct {
	ID       string   `json:"id"`
	DataType DataType `json:"dataType"`
	Text     string   `json:"stringValue,omitempty"`
	Texts    []string `json:"stringArrayValue,omitempty"`
}

// Equal filters by one value.
func Equal(id, value string) Filter { return Filter{ID: id, DataType: TypeString, Text: value} }

// AnyOf filters by several values, of which one is enough.
func AnyOf(id string, values ...string) Filter {
	return Filter{ID: id, DataType: TypeStringArray, Texts: values}
}

// contentNumbers are how parameters name the content types.
var contentNumbers = map[ContentType]int{ContentImage: 0, ContentDocument: 1, ContentVideo: 2, ContentAudio: 3}

// searchArgument is the argument of every method that searches.
type searchArgument struct {
	Folders    []idArgument `json:"parentFolderIds,omitempty"`
	Related    []idArgument `json:"relatedAssetIds,omitempty"`
	Text       string       `json:"queryString"`
	SearchText *string      `json:"searchQueryString,omitempty"`
	Filters    struct {
		Values []Filter `json:"values"`
	} `json:"currentFilters"`
	ContentType  *int         `json:"contentType,omitempty"`
	Mode         ResourceMode `json:"resourceAssetMode"`
	ResourceType string       `json:"resourceAssetType,omitempty"`
	Category     string       `json:"assetCategory,omitempty"`
	ResultSet    string       `json:"searchResultSetUuid,omitempty"`
	Page         *int         `json:"page,omitempty"`
	PageSize     *int         `json:"pageSize,omitempty"`
	Item         string       `json:"formItemDefinitionId,omitempty"`
	ItemText     *string      `json:"formItemDefinitionQueryString,omitempty"`
	Most         *int         `json:"maxResultCount,omitempty"`
	Random       *int         `json:"max,omitempty"`
}

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

func (q SearchQuery) argument(faults *rest.Problems) searchArgument {
	a := searchArgument{
		Text: q.Text, Mode: q.Mode, ResourceType: q.ResourceType, Category: q.Category, ResultSet: q.ResultSet, Related: idArguments(q.Related),
	}
	for _, f := range q.Folders {
		a.Folders = append(a.Folders, idArgument{AssetID(f)})
	}
	a.Filters.Values = q.Filters
	if q.Filters == nil {
		a.Filters.Values = []Filter{}
	}
	for i, f := range q.Filters {
		if f.ID == "" {
			faults.Add(fmt.Sprintf("filters[%d]", i), f.ID, "the id of a filter")
		}
	}
	if q.ContentType != "" {
		n, ok := contentNumbers[q.ContentType]
		if !ok {
			faults.Add("content type", q.ContentType, "image, document, video or audio")
		}
		a.ContentType = &n
	}
	if q.Mode < AssetsOnly || q.Mode > AssetsAndResourceAssets {
		faults.Add("mode", int(q.Mode), "one of the resource modes")
	}
	if q.PageSize == 0 {
		q.PageSize = defaultPageSize
	}
	if q.Page < 0 || q.PageSize < 1 || q.PageSize > maxPageSize {
		faults.Add("page", fmt.Sprintf("%d of size %d", q.Page, q.PageSize), fmt.Sprintf("page 0 or more, size 1 to %d", maxPageSize))
	}
	a.Page, a.PageSize = &q.Page, &q.PageSize
	return a
}

// SearchPage is one page of what a search found.
type SearchPage struct {
	Details SearchDetails
	// Filters are those that the portal offers for this search.
	Filters []FilterGroup
	Items   []AssetItem
	// Page is the page that was asked for.
	Page int
	size int
}

// SearchDetails describe a result. All of it may be missing.
type SearchDetails struct {
	ResultSet       string `json:"searchResultSetId"`
	CurrentPage     *int   `json:"currentPage"`
	ItemsPerPage    *int   `json:"currentItemsPerPage"`
	MaxPages        *int   `json:"maxPages"`
	TotalResults    *int64 `json:"totalResults"`
	HasMoreResults  *bool  `json:"hasMoreResults"`
	AdapterInstance string `json:"dataAdapterInstanceKey"`
}

// More tells whether there are pages after this one. Where the portal does
// not say, a page that is full has a successor.
func (p *SearchPage) More() bool {
	d := p.Details
	switch {
	case d.HasMoreResults != nil:
		return *d.HasMoreResults
	case d.MaxPages != nil:
		return p.Page+1 < *d.MaxPages
	case d.TotalResults != nil:
		return int64(p.Page+1)*int64(p.size) < *d.TotalResults
	}
	return len(p.Items) >= p.size
}

// Search reads one page of what a search finds. Items that are malformed have
// an error of their own. A portal that answers another page than the one that
// was asked for is ErrCursorLoop. A search of which steps failed gives what it
// found together with ErrFailedSteps.
//
// API: POST .../IAssetsSearch/execute/searchAssetsAsync.
func (s *PortalsService) Search(ctx context.Context, p Portal, q SearchQuery) (*SearchPage, error) {
	const method = "searchAssetsAsync"
	var faults rest.Problems
	argument := q.argument(&faults)
	if err := faults.Err("Portals." + method); err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Details *SearchDetails `json:"details"`
		Filters struct {
			Groups []json.RawMessage `json:"formGroupDefinitions"`
		} `json:"filterModel"`
		Assets []json.RawMessage `json:"assetDataObjects"`
	}](ctx, s, p, InterfaceSearch, method, argument)
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return nil, err
	}
	page := &SearchPage{Page: q.Page, size: *argument.PageSize}
	if answer.Details != nil {
		page.Details = *answer.Details
	}
	if got := page.Details.CurrentPage; got != nil && *got != q.Page {
		return nil, &Error{
			Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: fmt.Sprintf("asked for page %d, got page %d", q.Page, *got), Err: ErrCursorLoop,
		}
	}
	for _, raw := range answer.Assets {
		page.Items = append(page.Items, s.item(raw))
	}
	var broken error
	if page.Filters, broken = filterGroups(answer.Filters.Groups); broken != nil {
		return nil, &Error{Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: "filterModel", Err: fmt.Errorf("%w: %w", ErrBrokenReply, broken)}
	}
	return page, err
}

// emptyPages is how many pages without items, each of which says that there
// is more, are followed.
const emptyPages = 20

// Pages walks the pages of a search from q.Page on. It can be ranged again, and
// then begins at the same place. A page that repeats its predecessor is
// ErrCursorLoop; ErrFailedSteps of any page comes after the last one. While it walks, the portal may change: what is taken out can
// move an asset to a page that was read already, so that only a later search
// sees it.
//
// API: POST .../IAssetsSearch/execute/searchAssetsAsync.
func (s *PortalsService) Pages(ctx context.Context, p Portal, q SearchQuery) iter.Seq2[*SearchPage, error] {
	return func(yield func(*SearchPage, error) bool) {
		q := q
		var last *SearchPage
		var failed error
		for empty := 0; ; q.Page++ {
			page, err := s.Search(ctx, p, q)
			if page != nil && errors.Is(err, ErrFailedSteps) {
				failed, err = err, nil
			}
			if err == nil && last.repeats(page) {
				err = fmt.Errorf("smint: Portals.searchAssetsAsync: %w: page %d has the items of the page before", ErrCursorLoop, q.Page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page.Items) == 0 {
				empty++
			}
			if empty > emptyPages {
				yield(nil, fmt.Errorf("smint: Portals.searchAssetsAsync: %w: %d pages without items, and no end", ErrCursorLoop, empty))
				return
			}
			if !yield(page, nil) {
				return
			}
			if !page.More() {
				if failed != nil {
					yield(nil, failed)
				}
				return
			}
			if q.ResultSet == "" {
				q.ResultSet = page.Details.ResultSet
			}
			last = page
		}
	}
}

// repeats tells a page that has the very items of its predecessor.
func (p *SearchPage) repeats(next *SearchPage) bool {
	if p == nil || len(p.Items) == 0 || len(p.Items) != len(next.Items) {
		return false
	}
	for i, item := range p.Items {
		other := next.Items[i]
		if item.Asset == nil || other.Asset == nil || item.ID != other.ID || !bytes.Equal(item.Asset.Raw, other.Asset.Raw) {
			return false
		}
	}
	return true
}

// All walks the assets that a search finds, from q.Page on. One that cannot be
// read is yielded as its *AssetError and does not end the walk; any other error
// does. It can be ranged again, and then starts over.
//
// API: POST .../IAssetsSearch/execute/searchAssetsAsync.
func (s *PortalsService) All(ctx context.Context, p Portal, q SearchQuery) iter.Seq2[*Asset, error] {
	return func(yield func(*Asset, error) bool) {
		for page, err := range s.Pages(ctx, p, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if item.Err != nil && !errors.Is(item.Err, ErrBrokenItem) {
					yield(nil, item.Err)
					return
				}
				if !yield(item.Asset, item.Err) {
					return
				}
			}
		}
	}
}

// Random reads assets that the portal picks, most of them at the most; images
// unless q says otherwise. Only the content type, the mode and what goes with
// it count.
//
// API: POST .../IAssetsReadRandom/execute/getRandomAssetsAsync.
func (s *PortalsService) Random(ctx context.Context, p Portal, q SearchQuery, most int) ([]AssetItem, error) {
	const method = "getRandomAssetsAsync"
	var faults rest.Problems
	argument := q.argument(&faults)
	if most < 1 || most > maxPageSize {
		faults.Add("most", most, fmt.Sprintf("1 to %d", maxPageSize))
	}
	if err := faults.Err("Portals." + method); err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Assets []json.RawMessage `json:"assetDataObjects"`
	}](ctx, s, p, InterfaceReadRandom, method, searchArgument{
		ContentType: argument.ContentType, Mode: q.Mode, ResourceType: q.ResourceType, Category: q.Category, Filters: argument.Filters, Random: &most,
	})
	if err != nil {
		return nil, err
	}
	items := make([]AssetItem, 0, len(answer.Assets))
	for _, raw := range answer.Assets {
		items = append(items, s.item(raw))
	}
	return items, nil
}
