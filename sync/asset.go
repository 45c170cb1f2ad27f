package sync

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/smintecm/sdk/records"
)

// Asset is one thing to be declared, as its source describes it: plain data
// that any job engine can carry. Only the key is identity; all else is
// description and may change from one call to the next.
type Asset struct {
	Key records.RecordKey `json:"key"`
	// FileName is the version's file name as the source recommends it. It never
	// becomes a path or a node name.
	FileName    string    `json:"file_name,omitempty"`
	MediaType   string    `json:"media_type,omitempty"`
	ContentType string    `json:"content_type,omitempty"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Provider    string    `json:"provider,omitempty"`
	Project     string    `json:"project,omitempty"`
	Collection  string    `json:"collection,omitempty"`
	Licensee    string    `json:"licensee,omitempty"`
	LicenseType string    `json:"license_type,omitempty"`
	PurchasedAt time.Time `json:"purchased_at,omitzero"`
	// Cart is the cart purchase transaction, needed to find the binary again.
	Cart string `json:"cart,omitempty"`
	// ReuseOf is the transaction that this one reuses.
	ReuseOf string `json:"reuse_of,omitempty"`
	// Parts are the records of an aggregate.
	Parts []records.RecordKey `json:"parts,omitempty"`
	// Digest, if the source's bytes are known already, is compared with what is
	// read and with what the record carries.
	Digest records.Digest `json:"digest,omitzero"`
	// Inline is the content itself, for small documents that have no source to
	// be fetched from, such as the manifest of an aggregate.
	Inline []byte `json:"inline,omitempty"`
	// Raw is the source's own description, byte for byte; Original that of the
	// purchase whose license it reuses.
	Raw      []byte `json:"raw,omitempty"`
	Original []byte `json:"original,omitempty"`
}

// Contents opens the bytes of an asset. A size below zero means that the
// source does not name one. It may be called again for another attempt.
type Contents interface {
	Open(ctx context.Context, a Asset) (content io.ReadCloser, size int64, err error)
}

// Field names a fact about an asset that a category attribute can carry.
type Field string

// The fields. Key, digest and the ids identify; the rest describes content,
// structure, context, relations, and who did what when.
const (
	FieldKey            Field = "record_key"
	FieldDigest         Field = "digest"
	FieldSize           Field = "size"
	FieldSource         Field = "source"
	FieldAssetID        Field = "asset_id"
	FieldBinaryID       Field = "binary_id"
	FieldVersion        Field = "version"
	FieldTitle          Field = "title"
	FieldDescription    Field = "description"
	FieldFileName       Field = "file_name"
	FieldMediaType      Field = "media_type"
	FieldContentType    Field = "content_type"
	FieldProject        Field = "project"
	FieldCollection     Field = "collection"
	FieldPurchasedAt    Field = "purchased_at"
	FieldReuseOf        Field = "reuse_of"
	FieldParts          Field = "parts"
	FieldApprovedBy     Field = "approved_by"
	FieldApprovedOn     Field = "approved_on"
	FieldApprovalSource Field = "approval_source"
	FieldDeclaredBy     Field = "declared_by"
	FieldPolicy         Field = "policy"
	// FieldJurisdiction is written where the policy names an attribute for it.
	FieldJurisdiction Field = "jurisdiction"
)

// defaultAttributes names the attributes as an administrator would.
var defaultAttributes = map[Field]string{
	FieldKey: "Record key", FieldDigest: "Digest", FieldSize: "Size", FieldSource: "Source", FieldAssetID: "Asset ID",
	FieldBinaryID: "Binary ID", FieldVersion: "Asset version", FieldTitle: "Title", FieldDescription: "Description",
	FieldFileName: "File name", FieldMediaType: "Media type", FieldContentType: "Content type",
	FieldProject: "Project", FieldCollection: "Collection", FieldPurchasedAt: "Purchased on",
	FieldReuseOf: "Reuse of", FieldParts: "Parts", FieldApprovedBy: "Approved by", FieldApprovedOn: "Approved on",
	FieldApprovalSource: "Approval source", FieldDeclaredBy: "Declared by", FieldPolicy: "Policy",
}

// optional are the fields that have no attribute unless a policy names one.
var optional = []Field{FieldJurisdiction}

func (f Field) known() bool {
	_, ok := defaultAttributes[f]
	return ok || slices.Contains(optional, f)
}

// DefaultAttributes returns the attribute names that a policy uses unless it
// names its own.
func DefaultAttributes() map[Field]string { return maps.Clone(defaultAttributes) }

// DefaultMandatory returns the fields without which nothing is declared.
func DefaultMandatory() []Field {
	return []Field{FieldTitle, FieldFileName, FieldContentType, FieldMediaType, FieldApprovedBy, FieldApprovedOn, FieldApprovalSource}
}

// application names this module in the metadata of each record.
const application = "github.com/smintecm/sdk"

// source names the system of origin.
const sourceSystem = "Smint.io"

// fields are the asset's facts as texts, dates as YYYY-MM-DD; several values
// only for the parts. Empty ones are absent.
func (a Asset) fields(approval records.Approval, policy string) map[Field][]string {
	all := map[Field]string{
		FieldKey: a.Key.String(), FieldSource: sourceSystem + " " + a.Key.Kind().String(), FieldAssetID: a.Key.Item(),
		FieldBinaryID: a.Key.Binary(), FieldVersion: a.Key.Version(), FieldTitle: a.Title, FieldDescription: a.Description,
		FieldFileName: a.FileName, FieldMediaType: a.MediaType, FieldContentType: a.ContentType,
		FieldProject: a.Project, FieldCollection: a.Collection, FieldPurchasedAt: day(a.PurchasedAt),
		FieldReuseOf: a.ReuseOf, FieldApprovedBy: approval.Person, FieldApprovedOn: day(approval.At),
		FieldApprovalSource: approval.Source.String(), FieldDeclaredBy: application, FieldPolicy: policy,
	}
	if a.Digest.IsValid() {
		all[FieldDigest] = a.Digest.String()
	}
	fields := make(map[Field][]string, len(all))
	for f, v := range all {
		if v != "" {
			fields[f] = []string{v}
		}
	}
	for _, p := range a.Parts {
		fields[FieldParts] = append(fields[FieldParts], p.String())
	}
	return fields
}

// missing lists the mandatory fields that have no value.
func missing(mandatory []Field, fields map[Field][]string) []string {
	var names []string
	for _, f := range mandatory {
		if len(fields[f]) == 0 && f != FieldDigest && f != FieldSize {
			names = append(names, string(f))
		}
	}
	slices.Sort(names)
	return names
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func at(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
