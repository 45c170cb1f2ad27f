package records

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// MaxNodeName is the length in characters that Content Server allows a node's
// name; no name made here is longer.
const MaxNodeName = 248

// maxNamePart bounds what one id contributes to a name.
const maxNamePart = 64

// Hash returns the SHA-256 of the canonical text, which anyone can repeat:
//
//	printf %s acme/purchase/79468/1/2 | sha256sum
func (k RecordKey) Hash() Digest {
	return Digest{alg: SHA256, sum: sha256.Sum256([]byte(k.String()))}
}

// Short returns the first 16 hex digits of the hash, the part of a name that
// keeps it unique. It is empty for the zero value.
func (k RecordKey) Short() string {
	if !k.IsValid() {
		return ""
	}
	sum := sha256.Sum256([]byte(k.String()))
	return hex.EncodeToString(sum[:8])
}

// NodeName returns the name of the record's node, a function of the key alone:
//
//	79468-1-v2 [4e987f059ccb4109]        purchase: transaction, binary, version
//	79468-all-9f2c51d00ab34e77 [...]     aggregate: transaction, composition
//	asset-7f31-v7 [...]                  portal asset: id, version
//
// Ids are foreign text: of each, the characters A-Z, a-z, 0-9 and "-" stay, any
// other becomes "_", and what exceeds 64 characters is cut and ends in "~".
// That is readable, not reversible; the hash in brackets keeps names apart. A
// name has at most [MaxNodeName] characters, none that Content Server or a
// file system dislikes, and is empty for the zero value.
func (k RecordKey) NodeName() string { return k.name("") }

// Companion says which document beside a record a name is for.
type Companion uint8

// The documents that stand beside a record.
const (
	CompanionUnknown  Companion = iota
	CompanionRights             // the rights document
	CompanionEvidence           // the record package
	CompanionStub               // what remains of a destroyed record
)

var companionTexts = []string{"unknown", "rights", "evidence", "stub"}

// String names the companion; it is total.
func (c Companion) String() string { return enumString(companionTexts, "Companion", c) }

// MarshalText returns the companion's name; a foreign number is an error.
func (c Companion) MarshalText() ([]byte, error) { return enumText(companionTexts, "Companion", c) }

// UnmarshalText reads exactly one of the companions' names.
func (c *Companion) UnmarshalText(text []byte) (err error) {
	*c, err = enumParse[Companion](companionTexts, "companion", string(text))
	return err
}

// CompanionName returns the name of a document beside the record, a function
// of the key and the kind of document alone: "79468-1-v2 rights [...]". It is
// empty for the zero value and for an unknown companion.
func (k RecordKey) CompanionName(c Companion) string {
	if c == CompanionUnknown || int(c) >= len(companionTexts) {
		return ""
	}
	return k.name(c.String() + " ")
}

// CompanionNameOf returns the name of the n-th document of its kind beside the
// record, for kinds of which a further one may have to be begun: the first has
// the name of [RecordKey.CompanionName], the second is "79468-1-v2 rights 2
// [...]". It is empty where CompanionName is, and for n below 1.
func (k RecordKey) CompanionNameOf(c Companion, n int) string {
	if n <= 1 || c == CompanionUnknown || int(c) >= len(companionTexts) {
		if n < 1 {
			return ""
		}
		return k.CompanionName(c)
	}
	return k.name(c.String() + " " + strconv.Itoa(n) + " ")
}

// CompanionNumber returns the n for which CompanionNameOf gives that name, 0 if
// there is none.
func (k RecordKey) CompanionNumber(c Companion, name string) int {
	if name != "" && name == k.CompanionName(c) {
		return 1
	}
	before, _, _ := strings.Cut(name, " [")
	n, err := strconv.Atoi(before[strings.LastIndexByte(before, ' ')+1:])
	if err != nil || n < 2 || name != k.CompanionNameOf(c, n) {
		return 0
	}
	return n
}

// Folder returns the name of the folder that the record lies in, "00" to "ff":
// the first two digits of the SHA-256 of scope and item, so that no folder
// grows without bound and all records of one purchase or asset, whatever their
// binary and version, lie together:
//
//	printf %s acme/79468 | sha256sum
//
// It is empty for the zero value.
func (k RecordKey) Folder() string {
	if !k.IsValid() {
		return ""
	}
	sum := sha256.Sum256(escape([]byte(k.scope.s+"/"), k.item))
	return hex.EncodeToString(sum[:1])
}

func (k RecordKey) name(label string) string {
	var readable string
	switch k.kind {
	case SourcePurchase:
		readable = namePart(k.item) + "-" + namePart(k.part) + "-v" + namePart(k.version)
	case SourceAggregate:
		readable = namePart(k.item) + "-all-" + namePart(k.version)
	case SourceAsset:
		readable = namePart(k.item) + "-v" + namePart(k.version)
	case SourceUnknown:
		return ""
	default:
		return ""
	}
	return readable + " " + label + "[" + k.Short() + "]"
}

// namePart keeps of a foreign id what is safe in every place a name goes. A
// full stop goes too: "nul.1" is a device on Windows, "..": a parent.
func namePart(id string) string {
	var b strings.Builder
	for _, r := range id {
		if b.Len() == maxNamePart {
			return b.String()[:maxNamePart-1] + "~"
		}
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}
