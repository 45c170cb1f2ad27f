package records

import (
	"errors"
	"fmt"
)

// The refusals of this package. Compare with errors.Is; the error returned
// says more.
var (
	// ErrInvalid means that input was malformed or incomplete; the error lists
	// every fault.
	ErrInvalid = errors.New("invalid input")
	// ErrOnHold means that at least one hold forbids the step.
	ErrOnHold = errors.New("on hold")
	// ErrHoldUnknown means that the holds could not be read; whatever a hold
	// could forbid is refused.
	ErrHoldUnknown = errors.New("hold state unknown")
	// ErrFinal means that a final record was to be changed or removed.
	ErrFinal = errors.New("record is final")
	// ErrDisposed means that the record was disposed of and does not come back.
	ErrDisposed = errors.New("record is disposed of")
	// ErrNotDue means that retention has not ended, or that its end is not known.
	ErrNotDue = errors.New("retention has not ended")
	// ErrPermanent means that retention never ends.
	ErrPermanent = errors.New("record is kept permanently")
	// ErrNotScheduled means that the schedule does not provide for the step.
	ErrNotScheduled = errors.New("not provided for by the schedule")
	// ErrNotApproved means that no approval covers this asset, version and bytes.
	ErrNotApproved = errors.New("not approved")
	// ErrNotClassified means that the record has no class.
	ErrNotClassified = errors.New("not classified")
	// ErrNoSchedule means that the class resolves to no retention schedule.
	ErrNoSchedule = errors.New("class has no retention schedule")
	// ErrSchedules means that the class resolves to more than one schedule.
	ErrSchedules = errors.New("class has more than one retention schedule")
	// ErrShortened means that a retention was to be shortened without the
	// authority and reason for it, or that it may never be shortened.
	ErrShortened = errors.New("retention may not be shortened")
	// ErrStateUnknown means that the lifecycle state is not known.
	ErrStateUnknown = errors.New("record state unknown")
	// ErrTransition means that the lifecycle has no such step from that state.
	ErrTransition = errors.New("no such step in the lifecycle")
	// ErrSamePerson means that who approved a disposal was to execute it too.
	ErrSamePerson = errors.New("approved and executed by one person")
	// ErrExpired means that an approval is not good at that time.
	ErrExpired = errors.New("approval is not in force")
	// ErrVoid means that what was approved is no longer what it was.
	ErrVoid = errors.New("approval is void: what was approved has changed")
	// ErrNotAcknowledged means that a transfer was not acknowledged.
	ErrNotAcknowledged = errors.New("transfer is not acknowledged")
	// ErrDigest means that bytes do not have the digest they should have.
	ErrDigest = errors.New("digest differs")
	// ErrForeignScope means that a value of one scope was given to another.
	ErrForeignScope = errors.New("belongs to another scope")
)

// refuse builds the error of a refusal: what was asked, and why not.
func refuse(why error, format string, args ...any) error {
	return fmt.Errorf("records: %s: %w", fmt.Sprintf(format, args...), why)
}

// refuse2 is refuse with two reasons, both of which errors.Is finds.
func refuse2(why, also error, format string, args ...any) error {
	return fmt.Errorf("records: %s: %w: %w", fmt.Sprintf(format, args...), why, also)
}
