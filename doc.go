// Package sdk carries licensed and approved content from Smint.io into
// OpenText Extended ECM Records Management, with its rights and its proof, and
// carries disposition back.
//
// The package itself is empty. The rooms are:
//
//   - [github.com/smintecm/sdk/records]: the domain: identifiers, lifecycle,
//     classification, retention, hold, disposition, calendar. Pure values.
//   - [github.com/smintecm/sdk/records/evidence]: the record package, its
//     signature, the trail and the offline verifier.
//   - [github.com/smintecm/sdk/rightsmap]: license terms become a rights
//     statement, and the statement becomes a decision with its reasons.
//   - [github.com/smintecm/sdk/smint]: the typed client for Smint.io.
//   - [github.com/smintecm/sdk/ecm]: the typed client for Content Server and
//     its Records Management.
//   - [github.com/smintecm/sdk/sync]: the primitives that compose them, such as
//     DeclareRecord. Import it as recsync.
//   - [github.com/smintecm/sdk/ecm/ecmtest] and
//     [github.com/smintecm/sdk/smint/sminttest]: both systems as fakes, with
//     state, rules and faults, for your own tests.
//
// Begin with examples/quickstart, which declares a purchase feed into a fake
// ECM on any machine that has Go, and with the README.
package sdk
