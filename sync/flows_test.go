package sync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF1_APurchaseBecomesARecord begins with a person who buys a picture, and
// ends by asking ECM with plain net/http. The portal asset's way is
// TestF1_AnApprovedPortalAssetBecomesARecord.
func TestF1_APurchaseBecomesARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	content := picture(9000)
	w.buy("79468", content, nil)
	var declared recsync.ItemResult
	result := w.follow(w.store(), recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { declared = r }})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", result.String())

	plain := w.plainECM()
	n, ok := plain.documents(w.root)[records.MustRecordKey("acme/purchase/79468/1/1").NodeName()]
	require.True(t, ok, "the record stands under the name that its key gives")
	require.Equal(t, int64(declared.Receipt.Record.Node()), n.ID)
	require.Equal(t, content, plain.content(n.ID), "byte for byte what was bought")
	plain.says(fmt.Sprintf("/v2/nodes/%d/categories/%d", n.ID, w.category), "acme/purchase/79468/1/1", "Pat Buyer", "2025-05-06", "Spring campaign",
		records.DigestOf(content).String(), "Picture 79468")
	plain.says(fmt.Sprintf("/v1/nodes/%d/rmclassifications", n.ID), fmt.Sprint(w.class), "MKT-07", "ACTIVE", `"canFinalize":false`)

	w.ecm.Forget()
	again := w.follow(w.store(), recsync.FollowOptions{FromStart: true})
	require.Equal(t, 1, again.Unchanged, "it becomes a record once")
	require.Empty(t, w.writes())
}

// TestF2_RightsTravelWithTheRecord begins with a purchase whose license ends, and
// ends by reading attributes and rights document with plain net/http: what may
// be done is decided from them, before the end and after it.
func TestF2_RightsTravelWithTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	end := w.clock.Now().AddDate(0, 2, 0).UTC().Truncate(24 * time.Hour)
	p := w.purchase("79468", testserver.SmintJSON{"brand_new_field": testserver.SmintJSON{"a": 1}})
	p.Terms[0] = testserver.SmintMerge(p.Terms[0], testserver.SmintJSON{"valid_until": end.Format(time.RFC3339)})
	require.NoError(t, w.smint.Emit(p.Payload(), w.file("79468", "1", picture(900))))
	w.follow(w.store(), recsync.FollowOptions{})

	plain, key := w.plainECM(), records.MustRecordKey("acme/purchase/79468/1/1")
	documents := plain.documents(w.root)
	record, rights := documents[key.NodeName()], documents[key.CompanionName(records.CompanionRights)]
	plain.says(fmt.Sprintf("/v2/nodes/%d/categories/%d", record.ID, w.category), "allowed", end.Format(time.DateOnly), "royalty_free", "Acme GmbH")
	plain.says(fmt.Sprintf("/v1/nodes/%d/xrefs", record.ID), fmt.Sprintf(`"xref_id":"%d"`, rights.ID), `"RIGHTS"`)
	plain.says(fmt.Sprintf("/v1/nodes/%d/rmclassifications", rights.ID), fmt.Sprint(w.class))
	files := unzip(t, plain.content(rights.ID))
	require.Equal(t, string(w.smint.Transaction("79468")), files["source.json"], "the vendor's own bytes, unknown keys included")
	require.Contains(t, files["odrl.json"], end.Format(time.DateOnly))
	require.Contains(t, files["rights.xmp"], "xmpmeta")
	statement, err := rightsmap.Read([]byte(files["source.json"]))
	require.NoError(t, err)
	require.Equal(t, rightsmap.Allowed, statement.Standing(w.clock.Now()).Verdict)

	w.clock.Move(90 * 24 * time.Hour)
	d := statement.Standing(w.clock.Now())
	require.Equal(t, rightsmap.Denied, d.Verdict, "what stands in ECM says by itself that the license has ended")
	require.Equal(t, "valid-until", d.Rule)
	receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: w.all()[key.String()].Record, Source: w.smint.Transaction("79468")})
	require.NoError(t, err)
	require.Contains(t, receipt.Rights, "denied: the license ended on "+end.Format(time.DateOnly), "and so does the primitive")
	require.Equal(t, recsync.Unchanged, receipt.Change, "the end of a license is no new word about it")
}

// TestR8_OtherBytesUnderTheSameVersionAreQuarantined, where the policy has the
// source read again: the approval was given for the bytes that stand.
func TestR8_OtherBytesUnderTheSameVersionAreQuarantined(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Reread = true })
	store := w.store()
	w.buy("1", picture(500), nil)
	w.follow(store, recsync.FollowOptions{})
	require.NoError(t, w.smint.Emit(w.smint.Transaction("1"), w.file("1", "1", picture(600))))
	r := w.follow(store, recsync.FollowOptions{})
	require.Len(t, r.Quarantine, 1)
	require.Equal(t, recsync.QueueBytes, r.Quarantine[0].Queue)
	require.Len(t, w.records(), 1)
	require.Equal(t, picture(500), w.storedBytes(w.records()[0].ID), "the record stays what it is")
}
