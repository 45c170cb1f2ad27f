package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// reseal makes a package of any files and signs it as the format says, by means
// of its own. It stands for a signer who errs or lies, and checks that the
// format is what docs/verify.md tells.
type reseal struct {
	files map[string][]byte
	key   ed25519.PrivateKey
	// subjects and statement may change what is signed.
	subjects  func([]string) []string
	statement func(string) string
}

func (r reseal) write(t *testing.T) string {
	t.Helper()
	f := maps.Clone(r.files)
	for path := range f {
		if strings.HasPrefix(path, "signers/") || path == "evidence.dsse.json" {
			delete(f, path)
		}
	}
	der, err := x509.MarshalPKIXPublicKey(r.key.Public())
	require.NoError(t, err)
	f["signers/"+hexSum(der)+".pem"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	list := func(payload bool, path string) {
		if r.files[path] == nil {
			return
		}
		var b bytes.Buffer
		for _, p := range slices.Sorted(maps.Keys(f)) {
			if strings.HasPrefix(p, "data/") == payload && !strings.HasPrefix(p, "tagmanifest") {
				fmt.Fprintf(&b, "%s  %s\n", hexSum(f[p]), p)
			}
		}
		f[path] = b.Bytes()
	}
	if _, own := r.files["manifest-sha256.txt.as-is"]; own {
		f["manifest-sha256.txt"] = r.files["manifest-sha256.txt.as-is"]
		delete(f, "manifest-sha256.txt.as-is")
	} else {
		list(true, "manifest-sha256.txt")
	}
	list(false, "tagmanifest-sha256.txt")
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(p string) bool { return strings.HasPrefix(p, "data/") })
	if r.subjects != nil {
		names = r.subjects(names)
	}
	subjects := make([]string, 0, len(names))
	for _, n := range names {
		subjects = append(subjects, fmt.Sprintf(`{"name":%q,"digest":{"sha256":"%s"}}`, n, hexSum(f[n])))
	}
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[%s],"predicateType":%q,"predicate":{"record":"acme/purchase/79401/1/1","created":"2026-11-24T10:30:00Z","asset":{"path":"data/asset","digest":{"sha256":"%s"},"size":%d}}}`,
		strings.Join(subjects, ","), "https://github.com/smintecm/sdk/record-package/v1", hexSum(picture), len(picture))
	if r.statement != nil {
		statement = r.statement(statement)
	}
	sig := ed25519.Sign(r.key, fmt.Appendf(nil, "DSSEv1 28 application/vnd.in-toto+json %d %s", len(statement), statement))
	f["evidence.dsse.json"] = fmt.Appendf(nil, `{"payloadType":"application/vnd.in-toto+json","payload":"%s","signatures":[{"keyid":"%s","sig":"%s"}]}`+"\n",
		base64.StdEncoding.EncodeToString([]byte(statement)), hexSum(der), base64.StdEncoding.EncodeToString(sig))
	dir := t.TempDir()
	for path, b := range f {
		file := filepath.Join(dir, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, b, 0o600))
	}
	return dir
}

func replace(path, old, with string) func(map[string][]byte) {
	return func(f map[string][]byte) {
		if !bytes.Contains(f[path], []byte(old)) {
			panic(path + " has no " + old)
		}
		f[path] = bytes.ReplaceAll(f[path], []byte(old), []byte(with))
	}
}

// TestP12_ASignatureDoesNotMakeAWrongPackageRight: the files are signed, by a
// trusted key, and contradict one another or the format.
func TestP12_ASignatureDoesNotMakeAWrongPackageRight(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	files := tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers}))
	require.NoError(t, verifyDir(t, reseal{files: files, key: key(1)}.write(t), evidence.VerifyOptions{Keys: public}).Err(), "made by other means, it is the same")

	sum := hexSum(picture)
	manifest := func(old, with string) func(map[string][]byte) {
		return func(f map[string][]byte) {
			f["manifest-sha256.txt.as-is"] = bytes.Replace(f["manifest-sha256.txt"], []byte(old), []byte(with), 1)
		}
	}
	for name, tc := range map[string]struct {
		change func(map[string][]byte)
		check  string
		want   error
	}{
		"approval of other bytes":       {replace("data/approval.json", sum, hexSum([]byte("other"))), evidence.CheckApproval, evidence.ErrApproval},
		"approval of another version":   {replace("data/approval.json", "79401/1/1", "79401/1/2"), evidence.CheckApproval, evidence.ErrApproval},
		"approval names other version":  {replace("data/approval.json", `"version": "1"`, `"version": "2"`), evidence.CheckApproval, evidence.ErrApproval},
		"approval by nobody":            {replace("data/approval.json", "Pat Buyer", ""), evidence.CheckBag, evidence.ErrDigest},
		"approval by somebody shorter":  {replace("data/approval.json", `"Pat Buyer"`, `""         `), evidence.CheckApproval, evidence.ErrApproval},
		"approval with a key twice":     {replace("data/approval.json", `"version": "1"`, `"format" : "1"`), evidence.CheckApproval, evidence.ErrApproval},
		"approval of another format":    {replace("data/approval.json", "approval/v1", "approval/v2"), evidence.CheckApproval, evidence.ErrVersion},
		"other vendor's bytes":          {replace("data/rights/source.json", "79401", "79402"), evidence.CheckRights, evidence.ErrRights},
		"another policy":                {replace("data/rights/odrl.json", "Agreement", "agreement"), evidence.CheckRights, evidence.ErrRights},
		"a ground nobody knows":         {replace("data/provenance.json", `"license"`, `"goodwil"`), evidence.CheckRights, evidence.ErrRights},
		"an event by nobody":            {replace("data/provenance.json", `"records-service"`, `""               `), evidence.CheckRights, evidence.ErrProvenance},
		"an event of another record":    {replace("data/provenance.json", `Value": "acme/purchase/79401/1/1"`, `Value": "acme/purchase/79401/1/2"`), evidence.CheckProvenance, evidence.ErrProvenance},
		"an event twice":                {replace("data/provenance.json", `"e2"`, `"e1"`), evidence.CheckProvenance, evidence.ErrProvenance},
		"an event of an unknown kind":   {replace("data/provenance.json", `"declared"`, `"Declared"`), evidence.CheckRights, evidence.ErrProvenance},
		"provenance of another format":  {replace("data/provenance.json", "provenance/v1", "provenance/v9"), evidence.CheckRights, evidence.ErrVersion},
		"an object of other bytes":      {replace("data/provenance.json", sum, hexSum([]byte("other"))), evidence.CheckProvenance, evidence.ErrProvenance},
		"other bytes than the claim's":  {replace("data/asset", "licensed", "stolen!!"), evidence.CheckAsset, evidence.ErrDigest},
		"a payload sum of more":         {replace("bag-info.txt", ".7\n", ".8\n"), evidence.CheckBag, evidence.ErrDigest},
		"another record":                {replace("bag-info.txt", "79401", "79402"), evidence.CheckBag, evidence.ErrStatement},
		"another day":                   {replace("bag-info.txt", "2026-11-24", "2026-11-25"), evidence.CheckBag, evidence.ErrStatement},
		"a format of the future":        {replace("bag-info.txt", "package/v1", "package/v2"), evidence.CheckBag, evidence.ErrVersion},
		"a line more of information":    {replace("bag-info.txt", "Bagging-Date", "Contact-Name: me\nBagging-Date"), evidence.CheckBag, evidence.ErrNotCanonical},
		"an older bag":                  {replace("bagit.txt", "1.0", "0.9"), evidence.CheckBag, evidence.ErrVersion},
		"upper case hex":                {manifest(sum, strings.ToUpper(sum)), evidence.CheckManifest, evidence.ErrNotCanonical},
		"a binary mark":                 {manifest("  data/asset\n", " *data/asset\n"), evidence.CheckManifest, evidence.ErrMalformed},
		"a way out":                     {manifest("data/asset\n", "data/../data/asset\n"), evidence.CheckManifest, evidence.ErrPath},
		"a path from the root":          {manifest("data/asset\n", "/data/asset\n"), evidence.CheckManifest, evidence.ErrPath},
		"carriage returns":              {manifest("data/asset\n", "data/asset\r\n"), evidence.CheckManifest, evidence.ErrPath},
		"no end of line":                {func(f map[string][]byte) { f["manifest-sha256.txt.as-is"] = bytes.TrimSpace(f["manifest-sha256.txt"]) }, evidence.CheckManifest, evidence.ErrNotCanonical},
		"an empty manifest":             {func(f map[string][]byte) { f["manifest-sha256.txt.as-is"] = []byte{} }, evidence.CheckManifest, evidence.ErrUnexpected},
		"a tag file in the manifest":    {manifest("  data/asset\n", "  bagit.txt\n"), evidence.CheckManifest, evidence.ErrNotCanonical},
		"lines in another order":        {func(f map[string][]byte) { f["manifest-sha256.txt.as-is"] = reversedLines(f["manifest-sha256.txt"]) }, evidence.CheckManifest, evidence.ErrNotCanonical},
		"content and a reference to it": {func(f map[string][]byte) { f["data/asset.ref.json"] = []byte("{}\n") }, evidence.CheckBag, evidence.ErrDigest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := maps.Clone(files)
			tc.change(f)
			v := verifyDir(t, reseal{files: f, key: key(1)}.write(t), evidence.VerifyOptions{Keys: public})
			require.ErrorIs(t, v.Err(), tc.want)
			require.Equal(t, tc.check, first(v), "%v", v.Err())
		})
	}
}

func reversedLines(b []byte) []byte {
	lines := slices.Collect(bytes.Lines(b))
	slices.Reverse(lines)
	return bytes.Join(lines, nil)
}

// TestP12_TheStatementNamesEveryTagFile: what is signed is neither less nor more
// nor in another form.
func TestP12_TheStatementNamesEveryTagFile(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	files := tree(t, writeDir(t, sample(), evidence.WriteOptions{Signers: signers}))
	without := func(name string) func([]string) []string {
		return func(s []string) []string {
			return slices.DeleteFunc(s, func(n string) bool { return strings.HasPrefix(n, name) })
		}
	}
	with := func(name string) func([]string) []string {
		return func(s []string) []string { return append(s, name) }
	}
	text := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	for name, tc := range map[string]struct {
		r    reseal
		want error
	}{
		"not bagit.txt":       {reseal{subjects: without("bagit.txt")}, evidence.ErrStatement},
		"not the manifest":    {reseal{subjects: without("manifest-sha256.txt")}, evidence.ErrStatement},
		"not the information": {reseal{subjects: without("bag-info.txt")}, evidence.ErrUnexpected},
		"not the tags":        {reseal{subjects: without("tagmanifest")}, evidence.ErrStatement},
		"not the key":         {reseal{subjects: without("signers/")}, evidence.ErrUnexpected},
		"nothing at all":      {reseal{subjects: without("")}, evidence.ErrStatement},
		"itself":              {reseal{subjects: with("evidence.dsse.json")}, evidence.ErrStatement},
		"what is not there":   {reseal{subjects: with("zzz.txt")}, evidence.ErrMissing},
		"payload":             {reseal{subjects: with("data/asset")}, evidence.ErrStatement},
		"a file twice":        {reseal{subjects: with("tagmanifest-sha256.txt")}, evidence.ErrStatement},
		"a later statement":   {reseal{statement: text("Statement/v1", "Statement/v2")}, evidence.ErrVersion},
		"another predicate":   {reseal{statement: text("record-package/v1", "record-package/v2")}, evidence.ErrVersion},
		"a field nobody has":  {reseal{statement: text(`"predicate":{`, `"predicate":{"more":1,`)}, evidence.ErrNotCanonical},
		"a field twice":       {reseal{statement: text(`"predicate":{`, `"predicate":{"record":"x/asset/1/1",`)}, evidence.ErrNotCanonical},
		"white space":         {reseal{statement: text(`"subject":`, `"subject": `)}, evidence.ErrNotCanonical},
		"no JSON":             {reseal{statement: text(`{`, ``)}, evidence.ErrMalformed},
		"upper case hex":      {reseal{statement: strings.ToUpper}, evidence.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.r.files, tc.r.key = files, key(1)
			v := verifyDir(t, tc.r.write(t), evidence.VerifyOptions{Keys: public})
			require.ErrorIs(t, v.Err(), tc.want)
			require.Equal(t, evidence.CheckStatement, first(v), "%v", v.Err())
		})
	}
	upper := reseal{files: files, key: key(1), statement: func(s string) string {
		return strings.Replace(s, hexSum([]byte("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")), strings.ToUpper(hexSum([]byte("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"))), 1)
	}}
	require.ErrorIs(t, verifyDir(t, upper.write(t), evidence.VerifyOptions{Keys: public}).Err(), evidence.ErrDigest, "hex is lower case")
}

// TestP12_SwappedKeysAndDroppedSignaturesAreFound: neither a stranger's
// signature over the same files passes, nor one signer alone for two.
func TestP12_SwappedKeysAndDroppedSignaturesAreFound(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	dir := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	files := tree(t, dir)
	stranger := reseal{files: files, key: key(9)}.write(t)
	v := verifyDir(t, stranger, evidence.VerifyOptions{Keys: public, Threshold: 1})
	require.ErrorIs(t, v.Err(), evidence.ErrSigner)
	require.Equal(t, evidence.CheckSigners, first(v))
	v = verifyDir(t, stranger, evidence.VerifyOptions{})
	require.NoError(t, v.Err())
	require.False(t, v.Trusted, "without keys from outside, a stranger's package is whole, and nobody's")

	envelope := filepath.Join(dir, "evidence.dsse.json")
	parts := strings.SplitAfter(string(files["evidence.dsse.json"]), `"signatures":[`)
	one, two, _ := strings.Cut(strings.TrimSuffix(parts[1], "]}\n"), "},{")
	one, two = one+"}", "{"+two
	other := tree(t, writeDir(t, referring(), evidence.WriteOptions{Signers: signers}))["evidence.dsse.json"]
	oneSig, twoSig := one[strings.Index(one, `"sig"`):], two[strings.Index(two, `"sig"`):]
	for name, tc := range map[string]struct {
		envelope string
		want     error
	}{
		"the first alone":          {parts[0] + one + "]}\n", evidence.ErrSignature},
		"the second alone":         {parts[0] + two + "]}\n", evidence.ErrSignature},
		"in another order":         {parts[0] + two + "," + one + "]}\n", evidence.ErrNotCanonical},
		"the same twice":           {parts[0] + one + "," + one + "]}\n", evidence.ErrNotCanonical},
		"none":                     {parts[0] + "]}\n", evidence.ErrMalformed},
		"white space":              {parts[0] + one + ", " + two + "]}\n", evidence.ErrNotCanonical},
		"a field more":             {`{"more":1,` + parts[0][1:] + one + "," + two + "]}\n", evidence.ErrNotCanonical},
		"one's under the other's":  {parts[0] + strings.Replace(one, oneSig, twoSig, 1) + "," + strings.Replace(two, twoSig, oneSig, 1) + "]}\n", evidence.ErrSignature},
		"of another package":       {string(other), evidence.ErrDigest},
		"another kind of payload":  {strings.Replace(parts[0], "in-toto+json", "in-toto+yaml", 1) + one + "," + two + "]}\n", evidence.ErrVersion},
		"as another encoder would": {strings.Replace(parts[0]+one+","+two+"]}\n", "==", "=", 1), evidence.ErrNotCanonical},
	} {
		require.NoError(t, os.WriteFile(envelope, []byte(tc.envelope), 0o600))
		require.ErrorIs(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public, Threshold: 1}).Err(), tc.want, name)
	}
}
