package smint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// download checks length and cap while it is read, and goes on where it broke
// off as long as the host allows.
type download struct {
	s      *DownloadsService
	ctx    context.Context
	cancel context.CancelFunc
	u      *url.URL
	anew   func(context.Context) (Secret, error)
	body   io.ReadCloser
	// tag is what the host names the bytes by; without it nobody can tell
	// whether the rest belongs to them.
	tag             string
	read, announced int64
	// idle counts the attempts since the last byte, pause grows with them.
	idle  int
	pause *backoff.ExponentialBackOff
	err   error
}

// validator is what a host names its bytes by: a strong ETag, or a date.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	return h.Get("Last-Modified")
}

func (d *download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	for {
		n, err := d.body.Read(p)
		d.read += int64(n)
		if n > 0 {
			d.idle, d.pause = 0, nil
		}
		switch most := d.s.fetch.policy.MaxBytes; {
		case d.read > most:
			d.err = fmt.Errorf("download: %w: more than %d bytes", ErrTooLarge, most)
			return n, d.err
		case d.announced >= 0 && d.read > d.announced:
			d.err = fmt.Errorf("download: %w: more than the %d bytes that were announced", ErrBrokenReply, d.announced)
			return n, d.err
		case err == nil:
			return n, nil
		case err == io.EOF && (d.announced < 0 || d.read == d.announced):
			d.err = io.EOF
			return n, d.err
		case d.ctx.Err() != nil:
			d.err = d.ctx.Err()
			return n, d.err
		}
		if fault := d.resume(err); fault != nil {
			d.err = fault
			return n, d.err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// resume goes on at the byte where the download broke off, or returns the
// error that it ends in.
func (d *download) resume(cause error) error {
	_ = d.body.Close()
	d.body = http.NoBody
	ended := func(why error) error {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		if d.announced < 0 {
			return fmt.Errorf("%w: after %d bytes: %w", ErrTruncated, d.read, why)
		}
		return fmt.Errorf("%w: %d of %d bytes: %w", ErrTruncated, d.read, d.announced, why)
	}
	if d.tag == "" || (d.announced >= 0 && d.read >= d.announced) {
		return ended(cause)
	}
	for d.idle < d.s.fetch.retries {
		d.idle++
		if err := d.rest(); err != nil {
			return ended(err)
		}
		err := d.part()
		if err == nil {
			return nil
		}
		e, ok := errors.AsType[*Error](err)
		switch {
		case d.anew != nil && expired(err):
			address, err := d.anew(d.ctx)
			if err != nil {
				return ended(err)
			}
			if d.u, err = d.s.target(address); err != nil {
				return ended(err)
			}
		case !ok || !e.retryable:
			return ended(errors.Join(cause, err))
		}
		cause = err
	}
	return ended(cause)
}

// rest waits before every attempt but the first since the last byte.
func (d *download) rest() error {
	if d.pause == nil {
		d.pause = newPause()
		return nil
	}
	return pause(d.ctx, min(d.pause.NextBackOff(), 10*time.Second))
}

// part asks for what is missing, and takes it only if it is of the same bytes.
func (d *download) part() error {
	resp, err := d.s.get(d.ctx, d.u, http.Header{"Range": {"bytes=" + strconv.FormatInt(d.read, 10) + "-"}, "If-Range": {d.tag}})
	if err != nil {
		return err
	}
	from, total, ok := contentRange(resp.Header.Get("Content-Range"))
	switch {
	case !ok || from != d.read || (d.announced >= 0 && total >= 0 && total != d.announced):
		err = d.s.fault("the host sends another part than asked for", ErrBrokenReply)
	case validator(resp.Header) != "" && validator(resp.Header) != d.tag:
		err = d.s.fault("the host sends a part of other bytes", ErrBrokenReply)
	default:
		err = d.s.acceptable(resp)
		d.body = resp.Body
	}
	if err != nil {
		_ = resp.Body.Close()
		return err
	}
	if d.announced < 0 {
		d.announced = total
	}
	return nil
}

// contentRange reads "bytes 5-9/10"; a total that is "*" is below zero.
func contentRange(s string) (from, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, whole, found := strings.Cut(s, "/")
	first, _, dash := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if !ok || !found || !dash || err != nil {
		return 0, 0, false
	}
	if whole == "*" {
		return from, -1, true
	}
	total, err = strconv.ParseInt(whole, 10, 64)
	return from, total, err == nil
}

// Close ends the download.
func (d *download) Close() error {
	err := d.body.Close()
	d.cancel()
	return err
}
