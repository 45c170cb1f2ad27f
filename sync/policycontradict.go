package sync

import (
	"fmt"
	"maps"
	"slices"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// contradict notes what each part of a policy may say and all of it together
// cannot: what could never take effect, and what would undo something else.
func (p Policy) contradict(faults *records.Problems) {
	faults.Check(p.Change.NewVersion != VersionInRecord || p.Change.Fixed != FixedRefuse || p.KeepOpen, "policy.change.fixed", p.Change.Fixed,
		"record, or keep_open: a final record takes no version, so that every one would be refused")
	faults.Check(p.Verify.Every == 0 || p.Verify.Mode == VerifySampled, "policy.verify.every", p.Verify.Every, "none, or the mode sampled")
	for i, r := range p.Classes {
		covered := slices.IndexFunc(p.Classes[:i], func(earlier ClassRule) bool { return earlier.covers(r) })
		faults.Check(covered < 0, fmt.Sprintf("policy.classes[%d]", i), r.label(),
			fmt.Sprintf("a place before classes[%d], which fits all that this rule fits and is tried first", covered))
	}
	p.checkAttributesApart(faults)
	p.checkReferences(faults)
}

// label names a rule in an error.
func (r ClassRule) label() string {
	if r.Name != "" {
		return r.Name
	}
	return "class " + r.Class.String()
}

// covers tells whether the rule fits all that another one fits.
func (r ClassRule) covers(other ClassRule) bool {
	return within(other.Sources, r.Sources) && within(other.ContentTypes, r.ContentTypes) &&
		within(other.LicenseTypes, r.LicenseTypes) && within(other.Jurisdictions, r.Jurisdictions)
}

// within tells whether a list of a rule, of which an empty one is everything,
// names nothing beyond another.
func within[T comparable](list, all []T) bool {
	if len(all) == 0 || len(list) == 0 {
		return len(all) == 0
	}
	return !slices.ContainsFunc(list, func(v T) bool { return !slices.Contains(all, v) })
}

// checkAttributesApart notes attributes in which two facts would stand, one in
// place of the other.
func (p Policy) checkAttributesApart(faults *records.Problems) {
	taken := map[string]string{}
	own := func(field, name, what string) {
		by, used := taken[name]
		faults.Check(name == "" || !used, field, name, "an attribute of its own: it is that of "+by)
		if !used {
			taken[name] = what
		}
	}
	for _, field := range sortedFields(p.Attributes) {
		own("policy.attributes."+string(field), p.Attributes[field], string(field))
	}
	for i, a := range p.Rights.Attributes {
		own(at("policy.rights.attributes", i, "name"), a.Name, "the license's "+a.Field)
	}
	if p.Metadata == nil {
		return
	}
	own("policy.metadata.baseline", p.Metadata.Baseline, "the baseline")
	for i, f := range p.Metadata.Fields {
		licensed := slices.ContainsFunc(p.Rights.Attributes, func(a rightsmap.Attribute) bool { return a.Name == f.Attribute })
		faults.Check(!licensed || f.Owner != SidePortal, at("policy.metadata.fields", i, "owner"), f.Owner, "ecm: what the license comes to is written to this attribute")
	}
}

// checkReferences notes cross-references that would make what they lead to a
// successor, and statuses that would make every record a transferred one.
func (p Policy) checkReferences(faults *records.Problems) {
	others := map[string]string{
		p.RightsReference: "rights_reference", p.ReuseReference: "reuse_reference", p.PartReference: "part_reference",
		p.SupersedesReference: "supersedes_reference", p.EvidenceReference: "evidence_reference",
	}
	policies := append([]AccessPolicy{*p.Access}, p.FormerAccess...)
	for i, a := range policies {
		field := "policy.access"
		if i > 0 {
			field = fmt.Sprintf("policy.former_access[%d]", i-1)
		}
		faults.Check(a.ReplacedReference == "" || others[a.ReplacedReference] == "", field+".replaced_reference", a.ReplacedReference,
			"a type of its own: it is the "+others[a.ReplacedReference]+", and what that leads to is no successor")
		for n, status := range a.TransferredStatuses {
			faults.Check(status != "" && status != p.FileStatus, fmt.Sprintf("%s.transferred_statuses[%d]", field, n), status,
				"a code that no record has when it is declared")
		}
	}
}

// checkFor notes what the policy cannot be for a scope: jurisdictions that are
// asked for and that nothing can tell, and those without a class.
func (p Policy) checkFor(of ScopeOf, faults *records.Problems) {
	rule := p.Jurisdiction
	faults.Check(!rule.Required || rule.tells() || of.Jurisdiction != "", "policy.jurisdiction.required", true, "a field or an attribute that tells the jurisdiction, or the scope's own")
	for i, r := range p.Classes {
		for n, j := range r.Jurisdictions {
			faults.Check(rule.mayTell(j, of), fmt.Sprintf("policy.classes[%d].jurisdictions[%d]", i, n), j, "a jurisdiction that an asset can have: by the values, or the scope's own")
		}
	}
	takes := func(j string) bool {
		return slices.ContainsFunc(p.Classes, func(r ClassRule) bool { return len(r.Jurisdictions) == 0 || slices.Contains(r.Jurisdictions, j) })
	}
	if of.Jurisdiction != "" {
		faults.Check(takes(of.Jurisdiction), "policy.classes", of.Jurisdiction, "a rule for the scope's own jurisdiction: without one nothing is declared")
		return
	}
	for _, from := range slices.Sorted(maps.Keys(rule.Values)) {
		to := rule.Values[from]
		faults.Check(takes(to), "policy.jurisdiction.values."+from, to, "a jurisdiction that a class rule takes")
	}
}

// mayTell tells whether an asset can be of that jurisdiction.
func (r JurisdictionRule) mayTell(j string, of ScopeOf) bool {
	if j == of.Jurisdiction && j != "" {
		return true
	}
	if r.Values == nil {
		return r.tells()
	}
	return slices.Contains(slices.Collect(maps.Values(r.Values)), j)
}
