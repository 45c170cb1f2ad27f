package sync_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// TestDeclareRecord_AnUploadThatWasRefusedIsMadeAgain: a server that throttles
// for longer than the client is patient, or a login that ends under an upload,
// costs no record; neither is tried for ever.
func TestDeclareRecord_AnUploadThatWasRefusedIsMadeAgain(t *testing.T) {
	t.Parallel()
	const patience = 5 // attempts of one call of the client
	for _, tc := range []struct {
		name          string
		status, times int
		is            error
		refused       int
	}{
		{"throttled for long", 429, patience + 2, nil, patience + 2},
		{"throttled for ever", 429, -1, ecm.ErrThrottled, 3 * patience},
		{"a login that ends twice", 401, 2, nil, 2},
		{"a login that never holds", 401, -1, ecm.ErrUnauthenticated, 4},
		{"what is wrong with it", 422, -1, ecm.ErrInvalid, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				a := w.asset("1", picture(10))
				refused := 0
				w.ecm.Fail(testserver.Fault{
					Route: "POST /v2/nodes", Times: tc.times, Status: tc.status, Body: `{"error":"it says why"}`,
					Where: func(r *http.Request) bool {
						upload := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
						if upload {
							refused++
						}
						return upload
					},
				})
				_, err := w.declare(a)
				require.Equal(t, tc.refused, refused)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
					require.Empty(t, w.records(), "nothing is half declared")
					return
				}
				require.NoError(t, err)
				require.Len(t, w.records(), 1)
				n, err := w.config.ECM.Nodes.Get(t.Context(), ecm.NodeID(w.records()[0].ID))
				require.NoError(t, err)
				require.Equal(t, "image/jpeg", n.MediaType)
			})
		})
	}
}
