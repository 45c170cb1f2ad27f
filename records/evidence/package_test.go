package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

func TestPackage_EveryFormVerifies(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	for name, sha512 := range map[string]bool{"sha256": false, "sha512 too": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, vo := evidence.WriteOptions{Signers: signers, SHA512: sha512}, evidence.VerifyOptions{Keys: public, SHA512: sha512}
			dir := writeDir(t, sample(), o)
			v := verifyDir(t, dir, vo)
			require.NoError(t, v.Err())
			require.True(t, v.Trusted)
			require.Len(t, v.Signers, 2)
			require.Equal(t, sample().Record, v.Record)
			require.Equal(t, records.DigestOf(picture), v.Asset)

			b := zipped(t, sample(), o)
			require.NoError(t, verifyZip(t, b, vo).Err())
			require.Equal(t, b, zipped(t, sample(), o), "the same package gives the same bytes")
			file := filepath.Join(t.TempDir(), "package.zip")
			s, err := sample().WriteZipFile(t.Context(), file, o)
			require.NoError(t, err)
			require.Equal(t, v.Manifest, s.Manifest)
			for _, path := range []string{file, dir} {
				v, err := evidence.Verify(t.Context(), path, vo)
				require.NoError(t, err)
				require.NoError(t, v.Err())
			}
		})
	}
}

// TestPackage_TheZipIsOneThatOthersRead: a zip reader that is not ours finds
// the files of the folder, whole.
func TestPackage_TheZipIsOneThatOthersRead(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	o := evidence.WriteOptions{Signers: signers, SHA512: true}
	b := zipped(t, sample(), o)
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	base := "record-" + sample().Record.Short() + "/"
	got := map[string][]byte{}
	for _, f := range r.File {
		require.True(t, strings.HasPrefix(f.Name, base), f.Name)
		require.Equal(t, zip.Store, f.Method)
		require.Equal(t, fs.FileMode(0o644), f.Mode())
		rc, err := f.Open()
		require.NoError(t, err)
		got[strings.TrimPrefix(f.Name, base)], err = io.ReadAll(rc)
		require.NoError(t, err, "the checksum fits")
		require.NoError(t, rc.Close())
	}
	if diff := cmp.Diff(tree(t, writeDir(t, sample(), o)), got); diff != "" {
		t.Fatalf("-folder +zip:\n%s", diff)
	}
}

func TestPackage_ManyKindsOfKeysSign(t *testing.T) {
	t.Parallel()
	var signers []crypto.Signer
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		signers = append(signers, k)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signers = append(signers, r, key(1))
	var public []crypto.PublicKey
	for _, s := range signers {
		text, err := evidence.MarshalPublicKey(s.Public())
		require.NoError(t, err)
		back, err := evidence.ParsePublicKeys(text)
		require.NoError(t, err)
		public = append(public, back...)
	}
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers})
	require.NoError(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}).Err())

	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	_, err = sample().WriteZip(t.Context(), io.Discard, evidence.WriteOptions{Signers: []crypto.Signer{small, key(1), key(1), nil}})
	require.ErrorIs(t, err, evidence.ErrInvalid)
	for _, field := range []string{"signers[0]", "signers[2]", "signers[3]"} {
		require.ErrorContains(t, err, field, "all faults at once")
	}
}

// TestP12_AKeyFileIsReadWholeOrNotAtAll: with a key of it passed over, fewer
// would have to sign than its reader wants.
func TestP12_AKeyFileIsReadWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	one, err := evidence.MarshalPublicKey(key(1).Public())
	require.NoError(t, err)
	two, err := evidence.MarshalPublicKey(key(2).Public())
	require.NoError(t, err)
	both := string(one) + string(two)
	for _, text := range []string{both, strings.ReplaceAll(both, "\n", "\r\n"), "\n" + string(one) + "\n\n" + string(two) + " \n"} {
		list, err := evidence.ParsePublicKeys([]byte(text))
		require.NoError(t, err)
		require.Len(t, list, 2)
	}
	for name, text := range map[string]string{
		"a character damaged in the first": strings.Replace(both, "MCow", "M*ow", 1), "in the second": string(one) + strings.Replace(string(two), "MCow", "M*ow", 1),
		"an end damaged":      strings.Replace(both, "-----END", "----END", 1),
		"an end that goes on": strings.Replace(both, "KEY-----\n-----BEGIN", "KEY-----x\n-----BEGIN", 1),
		"a begin damaged":     strings.Replace(both, "-----BEGIN", "----BEGIN", 1),
		"text before":         "Kim's key:\n" + both, "between": string(one) + "Lee's key:\n" + string(two), "behind": both + "that is all",
		"a header": strings.Replace(both, "KEY-----\n", "KEY-----\nOwner: Kim\n\n", 1), "another type": strings.ReplaceAll(both, "PUBLIC KEY", "CERTIFICATE"), "nothing": " \n",
	} {
		_, err := evidence.ParsePublicKeys([]byte(text))
		require.ErrorIs(t, err, evidence.ErrMalformed, name)
	}
}

func TestPackage_TheThresholdCountsTrustedKeys(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	_, strangers := keys(3)
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers})
	for name, tc := range map[string]struct {
		keys      []crypto.PublicKey
		threshold int
		want      error
	}{
		"both are wanted":             {public, 0, nil},
		"one of them is enough":       {append(strangers, public[0]), 1, nil},
		"one is a stranger":           {append(strangers, public[0]), 0, evidence.ErrSigner},
		"the same key counts once":    {[]crypto.PublicKey{public[0], public[0], strangers[0]}, 2, evidence.ErrSigner},
		"nobody that we know signed":  {strangers, 1, evidence.ErrSigner},
		"two of three are enough too": {append(strangers, public...), 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verifyZip(t, b, evidence.VerifyOptions{Keys: tc.keys, Threshold: tc.threshold})
			require.ErrorIs(t, v.Err(), tc.want)
			require.Equal(t, tc.want == nil, v.Trusted)
		})
	}
	v := verifyZip(t, b, evidence.VerifyOptions{})
	require.NoError(t, v.Err())
	require.False(t, v.Trusted, "without keys nobody is trusted")
	_, err := evidence.VerifyZip(t.Context(), bytes.NewReader(b), int64(len(b)), evidence.VerifyOptions{Keys: public, Threshold: 3})
	require.ErrorIs(t, err, evidence.ErrInvalid)
}

func TestPackage_MayReferToItsContent(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	b := zipped(t, referring(), evidence.WriteOptions{Signers: signers})
	v := verifyZip(t, b, evidence.VerifyOptions{Keys: public})
	require.NoError(t, v.Err())
	require.Contains(t, v.Checks[9].String(), "content not given")
	require.Equal(t, evidence.Skipped, v.Checks[9].Status)

	v = verifyZip(t, b, evidence.VerifyOptions{Keys: public, Asset: bytes.NewReader(picture)})
	require.NoError(t, v.Err())
	require.Equal(t, evidence.Passed, v.Checks[9].Status)
	for name, other := range map[string][]byte{"shorter": picture[1:], "longer": append(bytes.Clone(picture), 0), "other": bytes.ToUpper(picture), "none": nil} {
		v = verifyZip(t, b, evidence.VerifyOptions{Asset: bytes.NewReader(other)})
		require.ErrorIs(t, v.Err(), evidence.ErrDigest, name)
		require.Equal(t, evidence.CheckAsset, first(v), name)
	}
}

// TestR14_WhatTheApprovalLacksIsSaidAtOnce: nothing mandatory can be left out in
// silence, and one error names all of it.
func TestR14_WhatTheApprovalLacksIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	p := evidence.Package{}
	err := p.Validate()
	require.ErrorIs(t, err, evidence.ErrInvalid)
	for _, field := range []string{
		"record", "organization", "at", "asset.digest", "asset.file_name", "asset.media_type", "asset.content", "rights.source", "rights.odrl",
		"rights.basis.kind", "rights.basis.document", "xmp", "events", "approval.source", "approval.asset", "approval.raw",
	} {
		require.ErrorContains(t, err, field+" is")
	}
	for _, name := range evidence.ApprovalData() {
		require.ErrorContains(t, err, "approval."+name+" is")
	}

	p = sample()
	p.Approval.Reviewers, p.Approval.LastUse, p.Without["person"] = nil, records.MustDate("2027-01-01"), "unknown"
	err = p.Validate()
	require.ErrorContains(t, err, "approval.reviewers is", "a gap without a reason")
	require.ErrorContains(t, err, "without.last_use is", "a reason for what is given")
	require.ErrorContains(t, err, "without.person is", "nothing explains a missing approver")

	p = sample()
	p.Approval.Digest = records.DigestOf([]byte("other bytes"))
	require.ErrorContains(t, p.Validate(), "approval.digest is")
	p.Approval.Digest = records.Digest{}
	require.ErrorContains(t, p.Validate(), "approval.digest is")
	p = sample()
	p.Approval.Asset = records.MustRecordKey("acme/purchase/79401/1/2")
	require.ErrorContains(t, p.Validate(), "approval.asset is")
}

// TestR15_EachEventSaysWhoWhatWhenWhere: an event that leaves one of these out
// is refused, with all that is missing in all events.
func TestR15_EachEventSaysWhoWhatWhenWhere(t *testing.T) {
	t.Parallel()
	p := sample()
	p.Events[0] = records.Event{}
	p.Events[2].Location, p.Events[2].User = "", ""
	err := p.Validate()
	require.ErrorIs(t, err, evidence.ErrInvalid)
	for _, field := range []string{"id", "record", "kind", "organization", "user", "application", "at", "location"} {
		require.ErrorContains(t, err, "events[0].event."+field+" is")
	}
	require.ErrorContains(t, err, "events[2].event.location is")
	require.ErrorContains(t, err, "events[2].event.user is")
	p = sample()
	p.Events[1].Record = records.MustRecordKey("other/purchase/1/1/1")
	require.ErrorContains(t, p.Validate(), "events[1]")
}

// TestR12_TheVendorsBytesStayAsTheyCame beside the policy made of them.
func TestR12_TheVendorsBytesStayAsTheyCame(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	files := tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers}))
	require.True(t, bytes.Equal(vendorJSON, files["data/rights/source.json"]), "white space and unknown keys included")
	require.Equal(t, sample().Rights.ODRL, files["data/rights/odrl.json"])
	require.Equal(t, sample().XMP, files["data/asset.xmp"])
	require.Equal(t, picture, files["data/asset"])
}

// TestR12_AReuseHasTheOriginalsBytesToo, and one without an original no file for
// them.
func TestR12_AReuseHasTheOriginalsBytesToo(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	p := sample()
	p.Rights.Original = []byte("{ \"uuid\":\"79400\",\t\"x\": 1.0 }\n")
	dir := writeDir(t, p, evidence.WriteOptions{Signers: signers})
	require.NoError(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}).Err())
	require.Equal(t, p.Rights.Original, tree(t, dir)["data/rights/original.json"])
	require.NotContains(t, tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers})), "data/rights/original.json")
	p.Rights.Original = []byte("{")
	require.ErrorContains(t, p.Validate(), "rights.original")

	files := tree(t, dir)
	good := files["data/rights/original.json"]
	bad := bytes.Replace(good, []byte("{"), []byte("["), 1)
	files["data/rights/original.json"] = bad
	files["data/provenance.json"] = bytes.ReplaceAll(files["data/provenance.json"], []byte(hexSum(good)), []byte(hexSum(bad)))
	v := verifyDir(t, reseal{files: files, key: key(1)}.write(t), evidence.VerifyOptions{})
	require.Equal(t, evidence.CheckRights, first(v), "what a signer vouches for must still be JSON")
}

// TestP12_ASignerCannotWidenThePolicy: whoever can read licenses is asked about
// the bytes that are in the package, and a no is a refusal.
func TestP12_ASignerCannotWidenThePolicy(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	p := sample()
	var asked [][]byte
	wide := errors.New("it permits more than the license")
	ask := func(original []byte, answer error) *evidence.Verification {
		p.Rights.Original, asked = original, nil
		p.Asset.Content = bytes.NewReader(picture)
		return verifyZip(t, zipped(t, p, evidence.WriteOptions{Signers: signers}), evidence.VerifyOptions{Keys: public, Policy: func(source, original, odrl []byte) error {
			asked = [][]byte{source, original, odrl}
			return answer
		}})
	}
	v := ask(nil, nil)
	require.NoError(t, v.Err())
	require.Equal(t, [][]byte{p.Rights.Source, nil, p.Rights.ODRL}, asked)
	require.Contains(t, fmt.Sprint(v.Checks), "and the policy says what they do")
	v = ask([]byte("{}"), wide)
	require.Equal(t, [][]byte{p.Rights.Source, []byte("{}"), p.Rights.ODRL}, asked)
	require.Equal(t, evidence.CheckRights, first(v))
	require.ErrorIs(t, v.Err(), evidence.ErrRights)
	require.ErrorIs(t, v.Err(), wide)
}

// TestR13_TheGroundOfTheRightIsNamed with its document and its dates.
func TestR13_TheGroundOfTheRightIsNamed(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	files := tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers}))
	require.Contains(t, string(files["data/provenance.json"]), `"rightsStatement": {
    "rightsBasis": "license",
    "documentationIdentifierValue": "79401",
    "startDate": "2026-10-24T09:30:00Z"
  }`)
	for _, kind := range []string{"license", "statute", "policy", "donor"} {
		p := sample()
		p.Rights.Basis.Kind = kind
		require.NoError(t, p.Validate(), kind)
	}
	p := sample()
	p.Rights.Basis = evidence.Basis{Kind: "custom", From: p.At, Until: p.At.AddDate(-1, 0, 0)}
	for _, field := range []string{"kind", "document", "until"} {
		require.ErrorContains(t, p.Validate(), "rights.basis."+field)
	}
}

// TestR17_ACorrectionStandsBesideWhatItCorrects: both are in the package, and a
// correction of nothing is refused.
func TestR17_ACorrectionStandsBesideWhatItCorrects(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	p := sample()
	correction := p.Events[1]
	correction.ID, correction.Kind, correction.Corrects, correction.Reason = "e4", records.EventCorrected, "e2", "classified by mistake"
	p.Events = append(p.Events, correction)
	b := zipped(t, p, evidence.WriteOptions{Signers: signers})
	require.NoError(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}).Err())
	require.Contains(t, string(b), `"eventIdentifierValue": "e2"`)
	require.Contains(t, string(b), `"correctsEventIdentifierValue": "e2"`)
	p.Events[3].Corrects = "e9"
	require.ErrorContains(t, p.Validate(), "events[3]")
}

// TestR49_TheTrailGoesWithTheRecord: an export is part of the package and
// signed like all else, and the events can be read by people and by programs.
func TestR49_TheTrailGoesWithTheRecord(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	dir := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	files := tree(t, dir)
	require.Equal(t, sample().Trail[0].Content, files["data/trail/entries.jsonl"])
	var provenance struct {
		Event []map[string]any `json:"event"`
	}
	require.NoError(t, json.Unmarshal(files["data/provenance.json"], &provenance))
	require.Len(t, provenance.Event, 3)
	require.Equal(t, "captured", provenance.Event[0]["eventType"])
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "trail", "entries.jsonl"), []byte("{\"seq\":0}\n"), 0o600))
	require.ErrorIs(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}).Err(), evidence.ErrDigest)

	p := sample()
	bad := []string{"../escape", "entries.jsonl", "Entries.jsonl", "notes.", ".notes", "a b", ""}
	for _, name := range bad {
		p.Trail = append(p.Trail, evidence.TrailFile{Name: name})
	}
	for i := range bad {
		require.ErrorContains(t, p.Validate(), fmt.Sprintf("trail[%d].name", i+1), "%q", bad[i])
	}
}

// failing is a signer that doesn't do what it should.
type failing struct {
	crypto.Signer
	err error
}

func (f failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, 64), f.err
}

func TestPackage_NothingIsLeftAfterAnError(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	broken := errors.New("token removed")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	longer, shorter, other := sample(), sample(), sample()
	longer.Asset.Content = bytes.NewReader(append(bytes.Clone(picture), 'x'))
	shorter.Asset.Content = bytes.NewReader(picture[:9])
	other.Asset.Content = bytes.NewReader(bytes.ToUpper(picture))
	for name, tc := range map[string]struct {
		ctx     context.Context //nolint:containedctx // a row of a table
		p       evidence.Package
		signers []crypto.Signer
		want    error
	}{
		"content longer":      {t.Context(), longer, signers, evidence.ErrDigest},
		"content shorter":     {t.Context(), shorter, signers, evidence.ErrDigest},
		"other content":       {t.Context(), other, signers, evidence.ErrDigest},
		"signer fails":        {t.Context(), sample(), []crypto.Signer{failing{key(1), broken}}, broken},
		"signer signs wrong":  {t.Context(), sample(), []crypto.Signer{failing{key(1), nil}}, evidence.ErrSignature},
		"nobody signs":        {t.Context(), sample(), nil, evidence.ErrInvalid},
		"nothing is in it":    {t.Context(), evidence.Package{}, signers, evidence.ErrInvalid},
		"the call is stopped": {ended, sample(), signers, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			o := evidence.WriteOptions{Signers: tc.signers}
			_, err := tc.p.WriteDir(tc.ctx, filepath.Join(parent, "p"), o)
			require.ErrorIs(t, err, tc.want)
			if s, ok := tc.p.Asset.Content.(io.Seeker); ok {
				_, err = s.Seek(0, io.SeekStart)
				require.NoError(t, err)
			}
			_, err = tc.p.WriteZipFile(tc.ctx, filepath.Join(parent, "p.zip"), o)
			require.ErrorIs(t, err, tc.want)
			left, err := os.ReadDir(parent)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestPackage_OverwritesNothing(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	o := evidence.WriteOptions{Signers: signers}
	dir := t.TempDir()
	_, err := sample().WriteDir(t.Context(), dir, o)
	require.ErrorIs(t, err, fs.ErrExist)
	file := filepath.Join(dir, "p.zip")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	_, err = sample().WriteZipFile(t.Context(), file, o)
	require.ErrorIs(t, err, fs.ErrExist)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b))
}
