package sync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// KeyRecord is the key of a declared record, among the attributes in the feed:
// by it the record is found again without a list of ours.
const KeyRecord = "ecm_record_key"

// feedID is the id in the feed of an external one.
func feedID(external string) string { return "otcs-" + external }

// render makes the asset of a record that may be shown.
func (s *Scope) render(ctx context.Context, o *offer) error {
	versions, err := s.ecm.Versions.List(ctx, o.node.ID)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		o.withhold("it has no content")
		return nil
	}
	newest := slices.MaxFunc(versions, func(a, b ecm.Version) int { return a.Number - b.Number })
	c, err := s.categoryOf(ctx, o.source.Category)
	if err != nil {
		return err
	}
	text := func(name string) string {
		a, ok := c.Attribute(name)
		if !ok {
			return ""
		}
		texts := slices.DeleteFunc(o.node.Categories[a.Key].All(), func(t string) bool { return t == "" })
		for i, t := range texts {
			if day, err := serverDay(t); err == nil && a.Type == "date" {
				texts[i] = day.String()
			}
		}
		return strings.Join(texts, ", ")
	}
	file := safeFileName(cmp.Or(newest.FileName, o.node.Name))
	a := adapter.Asset{
		ID: feedID(o.external), ExternalID: o.external, Version: itoa(int64(newest.Number)), ETag: tagOf(o, newest),
		MediaType: cmp.Or(newest.MediaType, mediaType(file)), FileName: file, Size: newest.Size, Approved: true, Access: o.decision.Access,
		Held: o.decision.Held, Groups: slices.Clone(o.source.Groups), Attributes: o.attributes(text),
	}
	a.Name = o.names(text)
	a.ContentType = cmp.Or(text(o.source.ContentType), o.record.Field(FieldContentType), contentType(a.MediaType))
	switch {
	case o.decision.ReplacedBy.IsValid():
		a.ReplacedBy = ExternalID(o.decision.ReplacedBy)
	case o.successor != 0 && o.decision.Cause == CauseSuperseded && s.policy.Access.of(CauseSuperseded) == adapter.Superseded:
		a.Access, a.ReplacedBy = adapter.Superseded, nodeExternalID(o.successor)
	}
	if o.source.Folder != "" {
		a.Folders = []string{o.source.Folder}
	}
	a.Until, a.FirstUseUntil = s.ends(o)
	o.asset, o.version = &a, newest.Number
	if o.source.NodeGroups {
		return s.trim(ctx, o)
	}
	return nil
}

// tagOf changes with the content, and with nothing else. A declared record's
// content is known by its digest.
func tagOf(o *offer, v ecm.Version) string {
	if d := o.record.Field(FieldDigest); o.declared() && d != "" {
		return d
	}
	return fmt.Sprintf("v%d-%d-%d", v.Number, v.Size, v.Created.Unix())
}

func (o *offer) names(text func(string) string) smint.LocalizedText {
	title := o.node.Name
	if o.declared() {
		title = cmp.Or(o.record.Field(FieldTitle), title)
	}
	names := smint.LocalizedText{{Culture: "x-default", Value: title}}
	for _, culture := range slices.Sorted(maps.Keys(o.source.Names)) {
		if name := text(o.source.Names[culture]); name != "" {
			names = append(names, smint.LocalizedString{Culture: culture, Value: name})
		}
	}
	return names
}

func (o *offer) attributes(text func(string) string) map[string]string {
	all := map[string]string{KeyClass: o.details.Primary().ClassName}
	if all[KeyClass] == "" {
		all[KeyClass] = o.details.Class().String()
	}
	if o.facts.Retention.On.IsValid() {
		all[KeyDispositionDate] = o.facts.Retention.On.String()
	}
	for key, name := range o.source.Attributes {
		if value := text(name); value != "" {
			all[key] = value
		}
	}
	if o.declared() {
		all[KeyRecord] = o.record.Record.key.String()
	}
	return all
}

// ends are the moments from which the decision leaves less by itself: nothing
// to download any more, and no first use. They come while nobody publishes.
func (s *Scope) ends(o *offer) (until, firstUse time.Time) {
	p := s.policy.Access
	for _, turn := range p.turns(o.facts, o.facts.At) {
		switch then := rank(p.decide(o.facts, turn).Access); {
		case then >= rank(adapter.Expired) && then > rank(o.decision.Access):
			return turn, firstUse
		case then > rank(o.decision.Access) && firstUse.IsZero():
			firstUse = turn
		}
	}
	return time.Time{}, firstUse
}

// trim offers the asset to the groups that may see the content in ECM.
func (s *Scope) trim(ctx context.Context, o *offer) error {
	var groups []string
	for g, err := range s.ecm.Permissions.All(ctx, o.node.ID) {
		if err != nil {
			return err
		}
		switch {
		case !g.Has(ecm.MaySeeContents), g.Kind == "owner":
		case g.Kind == "public":
			return nil
		default:
			groups = append(groups, fmt.Sprint(g.Right))
		}
	}
	if len(groups) == 0 {
		o.withhold("no group may see its content in ECM")
		return nil
	}
	slices.Sort(groups)
	o.asset.Groups = slices.Compact(groups)
	return nil
}

// surfacedContent opens the bytes of an asset, if what ECM says in this moment
// still lets it be downloaded, in the version that was listed.
func (s *Scope) surfacedContent(ctx context.Context, a adapter.Asset, _ string) (*adapter.Content, error) {
	refuse := func(format string, args ...any) (*adapter.Content, error) {
		return nil, fmt.Errorf("%w: '%s': %s", adapter.ErrNotFound, a.ID, fmt.Sprintf(format, args...))
	}
	o, err := s.offerAgain(ctx, a)
	switch {
	case err != nil:
		return nil, err
	case o.asset == nil:
		return refuse("%s", o.decision.Reason)
	}
	d := o.asset.Decide(s.now())
	switch {
	case !d.May(adapter.MayDownloadHires):
		return refuse("%s", d.Reason)
	case o.asset.Version != a.Version || o.asset.ETag != a.ETag:
		return refuse("its content is version %s by now, and version %s was listed", o.asset.Version, a.Version)
	}
	c, err := s.ecm.Content.OpenVersion(ctx, o.node.ID, o.version)
	if isMissing(err) {
		return refuse("%v", err)
	}
	if err != nil {
		return nil, err
	}
	if c.Size >= 0 && c.Size != o.asset.Size {
		return nil, errors.Join(fmt.Errorf("%w: node %s has %d bytes, and %d were listed", ErrDigest, o.node.ID, c.Size, o.asset.Size), c.Close())
	}
	out := &adapter.Content{ReadCloser: c, Size: o.asset.Size, MediaType: o.asset.MediaType, FileName: o.asset.FileName}
	if o.declared() {
		digest, err := records.ParseDigest(o.record.Field(FieldDigest))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrDigest, err), c.Close())
		}
		out.ReadCloser = &proven{ReadCloser: c, sum: sha256.New(), left: o.asset.Size, want: digest}
	}
	return out, nil
}

// offerAgain weighs what a feed lists, anew.
func (s *Scope) offerAgain(ctx context.Context, a adapter.Asset) (*offer, error) {
	var key records.RecordKey
	if text := a.Attributes[KeyRecord]; text != "" {
		var err error
		if key, err = records.ParseRecordKey(text); err != nil {
			return nil, err
		}
		if ExternalID(key) != a.ExternalID {
			return nil, fmt.Errorf("%w: '%s' is not the id of %s", ErrNotOurs, a.ExternalID, key)
		}
	}
	return s.offerNow(ctx, a.ExternalID, key)
}

// proven gives the last bytes of a content only if all of them were those of
// the digest.
type proven struct {
	io.ReadCloser
	sum  hash.Hash
	left int64
	want records.Digest
}

func (p *proven) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	_, _ = p.sum.Write(b[:n])
	if p.left -= int64(n); p.left > 0 || n == 0 {
		return n, err
	}
	got, sumErr := records.NewDigest(p.sum.Sum(nil))
	if sumErr != nil || got != p.want || p.left < 0 {
		return 0, fmt.Errorf("%w: ECM gives %s, and the record says %s", ErrDigest, got, p.want)
	}
	return n, err
}
