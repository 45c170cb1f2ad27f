package smint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/smintecm/sdk/internal/rest"
)

// LicensePurchaseTransactionsService reads the feed of purchases.
type LicensePurchaseTransactionsService service

// TransactionPage is a page of the feed.
type TransactionPage struct {
	Items []TransactionItem
	// Continuation asks for what follows this page. Store it after every item
	// of the page is dealt with, never before: what is not stored comes again.
	Continuation string
	// End tells that the feed has nothing more, for now. A page without items
	// need not be the end: what cannot be synced may have been passed over.
	End bool
}

// TransactionItem is one place of a page: a transaction, or why it cannot be
// read.
type TransactionItem struct {
	Transaction *LicensePurchaseTransaction
	// Err is an *ItemError for an item that is malformed; the others of the
	// page are not touched by it.
	Err error
}

type wirePage struct {
	Count        *int              `json:"count"`
	Continuation *string           `json:"continuation_uuid"`
	Items        []json.RawMessage `json:"license_purchase_transactions"`
}

// UnmarshalJSON tells a page from what something in front of the server says: that
// would read as the end of the feed.
func (p *wirePage) UnmarshalJSON(b []byte) error {
	type plain wirePage
	names, err := rest.Members(b)
	if err != nil {
		return err
	}
	if len(names) > 0 && !slices.ContainsFunc([]string{"count", "continuation_uuid", "license_purchase_transactions"}, func(own string) bool { return slices.Contains(names, own) }) {
		return fmt.Errorf("expected a page of the feed, got an answer with %q", names)
	}
	return json.Unmarshal(b, (*plain)(p))
}

// MaxPage is the largest page that List asks for.
const MaxPage = 100

// List reads the page after a continuation; an empty one begins at the start
// of the feed. A page that says so is the end of the feed, for now: changed
// transactions come again at its end. Zero for limit means 10. A page with
// items and without a continuation of its own comes together with
// ErrCursorLoop: its items are good, and nobody can tell what follows them.
//
// API: GET /sync/licensePurchaseTransactions (path by configuration).
func (s *LicensePurchaseTransactionsService) List(ctx context.Context, continuation string, limit int) (*TransactionPage, error) {
	var faults rest.Problems
	if limit < 0 || limit > MaxPage {
		faults.Add("limit", limit, fmt.Sprintf("0 to %d", MaxPage))
	}
	if err := faults.Err(s.routes.transactions.Name); err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = 10
	}
	q := url.Values{s.paths.LimitParameter: {strconv.Itoa(limit)}}
	if continuation != "" {
		q.Set(s.paths.ContinuationParameter, continuation)
	}
	answer, err := rest.Do[wirePage](ctx, s.clapi, rest.Request{Route: &s.routes.transactions, Query: q})
	if err != nil {
		return nil, err
	}
	page := &TransactionPage{Continuation: continuation, End: len(answer.Items) == 0 && (answer.Count == nil || *answer.Count <= 0)}
	if answer.Continuation != nil && *answer.Continuation != "" {
		page.Continuation = *answer.Continuation
	}
	for _, raw := range answer.Items {
		t, err := DecodeTransaction(raw)
		page.Items = append(page.Items, TransactionItem{t, err})
	}
	if !page.End && page.Continuation == continuation {
		return page, &Error{
			Op: s.routes.transactions.Name, Method: "GET", Route: s.routes.transactions.Template, StatusCode: 200,
			Message: "a page that is not the last repeats its continuation", Err: ErrCursorLoop,
		}
	}
	return page, nil
}

// Pages walks the feed from a continuation to its present end. It can be
// ranged again, and then begins at the same place. The last page may be one
// without items that only brings a newer continuation. Of a server that repeats
// a continuation the page is yielded, with the continuation that it was asked
// with, and then ErrCursorLoop.
//
// API: GET /sync/licensePurchaseTransactions (path by configuration).
func (s *LicensePurchaseTransactionsService) Pages(ctx context.Context, continuation string, limit int) iter.Seq2[*TransactionPage, error] {
	return func(yield func(*TransactionPage, error) bool) {
		seen := map[string]bool{continuation: true}
		for cursor := continuation; ; {
			page, err := s.List(ctx, cursor, limit)
			if err != nil && page == nil {
				yield(nil, err)
				return
			}
			if err == nil && page.Continuation != cursor && seen[page.Continuation] {
				err = fmt.Errorf("smint: %s: %w", s.routes.transactions.Name, ErrCursorLoop)
			}
			if err != nil {
				page.Continuation = cursor
				_ = (len(page.Items) == 0 || yield(page, nil)) && yield(nil, err)
				return
			}
			if page.End && page.Continuation == cursor {
				return
			}
			seen[page.Continuation], cursor = true, page.Continuation
			if !yield(page, nil) || page.End {
				return
			}
		}
	}
}

// All walks the transactions of the feed. One that cannot be read is yielded
// as its *ItemError and does not end the walk; any other error does.
//
// API: GET /sync/licensePurchaseTransactions (path by configuration).
func (s *LicensePurchaseTransactionsService) All(ctx context.Context, continuation string) iter.Seq2[*LicensePurchaseTransaction, error] {
	return func(yield func(*LicensePurchaseTransaction, error) bool) {
		for page, err := range s.Pages(ctx, continuation, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if item.Err != nil && !errors.Is(item.Err, ErrBrokenItem) {
					yield(nil, item.Err)
					return
				}
				if !yield(item.Transaction, item.Err) {
					return
				}
			}
		}
	}
}
