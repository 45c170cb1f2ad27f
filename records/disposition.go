package records

import (
	"slices"
	"time"
)

// Action is what a schedule does at the end of a stage.
type Action uint8

// The actions of a schedule. The first ones are Extended ECM's own, with its
// code beside; transfer and review are outcomes that it leaves to people.
const (
	ActionUnknown          Action = iota
	ActionNone                    // 0
	ActionChangeStatus            // 1
	ActionClose                   // 7
	ActionFinalize                // 8
	ActionMarkOfficial            // 9
	ActionExport                  // 10
	ActionUpdateStorage           // 11
	ActionDeleteElectronic        // 12
	ActionPurgeVersions           // 15
	ActionMakeRendition           // 16
	ActionDestroy                 // 32
	ActionReview                  // no code: someone decides
	ActionTransfer                // no code: another custodian takes over
)

var actionTexts = []string{
	"unknown", "none", "change_status", "close", "finalize", "mark_official", "export", "update_storage",
	"delete_electronic", "purge_versions", "make_rendition", "destroy", "review", "transfer",
}

// actionCodes holds Extended ECM's action code of each action, -1 for none.
var actionCodes = []int{-1, 0, 1, 7, 8, 9, 10, 11, 12, 15, 16, 32, -1, -1}

// String names the action; it is total.
func (a Action) String() string { return enumString(actionTexts, "Action", a) }

// MarshalText returns the action's name; a foreign number is an error.
func (a Action) MarshalText() ([]byte, error) { return enumText(actionTexts, "Action", a) }

// UnmarshalText reads exactly one of the actions' names.
func (a *Action) UnmarshalText(text []byte) (err error) {
	*a, err = enumParse[Action](actionTexts, "action", string(text))
	return err
}

// ActionOfCode returns the action with that code of Extended ECM, and
// ActionUnknown for any other number.
func ActionOfCode(code int) Action {
	if i := slices.Index(actionCodes, code); code >= 0 && i >= 0 {
		return Action(i)
	}
	return ActionUnknown
}

// Code returns the action's code in Extended ECM; ok is false if it has none.
func (a Action) Code() (code int, ok bool) {
	if int(a) >= len(actionCodes) || actionCodes[a] < 0 {
		return 0, false
	}
	return actionCodes[a], true
}

// Removes reports whether the action takes content away. It is true for an
// unknown action: what isn't known to be harmless isn't.
func (a Action) Removes() bool {
	switch a {
	case ActionNone, ActionChangeStatus, ActionClose, ActionFinalize, ActionMarkOfficial, ActionExport,
		ActionUpdateStorage, ActionMakeRendition, ActionReview:
		return false
	case ActionUnknown, ActionDeleteElectronic, ActionPurgeVersions, ActionDestroy, ActionTransfer:
		return true
	default:
		return true
	}
}

// EndsRecord reports whether the record is gone after the action, at least
// here. It is true for an unknown action.
func (a Action) EndsRecord() bool { return a.Removes() && a != ActionPurgeVersions }

// Outcome is what came of a disposition.
type Outcome uint8

// The outcomes of a disposition.
const (
	OutcomeUnknown     Outcome = iota // not observed yet
	OutcomeDestroyed                  // gone, and looked for
	OutcomeTransferred                // handed over and acknowledged
	OutcomeReviewed                   // reviewed and kept as it is
	OutcomeExtended                   // kept until a later day
	OutcomePermanent                  // kept for good
	OutcomeRefused                    // not carried out: hold, state or retention forbade it
)

var outcomeTexts = []string{"unknown", "destroyed", "transferred", "reviewed", "extended", "permanent", "refused"}

// String names the outcome; it is total.
func (o Outcome) String() string { return enumString(outcomeTexts, "Outcome", o) }

// MarshalText returns the outcome's name; a foreign number is an error.
func (o Outcome) MarshalText() ([]byte, error) { return enumText(outcomeTexts, "Outcome", o) }

// UnmarshalText reads exactly one of the outcomes' names.
func (o *Outcome) UnmarshalText(text []byte) (err error) {
	*o, err = enumParse[Outcome](outcomeTexts, "outcome", string(text))
	return err
}

// Disposition is what was observed of a disposition that was carried out, or
// refused, elsewhere.
type Disposition struct {
	Record  RecordKey `json:"record"`
	Action  Action    `json:"action"`
	Outcome Outcome   `json:"outcome"`
	// At is when the outcome was observed, in UTC.
	At time.Time `json:"at"`
	// Until is the new end of an extended retention.
	Until Date `json:"until,omitzero"`
	// ApprovedBy and ExecutedBy are two people.
	ApprovedBy string `json:"approved_by,omitzero"`
	ExecutedBy string `json:"executed_by,omitzero"`
	Reason     string `json:"reason,omitzero"`
}

// Stub is what remains of a destroyed record: enough to prove what it was and
// why it is gone, nothing of its content.
type Stub struct {
	Record RecordKey `json:"record"`
	// Class and Schedule are those under which it was destroyed.
	Class    Classification `json:"class"`
	Schedule string         `json:"schedule"`
	// Authority is the ground of the destruction.
	Authority string `json:"authority"`
	// Digest is that of the content.
	Digest Digest `json:"digest"`
	// Declared, Due and Destroyed are the days of its life.
	Declared  Date `json:"declared,omitzero"`
	Due       Date `json:"due,omitzero"`
	Destroyed Date `json:"destroyed"`
	// ApprovedBy and ExecutedBy are two people.
	ApprovedBy string `json:"approved_by"`
	ExecutedBy string `json:"executed_by"`
	// Certificate is the id of the certificate of destruction.
	Certificate string `json:"certificate"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault; among them that one person approved and executed.
func (s Stub) Validate() error {
	var p Problems
	p.Check(s.Record.IsValid(), "record", s.Record, "the record's key")
	p.Check(s.Class.ID != "", "class", s.Class.ID, "the class's id")
	p.Check(s.Schedule != "", "schedule", s.Schedule, "the schedule's name")
	p.Check(s.Authority != "", "authority", s.Authority, "the ground of the destruction")
	p.Check(s.Digest.IsValid(), "digest", s.Digest, "the digest of the content")
	p.Check(s.Destroyed.IsValid(), "destroyed", s.Destroyed, "the day of destruction")
	p.Check(s.ApprovedBy != "", "approved_by", s.ApprovedBy, "who approved")
	p.Check(s.ExecutedBy != "" && s.ExecutedBy != s.ApprovedBy, "executed_by", s.ExecutedBy, "who executed, another person than approved")
	p.Check(s.Certificate != "", "certificate", s.Certificate, "the certificate's id")
	return p.Err("records.Stub")
}
