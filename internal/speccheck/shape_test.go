package main

import (
	"strings"
	"testing"
)

// TestCheck_FindsWhatDiffers: each exchange is wrong in one way, and the check
// says in which.
func TestCheck_FindsWhatDiffers(t *testing.T) {
	if specsDir() == "" {
		t.Skip("the published descriptions are not here: set SPECS_DIR to compare with them")
	}
	specs, err := load(specsDir())
	if err != nil {
		t.Fatal(err)
	}
	form := [][2]string{{"Content-Type", "application/x-www-form-urlencoded"}, {"User-Agent", "smintecm-sdk"}}
	json := [][2]string{{"Content-Type", "application/json"}}
	for name, tc := range map[string]struct {
		e     exchange
		found string
	}{
		"a parameter at the wrong place": {exchange{Method: "PUT", Path: "/otcs/cs.exe/api/v1/holds", RequestHeaders: form, RequestBody: "id=7"}, "sent in the form, declared in the query"},
		"a parameter nobody knows":       {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v2/holds", Query: "page=1&limit=1&size=3", RequestHeaders: form}, "size: sent in the query, not declared"},
		"a required one is missing":      {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v2/holds", Query: "page=1", RequestHeaders: form}, "limit: required in the query and not sent"},
		"a value of another type":        {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v2/holds", Query: "page=1&limit=all", RequestHeaders: form}, "declared as integer"},
		"a day that is none":             {exchange{Method: "PUT", Path: "/otcs/cs.exe/api/v1/holds", Query: "id=7&date_removed=2026-02-30", RequestHeaders: form}, "declared as string date"},
		"an answer of another type":      {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v1/rmclassifications/managedrecords", ResponseBody: `{"managedRecordsCnt":"many"}`}, "string for [integer]"},
		"an answer without a body":       {exchange{Method: "POST", Path: "/otcs/cs.exe/api/v1/nodes/7/holds", Status: 200}, "no JSON"},
		"a page of HTML":                 {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v1/holds", ResponseHeaders: [][2]string{{"Content-Type", "text/html"}}, ResponseBody: "<p>"}, "no JSON"},
		"a route of nobody":              {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v2/no/such"}, "not described"},
		"an error without a word":        {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v1/holds", Status: 400, ResponseBody: "{}"}, "without a word"},
		"an error of another status":     {exchange{Method: "GET", Path: "/otcs/cs.exe/api/v1/holds", Status: 418, ResponseBody: `{"error":"tea"}`}, "status 418: not described"},
	} {
		if tc.e.ResponseBody == "" && tc.e.Status == 0 {
			tc.e.ResponseBody = "{}"
		}
		if tc.e.Status == 0 {
			tc.e.Status = 200
		}
		if tc.e.ResponseHeaders == nil {
			tc.e.ResponseHeaders = json
		}
		r := newReport()
		r.exchange(specs, tc.e)
		var all []string
		for d := range r.differences {
			all = append(all, d.String())
		}
		if text := strings.Join(all, "\n"); !strings.Contains(text, tc.found) {
			t.Errorf("%s was not found: want %q, got %q", name, tc.found, text)
		}
		if len(r.proven) > 0 && tc.e.RequestHeaders == nil {
			t.Errorf("%s: what was sent by hand counts as covered: %v", name, r.proven)
		}
	}
}
