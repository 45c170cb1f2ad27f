package ecm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

const partRoute = "POST /v2/multipart/{key}/{part}"

// film is a content of any length that costs no memory: each byte follows from
// its place.
type film struct{ size, pos int64 }

func (f *film) fill(p []byte, off int64) {
	for i := range p {
		at := off + int64(i)
		p[i] = byte(at>>16 ^ at>>8 ^ at)
	}
}

func (f *film) ReadAt(p []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), f.size-off)
	f.fill(p[:n], off)
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

func (f *film) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *film) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		offset += f.size
	}
	f.pos = offset
	return offset, nil
}

func (f *film) digest() string {
	sum := sha256.New()
	_, _ = io.Copy(sum, io.NewSectionReader(f, 0, f.size))
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func largeServer(t *testing.T, change func(*testserver.ECMOptions)) *server {
	t.Helper()
	return newServer(t, func(o *testserver.ECMOptions) {
		o.Clock, o.MinUpload, o.MaxUpload, o.PartSize = &testserver.Clock{}, 1<<20, 64<<20, 256<<10
		if change != nil {
			change(o)
		}
	})
}

func (s *server) large(content io.Reader, size int64) ecm.LargeDocument {
	return ecm.LargeDocument{Document: ecm.Document{
		Parent: s.folder, Name: "film.mp4", MediaType: "video/mp4", Content: content, Size: size,
		Categories: ecm.CategoryValues{s.category.String() + "_2": ecm.Text("Acme")},
	}}
}

// TestUploads_EveryMishapCostsAtMostItsPart: a ticket ends and connections
// break in the middle, before and after a part was stored. What arrives is the
// whole content, and few parts went twice.
func TestUploads_EveryMishapCostsAtMostItsPart(t *testing.T) {
	t.Parallel()
	for name, once := range map[string]bool{"readable anywhere": false, "readable once": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, spec := range []bool{false, true} {
				s := largeServer(t, func(o *testserver.ECMOptions) { o.SpecShapes = spec })
				source := &film{size: 5<<20 + 12345}
				var content io.Reader = source
				if once {
					content = struct{ io.Reader }{source}
				}
				d := s.large(content, source.size)
				var told []ecm.Upload
				d.Progress = func(u ecm.Upload) {
					told = append(told, u)
					if len(u.Done) == 7 {
						s.Options().Clock.Move(2 * time.Hour) // the ticket's time is over
					}
				}
				s.Fail(testserver.Fault{Route: partRoute, Skip: 3, Kind: testserver.DropBefore})
				s.Fail(testserver.Fault{Route: partRoute, Skip: 11, Kind: testserver.DropAfter})
				node, err := s.c.Nodes.UploadLarge(t.Context(), d)
				require.NoError(t, err)
				require.Equal(t, source.size, node.Size)
				require.Equal(t, source.digest(), s.ContentSHA256(int64(node.ID)), "what is stored is what was sent")
				parts := told[0].Parts
				require.Equal(t, 21, parts)
				require.LessOrEqual(t, s.Count(partRoute), parts+3, "each of the three mishaps costs the one part that is under way")
				require.GreaterOrEqual(t, s.Count("POST /v1/auth"), 2, "the ticket did end")
				last := told[len(told)-1]
				require.True(t, last.Closed)
				require.Equal(t, source.size, last.Sent())
				values, err := s.c.Categories.OfNode(t.Context(), node.ID)
				require.NoError(t, err)
				require.Equal(t, "Acme", values[s.category.String()+"_2"].String())
			}
		})
	}
}

// TestUploads_AnotherProcessGoesOn: the first ends in the middle, the second
// has what the first had stored about it, and sends only what is missing.
func TestUploads_AnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	for name, once := range map[string]bool{"readable anywhere": false, "readable once": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := largeServer(t, nil)
			source := &film{size: 3 << 20}
			open := func() io.Reader {
				if once {
					return struct{ io.Reader }{&film{size: source.size}}
				}
				return &film{size: source.size}
			}
			ctx, cancel := context.WithCancel(t.Context())
			var stored []byte
			d := s.large(open(), source.size)
			d.Keep, d.Parallel = true, 1
			d.Progress = func(u ecm.Upload) {
				if len(u.Done) <= 5 {
					stored, _ = json.Marshal(u)
				}
				if len(u.Done) == 6 {
					cancel() // killed before the sixth was taken down
				}
			}
			_, err := s.c.Nodes.UploadLarge(ctx, d)
			require.ErrorIs(t, err, context.Canceled)
			require.Zero(t, s.Count("DELETE /v2/multipart/{key}"), "it was to be kept")

			s.Forget()
			d = s.large(open(), source.size)
			d.Resume = &ecm.Upload{}
			require.NoError(t, json.Unmarshal(stored, d.Resume))
			require.Len(t, d.Resume.Done, 5)
			node, err := s.c.Nodes.UploadLarge(t.Context(), d)
			require.NoError(t, err)
			require.Equal(t, source.digest(), s.ContentSHA256(int64(node.ID)))
			require.Equal(t, d.Resume.Parts-5, s.Count(partRoute), "one part that the first had not taken down goes again")
			require.Zero(t, s.Count("POST /v2/multipart"), "no second upload was begun")
		})
	}
}

// TestUploads_WhatFailsLeavesNothing: parts are dropped at the server when an
// upload fails for good, and no temporary file is left here.
func TestUploads_WhatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for name, tc := range map[string]struct {
		fault  testserver.Fault
		length int64
		want   error
	}{
		"a part is refused":      {fault: testserver.Fault{Route: partRoute, Skip: 2, Times: -1, Status: 403, Body: `{"error":"Insufficient Permissions"}`}, want: ecm.ErrDenied},
		"the name is taken":      {fault: testserver.Fault{Route: "POST /v2/nodes", Status: 500, Body: `{"error":"An item with the name 'film.mp4' already exists."}`}, want: ecm.ErrNameTaken},
		"joining is refused":     {fault: testserver.Fault{Route: "POST /v2/multipart/{key}", Status: 403, Body: `{"error":"Insufficient Permissions"}`}, want: ecm.ErrDenied},
		"the source ends early":  {length: -1000, want: ecm.ErrSource},
		"the source has more":    {length: 1, want: ecm.ErrSource},
		"the server forgot it":   {fault: testserver.Fault{Route: partRoute, Skip: 2, Status: 500, Body: `{"error":"Multipart Upload session expired"}`}, want: ecm.ErrUploadExpired},
		"the server is not well": {fault: testserver.Fault{Route: partRoute, Skip: 2, Times: -1, Status: 500, Body: `{"error":"Disk"}`}, want: ecm.ErrInvalid},
	} {
		s := largeServer(t, nil)
		if tc.fault.Route != "" {
			s.Fail(tc.fault)
		}
		d := s.large(struct{ io.Reader }{&film{size: 2<<20 + tc.length}}, 2<<20)
		_, err := s.c.Nodes.UploadLarge(t.Context(), d)
		require.ErrorIs(t, err, tc.want, name)
		require.Equal(t, 1, s.Count("DELETE /v2/multipart/{key}"), "%s: the parts are dropped", name)
		require.Empty(t, s.Documents(), name)
		left, err := filepath.Glob(filepath.Join(dir, "smintecm-*"))
		require.NoError(t, err)
		require.Empty(t, left, name)
	}
}

// TestUploads_SizesDecideTheWay: too large is refused before its first byte,
// too small goes in one request, as it does where the server takes no parts.
func TestUploads_SizesDecideTheWay(t *testing.T) {
	t.Parallel()
	s := largeServer(t, nil)
	_, err := s.c.Nodes.UploadLarge(t.Context(), s.large(&film{size: 65 << 20}, 65<<20))
	require.ErrorIs(t, err, ecm.ErrTooLarge)
	require.Zero(t, s.Count("POST /v2/multipart")+s.Count(partRoute)+s.Count("POST /v2/nodes"), "nothing was sent")

	node, err := s.c.Nodes.UploadLarge(t.Context(), s.large(&film{size: 1000}, 1000))
	require.NoError(t, err)
	require.Equal(t, int64(1000), node.Size)
	require.Zero(t, s.Count("POST /v2/multipart"))

	s = largeServer(t, func(o *testserver.ECMOptions) { o.Missing = []string{"GET /v2/multipart/settings"} })
	node, err = s.c.Nodes.UploadLarge(t.Context(), s.large(&film{size: 2 << 20}, 2<<20))
	require.NoError(t, err, "a server without uploads in parts gets one request")
	require.Equal(t, int64(2<<20), node.Size)

	got, err := s.c.Uploads.Settings(t.Context())
	require.ErrorIs(t, err, ecm.ErrRouteMissing)
	require.Nil(t, got)
}

func TestUploads_BadInputIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	s := largeServer(t, nil)
	_, err := s.c.Nodes.UploadLarge(t.Context(), ecm.LargeDocument{Parallel: 99, Document: ecm.Document{Size: -1}, Resume: &ecm.Upload{Key: "k", Size: 5, PartSize: 5, Parts: 2, Done: []int{9}}})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, field := range []string{"parent", "name", "content", "size", "parallel", "upload", "upload.done", "resume.size"} {
		require.ErrorContains(t, err, field)
	}
	require.ErrorIs(t, s.c.Uploads.Complete(t.Context(), nil), ecm.ErrInvalid)
	require.ErrorIs(t, s.c.Uploads.Abort(t.Context(), nil), ecm.ErrInvalid)
	require.ErrorIs(t, s.c.Uploads.SendPart(t.Context(), nil, 0, nil), ecm.ErrInvalid)
	_, err = s.c.Uploads.Start(t.Context(), "", "", 0)
	require.ErrorIs(t, err, ecm.ErrInvalid)
	require.Empty(t, s.Exchanges())
}

// TestUploads_ALostCompletionIsFoundClosed: the server joined the parts and its
// answer never came.
func TestUploads_ALostCompletionIsFoundClosed(t *testing.T) {
	t.Parallel()
	s := largeServer(t, nil)
	source := &film{size: 2 << 20}
	s.Fail(testserver.Fault{Route: "POST /v2/multipart/{key}", Kind: testserver.DropAfter})
	node, err := s.c.Nodes.UploadLarge(t.Context(), s.large(source, source.size))
	require.NoError(t, err)
	require.Equal(t, source.digest(), s.ContentSHA256(int64(node.ID)))
	// An upload that was never complete reads the same and is not taken for one.
	u, err := s.c.Uploads.Start(t.Context(), "a.bin", "", 2<<20)
	require.NoError(t, err)
	u.Done = []int{1, 2, 3, 4, 5, 6, 7, 8}
	require.ErrorIs(t, s.c.Uploads.Complete(t.Context(), u), ecm.ErrInvalid)
	require.NoError(t, s.c.Uploads.Abort(t.Context(), u))
	require.NoError(t, s.c.Uploads.Abort(t.Context(), u), "aborting twice is no error")
	require.ErrorIs(t, s.c.Uploads.SendPart(t.Context(), &ecm.Upload{Key: u.Key, Size: 5, PartSize: 5, Parts: 1}, 1, bytes.NewReader([]byte("12345"))), ecm.ErrUploadExpired)
}

// TestUploads_AVersionGoesInPartsToo, one that is small in one request, and
// none to a record that became final while the parts were on their way.
func TestUploads_AVersionGoesInPartsToo(t *testing.T) {
	t.Parallel()
	s := largeServer(t, nil)
	source, small := &film{size: 3 << 20}, &film{size: 1000}
	id := s.record(t, "a")
	version := func(f *film) ecm.LargeVersion {
		return ecm.LargeVersion{NewVersion: ecm.NewVersion{FileName: "film.mp4", Description: "second", Content: f, Size: f.size}}
	}
	s.Fail(testserver.Fault{Route: partRoute, Skip: 3, Kind: testserver.DropAfter})
	v, err := s.c.Versions.AddLarge(t.Context(), id, version(source))
	require.NoError(t, err)
	require.Equal(t, 2, v.Number)
	require.Equal(t, source.size, v.Size)
	require.Equal(t, "second", v.Description)
	require.Equal(t, source.digest(), s.ContentSHA256(int64(id)), "what is stored is what was sent")
	v, err = s.c.Versions.AddLarge(t.Context(), id, version(small))
	require.NoError(t, err)
	require.Equal(t, 3, v.Number)
	require.Equal(t, 1, s.Count("POST /v2/multipart"), "a small one goes in one request")

	late := version(&film{size: 2 << 20})
	late.Progress = func(u ecm.Upload) {
		if len(u.Done) == 1 {
			require.NoError(t, s.c.RMClassifications.Finalize(t.Context(), id))
		}
	}
	_, err = s.c.Versions.AddLarge(t.Context(), id, late)
	require.ErrorIs(t, err, ecm.ErrFinal, "it became final meanwhile")
	list, err := s.c.Versions.List(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, 1, s.Count("DELETE /v2/multipart/{key}"), "its parts are dropped")
}
