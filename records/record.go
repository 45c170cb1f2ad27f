package records

import (
	"errors"
)

// Record is what is known of one record at one moment, as far as the questions
// of this package need it.
type Record struct {
	Key   RecordKey `json:"key"`
	State State     `json:"state"`
	// Digest is that of the content, once its bytes were seen.
	Digest Digest `json:"digest,omitzero"`
	// Approval is the approval of this version; nil if there is none.
	Approval *Approval `json:"approval,omitempty"`
	// Class is the class with its schedules.
	Class Classification `json:"class"`
	// Schedule is the one that Class resolves to.
	Schedule Schedule `json:"schedule"`
	// Dates are the record's dates and the events that happened, by the names
	// that the schedule's stages use.
	Dates map[string]Date `json:"dates,omitempty"`
	// Holds are the holds over it, or unknown.
	Holds HoldSet `json:"holds"`
}

// CanDeclare returns nil if the record may be declared, or taken up again
// where a declaration was interrupted: it is known whether it exists, this
// version is approved for exactly these bytes, and its class resolves to one
// schedule. Else the error tells every reason; it matches ErrStateUnknown,
// ErrDisposed, ErrInvalid, ErrNotApproved, ErrNotClassified, ErrNoSchedule or
// ErrSchedules. A hold does not forbid it: declaring keeps.
func CanDeclare(r Record) error {
	var errs []error
	if !r.Key.IsValid() {
		var p Problems
		p.Add("key", r.Key, "the record's key")
		errs = append(errs, p.Err("records.CanDeclare"))
	}
	switch r.State {
	case StateAbsent, StateIncomplete, StateDeclared, StateFinal:
	case StateTransferred, StateDestroyed:
		errs = append(errs, refuse(ErrDisposed, "declare %s in state %s", r.Key, r.State))
	case StateUnknown:
		errs = append(errs, refuse(ErrStateUnknown, "declare %s", r.Key))
	default:
		errs = append(errs, refuse(ErrStateUnknown, "declare %s in state %s", r.Key, r.State))
	}
	if r.Approval == nil {
		errs = append(errs, refuse(ErrNotApproved, "%s has no approval", r.Key))
	} else if err := r.Approval.Covers(r.Key, r.Digest); err != nil {
		errs = append(errs, err)
	}
	name, err := r.Class.Schedule()
	if err == nil && r.Schedule.Name != "" && r.Schedule.Name != name {
		err = refuse(ErrSchedules, "class has schedule %s, record has %s", name, r.Schedule.Name)
	}
	return errors.Join(append(errs, err)...)
}

// CanHold returns nil if a hold may be put on the record. Everything that
// exists can be held, incomplete or final, held already or not; the error for
// what is absent or gone matches ErrStateUnknown, ErrDisposed or ErrTransition.
// An unknown state is no reason to leave something unheld that may exist.
func CanHold(r Record) error {
	switch r.State {
	case StateIncomplete, StateDeclared, StateFinal, StateTransferred, StateUnknown:
		return nil
	case StateDestroyed:
		return refuse(ErrDisposed, "hold %s", r.Key)
	case StateAbsent:
		return refuse(ErrTransition, "hold %s in state %s", r.Key, r.State)
	default:
		return refuse(ErrStateUnknown, "hold %s in state %s", r.Key, r.State)
	}
}

// CanDispose returns nil if the action may be carried out on the record on
// that day. The hold is asked first: a hold beats every disposition, and holds
// that were not read refuse as holds do. Then the record must be in a state
// that knows the step, its schedule must provide for the action and the day
// must be reached. The error matches ErrOnHold, ErrHoldUnknown,
// ErrStateUnknown, ErrDisposed, ErrNotClassified, ErrTransition,
// ErrNotScheduled, ErrPermanent, ErrNotDue or ErrInvalid.
//
// A nil answer allows a disposal process to begin; it approves nothing.
func CanDispose(r Record, action Action, on Date) error {
	if why := r.Holds.against(); why != nil {
		return refuse(why, "%s %s: holds: %s", action, r.Key, r.Holds)
	}
	if action == ActionUnknown || int(action) >= len(actionTexts) {
		var p Problems
		p.Add("action", action, "a known action")
		return p.Err("records.CanDispose")
	}
	if err := canStep(r, action); err != nil {
		return err
	}
	name, err := r.Class.Schedule()
	if err != nil {
		return err
	}
	if name != r.Schedule.Name {
		return refuse(ErrSchedules, "class has schedule %s, record has %s", name, r.Schedule.Name)
	}
	_, due, err := r.Schedule.Stage(action, r.Dates)
	if err != nil {
		return err
	}
	if action.Removes() && r.Schedule.permanent() {
		due = Due{Permanent: true}
	}
	switch {
	case due.Permanent:
		return refuse(ErrPermanent, "%s %s", action, r.Key)
	case !due.Reached(on):
		return refuse(ErrNotDue, "%s %s on %s: %s", action, r.Key, on, due)
	default:
		return nil
	}
}

// canStep asks the lifecycle whether the state knows the action's step.
func canStep(r Record, action Action) error {
	step := StepDestroy
	switch {
	case r.State == StateDestroyed:
		return refuse(ErrDisposed, "%s %s", action, r.Key)
	case action == ActionTransfer:
		step = StepTransfer
	case action == ActionFinalize:
		step = StepFinalize
	case action == ActionPurgeVersions:
		step = StepAmend
	case !action.Removes() && r.State.IsRecord():
		return nil
	}
	_, err := Next(r.State, step)
	return err
}
