package adapter

import (
	"maps"
	"time"

	"github.com/smintecm/sdk/smint"
)

// wireAsset is an asset as it is sent.
type wireAsset struct {
	ID           string              `json:"id"`
	ExternalID   string              `json:"external_id"`
	Version      string              `json:"version"`
	ETag         string              `json:"etag"`
	Name         smint.LocalizedText `json:"name"`
	ContentType  string              `json:"content_type"`
	MediaType    string              `json:"media_type,omitempty"`
	FileName     string              `json:"file_name,omitempty"`
	Size         int64               `json:"file_size,omitempty"`
	PublishFrom  string              `json:"publish_from,omitempty"`
	PublishUntil string              `json:"publish_until,omitempty"`
	Indicator    *wireIndicator      `json:"indicator,omitempty"`
	Permissions  []Permission        `json:"permissions"`
	Groups       []string            `json:"external_security_group_ids,omitempty"`
	Related      []string            `json:"related_assets,omitempty"`
	Attributes   map[string]string   `json:"attributes"`
}

type wireIndicator struct {
	Icon  string              `json:"icon"`
	Color string              `json:"color"`
	Text  smint.LocalizedText `json:"text"`
}

// The keys of the attributes that the feed sets itself.
const (
	KeyApproval   = "ecm_approval_state"
	KeyLifecycle  = "ecm_lifecycle_state"
	KeyHold       = "ecm_hold"
	KeyReplacedBy = "ecm_replaced_by"
)

var lifecycle = map[Access]string{
	Full: "active", LayoutOnly: "layout_only", NoFirstUse: "no_first_use", Expired: "expired", Superseded: "superseded",
}

var indicators = map[Access]string{
	LayoutOnly: "Layout only", NoFirstUse: "No new use", Expired: "Expired", Superseded: "Superseded",
}

// wire renders a shown asset with what the decision left of it.
func wire(a Asset, d Decision) wireAsset {
	w := wireAsset{
		ID: a.ID, ExternalID: a.ExternalID, Version: a.Version, ETag: a.ETag, Name: a.Name, ContentType: a.ContentType, MediaType: a.MediaType,
		FileName: a.FileName, Size: a.Size, PublishFrom: moment(a.From), PublishUntil: moment(a.Until), Permissions: d.Permissions, Groups: a.Groups, Related: a.Related,
		Attributes: map[string]string{},
	}
	maps.Copy(w.Attributes, a.Attributes)
	w.Attributes[KeyApproval], w.Attributes[KeyLifecycle], w.Attributes[KeyHold] = "approved", lifecycle[d.State], "false"
	if a.Held {
		w.Attributes[KeyHold] = "true"
	}
	if a.ReplacedBy != "" {
		w.Attributes[KeyReplacedBy] = a.ReplacedBy
	}
	if text := indicators[d.State]; text != "" {
		w.Indicator = &wireIndicator{"alert", "#ff9800", smint.LocalizedText{{Culture: "en", Value: text}}}
	}
	return w
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type wireChange struct {
	Type    string     `json:"type"`
	AssetID string     `json:"asset_id"`
	Asset   *wireAsset `json:"asset,omitempty"`
	Reason  string     `json:"reason,omitempty"`
}

type wireError struct {
	Code    string `json:"error_code"`
	Message string `json:"error_message"`
}

// MetamodelField is an attribute that assets of the feed can have, for the
// metamodel that a portal shows and filters by.
type MetamodelField struct {
	Key string `json:"key"`
	// Type is "string", "boolean" or "date".
	Type string              `json:"type"`
	Name smint.LocalizedText `json:"name"`
}

// ownFields are those that the feed sets itself.
func ownFields() []MetamodelField {
	en := func(s string) smint.LocalizedText { return smint.LocalizedText{{Culture: "en", Value: s}} }
	return []MetamodelField{
		{KeyApproval, "string", en("Approval state")},
		{KeyLifecycle, "string", en("Lifecycle state")},
		{KeyHold, "string", en("Legal hold")},
		{KeyReplacedBy, "string", en("Replaced by")},
	}
}
