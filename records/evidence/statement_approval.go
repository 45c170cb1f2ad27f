package evidence

import (
	"context"
	"crypto"

	"github.com/smintecm/sdk/records"
)

// approvalFormat names the predicate of a signed approval and its version.
const approvalFormat = "https://github.com/smintecm/sdk/disposition-approval/v1"

// SignDispositionApproval returns the approval as a signed in-toto statement
// about the list that was approved, in a DSSE envelope: the key is the
// approver's own, so that nobody else can make one or change it.
//
// The error matches ErrInvalid, listing all faults of approval and signer, or is
// that of the signer.
func SignDispositionApproval(ctx context.Context, a records.DispositionApproval, approver crypto.Signer) ([]byte, error) {
	var p records.Problems
	p.Merge("approval", a.Validate())
	list, err := newSigners([]crypto.Signer{approver})
	p.Merge("", err)
	if err := p.Err("evidence.SignDispositionApproval"); err != nil {
		return nil, err
	}
	return seal(ctx, approvalStatement(a), list)
}

func approvalStatement(a records.DispositionApproval) statement[records.DispositionApproval] {
	return statement[records.DispositionApproval]{
		Type: statementType, PredicateType: approvalFormat, Predicate: a, Subject: []subject{{"disposal list", digestSet{a.List.Hex()}}},
	}
}

// VerifyDispositionApproval returns the approval if the approver's key signed
// it. That it covers a disposal is for [records.DispositionApproval.Covers].
//
// The error matches ErrInvalid without a key, ErrTooLarge, ErrMalformed,
// ErrNotCanonical, ErrVersion, ErrSignature, ErrSigner or ErrStatement.
func VerifyDispositionApproval(approval []byte, approver crypto.PublicKey) (records.DispositionApproval, error) {
	payload, err := openSigned("the approval", approval, []crypto.PublicKey{approver}, 1)
	if err != nil {
		return records.DispositionApproval{}, err
	}
	s, err := readStatement[records.DispositionApproval](payload, approvalFormat)
	if err != nil {
		return records.DispositionApproval{}, fail2("the approval", err)
	}
	if want := approvalStatement(s.Predicate).Subject; s.Predicate.Validate() != nil || len(s.Subject) != 1 || s.Subject[0] != want[0] {
		return records.DispositionApproval{}, fail(ErrStatement, "evidence: the approval: it is incomplete or about something else")
	}
	return s.Predicate, nil
}
