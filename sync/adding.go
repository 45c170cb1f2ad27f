package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// intoSteps lists what leads from what was observed to a record that holds the
// version and tells of it.
func (p *DeclarePlan) intoSteps() []Step {
	record := "record " + p.Into.key.String()
	if p.kept == nil {
		return []Step{{Do: "add version", On: record, With: p.asset.FileName + ", version " + p.Key.Version()}, {Do: "write attributes", On: record}}
	}
	if p.newest && !p.told {
		return []Step{{Do: "write attributes", On: record}}
	}
	return nil
}

// runInto adds the version to the record and has its attributes tell of it. The
// record keeps its key and name.
func (d *declaration) runInto(ctx context.Context) error {
	d.details, d.size, d.folder = d.observed.details, d.observed.Size, ecm.NodeID(d.Observed.Folder)
	steps := []func(context.Context) error{d.add, d.describe, d.verifyInto, d.orders, d.hold}
	if err := d.looked(ctx, d.Observed.text()); err != nil {
		return fmt.Errorf("declare %s: %w", d.Key, err)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("declare %s into record %s, node %s: %w", d.Key, d.Into.key, d.id, err)
		}
	}
	return nil
}

// add sends the content, unless the version is there. Whether a write whose
// answer was lost has happened is told by the versions that stand.
func (d *declaration) add(ctx context.Context) error {
	var last error
	for attempt := 1; d.kept == nil; attempt++ {
		if last = d.addVersion(ctx); last == nil {
			return nil
		}
		if !errors.Is(last, ecm.ErrOutcomeUnknown) || attempt == maxAttempts {
			return last
		}
		carried, err := d.s.carried(ctx, d.id)
		if err != nil {
			return errors.Join(last, err)
		}
		result := "looked up: no version tells that it is this one"
		if i := slices.IndexFunc(carried, func(v carriedVersion) bool { return v.key == d.Key.Short() }); i >= 0 {
			d.kept, result = &carried[i], "adopted: the version stands"
		}
		if err := d.note(ctx, Observation, d.adding(), d.digest, result); err != nil {
			return errors.Join(last, err)
		}
	}
	return d.bind(d.kept.digest)
}

func (d *declaration) adding() Step {
	return Step{Do: "add version", On: "node " + d.id.String(), With: "version " + d.Key.Version()}
}

// addVersion sends the content once. Its digest goes along, so one that is not
// known yet passes through a file first.
func (d *declaration) addVersion(ctx context.Context) error {
	content, err := d.s.open(ctx, d.asset)
	if err != nil {
		return err
	}
	if !content.known() {
		if content, err = spool(content); err != nil {
			return err
		}
	}
	defer func() { _ = content.close() }()
	if err := d.bind(content.digest); err != nil {
		return err
	}
	before, err := records.ParseDigest(d.before)
	if err != nil {
		return fmt.Errorf("%w: the record's digest attribute: %w", ErrVerify, err)
	}
	version := carriedVersion{d.Key.Short(), content.digest, before}
	d.sent = &content.size
	err = d.mutate(ctx, d.adding(), content.digest, func() error {
		_, err := d.s.ecm.Versions.Add(ctx, d.id, ecm.NewVersion{
			Description: version.label(), FileName: safeFileName(d.asset.FileName), MediaType: d.asset.MediaType, Content: content.content, Size: content.size,
		})
		return err
	})
	if errors.Is(err, ecm.ErrSource) {
		err = fmt.Errorf("%w: %w", ErrDigest, err)
	}
	if err == nil {
		d.kept = &version
	}
	return err
}

// describe has the record's attributes tell of its newest version. Those of the
// license stay to TransferRights, and to SyncMetadata what only that may write.
func (d *declaration) describe(ctx context.Context) error {
	node, err := d.s.ecm.Nodes.Get(ctx, d.id, ecm.WithCategories)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if d.size = node.Size; !d.newest || d.told {
		return nil
	}
	c, err := d.s.category(ctx)
	if err != nil {
		return err
	}
	a := d.asset
	a.Digest = d.digest
	fields := a.fields(d.approval, d.s.policy.Version)
	fields[FieldKey], fields[FieldSize] = []string{d.Into.key.String()}, []string{itoa(node.Size)}
	values, cuts, err := d.s.values(c, fields)
	if err != nil {
		return err
	}
	d.Findings = append(d.Findings, cuts...)
	d.Findings = append(d.Findings, d.s.leaveMetadata(c, node.Categories, values)...)
	missing := differing(values, node.Categories)
	if err := writable(c, missing); err != nil {
		return err
	}
	step := Step{Do: "write attributes", On: "node " + d.id.String(), With: itoa(int64(len(missing))) + " values"}
	return d.settle(ctx, step, func() error { return d.s.ecm.Categories.Update(ctx, d.id, d.s.policy.Category, missing) }, func() (bool, error) {
		stored, err := d.s.ecm.Categories.OfNode(ctx, d.id)
		return err == nil && len(differing(values, stored)) == 0, err
	})
}

// verifyInto reads back what this call wrote: size and attributes, and the bytes
// where the policy wants that, or where nobody knows any more how many were
// sent. A version that stands already is as it was left.
func (d *declaration) verifyInto(ctx context.Context) error {
	if len(d.done) == 0 || !d.newest {
		return nil
	}
	c, err := d.s.category(ctx)
	if err != nil {
		return err
	}
	stored, err := d.s.ecm.Categories.OfNode(ctx, d.id)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	var faults records.Problems
	faults.Check(d.s.field(c, stored, FieldKey) == d.Into.key.String(), "key", d.s.field(c, stored, FieldKey), d.Into.key.String())
	faults.Check(d.s.field(c, stored, FieldDigest) == d.digest.String(), "digest", d.s.field(c, stored, FieldDigest), d.digest.String())
	faults.Check(d.s.field(c, stored, FieldVersion) == d.Key.Version(), "version", d.s.field(c, stored, FieldVersion), d.Key.Version())
	faults.Check(d.sent == nil || d.size == *d.sent, "size", d.size, "the size of what was sent")
	d.verified = string(VerifySize)
	if d.sent == nil || d.s.policy.Verify.whole(d.Key) {
		digest, _, err := d.storedDigest(ctx)
		if err != nil {
			return err
		}
		faults.Check(digest == d.digest, "stored bytes", digest, d.digest.String())
		d.verified = string(VerifyFull)
	}
	if err := faults.Err("read back node " + d.id.String()); err != nil {
		return fmt.Errorf("%w: %w: %w", ErrVerify, ErrDigest, err)
	}
	return nil
}
