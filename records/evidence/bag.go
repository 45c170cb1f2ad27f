package evidence

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/records"
)

// The files of a package. Payload lies below data, as BagIt (RFC 8493) has it.
const (
	fileBagIt      = "bagit.txt"
	fileBagInfo    = "bag-info.txt"
	fileManifest   = "manifest-sha256.txt"
	fileManifest5  = "manifest-sha512.txt"
	fileTags       = "tagmanifest-sha256.txt"
	fileTags5      = "tagmanifest-sha512.txt"
	fileEnvelope   = "evidence.dsse.json"
	fileAsset      = "data/asset"
	fileReference  = "data/asset.ref.json"
	fileXMP        = "data/asset.xmp"
	fileODRL       = "data/rights/odrl.json"
	fileSource     = "data/rights/source.json"
	fileOriginal   = "data/rights/original.json"
	fileApproval   = "data/approval.json"
	fileProvenance = "data/provenance.json"
	dirTrail       = "data/trail/"
	dirSigners     = "signers/"
	suffixSigner   = ".pem"
)

const bagDeclaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// packageFormat names this format and its version.
const packageFormat = "https://github.com/smintecm/sdk/record-package/v1"

// maxPath bounds a file's path, in bytes.
const maxPath = 200

// isPayload reports whether a path lies below data.
func isPayload(path string) bool { return strings.HasPrefix(path, "data/") }

// plainName reports whether s is a name that leads nowhere else on any system:
// letters, digits, ".", "_" and "-", not beginning with one of the latter, nor
// ending in ".", which Windows drops.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 100 && s[len(s)-1] != '.'
}

// plainPath reports whether s is a relative path of plain names.
func plainPath(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if !plainName(part) {
			return false
		}
	}
	return len(s) <= maxPath
}

// rank orders the files of a package as they are written: what may be large
// first, then what names it, at last the signature over all.
func rank(path string) int {
	switch {
	case path == fileBagIt:
		return 0
	case path == fileAsset || path == fileReference:
		return 1
	case isPayload(path) && path != fileProvenance:
		return 2
	case path == fileProvenance:
		return 3
	case path == fileEnvelope:
		return 7
	case path == fileTags || path == fileTags5:
		return 6
	case path == fileManifest || path == fileManifest5:
		return 4
	default:
		return 5
	}
}

// inOrder compares two paths by the order in which they are written.
func inOrder(a, b string) int {
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// manifest holds digests in lower case hex by path.
type manifest map[string]string

// encode writes a manifest as sha256sum does, sorted by path.
func (m manifest) encode() []byte {
	var b bytes.Buffer
	for _, path := range sortedKeys(m) {
		fmt.Fprintf(&b, "%s  %s\n", m[path], path)
	}
	return b.Bytes()
}

// parseManifest reads a manifest with digests of that many bytes. Only the one
// way in which encode writes it is taken; the error matches ErrMalformed,
// ErrPath or ErrNotCanonical.
func parseManifest(b []byte, size int) (manifest, error) {
	m := manifest{}
	last := ""
	for line := range bytes.Lines(b) {
		digest, path, found := strings.Cut(string(bytes.TrimSuffix(line, []byte("\n"))), "  ")
		raw, err := hex.DecodeString(digest)
		switch {
		case !found || err != nil || len(raw) != size:
			return nil, fail(ErrMalformed, "line %d is not %d hex digits, two spaces and a path", len(m)+1, 2*size)
		case hex.EncodeToString(raw) != digest:
			return nil, fail(ErrNotCanonical, "line %d has upper case hex", len(m)+1)
		case !plainPath(path):
			return nil, fail(ErrPath, "line %d names %q", len(m)+1, clip(path))
		case path <= last:
			return nil, fail(ErrNotCanonical, "line %d is not in order", len(m)+1)
		}
		m[path], last = digest, path
	}
	if !bytes.Equal(m.encode(), b) {
		return nil, fail(ErrNotCanonical, "its end")
	}
	return m, nil
}

// bagInfo is what bag-info.txt says.
type bagInfo struct {
	record       records.RecordKey
	organization string
	day          string
	bytes        int64
	files        int
}

// encode writes the labels that RFC 8493 reserves, and the format.
func (i bagInfo) encode() []byte {
	return fmt.Appendf(nil, "Source-Organization: %s\nBagging-Date: %s\nExternal-Identifier: %s\nPayload-Oxum: %d.%d\nBagIt-Profile-Identifier: %s\n",
		i.organization, i.day, i.record, i.bytes, i.files, packageFormat)
}

// parseBagInfo reads what encode wrote, and nothing that differs from it in a
// byte.
func parseBagInfo(b []byte) (i bagInfo, err error) {
	values := map[string]string{}
	for line := range strings.Lines(string(b)) {
		label, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		values[label] = value
	}
	if f := values["BagIt-Profile-Identifier"]; f != packageFormat {
		return i, fail(ErrVersion, "format %q, want %q", clip(f), packageFormat)
	}
	i.organization, i.day = values["Source-Organization"], values["Bagging-Date"]
	_, oxumErr := fmt.Sscanf(values["Payload-Oxum"], "%d.%d", &i.bytes, &i.files)
	_, dayErr := records.ParseDate(i.day)
	i.record, err = records.ParseRecordKey(values["External-Identifier"])
	if err != nil || oxumErr != nil || dayErr != nil || !oneLine(i.organization) {
		return i, fail(ErrMalformed, "its record, date, organization or payload sum")
	}
	if !bytes.Equal(i.encode(), b) {
		return i, ErrNotCanonical
	}
	return i, nil
}

// baseName is the folder that a zip holds, a function of the record alone.
func baseName(key records.RecordKey) string { return "record-" + key.Short() }

// clip shortens foreign text for an error.
func clip(s string) string {
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// payloadOrder returns the paths in the order in which they are written.
func payloadOrder(paths []string) []string {
	paths = slices.Clone(paths)
	slices.SortFunc(paths, inOrder)
	return paths
}
