package evidence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// TestP11_AForgedOrEditedApprovalIsNone: only the approver's own key makes one,
// and any change of it is seen.
func TestP11_AForgedOrEditedApprovalIsNone(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	at := time.Date(2033, 6, 2, 9, 0, 0, 0, time.UTC)
	a := records.DispositionApproval{
		List: records.DigestOf([]byte("the list")), ApprovedBy: "Rita Records", At: at, Authority: "schedule MKT-07", Expires: at.AddDate(0, 0, 7),
	}
	signed, err := evidence.SignDispositionApproval(t.Context(), a, signers[0])
	require.NoError(t, err)
	back, err := evidence.VerifyDispositionApproval(signed, public[0])
	require.NoError(t, err)
	require.Equal(t, a, back)

	_, err = evidence.VerifyDispositionApproval(signed, public[1])
	require.ErrorIs(t, err, evidence.ErrSigner, "another person's key")
	for i := range signed {
		signed[i] ^= 1 << (i % 8)
		_, err := evidence.VerifyDispositionApproval(signed, public[0])
		require.Error(t, err, "byte %d", i)
		signed[i] ^= 1 << (i % 8)
	}
	var e map[string]any
	require.NoError(t, json.Unmarshal(signed, &e))
	payload, err := base64.StdEncoding.DecodeString(e["payload"].(string))
	require.NoError(t, err)
	later := bytes.Replace(payload, []byte("2033-06-09"), []byte("2043-06-09"), 1)
	require.NotEqual(t, payload, later)
	edited := bytes.Replace(signed, []byte(base64.StdEncoding.EncodeToString(payload)), []byte(base64.StdEncoding.EncodeToString(later)), 1)
	_, err = evidence.VerifyDispositionApproval(edited, public[0])
	require.ErrorIs(t, err, evidence.ErrSignature, "it was given a longer life")

	certificate, err := evidence.SignCertificate(t.Context(), stub(), signers[:1])
	require.NoError(t, err)
	_, err = evidence.VerifyDispositionApproval(certificate, public[0])
	require.ErrorIs(t, err, evidence.ErrVersion, "what was signed for another purpose approves nothing")
	_, err = evidence.VerifyDispositionApproval(signed, nil)
	require.ErrorIs(t, err, evidence.ErrInvalid)
	_, err = evidence.SignDispositionApproval(t.Context(), records.DispositionApproval{}, nil)
	require.ErrorIs(t, err, evidence.ErrInvalid)
	require.ErrorContains(t, err, "approval.approved_by is")
	require.ErrorContains(t, err, "signers")
}
