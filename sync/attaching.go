package sync

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// attachment carries out an EvidencePlan.
type attachment struct {
	*EvidencePlan
	*companion
	version   evidenceVersion
	size      int64
	summary   *evidence.Summary
	inclusion *evidence.TrailInclusion
}

func (p *EvidencePlan) apply(ctx context.Context) (Receipt, error) {
	a := &attachment{EvidencePlan: p, companion: p.document}
	err := a.run(ctx)
	if err != nil {
		err = fmt.Errorf("evidence of %s: %w", p.Key, err)
	}
	return a.receipt(err), err
}

func (a *attachment) run(ctx context.Context) error {
	if err := a.looked(ctx, a.standing()); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{a.keep, a.hold, a.classify, a.relate, a.compare, a.prove} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keep makes the package and stores it, unless one with this state, or with a
// later approval, is kept already. It passes through a file that only we can
// read and that is gone with the call.
func (a *attachment) keep(ctx context.Context) (err error) {
	if !a.missing() {
		if kept := a.kept(); kept != nil {
			a.version = *kept
		} else {
			a.version = a.stored[len(a.stored)-1]
			a.Findings = append(a.Findings, "evidence with a later approval is kept already; an older one adds nothing")
		}
		return nil
	}
	f, err := os.CreateTemp("", "smintecm-evidence-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := a.write(ctx, f); err != nil {
		return err
	}
	e := edition{digest: a.version.digest, size: a.size, label: a.version.label(), open: func() io.Reader { return io.NewSectionReader(f, 0, a.size) }}
	err = a.store(ctx, e, func() bool { return a.kept() != nil }, func(ctx context.Context) (string, error) {
		before := a.id
		if err := a.EvidencePlan.observe(ctx); err != nil {
			return "", err
		}
		a.EvidencePlan.Document = a.name()
		a.created = before == 0 && a.id > 0
		return fmt.Sprintf("node %s has %d versions", a.id, len(a.stored)), nil
	})
	if kept := a.kept(); kept != nil {
		a.version = *kept
	} else if err == nil {
		a.stored = append(a.stored, a.version)
	}
	return err
}

// write makes the package. The record's bytes are read from ECM and compared
// with its digest on the way, also where the package only refers to them.
func (a *attachment) write(ctx context.Context, f *os.File) error {
	content, err := a.s.ecm.Content.Open(ctx, a.companion.record)
	if err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	p := a.pack
	if a.Content == EmbedContent {
		p.Asset.Content = content
		defer func() { _ = content.Close() }()
	} else if digest, _, err := hashAll(content); err != nil {
		return fmt.Errorf("read the record: %w", err)
	} else if err := digest.Check(p.Asset.Digest, "the stored record"); err != nil {
		return err
	}
	sum := sha256.New()
	summary, err := p.WriteZip(ctx, io.MultiWriter(f, sum), evidence.WriteOptions{Signers: a.s.signers, SHA512: a.s.policy.Evidence.SHA512})
	if err != nil {
		return err
	}
	if a.size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return err
	}
	digest, err := records.NewDigest(sum.Sum(nil))
	a.version, a.summary = evidenceVersion{digest, a.State, p.Approval.At, a.Proves.Short()}, &summary
	return err
}

// compare reads the whole package back if this call wrote anything, and it is
// the newest.
func (a *attachment) compare(ctx context.Context) error {
	if len(a.done) == 0 || a.version != a.stored[len(a.stored)-1] {
		return nil
	}
	return a.readBack(ctx, a.version.digest)
}

// prove takes down in the trail that the package stands, once, and proves that
// it is there.
func (a *attachment) prove(ctx context.Context) error {
	step := Step{Do: "attach evidence", On: "node " + a.id.String()}
	result := "the package was read back, state " + a.version.state
	j, ok := a.s.journal.(*TrailJournal)
	if !ok {
		if len(a.done) == 0 {
			return nil
		}
		return a.note(ctx, Observation, step, a.version.digest, result)
	}
	var number int64
	var err error
	if len(a.done) == 0 {
		number, err = a.told(ctx, j.trail, step)
	}
	if err == nil && number == 0 {
		if number, err = j.append(ctx, a.entry(Observation, step, a.version.digest, result)); err != nil {
			err = fmt.Errorf("%w: that the evidence stands: %w", errJournal, err)
		}
	}
	if err != nil {
		return err
	}
	proof, err := j.trail.ProveInclusion(ctx, number)
	if err != nil {
		return fmt.Errorf("prove entry %d of the trail: %w", number, err)
	}
	a.inclusion = &proof
	return nil
}

// told finds the entry that tells of this package, 0 if there is none.
func (a *attachment) told(ctx context.Context, trail *evidence.Trail, step Step) (number int64, err error) {
	event := eventName(attachEvidence) + "/" + eventName(step.Do)
	for e, err := range trail.Entries(ctx, 1, 0) {
		if err != nil {
			return 0, fmt.Errorf("read the trail: %w", err)
		}
		if e.Record == a.Key && e.Event == event && e.Digest == a.version.digest {
			number = e.Number
		}
	}
	return number, nil
}

func (a *attachment) receipt(err error) Receipt {
	r := Receipt{
		Primitive: attachEvidence, Scope: a.Scope, Policy: a.Policy, Record: a.request.Record, Name: a.Document, Class: int64(a.class),
		Size: a.size, Approval: a.request.Approval, Package: a.summary, Inclusion: a.inclusion, Before: a.EvidencePlan.record.Observed,
		After: a.EvidencePlan.record.Observed, Final: a.EvidencePlan.record.Final, Steps: a.done, Findings: a.Findings, At: time.Now().UTC(),
	}
	if a.version.digest.IsValid() {
		r.Digest = a.version.digest.String()
	}
	if a.id > 0 {
		r.Document = a.s.ref(a.Key, a.id)
	}
	r.Change, r.Reason = a.outcome(err)
	return r
}
