package evidence_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// byHand are the lines of docs/verify.md as they stand there.
func byHand(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"sh", "openssl", "sha256sum", "base64", "find", "comm", "sed", "grep", "cmp"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the lines of docs/verify.md cannot be run here", tool)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "verify.md"))
	require.NoError(t, err)
	var lines strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		lines.Write(block[1])
	}
	require.Contains(t, lines.String(), "openssl pkeyutl -verify -rawin")
	return lines.String()
}

// runByHand runs the lines in a package's folder; accepted means that the last
// of them was reached.
func runByHand(t *testing.T, lines, dir string, public crypto.PublicKey, env ...string) (accepted bool, output string) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key.pem")
	text, err := evidence.MarshalPublicKey(public)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(key, text, 0o600))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", lines)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), append(env, "KEY="+key, "TMPDIR="+t.TempDir())...)
	out, err := cmd.CombinedOutput()
	accepted = strings.HasSuffix(string(out), "\naccepted\n")
	require.Equal(t, err == nil, accepted, "%v: %s", err, out)
	return accepted, string(out)
}

func TestVerifyByHand_AcceptsWhatWasWritten(t *testing.T) {
	t.Parallel()
	lines := byHand(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		signers []crypto.Signer
		options string
	}{
		"Ed25519": {[]crypto.Signer{key(1)}, ""}, "two of them": {[]crypto.Signer{key(1), key(2)}, ""},
		"ECDSA": {[]crypto.Signer{ec}, "-digest sha256"},
		"RSA":   {[]crypto.Signer{r}, "-digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.options != "" {
				text, err := os.ReadFile(filepath.Join("..", "..", "docs", "verify.md"))
				require.NoError(t, err)
				require.Contains(t, strings.Join(strings.Fields(string(text)), " "), "`"+tc.options+"`", "as the page says")
			}
			o := evidence.WriteOptions{Signers: tc.signers, SHA512: true}
			accepted, out := runByHand(t, lines, writeDir(t, sample(), o), tc.signers[0].Public(), "OPTIONS="+tc.options)
			require.True(t, accepted, out)
			content := filepath.Join(t.TempDir(), "content")
			require.NoError(t, os.WriteFile(content, picture, 0o600))
			accepted, out = runByHand(t, lines, writeDir(t, referring(), o), tc.signers[0].Public(), "OPTIONS="+tc.options, "ASSET="+content)
			require.True(t, accepted, out)
			require.NoError(t, os.WriteFile(content, picture[1:], 0o600))
			accepted, out = runByHand(t, lines, writeDir(t, referring(), o), tc.signers[0].Public(), "OPTIONS="+tc.options, "ASSET="+content)
			require.False(t, accepted, out)
		})
	}
}

// TestP12_TheLinesByHandRefuseEveryTampering: each file changed at its ends and
// in its middle, dropped or joined by another, other keys, and what a trusted
// signer signed without sense.
func TestP12_TheLinesByHandRefuseEveryTampering(t *testing.T) {
	t.Parallel()
	lines := byHand(t)
	signers, public := keys(1, 2)
	original := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	files := tree(t, original)
	changes := map[string]func(f map[string][]byte){
		"a payload file more": func(f map[string][]byte) { f["data/more"] = []byte("x") },
		"a tag file more":     func(f map[string][]byte) { f["more.txt"] = []byte("x") },
		"a key more":          func(f map[string][]byte) { f["signers/more.pem"] = []byte("x") },
		"a hidden file":       func(f map[string][]byte) { f[".hidden"] = []byte("x") },
		"a signature dropped": func(f map[string][]byte) {
			e := f["evidence.dsse.json"]
			f["evidence.dsse.json"] = append(e[:bytes.LastIndex(e, []byte(`,{"keyid"`))], "]}\n"...)
		},
		"a line behind the envelope":       func(f map[string][]byte) { f["evidence.dsse.json"] = append(f["evidence.dsse.json"], "x\n"...) },
		"two files in each other's places": func(f map[string][]byte) { f["data/asset"], f["data/asset.xmp"] = f["data/asset.xmp"], f["data/asset"] },
		"a manifest made to fit": func(f map[string][]byte) {
			f["data/asset"] = []byte("stolen")
			f["manifest-sha256.txt"] = bytes.ReplaceAll(f["manifest-sha256.txt"], []byte(hexSum(picture)), []byte(hexSum([]byte("stolen"))))
			f["tagmanifest-sha256.txt"] = bytes.ReplaceAll(f["tagmanifest-sha256.txt"], []byte(hexSum(files["manifest-sha256.txt"])), []byte(hexSum(f["manifest-sha256.txt"])))
		},
	}
	for path, content := range files {
		for what, at := range map[string]int{"begin": 0, "middle": len(content) / 2, "end": len(content) - 1} {
			changes[fmt.Sprintf("a bit at the %s of %s", what, path)] = func(f map[string][]byte) { f[path] = flipped(f[path], at) }
		}
		changes[path+" dropped"] = func(f map[string][]byte) { delete(f, path) }
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		f := maps.Clone(files)
		for path, content := range f {
			f[path] = bytes.Clone(content)
		}
		changes[name](f)
		accepted, out := runByHand(t, lines, lay(t, f), public[0])
		require.False(t, accepted, "%s: %s", name, out)
	}

	accepted, out := runByHand(t, lines, lay(t, files), public[0])
	require.True(t, accepted, "unchanged: %s", out)
	accepted, out = runByHand(t, lines, lay(t, files), key(3).Public())
	require.False(t, accepted, "a stranger's key: %s", out)
	accepted, out = runByHand(t, lines, reseal{files: files, key: key(3)}.write(t), public[0])
	require.False(t, accepted, "signed by a stranger: %s", out)
	linked := lay(t, files)
	require.NoError(t, os.Rename(filepath.Join(linked, "data", "asset"), filepath.Join(filepath.Dir(linked), "asset")))
	require.NoError(t, os.Symlink(filepath.Join("..", "..", "asset"), filepath.Join(linked, "data", "asset")))
	accepted, out = runByHand(t, lines, linked, public[0])
	require.False(t, accepted, "a link: %s", out)
	for name, change := range map[string]func(map[string][]byte){
		"an approval of other bytes":  replace("data/approval.json", hexSum(picture), hexSum([]byte("other"))),
		"an approval of another":      replace("data/approval.json", "79401/1/1", "79401/1/2"),
		"other vendor's bytes":        replace("data/rights/source.json", "79401", "79402"),
		"content other than approved": replace("data/asset", "licensed", "stolen!!"),
	} {
		f := maps.Clone(files)
		change(f)
		accepted, out = runByHand(t, lines, reseal{files: f, key: key(1)}.write(t), public[0])
		require.False(t, accepted, "%s: %s", name, out)
	}
}

func flipped(b []byte, at int) []byte {
	b[at] ^= 1
	return b
}

// lay writes files into a folder.
func lay(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	for path, b := range files {
		file := filepath.Join(dir, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, b, 0o600))
	}
	return dir
}
