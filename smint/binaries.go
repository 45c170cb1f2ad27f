package smint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/internal/rest"
)

// BinariesService lists the files of purchases.
type BinariesService service

// List returns the binaries of a license purchase transaction, with fresh
// download addresses. A transaction that cannot be synced yet is refused by
// the server. Binaries that are malformed are reported together, beside the
// others, in an error that matches ErrBrokenItem.
//
// API: GET .../cartPurchaseTransactions/{}/licensePurchaseTransactions/{}/binaries
// (path by configuration).
func (s *BinariesService) List(ctx context.Context, cart CartUUID, transaction TransactionUUID) ([]Binary, error) {
	answer, err := rest.Do[[]json.RawMessage](ctx, s.clapi, rest.Request{Route: &s.routes.binaries, Path: []any{string(cart), string(transaction)}})
	if err != nil {
		return nil, err
	}
	list := make([]Binary, 0, len(answer))
	var faults []error
	for i, raw := range answer {
		b, err := decodeBinary(raw)
		if err == nil && b.UUID == "" {
			err = errors.New("uuid is missing")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("smint: %w: binary %d of transaction %s: %w", ErrBrokenItem, i+1, transaction, err))
			continue
		}
		list = append(list, b)
	}
	return list, errors.Join(faults...)
}
