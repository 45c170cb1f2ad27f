package sync

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// baseline is what both sides last agreed on: a digest of the value by field
// name. It stands in the record as "name:digest", one a field.
type baseline map[string]string

// baselineDigits is how much of a digest is kept.
const baselineDigits = 16

func agreedOn(field, value string) string {
	return records.DigestOf([]byte(field + "\x00" + value)).Hex()[:baselineDigits]
}

func readBaseline(v ecm.Value) baseline {
	b := baseline{}
	for _, text := range v.All() {
		for _, entry := range strings.Fields(text) {
			if name, digest, ok := strings.Cut(entry, ":"); ok && len(digest) == baselineDigits {
				b[name] = digest
			}
		}
	}
	return b
}

func (b baseline) value(multi bool) ecm.Value {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		list = append(list, name+":"+b[name])
	}
	if multi {
		return ecm.Texts(list...)
	}
	return ecm.Text(strings.Join(list, " "))
}

// weigh decides on one field by both values and what they last agreed on. It
// never has anything written over a change on the side that does not own it,
// nor an empty value over any.
func (b baseline) weigh(f FieldSync) FieldSync {
	owner, other := f.owned()
	agreed, known := b[f.Field]
	ownerStayed, otherStayed := known && agreedOn(f.Field, owner) == agreed, known && agreedOn(f.Field, other) == agreed
	set := func(s FieldState, reason string) FieldSync {
		f.State, f.Reason = s, reason
		return f
	}
	switch {
	case owner == other:
		return set(FieldInStep, "")
	case owner == "" && otherStayed:
		return set(FieldOpen, "the owner has no value any more; none is taken away")
	case owner == "":
		return set(FieldConflict, "the owner has no value, and the other side has one")
	case !known && other == "":
		return set(FieldWritten, "the other side has no value")
	case !known:
		return set(FieldConflict, "they differ, and never agreed on a value")
	case otherStayed:
		return set(FieldWritten, "the owner changed it")
	case ownerStayed:
		return set(FieldConflict, "the side that does not own it was changed")
	}
	return set(FieldConflict, "both sides were changed")
}

// decide weighs every field and lists the steps.
func (p *MetadataPlan) decide() error {
	m := p.scope.policy.Metadata
	base, err := m.attribute(p.category, m.Baseline)
	if err != nil {
		return err
	}
	p.stored, p.Fields, p.Steps, p.Findings = readBaseline(p.seen.Values[base.Key]), nil, nil, nil
	p.agreed = maps.Clone(p.stored)
	maps.Copy(p.agreed, p.learned)
	for _, f := range m.Fields {
		a, err := m.attribute(p.category, f.Attribute)
		if err != nil {
			return err
		}
		p.Fields = append(p.Fields, p.field(f, a))
	}
	p.Steps = p.steps()
	return nil
}

// field reads a field on both sides and weighs it.
func (p *MetadataPlan) field(f MetadataField, a ecm.Attribute) FieldSync {
	out := FieldSync{Field: f.Name, Owner: f.Owner}
	var ecmFault, portalFault error
	out.ECM, ecmFault = ecmText(p.seen.Values[a.Key], f.Type)
	out.Portal, portalFault = portalText(p.asset, f)
	if fault := errors.Join(ecmFault, portalFault); fault != nil {
		out.State, out.Reason = FieldUnclear, strings.ReplaceAll(fault.Error(), "\n", "; ")
		return out
	}
	if f.Owner == SidePortal {
		fitted, cut := fit([]string{out.Portal}, a.MaxLength)
		if cut {
			p.Findings = append(p.Findings, fmt.Sprintf("%s is longer than the %d characters of attribute %q; it stands there shortened", f.Name, a.MaxLength, f.Attribute))
			out.Portal = fitted[0]
		}
	}
	return p.taken(p.agreed.weigh(out), a)
}

// taken finds out what the other side would not take anyway.
func (p *MetadataPlan) taken(f FieldSync, a ecm.Attribute) FieldSync {
	if f.State != FieldWritten {
		return f
	}
	if f.to() == SidePortal {
		if p.scope.metadata == nil {
			f.State, f.Reason = FieldOpen, "Smint.io has no public call that writes it, and the scope has no MetadataWriter"
		}
		return f
	}
	switch {
	case p.frozen() != "":
		f.State, f.Reason = FieldRefused, p.frozen()
	case a.ReadOnly:
		f.State, f.Reason = FieldRefused, fmt.Sprintf("attribute %q is read-only", a.Name)
	case len(a.Choices) > 0 && !slices.Contains(a.Choices, f.Portal):
		f.State, f.Reason = FieldRefused, fmt.Sprintf("attribute %q takes %q only", a.Name, a.Choices)
	}
	return f
}

// frozen says why nothing may be written to the record, empty if it may be.
func (p *MetadataPlan) frozen() string {
	switch {
	case p.held != "":
		return "the record is on hold, its metadata too: " + p.held
	case p.record.Final && !p.scope.policy.Metadata.OpenFinal:
		return "the record is final; the policy does not say that its attributes may change"
	}
	return ""
}

// forPortal are the values to be written to the asset, and those expected
// there.
func (p *MetadataPlan) forPortal() (values, expected map[string]string) {
	values, expected = map[string]string{}, map[string]string{}
	for i, f := range p.Fields {
		if key := p.scope.policy.Metadata.Fields[i].Portal; f.State == FieldWritten && f.to() == SidePortal {
			values[key] = f.ECM
			if raw, found, _ := attributeOf(p.asset, key); found {
				expected[key] = raw
			}
		}
	}
	return values, expected
}

// forECM are the values to be written to the record, the baseline of all that
// is agreed on then among them, and the names of the fields.
func (p *MetadataPlan) forECM() (ecm.CategoryValues, []string) {
	m := p.scope.policy.Metadata
	values := ecm.CategoryValues{}
	if p.frozen() != "" {
		return values, nil
	}
	var names []string
	agreed := maps.Clone(p.agreed)
	for i, f := range p.Fields {
		a, _ := p.category.Attribute(m.Fields[i].Attribute)
		owner, _ := f.owned()
		switch {
		case f.State == FieldWritten && f.to() == SideECM:
			values[a.Key] = ecm.Text(owner)
			if a.MultiValue {
				values[a.Key] = ecm.Texts(owner)
			}
			names = append(names, f.Field)
			agreed[f.Field] = agreedOn(f.Field, owner)
		case f.State == FieldInStep && owner == "":
			delete(agreed, f.Field)
		case f.State == FieldInStep:
			agreed[f.Field] = agreedOn(f.Field, owner)
		}
	}
	if !maps.Equal(agreed, p.stored) {
		a, _ := p.category.Attribute(m.Baseline)
		values[a.Key] = agreed.value(a.MultiValue)
	}
	return values, names
}

func (p *MetadataPlan) steps() []Step {
	var steps []Step
	if values, _ := p.forPortal(); len(values) > 0 {
		steps = append(steps, p.portalStep(values))
	}
	if values, names := p.forECM(); len(values) > 0 {
		steps = append(steps, p.ecmStep(names))
	}
	return steps
}

func (p *MetadataPlan) portalStep(values map[string]string) Step {
	return Step{Do: "write attributes", On: "portal asset " + p.Key.Item(), With: strings.Join(slices.Sorted(maps.Keys(values)), ", ")}
}

func (p *MetadataPlan) ecmStep(names []string) Step {
	return Step{Do: "write attributes", On: "node " + p.record.record.ID.String(), With: strings.Join(append(names, "baseline"), ", ")}
}

// ecmText is the one value of a category attribute, empty if it has none.
func ecmText(v ecm.Value, kind MetadataType) (string, error) {
	texts := slices.DeleteFunc(v.All(), func(s string) bool { return s == "" })
	switch {
	case len(texts) == 0:
		return "", nil
	case len(texts) > 1:
		return "", fmt.Errorf("the record has %d values", len(texts))
	}
	return ofType(texts[0], kind, "the record")
}

// portalText is the one value of an asset's attribute, empty if it has none.
func portalText(a *smint.Asset, f MetadataField) (string, error) {
	text, _, err := attributeOf(a, f.Portal)
	if err != nil || text == "" {
		return "", err
	}
	return ofType(text, f.Type, "the asset")
}

// dayLayouts are how the two systems write days and instants.
var dayLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly}

func ofType(text string, kind MetadataType, side string) (string, error) {
	if kind != MetadataDate {
		return text, nil
	}
	for _, layout := range dayLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return day(t), nil
		}
	}
	return "", fmt.Errorf("%s has %s, which is no date", side, strconv.Quote(text))
}

// attributeOf is the one value of an asset's attribute as a text, and whether
// it is there. Attributes that are there twice, or hold several values, say
// nothing.
func attributeOf(a *smint.Asset, key string) (text string, found bool, err error) {
	list := a.Attributes(key)
	for _, o := range a.RawData {
		if len(o.Faults) > 0 {
			// What cannot be read could be a second word about this attribute.
			return "", false, fmt.Errorf("the attributes cannot all be read: %w", errors.Join(o.Faults...))
		}
	}
	switch len(list) {
	case 0:
		return "", false, nil
	case 1:
	default:
		return "", true, fmt.Errorf("attribute %q is there %d times", key, len(list))
	}
	p := list[0]
	texts := p.Texts()
	if len(texts) == 1 {
		return texts[0], true, nil
	}
	var scalar any
	if err := json.Unmarshal(p.Value, &scalar); err == nil {
		switch v := scalar.(type) {
		case bool, float64:
			return string(p.Value), true, nil
		case nil:
			return "", true, nil
		case string:
			return v, true, nil
		case []any:
			if len(v) == 0 {
				return "", true, nil
			}
		}
	}
	return "", true, fmt.Errorf("attribute %q has no single value", key)
}
