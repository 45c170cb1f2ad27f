package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// Place is one place where Smint.io shows the assets of records. It is safe for
// concurrent use.
type Place interface {
	// Name says which place it is, for people.
	Name() string
	// Entry tells what the place has of a record, without asking Smint.io.
	Entry(ctx context.Context, key records.RecordKey) (PlaceEntry, error)
	// Change has the place show what the decision allows, and no more. That it
	// was taken is no proof. ErrNoTransport: nothing carries changes there.
	Change(ctx context.Context, entry PlaceEntry, d AccessDecision) error
	// ReadBack asks Smint.io's side what it shows of the record now.
	ReadBack(ctx context.Context, entry PlaceEntry) (smint.ReadBack, error)
}

// Unreacher is a [Place] that can tell, without trying, that nothing carries
// changes there. What is known not to be carried is neither tried nor taken down
// as a mutation.
type Unreacher interface {
	// Unreached is nil, or an error that matches ErrNoTransport and says why.
	Unreached(entry PlaceEntry) error
}

// PlaceEntry is what a place has of a record.
type PlaceEntry struct {
	Record records.RecordKey `json:"record"`
	// ID is the id by which the place knows it. Empty: the place never shows it.
	ID string `json:"id"`
	// Says is the access that the place was last told, empty if nobody can say.
	Says adapter.Access `json:"says,omitempty"`
	// Successor is the external id that it names as successor.
	Successor string `json:"successor,omitempty"`
	// Absent tells that the place was never told of the record.
	Absent bool `json:"absent,omitempty"`
	// Carries are the further versions of the asset that the record holds, by the
	// short hashes of their keys. AnyVersion tells that nobody can say which it
	// held: whichever is shown counts as one of them. PropagateDisposition fills
	// in both.
	Carries    []string `json:"carries,omitempty"`
	AnyVersion bool     `json:"any_version,omitempty"`
}

// holds tells whether a version of the asset is one that the record holds.
func (e PlaceEntry) holds(version string) bool {
	if version == "" || version == e.Record.Version() || e.AnyVersion {
		return true
	}
	shown, err := records.NewAssetKey(e.Record.Scope(), e.Record.Item(), version)
	return err != nil || slices.Contains(e.Carries, shown.Short())
}

// action is what a decision asks of the place's transport. Of what it was never
// told it can only take away.
func (e PlaceEntry) action(d AccessDecision) smint.PublishAction {
	if e.Absent {
		return smint.ActRemoveAccess
	}
	return action(d.Access)
}

// agrees tells that the place was told the decision already.
func (e PlaceEntry) agrees(d AccessDecision) bool {
	switch action(d.Access) {
	case smint.ActRemoveAccess:
		return e.Says == adapter.Removed || e.Says == adapter.Hidden
	case smint.ActReplace:
		return e.Says == adapter.Superseded && e.Successor == ExternalID(d.ReplacedBy)
	case smint.ActPublish, smint.ActExpire:
	}
	return e.Says == d.Access
}

// FeedPlace is the entry of a record in a feed of ours, or whatever else a
// publisher reaches by external ids.
type FeedPlace struct {
	// Title says which feed it is.
	Title string
	// Publisher carries changes and reads back: an adapter.Publisher or a
	// smint.CommandPublisher.
	Publisher smint.Publisher
}

var _ Place = FeedPlace{}

// Name says which feed it is.
func (p FeedPlace) Name() string {
	if p.Title == "" {
		return "our feed"
	}
	return p.Title
}

// Entry names the record by its [ExternalID]. Of an adapter's feed it also reads
// what that says now.
func (p FeedPlace) Entry(ctx context.Context, key records.RecordKey) (PlaceEntry, error) {
	e := PlaceEntry{Record: key, ID: ExternalID(key)}
	feed, ok := p.Publisher.(*adapter.Publisher)
	if !ok || feed.Feed == nil {
		return e, nil
	}
	id := "otcs-" + e.ID
	if feed.ID != nil {
		id = feed.ID(e.ID)
	}
	a, err := feed.Feed.Asset(ctx, id)
	switch {
	case errors.Is(err, adapter.ErrNotFound) && feed.Feed.Sequence(id) > 0:
		e.Says = adapter.Removed // a tombstone.
	case errors.Is(err, adapter.ErrNotFound):
		e.Absent = true
	case err != nil:
		return e, err
	default:
		e.Says, e.Successor = a.Access, a.ReplacedBy
	}
	return e, nil
}

// action is what a decision asks of a transport.
func action(a adapter.Access) smint.PublishAction {
	switch a {
	case adapter.Full, adapter.NoFirstUse, adapter.LayoutOnly:
		return smint.ActPublish
	case adapter.Expired:
		return smint.ActExpire
	case adapter.Superseded:
		return smint.ActReplace
	case adapter.Hidden, adapter.Removed:
		return smint.ActRemoveAccess
	}
	return smint.ActRemoveAccess
}

// outrun is how much later a restriction claims to be, if the place knows
// something newer: a clock that went ahead somewhere must not keep it out. What
// is claimed ahead of time only keeps grants out for as long.
var outrun = []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour}

// Change publishes the decision. An older one than the place knows changes
// nothing, except that what takes access away is sent as a newer one.
func (p FeedPlace) Change(ctx context.Context, entry PlaceEntry, d AccessDecision) error {
	return publish(ctx, p.Publisher, p.Name(), entry, d)
}

func publish(ctx context.Context, to smint.Publisher, name string, entry PlaceEntry, d AccessDecision) error {
	if to == nil {
		return fmt.Errorf("%w: %s", ErrNoTransport, name)
	}
	item := smint.Publication{
		ExternalID: entry.ID, Action: entry.action(d), Reason: string(d.Cause), Version: d.Record.Version(),
	}
	if item.Action == smint.ActReplace {
		item.Replacement = ExternalID(d.ReplacedBy)
	}
	var last smint.PublishResult
	for _, ahead := range outrun {
		item.Sequence = d.Sequence() + ahead.Microseconds()
		results, err := to.Publish(ctx, item)
		if err != nil {
			return fmt.Errorf("%s: %s %s: %w", name, item.Action, entry.ID, err)
		}
		if len(results) != 1 {
			return fmt.Errorf("%s: %s %s: %d answers: %w", name, item.Action, entry.ID, len(results), smint.ErrBrokenReply)
		}
		last = results[0]
		switch {
		case last.Status.Accepted():
			return nil
		case last.Status == smint.PublishNotFound && d.Access != adapter.Full:
			return nil // what is not there is not shown.
		case d.Access == adapter.Full:
			return fmt.Errorf("%s: %s %s: %w: %s %s", name, item.Action, entry.ID, ErrNotProven, last.Status, last.Message)
		}
	}
	return fmt.Errorf("%s: %s %s: %w: %s %s", name, item.Action, entry.ID, ErrNotProven, last.Status, last.Message)
}

// ReadBack asks through the publisher.
func (p FeedPlace) ReadBack(ctx context.Context, entry PlaceEntry) (smint.ReadBack, error) {
	if p.Publisher == nil {
		return smint.ReadBack{}, smint.ErrCannotAsk
	}
	return p.Publisher.ReadBack(ctx, entry.ID)
}

// SourcePlace is the asset that a record was declared from, in the portal where
// it comes from. Our feed cannot touch it.
type SourcePlace struct {
	Portals *smint.PortalsService
	Portal  smint.Portal
	// Control is an asset that the portal always shows: see
	// smint.PortalsService.Presence.
	Control smint.AssetID
	// AssetOf names the portal's asset of a purchase; an empty id says that no
	// portal shows it. Without AssetOf nobody can say which one it is, and the
	// place of a purchase stays open.
	AssetOf func(ctx context.Context, key records.RecordKey) (smint.AssetID, error)
	// Publisher carries changes there, by the ids of the portal; nil: nothing
	// does.
	Publisher smint.Publisher
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

var _ Place = SourcePlace{}

// Name says which portal it is.
func (p SourcePlace) Name() string { return "source asset in portal " + string(p.Portal.UUID) }

// purchased marks the id of a purchase whose asset nobody can name.
const purchased = "purchase "

// Entry names the asset that the record was declared from.
func (p SourcePlace) Entry(ctx context.Context, key records.RecordKey) (PlaceEntry, error) {
	e := PlaceEntry{Record: key}
	switch {
	case key.Kind() == records.SourceAsset:
		e.ID = key.Item()
	case p.AssetOf == nil:
		e.ID = purchased + key.Item()
	default:
		id, err := p.AssetOf(ctx, key)
		if err != nil {
			return e, fmt.Errorf("%s: the asset of %s: %w", p.Name(), key, err)
		}
		e.ID = string(id)
	}
	return e, nil
}

// Unreached tells why nothing carries changes there.
func (p SourcePlace) Unreached(entry PlaceEntry) error {
	switch {
	case strings.HasPrefix(entry.ID, purchased):
		return fmt.Errorf("%w: %s: nobody can say which asset shows %s", ErrNoTransport, p.Name(), entry.ID)
	case p.Publisher == nil:
		return fmt.Errorf("%w: %s", ErrNoTransport, p.Name())
	}
	return nil
}

// Change publishes the decision, if anything carries it there.
func (p SourcePlace) Change(ctx context.Context, entry PlaceEntry, d AccessDecision) error {
	if err := p.Unreached(entry); err != nil {
		return err
	}
	return publish(ctx, p.Publisher, p.Name(), entry, d)
}

// ReadBack asks the portal. An asset that is there in a version that the record
// does not hold is not what it was declared from.
func (p SourcePlace) ReadBack(ctx context.Context, entry PlaceEntry) (smint.ReadBack, error) {
	if p.Portals == nil || strings.HasPrefix(entry.ID, purchased) {
		return smint.ReadBack{}, smint.ErrCannotAsk
	}
	back, err := smint.PortalReadBack{
		Portals: p.Portals, Portal: p.Portal, Control: p.Control, Now: p.Now,
		AssetID: func(context.Context, string) (smint.AssetID, error) { return smint.AssetID(entry.ID), nil },
	}.ReadBack(ctx, entry.ID)
	if err != nil || back.Asset == nil || entry.Record.Kind() != records.SourceAsset {
		return back, err
	}
	if shown := back.Asset.Version; !entry.holds(shown) {
		return smint.ReadBack{At: back.At, Sight: smint.Sight{
			Presence: smint.PresenceGone, Evidence: fmt.Sprintf("the portal shows version %q, the record is version %q", shown, entry.Record.Version()),
		}}, nil
	}
	return back, nil
}

// proves tells whether what Smint.io shows is no more than the access allows,
// and in words what it rests on, or what stands against it.
func proves(a adapter.Access, back smint.ReadBack) (ok bool, evidence string) {
	switch {
	case back.Presence == smint.PresenceGone:
		return true, "not shown: " + back.Evidence
	case back.Presence != smint.PresenceShown:
		return false, "nobody can tell whether it is shown"
	}
	shown := fmt.Sprintf("shown with %d downloads", len(back.Downloads))
	if len(back.Downloads) > 0 {
		shown += " (" + strings.Join(back.Downloads, ", ") + ")"
	}
	switch a {
	case adapter.Full:
		return true, shown
	case adapter.LayoutOnly:
		return !slices.Contains(back.Downloads, smint.ItemOriginal), shown
	case adapter.NoFirstUse, adapter.Expired, adapter.Superseded:
		return len(back.Downloads) == 0, shown
	case adapter.Hidden, adapter.Removed:
	}
	return false, shown
}
