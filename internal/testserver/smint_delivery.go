package testserver

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// smintTicket is a download that a user has started.
type smintTicket struct {
	assets  []*smintIndexed
	expires time.Time
}

// SmintUpload is a file that came through the upload endpoint.
type SmintUpload struct {
	FileName  string `json:"file_name"`
	MediaType string `json:"media_type"`
	Blob      Blob   `json:"blob"`
}

// downloadable checks what was asked for and returns what may be downloaded.
func (s *Smint) downloadable(call *smintCall) []*smintIndexed {
	ids := call.assetIDs("assetIds")
	if len(ids) == 0 {
		call.refuse(400, "invalid_argument", "assetIds are expected")
		return nil
	}
	var entries []*smintIndexed
	visible := 0
	for _, id := range ids {
		entry, seen := s.lookup(id)
		if entry != nil && seen.Read {
			visible++
			if seen.Hires {
				entries = append(entries, entry)
			}
		}
	}
	call.steps, call.failed, call.missing = len(ids), len(ids)-visible, visible == 0
	return entries
}

func (s *Smint) runDownloads(call *smintCall) {
	byType := map[string][]*smintIndexed{}
	for _, entry := range s.downloadable(call) {
		kind := smintString(entry.Asset, "content_type")
		byType[kind] = append(byType[kind], entry)
	}
	groups := []any{}
	for _, kind := range append(smintContentTypes, "other") {
		entries := byType[kind]
		if len(entries) == 0 {
			continue
		}
		size, ids := int64(0), []any{}
		for _, entry := range entries {
			size += entry.size()
			ids = append(ids, entry.scoped())
		}
		group := "da:" + entries[0].Instance + ":" + kind
		groups = append(groups, SmintJSON{
			"groupId": group, "groupName": kind, "immediatelyDownload": true,
			"assetDownloadItems": []any{SmintJSON{
				"groupId": group, "itemId": "Original", "description": "Original", "count": len(entries), "fileSizeInBytes": size,
				"selectedByDefault": true, "maxAssetCountExceeded": false, "assetIds": ids,
			}},
		})
	}
	call.result = SmintJSON{"assetDownloadGroups": groups}
}

// size is the announced size of an asset's file.
func (e *smintIndexed) size() int64 {
	file, _ := e.Asset["file"].(SmintJSON)
	for _, member := range []string{"file_size_in_bytes", "size"} {
		if number, ok := file[member].(json.Number); ok {
			size, _ := number.Int64()
			return size
		}
	}
	reader, size, err := e.Content.reader()
	if err == nil {
		_ = reader.Close()
	}
	return size
}

func (s *Smint) runInitiate(call *smintCall) {
	entries := s.downloadable(call)
	switch items, _ := call.member("assetDownloadItems").([]any); {
	case call.status > 0 || call.missing:
		return
	case len(items) == 0:
		call.refuse(400, "invalid_argument", "assetDownloadItems are expected")
		return
	case len(entries) == 0:
		call.refuse(403, "forbidden", "The assets may not be downloaded")
		return
	}
	if now, ok := call.member("immediatelyDownload").(bool); ok && !now {
		// The user gets the link by mail instead.
		call.result = SmintJSON{"assetDownloadUrl": nil}
		return
	}
	s.portal.Minted++
	ticket := s.sign("ticket", strconv.Itoa(s.portal.Minted))[:24]
	s.tickets[ticket] = smintTicket{assets: entries, expires: s.now().Add(s.options.AddressLifetime)}
	call.result = SmintJSON{"assetDownloadUrl": SmintJSON{"url": s.endpointsFor(call.r).Storage + "/portal/" + ticket}}
}

// serveTicket delivers a download. Originals aren't stored by the portal: each
// is asked for at its source in this moment.
func (s *Smint) serveTicket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ticket, ok := s.tickets[r.PathValue("ticket")]
	gone := !ok || !s.now().Before(ticket.expires)
	for _, entry := range ticket.assets {
		current, seen := s.lookup(entry.scoped())
		gone = gone || current == nil || !seen.Hires
	}
	s.mu.Unlock()
	if gone {
		http.Error(w, "The download has expired", http.StatusNotFound)
		return
	}
	if len(ticket.assets) == 1 {
		body, size, err := s.original(r.Context(), ticket.assets[0])
		if err != nil {
			http.Error(w, "The source does not give the file: "+err.Error(), http.StatusNotFound)
			return
		}
		defer func() { _ = body.Close() }()
		w.Header().Set("Content-Type", "application/octet-stream")
		if size >= 0 {
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		}
		if _, err := io.Copy(w, body); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	archive := zip.NewWriter(w)
	for _, entry := range ticket.assets {
		if err := s.pack(r.Context(), archive, entry); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	_ = archive.Close()
}

func (s *Smint) pack(ctx context.Context, archive *zip.Writer, entry *smintIndexed) error {
	body, _, err := s.original(ctx, entry)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	part, err := archive.Create(smintString(entry.Asset, "id"))
	if err != nil {
		return err
	}
	_, err = io.Copy(part, body)
	return err
}

// original opens an asset's file at its source. The size is below zero where
// only the feed knows it.
func (s *Smint) original(ctx context.Context, entry *smintIndexed) (io.ReadCloser, int64, error) {
	if entry.FromFeed {
		if entry.feed == nil {
			return nil, -1, errors.New("no driver reads the feed")
		}
		body, err := entry.feed.Original(ctx, smintString(entry.Asset, "id"))
		return body, -1, err
	}
	return entry.Content.reader()
}

func (s *Smint) serveUpload(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return
	}
	if r.PathValue("portal") != PortalUUID {
		smintRefuse(w, http.StatusNotFound, "not_found", "The portal is unknown", nil)
		return
	}
	upload, err := s.takeUpload(r)
	if err != nil {
		smintRefuse(w, http.StatusBadRequest, "invalid_argument", err.Error(), nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.portal.Minted++
	uuid := "AV" + s.sign("upload", strconv.Itoa(s.portal.Minted))[:18]
	s.portal.Uploads[uuid] = upload
	smintReply(w, http.StatusOK, SmintJSON{"uuid": uuid})
}

// takeUpload streams the one file of a multipart form to the contents.
func (s *Smint) takeUpload(r *http.Request) (SmintUpload, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return SmintUpload{}, errors.New("a multipart form is expected")
	}
	blobs, err := s.store()
	if err != nil {
		return SmintUpload{}, err
	}
	var upload SmintUpload
	seen := false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return upload, errors.New("the form is broken")
		}
		if part.FormName() != s.options.UploadField || part.FileName() == "" || seen {
			return upload, fmt.Errorf("one file in the field %q is expected, not one in %q", s.options.UploadField, part.FormName())
		}
		seen = true
		upload.FileName, upload.MediaType = part.FileName(), part.Header.Get("Content-Type")
		if upload.Blob, err = blobs.Put(part); err != nil {
			return upload, errors.New("the file broke off")
		}
	}
	if _, _, err := mime.ParseMediaType(upload.MediaType); seen && err != nil {
		upload.MediaType = "application/octet-stream"
	}
	if !seen {
		return upload, fmt.Errorf("one file in the field %q is expected", s.options.UploadField)
	}
	return upload, nil
}

// Upload returns an uploaded file with its content.
func (s *Smint) Upload(uuid string) (SmintUpload, io.ReadCloser, error) {
	s.mu.Lock()
	upload, ok := s.portal.Uploads[uuid]
	s.mu.Unlock()
	if !ok {
		return upload, nil, fmt.Errorf("testserver: no upload %q", uuid)
	}
	blobs, err := s.store()
	if err != nil {
		return upload, nil, err
	}
	reader, err := blobs.Open(upload.Blob)
	return upload, reader, err
}
