package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/records"
)

// errSkip ends a check that was not asked for; errNotReached one that needs
// what an earlier check refused.
var (
	errSkip       = errors.New("skipped")
	errNotReached = errors.New("not reached")
)

// conclude makes the checks in order. Each runs if it can, so that one look
// shows all that is wrong; the first failure is the reason.
func (in *inspection) conclude(zipped bool) (*Verification, error) {
	checks := []struct {
		name string
		make func() (string, error)
	}{
		{CheckContainer, in.checkContainer},
		{CheckEnvelope, in.checkEnvelope},
		{CheckSignatures, in.checkSignatures},
		{CheckSigners, in.checkSigners},
		{CheckStatement, in.checkStatement},
		{CheckBag, in.checkBag},
		{CheckManifest, in.checkManifest},
		{CheckDigests, in.checkDigests},
		{CheckSHA512, in.checkSHA512},
		{CheckAsset, in.checkAsset},
		{CheckRights, in.checkRights},
		{CheckApproval, in.checkApproval},
		{CheckProvenance, in.checkProvenance},
		{CheckTrail, in.checkTrail},
		{CheckZip, in.checkZip},
	}
	if !zipped {
		checks = checks[:len(checks)-1]
	}
	v := &in.verification
	failed := false
	for _, c := range checks {
		detail, err := c.make()
		done := Check{Name: c.name, Status: Passed, Detail: detail}
		switch {
		case errors.Is(err, errSkip):
			done.Status = Skipped
		case errors.Is(err, errNotReached) && failed:
			done.Status, done.Detail = Skipped, "not reached"
		case err != nil:
			done.Status, done.Detail, done.Err, failed = Failed, "", err, true
		}
		v.Checks = append(v.Checks, done)
	}
	return v, in.ctx.Err()
}

// content returns what was kept of a file, nil if there is none.
func (in *inspection) content(path string) []byte {
	if f := in.files[path]; f != nil {
		return f.content
	}
	return nil
}

func (in *inspection) checkContainer() (string, error) {
	total := int64(0)
	for _, f := range in.files {
		total += f.size
	}
	return fmt.Sprintf("%d files, %d bytes", len(in.files), total), errors.Join(in.problems...)
}

func (in *inspection) checkEnvelope() (string, error) {
	f := in.files[fileEnvelope]
	if f == nil {
		return "", fail(ErrMissing, "%s", fileEnvelope)
	}
	e, err := openEnvelope(f.content)
	if err != nil {
		return "", fmt.Errorf("%s: %w", fileEnvelope, err)
	}
	in.envelope = e
	return fmt.Sprintf("one line, signatures: %d", len(e.signatures)), nil
}

// checkSignatures checks all signatures against the keys that the package
// brings. The statement names these keys' files, so none can be taken away or
// put in another's place unseen, nor a signature be dropped.
func (in *inspection) checkSignatures() (string, error) {
	if in.envelope == nil {
		return "", errNotReached
	}
	ring := keyring{}
	for _, path := range sortedKeys(in.files) {
		id, isSigner := strings.CutPrefix(path, dirSigners)
		if !isSigner {
			continue
		}
		keys, err := ParsePublicKeys(in.files[path].content)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		own, err := KeyID(keys[0])
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		text, err := MarshalPublicKey(keys[0])
		if err != nil || len(keys) != 1 || own+suffixSigner != id || !bytes.Equal(text, in.files[path].content) {
			return "", fail(ErrSignature, "%s does not hold the key of its name", path)
		}
		ring[own] = keys[0]
	}
	if err := in.envelope.verifySignatures(ring); err != nil {
		return "", err
	}
	if len(ring) != len(in.envelope.signatures) {
		return "", fail(ErrSignature, "%d of the package's %d keys have signed", len(in.envelope.signatures), len(ring))
	}
	in.verification.Signers = sortedKeys(ring)
	return "all of them verify", nil
}

// checkSigners asks whether those who signed are trusted.
func (in *inspection) checkSigners() (string, error) {
	signers := in.verification.Signers
	if len(signers) == 0 {
		return "", errNotReached
	}
	if len(in.trusted) == 0 {
		return fmt.Sprintf("no key given: who signed is not checked; compare %s with the signer's own word", strings.Join(signers, ", ")), errSkip
	}
	want := in.o.Threshold
	if want == 0 {
		want = len(in.trusted)
	}
	var found []string
	for _, id := range signers {
		if _, ok := in.trusted[id]; ok {
			found = append(found, id)
		}
	}
	if len(found) < want {
		return "", fail(ErrSigner, "%d of %d trusted keys have signed, want %d; signed by %s", len(found), len(in.trusted), want, strings.Join(signers, ", "))
	}
	in.verification.Trusted = true
	return fmt.Sprintf("signed by %d of %d trusted keys: %s", len(found), len(in.trusted), strings.Join(found, ", ")), nil
}

// checkStatement holds the tag files against what was signed.
func (in *inspection) checkStatement() (string, error) {
	if in.envelope == nil {
		return "", errNotReached
	}
	s, err := readStatement[packagePredicate](in.envelope.payload, packageFormat)
	if err != nil {
		return "", err
	}
	in.statement = s
	var errs []error
	named := map[string]bool{fileEnvelope: true}
	for i, sub := range s.Subject {
		if i > 0 && sub.Name <= s.Subject[i-1].Name || isPayload(sub.Name) || sub.Name == fileEnvelope {
			errs = append(errs, fail(ErrStatement, "subject %q", clip(sub.Name)))
		}
		named[sub.Name] = true
		switch f := in.files[sub.Name]; {
		case f == nil:
			errs = append(errs, fail(ErrMissing, "%s, which was signed", clip(sub.Name)))
		case f.sum != sub.Digest.SHA256:
			errs = append(errs, fail(ErrDigest, "%s has sha256:%s, signed was sha256:%s", sub.Name, f.sum, clip(sub.Digest.SHA256)))
		}
	}
	for _, must := range []string{fileBagIt, fileBagInfo, fileManifest, fileTags} {
		if !named[must] {
			errs = append(errs, fail(ErrStatement, "%s was not signed", must))
		}
	}
	for _, path := range sortedKeys(in.files) {
		if !isPayload(path) && !named[path] {
			errs = append(errs, fail(ErrUnexpected, "%s was not signed", path))
		}
	}
	if len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	in.verification.Record = s.Predicate.Record
	return fmt.Sprintf("%d tag files as signed, record %s", len(s.Subject), s.Predicate.Record), nil
}

// checkBag holds what the bag says of itself against what is there.
func (in *inspection) checkBag() (string, error) {
	if in.content(fileBagIt) == nil || in.content(fileBagInfo) == nil || in.content(fileTags) == nil {
		return "", fail(ErrMissing, "one of %s, %s and %s", fileBagIt, fileBagInfo, fileTags)
	}
	if string(in.content(fileBagIt)) != bagDeclaration {
		return "", fail(ErrVersion, "%s", fileBagIt)
	}
	info, err := parseBagInfo(in.content(fileBagInfo))
	if err != nil {
		return "", fmt.Errorf("%s: %w", fileBagInfo, err)
	}
	if in.statement.Type != "" && (info.record != in.statement.Predicate.Record || info.day != in.statement.Predicate.Created.Format("2006-01-02")) {
		return "", fail(ErrStatement, "%s is about %s of %s", fileBagInfo, info.record, info.day)
	}
	if in.base != "" && in.base != baseName(info.record) {
		return "", fail(ErrNotCanonical, "the zip's folder is %q, want %q", clip(in.base), baseName(info.record))
	}
	size, count := int64(0), 0
	for path, f := range in.files {
		if isPayload(path) {
			size, count = size+f.size, count+1
		}
	}
	if size != info.bytes || count != info.files {
		return "", fail(ErrDigest, "the payload has %d bytes in %d files, want %d in %d", size, count, info.bytes, info.files)
	}
	return fmt.Sprintf("%d payload bytes in %d files", size, count), in.checkTags()
}

// checkTags holds the tag manifest against the tag files.
func (in *inspection) checkTags() error {
	tags, err := parseManifest(in.content(fileTags), 32)
	if err != nil {
		return fmt.Errorf("%s: %w", fileTags, err)
	}
	for path, f := range in.files {
		if isPayload(path) || path == fileTags || path == fileTags5 || path == fileEnvelope {
			continue
		}
		if tags[path] != f.sum {
			return fail(ErrDigest, "%s has sha256:%s, %s says %q", path, f.sum, fileTags, tags[path])
		}
		delete(tags, path)
	}
	if len(tags) > 0 {
		return fail(ErrMissing, "%s, which %s lists", strings.Join(sortedKeys(tags), ", "), fileTags)
	}
	return nil
}

// checkManifest asks for completeness: every listed file is there, and no
// other.
func (in *inspection) checkManifest() (string, error) {
	if in.content(fileManifest) == nil {
		return "", fail(ErrMissing, "%s", fileManifest)
	}
	m, err := parseManifest(in.content(fileManifest), 32)
	if err != nil {
		return "", fmt.Errorf("%s: %w", fileManifest, err)
	}
	in.manifest = m
	in.verification.Manifest, _ = records.ParseDigest("sha256:" + in.files[fileManifest].sum)
	err = in.complete(m, fileManifest)
	for _, must := range []string{fileXMP, fileODRL, fileSource, fileApproval, fileProvenance} {
		if m[must] == "" {
			err = errors.Join(err, fail(ErrMissing, "%s, which every package has", must))
		}
	}
	return fmt.Sprintf("%d payload files, none missing, none besides", len(m)), err
}

func (in *inspection) complete(m manifest, name string) error {
	var errs []error
	for _, path := range sortedKeys(m) {
		if in.files[path] == nil || !isPayload(path) {
			errs = append(errs, fail(ErrMissing, "%s, which %s lists", path, name))
		}
	}
	for _, path := range sortedKeys(in.files) {
		if isPayload(path) && m[path] == "" {
			errs = append(errs, fail(ErrUnexpected, "%s, which %s does not list", path, name))
		}
	}
	return errors.Join(errs...)
}

func (in *inspection) checkDigests() (string, error) {
	if in.manifest == nil {
		return "", errNotReached
	}
	var errs []error
	for _, path := range sortedKeys(in.manifest) {
		if f := in.files[path]; f != nil && f.sum != in.manifest[path] {
			errs = append(errs, fail(ErrDigest, "%s has sha256:%s, want sha256:%s", path, f.sum, in.manifest[path]))
		}
	}
	return "every payload file as its manifest says, by SHA-256", errors.Join(errs...)
}

// checkSHA512 is made on request. Without, the manifest must still list the
// same files.
func (in *inspection) checkSHA512() (string, error) {
	payload, tags := in.content(fileManifest5), in.content(fileTags5)
	if (payload == nil) != (tags == nil) {
		return "", fail(ErrMissing, "%s or %s: one goes with the other", fileManifest5, fileTags5)
	}
	if payload == nil {
		if in.o.SHA512 {
			return "", fail(ErrMissing, "%s", fileManifest5)
		}
		return "not in the package", errSkip
	}
	m, err := parseManifest(payload, 64)
	if err == nil {
		err = in.complete(m, fileManifest5)
	}
	t, tagErr := parseManifest(tags, 64)
	if err := errors.Join(err, tagErr); err != nil {
		return "", fmt.Errorf("%s and %s: %w", fileManifest5, fileTags5, err)
	}
	if !in.o.SHA512 {
		return "not asked for", errSkip
	}
	for path, f := range in.files {
		want := m[path]
		switch {
		case path == fileTags || path == fileTags5 || path == fileEnvelope:
			continue
		case !isPayload(path):
			want = t[path]
		}
		if f.sum512 != want {
			return "", fail(ErrDigest, "%s has sha512:%s, want %q", path, f.sum512, want)
		}
	}
	return "every file as its manifest says, by SHA-512", nil
}

func (in *inspection) checkZip() (string, error) {
	return "the zip's own checksums fit", errors.Join(in.sums...)
}

// checkRights holds the vendor's bytes and the policy against what the
// provenance accounts for.
func (in *inspection) checkRights() (string, error) {
	if in.files[fileProvenance] == nil {
		return "", fail(ErrMissing, "%s", fileProvenance)
	}
	p, err := decodeDocument[provenanceDocument](in.content(fileProvenance))
	if err != nil {
		return "", fmt.Errorf("%s: %w: %w", fileProvenance, ErrProvenance, err)
	}
	if p.Format != formatProvenance {
		return "", fail(ErrVersion, "%s: format %q", fileProvenance, clip(p.Format))
	}
	in.provenance = p
	for _, path := range []string{fileSource, fileODRL} {
		i := slices.IndexFunc(p.Object, func(o premisObject) bool { return o.ID == path })
		f := in.files[path]
		switch {
		case f == nil:
			return "", fail(ErrMissing, "%s", path)
		case i < 0 || p.Object[i].Fixity != premisFixity{"SHA-256", f.sum} || p.Object[i].Size != f.size:
			return "", fail(ErrRights, "%s has sha256:%s, the provenance accounts for other bytes", path, f.sum)
		case !json.Valid(f.content):
			return "", fail(ErrRights, "%s is no JSON", path)
		}
	}
	if f := in.files[fileOriginal]; f != nil && !json.Valid(f.content) {
		return "", fail(ErrRights, "%s is no JSON", fileOriginal)
	}
	b, err := p.Rights.basis()
	if err != nil {
		return "", fail(ErrRights, "%s: %v", fileProvenance, err)
	}
	text := fmt.Sprintf("%s %q, the vendor's bytes have sha256:%s", b.Kind, clip(b.Document), in.files[fileSource].sum)
	if in.o.Policy == nil {
		return text, nil
	}
	if err := in.o.Policy(in.content(fileSource), in.content(fileOriginal), in.content(fileODRL)); err != nil {
		return "", fmt.Errorf("%s: %w: %w", fileODRL, ErrRights, err)
	}
	return text + ", and the policy says what they do", nil
}
