package rightsmap

import (
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// FromTransaction makes the statement of a purchase from the bytes that the
// client kept of it, so that nothing is lost that the client doesn't know. It
// returns an error that matches records.ErrInvalid for a transaction without
// its bytes, and those of [Read].
func FromTransaction(t *smint.LicensePurchaseTransaction) (Statement, error) {
	if t == nil || len(t.Raw) == 0 {
		var p records.Problems
		p.Add("raw", "", "the transaction as it came, byte for byte")
		return Statement{}, p.Err("rightsmap.FromTransaction")
	}
	return Read(t.Raw)
}
