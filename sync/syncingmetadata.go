package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// metadataSync carries out a MetadataPlan.
type metadataSync struct {
	*MetadataPlan
	taking
	// first is how the fields were found, by name.
	first map[string]FieldSync
	// sent are the fields that this call has written, or may have.
	sent map[string]bool
	// verdicts are the fields that the other side took otherwise than hoped.
	verdicts map[string]FieldSync
}

func (p *MetadataPlan) apply(ctx context.Context) (Receipt, error) {
	m := &metadataSync{
		MetadataPlan: p, taking: taking{s: p.scope, primitive: syncMetadata, key: p.Key},
		first: map[string]FieldSync{}, sent: map[string]bool{}, verdicts: map[string]FieldSync{},
	}
	for _, f := range p.Fields {
		m.first[f.Field] = f
	}
	m.learned = baseline{}
	err := m.run(ctx)
	if err != nil {
		err = fmt.Errorf("metadata of %s: %w", p.Key, err)
	}
	return m.receipt(err), err
}

func (m *metadataSync) run(ctx context.Context) error {
	if m.Skip != "" {
		return nil
	}
	var last error
	for attempt := 1; ; attempt++ {
		changed, err := m.write(ctx)
		if err == nil || !changed || attempt == maxAttempts {
			last = err
			break
		}
		// Somebody else wrote, or nobody can say: read, and decide anew.
		if err := m.again(ctx, err); err != nil {
			return err
		}
		if m.Skip != "" {
			return nil
		}
	}
	return errors.Join(last, m.conflicts())
}

// write writes to both sides. Changed tells that what was decided on holds no
// longer, or may not.
func (m *metadataSync) write(ctx context.Context) (changed bool, err error) {
	if changed, err = m.writePortal(ctx); err != nil {
		return changed, err
	}
	return m.writeECM(ctx)
}

// stale tells of a write that has to be decided on anew.
func stale(err error) bool {
	return errors.Is(err, ecm.ErrEditConflict) || errors.Is(err, ecm.ErrOutcomeUnknown) || errors.Is(err, smint.ErrConflict)
}

func (m *metadataSync) again(ctx context.Context, why error) error {
	if err := m.look(ctx); err != nil {
		return errors.Join(why, err)
	}
	step := Step{Do: "read both sides", On: "node " + m.record.record.ID.String()}
	return m.note(ctx, Observation, step, records.Digest{}, fmt.Sprintf("read again after %v: %d steps are left", short(why), len(m.Steps)))
}

// verdict settles a field for the rest of the call.
func (m *metadataSync) verdict(i int, s FieldState, reason string) {
	f := &m.Fields[i]
	f.State, f.Reason = s, reason
	m.verdicts[f.Field] = *f
}

// writePortal sends what ECM owns, and believes what the portal shows then.
func (m *metadataSync) writePortal(ctx context.Context) (bool, error) {
	m.settled()
	values, expected := m.forPortal()
	if len(values) == 0 {
		return false, nil
	}
	step := m.portalStep(values)
	m.mark(SidePortal)
	err := m.mutate(ctx, step, records.Digest{}, func() error {
		return m.s.metadata.WriteAttributes(ctx, smint.AttributeUpdate{Asset: smint.AssetID(m.Key.Item()), Seen: m.asset.Revision(), Values: values, Expected: expected})
	})
	refused := errors.Is(err, smint.ErrInvalid) || errors.Is(err, smint.ErrNotFound)
	switch {
	case refused && !errors.Is(err, errJournal):
		m.each(SidePortal, func(i int) { m.verdict(i, FieldRefused, "the portal refuses it: "+short(err)) })
		return false, nil
	case err != nil:
		return stale(err), err
	}
	if err := m.observeAsset(ctx); err != nil {
		return false, err
	}
	if m.Skip != "" {
		return true, fmt.Errorf("%w: %s", smint.ErrConflict, m.Skip)
	}
	m.each(SidePortal, func(i int) {
		f := &m.Fields[i]
		now, err := portalText(m.asset, m.s.policy.Metadata.Fields[i])
		if err != nil || now != f.ECM {
			m.verdict(i, FieldOpen, "the portal took it and does not show it yet")
			return
		}
		f.State, f.Portal = FieldInStep, now
		m.learned[f.Field] = agreedOn(f.Field, now)
	})
	return false, nil
}

// settled puts verdicts of earlier attempts back in place.
func (m *metadataSync) settled() {
	for i, f := range m.Fields {
		if v, ok := m.verdicts[f.Field]; ok && f.State == FieldWritten {
			m.Fields[i].State, m.Fields[i].Reason = v.State, v.Reason
		}
	}
}

// each calls do for the fields that are to be written to a side.
func (m *metadataSync) each(side Side, do func(i int)) {
	for i, f := range m.Fields {
		if f.State == FieldWritten && f.to() == side {
			do(i)
		}
	}
}

func (m *metadataSync) mark(side Side) {
	m.each(side, func(i int) { m.sent[m.Fields[i].Field] = true })
}

// writeECM writes what the portal owns and the baseline of all that is agreed
// on, in one call, with the token of the state that was decided on.
func (m *metadataSync) writeECM(ctx context.Context) (bool, error) {
	values, names := m.forECM()
	if len(values) == 0 {
		return false, nil
	}
	id := m.record.record.ID
	// A hold that landed since the plan is honored.
	held, err := m.s.holdOn(ctx, id)
	if err != nil {
		return false, err
	}
	if held != "" {
		m.held = held
		m.each(SideECM, func(i int) { m.verdict(i, FieldRefused, m.frozen()) })
		return false, nil
	}
	m.mark(SideECM)
	err = m.mutate(ctx, m.ecmStep(names), records.Digest{}, func() error {
		return m.s.ecm.Categories.UpdateSeen(ctx, id, m.s.policy.Category, values, m.seen)
	})
	if m.record.Final && errors.Is(err, ecm.ErrInvalidAction) {
		m.each(SideECM, func(i int) {
			m.verdict(i, FieldRefused, "the server does not let this final record's attributes be changed: "+short(err))
		})
		return false, nil
	}
	if err != nil {
		return stale(err), err
	}
	stored, err := m.s.ecm.Categories.OfNode(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read back: %w", err)
	}
	if left := differing(values, stored); len(left) > 0 {
		return false, fmt.Errorf("%w: %d attributes of node %s", ErrVerify, len(left), id)
	}
	m.each(SideECM, func(i int) {
		f := &m.Fields[i]
		f.State, f.ECM = FieldInStep, f.Portal
	})
	return false, nil
}

// conflicts are the fields that nobody but a person can settle.
func (m *metadataSync) conflicts() error {
	var errs []error
	for i, f := range m.Fields {
		rule := m.s.policy.Metadata.Fields[i]
		switch f.State {
		case FieldConflict:
			errs = append(errs, fmt.Errorf("%w: field %s, owner %s: attribute %q of the record is %q, attribute %q of the portal asset is %q: %s",
				ErrFieldConflict, f.Field, f.Owner, rule.Attribute, f.ECM, rule.Portal, f.Portal, f.Reason))
		case FieldUnclear:
			errs = append(errs, fmt.Errorf("%w: field %s, owner %s: %s", ErrBroken, f.Field, f.Owner, f.Reason))
		case FieldInStep, FieldWritten, FieldRefused, FieldOpen:
		}
	}
	return errors.Join(errs...)
}

func (m *metadataSync) receipt(err error) Receipt {
	r := Receipt{
		Primitive: syncMetadata, Scope: m.Scope, Policy: m.Policy, Record: m.request.Record, Name: m.Key.NodeName(), Class: m.record.Class,
		Schedule: m.record.Schedule, Final: m.record.Final, Before: m.record.Observed, After: m.record.Observed, Steps: m.done,
		Findings: m.Findings, At: time.Now().UTC(),
	}
	var left []string
	for _, f := range m.Fields {
		switch {
		case f.State == FieldInStep && m.sent[f.Field]:
			first := m.first[f.Field]
			f.State, f.ECM, f.Portal, f.Reason = FieldWritten, first.ECM, first.Portal, first.Reason
		case f.State == FieldWritten:
			// It was to be written, and nobody saw that it was.
			f.State, f.Reason = FieldOpen, "not written"
			if m.sent[f.Field] {
				f.Reason = "sent, and not seen to hold"
			}
		}
		if f.State != FieldInStep && f.State != FieldWritten {
			left = append(left, f.Field+" "+string(f.State))
		}
		r.Metadata = append(r.Metadata, f)
	}
	slices.Sort(left)
	switch {
	case m.Skip != "":
		r.Change, r.Reason = Skipped, m.Skip
	case err != nil && len(left) == 0:
		r.Change, r.Reason = Incomplete, short(err)
	case len(left) > 0:
		r.Change, r.Reason = Incomplete, strings.Join(left, ", ")
	case len(m.done) > 0 || len(m.sent) > 0:
		r.Change = Changed
	default:
		r.Change = Unchanged
	}
	return r
}
