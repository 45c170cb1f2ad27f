package rest

import (
	"context"
	"errors"
	"iter"
)

// ErrCursorLoop tells that a server handed out a cursor a second time.
var ErrCursorLoop = errors.New("the server repeated a page cursor")

// Paginate walks pages from first on. Fetch returns the items of a page, the
// next cursor and whether there is more. Ranging again starts over, leaving the
// loop stops the requests, nothing is fetched before ranging begins; an error
// is yielded once, with the zero value, and ends the sequence. An empty page
// ends nothing, a repeated cursor is ErrCursorLoop.
func Paginate[T any, C comparable](first C, fetch func(ctx context.Context, cursor C) (items []T, next C, more bool, err error)) func(ctx context.Context) iter.Seq2[T, error] {
	return func(ctx context.Context) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			var zero T
			seen := map[C]bool{first: true}
			for cursor := first; ; {
				items, next, more, err := fetch(ctx, cursor)
				if err != nil {
					yield(zero, err)
					return
				}
				for _, item := range items {
					if !yield(item, nil) {
						return
					}
				}
				if !more {
					return
				}
				if seen[next] {
					yield(zero, ErrCursorLoop)
					return
				}
				seen[next], cursor = true, next
			}
		}
	}
}
