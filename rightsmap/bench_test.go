package rightsmap_test

import (
	"os"
	"testing"

	"github.com/smintecm/sdk/rightsmap"
)

func BenchmarkRead(b *testing.B) {
	raw, err := os.ReadFile("testdata/managed.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rightsmap.Read(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	s := fixture(b, "managed.json")
	use := rightsmap.Use{
		From: day("2026-03-01"), Phase: rightsmap.FirstUse, Purpose: rightsmap.Commercial, Usages: []string{"advertising_print_magazine"},
		Sizes: []string{"page_full"}, Placements: []string{"page_cover"}, Distributions: []string{"channel_print"},
		Geographies: []string{"europe_austria"}, Industries: []string{"industry_banking"}, Languages: []string{"language_german"}, Copies: 800,
	}
	b.ReportAllocs()
	for b.Loop() {
		if s.Decide(use).Verdict != rightsmap.Allowed {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkMapping_Apply(b *testing.B) {
	s, m := fixture(b, "managed.json"), rightsmap.DefaultMapping()
	d := s.Standing(day("2026-03-01"))
	b.ReportAllocs()
	for b.Loop() {
		if values, _ := m.Apply(s, d); len(values) == 0 {
			b.Fatal("no values")
		}
	}
}

func BenchmarkODRL(b *testing.B) {
	s := fixture(b, "managed.json")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.ODRL(rightsmap.ODRLOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkXMP(b *testing.B) {
	s := fixture(b, "managed.json")
	b.ReportAllocs()
	for b.Loop() {
		if out, _ := s.XMP(); len(out) == 0 {
			b.Fatal("no sidecar")
		}
	}
}
