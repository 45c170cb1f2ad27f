package sync

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// transfer carries out a RightsPlan.
type transfer struct {
	*RightsPlan
	*companion
}

func (p *RightsPlan) apply(ctx context.Context) (Receipt, error) {
	t := &transfer{p, p.document}
	err := t.run(ctx)
	if err != nil {
		err = fmt.Errorf("rights of %s: %w", p.Key, err)
	}
	return t.receipt(err), err
}

func (t *transfer) run(ctx context.Context) error {
	if err := t.looked(ctx, t.standing()); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{t.attributes, t.keep, t.hold, t.classify, t.relate, t.compare} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) attributes(ctx context.Context) error {
	if len(t.attrs) == 0 {
		return nil
	}
	id := t.companion.record
	step := Step{Do: "write rights attributes", On: "node " + id.String(), With: itoa(int64(len(t.attrs))) + " values"}
	return t.writeValues(ctx, step, t.Digest, id, t.attrs)
}

// kept is the version that this call keeps.
func (t *transfer) kept() rightsVersion { return rightsVersion{t.Digest, t.asOf} }

// keep stores these rights, unless they or newer ones are kept already.
func (t *transfer) keep(ctx context.Context) error {
	present := func() bool { return t.current() || t.newer() }
	if present() {
		return nil
	}
	e := edition{digest: t.Digest, size: int64(len(t.bytes)), label: t.kept().label(), open: func() io.Reader { return bytes.NewReader(t.bytes) }}
	err := t.store(ctx, e, present, func(ctx context.Context) (string, error) {
		before := t.id
		if err := t.RightsPlan.observe(ctx); err != nil {
			return "", err
		}
		t.created = before == 0 && t.id > 0
		return fmt.Sprintf("node %s has %d versions", t.id, len(t.stored)), nil
	})
	if err == nil && !present() {
		t.stored = append(t.stored, t.kept())
	}
	return err
}

// compare reads back what was written.
func (t *transfer) compare(ctx context.Context) error {
	if len(t.stored) == 0 || t.stored[len(t.stored)-1] != t.kept() || len(t.done) == 0 {
		return nil
	}
	return t.readBack(ctx, t.Digest)
}

func (t *transfer) receipt(err error) Receipt {
	r := Receipt{
		Primitive: transferRights, Scope: t.Scope, Policy: t.Policy, Record: t.request.Record, Name: t.Document, Class: int64(t.class),
		Digest: t.Digest.String(), Size: int64(len(t.bytes)), Rights: t.Rights, Before: t.RightsPlan.record.Observed, After: t.RightsPlan.record.Observed,
		Final: t.RightsPlan.record.Final, Steps: t.done, Findings: t.Findings, At: time.Now().UTC(),
	}
	if t.id > 0 {
		r.Document = t.s.ref(t.Key, t.id)
	}
	r.Change, r.Reason = t.outcome(err)
	return r
}
