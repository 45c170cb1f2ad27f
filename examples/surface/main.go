// Command surface offers approved records of ECM to creatives in Smint.io, and
// takes them away again. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/ecm/ecmtest"
	"github.com/smintecm/sdk/examples/internal/demo"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "Approved records of ECM reach creatives in Smint.io; what is not approved, or valid no longer, does not."

func main() { demo.Main("surface", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("surface", about, args, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	folder, class := s.ECM.AddFolder(2000, "Policies"), s.ECM.AddRMClassification("Policies", "MKT-07")
	control := s.ECM.AddCategory("Document control", ecmtest.Attribute{Name: "Approval"}, ecmtest.Attribute{Name: "Valid until", Type: "date"})
	scope, err := s.Scope("acme", func(c *recsync.ScopeConfig) {
		c.Policy.Surface = &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{{
			Name: "references", Folders: []ecm.NodeID{folder}, Category: control, Own: true, Until: "Valid until",
			Approval: recsync.SurfaceApproval{Attribute: "Approval", Accepted: []string{"approved"}},
		}}}
	})
	if err != nil {
		return err
	}
	feed, err := s.OpenFeed(scope)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()

	// file is a person who files a record and fills its category in; the first
	// attribute of a category has the number 2.
	client, approval, until := scope.ECM(), control.String()+"_2", control.String()+"_3"
	file := func(name string, values ecm.CategoryValues) (ecm.NodeID, error) {
		id, err := s.ECM.AddDocument(folder, name, []byte("This is "+name))
		if err != nil {
			return 0, err
		}
		s.ECM.Declare(id, class)
		return id, client.Categories.Add(ctx, id, control, values)
	}

	s.Step("Rita files three records in ECM. She approves two, one of them until next month; the third is a draft.")
	conduct, err1 := file("Code of conduct.pdf", ecm.CategoryValues{approval: ecm.Text("approved")})
	soon := s.Now().AddDate(0, 1, 0).UTC().Format(time.DateOnly)
	prices, err2 := file("Price list.pdf", ecm.CategoryValues{approval: ecm.Text("approved"), until: ecm.Text(soon)})
	_, err3 := file("Plan.pdf", ecm.CategoryValues{approval: ecm.Text("draft")})
	if err := errors.Join(err1, err2, err3, pass(ctx, s, feed), fetch(ctx, s, feed, conduct)); err != nil {
		return err
	}

	s.Step("Rita withdraws the approval of the code of conduct, in ECM.")
	err = client.Categories.Update(ctx, conduct, control, ecm.CategoryValues{approval: ecm.Text("withdrawn")})
	if err := errors.Join(err, fetch(ctx, s, feed, conduct)); err != nil {
		return err
	}
	s.Say("That was at once. After the next pass and the driver's next poll:")
	if err := pass(ctx, s, feed); err != nil {
		return err
	}

	s.Step("Two months pass: the price list is valid no more.")
	s.MoveClock(62 * 24 * time.Hour)
	if err := errors.Join(fetch(ctx, s, feed, prices), pass(ctx, s, feed)); err != nil {
		return err
	}
	s.Next("go run ./examples/handoff shows the other way: what is finished in Smint.io becomes a record.")
	return nil
}

// pass offers what may be offered, has the driver poll, and says what creatives
// see then.
func pass(ctx context.Context, s *demo.Story, feed *demo.Feed) error {
	items, err := feed.Offer(ctx)
	if err := errors.Join(err, feed.Poll(ctx)); err != nil {
		return err
	}
	for _, i := range items {
		why := string(i.Cause)
		if why == "" {
			why = "full access"
		}
		s.Say("%s is %s (%s). In the portal: %s.", s.Name(ecm.NodeID(i.Node)), i.Outcome, why, feed.Seen(i.ID))
	}
	return nil
}

func fetch(ctx context.Context, s *demo.Story, feed *demo.Feed, id ecm.NodeID) error {
	return feed.Fetch(ctx, "otcs-"+id.String(), s.Name(id))
}
