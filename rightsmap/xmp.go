package rightsmap

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
)

const ruleXMP = "xmp"

// XMP renders the statement as an XMP sidecar with the properties of PLUS and
// IPTC that exist for it. It is deterministic to the byte. What those lack
// stands in words under plus:OtherConstraints, so that nothing reads as more
// permissive than it is; what can't be said at all is a finding.
func (s Statement) XMP() ([]byte, []Finding) {
	w := &xmpWriter{}
	w.b.WriteString(xmpHead)
	w.rights(s)
	w.license(s)
	w.constraints(s)
	w.releases(s)
	w.b.WriteString(xmpTail)
	return w.b.Bytes(), w.findings
}

const (
	xmpHead = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"
    xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
`
	xmpTail = `  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
`
	plusVocab   = "http://ns.useplus.org/ldf/vocab/"
	plusVersion = "1.2.0"
	aiSource    = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)

type xmpWriter struct {
	b        bytes.Buffer
	findings []Finding
}

func (w *xmpWriter) lost(path, value, text string) {
	w.findings = append(w.findings, Finding{Notes, ruleXMP, path, clip(value), text})
}

func (w *xmpWriter) rights(s Statement) {
	w.simple("xmpRights:Marked", "True")
	w.langs("dc:rights", s.Copyright)
	usage := s.Basis.Text
	if len(usage) == 0 {
		usage = Texts{{"x-default", "Use only as licensed; see the constraints."}}
	}
	w.langs("xmpRights:UsageTerms", usage)
	if len(s.Basis.URLs) > 0 {
		w.simple("xmpRights:WebStatement", s.Basis.URLs[0].URL)
	}
	for _, l := range s.Basis.URLs[min(1, len(s.Basis.URLs)):] {
		if l.URL != s.Basis.URLs[0].URL {
			w.lost("basis.urls", l.URL, "xmpRights:WebStatement takes one address")
		}
	}
	if s.AI == Yes {
		w.simple("Iptc4xmpExt:DigitalSourceType", aiSource)
	}
}

func (w *xmpWriter) license(s Statement) {
	w.simple("plus:Version", plusVersion)
	if s.Basis.Licensee != "" || s.Basis.LicenseeID != "" {
		w.b.WriteString("   <plus:Licensee>\n    <rdf:Seq>\n     <rdf:li rdf:parseType=\"Resource\">\n")
		w.nested("plus:LicenseeID", s.Basis.LicenseeID)
		w.nested("plus:LicenseeName", s.Basis.Licensee)
		w.b.WriteString("     </rdf:li>\n    </rdf:Seq>\n   </plus:Licensee>\n")
	}
	w.simple("plus:LicenseID", s.Basis.Document)
	if s.Source.Transaction != "" {
		w.bag("plus:LicensorTransactionID", []string{s.Source.Transaction})
	}
	window := s.Window()
	w.day("plus:LicenseStartDate", "window.from", window.From, false)
	w.day("plus:LicenseEndDate", "window.until", window.Until, true)
	if len(s.Basis.URLs) > 0 {
		w.simple("plus:TermsAndConditionsURL", s.Basis.URLs[0].URL)
	}
	w.langs("plus:TermsAndConditionsText", s.Basis.Text)
}

// constraints writes what bounds the license: by medium, region and industry
// where PLUS has a property, else in words.
func (w *xmpWriter) constraints(s Statement) {
	text := func(dims ...Dimension) string {
		var parts []string
		for _, d := range dims {
			var allowed, restricted []string
			for st := &s; st != nil; st = st.Original {
				for _, t := range st.Terms {
					if a := t.Limits[d].Allowed; len(a) > 0 {
						allowed = append(allowed, strings.Join(a, ", "))
					}
					restricted = append(restricted, t.Limits[d].Restricted...)
				}
			}
			for _, a := range slices.Compact(allowed) {
				parts = append(parts, fmt.Sprintf("%s only: %s", d, a))
			}
			if len(restricted) > 0 {
				parts = append(parts, fmt.Sprintf("%s not: %s", d, strings.Join(sortedKeys(restricted), ", ")))
			}
		}
		return strings.Join(parts, "; ")
	}
	w.lang("plus:MediaConstraints", text(Usages, Sizes, Placements, Distributions))
	w.lang("plus:RegionConstraints", text(Geographies))
	w.lang("plus:ProductOrServiceConstraints", text(Industries))
	w.lang("plus:OtherConstraints", strings.Join(slices.DeleteFunc(append([]string{text(Languages)}, w.others(s)...), func(x string) bool { return x == "" }), "; "))
	for st := &s; st != nil; st = st.Original {
		for _, u := range st.Unknown {
			w.lost(u.Path, u.Value, "unknown field")
		}
	}
}

// others puts in words what PLUS has no property for.
func (w *xmpWriter) others(s Statement) []string {
	var out []string
	add := func(text string) {
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for st := &s; st != nil; st = st.Original {
		if st.Cancelled() {
			add("no license: the purchase was cancelled")
		}
		if st.editorialAtMost() {
			add("editorial use only")
		}
		for _, t := range st.Terms {
			switch t.Editorial {
			case No:
			case Yes:
				add("editorial use only")
			case Unknown:
				add("editorial use only, unless reviewed")
			default:
				add("editorial use only, unless reviewed")
			}
			if !t.ToBeUsedUntil.IsZero() {
				add("first use before " + moment(t.ToBeUsedUntil))
			}
			for _, key := range t.UsageLimits {
				add("usage limit " + key)
			}
			for _, key := range t.Exclusivities {
				add("licensed exclusively: " + key)
			}
		}
		for _, n := range []struct {
			name string
			max  *int
		}{{"downloads", st.Constraints.MaxDownloads}, {"users", st.Constraints.MaxUsers}, {"reuses", st.Constraints.MaxReuses}} {
			if n.max != nil && *n.max > 0 {
				add(fmt.Sprintf("at most %d %s", *n.max, n.name))
			}
		}
		for _, words := range []Texts{st.Releases.UsageConstraints, st.Releases.AllowedUse} {
			add(words.In("en"))
		}
	}
	if s.LicenseType != "" {
		add("license type " + s.LicenseType)
	}
	for _, d := range s.unsettled() {
		add("needs review: " + d)
	}
	return out
}

func (w *xmpWriter) releases(s Statement) {
	for _, r := range []struct{ property, field, state, prefix, limited string }{
		{"plus:ModelReleaseStatus", "releases.model", s.Releases.Model, "MR-", "LMR"},
		{"plus:PropertyReleaseStatus", "releases.property", s.Releases.Property, "PR-", "LPR"},
	} {
		code := ""
		switch r.state {
		case "released":
			code = r.limited
			w.lost(r.field, r.state, "PLUS wants the extent of a release, which the terms don't give: written as limited")
		case "no_release_required":
			code = "NAP"
		case "not_released":
			code = "NON"
		case "":
			continue
		default:
			w.lost(r.field, r.state, "PLUS has no such state")
			continue
		}
		w.b.WriteString("   <" + r.property + " rdf:resource=\"" + plusVocab + r.prefix + code + "\"/>\n")
	}
}

// day writes a date that people read as a whole day of use: the first one, or
// the last one, in UTC.
func (w *xmpWriter) day(property, path string, t time.Time, last bool) {
	if t.IsZero() {
		return
	}
	day := t.UTC().Truncate(24 * time.Hour)
	whole := day.Equal(t)
	switch {
	case last:
		day = day.AddDate(0, 0, -1)
	case !whole:
		day = day.AddDate(0, 0, 1)
	}
	if !whole {
		w.lost(path, stamp(t), property+" takes a day: written as the "+map[bool]string{true: "last", false: "first"}[last]+" whole one")
	}
	w.simple(property, day.Format("2006-01-02"))
}

func (w *xmpWriter) simple(property, value string) {
	if value != "" {
		w.b.WriteString("   <" + property + ">" + escapeXML(value) + "</" + property + ">\n")
	}
}

func (w *xmpWriter) nested(property, value string) {
	if value != "" {
		w.b.WriteString("      <" + property + ">" + escapeXML(value) + "</" + property + ">\n")
	}
}

func (w *xmpWriter) bag(property string, values []string) {
	w.b.WriteString("   <" + property + ">\n    <rdf:Bag>\n")
	for _, v := range values {
		w.b.WriteString("     <rdf:li>" + escapeXML(v) + "</rdf:li>\n")
	}
	w.b.WriteString("    </rdf:Bag>\n   </" + property + ">\n")
}

func (w *xmpWriter) lang(property, value string) {
	if value != "" {
		w.langs(property, Texts{{"x-default", value}})
	}
}

// langs writes a language alternative: the default first, each language once.
func (w *xmpWriter) langs(property string, texts Texts) {
	if len(texts) == 0 {
		return
	}
	w.b.WriteString("   <" + property + ">\n    <rdf:Alt>\n")
	w.b.WriteString("     <rdf:li xml:lang=\"x-default\">" + escapeXML(texts.In("en")) + "</rdf:li>\n")
	seen := map[string]bool{"x-default": true}
	for _, t := range texts {
		tag := strings.ReplaceAll(t.Culture, "_", "-")
		switch {
		case tag == "x-default":
		case !isLanguageTag(tag):
			w.lost(property, t.Culture, "no language tag")
		case seen[tag]:
			w.lost(property, t.Culture, "the language comes twice")
		default:
			seen[tag] = true
			w.b.WriteString("     <rdf:li xml:lang=\"" + tag + "\">" + escapeXML(t.Value) + "</rdf:li>\n")
		}
	}
	w.b.WriteString("    </rdf:Alt>\n   </" + property + ">\n")
}

func isLanguageTag(s string) bool {
	if s == "" || len(s) > 35 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9' && i > 0
		if !letter && !digit && c != '-' {
			return false
		}
	}
	return true
}

// escapeXML escapes text; what XML can't hold becomes the replacement character.
func escapeXML(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}
