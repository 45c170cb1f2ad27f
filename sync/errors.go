package sync

import (
	"errors"

	"github.com/smintecm/sdk/records"
)

// The classes of refusal. Each is matched with errors.Is; the message says
// what to do.
var (
	// ErrForeignScope: a reference or key of another scope, refused before I/O.
	ErrForeignScope = records.ErrForeignScope
	// ErrNotApproved: nobody approved this version, or nobody can say.
	ErrNotApproved = records.ErrNotApproved
	// ErrDigest: bytes differ from what they should be.
	ErrDigest = records.ErrDigest
	// ErrDisposed: the record was there and was destroyed; it stays so.
	ErrDisposed = records.ErrDisposed
	// ErrHoldUnknown: holds could not be read, so whatever one could forbid is
	// refused.
	ErrHoldUnknown = records.ErrHoldUnknown
	// ErrUnreviewed: nobody can see whether a disposition was approved that the
	// release of a hold would let through.
	ErrUnreviewed = errors.New("approvals of a disposition cannot be seen")
	// ErrPartial: it was done for some items and not for others; the receipt
	// tells of each.
	ErrPartial = errors.New("not done for every item")
	// ErrUnclassified: no rule of the policy names a class for the asset.
	ErrUnclassified = errors.New("no class for this asset")
	// ErrJurisdiction: nothing tells the asset's jurisdiction where the policy
	// asks for one, or it belongs to another scope.
	ErrJurisdiction = errors.New("no record of this jurisdiction here")
	// ErrSchedule: the class does not resolve to exactly one schedule.
	ErrSchedule = errors.New("class without exactly one schedule")
	// ErrMetadata: mandatory metadata is missing, or the category takes none such;
	// all of it is listed.
	ErrMetadata = errors.New("metadata missing or refused")
	// ErrEvidence: what a record package must prove is not complete; all that
	// lacks is listed.
	ErrEvidence = errors.New("evidence is incomplete")
	// ErrNoVersion: the record that a version belongs to takes none, and the policy
	// makes no record of its own of it.
	ErrNoVersion = errors.New("the record takes no version")
	// ErrNotOurs: the name is taken by something that does not carry the key.
	ErrNotOurs = errors.New("the name is taken by something else")
	// ErrPending: it cannot be done yet; it will be possible later.
	ErrPending = errors.New("not yet possible")
	// ErrStalePlan: what the plan was made from no longer holds.
	ErrStalePlan = errors.New("the plan is stale")
	// ErrVerify: reading back did not show what was written.
	ErrVerify = errors.New("read-back differs")
	// ErrNotProven: what Smint.io shows could not be shown to be what it should.
	ErrNotProven = errors.New("not proven")
	// ErrNoPlace: nobody said where Smint.io shows the records of the scope.
	ErrNoPlace = errors.New("no place is known where Smint.io shows it")
	// ErrNoTransport: nothing carries changes to that place.
	ErrNoTransport = errors.New("nothing carries changes there")
	// ErrNoOwner: something has to be replaced, and nobody is named for it.
	ErrNoOwner = errors.New("nobody is named who has to replace it")
	// ErrSetup: ECM lacks something that the policy needs.
	ErrSetup = errors.New("ECM is not set up for this policy")
	// ErrFieldConflict: a field of the metadata was changed on the side that does
	// not own it, or on both. Neither was written to.
	ErrFieldConflict = errors.New("metadata in conflict")
	// ErrNotTaken: the other side did not take a command.
	ErrNotTaken = errors.New("command not taken")
	// ErrBroken: the source's description of the asset cannot be used.
	ErrBroken = errors.New("source item is broken")
)
