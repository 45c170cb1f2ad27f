// Package evidence builds, signs and verifies what proves a record: the record
// package (a BagIt bag with a signed in-toto statement) and the trail (an
// append-only Merkle log of intents and outcomes). Everything it writes can be
// checked offline, without this module and without trusting its authors.
//
// # The record package
//
// A [Package] is written as a folder, as a zip, or to any writer:
//
//	bagit.txt                    BagIt (RFC 8493)
//	data/asset                   the content, or data/asset.ref.json: where it is kept
//	data/approval.json           who approved which version, when, for which bytes
//	data/asset.xmp               the rights as a sidecar
//	data/rights/odrl.json        the rights as a policy
//	data/rights/source.json      the vendor's own bytes
//	data/rights/original.json    those of the license that this one reuses, if it does
//	data/trail/...               an export of the trail, see [Trail.Export]
//	data/provenance.json         what happened to it, with PREMIS names
//	manifest-sha256.txt          the digest of every payload file
//	bag-info.txt                 record, day, organization
//	signers/ID.pem               the public keys
//	tagmanifest-sha256.txt       the digests of the files that are not payload
//	evidence.dsse.json           the signed statement over all of these
//
// The statement names every tag file but the one that holds it; the manifests
// among them name the payload. So every byte is signed for. What could be
// written in two ways has one form, and the verifier takes no other: hex is
// lower case, manifests are sorted, the envelope is one line, a zip is stored
// and ordered. docs/verify.md checks a package by hand.
//
// # The trail
//
// A [Trail] is the log of one scope. Each append adds entries and a checkpoint,
// a signed note over the hash of the Merkle tree of all of them; an intent
// counts when both are on the disk. [OpenTrailFolder] keeps it in files:
//
//	checkpoint             the newest durable checkpoint
//	entries/000/000.jsonl  256 entries each, one JSON object a line, with checkpoints
//	tiles/0/000/000        the tree's hashes; can be computed
//
// Persons stand in it by pseudonyms; [People], a file apart, knows who they
// are, until it is told to forget. [VerifyTrail] checks the files offline, to
// the byte. What a log cannot show by itself, that its end was cut off at a
// checkpoint or that someone else was shown another one, shows with a
// checkpoint that was kept elsewhere: copy [Trail.Checkpoint] at intervals to
// where the writer cannot change it. [TrailInclusion] and [TrailConsistency]
// prove single entries and growth to whoever has the public key.
//
// # Verifying
//
// [Verify] makes a list of named checks. The first failure is the reason, and
// matches an error value of this package. Without trusted keys it shows that a
// package is whole, not who made it. Given the log as well, it checks that too,
// and that the log tells of the record and goes on from the checkpoint that the
// package brings.
package evidence
