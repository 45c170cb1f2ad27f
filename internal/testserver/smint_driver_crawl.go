package testserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// crawl reads every folder from the root down.
func (d *SmintDriver) crawl(ctx context.Context, setup SmintJSON) (*smintStage, error) {
	stage := &smintStage{assets: map[string]*smintIndexed{}, poll: SmintPoll{Recrawled: true}}
	root := smintString(setup, "root_folder_id")
	if root == "" {
		return nil, errors.New("testserver: driver: the set-up names no root folder")
	}
	return stage, d.crawlFolder(ctx, stage, root, map[string]bool{})
}

func (d *SmintDriver) crawlFolder(ctx context.Context, stage *smintStage, folder string, seen map[string]bool) error {
	if seen[folder] {
		return nil
	}
	seen[folder] = true
	var below []string
	cursors := map[string]bool{}
	for cursor := ""; ; {
		query := url.Values{"pageSize": {fmt.Sprint(d.options.PageSize)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		page, err := d.get(ctx, "/folders/"+url.PathEscape(folder)+"/contents", query)
		if err != nil {
			return err
		}
		folders, _ := page["folders"].([]any)
		for _, one := range folders {
			object, _ := one.(SmintJSON)
			below = append(below, smintString(object, "id"))
		}
		if err := d.take(ctx, stage, page["assets"], folder); err != nil {
			return err
		}
		if cursor = smintString(page, "next_cursor"); cursor == "" {
			break
		}
		if cursors[cursor] {
			return fmt.Errorf("testserver: driver: folder %s repeats the cursor %s", folder, cursor)
		}
		cursors[cursor] = true
	}
	for _, one := range below {
		if err := d.crawlFolder(ctx, stage, one, seen); err != nil {
			return err
		}
	}
	return nil
}

// take indexes the assets of a page; those that came as a bare id are read in
// one batch.
func (d *SmintDriver) take(ctx context.Context, stage *smintStage, list any, folder string) error {
	assets, _ := list.([]any)
	var bare []string
	for _, one := range assets {
		asset, _ := one.(SmintJSON)
		if _, whole := asset["content_type"]; !whole {
			bare = append(bare, smintString(asset, "id"))
		} else if err := d.index(stage, asset, folder); err != nil {
			return err
		}
	}
	if len(bare) == 0 {
		return nil
	}
	answer, err := d.post(ctx, "/assets/batchGet", SmintJSON{"asset_ids": bare})
	if err != nil {
		return err
	}
	read, _ := answer["assets"].([]any)
	missing := smintStrings(answer["missing"])
	for _, one := range read {
		asset, _ := one.(SmintJSON)
		if err := d.index(stage, asset, folder); err != nil {
			return err
		}
		bare = slices.DeleteFunc(bare, func(id string) bool { return id == smintString(asset, "id") })
	}
	for _, id := range bare {
		if !slices.Contains(missing, id) {
			return fmt.Errorf("testserver: driver: batchGet neither gave %s nor called it missing", id)
		}
	}
	return nil
}

// smintStatus is an answer of the feed that isn't what was hoped for.
type smintStatus int

func (s smintStatus) Error() string { return fmt.Sprintf("the feed answered %d", int(s)) }

func (d *SmintDriver) get(ctx context.Context, path string, query url.Values) (SmintJSON, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return d.call(ctx, http.MethodGet, path, nil)
}

func (d *SmintDriver) post(ctx context.Context, path string, body SmintJSON) (SmintJSON, error) {
	return d.call(ctx, http.MethodPost, path, body)
}

func (d *SmintDriver) call(ctx context.Context, method, path string, body SmintJSON) (SmintJSON, error) {
	resp, err := d.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("testserver: driver: %s %s: %w", method, path, err)
	}
	object, err := smintObject(raw)
	if err != nil {
		return nil, fmt.Errorf("testserver: driver: %s %s: the answer is no JSON object: %w", method, path, err)
	}
	return object, nil
}

// send returns an answer with status 200 or 206, or an error.
func (d *SmintDriver) send(ctx context.Context, method, path string, body SmintJSON) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = strings.NewReader(string(raw))
	}
	r, err := http.NewRequestWithContext(ctx, method, d.options.Feed+path, reader)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, d.options.Header)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.options.Client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("testserver: driver: %w", err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent {
		return resp, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusGone && strings.HasPrefix(path, "/changes") {
		return nil, errTooOld
	}
	return nil, fmt.Errorf("testserver: driver: %s %s: %w", method, path, smintStatus(resp.StatusCode))
}
