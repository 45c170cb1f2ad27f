package ecm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// LargeDocument is a document whose content is sent in parts.
type LargeDocument struct {
	Document
	// Resume takes up an upload of the same content that an earlier call began,
	// in this process or another. Nil begins a new one.
	Resume *Upload
	// Progress is called after each part, one call at a time, with a value that
	// can be stored as it is for Resume.
	Progress func(Upload)
	// Keep leaves the parts at the server when the call fails, for Resume.
	// Without it they are dropped.
	Keep bool
	// Parallel is how many parts are sent at a time, 1 by default: then a ticket
	// that ends costs one part, and otherwise all that are under way. A content
	// that can be read only once is sent one part after the other.
	Parallel int
}

// UploadLarge stores a document of any size. One that the server takes in
// parts is sent so; a smaller one goes in a single request, as
// [NodesService.UploadDocument] sends it. A content above the server's limit
// is ErrTooLarge before its first byte is sent.
//
// Content that is an io.ReaderAt and io.Seeker is read again where a part is
// lost; any other one goes by once, each part by way of a file that only this
// user can read. Memory stays flat in both cases. A ticket that ends or a
// connection that breaks costs the parts that are under way, one by default. An
// upload that the server no longer knows is ErrUploadExpired: begin anew
// without Resume. Other errors are those of UploadDocument; without a verdict
// on the last request the error matches ErrOutcomeUnknown: look the name up
// before repeating.
//
// Errors: ErrInvalid, ErrNameTaken, ErrTooLarge, ErrUploadExpired, ErrSource,
// ErrOutcomeUnknown.
//
// API: GET /v2/multipart/settings, POST /v2/multipart,
// POST /v2/multipart/{upload_key}/{part_number},
// POST /v2/multipart/{upload_key}, POST /v2/nodes.
func (s *NodesService) UploadLarge(ctx context.Context, d LargeDocument) (*Node, error) {
	x := sending{d.Content, d.Size, firstName(d.FileName, d.Name), d.MediaType, d.Resume, d.Progress, d.Keep, d.Parallel}
	var faults rest.Problems
	d.check(&faults)
	x.check(&faults)
	if err := faults.Err("Nodes.UploadLarge"); err != nil {
		return nil, err
	}
	var node *Node
	err := (*UploadsService)(s).carry(ctx, x, func() (err error) {
		node, err = s.UploadDocument(ctx, d.Document)
		return err
	}, func(key string) error {
		keys := d.keys()
		keys["upload_key"] = key
		form, err := bodyJSON(keys)
		if err != nil {
			return err
		}
		answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeCreate, Form: form})
		node, err = oneNode(&routes.nodeCreate, answer, err)
		return err
	})
	return node, err
}

// LargeVersion is a version whose content is sent in parts. Its last four
// fields are those of [LargeDocument].
type LargeVersion struct {
	NewVersion
	Resume   *Upload
	Progress func(Upload)
	Keep     bool
	Parallel int
}

// AddLarge adds a version of any size to a document, in parts as
// [NodesService.UploadLarge] sends them. A final record is refused with
// ErrFinal, a held node with ErrOnHold, read before the first part and again
// before the version is made.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrTooLarge,
// ErrUploadExpired, ErrSource, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: GET /v2/multipart/settings, POST /v2/multipart,
// POST /v2/multipart/{upload_key}/{part_number},
// POST /v2/multipart/{upload_key}, POST /v2/nodes/{id}/versions.
func (s *VersionsService) AddLarge(ctx context.Context, id NodeID, v LargeVersion, skip ...Unguarded) (*Version, error) {
	x := sending{v.Content, v.Size, v.FileName, v.MediaType, v.Resume, v.Progress, v.Keep, v.Parallel}
	var faults rest.Problems
	wantID(&faults, "id", id)
	v.check(&faults)
	x.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err("Versions.AddLarge"); err != nil {
		return nil, err
	}
	if err := s.guard(ctx, "Versions.AddLarge", id, skip); err != nil {
		return nil, err
	}
	var version *Version
	err := (*UploadsService)(s).carry(ctx, x, func() (err error) {
		version, err = s.Add(ctx, id, v.NewVersion, skip...)
		return err
	}, func(key string) error {
		if err := s.guard(ctx, "Versions.AddLarge", id, skip); err != nil {
			return err
		}
		keys := v.keys()
		keys["upload_key"] = key
		form, err := bodyJSON(keys)
		if err != nil {
			return err
		}
		answer, err := rest.Do[v2[versionData]](ctx, s.rest, rest.Request{Route: &routes.versionAdd, Path: []any{id}, Form: form})
		version, err = oneVersion(&routes.versionAdd, answer, err)
		return err
	})
	return version, err
}

// sending is a content on its way in parts.
type sending struct {
	content             io.Reader
	size                int64
	fileName, mediaType string
	resume              *Upload
	progress            func(Upload)
	keep                bool
	parallel            int
}

func (x sending) check(faults *rest.Problems) {
	if x.parallel < 0 || x.parallel > 64 {
		faults.Add("parallel", x.parallel, "1 to 64, or 0 for the default")
	}
	if x.resume == nil {
		return
	}
	if x.resume.check(faults); x.resume.Size != x.size {
		faults.Add("resume.size", x.resume.Size, fmt.Sprintf("the size of the content, %d", x.size))
	}
}

// carry has the server take a content: in one request by small, or in parts,
// from which finish makes what they are for.
func (s *UploadsService) carry(ctx context.Context, x sending, small func() error, finish func(key string) error) error {
	u := x.resume
	if u == nil {
		settings, err := s.Settings(ctx)
		switch {
		case err != nil && !errors.Is(err, ErrRouteMissing):
			return err
		case err != nil || !settings.Enabled || x.size < max(settings.MinSize, 1):
			return small()
		case settings.MaxSize > 0 && x.size > settings.MaxSize:
			return &Error{
				Op: routes.uploadStart.Name, Method: "POST", Route: routes.uploadStart.Template,
				Message: fmt.Sprintf("%d bytes are more than the %d that the server takes; nothing was sent", x.size, settings.MaxSize), Err: ErrTooLarge,
			}
		}
		if u, err = s.Start(ctx, x.fileName, x.mediaType, x.size); err != nil {
			return err
		}
	}
	err := s.join(ctx, u, x)
	if err == nil {
		err = finish(u.Key)
	}
	if err != nil && !x.keep && !errors.Is(err, ErrOutcomeUnknown) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = joined(err, s.Abort(ctx, u))
	}
	return err
}

// joined adds the failure of a cleaning up to the one that led to it.
func joined(err, more error) error {
	if more == nil {
		return err
	}
	return fmt.Errorf("%w; its parts are left at the server: %w", err, more)
}

// join sends the parts that the server does not have, and joins them.
func (s *UploadsService) join(ctx context.Context, u *Upload, x sending) error {
	t := &transfer{uploads: s, upload: u, progress: x.progress}
	if !u.Closed {
		if err := t.send(ctx, x.content, cmpOr(x.parallel, 1)); err != nil {
			return err
		}
	}
	if err := s.Complete(ctx, u); err != nil {
		return err
	}
	if x.progress != nil {
		x.progress(u.clone())
	}
	return nil
}

func (u Upload) clone() Upload {
	u.Done = slices.Clone(u.Done)
	return u
}

// transfer sends the parts of one upload.
type transfer struct {
	uploads  *UploadsService
	progress func(Upload)

	mu     sync.Mutex
	upload *Upload
}

func (t *transfer) send(ctx context.Context, content io.Reader, parallel int) error {
	at, isAt := content.(io.ReaderAt)
	seeker, isSeeker := content.(io.Seeker)
	if isAt && isSeeker {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			return t.sendAt(ctx, at, start, parallel)
		}
	}
	return t.sendOnce(ctx, content)
}

// part sends one part and takes down that the server has it.
func (t *transfer) part(ctx context.Context, part int, content io.Reader) error {
	t.mu.Lock()
	one := t.upload.clone()
	t.mu.Unlock()
	if err := t.uploads.SendPart(ctx, &one, part, content); err != nil {
		return fmt.Errorf("part %d of %d: %w", part, one.Parts, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.upload.add(part)
	if t.progress != nil {
		t.progress(t.upload.clone())
	}
	return nil
}

func (t *transfer) missing() []int {
	var parts []int
	for part := 1; part <= t.upload.Parts; part++ {
		if _, has := slices.BinarySearch(t.upload.Done, part); !has {
			parts = append(parts, part)
		}
	}
	return parts
}

// sendAt sends the parts of a content that can be read anywhere, several at a
// time. The first that fails for good ends the others.
func (t *transfer) sendAt(ctx context.Context, at io.ReaderAt, start int64, parallel int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan int)
	var wg sync.WaitGroup
	missing, plan := t.missing(), t.upload.clone()
	for range min(parallel, len(missing)) {
		wg.Go(func() {
			for part := range queue {
				section := io.NewSectionReader(at, start+int64(part-1)*plan.PartSize, plan.length(part))
				if err := t.part(ctx, part, section); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, part := range missing {
		if ctx.Err() != nil {
			break
		}
		queue <- part
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

// sendOnce sends the parts of a content that goes by once. Each one is put
// into a file first, so that it can be sent again; those that the server has
// are read past.
func (t *transfer) sendOnce(ctx context.Context, content io.Reader) error {
	f, err := os.CreateTemp("", "smintecm-part-*")
	if err != nil {
		return err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	for part := 1; part <= t.upload.Parts; part++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		length := t.upload.length(part)
		if _, has := slices.BinarySearch(t.upload.Done, part); has {
			if n, err := io.CopyN(io.Discard, content, length); err != nil {
				return t.ended(part, n, err)
			}
			continue
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if n, err := io.CopyN(f, content, length); err != nil {
			return t.ended(part, n, err)
		}
		if err := t.part(ctx, part, io.NewSectionReader(f, 0, length)); err != nil {
			return err
		}
	}
	// The end is read too: only there does a source tell that it broke off, or
	// that it is longer than was said.
	if n, err := io.CopyN(io.Discard, content, 1); n > 0 {
		return fmt.Errorf("%w: more than the announced %d bytes", ErrSource, t.upload.Size)
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	return nil
}

func (t *transfer) ended(part int, n int64, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: after %d of %d bytes: %w", ErrSource, int64(part-1)*t.upload.PartSize+n, t.upload.Size, err)
}
