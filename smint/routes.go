package smint

import "github.com/smintecm/sdk/internal/rest"

// Paths are the paths of the licensing API below its base URL, and the names
// of two query parameters. The vendor does not publish them, so they are
// configuration; the zero value means the defaults.
type Paths struct {
	// GenericMetadata defaults to "/sync/genericMetadata".
	GenericMetadata string
	// LicensePurchaseTransactions defaults to
	// "/sync/licensePurchaseTransactions".
	LicensePurchaseTransactions string
	// Binaries needs the placeholders {cartPurchaseTransactionUuid} and
	// {licensePurchaseTransactionUuid}, in this order.
	Binaries string
	// ContinuationParameter defaults to "continuationUuid", LimitParameter to
	// "limit".
	ContinuationParameter, LimitParameter string
}

func (p Paths) withDefaults() Paths {
	fill := func(s *string, fallback string) {
		if *s == "" {
			*s = fallback
		}
	}
	fill(&p.GenericMetadata, "/sync/genericMetadata")
	fill(&p.LicensePurchaseTransactions, "/sync/licensePurchaseTransactions")
	fill(&p.Binaries, "/sync/cartPurchaseTransactions/{cartPurchaseTransactionUuid}/licensePurchaseTransactions/{licensePurchaseTransactionUuid}/binaries")
	fill(&p.ContinuationParameter, "continuationUuid")
	fill(&p.LimitParameter, "limit")
	return p
}

func (p Paths) check(faults *rest.Problems) {
	for field, path := range map[string]string{"generic metadata path": p.GenericMetadata, "transactions path": p.LicensePurchaseTransactions, "binaries path": p.Binaries} {
		if path[0] != '/' {
			faults.Add(field, path, "a path that begins with /")
		}
	}
	if n := len((rest.Route{Template: p.Binaries}).Placeholders()); n != 2 {
		faults.Add("binaries path", p.Binaries, "the placeholders {cartPurchaseTransactionUuid} and {licensePurchaseTransactionUuid}")
	}
}

// routes is the table of every request to Smint.io itself. No other file holds
// a path.
type routes struct {
	metadata, transactions, binaries rest.Route
	pushAuth                         rest.Route
	token, revocation, discovery     rest.Route
	authorize                        rest.Route
	download                         rest.Route
	portals                          portalRoutes
}

// portalRoutes are the rows of the portals. An execute row serves every
// method; whether a repeat is harmless is said by the call.
type portalRoutes struct {
	atPortal, atPage, atComponent rest.Route
	task, upload, payload         rest.Route
}

// defaultPayloadPath is ours: the vendor publishes the operation, not its path.
const defaultPayloadPath = "/portalsPayload"

func newRoutes(p Paths, settings PortalSettings) routes {
	return routes{
		metadata:     rest.Route{Name: "Metadata.Generic", Method: "GET", Template: p.GenericMetadata, Repeat: rest.Harmless},
		transactions: rest.Route{Name: "LicensePurchaseTransactions.List", Method: "GET", Template: p.LicensePurchaseTransactions, Repeat: rest.Harmless},
		binaries:     rest.Route{Name: "Binaries.List", Method: "GET", Template: p.Binaries, Repeat: rest.Harmless},
		pushAuth:     rest.Route{Name: "Notifications.Authorize", Method: "POST", Template: "/notifications/pusher/auth", Repeat: rest.Harmless, Secret: true},
		// A refresh rotates the token: a repeat can end the login.
		token:      rest.Route{Name: "Identity.Token", Method: "POST", Template: "/connect/token", Secret: true},
		authorize:  rest.Route{Name: "Identity.LoginInBrowser", Method: "GET", Template: "/connect/authorize"},
		revocation: rest.Route{Name: "Identity.Logout", Method: "POST", Template: "/connect/revocation", Repeat: rest.Harmless},
		discovery:  rest.Route{Name: "Identity.Discover", Method: "GET", Template: "/.well-known/openid-configuration", Repeat: rest.Harmless},
		download:   rest.Route{Name: "Downloads.Open", Method: "GET", Template: "{download_url}", Repeat: rest.Harmless},
		portals: portalRoutes{
			atPortal:    rest.Route{Method: "POST", Template: "/portals/{portalUuid}/portalsContext/{publicApiInterface}/execute/{methodName}"},
			atPage:      rest.Route{Method: "POST", Template: "/portals/{portalUuid}/pageConfigurations/{pcUuid}/{propertyName}/{pi}/execute/{methodName}"},
			atComponent: rest.Route{Method: "POST", Template: "/portals/{portalUuid}/pageConfigurations/{pcUuid}/componentConfigurations/{ccUuid}/{propertyName}/{pi}/execute/{methodName}"},
			task:        rest.Route{Name: "Portals.Task", Method: "GET", Template: "/backgroundTasks/{backgroundTaskUuid}", Repeat: rest.Harmless},
			// A second copy of a temporary file is in nobody's way.
			upload:  rest.Route{Name: "Portals.Upload", Method: "POST", Template: "/portals/{portalUuid}/portalsContext/uploadFile", Repeat: rest.Harmless},
			payload: rest.Route{Name: "Portals.Payload", Method: "GET", Template: settings.PayloadPath, Repeat: rest.Harmless},
		},
	}
}
