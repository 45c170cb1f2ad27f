package rest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPaginate_EndsWhereAServerGoesRound: a cursor that comes again, the first
// one included, ends the walk with an error, and an empty page does not.
func TestPaginate_EndsWhereAServerGoesRound(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]map[string]string{
		"to the first page":  {"": ""},
		"to where it began":  {"": "a", "a": ""},
		"to a page before":   {"": "a", "a": "b", "b": "a"},
		"to the page itself": {"": "a", "a": "a"},
	} {
		fetched := 0
		walk := Paginate("", func(_ context.Context, cursor string) ([]int, string, bool, error) {
			fetched++
			require.LessOrEqual(t, fetched, len(next), "%s: a page was asked for twice", name)
			return []int{fetched}, next[cursor], true, nil
		})
		items, errs := 0, 0
		for _, err := range walk(t.Context()) {
			if err != nil {
				require.ErrorIs(t, err, ErrCursorLoop, name)
				errs++
				continue
			}
			items++
		}
		require.Equal(t, len(next), items, name)
		require.Equal(t, 1, errs, name)
	}

	pages := map[int][]int{0: {1}, 1: nil, 2: {2}}
	var got []int
	for item, err := range Paginate(0, func(_ context.Context, cursor int) ([]int, int, bool, error) {
		return pages[cursor], cursor + 1, cursor < 2, nil
	})(t.Context()) {
		require.NoError(t, err)
		got = append(got, item)
	}
	require.Equal(t, []int{1, 2}, got)
}
