// Package ecm is the typed client for OpenText Content Server: nodes, content,
// categories and Records Management.
//
// A [Client] is made by [New] from the address up to the CGI path and a
// credential; its fields are the services, grouped as the vendor's API is:
//
//	c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.PasswordLogin{User: "svc", Password: "…"})
//	node, err := c.Nodes.Get(ctx, 42001)
//
// Every call is limited, retried only where a repeat is harmless or proof
// exists that nothing was processed, and decoded strictly. A write whose
// answer was lost matches [ErrOutcomeUnknown]: read the state before repeating
// it. Failures are an [*Error]; match their class with errors.Is.
//
// The comment of each call names its own errors. Any call may also end in
// [ErrUnauthenticated], [ErrThrottled], [ErrUnavailable], [ErrBrokenReply] or
// [ErrRouteMissing].
//
// Calls that remove or change content read holds and record state of their
// nodes right before they send and refuse with [ErrOnHold] or [ErrFinal]. Only
// an explicit [Unguarded] skips that.
//
// Most writes of Records Management declare no answer: a nil error says that
// the server accepted the call. Read back what must be true.
package ecm
