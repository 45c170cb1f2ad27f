package records

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SourceKind says what kind of source a record was taken from.
type SourceKind uint8

// The kinds of source.
const (
	SourceUnknown   SourceKind = iota
	SourcePurchase             // one binary of a license purchase transaction
	SourceAggregate            // the compound asset of a purchase, as one aggregate over its binaries
	SourceAsset                // a portal asset
)

var sourceTexts = []string{"unknown", "purchase", "aggregate", "asset"}

// String names the kind; it is total.
func (k SourceKind) String() string { return enumString(sourceTexts, "SourceKind", k) }

// MarshalText returns the kind's name; a foreign number is an error.
func (k SourceKind) MarshalText() ([]byte, error) { return enumText(sourceTexts, "SourceKind", k) }

// UnmarshalText reads exactly one of the kinds' names.
func (k *SourceKind) UnmarshalText(text []byte) (err error) {
	*k, err = enumParse[SourceKind](sourceTexts, "source kind", string(text))
	return err
}

// maxSourceID bounds one id of a source, in bytes.
const maxSourceID = 256

// RecordKey is the identity of a record: the scope, the kind of source, the
// source's own ids and the version. It is comparable; the zero value is
// invalid. Title, campaign, file name and policy are never part of it, so an
// asset declared again has the same key, whatever was edited in between.
//
// Its canonical text separates the parts by "/" and escapes foreign text by
// "%" and two upper case hex digits:
//
//	acme/purchase/79468/1/2          transaction, binary, version
//	acme/aggregate/79468/9f2c51d00ab34e77   transaction, composition
//	acme/asset/2:0:61019726/7        asset, version
//
// Ids are compared byte by byte: two Unicode forms of one word are two ids, as
// they are for the source.
type RecordKey struct {
	scope   ScopeID
	kind    SourceKind
	item    string // transaction uuid, or asset id
	part    string // binary uuid; empty otherwise
	version string
}

// NewPurchaseKey returns the key of one binary of a license purchase
// transaction. Versions start at 1. It returns an error that matches
// ErrInvalid and lists every fault.
func NewPurchaseKey(scope ScopeID, transaction, binary string, version int) (RecordKey, error) {
	k := RecordKey{scope, SourcePurchase, transaction, binary, strconv.Itoa(version)}
	return k.checked("records.NewPurchaseKey")
}

// NewAssetKey returns the key of one version of a portal asset. It returns an
// error that matches ErrInvalid and lists every fault.
func NewAssetKey(scope ScopeID, asset, version string) (RecordKey, error) {
	k := RecordKey{scope: scope, kind: SourceAsset, item: asset, version: version}
	return k.checked("records.NewAssetKey")
}

// NewAggregateKey returns the key of a compound asset: one aggregate over
// exactly these binaries in exactly these versions, in any order. The version
// of the aggregate is its composition (the first 16 hex digits of the SHA-256
// of the members' sorted keys, one a line), since the source counts none: a
// binary that is added, dropped or updated makes another aggregate. Members
// must be at least one and purchase keys of the same scope and transaction.
func NewAggregateKey(scope ScopeID, transaction string, members []RecordKey) (RecordKey, error) {
	var p Problems
	p.Check(len(members) > 0, "members", len(members), "at least one")
	lines := make([]string, 0, len(members))
	for i, m := range members {
		field := fmt.Sprintf("members[%d]", i)
		switch {
		case m.kind != SourcePurchase || m.scope != scope || m.item != transaction:
			p.Add(field, m, fmt.Sprintf("a purchase key of transaction %q in scope %s", transaction, scope))
		case slices.Contains(lines, m.String()):
			p.Add(field, m, "each member once")
		}
		lines = append(lines, m.String())
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	k := RecordKey{scope: scope, kind: SourceAggregate, item: transaction, version: hex.EncodeToString(sum[:8])}
	k.check(&p)
	if err := p.Err("records.NewAggregateKey"); err != nil {
		return RecordKey{}, err
	}
	return k, nil
}

// ParseRecordKey reads the canonical text of a key and nothing else: what
// String would write in another way is refused. It returns an error that
// matches ErrInvalid.
func ParseRecordKey(s string) (RecordKey, error) {
	k, ok := splitKey(s)
	if ok {
		if _, err := k.checked("records.ParseRecordKey"); err != nil {
			return RecordKey{}, err
		}
	}
	if !ok || k.String() != s {
		var p Problems
		p.Add("record key", s, "scope/purchase/transaction/binary/version, scope/aggregate/transaction/composition or scope/asset/asset/version, escaped")
		return RecordKey{}, p.Err("records.ParseRecordKey")
	}
	return k, nil
}

// MustRecordKey is ParseRecordKey for constants; it panics on a malformed key.
func MustRecordKey(s string) RecordKey {
	k, err := ParseRecordKey(s)
	if err != nil {
		panic(err)
	}
	return k
}

// IsValid reports whether k was built or parsed.
func (k RecordKey) IsValid() bool { return k.kind != SourceUnknown }

// Scope returns the scope that the record belongs to.
func (k RecordKey) Scope() ScopeID { return k.scope }

// Kind returns the kind of source.
func (k RecordKey) Kind() SourceKind { return k.kind }

// Item returns the transaction's uuid or the portal asset's id.
func (k RecordKey) Item() string { return k.item }

// Binary returns the binary's uuid; it is empty but for SourcePurchase.
func (k RecordKey) Binary() string { return k.part }

// Version returns the version: a number for a purchase, the composition for an
// aggregate, the portal's own text for an asset.
func (k RecordKey) Version() string { return k.version }

// SameAsset reports whether both keys name versions of one asset.
func (k RecordKey) SameAsset(other RecordKey) bool {
	k.version, other.version = "", ""
	return k == other && k.IsValid()
}

// In returns nil if the key belongs to scope, else an error that matches
// ErrForeignScope.
func (k RecordKey) In(scope ScopeID) error {
	if k.IsValid() && k.scope == scope {
		return nil
	}
	return refuse(ErrForeignScope, "%s in scope %s", k, scope)
}

// String returns the canonical text, "invalid record key" for the zero value.
func (k RecordKey) String() string {
	if !k.IsValid() {
		return "invalid record key"
	}
	b, _ := k.AppendText(make([]byte, 0, 64)) // never fails
	return string(b)
}

// AppendText appends the canonical text to b, nothing for the zero value.
func (k RecordKey) AppendText(b []byte) ([]byte, error) {
	if !k.IsValid() {
		return b, nil
	}
	b = append(append(append(b, k.scope.s...), '/'), k.kind.String()...)
	b = escape(append(b, '/'), k.item)
	if k.kind == SourcePurchase {
		b = escape(append(b, '/'), k.part)
	}
	return escape(append(b, '/'), k.version), nil
}

// MarshalText returns the canonical text, empty for the zero value.
func (k RecordKey) MarshalText() ([]byte, error) {
	if !k.IsValid() {
		return []byte{}, nil
	}
	return []byte(k.String()), nil
}

// UnmarshalText parses text; empty text gives the zero value.
func (k *RecordKey) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*k = RecordKey{}
		return nil
	}
	parsed, err := ParseRecordKey(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

func (k RecordKey) checked(op string) (RecordKey, error) {
	var p Problems
	k.check(&p)
	if err := p.Err(op); err != nil {
		return RecordKey{}, err
	}
	return k, nil
}

func (k RecordKey) check(p *Problems) {
	p.Check(k.scope.IsValid(), "scope", k.scope, "a parsed scope id")
	switch k.kind {
	case SourcePurchase:
		checkID(p, "transaction", k.item)
		checkID(p, "binary", k.part)
		n, err := strconv.Atoi(k.version)
		p.Check(err == nil && n >= 1 && strconv.Itoa(n) == k.version, "version", k.version, "a number from 1 on")
	case SourceAggregate:
		checkID(p, "transaction", k.item)
		raw, err := hex.DecodeString(k.version)
		p.Check(err == nil && len(raw) == 8 && strings.ToLower(k.version) == k.version, "composition", k.version, "16 lower case hex digits")
	case SourceAsset:
		checkID(p, "asset", k.item)
		checkID(p, "version", k.version)
	case SourceUnknown:
		p.Add("source kind", k.kind, "purchase, aggregate or asset")
	default:
		p.Add("source kind", k.kind, "purchase, aggregate or asset")
	}
}

func checkID(p *Problems, field, id string) {
	ok := id != "" && len(id) <= maxSourceID && utf8.ValidString(id) && strings.IndexFunc(id, unicode.IsControl) < 0
	p.Check(ok, field, id, "1 to 256 bytes of UTF-8 without control characters")
}

func splitKey(s string) (RecordKey, bool) {
	parts := strings.Split(s, "/")
	if len(parts) < 4 || len(parts) > 5 {
		return RecordKey{}, false
	}
	scope, err := ParseScopeID(parts[0])
	if err != nil {
		return RecordKey{}, false
	}
	kind, err := enumParse[SourceKind](sourceTexts, "source kind", parts[1])
	if err != nil || (kind == SourcePurchase) != (len(parts) == 5) {
		return RecordKey{}, false
	}
	for i, part := range parts {
		plain, ok := unescape(part)
		if !ok {
			return RecordKey{}, false
		}
		parts[i] = plain
	}
	k := RecordKey{scope: scope, kind: kind, item: parts[2], version: parts[len(parts)-1]}
	if kind == SourcePurchase {
		k.part = parts[3]
	}
	return k, true
}

// escape writes s with every byte but unreserved ones and ":" as %XX, so that
// the text has no "/" of its own and reads the same in logs, URLs and notes.
func escape(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:", c) >= 0 {
			b = append(b, c)
			continue
		}
		b = append(b, '%', digits[c>>4], digits[c&15])
	}
	return b
}

func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		raw, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b = append(b, raw[0])
		i += 2
	}
	return string(b), true
}
