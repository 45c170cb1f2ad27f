package smint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Presence tells whether a portal shows an asset to the user of the login.
type Presence int

// The answers. The zero value is no answer.
const (
	// PresenceUnknown: nobody can tell.
	PresenceUnknown Presence = iota
	// PresenceShown: the portal shows the asset.
	PresenceShown
	// PresenceGone: the portal answers, and does not show the asset.
	PresenceGone
)

// String names the answer; it is total.
func (p Presence) String() string {
	switch p {
	case PresenceShown:
		return "shown"
	case PresenceGone:
		return "gone"
	case PresenceUnknown:
	}
	return "unknown"
}

// Sight is what a read-back of an asset has shown.
type Sight struct {
	Presence Presence
	// Asset is what is shown, for PresenceShown.
	Asset *Asset
	// Evidence says in words what the answer rests on.
	Evidence string
	// Answer is the portal's own refusal, for PresenceGone.
	Answer error
	// Control is the asset that the portal did show in the same way, for
	// PresenceGone; empty if it has no other.
	Control AssetID
}

// Presence reads an asset back and tells whether it is shown, gone, or nobody
// can tell; only then there is an error.
//
// How a portal says "gone" is not public: a status 404, an error object, a task
// in the state "error" or null. All of these can also come from a wrong portal
// id, a login without rights or a source that is down. So none of them is
// believed alone: the same portal must then show another asset in the same
// way. That is control, if it is set, or else one that a search finds. A
// portal that has no other asset must say in so many words that this one was
// not found.
//
// API: POST .../IAssetsRead/execute/getAssetAsync,
// POST .../IAssetsSearch/execute/searchAssetsAsync.
func (s *PortalsService) Presence(ctx context.Context, p Portal, id, control AssetID) (Sight, error) {
	a, refusal := s.GetAsset(ctx, p, id, nil)
	if refusal == nil {
		return Sight{Presence: PresenceShown, Asset: a, Evidence: fmt.Sprintf("getAssetAsync answers with version %q", a.Version)}, nil
	}
	unknown := func(cause error) (Sight, error) {
		return Sight{Answer: refusal}, fmt.Errorf("smint: nobody can tell whether asset %s is shown: %w", id, cause)
	}
	if !refuses(refusal) {
		return unknown(refusal)
	}
	candidates := []AssetID{control}
	if control == "" || control == id {
		var err error
		if candidates, err = s.others(ctx, p, id); err != nil {
			return unknown(fmt.Errorf("%w; the search for another asset failed: %w", refusal, err))
		}
	}
	if len(candidates) == 0 {
		// Nothing to compare with: the refusal must be in so many words.
		if !errors.Is(refusal, ErrNotFound) || errors.Is(refusal, ErrFailedSteps) {
			return unknown(fmt.Errorf("%w; the portal has no other asset to compare with", refusal))
		}
		return Sight{Presence: PresenceGone, Answer: refusal, Evidence: "getAssetAsync answers that it was not found, and the search finds no other asset"}, nil
	}
	var last error
	for _, other := range candidates {
		if _, last = s.GetAsset(ctx, p, other, nil); last == nil {
			return Sight{Presence: PresenceGone, Answer: refusal, Control: other, Evidence: fmt.Sprintf("getAssetAsync refuses it and shows %s", other)}, nil
		}
	}
	return unknown(fmt.Errorf("%w; another asset, for comparison, is not shown either: %w", refusal, last))
}

// refuses tells a refusal, which may mean that the asset is gone, from answers
// that say nothing about it.
func refuses(err error) bool {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrTaskFailed) {
		return true
	}
	if errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrThrottled) || errors.Is(err, ErrGrantDead) {
		return false
	}
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode >= http.StatusBadRequest && e.StatusCode < http.StatusInternalServerError && e.Code != ""
}

// others finds a few assets to compare with.
func (s *PortalsService) others(ctx context.Context, p Portal, id AssetID) ([]AssetID, error) {
	page, err := s.Search(ctx, p, SearchQuery{PageSize: 10})
	if err != nil {
		return nil, err
	}
	var ids []AssetID
	for _, item := range page.Items {
		if item.Asset != nil && !item.Asset.is(id) && len(ids) < 3 {
			ids = append(ids, item.ID)
		}
	}
	return ids, nil
}
