package records

import (
	"slices"
	"time"
)

// ApprovalSource says where an approval comes from. No payload of Smint.io has
// such a field, so the policy of a scope names the source.
type ApprovalSource uint8

// The sources of an approval.
const (
	ApprovalUnknown      ApprovalSource = iota
	ApprovalByPurchase                  // a completed purchase: who bought it approved it
	ApprovalByAttribute                 // an attribute of the portal asset with an accepted value
	ApprovalByIntegrator                // the integrator's own answer
)

var approvalTexts = []string{"unknown", "purchase", "attribute", "integrator"}

// String names the source; it is total.
func (s ApprovalSource) String() string { return enumString(approvalTexts, "ApprovalSource", s) }

// MarshalText returns the source's name; a foreign number is an error.
func (s ApprovalSource) MarshalText() ([]byte, error) {
	return enumText(approvalTexts, "ApprovalSource", s)
}

// UnmarshalText reads exactly one of the sources' names.
func (s *ApprovalSource) UnmarshalText(text []byte) (err error) {
	*s, err = enumParse[ApprovalSource](approvalTexts, "approval source", string(text))
	return err
}

// ApprovalRule says which approval a scope accepts. The zero value accepts
// none: nothing is declarable.
type ApprovalRule struct {
	Source ApprovalSource `json:"source"`
	// Attribute is the key of the portal asset's RawData attribute, for
	// ApprovalByAttribute.
	Attribute string `json:"attribute,omitzero"`
	// Accepted lists the attribute's values that approve, compared exactly.
	Accepted []string `json:"accepted,omitempty"`
	// Person and Time are the keys of the attributes that say who approved and
	// when, for ApprovalByAttribute.
	Person string `json:"person,omitzero"`
	Time   string `json:"time,omitzero"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (r ApprovalRule) Validate() error {
	var p Problems
	switch r.Source {
	case ApprovalByAttribute:
		p.Check(r.Attribute != "", "attribute", r.Attribute, "the key of an attribute")
		p.Check(len(r.Accepted) > 0 && !slices.Contains(r.Accepted, ""), "accepted", r.Accepted, "the values that approve, none empty")
	case ApprovalByPurchase, ApprovalByIntegrator:
		p.Check(r.Attribute == "" && len(r.Accepted) == 0, "attribute", r.Attribute, "none for this source")
		p.Check(r.Person == "" && r.Time == "", "person and time", r.Person+r.Time, "none for this source")
	case ApprovalUnknown:
		p.Add("source", r.Source, "purchase, attribute or integrator")
	default:
		p.Add("source", r.Source, "purchase, attribute or integrator")
	}
	return p.Err("records.ApprovalRule")
}

// Approval says who approved which version of an asset, when and under which
// restrictions. Once its bytes were seen it names their digest too, and other
// bytes under the same version are not approved by it.
type Approval struct {
	// Source says where the approval comes from.
	Source ApprovalSource `json:"source"`
	// Asset names asset and version.
	Asset RecordKey `json:"asset"`
	// Person is who approved: a name or id as the source gives it.
	Person string `json:"person"`
	// At is when, in UTC.
	At time.Time `json:"at"`
	// Digest is that of the bytes, from the first download on.
	Digest Digest `json:"digest,omitzero"`
	// Restrictions are the conditions under which it was given, in words.
	Restrictions []string `json:"restrictions,omitempty"`
	// Reviewers looked at it before.
	Reviewers []string `json:"reviewers,omitempty"`
	// FirstUse and LastUse bound the use of the material, where known.
	FirstUse Date `json:"first_use,omitzero"`
	LastUse  Date `json:"last_use,omitzero"`
	// ChartSources name where tables, charts and graphs were taken from.
	ChartSources []string `json:"chart_sources,omitempty"`
	// Raw is the source's own answer, byte for byte.
	Raw []byte `json:"raw"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (a Approval) Validate() error {
	var p Problems
	known := a.Source != ApprovalUnknown && int(a.Source) < len(approvalTexts)
	p.Check(known, "source", a.Source, "purchase, attribute or integrator")
	p.Check(a.Asset.IsValid(), "asset", a.Asset, "the key of asset and version")
	p.Check(a.Person != "", "person", a.Person, "who approved")
	p.Check(!a.At.IsZero(), "at", a.At, "when it was approved")
	p.Check(len(a.Raw) > 0, "raw", "", "the source's own answer")
	p.Check(!a.FirstUse.After(a.LastUse), "last_use", a.LastUse, "no day before the first use")
	return p.Err("records.Approval")
}

// Bind returns the approval with the digest of the bytes that it is for. An
// approval that names other bytes already is refused with ErrDigest.
func (a Approval) Bind(d Digest) (Approval, error) {
	if !d.IsValid() || a.Digest.IsValid() && a.Digest != d {
		return Approval{}, refuse(ErrDigest, "approval of %s is for %s, not %s", a.Asset, a.Digest, d)
	}
	a.Digest = d
	return a, nil
}

// Covers returns nil if the approval is complete and given for exactly this
// asset, version and bytes. An invalid digest asks before the bytes are known
// and passes only if the approval names none. Else the error matches
// ErrNotApproved, and ErrDigest or ErrInvalid where that is the reason.
func (a Approval) Covers(key RecordKey, d Digest) error {
	if err := a.Validate(); err != nil {
		return refuse2(ErrNotApproved, err, "approval of %s", key)
	}
	if a.Asset != key {
		return refuse(ErrNotApproved, "approval is for %s, not %s", a.Asset, key)
	}
	if a.Digest != d {
		return refuse2(ErrNotApproved, ErrDigest, "approval of %s is for %s, not %s", key, a.Digest, d)
	}
	return nil
}
