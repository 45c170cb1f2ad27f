package sync

import (
	"cmp"
	"context"
	"fmt"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// Approvals tells who approved which version of an asset, when and under which
// restrictions. It returns an error that matches ErrNotApproved if nobody did;
// any other error means that it cannot say, and nothing is declared either.
type Approvals interface {
	Approval(ctx context.Context, a Asset) (records.Approval, error)
}

// completedPurchase takes a completed purchase for an approval: who bought
// has approved, at the time when the purchase was completed. It is used only
// where the policy says so.
type completedPurchase struct{}

// Approval reads the approval from the purchase's own JSON, which it keeps.
func (completedPurchase) Approval(_ context.Context, a Asset) (records.Approval, error) {
	refuse := func(why string) (records.Approval, error) {
		return records.Approval{}, fmt.Errorf("%w: %s: %s", ErrNotApproved, a.Key, why)
	}
	if k := a.Key.Kind(); k != records.SourcePurchase && k != records.SourceAggregate {
		return refuse("it was not purchased, and the policy takes purchases for approvals")
	}
	t, err := smint.DecodeTransaction(a.Raw)
	if err != nil {
		return refuse("its purchase cannot be read")
	}
	if string(t.UUID) != a.Key.Item() {
		return refuse(fmt.Sprintf("its purchase is transaction %s", t.UUID))
	}
	if t.State != smint.StateCompleted {
		return refuse(fmt.Sprintf("its purchase is in state %q, not completed", t.State))
	}
	at := t.CompletedAt
	if at == nil {
		at = t.PurchasedAt
	}
	person := cmp.Or(t.PurchasedByName, t.PurchasedByUUID)
	if at == nil || person == "" {
		return refuse("its purchase does not say who completed it, or when")
	}
	return records.Approval{Source: records.ApprovalByPurchase, Asset: a.Key, Person: person, At: at.UTC(), Raw: a.Raw}, nil
}

// approvals picks the source that the policy names.
func (c ScopeConfig) approvals(faults *records.Problems) Approvals {
	switch c.Policy.Approval.Source {
	case records.ApprovalByPurchase:
		if c.Approvals != nil {
			faults.Add("approvals", "set", "none: the policy takes completed purchases for approvals")
		}
		return completedPurchase{}
	case records.ApprovalByAttribute:
		if c.Approvals == nil && c.Portal != nil && c.Smint != nil {
			rule := c.Policy.Approval
			faults.Check(rule.Person != "", "policy.approval.person", rule.Person, "the key of the attribute that says who approved")
			faults.Check(rule.Time != "", "policy.approval.time", rule.Time, "the key of the attribute that says when it was approved")
			return portalApproval{portals: c.Smint.Portals, source: *c.Portal, rule: rule, now: c.Now}
		}
		faults.Check(c.Approvals != nil, "approvals", "none", "a portal source, or a source of your own that reads the attribute")
		return c.Approvals
	case records.ApprovalByIntegrator:
		faults.Check(c.Approvals != nil, "approvals", "none", "the source that the policy's approval rule calls for")
		return c.Approvals
	case records.ApprovalUnknown:
	}
	return c.Approvals
}
