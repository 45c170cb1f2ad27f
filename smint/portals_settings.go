package smint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// BodyForm is how the arguments of a portal's method are packed into the body.
// The vendor's documentation and its examples disagree.
type BodyForm int

// The forms.
const (
	// BodyArray sends an array of strings, each the JSON text of an argument.
	BodyArray BodyForm = iota
	// BodyText sends that array as one JSON string.
	BodyText
	// BodyEither sends the array and, until one of the forms was taken for the
	// first time, the string if the server answers 400 or 415.
	BodyEither
)

// TaskPolling says how background tasks are waited for. Polls keep an even
// pace; one that fails waits for the next.
type TaskPolling struct {
	// Interval lies between two polls: at least a second, the vendor recommends
	// 5 to 10 of them. Defaults to 5 seconds.
	Interval time.Duration
	// Deadline bounds the wait for one task. Defaults to 10 minutes.
	Deadline time.Duration
	// Now and Wait, for tests, are the clock. Wait returns early, with its
	// error, if ctx ends.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// PortalSettings are what the vendor leaves open about its portals. The zero
// value means the defaults.
type PortalSettings struct {
	BodyForm BodyForm
	Polling  TaskPolling
	// Codec reads and writes the properties of data objects.
	Codec PropertyCodec
	// UploadField is the form field of an upload. Defaults to "file".
	UploadField string
	// PayloadPath is the path of the payload operation below Endpoints.Payload.
	// Defaults to "/portalsPayload".
	PayloadPath string
	// Permissions are the ids that assets name in their permissions.
	Permissions PermissionUUIDs
}

// PermissionUUIDs are the portal's ids of the four permissions on an asset.
// The vendor does not publish their values. Empty ones default to "search",
// "read_details", "download_layout" and "download_hires".
type PermissionUUIDs struct {
	Search, ReadDetails, DownloadLayout, DownloadHires string
}

// WithPortals sets what the vendor leaves open about its portals.
func WithPortals(p PortalSettings) Option { return func(o *options) { o.portal = p } }

func (p PortalSettings) withDefaults() PortalSettings {
	text := func(s *string, fallback string) {
		if *s == "" {
			*s = fallback
		}
	}
	text(&p.UploadField, "file")
	text(&p.PayloadPath, defaultPayloadPath)
	text(&p.Permissions.Search, "search")
	text(&p.Permissions.ReadDetails, "read_details")
	text(&p.Permissions.DownloadLayout, "download_layout")
	text(&p.Permissions.DownloadHires, "download_hires")
	if p.Polling.Interval == 0 {
		p.Polling.Interval = 5 * time.Second
	}
	if p.Polling.Deadline == 0 {
		p.Polling.Deadline = 10 * time.Minute
	}
	if p.Polling.Now == nil {
		p.Polling.Now = time.Now
	}
	if p.Polling.Wait == nil {
		p.Polling.Wait = pause
	}
	if p.Codec.Decode == nil {
		p.Codec.Decode = decodeProperty
	}
	if p.Codec.Encode == nil {
		p.Codec.Encode = encodeProperty
	}
	return p
}

func (p PortalSettings) check(faults *rest.Problems) {
	if p.BodyForm < BodyArray || p.BodyForm > BodyEither {
		faults.Add("portals, body form", int(p.BodyForm), "BodyArray, BodyText or BodyEither")
	}
	if p.Polling.Interval < time.Second {
		faults.Add("portals, polling interval", p.Polling.Interval, "a second or more")
	}
	if p.Polling.Deadline < p.Polling.Interval {
		faults.Add("portals, polling deadline", p.Polling.Deadline, "no less than the interval")
	}
	if !strings.HasPrefix(p.PayloadPath, "/") {
		faults.Add("portals, payload path", p.PayloadPath, "a path that begins with /")
	}
}

// pause waits for d on the machine's clock.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// portalCore is what the portals' service needs.
type portalCore struct {
	PortalSettings
	// frontend and payload are nil where no endpoint was given.
	frontend, payload *rest.Client
	// polls is frontend without retries of its own: a poll that fails waits for
	// the next one, and nothing in between.
	polls *rest.Client
	// form is the body form that was taken once, plus one; 0 is not yet.
	form *atomic.Int32
}

func (o options) portalCore(faults *rest.Problems, ends Endpoints, cred rest.Credential) portalCore {
	k := portalCore{PortalSettings: o.portal, form: new(atomic.Int32)}
	o.classify = classifyPortal
	if ends.Portals != "" {
		k.frontend = o.client(faults, "portals URL", ends.Portals, cred)
		o.retries = 0
		var again rest.Problems
		k.polls = o.client(&again, "portals URL", ends.Portals, cred)
	}
	if ends.Payload != "" {
		k.payload = o.client(faults, "payload URL", ends.Payload, cred)
	}
	return k
}

// saysMissing reads the vendor's ways to say that an asset is not there: a
// code such as AssetNotFound or asset_not_found, a message such as "The asset
// was not found". A message that speaks of something else, a host or an
// endpoint, says nothing about the asset.
func saysMissing(code, message string) bool {
	squeeze := strings.NewReplacer("_", "", "-", "", " ", "", "be", "")
	if strings.Contains(squeeze.Replace(strings.ToLower(code)), "notfound") {
		return true
	}
	message = squeeze.Replace(strings.ToLower(message))
	return strings.Contains(message, "notfound") && strings.Contains(message, "asset")
}

// classifyPortal gives the error object for an asset that is not there its
// class, whatever its status.
func classifyPortal(f *rest.Failure) {
	if f.Status >= 400 && f.JSON && saysMissing(f.Code, f.Message) && !errors.Is(f.Err, ErrNotFound) {
		f.Err, f.Retryable = fmt.Errorf("%w: %w", ErrNotFound, f.Err), false
	}
}
