package smint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
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
// once. A download that breaks off is resumed where it stopped, if its host
// serves ranges and names what it serves by an ETag or a date. Errors:
// ErrNoFile, ErrNotFound, ErrFetchRefused, ErrConflict if the version has
// changed, ErrTooLarge, ErrTruncated while reading.
func (s *DownloadsService) Open(ctx context.Context, f File) (*Content, error) {
	address, fresh, err := f.URL, false, error(nil)
	if address == "" {
		if address, err = s.address(ctx, f); err != nil {
			return nil, err
		}
		fresh = true
	}
	again := func(ctx context.Context) (Secret, error) { return s.address(ctx, f) }
	content, err := s.open(ctx, address, again)
	if err == nil || fresh || !expired(err) {
		return content, err
	}
	if address, err = again(ctx); err != nil {
		return nil, err
	}
	return s.open(ctx, address, again)
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

// target is an address that the policy allows.
func (s *DownloadsService) target(address Secret) (*url.URL, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return nil, s.fault("the address is no URL", ErrFetchRefused)
	}
	if err := s.fetch.allowed(u); err != nil {
		return nil, s.fault("download", err)
	}
	return u, nil
}

// open opens one address, and again while the host is only unavailable; anew
// asks for another address of the same file, if there is a way to.
func (s *DownloadsService) open(ctx context.Context, address Secret, anew func(context.Context) (Secret, error)) (*Content, error) {
	u, err := s.target(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.fetch.policy.Timeout)
	var resp *http.Response
	err = backoff.Retry(func() error {
		var err error
		resp, err = s.get(ctx, u, nil) //nolint:bodyclose // the download reads and closes it
		return s.again(ctx, err)
	}, backoff.WithContext(backoff.WithMaxRetries(newPause(), uint64(s.fetch.retries)), ctx))
	if err == nil {
		err = s.acceptable(resp)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	d := &download{s: s, ctx: ctx, cancel: cancel, u: u, anew: anew, body: resp.Body, tag: validator(resp.Header), announced: resp.ContentLength}
	return &Content{ReadCloser: d, Size: resp.ContentLength, MediaType: media}, nil
}

func newPause() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.MaxElapsedTime = 0
	return b
}

// again lets backoff repeat what may pass.
func (s *DownloadsService) again(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e.retryable && ctx.Err() == nil {
		return err
	}
	return backoff.Permanent(err)
}

// acceptable refuses what is no file as it should be, before it is read.
func (s *DownloadsService) acceptable(resp *http.Response) error {
	var err error
	switch most := s.fetch.policy.MaxBytes; {
	case resp.ContentLength > most:
		err = s.fault(fmt.Sprintf("%d bytes announced, %d allowed", resp.ContentLength, most), ErrTooLarge)
	case resp.Header.Get("Content-Encoding") != "" && !strings.EqualFold(resp.Header.Get("Content-Encoding"), "identity"):
		err = s.fault("the host sends it encoded, unasked", ErrBrokenReply)
	default:
		return nil
	}
	return errors.Join(err, resp.Body.Close())
}

// get sends one request, for a part of the file if ranges says so. The login's
// token goes only to the origin of the licensing API.
func (s *DownloadsService) get(ctx context.Context, u *url.URL, ranges http.Header) (*http.Response, error) {
	want, header, credential := http.StatusOK, http.Header{}, ""
	if ranges != nil {
		want, header = http.StatusPartialContent, ranges
	}
	if s.clapi.SameOrigin(u) {
		token, err := s.login.current(ctx)
		if err != nil {
			return nil, err
		}
		credential = "Bearer " + token.Reveal()
	}
	resp, err := s.fetch.do(ctx, u, header, credential)
	if err != nil {
		return nil, s.unanswered(err)
	}
	if resp.StatusCode != want {
		return nil, s.refused(resp)
	}
	return resp, nil
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
	case resp.StatusCode < 400:
		e.Err = ErrBrokenReply
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		e.Err = ErrNotFound
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Err, e.retryable = ErrThrottled, true
	case resp.StatusCode >= 500:
		e.Err, e.retryable = ErrUnavailable, true
	}
	return e
}
