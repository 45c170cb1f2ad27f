package sync

import (
	"errors"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// JurisdictionRule says how an asset's jurisdiction is found. It picks among
// the class rules, and with them class and schedule; a scope of one
// jurisdiction is the target of its assets alone.
type JurisdictionRule struct {
	// Required refuses assets whose jurisdiction cannot be told.
	Required bool `json:"required,omitempty"`
	// Field is the asset's field that tells, as "project".
	Field Field `json:"field,omitempty"`
	// Attribute is the key of the portal asset's attribute that tells; it comes
	// before Field.
	Attribute string `json:"attribute,omitempty"`
	// Values name the jurisdiction for what stands there; what they leave out
	// tells nothing. Without them the text itself is the jurisdiction.
	Values map[string]string `json:"values,omitempty"`
}

func (r JurisdictionRule) check(faults *records.Problems) {
	faults.Check(r.tells() || len(r.Values) == 0, "policy.jurisdiction", "no source", "a field or an attribute that tells what the values stand for")
	faults.Check(r.Field == "" || r.Field.known(), "policy.jurisdiction.field", r.Field, "a known field")
	for from, to := range r.Values {
		faults.Check(to != "", "policy.jurisdiction.values."+from, to, "a jurisdiction")
	}
}

// tells reports whether anything of an asset tells its jurisdiction.
func (r JurisdictionRule) tells() bool { return r.Field != "" || r.Attribute != "" }

// jurisdiction finds the asset's jurisdiction; empty: nothing tells it.
func (s *Scope) jurisdiction(a Asset) string {
	rule := s.policy.Jurisdiction
	text := ""
	if rule.Attribute != "" && a.Key.Kind() == records.SourceAsset && s.smint != nil {
		if described, err := revisionOf(s.smint.Portals, a); err == nil {
			text = attributeText(described, rule.Attribute)
		}
	}
	if text == "" && rule.Field != "" {
		text = strings.Join(a.fields(records.Approval{}, "")[rule.Field], " ")
	}
	if rule.Values != nil {
		return rule.Values[text]
	}
	return text
}

// attributeText is an attribute's one text; several tell nothing.
func attributeText(a *smint.Asset, key string) string {
	text, err := single(a, key)
	if err != nil {
		return ""
	}
	return text
}

// errElsewhere: the asset is another scope's to declare.
var errElsewhere = errors.New("of another jurisdiction")

// checkJurisdiction refuses an asset that belongs elsewhere, or nowhere that
// can be told. ErrJurisdiction.
func (s *Scope) checkJurisdiction(a Asset) (string, error) {
	found := s.jurisdiction(a)
	switch own := s.of.Jurisdiction; {
	case !s.policy.Jurisdiction.tells():
		return own, nil
	case found == "" && s.policy.Jurisdiction.Required:
		return "", fmt.Errorf("%w: %s: nothing tells its jurisdiction, and the policy asks for one (%s)", ErrJurisdiction, a.Key, s.policy.Jurisdiction.source())
	case found != "" && own != "" && found != own:
		return "", fmt.Errorf("%w: %w: %s belongs to %q, scope %s keeps the records of %q", ErrJurisdiction, errElsewhere, a.Key, found, s.id, own)
	case found == "":
		return own, nil
	}
	return found, nil
}

func (r JurisdictionRule) source() string {
	var names []string
	if r.Attribute != "" {
		names = append(names, fmt.Sprintf("attribute %q of the portal asset", r.Attribute))
	}
	if r.Field != "" {
		names = append(names, "field "+string(r.Field))
	}
	return strings.Join(names, " or ")
}
