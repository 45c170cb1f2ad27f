package rightsmap

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/smintecm/sdk/records"
)

// Read makes the statement of one license purchase transaction from the
// vendor's own JSON, byte for byte as it came. It is total: whatever the
// transaction holds becomes a field of the statement or a finding, and a field
// that is missing stays missing. Only what isn't a JSON object with a uuid is
// an error, which matches records.ErrInvalid.
//
// The statement names the digest of raw, so that the bytes kept beside it can
// be told from others.
func Read(raw []byte) (Statement, error) {
	root, err := parseTree(raw)
	var p records.Problems
	switch {
	case err != nil:
		p.Add("transaction", err, "valid JSON")
	case !root.object:
		p.Add("transaction", string(raw), "a JSON object")
	}
	if err := p.Err("rightsmap.Read"); err != nil {
		return Statement{}, err
	}
	r := reader{s: Statement{RuleSet: Version, Raw: records.DigestOf(raw)}}
	r.transaction(root)
	r.twice(root)
	p.Check(r.s.Source.Transaction != "", "uuid", r.s.Source.Transaction, "the transaction's uuid")
	if err := p.Err("rightsmap.Read"); err != nil {
		return Statement{}, err
	}
	return r.s, nil
}

// The names of the rules that read.
const (
	readField      = "read-field"
	readType       = "read-type"
	readTwice      = "read-duplicate-key"
	readUnknown    = "read-unknown-field"
	readNaive      = "read-time-without-zone"
	readVocabulary = "read-vocabulary"
	readLegacy     = "read-older-payload"
)

// reader fills a statement from a tree and notes where each field came from.
type reader struct{ s Statement }

func (r *reader) set(field, rule string, from *node) {
	r.s.Explained = append(r.s.Explained, Explanation{field, rule, from.path})
}

func (r *reader) find(sev Severity, rule string, n *node, text string) {
	r.s.Findings = append(r.s.Findings, Finding{sev, rule, n.path, clip(n.text()), text})
}

func (r *reader) transaction(root *node) {
	s := &r.s
	s.Source.System = "smint.io"
	s.Basis.Kind = BasisLicense
	r.set("basis.kind", "basis-license", root)
	r.str(root, "uuid", "source.transaction", &s.Source.Transaction)
	r.str(root, "cart_purchase_transaction_uuid", "source.cart", &s.Source.Cart)
	r.str(root, "reused_license_purchase_transaction_uuid", "source.reused", &s.Source.Reused)
	r.str(root, "state", "state", &s.State)
	r.str(root, "licensee_uuid", "basis.licensee_id", &s.Basis.LicenseeID)
	r.str(root, "licensee_name", "basis.licensee", &s.Basis.Licensee)
	r.tri(root, "has_potentially_restrictive_license_terms", "restrictive", &s.Restrictive)
	r.time(root, "purchased_at", "purchased", &s.Purchased, latest)
	r.time(root, "completed_at", "completed", &s.Completed, latest)
	r.whole(root, "current_downloads", "constraints.downloads", &s.Constraints.Downloads)
	r.whole(root, "current_users", "constraints.users", &s.Constraints.Users)
	r.whole(root, "current_reuses", "constraints.reuses", &s.Constraints.Reuses)
	r.offering(root.get("offering"))
	r.licenseText(root)
	r.content(root.get("content_element"))
	r.constraints(root.get("license_download_constraints"))
	r.terms(root.get("license_terms"))
	root.skip("can_be_synced", "version", "project_uuid", "project_name", "collection_uuid", "collection_name", "created_at",
		"last_updated_at", "collection_content_element_uuid", "collection_content_element_created_at",
		"collection_content_element_created_by_user_uuid", "collection_content_element_created_by_user_name", "total_price_eur",
		"total_price_usd", "purchased_by_user_uuid", "purchased_by_user_name")
	r.unknown(root, Notes)
}

func (r *reader) offering(n *node) {
	if !r.isObject(n) {
		return
	}
	b := &r.s.Basis
	r.str(n, "license_type", "license_type", &r.s.LicenseType)
	r.str(n, "license_uuid", "basis.document", &b.Document)
	if b.Document == "" {
		r.str(n, "contract_uuid", "basis.document", &b.Document)
	}
	r.offered(n)
	if urls := n.get("license_urls"); r.isArray(urls, Notes) {
		for _, item := range urls.items {
			link := Link{}
			r.str(item, "culture", "", &link.Culture)
			if element := item.get("metadata_element"); r.isObject(element) {
				r.str(element, "url", "", &link.URL)
				r.str(element, "name", "", &link.Name)
				element.skip("key")
				r.unknown(element, Notes)
			}
			r.unknown(item, Notes)
			if link.URL != "" {
				b.URLs = append(b.URLs, link)
			}
		}
		r.set("basis.urls", readField, urls)
	}
	n.skip("license_text", "contract_uuid", "contract_name", "contract_description", "provider_configuration_uuid",
		"provider_configuration_name", "provider_configuration_contact_person", "offering_uuid", "offering_name",
		"offering_label", "has_options", "options", "media_type", "size", "format", "resolution", "is_premium",
		"image_details", "has_layout_file")
	r.unknown(n, Notes)
}

// offered reads the editorial flags of offering and content: one that says yes
// wins over those that don't.
func (r *reader) offered(n *node) {
	for _, key := range []string{"is_editorial_use", "is_editorial"} {
		flag := Unknown
		r.tri(n, key, "", &flag)
		if flag == Yes && r.s.EditorialOffer != Yes || flag == No && r.s.EditorialOffer == Unknown {
			r.s.EditorialOffer = flag
			r.set("editorial_offer", readField, n.fields[key])
		}
	}
}

// licenseText reads the effective text from its place, or from the older one
// inside the offering.
func (r *reader) licenseText(root *node) {
	rule, text := readField, root.get("license_text")
	if text == nil {
		rule, text = readLegacy, root.get("offering").get("license_text")
	}
	if !r.isObject(text) {
		return
	}
	if t := text.get("effective_text"); t != nil {
		r.s.Basis.Text = r.texts(t, Notes)
		r.set("basis.text", rule, t)
	}
	text.skip("effective_text_is_safe_html")
	r.unknown(text, Notes)
}

func (r *reader) content(n *node) {
	if !r.isObject(n) {
		return
	}
	s := &r.s
	r.str(n, "uuid", "source.content", &s.Source.Content)
	r.str(n, "provider", "source.provider", &s.Source.Provider)
	r.str(n, "content_type", "content_type", &s.ContentType)
	r.str(n, "content_category", "category", &s.Category)
	r.tri(n, "is_ai", "ai", &s.AI)
	r.localized(n, "copyright_notices", "copyright", &s.Copyright, Notes)
	n.skip("name", "description", "keywords", "editorial_segments", "image_details", "events", "contributors", "collections",
		"is_premium", "created_at", "provider_urls", "categories", "previews")
	r.offered(n)
	d := n.get("release_details")
	r.unknown(n, Notes)
	if !r.isObject(d) {
		return
	}
	r.str(d, "model_release_state", "releases.model", &s.Releases.Model)
	r.str(d, "property_release_state", "releases.property", &s.Releases.Property)
	r.localized(d, "provider_allowed_use_comment", "releases.allowed_use", &s.Releases.AllowedUse, Blocks)
	r.localized(d, "provider_usage_constraints", "releases.usage_constraints", &s.Releases.UsageConstraints, Blocks)
	r.localized(d, "provider_release_comment", "releases.comment", &s.Releases.Comment, Notes)
	r.unknown(d, Blocks)
}

func (r *reader) constraints(n *node) {
	if !r.isObject(n) {
		return
	}
	c := &r.s.Constraints
	r.whole(n, "effective_max_downloads", "constraints.max_downloads", &c.MaxDownloads)
	r.whole(n, "effective_max_users", "constraints.max_users", &c.MaxUsers)
	r.whole(n, "effective_max_reuses", "constraints.max_reuses", &c.MaxReuses)
	r.unknown(n, Blocks)
}

func (r *reader) terms(list *node) {
	if !r.isArray(list, Blocks) {
		return
	}
	for i, n := range list.items {
		if n.isNull() || !r.isObject(n) {
			r.find(Blocks, readType, n, "a term that is no object")
			continue
		}
		r.s.Terms = append(r.s.Terms, r.term(n, "terms["+strconv.Itoa(i)+"]."))
	}
}

func (r *reader) term(n *node, field string) Term {
	var t Term
	var number *int
	r.whole(n, "sequence_number", field+"number", &number)
	if number != nil {
		t.Number = *number
	}
	r.localized(n, "name", field+"name", &t.Name, Notes)
	for _, d := range Dimensions() {
		known := func(key string) bool { return Known(d, key) }
		limit := Limit{
			Allowed:    r.keys(n, "allowed_"+d.String(), field+"limits."+d.String()+".allowed", known),
			Restricted: r.keys(n, "restricted_"+d.String(), field+"limits."+d.String()+".restricted", known),
		}
		if !limit.IsZero() {
			if t.Limits == nil {
				t.Limits = map[Dimension]Limit{}
			}
			t.Limits[d] = limit
		}
	}
	t.Exclusivities = r.keys(n, "exclusivities", field+"exclusivities", knownExclusivity)
	t.UsageLimits = r.keys(n, "usage_limits", field+"usage_limits", func(key string) bool {
		_, ok := ParseUsageLimit(key)
		return ok
	})
	r.time(n, "valid_from", field+"valid_from", &t.ValidFrom, latest)
	r.time(n, "valid_until", field+"valid_until", &t.ValidUntil, earliest)
	r.time(n, "to_be_used_until", field+"to_be_used_until", &t.ToBeUsedUntil, earliest)
	r.tri(n, "is_editorial_use", field+"editorial", &t.Editorial)
	if !t.ValidFrom.IsZero() && !t.ValidUntil.IsZero() && !t.ValidFrom.Before(t.ValidUntil) {
		r.find(Blocks, "read-window", n.fields["valid_until"], "the term ends before it begins")
	}
	r.unknown(n, Blocks)
	return t
}

// unknown keeps the fields that nothing knows and reports them. One that is
// null says nothing and never blocks.
func (r *reader) unknown(n *node, sev Severity) {
	for _, f := range n.rest() {
		s := sev
		text := "unknown field, kept as it came"
		switch {
		case f.isNull():
			s = Notes
		case n.resembles(f):
			s, text = Blocks, "differs from a known field in case alone" // other readers take it for that field.
		}
		r.s.Unknown = append(r.s.Unknown, UnknownField{f.path, f.text()})
		r.find(s, readUnknown, f, text)
	}
}

// twice reports keys that come twice in one object: readers differ in which
// one they take.
func (r *reader) twice(n *node) {
	for _, key := range n.twice {
		r.find(Blocks, readTwice, n.fields[key], "the key comes twice in its object")
	}
	for _, k := range n.keys {
		r.twice(n.fields[k])
	}
	for _, item := range n.items {
		r.twice(item)
	}
}

func (r *reader) isObject(n *node) bool {
	if n != nil && !n.object {
		r.find(Blocks, readType, n, "no object")
	}
	return n != nil && n.object
}

func (r *reader) isArray(n *node, sev Severity) bool {
	if n != nil && !n.array {
		r.find(sev, readType, n, "no list")
	}
	return n != nil && n.array
}

func (r *reader) str(n *node, key, field string, out *string) {
	f := n.get(key)
	if f == nil {
		return
	}
	s, ok := f.value.(string)
	if n, number := f.value.(json.Number); number && isID(key) {
		s, ok = n.String(), true // ids are text by contract, and opaque.
	}
	if !ok {
		r.find(Blocks, readType, f, "no text")
		return
	}
	if s != "" {
		*out = s
		r.setIf(field, f)
	}
}

func isID(key string) bool { return key == "uuid" || strings.HasSuffix(key, "_uuid") }

func (r *reader) tri(n *node, key, field string, out *Tri) {
	f := n.get(key)
	if f == nil {
		return
	}
	b, ok := f.value.(bool)
	if !ok {
		r.find(Blocks, readType, f, "neither true nor false")
		return
	}
	*out = TriOf(&b)
	r.setIf(field, f)
}

func (r *reader) whole(n *node, key, field string, out **int) {
	f := n.get(key)
	if f == nil {
		return
	}
	i, err := strconv.Atoi(fmt.Sprint(f.value))
	if _, isText := f.value.(string); err != nil || isText {
		r.find(Blocks, readType, f, "no whole number")
		return
	}
	*out = &i
	r.setIf(field, f)
}

// keys reads a list of keys, sorted and unique. A key that the vocabulary lacks
// stays; what it does is the decision's concern.
func (r *reader) keys(n *node, key, field string, known func(string) bool) []string {
	f := n.get(key)
	if !r.isArray(f, Blocks) {
		return nil
	}
	var out []string
	for _, item := range f.items {
		s, ok := item.value.(string)
		switch {
		case !ok || s == "":
			r.find(Blocks, readType, item, "no key")
			continue
		case !known(s):
			r.find(Notes, readVocabulary, item, "key that the vocabulary lacks")
		}
		out = append(out, s)
	}
	if out != nil {
		r.setIf(field, f)
	}
	return sortedKeys(out)
}

func (r *reader) localized(n *node, key, field string, out *Texts, sev Severity) {
	if f := n.get(key); f != nil {
		if *out = r.texts(f, sev); *out != nil {
			r.setIf(field, f)
		}
	}
}

// texts reads a localized text; entries without text are left out.
func (r *reader) texts(n *node, sev Severity) Texts {
	if !r.isArray(n, sev) {
		return nil
	}
	var out Texts
	for _, item := range n.items {
		var t Text
		if !item.object {
			r.find(sev, readType, item, "no localized text")
			continue
		}
		r.str(item, "culture", "", &t.Culture)
		r.str(item, "value", "", &t.Value)
		r.unknown(item, sev)
		if strings.TrimSpace(t.Value) != "" {
			out = append(out, t)
		}
	}
	return out
}

func (r *reader) setIf(field string, from *node) {
	if field != "" {
		r.set(field, readField, from)
	}
}

// bound says which way a time without a zone is read.
type bound bool

const (
	earliest bound = true  // a right ends: at the first moment it can mean.
	latest   bound = false // a right begins: at the last one.
)

func (r *reader) time(n *node, key, field string, out *time.Time, b bound) {
	f := n.get(key)
	if f == nil {
		return
	}
	s, ok := f.value.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	switch {
	case ok && err == nil:
	case ok:
		if t, ok = naive(s, b); !ok {
			r.find(Blocks, readType, f, "no date and time with an offset")
			return
		}
		r.find(Notes, readNaive, f, "time without a zone, read so that it permits least")
	default:
		r.find(Blocks, readType, f, "no date and time with an offset")
		return
	}
	if t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		r.find(Blocks, readType, f, "no time of the calendar")
		return
	}
	*out = t.UTC()
	r.setIf(field, f)
}

// naive reads a day, or a day with a time, that names no zone.
func naive(s string, b bound) (time.Time, bool) {
	zone := time.FixedZone("UTC-12", -12*3600)
	if b == earliest {
		zone = time.FixedZone("UTC+14", 14*3600)
	}
	if d, err := records.ParseDate(s); err == nil {
		return d.Start(zone), true
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", s, zone)
	return t, err == nil
}

func knownExclusivity(key string) bool {
	for _, k := range exclusivities {
		if k == key {
			return true
		}
	}
	return false
}

// clip shortens a value for a finding.
func clip(s string) string {
	const limit = 200
	if len(s) <= limit {
		return s
	}
	n := limit
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
