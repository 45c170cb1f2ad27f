package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/smintecm/sdk/internal/rest"
)

// VersionsService reads and adds versions of documents.
type VersionsService service

// Version is one version of a document.
type Version struct {
	Node   NodeID
	Number int
	// Name is the number as users see it, as "1" or "0.3".
	Name        string
	Description string
	FileName    string
	MediaType   string
	Size        int64
	Created     time.Time
	Locked      bool
}

type wireVersion struct {
	ID          number `json:"id"`
	Number      number `json:"version_number"`
	NumberName  string `json:"version_number_name"`
	Description string `json:"description"`
	FileName    string `json:"file_name"`
	MediaType   string `json:"mime_type"`
	Size        number `json:"file_size"`
	Created     stamp  `json:"create_date"`
	Locked      flag   `json:"locked"`
}

type versionData struct {
	Versions oneOrMany[wireVersion] `json:"versions"`
}

func (d versionData) list() []Version {
	var all []Version
	for _, w := range d.Versions {
		all = append(all, Version{
			Node: NodeID(w.ID), Number: int(w.Number), Name: w.NumberName, Description: w.Description, FileName: w.FileName,
			MediaType: w.MediaType, Size: int64(w.Size), Created: time.Time(w.Created), Locked: bool(w.Locked),
		})
	}
	return all
}

// List returns the versions of a document, the oldest first.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/versions.
func (s *VersionsService) List(ctx context.Context, id NodeID) ([]Version, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.versions.Name); err != nil {
		return nil, err
	}
	var all []Version
	for page := 1; ; page++ {
		q := url.Values{"page": {strconv.Itoa(page)}, "limit": {"100"}, "order": {"asc"}}
		answer, err := rest.Do[v2[versionData]](ctx, s.rest, rest.Request{Route: &routes.versions, Path: []any{id}, Query: q})
		if err != nil {
			return nil, err
		}
		for _, r := range answer.Results {
			all = append(all, r.Data.list()...)
		}
		if page >= answer.Collection.Paging.pages() {
			return all, nil
		}
	}
}

// Get reads one version of a document.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/versions/{version_number}.
func (s *VersionsService) Get(ctx context.Context, id NodeID, version int) (*Version, error) {
	if err := wantVersion(routes.versionGet.Name, id, version); err != nil {
		return nil, err
	}
	answer, err := get[v2[versionData]](ctx, s.core, &routes.versionGet, []any{id, version}, nil)
	return oneVersion(&routes.versionGet, answer, err)
}

// NewVersion is a version to be added.
type NewVersion struct {
	Description string
	FileName    string
	MediaType   string
	// Content and Size are as in [Document].
	Content io.Reader
	Size    int64
}

func (v NewVersion) check(faults *rest.Problems) {
	checkName(faults, "file name", v.FileName)
	mayText(faults, "media type", v.MediaType)
	wantContent(faults, "content", v.Content, v.Size, 0)
	checkVersionText(faults, v.Description)
}

// maxVersionText is the server's limit in characters.
const maxVersionText = 255

func checkVersionText(faults *rest.Problems, text string) {
	mayLines(faults, "description", text)
	if utf8.RuneCountInString(text) > maxVersionText {
		faults.Add("description", text, fmt.Sprintf("at most %d characters", maxVersionText))
	}
}

// Add adds a version to a document. A final record is refused with ErrFinal, a
// held node with ErrOnHold, read right before it sends. Without a verdict the
// error matches ErrOutcomeUnknown: list the versions before repeating.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrSource,
// ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v2/nodes/{id}/versions.
func (s *VersionsService) Add(ctx context.Context, id NodeID, v NewVersion, skip ...Unguarded) (*Version, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	v.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.versionAdd.Name); err != nil {
		return nil, err
	}
	if err := s.guard(ctx, routes.versionAdd.Name, id, skip); err != nil {
		return nil, err
	}
	head, err := json.Marshal(v.keys())
	if err != nil {
		return nil, err
	}
	body, err := fileBody(head, v.FileName, v.MediaType, v.Content, v.Size)
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[versionData]](ctx, s.rest, rest.Request{Route: &routes.versionAdd, Path: []any{id}, Body: body})
	return oneVersion(&routes.versionAdd, answer, err)
}

// keys are the fields of a new version beside its content.
func (v NewVersion) keys() map[string]any {
	keys := map[string]any{}
	if v.Description != "" {
		keys["description"] = v.Description
	}
	return keys
}

// oneVersion takes the version out of an answer; without one the answer is
// broken.
func oneVersion(route *rest.Route, answer v2[versionData], err error) (*Version, error) {
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		for _, v := range r.Data.list() {
			return &v, nil
		}
	}
	return nil, noAnswer(route, "no version in the answer")
}

// Promote makes a minor version a major one. A final record is refused with
// ErrFinal, a held node with ErrOnHold. Without a verdict the error matches
// ErrOutcomeUnknown: list the versions before repeating.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v2/nodes/{id}/versions/{version_number}/promote.
func (s *VersionsService) Promote(ctx context.Context, id NodeID, version int, description string, skip ...Unguarded) error {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	checkVersionText(&faults, description)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.versionPromote.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.versionPromote.Name, id, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.versionPromote, []any{id, version}, params{}.text("description", description))
}

// Delete removes one version with its content for good. A final record is
// refused with ErrFinal, a held node with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal.
//
// API: DELETE /v2/nodes/{id}/versions/{version_number}.
func (s *VersionsService) Delete(ctx context.Context, id NodeID, version int, skip ...Unguarded) error {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.versionDelete.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.versionDelete.Name, id, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.versionDelete, []any{id, version}, nil)
}

// Purge removes all but the newest versions for good; keep says how many stay,
// at least one. A final record is refused with ErrFinal, a held node with
// ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal.
//
// API: DELETE /v2/nodes/{id}/versions.
func (s *VersionsService) Purge(ctx context.Context, id NodeID, keep int, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantLeast(&faults, "keep", keep, 1)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.versionsPurge.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.versionsPurge.Name, id, skip); err != nil {
		return err
	}
	return s.sendQuery(ctx, &routes.versionsPurge, []any{id}, params{}.number("number_to_keep", int64(keep)))
}
