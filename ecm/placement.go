package ecm

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// Place is where a call sends its parameters.
type Place string

// The places. The server merges them; which one an operation reads, the
// published description and what was seen live disagree about.
const (
	// InForm is a form.
	InForm Place = "form"
	// InQuery is the query, as Records Management describes many writes.
	InQuery Place = "query"
	// InBody is a form with the one field "body" that holds them as JSON.
	InBody Place = "body"
)

// ListEncoding is how several values of one parameter are sent in a form or a
// query. No source proves one of them for the bulk operations: read back what a
// bulk call did.
type ListEncoding string

// The encodings of lists.
const (
	// ListRepeated repeats the parameter for each value. It is the default.
	ListRepeated ListEncoding = "repeated"
	// ListCommas joins the values by commas.
	ListCommas ListEncoding = "commas"
	// ListJSON sends a JSON array.
	ListJSON ListEncoding = "json"
)

// listKeys are the parameters that hold several values.
var listKeys = []string{"addedUsers", "class_id", "holdIDs", "ids", "objectTypes_list", "removedUsers", "rsi_list", "supplemental_markings", "userIDs"}

// switchable tells the operations whose parameters can be put elsewhere.
func switchable(name string) bool {
	return slices.ContainsFunc(Operations(), func(o Operation) bool { return o.Name == name && o.Method != "GET" && o.Method != "HEAD" })
}

func (s Settings) check(faults *rest.Problems) {
	if s.StatusField != "" && s.StatusField != "file_status" && s.StatusField != "status" {
		faults.Add("settings.status field", s.StatusField, "file_status or status")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Places)) {
		if place := s.Places[name]; place != InForm && place != InQuery && place != InBody {
			faults.Add("settings.places."+name, place, "form, query or body")
		}
		if !switchable(name) {
			faults.Add("settings.places", name, "the name of a write, as Operations lists it: Holds.Apply")
		}
	}
	if s.Lists != "" && s.Lists != ListRepeated && s.Lists != ListCommas && s.Lists != ListJSON {
		faults.Add("settings.lists", s.Lists, "repeated, commas or json")
	}
}

// placed puts the parameters of a write where the settings want them, and the
// lists among them in the settings' encoding.
func (s Settings) placed(req rest.Request) (rest.Request, error) {
	if req.Body != nil || len(req.Form)+len(req.Query) == 0 || req.Form.Has("body") {
		return req, nil
	}
	switch s.Places[req.Route.Name] {
	case InBody:
		form, err := bodyJSON(jsonOf(req.Form, req.Query))
		req.Form, req.Query = form, nil
		return req, err
	case InQuery:
		req.Form, req.Query = nil, s.listed(merged(req.Query, req.Form))
	case InForm:
		req.Form, req.Query = s.listed(merged(req.Form, req.Query)), nil
	default:
		req.Form, req.Query = s.listed(req.Form), s.listed(req.Query)
	}
	return req, nil
}

func merged(a, b url.Values) url.Values {
	all := url.Values{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

func (s Settings) listed(values url.Values) url.Values {
	if values == nil || s.Lists == "" || s.Lists == ListRepeated {
		return values
	}
	out := url.Values{}
	for name, texts := range values {
		switch {
		case !slices.Contains(listKeys, name):
			out[name] = texts
		case s.Lists == ListCommas:
			out.Set(name, strings.Join(texts, ","))
		default:
			b, err := json.Marshal(elements(texts))
			if err != nil {
				b = nil // texts and numbers always can be.
			}
			out.Set(name, string(b))
		}
	}
	return out
}

// jsonOf are parameters as the members of a JSON object.
func jsonOf(all ...url.Values) map[string]any {
	object := map[string]any{}
	for _, values := range all {
		for name, texts := range values {
			switch list := elements(texts); {
			case slices.Contains(listKeys, name):
				object[name] = list
			default:
				object[name] = list[0]
			}
		}
	}
	return object
}

// elements are texts as JSON values: numbers where they are some.
func elements(texts []string) []any {
	list := make([]any, 0, len(texts))
	for _, text := range texts {
		if text != "" && strings.Trim(text, "0123456789") == "" {
			list = append(list, json.Number(text))
			continue
		}
		list = append(list, text)
	}
	return list
}
