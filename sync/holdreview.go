package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// maxGroups bounds how deep groups of disposition searches are followed.
const maxGroups = 16

// dueReview is what runs of ECM's disposition list of documents that are about
// to be released: all of it fell due.
type dueReview struct {
	// approved are given already. They become pending again before the hold goes:
	// what was approved while a hold forbade it, or before there was one, is not
	// carried out late. Nothing is ever approved here.
	approved []approvals
	// due are the days on which documents fell due, performed those that are
	// carried out.
	due       map[ecm.NodeID]string
	performed []ecm.NodeID
	// settled are the runs of which all was carried out before: they are not read.
	settled map[runID]bool
}

type runID struct {
	search ecm.NodeID
	run    ecm.QDate
}

// approvals are those of one reviewer in one run.
type approvals struct {
	runID
	reviewer ecm.Reviewer
	items    []ecm.DispositionItem
}

// on are the documents, as the hold's items.
func (a approvals) on(leaving map[ecm.NodeID]HoldItem) []HoldItem {
	list := make([]HoldItem, 0, len(a.items))
	for _, i := range a.items {
		list = append(list, leaving[i.Node])
	}
	return list
}

const voidApproval = "void approval"

// review reads what is to be reviewed anew. A user who may not look, and whose
// request does not say who does, releases nothing: an approval that was given
// earlier would be carried out late.
func (p *ReleasePlan) review(ctx context.Context) error {
	p.leaving = map[ecm.NodeID]HoldItem{}
	for _, i := range p.Items {
		if i.Result == "" {
			p.leaving[i.Node] = i
		}
	}
	var err error
	p.reviewed, err = p.scope.dueReview(ctx, p.leaving, nil)
	switch {
	case errors.Is(err, ecm.ErrDenied) || errors.Is(err, ecm.ErrRouteMissing):
		if p.request.ReviewBy == "" {
			return fmt.Errorf("%w: this user cannot look at ECM's dispositions; let one release it who can, or say in ReviewBy who has them reviewed: %w", ErrUnreviewed, err)
		}
		p.blind = true
		p.Findings = append(p.Findings, fmt.Sprintf("ECM's dispositions cannot be looked at as this user: %s has approvals that were given before the release reviewed again: %v", p.request.ReviewBy, err))
		return nil
	case err != nil:
		return fmt.Errorf("nothing is released: what fell due meanwhile could not be looked up: %w", err)
	}
	for _, a := range p.reviewed.approved {
		for _, i := range a.on(p.leaving) {
			p.Steps = append(p.Steps, i.step(voidApproval))
		}
	}
	return nil
}

// dueReview asks all disposition searches about documents. Before is what an
// earlier look found, nil for none.
func (s *Scope) dueReview(ctx context.Context, leaving map[ecm.NodeID]HoldItem, before *dueReview) (dueReview, error) {
	found := dueReview{due: map[ecm.NodeID]string{}, settled: map[runID]bool{}}
	if len(leaving) == 0 {
		return found, nil
	}
	searches, err := s.searches(ctx, 0, maxGroups)
	for _, search := range searches {
		if err == nil {
			err = s.reviewSearch(ctx, search, leaving, before, &found)
		}
	}
	return found, err
}

// searches lists the disposition searches below a group, 0 for all.
func (s *Scope) searches(ctx context.Context, group ecm.NodeID, depth int) ([]ecm.NodeID, error) {
	entries, err := s.ecm.Dispositions.Container(ctx, group)
	if err != nil {
		return nil, err
	}
	var list []ecm.NodeID
	for _, e := range entries {
		switch {
		case e.Type != ecm.SubtypeDispositionGroup:
			list = append(list, e.ID)
		case depth > 0:
			below, err := s.searches(ctx, e.ID, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, below...)
		}
	}
	return list, nil
}

func (s *Scope) reviewSearch(ctx context.Context, search ecm.NodeID, leaving map[ecm.NodeID]HoldItem, before, found *dueReview) error {
	runs, err := s.ecm.Dispositions.Snapshots(ctx, search)
	if err != nil {
		return err
	}
	for _, run := range runs {
		id := runID{search, run.QDate}
		if before == nil && run.Records == run.Actioned || before != nil && before.settled[id] {
			found.settled[id] = true
			continue
		}
		if err := s.reviewRun(ctx, id, leaving, found); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scope) reviewRun(ctx context.Context, id runID, leaving map[ecm.NodeID]HoldItem, found *dueReview) error {
	items, err := s.ecm.Dispositions.Items(ctx, id.search, id.run)
	if err != nil {
		return err
	}
	for _, i := range items {
		_, is := leaving[i.Node]
		switch {
		case !is:
			continue
		case i.Performed:
			found.performed = append(found.performed, i.Node)
			continue
		case i.Decision == ecm.ReviewApproved:
			found.approve(id, i)
		}
		found.due[i.Node] = i.Due
	}
	return nil
}

// approve adds an approval to those of its reviewer.
func (r *dueReview) approve(id runID, i ecm.DispositionItem) {
	n := slices.IndexFunc(r.approved, func(a approvals) bool { return a.runID == id && a.reviewer == i.Reviewer })
	if n < 0 {
		n, r.approved = len(r.approved), append(r.approved, approvals{runID: id, reviewer: i.Reviewer})
	}
	r.approved[n].items = append(r.approved[n].items, i)
}

// void makes approvals pending again and reads that back.
func (r *releasing) void(ctx context.Context, reviewed dueReview, leaving map[ecm.NodeID]HoldItem) error {
	why := fmt.Sprintf("hold %s %q was released: %s", r.Hold, r.Name, r.request.Reason)
	for _, a := range reviewed.approved {
		err := r.mutateEach(ctx, voidApproval, a.on(leaving), func() error {
			return r.s.ecm.Dispositions.ChangeReviewDecision(ctx, ecm.ActOn{User: a.reviewer.User, Search: a.search, QDate: a.run, Items: a.items, Reviewer: a.reviewer}, ecm.ReviewPending, why)
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
			return err
		}
		left := dueReview{due: map[ecm.NodeID]string{}}
		if err := r.s.reviewRun(ctx, a.runID, leaving, &left); err != nil {
			return err
		}
		for _, stands := range left.approved {
			if stands.reviewer == a.reviewer {
				return fmt.Errorf("%w: %d approvals in run %s of disposition search %s still stand", ErrVerify, len(stands.items), a.run, a.search)
			}
		}
	}
	return nil
}

// lookAgain has reviewed anew what was approved between the look at the
// dispositions and the release, and says what ECM carried out since.
func (r *releasing) lookAgain(ctx context.Context) error {
	released := map[ecm.NodeID]HoldItem{}
	for _, i := range r.sweep.items {
		if i.Result == HoldReleased {
			released[i.Node] = i
		}
	}
	if r.blind {
		return nil
	}
	since, err := r.s.dueReview(ctx, released, &r.reviewed)
	if err == nil {
		err = r.void(ctx, since, released)
	}
	if err != nil {
		return fmt.Errorf("released, and what was approved meanwhile could not be reviewed anew: %w", err)
	}
	for _, id := range since.performed {
		if !slices.Contains(r.reviewed.performed, id) {
			r.Findings = append(r.Findings, fmt.Sprintf("ECM's disposition carried out an action on node %s at the moment of the release", id))
		}
	}
	return nil
}

// tellDue says of released documents that they fell due, and when.
func (r *releasing) tellDue() {
	for n, i := range r.sweep.items {
		if day, is := r.reviewed.due[i.Node]; is && i.Result == HoldReleased {
			r.sweep.items[n].Reason = "it fell due on " + day + " and goes into review"
		}
	}
}

// noted takes down that a release was ordered, and why.
func (r *releasing) noted(ctx context.Context) error {
	order := Step{Do: "release order", On: fmt.Sprintf("hold %s %q", r.Hold, r.Name), With: r.Target.String()}
	told := fmt.Sprintf("found: reason: %s; authority: %s; about: %s", r.request.Reason, first(r.request.Authority, "not named"), r.Target)
	if r.blind {
		told += "; reviewed again by: " + r.request.ReviewBy
	}
	return r.note(ctx, Observation, order, records.Digest{}, told)
}
