package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

const (
	organization = "Acme AG"
	application  = "github.com/smintecm/sdk/examples/evidence"
)

// declared is a record with what it was made of.
type declared struct {
	purchase *smint.LicensePurchaseTransaction
	asset    recsync.Asset
	// user is who works in ECM.
	user string
	// began is when the record was begun; record and rights are the receipts.
	began          time.Time
	record, rights recsync.Receipt
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
		d.purchase, d.asset, d.began = t, assets[0], time.Now()
		if d.record, err = recsync.DeclareRecord(ctx, scope, recsync.DeclareRequest{Asset: d.asset}); err != nil {
			return d, err
		}
		d.rights, err = recsync.TransferRights(ctx, scope, recsync.RightsRequest{Record: d.record.Record, Source: t.Raw})
		return d, err
	}
	return d, errors.New("the feed is empty")
}

// open reads the content once more from its source; the package compares it
// with the digest of the record.
func open(ctx context.Context, client *smint.Client, a recsync.Asset) (io.ReadCloser, error) {
	version, err := strconv.Atoi(a.Key.Version())
	if err != nil {
		return nil, err
	}
	return client.Downloads.Open(ctx, smint.File{
		Cart: smint.CartUUID(a.Cart), Transaction: smint.TransactionUUID(a.Key.Item()), Binary: smint.BinaryUUID(a.Key.Binary()), Version: version,
	})
}

// describe says all that the package proves, but for the content itself.
func (d declared) describe() (evidence.Package, error) {
	digest, err := records.ParseDigest(d.record.Digest)
	if err != nil {
		return evidence.Package{}, err
	}
	if d.record.Approval == nil {
		return evidence.Package{}, fmt.Errorf("the receipt of %s has no approval", d.asset.Key)
	}
	approval, err := d.record.Approval.Bind(digest)
	if err != nil {
		return evidence.Package{}, err
	}
	statement, err := rightsmap.FromTransaction(d.purchase)
	if err != nil {
		return evidence.Package{}, err
	}
	odrl, err := statement.ODRL(rightsmap.ODRLOptions{})
	if err != nil {
		return evidence.Package{}, err
	}
	xmp, _ := statement.XMP()
	basis := statement.Basis
	return evidence.Package{
		Record: d.asset.Key, Organization: organization, At: time.Now(),
		Asset:    evidence.Asset{Size: d.record.Size, Digest: digest, FileName: d.asset.FileName, MediaType: d.asset.MediaType},
		Rights:   evidence.Rights{Source: d.purchase.Raw, ODRL: odrl, Basis: evidence.Basis{Kind: basis.Kind.String(), Document: basis.Document, From: basis.From, Until: basis.Until}},
		Approval: approval,
		Without: map[string]string{
			"first_use": "not used yet", "last_use": "not used yet", "reviewers": "the purchase names none",
			"restrictions": "none but those of the license", "chart_sources": "a picture without charts",
		},
		Events: d.events(), XMP: xmp,
	}, nil
}

// events are what the receipts tell.
func (d declared) events() records.History {
	event := func(id string, kind records.EventKind, at time.Time, reason string) records.Event {
		return records.Event{
			ID: id, Record: d.asset.Key, Kind: kind, Organization: organization, User: d.user, Application: application,
			At: at.UTC(), Location: host(), Reason: reason,
		}
	}
	return records.History{
		event("captured", records.EventCaptured, d.began, fmt.Sprintf("%d bytes from Smint.io", d.record.Size)),
		event("finalized", records.EventFinalized, d.record.At, "node "+d.record.Record.Node().String()+", schedule "+d.record.Schedule),
		event("rights", records.EventRights, d.rights.At, "standing: "+d.rights.Rights),
	}
}
