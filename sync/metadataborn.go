package sync

import (
	"fmt"
	"maps"
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// bornMetadata adds to the values of a record that is being declared what the
// portal owns of its metadata, and what both sides agree on from the first day:
// once the record is final, neither may be possible. What cannot be read is a
// finding, and is left out.
func (s *Scope) bornMetadata(c *ecm.Category, a Asset, values ecm.CategoryValues) []string {
	m := s.policy.Metadata
	if m == nil || s.smint == nil || a.Key.Kind() != records.SourceAsset {
		return nil
	}
	asset, err := revisionOf(s.smint.Portals, a)
	if err != nil {
		return []string{"no metadata is kept with it: " + err.Error()}
	}
	var findings []string
	born, agreed := ecm.CategoryValues{}, baseline{}
	for _, f := range m.Fields {
		attribute, err := m.attribute(c, f.Attribute)
		if err == nil {
			var text string
			if text, err = portalText(asset, f); err == nil && text != "" {
				err = bear(born, agreed, f, attribute, text, values)
			}
		}
		if err != nil {
			findings = append(findings, fmt.Sprintf("metadata %s: %v", f.Name, err))
		}
	}
	if b, err := m.attribute(c, m.Baseline); err == nil && len(agreed) > 0 {
		born[b.Key] = agreed.value(b.MultiValue)
	}
	maps.Copy(values, born)
	return findings
}

// bear takes over one value, if it is the portal's to say.
func bear(born ecm.CategoryValues, agreed baseline, f MetadataField, a ecm.Attribute, text string, values ecm.CategoryValues) error {
	if f.Owner == SideECM {
		if own, err := ecmText(values[a.Key], f.Type); err == nil && own == text {
			agreed[f.Name] = agreedOn(f.Name, text)
		}
		return nil
	}
	if a.ReadOnly {
		return fmt.Errorf("attribute %q is read-only", a.Name)
	}
	if len(a.Choices) > 0 && !slices.Contains(a.Choices, text) {
		return fmt.Errorf("attribute %q takes %q only, not %q", a.Name, a.Choices, text)
	}
	fitted, _ := fit([]string{text}, a.MaxLength)
	born[a.Key] = ecm.Text(fitted[0])
	if a.MultiValue {
		born[a.Key] = ecm.Texts(fitted[0])
	}
	agreed[f.Name] = agreedOn(f.Name, fitted[0])
	return nil
}

// leaveMetadata takes out of the values of a version what is not its to write
// over in the record that takes it: what ECM owns, and what somebody changed
// there, which SyncMetadata reports as a conflict.
func (s *Scope) leaveMetadata(c *ecm.Category, stored, values ecm.CategoryValues) []string {
	m := s.policy.Metadata
	if m == nil {
		return nil
	}
	agreed := baseline{}
	if b, err := m.attribute(c, m.Baseline); err == nil {
		agreed = readBaseline(stored[b.Key])
	}
	var findings []string
	for _, f := range m.Fields {
		a, _ := c.Attribute(f.Attribute)
		if _, written := values[a.Key]; !written {
			continue
		}
		now, err := ecmText(stored[a.Key], f.Type)
		stayed := err == nil && (now == "" || agreedOn(f.Name, now) == agreed[f.Name])
		if f.Owner == SidePortal && stayed {
			continue
		}
		if f.Owner == SidePortal {
			findings = append(findings, fmt.Sprintf("metadata %s: attribute %q was changed in the record, and is left as it is", f.Name, f.Attribute))
		}
		delete(values, a.Key)
	}
	return findings
}
