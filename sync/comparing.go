package sync

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// comparison finds what a ReconcilePlan reports.
type comparison struct {
	*ReconcilePlan
	s *Scope
	// sourced are the keys, and the purchases, that a source lists.
	sourced map[string]bool
	// stand are the records that do.
	stand []RecordRef
	// told are the records that the trail tells of, with the times at which, in
	// its first entries.
	told    map[records.RecordKey][]time.Time
	entries int64
}

func (c *comparison) find(f ReconcileFinding) { c.Findings = append(c.Findings, f) }

// run looks at the records before it asks the sources which they have: what is
// declared meanwhile is then none that its source does not know.
func (c *comparison) run(ctx context.Context) error {
	if c.request.Trail != nil {
		if err := c.readTrail(ctx); err != nil {
			return err
		}
	}
	if err := c.walk(ctx); err != nil {
		return err
	}
	if c.request.Purchases {
		if err := c.follow(ctx, purchaseFeed, FollowPurchases); err != nil {
			return err
		}
	}
	if c.request.Portal {
		if err := c.follow(ctx, portalFeed, FollowPortal); err != nil {
			return err
		}
	}
	c.unlisted()
	if c.request.Surface != nil {
		return c.surface(ctx)
	}
	return nil
}

// follow walks a source from its start without writing anything: the plans of
// the feed say what ECM lacks of it.
func (c *comparison) follow(ctx context.Context, feed string, pass func(context.Context, *Scope, FeedStore, FollowOptions) (FollowResult, error)) error {
	news := newest{of: map[string][]ItemResult{}}
	_, err := pass(ctx, c.s, &passingStore{}, FollowOptions{FromStart: true, DryRun: true, OnItem: news.take})
	if err != nil {
		return err
	}
	for _, of := range news.order {
		for _, r := range news.of[of] {
			c.Items++
			c.sourced[r.ID], c.sourced[r.tx] = true, true
			if err := c.item(ctx, feed, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// newest keeps what a feed says last of each of its items: an earlier word about
// a purchase is history, and nothing that ECM should agree with.
type newest struct {
	of    map[string][]ItemResult
	order []string
}

func (n *newest) take(r ItemResult) {
	of := cmp.Or(r.tx, r.ID)
	kept, known := n.of[of]
	if !known {
		n.order = append(n.order, of)
	}
	kept = slices.DeleteFunc(kept, func(old ItemResult) bool {
		again := old.ID == r.ID && (old.RightsPlan == nil) == (r.RightsPlan == nil)
		return again || !bytes.Equal(old.source, r.source)
	})
	n.of[of] = append(kept, r)
}

// item turns what a dry run says of one asset into findings.
func (c *comparison) item(ctx context.Context, feed string, r ItemResult) error {
	switch {
	case r.Plan != nil && r.Outcome == ItemPlanned && r.Plan.Observed.Node == 0:
		c.find(ReconcileFinding{Difference: DiffMissing, ID: r.ID, What: "the source has it, and there is no record", Repair: "declare it", source: feed})
	case r.Plan != nil && r.Outcome == ItemPlanned:
		c.find(ReconcileFinding{Difference: DiffIncomplete, ID: r.ID, Node: ecm.NodeID(r.Plan.Observed.Node), What: words(r.Plan.Steps), Repair: "complete it", source: feed})
	case r.RightsPlan != nil && len(r.RightsPlan.Steps) > 0:
		d := DiffIncomplete
		if r.RightsPlan.rewords() {
			d = DiffDiffering
		}
		c.find(ReconcileFinding{Difference: d, ID: r.ID, What: "rights: " + words(r.RightsPlan.Steps), Repair: "transfer its rights", source: feed})
	case r.Outcome == ItemQuarantined && r.Queue == QueueBytes:
		c.find(ReconcileFinding{Difference: DiffDiffering, ID: r.ID, What: r.Reason})
	case r.Outcome == ItemQuarantined && r.Queue == QueueCollision:
		c.find(ReconcileFinding{Difference: DiffExtra, ID: r.ID, What: r.Reason})
	case r.Outcome == ItemUnchanged && r.Plan != nil:
		return c.attributes(ctx, r.Plan)
	}
	return nil
}

func words(steps []Step) string {
	list := make([]string, 0, len(steps))
	for _, s := range steps {
		list = append(list, s.String())
	}
	return strings.Join(list, "; ")
}

// notCompared are the fields that say how a record came to be, and not what the
// source says of it today.
var notCompared = []Field{FieldPolicy, FieldDigest, FieldSize, FieldDeclaredBy}

// attributes compares what a complete record says with what its source says.
func (c *comparison) attributes(ctx context.Context, p *DeclarePlan) error {
	definition, err := c.s.category(ctx)
	if err != nil {
		return err
	}
	fields := p.asset.fields(p.approval, c.s.policy.Version)
	if p.Jurisdiction != "" {
		fields[FieldJurisdiction] = []string{p.Jurisdiction}
	}
	for _, f := range notCompared {
		delete(fields, f)
	}
	maps.DeleteFunc(fields, func(f Field, _ []string) bool { return c.s.keptInStep(f) })
	wanted, _, err := c.s.values(definition, fields)
	if err != nil {
		return err
	}
	left := differing(wanted, p.observed.values)
	if len(left) == 0 {
		return c.relations(ctx, p)
	}
	var names []string
	for key := range left {
		names = append(names, fmt.Sprintf("%s is %q, not %q", c.s.attributeName(definition, key), p.observed.values[key], left[key]))
	}
	slices.Sort(names)
	f := ReconcileFinding{
		Difference: DiffDiffering, ID: p.Key.String(), Node: ecm.NodeID(p.Observed.Node), What: strings.Join(names, ", "), Repair: "write what the source says", fields: left,
	}
	if m := c.s.policy.Metadata; p.Observed.Final && (m == nil || !m.OpenFinal) {
		f.What, f.Repair, f.fields = f.What+"; the record is final and keeps its attributes", "", nil
	}
	c.find(f)
	return c.relations(ctx, p)
}

// keptInStep tells fields that both sides may change: SyncMetadata compares
// them.
func (s *Scope) keptInStep(f Field) bool {
	if s.policy.Metadata == nil {
		return false
	}
	return slices.ContainsFunc(s.policy.Metadata.Fields, func(m MetadataField) bool { return m.Attribute == s.policy.Attributes[f] })
}

// attributeName finds an attribute's name by its key.
func (s *Scope) attributeName(c *ecm.Category, key string) string {
	for _, name := range s.policy.Attributes {
		if a, ok := c.Attribute(name); ok && a.Key == key {
			return name
		}
	}
	return key
}

// relations looks whether an aggregate is cross-referenced with its parts.
func (c *comparison) relations(ctx context.Context, p *DeclarePlan) error {
	kind := c.s.policy.PartReference
	if kind == "" || len(p.asset.Parts) == 0 {
		return nil
	}
	for _, part := range p.asset.Parts {
		stored, err := c.s.Record(ctx, part)
		if errors.Is(err, ecm.ErrNotFound) || err == nil && stored.Gone() {
			continue // it is a finding of its own.
		}
		stands := false
		if err == nil {
			stands, err = c.s.related(ctx, ecm.NodeID(p.Observed.Node), stored.Record.node, kind)
		}
		if err != nil {
			return err
		}
		if !stands {
			c.find(ReconcileFinding{
				Difference: DiffIncomplete, ID: p.Key.String(), Node: ecm.NodeID(p.Observed.Node), What: "no cross-reference " + kind + " to " + part.String(),
				Repair: "cross-reference it", source: purchaseFeed,
			})
		}
	}
	return nil
}

// walk goes over what stands in ECM.
func (c *comparison) walk(ctx context.Context) error {
	for stored, err := range c.s.Records(ctx) {
		if err != nil {
			return err
		}
		c.Records++
		for _, look := range []func(context.Context, StoredRecord) error{c.standing, c.bytes, c.places, c.audit} {
			if err := look(ctx, stored); err != nil {
				return err
			}
		}
	}
	return c.strangers(ctx)
}

// standing looks whether a record is there.
func (c *comparison) standing(_ context.Context, r StoredRecord) error {
	switch {
	case r.Gone() && r.Stub == 0:
		c.find(ReconcileFinding{Difference: DiffGone, ID: r.Record.key.String(), What: "the record is gone and left no stub: it was disposed of elsewhere, deleted, or lies where the user cannot see it"})
	case !r.Gone():
		c.stand = append(c.stand, r.Record)
	}
	return nil
}

// unlisted finds the records that their source does not know.
func (c *comparison) unlisted() {
	for _, r := range c.stand {
		asset, item := r.key.Kind() == records.SourceAsset, r.key.Item()
		switch {
		case c.sourced[item]:
		case c.request.Purchases && !asset:
			c.find(ReconcileFinding{Difference: DiffExtra, ID: r.key.String(), Node: r.node, What: "the feed lists no purchase " + item})
		case c.request.Portal && asset:
			c.find(ReconcileFinding{Difference: DiffExtra, ID: r.key.String(), Node: r.node, What: "the portal lists no asset " + item})
		}
	}
}

// bytes holds the content against the record's digest and size.
func (c *comparison) bytes(ctx context.Context, r StoredRecord) error {
	if r.Gone() {
		return nil
	}
	differ := func(what string) {
		c.find(ReconcileFinding{Difference: DiffDiffering, ID: r.Record.key.String(), Node: r.Record.node, What: what})
	}
	if size := r.Field(FieldSize); size != "" && size != itoa(r.Size) {
		differ(fmt.Sprintf("the content has %d bytes, and the record says %s", r.Size, size))
		return nil
	}
	if !c.request.Bytes {
		return nil
	}
	content, err := c.s.ecm.Content.Open(ctx, r.Record.node)
	if err != nil {
		return err
	}
	digest, _, err := hashAll(content)
	if err != nil {
		return err
	}
	if said := r.Field(FieldDigest); said != digest.String() {
		differ(fmt.Sprintf("the content has %s, and the record says %q", digest, said))
	}
	return nil
}

// places asks Smint.io what it shows of a record.
func (c *comparison) places(ctx context.Context, r StoredRecord) error {
	if !c.request.Places {
		return nil
	}
	facts, err := c.s.AccessFacts(ctx, r)
	if err != nil {
		return err
	}
	decision := c.s.policy.Access.Decide(facts, c.s.now())
	for _, place := range c.s.carrying.Places {
		entry, err := place.Entry(ctx, r.Record.key)
		if err != nil {
			return err
		}
		if entry.ID == "" {
			continue
		}
		back, err := place.ReadBack(ctx, entry)
		if err != nil {
			c.find(ReconcileFinding{Difference: DiffUnknown, ID: r.Record.key.String(), Node: r.Record.node, What: place.Name() + ": " + short(err)})
			continue
		}
		if ok, shown := proves(decision.Access, back); !ok {
			c.find(ReconcileFinding{
				Difference: DiffAccessible, ID: r.Record.key.String(), Node: r.Record.node,
				What: fmt.Sprintf("%s: %s, and only %s is allowed: %s", place.Name(), shown, decision.Access, decision.Reason),
			})
		}
	}
	return nil
}

// surface compares what is offered with what ECM has.
func (c *comparison) surface(ctx context.Context) error {
	plan, err := PlanSurfaceRecords(ctx, c.s, c.request.Surface, SurfaceRequest{})
	if err != nil {
		return err
	}
	for _, i := range plan.Items {
		f := ReconcileFinding{ID: i.ID, Node: ecm.NodeID(i.Node), What: i.Reason}
		if i.Record.IsValid() {
			f.ID = i.Record.String()
		}
		switch i.Outcome {
		case SurfacePublished:
			if i.restricts {
				f.Difference, f.Repair = DiffAccessible, "offer only what is allowed"
				break
			}
			f.Difference, f.Repair, f.What = DiffWithheld, "offer it as it is", "the feed does not offer it as ECM has it"
		case SurfaceHidden, SurfaceRemoved:
			f.Difference, f.Repair = DiffAccessible, "take it out of the feed"
		case SurfaceFailed:
			f.Difference = DiffUnknown
		case SurfaceUnchanged, SurfaceWithheld, SurfaceStale:
			continue
		default:
			f.Difference = DiffUnknown
		}
		c.find(f)
	}
	return nil
}

// strangers lists what stands in the scope's own folders and is none of its
// documents.
func (c *comparison) strangers(ctx context.Context) error {
	definition, err := c.s.category(ctx)
	if err != nil {
		return err
	}
	for folder, err := range c.s.ecm.Nodes.All(ctx, c.s.root, nil) {
		if err != nil {
			return err
		}
		if !folder.Container || !isKeyFolder(folder.Name) {
			continue
		}
		for n, err := range c.s.ecm.Nodes.All(ctx, folder.ID, &ecm.ListOptions{With: []ecm.Part{ecm.WithCategories}}) {
			if err != nil {
				return err
			}
			key, err := records.ParseRecordKey(c.s.field(definition, n.Categories, FieldKey))
			if err == nil && key.In(c.s.id) == nil && key.Folder() == folder.Name && (&StoredRecord{}).take(c.s, definition, key, n) {
				continue
			}
			c.find(ReconcileFinding{Difference: DiffExtra, ID: fmt.Sprintf("node %s %q", n.ID, n.Name), Node: n.ID, What: "it stands in folder " + folder.Name + " and carries no key that fits its name"})
		}
	}
	return nil
}
