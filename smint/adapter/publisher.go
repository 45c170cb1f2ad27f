package adapter

import (
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/smint"
)

// Publisher publishes by the feed: what is published is there at the reader's
// next poll, and what is taken away is refused at once.
type Publisher struct {
	Feed *Feed
	// Render says what an asset is by now: a publication carries no state.
	Render func(ctx context.Context, p smint.Publication) (Asset, error)
	// ID is the id in the feed of an external one, "otcs-" and the external id
	// by default.
	ID func(externalID string) string
	// Back reads back; without it ReadBack is smint.ErrCannotAsk.
	Back *smint.PortalReadBack
}

var _ smint.Publisher = (*Publisher)(nil)

func (p *Publisher) id(external string) string {
	if p.ID != nil {
		return p.ID(external)
	}
	return "otcs-" + external
}

// Publish puts the publications into the feed. One that cannot be carried out
// is rejected with its reason, and the others go on; an error is one of the
// feed itself.
func (p *Publisher) Publish(ctx context.Context, items ...smint.Publication) ([]smint.PublishResult, error) {
	if err := smint.CheckPublications(items...); err != nil {
		return nil, err
	}
	var results []smint.PublishResult
	for _, item := range items {
		r := smint.PublishResult{ExternalID: item.ExternalID, Sequence: item.Sequence}
		outcome, err := p.one(ctx, item)
		switch {
		case err == nil:
			r.Status = smint.PublishStatus(outcome)
		case errors.Is(err, ErrNotFound):
			r.Status, r.Message = smint.PublishNotFound, err.Error()
		case errors.Is(err, ErrInvalid), errors.Is(err, ErrConflict):
			r.Status, r.Message = smint.PublishRejected, err.Error()
		default:
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (p *Publisher) one(ctx context.Context, item smint.Publication) (Outcome, error) {
	id := p.id(item.ExternalID)
	if item.Action == smint.ActRemoveAccess {
		return p.Feed.Remove(ctx, id, item.ExternalID, item.Sequence, item.Reason)
	}
	if p.Feed.Sequence(id) > item.Sequence {
		return Stale, nil
	}
	a, err := p.Feed.Asset(ctx, id)
	if item.Action == smint.ActPublish {
		if p.Render == nil {
			return "", fmt.Errorf("%w: nothing says what '%s' is", ErrNotFound, item.ExternalID)
		}
		a, err = p.Render(ctx, item)
	}
	if err != nil {
		return "", err
	}
	switch item.Action {
	case smint.ActExpire:
		if item.EffectiveAt.IsZero() {
			a.Access = Expired
		} else if a.Until.IsZero() || item.EffectiveAt.Before(a.Until) {
			a.Until = item.EffectiveAt
		}
	case smint.ActReplace:
		a.Access, a.ReplacedBy = Superseded, item.Replacement
	case smint.ActPublish, smint.ActRemoveAccess:
	}
	return p.Feed.Publish(ctx, a, item.Sequence)
}

// ReadBack asks the portal.
func (p *Publisher) ReadBack(ctx context.Context, externalID string) (smint.ReadBack, error) {
	if p.Back == nil {
		return smint.ReadBack{}, smint.ErrCannotAsk
	}
	return p.Back.ReadBack(ctx, externalID)
}
