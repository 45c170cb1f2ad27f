// Command declare makes a record of the first purchase in a feed: the shortest
// program that uses the SDK. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"io"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "The first purchase of a feed becomes a record, once, however often it is declared."

func main() { demo.Main("declare", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("declare", about, args, stdout, stderr, func(o *demo.Options) { o.Empty = false })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ecmClient, ecmErr := s.ECM.Client()
	smintClient, smintErr := s.Smint.Client()
	if err := errors.Join(ecmErr, smintErr); err != nil {
		return err
	}
	scope, err := recsync.NewScope(recsync.ScopeConfig{
		ID: records.MustScopeID("acme"), Root: s.Root, Policy: demo.Policy(s.Category, s.Class), ECM: ecmClient, Smint: smintClient,
	})
	if err != nil {
		return err
	}
	for _, step := range []string{"The first purchase in the feed of Smint.io is declared.", "The same purchase is declared again."} {
		s.Step("%s", step)
		receipt, err := declare(ctx, scope, smintClient)
		if err != nil {
			return err
		}
		s.Say("%s %s: schedule %s, final %t, rights %s.", receipt.Change, receipt.Name, receipt.Schedule, receipt.Final, receipt.Rights)
		s.Say("%d bytes, %s", receipt.Size, receipt.Digest)
	}
	s.Next("go run ./examples/rights shows what a license answers.")
	return nil
}

// declare makes a record of the first purchase in the feed, exactly one, however
// often it is called.
func declare(ctx context.Context, scope *recsync.Scope, client *smint.Client) (recsync.Receipt, error) {
	for t, err := range client.LicensePurchaseTransactions.All(ctx, "") {
		if err != nil {
			return recsync.Receipt{}, err
		}
		binaries, err := client.Binaries.List(ctx, t.Cart, t.UUID)
		if err != nil {
			return recsync.Receipt{}, err
		}
		assets, err := scope.PurchasedAssets(t, binaries)
		if err != nil {
			return recsync.Receipt{}, err
		}
		return recsync.DeclareRecord(ctx, scope, recsync.DeclareRequest{Asset: assets[0]})
	}
	return recsync.Receipt{}, errors.New("the feed is empty")
}
