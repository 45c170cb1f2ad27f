// Package conformance is the contract that the SDK relies on, as named checks
// that teach: what each one says must be true of a server is what the SDK
// takes for granted.
//
// The package's own tests run every check against the fakes, and show that a
// server which breaks a rule is found out by the check of that rule. With the
// build tag "live" they run against a real Content Server:
//
//	ECM_URL=… ECM_USER=… ECM_PASSWORD=… ECM_ROOT=… ECM_CATEGORY=… ECM_CLASS=… \
//	  go test -tags=live ./internal/testserver/conformance -run Live -v
//
// ECM_ROOT is a folder for nothing else: the checks make a folder of their own
// in it and leave there what cannot be deleted, a final record among it.
// ECM_CATEGORY is a category whose attribute 2 is text; ECM_CLASS an RM
// classification with exactly one RSI; ECM_HOLD_TYPE and ECM_XREF, where set,
// a code of a hold type and of a cross-reference type.
package conformance
