package push_test

import (
	"context"
	"fmt"

	"github.com/smintecm/sdk/smint/push"
	"github.com/smintecm/sdk/smint/sminttest"
)

// A notice is a hint: what changed is read from the feed, once for whatever
// came meanwhile.
func ExampleListen() {
	s, err := sminttest.NewServer(sminttest.Options{})
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
	s.PushOnChange(true)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	continuation, bought := "", false
	err = push.Listen(ctx, c.Notifications, push.Options{ChannelID: s.ChannelID(), URL: s.PushURL()}, func(ctx context.Context) error {
		for page, err := range c.LicensePurchaseTransactions.Pages(ctx, continuation, 0) {
			if err != nil {
				return nil // the next hint tries again
			}
			for _, item := range page.Items {
				fmt.Println("new:", item.Transaction.UUID)
				cancel() // enough for an example
			}
			continuation = page.Continuation
		}
		if !bought {
			bought = true // somebody buys a picture, after the first pull
			return s.Purchase("79468", "Mouse", nil, sminttest.File{UUID: "1", FileName: "mouse.jpg", Content: []byte("x")})
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// new: 79468
	// context canceled
}
