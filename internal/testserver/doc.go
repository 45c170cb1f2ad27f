// Package testserver holds both systems as fakes: with state, with the vendors'
// rules and with faults. It speaks bytes and shares no type with the clients.
package testserver
