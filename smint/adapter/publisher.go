package adapter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/smint"
)

// Publisher publishes by the feed: what is published is there at the reader's
// next poll, and what is taken away is refused at once.
type Publisher struct {
	Feed *Feed
	// Render says what an asset is by now: a publication carries no state. It
	// has the publication's external id, and the id that goes with it.
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

// one carries out one publication. Asked again for the very same one, it says
// that nothing changed, whatever the record has become meanwhile.
func (p *Publisher) one(ctx context.Context, item smint.Publication) (Outcome, error) {
	id, cause := p.id(item.ExternalID), causeOf(item)
	switch item.Action {
	case smint.ActRemoveAccess:
		return p.Feed.Remove(ctx, id, item.ExternalID, item.Sequence, item.Reason)
	case smint.ActExpire:
		return p.Feed.alter(ctx, id, item.ExternalID, item.Sequence, cause, func(a *Asset) { a.expire(item.EffectiveAt) })
	case smint.ActReplace:
		return p.Feed.alter(ctx, id, item.ExternalID, item.Sequence, cause, func(a *Asset) { a.supersede(item.Replacement, p.id(item.Replacement)) })
	case smint.ActPublish:
	}
	if outcome, known := p.Feed.known(id, item.Sequence, cause); known {
		return outcome, nil
	}
	if p.Render == nil {
		return "", fmt.Errorf("%w: nothing says what '%s' is", ErrNotFound, item.ExternalID)
	}
	a, err := p.Render(ctx, item)
	if err != nil {
		return "", err
	}
	if a.ID != id || a.ExternalID != item.ExternalID {
		return "", fmt.Errorf("%w: for external id '%s' it was rendered as '%s' of '%s', want '%s': what is published must be found again", ErrInvalid, item.ExternalID, a.ID, a.ExternalID, id)
	}
	return p.Feed.put(ctx, entry{ID: a.ID, External: a.ExternalID, Sequence: item.Sequence, Asset: &a, Cause: cause}, nil)
}

// away tells an asset that is not shown: nothing but a publication shows it
// again.
func (a *Asset) away() bool { return a.Access == Hidden || a.Access == Removed }

func (a *Asset) supersede(external, id string) {
	a.ReplacedBy, a.Related = external, []string{id}
	if !a.away() {
		a.Access = Superseded
	}
}

// expire ends the use at an instant, a zero one at once; never later than it
// would have ended anyway.
func (a *Asset) expire(at time.Time) {
	if a.away() {
		return
	}
	if at.IsZero() {
		a.Access = Expired
	} else if a.Until.IsZero() || at.Before(a.Until) {
		a.Until = at
	}
	if !a.From.IsZero() && !a.Until.IsZero() && !a.From.Before(a.Until) {
		// It ends before it began: it is over all the same.
		a.Access, a.Until = Expired, time.Time{}
	}
}

// causeOf is a digest of a publication.
func causeOf(item smint.Publication) string {
	item.EffectiveAt = item.EffectiveAt.UTC()
	b, err := json.Marshal(item)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// ReadBack asks the portal.
func (p *Publisher) ReadBack(ctx context.Context, externalID string) (smint.ReadBack, error) {
	if p.Back == nil {
		return smint.ReadBack{}, smint.ErrCannotAsk
	}
	return p.Back.ReadBack(ctx, externalID)
}
