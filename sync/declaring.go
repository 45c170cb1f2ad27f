package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// declaration carries out a DeclarePlan. Each step looks at what stands,
// writes if need be, and reads back.
type declaration struct {
	*DeclarePlan
	taking
	folder  ecm.NodeID
	id      ecm.NodeID
	created bool
	digest  records.Digest
	size    int64
	// sent is the size of the version that this call added to a record, nil if an
	// earlier call did.
	sent     *int64
	verified string
	details  *ecm.RecordDetails
	skew     time.Duration
	// standing are the holds that stand for the record.
	standing []ecm.NodeHold
}

func (d *declaration) run(ctx context.Context) error {
	err := d.looked(ctx, d.Observed.text())
	if err != nil {
		return fmt.Errorf("declare %s: %w", d.Key, err)
	}
	if d.folder, err = d.s.makeFolder(ctx, &d.taking, d.Key); err != nil {
		return fmt.Errorf("declare %s: folder %s: %w", d.Key, d.Folder, err)
	}
	if d.id == 0 {
		err = d.store(ctx)
	} else {
		err = d.resume(ctx)
	}
	if err != nil {
		return fmt.Errorf("declare %s: %w", d.Key, err)
	}
	for _, step := range []func(context.Context) error{d.orders, d.classify, d.assign, d.hold, d.finalize} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("declare %s: node %s: %w", d.Key, d.id, err)
		}
	}
	return nil
}

// bind ties the approval to the bytes, and refuses bytes that it was not given
// for. The digest that a request names is bound to the approval already.
func (d *declaration) bind(digest records.Digest) error {
	approval, err := d.approval.Bind(digest)
	if err != nil {
		return err
	}
	d.approval, d.digest = approval, digest
	return nil
}

// store brings the bytes in. Whether a write whose answer was lost has
// happened is settled by looking at the name, never by sending again.
func (d *declaration) store(ctx context.Context) error {
	var last error
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		err := d.upload(ctx)
		if err == nil {
			return d.verify(ctx)
		}
		last = err
		switch {
		case errors.Is(err, ecm.ErrOutcomeUnknown), errors.Is(err, ecm.ErrNameTaken):
			adopted, lookErr := d.adopt(ctx)
			if lookErr != nil {
				return errors.Join(lookErr, err)
			}
			if adopted {
				return nil
			}
		case errors.Is(err, ecm.ErrUnauthenticated) && attempt == 1, errors.Is(err, ecm.ErrThrottled):
			// Refused before it was processed; the content is opened anew.
		default:
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(last, ctx.Err())
		}
	}
	return last
}

// upload sends the content once.
func (d *declaration) upload(ctx context.Context) error {
	content, err := d.s.open(ctx, d.asset)
	if err != nil {
		return err
	}
	defer func() { _ = content.close() }()
	if content.known() {
		if err := d.bind(content.digest); err != nil {
			return err
		}
	}
	d.size = content.size
	values, err := d.categoryValues(ctx)
	if err != nil {
		return err
	}
	doc := ecm.Document{
		Parent: d.folder, Name: d.Name, FileName: safeFileName(d.asset.FileName), MediaType: d.asset.MediaType,
		Content: content.content, Size: content.size, Categories: values,
	}
	if !content.known() {
		doc.Content = &observedReader{Reader: content.content, key: d.Key, size: content.size, tell: d.s.progress}
	}
	step := Step{Do: "upload", On: fmt.Sprintf("%q in folder node %s", d.Name, d.folder), With: itoa(content.size) + " bytes"}
	var node *ecm.Node
	err = d.mutate(ctx, step, content.digest, func() error {
		var err error
		node, err = d.s.ecm.Nodes.UploadDocument(ctx, doc)
		return err
	})
	if errors.Is(err, ecm.ErrSource) {
		err = fmt.Errorf("%w: %w", ErrDigest, err)
	}
	if err != nil {
		return err
	}
	d.id, d.created = node.ID, true
	d.skew = skew(node.Created)
	if content.known() {
		return nil
	}
	digest, err := content.finished()
	if err == nil {
		err = d.bind(digest)
	}
	if err != nil {
		return errors.Join(err, d.remove(ctx, "its bytes are not what was approved"))
	}
	return d.writeDigest(ctx)
}

// skew is the server's clock minus ours, in whole seconds as the server tells.
func skew(server time.Time) time.Duration {
	if server.IsZero() {
		return 0
	}
	return time.Until(server).Round(time.Second)
}

// categoryValues are all attributes of the record: what is known of the asset,
// and of its rights.
func (d *declaration) categoryValues(ctx context.Context) (ecm.CategoryValues, error) {
	c, err := d.s.category(ctx)
	if err != nil {
		return nil, fmt.Errorf("category %s: %w", d.s.policy.Category, err)
	}
	a := d.asset
	a.Digest = d.digest
	fields := a.fields(d.approval, d.s.policy.Version)
	fields[FieldSize] = []string{itoa(d.size)}
	if d.Jurisdiction != "" {
		fields[FieldJurisdiction] = []string{d.Jurisdiction}
	}
	values, cuts, err := d.s.values(c, fields)
	if err != nil {
		return nil, err
	}
	rights, losses, err := d.s.rightsValues(c, d.rights)
	if err != nil {
		return nil, err
	}
	d.Findings = append(d.Findings, append(cuts, losses...)...)
	maps.Copy(values, rights)
	d.Findings = append(d.Findings, d.s.bornMetadata(c, d.asset, values)...)
	return values, writable(c, values)
}

// writeDigest completes a record whose bytes went by once.
func (d *declaration) writeDigest(ctx context.Context) error {
	c, err := d.s.category(ctx)
	if err != nil {
		return err
	}
	values, _, err := d.s.values(c, map[Field][]string{FieldDigest: {d.digest.String()}})
	if err != nil {
		return err
	}
	step := Step{Do: "write digest", On: "node " + d.id.String(), With: d.digest.String()}
	return d.settle(ctx, step, func() error { return d.s.ecm.Categories.Update(ctx, d.id, d.s.policy.Category, values) }, func() (bool, error) {
		stored, err := d.s.ecm.Categories.OfNode(ctx, d.id)
		return err == nil && d.s.field(c, stored, FieldDigest) == d.digest.String(), err
	})
}

// settle makes a mutation and, where its outcome is unknown or a token was
// stale, looks whether it holds before it is made again.
func (d *declaration) settle(ctx context.Context, step Step, do func() error, holds func() (bool, error)) error {
	var last error
	for range maxAttempts {
		last = d.mutate(ctx, step, d.digest, do)
		if last == nil || (!errors.Is(last, ecm.ErrOutcomeUnknown) && !errors.Is(last, ecm.ErrEditConflict)) {
			return last
		}
		ok, err := holds()
		if err != nil {
			return errors.Join(last, err)
		}
		if ok {
			d.done = append(d.done, step)
			return d.note(ctx, Observation, step, d.digest, "adopted: it had been done")
		}
	}
	return last
}

// adopt looks under the name after an upload without a verdict, or beside
// another caller's. It takes over what stands there if it is this record.
func (d *declaration) adopt(ctx context.Context) (bool, error) {
	o, err := d.s.observe(ctx, d.Key)
	if err != nil {
		return false, err
	}
	step := Step{Do: "upload", On: fmt.Sprintf("%q in folder node %s", d.Name, d.folder)}
	if o.Node == 0 {
		return false, d.note(ctx, Observation, step, d.digest, "looked up: nothing stands under the name")
	}
	d.id, d.created, d.observed, d.DeclarePlan.Observed = ecm.NodeID(o.Node), true, o, o.Observed
	if err := d.note(ctx, Observation, step, d.digest, fmt.Sprintf("adopted: node %s stands under the name", d.id)); err != nil {
		return false, err
	}
	return true, d.resume(ctx)
}

// resume continues from a node that stands: its bytes are compared where they
// are not settled yet, and only then.
func (d *declaration) resume(ctx context.Context) error {
	o := d.observed
	d.details, d.size = o.details, o.Size
	settled := o.Digest != "" && !d.s.policy.Reread
	if o.Digest != "" {
		digest, err := records.ParseDigest(o.Digest)
		if err != nil {
			return fmt.Errorf("%w: the record's digest attribute: %w", ErrVerify, err)
		}
		if err := d.bind(digest); err != nil {
			return err
		}
	}
	if settled && o.stage() != records.StateIncomplete {
		return nil
	}
	if settled {
		return d.verify(ctx)
	}
	return d.reread(ctx)
}

// reread compares the source's bytes with those stored. Equal ones settle the
// digest; of a node that is no record yet, others are removed and brought in
// again; a record with other bytes is refused.
func (d *declaration) reread(ctx context.Context) error {
	source, err := d.sourceDigest(ctx)
	if err != nil {
		return err
	}
	stored, size, err := d.storedDigest(ctx)
	if err != nil {
		return err
	}
	d.size = size
	if d.outgrown {
		d.verified = string(VerifyFull)
		return source.Check(d.digest, "the source")
	}
	if source == stored {
		if d.observed.Digest != "" {
			d.verified = string(VerifyFull)
			return source.Check(d.digest, "the source")
		}
		if err := d.bind(source); err != nil {
			return err
		}
		d.verified = string(VerifyFull)
		return d.writeDigest(ctx)
	}
	if d.observed.Class != 0 || d.observed.Digest != "" {
		return fmt.Errorf("%w: the source has %s under the same version, the record %s", ErrDigest, source, stored)
	}
	if err := d.remove(ctx, "its upload was interrupted"); err != nil {
		return err
	}
	return d.store(ctx)
}

func (d *declaration) sourceDigest(ctx context.Context) (records.Digest, error) {
	if d.asset.Inline != nil {
		return records.DigestOf(d.asset.Inline), nil
	}
	rc, _, err := d.s.contents.Open(ctx, d.asset)
	if err != nil {
		return records.Digest{}, fmt.Errorf("open the content: %w", err)
	}
	digest, n, err := hashAll(rc)
	return digest, sourceError(err, n, -1)
}

func (d *declaration) storedDigest(ctx context.Context) (records.Digest, int64, error) {
	c, err := d.s.ecm.Content.Open(ctx, d.id)
	if err != nil {
		return records.Digest{}, 0, fmt.Errorf("read back: %w", err)
	}
	digest, n, err := hashAll(c)
	if err != nil {
		return digest, n, fmt.Errorf("read back: %w", err)
	}
	return digest, n, nil
}

// remove takes away a node that this call, or an earlier one, left behind and
// that is no record. The client refuses if it is one after all, or held.
func (d *declaration) remove(ctx context.Context, why string) error {
	step := Step{Do: "remove incomplete upload", On: "node " + d.id.String(), With: why}
	err := d.mutate(ctx, step, d.digest, func() error { return d.s.ecm.Nodes.Delete(ctx, d.id) })
	if err != nil {
		return fmt.Errorf("node %s is left incomplete: %w", d.id, err)
	}
	d.id, d.created, d.digest = 0, false, records.Digest{}
	d.observed = observation{Observed: Observed{Folder: int64(d.folder)}}
	return nil
}

// verify reads the stored node back and compares: its place, its size, its
// key and digest, and its bytes where the policy wants that.
func (d *declaration) verify(ctx context.Context) error {
	node, err := d.s.ecm.Nodes.Get(ctx, d.id, ecm.WithCategories)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	c, err := d.s.category(ctx)
	if err != nil {
		return err
	}
	var faults records.Problems
	faults.Check(node.ParentID == d.folder, "parent", node.ParentID, d.folder.String())
	faults.Check(node.Name == d.Name, "name", node.Name, d.Name)
	faults.Check(node.Size == d.size, "size", node.Size, itoa(d.size))
	faults.Check(d.s.field(c, node.Categories, FieldKey) == d.Key.String(), "key", d.s.field(c, node.Categories, FieldKey), d.Key.String())
	faults.Check(d.s.field(c, node.Categories, FieldDigest) == d.digest.String(), "digest", d.s.field(c, node.Categories, FieldDigest), d.digest.String())
	d.verified = string(VerifySize)
	if d.s.policy.Verify.whole(d.Key) {
		stored, _, err := d.storedDigest(ctx)
		if err != nil {
			return err
		}
		faults.Check(stored == d.digest, "stored bytes", stored, d.digest.String())
		d.verified = string(VerifyFull)
	}
	if err := faults.Err("read back node " + d.id.String()); err != nil {
		return errors.Join(fmt.Errorf("%w: %w: %w", ErrVerify, ErrDigest, err), d.remove(ctx, "what is stored is not what was sent"))
	}
	return nil
}
