package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

const releaseHold = "ReleaseHold"

// ReleaseRequest ends a hold over records. The records stay as they are; what
// fell due meanwhile is reviewed anew, by ECM's own disposition process.
type ReleaseRequest struct {
	// Name is the hold's; without one it is found by its matter.
	Name   string `json:"name,omitempty"`
	Matter string `json:"matter,omitempty"`
	// Reason says why, By who releases it, Authority, if any, who ordered that.
	Reason    string `json:"reason"`
	By        string `json:"by"`
	Authority string `json:"authority,omitempty"`
	// ReviewBy names who has approvals of a disposition that were given earlier
	// reviewed again, for a user who may not look at dispositions. Without a name
	// such a user releases nothing. Who may look needs none.
	ReviewBy string `json:"review_by,omitempty"`
	// Target is what is released; none is all that the hold holds in the scope,
	// its standing orders included.
	Target HoldTarget `json:"target,omitzero"`
}

// ReleasePlan is what ReleaseHold would do, and what it saw when it decided so.
type ReleasePlan struct {
	Scope  string     `json:"scope"`
	Policy string     `json:"policy"`
	Name   string     `json:"name"`
	Target HoldTarget `json:"target,omitzero"`
	// Hold is the hold, 0 if none in force was found; Absent then says what was.
	Hold   ecm.HoldID `json:"hold,omitempty"`
	Absent string     `json:"absent,omitempty"`
	// Items are all documents that it is about. Those that stay held by another
	// order under the same hold, and those that it does not hold, say so.
	Items    []HoldItem `json:"items,omitempty"`
	Steps    []Step     `json:"steps,omitempty"`
	Findings []string   `json:"findings,omitempty"`

	scope   *Scope
	request ReleaseRequest
	hold    ecm.Hold
	// leaving are the documents that will be released, reviewed what ECM's
	// dispositions say of them; blind: this user may not look at those.
	leaving  map[ecm.NodeID]HoldItem
	reviewed dueReview
	blind    bool
}

// String prints the plan for a person.
func (p *ReleasePlan) String() string {
	if p.Hold == 0 {
		return printSteps(fmt.Sprintf("release %s of scope %s from hold %q: %s", p.Target, p.Scope, p.Name, p.Absent), nil)
	}
	return printSteps(fmt.Sprintf("release %s of scope %s from hold %s %q: %d documents", p.Target, p.Scope, p.Hold, p.Name, len(p.Items)), p.Steps)
}

// ReleaseHold takes a hold off records and what stands beside them, and ends
// its standing orders. What another hold holds stays held: disposition resumes
// only when the last one is gone, and nothing is disposed of by releasing it.
// What another order under the same hold is about stays held too, and is
// reported. When all of the hold is released and it holds nothing anywhere, it
// ends, and says so in ECM: who, why and when.
//
// Before anything is released, approvals of a disposition that were given
// earlier are made pending again, so that what fell due meanwhile is reviewed
// anew; after it, those that were given in between. A user who may not look at
// dispositions releases nothing, unless the request names who has them reviewed:
// ErrUnreviewed.
//
// Each document is read back among the hold's own items; the receipt says of
// each what became of it. A hold that is not there, or holds none of what is
// meant, is no error: the receipt says Skipped and why. If a document failed,
// Change is Incomplete and the error matches ErrPartial. A call may be repeated.
//
// Other errors: records.ErrInvalid, ErrForeignScope, ErrHoldUnknown if holds
// could not be read, ErrUnreviewed, ErrVerify, and those of the ECM client.
func ReleaseHold(ctx context.Context, s *Scope, req ReleaseRequest) (Receipt, error) {
	plan, err := PlanReleaseHold(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: releaseHold, Scope: s.id.String(), Policy: s.policy.Version, Name: first(req.Name, req.Matter), At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanReleaseHold observes and decides, and writes nothing. Its errors are
// those of ReleaseHold.
func PlanReleaseHold(ctx context.Context, s *Scope, req ReleaseRequest) (*ReleasePlan, error) {
	if err := s.ownsAll(req.Target); err != nil {
		return nil, err
	}
	if err := req.check(s); err != nil {
		return nil, err
	}
	p := &ReleasePlan{Scope: s.id.String(), Policy: s.policy.Version, Name: first(req.Name, req.Matter), Target: req.Target, scope: s, request: req}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("release hold %q: %w", p.Name, err)
	}
	return p, nil
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan. Its receipt and errors are those of
// ReleaseHold.
func (p *ReleasePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanReleaseHold(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: release of hold %q; plan again", ErrStalePlan, p.Name)
	}
	return fresh.apply(ctx)
}

// check reports everything that is wrong with a request.
func (r ReleaseRequest) check(s *Scope) error {
	var faults records.Problems
	faults.Check(r.Name != "" || r.Matter != "", "name", r.Name, "the hold's name, or its matter")
	checkHoldText(&faults, "reason", r.Reason)
	checkHoldText(&faults, "by", r.By)
	for field, text := range map[string]string{"name": r.Name, "matter": r.Matter, "authority": r.Authority, "review_by": r.ReviewBy} {
		if text != "" {
			checkHoldText(&faults, field, text)
		}
	}
	r.Target.check(s, &faults)
	return faults.Err(releaseHold)
}

// comment says in ECM's own field who released it and why.
func (r ReleaseRequest) comment() string {
	text := reasonLine + r.Reason
	if r.Authority != "" {
		text += "\n" + authorityLine + r.Authority
	}
	return text + "\n" + releasedLine + r.By
}

// observe reads the hold and what is to be released from it.
func (p *ReleasePlan) observe(ctx context.Context) error {
	s := p.scope
	hold, err := s.findHold(ctx, p.request.Name, p.request.Matter)
	if err != nil {
		return err
	}
	if hold == nil {
		p.Absent, err = s.ended(ctx, p.request)
		return err
	}
	p.hold, p.Hold, p.Name = *hold, hold.ID, hold.Name
	held, err := s.heldBy(ctx, hold.ID)
	if err != nil {
		return err
	}
	if p.Items, err = s.releasable(ctx, held, p.Target); err != nil {
		return err
	}
	for n, i := range p.Items {
		if _, is := held[i.Node]; !is && i.Result == "" {
			p.Items[n].Result = HoldAbsent
		}
	}
	if err := p.review(ctx); err != nil {
		return err
	}
	for _, i := range p.Items {
		if i.Result == "" {
			p.Steps = append(p.Steps, i.step("release"))
		}
	}
	if p.Target.IsZero() && len(p.leaving) == len(held) && s.own(*hold) {
		p.Steps = append(p.Steps, endStep(*hold))
	}
	return nil
}

func endStep(h ecm.Hold) Step {
	return Step{Do: "end hold", On: fmt.Sprintf("hold %s %q", h.ID, h.Name)}
}

// ended tells why there is no such hold in force: it may have been.
func (s *Scope) ended(ctx context.Context, r ReleaseRequest) (string, error) {
	for h, err := range s.ecm.Holds.All(ctx) {
		if err != nil {
			return "", fmt.Errorf("%w: the list of holds could not be read: %w", ErrHoldUnknown, err)
		}
		if h.Active || s.foreign(h) || r.Name != "" && h.Name != r.Name || r.Name == "" && h.Name != r.Matter && holdOf(h).Matter != r.Matter {
			continue
		}
		fields := commentFields(h.RemovalComment)
		return fmt.Sprintf("hold %s %q ended on %s, by %s: %s", h.ID, h.Name, h.Removed.Format(time.DateOnly), first(fields[releasedLine], "someone"), first(fields[reasonLine], "without a reason")), nil
	}
	return "there is no such hold", nil
}

// releasable lists what a release is about: the documents of the target, or all
// that the hold holds in the scope. Those that stay held say why.
func (s *Scope) releasable(ctx context.Context, held map[ecm.NodeID]ecm.Node, t HoldTarget) ([]HoldItem, error) {
	p, err := s.holdPlaces(ctx)
	if err != nil {
		return nil, err
	}
	if t.IsZero() {
		return s.allHeld(ctx, p, held)
	}
	found, err := s.targets(ctx, p, t)
	if err != nil {
		return nil, err
	}
	var others []standingOrder
	for _, o := range p.orders {
		if _, is := held[o.node]; is && o.name != t.order(s.id) {
			others = append(others, o)
		}
	}
	items := itemsOf(found)
	for n, i := range found {
		if i.Result == HoldFailed {
			// What is gone is no failure here: there is nothing to be released.
			items[n].Result = HoldAbsent
			continue
		}
		if _, is := held[i.Node]; !is {
			continue
		}
		if why := s.kept(i, others); why != "" {
			items[n].Result, items[n].Reason = HoldKept, why
		}
	}
	s.keepTrail(p, held, items)
	return items, nil
}

// kept says which other order under the same hold is about a document, if one
// is.
func (s *Scope) kept(i target, others []standingOrder) string {
	for _, o := range others {
		everything := o.name == orderName(s.id, orderScope, "")
		if i.What == "standing order" || i.What == "root" && !everything {
			continue
		}
		if everything || i.Record.IsValid() && o.covers(i.Record, i.fields) {
			return fmt.Sprintf("the standing order %q of the same hold is about it", o.name)
		}
	}
	return ""
}

// keepTrail keeps the copies of the trail held while the hold holds anything
// else in the scope.
func (s *Scope) keepTrail(p holdPlaces, held map[ecm.NodeID]ecm.Node, items []HoldItem) {
	leaving := map[ecm.NodeID]bool{}
	for _, i := range items {
		leaving[i.Node] = i.Result == ""
	}
	for _, paper := range p.papers {
		leaving[paper.Node] = leaving[paper.Node] || paper.What == "trail"
	}
	stays := false
	for id, n := range held {
		stays = stays || s.inScope(p, n) && !leaving[id]
	}
	for n, i := range items {
		if _, is := held[i.Node]; is && stays && i.What == "trail" && i.Result == "" {
			items[n].Result, items[n].Reason = HoldKept, "the same hold holds other records, whose trail it is"
		}
	}
}

// allHeld lists all that a hold holds in the scope, the standing orders first:
// what is declared meanwhile must not come under it again.
func (s *Scope) allHeld(ctx context.Context, p holdPlaces, held map[ecm.NodeID]ecm.Node) ([]HoldItem, error) {
	known := map[ecm.NodeID]HoldItem{s.root: {Node: s.root, What: "root"}}
	for _, paper := range p.papers {
		known[paper.Node] = paper
	}
	var items []HoldItem
	for _, o := range p.orders {
		known[o.node] = HoldItem{Node: o.node, What: "standing order"}
		if _, is := held[o.node]; is {
			items = append(items, known[o.node])
		}
	}
	folders := map[ecm.NodeID]bool{}
	for _, n := range held {
		if _, is := p.records[n.ParentID]; is {
			folders[n.ParentID] = true
		}
	}
	for id := range folders {
		stored, err := s.recordsIn(ctx, id, "")
		if err != nil {
			return nil, fmt.Errorf("records in folder %q: %w", p.records[id], err)
		}
		for _, r := range stored {
			for _, t := range r.targets() {
				known[t.Node] = t.HoldItem
			}
		}
	}
	for _, id := range sortedNodes(held) {
		i, is := known[id]
		switch {
		case i.What == "standing order" || !is && !s.inScope(p, held[id]):
		case is:
			items = append(items, i)
		default:
			items = append(items, HoldItem{Node: id, What: "document"})
		}
	}
	return items, nil
}
