package sync

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

const attachEvidence = "AttachEvidence"

// EvidenceRequest asks for the package that proves a record to be kept with it.
type EvidenceRequest struct {
	Record RecordRef `json:"record"`
	// Approval is that of the record, bound to its bytes, as the receipt of
	// DeclareRecord has it.
	Approval *records.Approval `json:"approval"`
	// Without says why this approval lacks something; see
	// [evidence.Package.Without]. It comes before what the policy says.
	Without map[string]string `json:"without,omitempty"`
	// Rights are those of a record without a rights document, such as a portal
	// asset. A rights document wins.
	Rights *EvidenceRights `json:"rights,omitempty"`
	// Events are what happened to the record, where the scope's journal is no
	// [TrailJournal]; of one that is, the trail tells, and these come before.
	Events records.History `json:"events,omitempty"`
}

// EvidenceRights are rights that no rights document has.
type EvidenceRights struct {
	// Source is the words on which the right rests, as JSON, byte for byte.
	Source []byte `json:"source"`
	// ODRL is the policy in ODRL 2.2 JSON, XMP the sidecar.
	ODRL  []byte         `json:"odrl"`
	XMP   []byte         `json:"xmp"`
	Basis evidence.Basis `json:"basis"`
}

// EvidencePlan is what AttachEvidence would do, and what it saw when it decided
// so.
type EvidencePlan struct {
	Scope  string            `json:"scope"`
	Policy string            `json:"policy"`
	Key    records.RecordKey `json:"key"`
	// Proves is the key of what the record holds: its own, or that of a newer
	// version that it took.
	Proves records.RecordKey `json:"proves"`
	// Document is the name of the package's document, State a digest of what the
	// package proves: a package with the same state is not made again.
	Document string `json:"document"`
	State    string `json:"state"`
	// Content says where the package has the content.
	Content EvidenceContent `json:"content"`
	// Signers are the ids of the keys that will sign.
	Signers  []string `json:"signers,omitempty"`
	Steps    []Step   `json:"steps,omitempty"`
	Findings []string `json:"findings,omitempty"`

	scope   *Scope
	request EvidenceRequest
	// What was observed.
	record      observation
	contentType string
	document    *companion
	stored      []evidenceVersion
	pack        evidence.Package
}

// String prints the plan for a person.
func (p *EvidencePlan) String() string {
	head := fmt.Sprintf("keep the evidence of %s in %q, content %s\n  state: %s\n  signed by: %s", p.Key, p.Document, p.Content, p.State, strings.Join(p.Signers, ", "))
	return printSteps(head, p.Steps)
}

// AttachEvidence keeps with a record the package that proves it: content or a
// reference to it, who approved it, the rights, what happened to it, and an
// export of the trail, signed by the scope's signers. The package stands beside
// the record as a record itself, cross-referenced with it, and is read back.
// Where the scope's journal is a [TrailJournal], the receipt has the proof that
// the trail tells of it. Anyone can verify the package offline; see
// [evidence.Verify].
//
// The same approval and rights again change nothing. Changed ones add a
// version or, where a hold keeps the package as it is, begin a further one; an
// approval that is older than one kept already adds none.
//
// Nothing is made that is not complete: ErrEvidence lists all that lacks, and
// matches records.ErrInvalid. Other errors: ErrForeignScope, ErrPending for a
// record that is not complete, ErrDisposed, ErrNotApproved and ErrDigest for an
// approval of something else or stored bytes that differ, ErrNotOurs, ErrVerify,
// and those of the signers, the trail and the ECM client.
func AttachEvidence(ctx context.Context, s *Scope, req EvidenceRequest) (Receipt, error) {
	plan, err := PlanAttachEvidence(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: attachEvidence, Scope: s.id.String(), Policy: s.policy.Version, Record: req.Record, At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanAttachEvidence observes and decides, and writes nothing. Its errors are
// those of AttachEvidence.
func PlanAttachEvidence(ctx context.Context, s *Scope, req EvidenceRequest) (*EvidencePlan, error) {
	if err := s.owns(req.Record); err != nil {
		return nil, err
	}
	key := req.Record.key
	p := &EvidencePlan{
		Scope: s.id.String(), Policy: s.policy.Version, Key: key, Document: key.CompanionName(records.CompanionEvidence), scope: s, request: req,
		document: &companion{
			taking: &taking{s: s, primitive: attachEvidence, key: key}, kind: records.CompanionEvidence, what: "evidence package", fileName: "evidence.zip",
			reference: s.policy.EvidenceReference,
		},
	}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", key, err)
	}
	if err := p.describe(ctx); err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", key, err)
	}
	if p.missing() {
		if err := p.further(ctx); err != nil {
			return nil, fmt.Errorf("evidence of %s: %w", key, err)
		}
	}
	p.Document = p.document.name()
	p.Steps = p.document.steps(p.State, p.missing())
	return p, nil
}

// observe reads the record and its package.
func (p *EvidencePlan) observe(ctx context.Context) error {
	s := p.scope
	o, err := s.observe(ctx, p.Key)
	switch {
	case err != nil:
		return err
	case o.Disposed:
		return fmt.Errorf("%w: only what stood beside it is left", ErrDisposed)
	case o.record == nil || o.record.ID != p.request.Record.node:
		return fmt.Errorf("%w: node %s is not record %s of scope %s", ErrForeignScope, p.request.Record.node, p.Key, s.id)
	case o.stage() == records.StateIncomplete:
		return fmt.Errorf("%w: the record is incomplete: declare it again first", ErrPending)
	}
	p.record, p.document.class = o, cmp.Or(s.policy.Evidence.Class, ecm.NodeID(o.Class))
	if p.Proves, err = p.proves(ctx); err != nil {
		return err
	}
	if err := p.document.observe(ctx, o.record, o.evidence); err != nil {
		return err
	}
	p.stored = nil
	for _, doc := range append(slices.Clone(o.earlierEvidence), o.evidence) {
		versions, err := s.evidenceVersions(ctx, doc)
		if err != nil {
			return err
		}
		p.stored = append(p.stored, versions...)
	}
	if p.State == "" || !p.missing() {
		return nil
	}
	return p.further(ctx)
}

// proves finds the key of what the record holds now. A newer version that it
// took is known by the approval that it was given.
func (p *EvidencePlan) proves(ctx context.Context) (records.RecordKey, error) {
	carried, err := p.scope.carried(ctx, p.record.record.ID)
	if err != nil || len(carried) == 0 || p.request.Approval == nil {
		return p.Key, err
	}
	approved := p.request.Approval.Asset
	if approved.SameAsset(p.Key) && approved.Short() == carried[len(carried)-1].key {
		return approved, nil
	}
	return p.Key, nil
}

// further begins another document where a hold keeps the package as it is.
func (p *EvidencePlan) further(ctx context.Context) error {
	finding, err := p.document.further(ctx)
	if finding != "" {
		p.Findings = append(p.Findings, finding)
	}
	return err
}

// describe says what the package proves and, if there is none of it yet, checks
// that it is complete.
func (p *EvidencePlan) describe(ctx context.Context) error {
	var faults records.Problems
	if p.request.Approval != nil {
		p.pack.Approval = *p.request.Approval
	}
	p.pack.Record, p.pack.Organization, p.pack.At = p.Proves, p.scope.policy.Evidence.Organization, p.scope.now().UTC()
	for _, step := range []func(context.Context, *records.Problems) error{p.asset, p.rights} {
		if err := step(ctx, &faults); err != nil {
			return err
		}
	}
	p.explain()
	for _, signer := range p.scope.signers {
		id, err := evidence.KeyID(signer.Public())
		if err != nil {
			return err
		}
		p.Signers = append(p.Signers, id)
	}
	slices.Sort(p.Signers)
	faults.Check(len(p.Signers) > 0, "signers", "none", "at least one, in the scope's configuration")
	state, err := p.state()
	if err != nil {
		return err
	}
	if p.State = state; !p.missing() {
		return nil
	}
	if err := p.tell(ctx); err != nil {
		return err
	}
	whole := p.pack
	if p.Content == EmbedContent {
		whole.Asset.Content = strings.NewReader("")
	}
	faults.Merge("", whole.Validate())
	if err := faults.Err(attachEvidence); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrEvidence, err), p.covers())
	}
	return nil
}

// covers tells why an approval is none of this record and these bytes.
func (p *EvidencePlan) covers() error {
	a := p.pack.Approval
	if a.Validate() != nil || !a.Digest.IsValid() {
		return nil
	}
	return a.Covers(p.Proves, p.pack.Asset.Digest)
}

// asset says which content is proven.
func (p *EvidencePlan) asset(ctx context.Context, faults *records.Problems) error {
	digest, err := records.ParseDigest(p.record.Digest)
	faults.Merge("record.digest", err)
	c, err := p.scope.category(ctx)
	if err != nil {
		return err
	}
	field := func(f Field) string { return p.scope.field(c, p.record.values, f) }
	a := evidence.Asset{
		Size: p.record.Size, Digest: digest, FileName: cmp.Or(field(FieldFileName), p.record.record.Name), MediaType: cmp.Or(field(FieldMediaType), p.record.record.MediaType),
	}
	p.Content, p.contentType = EmbedContent, field(FieldContentType)
	if p.scope.policy.Evidence.refers(a.Size) {
		p.Content = ReferToContent
		a.Location = evidence.Location{System: p.scope.policy.Evidence.System, ID: p.record.record.ID.String(), Name: p.record.record.Name}
	}
	p.pack.Asset = a
	return nil
}

// rights takes the rights from the newest version of the rights document, else
// from the request.
func (p *EvidencePlan) rights(ctx context.Context, faults *records.Problems) error {
	given := p.request.Rights
	if p.record.rights == nil {
		if given != nil {
			p.pack.Rights, p.pack.XMP = evidence.Rights{Source: given.Source, ODRL: given.ODRL, Basis: given.Basis}, given.XMP
		} else {
			faults.Add("rights", "none", "a rights document beside the record, or rights in the request")
		}
		return nil
	}
	if given != nil {
		p.Findings = append(p.Findings, "the record has a rights document; the rights of the request are left out")
	}
	files, err := p.scope.rightsFiles(ctx, p.record.rights.ID)
	if err != nil {
		return fmt.Errorf("its rights document, node %s: %w", p.record.rights.ID, err)
	}
	statement, err := readRights(files[sourceFile], files[originalFile])
	if err != nil {
		return fmt.Errorf("%w: its rights document, node %s: %w", ErrVerify, p.record.rights.ID, err)
	}
	// What is signed is made of the vendor's own JSON, and not taken from a
	// document that people can edit.
	odrl, xmp, _, err := renderings(statement, p.scope.policy.Combination)
	if err != nil {
		return fmt.Errorf("%w: its rights document, node %s: %w", ErrVerify, p.record.rights.ID, err)
	}
	if !bytes.Equal(odrl, files[odrlFile]) || !bytes.Equal(xmp, files[xmpFile]) {
		p.Findings = append(p.Findings, "the renderings in the rights document are not those of its license; the package has the latter")
	}
	b := statement.Basis
	p.pack.XMP = xmp
	p.pack.Rights = evidence.Rights{
		Source: files[sourceFile], Original: files[originalFile], ODRL: odrl,
		Basis: evidence.Basis{Kind: b.Kind.String(), Document: b.Document, From: b.From, Until: b.Until},
	}
	return nil
}

// explain gives the reasons for what the approval lacks.
func (p *EvidencePlan) explain() {
	a, without := p.pack.Approval, map[string]string{}
	given := map[string]bool{
		"first_use": a.FirstUse.IsValid(), "last_use": a.LastUse.IsValid(), "reviewers": len(a.Reviewers) > 0,
		"restrictions": len(a.Restrictions) > 0, "chart_sources": len(a.ChartSources) > 0,
	}
	for _, datum := range evidence.ExplainableData() {
		if reason := cmp.Or(p.request.Without[datum], p.scope.policy.Evidence.reason(datum, p.Key.Kind(), p.contentType)); !given[datum] && reason != "" {
			without[datum] = reason
		}
	}
	p.pack.Without = without
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *EvidencePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanAttachEvidence(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: evidence of %s; plan again", ErrStalePlan, p.Key)
	}
	return fresh.apply(ctx)
}
