package smint

import (
	"encoding/json"
	"fmt"
	"time"
)

// TransactionState is the state of a license purchase transaction. The list is
// open.
type TransactionState string

// The states. Cancelled means that the purchase was withdrawn: there is no
// license.
const (
	StatePurchasePhase1 TransactionState = "purchase_phase_1"
	StatePurchasePhase2 TransactionState = "purchase_phase_2"
	StateDownloading    TransactionState = "downloading"
	StateFinalizing     TransactionState = "finalizing"
	StateCompleted      TransactionState = "completed"
	StateError          TransactionState = "error"
	StateCancelled      TransactionState = "cancelled"
)

// Known tells whether this version knows the value.
func (s TransactionState) Known() bool {
	switch s {
	case StatePurchasePhase1, StatePurchasePhase2, StateDownloading, StateFinalizing, StateCompleted, StateError, StateCancelled:
		return true
	}
	return false
}

// ContentType is the kind of a content. The list is open.
type ContentType string

// The content types.
const (
	ContentImage    ContentType = "image"
	ContentVideo    ContentType = "video"
	ContentAudio    ContentType = "audio"
	ContentDocument ContentType = "document"
	Content3D       ContentType = "3d"
	ContentTemplate ContentType = "template"
)

// Known tells whether this version knows the value.
func (t ContentType) Known() bool {
	switch t {
	case ContentImage, ContentVideo, ContentAudio, ContentDocument, Content3D, ContentTemplate, ContentUnknown, ContentOther, ContentComposite:
		return true
	}
	return false
}

// LicensePurchaseTransaction is the purchase of a license for one content
// element. What may be null or absent is a pointer, a list or a text that may
// be empty; absent never means false.
type LicensePurchaseTransaction struct {
	UUID TransactionUUID `json:"uuid"`
	Cart CartUUID        `json:"cart_purchase_transaction_uuid"`
	// Reused is the earlier transaction whose files this one uses again.
	Reused         TransactionUUID  `json:"reused_license_purchase_transaction_uuid"`
	State          TransactionState `json:"state"`
	CanBeSynced    *bool            `json:"can_be_synced"`
	Version        *int             `json:"version"`
	ProjectUUID    string           `json:"project_uuid"`
	ProjectName    LocalizedText    `json:"project_name"`
	CollectionUUID string           `json:"collection_uuid"`
	CollectionName LocalizedText    `json:"collection_name"`
	LicenseeUUID   string           `json:"licensee_uuid"`
	LicenseeName   string           `json:"licensee_name"`
	ContentElement *ContentElement  `json:"content_element"`
	Offering       *Offering        `json:"offering"`
	LicenseText    *LicenseText     `json:"license_text"`
	LicenseTerms   []LicenseTerms   `json:"license_terms"`
	// Constraints is nil if nothing is said.
	Constraints              *DownloadConstraints `json:"license_download_constraints"`
	HasRestrictiveTerms      *bool                `json:"has_potentially_restrictive_license_terms"`
	CurrentDownloads         *int                 `json:"current_downloads"`
	CurrentUsers             *int                 `json:"current_users"`
	CurrentReuses            *int                 `json:"current_reuses"`
	PurchasedByUUID          string               `json:"purchased_by_user_uuid"`
	PurchasedByName          string               `json:"purchased_by_user_name"`
	PurchasedAt              *time.Time           `json:"purchased_at"`
	CompletedAt              *time.Time           `json:"completed_at"`
	CreatedAt                *time.Time           `json:"created_at"`
	LastUpdatedAt            *time.Time           `json:"last_updated_at"`
	CollectionElementUUID    string               `json:"collection_content_element_uuid"`
	CollectionElementAddedBy string               `json:"collection_content_element_created_by_user_name"`

	PurchaseDetails `json:"-"`
	// Raw is the transaction as it came, byte for byte.
	Raw json.RawMessage `json:"-"`
}

// ContentElement is the content that was licensed.
type ContentElement struct {
	UUID             ContentElementUUID `json:"uuid"`
	Provider         string             `json:"provider"`
	ContentType      ContentType        `json:"content_type"`
	ContentCategory  string             `json:"content_category"`
	Name             LocalizedText      `json:"name"`
	Description      LocalizedText      `json:"description"`
	CopyrightNotices LocalizedText      `json:"copyright_notices"`
	Keywords         LocalizedElements  `json:"keywords"`
	IsAI             *bool              `json:"is_ai"`
	IsEditorialUse   *bool              `json:"is_editorial_use"`
	ReleaseDetails   *ReleaseDetails    `json:"release_details"`

	ContentDetails `json:"-"`
}

// Offering is what the provider offered.
type Offering struct {
	LicenseType LicenseType       `json:"license_type"`
	LicenseURLs LocalizedElements `json:"license_urls"`
	// LicenseText stood here in older payloads.
	LicenseText    *LicenseText `json:"license_text"`
	ContractUUID   string       `json:"contract_uuid"`
	ContractName   string       `json:"contract_name"`
	LicenseUUID    string       `json:"license_uuid"`
	IsEditorialUse *bool        `json:"is_editorial_use"`

	OfferingDetails `json:"-"`
}

// LicenseText is the license in words.
type LicenseText struct {
	Effective  LocalizedText `json:"effective_text"`
	IsSafeHTML *bool         `json:"effective_text_is_safe_html"`
}

// Syncable tells whether the binaries may be fetched: only an explicit true
// says so.
func (t LicensePurchaseTransaction) Syncable() bool { return t.CanBeSynced != nil && *t.CanBeSynced }

// EffectiveText is the license in words, wherever the payload has it.
func (t LicensePurchaseTransaction) EffectiveText() LocalizedText {
	switch {
	case t.LicenseText != nil && len(t.LicenseText.Effective) > 0:
		return t.LicenseText.Effective
	case t.Offering != nil && t.Offering.LicenseText != nil:
		return t.Offering.LicenseText.Effective
	}
	return nil
}

// EditorialUse tells whether any of the terms allows editorial use only: true
// if one says so, false if none does and one says no, nil if none says.
func (t LicensePurchaseTransaction) EditorialUse() *bool {
	var found *bool
	for _, term := range t.LicenseTerms {
		if term.IsEditorialUse != nil && (found == nil || *term.IsEditorialUse) {
			found = new(*term.IsEditorialUse)
		}
	}
	return found
}

// DecodeTransaction reads one transaction and keeps its bytes. It returns an
// *ItemError, which matches ErrBrokenItem, for one that is malformed or lacks
// its ids.
func DecodeTransaction(raw json.RawMessage) (*LicensePurchaseTransaction, error) {
	t := &LicensePurchaseTransaction{}
	err := json.Unmarshal(raw, t)
	lenient(raw, &t.PurchaseDetails)
	if err == nil && t.UUID == "" {
		err = fmt.Errorf("uuid is missing")
	}
	t.Raw = append(json.RawMessage(nil), raw...)
	if err != nil {
		return t, &ItemError{UUID: peekUUID(raw), Raw: t.Raw, Err: err}
	}
	return t, nil
}

// peekUUID finds the id of an item whose other members are malformed.
func peekUUID(raw json.RawMessage) TransactionUUID {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return ""
	}
	id, _ := opaque(members["uuid"])
	return TransactionUUID(id)
}
