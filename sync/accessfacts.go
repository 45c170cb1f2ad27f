package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// AccessPolicy returns the access policy of that version: the one in force for
// an empty version. The error matches records.ErrInvalid for a version that the
// scope does not have.
func (s *Scope) AccessPolicy(version string) (AccessPolicy, error) {
	if version == "" || version == s.policy.Access.Version {
		return *s.policy.Access, nil
	}
	for _, former := range s.policy.FormerAccess {
		if former.Version == version {
			return former, nil
		}
	}
	var faults records.Problems
	faults.Add("access policy", version, "a version that the scope's policy has")
	return AccessPolicy{}, faults.Err("sync.AccessPolicy")
}

// AccessFactsOf reads the facts of a key: see [Scope.AccessFacts]. Nothing under
// its names is a fact as well, and no error. A key of another scope matches
// ErrForeignScope, before any I/O.
func (s *Scope) AccessFactsOf(ctx context.Context, key records.RecordKey) (AccessFacts, error) {
	r, err := s.Record(ctx, key)
	if errors.Is(err, ecm.ErrNotFound) && !errors.Is(err, ErrForeignScope) {
		r, err = StoredRecord{Record: s.ref(key, 0)}, nil
	}
	if err != nil {
		return AccessFacts{}, err
	}
	return s.AccessFacts(ctx, r)
}

// AccessFacts reads from ECM what access to a record rests on: record details,
// retention, holds, the newest version of its rights document, and what took
// its place. It changes nothing. What is missing, malformed or refused for want
// of a privilege is a fact that restricts; an error is one of the ECM client,
// and then nobody knows. A record of another scope matches ErrForeignScope,
// before any I/O.
func (s *Scope) AccessFacts(ctx context.Context, r StoredRecord) (AccessFacts, error) {
	if err := s.owns(r.Record); err != nil {
		return AccessFacts{}, err
	}
	f := AccessFacts{Record: r.Record.key, Node: int64(r.Record.node), At: s.now().UTC()}
	switch {
	case r.Stub != 0:
		// The stub outlives whatever comes back under the name.
		f.Existence, f.State, f.Why = Destroyed, records.StateDestroyed, fmt.Sprintf("it was destroyed: its stub is node %s", r.Stub)
		return f, nil
	case r.Gone():
		f.Existence, f.State, f.Why = Gone, records.StateAbsent, "only what stood beside it is left; ECM does not tell whether it was destroyed or is out of sight"
		if len(r.Documents()) == 0 {
			f.Why = "nothing stands under its names"
		}
		return f, nil
	}
	details, err := s.ecm.RMClassifications.Get(ctx, r.Record.node)
	if isMissing(err) {
		f.Existence, f.State, f.Why = Gone, records.StateAbsent, fmt.Sprintf("node %s is there no more: %v", r.Record.node, err)
		return f, nil
	}
	if err != nil {
		return AccessFacts{}, fmt.Errorf("access to %s: record details of node %s: %w", f.Record, r.Record.node, err)
	}
	f.Existence, f.State, f.Approved = Exists, s.storedState(r, details), s.approvedIn(r)
	f.identify(r, details)
	if f.Digest.IsValid() && r.Size == 0 && f.Digest != records.DigestOf(nil) {
		f.Existence, f.State, f.Why = Destroyed, records.StateDestroyed, fmt.Sprintf("its content was destroyed: node %s has no byte left", r.Record.node)
	}
	for _, read := range []func(context.Context, StoredRecord, *ecm.RecordDetails, *AccessFacts) error{s.readRights, s.readRetention, s.readHolds, s.readSuccessor} {
		if err := read(ctx, r, details, &f); err != nil {
			return AccessFacts{}, fmt.Errorf("access to %s: %w", f.Record, err)
		}
	}
	return f, nil
}

// identify takes over what ECM says the record is.
func (f *AccessFacts) identify(r StoredRecord, details *ecm.RecordDetails) {
	e := details.Primary()
	f.Digest, _ = records.ParseDigest(r.Field(FieldDigest)) // none: it is not complete, and the state says so.
	f.Schedule, f.Declared = e.RSI, records.DateIn(e.RecordDate, nil)
	if e.Class > 0 {
		f.Class = records.Classification{ID: e.Class.String(), Name: e.ClassName}
		if e.RSI != "" {
			f.Class.Schedules = []string{e.RSI}
		}
	}
}

// storedState is where a record stands in its lifecycle.
func (s *Scope) storedState(r StoredRecord, details *ecm.RecordDetails) records.State {
	o := Observed{Node: int64(r.Record.node), Digest: r.Field(FieldDigest)}
	o.read(details)
	if slices.Contains(s.policy.Access.TransferredStatuses, o.Status) {
		return records.StateTransferred
	}
	return o.stage()
}

// approvedIn tells whether the record itself says who approved it, and when.
func (s *Scope) approvedIn(r StoredRecord) rightsmap.Tri {
	if s.policy.Attributes[FieldApprovedBy] == "" || s.policy.Attributes[FieldApprovedOn] == "" {
		return rightsmap.Unknown
	}
	if r.Field(FieldApprovedBy) == "" || r.Field(FieldApprovedOn) == "" {
		return rightsmap.No
	}
	return rightsmap.Yes
}

func (s *Scope) readRights(ctx context.Context, r StoredRecord, _ *ecm.RecordDetails, f *AccessFacts) error {
	whole := func(c AccessCause, why string) { f.Rights = []RightsSpan{{Causes: []RightsCause{{c, why}}}} }
	switch {
	case r.Rights == 0 && f.Record.Kind() == records.SourceAsset:
		whole(CauseUnlicensed, "a portal asset carries no license terms")
		return nil
	case r.Rights == 0:
		whole(CauseRightsUnreadable, "no rights document stands beside it")
		return nil
	}
	files, err := s.rightsFiles(ctx, r.Rights)
	if err == nil {
		var statement rightsmap.Statement
		if statement, err = readRights(files[sourceFile], files[originalFile]); err == nil {
			f.Rights = rightsSpans(statement, s.policy.Combination, f.At)
			return nil
		}
		err = fmt.Errorf("%w: %w", ErrVerify, err)
	}
	if errors.Is(err, ErrVerify) || isMissing(err) || errors.Is(err, ecm.ErrDenied) {
		whole(CauseRightsUnreadable, fmt.Sprintf("its rights document, node %s, cannot be read: %v", r.Rights, err))
		return nil
	}
	return fmt.Errorf("rights document, node %s: %w", r.Rights, err)
}

// rightsSpans weighs a license once for each span between two of its days.
func rightsSpans(statement rightsmap.Statement, combination rightsmap.Combination, now time.Time) []RightsSpan {
	var turns []time.Time
	for _, w := range statement.RightsWindows() {
		turns = append(turns, w.From, w.Until, w.FirstUseUntil)
	}
	turns = slices.DeleteFunc(turns, time.Time.IsZero)
	slices.SortFunc(turns, time.Time.Compare)
	turns = slices.CompactFunc(turns, time.Time.Equal)
	first := now
	if len(turns) > 0 {
		first = turns[0].Add(-1)
	}
	spans := []RightsSpan{{Causes: rightsCauses(statement.StandingBy(combination, first))}}
	for _, turn := range turns {
		causes := rightsCauses(statement.StandingBy(combination, turn))
		if !slices.Equal(causes, spans[len(spans)-1].Causes) {
			spans = append(spans, RightsSpan{From: turn, Causes: causes})
		}
	}
	return spans
}

// The rules of rightsmap that speak of time, and of the purchase itself.
const (
	rulePurchased = "purchased"
	ruleFrom      = "valid-from"
	ruleUntil     = "valid-until"
	ruleFirstUse  = "to-be-used-until"
	ruleState     = "state"
)

// rightsCauses tells what a decision has against use, each with its clause.
func rightsCauses(d rightsmap.Decision) []RightsCause {
	if d.Verdict == rightsmap.Allowed {
		return nil
	}
	var list []RightsCause
	denied := false
	for _, c := range d.Clauses {
		if c.Effect < rightsmap.Doubts {
			continue
		}
		cause, denies := CauseRightsReview, c.Effect >= rightsmap.Withholds
		switch {
		case c.Rule == ruleFirstUse:
			cause = CauseFirstUseEnded
		case denies && c.Rule == ruleUntil:
			cause = CauseLicenseEnded
		case denies && (c.Rule == ruleFrom || c.Rule == rulePurchased):
			cause = CauseLicenseNotBegun
		case denies && c.Rule == ruleState:
			cause = CauseCanceled
		case denies:
			cause = CauseRightsDenied
		}
		denied = denied || denies
		if said := (RightsCause{cause, c.Reason}); !slices.Contains(list, said) {
			list = append(list, said)
		}
	}
	switch {
	case d.Verdict == rightsmap.Denied && !denied:
		list = append(list, RightsCause{CauseRightsDenied, d.Summary()})
	case len(list) == 0:
		list = append(list, RightsCause{CauseRightsReview, d.Summary()})
	}
	return list
}

// readRetention asks the server when the record may be gone: the latest day of
// the stages that end it.
func (s *Scope) readRetention(ctx context.Context, r StoredRecord, details *ecm.RecordDetails, f *AccessFacts) error {
	rsi := details.Primary().RSI
	if rsi == "" {
		f.Retention = records.Due{Why: "it has no schedule"}
		return nil
	}
	stages, err := s.ecm.RSIs.Details(ctx, r.Record.node, rsi)
	if err != nil {
		return fmt.Errorf("retention of node %s: %w", r.Record.node, err)
	}
	f.Retention = kept(rsi, stages)
	return nil
}

// kept finds the day from which a schedule keeps a record no longer. A stage
// whose day is open, or cannot be read, keeps it.
func kept(rsi string, stages []ecm.RSIStage) records.Due {
	due := records.Due{Why: "no stage of schedule " + rsi + " ends the record"}
	open := false
	for _, stage := range stages {
		if stage.Permanent {
			return records.Due{Permanent: true, Why: "kept permanently by schedule " + rsi}
		}
		action := records.ActionOfCode(stage.Action)
		if !action.EndsRecord() || open {
			continue
		}
		on, err := serverDay(stage.Due)
		if err != nil {
			due, open = records.Due{Why: fmt.Sprintf("stage %s of schedule %s has no day yet", stage.Stage, rsi)}, true
			continue
		}
		if !due.On.IsValid() || on.After(due.On) {
			due = records.Due{On: on, Why: fmt.Sprintf("stage %s of schedule %s: %s", stage.Stage, rsi, action)}
		}
	}
	return due
}

// serverDay reads a day as servers write it, with or without a time.
func serverDay(text string) (records.Date, error) {
	if len(text) > len(time.DateOnly) && text[len(time.DateOnly)] == 'T' {
		text = text[:len(time.DateOnly)]
	}
	return records.ParseDate(text)
}

func (s *Scope) readHolds(ctx context.Context, r StoredRecord, _ *ecm.RecordDetails, f *AccessFacts) error {
	var err error
	f.Holds, f.Released, err = s.holdsInForce(ctx, r.Record.node)
	return err
}

// holdsInForce reads the holds in force on a node, and whether there are others
// that are not. Holds that cannot be read are unknown; the error is that of ctx.
func (s *Scope) holdsInForce(ctx context.Context, node ecm.NodeID) (holds records.HoldSet, released bool, err error) {
	list, err := s.ecm.Holds.OfNode(ctx, node)
	if err != nil {
		return records.HoldSet{}, false, ctx.Err()
	}
	holds = records.NoHolds()
	for _, h := range list {
		if !h.Active {
			released = true
			continue
		}
		hold := holdOn(h)
		if !hold.ID.IsValid() {
			return records.HoldSet{}, false, nil
		}
		holds, _ = holds.With(hold)
	}
	return holds, released, nil
}

// readSuccessor finds the record that took this one's place: a newer version, by
// the marks of SupersedeRecord, or what a person related it to.
func (s *Scope) readSuccessor(ctx context.Context, r StoredRecord, _ *ecm.RecordDetails, f *AccessFacts) error {
	newer, err := s.SupersededBy(ctx, r.Record)
	if err != nil && !errors.Is(err, ErrVerify) {
		return err
	}
	f.Superseded = err != nil || !newer.IsZero()
	if f.SupersededBy = newer.key; f.Superseded {
		return nil
	}
	kind := s.policy.Access.ReplacedReference
	if kind == "" {
		return nil
	}
	list, err := s.ecm.CrossReferences.OfNode(ctx, r.Record.node)
	if err != nil {
		return fmt.Errorf("cross-references of node %s: %w", r.Record.node, err)
	}
	c, err := s.category(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Type != kind {
			continue
		}
		f.Superseded = true
		values, err := s.ecm.Categories.OfNode(ctx, x.To)
		if err != nil && !isMissing(err) {
			return fmt.Errorf("successor, node %s: %w", x.To, err)
		}
		if key, err := records.ParseRecordKey(s.field(c, values, FieldKey)); err == nil && key.In(s.id) == nil {
			f.SupersededBy = key
		}
	}
	return nil
}
