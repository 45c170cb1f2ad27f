package sync

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

const declareRecord = "DeclareRecord"

// DeclareRequest asks for one asset to become a record.
type DeclareRequest struct {
	Asset Asset `json:"asset"`
}

// DeclarePlan is what DeclareRecord would do, and what it saw when it decided
// so. Print it for a dry run; Apply it to have it done.
type DeclarePlan struct {
	Scope  string            `json:"scope"`
	Policy string            `json:"policy"`
	Key    records.RecordKey `json:"key"`
	Name   string            `json:"name"`
	Folder string            `json:"folder"`
	// Jurisdiction is the asset's, where the policy has a rule for it.
	Jurisdiction string     `json:"jurisdiction,omitempty"`
	Class        ecm.NodeID `json:"class"`
	Schedule     string     `json:"schedule"`
	Rights       string     `json:"rights,omitempty"`
	Observed     Observed   `json:"observed"`
	Steps        []Step     `json:"steps,omitempty"`
	Findings     []string   `json:"findings,omitempty"`

	// Into is the record of another version that holds this one, or takes it,
	// where the policy keeps versions in one record.
	Into RecordRef `json:"into,omitzero"`

	scope    *Scope
	asset    Asset
	approval records.Approval
	rule     ClassRule
	decision *rightsmap.Decision
	rights   []rightsmap.Value
	observed observation
	// kept is the version in Into, nil if it is not there yet; newest tells that
	// it is, or will be, the newest one there; before is the digest that the
	// attributes name, told that they tell of it. outgrown tells that this record holds newer versions too.
	kept     *carriedVersion
	newest   bool
	told     bool
	before   string
	outgrown bool
}

// String prints the plan for a person.
func (p *DeclarePlan) String() string {
	head := fmt.Sprintf("declare %s as %q in folder %s, class %s, schedule %s", p.Key, p.Name, p.Folder, p.Class, p.Schedule)
	if p.Rights != "" {
		head += "\n  rights: " + p.Rights
	}
	return printSteps(head, p.Steps)
}

// DeclareRecord makes a record of an asset: exactly one for its key, whatever
// happens in between and however often it is called. Interrupted, it continues
// from what it finds. The receipt says Created, Unchanged, or Changed if it
// completed what an earlier call had begun; with an error it tells how far it
// came.
//
// Nothing is declared without approval (ErrNotApproved), class
// (ErrUnclassified), exactly one schedule (ErrSchedule) and the mandatory
// metadata (ErrMetadata); all that is missing is reported at once, before any
// write. Other errors: ErrForeignScope, ErrDigest if bytes differ from what
// they should be, ErrNotOurs if the name is taken by something else,
// ErrDisposed if the record was destroyed, ErrVerify if reading back shows
// something else, and those of the clients.
//
// Where the policy keeps versions in one record, a new version becomes one of
// the record that stands, whose attributes then tell of it: the receipt's Record
// is that one, and Carries the version's key. A record that is final or on hold
// takes none; then the policy says whether the version becomes a record of its
// own, which a finding tells, or is refused with ErrNoVersion.
func DeclareRecord(ctx context.Context, s *Scope, req DeclareRequest) (Receipt, error) {
	plan, err := PlanDeclareRecord(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: declareRecord, Scope: s.id.String(), Policy: s.policy.Version, Name: req.Asset.Key.NodeName(), At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanDeclareRecord observes and decides, and writes nothing. Its errors are
// those of DeclareRecord.
func PlanDeclareRecord(ctx context.Context, s *Scope, req DeclareRequest) (*DeclarePlan, error) {
	a := req.Asset
	if err := a.Key.In(s.id); err != nil {
		return nil, err
	}
	p := &DeclarePlan{
		Scope: s.id.String(), Policy: s.policy.Version, Key: a.Key, Name: a.Key.NodeName(), Folder: a.Key.Folder(),
		scope: s, asset: a,
	}
	if err := p.decide(ctx); err != nil {
		return nil, err
	}
	observed, err := s.observe(ctx, a.Key)
	if err != nil {
		return nil, fmt.Errorf("declare %s: %w", a.Key, err)
	}
	p.observed, p.Observed = observed, observed.Observed
	if err := p.unseen(ctx); err != nil {
		return nil, fmt.Errorf("declare %s: %w", a.Key, err)
	}
	if err := p.seat(ctx); err != nil {
		return nil, fmt.Errorf("declare %s: %w", a.Key, err)
	}
	if err := p.compare(); err != nil {
		return nil, err
	}
	if p.Steps = p.steps(); !p.Into.IsZero() {
		p.Steps = p.intoSteps()
	}
	return p, nil
}

// decide settles approval, class, schedule, metadata and rights, and reports
// everything that is missing.
func (p *DeclarePlan) decide(ctx context.Context) error {
	s := p.scope
	var faults []error
	if err := p.approve(ctx); err != nil {
		faults = append(faults, err)
	}
	var err error
	if p.Jurisdiction, err = s.checkJurisdiction(p.asset); err != nil {
		faults = append(faults, err)
	}
	rule, ok := s.policy.class(p.asset, p.Jurisdiction)
	switch {
	case err != nil:
		// Without a jurisdiction no rule can be picked.
	case !ok:
		faults = append(faults, fmt.Errorf("%w: %s: no class rule fits content type %q, license type %q and jurisdiction %q: add one to the policy", ErrUnclassified, p.Key, p.asset.ContentType, p.asset.LicenseType, p.Jurisdiction))
	default:
		p.rule, p.Class = rule, rule.Class
		name, err := s.schedule(ctx, rule)
		if err != nil {
			faults = append(faults, err)
		}
		p.Schedule = name
	}
	if names := missing(s.policy.Mandatory, p.asset.fields(p.approval, s.policy.Version)); len(names) > 0 {
		faults = append(faults, fmt.Errorf("%w: %s lacks %s", ErrMetadata, p.Key, strings.Join(names, ", ")))
	}
	p.weigh()
	return errors.Join(faults...)
}

func (p *DeclarePlan) approve(ctx context.Context) error {
	approval, err := p.scope.approvals.Approval(ctx, p.asset)
	if err != nil {
		return fmt.Errorf("approval of %s: %w", p.Key, err)
	}
	if p.asset.Digest.IsValid() {
		if approval, err = approval.Bind(p.asset.Digest); err != nil {
			return err
		}
	}
	if err := approval.Covers(p.Key, approval.Digest); err != nil {
		return err
	}
	p.approval = approval
	return nil
}

// weigh reads the rights from the source's own words. What cannot be read is a
// finding, and no permission: the record then says that they need review.
func (p *DeclarePlan) weigh() {
	if p.Key.Kind() == records.SourceAsset {
		// No terms are no statement: what is decided is written, and nothing else.
		decision := rightsmap.Statement{}.StandingBy(p.scope.policy.Combination, p.scope.now())
		p.Rights = decision.Verdict.String() + ": a portal asset carries no license terms"
		p.rights, _ = p.scope.policy.Rights.Apply(rightsmap.Statement{}, decision)
		p.rights = slices.DeleteFunc(p.rights, func(v rightsmap.Value) bool { return !strings.HasPrefix(v.Field, "decision.") })
		for i, v := range p.rights {
			if v.Field == "decision.summary" {
				p.rights[i].Values = []string{p.Rights}
			}
		}
		return
	}
	statement, err := readRights(p.asset.Raw, p.asset.Original)
	if err != nil {
		p.Findings = append(p.Findings, "rights cannot be read: "+err.Error())
		statement = rightsmap.Statement{}
	}
	decision := statement.StandingBy(p.scope.policy.Combination, p.scope.now())
	p.decision, p.Rights = &decision, decision.Summary()
	if err != nil {
		p.Rights = decision.Verdict.String() + ": the source's license terms cannot be read"
	}
	values, findings := p.scope.policy.Rights.Apply(statement, decision)
	p.rights = values
	for _, f := range findings {
		p.Findings = append(p.Findings, f.String())
	}
}

// compare refuses what contradicts the record that stands: it was disposed of,
// or it has other bytes.
func (p *DeclarePlan) compare() error {
	if p.Observed.Disposed {
		return fmt.Errorf("%w: %s: only its rights document or stub is left", ErrDisposed, p.Key)
	}
	for _, known := range []records.Digest{p.asset.Digest, p.approval.Digest} {
		if known.IsValid() && p.Observed.Digest != "" && p.Observed.Digest != known.String() {
			return fmt.Errorf("%w: record %s has %s, the source now has %s under the same version", ErrDigest, p.Key, p.Observed.Digest, known)
		}
	}
	return nil
}

// steps lists the mutations that lead from what was observed to a complete
// record.
func (p *DeclarePlan) steps() []Step {
	o, name := p.Observed, fmt.Sprintf("%q", p.Name)
	var steps []Step
	if o.Folder == 0 {
		steps = append(steps, Step{Do: "create folder", On: p.Folder, With: "below node " + p.scope.root.String()})
	}
	switch {
	case o.Node == 0:
		steps = append(steps, Step{Do: "upload", On: name, With: fmt.Sprintf("%s, with category %s", p.asset.FileName, p.scope.policy.Category)})
	case o.Digest == "":
		steps = append(steps, Step{Do: "compare bytes and write digest", On: name})
	}
	if o.Class == 0 {
		steps = append(steps, Step{Do: "classify", On: name, With: "class " + p.Class.String()})
	}
	if (o.Class != 0 || p.rule.Schedule != "") && o.Schedule != p.Schedule && !o.Final {
		steps = append(steps, Step{Do: "assign schedule", On: name, With: p.Schedule})
	}
	if !o.Final && !p.scope.policy.KeepOpen {
		steps = append(steps, Step{Do: "finalize", On: name})
	}
	return steps
}

// Apply carries out the plan, if what it was made from still holds, what it
// decided about rights, class and schedule included; otherwise it is refused with
// ErrStalePlan. Approval is asked for anew. Its receipt and errors are those of
// DeclareRecord.
func (p *DeclarePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanDeclareRecord(ctx, p.scope, DeclareRequest{Asset: p.asset})
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() || !reflect.DeepEqual(fresh.Observed, p.Observed) {
		return Receipt{}, fmt.Errorf("%w: %s: planned on %+v, found %+v; plan again", ErrStalePlan, p.Key, p.Observed, fresh.Observed)
	}
	return fresh.apply(ctx)
}

func (p *DeclarePlan) apply(ctx context.Context) (Receipt, error) {
	d := &declaration{DeclarePlan: p, taking: taking{s: p.scope, primitive: declareRecord, key: p.Key}, id: ecm.NodeID(p.Observed.Node)}
	if p.Into.IsZero() {
		err := d.run(ctx)
		return d.receipt(err), err
	}
	err := d.runInto(ctx)
	r := d.receipt(err)
	r.Record, r.Carries = p.Into, p.Key
	return r, err
}
