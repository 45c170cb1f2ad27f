package sync

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

const transferRights = "TransferRights"

// RightsRequest asks for the rights of a record to be kept with it.
type RightsRequest struct {
	Record RecordRef `json:"record"`
	// Source is the license purchase transaction, byte for byte as it came.
	Source []byte `json:"source"`
	// Original is the transaction that this one reuses, if it reuses one: the
	// decision then needs both.
	Original []byte `json:"original,omitempty"`
}

// RightsPlan is what TransferRights would do, and what it saw when it decided
// so.
type RightsPlan struct {
	Scope    string            `json:"scope"`
	Policy   string            `json:"policy"`
	Key      records.RecordKey `json:"key"`
	Document string            `json:"document"`
	Digest   records.Digest    `json:"digest"`
	Rights   string            `json:"rights"`
	Steps    []Step            `json:"steps,omitempty"`
	Findings []string          `json:"findings,omitempty"`

	scope   *Scope
	request RightsRequest
	bytes   []byte
	rights  []rightsmap.Value
	// What was observed.
	record   observation
	attrs    ecm.CategoryValues
	document *companion
	stored   []rightsVersion
	asOf     time.Time
}

// String prints the plan for a person.
func (p *RightsPlan) String() string {
	return printSteps(fmt.Sprintf("keep the rights of %s in %q (%s)\n  rights: %s", p.Key, p.Document, p.Digest, p.Rights), p.Steps)
}

// TransferRights keeps the license terms with a record: as attributes of the
// record, unless it is final already, and as a rights document beside it, which
// holds the vendor's own JSON byte for byte, the normalized statement, ODRL and
// an XMP sidecar. The document is a record itself and cross-referenced with
// the one that it is about. A changed license adds a version to it, or, where a
// hold keeps it as it is, begins a further document; nothing is rewritten, and
// the same license again changes nothing.
//
// Errors: ErrForeignScope, ErrBroken for a source that is no transaction or
// another one's, ErrNotOurs, ErrVerify, and those of the ECM client.
func TransferRights(ctx context.Context, s *Scope, req RightsRequest) (Receipt, error) {
	plan, err := PlanTransferRights(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: transferRights, Scope: s.id.String(), Policy: s.policy.Version, Record: req.Record, At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanTransferRights observes and decides, and writes nothing. Its errors are
// those of TransferRights.
func PlanTransferRights(ctx context.Context, s *Scope, req RightsRequest) (*RightsPlan, error) {
	if err := s.owns(req.Record); err != nil {
		return nil, err
	}
	key := req.Record.key
	p := &RightsPlan{Scope: s.id.String(), Policy: s.policy.Version, Key: key, Document: key.CompanionName(records.CompanionRights), scope: s, request: req}
	p.document = &companion{
		taking: &taking{s: s, primitive: transferRights, key: key}, kind: records.CompanionRights, what: "rights document", fileName: "rights.zip",
		reference: s.policy.RightsReference,
	}
	if err := p.read(); err != nil {
		return nil, err
	}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("rights of %s: %w", key, err)
	}
	p.Steps = p.steps()
	return p, nil
}

// read makes statement, decision and document of the source.
func (p *RightsPlan) read() error {
	statement, err := readRights(p.request.Source, p.request.Original)
	if err != nil {
		return fmt.Errorf("%w: rights of %s: %w", ErrBroken, p.Key, err)
	}
	p.asOf = asOf(p.request.Source)
	if original := asOf(p.request.Original); original.After(p.asOf) {
		p.asOf = original
	}
	if statement.Source.Transaction != p.Key.Item() {
		return fmt.Errorf("%w: rights of %s: the source is transaction %q", ErrBroken, p.Key, statement.Source.Transaction)
	}
	decision := statement.StandingBy(p.scope.policy.Combination, p.scope.now())
	p.Rights = decision.Summary()
	var findings []rightsmap.Finding
	p.rights, findings = p.scope.policy.Rights.Apply(statement, decision)
	odrl, xmp, lost, err := renderings(statement, p.scope.policy.Combination)
	if err != nil {
		return fmt.Errorf("%w: rights of %s: %w", ErrBroken, p.Key, err)
	}
	for _, f := range slices.Concat(statement.Findings, findings, lost) {
		p.Findings = append(p.Findings, f.String())
	}
	p.bytes, err = rightsDocument(statement, odrl, xmp, p.request)
	p.Digest = records.DigestOf(p.bytes)
	return err
}

// observe reads the record, its rights document and how they relate.
func (p *RightsPlan) observe(ctx context.Context) error {
	s := p.scope
	o, err := s.observe(ctx, p.Key)
	if err != nil {
		return err
	}
	if o.record == nil || o.record.ID != p.request.Record.node {
		return fmt.Errorf("%w: node %s is not record %s of scope %s", ErrForeignScope, p.request.Record.node, p.Key, s.id)
	}
	p.record, p.document.class = o, cmp.Or(s.policy.RightsClass, ecm.NodeID(o.Class))
	if err := p.document.observe(ctx, o.record, o.rights); err != nil {
		return err
	}
	p.stored = nil
	for _, doc := range append(slices.Clone(o.earlier), o.rights) {
		versions, err := s.rightsVersions(ctx, doc)
		if err != nil {
			return err
		}
		p.stored = append(p.stored, versions...)
	}
	switch {
	case p.current():
	case p.newer():
		p.Findings = append(p.Findings, "newer rights than these are kept already; an older word about the license adds nothing")
	default:
		finding, err := p.document.further(ctx)
		if err != nil {
			return err
		}
		if finding != "" {
			p.Findings = append(p.Findings, finding)
		}
	}
	p.Document = p.document.name()
	return p.observeAttributes(ctx)
}

// observeAttributes reads which of the record's attributes are to change: none
// by a word that is not the newest.
func (p *RightsPlan) observeAttributes(ctx context.Context) error {
	s := p.scope
	c, err := s.category(ctx)
	if err != nil {
		return err
	}
	values, losses, err := s.rightsValues(c, p.rights)
	if err != nil {
		return err
	}
	p.Findings = append(p.Findings, losses...)
	p.attrs = differing(values, p.record.values)
	switch {
	case !p.newest():
		p.attrs = nil
	case p.record.Final && len(p.attrs) > 0:
		p.Findings = append(p.Findings, fmt.Sprintf("the record is final: %d rights attributes stay as they were; the rights document has the newest", len(p.attrs)))
		p.attrs = nil
	}
	return writable(c, p.attrs)
}

// newest tells that these rights are, or will be, the newest version.
func (p *RightsPlan) newest() bool {
	if p.current() {
		return p.stored[len(p.stored)-1].digest == p.Digest
	}
	return !p.newer()
}

// current tells that exactly these rights are kept already, as the newest
// version or as an earlier one: a feed may come again.
func (p *RightsPlan) current() bool {
	return slices.ContainsFunc(p.stored, func(v rightsVersion) bool { return v.digest == p.Digest })
}

// newer tells that a later word about the license is kept already.
func (p *RightsPlan) newer() bool {
	return slices.ContainsFunc(p.stored, func(v rightsVersion) bool { return !p.asOf.IsZero() && v.asOf.After(p.asOf) })
}

// rewords tells that what is kept of the license says something else, and not
// only lacks a document or a relation.
func (p *RightsPlan) rewords() bool {
	return len(p.stored) > 0 && (len(p.attrs) > 0 || !p.current() && !p.newer())
}

func (p *RightsPlan) steps() []Step {
	var steps []Step
	if len(p.attrs) > 0 {
		steps = append(steps, Step{Do: "write rights attributes", On: "node " + p.record.record.ID.String(), With: itoa(int64(len(p.attrs))) + " values"})
	}
	return append(steps, p.document.steps(p.Digest.String(), !p.current() && !p.newer())...)
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *RightsPlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanTransferRights(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: rights of %s; plan again", ErrStalePlan, p.Key)
	}
	return fresh.apply(ctx)
}

// rightsValues turns mapped rights into category values.
func (s *Scope) rightsValues(c *ecm.Category, rights []rightsmap.Value) (ecm.CategoryValues, []string, error) {
	values := ecm.CategoryValues{}
	var losses []string
	for _, v := range rights {
		if len(v.Values) == 0 {
			continue
		}
		a, ok := c.Attribute(v.Attribute)
		if !ok {
			return nil, nil, fmt.Errorf("%w: category %s lacks the attribute %q (for the rights' %s)", ErrSetup, c.ID, v.Attribute, v.Field)
		}
		fitted, cut := fit(v.Values, a.MaxLength)
		if cut {
			losses = append(losses, fmt.Sprintf("rights %s is longer than the %d characters of attribute %q; it stands there shortened", v.Field, a.MaxLength, v.Attribute))
		}
		if a.MultiValue {
			values[a.Key] = ecm.Texts(fitted...)
		} else {
			values[a.Key] = ecm.Text(strings.Join(fitted, "; "))
		}
	}
	return values, losses, nil
}

// differing are the wanted values that are not there yet.
func differing(wanted, there ecm.CategoryValues) ecm.CategoryValues {
	missing := ecm.CategoryValues{}
	for key, value := range wanted {
		if !value.Equal(there[key]) {
			missing[key] = value
		}
	}
	return missing
}

// rightsDocument packs what is known of the rights into one archive. It holds
// no clock: the same source gives the same bytes.
func rightsDocument(statement rightsmap.Statement, odrl, xmp []byte, req RightsRequest) ([]byte, error) {
	normal, err := json.MarshalIndent(statement, "", "  ")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range []struct {
		name    string
		content []byte
	}{{odrlFile, odrl}, {originalFile, req.Original}, {xmpFile, xmp}, {sourceFile, req.Source}, {"statement.json", append(normal, '\n')}} {
		if file.content == nil {
			continue
		}
		// Stored and undated, so that the bytes depend on nothing else.
		f, err := w.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(file.content)
		}
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
