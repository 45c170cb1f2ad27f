// Command rights has a license travel with a record, decides uses by it, and has
// it narrowed. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

const about = "A license travels with its record, answers for three uses, and is narrowed."

func main() { demo.Main("rights", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("rights", about, args, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	scope, err := s.Scope("acme", nil)
	if err != nil {
		return err
	}
	feed := &demo.Memory{}

	s.Step("Pat buys the picture %q in Smint.io, licensed for Austria and Germany.", "Hills at noon")
	if err := s.Buy("501", "Hills at noon", map[string]any{"allowed_geographies": []any{"europe_austria", "europe_germany"}}); err != nil {
		return err
	}
	if err := s.Follow(ctx, scope, feed); err != nil {
		return err
	}
	key := records.MustRecordKey("acme/purchase/501/1/1")
	record, err := scope.Record(ctx, key)
	if err != nil {
		return err
	}
	s.Say("Beside it is %s.", document(s, record.Rights))

	s.Step("Mara asks before she uses it. The answers come from the license in the rights document:")
	if err := ask(s, record.Rights); err != nil {
		return err
	}

	s.Step("The licensor narrows the license to Germany, in Smint.io.")
	if err := s.Smint.Update("501", map[string]any{
		"last_updated_at": time.Now().UTC().Format(time.RFC3339Nano),
		"license_terms":   []any{demo.Term(map[string]any{"allowed_geographies": []any{"europe_germany"}})},
	}); err != nil {
		return err
	}
	if err := s.Follow(ctx, scope, feed); err != nil {
		return err
	}
	if record, err = scope.Record(ctx, key); err != nil {
		return err
	}
	s.Say("Beside the record is now %s.", document(s, record.Rights))
	s.Step("Mara asks again:")
	if err := ask(s, record.Rights); err != nil {
		return err
	}
	s.Next("go run ./examples/disposition shows what happens when a license ends.")
	return nil
}

// document names the rights document, with the number of its versions.
func document(s *demo.Story, node ecm.NodeID) string {
	for _, d := range s.ECM.Documents() {
		if d.Node == node {
			return fmt.Sprintf("%s, version %d", d.Name, d.Versions)
		}
	}
	return "no rights document"
}

// ask decides three uses by the rights document in ECM, which holds the license
// as Smint.io sent it, and says why.
func ask(s *demo.Story, rights ecm.NodeID) error {
	license, err := s.License(rights)
	if err != nil {
		return err
	}
	from := time.Now()
	banner := rightsmap.Use{
		From: from, Until: from.AddDate(0, 3, 0), Phase: rightsmap.FirstUse, Purpose: rightsmap.Commercial, Usages: []string{"digital_media_digital_advertisement"},
		Distributions: []string{"channel_web"}, Geographies: []string{"europe_austria"}, Languages: []string{"language_german"},
	}
	france, reuse := banner, banner
	france.Geographies = []string{"europe_france"}
	reuse.Geographies, reuse.Reuses = []string{"europe_germany"}, 1
	for _, q := range []struct {
		text string
		use  rightsmap.Use
	}{{"A banner in Austria", banner}, {"A banner in France", france}, {"A banner in Germany that reuses the license", reuse}} {
		d := license.Decide(q.use)
		s.Say("%s: %s, by clause %q: %s.", q.text, d.Verdict, d.Rule, d.Decisive()[0].Reason)
	}
	return nil
}
