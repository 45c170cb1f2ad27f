// Package testserver holds both systems as fakes: with state, with the vendors'
// rules and with faults. It speaks bytes and shares no type with the clients,
// so that it is an independent witness of what they send.
//
// Each fake is an http.Handler behind a [Tap], which takes down what was
// received and lets faults happen. It can be served under a URL, or used
// through [Transport] within the process, also in virtual time. Contents above
// 64 KiB are kept in files, never in memory.
package testserver
