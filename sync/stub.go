package sync

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// notObserved stands for who approved or executed a disposal where nobody said
// so: ECM does not tell.
const (
	approverNotObserved = "not observed: ECM does not tell who approved"
	executorNotObserved = "not observed: ECM does not tell who executed"
)

// stubNote is the content of a stub for which no certificate could be made.
type stubNote struct {
	Record    records.RecordKey `json:"record"`
	Destroyed records.Date      `json:"destroyed"`
	Observed  string            `json:"observed"`
	// Missing says why there is no certificate.
	Missing string       `json:"missing"`
	Stub    records.Stub `json:"stub"`
}

// leaveStub leaves in ECM what remains of a destroyed record: under the name
// that every look-up of its key finds, so that nothing declares it again.
func (c *propagation) leaveStub(ctx context.Context) error {
	if !c.leavesStub() {
		return nil
	}
	stub := c.remains()
	content, fileName, err := c.certify(ctx, stub)
	if err != nil {
		return err
	}
	label, _ := fit([]string{c.facts.Why}, 200)
	id, mine, err := c.leave(ctx, leaving{kind: records.CompanionStub, fileName: fileName, mediaType: "application/json", label: label[0], title: "Stub of", content: content})
	if err != nil {
		return fmt.Errorf("leave the stub: %w", err)
	}
	c.stub = id
	if !mine {
		c.Findings, c.certificate = append(c.Findings, fmt.Sprintf("another stub stands there already: node %s", id)), ""
	}
	return nil
}

// remains is what is known of the destroyed record: what was read of it while it
// stood, and what ECM says became of it. It claims nothing else.
func (c *propagation) remains() records.Stub {
	a, people := c.absence, c.request.Disposal
	stub := records.Stub{
		Record: c.Key, Destroyed: records.DateIn(c.facts.At, nil), Certificate: "destruction-" + c.Key.Short(),
		ApprovedBy: cmp.Or(people.ApprovedBy, approverNotObserved), ExecutedBy: cmp.Or(people.ExecutedBy, executorNotObserved),
		Authority: people.Authority,
	}
	if stub.Authority != "" {
		stub.Authority += "; "
	}
	stub.Authority += fmt.Sprintf("ECM %s, action %s", a.search, actionOf(*a.item))
	stub.Due, _ = serverDay(a.item.Due) // a day that cannot be read is left out.
	if k := c.Event.Known; k != nil {
		stub.Digest, stub.Class, stub.Schedule, stub.Declared = k.Digest, k.Class, k.Schedule, k.Declared
	}
	return stub
}

// certify signs what remains; without signers, or where too little is known for
// a certificate, it says so in the stub.
func (c *propagation) certify(ctx context.Context, stub records.Stub) (content []byte, fileName string, err error) {
	missing := ""
	if len(c.s.carrying.Signers) == 0 {
		missing = "the scope has no signers"
	} else if err := stub.Validate(); err != nil {
		missing = err.Error()
	}
	if missing == "" {
		content, err = evidence.SignCertificate(ctx, stub, c.s.carrying.Signers)
		if err != nil {
			return nil, "", fmt.Errorf("sign the certificate of destruction: %w", err)
		}
		c.certificate = stub.Certificate
		return content, "certificate.dsse.json", nil
	}
	c.Findings = append(c.Findings, "no certificate of destruction: "+missing)
	stub.Certificate = ""
	content, err = json.MarshalIndent(stubNote{Record: c.Key, Destroyed: stub.Destroyed, Observed: c.facts.Why, Missing: missing, Stub: stub}, "", "  ")
	return content, "stub.json", err
}
