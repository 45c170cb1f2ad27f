package sync

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
)

// ScopeConfig is what a scope is made of.
type ScopeConfig struct {
	// ID names the scope. It is part of every key.
	ID records.ScopeID
	// Of says whose records the scope keeps.
	Of ScopeOf
	// Root is the folder, or business workspace, below which all its records lie.
	Root   ecm.NodeID
	Policy Policy
	// ECM acts with this scope's own credential.
	ECM *ecm.Client
	// Smint is where purchases come from; nil if none do.
	Smint *smint.Client
	// Portal is where portal assets come from; nil if none do.
	Portal *PortalSource
	// Metadata writes attributes of portal assets; nil: what ECM owns of the
	// metadata stays open there.
	Metadata MetadataWriter
	// Contents opens the bytes of assets; nil means the files of purchases and
	// of portal assets.
	Contents Contents
	// Approvals answers where the policy's rule asks someone else.
	Approvals Approvals
	// Journal takes down intents and outcomes; nil keeps none.
	Journal Journal
	// Propagation says how what happens to records is carried to Smint.io; nil:
	// it is not.
	Propagation *Propagation
	// Signers sign record packages; several give dual control. None: no package
	// is made.
	Signers []crypto.Signer
	// Now is the clock for decisions about rights; nil is the machine's.
	Now func() time.Time
	// Progress, if set, is told of bytes on their way into ECM: now and then,
	// and at the end, from the goroutine that sends them.
	Progress func(key records.RecordKey, sent, size int64)
}

// ScopeOf says whose records a scope keeps. What is empty does not narrow it.
type ScopeOf struct {
	Client   string `json:"client,omitempty"`
	Brand    string `json:"brand,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	// Jurisdiction, if set, makes the scope the target of its records alone: an
	// asset of another jurisdiction is refused with ErrJurisdiction.
	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// Scope is one client, brand, campaign or jurisdiction, kept apart from all
// others: where its assets come from, where its records go, by which policy,
// with which credentials. References to its records are made by it alone. It is
// safe for concurrent use.
type Scope struct {
	id        records.ScopeID
	of        ScopeOf
	root      ecm.NodeID
	policy    Policy
	ecm       *ecm.Client
	smint     *smint.Client
	portal    *PortalSource
	metadata  MetadataWriter
	contents  Contents
	approvals Approvals
	journal   Journal
	signers   []crypto.Signer
	now       func() time.Time
	progress  func(records.RecordKey, int64, int64)
	carrying  Propagation
	known     *knowledge
	buffers   bufferPool
}

// NewScope checks the configuration, all of it, and makes a scope. It does no
// I/O: see [Scope.Check]. The error matches records.ErrInvalid.
func NewScope(c ScopeConfig) (*Scope, error) {
	c.Policy = c.Policy.withDefaults()
	var faults records.Problems
	faults.Check(c.ID.IsValid(), "id", c.ID, "a parsed scope id")
	faults.Check(c.Root > 0, "root", c.Root, "the node id of the scope's root folder")
	faults.Check(c.ECM != nil, "ecm", "none", "an ECM client")
	c.Policy.check(&faults)
	c.Policy.checkFor(c.Of, &faults)
	s := &Scope{
		id: c.ID, of: c.Of, root: c.Root, policy: c.Policy, ecm: c.ECM, smint: c.Smint, contents: c.Contents, approvals: c.approvals(&faults),
		journal: c.Journal, known: &knowledge{}, signers: slices.Clone(c.Signers), now: c.Now, progress: c.Progress, metadata: c.Metadata,
	}
	for i, signer := range c.Signers {
		if faults.Check(signer != nil, fmt.Sprintf("signers[%d]", i), "none", "a signer") {
			_, err := evidence.KeyID(signer.Public())
			faults.Merge(fmt.Sprintf("signers[%d]", i), err)
		}
	}
	if c.Portal != nil {
		s.portal = c.Portal.checked(c.Smint != nil, &faults)
	}
	s.carrying = c.Propagation.checked(&faults)
	if s.contents == nil {
		faults.Check(c.Smint != nil, "smint", "none", "a Smint.io client, or Contents of your own")
		s.contents = sourceContents{purchaseContents{c.Smint}, portalContents{c.Smint, s.portal}}
	}
	if err := faults.Err("sync.NewScope"); err != nil {
		return nil, err
	}
	if s.journal == nil {
		s.journal = discard{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.progress == nil {
		s.progress = func(records.RecordKey, int64, int64) {}
	}
	s.buffers = newBufferPool(c.Policy.SmallLimit)
	s.ecm = c.ECM.NotifyRefused(func(ctx context.Context, r ecm.Refused) {
		_ = s.journal.Record(ctx, JournalEntry{
			Kind: Refusal, Time: time.Now().UTC(), Scope: s.id.String(), Primitive: r.Op, Step: "refused", Target: "node " + r.Node.String(),
			Policy: s.policy.Version, Result: r.Err.Error(),
		})
	})
	return s, nil
}

// ID names the scope.
func (s *Scope) ID() records.ScopeID { return s.id }

// Of says whose records the scope keeps.
func (s *Scope) Of() ScopeOf { return s.of }

// Root is the node below which all its records lie.
func (s *Scope) Root() ecm.NodeID { return s.root }

// Policy returns the policy in force, with its defaults filled in.
func (s *Scope) Policy() Policy { return s.policy }

// ECM returns the scope's ECM client. Calls on it that would destroy a record
// are refused and taken down in the scope's journal.
func (s *Scope) ECM() *ecm.Client { return s.ecm }

// Check reads what the policy needs in ECM and reports everything that is
// missing: the root, the category's attributes with their types, each class
// with its schedule, the cross-reference types. It changes nothing. The error
// matches ErrSetup, or tells why the server could not be asked.
func (s *Scope) Check(ctx context.Context) error {
	var missing []string
	note := func(format string, args ...any) { missing = append(missing, fmt.Sprintf(format, args...)) }
	root, err := s.ecm.Nodes.Get(ctx, s.root)
	switch {
	case isMissing(err):
		note("root: node %s does not exist, or the user may not see it; the category is checked when it does", s.root)
	case err != nil:
		return fmt.Errorf("check scope %s: %w", s.id, err)
	case !root.Container:
		note("root: node %s %q is no folder; the category is checked when it is one", s.root, root.Name)
	default:
		if err := s.checkCategory(ctx, note); err != nil {
			return err
		}
	}
	for _, rule := range s.policy.Classes {
		if _, err := s.schedule(ctx, rule); isSetup(err) {
			note("%s", strings.TrimPrefix(err.Error(), ErrSetup.Error()+": "))
		} else if err != nil {
			return fmt.Errorf("check scope %s: %w", s.id, err)
		}
	}
	for _, check := range []func(context.Context, func(string, ...any)) error{s.checkMetadata, s.checkSurface} {
		if err := check(ctx, note); err != nil {
			return fmt.Errorf("check scope %s: %w", s.id, err)
		}
	}
	if err := s.checkReferences(ctx, note); err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("scope %s: %w:\n  - %s", s.id, ErrSetup, strings.Join(missing, "\n  - "))
	}
	return nil
}

func (s *Scope) checkCategory(ctx context.Context, note func(string, ...any)) error {
	c, err := s.category(ctx)
	if isMissing(err) {
		note("category: node %s is no category with attributes, or the user may not see it", s.policy.Category)
		return nil
	}
	if err != nil {
		return fmt.Errorf("check scope %s: %w", s.id, err)
	}
	for _, field := range sortedFields(s.policy.Attributes) {
		name := s.policy.Attributes[field]
		a, ok := c.Attribute(name)
		switch {
		case !ok:
			note("category %s: attribute %q (for %s) is missing: add it as a text field%s", c.ID, name, field, many(field == FieldParts))
		case field == FieldParts && !a.MultiValue:
			note("category %s: attribute %q must take several values", c.ID, name)
		case !slices.Contains([]string{"string", "date", "integer", ""}, a.Type):
			note("category %s: attribute %q has the type %s, want text", c.ID, name, a.Type)
		case (field == FieldKey || field == FieldDigest) && len(a.Choices) > 0:
			note("category %s: attribute %q takes %q only: %s differs from record to record, make it a text field", c.ID, name, a.Choices, field)
		}
	}
	for _, want := range s.policy.Rights.Attributes {
		a, ok := c.Attribute(want.Name)
		switch {
		case !ok:
			note("category %s: attribute %q (for the rights' %s) is missing: add it as a %s field%s", c.ID, want.Name, want.Field, want.Type, many(want.Multi))
		case want.Multi && !a.MultiValue:
			note("category %s: attribute %q must take several values", c.ID, want.Name)
		case want.Type == rightsmap.DateAttribute && a.Type == "integer", want.Type == rightsmap.IntegerAttribute && a.Type == "date":
			note("category %s: attribute %q has the type %s, want %s", c.ID, want.Name, a.Type, want.Type)
		}
	}
	s.checkDemands(c, note)
	return nil
}

// checkDemands notes attributes that take nothing although the policy writes
// them, and those that demand a value of documents that have none.
func (s *Scope) checkDemands(c *ecm.Category, note func(string, ...any)) {
	written, always := map[string]bool{}, map[string]bool{}
	for field, name := range s.policy.Attributes {
		written[name] = true
		always[name] = slices.Contains(companionFields, field)
	}
	for _, want := range s.policy.Rights.Attributes {
		written[want.Name] = true
	}
	for _, a := range c.Attributes {
		switch {
		case a.ReadOnly && written[a.Name]:
			note("category %s: attribute %q is read-only: let the user write it", c.ID, a.Name)
		case a.Required && a.Default.IsZero() && !always[a.Name]:
			note("category %s: attribute %q is required, and not every document of a record has a value for it: make it optional", c.ID, a.Name)
		}
	}
}

func many(several bool) string {
	if several {
		return " that takes several values"
	}
	return ""
}

func (s *Scope) checkReferences(ctx context.Context, note func(string, ...any)) error {
	wanted := slices.DeleteFunc([]string{
		s.policy.RightsReference, s.policy.ReuseReference, s.policy.PartReference, s.policy.SupersedesReference, s.policy.EvidenceReference,
	}, func(t string) bool { return t == "" })
	if len(wanted) == 0 {
		return nil
	}
	types, err := s.ecm.CrossReferences.Types(ctx)
	if err != nil {
		return fmt.Errorf("check scope %s: %w", s.id, err)
	}
	for _, want := range wanted {
		if !slices.ContainsFunc(types, func(t ecm.CrossReferenceType) bool { return (t.Type == want || t.Related == want) && !t.Disabled }) {
			note("cross-reference type %q does not exist, or is disabled", want)
		}
	}
	return nil
}
