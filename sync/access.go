package sync

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/adapter"
)

// AccessCause names something that is known of a record, or that is not, and
// that bears on what may be done with it in Smint.io.
type AccessCause string

// The causes. They are all that there are: an access policy has a state for
// each.
const (
	// CauseDestroyed: it was destroyed, and its stub or a read-back says so.
	CauseDestroyed AccessCause = "destroyed"
	// CauseTransferred: another custodian has it, and acknowledged it.
	CauseTransferred AccessCause = "transferred"
	// CauseGone: it is not where it stood, and nothing tells why.
	CauseGone AccessCause = "gone"
	// CauseOutOfReach: it exists, and not where it belongs: in the recycle bin,
	// elsewhere, or where this user may not see it.
	CauseOutOfReach AccessCause = "out_of_reach"
	// CauseUnknown: nobody could tell whether it exists.
	CauseUnknown AccessCause = "unknown"
	// CauseIncomplete: its bytes stand there, and it is no record yet.
	CauseIncomplete AccessCause = "incomplete"
	// CauseNotApproved: nobody approved it.
	CauseNotApproved AccessCause = "not_approved"
	// CauseApprovalUnknown: nobody can say whether it is approved.
	CauseApprovalUnknown AccessCause = "approval_unknown"
	// CauseCanceled: its purchase was canceled: there is no license.
	CauseCanceled AccessCause = "purchase_canceled"
	// CauseLicenseNotBegun: its license begins later.
	CauseLicenseNotBegun AccessCause = "license_not_begun"
	// CauseLicenseEnded: its license ended: use must stop.
	CauseLicenseEnded AccessCause = "license_ended"
	// CauseFirstUseEnded: the day of the first use has passed: who uses it goes
	// on, nobody begins.
	CauseFirstUseEnded AccessCause = "first_use_ended"
	// CauseRightsDenied: the license says no, whatever the day.
	CauseRightsDenied AccessCause = "rights_denied"
	// CauseRightsReview: somebody has to look at the license.
	CauseRightsReview AccessCause = "rights_need_review"
	// CauseRightsUnreadable: there should be a license, and it cannot be read.
	CauseRightsUnreadable AccessCause = "rights_unreadable"
	// CauseUnlicensed: it comes from where there are no license terms, as a
	// portal asset of one's own.
	CauseUnlicensed AccessCause = "unlicensed"
	// CauseSuperseded: another record took its place.
	CauseSuperseded AccessCause = "superseded"
	// CauseRetentionEnded: its retention ended, and no hold keeps it. A hold, or
	// holds that are not known, suspend it.
	CauseRetentionEnded AccessCause = "retention_ended"
	// CauseHeld: a hold lies on it. That keeps the record and prolongs no right.
	CauseHeld AccessCause = "held"
	// CauseHoldUnknown: its holds cannot be read.
	CauseHoldUnknown AccessCause = "hold_unknown"
	// CauseReleased: its last hold was released.
	CauseReleased AccessCause = "released"
)

// restriction orders the states by how much they leave, from all to nothing. A
// state that is not here is as hidden.
var restriction = map[adapter.Access]int{
	adapter.Full: 1, adapter.LayoutOnly: 2, adapter.NoFirstUse: 3, adapter.Expired: 4, adapter.Superseded: 5, adapter.Hidden: 6, adapter.Removed: 7,
}

// narrower tells whether a leaves less than b.
func narrower(a, b adapter.Access) bool { return rank(a) > rank(b) }

func rank(a adapter.Access) int {
	if n, ok := restriction[a]; ok {
		return n
	}
	return restriction[adapter.Hidden]
}

type accessRule struct {
	cause           AccessCause
	access, atLeast adapter.Access
}

// accessRules are the causes in the order in which they are printed: what a
// policy has for each by default, and the least that it must take away.
var accessRules = []accessRule{
	{CauseDestroyed, adapter.Removed, adapter.Hidden},
	{CauseTransferred, adapter.Removed, adapter.Hidden},
	{CauseGone, adapter.Removed, adapter.Hidden},
	{CauseOutOfReach, adapter.Hidden, adapter.Hidden},
	{CauseUnknown, adapter.Hidden, adapter.Hidden},
	{CauseIncomplete, adapter.Hidden, adapter.Hidden},
	{CauseNotApproved, adapter.Hidden, adapter.Hidden},
	{CauseApprovalUnknown, adapter.Hidden, adapter.Hidden},
	{CauseCanceled, adapter.Removed, adapter.Expired},
	{CauseLicenseNotBegun, adapter.Hidden, adapter.Hidden},
	{CauseLicenseEnded, adapter.Expired, adapter.Expired},
	{CauseFirstUseEnded, adapter.NoFirstUse, adapter.NoFirstUse},
	{CauseRightsDenied, adapter.Hidden, adapter.NoFirstUse},
	{CauseRightsReview, adapter.Hidden, adapter.LayoutOnly},
	{CauseRightsUnreadable, adapter.Hidden, adapter.LayoutOnly},
	{CauseUnlicensed, adapter.Hidden, adapter.Full},
	{CauseSuperseded, adapter.Superseded, adapter.Full},
	{CauseRetentionEnded, adapter.Hidden, adapter.Full},
	{CauseHeld, adapter.Full, adapter.Full},
	{CauseHoldUnknown, adapter.Hidden, adapter.Full},
	{CauseReleased, adapter.Full, adapter.Full},
}

// AccessPolicy says what may be done in Smint.io with a record of which this or
// that is known: data, with a version that every decision names.
type AccessPolicy struct {
	// Version names this state of the policy, as "2026-11".
	Version string `json:"version"`
	// Access has a state for each cause. adapter.Full takes nothing away. The
	// narrowest of all causes that apply holds.
	Access map[AccessCause]adapter.Access `json:"access"`
	// RetentionZone is the IANA zone in which the days of a retention begin. By
	// default a day has come when it has begun everywhere, so that nothing is
	// taken away early. The days of licenses that name no zone end, and begin,
	// where they permit least: see rightsmap.Read.
	RetentionZone string `json:"retention_zone,omitempty"`
	// TransferredStatuses are the codes of file statuses that say that a record
	// was handed over and acknowledged.
	TransferredStatuses []string `json:"transferred_statuses,omitempty"`
	// ReplacedReference is the cross-reference type from a record to the one that
	// takes its place. Empty: nothing in ECM tells of it.
	ReplacedReference string `json:"replaced_reference,omitempty"`
}

// DefaultAccessPolicy returns the cautious policy: what is gone is removed, what
// is not known, approved or licensed is hidden, what has ended says so.
func DefaultAccessPolicy() AccessPolicy {
	p := AccessPolicy{Version: "default-1", Access: map[AccessCause]adapter.Access{}}
	for _, r := range accessRules {
		p.Access[r.cause] = r.access
	}
	return p
}

// Validate returns nil, or an error that matches records.ErrInvalid and lists
// every gap and every contradiction.
func (p AccessPolicy) Validate() error {
	var faults records.Problems
	faults.Check(p.Version != "", "version", p.Version, "a name for this state of the policy, as 2026-11")
	for _, r := range accessRules {
		field := "access." + string(r.cause)
		a, set := p.Access[r.cause]
		_, known := restriction[a]
		switch {
		case !set:
			faults.Add(field, "", "a state: the policy must have one for each cause")
		case !known:
			faults.Add(field, a, "full, layout_only, no_first_use, expired, superseded, hidden or removed")
		case a == adapter.Superseded && r.cause != CauseSuperseded:
			faults.Add(field, a, "a state that needs no successor")
		case narrower(r.atLeast, a):
			faults.Add(field, a, string(r.atLeast)+" or less: anything more contradicts what is known")
		}
	}
	for cause := range p.Access {
		faults.Check(cause.known(), "access", cause, "a known cause")
	}
	if p.RetentionZone != "" {
		_, err := time.LoadLocation(p.RetentionZone)
		faults.Check(err == nil, "retention_zone", p.RetentionZone, "an IANA zone, as Europe/Vienna")
	}
	return faults.Err("sync.AccessPolicy")
}

func (c AccessCause) known() bool {
	return slices.ContainsFunc(accessRules, func(r accessRule) bool { return r.cause == c })
}

// ParseAccessPolicy reads a policy from JSON and validates it. Fields that it
// does not know are refused, as they might restrict. The error matches
// records.ErrInvalid.
func ParseAccessPolicy(text []byte) (AccessPolicy, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	var p AccessPolicy
	if err := d.Decode(&p); err != nil {
		return AccessPolicy{}, fmt.Errorf("sync.AccessPolicy: %w: %w", records.ErrInvalid, err)
	}
	return p, p.Validate()
}

// String prints the policy as a table for people.
func (p AccessPolicy) String() string {
	var b strings.Builder
	zone := "once it has begun everywhere"
	if p.RetentionZone != "" {
		zone = "in " + p.RetentionZone
	}
	fmt.Fprintf(&b, "access policy %s: the narrowest state holds; a day of retention has come %s", p.Version, zone)
	for _, r := range accessRules {
		a, set := p.Access[r.cause]
		if !set {
			a = "hidden (not in the policy)"
		}
		fmt.Fprintf(&b, "\n  %-18s %s", r.cause, a)
	}
	for _, cause := range slices.Sorted(maps.Keys(p.Access)) {
		if !cause.known() {
			fmt.Fprintf(&b, "\n  %-18s %s (unknown cause, without effect)", cause, p.Access[cause])
		}
	}
	return b.String()
}

// checkAccess notes the faults of the access policies. Each version is one
// policy.
func (p Policy) checkAccess(faults *records.Problems) {
	faults.Merge("policy.access", p.Access.Validate())
	seen := map[string]bool{p.Access.Version: true}
	for i, former := range p.FormerAccess {
		faults.Merge(fmt.Sprintf("policy.former_access[%d]", i), former.Validate())
		faults.Check(!seen[former.Version], at("policy.former_access", i, "version"), former.Version, "a version that no other access policy has")
		seen[former.Version] = true
	}
}

// of is the state for a cause: hidden where the policy has none that is known.
func (p AccessPolicy) of(c AccessCause) adapter.Access {
	a := p.Access[c]
	if _, known := restriction[a]; !known {
		return adapter.Hidden
	}
	return a
}

// AccessReason is one cause that applies to a record, and what the policy makes
// of it.
type AccessReason struct {
	Cause  AccessCause    `json:"cause"`
	Access adapter.Access `json:"access"`
	// Why says in words what was found.
	Why string `json:"why"`
}

// AccessDecision is what may be done with a record at one moment.
type AccessDecision struct {
	Record records.RecordKey `json:"record"`
	Access adapter.Access    `json:"access"`
	// Cause decided; it is empty if nothing stands against full access. Reason
	// says so in words.
	Cause  AccessCause `json:"cause,omitempty"`
	Reason string      `json:"reason"`
	// Policy is the version that decided, At the moment it decided about.
	Policy string    `json:"policy"`
	At     time.Time `json:"at"`
	// Changes is the next moment at which the decision changes by itself; zero if
	// it does not.
	Changes time.Time `json:"changes,omitzero"`
	// Causes are all that apply, the deciding one first.
	Causes []AccessReason `json:"causes,omitempty"`
	// ReplacedBy is the record that took its place, for adapter.Superseded.
	ReplacedBy records.RecordKey `json:"replaced_by,omitzero"`
	// Held tells of a hold.
	Held bool `json:"held,omitempty"`
}

// String reads as one line.
func (d AccessDecision) String() string {
	text := fmt.Sprintf("%s: %s (%s), by access policy %s at %s", d.Record, d.Access, d.Reason, d.Policy, d.At.UTC().Format(time.RFC3339))
	if !d.Changes.IsZero() {
		text += ", until " + d.Changes.UTC().Format(time.RFC3339)
	}
	return text
}

// Sequence orders decisions about one record: it is the decision's moment in
// microseconds. Whoever publishes a decision uses it, so that an older one never
// takes the place of a newer.
func (d AccessDecision) Sequence() int64 { return d.At.UnixMicro() }

// ExternalID is the id by which the entry of a record is known outside: a
// function of the key alone, so that it can be named also when the record's
// node is gone.
func ExternalID(key records.RecordKey) string { return key.Short() }
