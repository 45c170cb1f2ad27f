package rightsmap_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/rightsmap"
)

// What follows reads a policy as docs/odrl-profile.md says a processor must,
// from its JSON alone. It shares nothing with the code that writes it.

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type odrlPolicy struct {
	Type        string     `json:"@type"`
	UID         string     `json:"uid"`
	Profile     []string   `json:"profile"`
	Conflict    string     `json:"conflict"`
	Permission  []odrlRule `json:"permission"`
	Prohibition []odrlRule `json:"prohibition"`
	Doubts      []string   `json:"smx:doubt"`
}

type odrlRule struct {
	Target     string `json:"target"`
	Action     string `json:"action"`
	Constraint []struct {
		Left     string `json:"leftOperand"`
		Operator string `json:"operator"`
		Right    any    `json:"rightOperand"`
	} `json:"constraint"`
}

// facts are the values of the left operands; what is missing is not stated.
func facts(u rightsmap.Use) map[string][]string {
	f := map[string][]string{}
	put := func(left, space string, keys []string) {
		for _, k := range keys {
			f[left] = append(f[left], space+k)
		}
	}
	put("smx:usage", "smx:usages/", u.Usages)
	put("smx:size", "smx:sizes/", u.Sizes)
	put("smx:placement", "smx:placements/", u.Placements)
	put("deliveryChannel", "smx:distributions/", u.Distributions)
	put("spatial", "smx:geographies/", u.Geographies)
	put("industry", "smx:industries/", u.Industries)
	put("language", "smx:languages/", u.Languages)
	switch u.Purpose {
	case rightsmap.Editorial:
		f["purpose"] = []string{"smx:editorial"}
	case rightsmap.Commercial:
		f["purpose"] = []string{"smx:commercial"}
	case rightsmap.PurposeUnknown:
	}
	for name, n := range map[string]int64{
		"smx:circulation": u.Circulation, "smx:displays": u.Displays, "smx:copies": u.Copies,
		"smx:downloads": int64(u.Downloads), "smx:users": int64(u.Users), "smx:reuses": int64(u.Reuses),
	} {
		if n > 0 {
			f[name] = []string{fmt.Sprint(n)}
		}
	}
	for left := range f {
		f["smx:statedOperand"] = append(f["smx:statedOperand"], left)
	}
	return f
}

func permits(t tester, policy []byte, u rightsmap.Use) bool {
	t.Helper()
	var p odrlPolicy
	if err := json.Unmarshal(policy, &p); err != nil {
		t.Fatalf("%v in\n%s", err, policy)
	}
	if p.Conflict != "prohibit" {
		t.Fatalf("conflict strategy %q", p.Conflict)
	}
	for _, r := range p.Prohibition {
		if r.holds(t, u) {
			return false
		}
	}
	return slices.ContainsFunc(p.Permission, func(r odrlRule) bool { return r.holds(t, u) })
}

func (r odrlRule) holds(t tester, u rightsmap.Use) bool {
	t.Helper()
	f := facts(u)
	for _, c := range r.Constraint {
		ok := false
		switch c.Left {
		case "dateTime":
			ok = during(t, u, c.Operator, instant(t, c.Right))
		case "smx:firstUse":
			ok = u.Phase == rightsmap.ContinuedUse || u.From.Before(instant(t, c.Right))
		case "smx:reviewed":
			ok = false
		case "smx:statedOperand":
			ok = !slices.ContainsFunc(ids(t, c.Right), func(id string) bool {
				return slices.Contains(f[c.Left], strings.TrimPrefix(id, "odrl:"))
			})
		default:
			ok = compare(t, f[c.Left], c.Operator, c.Right)
		}
		if !ok {
			return false
		}
	}
	return true
}

func during(t tester, u rightsmap.Use, op string, limit time.Time) bool {
	t.Helper()
	switch op {
	case "gteq":
		return !u.From.Before(limit)
	case "lt":
		return u.From.Before(limit) && !u.Until.After(limit)
	default:
		t.Fatalf("operator %s on a time", op)
		return false
	}
}

func compare(t tester, stated []string, op string, right any) bool {
	t.Helper()
	if len(stated) == 0 {
		return false // what a use doesn't state satisfies nothing.
	}
	switch op {
	case "lteq":
		var n float64
		if _, err := fmt.Sscan(stated[0], &n); err != nil {
			t.Fatal(err)
		}
		return n <= right.(float64)
	case "isAnyOf":
		return !slices.ContainsFunc(stated, func(s string) bool {
			return !slices.ContainsFunc(ids(t, right), func(id string) bool { return contains(id, s) })
		})
	case "smx:overlapsAnyOf":
		return slices.ContainsFunc(stated, func(s string) bool {
			return slices.ContainsFunc(ids(t, right), func(id string) bool { return contains(id, s) || contains(s, id) })
		})
	case "isNoneOf":
		return !slices.ContainsFunc(stated, func(s string) bool {
			return slices.ContainsFunc(ids(t, right), func(id string) bool { return contains(id, s) || contains(s, id) || mayOverlap(id, s) })
		})
	default:
		t.Fatalf("operator %s", op)
		return false
	}
}

// contains is the profile's hierarchy, from its text and not from the code.
func contains(wide, narrow string) bool {
	wide, err := url.PathUnescape(wide)
	if err != nil {
		return false
	}
	if wide == narrow || strings.HasSuffix(wide, "/any") {
		return true
	}
	return strings.HasSuffix(wide, "_any") && len(narrow) > len(wide)-3 && strings.HasPrefix(narrow, wide[:len(wide)-3])
}

// mayOverlap is the profile's, for the keys that the tests draw.
func mayOverlap(listed, stated string) bool {
	return strings.HasPrefix(listed, stated+"_") || strings.HasPrefix(stated, listed+"_") || foreign(stated[strings.LastIndex(stated, "/")+1:])
}

// foreign tells the test's keys that no vendor has.
func foreign(key string) bool {
	return slices.ContainsFunc([]string{"holograms", "tiny", "sky", "pigeon", "emea", "moon", "smoking", "klingon"}, func(k string) bool {
		return strings.HasPrefix(key, k)
	})
}

func instant(t tester, v any) time.Time {
	t.Helper()
	m, _ := v.(map[string]any)
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(m["@value"]))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func ids(t tester, v any) []string {
	t.Helper()
	list, ok := v.([]any)
	if !ok {
		t.Fatalf("%v is no list", v)
	}
	var out []string
	for _, item := range list {
		m, _ := item.(map[string]any)
		out = append(out, fmt.Sprint(m["@id"]))
	}
	return out
}
