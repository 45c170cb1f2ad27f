package smint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// PublishAction is what a publication does to an asset at Smint.io.
type PublishAction string

// The actions.
const (
	// ActPublish offers an asset, or brings up to date what is offered of it.
	ActPublish PublishAction = "publish"
	// ActExpire marks it as expired: it can be seen, and not downloaded.
	ActExpire PublishAction = "expire"
	// ActRemoveAccess takes it away. Only a later ActPublish brings it back.
	ActRemoveAccess PublishAction = "remove_access"
	// ActReplace marks it as superseded by another asset.
	ActReplace PublishAction = "replace"
)

// Publication says what becomes of one asset. It never carries content. It is
// idempotent by external id and sequence: an older sequence changes nothing.
type Publication struct {
	// ExternalID is the asset's id at its source.
	ExternalID string        `json:"external_id"`
	Sequence   int64         `json:"sequence"`
	Action     PublishAction `json:"action"`
	// EffectiveAt is when it holds from; zero means at once.
	EffectiveAt time.Time `json:"effective_at,omitzero"`
	Reason      string    `json:"reason,omitempty"`
	// Replacement is the external id of the successor, for ActReplace.
	Replacement string `json:"replacement,omitempty"`
	Version     string `json:"version,omitempty"`
}

func (p Publication) check(faults *rest.Problems, field string) {
	if p.ExternalID == "" {
		faults.Add(field+".external_id", "", "the asset's id at its source")
	}
	if p.Sequence < 1 {
		faults.Add(field+".sequence", p.Sequence, "1 or more")
	}
	switch p.Action {
	case ActPublish, ActExpire, ActRemoveAccess, ActReplace:
	default:
		faults.Add(field+".action", p.Action, "publish, expire, remove_access or replace")
	}
	if p.Action == ActReplace && (p.Replacement == "" || p.Replacement == p.ExternalID) {
		faults.Add(field+".replacement", p.Replacement, "the external id of the successor")
	}
}

// CheckPublications reports everything that is wrong with publications, or
// nil; the error matches ErrInvalid.
func CheckPublications(items ...Publication) error {
	var faults rest.Problems
	if len(items) == 0 {
		faults.Add("items", "none", "at least one publication")
	}
	for i, p := range items {
		p.check(&faults, fmt.Sprintf("items[%d]", i))
	}
	return faults.Err("smint.Publish")
}

// PublishStatus says what became of a publication. The list is open.
type PublishStatus string

// The statuses.
const (
	PublishApplied   PublishStatus = "applied"
	PublishUnchanged PublishStatus = "unchanged"
	// PublishNotFound: the other side does not know the asset.
	PublishNotFound PublishStatus = "not_found"
	// PublishStale: it knows something newer, which stays.
	PublishStale    PublishStatus = "stale"
	PublishRejected PublishStatus = "rejected"
)

// Accepted tells that the other side took the publication, or had it already.
// That it holds is shown by reading back, and by nothing else.
func (s PublishStatus) Accepted() bool { return s == PublishApplied || s == PublishUnchanged }

// PublishResult is the answer to one publication.
type PublishResult struct {
	ExternalID string        `json:"external_id"`
	Sequence   int64         `json:"sequence"`
	Status     PublishStatus `json:"status"`
	// AssetID is the id that a portal has for it, if the answer names one.
	AssetID AssetID `json:"asset_id,omitempty"`
	// Code and Message say why it was not taken.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Publisher carries publications to Smint.io, and reads back what it shows
// then. It is safe for concurrent use.
type Publisher interface {
	// Publish sends publications and returns an answer for each, in their order.
	// It may be repeated: see [Publication].
	Publish(ctx context.Context, items ...Publication) ([]PublishResult, error)
	// ReadBack asks Smint.io's side, never a list of our own, what it shows of an
	// asset now. A publisher that has no way to ask returns ErrCannotAsk: what it
	// was told to take away is then never proven gone.
	ReadBack(ctx context.Context, externalID string) (ReadBack, error)
}

// ErrCannotAsk tells that the transport has no way to ask Smint.io what it shows.
var ErrCannotAsk = errors.New("the transport cannot ask what is shown")

// ReadBack is what Smint.io shows of an asset at one moment.
type ReadBack struct {
	Sight
	// Downloads are the items that can be downloaded, of an asset that is shown.
	Downloads []string
	// At is when the answer came.
	At time.Time
}

// PortalReadBack reads back through a portal.
type PortalReadBack struct {
	Portals *PortalsService
	Portal  Portal
	// AssetID names the portal's id of an asset at its source. ErrNotFound says
	// that there never was one.
	AssetID func(ctx context.Context, externalID string) (AssetID, error)
	// Control is an asset that the portal always shows: see
	// [PortalsService.Presence].
	Control AssetID
	// Search, if set, is a query that finds the asset as long as the portal lists
	// it, as by an attribute that holds its external id. An asset that can no
	// longer be read and is still found is not gone: its renditions are there.
	Search func(externalID string) SearchQuery
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

// ReadBack asks the portal: whether the asset can be read, whether a search
// finds it, and what can be downloaded of it. A status 404, an error object and
// a task in the state "error" all mean gone, as [PortalsService.Presence] has
// it; a portal that cannot be asked is an error and PresenceUnknown.
//
// API: POST .../IAssetsRead/execute/getAssetAsync,
// POST .../IAssetsSearch/execute/searchAssetsAsync,
// POST .../IAssetsDownload/execute/getAssetsDownloadsForAssetsAsync.
func (r PortalReadBack) ReadBack(ctx context.Context, externalID string) (ReadBack, error) {
	if r.Portals == nil || r.AssetID == nil {
		return ReadBack{}, fmt.Errorf("%w: no portal is set", ErrCannotAsk)
	}
	id, err := r.AssetID(ctx, externalID)
	if err != nil {
		return ReadBack{}, fmt.Errorf("smint: the portal's id of '%s': %w", externalID, err)
	}
	now := r.Now
	if now == nil {
		now = time.Now
	}
	seen, err := r.Portals.Presence(ctx, r.Portal, id, r.Control)
	if err == nil && seen.Presence == PresenceGone && r.Search != nil {
		seen, err = r.listed(ctx, id, r.Search(externalID), seen)
	}
	back := ReadBack{Sight: seen, At: now().UTC()}
	if err != nil || seen.Presence != PresenceShown {
		return back, err
	}
	groups, err := r.Portals.DownloadGroups(ctx, r.Portal, []AssetID{id}, nil)
	if err != nil {
		return back, fmt.Errorf("smint: what can be downloaded of asset %s: %w", id, err)
	}
	for _, g := range groups {
		for _, item := range g.Items {
			if !slices.Contains(back.Downloads, item.ItemID) {
				back.Downloads = append(back.Downloads, item.ItemID)
			}
		}
	}
	return back, nil
}

// listed looks for an asset that can no longer be read in what a search finds.
func (r PortalReadBack) listed(ctx context.Context, id AssetID, q SearchQuery, gone Sight) (Sight, error) {
	for a, err := range r.Portals.All(ctx, r.Portal, q) {
		broken, other := errors.AsType[*AssetError](err)
		switch {
		case other && broken.ID != "" && broken.ID != id:
		case err != nil:
			return Sight{Answer: err}, fmt.Errorf("smint: whether a search still finds asset %s: %w", id, err)
		case a.is(id):
			return Sight{Presence: PresenceShown, Asset: a, Answer: gone.Answer, Evidence: "getAssetAsync refuses it, and a search still finds it"}, nil
		}
	}
	gone.Evidence += "; no search finds it"
	return gone, nil
}

// CommandMethods are the names of a custom public API interface that takes
// commands. Empty ones have the defaults.
type CommandMethods struct {
	Interface, Upsert, Expire, RemoveAccess, Replace string
}

func (m CommandMethods) withDefaults() CommandMethods {
	for to, name := range map[*string]string{
		&m.Interface: "IEcmRecordAssets", &m.Upsert: "upsertAssetsAsync", &m.Expire: "expireAssetsAsync",
		&m.RemoveAccess: "removeAccessAsync", &m.Replace: "replaceAssetsAsync",
	} {
		if *to == "" {
			*to = name
		}
	}
	return m
}

func (m CommandMethods) of(a PublishAction) string {
	return map[PublishAction]string{ActPublish: m.Upsert, ActExpire: m.Expire, ActRemoveAccess: m.RemoveAccess, ActReplace: m.Replace}[a]
}

// CommandPublisher publishes by commands: a custom public API interface that
// a component at Smint.io implements.
type CommandPublisher struct {
	Portals *PortalsService
	Portal  Portal
	Methods CommandMethods
	// Back reads back; without it ReadBack is ErrCannotAsk.
	Back *PortalReadBack
}

var _ Publisher = (*CommandPublisher)(nil)

type wireCommand struct {
	ID    string            `json:"commandId"`
	Items []wirePublication `json:"items"`
}

type wirePublication struct {
	ExternalID  string  `json:"externalId"`
	Sequence    int64   `json:"sequence"`
	EffectiveAt *string `json:"effectiveAt"`
	Reason      *string `json:"reason"`
	Replacement *string `json:"replacementExternalId"`
	Version     *string `json:"version"`
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (p Publication) wire() wirePublication {
	w := wirePublication{
		ExternalID: p.ExternalID, Sequence: p.Sequence, Reason: textOrNull(p.Reason), Replacement: textOrNull(p.Replacement), Version: textOrNull(p.Version),
	}
	if !p.EffectiveAt.IsZero() {
		w.EffectiveAt = textOrNull(p.EffectiveAt.UTC().Format(time.RFC3339))
	}
	return w
}

// Publish sends one command for each run of publications with the same action.
// An item without an answer, or with one that names another item, is an error
// that matches ErrBrokenReply; the answers that came are returned beside it.
//
// API: POST /portals/{portalUuid}/portalsContext/{publicApiInterface}/execute/{methodName}.
func (c *CommandPublisher) Publish(ctx context.Context, items ...Publication) ([]PublishResult, error) {
	if err := CheckPublications(items...); err != nil {
		return nil, err
	}
	methods := c.Methods.withDefaults()
	var results []PublishResult
	for rest := items; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Action == rest[0].Action && n < maxCommand {
			n++
		}
		some, err := c.command(ctx, methods, rest[:n])
		results = append(results, some...)
		if err != nil {
			return results, err
		}
		rest = rest[n:]
	}
	return results, nil
}

// maxCommand is how many items go into one command.
const maxCommand = 200

func (c *CommandPublisher) command(ctx context.Context, m CommandMethods, items []Publication) ([]PublishResult, error) {
	var command wireCommand
	for _, p := range items {
		command.Items = append(command.Items, p.wire())
	}
	command.ID = commandID(items[0].Action, command.Items)
	method := m.of(items[0].Action)
	t, err := c.Portals.Run(ctx, c.Portal, Call{Interface: m.Interface, Method: method, Arguments: []any{command}, Harmless: true})
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return nil, err
	}
	answer, err := resultOf[struct {
		Results []struct {
			ExternalID string        `json:"externalId"`
			AssetID    AssetID       `json:"assetId"`
			Status     PublishStatus `json:"status"`
			Sequence   int64         `json:"sequence"`
			Code       string        `json:"errorCode"`
			Message    string        `json:"errorMessage"`
		} `json:"results"`
	}]("Portals."+method, t)
	if err != nil {
		return nil, err
	}
	var results []PublishResult
	for i, p := range items {
		if i >= len(answer.Results) || answer.Results[i].ExternalID != p.ExternalID || answer.Results[i].Status == "" {
			return results, &Error{Op: "Portals." + method, Message: fmt.Sprintf("no answer about '%s'", p.ExternalID), Err: ErrBrokenReply}
		}
		r := answer.Results[i]
		results = append(results, PublishResult{r.ExternalID, r.Sequence, r.Status, r.AssetID, r.Code, r.Message})
	}
	return results, nil
}

// commandID names a command by all that it says: the same one again has the
// same name, and no other one has.
func commandID(a PublishAction, items []wirePublication) string {
	text, err := jsonText(items)
	if err != nil {
		return string(a)
	}
	sum := sha256.Sum256([]byte(string(a) + text))
	return hex.EncodeToString(sum[:16])
}

// ReadBack asks the portal.
func (c *CommandPublisher) ReadBack(ctx context.Context, externalID string) (ReadBack, error) {
	if c.Back == nil {
		return ReadBack{}, ErrCannotAsk
	}
	return c.Back.ReadBack(ctx, externalID)
}
