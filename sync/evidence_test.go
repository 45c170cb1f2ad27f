package sync_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/rightsmap"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR37_APackageAloneTellsOfARecordThatWas: the record and its rights document
// are gone, the package of its evidence is left, and the feed comes again.
func TestR37_APackageAloneTellsOfARecordThatWas(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("79468", picture(10))
	w.attach(req)
	kept := w.evidenceDocument().ID
	for _, d := range w.ecm.Documents() {
		if d.ID != kept {
			w.ecm.Change(d.ID, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
		}
	}
	w.ecm.Forget()
	_, err := recsync.DeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: w.assets("79468")[0]})
	require.ErrorIs(t, err, recsync.ErrDisposed, "what stood once is not declared again")
	require.Empty(t, w.writes())
}

// signerKey signs packages; it is the same in every run.
func signerKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// proven is a world whose scope has a trail, signers and an evidence policy.
type proven struct {
	*world
	trail *trailed
}

func evidencePolicy() recsync.EvidencePolicy {
	return recsync.EvidencePolicy{
		Organization: "Acme Ltd", System: "https://ecm.example",
		Gaps: []recsync.EvidenceGap{
			{Lacks: "first_use", Reason: "not used yet"},
			{Lacks: "last_use", Reason: "in use"},
			{Lacks: "reviewers", Reason: "a purchase names no reviewers", Sources: []records.SourceKind{records.SourcePurchase, records.SourceAggregate}},
			{Lacks: "restrictions", Reason: "none but those of the license"},
			{Lacks: "chart_sources", Reason: "a picture without charts", ContentTypes: []string{"image"}},
		},
	}
}

func newProven(t *testing.T, change func(*recsync.ScopeConfig)) *proven {
	t.Helper()
	trail := newTrailed(t)
	return &proven{newWorld(t, evidenced(trail, change)), trail}
}

func evidenced(trail *trailed, change func(*recsync.ScopeConfig)) func(*recsync.ScopeConfig) {
	return func(c *recsync.ScopeConfig) {
		c.Journal, c.Signers = trail.journal, []crypto.Signer{signerKey(1)}
		c.Policy.Evidence, c.Policy.EvidenceReference = evidencePolicy(), "EVIDENCE"
		if change != nil {
			change(c)
		}
	}
}

// bought declares a purchase with its rights, and asks for its evidence.
func (w *proven) bought(uuid string, content []byte) recsync.EvidenceRequest {
	w.t.Helper()
	r := mustDeclare(w.world, w.asset(uuid, content))
	_, err := recsync.TransferRights(w.t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction(uuid)})
	require.NoError(w.t, err)
	return recsync.EvidenceRequest{Record: r.Record, Approval: r.Approval}
}

func (w *proven) attach(req recsync.EvidenceRequest) recsync.Receipt {
	w.t.Helper()
	r, err := recsync.AttachEvidence(w.t.Context(), w.scope, req)
	require.NoError(w.t, err)
	return r
}

// evidenceDocument is the one package's document, as the fake has it.
func (w *proven) evidenceDocument() testserver.ECMNode {
	w.t.Helper()
	docs := slices.DeleteFunc(w.ecm.Documents(), func(n testserver.ECMNode) bool { return !strings.Contains(n.Name, " evidence [") })
	require.Len(w.t, docs, 1)
	return docs[0]
}

// verified checks a package offline against the signer's key and the trail's.
func (w *proven) verified(pack []byte, o evidence.VerifyOptions) *evidence.Verification {
	w.t.Helper()
	if o.Keys == nil {
		o.Keys = []crypto.PublicKey{signerKey(1).Public()}
	}
	if o.TrailKeys == nil {
		o.TrailKeys = []ed25519.PublicKey{w.trail.key.Public().(ed25519.PublicKey)}
	}
	v, err := evidence.VerifyZip(w.t.Context(), bytes.NewReader(pack), int64(len(pack)), o)
	require.NoError(w.t, err)
	require.NoError(w.t, v.Err())
	require.True(w.t, v.Trusted)
	return v
}

// inside are the files of a package, by their paths.
func inside(t *testing.T, pack []byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, content := range unzip(t, pack) {
		_, path, _ := strings.Cut(name, "/")
		files[path] = content
	}
	return files
}

// TestF6_TheEvidenceOfAPurchaseStandsBesideItsRecord begins with a person who
// buys a picture, and ends by downloading the package with plain net/http and
// verifying it offline.
func TestF6_TheEvidenceOfAPurchaseStandsBesideItsRecord(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	require.NoError(t, w.scope.Check(t.Context()))
	content := picture(9000)
	w.buy("79468", content, testserver.SmintJSON{"brand_new_field": 1})
	var declared recsync.ItemResult
	w.follow(w.store(), recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { declared = r }})
	receipt := w.attach(recsync.EvidenceRequest{Record: declared.Receipt.Record, Approval: declared.Receipt.Approval})
	require.Equal(t, recsync.Created, receipt.Change)
	sent, err := json.Marshal(receipt)
	require.NoError(t, err)
	require.NotContains(t, string(sent), "PRIVATE")

	plain := w.plainECM()
	documents := plain.documents(w.root)
	require.Len(t, documents, 3, "the record, its rights document, its package")
	record, doc := documents[declared.Receipt.Name], documents[receipt.Name]
	require.Equal(t, records.MustRecordKey("acme/purchase/79468/1/1").CompanionName(records.CompanionEvidence), receipt.Name)
	require.Equal(t, int64(receipt.Document.Node()), doc.ID)
	pack := plain.content(doc.ID)
	require.Equal(t, receipt.Digest, records.DigestOf(pack).String(), "the receipt names the digest of the bytes that are stored")
	plain.says(fmt.Sprintf("/v1/nodes/%d/rmclassifications", doc.ID), fmt.Sprint(w.class), `"canFinalize":true`)
	plain.says(fmt.Sprintf("/v1/nodes/%d/xrefs", record.ID), fmt.Sprintf(`"xref_id":"%d"`, doc.ID), `"EVIDENCE"`)
	plain.says(fmt.Sprintf("/v2/nodes/%d/categories/%d", doc.ID, w.category), "acme/purchase/79468/1/1", receipt.Digest)

	path := filepath.Join(t.TempDir(), "package.zip")
	require.NoError(t, os.WriteFile(path, pack, 0o600))
	v, err := evidence.Verify(t.Context(), path, evidence.VerifyOptions{
		Keys: []crypto.PublicKey{signerKey(1).Public()}, SHA512: false,
		Trail: os.DirFS(w.trail.dir), TrailKeys: []ed25519.PublicKey{w.trail.key.Public().(ed25519.PublicKey)},
	})
	require.NoError(t, err)
	require.NoError(t, v.Err(), "the package verifies offline, its trail against the log")
	require.Equal(t, "acme/purchase/79468/1/1", v.Record.String())
	require.Equal(t, records.DigestOf(content), v.Asset)
	files := inside(t, pack)
	require.Equal(t, string(content), files["data/asset"])
	require.Equal(t, string(w.smint.Transaction("79468")), files["data/rights/source.json"], "usage restrictions as the vendor says them")
	require.Contains(t, files["data/rights/odrl.json"], "odrl")
	for _, want := range []string{`"person": "Pat Buyer"`, `"version": "1"`, records.DigestOf(content).String(), `"not used yet"`} {
		require.Contains(t, files["data/approval.json"], want)
	}

	entry, checkpoint, err := receipt.Inclusion.Verify(w.scope.ID(), w.trail.key.Public().(ed25519.PublicKey))
	require.NoError(t, err, "the proof of inclusion needs the trail's public key and nothing else")
	require.Equal(t, "AttachEvidence/attach evidence", entry.Event)
	require.Equal(t, receipt.Digest, entry.Digest.String(), "the trail names the bytes of the package")
	require.Equal(t, "acme/purchase/79468/1/1", entry.Record.String())
	require.GreaterOrEqual(t, checkpoint.Size, entry.Number)
}

// TestR14_ThePackageHoldsWhatApprovalEvidenceMust: given as it is, or lacking
// with the policy's reason for it.
func TestR14_ThePackageHoldsWhatApprovalEvidenceMust(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	req.Approval.Reviewers, req.Approval.Restrictions = []string{"Lee Legal"}, []string{"Austria only"}
	req.Approval.FirstUse = records.MustDate("2026-12-01")
	req.Without = map[string]string{"last_use": "campaign without an end"}
	w.attach(req)
	files := inside(t, w.storedBytes(w.evidenceDocument().ID))
	var doc struct {
		Version  string
		Approval records.Approval
		Without  map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(files["data/approval.json"]), &doc))
	require.Equal(t, "1", doc.Version)
	require.Equal(t, "Pat Buyer", doc.Approval.Person)
	require.Equal(t, []string{"Lee Legal"}, doc.Approval.Reviewers)
	require.Equal(t, []string{"Austria only"}, doc.Approval.Restrictions)
	require.Equal(t, "2026-12-01", doc.Approval.FirstUse.String())
	require.Equal(t, records.DigestOf(picture(10)), doc.Approval.Digest)
	require.Equal(t, string(w.smint.Transaction("1")), string(doc.Approval.Raw), "the source's own answer is kept")
	require.Equal(t, map[string]string{"last_use": "campaign without an end", "chart_sources": "a picture without charts"}, doc.Without,
		"a reason of the request comes before the policy's, and what is given needs none")
}

// TestR14_EveryGapIsListedAtOnce, and nothing is made.
func TestR14_EveryGapIsListedAtOnce(t *testing.T) {
	t.Parallel()
	w := newProven(t, func(c *recsync.ScopeConfig) {
		c.Policy.Evidence.Gaps, c.Policy.Evidence.Organization, c.Signers = nil, "", nil
	})
	req := w.bought("1", picture(10))
	*req.Approval = records.Approval{}
	w.ecm.Forget()
	_, err := recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorIs(t, err, recsync.ErrEvidence)
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, lacks := range []string{
		"signers", "organization", "approval.source", "approval.asset", "approval.person", "approval.at", "approval.raw", "approval.digest",
		"approval.first_use", "approval.last_use", "approval.reviewers", "approval.restrictions", "approval.chart_sources",
	} {
		require.ErrorContains(t, err, lacks)
	}
	require.Empty(t, w.writes(), "what is not complete is not made")
	req.Approval = nil
	_, err = recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorContains(t, err, "approval.person", "no approval at all lists the same")
}

// TestR14_AGapHasNoReasonThatIsNotMeantForIt: a reason counts for the kinds of
// records and contents that the policy names.
func TestR14_AGapHasNoReasonThatIsNotMeantForIt(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	file := w.file("1", "1", picture(10))
	file.Fields = testserver.SmintJSON{"content_type": "document"}
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), file))
	r := mustDeclare(w.world, w.assets("1")[0])
	_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
	require.NoError(t, err)
	_, err = recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: r.Record, Approval: r.Approval})
	require.ErrorIs(t, err, recsync.ErrEvidence)
	require.ErrorContains(t, err, "chart_sources", "a document may have charts; only pictures are excused")
	require.NotContains(t, err.Error(), "reviewers")

	c := w.config
	c.Policy.Evidence = recsync.EvidencePolicy{Gaps: []recsync.EvidenceGap{{Lacks: "person", Reason: "x"}, {Lacks: "reviewers"}}, Content: "half", ReferFrom: -1, Class: -1}
	_, err = recsync.NewScope(c)
	for _, fault := range []string{"gaps[0].lacks", "gaps[1].reason", "evidence.content", "refer_from", "evidence.class"} {
		require.ErrorContains(t, err, fault)
	}
	c.Policy.Evidence = recsync.EvidencePolicy{Content: recsync.ReferToContent}
	_, err = recsync.NewScope(c)
	require.ErrorContains(t, err, "evidence.system")
	c.Policy.Evidence, c.Signers = recsync.EvidencePolicy{}, []crypto.Signer{nil}
	_, err = recsync.NewScope(c)
	require.ErrorContains(t, err, "signers[0]")
}

// TestR14_AnApprovalOfSomethingElseIsNoEvidence: another record's, another
// version's, that of other bytes.
func TestR14_AnApprovalOfSomethingElseIsNoEvidence(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req, other := w.bought("1", picture(10)), w.bought("2", picture(20))
	w.ecm.Forget()
	_, err := recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: req.Record, Approval: other.Approval})
	require.ErrorIs(t, err, recsync.ErrNotApproved)
	forged := *req.Approval
	forged.Digest = records.DigestOf([]byte("other bytes"))
	_, err = recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: req.Record, Approval: &forged})
	require.ErrorIs(t, err, recsync.ErrDigest)
	require.ErrorIs(t, err, recsync.ErrEvidence)
	require.Empty(t, w.writes())
}

// TestR15_ThePackageTellsTheRecordsLife: each event with organization, user,
// application, time, place and what it was about, as the trail has it.
func TestR15_ThePackageTellsTheRecordsLife(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	w.attach(w.bought("1", picture(10)))
	files := inside(t, w.storedBytes(w.evidenceDocument().ID))
	var doc struct {
		Event []struct {
			ID     string `json:"eventIdentifierValue"`
			Type   string `json:"eventType"`
			At     time.Time
			Date   time.Time `json:"eventDateTime"`
			Detail string    `json:"eventDetail"`
			Where  string    `json:"eventLocation"`
			Object string    `json:"linkingObjectIdentifierValue"`
			Agents []struct {
				Value string `json:"linkingAgentIdentifierValue"`
			} `json:"linkingAgentIdentifier"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(files["data/provenance.json"]), &doc))
	var kinds []string
	for _, e := range doc.Event {
		kinds = append(kinds, e.Type)
		require.Equal(t, "acme/purchase/1/1/1", e.Object)
		require.Equal(t, "Acme Ltd", e.Agents[0].Value)
		require.True(t, strings.HasPrefix(e.Agents[1].Value, "person-"), "a pseudonym: %s", e.Agents[1].Value)
		require.Equal(t, "records-sync 1.0", e.Agents[2].Value)
		require.Equal(t, "Graz", e.Where)
		require.False(t, e.Date.IsZero())
		require.Contains(t, e.Detail, "campaign 2026-04", "the order behind it")
	}
	require.Equal(t, []string{"captured", "declared", "finalized", "rights"}, kinds)
	require.Contains(t, files["data/trail/entries.jsonl"], "DeclareRecord/upload", "the trail's own entries go along")

	// Without a trail the caller tells; without either there is no evidence.
	w.config.Journal = w.world.journal
	w.scope = w.newScope()
	req := w.bought("2", picture(20))
	_, err := recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorIs(t, err, recsync.ErrEvidence)
	require.ErrorContains(t, err, "events")
	req.Events = records.History{{
		ID: "e1", Record: req.Record.Key(), Kind: records.EventDeclared, Organization: "Acme Ltd", User: "svc-records", Application: "records-sync", At: time.Now(), Location: "Graz",
	}}
	receipt := w.attach(req)
	require.Equal(t, recsync.Created, receipt.Change)
	require.Nil(t, receipt.Inclusion)
	entries := w.world.journal.all()
	require.Equal(t, "attach evidence", entries[len(entries)-1].Step, "another journal is told as well")
}

// TestAttachEvidence_TheSameAgainChangesNothing, in ECM and in the trail, and
// the proof is given again.
func TestAttachEvidence_TheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	first := w.attach(req)
	doc := w.evidenceDocument()
	w.ecm.Forget()
	report, _ := w.trail.verified()
	w.clock.Move(time.Hour)
	w.scope = w.newScope()
	bound, err := w.scope.Bind(req.Record)
	require.NoError(t, err)
	req.Record = bound
	again := w.attach(req)
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, first.Digest, again.Digest)
	require.Empty(t, w.writes())
	require.Equal(t, doc.SHA256, w.evidenceDocument().SHA256)
	later, _ := w.trail.verified()
	require.Equal(t, report.Newest.Size, later.Newest.Size, "what was told is not told again")
	entry, _, err := again.Inclusion.Verify(w.scope.ID(), w.trail.key.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	require.Equal(t, first.Digest, entry.Digest.String())
}

// TestR17_ChangedRightsOrApprovalsAddAVersion and rewrite nothing; what comes
// late adds none.
func TestR17_ChangedRightsOrApprovalsAddAVersion(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	w.attach(req)
	first := w.evidenceDocument()
	require.NoError(t, w.smint.Cancel("1"))
	_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: req.Record, Source: w.smint.Transaction("1")})
	require.NoError(t, err)
	second := w.attach(req)
	require.Equal(t, recsync.Changed, second.Change)
	doc := w.evidenceDocument()
	require.Equal(t, 2, doc.Versions)
	require.Equal(t, first.SHA256, doc.VersionsSHA256[0], "the first package stays as it is")
	require.Contains(t, inside(t, w.storedBytes(doc.ID))["data/rights/source.json"], "cancelled")
	w.verified(w.storedBytes(doc.ID), evidence.VerifyOptions{})

	before := *req.Approval
	later := before
	later.At, later.Reviewers = before.At.Add(time.Hour), []string{"Lee Legal"}
	req.Approval = &later
	require.Equal(t, recsync.Changed, w.attach(req).Change)
	require.Equal(t, 3, w.evidenceDocument().Versions)
	require.Contains(t, inside(t, w.storedBytes(doc.ID))["data/trail/entries.txt"], "evidence", "each package tells of those before it")

	w.ecm.Forget()
	late := before
	late.Person = "Someone else"
	for _, a := range []records.Approval{before, late, later} {
		req.Approval = &a
		r := w.attach(req)
		require.Equal(t, recsync.Unchanged, r.Change, "an approval that was there, or that is older, adds nothing")
	}
	require.Empty(t, w.writes())
	raw := later
	raw.Raw = w.smint.Transaction("1")
	req.Approval = &raw
	require.Equal(t, recsync.Unchanged, w.attach(req).Change, "the same approval read from other words is the same")
}

// TestAttachEvidence_ThePlanIsWhatIsDone, and a stale one is refused.
func TestAttachEvidence_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	w.ecm.Forget()
	plan, err := recsync.PlanAttachEvidence(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Empty(t, w.writes(), "a plan writes nothing")
	for _, step := range []string{"1. upload evidence package", "2. classify evidence package", "3. cross-reference"} {
		require.Contains(t, plan.String(), step)
	}
	require.Contains(t, plan.String(), plan.Signers[0])
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Len(t, w.writes(), len(plan.Steps))
	require.Len(t, receipt.Steps, len(plan.Steps))
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)

	w.config.ID = records.MustScopeID("globex")
	w.config.Journal = nil
	_, err = recsync.AttachEvidence(t.Context(), w.newScope(), req)
	require.ErrorIs(t, err, recsync.ErrForeignScope)
}

// TestAttachEvidence_ReferringPackages name record, size and digest, and hold
// no content; the content is compared all the same.
func TestAttachEvidence_ReferringPackages(t *testing.T) {
	t.Parallel()
	w := newProven(t, func(c *recsync.ScopeConfig) {
		c.Policy.Evidence.ReferFrom, c.Policy.Evidence.SHA512 = 5000, true
		c.Signers = append(c.Signers, signerKey(2))
	})
	small, large := w.bought("1", picture(4999)), w.bought("2", picture(5000))
	keys := []crypto.PublicKey{signerKey(1).Public(), signerKey(2).Public()}
	pack := w.storedBytes(int64(w.attach(small).Document.Node()))
	require.Contains(t, inside(t, pack), "data/asset")
	receipt := w.attach(large)
	pack = w.storedBytes(int64(receipt.Document.Node()))
	require.NotContains(t, inside(t, pack), "data/asset")
	require.Contains(t, inside(t, pack)["data/asset.ref.json"], fmt.Sprintf(`"id": "%d"`, large.Record.Node()))
	require.Len(t, receipt.Package.Signers, 2, "dual control")
	w.verified(pack, evidence.VerifyOptions{Keys: keys, SHA512: true, Asset: bytes.NewReader(picture(5000))})

	for i, size := range []int{4000, 6000} {
		req := w.bought(fmt.Sprint(10+i), picture(size))
		require.NoError(t, w.ecm.Corrupt(int64(req.Record.Node()), func(b []byte) []byte { b[7] ^= 1; return b }))
		_, err := recsync.AttachEvidence(t.Context(), w.scope, req)
		require.ErrorIs(t, err, recsync.ErrDigest, "a record of %d bytes that is not what was declared proves nothing", size)
	}
}

// TestR12_WhatIsSignedIsMadeOfTheVendorsBytes: someone who may edit the rights
// document in ECM has us sign no wider policy than the license.
func TestR12_WhatIsSignedIsMadeOfTheVendorsBytes(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	require.NoError(t, w.ecm.Corrupt(int64(w.stored("1").Rights), func(b []byte) []byte {
		files := unzip(t, b)
		require.Contains(t, files["odrl.json"], `"gteq"`)
		files["odrl.json"] = strings.ReplaceAll(files["odrl.json"], `"gteq"`, `"neq"`)
		files["rights.xmp"] = "anything"
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			f, err := z.Create(name)
			require.NoError(t, err)
			_, err = f.Write([]byte(files[name]))
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		return out.Bytes()
	}))
	receipt := w.attach(req)
	require.Contains(t, strings.Join(receipt.Findings, "\n"), "the renderings in the rights document are not those of its license")
	pack := w.storedBytes(int64(receipt.Document.Node()))
	w.verified(pack, evidence.VerifyOptions{Policy: rightsmap.ODRLOptions{}.Check})
	require.Contains(t, inside(t, pack)["data/asset.xmp"], "<x:xmpmeta")
}

// TestAttachEvidence_RightsFromTheRequest: a portal asset has no license; who
// keeps it says on what its right rests.
func TestAttachEvidence_RightsFromTheRequest(t *testing.T) {
	t.Parallel()
	trail := newTrailed(t)
	w := &proven{newPortalWorld(t, evidenced(trail, nil)), trail}
	w.finish("kv-1", "7", "e1", picture(900), approved(nil))
	_, items := w.followPortal(w.store(), recsync.FollowOptions{})
	declared := items["acme/asset/99:image:kv-1/7"].Receipt
	req := recsync.EvidenceRequest{Record: declared.Record, Approval: declared.Approval, Without: map[string]string{"reviewers": "one approver", "chart_sources": "a key visual"}}
	_, err := recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorIs(t, err, recsync.ErrEvidence)
	for _, lacks := range []string{"rights is", "rights.source", "rights.odrl", "rights.basis.kind", "xmp"} {
		require.ErrorContains(t, err, lacks)
	}
	req.Rights = &recsync.EvidenceRights{
		Source: []byte(`{"owner":"Acme Ltd"}`), ODRL: []byte(`{"@type":"Set"}`), XMP: []byte("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>"),
		Basis: evidence.Basis{Kind: "policy", Document: "own work, brand handbook 4"},
	}
	receipt := w.attach(req)
	v := w.verified(w.storedBytes(int64(receipt.Document.Node())), evidence.VerifyOptions{Trail: os.DirFS(trail.dir)})
	require.Equal(t, "acme/asset/99:image:kv-1/7", v.Record.String())
	require.Contains(t, inside(t, w.storedBytes(int64(receipt.Document.Node())))["data/approval.json"], "Dana Designer")
}

// TestAttachEvidence_AReuseProvesBothLicenses.
func TestAttachEvidence_AReuseProvesBothLicenses(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.buy("2", picture(10), testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"})
	var reuse recsync.ItemResult
	w.follow(store, recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { reuse = r }})
	receipt := w.attach(recsync.EvidenceRequest{Record: reuse.Receipt.Record, Approval: reuse.Receipt.Approval})
	pack := w.storedBytes(int64(receipt.Document.Node()))
	w.verified(pack, evidence.VerifyOptions{})
	files := inside(t, pack)
	require.Equal(t, string(w.smint.Transaction("2")), files["data/rights/source.json"])
	require.Equal(t, string(w.smint.Transaction("1")), files["data/rights/original.json"])
}

// TestAttachEvidence_OnlyOfACompleteRecordThatStands.
func TestAttachEvidence_OnlyOfACompleteRecordThatStands(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	w.ecm.Deny(w.ecm.Options().User, "classify")
	r, err := w.declare(w.asset("1", picture(10)))
	require.Error(t, err)
	_, err = recsync.AttachEvidence(t.Context(), w.scope, recsync.EvidenceRequest{Record: r.Record, Approval: r.Approval})
	require.ErrorIs(t, err, recsync.ErrPending)
	w.ecm.Deny(w.ecm.Options().User)

	req := w.bought("2", picture(20))
	w.attach(req)
	w.ecm.Change(int64(req.Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, err = recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorIs(t, err, recsync.ErrDisposed)
	w.ecm.Change(w.rightsOf("2").ID, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, err = w.declare(w.assets("2")[0])
	require.ErrorIs(t, err, recsync.ErrDisposed, "a package whose record is gone is all that is left of it: it does not come back")

	third := w.bought("3", picture(30))
	squatter, err := w.ecm.AddDocument(w.parentOf(third.Record), third.Record.Key().CompanionName(records.CompanionEvidence), []byte("x"))
	require.NoError(t, err)
	_, err = recsync.AttachEvidence(t.Context(), w.scope, third)
	require.ErrorIs(t, err, recsync.ErrNotOurs)
	require.Equal(t, []byte("x"), w.storedBytes(squatter))
}

func (w *proven) rightsOf(uuid string) testserver.ECMNode {
	w.t.Helper()
	name := records.MustRecordKey("acme/purchase/" + uuid + "/1/1").CompanionName(records.CompanionRights)
	docs := slices.DeleteFunc(w.ecm.Documents(), func(n testserver.ECMNode) bool { return n.Name != name })
	require.Len(w.t, docs, 1)
	return docs[0]
}

func (w *proven) parentOf(ref recsync.RecordRef) int64 {
	n, _ := w.ecm.Node(int64(ref.Node()))
	return n.Parent
}

// TestR23_EvidenceOfAHeldRecordIsHeld: a held package stays as it is; what is to
// be proven anew stands in a further one, which is held as well.
func TestR23_EvidenceOfAHeldRecordIsHeld(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(10))
	hold := w.ecm.AddHold("Case 7", "LEGAL", int64(req.Record.Node()))
	w.attach(req)
	first := w.evidenceDocument()
	require.Contains(t, first.Holds, hold, "what comes beside a held record is held with it")
	later := *req.Approval
	later.At = later.At.Add(time.Hour)
	req.Approval = &later
	plan, err := recsync.PlanAttachEvidence(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Contains(t, plan.String(), "evidence 2 [")
	require.Contains(t, strings.Join(plan.Findings, "\n"), "Case 7", "the finding names the hold")
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Equal(t, req.Record.Key().CompanionNameOf(records.CompanionEvidence, 2), receipt.Name)
	second, _ := w.ecm.Node(int64(receipt.Document.Node()))
	require.Contains(t, second.Holds, hold)
	after, _ := w.ecm.Node(first.ID)
	require.Equal(t, 1, after.Versions, "what is held is not changed")
	w.verified(w.storedBytes(second.ID), evidence.VerifyOptions{})
	stored, err := w.scope.Record(t.Context(), req.Record.Key())
	require.NoError(t, err)
	require.Equal(t, receipt.Document.Node(), stored.Evidence, "the newest package counts")
	w.ecm.Forget()
	require.Equal(t, recsync.Unchanged, w.attach(req).Change)
	require.Empty(t, w.writes())
}

// TestR9_EvidenceInterruptedAnywhereIsCompleted: one package, whole, related and
// proven, whatever was lost on the way; and no file of ours is left.
func TestR9_EvidenceInterruptedAnywhereIsCompleted(t *testing.T) {
	kinds := []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter, testserver.HTML, testserver.Cut}
	for i, route := range []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "POST /v1/nodes/{id}/xrefs", "POST /v2/nodes/{id}/versions", "GET /v1/nodes/{id}/content"} {
		for at := i % every(len(kinds)); at < len(kinds); at += every(len(kinds)) {
			kind := kinds[at]
			synctest.Test(t, func(t *testing.T) {
				t.Setenv("TMPDIR", t.TempDir())
				w := newProven(t, nil)
				req := w.bought("1", picture(5000))
				w.ecm.Fail(testserver.Fault{Route: route, Kind: kind})
				_, _ = recsync.AttachEvidence(t.Context(), w.scope, req)
				w.ecm.Heal()
				later := *req.Approval
				later.At = later.At.Add(time.Hour)
				req.Approval = &later
				w.attachFaulty(req, testserver.Fault{Route: route, Kind: kind})
				receipt := w.attach(req)
				doc := w.evidenceDocument()
				require.LessOrEqual(t, doc.Versions, 2, "%s %v: one state is one version", route, kind)
				require.Len(t, doc.Xrefs, 1)
				require.NotZero(t, doc.Class)
				w.verified(w.storedBytes(doc.ID), evidence.VerifyOptions{})
				_, _, err := receipt.Inclusion.Verify(w.scope.ID(), w.trail.key.Public().(ed25519.PublicKey))
				require.NoError(t, err)
				left, err := os.ReadDir(os.TempDir())
				require.NoError(t, err)
				for _, f := range left {
					require.NotContains(t, f.Name(), "smintecm", "R36: temporary files go on every way out")
				}
			})
		}
	}
}

func (w *proven) attachFaulty(req recsync.EvidenceRequest, fault testserver.Fault) {
	w.ecm.Fail(fault)
	_, _ = recsync.AttachEvidence(w.t.Context(), w.scope, req)
	w.ecm.Heal()
}

// TestR36_ThePackagePassesThroughAFileOfOursAlone.
func TestR36_ThePackagePassesThroughAFileOfOursAlone(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	w := newProven(t, nil)
	req := w.bought("1", picture(5000))
	seen := 0
	w.ecm.Fail(testserver.Fault{Route: "POST /v2/nodes", Kind: testserver.Delay, Where: spying(func() {
		_ = filepath.WalkDir(tmp, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && strings.Contains(d.Name(), "smintecm-evidence") {
				info, err := d.Info()
				require.NoError(t, err)
				require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "only we can read it")
				seen++
			}
			return nil
		})
	})})
	w.attach(req)
	require.Equal(t, 1, seen)
	left, err := filepath.Glob(filepath.Join(tmp, "smintecm*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestR5_EvidenceThatIsStoredOtherwiseIsNoticed: what reads back is compared,
// byte for byte, before anything is called kept.
func TestR5_EvidenceThatIsStoredOtherwiseIsNoticed(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	req := w.bought("1", picture(5000))
	w.ecm.Fail(testserver.Fault{Route: "POST /v1/nodes/{id}/xrefs", Kind: testserver.Delay, Where: spying(func() {
		require.NoError(t, w.ecm.Corrupt(w.evidenceDocument().ID, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
	})})
	receipt, err := recsync.AttachEvidence(t.Context(), w.scope, req)
	require.ErrorIs(t, err, recsync.ErrVerify)
	require.ErrorIs(t, err, recsync.ErrDigest)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Nil(t, receipt.Inclusion, "nothing is proven of what is not there")
}

// TestAttachEvidence_SignersAreAskedForEveryPackage: one that refuses, or that
// answers with something else, leaves no package.
func TestAttachEvidence_SignersAreAskedForEveryPackage(t *testing.T) {
	t.Parallel()
	refused := errors.New("token locked")
	for name, sign := range map[string]func() ([]byte, error){
		"refuses": func() ([]byte, error) { return nil, refused },
		"lies":    func() ([]byte, error) { return make([]byte, 64), nil },
	} {
		w := newProven(t, func(c *recsync.ScopeConfig) { c.Signers = []crypto.Signer{badSigner{signerKey(1), sign}} })
		req := w.bought("1", picture(10))
		w.ecm.Forget()
		_, err := recsync.AttachEvidence(t.Context(), w.scope, req)
		require.Error(t, err, name)
		require.Empty(t, w.writes(), "%s: nothing unsigned is stored", name)
	}
}

type badSigner struct {
	ed25519.PrivateKey
	sign func() ([]byte, error)
}

func (b badSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.sign() }

// TestR17_EvidenceInAnyOrderEndsInTheNewest: approvals come in any order and
// again; the newest package proves the newest of them.
func TestR17_EvidenceInAnyOrderEndsInTheNewest(t *testing.T) {
	t.Parallel()
	w := newProven(t, nil)
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		req := w.bought(fmt.Sprint(seed+1), picture(10))
		n := 1 + random.IntN(3)
		order := append(seq(n), 1+random.IntN(n), 1+random.IntN(n))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			a := *req.Approval
			a.At, a.Reviewers = a.At.Add(time.Duration(i)*time.Hour), []string{fmt.Sprint("reviewer ", i)}
			w.attach(recsync.EvidenceRequest{Record: req.Record, Approval: &a})
		}
		stored, err := w.scope.Record(t.Context(), req.Record.Key())
		require.NoError(t, err)
		require.Contains(t, inside(t, w.storedBytes(int64(stored.Evidence)))["data/approval.json"], fmt.Sprintf(`"reviewer %d"`, n), "order %v", order)
	}
}

// TestAttachEvidence_MemoryStaysFlat: what is allocated for a package does not
// grow with its content.
func TestAttachEvidence_MemoryStaysFlat(t *testing.T) {
	w := newProven(t, nil)
	allocated := func(uuid string, size int) int64 {
		req := w.bought(uuid, picture(size))
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w.attach(req)
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	allocated("1", 1<<20)
	small, large := allocated("2", 1<<20), allocated("3", 64<<20)
	t.Logf("1 MiB: %d KiB allocated, 64 MiB: %d KiB", small>>10, large>>10)
	require.Less(t, large-small, int64(16<<20), "63 MiB more of content")
}

// spying looks at each request and lets it pass.
func spying(look func()) func(*http.Request) bool {
	return func(*http.Request) bool { look(); return false }
}
