package sync

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// companion is a document that a primitive keeps beside a record: a record
// itself, held as the record is and cross-referenced with it. It grows by
// versions and is never finalized; nothing in it is rewritten. Where a hold
// keeps it as it is, a further one is begun.
type companion struct {
	*taking
	kind records.Companion
	// number tells which one of its kind it is, from 1 on; 0 is the first.
	number int
	// what names it in steps, fileName its versions.
	what, fileName string
	class          ecm.NodeID
	// reference is the type of the cross-reference from the record.
	reference string

	// What was observed.
	record  ecm.NodeID
	folder  ecm.NodeID
	id      ecm.NodeID
	details *ecm.RecordDetails
	related bool
	// created tells that this call, or one whose answer was lost, made it.
	created bool
}

// observe reads the document, if there is one, and how it relates to its
// record. One that does not carry the key is ErrNotOurs.
func (c *companion) observe(ctx context.Context, record, document *ecm.Node) error {
	c.record, c.folder, c.number = record.ID, record.ParentID, 1
	if document == nil {
		return nil
	}
	category, err := c.s.category(ctx)
	if err != nil {
		return err
	}
	values, err := c.s.ecm.Categories.OfNode(ctx, document.ID)
	if err != nil {
		return err
	}
	if carried := c.s.field(category, values, FieldKey); carried != c.key.String() {
		return fmt.Errorf("%w: node %s %q carries the key %q, not %s", ErrNotOurs, document.ID, document.Name, carried, c.key)
	}
	if c.details, err = c.s.ecm.RMClassifications.Get(ctx, document.ID); err != nil {
		return err
	}
	c.id, c.number = document.ID, c.key.CompanionNumber(c.kind, document.Name)
	c.related, err = c.s.related(ctx, c.record, c.id, c.reference)
	return err
}

// further begins another document where a hold keeps the one that stands as it
// is: what was ordered to be kept is, and what changed takes effect all the
// same. It returns a finding then. It is for an edition that the document lacks.
func (c *companion) further(ctx context.Context) (finding string, err error) {
	if c.id == 0 {
		return "", nil
	}
	holds, err := c.s.holdsOf(ctx, c.id)
	if err != nil || len(holds) == 0 {
		return "", err
	}
	finding = fmt.Sprintf("hold %s %q keeps the %s, node %s, as it is: what changed stands in a further one", holds[0].HoldID, holds[0].Name, c.what, c.id)
	c.id, c.number, c.details, c.related = 0, c.number+1, nil, false
	return finding, nil
}

// standing says in words what was observed of it.
func (c *companion) standing() string {
	if c.id == 0 {
		return "no " + c.what + " stands beside the record"
	}
	return fmt.Sprintf("%s node %s stands beside the record", c.what, c.id)
}

// steps lists what leads from what was observed to a document that has the
// edition: keep tells that it lacks it.
func (c *companion) steps(digest string, keep bool) []Step {
	name := fmt.Sprintf("%q", c.name())
	var steps []Step
	switch {
	case c.id == 0:
		steps = append(steps, Step{Do: "upload " + c.what, On: name, With: digest})
	case keep:
		steps = append(steps, Step{Do: "add " + c.kind.String() + " version", On: name, With: digest})
	}
	if c.details == nil || len(c.details.Entries) == 0 {
		steps = append(steps, Step{Do: "classify " + c.what, On: name, With: "class " + c.class.String()})
	}
	if c.reference != "" && !c.related {
		steps = append(steps, Step{Do: "cross-reference", On: name, With: c.reference})
	}
	return steps
}

// edition is what is to be kept in a companion.
type edition struct {
	digest records.Digest
	size   int64
	// label is the version's description, by which it is told without reading
	// it.
	label string
	open  func() io.Reader
}

// name is that of the document.
func (c *companion) name() string { return c.key.CompanionNameOf(c.kind, max(c.number, 1)) }

// store uploads the document, or adds a version to it, unless present says that
// the edition is there. Whether a write whose answer was lost has happened is
// settled by look, never by sending again.
func (c *companion) store(ctx context.Context, e edition, present func() bool, look func(context.Context) (string, error)) error {
	for attempt := 1; !present(); attempt++ {
		var err error
		if c.id == 0 {
			err = c.upload(ctx, e)
		} else {
			err = c.version(ctx, e)
		}
		if err == nil {
			return nil
		}
		// After a hold that came meanwhile, look begins a further document.
		unsettled := errors.Is(err, ecm.ErrOutcomeUnknown) || errors.Is(err, ecm.ErrNameTaken) || errors.Is(err, ecm.ErrOnHold)
		if !unsettled || attempt == maxAttempts {
			return err
		}
		found, err := look(ctx)
		if err != nil {
			return err
		}
		step, result := Step{Do: "upload " + c.what, On: fmt.Sprintf("%q", c.name())}, "looked up: "+found
		if present() {
			result = "adopted: " + found
		}
		if err := c.note(ctx, Observation, step, e.digest, result); err != nil {
			return err
		}
	}
	return nil
}

func (c *companion) upload(ctx context.Context, e edition) error {
	values, err := c.s.companionValues(ctx, c.key, c.kind, e.digest, title(c.kind)+" of "+c.key.NodeName())
	if err != nil {
		return err
	}
	step := Step{Do: "upload " + c.what, On: fmt.Sprintf("%q", c.name()), With: e.digest.String()}
	return c.mutate(ctx, step, e.digest, func() error {
		node, err := c.s.ecm.Nodes.UploadDocument(ctx, ecm.Document{
			Parent: c.folder, Name: c.name(), Description: e.label, FileName: c.fileName, MediaType: "application/zip",
			Content: e.open(), Size: e.size, Categories: values,
		})
		if err == nil {
			c.id, c.created = node.ID, true
		}
		return err
	})
}

// companionFields are what every document of a record says of itself when it is
// uploaded, the record included; the digest of that may follow later.
var companionFields = []Field{FieldKey, FieldSource, FieldAssetID, FieldTitle, FieldDeclaredBy, FieldPolicy}

// companionValues are the attributes of a document beside a record.
func (s *Scope) companionValues(ctx context.Context, key records.RecordKey, kind records.Companion, digest records.Digest, title string) (ecm.CategoryValues, error) {
	category, err := s.category(ctx)
	if err != nil {
		return nil, err
	}
	values, _, err := s.values(category, map[Field][]string{
		FieldKey: {key.String()}, FieldDigest: {digest.String()}, FieldSource: {sourceSystem + " " + kind.String()}, FieldAssetID: {key.Item()},
		FieldTitle: {title}, FieldDeclaredBy: {application}, FieldPolicy: {s.policy.Version},
	})
	if err != nil {
		return nil, err
	}
	return values, writable(category, values)
}

func (c *companion) version(ctx context.Context, e edition) error {
	step := Step{Do: "add " + c.kind.String() + " version", On: "node " + c.id.String(), With: e.digest.String()}
	return c.mutate(ctx, step, e.digest, func() error {
		_, err := c.s.ecm.Versions.Add(ctx, c.id, ecm.NewVersion{
			Description: e.label, FileName: c.fileName, MediaType: "application/zip", Content: e.open(), Size: e.size,
		})
		return err
	})
}

// title begins the title of a companion.
func title(kind records.Companion) string {
	if kind == records.CompanionEvidence {
		return "Evidence"
	}
	return "Rights"
}

// hold has the document held by what holds its record. The record is asked
// after the document is there: a hold that comes later finds both.
func (c *companion) hold(ctx context.Context) error {
	return c.s.holdLike(ctx, c.taking, c.record, c.id)
}

// classify makes a record of the document.
func (c *companion) classify(ctx context.Context) error {
	var last error
	for range maxAttempts {
		details, err := c.s.ecm.RMClassifications.Get(ctx, c.id)
		if err != nil {
			return err
		}
		c.details = details
		if len(details.Entries) > 0 {
			return nil
		}
		step := Step{Do: "classify " + c.what, On: "node " + c.id.String(), With: "class " + c.class.String()}
		err = c.mutate(ctx, step, records.Digest{}, func() error {
			return c.s.ecm.RMClassifications.Apply(ctx, c.id, c.class, ecm.RecordUpdate{
				Seen: details, Status: c.s.policy.FileStatus, Essential: c.s.policy.Essential, Storage: c.s.policy.Storage, RecordDate: c.s.now().UTC(),
			})
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) && !errors.Is(err, ecm.ErrEditConflict) {
			return err
		}
		last = err
	}
	return errors.Join(fmt.Errorf("%w: the %s, node %s, does not read as a record", ErrVerify, c.what, c.id), last)
}

// relate cross-references it with its record.
func (c *companion) relate(ctx context.Context) error {
	return c.s.relate(ctx, c.taking, c.record, c.id, c.reference, c.what)
}

// readBack compares the newest version with what was sent.
func (c *companion) readBack(ctx context.Context, want records.Digest) error {
	content, err := c.s.ecm.Content.Open(ctx, c.id)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	digest, _, err := hashAll(content)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if digest != want {
		return fmt.Errorf("%w: %w: the %s, node %s, has %s, want %s", ErrVerify, ErrDigest, c.what, c.id, digest, want)
	}
	return nil
}

// outcome is what the receipt says of a call that ended with err.
func (c *companion) outcome(err error) (change Change, reason string) {
	switch {
	case err != nil && c.id > 0:
		return Incomplete, err.Error()
	case err != nil:
		return "", err.Error()
	case c.created && c.number <= 1:
		return Created, ""
	case len(c.done) > 0:
		return Changed, ""
	}
	return Unchanged, ""
}
