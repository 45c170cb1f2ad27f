package smint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The content types that only portals have.
const (
	ContentUnknown   ContentType = "unknown"
	ContentOther     ContentType = "other"
	ContentComposite ContentType = "composite"
)

// Asset is an asset of a portal. What may be null or absent is a pointer, a
// list or a text that may be empty; absent never means false. Everything that
// has no field here is in Object.
type Asset struct {
	ID AssetID
	// ExternalID is the id at the source.
	ExternalID string
	// Version is that of the source; ETag changes with the content and its
	// renditions. See [Asset.Revision].
	Version, ETag         string
	Name, Description     LocalizedMap
	ContentType           ContentType
	Categories            []string
	PublishFrom           *time.Time
	PublishUntil          *time.Time
	CreatedAt, ModifiedAt *time.Time
	CreatedBy, ModifiedBy string
	// Permissions are the uuids of what the user may do, nil if that was not
	// sent: see [PortalsService.May].
	Permissions []string
	// ExternalGroups are the groups that the source trims by.
	ExternalGroups []string
	ParentFolders  []string
	Indicator      *Indicator
	File           *FileMetadata
	// RawData are the source's own attributes, typed by its metamodel.
	RawData []DataObject
	// Object is the whole asset.
	Object DataObject
	// Faults tell of properties that cannot be read.
	Faults []error
	// Raw is the asset as it came, byte for byte.
	Raw json.RawMessage
}

// Indicator is a mark that the portal shows at an asset.
type Indicator struct {
	Icon, Color string
	Text        LocalizedMap
}

// FileMetadata describes the file of an asset, as its source or the portal
// found it. None of it is proven.
type FileMetadata struct {
	Name, FileName, FileExtension, MediaType, Language string
	Author, Creator, Publisher, Company, Title         string
	// Size is in bytes; nil if it was not sent.
	Size *int64
	// SHA1 is the hash in hex, as it was sent.
	SHA1   string
	Object DataObject
}

// Revision tells one state of an asset's content from another. Revisions are
// compared with ==.
type Revision struct {
	Version string `json:"version,omitempty"`
	ETag    string `json:"etag,omitempty"`
}

// Known tells whether the source names anything to compare.
func (r Revision) Known() bool { return r != Revision{} }

// Revision returns version and ETag.
func (a *Asset) Revision() Revision { return Revision{a.Version, a.ETag} }

// Attributes returns the properties of that key in the raw data, whatever its
// case: the attributes that a source sends beyond the known ones. More than
// one means that the source says it more than once.
func (a *Asset) Attributes(key string) []Property {
	var found []Property
	for _, o := range a.RawData {
		for _, p := range o.Properties {
			if strings.EqualFold(p.Key, key) {
				found = append(found, p)
			}
		}
	}
	return found
}

// Flag returns a flag of the asset, such as "isPdfPreviewAvailable": nil if it
// was not sent, which is not false.
func (a *Asset) Flag(key string) *bool {
	p, _ := a.Object.Property(key)
	return p.Bool()
}

// Permission is something that a user may do with an asset.
type Permission int

// The permissions.
const (
	MaySearch Permission = iota + 1
	MayReadDetails
	MayDownloadLayout
	MayDownloadHires
)

// May tells whether the asset grants a permission to the user of the login,
// by the ids of [PermissionUUIDs]; nil if the portal does not say.
func (s *PortalsService) May(a *Asset, p Permission) *bool {
	ids := s.portal.Permissions
	id := map[Permission]string{
		MaySearch: ids.Search, MayReadDetails: ids.ReadDetails, MayDownloadLayout: ids.DownloadLayout, MayDownloadHires: ids.DownloadHires,
	}[p]
	if a.Permissions == nil || id == "" {
		return nil
	}
	return new(slices.Contains(a.Permissions, id))
}

// AssetItem is one place of an answer: an asset, or why there is none.
type AssetItem struct {
	// ID is what was asked for, or what could be read of it.
	ID    AssetID
	Asset *Asset
	// Err is an *AssetError that matches ErrBrokenItem for one that is
	// malformed, or tells that it is missing; the others are not touched by it.
	Err error
}

// AssetError tells which asset of an answer cannot be read. It matches
// ErrBrokenItem.
type AssetError struct {
	ID AssetID
	// Raw is the item as it came.
	Raw json.RawMessage
	Err error
}

// Error names the asset and the fault.
func (e *AssetError) Error() string {
	return fmt.Sprintf("smint: portal asset %q cannot be read: %v", e.ID, e.Err)
}

// Unwrap gives the cause.
func (e *AssetError) Unwrap() error { return e.Err }

// Is matches ErrBrokenItem.
func (e *AssetError) Is(target error) bool { return target == ErrBrokenItem }

// DecodeAsset reads an asset from its own bytes, as they were kept in its Raw.
// It does no I/O. The error is an *AssetError.
func (s *PortalsService) DecodeAsset(raw json.RawMessage) (*Asset, error) {
	o, err := s.DecodeDataObject(raw)
	if err != nil {
		return nil, &AssetError{Raw: raw, Err: err}
	}
	a := &Asset{Object: o, Raw: o.Raw, Faults: slices.Clone(o.Faults)}
	r := assetReader{o, a}
	id, _ := o.Property("id")
	a.ID = AssetID(id.Text())
	if a.ID == "" {
		a.ID = AssetID(o.UUID)
	}
	if a.ID == "" {
		return nil, &AssetError{Raw: raw, Err: errors.New("it has neither id nor uuid")}
	}
	a.ExternalID, a.Version, a.ETag = r.text("externalId"), r.text("version"), r.text("eTag")
	a.Name, a.Description = r.localized("name"), r.localized("description")
	a.ContentType = ContentType(r.text("contentType"))
	a.Categories, a.Permissions = r.texts("assetCategories"), r.texts("permissionUuids")
	a.ExternalGroups, a.ParentFolders = r.texts("externalSecurityGroupIds"), r.texts("parentFolderIds")
	a.PublishFrom, a.PublishUntil = r.time("publishFrom"), r.time("publishUntil")
	a.CreatedAt, a.ModifiedAt = r.time("createdAt"), r.time("modifiedAt")
	a.CreatedBy, a.ModifiedBy = r.text("createdBy"), r.text("modifiedBy")
	if p, ok := o.Property("rawData"); ok {
		a.RawData = p.Objects
	}
	if i, ok := r.object("indicator"); ok {
		inner := assetReader{i, a}
		a.Indicator = &Indicator{Icon: inner.text("icon"), Color: inner.text("color"), Text: inner.localized("text")}
	}
	if f, ok := r.object("fileMetadata"); ok {
		a.File = assetReader{f, a}.file()
	}
	return a, nil
}

// assetReader reads known properties and takes note of what cannot be read.
type assetReader struct {
	o DataObject
	a *Asset
}

func (r assetReader) fault(key string, p Property, want string) {
	r.a.Faults = append(r.a.Faults, fmt.Errorf("%s: want %s, got %.60s", key, want, p.Value))
}

// value finds a property that has a value.
func (r assetReader) value(key string) (Property, bool) {
	p, ok := r.o.Property(key)
	return p, ok && p.Value != nil
}

// text also takes a number, which some ids and versions look like.
func (r assetReader) text(key string) string {
	p, ok := r.value(key)
	if !ok {
		return ""
	}
	s, err := opaque(p.Value)
	if err != nil {
		r.fault(key, p, "a text")
	}
	return s
}

func (r assetReader) texts(key string) []string {
	p, ok := r.value(key)
	if !ok {
		return nil
	}
	var list []string
	if err := json.Unmarshal(p.Value, &list); err != nil {
		r.fault(key, p, "a list of texts")
		return nil
	}
	return list
}

func (r assetReader) time(key string) *time.Time {
	p, ok := r.value(key)
	if !ok {
		return nil
	}
	t := p.Time()
	if t == nil {
		r.fault(key, p, "a date with time and offset")
	}
	return t
}

func (r assetReader) localized(key string) LocalizedMap {
	p, ok := r.value(key)
	if !ok {
		return nil
	}
	var m LocalizedMap
	if err := json.Unmarshal(p.Value, &m); err != nil {
		r.fault(key, p, "texts by culture")
		return nil
	}
	return m
}

func (r assetReader) object(key string) (DataObject, bool) {
	p, ok := r.value(key)
	if !ok || len(p.Objects) != 1 {
		return DataObject{}, false
	}
	return p.Objects[0], true
}

func (r assetReader) file() *FileMetadata {
	f := &FileMetadata{
		Name: r.either("name"), FileName: r.text("fileName"), FileExtension: r.text("fileExtension"), MediaType: r.text("mediaType"),
		Language: r.text("language"), Author: r.text("author"), Creator: r.text("creator"), Publisher: r.text("publisher"),
		Company: r.text("company"), Title: r.either("title"), SHA1: r.text("sha1Hash"), Object: r.o,
	}
	if p, ok := r.value("fileSizeInBytes"); ok {
		if f.Size = p.Int(); f.Size == nil {
			r.fault("fileSizeInBytes", p, "a whole number")
		}
	}
	return f
}

// either reads what may be localized or not.
func (r assetReader) either(key string) string {
	if p, ok := r.value(key); ok && p.Value[0] == '{' {
		return r.localized(key).In("en")
	}
	return r.text(key)
}

// item reads one place of a list of assets.
func (s *PortalsService) item(raw json.RawMessage) AssetItem {
	a, err := s.DecodeAsset(raw)
	if err != nil {
		var id struct {
			UUID string `json:"uuid"`
		}
		_ = json.Unmarshal(raw, &id)
		if e, ok := errors.AsType[*AssetError](err); ok {
			e.ID = AssetID(id.UUID)
		}
		return AssetItem{ID: AssetID(id.UUID), Err: err}
	}
	return AssetItem{ID: a.ID, Asset: a}
}

// is tells whether the asset is the one of that id; a source may answer its
// own, unscoped id.
func (a *Asset) is(id AssetID) bool {
	return a.ID == id || AssetID(a.Object.UUID) == id || strings.HasSuffix(string(id), ":"+string(a.ID))
}
