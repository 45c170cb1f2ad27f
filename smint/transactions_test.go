package smint_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

const feedRoute = "GET /consumer/v1/sync/licensePurchaseTransactions"

func TestTransactions_PagesResumeWhereTheyWereStored(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	for i := range 25 {
		w.buy(t, fmt.Sprint(i), nil, testserver.SmintVersion{})
	}
	var stored string
	var seen []string
	for page, err := range w.c.LicensePurchaseTransactions.Pages(t.Context(), "", 10) {
		require.NoError(t, err)
		for _, item := range page.Items {
			seen = append(seen, string(item.Transaction.UUID))
		}
		stored = page.Continuation
		if len(seen) == 20 {
			break
		}
	}
	require.Equal(t, 2, w.Count(feedRoute), "leaving the loop stops the requests")
	for t1, err := range w.c.LicensePurchaseTransactions.All(t.Context(), stored) {
		require.NoError(t, err)
		seen = append(seen, string(t1.UUID))
	}
	require.Len(t, seen, 25)
	all := w.c.LicensePurchaseTransactions.All(t.Context(), "")
	for range 2 {
		n := 0
		for _, err := range all {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 25, n, "ranging again starts over")
	}
	page, err := w.c.LicensePurchaseTransactions.List(t.Context(), stored, 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 5)
	_, err = w.c.LicensePurchaseTransactions.List(t.Context(), "", 101)
	require.ErrorIs(t, err, smint.ErrInvalid)
}

func TestTransactions_ARepeatedContinuationIsAnError(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	for i := range 15 {
		w.buy(t, fmt.Sprint(i), nil, testserver.SmintVersion{})
	}
	w.RepeatCursor(true)
	var last error
	n := 0
	for _, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		last = err
		if n++; n > 100 {
			break
		}
	}
	require.ErrorIs(t, last, smint.ErrCursorLoop)
	require.Equal(t, 16, n, "the items of a page that repeats its continuation are good: 10, 5, and the error")
}

// scripted has the feed answer these pages, one after the other.
func (w *tenant) scripted(pages ...string) {
	for _, page := range pages {
		w.Fail(testserver.Fault{Route: feedRoute, Status: 200, Body: page})
	}
}

// walk reads all pages, and tells the uuids, the continuations that a reader
// would have stored, and the error.
func (w *tenant) walk(t *testing.T, from string) (uuids, stored []string, last error) {
	t.Helper()
	for page, err := range w.c.LicensePurchaseTransactions.Pages(t.Context(), from, 10) {
		if err != nil {
			return uuids, stored, err
		}
		for _, item := range page.Items {
			uuids = append(uuids, string(item.Transaction.UUID))
		}
		stored = append(stored, page.Continuation)
	}
	return uuids, stored, nil
}

// TestTransactions_OnlyTheServerEndsTheFeed: pages of which nothing can be
// synced may be empty, and what they bring is their continuation.
func TestTransactions_OnlyTheServerEndsTheFeed(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	w.scripted(
		`{"count":2,"continuation_uuid":"a","license_purchase_transactions":[]}`,
		`{"count":1,"continuation_uuid":"b","license_purchase_transactions":[{"uuid":"1"}]}`,
		`{"count":3,"continuation_uuid":"c","license_purchase_transactions":null}`,
		`{"count":0,"continuation_uuid":"d","license_purchase_transactions":[]}`,
	)
	uuids, stored, err := w.walk(t, "")
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, uuids)
	require.Equal(t, []string{"a", "b", "c", "d"}, stored, "the continuation of the end is stored too: no page is read twice")
	var asked []string
	for _, e := range w.Exchanges() {
		if e.Route == feedRoute {
			asked = append(asked, e.Query)
		}
	}
	require.Equal(t, []string{"limit=10", "continuationUuid=a&limit=10", "continuationUuid=b&limit=10", "continuationUuid=c&limit=10"}, asked)

	for name, end := range map[string]string{
		"the same":   `{"count":0,"continuation_uuid":"d","license_purchase_transactions":[]}`,
		"null":       `{"count":0,"continuation_uuid":null,"license_purchase_transactions":null}`,
		"no count":   `{"license_purchase_transactions":[]}`,
		"nothing":    `{}`,
		"null count": `{"count":null}`,
	} {
		w.scripted(end)
		uuids, stored, err = w.walk(t, "d")
		require.NoError(t, err, name)
		require.Empty(t, uuids, name)
		require.Empty(t, stored, name)
	}
}

// TestTransactions_AForeignAnswerIsNoEnd: a gateway that answers 200 with JSON of
// its own has not said that nothing follows.
func TestTransactions_AForeignAnswerIsNoEnd(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	w.c = w.client(t, nil, smint.WithRetries(0))
	w.scripted(`{"maintenance":true}`)
	_, stored, err := w.walk(t, "d")
	require.ErrorIs(t, err, smint.ErrBrokenReply)
	require.ErrorContains(t, err, `expected a page of the feed, got an answer with ["maintenance"]`)
	require.Empty(t, stored)
}

// TestTransactions_AContinuationThatLeadsNowhere: items are never lost to it,
// and the walk never goes round.
func TestTransactions_AContinuationThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		pages  []string
		uuids  []string
		stored []string
	}{
		"null":     {[]string{`{"count":1,"continuation_uuid":null,"license_purchase_transactions":[{"uuid":"1"}]}`}, []string{"1"}, []string{"d"}},
		"its own":  {[]string{`{"count":1,"continuation_uuid":"d","license_purchase_transactions":[{"uuid":"1"}]}`}, []string{"1"}, []string{"d"}},
		"no items": {[]string{`{"count":5,"continuation_uuid":"d","license_purchase_transactions":[]}`}, nil, nil},
		"a circle": {[]string{
			`{"count":1,"continuation_uuid":"e","license_purchase_transactions":[{"uuid":"1"}]}`,
			`{"count":1,"continuation_uuid":"d","license_purchase_transactions":[{"uuid":"2"}]}`,
		}, []string{"1", "2"}, []string{"e", "e"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, nil)
			w.scripted(row.pages...)
			uuids, stored, err := w.walk(t, "d")
			require.ErrorIs(t, err, smint.ErrCursorLoop)
			require.Equal(t, row.uuids, uuids)
			require.Equal(t, row.stored, stored, "and the stored continuation never goes back")
		})
	}
}

// TestTransactions_OneBrokenItemLeavesTheOthers, and names itself.
func TestTransactions_OneBrokenItemLeavesTheOthers(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	w.buy(t, "1", nil, testserver.SmintVersion{})
	require.NoError(t, w.Emit([]byte(`{"uuid":"2","purchased_at":"yesterday"}`)))
	require.NoError(t, w.Emit([]byte(`{"uuid":"3","license_terms":{"a":1}}`)))
	require.NoError(t, w.Emit([]byte(`null`)))
	w.buy(t, "4", nil, testserver.SmintVersion{})
	var good, broken []string
	for t1, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		if err != nil {
			require.ErrorIs(t, err, smint.ErrBrokenItem)
			item, ok := errors.AsType[*smint.ItemError](err)
			require.True(t, ok)
			require.NotEmpty(t, item.Raw)
			broken = append(broken, string(item.UUID))
			continue
		}
		good = append(good, string(t1.UUID))
	}
	require.Equal(t, []string{"1", "4"}, good)
	require.Equal(t, []string{"2", "3", ""}, broken)
}

func TestTransactions_TheFullShapeAndItsExactBytes(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	w.buy(t, "79468", testserver.SmintJSON{"state": "signed_off", "new_member": []any{1, "x"}}, testserver.SmintVersion{})
	page, err := w.c.LicensePurchaseTransactions.List(t.Context(), "", 10)
	require.NoError(t, err)
	tx := page.Items[0].Transaction
	require.Equal(t, string(w.Transaction("79468")), string(tx.Raw))
	require.False(t, tx.State.Known(), "an unknown state is kept")
	require.Equal(t, smint.TransactionState("signed_off"), tx.State)
	require.True(t, tx.Syncable())
	require.NotEmpty(t, tx.Cart)
	require.NotNil(t, tx.PurchasedAt)
	require.Equal(t, time.UTC, tx.PurchasedAt.UTC().Location())
	require.NotEmpty(t, tx.ProjectName.In("en"))
	require.NotEmpty(t, tx.EffectiveText().In("en"))
	require.Equal(t, smint.ContentImage, tx.ContentElement.ContentType)
	require.Equal(t, smint.LicenseRoyaltyFree, tx.Offering.LicenseType)
	require.NotEmpty(t, tx.PurchasedByName)
}

// tags are the JSON names of a struct's fields, those of its details included.
func tags(v any) []string {
	var list []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if name := strings.Split(f.Tag.Get("json"), ",")[0]; name != "" && name != "-" {
			list = append(list, name)
		}
	}
	return list
}

// TestTransactions_EveryRecordedMemberHasAField.
func TestTransactions_EveryRecordedMemberHasAField(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	terms := testserver.SmintTerm(1, "Default", testserver.SmintJSON{"valid_until": "2027-05-06T00:00:00Z"})
	p := testserver.SmintPurchase{UUID: "79468", Title: "Mouse", German: "Maus", Keywords: []string{"mouse"}, AI: true, Terms: []testserver.SmintJSON{terms}, Reuses: "1"}
	require.NoError(t, w.Emit(p.Payload(), testserver.SmintBinary{UUID: "1", SmintVersion: version(nil)}))
	page, err := w.c.LicensePurchaseTransactions.List(t.Context(), "", 10)
	require.NoError(t, err)
	tx := page.Items[0].Transaction
	var raw struct {
		Element  map[string]json.RawMessage   `json:"content_element"`
		Offering map[string]json.RawMessage   `json:"offering"`
		Text     map[string]json.RawMessage   `json:"license_text"`
		Terms    []map[string]json.RawMessage `json:"license_terms"`
	}
	var whole map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(tx.Raw, &whole))
	require.NoError(t, json.Unmarshal(tx.Raw, &raw))
	for what, row := range map[string]struct {
		members map[string]json.RawMessage
		known   []string
	}{
		"transaction": {whole, tags(*tx)}, "content element": {raw.Element, tags(*tx.ContentElement)}, "offering": {raw.Offering, tags(*tx.Offering)},
		"license text": {raw.Text, tags(*tx.LicenseText)}, "terms": {raw.Terms[0], tags(tx.LicenseTerms[0])},
	} {
		require.NotEmpty(t, row.members, what)
		for name := range row.members {
			require.Contains(t, row.known, name, what)
		}
	}
	require.Equal(t, json.Number("119.00"), *tx.TotalPriceEUR, "with all its digits")
	require.NotNil(t, tx.CollectionElementAddedAt)
	require.Equal(t, "landscape", tx.ContentElement.ImageDetails.Orientation)
	require.Equal(t, 240, *tx.ContentElement.Previews[0].Preview.Thumbnail.Width)
	require.Equal(t, "Provider page", tx.ContentElement.ProviderURLs[0].Element.Name)
	require.True(t, *tx.ContentElement.IsAI)
	require.Equal(t, "Chris Contact", tx.Offering.ProviderConfigurationContactPerson)
	require.Equal(t, 1200, *tx.Offering.ImageDetails.Width)
	require.Equal(t, "Standard", tx.Offering.OfferingName)
	require.Equal(t, smint.ContentElementUUID(fmt.Sprint(tx.ContentElement.UUID)), tx.ContentElement.UUID)
	require.Contains(t, string(tx.ContentElement.UUID), ":", "ids are opaque")

	// What no decision rests on may have any shape: it is left out, and only it.
	odd, err := smint.DecodeTransaction([]byte(`{"uuid":"1","total_price_eur":{"amount":1},"total_price_usd":5,
		"offering":{"license_type":"royalty_free","size":7,"offering_name":"Standard","image_details":"large"},"content_element":{"uuid":"2","previews":"none","is_premium":true}}`))
	require.NoError(t, err)
	require.Nil(t, odd.TotalPriceEUR)
	require.Equal(t, json.Number("5"), *odd.TotalPriceUSD)
	require.Equal(t, "Standard", odd.Offering.OfferingName)
	require.Empty(t, odd.Offering.Size)
	require.True(t, *odd.ContentElement.IsPremium)
	require.Contains(t, string(odd.Raw), `"amount":1`)
	odd, err = smint.DecodeTransaction([]byte(`{"uuid":"1","collection_content_element_created_at":"yesterday","total_price_usd":5,"total_price_eur":"five"}`))
	require.NoError(t, err)
	require.Nil(t, odd.CollectionElementAddedAt)
	require.Nil(t, odd.TotalPriceEUR)
	require.Equal(t, json.Number("5"), *odd.TotalPriceUSD)
}

// TestDecode_AbsentNullAndFalseDiffer: a missing flag is never turned into an
// answer.
func TestDecode_AbsentNullAndFalseDiffer(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]*bool{`{}`: nil, `{"can_be_synced":null}`: nil, `{"can_be_synced":false}`: new(false), `{"can_be_synced":true}`: new(true)} {
		tx, err := smint.DecodeTransaction([]byte(`{"uuid":"1",` + raw[1:]))
		if raw == `{}` {
			tx, err = smint.DecodeTransaction([]byte(`{"uuid":"1"}`))
		}
		require.NoError(t, err)
		require.Equal(t, want, tx.CanBeSynced, raw)
		require.Equal(t, want != nil && *want, tx.Syncable())
	}
	tx, err := smint.DecodeTransaction([]byte(`{"uuid":79468,"license_terms":null,"license_download_constraints":{},"project_name":null,"content_element":null}`))
	require.NoError(t, err)
	require.Equal(t, smint.TransactionUUID("79468"), tx.UUID, "ids are opaque, a number too")
	require.Empty(t, tx.ProjectName.In("en"))
	require.Nil(t, tx.EditorialUse())
}

func TestDecode_EditorialUseOfSeveralTerms(t *testing.T) {
	t.Parallel()
	for terms, want := range map[string]*bool{
		`[]`: nil, `[{}]`: nil, `[{"is_editorial_use":false},{}]`: new(false), `[{"is_editorial_use":false},{"is_editorial_use":true}]`: new(true),
	} {
		tx, err := smint.DecodeTransaction([]byte(`{"uuid":"1","license_terms":` + terms + `}`))
		require.NoError(t, err)
		require.Equal(t, want, tx.EditorialUse(), terms)
	}
}

func TestTerms_UnknownMembersAreKept(t *testing.T) {
	t.Parallel()
	var terms smint.LicenseTerms
	require.NoError(t, json.Unmarshal([]byte(`{"sequence_number":1,"moral_rights":"reserved","allowed_usages":null}`), &terms))
	require.Equal(t, map[string]json.RawMessage{"moral_rights": json.RawMessage(`"reserved"`)}, terms.Unknown)
}

func TestLocalizedText_FallsBackAsTheVendorDoes(t *testing.T) {
	t.Parallel()
	text := smint.LocalizedText{{Culture: "en", Value: "Mouse"}, {Culture: "de-AT", Value: "Maus"}, {Culture: "en", Value: "Second"}}
	require.Equal(t, "Maus", text.In("de"))
	require.Equal(t, "Mouse", text.In("fr"))
	require.Equal(t, "Topo", smint.LocalizedText{{Culture: "it", Value: "Topo"}}.In("fr"))
	require.Equal(t, []string{"en"}, text.Doubles())
	require.Equal(t, map[string]string{"de": "Maus", "fr": "Mouse"}, text.Only("de", "fr"), "English fills, unless it is imported itself")
	require.Equal(t, map[string]string{"de": "Maus", "en": "Mouse"}, text.Only("de", "en", "fr"))
	require.Equal(t, map[string]string{"de": "Maus", "en": "Mouse"}, text.Only())
}

func TestMetadata_ResolvesKeys(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	m, err := w.c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	require.Len(t, m, 15)
	require.Equal(t, "Bild", m["content_types"].Name("image", "de"))
	require.Equal(t, "hologram", m["content_types"].Name("hologram", "de"), "an unknown key is its own name")
	require.NoError(t, w.SetMetadata("providers", nil))
	m, err = w.c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	require.Empty(t, m["providers"])
	require.NoError(t, w.SetMetadata(smint.ListLicenseTypes, []any{5}))
	require.NoError(t, w.SetMetadata("new_in_2027", []any{5}))
	m, err = w.c.Metadata.Generic(t.Context())
	require.ErrorIs(t, err, smint.ErrBrokenItem)
	require.ErrorContains(t, err, "license_types")
	require.NotContains(t, err.Error(), "new_in_2027")
	require.Equal(t, "Bild", m[smint.ListContentTypes].Name("image", "de"), "the others are there")
}

func TestBinaries_MalformedOnesAreReportedBesideTheOthers(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, testserver.SmintVersion{FileName: "a.jpg"})
	w.Fail(testserver.Fault{Route: "GET /consumer/*", Where: nil, Kind: testserver.Refuse, Status: 200, Body: `[{"uuid":"1","version":null},{"uuid":{}},{"version":2}]`})
	_ = w.c.Identity.Login(t.Context())
	list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.ErrorIs(t, err, smint.ErrBrokenItem)
	require.Len(t, list, 1)
	require.Equal(t, 1, list[0].EffectiveVersion())
	require.Nil(t, list[0].Version)
}

func TestBinaries_TheAddressIsASecret(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, testserver.SmintVersion{FileName: "a.jpg", Content: testserver.SmintBytes([]byte("x"))})
	list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.NoError(t, err)
	require.NotEmpty(t, list[0].DownloadURL.Reveal())
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v", list[0], list[0], list[0]), string(list[0].Raw)} {
		require.NotContains(t, shown, "sig=")
	}
}

// TestBinaries_AreKeptByteForByte, but for their address.
func TestBinaries_AreKeptByteForByte(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, testserver.SmintVersion{})
	w.scriptedBinaries(`[{ "version" : 1.0e0, "uuid":"1",  "new":[1, 2],"Download_URL" : "https://x.smint.io/?sig=canary","download_url":null, "name":null }]`)
	list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.ErrorIs(t, err, smint.ErrBrokenItem, "1.0e0 is no version")
	require.Empty(t, list)
	w.scriptedBinaries(`[{ "version" : 1, "uuid":"1",  "new":[1, 2.50],"Download_URL" : "https://x.smint.io/?sig=canary", "name":null }]`)
	list, err = w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.NoError(t, err)
	require.Equal(t, "https://x.smint.io/?sig=canary", list[0].DownloadURL.Reveal())
	exact := []byte(`{ "version" : 1, "uuid":"1",  "new":[1, 2.50],"Download_URL" : "[redacted]", "name":null }`)
	require.True(t, bytes.Equal(exact, list[0].Raw), "%s", list[0].Raw)
}

func (w *tenant) scriptedBinaries(body string) {
	w.Fail(testserver.Fault{Route: "GET /consumer/v1/sync/cartPurchaseTransactions/*", Status: 200, Body: body})
}

func FuzzDecodeTransaction(f *testing.F) {
	f.Add([]byte(`{"uuid":"1","license_terms":[{"valid_until":"2027-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"uuid":1e400}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := smint.DecodeTransaction(raw)
		if err == nil && (tx.UUID == "" || string(tx.Raw) != string(raw)) {
			t.Fatalf("%q", raw)
		}
		if err != nil && !errors.Is(err, smint.ErrBrokenItem) {
			t.Fatal(err)
		}
	})
}
