package smint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/smintecm/sdk/internal/rest"
)

// AttributeUpdate sets attributes of one asset of a portal.
type AttributeUpdate struct {
	Asset AssetID
	// Seen is the revision that the update was decided on.
	Seen Revision
	// Values are the new texts by attribute key, Expected those that were read:
	// where another one stands meanwhile, nothing is to be written.
	Values, Expected map[string]string
}

// AttributeCommand writes attributes of portal assets by a method of a custom
// public API interface, which a component at Smint.io has to implement. No
// call that Smint.io publishes writes attributes, so that neither interface
// nor method has a default. The shape of argument and answer is ours, and that
// of the commands of [CommandPublisher].
type AttributeCommand struct {
	Portals *PortalsService
	Portal  Portal
	// Interface and Method are the names that the component has.
	Interface, Method string
}

type wireAttributes struct {
	Asset      idArgument      `json:"assetId"`
	Version    *string         `json:"version"`
	ETag       *string         `json:"eTag"`
	Attributes []wireAttribute `json:"attributes"`
}

type wireAttribute struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Expected string `json:"expected"`
}

// WriteAttributes sends one update. That it was taken is not yet that it
// holds: read the asset back. Errors: ErrNotFound, ErrConflict if something
// else stands there than what was expected, ErrInvalid if the component
// refuses the values, and ErrOutcomeUnknown, after which the asset has to be
// read before the update is sent again.
//
// API: POST /portals/{portalUuid}/portalsContext/{publicApiInterface}/execute/{methodName}.
func (c *AttributeCommand) WriteAttributes(ctx context.Context, u AttributeUpdate) error {
	op := "Portals." + c.Method
	if err := c.check(op, u); err != nil {
		return err
	}
	item := wireAttributes{Asset: idArgument{u.Asset}, Version: textOrNull(u.Seen.Version), ETag: textOrNull(u.Seen.ETag)}
	for _, key := range slices.Sorted(maps.Keys(u.Values)) {
		item.Attributes = append(item.Attributes, wireAttribute{key, u.Values[key], u.Expected[key]})
	}
	t, err := c.Portals.Run(ctx, c.Portal, Call{Interface: c.Interface, Method: c.Method, Arguments: []any{map[string]any{
		"commandId": rand.Text(), "items": []wireAttributes{item},
	}}})
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return err
	}
	answer, err := resultOf[struct {
		Results []struct {
			Asset   AssetID       `json:"assetId"`
			Status  PublishStatus `json:"status"`
			Code    string        `json:"errorCode"`
			Message string        `json:"errorMessage"`
		} `json:"results"`
	}](op, t)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	if len(answer.Results) != 1 || answer.Results[0].Asset != u.Asset {
		return &Error{Op: op, Message: fmt.Sprintf("no answer about asset %s", u.Asset), Err: fmt.Errorf("%w: %w", ErrOutcomeUnknown, ErrBrokenReply)}
	}
	r := answer.Results[0]
	if r.Status.Accepted() {
		return nil
	}
	class := map[PublishStatus]error{PublishNotFound: ErrNotFound, PublishStale: ErrConflict, PublishRejected: ErrInvalid}[r.Status]
	if class == nil {
		class = fmt.Errorf("%w: %w: status '%s'", ErrOutcomeUnknown, ErrBrokenReply, r.Status)
	}
	return &Error{Op: op, Code: r.Code, Message: r.Message, Err: class}
}

func (c *AttributeCommand) check(op string, u AttributeUpdate) error {
	var faults rest.Problems
	if c.Portals == nil {
		faults.Add("portals", "none", "the portals of a client")
	}
	if c.Interface == "" || c.Method == "" {
		faults.Add("interface and method", c.Interface+" "+c.Method, "the names that the component at Smint.io has")
	}
	if u.Asset == "" {
		faults.Add("asset", u.Asset, "the id of an asset")
	}
	if len(u.Values) == 0 {
		faults.Add("values", "none", "at least one")
	}
	for key := range u.Values {
		if key == "" {
			faults.Add("values", key, "the key of an attribute")
		}
	}
	return faults.Err(op)
}
