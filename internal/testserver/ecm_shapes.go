package testserver

// page cuts a list by the parameters page and limit, and describes the cut.
func page[T any](c *ecmCall, all []T) ([]T, map[string]any) {
	limit, number := c.perPage, int64(1)
	if n, ok := c.number("limit"); ok && n > 0 {
		limit = min(n, 1000)
	}
	if n, ok := c.number("page"); ok && n > 0 {
		number = n
	}
	total := int64(len(all))
	pages := (total + limit - 1) / limit
	asked := number
	if number > pages && !c.e.options.EmptyPages {
		number = max(pages, 1)
	}
	from := min((number-1)*limit, total)
	to := min(from+limit, total)
	first := from + 1
	if total == 0 {
		first = 0
	}
	return all[from:to], map[string]any{
		"limit": limit, "page": asked, "page_total": pages, "range_min": first, "range_max": to, "total_count": total, "links": map[string]any{},
	}
}

// links is the part of a v2 answer that says what was asked.
func (c *ecmCall) links() map[string]any {
	return map[string]any{"data": map[string]any{"self": map[string]any{
		"body": "", "content_type": "", "href": "/api" + c.r.URL.Path, "method": c.r.Method, "name": "",
	}}}
}

// shaped wraps every object of a v2 answer in a list, as the published
// descriptions have it, if the fake is told to.
func (c *ecmCall) shaped(v map[string]any) ecmReply {
	if !c.e.options.SpecShapes {
		return ok(v)
	}
	out := map[string]any{}
	for k, one := range v {
		out[k] = wrapped(one)
	}
	return ok(out)
}

func wrapped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return v
		}
		inner := map[string]any{}
		for k, one := range v {
			inner[k] = wrapped(one)
		}
		return []any{inner}
	case []any:
		out := make([]any, 0, len(v))
		for _, one := range v {
			if list, isList := wrapped(one).([]any); isList {
				out = append(out, list...)
				continue
			}
			out = append(out, one)
		}
		return out
	}
	return v
}

// single is a v2 answer about one thing.
func (c *ecmCall) single(data map[string]any) ecmReply {
	return c.shaped(map[string]any{"links": c.links(), "results": map[string]any{"data": data}})
}

// listed is a v2 answer about several.
func (c *ecmCall) listed(paging map[string]any, results []any) ecmReply {
	return c.shaped(map[string]any{
		"collection": map[string]any{"paging": paging, "sorting": map[string]any{"sort": []any{}}}, "links": c.links(), "results": orEmpty(results),
	})
}

// flat is listed for the views whose paging is described without links.
func (c *ecmCall) flat(paging map[string]any, results []any) ecmReply {
	paging["links"] = nil
	return c.listed(paging, results)
}

// several is a v2 answer about several, all of them.
func (c *ecmCall) several(results []any) ecmReply {
	return c.shaped(map[string]any{"links": c.links(), "results": orEmpty(results)})
}

// empty is a v2 answer about nothing.
func (c *ecmCall) empty() ecmReply {
	return c.shaped(map[string]any{"links": c.links(), "results": map[string]any{}})
}

func orEmpty(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}

// done is the answer of a write that no source describes.
func done() ecmReply { return ok(map[string]any{}) }

// verdict is the answer of the second generation of Records Management: the
// status alone proves nothing.
func verdict(status int, id int64, text string) ecmReply {
	return ecmReply{status: status, body: map[string]any{"results": map[string]any{"ok": text == "", "errMsg": text, "id": id}}}
}

// shortPaging is the paging of Records Management's views.
func shortPaging(paging map[string]any) map[string]any {
	return map[string]any{"limit": paging["limit"], "page": paging["page"], "page_total": paging["page_total"], "total_count": paging["total_count"]}
}

// view is a maintenance view of Records Management; more stands at the top.
func view(paging map[string]any, rows []any, more map[string]any) ecmReply {
	data := make([]any, 0, len(rows))
	for _, row := range rows {
		data = append(data, map[string]any{"actions": map[string]any{"data": nil, "map": nil, "order": nil}, "data": row, "metadata": map[string]any{}, "metadata_order": nil})
	}
	out := map[string]any{"paging": shortPaging(paging), "data": data, "definitions": map[string]any{}, "definitions_order": []any{}}
	for k, v := range more {
		out[k] = v
	}
	return ok(out)
}
