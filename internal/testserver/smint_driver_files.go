package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"
)

// Original asks the feed for an asset's original, as Smint.io does whenever
// somebody downloads it. It tells the item's size only if the feed does.
func (d *SmintDriver) Original(ctx context.Context, id string) (io.ReadCloser, error) {
	answer, err := d.get(ctx, "/assets/"+url.PathEscape(id)+"/downloadItems", nil)
	if err != nil {
		return nil, err
	}
	items := smintItems(answer)
	if len(items) == 0 {
		return nil, fmt.Errorf("testserver: driver: %s has nothing to download", id)
	}
	item := items[0]
	if slices.Contains(items, "Original") {
		item = "Original"
	}
	resp, err := d.send(ctx, "GET", "/assets/"+url.PathEscape(id)+"/content?"+url.Values{"itemId": {item}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// smintItems are the item ids of a downloadItems answer. The contract leaves
// its form open: a list under "items" or "download_items", by snake case or
// camel case.
func smintItems(answer SmintJSON) []string {
	var ids []string
	for _, name := range []string{"items", "download_items", "downloadItems"} {
		list, _ := answer[name].([]any)
		for _, one := range list {
			object, _ := one.(SmintJSON)
			for _, member := range []string{"item_id", "itemId"} {
				if id := smintString(object, member); id != "" {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// Downloadable tells what a creative would get right now: the index must grant
// the original and the feed must give it.
func (d *SmintDriver) Downloadable(ctx context.Context, id string, groups ...string) (io.ReadCloser, error) {
	d.smint.mu.Lock()
	entry := d.smint.portal.Index[id]
	granted := entry != nil && d.smint.sight(entry, groups).Hires
	d.smint.mu.Unlock()
	if !granted {
		return nil, errors.New("testserver: driver: the index grants no download of " + id)
	}
	return d.Original(ctx, id)
}

// Thumbnail is the rendition that the index holds, nil if it has none.
func (d *SmintDriver) Thumbnail(id string) []byte {
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	if entry := d.smint.portal.Index[id]; entry != nil {
		return slices.Clone(entry.Thumbnail)
	}
	return nil
}

// renditions fetches the thumbnails that are missing. The vendor cuts such a
// call after five seconds and goes on without.
func (d *SmintDriver) renditions(ctx context.Context, stage *smintStage) error {
	if !d.options.Thumbnails {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(stage.assets)) {
		entry := stage.assets[id]
		if entry.Thumbnail != nil {
			continue
		}
		thumbnail, err := d.thumbnail(ctx, id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			entry.Thumbnail = thumbnail
		}
	}
	return nil
}

func (d *SmintDriver) thumbnail(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	resp, err := d.send(ctx, "GET", "/assets/"+url.PathEscape(id)+"/thumbnail?size=Large", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(io.LimitReader(resp.Body, 4<<20))
}
