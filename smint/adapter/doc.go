// Package adapter serves the feed that a Smint.io data adapter reads: an
// http.Handler over a small Catalog interface.
package adapter
