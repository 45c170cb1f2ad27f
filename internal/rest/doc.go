// Package rest is the one request path that both clients share: limit,
// credential, send, classify, decode. It owns the routes, the retries, the
// replayable bodies and the redaction of secrets; an operation of a client is a
// row in a table of routes and one call.
package rest
