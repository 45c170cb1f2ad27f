package ecm_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// saying answers everything with one status and text.
type saying struct {
	status int
	text   string
}

func (s saying) RoundTrip(r *http.Request) (*http.Response, error) {
	body := fmt.Sprintf(`{"error":%q,"request_id":"7f3a"}`, s.text)
	return &http.Response{StatusCode: s.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestErrors_TheServersSentencesHaveClasses: statuses differ from operation to
// operation for the same sentence, so the sentence decides, with or without its
// full stop, in any case.
func TestErrors_TheServersSentencesHaveClasses(t *testing.T) {
	t.Parallel()
	classes := map[string]error{
		"ErrNotFound": ecm.ErrNotFound, "ErrAccessOrMissing": ecm.ErrAccessOrMissing, "ErrNameTaken": ecm.ErrNameTaken, "ErrConflict": ecm.ErrConflict,
		"ErrEditConflict": ecm.ErrEditConflict, "ErrUnauthenticated": ecm.ErrUnauthenticated, "ErrDenied": ecm.ErrDenied, "ErrInvalid": ecm.ErrInvalid,
		"ErrInvalidAction": ecm.ErrInvalidAction, "ErrRouteMissing": ecm.ErrRouteMissing, "ErrUploadExpired": ecm.ErrUploadExpired, "ErrThrottled": ecm.ErrThrottled,
		"ErrUnavailable": ecm.ErrUnavailable, "ErrOnHold": ecm.ErrOnHold, "ErrFinal": ecm.ErrFinal,
	}
	for _, tc := range []struct {
		status     int
		text, want string
	}{
		{401, "Authentication Required", "ErrUnauthenticated"},
		{401, "Unauthorized", "ErrUnauthenticated"},
		{401, "Invalid username/password specified", "ErrUnauthenticated"},
		{400, "Expired OTDS SSO ticket", "ErrUnauthenticated"},
		{500, "No session data found", "ErrUnauthenticated"},
		{500, "Argument username is required", "ErrInvalid"},
		{400, "The REST API URL could not be found in the mappings registry", "ErrRouteMissing"},
		{400, "Could not get a node for 7", "ErrNotFound"},
		{500, "Could not get a node for 7", "ErrNotFound"},
		{400, "Could not get node for 7", "ErrNotFound"},
		{500, "Could not locate node: 7", "ErrNotFound"},
		{500, "The version is not found", "ErrNotFound"},
		{400, "Error getting version for node", "ErrNotFound"},
		{400, "Could not get a member for 7", "ErrNotFound"},
		{404, "Sorry, no exact match was found for an item with the Nickname a", "ErrNotFound"},
		{400, "Category ID '9' is not a category on node '7'", "ErrNotFound"},
		{500, "Could not find category ID 9 on the node", "ErrNotFound"},
		{400, "Object does not have this Hold", "ErrNotFound"},
		{400, "Cross-Reference does not exist", "ErrNotFound"},
		{404, "The object does not exist", "ErrNotFound"},
		{404, "Error retrieving cache", "ErrNotFound"},
		{400, "Sorry, the item you requested could not be accessed. Either it does not exist or you do not have permission to access it.", "ErrAccessOrMissing"},
		{404, "Sorry, the item you requested could not be accessed. Either it does not exist, or you do not have permission to access it.", "ErrAccessOrMissing"},
		{500, "The item you requested could not be accessed. Either it does not exist, or you do not have permission to access it.", "ErrAccessOrMissing"},
		{500, "An item with the name 'a' already exists.", "ErrNameTaken ErrConflict"},
		{400, "An item with the name 'a' already exists", "ErrNameTaken ErrConflict"},
		{500, "Nicknames must be unique", "ErrNameTaken ErrConflict"},
		{400, "The attribute group 'Asset' already exists", "ErrConflict"},
		{400, "Error deleting Hold. Hold may not exist or is in use", "ErrConflict ErrNotFound"},
		{409, "Could not update metadata (edit conflict).", "ErrEditConflict ErrConflict"},
		{400, "Could not process object, invalid action 'delete'", "ErrInvalidAction"},
		{500, "Could not process object, invalid action 'browse'", "ErrInvalidAction"},
		{400, "Finalize operation can not be aborted", "ErrInvalidAction"},
		{400, "Accessibility error. Not enough permissions", "ErrDenied"},
		{404, "Accessibility error. Not enough permissions", "ErrDenied"},
		{403, "Accessibility error. Not enough permissions", "ErrDenied"},
		{400, "Insufficient Permissions", "ErrDenied"},
		{401, "Insufficient permissions to perform that action", "ErrDenied"},
		{400, "Insufficient See-Content access permissions to Disposition's Container object", "ErrDenied"},
		{500, "You do not have permission to promote a version for 'a'", "ErrDenied"},
		{400, "You don't have the system administration rights permission to use user_login or user_domain", "ErrDenied"},
		{400, "No permissions to access the attribute definition node", "ErrDenied"},
		{403, "Dynamic Permissions is not enabled", "ErrDenied"},
		{404, "ID is not specified", "ErrInvalid"},
		{404, "Hold ID is not specified", "ErrInvalid"},
		{404, "ID is required", "ErrInvalid"},
		{404, "ID is not an integer or is missing", "ErrInvalid"},
		{404, "Missing parameter or format not correct", "ErrInvalid"},
		{404, "Please provide integer value for the Hold ID", "ErrInvalid"},
		{404, "Missing required parameter 'sub_items'", "ErrInvalid"},
		{400, "Invalid datatype specified for argument 'id'", "ErrInvalid"},
		{400, "One or more parameters are invalid", "ErrInvalid"},
		{400, "Incorrect RSI specified.", "ErrInvalid"},
		{500, "Invalid value for NumberToKeep", "ErrInvalid"},
		{500, "Could not set feature Page Size, the value 0 is less than the minimum value (1)", "ErrInvalid"},
		{500, "Multipart Upload session expired", "ErrUploadExpired ErrNotFound"},
		{500, "Failed to complete request. Either the UploadKey is invalid, or you do not have permission to access this upload session", "ErrUploadExpired ErrNotFound"},
		{400, "Error: File could not be found within the upload directory.", "ErrUploadExpired ErrNotFound"},
		{400, "Error triggering distributed agent", "ErrUnavailable"},
		{429, "slow down", "ErrThrottled"},
		{429, "Insufficient permissions to go on at this rate", "ErrThrottled"},
		{503, "try later", "ErrUnavailable"},
		{400, "The record is on hold.", "ErrOnHold"},
		{400, "The record has been finalized and cannot be changed", "ErrFinal"},
	} {
		c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("token"), ecm.WithTransport(saying{tc.status, tc.text}), ecm.WithLimiter(fast{}), ecm.WithRetries(0))
		require.NoError(t, err)
		_, err = c.Classifications.OfNode(t.Context(), 7)
		for name, class := range classes {
			want := strings.Contains(" "+tc.want+" ", " "+name+" ")
			require.Equal(t, want, errors.Is(err, class), "%d %q reads as %s? %v", tc.status, tc.text, name, err)
		}
		e, ok := errors.AsType[*ecm.Error](err)
		require.True(t, ok)
		require.Equal(t, []any{tc.status, tc.text, "Classifications.OfNode", "7f3a"}, []any{e.StatusCode, e.Message, e.Op, e.RequestID}, "status, text, operation and request id are kept")
	}
}

// TestErrors_ARefusedActIsNoRefusedLogin: some operations answer 401 where the
// user may not do it. Logging in again would change nothing.
func TestErrors_ARefusedActIsNoRefusedLogin(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	_, err := s.c.Nodes.Get(t.Context(), s.folder)
	require.NoError(t, err)
	s.Forget()
	s.refuse("GET /v2/nodes/{id}", 401, "Insufficient permissions to perform that action")
	_, err = s.c.Nodes.Get(t.Context(), s.folder)
	require.ErrorIs(t, err, ecm.ErrDenied)
	require.Zero(t, s.Count("POST /v1/auth"), "it logged in again")
}
