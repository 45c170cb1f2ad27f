package main

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// declared is a record with what it was made of.
type declared struct {
	title          string
	user           string // who works in ECM
	record, rights recsync.Receipt
	license        rightsmap.Statement
}

// declare makes a record of the first purchase in the feed, with its rights.
func declare(ctx context.Context, scope *recsync.Scope, client *smint.Client) (d declared, err error) {
	for t, err := range client.LicensePurchaseTransactions.All(ctx, "") {
		if err != nil {
			return d, err
		}
		binaries, err := client.Binaries.List(ctx, t.Cart, t.UUID)
		if err != nil {
			return d, err
		}
		assets, err := scope.PurchasedAssets(t, binaries)
		if err != nil {
			return d, err
		}
		d.title = assets[0].Title
		if d.record, err = recsync.DeclareRecord(ctx, scope, recsync.DeclareRequest{Asset: assets[0]}); err != nil {
			return d, err
		}
		if d.rights, err = recsync.TransferRights(ctx, scope, recsync.RightsRequest{Record: d.record.Record, Source: t.Raw}); err != nil {
			return d, err
		}
		d.license, err = rightsmap.FromTransaction(t)
		return d, err
	}
	return d, errors.New("the feed is empty")
}

// fetch takes the package out of ECM, as a zip and unpacked.
func fetch(ctx context.Context, client *ecm.Client, document ecm.NodeID, name, out string) error {
	f, err := os.OpenFile(filepath.Join(out, "package.zip"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	content, err := client.Content.Open(ctx, document)
	if err != nil {
		return err
	}
	size, err := io.Copy(f, content)
	if err := errors.Join(err, content.Close()); err != nil {
		return err
	}
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return err
	}
	bag, err := fs.Sub(archive, name)
	if err != nil {
		return err
	}
	return os.CopyFS(filepath.Join(out, "package"), bag)
}
