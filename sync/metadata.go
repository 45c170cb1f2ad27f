package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

const syncMetadata = "SyncMetadata"

// MetadataRequest asks for the metadata of a record, and of the portal asset
// that it was declared from, to be brought in step.
type MetadataRequest struct {
	Record RecordRef `json:"record"`
}

// MetadataWriter writes attributes of portal assets; smint.AttributeCommand is
// one. Smint.io publishes no call that does: where a scope has no writer, what
// ECM owns is compared, and stays open. An update that runs into another value
// than the one expected is to match smint.ErrConflict, one that is refused
// smint.ErrInvalid or smint.ErrNotFound.
type MetadataWriter interface {
	WriteAttributes(ctx context.Context, u smint.AttributeUpdate) error
}

// FieldState says how a field of the metadata stands.
type FieldState string

// The states.
const (
	// FieldInStep: both sides say the same.
	FieldInStep FieldState = "in_step"
	// FieldWritten: the owner's value was written to the other side, and read
	// back there. In a plan it is what would be done.
	FieldWritten FieldState = "written"
	// FieldConflict: the side that does not own it was changed, or both were.
	// Nothing was written.
	FieldConflict FieldState = "conflict"
	// FieldRefused: the other side does not take it, as a final record or one on
	// hold.
	FieldRefused FieldState = "refused"
	// FieldOpen: there is no way to write it, or the other side does not show it
	// yet, or the owner has no value: none is ever taken away.
	FieldOpen FieldState = "open"
	// FieldUnclear: a side says it more than once, or what is no value.
	FieldUnclear FieldState = "unclear"
)

// FieldSync is one field of the metadata and what became of it.
type FieldSync struct {
	Field string `json:"field"`
	Owner Side   `json:"owner"`
	// ECM and Portal are what the sides said when it was decided on.
	ECM    string     `json:"ecm"`
	Portal string     `json:"portal"`
	State  FieldState `json:"state"`
	// Reason says why, unless it is in step.
	Reason string `json:"reason,omitempty"`
}

// String is the field on one line.
func (f FieldSync) String() string {
	line := fmt.Sprintf("%s (owner %s): ecm %q, portal %q: %s", f.Field, f.Owner, f.ECM, f.Portal, f.State)
	if f.Reason != "" {
		line += ": " + f.Reason
	}
	return line
}

// owned are the owner's value and the other side's.
func (f FieldSync) owned() (owner, other string) {
	if f.Owner == SideECM {
		return f.ECM, f.Portal
	}
	return f.Portal, f.ECM
}

// to is the side that a field is written to.
func (f FieldSync) to() Side {
	if f.Owner == SideECM {
		return SidePortal
	}
	return SideECM
}

// MetadataPlan is what SyncMetadata would do, and what it saw when it decided
// so.
type MetadataPlan struct {
	Scope  string            `json:"scope"`
	Policy string            `json:"policy"`
	Key    records.RecordKey `json:"key"`
	Fields []FieldSync       `json:"fields,omitempty"`
	Steps  []Step            `json:"steps,omitempty"`
	// Skip says why there is nothing to compare.
	Skip     string   `json:"skip,omitempty"`
	Findings []string `json:"findings,omitempty"`

	scope   *Scope
	request MetadataRequest
	// What was observed.
	record   observation
	category *ecm.Category
	seen     ecm.CategoryState
	asset    *smint.Asset
	held     string
	// stored is the baseline of the record; agreed has also what this call has
	// brought in step and not yet written down.
	stored, agreed, learned baseline
}

// String prints the plan for a person.
func (p *MetadataPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "keep the metadata of %s in step", p.Key)
	if p.Skip != "" {
		b.WriteString("\n  skipped: " + p.Skip)
	}
	for _, f := range p.Fields {
		b.WriteString("\n  " + f.String())
	}
	return printSteps(b.String(), p.Steps)
}

// SyncMetadata keeps metadata in step between a record and the portal asset
// that it was declared from, by the scope's [MetadataPolicy]: the value of each
// field's owner is written to the other side, unless that was changed itself.
// Which side was changed is told by the digest of the last agreed value, which
// stands in the record; where there is none, two different values are a
// conflict, and only an empty place is filled. A repeat writes nothing.
//
// The receipt has every field with both values. Fields in conflict are left
// alone on both sides, the others go on; the error then matches
// ErrFieldConflict, or ErrBroken for a field that cannot be read. Fields that
// are open or refused make the receipt Incomplete and no error. What somebody
// else changed between reading and writing is read and decided on again: ECM's
// metadata token and the values expected in the portal go with each write.
//
// Other errors: ErrForeignScope, ErrSetup, ErrDisposed, ErrNotOurs, ErrVerify,
// ErrHoldUnknown if holds could not be read, and those of the clients.
//
// API: GET and PUT /v2/nodes/{id}/categories/{category_id}/,
// POST .../IAssetsRead/execute/getAssetAsync.
func SyncMetadata(ctx context.Context, s *Scope, req MetadataRequest) (Receipt, error) { //nolint:revive // the primitives are verbs, and this one syncs
	plan, err := PlanSyncMetadata(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: syncMetadata, Scope: s.id.String(), Policy: s.policy.Version, Record: req.Record, Reason: err.Error(), At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanSyncMetadata observes and decides, and writes nothing. Its errors are
// those of SyncMetadata, but for conflicts: those stand in the plan.
func PlanSyncMetadata(ctx context.Context, s *Scope, req MetadataRequest) (*MetadataPlan, error) {
	if err := s.owns(req.Record); err != nil {
		return nil, err
	}
	p := &MetadataPlan{Scope: s.id.String(), Policy: s.policy.Version, Key: req.Record.key, scope: s, request: req}
	switch {
	case s.policy.Metadata == nil:
		return nil, fmt.Errorf("%w: scope %s: the policy names no metadata to be kept in step", ErrSetup, s.id)
	case s.portal == nil:
		return nil, fmt.Errorf("%w: scope %s has no portal", ErrSetup, s.id)
	case p.Key.Kind() != records.SourceAsset:
		p.Skip = "it was not declared from a portal asset"
		return p, nil
	}
	if err := p.look(ctx); err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", p.Key, err)
	}
	return p, nil
}

// look reads both sides and decides.
func (p *MetadataPlan) look(ctx context.Context) error {
	p.Fields, p.Steps, p.Findings, p.Skip, p.held = nil, nil, nil, "", ""
	if err := p.observe(ctx); err != nil || p.Skip != "" {
		return err
	}
	if err := p.decide(); err != nil {
		return err
	}
	return p.holds(ctx)
}

// observe reads the record and the asset.
func (p *MetadataPlan) observe(ctx context.Context) error {
	s := p.scope
	o, err := s.observe(ctx, p.Key)
	switch {
	case err != nil:
		return err
	case o.Disposed:
		return fmt.Errorf("%w: only its rights document or stub is left", ErrDisposed)
	case o.record == nil || o.record.ID != p.request.Record.node:
		return fmt.Errorf("%w: node %s is not record %s of scope %s", ErrForeignScope, p.request.Record.node, p.Key, s.id)
	}
	p.record = o
	if p.category, err = s.category(ctx); err != nil {
		return err
	}
	seen, err := s.ecm.Categories.State(ctx, o.record.ID, s.policy.Category)
	if err != nil {
		return err
	}
	p.seen = *seen
	return p.observeAsset(ctx)
}

// observeAsset reads the portal. Metadata of another version than the record's
// is about something else.
func (p *MetadataPlan) observeAsset(ctx context.Context) error {
	asset, err := p.scope.smint.Portals.GetAsset(ctx, p.scope.portal.Portal, smint.AssetID(p.Key.Item()), nil)
	switch {
	case errors.Is(err, smint.ErrNotFound):
		p.Skip = "the portal does not show the asset"
		return nil
	case err != nil:
		return err
	case asset.Version != p.version():
		p.Skip = fmt.Sprintf("the portal shows version %q by now, whose metadata is not that of this record", asset.Version)
		return nil
	}
	p.asset = asset
	return nil
}

// version is the version of the asset that the record holds now.
func (p *MetadataPlan) version() string {
	held := p.scope.field(p.category, p.record.values, FieldVersion)
	if p.scope.policy.Change.NewVersion == VersionInRecord && held != "" {
		return held
	}
	return p.Key.Version()
}

// holds reads whether the record is on hold, if it would be written to: a hold
// covers the metadata too.
func (p *MetadataPlan) holds(ctx context.Context) error {
	if values, _ := p.forECM(); len(values) == 0 {
		return nil
	}
	held, err := p.scope.holdOn(ctx, p.record.record.ID)
	if err != nil || held == "" {
		return err
	}
	p.held = held
	return p.decide()
}

// holdOn names a hold that is in force on a node, empty if there is none.
func (s *Scope) holdOn(ctx context.Context, id ecm.NodeID) (string, error) {
	holds, err := s.holdsOf(ctx, id)
	if err != nil || len(holds) == 0 {
		return "", err
	}
	return fmt.Sprintf("hold %s %q", holds[0].HoldID, holds[0].Name), nil
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *MetadataPlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanSyncMetadata(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: metadata of %s; plan again", ErrStalePlan, p.Key)
	}
	return fresh.apply(ctx)
}
