package records_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

var acme = records.MustScopeID("acme")

func TestRecordKey_IsAFunctionOfTheSourceIDs(t *testing.T) {
	t.Parallel()
	k, err := records.NewPurchaseKey(acme, "79468", "1", 2)
	require.NoError(t, err)
	require.Equal(t, "acme/purchase/79468/1/2", k.String())
	// printf %s acme/purchase/79468/1/2 | sha256sum
	require.Equal(t, "79468-1-v2 ["+k.Hash().Hex()[:16]+"]", k.NodeName())
	require.Equal(t, records.MustRecordKey("acme/purchase/79468/other/9").Folder(), k.Folder(), "all records of a purchase lie together")
	require.Equal(t, "79468-1-v2 rights ["+k.Short()+"]", k.CompanionName(records.CompanionRights))
	require.Equal(t, "2", k.Version())
	require.NoError(t, k.In(acme))
	require.ErrorIs(t, k.In(records.MustScopeID("other")), records.ErrForeignScope)
}

func TestRecordKey_OfAnAggregateFollowsItsComposition(t *testing.T) {
	t.Parallel()
	one, two := records.MustRecordKey("acme/purchase/79468/1/1"), records.MustRecordKey("acme/purchase/79468/2/1")
	updated := records.MustRecordKey("acme/purchase/79468/2/2")
	a, err := records.NewAggregateKey(acme, "79468", []records.RecordKey{one, two})
	require.NoError(t, err)
	b, err := records.NewAggregateKey(acme, "79468", []records.RecordKey{two, one})
	require.NoError(t, err)
	c, err := records.NewAggregateKey(acme, "79468", []records.RecordKey{one, updated})
	require.NoError(t, err)
	require.Equal(t, a, b, "the order of the members makes no difference")
	require.NotEqual(t, a, c, "another version of a member makes another aggregate")
	require.True(t, a.SameAsset(c))
	require.True(t, strings.HasPrefix(a.NodeName(), "79468-all-"), a.NodeName())

	for name, members := range map[string][]records.RecordKey{
		"none": nil, "twice": {one, one}, "foreign transaction": {one, records.MustRecordKey("acme/purchase/8/2/1")},
		"foreign scope": {records.MustRecordKey("other/purchase/79468/1/1")}, "no purchase": {records.MustRecordKey("acme/asset/79468/1")},
	} {
		_, err := records.NewAggregateKey(acme, "79468", members)
		require.ErrorIs(t, err, records.ErrInvalid, name)
	}
}

func TestRecordKey_ReportsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := records.NewPurchaseKey(records.ScopeID{}, "", "a\nb", 0)
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"scope is", "transaction is", "binary is", "version is"} {
		require.ErrorContains(t, err, field)
	}
}

func TestRecordKey_ParsesOnlyItsCanonicalText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "acme", "acme/purchase/79468/1", "acme/purchase/79468/1/0", "acme/purchase/79468/1/02", "acme/purchase/79468/1/2/",
		"Acme/purchase/79468/1/2", "acme/asset/a b/1", "acme/asset/%41/1", "acme/asset/%c3%a4/1", "acme/asset/%/1", "acme/asset/%zz/1",
		"acme/asset//1", "acme/unknown/a/1", "acme/aggregate/a/xyz", "acme/aggregate/a/9F2C51D00AB34E77", "acme/asset/a%00b/1", "acme/asset/%FF/1",
	} {
		_, err := records.ParseRecordKey(s)
		require.ErrorIs(t, err, records.ErrInvalid, s)
	}
	k, err := records.NewAssetKey(acme, "Ä/../2:0", "1.0")
	require.NoError(t, err)
	require.Equal(t, "acme/asset/%C3%84%2F..%2F2:0/1.0", k.String())
	require.Equal(t, "_____2_0-v1_0 ["+k.Short()+"]", k.NodeName())
}

func genKey(t *rapid.T) records.RecordKey {
	id := rapid.StringMatching(`[^\x00-\x1f\x7f-\x9f]{1,80}`)
	scope := records.MustScopeID(rapid.StringMatching(`[a-z0-9]{1,8}`).Filter(func(s string) bool {
		_, err := records.ParseScopeID(s)
		return err == nil
	}).Draw(t, "scope"))
	var k records.RecordKey
	var err error
	if rapid.Bool().Draw(t, "purchase") {
		k, err = records.NewPurchaseKey(scope, id.Draw(t, "transaction"), id.Draw(t, "binary"), rapid.IntRange(1, 1<<30).Draw(t, "version"))
	} else {
		k, err = records.NewAssetKey(scope, id.Draw(t, "asset"), id.Draw(t, "version"))
	}
	if err != nil {
		t.Skip(err) // longer than an id may be, in bytes.
	}
	return k
}

func TestRecordKey_RoundTripsAndNamesSafely(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := genKey(t)
		back, err := records.ParseRecordKey(k.String())
		if err != nil || back != k {
			t.Fatalf("%s came back as %s: %v", k, back, err)
		}
		for _, name := range []string{k.NodeName(), k.CompanionName(records.CompanionEvidence)} {
			if n := len(name); n == 0 || n > records.MaxNodeName {
				t.Fatalf("%q has %d characters", name, n)
			}
			if bad := strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~ []"); bad != "" {
				t.Fatalf("%q contains %q", name, bad)
			}
		}
		if len(k.Folder()) != 2 || strings.Trim(k.Folder(), "0123456789abcdef") != "" {
			t.Fatalf("folder %q of %s", k.Folder(), k)
		}
	})
}

func TestRecordKey_DifferentKeysHaveDifferentNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := genKey(t), genKey(t)
		if (a == b) != (a.NodeName() == b.NodeName()) || (a == b) != (a.String() == b.String()) {
			t.Fatalf("%s and %s: %q and %q", a, b, a.NodeName(), b.NodeName())
		}
	})
}

func FuzzParseRecordKey(f *testing.F) {
	f.Add("acme/purchase/79468/1/2")
	f.Add("acme/asset/%C3%84%2F..%2F2:0/1.0")
	f.Add("acme/aggregate/79468/9f2c51d00ab34e77")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := records.ParseRecordKey(s)
		if (err == nil) != k.IsValid() {
			t.Fatalf("%q: %v, %v", s, k, err)
		}
		if err == nil && k.String() != s {
			t.Fatalf("%q reads as %q", s, k)
		}
	})
}

func TestScopeID_RefusesWhatSystemsConfuse(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "Acme", "-a", "a-", "a b", "ä", "con", "nul.x", "com1", "lpt9.y", "a/b", strings.Repeat("a", 65)} {
		_, err := records.ParseScopeID(s)
		require.ErrorIs(t, err, records.ErrInvalid, s)
	}
	for _, s := range []string{"a", "acme", "acme-spring.eu_2026", "7", "console", "com10"} {
		id, err := records.ParseScopeID(s)
		require.NoError(t, err, s)
		require.Equal(t, s, id.String())
	}
}

// TestCompanionNumber_TellsEachOfASeries and nothing else.
func TestCompanionNumber_TellsEachOfASeries(t *testing.T) {
	t.Parallel()
	k := records.MustRecordKey("acme/purchase/79468/1/2")
	require.Equal(t, k.CompanionName(records.CompanionRights), k.CompanionNameOf(records.CompanionRights, 1))
	require.Equal(t, "79468-1-v2 rights 2 ["+k.Short()+"]", k.CompanionNameOf(records.CompanionRights, 2))
	for _, n := range []int{1, 2, 3, 10, 999} {
		require.Equal(t, n, k.CompanionNumber(records.CompanionRights, k.CompanionNameOf(records.CompanionRights, n)))
	}
	for _, name := range []string{
		"", k.NodeName(), k.CompanionName(records.CompanionStub), "79468-1-v2 rights 02 [" + k.Short() + "]", "79468-1-v2 rights 1 [" + k.Short() + "]",
		"79468-1-v2 rights -2 [" + k.Short() + "]", "79468-1-v3 rights 2 [" + k.Short() + "]", "79468-1-v2 rights 2 [0000000000000000]", "rights 2",
	} {
		require.Zero(t, k.CompanionNumber(records.CompanionRights, name), name)
	}
	require.Zero(t, records.RecordKey{}.CompanionNumber(records.CompanionRights, ""))
	require.Empty(t, k.CompanionNameOf(records.CompanionRights, 0))
	require.Empty(t, k.CompanionNameOf(records.CompanionUnknown, 2))
}
