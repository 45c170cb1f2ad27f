package ecm

import "strconv"

// NodeID is the id of a node: any object with a place in the tree, RM
// classifications and categories included. The zero value is invalid.
type NodeID int64

// String is the decimal form.
func (id NodeID) String() string { return strconv.FormatInt(int64(id), 10) }

// UserID is the id of a user or group.
type UserID int64

// String is the decimal form.
func (id UserID) String() string { return strconv.FormatInt(int64(id), 10) }

// HoldID is the id of a hold. Holds are no nodes: they are numbered apart.
type HoldID int64

// String is the decimal form.
func (id HoldID) String() string { return strconv.FormatInt(int64(id), 10) }

// Subtype says what kind of node it is. The list is open.
type Subtype int

// The subtypes that this package works with.
const (
	SubtypeFolder               Subtype = 0
	SubtypeCategory             Subtype = 131
	SubtypeCategoriesVolume     Subtype = 133
	SubtypeDocument             Subtype = 144
	SubtypeEnterpriseVolume     Subtype = 141
	SubtypePersonalVolume       Subtype = 142
	SubtypeClassificationVolume Subtype = 198
	SubtypeClassification       Subtype = 199
	SubtypeRMVolume             Subtype = 550
	SubtypeRMClassification     Subtype = 551
	SubtypeDispositionGroup     Subtype = 602
	SubtypeHoldGroup            Subtype = 833
	SubtypeBusinessWorkspace    Subtype = 848
	SubtypeWorkspacesVolume     Subtype = 862
)
