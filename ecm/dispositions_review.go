package ecm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// ActOn names the items of a snapshot that a call is about, and who acts.
type ActOn struct {
	// User is the acting user, not a node. ApplyHold and SetAccession do without.
	User   UserID
	Search NodeID
	QDate  QDate
	Items  []DispositionItem
	// Reviewer is set in a review.
	Reviewer Reviewer
}

func (a ActOn) check(faults *rest.Problems) {
	mayID(faults, "user", a.User)
	wantID(faults, "search", a.Search)
	a.QDate.check(faults)
	if len(a.Items) == 0 {
		faults.Add("items", "none", "the items that are meant, one by one")
	}
	for i, item := range a.Items {
		wantID(faults, fmt.Sprintf("items[%d].node", i), item.Node)
		wantLeast(faults, fmt.Sprintf("items[%d].stage count", i), item.StageCount, 0)
	}
	mayID(faults, "reviewer", a.Reviewer.User)
	wantLeast(faults, "reviewer step", a.Reviewer.Step, 0)
}

// form names items by id and stage, separated by spaces. The spelling of two
// parameters differs from operation to operation.
func (a ActOn) form(applyKey, dateKey string) params {
	keys := make([]string, 0, len(a.Items))
	for _, i := range a.Items {
		keys = append(keys, i.key())
	}
	return params{}.text("objIdList", strings.Join(keys, " ")).text(applyKey, "thisPage").number("dispNodeID", int64(a.Search)).
		text(dateKey, a.QDate.body()).number("reviewerID", int64(a.Reviewer.User)).number("reviewerstep", int64(a.Reviewer.Step))
}

// ChangeReviewDecision decides items of a review.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v1/members/{id}/disposition/changereviewdecision.
func (s *DispositionsService) ChangeReviewDecision(ctx context.Context, on ActOn, d ReviewDecision, comment string) error {
	var faults rest.Problems
	on.check(&faults)
	wantID(&faults, "user", on.User)
	word := map[ReviewDecision]string{ReviewPending: "pending", ReviewApproved: "approve", ReviewRejected: "reject"}[d]
	if word == "" {
		faults.Add("decision", int(d), "0 pending, 1 approved or 2 rejected")
	}
	mayLines(&faults, "comment", comment)
	if err := faults.Err(routes.dispDecide.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.dispDecide, []any{on.User}, on.form("applyTo", "qDate").text("decision", word).text("reviewComment", comment))
}

// ActionChange is what is to be done with items instead.
type ActionChange struct {
	// Action is the code of the action, as [Stage].Action.
	Action int
	// StatusCode is the status to be set, for the action that changes it.
	StatusCode string
	// MakeRendition has a rendition made first.
	MakeRendition bool
}

// ChangeActions changes what is to be done with items. It does nothing to them
// yet.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v1/members/{id}/disposition/changeactions.
func (s *DispositionsService) ChangeActions(ctx context.Context, on ActOn, to ActionChange) error {
	var faults rest.Problems
	on.check(&faults)
	wantID(&faults, "user", on.User)
	wantLeast(&faults, "action", to.Action, 0)
	mayText(&faults, "status code", to.StatusCode)
	if err := faults.Err(routes.dispChangeActions.Name); err != nil {
		return err
	}
	form := on.form("applyto", "qdate").always("dispAction", to.Action).text("statusCode", to.StatusCode)
	if to.MakeRendition {
		form.number("makeRendition", 1)
	}
	return s.send(ctx, &routes.dispChangeActions, []any{on.User}, form)
}

// PerformActions has the server carry the actions out, which may destroy the
// items. The holds of each are read right before: one that is held, or whose
// holds cannot be read, refuses the whole call with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOnHold, ErrOutcomeUnknown.
//
// API: POST /v1/members/{id}/disposition/performactions.
func (s *DispositionsService) PerformActions(ctx context.Context, on ActOn, skip ...Unguarded) error {
	var faults rest.Problems
	on.check(&faults)
	wantID(&faults, "user", on.User)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.dispPerform.Name); err != nil {
		return err
	}
	var errs []error
	for _, item := range on.Items {
		errs = append(errs, s.guardHolds(ctx, routes.dispPerform.Name, item.Node, skip))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	on.Reviewer = Reviewer{}
	return s.send(ctx, &routes.dispPerform, []any{on.User}, on.form("applyto", "qdate"))
}

// FinishReview ends a reviewer's step.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/members/{id}/disposition/finishreview.
func (s *DispositionsService) FinishReview(ctx context.Context, user UserID, search NodeID, q QDate, r Reviewer) error {
	var faults rest.Problems
	wantID(&faults, "user", user)
	wantID(&faults, "search", search)
	q.check(&faults)
	mayID(&faults, "reviewer", r.User)
	wantLeast(&faults, "reviewer step", r.Step, 0)
	if err := faults.Err(routes.dispFinish.Name); err != nil {
		return err
	}
	form := params{}.number("dispNodeID", int64(search)).text("qdate", q.path()).number("reviewerID", int64(r.User)).number("reviewerstep", int64(r.Step))
	return s.send(ctx, &routes.dispFinish, []any{user}, form)
}

// ApplyHold puts a hold on items of a snapshot.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/rmclassifications/dispositionholds.
func (s *DispositionsService) ApplyHold(ctx context.Context, on ActOn, hold HoldID) error {
	var faults rest.Problems
	on.check(&faults)
	wantID(&faults, "hold", hold)
	if err := faults.Err(routes.dispHolds.Name); err != nil {
		return err
	}
	form := on.form("applyTo", "qDate").number("holdID", int64(hold))
	delete(form, "reviewerstep")
	return s.send(ctx, &routes.dispHolds, nil, form)
}

// SetAccession gives items of a snapshot an accession code.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: POST /v1/rmclassifications/dispositionaccession.
func (s *DispositionsService) SetAccession(ctx context.Context, on ActOn, accession string) error {
	var faults rest.Problems
	on.check(&faults)
	mayText(&faults, "accession", accession)
	if err := faults.Err(routes.dispAccession.Name); err != nil {
		return err
	}
	ids := make([]string, 0, len(on.Items))
	for _, i := range on.Items {
		ids = append(ids, i.Node.String())
	}
	form := params{}.text("objIdList", strings.Join(ids, " ")).number("dispNodeID", int64(on.Search)).text("qDate", on.QDate.body()).
		number("reviewerID", int64(on.Reviewer.User)).text("accession", accession)
	return s.send(ctx, &routes.dispAccession, nil, form)
}
