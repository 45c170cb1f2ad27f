package adapter_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	"github.com/smintecm/sdk/smint/sminttest"
)

// contents opens the bytes of a record at their source.
func contents(_ context.Context, a adapter.Asset, _ string) (*adapter.Content, error) {
	text := "content of " + a.ExternalID
	return &adapter.Content{ReadCloser: io.NopCloser(strings.NewReader(text)), Size: int64(len(text)), MediaType: "text/plain"}, nil
}

func contract(external string, until time.Time) adapter.Asset {
	return adapter.Asset{
		ID: "otcs-" + external, ExternalID: external, Version: "1", ETag: "sha256:" + external, ContentType: "document",
		Name:     smint.LocalizedText{{Culture: "x-default", Value: "Contract " + external}},
		Approved: true, Access: adapter.Full, Until: until,
	}
}

// A feed in a folder, served to the data adapter at Smint.io. What may not be
// shown is not there, and what has expired says so and gives no bytes.
func ExampleNewHandler() {
	feed, err := adapter.OpenFeed("", adapter.FeedOptions{Contents: contents}) // a folder keeps it across restarts
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, ended := context.Background(), time.Now().Add(-time.Hour)
	unapproved := contract("4713", time.Time{})
	unapproved.Approved = false
	for _, a := range []adapter.Asset{contract("4711", time.Time{}), contract("4712", ended), unapproved} {
		if _, err := feed.Publish(ctx, a, 1); err != nil {
			fmt.Println(err)
			return
		}
	}
	handler, err := adapter.NewHandler(feed, adapter.Options{Authenticate: adapter.Bearer("secret of the adapter")})
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	for _, path := range []string{"/assets/otcs-4711/content", "/assets/otcs-4712", "/assets/otcs-4712/content", "/assets/otcs-4713"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/adapter/v1"+path, http.NoBody)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer secret of the adapter")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(path, resp.StatusCode)
	}
	// Output:
	// /assets/otcs-4711/content 200
	// /assets/otcs-4712 200
	// /assets/otcs-4712/content 404
	// /assets/otcs-4713 404
}

// Publishing is idempotent by external id and sequence. What is taken away is
// refused at once, and gone from the portal after its next poll.
func ExamplePublisher() {
	feed, err := adapter.OpenFeed("", adapter.FeedOptions{Contents: contents})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := adapter.NewHandler(feed, adapter.Options{Authenticate: adapter.Bearer("secret of the adapter")})
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	s, err := sminttest.NewServer(sminttest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() //nolint:errcheck // an example
	driver := s.NewDriver(srv.URL+"/adapter/v1", "secret of the adapter")
	p := &adapter.Publisher{Feed: feed, Render: func(_ context.Context, item smint.Publication) (adapter.Asset, error) {
		return contract(item.ExternalID, time.Time{}), nil
	}}
	ctx := context.Background()
	for _, item := range []smint.Publication{
		{ExternalID: "4711", Sequence: 1, Action: smint.ActPublish},
		{ExternalID: "4711", Sequence: 3, Action: smint.ActRemoveAccess, Reason: "disposed"},
		{ExternalID: "4711", Sequence: 2, Action: smint.ActPublish}, // an older word, late
	} {
		results, err := p.Publish(ctx, item)
		if err == nil {
			err = driver.Poll(ctx)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.Action, results[0].Status, "shown:", len(s.Sights()))
	}
	// Output:
	// publish applied shown: 1
	// remove_access applied shown: 0
	// publish stale shown: 0
}
