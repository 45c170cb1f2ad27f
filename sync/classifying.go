package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// classify makes a record of the node, with its details in the same call.
func (d *declaration) classify(ctx context.Context) error {
	if err := d.read(ctx); err != nil || len(d.details.Entries) > 0 {
		return err
	}
	if !d.details.CanClassify {
		return fmt.Errorf("%w: the user may not classify it (canRMClassify)", ecm.ErrDenied)
	}
	step := Step{Do: "classify", On: "node " + d.id.String(), With: "class " + d.Class.String()}
	err := d.settle(ctx, step, func() error {
		return d.s.ecm.RMClassifications.Apply(ctx, d.id, d.Class, ecm.RecordUpdate{
			Seen: d.details, RSI: d.firstSchedule(), Status: d.s.policy.FileStatus, Essential: d.s.policy.Essential, Storage: d.s.policy.Storage,
			RecordDate: d.s.now().UTC(),
		})
	}, func() (bool, error) {
		d.details = nil
		err := d.read(ctx)
		return err == nil && len(d.details.Entries) > 0, err
	})
	// The token is stale now; what the class brought is read where it is used.
	d.details = nil
	return err
}

// assign makes sure that the record has the schedule that was resolved before.
// A class with exactly one brings it by itself. It is read before anything
// becomes final.
func (d *declaration) assign(ctx context.Context) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	if d.details.Class() == 0 {
		return fmt.Errorf("%w: it was classified and reads as no record", ErrVerify)
	}
	if d.details.Class() != d.Class {
		d.Findings = append(d.Findings, fmt.Sprintf("the record is classified by %s; the policy now says %s", d.details.Class(), d.Class))
		return nil
	}
	if d.details.Primary().RSI == d.Schedule || d.details.Final {
		return d.checkSchedule()
	}
	step := Step{Do: "assign schedule", On: "node " + d.id.String(), With: d.Schedule}
	if err := d.settle(ctx, step, func() error { return d.s.ecm.RSIs.Assign(ctx, d.id, d.Class, d.Schedule) }, func() (bool, error) {
		d.details = nil
		err := d.read(ctx)
		return err == nil && d.details.Primary().RSI == d.Schedule, err
	}); err != nil {
		return err
	}
	d.details = nil
	if err := d.read(ctx); err != nil {
		return err
	}
	return d.checkSchedule()
}

func (d *declaration) checkSchedule() error {
	if got := d.details.Primary().RSI; got != d.Schedule {
		return fmt.Errorf("%w: %w: the record has the schedule %q, want %q", ErrVerify, ErrSchedule, got, d.Schedule)
	}
	return nil
}

// finalize makes the record final and waits until it reads so: the server may
// take its time.
func (d *declaration) finalize(ctx context.Context) error {
	if err := d.read(ctx); err != nil || d.details.Final || d.s.policy.KeepOpen {
		return err
	}
	if !d.details.CanFinalize {
		return fmt.Errorf("%w: the user may not finalize it (canFinalize is false while its class may still be removed)", ecm.ErrDenied)
	}
	step := Step{Do: "finalize", On: "node " + d.id.String()}
	if err := d.settle(ctx, step, func() error { return d.s.ecm.RMClassifications.Finalize(ctx, d.id) }, func() (bool, error) {
		d.details = nil
		err := d.read(ctx)
		return err == nil && d.details.Final, err
	}); err != nil {
		return err
	}
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		d.details = nil
		if err := d.read(ctx); err != nil {
			return err
		}
		if d.details.Final {
			return d.checkFinal()
		}
		if pause > 4*time.Second {
			return fmt.Errorf("%w: it was finalized and does not read as final yet: call again later; if this server lets the class of a final record be removed, set FinalKeepsRemoval in ecm.Settings", ErrVerify)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// checkFinal compares what reads back with what was meant.
func (d *declaration) checkFinal() error {
	e := d.details.Primary()
	var faults records.Problems
	faults.Check(e.Class == d.Class, "class", e.Class, d.Class.String())
	faults.Check(e.RSI == d.Schedule, "schedule", e.RSI, d.Schedule)
	if want := d.s.policy.FileStatus; want != "" {
		faults.Check(e.Status == want, "status", e.Status, want)
	}
	if err := faults.Err("read back node " + d.id.String()); err != nil {
		return fmt.Errorf("%w: %w", ErrVerify, err)
	}
	return nil
}

// read reads the record details unless they are fresh.
func (d *declaration) read(ctx context.Context) error {
	if d.details != nil {
		return nil
	}
	details, err := d.s.ecm.RMClassifications.Get(ctx, d.id)
	if err != nil {
		return fmt.Errorf("read the record details: %w", err)
	}
	d.details = details
	return nil
}

// receipt says what the call did and what stands now.
func (d *declaration) receipt(err error) Receipt {
	r := Receipt{
		Primitive: declareRecord, Scope: d.Scope, Policy: d.Policy, Name: d.Name, Class: int64(d.Class), Schedule: d.Schedule,
		Size: d.size, Verified: d.verified, Rights: d.Rights, Before: d.DeclarePlan.Observed, Steps: d.done, Findings: d.Findings,
		At: time.Now().UTC(), ClockSkew: d.skew,
	}
	if d.digest.IsValid() {
		r.Digest = d.digest.String()
	}
	if d.approval.Asset.IsValid() {
		r.Approval = &d.approval
	}
	r.After = Observed{Folder: int64(d.folder), Node: int64(d.id), Size: d.size, Digest: r.Digest}
	if d.details != nil {
		r.After.read(d.details)
		r.Final = d.details.Final
	}
	if d.id > 0 {
		r.Record = d.s.ref(d.Key, d.id)
	}
	switch {
	case err != nil && d.id > 0:
		r.Change, r.Reason = Incomplete, err.Error()
	case err != nil:
		r.Change, r.Reason = "", err.Error()
	case d.created:
		r.Change = Created
	case len(d.done) > 0:
		r.Change = Changed
	default:
		r.Change = Unchanged
	}
	return r
}
