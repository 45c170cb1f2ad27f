package adapter

import (
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/smint"
)

// Access is what may be done with an asset, as the policy of its source says.
type Access string

// The states of access. One that is not listed here is hidden.
const (
	// Full access: everything.
	Full Access = "full"
	// NoFirstUse: who uses it already may go on; it cannot be downloaded.
	NoFirstUse Access = "no_first_use"
	// LayoutOnly: layout files, no originals.
	LayoutOnly Access = "layout_only"
	// Expired: shown as expired, nothing to download.
	Expired Access = "expired"
	// Superseded: shown with its successor, nothing to download.
	Superseded Access = "superseded"
	// Hidden: not shown, and may come back.
	Hidden Access = "hidden"
	// Removed: not there any more.
	Removed Access = "removed"
)

// Permission is one right of a user at Smint.io.
type Permission string

// The permissions of the feed.
const (
	MaySearch         Permission = "search"
	MayReadDetails    Permission = "read_details"
	MayDownloadLayout Permission = "download_layout"
	MayDownloadHires  Permission = "download_hires"
)

// Asset is a record as it is offered to Smint.io: plain data.
type Asset struct {
	// ID is its id in the feed: no colon, as "otcs-4711". ExternalID is that at
	// the source.
	ID         string `json:"id"`
	ExternalID string `json:"external_id"`
	// Version and ETag change together with the content.
	Version string `json:"version"`
	ETag    string `json:"etag"`
	// Name in each culture, "x-default" for one that is no language.
	Name        smint.LocalizedText `json:"name"`
	ContentType string              `json:"content_type"`
	MediaType   string              `json:"media_type,omitempty"`
	FileName    string              `json:"file_name,omitempty"`
	Size        int64               `json:"size,omitempty"`
	// Approved must be set for the asset to be shown at all.
	Approved bool   `json:"approved"`
	Access   Access `json:"access"`
	// From and Until bound when it is shown and may be used; FirstUseUntil is
	// when downloads end. Zero times do not bound.
	From          time.Time `json:"from,omitzero"`
	Until         time.Time `json:"until,omitzero"`
	FirstUseUntil time.Time `json:"first_use_until,omitzero"`
	// Held tells of a legal hold. A hold keeps a record; it prolongs no right.
	Held bool `json:"held,omitempty"`
	// ReplacedBy is the external id of a successor.
	ReplacedBy string `json:"replaced_by,omitempty"`
	// Related are the ids in the feed of assets that a portal shows beside it.
	Related []string `json:"related,omitempty"`
	// Groups are the external security groups that may see it; none: everybody
	// whom the portal lets in.
	Groups []string `json:"groups,omitempty"`
	// Attributes are further values, by keys of the feed's metamodel.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Folders that list it; none: the root.
	Folders []string `json:"folders,omitempty"`
}

// Decision is what an asset's state comes to at one moment.
type Decision struct {
	// Shown tells whether it is there at all, Permissions what may be done.
	Shown       bool
	Permissions []Permission
	// State is the access that results, Reason why, in words.
	State  Access
	Reason string
}

// May tells whether a permission is given.
func (d Decision) May(p Permission) bool { return slices.Contains(d.Permissions, p) }

// Decide tells what may be done with the asset at an instant. It is total, and
// what it does not know is hidden.
func (a Asset) Decide(now time.Time) Decision {
	look := []Permission{MaySearch, MayReadDetails}
	switch {
	case !a.Approved:
		return Decision{State: Hidden, Reason: "not approved"}
	case !a.From.IsZero() && now.Before(a.From):
		return Decision{State: Hidden, Reason: "its time begins " + a.From.UTC().Format(time.RFC3339)}
	}
	switch a.Access {
	case Removed:
		return Decision{State: Removed, Reason: "access was removed"}
	case Full, LayoutOnly, NoFirstUse, Expired, Superseded:
	case Hidden:
		return Decision{State: Hidden, Reason: "hidden"}
	default:
		return Decision{State: Hidden, Reason: "its access '" + string(a.Access) + "' is unknown"}
	}
	switch {
	case a.Access == Superseded:
		return Decision{true, look, Superseded, "superseded by " + a.ReplacedBy}
	case a.Access == Expired, !a.Until.IsZero() && !now.Before(a.Until):
		return Decision{true, look, Expired, "expired"}
	case a.Access == NoFirstUse, !a.FirstUseUntil.IsZero() && !now.Before(a.FirstUseUntil):
		return Decision{true, look, NoFirstUse, "no first use any more"}
	case a.Access == LayoutOnly:
		return Decision{true, append(look, MayDownloadLayout), LayoutOnly, "layout files only"}
	}
	return Decision{true, append(look, MayDownloadLayout, MayDownloadHires), Full, ""}
}

// turns are the instants at which the decision changes by itself.
func (a Asset) turns() []time.Time {
	return slices.DeleteFunc([]time.Time{a.From, a.Until, a.FirstUseUntil}, time.Time.IsZero)
}

// faults lists what is wrong with an asset that is to be published.
func (a Asset) faults() []string {
	var list []string
	if a.ID == "" || strings.ContainsAny(a.ID, ":/?#") {
		list = append(list, "id is '"+a.ID+"', want an id without colon, slash, question mark and hash")
	}
	if a.ExternalID == "" {
		list = append(list, "external id is missing")
	}
	if a.Version == "" || a.ETag == "" {
		list = append(list, "version and etag are needed: by them Smint.io sees that the content changed")
	}
	if a.ContentType == "" {
		list = append(list, "content type is missing")
	}
	if a.Name.In("") == "" {
		list = append(list, "name is missing")
	}
	switch a.Access {
	case Full, NoFirstUse, LayoutOnly, Expired, Superseded, Hidden, Removed:
	default:
		list = append(list, "access is '"+string(a.Access)+"', want one of the states of this package")
	}
	if a.Access == Superseded && (a.ReplacedBy == "" || a.ReplacedBy == a.ExternalID) {
		list = append(list, "replaced by is '"+a.ReplacedBy+"', want the external id of the successor")
	}
	if !a.From.IsZero() && !a.Until.IsZero() && !a.From.Before(a.Until) {
		list = append(list, "until is not after from")
	}
	return list
}
