package sync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// SurfacePolicy says which records of ECM are offered to creatives in Smint.io,
// and as what.
type SurfacePolicy struct {
	// Sources are tried in their order: a record is offered by the first one that
	// it lies in, and by no other.
	Sources []SurfaceSource `json:"sources"`
}

// SurfaceSource is a kind of records: those that the scope declared, or those
// below some folders of ECM, as reference documents, policy statements, product
// descriptions or archived brand material.
type SurfaceSource struct {
	// Name is how receipts call it.
	Name string `json:"name"`
	// Declared means the records that this scope declared. Their approval is
	// that of the declaration, their rights those of their rights document.
	Declared bool `json:"declared,omitempty"`
	// Folders are the folders below which the records lie. They belong to the
	// scope. Empty: its root.
	Folders []ecm.NodeID `json:"folders,omitempty"`
	// Classes are the RM classifications of the records. Empty: any. A document
	// without one is no record, and is not offered.
	Classes []ecm.NodeID `json:"classes,omitempty"`
	// Category is the node of the category whose attributes say more. Defaults to
	// the policy's.
	Category ecm.NodeID `json:"category,omitempty"`
	// Approval says how the category tells what is approved. Of declared records
	// it may be left out; where one has the attribute, that has to say so too.
	Approval SurfaceApproval `json:"approval,omitzero"`
	// Own says that the records are the house's own, to which no license terms
	// apply. Without it what they come to is the access policy's to say, for
	// CauseUnlicensed.
	Own bool `json:"own,omitempty"`
	// From, Until and FirstUseUntil are date attributes: the first and the last
	// day of use, and the last day on which a use may begin. A record without a
	// value is not bound.
	From          string `json:"from,omitempty"`
	Until         string `json:"until,omitempty"`
	FirstUseUntil string `json:"first_use_until,omitempty"`
	// Zone is the IANA zone in which those days begin and end. By default they
	// begin where a day begins last, and end where it ends first.
	Zone string `json:"zone,omitempty"`
	// Names are the attributes with the name, by culture, as "de". The name
	// without a culture is the title of declared records, and the node's name of
	// others.
	Names map[string]string `json:"names,omitempty"`
	// ContentType is the attribute with image, video, audio or document. Without
	// it, or its value, the media type tells.
	ContentType string `json:"content_type,omitempty"`
	// Attributes are further attributes, by their keys in the feed.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Groups are the external security groups that may see the records. None:
	// everybody whom the portal lets in.
	Groups []string `json:"groups,omitempty"`
	// NodeGroups offers each record to those ECM groups that may see its content,
	// by their ids; where everybody may, to all.
	NodeGroups bool `json:"node_groups,omitempty"`
	// Folder is the feed's folder that lists them. Empty: the uppermost.
	Folder string `json:"folder,omitempty"`
}

// SurfaceApproval names the attribute that says that a record is approved, and
// its values that do.
type SurfaceApproval struct {
	Attribute string   `json:"attribute,omitempty"`
	Accepted  []string `json:"accepted,omitempty"`
}

// The attributes that each record has in the feed, beside those of the policy.
const (
	// KeyClass is the name of the record's RM classification.
	KeyClass = "ecm_class"
	// KeyDispositionDate is the day from which retention keeps it no longer.
	KeyDispositionDate = "ecm_disposition_date"
)

var feedKeys = []string{adapter.KeyApproval, adapter.KeyLifecycle, adapter.KeyHold, adapter.KeyReplacedBy, KeyClass, KeyDispositionDate}

// check notes every fault.
func (p *SurfacePolicy) check(faults *records.Problems) {
	if p == nil {
		return
	}
	faults.Check(len(p.Sources) > 0, "policy.surface.sources", "none", "at least one source of records")
	names, declared := map[string]bool{}, 0
	for i, s := range p.Sources {
		at := func(name string) string { return at("policy.surface.sources", i, name) }
		faults.Check(s.Name != "" && !names[s.Name], at("name"), s.Name, "a name of its own")
		names[s.Name] = true
		if s.Declared {
			declared++
			faults.Check(declared == 1, at("declared"), true, "one source of declared records at most")
			faults.Check(len(s.Folders) == 0, at("folders"), s.Folders, "none: declared records lie below the root")
			faults.Check(!s.Own, at("own"), true, "false: the rights of declared records are those that stand beside them")
			faults.Check(s.From+s.Until+s.FirstUseUntil == "", at("until"), s.From+s.Until+s.FirstUseUntil, "no days: the license of declared records has them")
		}
		s.check(faults, at)
	}
}

func (s SurfaceSource) check(faults *records.Problems, at func(string) string) {
	a := s.Approval
	if !s.Declared || a.Attribute != "" || len(a.Accepted) > 0 {
		faults.Check(a.Attribute != "", at("approval.attribute"), a.Attribute, "an attribute name of the category: what nobody can see to be approved is not offered")
		faults.Check(len(a.Accepted) > 0 && !slices.Contains(a.Accepted, ""), at("approval.accepted"), a.Accepted, "the values that approve, none empty")
	}
	for _, id := range slices.Concat(s.Folders, s.Classes) {
		faults.Check(id > 0, at("folders and classes"), id, "positive node ids")
	}
	for culture, name := range s.Names {
		faults.Check(culture != "" && culture != "x-default", at("names"), culture, "a culture as de")
		faults.Check(name != "", at("names."+culture), name, "an attribute name of the category")
	}
	for key, name := range s.Attributes {
		faults.Check(key != "" && !slices.Contains(feedKeys, key), at("attributes"), key, "a key that the feed does not set itself")
		faults.Check(name != "", at("attributes."+key), name, "an attribute name of the category")
	}
	_, err := time.LoadLocation(s.Zone)
	faults.Check(err == nil, at("zone"), s.Zone, "the IANA name of a zone, as Europe/Vienna")
	faults.Check(!s.NodeGroups || len(s.Groups) == 0, at("groups"), s.Groups, "none beside node_groups")
	faults.Check(!slices.Contains(s.Groups, ""), at("groups"), s.Groups, "no empty one")
}

// attributes are the names of all category attributes that the source reads.
func (s SurfaceSource) attributes() []string {
	names := slices.Concat([]string{s.Approval.Attribute, s.From, s.Until, s.FirstUseUntil, s.ContentType},
		slices.Collect(maps.Values(s.Names)), slices.Collect(maps.Values(s.Attributes)))
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

// Metamodel lists the attributes that records have in the feed, for
// adapter.Options: what a data adapter does not announce, a portal does not
// show.
func (p SurfacePolicy) Metamodel() []adapter.MetamodelField {
	en := func(key, kind, name string) adapter.MetamodelField {
		return adapter.MetamodelField{Key: key, Type: kind, Name: smint.LocalizedText{{Culture: "en", Value: name}}}
	}
	fields := []adapter.MetamodelField{en(KeyClass, "string", "Record class"), en(KeyDispositionDate, "date", "Retained until")}
	names := map[string]string{}
	for _, s := range p.Sources {
		maps.Copy(names, s.Attributes)
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		fields = append(fields, en(key, "string", names[key]))
	}
	return fields
}

// categoryOf is the definition of a category.
func (s *Scope) categoryOf(ctx context.Context, id ecm.NodeID) (*ecm.Category, error) {
	if id == 0 || id == s.policy.Category {
		return s.category(ctx)
	}
	return s.known.categories.get(id, func() (*ecm.Category, error) { return s.ecm.Categories.Definition(ctx, s.root, id) })
}

// checkSurface notes what the surface policy needs and ECM lacks.
func (s *Scope) checkSurface(ctx context.Context, note func(string, ...any)) error {
	if s.policy.Surface == nil {
		return nil
	}
	for _, src := range s.policy.Surface.Sources {
		for _, folder := range src.Folders {
			n, err := s.ecm.Nodes.Get(ctx, folder)
			switch {
			case isMissing(err):
				note("surface %s: folder %s does not exist, or the user may not see it", src.Name, folder)
			case err != nil:
				return err
			case !n.Container:
				note("surface %s: node %s %q is no folder", src.Name, folder, n.Name)
			}
		}
		c, err := s.categoryOf(ctx, src.Category)
		switch {
		case isMissing(err) || errors.Is(err, ecm.ErrDenied):
			note("surface %s: category %s has no attributes, or the user may not see it", src.Name, src.Category)
			continue
		case err != nil:
			return err
		}
		for _, name := range src.attributes() {
			if _, ok := c.Attribute(name); !ok {
				note("surface %s: category %s lacks the attribute %q", src.Name, c.ID, name)
			}
		}
	}
	return nil
}

// takes tells whether the source is of records of that class.
func (s SurfaceSource) takes(class ecm.NodeID) bool {
	return len(s.Classes) == 0 || slices.Contains(s.Classes, class)
}

// contentType is what the feed calls the kind of a media type.
func contentType(media string) string {
	kind, _, _ := strings.Cut(media, "/")
	if slices.Contains([]string{"image", "video", "audio"}, kind) {
		return kind
	}
	return "document"
}
