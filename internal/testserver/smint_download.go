package testserver

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SmintDownload is one request for a file, as its host saw it.
type SmintDownload struct {
	Transaction string `json:"transaction"`
	Binary      string `json:"binary"`
	Version     int    `json:"version"`
	// Host is "own" for the licensing API's host, "storage" for the other.
	Host string `json:"host"`
	// Bearer tells whether an Authorization header came along.
	Bearer bool `json:"bearer"`
	// Range is the Range header.
	Range  string `json:"range"`
	Status int    `json:"status"`
	// Sent counts the bytes of the body that were handed to the connection.
	Sent int64 `json:"sent"`
}

// address is the signed address of one version of a file.
func (s *Smint) address(r *http.Request, transaction, binary string, version SmintVersion) string {
	ends := s.endpointsFor(r)
	base := ends.Storage
	if version.OwnHost {
		base = ends.Files
	}
	expires := strconv.FormatInt(s.now().Add(s.options.AddressLifetime).Unix(), 10)
	number := strconv.Itoa(max(version.Version, 1))
	query := url.Values{"exp": {expires}, "sig": {s.sign("download", transaction, binary, number, expires)[:32]}}
	return fmt.Sprintf("%s/%s/%s/%s?%s", base, url.PathEscape(transaction), url.PathEscape(binary), number, query.Encode())
}

// Address is a fresh download address of a binary's newest version, as the
// binaries call would answer it to a client that talks to base.
func (s *Smint) Address(transaction, binary string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	purchase := s.feed.Purchases[transaction]
	if purchase == nil {
		return "", false
	}
	for _, one := range purchase.Binaries {
		if one.UUID == binary {
			return s.address(nil, transaction, binary, one.SmintVersion), true
		}
	}
	return "", false
}

// Content opens what a binary's version holds, zero for the newest, so that a
// test can compare it with what arrived.
func (s *Smint) Content(transaction, binary string, version int) (io.ReadCloser, int64, error) {
	found, ok := s.binaryVersion(transaction, binary, version)
	if !ok {
		return nil, 0, fmt.Errorf("testserver: no binary %s of %s in version %d", binary, transaction, version)
	}
	return found.Content.reader()
}

func (s *Smint) binaryVersion(transaction, binary string, number int) (SmintVersion, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	purchase := s.feed.Purchases[transaction]
	if purchase == nil {
		return SmintVersion{}, false
	}
	for _, one := range purchase.Binaries {
		if one.UUID != binary {
			continue
		}
		if number == 0 {
			return one.SmintVersion, true
		}
		return one.version(number)
	}
	return SmintVersion{}, false
}

// Downloads returns every request for a file so far, in order of their begin.
func (s *Smint) Downloads() []SmintDownload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SmintDownload(nil), s.downloads...)
}

func (s *Smint) serveFile(host string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.PathValue("version"))
		seen := SmintDownload{
			Transaction: r.PathValue("transaction"), Binary: r.PathValue("binary"), Version: number, Host: host,
			Bearer: r.Header.Get("Authorization") != "", Range: r.Header.Get("Range"),
		}
		body := &smintBody{ResponseWriter: w}
		s.mu.Lock()
		place := len(s.downloads)
		s.downloads = append(s.downloads, seen)
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.downloads[place].Status, s.downloads[place].Sent = body.status, body.sent
			s.mu.Unlock()
		}()
		version, ok := s.admit(body, r, host, seen)
		if ok {
			s.sendFile(body, r, version)
		}
	}
}

// admit checks signature, age and token of a download; a refusal has been
// answered, in the manner of an object store: XML, no error object.
func (s *Smint) admit(w http.ResponseWriter, r *http.Request, host string, seen SmintDownload) (SmintVersion, bool) {
	refuse := func(status int, code, message string) (SmintVersion, bool) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
		return SmintVersion{}, false
	}
	version, ok := s.binaryVersion(seen.Transaction, seen.Binary, seen.Version)
	if !ok || version.OwnHost != (host == smintOwn) {
		return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	expires := r.URL.Query().Get("exp")
	want := s.sign("download", seen.Transaction, seen.Binary, strconv.Itoa(seen.Version), expires)[:32]
	if r.URL.Query().Get("sig") != want {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The signature does not match.")
	}
	if at, err := strconv.ParseInt(expires, 10, 64); err != nil || !s.now().Before(time.Unix(at, 0)) {
		return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	switch {
	case version.Bearer == SmintBearerRefused && seen.Bearer:
		return refuse(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed")
	case version.Bearer == SmintBearerNeeded && !s.authorized(w, r, smintScopeFull):
		return SmintVersion{}, false
	}
	return version, true
}

func (s *Smint) sendFile(w *smintBody, r *http.Request, version SmintVersion) {
	content, err := version.Content.seeker()
	if err != nil {
		smintRefuse(w, http.StatusInternalServerError, "fake", "the seeded content cannot be opened", nil)
		return
	}
	defer func() { _ = content.Close() }()
	w.limit, w.extra, w.chunked = version.BreakAfter, version.AnnounceExtra, version.Chunked
	if version.MediaType != "" {
		w.Header().Set("Content-Type", version.MediaType)
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(version.FileName))
	if version.NoRanges {
		r = r.Clone(r.Context())
		for _, name := range []string{"Range", "If-Range", "If-Match", "If-None-Match"} {
			r.Header.Del(name)
		}
		w.plain = true
	} else {
		w.Header().Set("ETag", `"`+s.sign("etag", r.URL.Path)[:20]+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// smintBody counts what leaves and plays the faults of a file's host.
type smintBody struct {
	http.ResponseWriter
	status  int
	sent    int64
	limit   int64
	extra   int64
	chunked bool
	plain   bool
	room    int64
}

func (b *smintBody) WriteHeader(status int) {
	if b.status != 0 {
		return
	}
	b.status = status
	header := b.Header()
	if b.plain {
		header.Del("Accept-Ranges")
	}
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	b.room = -1
	if success := status == http.StatusOK || status == http.StatusPartialContent; success && err == nil {
		switch {
		case b.chunked:
			header.Del("Content-Length")
		case b.extra != 0:
			b.room = max(length+b.extra, 0)
			header.Set("Content-Length", strconv.FormatInt(b.room, 10))
		}
	}
	b.ResponseWriter.WriteHeader(status)
}

func (b *smintBody) Write(p []byte) (int, error) {
	if b.status == 0 {
		b.WriteHeader(http.StatusOK)
	}
	whole := len(p)
	broken := b.limit > 0 && b.sent+int64(len(p)) >= b.limit && b.status < http.StatusBadRequest
	if broken {
		p = p[:b.limit-b.sent]
	}
	if b.room >= 0 && b.sent+int64(len(p)) > b.room {
		p = p[:b.room-b.sent]
	}
	n, err := b.ResponseWriter.Write(p)
	b.sent += int64(n)
	if broken {
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	if err == nil {
		n = whole
	}
	return n, err
}
