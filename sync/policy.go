package sync

import (
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// Policy is what a scope decides: data, with a version that every receipt and
// journal entry names.
type Policy struct {
	// Version names this state of the policy, as "2026-11".
	Version string `json:"version"`
	// Category is the node of the category whose attributes carry the link
	// between asset and record.
	Category ecm.NodeID `json:"category"`
	// Attributes maps what we know of an asset to attribute names of the
	// category. Fields that it leaves out are not written; the key and the
	// digest cannot be left out. Defaults to DefaultAttributes().
	Attributes map[Field]string `json:"attributes,omitempty"`
	// Rights maps the rights statement to attributes of the same category. One
	// without attributes writes none: the rights document has them anyway.
	// Defaults to rightsmap.DefaultMapping().
	Rights *rightsmap.Mapping `json:"rights,omitempty"`
	// Combination says how several license terms go together.
	Combination rightsmap.Combination `json:"combination,omitzero"`
	// Mandatory lists the fields without which nothing is declared. Defaults to
	// DefaultMandatory().
	Mandatory []Field `json:"mandatory,omitempty"`
	// Classes are tried in order; the first that fits names the class. An asset
	// that none fits is not declared. A rule that is never reached, because an
	// earlier one fits all that it fits, is refused.
	Classes []ClassRule `json:"classes"`
	// Jurisdiction says how the jurisdiction is found that class rules pick by.
	Jurisdiction JurisdictionRule `json:"jurisdiction,omitzero"`
	// Approval names where an approval comes from. None: nothing is declarable.
	Approval records.ApprovalRule `json:"approval"`
	// FileStatus, Essential and Storage are record details, codes of the server;
	// empty ones are left to the server.
	FileStatus string `json:"file_status,omitempty"`
	Essential  string `json:"essential,omitempty"`
	Storage    string `json:"storage,omitempty"`
	// KeepOpen leaves records unfinalized. By default they are finalized, which
	// cannot be undone.
	KeepOpen bool `json:"keep_open,omitempty"`
	// Change says what a new version of an asset does to the record that stands.
	Change ChangePolicy `json:"change,omitzero"`
	// Verify says how the stored bytes are checked beyond their size.
	Verify VerifyPolicy `json:"verify,omitzero"`
	// Reread has the source read again when a complete record is declared again,
	// and other bytes under the same version refused. By default a complete
	// record is recognized by its key, and a digest in the request is compared.
	Reread bool `json:"reread,omitempty"`
	// SmallLimit is the size in bytes up to which an asset is hashed in memory
	// before it is sent. Defaults to 4 MiB.
	SmallLimit int64 `json:"small_limit,omitempty"`
	// CrossReference types: from a record to its rights document, from a reuse
	// to its original, from an aggregate to its parts, from a record to the older
	// version that it supersedes. Empty: not written.
	RightsReference     string `json:"rights_reference,omitempty"`
	ReuseReference      string `json:"reuse_reference,omitempty"`
	PartReference       string `json:"part_reference,omitempty"`
	SupersedesReference string `json:"supersedes_reference,omitempty"`
	// EvidenceReference is the type of the cross-reference from a record to its
	// package. Empty: not written.
	EvidenceReference string `json:"evidence_reference,omitempty"`
	// Evidence says how record packages are made.
	Evidence EvidencePolicy `json:"evidence,omitzero"`
	// RightsClass is the class of rights documents. Defaults to the record's own.
	RightsClass ecm.NodeID `json:"rights_class,omitempty"`
	// Access says what may be done in Smint.io with a record. Defaults to
	// DefaultAccessPolicy().
	Access *AccessPolicy `json:"access,omitempty"`
	// FormerAccess are older versions, by which older events are decided.
	FormerAccess []AccessPolicy `json:"former_access,omitempty"`
	// Metadata is kept in step between records and portal assets; nil: none is.
	Metadata *MetadataPolicy `json:"metadata,omitempty"`
	// Surface says which records Smint.io is offered; nil: none.
	Surface *SurfacePolicy `json:"surface,omitempty"`
}

// ClassRule names the class of the assets that it fits. An empty list fits
// every value.
type ClassRule struct {
	Name         string               `json:"name,omitempty"`
	Sources      []records.SourceKind `json:"sources,omitempty"`
	ContentTypes []string             `json:"content_types,omitempty"`
	LicenseTypes []string             `json:"license_types,omitempty"`
	// Jurisdictions are texts as the policy's jurisdiction rule finds them.
	Jurisdictions []string   `json:"jurisdictions,omitempty"`
	Class         ecm.NodeID `json:"class"`
	// Schedule is the RSI's name. Empty: the class must have exactly one.
	Schedule string `json:"schedule,omitempty"`
}

func (r ClassRule) fits(a Asset, jurisdiction string) bool {
	return (len(r.Jurisdictions) == 0 || slices.Contains(r.Jurisdictions, jurisdiction)) &&
		(len(r.Sources) == 0 || slices.Contains(r.Sources, a.Key.Kind())) &&
		(len(r.ContentTypes) == 0 || slices.Contains(r.ContentTypes, a.ContentType)) &&
		(len(r.LicenseTypes) == 0 || slices.Contains(r.LicenseTypes, a.LicenseType))
}

// VerifyMode says how stored bytes are checked.
type VerifyMode string

const (
	// VerifySize compares the stored size, always.
	VerifySize VerifyMode = "size"
	// VerifySampled also reads every n-th record back whole.
	VerifySampled VerifyMode = "sampled"
	// VerifyFull also reads every record back whole.
	VerifyFull VerifyMode = "full"
)

// VerifyPolicy says which records are read back whole. Which ones are sampled
// is a function of the key, so that it is the same for every process.
type VerifyPolicy struct {
	Mode VerifyMode `json:"mode,omitempty"`
	// Every is the n of VerifySampled; at least 1.
	Every int `json:"every,omitempty"`
}

// whole tells whether the record of that key is read back whole.
func (v VerifyPolicy) whole(key records.RecordKey) bool {
	switch v.Mode {
	case VerifyFull:
		return true
	case VerifySampled:
		sum := 0
		for _, digit := range []byte(key.Short()) {
			sum = (sum*31 + int(digit)) % v.Every
		}
		return sum == 0
	case VerifySize, "":
		return false
	}
	return true
}

const defaultSmallLimit = 4 << 20

// withDefaults fills in what a policy may leave out.
func (p Policy) withDefaults() Policy {
	if p.Attributes == nil {
		p.Attributes = DefaultAttributes()
	}
	if p.Mandatory == nil {
		p.Mandatory = DefaultMandatory()
	}
	if p.Rights == nil {
		p.Rights = new(rightsmap.DefaultMapping())
	}
	if p.Access == nil {
		p.Access = new(DefaultAccessPolicy())
	}
	if p.SmallLimit == 0 {
		p.SmallLimit = defaultSmallLimit
	}
	if p.Verify.Mode == "" {
		p.Verify.Mode = VerifySize
	}
	return p
}

// check notes every fault of the policy.
func (p Policy) check(faults *records.Problems) {
	faults.Check(p.Version != "", "policy.version", p.Version, "a name for this state of the policy, as 2026-11")
	faults.Check(p.Category > 0, "policy.category", p.Category, "the node id of the record category")
	faults.Check(len(p.Classes) > 0, "policy.classes", "none", "at least one class rule: nothing is declared without a class")
	for i, r := range p.Classes {
		faults.Check(r.Class > 0, at("policy.classes", i, "class"), r.Class, "the node id of an RM classification")
	}
	for field, name := range p.Attributes {
		faults.Check(field.known(), "policy.attributes", field, "a known field")
		faults.Check(name != "", "policy.attributes."+string(field), name, "an attribute name of the category")
	}
	for _, field := range []Field{FieldKey, FieldDigest} {
		faults.Check(p.Attributes[field] != "", "policy.attributes", field, "an attribute name: key and digest are always written")
	}
	if len(p.Rights.Attributes) > 0 {
		faults.Merge("policy.rights", p.Rights.Validate())
	}
	for _, field := range p.Mandatory {
		faults.Check(field.known(), "policy.mandatory", field, "a known field")
	}
	switch p.Verify.Mode {
	case VerifySize, VerifyFull:
	case VerifySampled:
		faults.Check(p.Verify.Every >= 1, "policy.verify.every", p.Verify.Every, "1 or more")
	default:
		faults.Add("policy.verify.mode", p.Verify.Mode, "size, sampled or full")
	}
	faults.Check(p.SmallLimit >= 0 && p.SmallLimit <= 64<<20, "policy.small_limit", p.SmallLimit, "0 to 64 MiB")
	faults.Merge("policy.approval", p.Approval.Validate())
	faults.Check(p.RightsClass >= 0, "policy.rights_class", p.RightsClass, "the node id of an RM classification, or none")
	p.Evidence.check(faults)
	p.Change.check(p.Attributes, faults)
	p.Jurisdiction.check(faults)
	p.checkAccess(faults)
	p.Metadata.check(faults, p.Attributes)
	p.Surface.check(faults)
	p.contradict(faults)
}

// class finds the rule for the asset.
func (p Policy) class(a Asset, jurisdiction string) (ClassRule, bool) {
	i := slices.IndexFunc(p.Classes, func(r ClassRule) bool { return r.fits(a, jurisdiction) })
	if i < 0 {
		return ClassRule{}, false
	}
	return p.Classes[i], true
}
