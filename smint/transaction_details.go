package smint

import (
	"encoding/json"
	"time"
)

// PurchaseDetails are members of a recorded transaction that no decision rests
// on. They are read leniently: one that came in another shape is left out here,
// and only here. What has no documented shape is kept as it came.
type PurchaseDetails struct {
	CollectionElementAddedAt     *time.Time   `json:"collection_content_element_created_at"`
	CollectionElementAddedByUUID string       `json:"collection_content_element_created_by_user_uuid"`
	TotalPriceEUR                *json.Number `json:"total_price_eur"`
	TotalPriceUSD                *json.Number `json:"total_price_usd"`
}

// ContentDetails are such members of a content element.
type ContentDetails struct {
	EditorialSegments json.RawMessage    `json:"editorial_segments"`
	ImageDetails      *ContentImageShape `json:"image_details"`
	Events            json.RawMessage    `json:"events"`
	Contributors      json.RawMessage    `json:"contributors"`
	Collections       json.RawMessage    `json:"collections"`
	Categories        json.RawMessage    `json:"categories"`
	IsPremium         *bool              `json:"is_premium"`
	IsEditorial       *bool              `json:"is_editorial"`
	CreatedAt         *time.Time         `json:"created_at"`
	ProviderURLs      LocalizedElements  `json:"provider_urls"`
	Previews          []LocalizedPreview `json:"previews"`
}

// ContentImageShape is the shape of an image.
type ContentImageShape struct {
	Type        string       `json:"type"`
	AspectRatio *json.Number `json:"aspect_ratio"`
	Orientation string       `json:"orientation"`
}

// LocalizedPreview is a preview of the content in one culture.
type LocalizedPreview struct {
	Culture string `json:"culture"`
	Preview struct {
		Thumbnail *PreviewFile `json:"thumbnail"`
		Preview   *PreviewFile `json:"preview"`
	} `json:"preview"`
}

// PreviewFile is one size of a preview, in pixels.
type PreviewFile struct {
	Width     *int   `json:"width"`
	Height    *int   `json:"height"`
	MediaType string `json:"media_type"`
	URL       Secret `json:"url"`
}

// OfferingDetails are such members of an offering.
type OfferingDetails struct {
	ProviderConfigurationUUID          string             `json:"provider_configuration_uuid"`
	ProviderConfigurationName          string             `json:"provider_configuration_name"`
	ProviderConfigurationContactPerson string             `json:"provider_configuration_contact_person"`
	ContractDescription                string             `json:"contract_description"`
	OfferingUUID                       string             `json:"offering_uuid"`
	OfferingName                       string             `json:"offering_name"`
	OfferingLabel                      string             `json:"offering_label"`
	HasOptions                         *bool              `json:"has_options"`
	Options                            json.RawMessage    `json:"options"`
	MediaType                          string             `json:"media_type"`
	Size                               string             `json:"size"`
	Format                             string             `json:"format"`
	Resolution                         string             `json:"resolution"`
	IsPremium                          *bool              `json:"is_premium"`
	IsEditorial                        *bool              `json:"is_editorial"`
	ImageDetails                       *OfferedImageShape `json:"image_details"`
	HasLayoutFile                      *bool              `json:"has_layout_file"`
}

// OfferedImageShape is the size of the image that was offered, in pixels.
type OfferedImageShape struct {
	Width      *int         `json:"width"`
	Height     *int         `json:"height"`
	Megapixels *json.Number `json:"resolution_megapixels"`
}

// UnmarshalJSON reads the known members, and the details as far as it can.
func (e *ContentElement) UnmarshalJSON(b []byte) error {
	type plain ContentElement
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*e = ContentElement(p)
	lenient(b, &e.ContentDetails)
	return nil
}

// UnmarshalJSON reads the known members, and the details as far as it can.
func (o *Offering) UnmarshalJSON(b []byte) error {
	type plain Offering
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*o = Offering(p)
	lenient(b, &o.OfferingDetails)
	return nil
}
