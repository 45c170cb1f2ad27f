package ecm

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// SearchService asks the search index. The index lags behind: what it does not
// find may exist, and what it finds may be gone. Look a record up by its place
// and name instead.
type SearchService service

// SearchQuery is a question to the index.
type SearchQuery struct {
	// Where is in the server's query language (LQL), as
	// `OTName: "report*" AND OTSubType: 144`. Text that comes from outside goes
	// through [LQLText].
	Where string
	// Below keeps what lies anywhere below this node.
	Below NodeID
	// Select lists regions to be read along, as "OTName"; see Regions.
	Select []string
	// Sort is as "desc_OTObjectDate".
	Sort string
	// Page begins at 1. Limit is the page size, 100 by default.
	Page, Limit int
}

// SearchHit is a node as the index knows it.
type SearchHit struct {
	Node Node
	// Version is the version that was found; Current tells that it is the
	// newest.
	Version int
	Current bool
	// Regions are the selected regions as texts.
	Regions map[string]string
}

// LQLText quotes a text for use in a query, so that nothing in it is read as
// part of the language.
func LQLText(text string) string {
	return `"` + strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' || r < ' ' {
			return ' '
		}
		return r
	}, text) + `"`
}

var regionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

func (q SearchQuery) form() (params, error) {
	var faults rest.Problems
	if strings.TrimSpace(q.Where) == "" && q.Below == 0 {
		faults.Add("where", q.Where, "a query, or a node to search below")
	}
	mayLines(&faults, "where", q.Where)
	mayID(&faults, "below", q.Below)
	mayText(&faults, "sort", q.Sort)
	mayPage(&faults, q.Page, q.Limit)
	for _, name := range q.Select {
		if !regionName.MatchString(name) {
			faults.Add("select", name, "the name of a region")
		}
	}
	where := q.Where
	if q.Below > 0 {
		// The location stands alone or comes last: combined with "*" it misbehaves.
		location := "OTLocation: " + q.Below.String()
		if where != "" {
			location = "(" + where + ") AND " + location
		}
		where = location
	}
	form := params{}.text("where", where).text("sort", q.Sort).number("page", int64(max(q.Page, 1))).number("limit", int64(cmpOr(q.Limit, 100)))
	if len(q.Select) > 0 {
		form.text("select", "{ '"+strings.Join(q.Select, "','")+"' }")
	}
	return form, faults.Err(routes.search.Name)
}

// Query reads one page of hits. The server's count may be an estimate. A query
// that the server cannot read is ErrInvalid.
//
// Errors: ErrInvalid.
//
// API: POST /v2/search.
func (s *SearchService) Query(ctx context.Context, q SearchQuery) (*Page[SearchHit], error) {
	form, err := q.form()
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Collection collection `json:"collection"`
		Results    oneOrMany[struct {
			Data struct {
				nodeData
				Regions map[string]json.RawMessage `json:"regions"`
			} `json:"data"`
			Metadata struct {
				Current flag   `json:"current_version"`
				Object  string `json:"object_id"`
			} `json:"search_result_metadata"`
		}] `json:"results"`
	}](ctx, s.rest, rest.Request{Route: &routes.search, Form: url.Values(form)})
	if err != nil {
		return nil, err
	}
	p := &Page[SearchHit]{Number: max(q.Page, 1), Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}
	for _, r := range answer.Results {
		n, ok := r.Data.node()
		if !ok {
			continue
		}
		hit := SearchHit{Node: n, Current: bool(r.Metadata.Current)}
		if _, version, found := strings.Cut(r.Metadata.Object, "Version="); found {
			hit.Version, _ = strconv.Atoi(version)
		}
		if r.Data.Regions != nil {
			hit.Regions = map[string]string{}
			for name, raw := range r.Data.Regions {
				hit.Regions[name] = textOf(raw)
			}
		}
		p.Items = append(p.Items, hit)
	}
	if p.Pages == 0 && p.Total > 0 {
		limit := cmpOr(q.Limit, 100)
		p.Pages = (p.Total + limit - 1) / limit
	}
	return p, nil
}

// All walks the hits page by page; it may be ranged again.
//
// Errors: ErrInvalid.
//
// API: POST /v2/search.
func (s *SearchService) All(ctx context.Context, q SearchQuery) iter.Seq2[SearchHit, error] {
	return pages(ctx, q.Page, func(ctx context.Context, page int) (*Page[SearchHit], error) {
		q := q
		q.Page = page
		return s.Query(ctx, q)
	})
}

// pages walks numbered pages from first on, 0 being the first of all.
func pages[T any](ctx context.Context, first int, read func(context.Context, int) (*Page[T], error)) iter.Seq2[T, error] {
	return rest.Paginate(cmpOr(first, 1), func(ctx context.Context, page int) ([]T, int, bool, error) {
		p, err := read(ctx, page)
		if err != nil {
			return nil, 0, false, err
		}
		return p.Items, page + 1, p.More(), nil
	})(ctx)
}

// Region is a field of the search index.
type Region struct {
	Name        string
	DisplayName string
	Queryable   bool
	Displayable bool
	Sortable    bool
}

// Regions lists the fields of the index that can be asked. Those of Records
// Management and of categories have names of the server's own.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v1/regions.
func (s *SearchService) Regions(ctx context.Context) ([]Region, error) {
	answer, err := get[v1[struct {
		Name        string `json:"name"`
		DisplayName string `json:"display_name"`
		Queryable   flag   `json:"queryable"`
		Displayable flag   `json:"displayable"`
		Sortable    flag   `json:"sortable"`
	}]](ctx, s.core, &routes.regions, nil, params{}.flag("queryable", true))
	var list []Region
	for _, r := range answer.Data {
		list = append(list, Region{r.Name, r.DisplayName, bool(r.Queryable), bool(r.Displayable), bool(r.Sortable)})
	}
	return list, err
}

// gather takes a whole sequence into memory.
func gather[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// failed is a sequence that yields an error and ends.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}
