package records

import (
	"errors"
	"time"
)

// Transfer is the handing over of a record to another custodian. The record
// goes as a package of content, metadata and trail; it is handed over when the
// custodian has acknowledged that package, and not before.
type Transfer struct {
	Record RecordKey `json:"record"`
	// To is the custodian who takes over.
	To string `json:"to"`
	// Package is the digest of what was sent, at Sent in UTC.
	Package Digest    `json:"package"`
	Sent    time.Time `json:"sent"`
	// Acknowledgment is the custodian's answer; nil until it came.
	Acknowledgment *Acknowledgment `json:"acknowledgment,omitempty"`
}

// Acknowledgment is a custodian's word that a package arrived whole.
type Acknowledgment struct {
	// By is who acknowledges, at At in UTC.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Package is the digest of what arrived.
	Package Digest `json:"package"`
	// Reference is the custodian's own number for it.
	Reference string `json:"reference,omitzero"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault of the transfer itself, acknowledged or not.
func (t Transfer) Validate() error {
	var p Problems
	p.Check(t.Record.IsValid(), "record", t.Record, "the record's key")
	p.Check(t.To != "", "to", t.To, "the custodian who takes over")
	p.Check(t.Package.IsValid(), "package", t.Package, "the digest of the package of content, metadata and trail")
	p.Check(!t.Sent.IsZero(), "sent", t.Sent, "when it was sent")
	return p.Err("records.Transfer")
}

// Acknowledged returns nil if the custodian has acknowledged exactly the
// package that was sent. Else the error matches ErrNotAcknowledged, with
// ErrInvalid or ErrDigest where that is the reason.
func (t Transfer) Acknowledged() error {
	if err := t.Validate(); err != nil {
		return refuse2(ErrNotAcknowledged, err, "transfer of %s", t.Record)
	}
	a := t.Acknowledgment
	switch {
	case a == nil:
		return refuse(ErrNotAcknowledged, "transfer of %s to %s", t.Record, t.To)
	case a.By == "" || a.At.IsZero() || a.At.Before(t.Sent):
		return refuse2(ErrNotAcknowledged, ErrInvalid, "transfer of %s to %s: acknowledged by %q at %s, sent at %s", t.Record, t.To, a.By, a.At.UTC(), t.Sent.UTC())
	case a.Package != t.Package:
		return refuse2(ErrNotAcknowledged, ErrDigest, "transfer of %s to %s: %s was sent, %s arrived", t.Record, t.To, t.Package, a.Package)
	}
	return nil
}

// CanDestroyTransferred returns nil if what is left here of a transferred
// record may be destroyed on that day: the transfer is acknowledged, the record
// stands as transferred, and nothing of [CanDispose] stands against it. The
// error matches ErrNotAcknowledged or those of CanDispose; all reasons are told.
func CanDestroyTransferred(r Record, t Transfer, on Date) error {
	var errs []error
	if err := t.Acknowledged(); err != nil {
		errs = append(errs, err)
	}
	switch {
	case t.Record != r.Key:
		errs = append(errs, refuse2(ErrNotAcknowledged, ErrInvalid, "transfer of %s, not of %s", t.Record, r.Key))
	case r.State != StateTransferred:
		errs = append(errs, refuse(ErrNotAcknowledged, "destroy %s in state %s", r.Key, r.State))
	}
	return errors.Join(append(errs, CanDispose(r, ActionDestroy, on))...)
}
