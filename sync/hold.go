package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

const applyHold = "ApplyHold"

// defaultHoldType is the code of holds that name none.
const defaultHoldType = "LEGAL"

// HoldTarget says what a hold is about: exactly one of its parts is set.
// Scope, License and About stand: what is declared later is held as well.
type HoldTarget struct {
	// Scope is everything in the scope.
	Scope bool `json:"scope,omitempty"`
	// License is every record of one license purchase transaction.
	License string `json:"license,omitempty"`
	// About is what the matter is about: every record whose fields have all of
	// these values, compared without regard to case.
	About map[Field]string `json:"about,omitempty"`
	// Records are these records alone.
	Records []RecordRef `json:"records,omitempty"`
}

// IsZero reports whether nothing is named.
func (t HoldTarget) IsZero() bool {
	return !t.Scope && t.License == "" && len(t.About) == 0 && len(t.Records) == 0
}

// String says it in words.
func (t HoldTarget) String() string {
	switch {
	case t.Scope:
		return "everything in the scope"
	case t.License != "":
		return "the records of license " + t.License
	case len(t.About) > 0:
		var parts []string
		for _, f := range slices.Sorted(maps.Keys(t.About)) {
			parts = append(parts, fmt.Sprintf("%s %q", f, t.About[f]))
		}
		return "the records with " + strings.Join(parts, " and ")
	case len(t.Records) > 0:
		return fmt.Sprintf("%d records", len(t.Records))
	}
	return "all that it holds in the scope"
}

// HoldRequest orders that records be kept, whatever their schedule says.
type HoldRequest struct {
	// Name is what people call the hold; by default it is the matter. A hold in
	// force of that name is used, otherwise one is made.
	Name string `json:"name,omitempty"`
	// Matter is the case, audit or request that the hold serves.
	Matter string `json:"matter"`
	// Reason says why, Authority who ordered it, By who applies it.
	Reason    string `json:"reason"`
	Authority string `json:"authority"`
	By        string `json:"by"`
	// Type is a code of the server's hold types. Defaults to "LEGAL".
	Type   string     `json:"type,omitempty"`
	Target HoldTarget `json:"target"`
}

// HoldResult says what became of one document.
type HoldResult string

const (
	// HoldApplied means: it is held now, and was not before.
	HoldApplied HoldResult = "held"
	// HoldStood means: it was held by this hold already.
	HoldStood HoldResult = "already"
	// HoldReleased means: this hold holds it no more.
	HoldReleased HoldResult = "released"
	// HoldAbsent means: this hold did not hold it.
	HoldAbsent HoldResult = "absent"
	// HoldKept means: it stays held, by another order under the same hold.
	HoldKept HoldResult = "kept"
	// HoldFailed means: it is not as it was asked for; the reason says why.
	HoldFailed HoldResult = "failed"
)

// HoldItem is one document that a hold is about, and what became of it.
type HoldItem struct {
	Record records.RecordKey `json:"record,omitzero"`
	Node   ecm.NodeID        `json:"node,omitempty"`
	// What the node is: "record", "rights", "evidence", "stub", "document",
	// "trail", "root" or "standing order".
	What   string     `json:"what"`
	Result HoldResult `json:"result,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// String is the item on one line.
func (i HoldItem) String() string {
	text := "node " + i.Node.String() + ", " + i.What
	if i.Record.IsValid() {
		text += " of " + i.Record.String()
	}
	return text
}

func (i HoldItem) step(do string) Step {
	with := i.What
	if i.Record.IsValid() {
		with += " of " + i.Record.String()
	}
	return Step{Do: do, On: "node " + i.Node.String(), With: with}
}

// HoldPlan is what ApplyHold would do, and what it saw when it decided so.
type HoldPlan struct {
	Scope  string     `json:"scope"`
	Policy string     `json:"policy"`
	Name   string     `json:"name"`
	Matter string     `json:"matter"`
	Target HoldTarget `json:"target"`
	// Hold is the hold that stands already, 0 if one is to be made.
	Hold ecm.HoldID `json:"hold,omitempty"`
	// Order is the name of the standing order, empty for a list of records.
	Order string `json:"order,omitempty"`
	// Items are all documents that it is about; those that it holds already say
	// so.
	Items    []HoldItem `json:"items,omitempty"`
	Steps    []Step     `json:"steps,omitempty"`
	Findings []string   `json:"findings,omitempty"`

	scope   *Scope
	request HoldRequest
	places  holdPlaces
}

// String prints the plan for a person.
func (p *HoldPlan) String() string {
	hold := "a new hold"
	if p.Hold > 0 {
		hold = "hold " + p.Hold.String()
	}
	return printSteps(fmt.Sprintf("hold %s of scope %s by %s %q (matter %q): %d documents", p.Target, p.Scope, hold, p.Name, p.Matter, len(p.Items)), p.Steps)
}

// ApplyHold puts a hold on records, and on everything that stands beside them:
// rights documents, evidence packages, stubs and the scope's copies of its
// trail. The hold is found by its name or matter, or made; the same hold twice
// is one hold, also for two callers at once. A target other than a list stands:
// records that are declared later are held before their declaration succeeds.
//
// Each document is read back among the hold's own items. The receipt says of
// each whether it is held now, was held already, or failed and why; if one
// failed, Change is Incomplete and the error matches ErrPartial. A call may be
// repeated: it continues from what it finds.
//
// Other errors: records.ErrInvalid, ErrForeignScope, ErrNotOurs if the name
// belongs to a hold for another matter, ErrVerify, and those of the ECM client.
func ApplyHold(ctx context.Context, s *Scope, req HoldRequest) (Receipt, error) {
	plan, err := PlanApplyHold(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: applyHold, Scope: s.id.String(), Policy: s.policy.Version, Name: req.name(), At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanApplyHold observes and decides, and writes nothing. Its errors are those
// of ApplyHold.
func PlanApplyHold(ctx context.Context, s *Scope, req HoldRequest) (*HoldPlan, error) {
	if err := s.ownsAll(req.Target); err != nil {
		return nil, err
	}
	if err := req.check(s); err != nil {
		return nil, err
	}
	p := &HoldPlan{Scope: s.id.String(), Policy: s.policy.Version, Name: req.name(), Matter: req.Matter, Target: req.Target, scope: s, request: req}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("hold %q: %w", p.Name, err)
	}
	p.Steps = p.steps()
	return p, nil
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan. Its receipt and errors are those of
// ApplyHold.
func (p *HoldPlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanApplyHold(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: hold %q; plan again", ErrStalePlan, p.Name)
	}
	return fresh.apply(ctx)
}

func (r HoldRequest) name() string {
	if r.Name == "" {
		return r.Matter
	}
	return r.Name
}

func (r HoldRequest) kind() string {
	if r.Type == "" {
		return defaultHoldType
	}
	return r.Type
}

// check reports everything that is wrong with a request.
func (r HoldRequest) check(s *Scope) error {
	var faults records.Problems
	if r.Name != "" {
		checkHoldText(&faults, "name", r.Name)
	}
	checkHoldText(&faults, "matter", r.Matter)
	checkHoldText(&faults, "reason", r.Reason)
	checkHoldText(&faults, "authority", r.Authority)
	checkHoldText(&faults, "by", r.By)
	faults.Check(!r.Target.IsZero(), "target", "none", "scope, license, about or records")
	r.Target.check(s, &faults)
	return faults.Err(applyHold)
}

// maxHoldText bounds each text of a hold, in characters.
const maxHoldText = 200

// checkHoldText wants text that stands on one line of a hold's comment.
func checkHoldText(faults *records.Problems, field, text string) {
	ok := text != "" && utf8.ValidString(text) && strings.TrimSpace(text) == text && utf8.RuneCountInString(text) <= maxHoldText && strings.IndexFunc(text, unicode.IsControl) < 0
	faults.Check(ok, field, text, fmt.Sprintf("1 to %d characters on one line, without space at the ends", maxHoldText))
}

func (t HoldTarget) check(s *Scope, faults *records.Problems) {
	named := 0
	for _, is := range []bool{t.Scope, t.License != "", len(t.About) > 0, len(t.Records) > 0} {
		if is {
			named++
		}
	}
	faults.Check(named <= 1, "target", named, "one of scope, license, about and records")
	if t.License != "" {
		_, err := records.NewPurchaseKey(s.id, t.License, "1", 1)
		faults.Merge("target.license", err)
	}
	for f, want := range t.About {
		_, known := s.policy.Attributes[f]
		faults.Check(known, "target.about", f, "a field that the policy maps to an attribute")
		faults.Check(strings.TrimSpace(want) != "", "target.about."+string(f), want, "the value that the records have")
	}
	if name := t.order(s.id); name != "" {
		faults.Merge("target", ecm.CheckName(name))
	}
}

// ownsAll refuses references of others before any I/O.
func (s *Scope) ownsAll(t HoldTarget) error {
	for _, ref := range t.Records {
		if err := s.owns(ref); err != nil {
			return err
		}
	}
	return nil
}

// observe reads the hold, what it holds, and what it is to hold.
func (p *HoldPlan) observe(ctx context.Context) error {
	s := p.scope
	hold, err := s.findHold(ctx, p.request.Name, p.Matter)
	if err != nil {
		return err
	}
	held := map[ecm.NodeID]ecm.Node{}
	if hold != nil {
		p.Hold, p.Name = hold.ID, hold.Name
		if held, err = s.heldBy(ctx, hold.ID); err != nil {
			return err
		}
		p.Findings = append(p.Findings, p.request.differs(*hold)...)
	}
	if p.places, err = s.holdPlaces(ctx); err != nil {
		return err
	}
	p.Order = p.Target.order(s.id)
	found, err := s.targets(ctx, p.places, p.Target)
	if err != nil {
		return err
	}
	p.Items = itemsOf(found)
	for i, item := range p.Items {
		if _, is := held[item.Node]; is {
			p.Items[i].Result = HoldStood
		}
	}
	return nil
}

// differs tells where a hold that stands says something else than the request.
// It is left as it is: what was ordered before is not rewritten.
func (r HoldRequest) differs(h ecm.Hold) []string {
	var findings []string
	stands := holdOf(h)
	for _, f := range [][3]string{{"reason", stands.Reason, r.Reason}, {"authority", stands.Authority, r.Authority}, {"type", h.Type, r.kind()}} {
		if f[1] != f[2] {
			findings = append(findings, fmt.Sprintf("hold %s stands with the %s %q; it is not changed to %q", h.ID, f[0], f[1], f[2]))
		}
	}
	return findings
}

// steps lists the mutations that lead from what was observed to all being held.
func (p *HoldPlan) steps() []Step {
	var steps []Step
	if p.Hold == 0 {
		steps = append(steps, Step{Do: "create hold", On: fmt.Sprintf("%q", p.Name), With: "matter " + p.Matter})
	}
	if p.Order != "" && p.places.folder == 0 {
		steps = append(steps, Step{Do: "create folder", On: ordersFolder, With: "below node " + p.scope.root.String()})
	}
	if p.Order != "" && p.places.order(p.Order) == 0 {
		steps = append(steps, Step{Do: "create standing order", On: fmt.Sprintf("%q", p.Order)}, Step{Do: "hold", On: "the standing order"})
	}
	for _, item := range p.Items {
		if item.Result == "" {
			steps = append(steps, item.step("hold"))
		}
	}
	return steps
}
