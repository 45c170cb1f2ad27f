package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// Side is one of the two systems that a record's metadata stands in.
type Side string

// The sides.
const (
	SideECM    Side = "ecm"
	SidePortal Side = "portal"
)

// MetadataType says how the values of a field are compared.
type MetadataType string

// The types.
const (
	// MetadataText is compared letter by letter.
	MetadataText MetadataType = "text"
	// MetadataDate is a calendar day; an instant is its day in UTC.
	MetadataDate MetadataType = "date"
)

// MetadataField is one fact that stands on both sides, and the side that says
// what is right.
type MetadataField struct {
	// Name is how receipts call it, as "campaign": small letters, digits and
	// underscores.
	Name string `json:"name"`
	// Attribute is the attribute of the record category, by its name; Portal the
	// key of the portal asset's attribute.
	Attribute string `json:"attribute"`
	Portal    string `json:"portal"`
	// Owner is where the field is changed. What is changed on the other side is
	// a conflict.
	Owner Side `json:"owner"`
	// Type defaults to MetadataText.
	Type MetadataType `json:"type,omitempty"`
}

// MetadataPolicy says which metadata is kept in step between a record and the
// portal asset that it was declared from.
type MetadataPolicy struct {
	Fields []MetadataField `json:"fields"`
	// Baseline names the attribute of the record category that keeps a digest of
	// the value that both sides last agreed on, field by field. By it a change on
	// one side is told from one on the other, also after every local disk is
	// lost. It needs room for the name and 17 characters a field, or must take
	// several values. Whoever may edit the record's attributes may edit it too.
	Baseline string `json:"baseline"`
	// OpenFinal says that this server lets the attributes of final records be
	// changed. Without it nothing is written to a final record, and what would
	// be is reported as refused.
	OpenFinal bool `json:"open_final,omitempty"`
}

// identifying are the fields that say what a record is. They are nobody's to
// change.
var identifying = []Field{
	FieldKey, FieldDigest, FieldSize, FieldSource, FieldAssetID, FieldBinaryID, FieldVersion, FieldReuseOf, FieldParts, FieldApprovalSource,
	FieldDeclaredBy, FieldPolicy,
}

const maxFieldName = 40

// check notes every fault; attributes are those that the scope's own policy
// names.
func (m *MetadataPolicy) check(faults *records.Problems, attributes map[Field]string) {
	if m == nil {
		return
	}
	faults.Check(len(m.Fields) > 0, "policy.metadata.fields", "none", "at least one field")
	taken := map[string]string{}
	for _, f := range identifying {
		if name := attributes[f]; name != "" {
			taken["attribute "+name] = "the record's own " + string(f)
		}
	}
	own := func(field, kind, value string) {
		by, used := taken[kind+" "+value]
		faults.Check(!used, field, value, "one of its own: it is that of "+by)
		taken[kind+" "+value] = field
	}
	for i, f := range m.Fields {
		at := func(name string) string { return at("policy.metadata.fields", i, name) }
		plain := f.Name != "" && len(f.Name) <= maxFieldName && strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
		faults.Check(plain, at("name"), f.Name, fmt.Sprintf("small letters, digits and underscores, at most %d", maxFieldName))
		own(at("name"), "name", f.Name)
		if faults.Check(f.Attribute != "", at("attribute"), f.Attribute, "an attribute name of the category") {
			own(at("attribute"), "attribute", f.Attribute)
		}
		if faults.Check(f.Portal != "", at("portal"), f.Portal, "the key of an attribute of portal assets") {
			own(at("portal"), "key", strings.ToLower(f.Portal))
		}
		faults.Check(f.Owner == SideECM || f.Owner == SidePortal, at("owner"), f.Owner, "ecm or portal: each field has one owner")
		faults.Check(f.Type == "" || f.Type == MetadataText || f.Type == MetadataDate, at("type"), f.Type, "text or date")
	}
	if faults.Check(m.Baseline != "", "policy.metadata.baseline", m.Baseline, "an attribute name of the category: without it nobody can tell which side was changed") {
		own("policy.metadata.baseline", "attribute", m.Baseline)
	}
}

// room is how many characters the baseline takes in one value.
func (m *MetadataPolicy) room() int {
	n := -1
	for _, f := range m.Fields {
		n += len(f.Name) + 1 + baselineDigits + 1
	}
	return n
}

// attribute finds the category attribute of a field.
func (m *MetadataPolicy) attribute(c *ecm.Category, name string) (ecm.Attribute, error) {
	a, ok := c.Attribute(name)
	if !ok {
		return a, fmt.Errorf("%w: category %s lacks the attribute %q", ErrSetup, c.ID, name)
	}
	if name == m.Baseline && a.ReadOnly {
		return a, fmt.Errorf("%w: category %s: attribute %q is read-only: the baseline is written there", ErrSetup, c.ID, name)
	}
	if name == m.Baseline && !a.MultiValue && a.MaxLength > 0 && a.MaxLength < m.room() {
		return a, fmt.Errorf("%w: category %s: attribute %q holds %d characters, the baseline of %d fields needs %d, or an attribute that takes several values",
			ErrSetup, c.ID, name, a.MaxLength, len(m.Fields), m.room())
	}
	return a, nil
}

// checkMetadata notes what the metadata policy needs and the category lacks.
func (s *Scope) checkMetadata(ctx context.Context, note func(string, ...any)) error {
	m := s.policy.Metadata
	if m == nil {
		return nil
	}
	c, err := s.category(ctx)
	if err != nil {
		if isMissing(err) {
			return nil // noted already
		}
		return err
	}
	names := []string{m.Baseline}
	for _, f := range m.Fields {
		names = append(names, f.Attribute)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := m.attribute(c, name); err != nil {
			note("metadata: %v", err)
		}
	}
	return nil
}
