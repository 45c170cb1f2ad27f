package sync

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/records"
)

// ofItem reads the records of one purchase or portal asset that stand, in all
// versions.
func (s *Scope) ofItem(ctx context.Context, item string) ([]StoredRecord, error) {
	all, err := s.itemRecords(ctx, item)
	return slices.DeleteFunc(all, StoredRecord.Gone), err
}

// itemRecords reads all records of an item from their names, those that are
// gone included: they lie in one folder.
func (s *Scope) itemRecords(ctx context.Context, item string) ([]StoredRecord, error) {
	any1, err := records.NewPurchaseKey(s.id, item, "any", 1)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrBroken, item, err)
	}
	folder, err := s.findFolder(ctx, any1)
	if err != nil || folder == 0 {
		return nil, err
	}
	stem, _, _ := strings.Cut(any1.NodeName(), "-any-v")
	all, err := s.recordsIn(ctx, folder, stem+"-")
	return slices.DeleteFunc(all, func(r StoredRecord) bool { return r.Record.key.Item() != item }), err
}

// line reads the records of one asset that stand, in all its versions. For an
// aggregate these are all compositions of the purchase.
func (s *Scope) line(ctx context.Context, key records.RecordKey) ([]StoredRecord, error) {
	all, err := s.ofItem(ctx, key.Item())
	return slices.DeleteFunc(all, func(r StoredRecord) bool { return !r.Record.key.SameAsset(key) }), err
}

// plainVersion is a version whose parts are numbers, so that it has an order.
var plainVersion = regexp.MustCompile(`^[vV]?[0-9]+(?:[._-][0-9]+)*$`)

// versionOrder compares two versions of one asset. A text that is not made of
// numbers has no order.
func versionOrder(a, b string) (order int, known bool) {
	if !plainVersion.MatchString(a) || !plainVersion.MatchString(b) {
		return 0, a == b
	}
	numbers := func(v string) []string {
		return strings.FieldsFunc(v, func(r rune) bool { return r < '0' || r > '9' })
	}
	return slices.CompareFunc(numbers(a), numbers(b), func(a, b string) int {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}), true
}

// order compares two records of one line. Aggregates count no versions: one is
// newer if its parts are, which says nothing where only parts were added or
// dropped.
func (r StoredRecord) order(other StoredRecord) (order int, known bool) {
	if r.Record.key.Kind() != records.SourceAggregate {
		return versionOrder(r.version(), other.version())
	}
	if r.Record.key == other.Record.key {
		return 0, true
	}
	mine, theirs := r.parts(), other.parts()
	older, newer := false, false
	for binary, version := range mine {
		if v, common := theirs[binary]; common {
			older, newer = older || version < v, newer || version > v
		}
	}
	switch {
	case newer && !older:
		return 1, true
	case older && !newer:
		return -1, true
	}
	return 0, false
}

// parts are the versions of an aggregate's parts by their binaries.
func (r StoredRecord) parts() map[string]int {
	parts := map[string]int{}
	for _, text := range r.Fields[FieldParts] {
		key, err := records.ParseRecordKey(text)
		if err != nil {
			continue
		}
		if version, err := strconv.Atoi(key.Version()); err == nil {
			parts[key.Binary()] = version
		}
	}
	return parts
}
