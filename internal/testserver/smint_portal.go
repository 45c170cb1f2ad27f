package testserver

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// SmintMissing is how the portal says that an asset isn't there. The vendor
// doesn't document which it is.
type SmintMissing string

// The ways of saying "not there".
const (
	// SmintMissingStatus is a bare 404.
	SmintMissingStatus SmintMissing = ""
	// SmintMissingObject is the error object with status 400.
	SmintMissingObject SmintMissing = "object"
	// SmintMissingTask is a task in the state "error".
	SmintMissingTask SmintMissing = "task"
	// SmintMissingNull is a completed task whose asset is null.
	SmintMissingNull SmintMissing = "null"
)

// The names of the four permissions, in the feed and in the portal's answers.
const (
	smintMaySearch = "search"
	smintMayRead   = "read_details"
	smintMayLayout = "download_layout"
	smintMayHires  = "download_hires"
)

// smintPortal is the state of the portal: its index and what hangs on it.
type smintPortal struct {
	Index    map[string]*smintIndexed `json:"index"`
	Commands map[string]*smintCommand `json:"commands"`
	Replies  map[string]smintReplayed `json:"replies"`
	Feeds    map[string]string        `json:"feeds"`
	Uploads  map[string]SmintUpload   `json:"uploads"`
	Minted   int                      `json:"minted"`
}

// smintIndexed is an asset in the portal's index.
type smintIndexed struct {
	// Asset is the object of the adapter feed.
	Asset SmintJSON `json:"asset"`
	// Instance is the data adapter instance, the first part of the scoped id.
	Instance string `json:"instance"`
	// Folders are the folders it was found in.
	Folders []string `json:"folders"`
	// Resource marks a resource asset.
	Resource bool `json:"resource"`
	// Content is what a download gives where no feed is behind the asset.
	Content SmintContent `json:"content"`
	// Thumbnail is the rendition that the index keeps.
	Thumbnail []byte `json:"thumbnail"`
	// FromFeed tells that the file is only to be had from a driver's feed.
	FromFeed bool `json:"from_feed"`
	feed     *SmintDriver
}

func newSmintPortal() smintPortal {
	return smintPortal{
		Index: map[string]*smintIndexed{}, Commands: map[string]*smintCommand{}, Replies: map[string]smintReplayed{},
		Feeds: map[string]string{}, Uploads: map[string]SmintUpload{},
	}
}

// PutAsset puts an asset straight into the portal's index, without a feed. Its
// form is that of the adapter feed; id and content_type must be there.
func (s *Smint) PutAsset(asset SmintJSON, content SmintContent) error {
	kept, err := s.keep(content)
	if err != nil {
		return err
	}
	raw, err := smintRaw(asset)
	if err != nil {
		return err
	}
	if asset, err = smintObject(raw); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, resource := asset["resource"]
	s.portal.Index[smintString(asset, "id")] = &smintIndexed{Asset: asset, Instance: "99", Resource: resource, Content: kept}
	return nil
}

// RemoveAsset takes an asset out of the portal's index; one that is not in it
// is a fault of the test: it panics.
func (s *Smint) RemoveAsset(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustIndex(id)
	delete(s.portal.Index, id)
}

// SmintSight is what the portal holds and grants of one asset.
type SmintSight struct {
	// ID is the asset's id in the feed, ScopedID the one in the portal.
	ID, ScopedID string
	// Version and ETag are those of the index.
	Version, ETag string
	// Search, Read, Layout and Hires tell what the user could do.
	Search, Read, Layout, Hires bool
	// Indicator is the English text of the indicator.
	Indicator string
	// Attributes are the raw attributes.
	Attributes SmintJSON
}

// Sights tells what a creative of the given groups would see and could
// download, from the index alone. Without groups it is a user of every group.
func (s *Smint) Sights(groups ...string) []SmintSight {
	s.mu.Lock()
	defer s.mu.Unlock()
	sights := []SmintSight{}
	for _, id := range slices.Sorted(maps.Keys(s.portal.Index)) {
		if seen := s.sight(s.portal.Index[id], groups); seen.Search || seen.Read {
			sights = append(sights, seen)
		}
	}
	return sights
}

func (s *Smint) sight(entry *smintIndexed, groups []string) SmintSight {
	asset := s.commanded(entry.Asset)
	if asset == nil {
		return SmintSight{}
	}
	attributes, _ := asset["attributes"].(SmintJSON)
	indicator, _ := asset["indicator"].(SmintJSON)
	seen := SmintSight{
		ID: smintString(asset, "id"), ScopedID: entry.scoped(), Version: smintString(asset, "version"), ETag: smintString(asset, "etag"),
		Indicator: smintLocalized(indicator["text"]), Attributes: attributes,
	}
	needed := smintStrings(asset["external_security_group_ids"])
	trimmed := len(groups) > 0 && len(needed) > 0 && !slices.ContainsFunc(needed, func(group string) bool { return slices.Contains(groups, group) })
	if trimmed || (s.options.EnforcePublication && !s.published(asset)) {
		return seen
	}
	may := smintStrings(asset["permissions"])
	seen.Search, seen.Read = slices.Contains(may, smintMaySearch), slices.Contains(may, smintMayRead)
	seen.Layout, seen.Hires = slices.Contains(may, smintMayLayout), slices.Contains(may, smintMayHires)
	return seen
}

// published looks at the dates of publication, which the vendor may or may not
// do: see [SmintOptions.EnforcePublication].
func (s *Smint) published(asset SmintJSON) bool {
	from, err := time.Parse(time.RFC3339Nano, smintString(asset, "publish_from"))
	if err == nil && s.now().Before(from) {
		return false
	}
	until, err := time.Parse(time.RFC3339Nano, smintString(asset, "publish_until"))
	return err != nil || s.now().Before(until)
}

// scoped is the id as the portal knows it.
func (e *smintIndexed) scoped() string {
	return e.Instance + ":" + smintString(e.Asset, "content_type") + ":" + smintString(e.Asset, "id")
}

// lookup finds an asset by its scoped id, for a user of the fake's groups.
func (s *Smint) lookup(scoped string) (*smintIndexed, SmintSight) {
	parts := strings.SplitN(scoped, ":", 3)
	if len(parts) != 3 {
		return nil, SmintSight{}
	}
	entry := s.portal.Index[parts[2]]
	if entry == nil || entry.scoped() != scoped {
		return nil, SmintSight{}
	}
	return entry, s.sight(entry, s.options.Groups)
}

func smintStrings(value any) []string {
	switch value := value.(type) {
	case []string:
		return value
	case []any:
		texts := make([]string, 0, len(value))
		for _, one := range value {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// smintLocalized picks the text of a list of localized strings.
func smintLocalized(value any) string {
	texts := smintCultures(value)
	for _, culture := range []string{"x-default", "en"} {
		if text, ok := texts[culture]; ok {
			return text.(string)
		}
	}
	for _, culture := range slices.Sorted(maps.Keys(texts)) {
		return texts[culture].(string)
	}
	return ""
}

// smintCultures turns the array form of localized strings into the map form,
// which is the one inside of the portal.
func smintCultures(value any) SmintJSON {
	texts := SmintJSON{}
	if list, ok := value.([]any); ok {
		for _, one := range list {
			if pair, ok := one.(SmintJSON); ok {
				if text, ok := pair["value"].(string); ok {
					texts[smintString(pair, "culture")] = text
				}
			}
		}
	}
	return texts
}
