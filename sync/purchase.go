package sync

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"path"
	"strings"
	"unicode"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// PurchasedAssets describes the binaries of a purchase as assets of a scope,
// one each, in the order of the list. What a binary says about itself wins
// over what the purchase says. It does no I/O; faults match ErrBroken and
// records.ErrInvalid.
func (s *Scope) PurchasedAssets(t *smint.LicensePurchaseTransaction, binaries []smint.Binary) ([]Asset, error) {
	assets := make([]Asset, 0, len(binaries))
	for _, b := range binaries {
		key, err := records.NewPurchaseKey(s.id, string(t.UUID), string(b.UUID), b.EffectiveVersion())
		if err != nil {
			return nil, fmt.Errorf("%w: binary %q: %w", ErrBroken, b.UUID, err)
		}
		a := describe(t)
		a.Key = key
		a.FileName = b.RecommendedFileName
		a.ContentType = cmp.Or(string(b.ContentType), a.ContentType)
		a.Title = cmp.Or(b.Name.In("en"), a.Title)
		a.Description = cmp.Or(b.Description.In("en"), a.Description)
		a.MediaType = mediaType(b.RecommendedFileName)
		assets = append(assets, a)
	}
	return assets, nil
}

// describe is what a purchase says of all its binaries.
func describe(t *smint.LicensePurchaseTransaction) Asset {
	a := Asset{
		Project: t.ProjectName.In("en"), Collection: t.CollectionName.In("en"), Licensee: t.LicenseeName,
		Cart: string(t.Cart), ReuseOf: string(t.Reused), Raw: t.Raw,
	}
	if t.PurchasedAt != nil {
		a.PurchasedAt = t.PurchasedAt.UTC()
	}
	if t.Offering != nil {
		a.LicenseType = string(t.Offering.LicenseType)
	}
	if e := t.ContentElement; e != nil {
		a.ContentType, a.Provider = string(e.ContentType), e.Provider
		a.Title, a.Description = e.Name.In("en"), e.Description.In("en")
	}
	return a
}

// mediaTypes are those that licensed content comes in; the system's own table
// differs from machine to machine and fills the gaps only.
var mediaTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".tif": "image/tiff",
	".tiff": "image/tiff", ".svg": "image/svg+xml", ".eps": "application/postscript", ".ai": "application/postscript", ".psd": "image/vnd.adobe.photoshop",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".mp3": "audio/mpeg", ".wav": "audio/wav",
	".pdf": "application/pdf", ".json": "application/json", ".zip": "application/zip", ".txt": "text/plain",
}

func mediaType(fileName string) string {
	ext := strings.ToLower(path.Ext(fileName))
	known, _, _ := mime.ParseMediaType(mime.TypeByExtension(ext))
	return cmp.Or(mediaTypes[ext], known, "application/octet-stream")
}

// safeFileName keeps a foreign file name from being a path, a device or a
// deception. The record's own name never comes from it.
func safeFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control), r == unicode.ReplacementChar, r == '\u200b', r == '\ufeff':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.Trim(name, ". ")
	if r := []rune(name); len(r) > 120 {
		ext := []rune(path.Ext(name))
		if len(ext) > 12 {
			ext = nil
		}
		name = strings.TrimRight(string(r[:120-len(ext)]), ". ") + string(ext)
	}
	if ecm.CheckName(name) != nil {
		return "content"
	}
	return name
}

// aggregate is the description of a compound asset as one document.
type aggregate struct {
	Format      string          `json:"format"`
	Key         string          `json:"key"`
	Transaction string          `json:"transaction"`
	Title       string          `json:"title,omitempty"`
	Parts       []aggregatePart `json:"parts"`
}

type aggregatePart struct {
	Key       string `json:"key"`
	Name      string `json:"name"`
	FileName  string `json:"file_name"`
	MediaType string `json:"media_type"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// AggregateAsset describes a compound asset as one asset: a small document
// that lists its parts by key and digest. It needs the receipts of all parts,
// in their order. It does no I/O.
func (s *Scope) AggregateAsset(t *smint.LicensePurchaseTransaction, parts []Asset, receipts []Receipt) (Asset, error) {
	a := describe(t)
	for _, p := range parts {
		a.Parts = append(a.Parts, p.Key)
	}
	key, err := records.NewAggregateKey(s.id, string(t.UUID), a.Parts)
	if err != nil {
		return Asset{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	doc := aggregate{Format: "https://github.com/smintecm/sdk aggregate 1", Key: key.String(), Transaction: string(t.UUID), Title: a.Title}
	for i, p := range parts {
		doc.Parts = append(doc.Parts, aggregatePart{p.Key.String(), p.Key.NodeName(), p.FileName, p.MediaType, receipts[i].Digest, receipts[i].Size})
	}
	a.Key, a.FileName, a.MediaType = key, string(t.UUID)+"_parts.json", "application/json"
	if a.Inline, err = json.MarshalIndent(doc, "", "  "); err != nil {
		return Asset{}, err
	}
	a.Inline = append(a.Inline, '\n')
	return a, nil
}
