package adapter

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// items lists what can be downloaded now: nothing where downloads have ended.
func (h *handler) items(w http.ResponseWriter, r *http.Request) error {
	a, d, err := h.decided(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	list := []any{}
	if d.May(MayDownloadHires) {
		list = append(list, map[string]any{
			"item_id": Original, "group_id": Original, "version": a.Version, "description": a.FileName, "file_size_in_bytes": a.Size, "requires_hires_download_permission": true,
		})
	}
	answer(w, http.StatusOK, map[string]any{"items": list})
	return nil
}

// content streams an item. It is decided anew, by this moment's clock, and
// refused as if it were not there.
func (h *handler) content(w http.ResponseWriter, r *http.Request) error {
	item := r.URL.Query().Get("itemId")
	if item == "" {
		item = Original
	}
	a, d, err := h.decided(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !d.May(MayDownloadHires) {
		return fmt.Errorf("%w: %s", ErrNotFound, d.Reason)
	}
	c, err := h.catalog.Open(r.Context(), a, item)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return h.stream(w, r, a, c)
}

func (h *handler) thumbnail(w http.ResponseWriter, r *http.Request) error {
	a, _, err := h.decided(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, ok := h.catalog.(Thumbnailer)
	if !ok {
		return fmt.Errorf("%w: no renditions", ErrNotFound)
	}
	c, err := t.Thumbnail(r.Context(), a, r.URL.Query().Get("size"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return h.stream(w, r, a, c)
}

// stream sends a content, or the range of it that was asked for. Nothing is
// buffered.
func (h *handler) stream(w http.ResponseWriter, r *http.Request, a Asset, c *Content) error {
	head := w.Header()
	head.Set("ETag", etag(a.ETag))
	head.Set("Content-Type", firstOf(c.MediaType, a.MediaType, "application/octet-stream"))
	if name := firstOf(c.FileName, a.FileName); name != "" {
		head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	if seeker, ok := c.ReadCloser.(io.ReadSeeker); ok {
		http.ServeContent(w, r, "", c.Modified, seeker)
		return nil
	}
	if matches(r.Header.Values("If-None-Match"), etag(a.ETag)) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	from, to, ranged := span(r, etag(a.ETag), c.Size)
	if ranged && (from >= c.Size || from > to) {
		head.Set("Content-Range", "bytes */"+strconv.FormatInt(c.Size, 10))
		answer(w, http.StatusRequestedRangeNotSatisfiable, wireError{"invalid_range", "the content is not that long"})
		return nil
	}
	status, length := http.StatusOK, c.Size
	if c.Size >= 0 {
		head.Set("Accept-Ranges", "bytes")
	}
	if ranged {
		if _, err := io.CopyN(io.Discard, c, from); err != nil {
			return fmt.Errorf("skip to %d: %w", from, err)
		}
		status, length = http.StatusPartialContent, to-from+1
		head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, c.Size))
	}
	if length >= 0 {
		head.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	var err error
	if length >= 0 {
		_, err = io.CopyN(w, c, length)
	} else {
		_, err = io.Copy(w, c)
	}
	if err != nil && !errors.Is(err, r.Context().Err()) {
		h.Logger.WarnContext(r.Context(), "adapter: a content broke off", "asset", a.ID, "error", err)
		// The length that was announced tells the reader that it broke off; without
		// one only the connection can.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// span reads a range of one piece. Whatever else is asked for gets the whole.
func span(r *http.Request, tag string, size int64) (from, to int64, ok bool) {
	text, isBytes := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if condition := r.Header.Get("If-Range"); !isBytes || size < 0 || strings.Contains(text, ",") || (condition != "" && condition != tag) {
		return 0, 0, false
	}
	first, last, found := strings.Cut(text, "-")
	if !found {
		return 0, 0, false
	}
	to = size - 1
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n <= 0 {
			return 0, 0, false
		}
		return max(size-n, 0), to, true
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	if last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < from {
			return 0, 0, false
		}
		to = min(n, to)
	}
	return from, to, true
}
