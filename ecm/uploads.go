package ecm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// UploadsService uploads large contents in parts. A part that was lost is sent
// again alone, and an upload can be taken up by another process.
type UploadsService service

// UploadSettings say which contents the server takes in parts.
type UploadSettings struct {
	Enabled bool
	// MinSize and MaxSize bound them, in bytes.
	MinSize, MaxSize int64
}

// Upload is an upload in parts: plain data that can be stored and, given back
// as [LargeDocument].Resume, continued.
type Upload struct {
	Key       string `json:"key"`
	FileName  string `json:"file_name"`
	MediaType string `json:"media_type,omitempty"`
	Size      int64  `json:"size"`
	PartSize  int64  `json:"part_size"`
	Parts     int    `json:"parts"`
	// Retries is how often the server lets one part be tried again.
	Retries int `json:"retries,omitempty"`
	// Done lists the parts that the server has, from 1, in order.
	Done []int `json:"done,omitempty"`
	// Closed tells that all parts were joined.
	Closed bool `json:"closed,omitempty"`
}

// Sent is how many bytes the server has.
func (u Upload) Sent() int64 {
	var n int64
	for _, part := range u.Done {
		n += u.length(part)
	}
	return n
}

// length is how long a part is.
func (u Upload) length(part int) int64 { return min(u.PartSize, u.Size-int64(part-1)*u.PartSize) }

func (u *Upload) add(part int) {
	if i, has := slices.BinarySearch(u.Done, part); !has {
		u.Done = slices.Insert(u.Done, i, part)
	}
}

func (u *Upload) check(faults *rest.Problems) {
	if u == nil || u.Key == "" {
		faults.Add("upload", "none", "an upload that was started")
		return
	}
	mayText(faults, "upload.key", u.Key)
	mayText(faults, "upload.file name", u.FileName)
	mayText(faults, "upload.media type", u.MediaType)
	if u.Size <= 0 || u.PartSize <= 0 || int64(u.Parts) != (u.Size+u.PartSize-1)/u.PartSize {
		faults.Add("upload", fmt.Sprintf("%d bytes in %d parts of %d", u.Size, u.Parts, u.PartSize), "parts that make up the size")
	}
	for _, part := range u.Done {
		if part < 1 || part > u.Parts {
			faults.Add("upload.done", part, fmt.Sprintf("a part from 1 to %d", u.Parts))
		}
	}
}

type wireUploadSettings struct {
	Enabled flag   `json:"is_enabled"`
	MinSize number `json:"min_size"`
	MaxSize number `json:"max_size"`
}

// Settings reads whether and for which sizes the server takes uploads in
// parts.
//
// Errors: ErrRouteMissing.
//
// API: GET /v2/multipart/settings.
func (s *UploadsService) Settings(ctx context.Context) (*UploadSettings, error) {
	answer, err := rest.Do[flatOrV2[wireUploadSettings]](ctx, s.rest, rest.Request{Route: &routes.uploadSettings})
	if err != nil {
		return nil, err
	}
	return &UploadSettings{Enabled: bool(answer.value.Enabled), MinSize: int64(answer.value.MinSize), MaxSize: int64(answer.value.MaxSize)}, nil
}

type wireUpload struct {
	Key      string `json:"upload_key"`
	PartSize number `json:"part_size"`
	Parts    number `json:"num_parts"`
	Retries  number `json:"max_retries"`
}

// Start begins an upload. The server refuses sizes outside its settings with
// ErrInvalid. A start whose answer was lost leaves an empty upload behind that
// ends by itself; starting again is safe.
//
// Errors: ErrInvalid.
//
// API: POST /v2/multipart.
func (s *UploadsService) Start(ctx context.Context, fileName, mediaType string, size int64) (*Upload, error) {
	var faults rest.Problems
	checkName(&faults, "file name", fileName)
	mayText(&faults, "media type", mediaType)
	wantLeast(&faults, "size", size, 1)
	if err := faults.Err(routes.uploadStart.Name); err != nil {
		return nil, err
	}
	form := params{}.text("file_name", fileName).number("file_size", size).text("mime_type", firstName(mediaType, "application/octet-stream"))
	answer, err := rest.Do[flatOrV2[wireUpload]](ctx, s.rest, rest.Request{Route: &routes.uploadStart, Form: url.Values(form)})
	if err != nil {
		return nil, err
	}
	w := answer.value
	u := &Upload{
		Key: w.Key, FileName: fileName, MediaType: mediaType, Size: size, PartSize: int64(w.PartSize), Parts: int(w.Parts), Retries: int(w.Retries),
	}
	var broken rest.Problems
	if u.check(&broken); broken.Err("") != nil {
		return nil, &Error{
			Op: routes.uploadStart.Name, Method: "POST", Route: routes.uploadStart.Template, StatusCode: 200,
			Message: "no usable upload in the answer: " + broken.Err(routes.uploadStart.Name).Error(), Err: ErrBrokenReply,
		}
	}
	return u, nil
}

// SendPart sends one part, from 1, whose content is exactly as long as the
// upload says. Content that is an io.ReaderAt and io.Seeker is read again
// when a connection breaks or a ticket ends meanwhile. Repeating is safe: a
// part that the server has already counts as sent. An upload that the server
// no longer knows is ErrUploadExpired.
//
// Errors: ErrInvalid, ErrUploadExpired, ErrSource.
//
// API: POST /v2/multipart/{upload_key}/{part_number}.
func (s *UploadsService) SendPart(ctx context.Context, u *Upload, part int, content io.Reader) error {
	var faults rest.Problems
	u.check(&faults)
	if u != nil && (part < 1 || part > u.Parts) {
		faults.Add("part", part, "a part from 1 to "+strconv.Itoa(u.Parts))
	}
	if content == nil {
		faults.Add("content", "none", "a reader")
	}
	if err := faults.Err(routes.uploadPart.Name); err != nil {
		return err
	}
	body, err := rest.Multipart(rest.Part{
		Name: "part_content", FileName: u.FileName, ContentType: "application/octet-stream", Body: rest.ReaderBody(content, u.length(part), ""),
	})
	if err != nil {
		return err
	}
	err = s.do(ctx, rest.Request{Route: &routes.uploadPart, Path: []any{u.Key, part}, Body: body})
	if refused, ok := errors.AsType[*Error](err); ok && strings.Contains(strings.ToLower(refused.Message), "has already been uploaded") {
		err = nil
	}
	if err == nil {
		u.add(part)
	}
	return err
}

// Complete joins the parts. It is safe to repeat: an upload that this value
// knows to be closed is left alone, and one whose answer was lost is found
// closed.
//
// Errors: ErrInvalid, ErrUploadExpired, ErrOutcomeUnknown.
//
// API: POST /v2/multipart/{upload_key}.
func (s *UploadsService) Complete(ctx context.Context, u *Upload) error {
	var faults rest.Problems
	if u.check(&faults); u != nil && len(u.Done) < u.Parts {
		faults.Add("upload.done", len(u.Done), fmt.Sprintf("all %d parts", u.Parts))
	}
	if err := faults.Err(routes.uploadComplete.Name); err != nil || u.Closed {
		return err
	}
	unknown := false
	for range maxCompletions {
		err := s.do(ctx, rest.Request{Route: &routes.uploadComplete, Path: []any{u.Key}})
		switch refused, ok := errors.AsType[*Error](err); {
		case err == nil, unknown && ok && strings.Contains(strings.ToLower(refused.Message), "already closed upload"):
			u.Closed = true
			return nil
		case errors.Is(err, ErrOutcomeUnknown):
			unknown = true
		default:
			return err
		}
	}
	return &Error{Op: routes.uploadComplete.Name, Method: "POST", Route: routes.uploadComplete.Template, Message: "no verdict", Err: ErrOutcomeUnknown}
}

const maxCompletions = 3

// Abort ends an upload and has the server drop its parts. One that is gone
// already is no error; repeating is safe.
//
// Errors: ErrInvalid, ErrUploadExpired.
//
// API: DELETE /v2/multipart/{upload_key}.
func (s *UploadsService) Abort(ctx context.Context, u *Upload) error {
	var faults rest.Problems
	u.check(&faults)
	if err := faults.Err(routes.uploadAbort.Name); err != nil {
		return err
	}
	err := s.do(ctx, rest.Request{Route: &routes.uploadAbort, Path: []any{u.Key}})
	if errors.Is(err, ErrUploadExpired) {
		return nil
	}
	return err
}
