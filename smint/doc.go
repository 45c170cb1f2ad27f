// Package smint is the typed client for Smint.io: identity, content licensing
// and portals.
//
// A [Client] is made by [New] from the endpoints of a tenant and a [Login]; its
// fields are the services:
//
//	ends, err := smint.Tenant("acme")
//	c, err := smint.New(ends, smint.Login{ClientID: "…", ClientSecret: "…", RefreshToken: "…", Store: store})
//	for t, err := range c.LicensePurchaseTransactions.All(ctx, "") { … }
//
// A login begins with a refresh token from configuration, or with a person and
// a browser: see [IdentityService.LoginInBrowser]. A refresh token is good for
// one use. The next one is stored, through the [TokenStore], before it is used;
// a login that several processes share needs a store that they share, and that
// lets them take turns, as [FileTokenStore] does.
//
// Of what the vendor sends, nothing is lost and nothing is guessed: ids are
// opaque, lists of values are open, a missing flag stays missing, unknown
// members of terms are kept, and every transaction carries its own bytes. An
// item that is malformed is reported as itself and leaves the others.
//
// Download addresses are foreign input. They are fetched under a [FetchPolicy]:
// by https, from listed hosts, at public addresses, with the login's token only
// at its own origin. What breaks off is resumed where its host allows.
//
// Portals answer every call with a background task, which is polled at an even
// pace and ends well, badly, in part, or not in time; these are four results
// and not two. An asset that a portal refuses to show is gone only if the same
// portal shows another one: see [PortalsService.Presence].
//
// Paths of the licensing API, and what the vendor leaves open about its
// portals, are configuration: see [Paths] and [PortalSettings].
package smint
