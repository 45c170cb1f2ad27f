package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/smintecm/sdk/records"
)

// Summary says what was written.
type Summary struct {
	// Name is the package's base name, a function of the record's key alone.
	Name string `json:"name"`
	// Manifest and Envelope are the digests of manifest-sha256.txt, which stands
	// for the whole payload, and of evidence.dsse.json.
	Manifest records.Digest `json:"manifest"`
	Envelope records.Digest `json:"envelope"`
	// Signers are the ids of the keys that signed, in order.
	Signers []string `json:"signers"`
	// PayloadBytes and PayloadFiles count what lies below data.
	PayloadBytes int64 `json:"payload_bytes"`
	PayloadFiles int   `json:"payload_files"`
}

// sink takes the files of a package one by one, in order.
type sink interface {
	put(path string, size int64, content io.Reader) error
	finish() error
}

// ready checks everything that can be checked before the first byte is
// written, and reports it at once.
func (p Package) ready(o WriteOptions) ([]signer, error) {
	var f records.Problems
	signers, err := newSigners(o.Signers)
	f.Merge("", p.Validate())
	f.Merge("", err)
	return signers, f.Err("evidence.Package")
}

// write assembles a package and hands its files to a sink. Content passes once.
func (p Package) write(ctx context.Context, to sink, signers []signer, o WriteOptions) (Summary, error) {
	w := &assembly{ctx: ctx, to: to, sums: manifest{}, sums5: manifest{}, sha512: o.SHA512}
	s, err := w.all(p, signers)
	if err == nil {
		err = to.finish()
	}
	if err != nil {
		return Summary{}, fmt.Errorf("evidence: write the package of %s: %w", p.Record, err)
	}
	return s, nil
}

// assembly writes one package.
type assembly struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call
	to     sink
	sha512 bool
	// sums and sums5 hold the digests of everything written so far.
	sums, sums5 manifest
	objects     []premisObject
	bytes       int64
	files       int
}

func (w *assembly) all(p Package, signers []signer) (Summary, error) {
	if err := w.document(fileBagIt, []byte(bagDeclaration)); err != nil {
		return Summary{}, err
	}
	if err := w.payload(p); err != nil {
		return Summary{}, err
	}
	info := bagInfo{p.Record, p.Organization, p.At.UTC().Format(time.DateOnly), w.bytes, w.files}
	payload := payloadOrder(slices.DeleteFunc(sortedKeys(w.sums), func(path string) bool { return !isPayload(path) }))
	steps := []func() error{
		func() error { return w.manifests(fileManifest, fileManifest5, payload) },
		func() error { return w.document(fileBagInfo, info.encode()) },
		func() error { return w.keys(signers) },
		func() error { return w.manifests(fileTags, fileTags5, w.tags()) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Summary{}, err
		}
	}
	manifestSum := w.sums[fileManifest]
	envelope, err := seal(w.ctx, w.statement(p), signers)
	if err == nil {
		err = w.document(fileEnvelope, envelope)
	}
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Name: baseName(p.Record), Envelope: records.DigestOf(envelope), PayloadBytes: w.bytes, PayloadFiles: w.files}
	for _, k := range signers {
		s.Signers = append(s.Signers, k.id)
	}
	s.Manifest, err = records.ParseDigest("sha256:" + manifestSum)
	return s, err
}

// payload writes what lies below data.
func (w *assembly) payload(p Package) error {
	if err := w.asset(p); err != nil {
		return err
	}
	approval := p.Approval
	approval.At = approval.At.UTC()
	approved, err := encodeDocument(approvalDocument{formatApproval, p.Record.Version(), approval, p.Without})
	if err != nil {
		return err
	}
	documents := map[string][]byte{fileXMP: p.XMP, fileODRL: p.Rights.ODRL, fileSource: p.Rights.Source, fileApproval: approved}
	if p.Rights.Original != nil {
		documents[fileOriginal] = p.Rights.Original
	}
	for _, t := range p.Trail {
		documents[dirTrail+t.Name] = t.Content
	}
	for _, path := range payloadOrder(slices.Collect(maps.Keys(documents))) {
		if err := w.document(path, documents[path]); err != nil {
			return err
		}
	}
	provenance := provenanceDocument{Format: formatProvenance, Record: p.Record, Object: w.objects, Rights: newPremisRights(p.Rights.Basis)}
	for _, e := range p.Events {
		provenance.Event = append(provenance.Event, newPremisEvent(e))
	}
	b, err := encodeDocument(provenance)
	if err != nil {
		return err
	}
	return w.document(fileProvenance, b)
}

// asset writes the content, or the reference to it.
func (w *assembly) asset(p Package) error {
	if p.Asset.Content == nil {
		b, err := encodeDocument(referenceDocument{
			formatReference, p.Record, p.Asset.Digest, p.Asset.Size, p.Asset.FileName, p.Asset.MediaType, p.Asset.Location,
		})
		if err != nil {
			return err
		}
		return w.document(fileReference, b)
	}
	if err := w.file(fileAsset, p.Asset.Size, p.Asset.Content); err != nil {
		return err
	}
	if got := w.sums[fileAsset]; got != p.Asset.Digest.Hex() {
		return fail(ErrDigest, "the content has sha256:%s, want %s", got, p.Asset.Digest)
	}
	last := &w.objects[len(w.objects)-1]
	last.Format, last.Name = p.Asset.MediaType, p.Asset.FileName
	return nil
}

// document writes a file that a verifier reads, and no longer one than it
// takes.
func (w *assembly) document(path string, b []byte) error {
	if limit := kept(path); limit > 0 && int64(len(b)) > limit {
		return fail(ErrTooLarge, "%s has %d bytes, more than %d", path, len(b), limit)
	}
	return w.file(path, int64(len(b)), bytes.NewReader(b))
}

// file hands one file to the sink and notes its digests on the way.
func (w *assembly) file(path string, size int64, content io.Reader) error {
	sum, sum5 := sha256.New(), hash.Hash(nil)
	into := io.Writer(sum)
	if w.sha512 {
		sum5 = sha512.New()
		into = io.MultiWriter(sum, sum5)
	}
	exact := &exactReader{ctx: w.ctx, from: content, left: size}
	if err := w.to.put(path, size, io.TeeReader(exact, into)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	w.sums[path] = hex.EncodeToString(sum.Sum(nil))
	if sum5 != nil {
		w.sums5[path] = hex.EncodeToString(sum5.Sum(nil))
	}
	if isPayload(path) {
		w.bytes += size
		w.files++
		w.objects = append(w.objects, premisObject{ID: path, Fixity: premisFixity{"SHA-256", w.sums[path]}, Size: size})
	}
	return nil
}

// manifests writes the manifests of those files.
func (w *assembly) manifests(path, path5 string, files []string) error {
	pick := func(sums manifest) manifest {
		m := manifest{}
		for _, f := range files {
			m[f] = sums[f]
		}
		return m
	}
	if err := w.document(path, pick(w.sums).encode()); err != nil || !w.sha512 {
		return err
	}
	return w.document(path5, pick(w.sums5).encode())
}

// tags lists the tag files written so far but tag manifests, which BagIt
// doesn't let list one another.
func (w *assembly) tags() []string {
	return slices.DeleteFunc(sortedKeys(w.sums), func(path string) bool { return isPayload(path) || path == fileTags || path == fileTags5 })
}

// keys writes the public keys of the signers.
func (w *assembly) keys(signers []signer) error {
	for _, s := range signers {
		b, err := MarshalPublicKey(s.key.Public())
		if err == nil {
			err = w.document(dirSigners+s.id+suffixSigner, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// statement is about every tag file but the one that will hold it, the
// manifests among them, and through these about the payload.
func (w *assembly) statement(p Package) statement[packagePredicate] {
	s := statement[packagePredicate]{Type: statementType, PredicateType: packageFormat}
	for _, path := range sortedKeys(w.sums) {
		if !isPayload(path) {
			s.Subject = append(s.Subject, subject{path, digestSet{w.sums[path]}})
		}
	}
	path := fileAsset
	if p.Asset.Content == nil {
		path = fileReference
	}
	s.Predicate = packagePredicate{p.Record, p.At.UTC(), assetClaim{path, digestSet{p.Asset.Digest.Hex()}, p.Asset.Size}}
	return s
}

// exactReader gives exactly the announced number of bytes or an error.
type exactReader struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call
	from io.Reader
	left int64
}

func (r *exactReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.left == 0 {
		var one [1]byte
		switch n, err := io.ReadFull(r.from, one[:]); {
		case n > 0:
			return 0, fail(ErrDigest, "the content is longer than announced")
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		default:
			return 0, err
		}
	}
	n, err := r.from.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; r.left > 0 {
			err = fail(ErrDigest, "the content ends %d bytes early", r.left)
		}
	}
	return n, err
}
