package smint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/internal/rest"
)

// The interfaces that portals offer for assets.
const (
	InterfaceRead       = "IAssetsRead"
	InterfaceSearch     = "IAssetsSearch"
	InterfaceReadRandom = "IAssetsReadRandom"
	InterfaceDownload   = "IAssetsDownload"
)

// ReadOptions refine a read. The zero value is an ordinary one.
type ReadOptions struct {
	// ShareID and ShareSecret read through a share.
	ShareID     string
	ShareSecret Secret
	// PageEvent counts the read as a visit of the asset's page.
	PageEvent bool
	// Resource reads resource assets.
	Resource bool
}

// idArgument is how ids go out.
type idArgument struct {
	ID AssetID `json:"id"`
}

func idArguments(ids []AssetID) []idArgument {
	list := make([]idArgument, len(ids))
	for i, id := range ids {
		list[i] = idArgument{id}
	}
	return list
}

// shareArguments go into every argument that can be read through a share.
type shareArguments struct {
	ShareID     string `json:"shareId,omitempty"`
	ShareSecret string `json:"shareSecret,omitempty"`
}

func (o *ReadOptions) share() shareArguments {
	if o == nil {
		return shareArguments{}
	}
	return shareArguments{o.ShareID, o.ShareSecret.Reveal()}
}

func (o *ReadOptions) method(plain, resource string) string {
	if o != nil && o.Resource {
		return resource
	}
	return plain
}

// GetAsset reads one asset. One that is not there, or not visible to the user,
// is ErrNotFound however the portal says it: by its status, by the error
// object, by a task in the state "error" or by null. It is ErrNotFound as well
// if the portal itself is not there: [PortalsService.Presence] tells them
// apart. Other errors: ErrTaskFailed, ErrTaskOverdue, ErrBrokenReply,
// ErrBrokenItem.
//
// API: POST .../IAssetsRead/execute/getAssetAsync.
func (s *PortalsService) GetAsset(ctx context.Context, p Portal, id AssetID, opts *ReadOptions) (*Asset, error) {
	method := opts.method("getAssetAsync", "getResourceAssetAsync")
	if err := checkIDs("Portals."+method, []AssetID{id}); err != nil {
		return nil, err
	}
	argument := struct {
		AssetID     idArgument `json:"assetId"`
		IsPageEvent *bool      `json:"isPageEvent,omitempty"`
		shareArguments
	}{AssetID: idArgument{id}, shareArguments: opts.share()}
	if opts != nil && opts.PageEvent {
		argument.IsPageEvent = &opts.PageEvent
	}
	answer, err := read[struct {
		Asset json.RawMessage `json:"assetDataObject"`
	}](ctx, s, p, InterfaceRead, method, argument)
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return nil, err
	}
	if len(answer.Asset) == 0 || string(answer.Asset) == "null" {
		missing := ErrNotFound
		if err != nil {
			missing = fmt.Errorf("%w: %w", ErrNotFound, ErrFailedSteps)
		}
		return nil, &Error{Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: "no asset " + string(id), Err: missing}
	}
	item := s.item(answer.Asset)
	switch {
	case item.Err != nil:
		return nil, item.Err
	case !item.Asset.is(id):
		return nil, &Error{Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: fmt.Sprintf("asked for %s, got %s", id, item.ID), Err: ErrBrokenReply}
	}
	return item.Asset, err
}

// GetAssets reads assets and waits for the task that does it. The items are in
// the order of ids, one each. One that did not come has an error: ErrNotFound,
// or ErrFailedSteps if steps of the task failed, since then nobody can say
// whether it is missing. The second result is an error of the whole call.
//
// API: POST .../IAssetsRead/execute/getAssetsAsync.
func (s *PortalsService) GetAssets(ctx context.Context, p Portal, ids []AssetID, opts *ReadOptions) ([]AssetItem, error) {
	method := opts.method("getAssetsAsync", "getResourceAssetsAsync")
	if err := checkIDs("Portals."+method, ids); err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Assets []json.RawMessage `json:"assetDataObjects"`
	}](ctx, s, p, InterfaceRead, method, struct {
		AssetIDs []idArgument `json:"assetIds"`
		shareArguments
	}{idArguments(ids), opts.share()})
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return nil, err
	}
	came := make([]AssetItem, 0, len(answer.Assets))
	for _, raw := range answer.Assets {
		came = append(came, s.item(raw))
	}
	items := make([]AssetItem, 0, len(ids))
	for _, id := range ids {
		items = append(items, pick(came, id, "Portals."+method, err))
	}
	return items, nil
}

// pick finds what came for an id, or says why nothing did.
func pick(came []AssetItem, id AssetID, op string, failed error) AssetItem {
	broken := false
	for _, item := range came {
		switch {
		case item.Asset != nil && item.Asset.is(id), item.Err != nil && item.ID == id:
			item.ID = id
			return item
		case item.Err != nil && item.ID == "":
			broken = true
		}
	}
	missing := AssetItem{ID: id, Err: &Error{Op: op, Method: "POST", StatusCode: 200, Message: "no asset " + string(id), Err: ErrNotFound}}
	switch {
	case failed != nil:
		missing.Err = failed
	case broken:
		// One of those that have no id may be this one.
		missing.Err = &AssetError{ID: id, Err: errors.New("it did not come, and what came has items without an id")}
	}
	return missing
}

func checkIDs(op string, ids []AssetID) error {
	var faults rest.Problems
	if len(ids) == 0 {
		faults.Add("asset ids", 0, "at least one")
	}
	for i, id := range ids {
		if id == "" {
			faults.Add(fmt.Sprintf("asset ids[%d]", i), id, "the id of an asset")
		}
	}
	return faults.Err(op)
}
