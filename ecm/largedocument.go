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
// connection that breaks costs the parts that are under way, one by default. An upload that the server
// no longer knows is ErrUploadExpired: begin anew without Resume. Other errors
// are those of UploadDocument; without a verdict on the last request the error
// matches ErrOutcomeUnknown: look the name up before repeating.
//
// Errors: ErrInvalid, ErrNameTaken, ErrTooLarge, ErrUploadExpired, ErrSource,
// ErrOutcomeUnknown.
//
// API: POST /v2/multipart, POST /v2/multipart/{upload_key}/{part_number},
// POST /v2/multipart/{upload_key}, POST /v2/nodes.
func (s *NodesService) UploadLarge(ctx context.Context, d LargeDocument) (*Node, error) {
	uploads := (*UploadsService)(s)
	var faults rest.Problems
	d.check(&faults)
	if d.Parallel < 0 || d.Parallel > 64 {
		faults.Add("parallel", d.Parallel, "1 to 64, or 0 for the default")
	}
	if d.Resume != nil {
		if d.Resume.check(&faults); d.Resume.Size != d.Size {
			faults.Add("resume.size", d.Resume.Size, fmt.Sprintf("the size of the document, %d", d.Size))
		}
	}
	if err := faults.Err("Nodes.UploadLarge"); err != nil {
		return nil, err
	}
	u := d.Resume
	if u == nil {
		settings, err := uploads.Settings(ctx)
		switch {
		case err != nil && !errors.Is(err, ErrRouteMissing):
			return nil, err
		case err != nil || !settings.Enabled || d.Size < max(settings.MinSize, 1):
			return s.UploadDocument(ctx, d.Document)
		case settings.MaxSize > 0 && d.Size > settings.MaxSize:
			return nil, &Error{
				Op: routes.uploadStart.Name, Method: "POST", Route: routes.uploadStart.Template,
				Message: fmt.Sprintf("%d bytes are more than the %d that the server takes; nothing was sent", d.Size, settings.MaxSize), Err: ErrTooLarge,
			}
		}
		if u, err = uploads.Start(ctx, firstName(d.FileName, d.Name), d.MediaType, d.Size); err != nil {
			return nil, err
		}
	}
	node, err := s.sendLarge(ctx, u, d)
	if err != nil && !d.Keep && !errors.Is(err, ErrOutcomeUnknown) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = joined(err, uploads.Abort(ctx, u))
	}
	return node, err
}

// joined adds the failure of a cleaning up to the one that led to it.
func joined(err, more error) error {
	if more == nil {
		return err
	}
	return fmt.Errorf("%w; its parts are left at the server: %w", err, more)
}

func (s *NodesService) sendLarge(ctx context.Context, u *Upload, d LargeDocument) (*Node, error) {
	t := &transfer{uploads: (*UploadsService)(s), upload: u, progress: d.Progress}
	if !u.Closed {
		if err := t.send(ctx, d.Content, cmpOr(d.Parallel, 1)); err != nil {
			return nil, err
		}
	}
	if err := t.uploads.Complete(ctx, u); err != nil {
		return nil, err
	}
	if d.Progress != nil {
		d.Progress(u.clone())
	}
	keys := d.keys()
	keys["upload_key"] = u.Key
	form, err := bodyJSON(keys)
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeCreate, Form: form})
	return oneNode(&routes.nodeCreate, answer, err)
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
