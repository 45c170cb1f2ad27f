package sync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// evidenceVersion is one version of a record's package, as its description
// tells.
type evidenceVersion struct {
	digest records.Digest
	state  string
	// approved is when the approval that it holds was given, of names what for,
	// by the short hash of its key.
	approved time.Time
	of       string
}

// label is how a version says what it holds: digest, state, approval, record.
func (v evidenceVersion) label() string {
	return v.digest.String() + " " + v.state + " " + v.approved.UTC().Format(time.RFC3339Nano) + " " + v.of
}

func parseEvidenceLabel(s string) (v evidenceVersion, ok bool) {
	parts := strings.Fields(s)
	if len(parts) != 4 {
		return v, false
	}
	digest, err := records.ParseDigest(parts[0])
	at, timeErr := time.Parse(time.RFC3339Nano, parts[2])
	return evidenceVersion{digest, parts[1], at, parts[3]}, err == nil && timeErr == nil
}

// evidenceVersions reads what the versions of a package say they hold. The
// first one's label is the node's description. What someone else put there says
// nothing, and is left as it is.
func (s *Scope) evidenceVersions(ctx context.Context, doc *ecm.Node) ([]evidenceVersion, error) {
	if doc == nil {
		return nil, nil
	}
	versions, err := s.ecm.Versions.List(ctx, doc.ID)
	if err != nil {
		return nil, err
	}
	var list []evidenceVersion
	for i, v := range versions {
		label := v.Description
		if i == 0 && label == "" {
			label = doc.Description
		}
		if known, ok := parseEvidenceLabel(label); ok {
			list = append(list, known)
		}
	}
	return list, nil
}

// kept is the version that has exactly this state, nil if none has.
func (p *EvidencePlan) kept() *evidenceVersion {
	i := slices.IndexFunc(p.stored, func(v evidenceVersion) bool { return v.state == p.State })
	if i < 0 {
		return nil
	}
	return &p.stored[i]
}

// older tells that a later approval of the same is kept already. One that does
// not cover what the record holds is no approval, and not an older one.
func (p *EvidencePlan) older() bool {
	a := p.pack.Approval
	return a.Covers(p.Proves, p.pack.Asset.Digest) == nil && slices.ContainsFunc(p.stored, func(v evidenceVersion) bool {
		return v.of == p.Proves.Short() && v.approved.After(a.At)
	})
}

// missing tells that a package with this state is to be made.
func (p *EvidencePlan) missing() bool { return p.kept() == nil && !p.older() }

// state is a digest of what the package proves: all but the moment, the events
// and the words that the approval was read from, which come again with every
// change of a license.
func (p *EvidencePlan) state() (string, error) {
	a := p.pack.Approval
	a.Raw, a.At = nil, a.At.UTC()
	digest := func(b []byte) string {
		if b == nil {
			return ""
		}
		return records.DigestOf(b).String()
	}
	b, err := json.Marshal(struct {
		Record       records.RecordKey `json:"record"`
		Organization string            `json:"organization"`
		Digest       records.Digest    `json:"digest"`
		Size         int64             `json:"size"`
		FileName     string            `json:"file_name"`
		MediaType    string            `json:"media_type"`
		Location     evidence.Location `json:"location,omitzero"`
		Approval     records.Approval  `json:"approval"`
		Without      map[string]string `json:"without"`
		Rights       []string          `json:"rights"`
		Basis        evidence.Basis    `json:"basis"`
		Signers      []string          `json:"signers"`
		SHA512       bool              `json:"sha512"`
	}{
		p.Proves, p.pack.Organization, p.pack.Asset.Digest, p.pack.Asset.Size, p.pack.Asset.FileName, p.pack.Asset.MediaType, p.pack.Asset.Location, a,
		p.pack.Without,
		[]string{digest(p.pack.Rights.Source), digest(p.pack.Rights.Original), digest(p.pack.Rights.ODRL), digest(p.pack.XMP)},
		p.pack.Rights.Basis, p.Signers, p.scope.policy.Evidence.SHA512,
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}
