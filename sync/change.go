package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// ChangePolicy says what a new version of an asset does to the record that
// stands.
type ChangePolicy struct {
	// NewVersion says what a new version becomes. Defaults to VersionAsRecord.
	// Aggregates are always records of their own.
	NewVersion VersionKeeping `json:"new_version,omitempty"`
	// Fixed says what becomes of it where the record is final or on hold and takes
	// no version. Defaults to FixedNewRecord.
	Fixed FixedRecord `json:"fixed,omitempty"`
}

// VersionKeeping says how versions of an asset are kept.
type VersionKeeping string

const (
	// VersionAsRecord means: each version is a record of its own and supersedes
	// the one before it.
	VersionAsRecord VersionKeeping = "record"
	// VersionInRecord means: a new version is a version of the record that stands.
	// That needs open records: a final one takes none; see [Policy.KeepOpen].
	VersionInRecord VersionKeeping = "version"
)

// FixedRecord says what becomes of a version that its record cannot take.
type FixedRecord string

const (
	// FixedNewRecord means: it becomes a record of its own, and supersedes the one
	// that stands.
	FixedNewRecord FixedRecord = "record"
	// FixedRefuse means: it is refused with ErrNoVersion. That needs
	// [Policy.KeepOpen]: of records that are finalized every version would be.
	FixedRefuse FixedRecord = "refuse"
)

// check notes every fault.
func (p ChangePolicy) check(attributes map[Field]string, faults *records.Problems) {
	faults.Check(p.NewVersion == "" || p.NewVersion == VersionAsRecord || p.NewVersion == VersionInRecord, "policy.change.new_version", p.NewVersion, "record or version")
	faults.Check(p.Fixed == "" || p.Fixed == FixedNewRecord || p.Fixed == FixedRefuse, "policy.change.fixed", p.Fixed, "record or refuse")
	faults.Check(p.NewVersion != VersionInRecord || attributes[FieldVersion] != "", "policy.attributes."+string(FieldVersion), attributes[FieldVersion],
		"an attribute name: it tells which version the record holds")
}

// carriedVersion is a version of an asset that a record of another version
// took. The record's own is the one before the first.
type carriedVersion struct {
	// key is the short hash of the version's key.
	key    string
	digest records.Digest
	before records.Digest
}

// label is how an ECM version says which version of the asset it is.
func (v carriedVersion) label() string {
	return v.digest.String() + " " + v.key + " after " + v.before.String()
}

func parseCarried(s string) (v carriedVersion, ok bool) {
	parts := strings.Fields(s)
	if len(parts) != 4 || parts[2] != "after" {
		return v, false
	}
	digest, err := records.ParseDigest(parts[0])
	before, beforeErr := records.ParseDigest(parts[3])
	return carriedVersion{parts[1], digest, before}, err == nil && beforeErr == nil
}

// carried reads which further versions of its asset a record holds, the oldest
// first. Where the policy keeps each as a record there are none.
func (s *Scope) carried(ctx context.Context, id ecm.NodeID) ([]carriedVersion, error) {
	if s.policy.Change.NewVersion != VersionInRecord {
		return nil, nil
	}
	versions, err := s.ecm.Versions.List(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("versions of node %s: %w", id, err)
	}
	var list []carriedVersion
	for _, v := range versions {
		if known, ok := parseCarried(v.Description); ok {
			list = append(list, known)
		}
	}
	return list, nil
}

// version is the version of the asset that the record holds now.
func (r StoredRecord) version() string {
	if s := r.Record.bound; s != nil && s.policy.Change.NewVersion == VersionInRecord && r.Field(FieldVersion) != "" {
		return r.Field(FieldVersion)
	}
	return r.Record.key.Version()
}

// seat finds the record that holds this version, or is to take it, where the
// policy keeps versions in one record.
func (p *DeclarePlan) seat(ctx context.Context) error {
	s := p.scope
	if s.policy.Change.NewVersion != VersionInRecord || p.Key.Kind() == records.SourceAggregate || p.Observed.Disposed {
		return nil
	}
	if p.observed.record != nil {
		carried, err := s.carried(ctx, p.observed.record.ID)
		if err == nil && len(carried) > 0 {
			// Its attributes tell of a newer version now.
			p.observed.Digest, p.outgrown = carried[0].before.String(), true
			p.Observed = p.observed.Observed
		}
		return err
	}
	all, err := s.itemRecords(ctx, p.Key.Item())
	if err != nil {
		return err
	}
	line := slices.DeleteFunc(all, func(r StoredRecord) bool { return !r.Record.key.SameAsset(p.Key) })
	for _, r := range line {
		if r.Gone() {
			continue
		}
		carried, err := s.carried(ctx, r.Record.node)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(carried, func(v carriedVersion) bool { return v.key == p.Key.Short() }); i >= 0 {
			p.newest = i == len(carried)-1
			return p.into(ctx, r, &carried[i])
		}
	}
	return p.choose(ctx, line)
}

// choose picks the record that takes a version which none holds yet: the newest
// that stands, unless it is newer already.
func (p *DeclarePlan) choose(ctx context.Context, line []StoredRecord) error {
	var host *StoredRecord
	for i, r := range line {
		switch {
		case r.Gone():
			// Whether it held this version died with it.
			return fmt.Errorf("%w: %s: record %s, which keeps the versions of this asset, is gone", ErrDisposed, p.Key, r.Record.key)
		case host == nil || r.after(*host):
			host = &line[i]
		}
	}
	if host == nil {
		return nil
	}
	if order, known := versionOrder(host.version(), p.Key.Version()); known && order > 0 {
		p.Findings = append(p.Findings, fmt.Sprintf("record %s holds the newer version %s; this one becomes a record of its own", host.Record.key, host.version()))
		return nil
	}
	why, err := p.scope.fixed(ctx, host.Record.node)
	switch {
	case err != nil:
		return err
	case why == nil:
		return p.into(ctx, *host, nil)
	case p.scope.policy.Change.Fixed == FixedRefuse:
		return fmt.Errorf("%w: %s: record %s: %w", ErrNoVersion, p.Key, host.Record.key, why)
	}
	p.Findings = append(p.Findings, fmt.Sprintf("record %s takes no version (%v); this one becomes a record of its own", host.Record.key, why))
	return nil
}

// fixed tells why a record takes no version, nil if it does.
func (s *Scope) fixed(ctx context.Context, id ecm.NodeID) (why, err error) {
	details, err := s.ecm.RMClassifications.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if details.Final {
		return ecm.ErrFinal, nil
	}
	holds, err := s.holdsOf(ctx, id)
	if err != nil || len(holds) == 0 {
		return nil, err
	}
	return fmt.Errorf("%w: hold %s %q", ecm.ErrOnHold, holds[0].HoldID, holds[0].Name), nil
}

// into makes it the plan of a version in that record.
func (p *DeclarePlan) into(ctx context.Context, host StoredRecord, kept *carriedVersion) error {
	o, err := p.scope.observe(ctx, host.Record.key)
	if err != nil {
		return err
	}
	if o.stage() == records.StateIncomplete {
		return fmt.Errorf("%w: record %s, which is to take the version, is incomplete: declare it again first", ErrPending, host.Record.key)
	}
	c, err := p.scope.category(ctx)
	if err != nil {
		return err
	}
	p.Into, p.Name, p.before, p.kept = host.Record, host.Record.key.NodeName(), o.Digest, kept
	o.Digest = ""
	if kept != nil {
		o.Digest = kept.digest.String()
		p.told = p.before == o.Digest && p.scope.field(c, o.values, FieldVersion) == p.Key.Version()
	}
	p.newest = p.newest || kept == nil
	p.observed, p.Observed = o, o.Observed
	return nil
}
