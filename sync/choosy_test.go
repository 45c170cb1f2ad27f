package sync_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// choosy gives the world a category in which one attribute is otherwise.
func (w *world) choosy(name string, change func(*testserver.ECMAttribute)) {
	list, found := attributes(), false
	for i := range list {
		if list[i].Label == name {
			change(&list[i])
			found = true
		}
	}
	require.True(w.t, found, name)
	w.category = w.ecm.AddCategory("Choosy", list...)
	w.config.Policy.Category = ecm.NodeID(w.category)
	w.scope = w.newScope()
}

func readOnly(a *testserver.ECMAttribute) { a.ReadOnly = true }

func takes(choices ...string) func(*testserver.ECMAttribute) {
	return func(a *testserver.ECMAttribute) { a.Choices = choices }
}

// TestScope_CheckNamesAttributesThatDoNotTakeWhatIsWritten before anything is
// declared: later each record would fail by itself, or be left half told.
func TestScope_CheckNamesAttributesThatDoNotTakeWhatIsWritten(t *testing.T) {
	t.Parallel()
	required := func(a *testserver.ECMAttribute) { a.Required = true }
	for name, tc := range map[string]struct {
		attribute string
		change    func(*testserver.ECMAttribute)
		want      string
	}{
		"read-only":                            {"Project", readOnly, `attribute "Project" is read-only: let the user write it`},
		"read-only, of the rights":             {"Rights Status", readOnly, `attribute "Rights Status" is read-only`},
		"read-only, of nobody":                 {"Owner", readOnly, ""},
		"a list for the key":                   {"Record key", takes("a", "b"), `attribute "Record key" takes ["a" "b"] only: record_key differs from record to record`},
		"a list for the digest":                {"Digest", takes("a"), `attribute "Digest" takes ["a"] only`},
		"a list that may do":                   {"Content type", takes("image"), ""},
		"required, and not always there":       {"Project", required, `attribute "Project" is required, and not every document of a record has a value for it`},
		"required, and of nobody":              {"Owner", required, `attribute "Owner" is required`},
		"required, and written a moment later": {"Digest", required, `attribute "Digest" is required`},
		"required, and always there":           {"Record key", required, ""},
		"required, with a default":             {"Owner", func(a *testserver.ECMAttribute) { a.Required, a.Default = true, "DAM" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.choosy(tc.attribute, tc.change)
			err := w.scope.Check(t.Context())
			report, failed := recsync.Check(t.Context(), w.scope, recsync.CheckOptions{})
			require.NoError(t, failed)
			if tc.want != "" {
				require.ErrorIs(t, err, recsync.ErrSetup)
				require.ErrorContains(t, err, tc.want)
				require.Contains(t, report.String(), tc.want)
				return
			}
			require.NoError(t, err)
			a := w.asset("1", picture(10))
			r := mustDeclare(w, a)
			_, err = recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
			require.NoError(t, err, "what the check lets pass is enough for a record and its rights")
		})
	}
}

// TestDeclareRecord_SendsNoValueThatAnAttributeDoesNotTake: a server refuses the
// whole upload then, or leaves the value out and says nothing. A value that is
// not on a list concerns one asset, a read-only attribute all of them.
func TestDeclareRecord_SendsNoValueThatAnAttributeDoesNotTake(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		attribute string
		change    func(*testserver.ECMAttribute)
		is        error
		says      string
	}{
		"a list":               {"Media type", takes("image/png", "image/tiff"), recsync.ErrMetadata, `attribute "Media type" takes ["image/png" "image/tiff"] only, not "image/jpeg"`},
		"a list of the rights": {"Rights Status", takes("ok"), recsync.ErrMetadata, `attribute "Rights Status" takes ["ok"] only, not "allowed"`},
		"read-only":            {"Media type", readOnly, recsync.ErrSetup, `attribute "Media type" is read-only`},
	} {
		w := newWorld(t, nil)
		w.choosy(tc.attribute, tc.change)
		a := w.asset("1", picture(10))
		w.ecm.AddFolder(w.root, a.Key.Folder())
		_, err := w.declare(a)
		require.ErrorIs(t, err, tc.is, name)
		require.ErrorContains(t, err, tc.says, name)
		require.Empty(t, w.writes(), name)
	}

	w := newWorld(t, nil)
	w.choosy("Media type", takes("image/png"))
	w.buy("1", picture(10), nil)
	r := w.follow(w.store(), recsync.FollowOptions{})
	require.Equal(t, 1, r.Quarantined, "one asset's value stops no feed")
	require.Equal(t, recsync.QueueMetadata, r.Quarantine[0].Queue)
}

// TestTransferRights_SendsNoValueThatAnAttributeDoesNotTake, and says so before
// it keeps a document.
func TestTransferRights_SendsNoValueThatAnAttributeDoesNotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.choosy("Rights Status", takes("allowed", "needs review"))
	w.config.Policy.KeepOpen = true
	w.scope = w.newScope()
	r := mustDeclare(w, w.asset("1", picture(10)))
	request := recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")}
	_, err := recsync.TransferRights(t.Context(), w.scope, request)
	require.NoError(t, err, "nothing but what is on the list")

	p := w.purchase("1", nil)
	p.Terms[0]["valid_until"] = testserver.SmintTime(w.clock.Now().Add(-days(2)))
	require.NoError(t, w.smint.Emit(p.Payload(), w.file("1", "1", picture(10))))
	w.ecm.Forget()
	request.Source = w.smint.Transaction("1")
	_, err = recsync.TransferRights(t.Context(), w.scope, request)
	require.ErrorIs(t, err, recsync.ErrMetadata)
	require.ErrorContains(t, err, `"Rights Status" takes ["allowed" "needs review"] only, not "denied"`)
	require.Empty(t, w.writes())
}

// TestDeclareRecord_ADocumentBesideItFitsTheCategoryToo.
func TestDeclareRecord_ADocumentBesideItFitsTheCategoryToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.choosy("Source", takes("Smint.io "+records.SourcePurchase.String()))
	r := mustDeclare(w, w.asset("1", picture(10)))
	w.ecm.Forget()
	_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
	require.ErrorIs(t, err, recsync.ErrMetadata)
	require.ErrorContains(t, err, `not "Smint.io rights"`)
	require.Zero(t, w.written()["POST /v2/nodes"])
}

// TestSyncMetadata_KnowsWhatAnAttributeTakes: a value of the portal that the
// record does not take is told of, from its first day on, and never sent. Where
// the list is widened it comes over.
func TestSyncMetadata_KnowsWhatAnAttributeTakes(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*testserver.ECMAttribute){
		`attribute "Owner" is read-only`:                          readOnly,
		`attribute "Owner" takes ["Dana" "Otto" "Designer"] only`: takes("Dana", "Otto", "Designer"),
	} {
		w, _ := newMetadataWorld(t, nil)
		w.choosy("Owner", change)
		w.finish("kv-2", "1", "e1", picture(800), approved(testserver.SmintJSON{"owner": "Dana Designer", "campaign": "Summer"}))
		_, items := w.followPortal(w.store(), recsync.FollowOptions{})
		born := items["acme/asset/99:image:kv-2/1"].Receipt
		require.Contains(t, strings.Join(born.Findings, "\n"), "metadata owner: "+says)
		node, _ := w.ecm.Node(int64(born.Record.Node()))
		require.Empty(t, w.value(node, "Owner"))
		require.Equal(t, "Summer", w.value(node, "Project"), "the other fields come over")

		w.ecm.Forget()
		_, fields, err := w.syncMetadata(born.Record)
		require.NoError(t, err, says)
		require.Equal(t, recsync.FieldRefused, fields["owner"].State)
		require.Contains(t, fields["owner"].Reason, says)
		node, _ = w.ecm.Node(int64(born.Record.Node()))
		require.Empty(t, w.value(node, "Owner"))
	}

	w, _ := newMetadataWorld(t, nil)
	w.choosy("Sync baseline", readOnly)
	require.ErrorContains(t, w.scope.Check(t.Context()), `attribute "Sync baseline" is read-only: the baseline is written there`)
}
