package testserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// SmintDriverOptions say which feed a driver reads and how.
type SmintDriverOptions struct {
	// Feed is the base address of the feed, such as http://host/adapter/v1.
	Feed string
	// Client sends the requests, by default http.DefaultClient.
	Client *http.Client
	// Header goes with every request: whatever the feed asks for as login.
	Header http.Header
	// Instance is the data adapter instance in scoped ids, by default 99.
	Instance string
	// PageSize and ChangeLimit size the pages, by default 50 each.
	PageSize, ChangeLimit int
	// GateAttribute and GateValues are the index gate: an asset is indexed only
	// if this attribute has one of these values. Empty gates nothing.
	GateAttribute string
	GateValues    []string
	// Thumbnails has the driver fetch a rendition whenever an asset's ETag or
	// version changes.
	Thumbnails bool
	// Live keeps no index: each read and search at the portal asks the feed in
	// that moment. Such a driver is not polled.
	Live bool
}

// SmintDriver plays Smint.io's side of the adapter feed: it crawls the folders
// once, then polls the changes, and keeps the portal's index. What a creative
// sees changes only when the driver polls.
type SmintDriver struct {
	smint   *Smint
	options SmintDriverOptions
	polling sync.Mutex

	// Both are guarded by the fake's lock.
	wanted  map[string]bool
	crawled bool
}

// SmintPoll is what a poll has done.
type SmintPoll struct {
	// Recrawled tells that the continuation was too old, or that there was
	// none, and that the folders were crawled.
	Recrawled bool
	// Updated, Deleted and Gated count assets; Pages counts pages of changes.
	Updated, Deleted, Gated, Pages int
}

var errTooOld = errors.New("the continuation is too old")

// NewDriver makes a driver that keeps this portal's index from a feed.
func (s *Smint) NewDriver(options SmintDriverOptions) *SmintDriver {
	if options.Client == nil {
		options.Client = http.DefaultClient
	}
	if options.Instance == "" {
		options.Instance = "99"
	}
	if options.PageSize == 0 {
		options.PageSize = 50
	}
	if options.ChangeLimit == 0 {
		options.ChangeLimit = 50
	}
	options.Feed = strings.TrimSuffix(options.Feed, "/")
	driver := &SmintDriver{smint: s, options: options, wanted: map[string]bool{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drivers = append(s.drivers, driver)
	_, driver.crawled = s.portal.Feeds[options.Instance]
	for _, entry := range s.portal.Index {
		if entry.Instance == options.Instance {
			entry.feed = driver
		}
	}
	return driver
}

// Continuation is the cursor that the next poll sends.
func (d *SmintDriver) Continuation() string {
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	return d.smint.portal.Feeds[d.options.Instance]
}

// SetContinuation makes the next poll send another cursor, for example one
// that is too old.
func (d *SmintDriver) SetContinuation(continuation string) {
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	d.smint.portal.Feeds[d.options.Instance] = continuation
	d.crawled = true
}

// smintStage is a copy of the index that a crawl or a poll works on. It takes
// the index's place in one step, so that nobody sees half of it.
type smintStage struct {
	assets map[string]*smintIndexed
	called []string
	poll   SmintPoll
}

// Poll reads the changes up to their end and then puts them into the index.
// The first poll, and one whose continuation is too old, crawls the folders
// first and forgets everything that isn't there any more. On an error the
// index stays as it was.
func (d *SmintDriver) Poll(ctx context.Context) (SmintPoll, error) {
	d.polling.Lock()
	defer d.polling.Unlock()
	if d.options.Live {
		return SmintPoll{}, errors.New("testserver: driver: a live connection is not polled")
	}
	setup, err := d.get(ctx, "/setup", nil)
	if err != nil {
		return SmintPoll{}, err
	}
	if setup["is_setup"] != true {
		return SmintPoll{}, errors.New("testserver: driver: the feed is not set up")
	}
	stage, continuation, err := d.begin(ctx, setup)
	if err != nil {
		return SmintPoll{}, err
	}
	continuation, err = d.changes(ctx, stage, continuation)
	if errors.Is(err, errTooOld) && !stage.poll.Recrawled {
		if stage, err = d.crawl(ctx, setup); err == nil {
			continuation, err = d.changes(ctx, stage, "")
		}
	}
	if err != nil {
		return SmintPoll{}, err
	}
	if err := d.callBack(ctx, stage); err != nil {
		return SmintPoll{}, err
	}
	if err := d.renditions(ctx, stage); err != nil {
		return SmintPoll{}, err
	}
	d.install(stage, continuation)
	return stage.poll, nil
}

func (d *SmintDriver) begin(ctx context.Context, setup SmintJSON) (*smintStage, string, error) {
	d.smint.mu.Lock()
	crawled := d.crawled
	continuation := d.smint.portal.Feeds[d.options.Instance]
	stage := &smintStage{assets: map[string]*smintIndexed{}}
	for id, entry := range d.smint.portal.Index {
		if entry.Instance == d.options.Instance {
			copied := *entry
			stage.assets[id] = &copied
		}
	}
	d.smint.mu.Unlock()
	if crawled {
		return stage, continuation, nil
	}
	stage, err := d.crawl(ctx, setup)
	return stage, "", err
}

func (d *SmintDriver) install(stage *smintStage, continuation string) {
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	maps.DeleteFunc(d.smint.portal.Index, func(_ string, entry *smintIndexed) bool { return entry.Instance == d.options.Instance })
	maps.Copy(d.smint.portal.Index, stage.assets)
	d.smint.portal.Feeds[d.options.Instance] = continuation
	d.crawled = true
	for _, id := range stage.called {
		delete(d.wanted, id)
	}
}

// index puts one asset into the stage, or takes it out if the gate is shut.
func (d *SmintDriver) index(stage *smintStage, asset SmintJSON, folder string) error {
	id := smintString(asset, "id")
	if id == "" || strings.Contains(id, ":") || smintString(asset, "content_type") == "" {
		return fmt.Errorf("testserver: driver: the asset %q has no id without colons, or no content type", id)
	}
	if d.options.GateAttribute != "" {
		values := smintAttributeTexts(asset, d.options.GateAttribute)
		if !slices.ContainsFunc(values, func(value string) bool { return slices.Contains(d.options.GateValues, value) }) {
			delete(stage.assets, id)
			stage.poll.Gated++
			return nil
		}
	}
	entry := &smintIndexed{Asset: asset, Instance: d.options.Instance, FromFeed: true, feed: d}
	if old := stage.assets[id]; old != nil {
		entry.Folders, entry.Thumbnail = old.Folders, old.Thumbnail
		if smintString(old.Asset, "etag") != smintString(asset, "etag") || smintString(old.Asset, "version") != smintString(asset, "version") {
			entry.Thumbnail = nil
		}
	}
	if folder != "" && !slices.Contains(entry.Folders, folder) {
		entry.Folders = append(slices.Clone(entry.Folders), folder)
	}
	stage.assets[id] = entry
	stage.poll.Updated++
	return nil
}

// changes follows the change feed to its end.
func (d *SmintDriver) changes(ctx context.Context, stage *smintStage, continuation string) (string, error) {
	for {
		query := url.Values{"limit": {fmt.Sprint(d.options.ChangeLimit)}}
		if continuation != "" {
			query.Set("continuation", continuation)
		}
		page, err := d.get(ctx, "/changes", query)
		if err != nil {
			return "", err
		}
		stage.poll.Pages++
		list, ok := page["changes"].([]any)
		if !ok {
			return "", errors.New("testserver: driver: a page of changes has no list")
		}
		for _, one := range list {
			change, _ := one.(SmintJSON)
			if err := d.change(ctx, stage, change); err != nil {
				return "", err
			}
		}
		next := smintString(page, "continuation")
		if page["has_more"] != true {
			if next == "" {
				next = continuation
			}
			return next, nil
		}
		if next == "" || next == continuation {
			return "", fmt.Errorf("testserver: driver: the feed says there is more but repeats the continuation %q", next)
		}
		continuation = next
	}
}

func (d *SmintDriver) change(ctx context.Context, stage *smintStage, change SmintJSON) error {
	id := smintString(change, "asset_id")
	switch kind := smintString(change, "type"); kind {
	case "asset_update":
		asset, ok := change["asset"].(SmintJSON)
		if !ok || smintString(asset, "id") != id {
			return fmt.Errorf("testserver: driver: the update of %q carries no asset of that id", id)
		}
		return d.index(stage, asset, "")
	case "asset_deletion":
		if id == "" {
			return errors.New("testserver: driver: a deletion names no asset")
		}
		delete(stage.assets, id)
		stage.poll.Deleted++
		return nil
	case "folder_deletion":
		folder := smintString(change, "folder_id")
		maps.DeleteFunc(stage.assets, func(_ string, entry *smintIndexed) bool {
			entry.Folders = slices.DeleteFunc(slices.Clone(entry.Folders), func(one string) bool { return one == folder })
			if len(entry.Folders) > 0 {
				return false
			}
			stage.poll.Deleted++
			return true
		})
		return nil
	case "folder_update":
		return d.crawlFolder(ctx, stage, smintString(change, "folder_id"), map[string]bool{})
	default:
		return fmt.Errorf("testserver: driver: the change type %q is unknown", kind)
	}
}

// callBack reads the assets that a command has named, one by one.
func (d *SmintDriver) callBack(ctx context.Context, stage *smintStage) error {
	d.smint.mu.Lock()
	stage.called = slices.Sorted(maps.Keys(d.wanted))
	d.smint.mu.Unlock()
	for _, id := range stage.called {
		if err := d.single(ctx, stage, id); err != nil {
			return err
		}
	}
	return nil
}

func (d *SmintDriver) single(ctx context.Context, stage *smintStage, id string) error {
	change, err := d.get(ctx, "/assets/"+url.PathEscape(id)+"/change", nil)
	if status := smintStatus(0); errors.As(err, &status) && status == http.StatusNotFound {
		delete(stage.assets, id)
		return nil
	}
	if err != nil {
		return err
	}
	return d.change(ctx, stage, change)
}

// Refresh asks the feed for the one change of an asset, as a webhook would have
// Smint.io do, and puts it into the index.
func (d *SmintDriver) Refresh(ctx context.Context, id string) error {
	d.polling.Lock()
	defer d.polling.Unlock()
	stage := &smintStage{assets: map[string]*smintIndexed{}}
	d.smint.mu.Lock()
	if entry := d.smint.portal.Index[id]; entry != nil {
		copied := *entry
		stage.assets[id] = &copied
	}
	d.smint.mu.Unlock()
	if err := errors.Join(d.single(ctx, stage, id), d.renditions(ctx, stage)); err != nil {
		return err
	}
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	delete(d.smint.portal.Index, id)
	maps.Copy(d.smint.portal.Index, stage.assets)
	return nil
}
