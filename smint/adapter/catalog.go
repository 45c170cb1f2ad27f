package adapter

import (
	"context"
	"errors"
	"io"
	"time"
)

// The errors that a catalog answers with; anything else is a failure of its
// own, of which a reader learns no more than that.
var (
	// ErrNotFound: no such asset, folder or item.
	ErrNotFound = errors.New("not found")
	// ErrTooOld: the changes from there on are not kept any more. The reader
	// crawls again.
	ErrTooOld = errors.New("continuation too old")
	// ErrInvalid: the question, or the asset, makes no sense.
	ErrInvalid = errors.New("invalid input")
)

// Catalog is what the feed is served from. It answers with whatever state an
// asset is in: that it may be shown is decided by the handler, each time anew.
// It is safe for concurrent use.
type Catalog interface {
	// Folder lists a folder, Root for the uppermost; cursor is empty or the Next
	// of the page before.
	Folder(ctx context.Context, folder, cursor string, size int) (FolderPage, error)
	// Changes lists what changed after a continuation, the oldest first; an
	// empty one begins at the oldest that is kept.
	Changes(ctx context.Context, continuation string, limit int) (ChangePage, error)
	// Asset reads one asset; one that was removed may be ErrNotFound.
	Asset(ctx context.Context, id string) (Asset, error)
	// Search finds assets.
	Search(ctx context.Context, q Query) (SearchPage, error)
	// Open opens the bytes of an item of an asset.
	Open(ctx context.Context, a Asset, item string) (*Content, error)
}

// Thumbnailer is a catalog that has renditions. One that is not found is left
// out by the reader.
type Thumbnailer interface {
	Thumbnail(ctx context.Context, a Asset, size string) (*Content, error)
}

// Root is the id of the uppermost folder.
const Root = "root"

// Original is the item that an asset always has.
const Original = "Original"

// Folder is a folder of the catalog.
type Folder struct {
	ID   string
	Name string
}

// FolderPage is one page of a folder. Next is empty on the last.
type FolderPage struct {
	Folders []Folder
	Assets  []Asset
	Next    string
}

// Change names an asset whose state changed. What it is now is read when the
// change is served: an old change says nothing old.
type Change struct {
	ID     string
	Reason string
}

// ChangePage is one page of changes; Continuation is where the next one
// begins, also if there is none yet.
type ChangePage struct {
	Changes      []Change
	Continuation string
	More         bool
}

// Query asks for assets whose name contains a text and whose attributes have
// one of the values given.
type Query struct {
	Text    string
	Filters map[string][]string
	Cursor  string
	Size    int
}

// SearchPage is one page of hits.
type SearchPage struct {
	Assets []Asset
	Next   string
}

// Content is an open item. If its reader is an io.Seeker too, ranges are
// served from it directly; any other is read from its beginning.
type Content struct {
	io.ReadCloser
	// Size is the exact length, below zero if it is not known.
	Size      int64
	MediaType string
	FileName  string
	Modified  time.Time
}
