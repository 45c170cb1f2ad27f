package sync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
)

// transfer carries out a RightsPlan.
type transfer struct {
	*RightsPlan
	taking
	id      ecm.NodeID
	created bool
}

func (p *RightsPlan) apply(ctx context.Context) (Receipt, error) {
	t := &transfer{RightsPlan: p, taking: taking{s: p.scope, primitive: transferRights, key: p.Key}}
	if p.document != nil {
		t.id = p.document.ID
	}
	err := t.run(ctx)
	if err != nil {
		err = fmt.Errorf("rights of %s: %w", p.Key, err)
	}
	return t.receipt(err), err
}

func (t *transfer) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{t.attributes, t.store, t.hold, t.classify, t.relate, t.readBack} {
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
	id := t.record.record.ID
	step := Step{Do: "write rights attributes", On: "node " + id.String(), With: itoa(int64(len(t.attrs))) + " values"}
	err := t.mutate(ctx, step, t.Digest, func() error { return t.s.ecm.Categories.Update(ctx, id, t.s.policy.Category, t.attrs) })
	if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
		return err
	}
	stored, readErr := t.s.ecm.Categories.OfNode(ctx, id)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if left := differing(t.attrs, stored); len(left) > 0 {
		return errors.Join(err, fmt.Errorf("%w: %d rights attributes of node %s", ErrVerify, len(left), id))
	}
	return nil
}

// kept is the version that this call keeps.
func (t *transfer) kept() rightsVersion { return rightsVersion{t.Digest, t.asOf} }

// store uploads the document, or adds a version to it.
func (t *transfer) store(ctx context.Context) error {
	for attempt := 1; !t.current() && !t.newer(); attempt++ {
		var err error
		if t.id == 0 {
			err = t.upload(ctx)
		} else {
			err = t.version(ctx)
		}
		if err == nil {
			return nil
		}
		unsettled := errors.Is(err, ecm.ErrOutcomeUnknown) || errors.Is(err, ecm.ErrNameTaken)
		if !unsettled || attempt == maxAttempts {
			return err
		}
		// Look before anything is sent again.
		if err := t.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) look(ctx context.Context) error {
	if err := t.observe(ctx); err != nil {
		return err
	}
	if t.document != nil {
		t.id, t.created = t.document.ID, true
	}
	step := Step{Do: "upload rights document", On: fmt.Sprintf("%q", t.Document)}
	return t.note(ctx, Observation, step, t.Digest, fmt.Sprintf("looked up: node %s has %d versions", t.id, len(t.stored)))
}

func (t *transfer) upload(ctx context.Context) error {
	c, err := t.s.category(ctx)
	if err != nil {
		return err
	}
	values, _, err := t.s.values(c, map[Field][]string{
		FieldKey: {t.Key.String()}, FieldDigest: {t.Digest.String()}, FieldSource: {sourceSystem + " rights"}, FieldAssetID: {t.Key.Item()},
		FieldTitle: {"Rights of " + t.Key.NodeName()}, FieldDeclaredBy: {application}, FieldPolicy: {t.s.policy.Version},
	})
	if err != nil {
		return err
	}
	step := Step{Do: "upload rights document", On: fmt.Sprintf("%q", t.Document), With: t.Digest.String()}
	return t.mutate(ctx, step, t.Digest, func() error {
		node, err := t.s.ecm.Nodes.UploadDocument(ctx, ecm.Document{
			Parent: t.record.record.ParentID, Name: t.Document, Description: t.kept().label(), FileName: "rights.zip", MediaType: "application/zip",
			Content: bytes.NewReader(t.bytes), Size: int64(len(t.bytes)), Categories: values,
		})
		if err == nil {
			t.id, t.created, t.stored = node.ID, true, []rightsVersion{t.kept()}
		}
		return err
	})
}

// version adds the changed rights. Its description names its digest, so that
// it can be told without reading it.
func (t *transfer) version(ctx context.Context) error {
	step := Step{Do: "add rights version", On: "node " + t.id.String(), With: t.Digest.String()}
	return t.mutate(ctx, step, t.Digest, func() error {
		_, err := t.s.ecm.Versions.Add(ctx, t.id, ecm.NewVersion{
			Description: t.kept().label(), FileName: "rights.zip", MediaType: "application/zip", Content: bytes.NewReader(t.bytes), Size: int64(len(t.bytes)),
		})
		if err == nil {
			t.stored = append(t.stored, t.kept())
		}
		return err
	})
}

// classify makes a record of the document. It is never finalized: a changed
// license has to be added to it.
func (t *transfer) classify(ctx context.Context) error {
	var last error
	for range maxAttempts {
		details, err := t.s.ecm.RMClassifications.Get(ctx, t.id)
		if err != nil {
			return err
		}
		t.details = details
		if len(details.Entries) > 0 {
			return nil
		}
		step := Step{Do: "classify rights document", On: "node " + t.id.String(), With: "class " + t.class().String()}
		err = t.mutate(ctx, step, t.Digest, func() error {
			return t.s.ecm.RMClassifications.Apply(ctx, t.id, t.class(), ecm.RecordUpdate{
				Seen: details, Status: t.s.policy.FileStatus, Essential: t.s.policy.Essential, Storage: t.s.policy.Storage, RecordDate: t.s.now().UTC(),
			})
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) && !errors.Is(err, ecm.ErrEditConflict) {
			return err
		}
		last = err
	}
	return errors.Join(fmt.Errorf("%w: the rights document, node %s, does not read as a record", ErrVerify, t.id), last)
}

func (t *transfer) relate(ctx context.Context) error {
	return t.s.relate(ctx, &t.taking, t.record.record.ID, t.id, t.s.policy.RightsReference, "rights document")
}

// readBack reads what the receipt will say.
func (t *transfer) readBack(ctx context.Context) error {
	if len(t.stored) == 0 || t.stored[len(t.stored)-1] != t.kept() || len(t.done) == 0 {
		return nil
	}
	content, err := t.s.ecm.Content.Open(ctx, t.id)
	if err != nil {
		return err
	}
	digest, _, err := hashAll(content)
	if err != nil {
		return err
	}
	if digest != t.Digest {
		return fmt.Errorf("%w: %w: the rights document, node %s, has %s, want %s", ErrVerify, ErrDigest, t.id, digest, t.Digest)
	}
	return nil
}

func (t *transfer) receipt(err error) Receipt {
	r := Receipt{
		Primitive: transferRights, Scope: t.Scope, Policy: t.Policy, Record: t.request.Record, Name: t.RightsPlan.Document, Class: int64(t.class()),
		Digest: t.Digest.String(), Size: int64(len(t.bytes)), Rights: t.Rights, Before: t.record.Observed, After: t.record.Observed,
		Final: t.record.Final, Steps: t.done, Findings: t.Findings, At: time.Now().UTC(),
	}
	if t.id > 0 {
		r.Document = t.s.ref(t.Key, t.id)
	}
	switch {
	case err != nil && t.id > 0:
		r.Change, r.Reason = Incomplete, err.Error()
	case err != nil:
		r.Reason = err.Error()
	case t.created:
		r.Change = Created
	case len(t.done) > 0:
		r.Change = Changed
	default:
		r.Change = Unchanged
	}
	return r
}
