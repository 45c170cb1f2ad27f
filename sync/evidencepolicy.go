package sync

import (
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// EvidencePolicy says how record packages are made. The zero value makes none:
// an organization is always named.
type EvidencePolicy struct {
	// Organization is on whose behalf packages are made.
	Organization string `json:"organization,omitempty"`
	// Gaps say why approval evidence lacks something. Of those that fit, the
	// first one counts. What lacks without a reason is no evidence, and no package
	// is made.
	Gaps []EvidenceGap `json:"gaps,omitempty"`
	// Content says whether packages hold the content or refer to it. Defaults to
	// EmbedContent.
	Content EvidenceContent `json:"content,omitempty"`
	// ReferFrom has packages refer to contents from this size in bytes on, where
	// smaller ones are held. 0: all are held.
	ReferFrom int64 `json:"refer_from,omitempty"`
	// System names the archive in packages that refer to their content: its
	// address or its name.
	System string `json:"system,omitempty"`
	// SHA512 adds manifests with SHA-512.
	SHA512 bool `json:"sha512,omitempty"`
	// Class is the class of packages. Defaults to the record's own.
	Class ecm.NodeID `json:"class,omitempty"`
}

// EvidenceContent says where a package has its content.
type EvidenceContent string

const (
	// EmbedContent means: the package holds the content and stands alone.
	EmbedContent EvidenceContent = "embedded"
	// ReferToContent means: the package names record, size and digest.
	ReferToContent EvidenceContent = "referenced"
)

// EvidenceGap says why approval evidence lacks one datum.
type EvidenceGap struct {
	// Lacks is one of evidence.ExplainableData().
	Lacks string `json:"lacks"`
	// Reason is what the package will say.
	Reason string `json:"reason"`
	// Sources and ContentTypes say for which records; empty: for all.
	Sources      []records.SourceKind `json:"sources,omitempty"`
	ContentTypes []string             `json:"content_types,omitempty"`
}

// refers tells whether a package of that many bytes refers to its content.
func (p EvidencePolicy) refers(size int64) bool {
	return p.Content == ReferToContent || p.ReferFrom > 0 && size >= p.ReferFrom
}

// reason finds why a datum may lack, empty if nothing says so.
func (p EvidencePolicy) reason(datum string, kind records.SourceKind, contentType string) string {
	for _, g := range p.Gaps {
		if g.Lacks == datum && (len(g.Sources) == 0 || slices.Contains(g.Sources, kind)) && (len(g.ContentTypes) == 0 || slices.Contains(g.ContentTypes, contentType)) {
			return g.Reason
		}
	}
	return ""
}

// check notes every fault.
func (p EvidencePolicy) check(faults *records.Problems) {
	for i, g := range p.Gaps {
		faults.Check(slices.Contains(evidence.ExplainableData(), g.Lacks), at("policy.evidence.gaps", i, "lacks"), g.Lacks, "first_use, last_use, reviewers, restrictions or chart_sources")
		faults.Check(g.Reason != "", at("policy.evidence.gaps", i, "reason"), g.Reason, "why it lacks")
	}
	switch p.Content {
	case EmbedContent, ReferToContent, "":
	default:
		faults.Add("policy.evidence.content", p.Content, "embedded or referenced")
	}
	faults.Check(p.ReferFrom >= 0, "policy.evidence.refer_from", p.ReferFrom, "a size in bytes, or 0")
	faults.Check(p.System != "" || p.Content != ReferToContent && p.ReferFrom == 0, "policy.evidence.system", p.System, "the archive's address or name: packages refer to it")
	faults.Check(p.Class >= 0, "policy.evidence.class", p.Class, "the node id of an RM classification, or none")
}
