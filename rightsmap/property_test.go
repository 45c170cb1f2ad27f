package rightsmap_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// against lists what in the vendor's JSON stands against a use, from the
// contract's words and not from the package's rules. A use that is allowed must
// have none of it.
func against(tx object, u rightsmap.Use) []string {
	var out []string
	no := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	offering, element := tx["offering"].(object), tx["content_element"].(object)
	releases := element["release_details"].(object)
	if tx["state"] != "completed" {
		no("state %v", tx["state"])
	}
	free := offering["license_type"] == "royalty_free"
	if !free && offering["license_type"] != "rights_managed" && offering["license_type"] != "rights_ready" {
		no("license type %v", offering["license_type"])
	}
	if tx["has_potentially_restrictive_license_terms"] == nil {
		no("restrictive is unknown")
	}
	if tx["has_potentially_restrictive_license_terms"] == true && !restricts(tx["license_terms"]) {
		no("restrictive, and nothing says how")
	}
	if releases["provider_usage_constraints"] != nil {
		no("words")
	}
	if u.Purpose != rightsmap.Editorial {
		for _, k := range []string{"model_release_state", "property_release_state"} {
			if s := releases[k]; s != "released" && s != "no_release_required" {
				no("%s %v", k, s)
			}
		}
		if offering["is_editorial_use"] == true {
			no("editorial offering")
		}
	}
	terms, _ := tx["license_terms"].([]object)
	if len(terms) == 0 {
		no("no terms")
	}
	for i, term := range terms {
		for _, text := range termAgainst(term, u, free) {
			no("term %d: %s", i, text)
		}
	}
	constraints := tx["license_download_constraints"].(object)
	for k, n := range map[string]int{"downloads": u.Downloads, "users": u.Users, "reuses": u.Reuses} {
		limit, known := constraints["effective_max_"+k].(int)
		if !known && n > 0 || known && limit > 0 && n > limit {
			no("%d %s of %v", n, k, constraints["effective_max_"+k])
		}
	}
	if n, ok := tx["current_downloads"].(int); ok && constraints["effective_max_downloads"] == 3 && n > 3 {
		no("downloads used up")
	}
	return out
}

// restricts reports whether any of the terms restricts anything.
func restricts(terms any) bool {
	list, _ := terms.([]object)
	return slices.ContainsFunc(list, func(term object) bool {
		for k, v := range term {
			keys, _ := v.([]string)
			switch {
			case (k == "valid_until" || k == "to_be_used_until") && v != nil, k == "is_editorial_use" && v == true:
				return true
			case strings.HasPrefix(k, "restricted_") && len(keys) > 0:
				return true
			case strings.HasPrefix(k, "allowed_") && len(keys) > 0 && !slices.Contains(keys, "any"):
				return true
			case k == "usage_limits" && slices.ContainsFunc(keys, func(key string) bool { return !strings.HasSuffix(key, "any") }):
				return true
			}
		}
		return false
	})
}

func termAgainst(term object, u rightsmap.Use, free bool) []string {
	var out []string
	no := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	at := func(k string) (time.Time, bool) {
		s, _ := term[k].(string)
		v, err := time.Parse(time.RFC3339, s)
		return v, err == nil
	}
	if from, ok := at("valid_from"); ok && u.From.Before(from) {
		no("not begun")
	}
	until, ends := at("valid_until")
	if ends && (!u.From.Before(until) || u.Until.After(until)) || !ends && !free {
		no("ended, or no end")
	}
	if last, ok := at("to_be_used_until"); ok && !u.From.Before(last) && u.Phase != rightsmap.ContinuedUse {
		no("first use missed")
	}
	if term["is_editorial_use"] != false && u.Purpose != rightsmap.Editorial {
		no("editorial %v", term["is_editorial_use"])
	}
	if term["moral_rights"] != nil {
		no("unknown field")
	}
	for _, d := range rightsmap.Dimensions() {
		allowed, _ := term["allowed_"+d.String()].([]string)
		restricted, _ := term["restricted_"+d.String()].([]string)
		stated := u.Keys(d)
		for _, r := range restricted {
			for _, k := range stated {
				if contains("x/"+r, "x/"+k) || contains("x/"+k, "x/"+r) {
					no("%s %s touches %s", d, k, r)
				}
				if mayOverlap("x/"+r, "x/"+k) {
					no("%s %s may overlap %s", d, k, r)
				}
			}
			if len(stated) == 0 {
				no("%s not stated, %s restricted", d, r)
			}
		}
		for _, k := range stated {
			covered := func(a string) bool {
				return a == k || contains("x/"+a, "x/"+k) && !strings.HasPrefix(a, "moon") && !strings.HasPrefix(a, "holograms") && !strings.HasPrefix(a, "pigeon")
			}
			if len(allowed) > 0 && !slices.ContainsFunc(allowed, covered) {
				no("%s %s not in %v", d, k, allowed)
			}
			if len(allowed) == 0 && !free {
				no("%s %s not mentioned", d, k)
			}
		}
		if len(stated) == 0 && len(allowed) > 0 && !slices.Contains(allowed, "any") {
			no("%s not stated", d)
		}
	}
	limits, _ := term["usage_limits"].([]string)
	for _, k := range limits {
		if k == "many" || k == "copy_one_copy" && u.Copies != 1 || k == "copy_up_to_1000_copies" && (u.Copies == 0 || u.Copies > 1000) ||
			k == "display_up_to_500_displays" && (u.Displays == 0 || u.Displays > 500) ||
			k == "quantity_up_to_2000_total_circulation" && (u.Circulation == 0 || u.Circulation > 2000) {
			no("usage limit %s", k)
		}
	}
	return out
}

func TestDecide_PropertyNeverMorePermissiveThanItsInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tx, u := genTransaction(t), genUse(t)
		s, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		d := s.Decide(u)
		if d.Verdict == rightsmap.Allowed {
			if why := against(tx, u); len(why) > 0 {
				t.Fatalf("allowed, against it: %s", strings.Join(why, "; "))
			}
		}
		if d.Rule == "" || d.RuleSet != rightsmap.Version || d.Verdict == rightsmap.Denied && len(d.Decisive()) == 0 {
			t.Fatalf("%s without a reason: %+v", d.Verdict, d)
		}
	})
}

// Allowed uses are rare among random ones, so this draws uses around a license
// that allows much, and checks that the generator finds each verdict.
func TestDecide_PropertyHoldsAroundAGenerousLicense(t *testing.T) {
	t.Parallel()
	seen := map[rightsmap.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		tx, u := genTransaction(t), genUse(t)
		generous(tx)
		wide(t, tx, &u)
		s, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		v := s.Decide(u).Verdict
		seen[v]++
		if v == rightsmap.Allowed {
			if why := against(tx, u); len(why) > 0 {
				t.Fatalf("allowed, against it: %s", strings.Join(why, "; "))
			}
		}
	})
	if seen[rightsmap.Allowed] == 0 || seen[rightsmap.Denied] == 0 || seen[rightsmap.NeedsReview] == 0 {
		t.Fatalf("the generator misses a verdict: %v", seen)
	}
}

// wide opens most of what the terms bound, so that many uses pass.
func wide(t *rapid.T, tx object, u *rightsmap.Use) {
	u.Purpose = rightsmap.Editorial
	tx["license_download_constraints"] = object{"effective_max_downloads": 0, "effective_max_users": 0, "effective_max_reuses": 0}
	for _, term := range tx["license_terms"].([]object) {
		for _, d := range rightsmap.Dimensions() {
			if rapid.IntRange(0, 9).Draw(t, "open") > 0 {
				term["allowed_"+d.String()], term["restricted_"+d.String()] = []string{"any"}, []string{}
			}
		}
		term["usage_limits"], term["valid_from"] = []string{}, nil
		if rapid.IntRange(0, 2).Draw(t, "ends") > 0 {
			term["valid_until"], term["to_be_used_until"] = nil, nil
		}
	}
}

func generous(tx object) {
	tx["state"] = "completed"
	tx["offering"].(object)["license_type"] = "royalty_free"
	tx["has_potentially_restrictive_license_terms"] = false
	tx["current_downloads"] = 0
	delete(tx["content_element"].(object)["release_details"].(object), "provider_usage_constraints")
	if terms, _ := tx["license_terms"].([]object); len(terms) == 0 {
		tx["license_terms"] = []object{{"is_editorial_use": false}}
	}
}

func TestDecide_PropertyATighterLicenseNeverAllowsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tx, u := genTransaction(t), genUse(t)
		if rapid.Bool().Draw(t, "generous") {
			generous(tx)
		}
		before, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		what := tighten(t, tx)
		// A term that restricts explains a flag that says so; without one nothing does.
		explains := what == "restricted" || tx["has_potentially_restrictive_license_terms"] == true
		after, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		v, w := before.Decide(u).Verdict, after.Decide(u).Verdict
		if v == rightsmap.Denied && w == rightsmap.Allowed || v == rightsmap.NeedsReview && w == rightsmap.Allowed && !explains {
			t.Fatalf("%s became %s by %s", v, w, what)
		}
		if v, w := before.Standing(u.From).Verdict, after.Standing(u.From).Verdict; v == rightsmap.Denied && w == rightsmap.Allowed {
			t.Fatalf("standing: %s became %s by %s", v, w, what)
		}
	})
}

// tighten changes one thing so that the license permits less.
func tighten(t *rapid.T, tx object) string {
	terms, _ := tx["license_terms"].([]object)
	kind := rapid.SampledFrom([]string{"restricted", "narrow", "ends", "first use", "editorial", "cancelled", "unknown flag", "unknown field", "maximum"}).Draw(t, "tighten")
	if n, known := tx["license_download_constraints"].(object)["effective_max_downloads"].(int); kind == "maximum" && (!known || n != 3) {
		kind = "cancelled" // a maximum where none was said is news, not a tighter one.
	}
	if len(terms) == 0 && kind != "maximum" && kind != "unknown flag" {
		kind = "cancelled"
	}
	d := rightsmap.Dimension(rapid.Uint8Range(0, 6).Draw(t, "dimension"))
	switch kind {
	case "restricted":
		term := terms[rapid.IntRange(0, len(terms)-1).Draw(t, "term")]
		old, _ := term["restricted_"+d.String()].([]string)
		term["restricted_"+d.String()] = append(slices.Clone(old), rapid.SampledFrom(vocabulary[d]).Draw(t, "key"))
	case "narrow":
		term := terms[0]
		if old, _ := term["allowed_"+d.String()].([]string); len(old) > 1 {
			term["allowed_"+d.String()] = old[1:]
		}
	case "ends":
		terms[0]["valid_until"] = "2025-01-01T00:00:01Z"
	case "first use":
		terms[0]["to_be_used_until"] = "2025-01-01T00:00:01Z"
	case "editorial":
		terms[0]["is_editorial_use"] = true
	case "unknown flag":
		tx["has_potentially_restrictive_license_terms"] = nil
	case "unknown field":
		terms[0]["territorial_reserve"] = object{"a": 1}
	case "maximum":
		tx["license_download_constraints"].(object)["effective_max_downloads"] = 1
	default:
		tx["state"] = "cancelled"
	}
	return kind
}

func TestDecide_PropertyIsDeterministicAndPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tx, u := genTransaction(t), genUse(t)
		s, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := json.Marshal(s)
		policy := rightsmap.Combination(rapid.Uint8Range(0, 1).Draw(t, "policy"))
		one, two := s.DecideBy(policy, u), s.DecideBy(policy, u)
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatal(diff)
		}
		odrl, _ := s.ODRL(rightsmap.ODRLOptions{Combination: policy})
		again, _ := s.ODRL(rightsmap.ODRLOptions{Combination: policy})
		xmp, _ := s.XMP()
		xmpAgain, _ := s.XMP()
		after, _ := json.Marshal(s)
		if string(odrl) != string(again) || string(xmp) != string(xmpAgain) || string(before) != string(after) {
			t.Fatal("a second run differs, or changed its input")
		}
		var back rightsmap.Statement
		if err := json.Unmarshal(after, &back); err != nil {
			t.Fatal(err)
		}
		if got := back.DecideBy(policy, u); got.Verdict != one.Verdict || got.Rule != one.Rule {
			t.Fatalf("through JSON: %s by %s, before %s by %s", got.Verdict, got.Rule, one.Verdict, one.Rule)
		}
	})
}

func TestODRL_PropertyPermitsNothingThatTheDecisionDoesNot(t *testing.T) {
	t.Parallel()
	permitted := 0
	rapid.Check(t, func(t *rapid.T) {
		tx, u := genTransaction(t), genUse(t)
		if rapid.Bool().Draw(t, "generous") {
			generous(tx)
			wide(t, tx, &u)
		}
		s, err := read(tx)
		if err != nil {
			t.Fatal(err)
		}
		policy := rightsmap.Combination(rapid.Uint8Range(0, 1).Draw(t, "policy"))
		b, err := s.ODRL(rightsmap.ODRLOptions{Combination: policy})
		if err != nil {
			t.Fatal(err)
		}
		if permits(t, b, u) {
			permitted++
			if d := s.DecideBy(policy, u); d.Verdict != rightsmap.Allowed {
				t.Fatalf("permitted by\n%s\nbut %s", b, d.Summary())
			}
		}
	})
	if permitted == 0 {
		t.Fatal("the generator never finds a permitted use")
	}
}

func TestMapping_PropertyReadsBackTheSameStatementOrSaysWhatWasLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := read(genTransaction(t))
		if err != nil {
			t.Fatal(err)
		}
		m := rightsmap.DefaultMapping()
		for i := range m.Attributes {
			if m.Attributes[i].Field == "statement" {
				m.Attributes[i].Length = rapid.IntRange(80, 254).Draw(t, "length")
				m.Attributes[i].Rows = rapid.SampledFrom([]int{0, 20}).Draw(t, "rows")
			}
		}
		values, written := m.Apply(s, s.Standing(month(12)))
		back, lost, err := m.Read(values)
		cut := slices.ContainsFunc(written, func(f rightsmap.Finding) bool { return f.Path == "Rights Statement" })
		switch {
		case cut: // said so when it was written, and again when it is read.
			if err == nil && (len(lost) == 0 || back.Standing(month(12)).Verdict == rightsmap.Allowed) {
				t.Fatalf("cut, and read as %s without a finding", back.Standing(month(12)).Summary())
			}
			return
		case err != nil:
			t.Fatal(err)
		case len(lost) > 0:
			t.Fatalf("lost: %v", lost)
		}
		back.Explained = s.Explained
		if diff := cmp.Diff(s, back, cmp.Comparer(func(a, b records.Digest) bool { return a == b })); diff != "" {
			t.Fatalf("-wrote +read:\n%s", diff)
		}
	})
}

// A sidecar is read by people and by programs that know PLUS alone: whatever
// bounds the license must be in it.
func TestXMP_PropertyLeavesNoBoundOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := read(genTransaction(t))
		if err != nil {
			t.Fatal(err)
		}
		doc, _ := s.XMP()
		wellFormed(t, doc)
		var bounds []string
		for _, term := range s.Terms {
			for _, l := range term.Limits {
				bounds = append(append(bounds, l.Allowed...), l.Restricted...)
			}
			bounds = append(bounds, term.UsageLimits...)
			if term.Editorial != rightsmap.No {
				bounds = append(bounds, "editorial use only")
			}
		}
		if s.Cancelled() {
			bounds = append(bounds, "no license")
		}
		if w := s.Window(); !w.Until.IsZero() {
			bounds = append(bounds, "<plus:LicenseEndDate>"+w.Until.AddDate(0, 0, -1).Format("2006-01-02"))
		}
		for _, b := range bounds {
			if !strings.Contains(string(doc), b) {
				t.Fatalf("%q is missing in\n%s", b, doc)
			}
		}
	})
}
