package testserver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ecmIndexed is what the search index knows of a node.
type ecmIndexed struct {
	Node    int64             `json:"node"`
	Regions map[string]string `json:"regions"`
}

// searchRegions are those that can be asked and shown.
var searchRegions = []string{"OTName", "OTSubType", "OTLocation", "OTParentID", "OTDataID", "OTObjectDate", "OTObjectSize", "OTMIMEType", "OTModifyDate", "OTOwnerID"}

// reindex brings the index up to date with what has rested for the lag. A node
// that just changed is found as it was, one that just came is not found.
func (e *ECM) reindex() {
	limit := e.now().Add(-e.options.IndexLag)
	for id, n := range e.state.Nodes {
		switch {
		case n.Deleted:
			if !n.DeletedAt.After(limit) {
				delete(e.state.Index, id)
			}
		case e.gone(n):
			delete(e.state.Index, id)
		case !n.Modified.After(limit):
			e.state.Index[id] = ecmIndexed{Node: id, Regions: e.regions(n)}
		}
	}
}

func (e *ECM) regions(n *ecmNode) map[string]string {
	var way []string
	for at := e.state.Nodes[n.Parent]; at != nil; at = e.state.Nodes[at.Parent] {
		way = append(way, strconv.FormatInt(at.ID, 10))
	}
	slices.Reverse(way)
	r := map[string]string{
		"OTName": n.Name, "OTSubType": strconv.Itoa(n.Type), "OTLocation": strings.Join(way, " "), "OTParentID": strconv.FormatInt(n.Parent, 10),
		"OTDataID": strconv.FormatInt(n.ID, 10), "OTObjectDate": n.Created.Format("20060102"), "OTModifyDate": n.Modified.Format("20060102"),
		"OTObjectSize": strconv.FormatInt(n.size(), 10), "OTOwnerID": strconv.FormatInt(n.Owner, 10), "OTMIMEType": "",
	}
	if v := n.newest(); v != nil {
		r["OTMIMEType"] = v.MediaType
	}
	for _, values := range n.Categories {
		for key, v := range values {
			if !empty(v) {
				r["Attr_"+key] = strings.Trim(fmt.Sprint(v), "[]")
			}
		}
	}
	return r
}

const textQuery = "Error Evaluating Query, You have either not specified any search criterion at all, or one of your Livelink Query Language statements is incorrect."

// query is the search clause of a request, with what modifies it.
func (c *ecmCall) query() (lqlMatch, error) {
	where := strings.TrimSpace(c.text("where"))
	if where == "" {
		return nil, errQuery
	}
	how := c.text("lookfor")
	if how == "" || how == "complexquery" {
		return parseLQL(where)
	}
	words := strings.Fields(where)
	return func(d *ecmIndexed) bool {
		has := func(w string) bool { return d.contains(d.Regions["OTName"], w) }
		switch how {
		case "anywords":
			return slices.ContainsFunc(words, has)
		case "exactphrase":
			return has(where)
		}
		return !slices.ContainsFunc(words, func(w string) bool { return !has(w) })
	}, nil
}

func (c *ecmCall) postSearch() ecmReply {
	match, err := c.query()
	switch {
	case err != nil:
		return fail(http.StatusBadRequest, textQuery)
	case (c.has("user_login") || c.has("user_domain")) && !c.user.Admin:
		return fail(http.StatusBadRequest, "You don't have the system administration rights permission to use user_login or user_domain")
	}
	c.e.reindex()
	var hits []ecmIndexed
	for _, id := range sortedKeys(c.e.state.Index) {
		d := c.e.state.Index[id]
		if n := c.e.state.Nodes[id]; n != nil && !n.Destroyed && c.sees(n) && match(&d) && c.inLocation(n) {
			hits = append(hits, d)
		}
	}
	if key, down := strings.CutPrefix(c.text("sort"), "desc_"); down {
		slices.SortStableFunc(hits, func(a, b ecmIndexed) int { return -byRegion(key, a, b) })
	} else if key = strings.TrimPrefix(key, "asc_"); key != "" && key != "relevance" {
		slices.SortStableFunc(hits, func(a, b ecmIndexed) int { return byRegion(key, a, b) })
	}
	some, paging := page(c, hits)
	paging["result_header_string"] = fmt.Sprintf("Results %v to %v of %v", paging["range_min"], paging["range_max"], paging["total_count"])
	var results []any
	for _, d := range some {
		results = append(results, c.hit(d))
	}
	return ok(map[string]any{
		"collection": map[string]any{
			"paging": paging, "searching": map[string]any{"cache_id": c.e.number("search"), "result_title": "Search Results", "regions_order": c.list("select"), "regions_metadata": map[string]any{}, "facets": map[string]any{"available": []any{}}},
			"sorting": map[string]any{"links": map[string]any{}, "sort": []any{}},
		}, "links": c.links(), "results": orEmpty(results),
	})
}

// inLocation honors location_id1 to location_id9.
func (c *ecmCall) inLocation(n *ecmNode) bool {
	asked := false
	for i := range 9 {
		id, isID := c.number(fmt.Sprintf("location_id%d", i+1))
		if !isID {
			continue
		}
		if asked = true; c.e.within(n, id) {
			return true
		}
	}
	return !asked
}

func byRegion(key string, a, b ecmIndexed) int {
	x, errX := strconv.ParseInt(a.Regions[key], 10, 64)
	y, errY := strconv.ParseInt(b.Regions[key], 10, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return strings.Compare(a.Regions[key], b.Regions[key])
}

// hit is one result: the node as the index knows it.
func (c *ecmCall) hit(d ecmIndexed) map[string]any {
	n := c.e.state.Nodes[d.Node]
	p := c.e.properties(n)
	p["name"] = d.Regions["OTName"]
	data := map[string]any{"properties": p, "versions": map[string]any{}}
	if v := n.newest(); v != nil {
		data["versions"] = map[string]any{
			"current_version": true, "file_name": v.FileName, "file_size": v.Blob.Size, "id": n.ID, "mime_type": v.MediaType, "owner_id": n.Owner, "version_id": n.ID + int64(v.Number), "version_number": v.Number,
		}
	}
	if selected := c.list("select"); len(selected) > 0 {
		regions := map[string]any{}
		for _, name := range selected {
			name = strings.Trim(name, "' ")
			value, known := d.Regions[name]
			if !known {
				continue
			}
			regions[name] = value
			if day, err := time.Parse("20060102", value); err == nil {
				regions[name+"_formatted"] = day.Format("01/02/2006")
			}
		}
		data["regions"] = regions
	}
	return map[string]any{
		"data": data, "links": map[string]any{"data": map[string]any{}},
		"search_result_metadata": map[string]any{
			"current_version": true, "object_id": fmt.Sprintf("DataId=%d&Version=%d", n.ID, len(n.Versions)), "object_href": nil, "result_type": n.Type, "source_id": 1, "version_type": nil,
		},
	}
}

func (c *ecmCall) regionList() ecmReply {
	data := []any{}
	for _, name := range searchRegions {
		data = append(data, map[string]any{"name": name, "display_name": strings.TrimPrefix(name, "OT"), "queryable": true, "displayable": true, "search_by_default": name == "OTName", "facet": false, "sortable": true})
	}
	for _, id := range sortedKeys(c.e.state.Nodes) {
		for _, a := range c.e.state.Nodes[id].Attributes {
			if a.Type != "set" {
				data = append(data, map[string]any{"name": "Attr_" + attributeKey(id, a.ID), "display_name": a.Label, "queryable": true, "displayable": true, "search_by_default": false, "facet": false, "sortable": false})
			}
		}
	}
	return ok(map[string]any{"data": data})
}

func (c *ecmCall) slices() ecmReply {
	return ok(map[string]any{"data": []any{map[string]any{"default_slice": true, "id": 1, "name": "Enterprise"}}})
}
