package evidence

import (
	"bytes"
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// Package is what a record package is made of. It is written as a directory, a
// zip or to any writer; see [Package.WriteDir], [Package.WriteZip] and
// [Package.WriteZipFile].
type Package struct {
	// Record is what the package proves.
	Record records.RecordKey
	// Organization is on whose behalf the package is made.
	Organization string
	// At is when it is made.
	At     time.Time
	Asset  Asset
	Rights Rights
	// Approval must name the digest of the asset; see [records.Approval.Bind].
	Approval records.Approval
	// Without says, for what the approval evidence lacks, why it does: "last_use"
	// of what is still in use, "chart_sources" of a picture without charts. A gap
	// without a reason is an error; see [ApprovalData].
	Without map[string]string
	// Events are the record's life until now, at least one.
	Events records.History
	// XMP is the rights' sidecar.
	XMP []byte
	// Trail is an export of the trail that goes with the record: names are those
	// of files, such as "entries.jsonl". It may be empty.
	Trail []TrailFile
}

// Asset is the content of the record, or a reference to where it is kept.
type Asset struct {
	// Content is read once, to its end, and must give exactly Size bytes of
	// Digest. If it is nil, Location must say where the content is kept, and the
	// package refers to it.
	Content io.Reader
	Size    int64
	Digest  records.Digest
	// FileName and MediaType are the source's own. They never become a path.
	FileName  string
	MediaType string
	Location  Location
}

// Location says where content is kept that a package refers to.
type Location struct {
	// System names the archive: its base address or its name.
	System string `json:"system"`
	// ID is the content's id there.
	ID string `json:"id"`
	// Name is its name there.
	Name string `json:"name,omitempty"`
}

// Rights are the rights in the asset: the vendor's own bytes and their
// rendering, which come as bytes and are kept as they come.
type Rights struct {
	// Source is the vendor's own JSON, byte for byte.
	Source []byte
	// Original is that of the license that this one reuses; nil if it reuses none.
	Original []byte
	// ODRL is the policy in ODRL 2.2 JSON.
	ODRL []byte
	// Basis says on what the right rests.
	Basis Basis
}

// Basis is the ground of a right.
type Basis struct {
	// Kind is "license", "statute", "policy" or "donor".
	Kind string `json:"kind"`
	// Document is the id of the license, statute, policy or deed.
	Document string `json:"document"`
	// From and Until bound the ground itself, where known.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// TrailFile is one file of an exported trail.
type TrailFile struct {
	Name    string
	Content []byte
}

// WriteOptions are the settings of writing a package.
type WriteOptions struct {
	// Signers sign the package, at least one; several give dual control. The
	// order does not matter.
	Signers []crypto.Signer
	// SHA512 adds manifests with SHA-512.
	SHA512 bool
}

// Bounds on what is written, which the verifier holds to as well.
const (
	maxSigners    = 16
	maxTrailFiles = 256
	maxDocument   = 16 << 20
)

// ApprovalData lists the mandatory data of approval evidence by the names that
// [Package.Without] takes, in order. A version is always there: it is part of
// the record's key.
func ApprovalData() []string {
	return []string{"digest", "first_use", "last_use", "person", "at", "reviewers", "restrictions", "chart_sources"}
}

// ExplainableData lists those of the approval data that may be lacking for a
// reason, in order.
func ExplainableData() []string { return slices.Clone(explainable) }

// explainable are the approval data that may be lacking for a reason.
var explainable = []string{"first_use", "last_use", "reviewers", "restrictions", "chart_sources"}

// Validate returns nil, or an error that matches ErrInvalid and lists
// everything that is missing or wrong at once. It reads no content.
func (p Package) Validate() error {
	var f records.Problems
	f.Check(p.Record.IsValid(), "record", p.Record, "the record's key")
	f.Check(oneLine(p.Organization), "organization", p.Organization, "on whose behalf, on one line")
	f.Check(!p.At.IsZero() && p.At.Year() >= 1 && p.At.Year() <= 9999, "at", p.At, "when the package is made")
	p.Asset.check(&f)
	p.Rights.check(&f)
	f.Check(len(p.XMP) > 0 && len(p.XMP) <= maxDocument, "xmp", fmt.Sprintf("%d bytes", len(p.XMP)), "the rights' sidecar, up to 16 MiB")
	p.checkApproval(&f)
	p.checkEvents(&f)
	f.Check(len(p.Trail) <= maxTrailFiles, "trail", len(p.Trail), fmt.Sprintf("up to %d files", maxTrailFiles))
	names := map[string]bool{}
	for i, t := range p.Trail {
		folded := strings.ToLower(t.Name) // many file systems know no other.
		f.Check(plainName(t.Name) && !names[folded], fmt.Sprintf("trail[%d].name", i), t.Name, "a file name of a-z, A-Z, 0-9, '.', '_' and '-', each once, whatever the case")
		names[folded] = true
	}
	return f.Err("evidence.Package")
}

func (a Asset) check(f *records.Problems) {
	f.Check(a.Size >= 0, "asset.size", a.Size, "the content's length in bytes")
	f.Check(a.Digest.IsValid(), "asset.digest", a.Digest, "the digest of the content")
	f.Check(a.FileName != "", "asset.file_name", a.FileName, "the file name that the source gives")
	f.Check(a.MediaType != "", "asset.media_type", a.MediaType, "the media type")
	refers := a.Location != Location{}
	f.Check((a.Content != nil) != refers, "asset.content", fmt.Sprintf("content %t, location %t", a.Content != nil, refers), "either the content or the location where it is kept")
	if refers {
		f.Check(a.Location.System != "" && a.Location.ID != "", "asset.location", a.Location, "the system that keeps the content, and its id there")
	}
}

func (r Rights) check(f *records.Problems) {
	for _, d := range []struct {
		field string
		b     []byte
	}{{"rights.source", r.Source}, {"rights.odrl", r.ODRL}} {
		f.Check(len(d.b) <= maxDocument && json.Valid(d.b), d.field, fmt.Sprintf("%d bytes", len(d.b)), "JSON of up to 16 MiB")
	}
	f.Check(r.Original == nil || len(r.Original) <= maxDocument && json.Valid(r.Original), "rights.original", fmt.Sprintf("%d bytes", len(r.Original)), "JSON of up to 16 MiB, or none")
	r.Basis.check("rights.basis", f)
}

func (b Basis) check(field string, f *records.Problems) {
	f.Check(slices.Contains([]string{"license", "statute", "policy", "donor"}, b.Kind), field+".kind", b.Kind, "license, statute, policy or donor")
	f.Check(b.Document != "", field+".document", b.Document, "the id of the license, statute, policy or deed")
	f.Check(b.From.IsZero() || b.Until.IsZero() || !b.Until.Before(b.From), field+".until", b.Until, "no time before its beginning")
}

func (p Package) checkApproval(f *records.Problems) {
	checkApproval(f, p.Approval, p.Without)
	if p.Approval.Asset.IsValid() {
		f.Check(p.Approval.Asset == p.Record, "approval.asset", p.Approval.Asset, fmt.Sprintf("the record %s", p.Record))
	}
	if p.Approval.Digest.IsValid() {
		f.Check(p.Approval.Digest == p.Asset.Digest, "approval.digest", p.Approval.Digest, fmt.Sprintf("the asset's %s", p.Asset.Digest))
	}
}

// checkApproval lists what approval evidence lacks, but for gaps with a reason.
func checkApproval(f *records.Problems, a records.Approval, without map[string]string) {
	f.Merge("approval", a.Validate())
	f.Check(a.Digest.IsValid(), "approval.digest", a.Digest, "the digest of the copy that was approved")
	given := map[string]bool{
		"first_use": a.FirstUse.IsValid(), "last_use": a.LastUse.IsValid(), "reviewers": len(a.Reviewers) > 0,
		"restrictions": len(a.Restrictions) > 0, "chart_sources": len(a.ChartSources) > 0,
	}
	for _, name := range explainable {
		switch reason := without[name]; {
		case given[name] && reason != "":
			f.Add("without."+name, reason, "no reason for what is given")
		case !given[name] && reason == "":
			f.Add("approval."+name, "", "a value, or in without the reason why there is none")
		}
	}
	for _, name := range sortedKeys(without) {
		f.Check(slices.Contains(explainable, name), "without."+name, without[name], fmt.Sprintf("one of %q", explainable))
	}
}

func (p Package) checkEvents(f *records.Problems) {
	f.Check(len(p.Events) > 0, "events", len(p.Events), "at least one event of the record's life")
	var h records.History
	for i, e := range p.Events {
		next, err := h.Append(e)
		f.Merge(fmt.Sprintf("events[%d]", i), err)
		f.Check(!e.Record.IsValid() || e.Record == p.Record, fmt.Sprintf("events[%d].record", i), e.Record, fmt.Sprintf("the record %s", p.Record))
		if err == nil {
			h = next
		}
	}
}

// oneLine reports whether s can stand as a value in bag-info.txt.
func oneLine(s string) bool {
	return s != "" && len(s) <= 512 && !bytes.ContainsFunc([]byte(s), func(r rune) bool { return r < ' ' || r == 0x7F }) && s == string(bytes.TrimSpace([]byte(s)))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
