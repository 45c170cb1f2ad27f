// Package adapter serves the feed that a Smint.io data adapter reads: an
// http.Handler over a small [Catalog].
//
// Smint.io keeps no originals: what creatives see is what its source reports.
// So approved records are published, and withdrawn, by answering truthfully.
// The handler decides about each asset when it is listed, and again when its
// bytes are asked for, with the clock of that moment: what is not approved,
// not begun, withdrawn, or of a state that this package does not know is not
// there; what has expired or was superseded is shown, says so, and cannot be
// downloaded.
//
// A [Feed] is a catalog with a durable change log. Publishing into it is
// idempotent by (external id, sequence): an older sequence never grants
// anything again, and a removal is a tombstone that only a newer publication
// lifts.
//
//	feed, err := adapter.OpenFeed(dir, adapter.FeedOptions{Contents: contents})
//	handler, err := adapter.NewHandler(feed, adapter.Options{Authenticate: adapter.Bearer(secret)})
//	http.Handle("/adapter/", handler)
//
// The C# data adapter that reads this feed maps it to the vendor's interfaces;
// its own approval of what it indexes, the index gate, is the second lock.
package adapter
