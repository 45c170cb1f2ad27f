package smint

import "encoding/json"

// Ids of Smint.io are opaque texts, whatever they look like.
type (
	// TransactionUUID identifies a license purchase transaction.
	TransactionUUID string
	// CartUUID identifies a cart purchase transaction.
	CartUUID string
	// BinaryUUID identifies a binary within its license purchase transaction.
	BinaryUUID string
	// ContentElementUUID identifies the content at its provider.
	ContentElementUUID string
)

// UnmarshalJSON accepts a text or a number.
func (u *TransactionUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// UnmarshalJSON accepts a text or a number.
func (u *CartUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// UnmarshalJSON accepts a text or a number.
func (u *BinaryUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// UnmarshalJSON accepts a text or a number.
func (u *ContentElementUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

func unmarshalID[T ~string](id *T, b []byte) error {
	s, err := opaque(json.RawMessage(b))
	*id = T(s)
	return err
}
