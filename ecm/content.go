package ecm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// ContentService reads the bytes of documents.
type ContentService service

// Content is an open download. Read it to io.EOF and close it: a content that
// is shorter than the server announced ends in io.ErrUnexpectedEOF.
type Content struct {
	io.ReadCloser
	// Size is the announced length, below zero if the server named none.
	Size      int64
	MediaType string
	FileName  string
}

// Open opens the latest version's content. Nothing is buffered; cancel ctx to
// break off.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v1/nodes/{id}/content.
func (s *ContentService) Open(ctx context.Context, id NodeID) (*Content, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.content.Name); err != nil {
		return nil, err
	}
	return s.open(ctx, rest.Request{Route: &routes.content, Path: []any{id}, Query: url.Values{"action": {"download"}}})
}

// OpenVersion opens the content of one version.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/versions/{version_number}/content.
func (s *ContentService) OpenVersion(ctx context.Context, id NodeID, number int) (*Content, error) {
	if err := wantVersion(routes.versionContent.Name, id, number); err != nil {
		return nil, err
	}
	return s.open(ctx, rest.Request{Route: &routes.versionContent, Path: []any{id, number}})
}

func (s *ContentService) open(ctx context.Context, req rest.Request) (*Content, error) {
	req.Header = http.Header{"Accept": {"*/*"}}
	resp, err := rest.Stream(ctx, s.rest, req) //nolint:bodyclose // the caller closes the Content
	if err != nil {
		return nil, err
	}
	size := resp.ContentLength
	if resp.Header.Get("Content-Encoding") != "" {
		// The length then is that of the encoded bytes.
		size = -1
	}
	_, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &Content{ReadCloser: &measured{ReadCloser: resp.Body, left: size, known: size >= 0}, Size: size, MediaType: media, FileName: params["filename"]}, nil
}

// measured compares what arrives with what was announced.
type measured struct {
	io.ReadCloser
	left  int64
	known bool
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.left -= int64(n)
	if m.known && errors.Is(err, io.EOF) && m.left > 0 {
		err = fmt.Errorf("content ended %d bytes early: %w", m.left, io.ErrUnexpectedEOF)
	}
	return n, err
}
