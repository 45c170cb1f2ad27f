package smint_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
)

// server starts a fake Smint.io with two purchases, the second of which was
// withdrawn.
func server() (*sminttest.Server, error) {
	s, err := sminttest.NewServer(sminttest.Options{})
	if err != nil {
		return nil, err
	}
	for i, title := range []string{"Mouse", "Cat"} {
		file := sminttest.File{UUID: "1", FileName: title + ".jpg", MediaType: "image/jpeg", Content: []byte("picture of a " + title)}
		if err := s.Purchase(fmt.Sprint(79468+i), title, nil, file); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, s.Cancel("79469")
}

// A tenant by its name, with a login that a restart does not lose.
func ExampleNew() {
	endpoints, err := smint.Tenant("acme")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = smint.New(endpoints, smint.Login{
		ClientID: "acme-ecm", ClientSecret: "from your secret store", Store: smint.NewFileTokenStore("tokens.json"),
	}, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", "storage.acme.example"}}))
	fmt.Println(endpoints.CLAPI, err)

	_, err = smint.New(smint.Endpoints{Identity: "http://acme.smint.io"}, smint.Login{ClientID: "acme-ecm"})
	fmt.Println(errors.Is(err, smint.ErrInvalid), "and every fault is named at once")
	// Output:
	// https://acme.clapi.smint.io/consumer/v1 <nil>
	// true and every fault is named at once
}

// A person logs in with a browser on this machine; from then on the refresh
// token keeps the login alive.
func ExampleIdentityService_LoginInBrowser() {
	s, err := server()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	s.EndLogin()    // nobody is logged in
	login := s.Login()
	login.RefreshToken, login.Store = "", smint.NewMemoryTokenStore()
	c, err := smint.New(s.Endpoints, login)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println("before:", errors.Is(c.Identity.Login(ctx), smint.ErrGrantDead))
	err = c.Identity.LoginInBrowser(ctx, smint.CodeFlow{
		RedirectURL: "http://127.0.0.1:0", // as the vendor has listed it, with its port
		Open:        s.Browse,             // here: a fake person; else: start the browser
	})
	fmt.Println("logged in:", err)
	fmt.Println("after:", c.Identity.Login(ctx))
	fmt.Println("logged out:", c.Identity.Logout(ctx), errors.Is(c.Identity.Login(ctx), smint.ErrGrantDead))
	// Output:
	// before: true
	// logged in: <nil>
	// after: <nil>
	// logged out: <nil> true
}

// All purchases, each change of one again at the end. One that cannot be read
// does not end the walk.
func ExampleLicensePurchaseTransactionsService_All() {
	s, err := server()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	c, err := s.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	for t, err := range c.LicensePurchaseTransactions.All(context.Background(), "") {
		switch {
		case errors.Is(err, smint.ErrBrokenItem):
			fmt.Println("passed over:", err)
		case err != nil:
			fmt.Println(err)
			return
		case t.State == smint.StateCancelled:
			fmt.Println(t.UUID, t.ContentElement.Name.In("de"), "has no license")
		case t.Syncable():
			fmt.Println(t.UUID, t.ContentElement.Name.In("de"), t.Offering.LicenseType)
		}
	}
	// Output:
	// 79468 Mouse royalty_free
	// 79469 Cat royalty_free
	// 79469 Cat has no license
}

// Pages are for those who must go on where they stood: the continuation is
// stored after the page is dealt with, never before.
func ExampleLicensePurchaseTransactionsService_Pages() {
	s, err := server()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	c, err := s.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	stored := ""
	for run := range 2 {
		for page, err := range c.LicensePurchaseTransactions.Pages(context.Background(), stored, 2) {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("run %d: %d purchases\n", run+1, len(page.Items))
			stored = page.Continuation
			if run == 0 {
				break // a restart
			}
		}
	}
	// Output:
	// run 1: 2 purchases
	// run 2: 1 purchases
}

// A file is streamed; it has the announced length, or reading it ends in an
// error.
func ExampleDownloadsService_Open() {
	s, err := server()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	c, err := s.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for t, err := range c.LicensePurchaseTransactions.All(ctx, "") {
		if err != nil {
			fmt.Println(err)
			return
		}
		binaries, err := c.Binaries.List(ctx, t.Cart, t.UUID)
		if err != nil {
			fmt.Println(err)
			return
		}
		file, err := c.Downloads.Open(ctx, smint.File{Cart: t.Cart, Transaction: t.UUID, Binary: binaries[0].UUID, Version: binaries[0].EffectiveVersion()})
		if err != nil {
			fmt.Println(err)
			return
		}
		b, err := io.ReadAll(file)
		fmt.Println(file.Size, file.MediaType, string(b), errors.Join(err, file.Close()))
		break
	}
	// Output:
	// 18 image/jpeg picture of a Mouse <nil>
}

// Commands tell a component at Smint.io what becomes of an asset. That it holds
// is shown by reading back, and by nothing else.
func ExampleCommandPublisher() {
	s, err := server()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	ids := map[string]smint.AssetID{}
	for _, id := range []string{"4711", "4712"} {
		if ids[id], err = s.PutAsset(sminttest.PortalAsset{ID: id, Version: "1", ETag: "a", Name: "Contract", ContentType: "document", Content: []byte("x")}); err != nil {
			fmt.Println(err)
			return
		}
	}
	c, err := s.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	portal := smint.Portal{UUID: sminttest.PortalUUID}
	p := &smint.CommandPublisher{Portals: c.Portals, Portal: portal, Back: &smint.PortalReadBack{
		Portals: c.Portals, Portal: portal, Control: ids["4712"], // an asset that is always shown
		AssetID: func(_ context.Context, external string) (smint.AssetID, error) { return ids[external], nil },
	}}
	ctx := context.Background()
	for _, sequence := range []int64{1042, 1042, 1041} {
		results, err := p.Publish(ctx, smint.Publication{ExternalID: "4711", Sequence: sequence, Action: smint.ActRemoveAccess, Reason: "disposition"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sequence, results[0].Status)
	}
	back, err := p.ReadBack(ctx, "4711")
	fmt.Println(back.Presence, err)
	// Output:
	// 1042 applied
	// 1042 unchanged
	// 1041 stale
	// gone <nil>
}
