// Command declare makes a record of the first purchase in a feed: the shortest
// program that uses the SDK. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "declare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer) (err error) {
	w, err := demo.Start(demo.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ecmClient, ecmErr := w.ECM.Client()
	smintClient, smintErr := w.Smint.Client()
	if err := errors.Join(ecmErr, smintErr); err != nil {
		return err
	}
	scope, err := recsync.NewScope(recsync.ScopeConfig{
		ID: records.MustScopeID("acme"), Root: w.Root, Policy: demo.Policy(w.Category, w.Class), ECM: ecmClient, Smint: smintClient,
	})
	if err != nil {
		return err
	}
	receipt, err := declare(ctx, scope, smintClient)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s %s: %s, final=%t\n%s\nrights: %s\n", receipt.Change, receipt.Name, receipt.Schedule, receipt.Final, receipt.Digest, receipt.Rights)
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
