package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/smintecm/sdk/records"
)

// The formats of the documents in a package. A reader refuses what it does not
// know.
const (
	formatApproval   = "https://github.com/smintecm/sdk/approval/v1"
	formatReference  = "https://github.com/smintecm/sdk/asset-reference/v1"
	formatProvenance = "https://github.com/smintecm/sdk/provenance/v1"
)

// approvalDocument is data/approval.json.
type approvalDocument struct {
	Format   string            `json:"format"`
	Version  string            `json:"version"`
	Approval records.Approval  `json:"approval"`
	Without  map[string]string `json:"without,omitempty"`
}

// referenceDocument is data/asset.ref.json: it stands for data/asset in a
// package that refers to its content.
type referenceDocument struct {
	Format    string            `json:"format"`
	Record    records.RecordKey `json:"record"`
	Digest    records.Digest    `json:"digest"`
	Size      int64             `json:"size"`
	FileName  string            `json:"file_name"`
	MediaType string            `json:"media_type"`
	Location  Location          `json:"location"`
}

// provenanceDocument is data/provenance.json, with the names of the PREMIS data
// dictionary where it has one.
type provenanceDocument struct {
	Format string            `json:"format"`
	Record records.RecordKey `json:"record"`
	Object []premisObject    `json:"object"`
	Event  []premisEvent     `json:"event"`
	Rights premisRights      `json:"rightsStatement"`
}

type premisObject struct {
	ID     string       `json:"objectIdentifierValue"`
	Fixity premisFixity `json:"fixity"`
	Size   int64        `json:"size"`
	Format string       `json:"formatName,omitempty"`
	Name   string       `json:"originalName,omitempty"`
}

type premisFixity struct {
	Algorithm string `json:"messageDigestAlgorithm"`
	Digest    string `json:"messageDigest"`
}

type premisEvent struct {
	ID     string            `json:"eventIdentifierValue"`
	Type   records.EventKind `json:"eventType"`
	At     time.Time         `json:"eventDateTime"`
	Detail string            `json:"eventDetail,omitempty"`
	Agents []premisAgent     `json:"linkingAgentIdentifier"`
	Object string            `json:"linkingObjectIdentifierValue"`
	// PREMIS has no place of an event, and no correction of one by another.
	Location string `json:"eventLocation"`
	Corrects string `json:"correctsEventIdentifierValue,omitempty"`
}

type premisAgent struct {
	Type  string `json:"linkingAgentIdentifierType"`
	Value string `json:"linkingAgentIdentifierValue"`
	Role  string `json:"linkingAgentRole"`
}

type premisRights struct {
	Basis    string `json:"rightsBasis"`
	Document string `json:"documentationIdentifierValue"`
	From     string `json:"startDate,omitempty"`
	Until    string `json:"endDate,omitempty"`
}

func newPremisEvent(e records.Event) premisEvent {
	return premisEvent{
		ID: e.ID, Type: e.Kind, At: e.At.UTC(), Detail: e.Reason, Object: e.Record.String(), Location: e.Location, Corrects: e.Corrects,
		Agents: []premisAgent{{"organization", e.Organization, "authorizer"}, {"user", e.User, "implementer"}, {"software", e.Application, "executing program"}},
	}
}

// event reads the event back; what is not as newPremisEvent writes it is
// refused by ok.
func (p premisEvent) event() (e records.Event, ok bool) {
	key, err := records.ParseRecordKey(p.Object)
	if err != nil || len(p.Agents) != 3 {
		return e, false
	}
	e = records.Event{
		ID: p.ID, Record: key, Kind: p.Type, At: p.At, Reason: p.Detail, Location: p.Location, Corrects: p.Corrects,
		Organization: p.Agents[0].Value, User: p.Agents[1].Value, Application: p.Agents[2].Value,
	}
	for i, want := range newPremisEvent(e).Agents {
		if p.Agents[i] != want {
			return e, false
		}
	}
	return e, true
}

func newPremisRights(b Basis) premisRights {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return premisRights{b.Kind, b.Document, text(b.From), text(b.Until)}
}

func (r premisRights) basis() (Basis, error) {
	b := Basis{Kind: r.Basis, Document: r.Document}
	var err error
	for _, d := range []struct {
		text string
		into *time.Time
	}{{r.From, &b.From}, {r.Until, &b.Until}} {
		if d.text == "" {
			continue
		}
		if *d.into, err = time.Parse(time.RFC3339Nano, d.text); err != nil {
			return b, fail(ErrMalformed, "date %q", d.text)
		}
	}
	var p records.Problems
	b.check("rightsStatement", &p)
	return b, p.Err("evidence.Basis")
}

// encodeDocument writes a document as people read it: indented, with its text
// unescaped.
func encodeDocument(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("evidence: write a document: %w", err)
	}
	return b.Bytes(), nil
}

// decodeDocument reads what encodeDocument wrote, and nothing that differs from
// it in a byte: no unknown field, no key twice, nothing after the end.
func decodeDocument[T any](b []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, fail(ErrMalformed, "%v", err)
	}
	again, err := encodeDocument(v)
	if err != nil || !bytes.Equal(again, b) {
		return v, ErrNotCanonical
	}
	return v, nil
}
