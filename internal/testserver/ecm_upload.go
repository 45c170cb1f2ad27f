package testserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ecmUpload is the session of an upload in parts.
type ecmUpload struct {
	Key     string       `json:"key"`
	User    string       `json:"user"`
	Name    string       `json:"name"`
	Type    string       `json:"type"`
	Size    int64        `json:"size"`
	Count   int          `json:"count"`
	Parts   map[int]Blob `json:"parts"`
	Started time.Time    `json:"started"`
	Closed  bool         `json:"closed"`
	Whole   *Blob        `json:"whole,omitempty"`
}

const textBadKey = "Failed to complete request. Either the UploadKey is invalid, or you do not have permission to access this upload session"

func (c *ecmCall) uploadSettings() ecmReply {
	o := c.e.options
	settings := map[string]any{"is_enabled": true, "min_size": o.MinUpload, "max_size": o.MaxUpload}
	if o.SpecShapes {
		return ok(settings)
	}
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": settings}})
}

func (c *ecmCall) startUpload() ecmReply {
	size, isSize := c.number("file_size")
	o := c.e.options
	switch {
	case !isSize || c.text("file_name") == "":
		return fail(http.StatusBadRequest, "Pattern of argument was not recognized.")
	case size < o.MinUpload || size > o.MaxUpload:
		return fail(http.StatusInternalServerError, "Invalid block size: File size must be between %d and %d bytes.", o.MinUpload, o.MaxUpload)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "upload %d", c.e.number("upload")))
	u := &ecmUpload{
		Key: hex.EncodeToString(sum[:16]), User: c.user.Name, Name: c.text("file_name"), Type: c.text("mime_type"), Size: size,
		Count: int((size + o.PartSize - 1) / o.PartSize), Parts: map[int]Blob{}, Started: c.e.now(),
	}
	c.e.state.Uploads[u.Key] = u
	return ok(map[string]any{"upload_key": u.Key, "part_size": o.PartSize, "num_parts": u.Count, "max_retries": 3})
}

// upload finds the session of a request. The lock is held.
func (c *ecmCall) upload() (*ecmUpload, *ecmReply) {
	u := c.e.state.Uploads[c.r.PathValue("key")]
	switch {
	case u == nil || u.User != c.user.Name:
		return nil, new(fail(http.StatusInternalServerError, textBadKey))
	case c.e.now().Sub(u.Started) >= c.e.options.UploadLifetime:
		return nil, new(fail(http.StatusInternalServerError, "Multipart Upload session expired"))
	}
	return u, nil
}

// partSize is how long a part has to be.
func (u *ecmUpload) partSize(n int, full int64) int64 { return min(full, u.Size-int64(n-1)*full) }

func (c *ecmCall) putPart() ecmReply {
	u, refused := c.upload()
	if refused != nil {
		return *refused
	}
	n, err := strconv.Atoi(c.r.PathValue("part"))
	switch _, has := u.Parts[n]; {
	case err != nil || n < 1 || n > u.Count:
		return fail(http.StatusInternalServerError, "Invalid BlockID: Expected BlockID between 1 and %d", u.Count)
	case u.Closed:
		return fail(http.StatusInternalServerError, textBadKey)
	case has:
		return fail(http.StatusInternalServerError, "Invalid BlockID: BlockID %d has already been uploaded.", n)
	case c.file == nil || c.file.Size != u.partSize(n, c.e.options.PartSize):
		return fail(http.StatusInternalServerError, "Invalid block size: expected %d bytes.", u.partSize(n, c.e.options.PartSize))
	}
	u.Parts[n] = *c.file
	c.file = nil
	return ok(map[string]any{})
}

// closeUpload joins the parts. It reads them all, so it does not hold the lock
// while it does.
func (c *ecmCall) closeUpload() ecmReply {
	c.e.mu.Lock()
	u, refused := c.upload()
	if refused == nil && (u.Closed || len(u.Parts) < u.Count) {
		refused = new(fail(http.StatusInternalServerError, "Invalid status. Cannot close an empty or already closed upload."))
	}
	if refused != nil {
		c.e.mu.Unlock()
		return *refused
	}
	u.Closed = true
	whole := Blob{Size: u.Size}
	for n := 1; n <= u.Count; n++ {
		whole.Parts = append(whole.Parts, u.Parts[n])
	}
	c.e.mu.Unlock()

	sum := sha256.New()
	rc, err := c.e.blobs.Open(whole)
	if err == nil {
		_, err = io.Copy(sum, rc)
		_ = rc.Close()
	}
	whole.SHA256 = hex.EncodeToString(sum.Sum(nil))
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if err != nil {
		u.Closed = false
		return fail(http.StatusInternalServerError, "Invalid status. Cannot close an empty or already closed upload.")
	}
	u.Whole, u.Parts = &whole, nil
	return ok(map[string]any{})
}

func (c *ecmCall) abortUpload() ecmReply {
	u, refused := c.upload()
	if refused != nil {
		return *refused
	}
	for _, b := range u.Parts {
		_ = c.e.blobs.Drop(b)
	}
	if u.Whole != nil {
		_ = c.e.blobs.Drop(*u.Whole)
	}
	delete(c.e.state.Uploads, u.Key)
	return ok(map[string]any{})
}
