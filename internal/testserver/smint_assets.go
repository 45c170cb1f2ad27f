package testserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// SmintLicense is the form of a NAME.license.json file, as a list of its
// members with what each expects. All are optional:
//
//   - every member of a license term (allowed_usages, valid_until, ...): laid
//     over the one term of the default license;
//   - license_terms: a list of such objects, if there are several terms;
//   - effective_max_downloads, effective_max_users, effective_max_reuses;
//   - license_type, license_text (English), title, is_ai;
//   - transaction: any members of the payload, laid over it last.
//
// Lists are lists of keys, dates are 2027-05-06 or 2027-05-06T12:00:00Z, and
// null says "unknown" as it does on the wire.
func SmintLicense() map[string]string {
	return maps.Clone(smintLicenseMembers)
}

const (
	wantKeys  = `a list of keys, such as ["europe_any"]`
	wantDate  = `a date, such as "2027-05-06" or "2027-05-06T12:00:00Z", or null`
	wantCount = "a whole number or null"
	wantFlag  = "true, false or null"
	wantText  = "a text"
	wantTerms = "a list of objects with the members of a license term"
	wantAny   = "an object"
)

var smintTermMembers = func() map[string]string {
	members := map[string]string{
		"sequence_number": wantCount, "name": wantText, "exclusivities": wantKeys, "usage_limits": wantKeys,
		"valid_from": wantDate, "valid_until": wantDate, "to_be_used_until": wantDate, "is_editorial_use": wantFlag,
	}
	for _, list := range []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"} {
		members["allowed_"+list], members["restricted_"+list] = wantKeys, wantKeys
	}
	return members
}()

var smintLicenseMembers = func() map[string]string {
	members := maps.Clone(smintTermMembers)
	maps.Copy(members, map[string]string{
		"license_terms": wantTerms, "effective_max_downloads": wantCount, "effective_max_users": wantCount, "effective_max_reuses": wantCount,
		"license_type": wantText, "license_text": wantText, "title": wantText, "is_ai": wantFlag, "transaction": wantAny,
	})
	return members
}()

const licenseSuffix = ".license.json"

// unlicensed tells that a file has no license file: there is none, or its name
// leaves no room for one.
func unlicensed(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG)
}

// seedAssets makes a purchase of every regular file in a folder. Nothing is
// seeded unless all license files are right. Of a file that is in the feed
// already, what has changed since is seeded: other bytes are its next version,
// another license is an update of its purchase.
func seedAssets(s *Smint, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("testserver: assets: %w", err)
	}
	var errs []error
	names := map[string]bool{}
	for _, entry := range entries {
		if info, err := os.Stat(filepath.Join(dir, entry.Name())); err == nil && info.Mode().IsRegular() && !strings.HasPrefix(entry.Name(), ".") {
			names[entry.Name()] = true
		}
	}
	var purchases []SmintPurchase
	var files []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if asset, ok := strings.CutSuffix(name, licenseSuffix); ok {
			if !names[asset] {
				errs = append(errs, fmt.Errorf("%s: stands alone, expected a file %s beside it", filepath.Join(dir, name), asset))
			}
			continue
		}
		purchase, err := assetPurchase(dir, name)
		errs = append(errs, err)
		purchases, files = append(purchases, purchase), append(files, name)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("testserver: assets: %s holds no file", dir)
	}
	now := s.Now().UTC().Truncate(time.Second)
	for i, purchase := range purchases {
		purchase.At = now.AddDate(0, 0, -40).Add(time.Duration(i) * time.Minute)
		if err := s.seedAsset(purchase, dir, files[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Smint) seedAsset(purchase SmintPurchase, dir, name string) error {
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	binary := SmintBinary{UUID: "1", Fields: SmintJSON{"content_type": purchase.ContentType}, SmintVersion: SmintVersion{
		FileName: name, MediaType: smintMediaType(path), Content: SmintFile(path),
	}}
	if binary.Seeded.File, err = fileSHA256(path); err != nil {
		return fmt.Errorf("testserver: assets: %w", err)
	}
	license, err := fileSHA256(path + licenseSuffix)
	if err != nil && !unlicensed(err) {
		return fmt.Errorf("testserver: assets: %w", err)
	}
	binary.Seeded.License = license

	s.mu.Lock()
	var known smintSeeded
	there := s.feed.Purchases[purchase.UUID]
	if there != nil && len(there.Binaries) > 0 {
		known = there.Binaries[0].Seeded
		there.Binaries[0].Seeded.License = license
	}
	s.mu.Unlock()
	change := SmintChange{UUID: purchase.UUID}
	switch {
	case there == nil:
		return s.Emit(purchase.Payload(), binary)
	case known == binary.Seeded:
		return nil
	case known.License != license:
		if change.Transaction, err = s.revised(purchase); err != nil {
			return err
		}
	}
	if known.File != binary.Seeded.File {
		change.Binaries = []SmintBinary{binary}
	}
	return s.Apply(change)
}

// revised is a purchase that is known, with its new license: bought when it
// was, updated now.
func (s *Smint) revised(purchase SmintPurchase) ([]byte, error) {
	known, err := smintObject(s.Transaction(purchase.UUID))
	if err != nil {
		return nil, err
	}
	if at, err := time.Parse(time.RFC3339Nano, smintString(known, "created_at")); err == nil {
		purchase.At = at
	}
	purchase.Patch = SmintMerge(SmintJSON{"last_updated_at": SmintTime(s.Now())}, purchase.Patch)
	return smintRaw(purchase.Payload())
}

func fileSHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, file.Close())
}

func assetPurchase(dir, name string) (SmintPurchase, error) {
	sum := sha256.Sum256([]byte(name))
	purchase := SmintPurchase{UUID: "a" + hex.EncodeToString(sum[:6]), Title: name, ContentType: smintContentType(name), Terms: royaltyFree()}
	path := filepath.Join(dir, name+licenseSuffix)
	raw, err := os.ReadFile(path)
	if unlicensed(err) {
		return purchase, nil
	}
	if err != nil {
		return purchase, fmt.Errorf("%s: %w", path, err)
	}
	license, err := smintObject(raw)
	if err != nil {
		return purchase, fmt.Errorf("%s: is not a JSON object: %w", path, err)
	}
	return license2purchase(purchase, path, license)
}

// license2purchase checks a license file, reporting every fault with file,
// member and expectation, and lays it over the purchase.
func license2purchase(p SmintPurchase, path string, license SmintJSON) (SmintPurchase, error) {
	var errs []error
	report := func(member string, value any, want string) {
		shown, _ := json.Marshal(value)
		errs = append(errs, fmt.Errorf("%s: %s: is %s, expected %s", path, member, shown, want))
	}
	term := checkedMembers("", license, smintLicenseMembers, report)
	for member := range smintLicenseMembers {
		if _, ok := smintTermMembers[member]; !ok {
			delete(term, member)
		}
	}
	p.Terms = []SmintJSON{SmintMerge(p.Terms[0], term)}
	if list, ok := license["license_terms"].([]any); ok {
		p.Terms = nil
		for i, one := range list {
			place := fmt.Sprintf("license_terms[%d]", i)
			if object, ok := one.(SmintJSON); ok {
				p.Terms = append(p.Terms, SmintTerm(i+1, "Term", checkedMembers(place+".", object, smintTermMembers, report)))
			} else {
				report(place, one, "an object with the members of a license term")
			}
		}
		if len(term) > 0 {
			report("license_terms", "a list beside members of a term", "either the list or the members of a single term")
		}
	}
	p.Constraints = SmintJSON{}
	for _, member := range []string{"effective_max_downloads", "effective_max_users", "effective_max_reuses"} {
		if value, ok := license[member]; ok {
			p.Constraints[member] = value
		}
	}
	text := func(target *string, member string) {
		if value := smintString(license, member); value != "" {
			*target = value
		}
	}
	text(&p.LicenseType, "license_type")
	text(&p.Text, "license_text")
	text(&p.Title, "title")
	if value, ok := license["is_ai"]; ok {
		p.Patch = SmintJSON{"content_element": SmintJSON{"is_ai": value}}
	}
	if patch, ok := license["transaction"].(SmintJSON); ok {
		p.Patch = SmintMerge(p.Patch, patch)
	}
	return p, errors.Join(errs...)
}

// checkedMembers returns the members in their wire form.
func checkedMembers(place string, object SmintJSON, members map[string]string, report func(string, any, string)) SmintJSON {
	checked := SmintJSON{}
	for _, member := range slices.Sorted(maps.Keys(object)) {
		value := object[member]
		want, known := members[member]
		if !known {
			report(place+member, value, "one of "+strings.Join(slices.Sorted(maps.Keys(members)), ", "))
			continue
		}
		wire, ok := checkedValue(value, want)
		if !ok {
			report(place+member, value, want)
			continue
		}
		if member == "name" {
			wire = SmintText("en", wire.(string))
		}
		checked[member] = wire
	}
	return checked
}

func checkedValue(value any, want string) (any, bool) {
	if value == nil {
		return nil, want == wantDate || want == wantCount || want == wantFlag
	}
	switch want {
	case wantKeys:
		list, ok := value.([]any)
		return list, ok && !slices.ContainsFunc(list, func(one any) bool { key, ok := one.(string); return !ok || key == "" })
	case wantDate:
		text, _ := value.(string)
		for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
			if at, err := time.Parse(layout, text); err == nil {
				return SmintTime(at), true
			}
		}
		return nil, false
	case wantCount:
		number, ok := value.(json.Number)
		if !ok {
			return nil, false
		}
		_, err := number.Int64()
		return number, err == nil
	case wantFlag:
		_, ok := value.(bool)
		return value, ok
	case wantText:
		text, ok := value.(string)
		return text, ok && text != ""
	case wantTerms:
		_, ok := value.([]any)
		return value, ok
	default:
		_, ok := value.(SmintJSON)
		return value, ok
	}
}

// smintMediaType knows the usual formats itself, so that the answer does not
// hang on the machine's own table.
func smintMediaType(name string) string {
	switch extension := strings.ToLower(filepath.Ext(name)); extension {
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png", ".gif", ".webp":
		return "image/" + extension[1:]
	case ".tif", ".tiff":
		return "image/tiff"
	case ".svg":
		return "image/svg+xml"
	case ".mp4":
		return "video/mp4"
	case ".mov":
		return "video/quicktime"
	case ".mp3":
		return "audio/mpeg"
	case ".wav":
		return "audio/wav"
	case ".pdf":
		return "application/pdf"
	default:
		return "application/octet-stream"
	}
}

func smintContentType(name string) string {
	kind, _, _ := strings.Cut(smintMediaType(name), "/")
	switch kind {
	case "image", "video", "audio":
		return kind
	default:
		return "document"
	}
}
