package rightsmap_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"royalty-free.json", "listed.json", "managed.json"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"uuid":"1","uuid":"2"}`))
	f.Add([]byte(`{"uuid":1,"license_terms":[null,{"allowed_usages":[""],"valid_until":"9999-12-31"}]}`))
}

// Whatever bytes come, Read and all that follows end with an answer, and only
// an answer that the bytes support.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := rightsmap.Read(raw)
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		if err != nil {
			if !errors.Is(err, records.ErrInvalid) {
				t.Fatalf("untyped error %v", err)
			}
			if v := s.Standing(at).Verdict; v == rightsmap.Allowed {
				t.Fatal("what couldn't be read is allowed")
			}
			return
		}
		use := rightsmap.Use{From: at, Purpose: rightsmap.Commercial, Geographies: []string{"europe_austria"}}
		for _, d := range []rightsmap.Decision{
			s.Decide(use), s.DecideBy(rightsmap.AnyTerm, use), s.Standing(at), s.StandingBy(rightsmap.AnyTerm, at),
		} {
			_ = d.Summary()
			if d.Verdict == rightsmap.Allowed {
				supported(t, raw)
			}
		}
		odrl, err := s.ODRL(rightsmap.ODRLOptions{})
		if err != nil || !json.Valid(odrl) {
			t.Fatalf("%v in\n%s", err, odrl)
		}
		if permits(t, odrl, use) && s.Decide(use).Verdict != rightsmap.Allowed {
			t.Fatalf("the policy permits what the decision doesn't:\n%s", odrl)
		}
		sidecar, _ := s.XMP()
		wellFormed(t, sidecar)
		m := rightsmap.DefaultMapping()
		values, _ := m.Apply(s, s.Standing(at))
		back, lost, err := m.Read(values)
		if err != nil || len(lost) > 0 {
			t.Fatalf("%v, lost %v", err, lost)
		}
		a, _ := json.Marshal(back.Decide(use))
		b, _ := json.Marshal(s.Decide(use))
		if !bytes.Equal(a, b) {
			t.Fatalf("read back it decides\n%s\nbefore\n%s", a, b)
		}
	})
}

// supported checks the few things without which no license can allow anything.
func supported(t *testing.T, raw []byte) {
	t.Helper()
	var tx struct {
		State       string `json:"state"`
		Restrictive *bool  `json:"has_potentially_restrictive_license_terms"`
		Terms       []any  `json:"license_terms"`
		Offering    struct {
			Type string `json:"license_type"`
		} `json:"offering"`
		Purchased string `json:"purchased_at"`
	}
	if err := json.Unmarshal(raw, &tx); err != nil {
		t.Fatalf("allowed, but %v", err)
	}
	if tx.State != "completed" || tx.Restrictive == nil || len(tx.Terms) == 0 || tx.Offering.Type == "" || tx.Purchased == "" {
		t.Fatalf("allowed without grounds: %+v", tx)
	}
}

func wellFormed(t tester, doc []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
	}
}

func FuzzMappingRead(f *testing.F) {
	f.Add(`rule_set="1"`, `terms[0].editorial="yes"`)
	f.Add(`source.transaction="1"`, `source.transaction+"2"`)
	f.Add(`terms[1].number=1`, `terms="x"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		m := rightsmap.Mapping{Name: "lines", Version: "1", Attributes: []rightsmap.Attribute{{Name: "S", Field: "statement", Multi: true}}}
		s, _, err := m.Read([]rightsmap.Value{{Attribute: "S", Multi: true, Values: []string{a, b}}})
		if err != nil {
			if !errors.Is(err, records.ErrInvalid) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		values, _ := m.Apply(s, s.Standing(time.Unix(0, 0)))
		again, _, err := m.Read(values)
		if err != nil {
			t.Fatalf("what was read can't be written and read again: %v\n%v", err, values)
		}
		s.Explained, again.Explained = nil, nil // the second reading explains the findings of the first, too.
		x, _ := json.Marshal(s)
		y, _ := json.Marshal(again)
		if !bytes.Equal(x, y) {
			t.Fatalf("%s\nbecame\n%s", x, y)
		}
	})
}

func FuzzParseUsageLimit(f *testing.F) {
	for _, k := range append(limitKeys, "copy_up_to_01_copies", "copy_up_to_99999999999999999999_copies", "display_one_copy") {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		limit, ok := rightsmap.ParseUsageLimit(key)
		if ok && !limit.Unlimited && limit.Max <= 0 || !ok && limit != (rightsmap.UsageLimit{}) {
			t.Fatalf("%q reads as %+v, %v", key, limit, ok)
		}
	})
}
