package sync

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
)

// sourceFile is where a rights document keeps the vendor's own JSON.
const sourceFile = "source.json"

// originalFile is where it keeps that of the license that it reuses.
const originalFile = "original.json"

// odrlFile and xmpFile are the renderings in a rights document.
const (
	odrlFile = "odrl.json"
	xmpFile  = "rights.xmp"
)

// maxRightsDocument bounds what is read of a rights document, in bytes.
const maxRightsDocument = 32 << 20

// rightsVersion is one version of a rights document.
type rightsVersion struct {
	digest records.Digest
	// asOf is the time of the vendor's word that it holds; zero if not known.
	asOf time.Time
}

// label is how a version says what it holds, so that it can be told without
// reading it: digest and time.
func (v rightsVersion) label() string {
	if v.asOf.IsZero() {
		return v.digest.String()
	}
	return v.digest.String() + " " + v.asOf.UTC().Format(time.RFC3339Nano)
}

func parseLabel(s string) (rightsVersion, bool) {
	digest, at, _ := strings.Cut(s, " ")
	d, err := records.ParseDigest(digest)
	t, _ := time.Parse(time.RFC3339Nano, at)
	return rightsVersion{d, t}, err == nil
}

// rightsVersions reads what the versions of a rights document say they hold.
// The first one's label is the node's description. A version that says nothing
// is read and hashed.
func (s *Scope) rightsVersions(ctx context.Context, doc *ecm.Node) ([]rightsVersion, error) {
	if doc == nil {
		return nil, nil
	}
	versions, err := s.ecm.Versions.List(ctx, doc.ID)
	if err != nil {
		return nil, err
	}
	list := make([]rightsVersion, 0, len(versions))
	for i, v := range versions {
		label := v.Description
		if i == 0 && label == "" {
			label = doc.Description
		}
		known, ok := parseLabel(label)
		if !ok {
			content, err := s.ecm.Content.OpenVersion(ctx, doc.ID, v.Number)
			if err != nil {
				return nil, err
			}
			if known.digest, _, err = hashAll(content); err != nil {
				return nil, err
			}
		}
		list = append(list, known)
	}
	return list, nil
}

// noTime is the time of a word that nothing comes after.
var noTime = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// asOf is when the vendor last changed a transaction. A purchase that was
// canceled and does not say when stays so: no other word can be told to be
// newer.
func asOf(source []byte) time.Time {
	t, err := smint.DecodeTransaction(source)
	switch {
	case err != nil:
		return time.Time{}
	case t.LastUpdatedAt == nil && t.State == smint.StateCancelled:
		return noTime
	case t.LastUpdatedAt != nil:
		return t.LastUpdatedAt.UTC()
	case t.CreatedAt != nil:
		return t.CreatedAt.UTC()
	}
	return time.Time{}
}

// readRights reads a transaction, together with the one it reuses if that is
// known. Without it, the statement itself asks for review.
func readRights(source, original []byte) (rightsmap.Statement, error) {
	statement, err := rightsmap.Read(source)
	if err != nil || original == nil {
		return statement, err
	}
	first, err := rightsmap.Read(original)
	if err != nil {
		return statement, fmt.Errorf("the original's license: %w", err)
	}
	return statement.WithOriginal(first)
}

// rightsSource reads the vendor's own JSON from a record's rights document;
// nil if it has none.
func (s *Scope) rightsSource(ctx context.Context, ref RecordRef) ([]byte, error) {
	folder, err := s.findFolder(ctx, ref.key)
	if err != nil {
		return nil, err
	}
	f, err := s.look(ctx, folder, ref.key)
	if err != nil || f.rights == nil {
		return nil, err
	}
	files, err := s.rightsFiles(ctx, f.rights.ID)
	if err != nil {
		return nil, fmt.Errorf("the rights document of %s: %w", ref.key, err)
	}
	return files[sourceFile], nil
}

// rightsFiles reads the files of a rights document's newest version. One that
// cannot be read, or lacks the vendor's own JSON, is ErrVerify.
func (s *Scope) rightsFiles(ctx context.Context, document ecm.NodeID) (map[string][]byte, error) {
	content, err := s.ecm.Content.Open(ctx, document)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(content, maxRightsDocument))
	if err = errors.Join(err, content.Close()); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVerify, err)
	}
	files := map[string][]byte{}
	for _, entry := range z.File {
		file, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrVerify, err)
		}
		content, err := io.ReadAll(io.LimitReader(file, maxRightsDocument))
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrVerify, entry.Name, err)
		}
		files[entry.Name] = content
	}
	if files[sourceFile] == nil {
		return nil, fmt.Errorf("%w: it lacks %s", ErrVerify, sourceFile)
	}
	return files, nil
}
