// Command hold keeps the records of a license for a lawsuit, also those that
// are bought later, and releases them. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "The records of a license are held for a lawsuit, cannot be deleted, and are released."

func main() { demo.Main("hold", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("hold", about, args, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	scope, err := s.Scope("acme", nil)
	if err != nil {
		return err
	}
	feed := &demo.Memory{}

	s.Step("Pat buys two pictures in Smint.io, under the licenses 501 and 502.")
	err = errors.Join(s.Buy("501", "Hills at noon", nil), s.Buy("502", "Hills at night", nil))
	if err := errors.Join(err, s.Follow(ctx, scope, feed)); err != nil {
		return err
	}

	s.Step("The general counsel orders: everything of license 501 is to be kept for CASE-7.")
	receipt, err := recsync.ApplyHold(ctx, scope, recsync.HoldRequest{
		Matter: "CASE-7", Reason: "Smith v. Acme, discovery", Authority: "General Counsel", By: "A. Lawyer", Target: recsync.HoldTarget{License: "501"},
	})
	if err != nil {
		return err
	}
	items(s, receipt)
	if err := holds(ctx, s, scope); err != nil {
		return err
	}

	s.Step("Pat downloads a new version of the picture under license 501. The order stands, so it is held too:")
	err = s.Smint.NextVersion("501", demo.Picture("501", "new picture 501"))
	if err := errors.Join(err, s.Follow(ctx, scope, feed), holds(ctx, s, scope)); err != nil {
		return err
	}

	s.Step("Somebody tries to delete the held record in ECM.")
	held, err := scope.Record(ctx, records.MustRecordKey("acme/purchase/501/1/1"))
	if err != nil {
		return err
	}
	s.Say("Deleting %s: %s.", held.Record.Key(), demo.Outcome(scope.ECM().Nodes.Delete(ctx, held.Record.Node())))

	s.Step("Eight years pass. The records office runs ECM's disposition: all retention is over.")
	s.MoveClock(8 * 366 * 24 * time.Hour)
	search := s.ECM.AddDispositionSearch("Campaign media", s.Root, "MKT-07")
	if err := dispose(ctx, s, scope.ECM(), search); err != nil {
		return err
	}

	s.Step("The case is settled. A. Lawyer releases the hold, and the records office runs the disposition again.")
	if receipt, err = recsync.ReleaseHold(ctx, scope, recsync.ReleaseRequest{Matter: "CASE-7", Reason: "settled out of court", By: "A. Lawyer"}); err != nil {
		return err
	}
	items(s, receipt)
	if err := dispose(ctx, s, scope.ECM(), search); err != nil {
		return err
	}
	s.Next("go run ./examples/disposition shows how an end is carried to Smint.io.")
	return nil
}

// dispose is the records office: it runs a search and has the actions of each
// item performed.
func dispose(ctx context.Context, s *demo.Story, client *ecm.Client, search ecm.NodeID) error {
	run := ecm.QDate(s.ECM.RunDispositionSearch(search))
	found, err := client.Dispositions.Items(ctx, search, run)
	for _, i := range found {
		name := s.Name(i.Node)
		err := client.Dispositions.PerformActions(ctx, ecm.ActOn{User: 1000, Search: search, QDate: run, Items: []ecm.DispositionItem{i}})
		s.Say("Disposing of %s: %s.", name, demo.Outcome(err))
	}
	return err
}

// items says what became of each document that the order is about.
func items(s *demo.Story, r recsync.Receipt) {
	for _, i := range r.Items {
		what := s.Name(i.Node) + " (" + i.What + ")"
		if i.Record == (records.RecordKey{}) {
			what = "The order for what comes later"
		}
		s.Say("%s: %s.", what, i.Result)
	}
}

// holds says by which holds each record is kept, as ECM has it.
func holds(ctx context.Context, s *demo.Story, scope *recsync.Scope) error {
	for r, err := range scope.Records(ctx) {
		if err != nil {
			return err
		}
		set, err := scope.HoldsOn(ctx, r.Record)
		if err != nil {
			return err
		}
		s.Say("Holds on %s: %s.", r.Record.Key(), set)
	}
	return nil
}
