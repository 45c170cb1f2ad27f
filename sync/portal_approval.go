package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// portalApproval takes an attribute of the portal asset for an approval: one of
// the accepted values approves the version that carries it. Who and when are
// attributes too. It is asked of the portal in that moment: what a search or a
// job carries may be old.
type portalApproval struct {
	portals *smint.PortalsService
	source  PortalSource
	rule    records.ApprovalRule
	now     func() time.Time
}

// Approval reads the approval from the asset as the portal shows it now, which
// it keeps. Missing, ambiguous and unknown values are refused.
func (p portalApproval) Approval(ctx context.Context, a Asset) (records.Approval, error) {
	refuse := func(format string, args ...any) (records.Approval, error) {
		return records.Approval{}, fmt.Errorf("%w: %s: %s", ErrNotApproved, a.Key, fmt.Sprintf(format, args...))
	}
	if a.Key.Kind() != records.SourceAsset {
		return refuse("it is no portal asset, and the policy takes attribute %q of portal assets for approvals", p.rule.Attribute)
	}
	described, err := revisionOf(p.portals, a)
	if err != nil {
		return records.Approval{}, err
	}
	// What the description itself refuses needs no question to the portal.
	if _, err := p.read(described); err != nil {
		return refuse("%v", err)
	}
	current, err := p.portals.GetAsset(ctx, p.source.Portal, described.ID, nil)
	switch {
	case errors.Is(err, smint.ErrNotFound):
		return refuse("the portal no longer shows it: %v", err)
	case err != nil:
		return records.Approval{}, err
	case current.Revision() != described.Revision():
		return refuse("the portal now shows version %q, ETag %q, not version %q, ETag %q", current.Version, current.ETag, described.Version, described.ETag)
	}
	approval, err := p.read(current)
	if err != nil {
		return refuse("%v", err)
	}
	approval.Asset = a.Key
	return approval, nil
}

// read finds the approval in the attributes, or says why there is none.
func (p portalApproval) read(a *smint.Asset) (records.Approval, error) {
	value, err := single(a, p.rule.Attribute)
	if err != nil {
		return records.Approval{}, err
	}
	if !slices.Contains(p.rule.Accepted, value) {
		return records.Approval{}, fmt.Errorf("attribute %q is %q, and the policy accepts %q", p.rule.Attribute, value, p.rule.Accepted)
	}
	person, err := single(a, p.rule.Person)
	if err != nil {
		return records.Approval{}, err
	}
	text, err := single(a, p.rule.Time)
	if err != nil {
		return records.Approval{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		// A day without a time is its beginning in UTC.
		at, err = time.Parse(time.DateOnly, text)
	}
	now := time.Now
	if p.now != nil {
		now = p.now
	}
	switch {
	case err != nil:
		return records.Approval{}, fmt.Errorf("attribute %q is %q, which is neither a date nor a date with time and offset", p.rule.Time, text)
	case at.After(now()):
		return records.Approval{}, fmt.Errorf("attribute %q is %q, which is yet to come", p.rule.Time, text)
	}
	return records.Approval{Source: records.ApprovalByAttribute, Person: person, At: at.UTC(), Raw: a.Raw}, nil
}

// single is the one value of an attribute, which must be there.
func single(a *smint.Asset, key string) (string, error) {
	text, found, err := attributeOf(a, key)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("attribute %q is missing", key)
	case text == "":
		return "", fmt.Errorf("attribute %q has no single value", key)
	}
	return text, nil
}
