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
)

// A live driver keeps no index: each read and each search of the portal goes
// to the feed in that moment, and what the feed answers is what is shown.

// askLive has the live drivers ask their feeds for what a call is about. It is
// called without the fake's lock: a feed may take its time.
func (s *Smint) askLive(ctx context.Context, call *smintCall) {
	s.mu.Lock()
	live := slices.DeleteFunc(slices.Clone(s.drivers), func(d *SmintDriver) bool { return !d.options.Live })
	s.mu.Unlock()
	for _, d := range live {
		var err error
		switch ids := call.idsOf(d.options.Instance); {
		case len(ids) > 0:
			err = d.readLive(ctx, ids)
		case call.searches():
			err = d.searchLive(ctx, call)
		}
		if err != nil {
			call.unreachable = err.Error()
		}
	}
}

// idsOf are the ids in a call's arguments that belong to a driver's instance,
// as the feed knows them.
func (c *smintCall) idsOf(instance string) []string {
	scoped := append(c.assetIDs("assetIds"), smintIDOf(c.member("assetId")))
	var ids []string
	for _, id := range scoped {
		if parts := strings.SplitN(id, ":", 3); len(parts) == 3 && parts[0] == instance {
			ids = append(ids, parts[2])
		}
	}
	return ids
}

func (c *smintCall) searches() bool {
	return strings.Contains(c.method, "earch") || strings.Contains(c.method, "Random") || strings.Contains(c.method, "AllowedValues")
}

func (d *SmintDriver) readLive(ctx context.Context, ids []string) error {
	for _, id := range ids {
		asset, err := d.get(ctx, "/assets/"+url.PathEscape(id), nil)
		if status := smintStatus(0); errors.As(err, &status) && status == http.StatusNotFound {
			asset, err = nil, nil
		}
		if err != nil {
			return err
		}
		d.smint.mu.Lock()
		if delete(d.smint.portal.Index, id); asset != nil {
			d.smint.portal.Index[id] = d.entry(asset)
		}
		d.smint.mu.Unlock()
	}
	return nil
}

func (d *SmintDriver) entry(asset SmintJSON) *smintIndexed {
	return &smintIndexed{Asset: asset, Instance: d.options.Instance, FromFeed: true, feed: d}
}

// searchLive has the feed search, and takes what it finds for all there is.
func (d *SmintDriver) searchLive(ctx context.Context, call *smintCall) error {
	found := map[string]*smintIndexed{}
	filters := SmintJSON{}
	object, _ := call.member("currentFilters").(SmintJSON)
	values, _ := smintMember(object, "values").([]any)
	for _, one := range values {
		value, _ := one.(SmintJSON)
		texts := smintStrings(smintMember(value, "stringArrayValue"))
		if text := smintMemberText(value, "stringValue"); text != "" {
			texts = append(texts, text)
		}
		filters[smintMemberText(value, "id")] = texts
	}
	cursors := map[string]bool{}
	for cursor := any(nil); ; {
		query := smintTextOr(call.member("queryString"))
		page, err := d.post(ctx, "/assets/search", SmintJSON{"query": query, "filters": filters, "cursor": cursor, "page_size": d.options.PageSize})
		if err != nil {
			return err
		}
		list, _ := page["assets"].([]any)
		for _, one := range list {
			asset, _ := one.(SmintJSON)
			if smintString(asset, "id") == "" || smintString(asset, "content_type") == "" {
				return errors.New("testserver: driver: the search found an asset without id or content type")
			}
			found[smintString(asset, "id")] = d.entry(asset)
		}
		next := smintString(page, "next_cursor")
		if next == "" {
			break
		}
		if cursors[next] {
			return fmt.Errorf("testserver: driver: the search repeats the cursor %s", next)
		}
		cursors[next], cursor = true, next
	}
	d.smint.mu.Lock()
	defer d.smint.mu.Unlock()
	maps.DeleteFunc(d.smint.portal.Index, func(_ string, entry *smintIndexed) bool { return entry.Instance == d.options.Instance })
	maps.Copy(d.smint.portal.Index, found)
	return nil
}
