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

// review has what fell due during the hold reviewed anew, before the hold goes:
// where a run of ECM's disposition lists a document, an approval of it becomes
// pending again. What was approved while a hold forbade it, or before there was
// one, is not carried out late. Nothing is ever approved here.
func (r *releasing) review(ctx context.Context) error {
	leaving := map[ecm.NodeID]HoldItem{}
	for _, i := range r.ReleasePlan.Items {
		if i.Result == "" {
			leaving[i.Node] = i
		}
	}
	if len(leaving) == 0 {
		return nil
	}
	searches, err := r.searches(ctx, 0, maxGroups)
	for _, search := range searches {
		if err != nil {
			break
		}
		err = r.reviewSearch(ctx, search, leaving)
	}
	if errors.Is(err, ecm.ErrDenied) || errors.Is(err, ecm.ErrRouteMissing) {
		r.Findings = append(r.Findings, fmt.Sprintf("ECM's dispositions cannot be looked at as this user: have approvals that were given before the release reviewed again: %v", err))
		return nil
	}
	if err != nil {
		return fmt.Errorf("nothing was released: what fell due meanwhile could not be looked up: %w", err)
	}
	return nil
}

// searches lists the disposition searches below a group, 0 for all.
func (r *releasing) searches(ctx context.Context, group ecm.NodeID, depth int) ([]ecm.NodeID, error) {
	entries, err := r.s.ecm.Dispositions.Container(ctx, group)
	if err != nil {
		return nil, err
	}
	var list []ecm.NodeID
	for _, e := range entries {
		switch {
		case e.Type != ecm.SubtypeDispositionGroup:
			list = append(list, e.ID)
		case depth > 0:
			below, err := r.searches(ctx, e.ID, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, below...)
		}
	}
	return list, nil
}

func (r *releasing) reviewSearch(ctx context.Context, search ecm.NodeID, leaving map[ecm.NodeID]HoldItem) error {
	runs, err := r.s.ecm.Dispositions.Snapshots(ctx, search)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Records == run.Actioned {
			continue
		}
		approved, err := r.approved(ctx, search, run.QDate, leaving)
		if err != nil || len(approved) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := r.reconsider(ctx, search, run.QDate, approved, leaving); err != nil {
			return err
		}
	}
	return nil
}

// approved are the documents to be released that a run lists as approved. All
// that it lists fell due.
func (r *releasing) approved(ctx context.Context, search ecm.NodeID, run ecm.QDate, leaving map[ecm.NodeID]HoldItem) ([]ecm.DispositionItem, error) {
	items, err := r.s.ecm.Dispositions.Items(ctx, search, run)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(items, func(i ecm.DispositionItem) bool {
		_, is := leaving[i.Node]
		if is && !i.Performed {
			r.due[i.Node] = i.Due
		}
		return !is || i.Performed || i.Decision != ecm.ReviewApproved
	}), nil
}

// reconsider makes approvals pending again and reads that back.
func (r *releasing) reconsider(ctx context.Context, search ecm.NodeID, run ecm.QDate, approved []ecm.DispositionItem, leaving map[ecm.NodeID]HoldItem) error {
	byReviewer := map[ecm.Reviewer][]ecm.DispositionItem{}
	for _, i := range approved {
		byReviewer[i.Reviewer] = append(byReviewer[i.Reviewer], i)
	}
	why := fmt.Sprintf("hold %s %q was released: %s", r.Hold, r.Name, r.request.Reason)
	for reviewer, some := range byReviewer {
		var held []HoldItem
		for _, i := range some {
			held = append(held, leaving[i.Node])
		}
		err := r.mutateEach(ctx, "void approval", held, func() error {
			return r.s.ecm.Dispositions.ChangeReviewDecision(ctx, ecm.ActOn{User: reviewer.User, Search: search, QDate: run, Items: some, Reviewer: reviewer}, ecm.ReviewPending, why)
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
			return err
		}
	}
	left, err := r.approved(ctx, search, run, leaving)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%w: %d approvals in run %s of disposition search %s still stand", ErrVerify, len(left), run, search)
	}
	return err
}

// tellDue says of released documents that they fell due, and when.
func (r *releasing) tellDue() {
	for n, i := range r.sweep.items {
		if day, is := r.due[i.Node]; is && i.Result == HoldReleased {
			r.sweep.items[n].Reason = "it fell due on " + day + " and goes into review"
		}
	}
}

// noted takes down that a release was ordered, and why.
func (r *releasing) noted(ctx context.Context) error {
	order := Step{Do: "release order", On: fmt.Sprintf("hold %s %q", r.Hold, r.Name), With: r.Target.String()}
	told := fmt.Sprintf("found: reason: %s; authority: %s; about: %s", r.request.Reason, first(r.request.Authority, "not named"), r.Target)
	return r.note(ctx, Observation, order, records.Digest{}, told)
}
