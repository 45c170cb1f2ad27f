package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/smintecm/sdk/records"
)

// checkAsset holds the content against what was signed: the content of the
// package, or the one that it refers to.
func (in *inspection) checkAsset() (string, error) {
	if in.statement.Type == "" {
		return "", errNotReached
	}
	claim := in.statement.Predicate.Asset
	d, err := records.ParseDigest("sha256:" + claim.Digest.SHA256)
	if err != nil {
		return "", fail(ErrStatement, "the asset's digest %q", clip(claim.Digest.SHA256))
	}
	in.verification.Asset = d
	content, reference := in.files[fileAsset], in.files[fileReference]
	switch {
	case content != nil && reference != nil:
		return "", fail(ErrUnexpected, "%s beside %s", fileReference, fileAsset)
	case claim.Path == fileAsset && content != nil:
		if content.sum != claim.Digest.SHA256 || content.size != claim.Size {
			return "", fail(ErrDigest, "%s has sha256:%s in %d bytes, signed was %s in %d", fileAsset, content.sum, content.size, d, claim.Size)
		}
		text := fmt.Sprintf("%s, %d bytes", d, claim.Size)
		if in.o.Asset == nil {
			return text, nil
		}
		return text + ", as the content given", in.checkGiven(claim, d)
	case claim.Path == fileReference && reference != nil:
		return in.checkReference(claim, d)
	default:
		return "", fail(ErrMissing, "%s, which was signed", clip(claim.Path))
	}
}

// checkReference reads the reference and, if the content was given, that too.
func (in *inspection) checkReference(claim assetClaim, d records.Digest) (string, error) {
	r, err := decodeDocument[referenceDocument](in.content(fileReference))
	if err != nil {
		return "", fmt.Errorf("%s: %w", fileReference, err)
	}
	if r.Format != formatReference {
		return "", fail(ErrVersion, "%s: format %q", fileReference, clip(r.Format))
	}
	if r.Record != in.statement.Predicate.Record || r.Digest != d || r.Size != claim.Size || r.Location.ID == "" {
		return "", fail(ErrStatement, "%s refers to %s of %s", fileReference, r.Digest, r.Record)
	}
	where := fmt.Sprintf("%s, kept in %s as %s", d, clip(r.Location.System), clip(r.Location.ID))
	if in.o.Asset == nil {
		return where + "; content not given", errSkip
	}
	return where, in.checkGiven(claim, d)
}

// checkGiven holds the content that was given against what was signed.
func (in *inspection) checkGiven(claim assetClaim, d records.Digest) error {
	sum := sha256.New()
	n, err := in.pump(in.copied(io.LimitReader(in.o.Asset, claim.Size+1), claim.Size+1), claim.Size+1, []io.Writer{sum})
	if err != nil {
		return fmt.Errorf("read the content: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != claim.Digest.SHA256 || n != claim.Size {
		return fail(ErrDigest, "the content given has sha256:%s, signed was %s in %d bytes", got, d, claim.Size)
	}
	return nil
}

// checkApproval asks whether the approval is complete and for this record and
// exactly these bytes.
func (in *inspection) checkApproval() (string, error) {
	b := in.content(fileApproval)
	if b == nil {
		return "", fail(ErrMissing, "%s", fileApproval)
	}
	doc, err := decodeDocument[approvalDocument](b)
	if err != nil {
		return "", fmt.Errorf("%s: %w: %w", fileApproval, ErrApproval, err)
	}
	if doc.Format != formatApproval {
		return "", fail(ErrVersion, "%s: format %q", fileApproval, clip(doc.Format))
	}
	var p records.Problems
	checkApproval(&p, doc.Approval, doc.Without)
	if err := p.Err("approval"); err != nil {
		return "", fmt.Errorf("%s: %w: %w", fileApproval, ErrApproval, err)
	}
	if in.statement.Type == "" {
		return "", errNotReached
	}
	record := in.statement.Predicate.Record
	if err := doc.Approval.Covers(record, in.verification.Asset); err != nil {
		return "", fmt.Errorf("%s: %w: %w", fileApproval, ErrApproval, err)
	}
	if doc.Version != record.Version() {
		return "", fail(ErrApproval, "%s is for version %q, not %q", fileApproval, clip(doc.Version), record.Version())
	}
	return fmt.Sprintf("version %s by %s on %s, for these bytes", doc.Version, clip(doc.Approval.Person), doc.Approval.At.Format("2006-01-02")), nil
}

// checkProvenance asks whether the events are complete, in order and about this
// record, and the objects those of the payload.
func (in *inspection) checkProvenance() (string, error) {
	p := in.provenance
	if p.Format == "" || in.statement.Type == "" {
		return "", errNotReached
	}
	record := in.statement.Predicate.Record
	if p.Record != record || len(p.Event) == 0 {
		return "", fail(ErrProvenance, "%d events about %s, not %s", len(p.Event), p.Record, record)
	}
	var h records.History
	for _, pe := range p.Event {
		e, ok := pe.event()
		if !ok || e.Record != record {
			return "", fail(ErrProvenance, "event %q is not about %s, or its agents are not as they must be", clip(pe.ID), record)
		}
		var err error
		if h, err = h.Append(e); err != nil {
			return "", fmt.Errorf("event %q: %w: %w", clip(pe.ID), ErrProvenance, err)
		}
	}
	seen := map[string]bool{fileProvenance: true}
	for _, o := range p.Object {
		f := in.files[o.ID]
		if f == nil || seen[o.ID] || o.Fixity != (premisFixity{"SHA-256", f.sum}) || o.Size != f.size {
			return "", fail(ErrProvenance, "object %q is not the file of that name", clip(o.ID))
		}
		seen[o.ID] = true
	}
	for path := range in.files {
		if isPayload(path) && !seen[path] {
			return "", fail(ErrProvenance, "%s is no object of the provenance", path)
		}
	}
	return fmt.Sprintf("%d events of %d objects", len(h), len(p.Object)), nil
}
