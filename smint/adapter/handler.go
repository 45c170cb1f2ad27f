package adapter

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/smint"
)

// Options change how a feed is served.
type Options struct {
	// Authenticate tells whether a request may read the feed at all; see
	// [Bearer]. Without one there is no handler.
	Authenticate func(*http.Request) bool
	// Prefix of the paths, "/adapter/v1" by default.
	Prefix string
	// Metamodel lists further attributes of assets.
	Metamodel []MetamodelField
	// Logger gets a warning for each failure of the catalog; never a secret.
	Logger *slog.Logger
	// Now is the clock of decisions, time.Now by default.
	Now func() time.Time
}

// Bearer takes requests with this token in the Authorization header.
func Bearer(token smint.Secret) func(*http.Request) bool {
	want := sha256.Sum256([]byte("Bearer " + token.Reveal()))
	return func(r *http.Request) bool {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		return token != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1
	}
}

const (
	defaultPage = 50
	maxPage     = 1000
	maxBody     = 1 << 20
)

type handler struct {
	catalog Catalog
	Options
}

// NewHandler serves a catalog as the feed of a data adapter. Faults of the
// options are reported together and match ErrInvalid.
func NewHandler(c Catalog, o Options) (http.Handler, error) {
	var faults []error
	if c == nil {
		faults = append(faults, errors.New("catalog is missing"))
	}
	if o.Authenticate == nil {
		faults = append(faults, errors.New("authenticate is missing: nobody may read the feed unasked"))
	}
	if o.Prefix == "" {
		o.Prefix = "/adapter/v1"
	}
	if !strings.HasPrefix(o.Prefix, "/") || strings.HasSuffix(o.Prefix, "/") {
		faults = append(faults, fmt.Errorf("prefix is %q, want a path that begins with a slash and does not end with one", o.Prefix))
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("adapter: %w: %w", ErrInvalid, errors.Join(faults...))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{c, o}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /setup": h.setup, "GET /folders/{id}/contents": h.folder, "GET /changes": h.changes, "GET /assets/{id}/change": h.change,
		"GET /assets/{id}": h.asset, "POST /assets/batchGet": h.batch, "POST /assets/search": h.search,
		"GET /assets/{id}/downloadItems": h.items, "GET /assets/{id}/content": h.content, "GET /assets/{id}/thumbnail": h.thumbnail,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+o.Prefix+path, func(w http.ResponseWriter, r *http.Request) {
			if err := serve(w, r); err != nil {
				h.fail(w, r, err)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.fail(w, r, ErrNotFound) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if !h.Authenticate(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, wireError{"unauthorized", "a valid token is needed"})
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error_code":"internal","error_message":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// fail answers what a reader may know, and logs the rest.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		answer(w, http.StatusNotFound, wireError{"not_found", "there is no such thing, or not for now"})
	case errors.Is(err, ErrTooOld):
		answer(w, http.StatusGone, wireError{"continuation_too_old", "these changes are not kept any more: crawl the folders, then begin without a continuation"})
	case errors.Is(err, ErrInvalid):
		answer(w, http.StatusBadRequest, wireError{"invalid_argument", err.Error()})
	case r.Context().Err() != nil:
	default:
		h.Logger.WarnContext(r.Context(), "adapter: the catalog failed", "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "30")
		answer(w, http.StatusServiceUnavailable, wireError{"unavailable", "the source cannot be read now"})
	}
}

// size reads a page size.
func size(text string) (int, error) {
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%w: page size %q, want 1 to %d", ErrInvalid, text, maxPage)
	}
	return min(n, maxPage), nil
}

// shown keeps of a list what may be shown now.
func (h *handler) shown(list []Asset) []wireAsset {
	now, out := h.Now(), []wireAsset{}
	for _, a := range list {
		if d := a.Decide(now); d.Shown {
			out = append(out, wire(a, d))
		}
	}
	return out
}

// decided reads an asset and what may be done with it at this moment. One that
// may not be shown is not found.
func (h *handler) decided(ctx context.Context, id string) (Asset, Decision, error) {
	a, err := h.catalog.Asset(ctx, id)
	if err != nil {
		return Asset{}, Decision{}, err
	}
	d := a.Decide(h.Now())
	if !d.Shown {
		return Asset{}, d, fmt.Errorf("%w: %s", ErrNotFound, d.Reason)
	}
	return a, d, nil
}

func (h *handler) setup(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{
		"is_setup": true, "root_folder_id": Root, "features": map[string]bool{"changes": true, "search": true, "ranges": true},
		"metamodel": append(ownFields(), h.Metamodel...),
	})
	return nil
}

func (h *handler) folder(w http.ResponseWriter, r *http.Request) error {
	n, err := size(r.URL.Query().Get("pageSize"))
	if err != nil {
		return err
	}
	page, err := h.catalog.Folder(r.Context(), r.PathValue("id"), r.URL.Query().Get("cursor"), n)
	if err != nil {
		return err
	}
	folders := []any{}
	for _, f := range page.Folders {
		folders = append(folders, map[string]any{"id": f.ID, "name": smint.LocalizedText{{Culture: "x-default", Value: f.Name}}})
	}
	answer(w, http.StatusOK, map[string]any{"folders": folders, "assets": h.shown(page.Assets), "next_cursor": orNull(page.Next)})
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (h *handler) changes(w http.ResponseWriter, r *http.Request) error {
	n, err := size(r.URL.Query().Get("limit"))
	if err != nil {
		return err
	}
	page, err := h.catalog.Changes(r.Context(), r.URL.Query().Get("continuation"), n)
	if err != nil {
		return err
	}
	list := []wireChange{}
	for _, c := range page.Changes {
		change, err := h.changeOf(r.Context(), c)
		if err != nil {
			return err
		}
		list = append(list, change)
	}
	answer(w, http.StatusOK, map[string]any{"changes": list, "continuation": page.Continuation, "has_more": page.More})
	return nil
}

// changeOf says what became of an asset by now: an update, or its deletion.
func (h *handler) changeOf(ctx context.Context, c Change) (wireChange, error) {
	a, d, err := h.decided(ctx, c.ID)
	if errors.Is(err, ErrNotFound) {
		reason := d.Reason
		if reason == "" {
			reason = c.Reason
		}
		return wireChange{Type: "asset_deletion", AssetID: c.ID, Reason: reason}, nil
	}
	if err != nil {
		return wireChange{}, err
	}
	return wireChange{Type: "asset_update", AssetID: c.ID, Asset: new(wire(a, d))}, nil
}

func (h *handler) change(w http.ResponseWriter, r *http.Request) error {
	c, err := h.changeOf(r.Context(), Change{ID: r.PathValue("id"), Reason: "not there"})
	if err == nil {
		answer(w, http.StatusOK, c)
	}
	return err
}

func (h *handler) asset(w http.ResponseWriter, r *http.Request) error {
	a, d, err := h.decided(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out, err := json.Marshal(wire(a, d))
	if err != nil {
		return err
	}
	// All of the answer is part of the tag, not only the content: what may be
	// done, and every attribute.
	sum := sha256.Sum256(out)
	tag := etag(hex.EncodeToString(sum[:16]))
	w.Header().Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	answer(w, http.StatusOK, json.RawMessage(out))
	return nil
}

// matches tells whether a tag is among those of a header, weak ones included.
func matches(header []string, tag string) bool {
	for _, line := range header {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

func etag(s string) string {
	return `"` + strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' || r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, s) + `"`
}

// read decodes a request's body, which is bounded.
func read(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return fmt.Errorf("%w: body: %w", ErrInvalid, err)
	}
	if len(b) > maxBody {
		return fmt.Errorf("%w: the body has more than %d bytes", ErrInvalid, maxBody)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: body: %w", ErrInvalid, err)
	}
	return nil
}

func (h *handler) batch(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		IDs []string `json:"asset_ids"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	if len(body.IDs) > maxPage {
		return fmt.Errorf("%w: %d asset ids, want at most %d", ErrInvalid, len(body.IDs), maxPage)
	}
	found, missing := []wireAsset{}, []string{}
	for _, id := range body.IDs {
		a, d, err := h.decided(r.Context(), id)
		switch {
		case errors.Is(err, ErrNotFound):
			missing = append(missing, id)
		case err != nil:
			return err
		default:
			found = append(found, wire(a, d))
		}
	}
	answer(w, http.StatusOK, map[string]any{"assets": found, "missing": missing})
	return nil
}

func (h *handler) search(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Query    string              `json:"query"`
		Filters  map[string][]string `json:"filters"`
		Cursor   *string             `json:"cursor"`
		PageSize int                 `json:"page_size"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	q := Query{Text: body.Query, Filters: body.Filters, Size: min(body.PageSize, maxPage)}
	if q.Size <= 0 {
		q.Size = defaultPage
	}
	if body.Cursor != nil {
		q.Cursor = *body.Cursor
	}
	page, err := h.catalog.Search(r.Context(), q)
	if err != nil {
		return err
	}
	list := h.shown(page.Assets)
	var total any // how many may be shown in all is known of a single page only
	if q.Cursor == "" && page.Next == "" {
		total = len(list)
	}
	answer(w, http.StatusOK, map[string]any{"assets": list, "next_cursor": orNull(page.Next), "total": total})
	return nil
}
