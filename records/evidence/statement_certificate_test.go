package evidence_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

func stub() records.Stub {
	return records.Stub{
		Record: sample().Record, Class: records.Classification{ID: "551", Schedules: []string{"MKT-7"}}, Schedule: "MKT-7", Authority: "Records board, 2033/4",
		Digest: records.DigestOf(picture), Declared: records.MustDate("2026-11-24"), Due: records.MustDate("2033-11-24"),
		Destroyed: records.MustDate("2033-12-01"), ApprovedBy: "ann", ExecutedBy: "bob", Certificate: "c-1",
	}
}

// TestR34_TheCertificateHoldsTheStubAndNothingOfTheContent, and cannot be made
// of an incomplete one.
func TestR34_TheCertificateHoldsTheStubAndNothingOfTheContent(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	c, err := evidence.SignCertificate(t.Context(), stub(), signers)
	require.NoError(t, err)
	back, err := evidence.VerifyCertificate(c, public, 0)
	require.NoError(t, err)
	require.Equal(t, stub(), back)
	var e struct{ Payload string }
	require.NoError(t, json.Unmarshal(c, &e))
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	require.NoError(t, err)
	require.False(t, bytes.Contains(payload, picture[:8]))

	_, err = evidence.SignCertificate(t.Context(), records.Stub{}, nil)
	require.ErrorIs(t, err, evidence.ErrInvalid)
	for _, field := range []string{"record", "class", "schedule", "authority", "digest", "destroyed", "approved_by", "executed_by", "certificate"} {
		require.ErrorContains(t, err, "stub."+field+" is", "all of it at once")
	}
	require.ErrorContains(t, err, "signers is")
}

// TestR35_ACertificateIsSignedAndCheckedByOthers: with public keys alone, and
// refused after any change.
func TestR35_ACertificateIsSignedAndCheckedByOthers(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	_, strangers := keys(3)
	c, err := evidence.SignCertificate(t.Context(), stub(), signers)
	require.NoError(t, err)
	for i := range c {
		c[i] ^= 1 << (i % 8)
		_, err := evidence.VerifyCertificate(c, public, 0)
		require.Error(t, err, "byte %d", i)
		c[i] ^= 1 << (i % 8)
	}
	for name, tc := range map[string]struct {
		keys      []crypto.PublicKey
		threshold int
		want      error
	}{
		"both": {public, 0, nil}, "one of them": {public[:1], 1, nil}, "one and a stranger": {append(strangers, public[0]), 0, evidence.ErrSigner},
		"strangers": {strangers, 1, evidence.ErrSigner}, "no key": {nil, 0, evidence.ErrInvalid}, "more than there are": {public, 3, evidence.ErrInvalid},
	} {
		_, err := evidence.VerifyCertificate(c, tc.keys, tc.threshold)
		require.ErrorIs(t, err, tc.want, name)
	}
	_, err = evidence.VerifyCertificate(tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers}))["evidence.dsse.json"], public, 0)
	require.ErrorIs(t, err, evidence.ErrVersion, "a package's statement is no certificate")
}
