package sync_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	recsync "github.com/smintecm/sdk/sync"
)

// TestPolicyFile_ContradictionsAreFaults: each part of the policy may stand
// alone, and together they would never take effect, or undo one another. Beside
// each stands the same with the contradiction taken away, which is a policy.
func TestPolicyFile_ContradictionsAreFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := policyText(w, `{"folder": 4711}`)
	const (
		classes  = `"jurisdictions": ["DE"], "class"`
		one      = `"classes": [{"name": "German law", `
		approval = `"approval": {"source": "purchase"}`
		portal   = `"refresh_token_env": "ACME_TOKEN"`
	)
	for name, c := range map[string]struct {
		// change and mend are replacements: the one contradicts, the other does not.
		change, mend []string
		field, want  string
	}{
		"no version is ever taken": {
			[]string{approval, approval + `, "change": {"new_version": "version", "fixed": "refuse"}`},
			[]string{approval, approval + `, "keep_open": true, "change": {"new_version": "version", "fixed": "refuse"}`},
			"change.fixed", "a final record takes no version",
		},
		"a sample of no sampling": {
			[]string{approval, approval + `, "verify": {"every": 10}`},
			[]string{approval, approval + `, "verify": {"mode": "sampled", "every": 10}`},
			"verify.every", "the mode sampled",
		},
		"a class rule behind one that fits all of it": {
			[]string{one, `"classes": [{"name": "all", "class": 9}, {"name": "German law", "content_types": ["image"], `},
			[]string{one, `"classes": [{"name": "videos", "content_types": ["video", "audio"], "class": 9}, {"name": "German law", "content_types": ["video", "image"], `},
			"classes[1]", "a place before classes[0]",
		},
		"a class rule behind a wider list": {
			[]string{one, `"classes": [{"content_types": ["video", "image"], "class": 9}, {"name": "German law", "sources": ["purchase"], "content_types": ["image"], `},
			[]string{one, `"classes": [{"content_types": ["video", "image"], "sources": ["asset"], "class": 9}, {"name": "German law", "content_types": ["image"], `},
			"classes[1]", "a place before classes[0]",
		},
		"a class rule for a license that an earlier one takes": {
			[]string{one, `"classes": [{"license_types": ["rf"], "class": 9}, {"name": "German law", "license_types": ["rf"], `},
			[]string{one, `"classes": [{"license_types": ["rf"], "class": 9}, {"name": "German law", "license_types": ["rm"], `},
			"classes[1]", "a place before classes[0]",
		},
		"a class rule for a jurisdiction that an earlier one takes": {
			[]string{classes, `"class": 9}, {"jurisdictions": ["DE"], "class"`},
			[]string{classes, `"jurisdictions": ["US"], "class": 9}, {"jurisdictions": ["DE"], "class"`},
			"classes[1]", "a place before classes[0]",
		},
		"a jurisdiction that no value is": {
			[]string{classes, `"jurisdictions": ["DE", "DEU"], "class"`},
			[]string{classes, `"jurisdictions": ["DE", "US"], "class"`},
			"classes[0].jurisdictions[1]", "a jurisdiction that an asset can have",
		},
		"a jurisdiction that no value is, where others need none": {
			[]string{classes, `"jurisdictions": ["DE", "DEU"], "class"`},
			[]string{classes, `"jurisdictions": ["DE", "DEU"], "class"`, `, "values": {"Summer DE": "DE", "Summer US": "US"}`, ``},
			"classes[0].jurisdictions[1]", "a jurisdiction that an asset can have",
		},
		"a jurisdiction that nothing tells": {
			[]string{`"jurisdiction": {"required": true, "field": "project", "values": {"Summer DE": "DE", "Summer US": "US"}},`, ``, classes, `"jurisdictions": ["DE", "US"], "class"`},
			[]string{`"jurisdiction": {"required": true, "field": "project", "values": {"Summer DE": "DE", "Summer US": "US"}},`, ``},
			"classes[0].jurisdictions[1]", "a jurisdiction that an asset can have",
		},
		"no class for the scope's own jurisdiction": {
			[]string{classes, `"jurisdictions": ["US"], "class"`},
			[]string{classes, `"class"`},
			"classes", "a rule for the scope's own jurisdiction",
		},
		"no class for a jurisdiction that the values name": {
			[]string{`"jurisdiction": "DE",`, ``},
			[]string{`"jurisdiction": "DE",`, ``, classes, `"jurisdictions": ["DE", "US"], "class"`},
			"jurisdiction.values.Summer US", "a jurisdiction that a class rule takes",
		},
		"two fields in one attribute": {
			[]string{approval, approval + `, "attributes": {"record_key": "Key", "digest": "Digest", "title": "Key"}`},
			[]string{approval, approval + `, "attributes": {"record_key": "Key", "digest": "Digest", "title": "Title"}`},
			"attributes.title", "it is that of record_key",
		},
		"the license in a field's attribute": {
			[]string{approval, approval + `, "rights": {"name": "r", "version": "1", "attributes": [{"name": "Title", "field": "license_type", "type": "text"}]}`},
			[]string{approval, approval + `, "rights": {"name": "r", "version": "1", "attributes": [{"name": "License", "field": "license_type", "type": "text"}]}`},
			"rights.attributes[0].name", "it is that of title",
		},
		"the baseline in a field's attribute": {
			[]string{portal, portal + `, "portal": {"uuid": "p"}`, approval, approval + `, "metadata": {"baseline": "Title", "fields": [{"name": "owner", "attribute": "Owner", "portal": "owner", "owner": "portal"}]}`},
			[]string{portal, portal + `, "portal": {"uuid": "p"}`, approval, approval + `, "metadata": {"baseline": "Baseline", "fields": [{"name": "owner", "attribute": "Owner", "portal": "owner", "owner": "portal"}]}`},
			"metadata.baseline", "it is that of title",
		},
		"two owners of the rights status": {
			[]string{portal, portal + `, "portal": {"uuid": "p"}`, approval, approval + `, "metadata": {"baseline": "Baseline", "fields": [{"name": "rights", "attribute": "Rights Status", "portal": "r", "owner": "portal"}]}`},
			[]string{portal, portal + `, "portal": {"uuid": "p"}`, approval, approval + `, "metadata": {"baseline": "Baseline", "fields": [{"name": "rights", "attribute": "Rights Status", "portal": "r", "owner": "ecm"}]}`},
			"metadata.fields[0].owner", "what the license comes to is written to this attribute",
		},
		"metadata without a portal": {
			[]string{approval, approval + `, "metadata": {"baseline": "Baseline", "fields": [{"name": "owner", "attribute": "Owner", "portal": "owner", "owner": "portal"}]}`},
			[]string{portal, portal + `, "portal": {"uuid": "p"}`, approval, approval + `, "metadata": {"baseline": "Baseline", "fields": [{"name": "owner", "attribute": "Owner", "portal": "owner", "owner": "portal"}]}`},
			"metadata", "a smint.portal",
		},
		"a jurisdiction by the attribute of no portal": {
			[]string{`"field": "project"`, `"field": "project", "attribute": "country"`},
			[]string{`"field": "project"`, `"field": "project", "attribute": "country"`, portal, portal + `, "portal": {"uuid": "p"}`},
			"jurisdiction.attribute", "a smint.portal",
		},
		"a reuse would supersede": {
			[]string{approval, approval + `, "reuse_reference": "REUSES", "access": ` + accessWith(t, "REUSES")},
			[]string{approval, approval + `, "reuse_reference": "REUSES", "access": ` + accessWith(t, "REPLACED")},
			"access.replaced_reference", "it is the reuse_reference",
		},
		"a reuse would have superseded": {
			[]string{approval, approval + `, "reuse_reference": "REUSES", "former_access": [` + accessWith(t, "REUSES") + `]`},
			[]string{approval, approval + `, "reuse_reference": "REUSES", "former_access": [` + accessWith(t, "REPLACED") + `]`},
			"former_access[0].replaced_reference", "it is the reuse_reference",
		},
		"every record counts as transferred": {
			[]string{approval, approval + `, "access": ` + accessWith(t, "", "ACTIVE")},
			[]string{approval, approval + `, "access": ` + accessWith(t, "", "SENT")},
			"access.transferred_statuses[0]", "a code that no record has when it is declared",
		},
		"a record without a status counts as transferred": {
			[]string{approval, approval + `, "access": ` + accessWith(t, "", "SENT", "")},
			[]string{approval, approval + `, "access": ` + accessWith(t, "", "SENT", "GONE")},
			"access.transferred_statuses[1]", "a code that no record has when it is declared",
		},
		"a class of rights documents that is none": {
			[]string{approval, approval + `, "rights_class": -1`},
			[]string{approval, approval + `, "rights_class": 17`},
			"rights_class", "an RM classification",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := recsync.ReadPolicyFile(strings.NewReader(strings.NewReplacer(c.change...).Replace(good)))
			faults, ok := errors.AsType[*recsync.PolicyFileError](err)
			require.True(t, ok, "it is no fault: %v", err)
			require.Len(t, faults.Faults, 1, "%v", err)
			require.Equal(t, "scopes[0].policy."+c.field, faults.Faults[0].Field)
			require.Contains(t, faults.Faults[0].Want, c.want)
			require.GreaterOrEqual(t, faults.Faults[0].Line, 13, "the line of the policy, or below")
			_, err = recsync.ReadPolicyFile(strings.NewReader(strings.NewReplacer(c.mend...).Replace(good)))
			require.NoError(t, err, "what stands in no contradiction is refused")
		})
	}
}

// accessWith is the default access policy, with one or the other.
func accessWith(t *testing.T, reference string, statuses ...string) string {
	t.Helper()
	p := recsync.DefaultAccessPolicy()
	p.Version, p.ReplacedReference, p.TransferredStatuses = "other", reference, statuses
	b, err := json.Marshal(p)
	require.NoError(t, err)
	return string(b)
}

// TestR56_TheSameServerByAnotherName: a second name, or another spelling, of one
// server hides neither a root nor credentials that two clients share.
func TestR56_TheSameServerByAnotherName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	text := policyText(w, `{"folder": 41001}`)
	begin, end := strings.Index(text, "    {\n      \"id\""), strings.LastIndex(text, "\n  ]")
	one := text[begin:end]
	address := addressOf(t, text)
	read := func(url string, change ...string) []string {
		second := strings.NewReplacer(append(change, `"acme-de"`, `"zenith"`, `"client": "Acme"`, `"client": "Zenith"`, `"system": "main"`, `"system": "again"`)...).Replace(one)
		doc := strings.Replace(text[:begin], `"ecm": {"main"`, fmt.Sprintf(`"ecm": {"again": {"url": %q}, "main"`, url), 1) + one + ",\n" + second + text[end:]
		_, err := recsync.ReadPolicyFile(strings.NewReader(doc))
		var fields []string
		if faults, ok := errors.AsType[*recsync.PolicyFileError](err); ok {
			for _, f := range faults.Faults {
				fields = append(fields, f.Field)
			}
		} else {
			require.NoError(t, err)
		}
		return fields
	}
	all := []string{"scopes[1].root.folder", "scopes[1].ecm.user", "scopes[1].smint.refresh_token_env"}
	require.ElementsMatch(t, all, read(address))
	require.ElementsMatch(t, all, read(strings.Replace(address, "ecm.example", "ECM.example", 1)+"/"))
	require.Equal(t, all[2:], read("https://other.example/otcs"), "a login at Smint.io is its client's own on every server")
	require.Empty(t, read("https://other.example/otcs", "ACME_TOKEN", "ZENITH_TOKEN"))
	require.Empty(t, read(address, `"client": "Acme"`, `"client": "Acme"`, "41001", "42001"), "the scopes of one client may share its login")
	require.Empty(t, read(address, "ACME_TOKEN", "ZENITH_TOKEN", "41001", "42001", w.ecm.Options().User, "zenith"))
}
