package ecm_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// readsByPost are calls that change nothing, whatever their verb.
var readsByPost = []string{"Nodes.Actions", "Nodes.GetMany", "Nodes.ValidateNames", "RSIs.Search", "Search.All", "Search.Query"}

// TestCalls_NotOKWithStatus200IsNoSuccess: Records Management says "not ok" in
// the answer and 200 in the status. Whatever call meets it tells of it, with the
// server's words.
func TestCalls_NotOKWithStatus200IsNoSuccess(t *testing.T) {
	t.Parallel()
	said := 0
	eachCall(func(name string, service, method int, _ reflect.Method) {
		r := &recorder{body: `{"results":{"ok":false,"errMsg":"Rule 7 forbids it","id":0}}`}
		err := tryOn(t, r, service, method, func([]reflect.Value) {})
		wrote := false
		for _, key := range r.keys {
			wrote = wrote || !strings.HasPrefix(key, "GET ") && !strings.HasPrefix(key, "HEAD ")
		}
		for _, read := range readsByPost {
			wrote = wrote && name != read
		}
		if !wrote {
			return
		}
		require.Error(t, err, "%s took a refusal for a success", name)
		if strings.Contains(err.Error(), "Rule 7 forbids it") {
			require.ErrorIs(t, err, ecm.ErrInvalid, name)
			said++
		}
	})
	require.Greater(t, said, 80, "calls that tell the server's words")
}
