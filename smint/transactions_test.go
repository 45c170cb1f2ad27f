package smint_test

import (
	"encoding/json"
	"errors"
	"fmt"
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
