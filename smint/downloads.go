package smint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// DownloadsService fetches the files of purchases.
type DownloadsService service

// File names one binary of a purchase.
type File struct {
	Cart        CartUUID
	Transaction TransactionUUID
	Binary      BinaryUUID
	// Version, if above 0, is the one that is meant; another one is
	// ErrConflict.
	Version int
	// URL is an address from a recent [BinariesService.List], to save a
	// request. One that has expired is fetched anew.
	URL Secret
}

// Content is an open download. Read it to io.EOF and close it: one that ends
// before its announced length ends in ErrTruncated.
type Content struct {
	io.ReadCloser
	// Size is the announced length in bytes, below zero if none was.
	Size      int64
	MediaType string
}

// Open opens a download under the client's [FetchPolicy]. Nothing is buffered;
// cancel ctx to break off. An address whose hour is over is fetched anew
// once. Errors: ErrNoFile, ErrNotFound, ErrFetchRefused, ErrConflict if the
// version has changed, ErrTooLarge.
func (s *DownloadsService) Open(ctx context.Context, f File) (*Content, error) {
	address, fresh, err := f.URL, false, error(nil)
	if address == "" {
		if address, err = s.address(ctx, f); err != nil {
			return nil, err
		}
		fresh = true
	}
	content, err := s.try(ctx, address)
	if err == nil || fresh || !expired(err) {
		return content, err
	}
	if address, err = s.address(ctx, f); err != nil {
		return nil, err
	}
	return s.try(ctx, address)
}

// expired tells the answers of hosts to an address whose time is over.
func expired(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusGone ||
		e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnauthorized)
}

// address asks for a fresh address.
func (s *DownloadsService) address(ctx context.Context, f File) (Secret, error) {
	list, err := (*BinariesService)(s).List(ctx, f.Cart, f.Transaction)
	for _, b := range list {
		switch {
		case b.UUID != f.Binary:
		case f.Version > 0 && b.EffectiveVersion() != f.Version:
			return "", s.fault(fmt.Sprintf("binary %s of transaction %s has version %d, not %d", f.Binary, f.Transaction, b.EffectiveVersion(), f.Version), ErrConflict)
		case b.DownloadURL == "":
			return "", s.fault(fmt.Sprintf("binary %s of transaction %s", f.Binary, f.Transaction), ErrNoFile)
		default:
			return b.DownloadURL, nil
		}
	}
	if err != nil {
		return "", err
	}
	return "", s.fault(fmt.Sprintf("no binary %s in transaction %s", f.Binary, f.Transaction), ErrNotFound)
}

func (s *DownloadsService) fault(message string, class error) error {
	return &Error{Op: s.routes.download.Name, Method: "GET", Route: s.routes.download.Template, Message: message, Err: class}
}

// try opens one address, and again while the host is only unavailable.
func (s *DownloadsService) try(ctx context.Context, address Secret) (*Content, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return nil, s.fault("the address is no URL", ErrFetchRefused)
	}
	if err := s.fetch.allowed(u); err != nil {
		return nil, s.fault("download", err)
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 200 * time.Millisecond
	pause.MaxElapsedTime = 0
	var content *Content
	err = backoff.Retry(func() error {
		var err error
		if content, err = s.get(ctx, u); err != nil {
			if e, ok := errors.AsType[*Error](err); ok && e.retryable && ctx.Err() == nil {
				return err
			}
			return backoff.Permanent(err)
		}
		return nil
	}, backoff.WithContext(backoff.WithMaxRetries(pause, 3), ctx))
	if err != nil {
		return nil, err
	}
	return content, nil
}

// get sends one request. The login's token goes only to the origin of the
// licensing API.
func (s *DownloadsService) get(ctx context.Context, u *url.URL) (*Content, error) {
	ctx, cancel := context.WithTimeout(ctx, s.fetch.policy.Timeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, s.fault("the address is no URL", ErrFetchRefused)
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", s.fetch.agent)
	if s.clapi.SameOrigin(u) {
		token, err := s.login.current(ctx)
		if err != nil {
			cancel()
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	resp, err := s.fetch.client.Do(req)
	if err != nil {
		cancel()
		return nil, s.unanswered(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer cancel()
		return nil, s.refused(resp)
	}
	if resp.ContentLength > s.fetch.policy.MaxBytes {
		_ = resp.Body.Close()
		cancel()
		return nil, s.fault(fmt.Sprintf("%d bytes announced, %d allowed", resp.ContentLength, s.fetch.policy.MaxBytes), ErrTooLarge)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	body := &download{rc: resp.Body, cancel: cancel, announced: resp.ContentLength, cap: s.fetch.policy.MaxBytes}
	return &Content{ReadCloser: body, Size: resp.ContentLength, MediaType: media}, nil
}

func (s *DownloadsService) unanswered(err error) error {
	// A *url.Error quotes the whole address, signature and all.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	e := &Error{Op: s.routes.download.Name, Method: "GET", Route: s.routes.download.Template, Err: err}
	e.retryable = !errors.Is(err, ErrFetchRefused)
	return e
}

func (s *DownloadsService) refused(resp *http.Response) error {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
	e := &Error{Op: s.routes.download.Name, Method: "GET", Route: s.routes.download.Template, StatusCode: resp.StatusCode, Err: ErrDenied}
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		e.Err = ErrNotFound
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Err, e.retryable = ErrThrottled, true
	case resp.StatusCode >= 500:
		e.Err, e.retryable = ErrUnavailable, true
	}
	return e
}

// download checks length and cap while it is read.
type download struct {
	rc             io.ReadCloser
	cancel         context.CancelFunc
	read           int64
	announced, cap int64
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.rc.Read(p)
	d.read += int64(n)
	switch {
	case d.read > d.cap:
		return n, fmt.Errorf("download: %w: more than %d bytes", ErrTooLarge, d.cap)
	case err == nil:
		return n, nil
	case err == io.EOF && (d.announced < 0 || d.read == d.announced):
		return n, io.EOF
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, d.read, d.announced)
	}
	return n, err
}

func (d *download) Close() error {
	err := d.rc.Close()
	d.cancel()
	return err
}
