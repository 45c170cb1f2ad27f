// Package sync is not the standard library package of that name: it holds the
// primitives that carry records between Smint.io and OpenText Extended ECM.
// Import it as recsync:
//
//	import recsync "github.com/smintecm/sdk/sync"
//
// A [Scope] is one client, brand, campaign or jurisdiction: where its assets
// come from, where its records go, by which [Policy], with which credentials.
// Everything begins with one. [Scope.Check] tells what ECM still lacks.
//
//   - [DeclareRecord] makes a record of an asset: exactly one for its key.
//   - [TransferRights] keeps the license with a record.
//   - [AttachEvidence] keeps a signed package that proves it beside it.
//   - [RelateRecords] cross-references two records, and [SupersedeRecord] marks
//     the older version of an asset when a newer stands.
//   - [ApplyHold] holds records, now and later declared ones, and [ReleaseHold]
//     releases them.
//   - [SurfaceRecords] offers approved records to Smint.io.
//   - [SyncMetadata] keeps metadata in step on both sides.
//   - [DispositionEvents] finds out what happened to records, and
//     [PropagateDisposition] carries it to Smint.io and proves it there.
//   - [FollowPurchases] composes them into one pass over a purchase feed,
//     [FollowPortal] into one over the assets of a portal, and [Reconcile]
//     compares both sides of a scope and repairs.
//
// A service over many scopes begins with [LoadPolicyFile] and [Opener], asks
// [Check] what the systems still lack, and runs [Follow] and [Watch], each a
// [Runner].
//
// They share one shape. Each observes, makes a plan that can be printed (the
// dry run), and applies it, unless what it saw no longer holds. Each takes down
// an intent before and an outcome after every mutation in the scope's
// [Journal], reads back what it wrote, and leaves a [Receipt]. Each may be
// called again at any time: it continues from what it finds and repeats
// nothing that stands.
//
// What a primitive refuses is a typed error that says what to do; match its
// class with errors.Is. A write whose outcome is not known is looked up before
// anything is sent again. What cannot be read is never taken for a permission.
//
// No primitive starts anything that outlives the call, and none deletes a
// record: the one thing that is ever removed is an incomplete upload of its
// own, which is no record.
package sync
