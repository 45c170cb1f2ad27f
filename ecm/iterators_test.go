package ecm_test

import (
	"net/http"
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// threePages answers any list with an item on the first page, none on the
// second, and one on the third, in whatever form its call decodes.
func threePages(broken int) func(*http.Request) (int, string) {
	return func(r *http.Request) (int, string) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if r.Method == http.MethodPost { // the search
			page, _ = strconv.Atoi(r.PostFormValue("page"))
		}
		page = max(page, 1)
		if page == broken {
			return 500, `{"error":"Out of order"}`
		}
		const paging = `"paging":{"page_total":3,"total_count":2},"collection":{"paging":{"page_total":3,"total_count":2}}`
		if page == 2 {
			return 200, `{` + paging + `,"results":{"data":{},"contents":[]}}`
		}
		id := strconv.Itoa(page)
		return 200, `{` + paging + `,"results":{"data":{"properties":{"id":` + id + `,"name":"a","type":144},"holds":[{"HoldID":` + id + `}],"audit":[{"id":` + id +
			`}],"permissions":{"type":"custom","right_id":` + id + `,"permissions":["see"]}},"contents":[{"id":` + id + `}]}}`
	}
}

// TestIterators_KeepTheirPromises: every sequence of every service starts over
// when ranged again, asks for nothing before that and nothing after a break,
// passes over an empty page, never asks beyond the last one, and yields an
// error once, with the zero value, as its last.
func TestIterators_KeepTheirPromises(t *testing.T) {
	t.Parallel()
	count := 0
	eachCall(func(name string, service, _ int, m reflect.Method) {
		if m.Type.NumOut() != 1 || m.Type.Out(0).Kind() != reflect.Func {
			return
		}
		count++
		// walk ranges over the sequence of a fresh client, several times, and tells
		// after each how many requests there were in all.
		walk := func(broken, times, leaveAfter int) (items []any, errs []error, requests []int) {
			r := &recorder{answer: threePages(broken)}
			c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("token"), ecm.WithTransport(r), ecm.WithLimiter(fast{}), ecm.WithRetries(0))
			require.NoError(t, err)
			args := []reflect.Value{reflect.ValueOf(c).Elem().Field(service), reflect.ValueOf(t.Context())}
			for k := 2; k < m.Type.NumIn(); k++ {
				args = append(args, sample(m.Type.In(k), ""))
			}
			seq := m.Func.Call(args)[0]
			requests = append(requests, len(r.keys))
			for range times {
				seen := 0
				yield := reflect.MakeFunc(seq.Type().In(0), func(in []reflect.Value) []reflect.Value {
					seen++
					items = append(items, in[0].Interface())
					err, _ := in[1].Interface().(error)
					errs = append(errs, err)
					return []reflect.Value{reflect.ValueOf(seen != leaveAfter)}
				})
				seq.Call([]reflect.Value{yield})
				requests = append(requests, len(r.keys))
			}
			return items, errs, requests
		}
		items, errs, requests := walk(0, 2, 0)
		require.Equal(t, []int{0, 3, 6}, requests, "%s: nothing before ranging, three pages, and again from the first", name)
		require.Len(t, items, 4, "%s: an empty page ends nothing", name)
		require.Equal(t, items[:2], items[2:], "%s: ranging twice starts over", name)
		require.Equal(t, make([]error, 4), errs, name)

		_, _, requests = walk(0, 1, 1)
		require.Equal(t, []int{0, 1}, requests, "%s: nothing is asked after a break", name)

		items, errs, requests = walk(3, 1, 0)
		require.Equal(t, []int{0, 3}, requests, name)
		require.Len(t, errs, 2, "%s: an error ends the sequence", name)
		require.NoError(t, errs[0], name)
		require.Error(t, errs[1], name)
		require.True(t, reflect.ValueOf(items[1]).IsZero(), "%s: an error comes with the zero value", name)
	})
	require.GreaterOrEqual(t, count, 12, "sequences")
}
