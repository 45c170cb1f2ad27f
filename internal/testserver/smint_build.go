package testserver

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"
)

// SmintPurchase is a short description of a license purchase transaction.
// [SmintPurchase.Payload] makes of it the vendor's full recorded shape.
type SmintPurchase struct {
	// UUID is the transaction's id, Cart the id of the cart it was bought in.
	UUID, Cart string
	// At is the time of purchase.
	At time.Time
	// Title and Description are English texts, German the German title.
	Title, Description, German string
	Keywords                   []string
	// Provider, ContentType, Category and LicenseType are keys, by default
	// getty, image, creative and royalty_free.
	Provider, ContentType, Category, LicenseType string
	// ContentUUID is the id of the content at its provider.
	ContentUUID string
	// Project names the campaign.
	Project string
	// Reuses is the uuid of the transaction that this one reuses.
	Reuses string
	// Terms are the license terms, see [SmintTerm]. Nil means one term without
	// any allowance or restriction but its name.
	Terms []SmintJSON
	// Constraints are the download constraints; nil means none at all.
	Constraints SmintJSON
	// Text is the effective license text in English.
	Text string
	// Restrictive, Editorial and AI are the flags of those names.
	Restrictive, Editorial, AI bool
	// Pending makes a purchase that cannot be synced yet, Cancelled one that
	// was withdrawn.
	Pending, Cancelled bool
	// Patch is laid over the result, see [SmintMerge].
	Patch SmintJSON
}

// SmintTerm is a license term in its full shape: all lists there and empty, no
// dates, no editorial restriction. The members of patch are laid over it.
func SmintTerm(number int, name string, patch SmintJSON) SmintJSON {
	term := SmintJSON{
		"sequence_number": number, "name": SmintText("en", name), "exclusivities": []any{}, "usage_limits": []any{},
		"valid_from": nil, "valid_until": nil, "to_be_used_until": nil, "is_editorial_use": false,
	}
	for _, list := range []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"} {
		term["allowed_"+list], term["restricted_"+list] = []any{}, []any{}
	}
	return SmintMerge(term, patch)
}

// Payload is the transaction as the licensing API sends it.
func (p SmintPurchase) Payload() SmintJSON {
	p = p.withDefaults()
	bought, completed := SmintTime(p.At), SmintTime(p.At.Add(74*time.Second))
	state := "completed"
	var done any = completed
	switch {
	case p.Cancelled:
		state, done = "cancelled", nil
	case p.Pending:
		state, done = "purchase_phase_2", nil
	}
	terms := p.Terms
	if terms == nil {
		terms = []SmintJSON{SmintTerm(1, "Default", nil)}
	}
	payload := SmintJSON{
		"uuid": p.UUID, "cart_purchase_transaction_uuid": p.Cart, "reused_license_purchase_transaction_uuid": smintOrNull(p.Reuses),
		"state": state, "can_be_synced": !p.Pending && !p.Cancelled, "version": 1,
		"project_uuid": "227", "project_name": SmintText("en", p.Project),
		"collection_uuid": "1339", "collection_name": SmintText("en", "Cart", "de", "Warenkorb"),
		"collection_content_element_uuid": p.UUID + "-cce", "collection_content_element_created_at": bought,
		"collection_content_element_created_by_user_uuid": smintBuyer, "collection_content_element_created_by_user_name": "Pat Buyer",
		"licensee_uuid": "11", "licensee_name": "Acme GmbH",
		"content_element": p.element(), "offering": p.offering(),
		"license_text":                              SmintJSON{"effective_text": SmintText("en", p.Text), "effective_text_is_safe_html": false},
		"license_terms":                             terms,
		"license_download_constraints":              p.constraints(),
		"has_potentially_restrictive_license_terms": p.Restrictive,
		"total_price_eur":                           json.Number("119.00"), "total_price_usd": json.Number("129.00"),
		"purchased_by_user_uuid": smintBuyer, "purchased_by_user_name": "Pat Buyer",
		"current_downloads": 0, "current_users": 0, "current_reuses": 0,
		"purchased_at": bought, "completed_at": done, "created_at": bought, "last_updated_at": completed,
	}
	return SmintMerge(payload, p.Patch)
}

const smintBuyer = "5f0c9d0e-54b3-4a0e-8a7c-6d3a6c5e2b11"

func (p SmintPurchase) withDefaults() SmintPurchase {
	for value, fallback := range map[*string]string{
		&p.Cart: "3525", &p.Title: "Untitled", &p.Provider: "getty", &p.ContentType: "image", &p.Category: "creative",
		&p.LicenseType: "royalty_free", &p.Project: "Spring campaign", &p.Text: "Standard license", &p.ContentUUID: "2:0:" + smintNumber(p.UUID),
	} {
		if *value == "" {
			*value = fallback
		}
	}
	if p.At.IsZero() {
		p.At = time.Date(2025, 5, 6, 8, 18, 51, 397267000, time.UTC)
	}
	return p
}

func (p SmintPurchase) constraints() SmintJSON {
	return SmintMerge(SmintJSON{"effective_max_downloads": nil, "effective_max_users": nil, "effective_max_reuses": nil}, p.Constraints)
}

func (p SmintPurchase) element() SmintJSON {
	title := SmintText("en", p.Title)
	if p.German != "" {
		title = SmintText("en", p.Title, "de", p.German)
	}
	description := []any{}
	if p.Description != "" {
		description = SmintText("en", p.Description)
	}
	keywords := make([]any, 0, len(p.Keywords))
	for _, word := range p.Keywords {
		keywords = append(keywords, SmintElement("en", "", word, ""))
	}
	preview := func(edge int) SmintJSON {
		return SmintJSON{"width": edge, "height": edge * 2 / 3, "media_type": "image/jpeg", "url": fmt.Sprintf("https://previews.example/%s/%d.jpg", p.UUID, edge)}
	}
	return SmintJSON{
		"uuid": p.ContentUUID, "provider": p.Provider, "content_type": p.ContentType, "content_category": p.Category,
		"name": title, "description": description, "keywords": keywords,
		"copyright_notices": SmintText("en", "A. Author / stock.example"),
		"release_details": SmintJSON{
			"model_release_state": "no_release_required", "property_release_state": "released", "provider_allowed_use_comment": []any{},
			"provider_release_comment": SmintText("en", "Release on file"), "provider_usage_constraints": []any{},
		},
		"is_ai": p.AI, "editorial_segments": []any{}, "image_details": SmintJSON{"type": "photo", "aspect_ratio": json.Number("1.5"), "orientation": "landscape"},
		"events": []any{}, "contributors": []any{}, "collections": []any{}, "categories": []any{},
		"is_premium": false, "is_editorial_use": p.Editorial, "is_editorial": p.Editorial, "created_at": SmintTime(p.At.AddDate(-1, 0, 0)),
		"provider_urls": []any{SmintElement("en", "", "Provider page", "https://provider.example/content/"+smintNumber(p.UUID))},
		"previews":      []any{SmintJSON{"culture": "en", "preview": SmintJSON{"thumbnail": preview(240), "preview": preview(1200)}}},
	}
}

func (p SmintPurchase) offering() SmintJSON {
	return SmintJSON{
		"license_type": p.LicenseType,
		"license_urls": []any{SmintElement("en", "", "Terms", "https://provider.example/terms")},
		"license_uuid": "lic-" + p.LicenseType, "provider_configuration_uuid": "41", "provider_configuration_name": "Main account",
		"provider_configuration_contact_person": "Chris Contact", "contract_uuid": "8", "contract_name": "Frame contract",
		"contract_description": nil, "offering_uuid": p.UUID + "-off", "offering_name": "Standard", "offering_label": "Large",
		"has_options": false, "options": []any{}, "media_type": "image/jpeg", "size": "l", "format": "jpg", "resolution": "300dpi",
		"is_premium": false, "is_editorial_use": p.Editorial, "is_editorial": p.Editorial,
		"image_details":   SmintJSON{"width": 1200, "height": 800, "resolution_megapixels": json.Number("0.96")},
		"has_layout_file": false,
	}
}

func smintOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// smintNumber is a stable number for a name.
func smintNumber(name string) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	return fmt.Sprint(10_000_000 + sum.Sum32()%80_000_000)
}
