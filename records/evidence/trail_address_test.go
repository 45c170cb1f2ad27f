package evidence_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// A network address is a person's datum however it is written, with a port or
// in capitals; a site is none.
func TestR51_AnAddressIsAPseudonymHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	for _, address := range []string{"203.0.113.9:443", "[2001:db8::9]:443", "FE80::9", "fe80::1%eth0", "2001:DB8::9", "::9"} {
		e := trailIntent()
		e.Location = address
		w.append(e)
	}
	log := string(w.files()["entries/000/000.jsonl"].Data)
	for _, part := range []string{"203.0.113.9", "2001:db8::9", "FE80::9", "fe80::1", "2001:DB8::9", `"::9"`} {
		require.NotContains(t, log, part)
	}
	e := trailIntent()
	e.Location = "Vienna, hall C"
	w.append(e)
	require.Contains(t, string(w.files()["entries/000/000.jsonl"].Data), "Vienna, hall C")
}

// What is cut is cut between characters, and what is not too long stays whole.
func TestR46_ALongTextIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	for text, want := range map[string]string{
		strings.Repeat("x", 512):       strings.Repeat("x", 512),
		strings.Repeat("x", 513):       strings.Repeat("x", 512) + "…",
		"x" + strings.Repeat("é", 256): "x" + strings.Repeat("é", 255) + "…",
		"a\xffb":                       "a\uFFFDb",
	} {
		e := trailIntent()
		e.Kind, e.Result, e.Detail = evidence.TrailObservation, evidence.TrailFound, text
		w.append(e)
		quoted, err := json.Marshal(want)
		require.NoError(t, err)
		require.Contains(t, string(w.files()["entries/000/000.jsonl"].Data), string(quoted))
	}
}
