package ecm

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// RMClassificationsService makes records of nodes: it classifies them, writes
// their record details and finalizes them.
type RMClassificationsService service

// RecordDetails are what Records Management knows of a node.
type RecordDetails struct {
	// Token must accompany every write and is stale after each.
	Token string
	// CanClassify, CanFinalize and CanRemove are what the user may do now.
	CanClassify bool
	CanFinalize bool
	CanRemove   bool
	// Final tells that the record's content is final: it is classified, can no
	// longer be finalized, and its class can no longer be removed. No field of
	// the API says it outright; [Settings] has other signs.
	Final bool
	// Entries has one element for each classification; none: no record.
	Entries []RecordEntry
}

// RecordEntry is one classification of a record and its details.
type RecordEntry struct {
	Class      NodeID
	ClassName  string
	FileNumber string
	// RSI is the name of the record series identifier, the schedule.
	RSI          string
	Status       string
	StatusDate   time.Time
	RecordDate   time.Time
	ReceivedDate time.Time
	NextReview   time.Time
	Essential    string
	Storage      string
	Accession    string
	Subject      string
	Originator   string
	Addressee    string
	SentTo       string
	// Establishment is where the record comes from.
	Establishment string
	// Cycle is how often a vital record is reviewed.
	Cycle      CyclePeriod
	LastReview time.Time
	Official   bool
	Primary    bool
	// Inherited tells that the class comes from a folder above.
	Inherited bool
}

// CyclePeriod is how often a vital record is reviewed, by the server's code.
// The list is open.
type CyclePeriod string

// The cycle periods.
const (
	CycleDaily      CyclePeriod = "365"
	CycleWeekly     CyclePeriod = "7"
	CycleMonthly    CyclePeriod = "1"
	CycleQuarterly  CyclePeriod = "3"
	CycleHalfYearly CyclePeriod = "2"
	CycleYearly     CyclePeriod = "12"
)

// Known tells whether it is one of the described codes.
func (p CyclePeriod) Known() bool {
	return slices.Contains([]CyclePeriod{CycleDaily, CycleWeekly, CycleMonthly, CycleQuarterly, CycleHalfYearly, CycleYearly}, p)
}

// Primary is the leading entry; the zero value for a node that is no record.
func (d RecordDetails) Primary() RecordEntry {
	for _, e := range d.Entries {
		if e.Primary {
			return e
		}
	}
	if len(d.Entries) > 0 {
		return d.Entries[0]
	}
	return RecordEntry{}
}

// Class is the leading entry's classification, 0 for a node that is no record.
func (d RecordDetails) Class() NodeID { return d.Primary().Class }

// MayBeFinal tells that a node cannot be relied on to be open: it is a record
// that this user cannot finalize, because it is final or for want of the
// privilege.
func (d RecordDetails) MayBeFinal() bool {
	return d.Final || (len(d.Entries) > 0 && !d.CanFinalize)
}

type wireDetails struct {
	Token       string `json:"rm_metadataToken"`
	CanClassify flag   `json:"canRMClassify"`
	CanFinalize flag   `json:"canFinalize"`
	CanRemove   flag   `json:"canRemoveClass"`
	Data        oneOrMany[struct {
		Class         number          `json:"rmclassification_id"`
		Name          string          `json:"name"`
		FileNumber    string          `json:"file_number"`
		RSI           string          `json:"rsi"`
		FileStatus    string          `json:"file_status"`
		Status        string          `json:"status"`
		StatusDate    stamp           `json:"status_date"`
		RecordDate    stamp           `json:"record_date"`
		ReceivedDate  stamp           `json:"received_date"`
		NextReview    stamp           `json:"next_review_date"`
		Essential     string          `json:"essential"`
		Storage       string          `json:"storage"`
		Accession     string          `json:"accession"`
		Subject       string          `json:"subject"`
		Originator    string          `json:"originator"`
		Addressee     string          `json:"addressee"`
		SentTo        string          `json:"sent_to"`
		Establishment string          `json:"establishment"`
		Cycle         json.RawMessage `json:"cycle_period"`
		LastReview    stamp           `json:"last_review_date"`
		Inherited     flag            `json:"inherit_from"`
		Official      flag            `json:"official"`
		Primary       flag            `json:"is_primary"`
	}] `json:"data"`
}

// UnmarshalJSON knows the answer by its members: of a node that is no record a
// server leaves the data out.
func (w *wireDetails) UnmarshalJSON(b []byte) error {
	type plain wireDetails
	err := json.Unmarshal(b, (*plain)(w))
	if err == nil && len(w.Data) == 0 {
		err = says(b, "data", "rm_metadataToken", "canRMClassify")
	}
	return err
}

func (w wireDetails) details(s Settings) *RecordDetails {
	d := &RecordDetails{Token: w.Token, CanClassify: bool(w.CanClassify), CanFinalize: bool(w.CanFinalize), CanRemove: bool(w.CanRemove)}
	for _, e := range w.Data {
		if e.Class == 0 {
			continue
		}
		d.Entries = append(d.Entries, RecordEntry{
			Class: NodeID(e.Class), ClassName: e.Name, FileNumber: e.FileNumber, RSI: e.RSI, Status: firstName(e.FileStatus, e.Status),
			StatusDate: time.Time(e.StatusDate), RecordDate: time.Time(e.RecordDate), ReceivedDate: time.Time(e.ReceivedDate),
			NextReview: time.Time(e.NextReview), Essential: e.Essential, Storage: e.Storage, Accession: e.Accession,
			Subject: e.Subject, Originator: e.Originator, Addressee: e.Addressee, SentTo: e.SentTo, Establishment: e.Establishment,
			Cycle: CyclePeriod(textOf(e.Cycle)), LastReview: time.Time(e.LastReview), Inherited: bool(e.Inherited), Official: bool(e.Official), Primary: bool(e.Primary),
		})
	}
	if len(d.Entries) > 0 {
		d.Final = (!d.CanFinalize && (!d.CanRemove || s.FinalKeepsRemoval)) || (s.OfficialMeansFinal && d.Primary().Official)
	}
	return d
}

// Get reads the record details of a node; a node that is no record has none.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/rmclassifications.
func (s *RMClassificationsService) Get(ctx context.Context, id NodeID) (*RecordDetails, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.recordDetails.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[wireDetails](ctx, s.rest, rest.Request{Route: &routes.recordDetails, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	return answer.details(s.settings), nil
}

// RecordUpdate are record details to be written. Empty fields are left out:
// the server refuses some that are false or empty.
type RecordUpdate struct {
	// Token is the one last read.
	Token string
	// Seen, instead of Token, are the details that the caller decided on: their
	// token goes along. If they say that the node is no record yet, applying a
	// class can harm nothing that the server would not refuse as stale, and is
	// not preceded by reading holds and state again.
	Seen       *RecordDetails
	Status     string
	Essential  string
	Storage    string
	Accession  string
	Subject    string
	Originator string
	Addressee  string
	SentTo     string
	// Establishment is where the record comes from.
	Establishment string
	// RSI is the one of the class's RSIs by name that the record comes under;
	// empty leaves it to the class.
	RSI string
	// Cycle is how often a vital record is reviewed.
	Cycle        CyclePeriod
	Official     bool
	RecordDate   time.Time
	StatusDate   time.Time
	ReceivedDate time.Time
	NextReview   time.Time
	LastReview   time.Time
}

func (u RecordUpdate) check(faults *rest.Problems) {
	for field, value := range map[string]string{
		"token": u.token(), "status": u.Status, "essential": u.Essential, "storage": u.Storage, "accession": u.Accession, "subject": u.Subject,
		"originator": u.Originator, "addressee": u.Addressee, "sent to": u.SentTo, "establishment": u.Establishment, "rsi": u.RSI,
	} {
		mayLines(faults, field, value)
	}
	if u.Cycle != "" && !u.Cycle.Known() {
		faults.Add("cycle", u.Cycle, "one of the cycle periods")
	}
	for field, value := range map[string]time.Time{
		"record date": u.RecordDate, "status date": u.StatusDate, "received date": u.ReceivedDate, "next review": u.NextReview, "last review": u.LastReview,
	} {
		mayDay(faults, field, value)
	}
}

func (u RecordUpdate) token() string {
	if u.Token == "" && u.Seen != nil {
		return u.Seen.Token
	}
	return u.Token
}

func (u RecordUpdate) form(s Settings) url.Values {
	form := url.Values{}
	for key, value := range map[string]string{
		"rm_metadataToken": u.token(), s.StatusField: u.Status, "essential": u.Essential, "storage": u.Storage,
		"accession": u.Accession, "subject": u.Subject, "originator": u.Originator, "addressee": u.Addressee, "sent_to": u.SentTo,
		"establishment": u.Establishment, "rsi": u.RSI, "cycle_period": string(u.Cycle),
	} {
		if value != "" {
			form.Set(key, value)
		}
	}
	for key, value := range map[string]time.Time{
		"record_date": u.RecordDate, "status_date": u.StatusDate, "received_date": u.ReceivedDate, "next_review_date": u.NextReview,
		"last_review_date": u.LastReview,
	} {
		if !value.IsZero() {
			form.Set(key, dateText(value))
		}
	}
	if u.Official {
		form.Set("official", "true")
	}
	return form
}

// Apply classifies a node, which makes a record of it, together with its first
// details. Give the token if the details had one. A stale token is
// ErrEditConflict; read the details back in any case. A node that is a record
// already gets another class, and with it another schedule: a final one is
// refused with ErrFinal, a held one with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrEditConflict, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/rmclassifications.
func (s *RMClassificationsService) Apply(ctx context.Context, id, class NodeID, first RecordUpdate, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "class", class)
	first.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.recordApply.Name); err != nil {
		return err
	}
	if seen := first.Seen; seen == nil || len(seen.Entries) > 0 || seen.Token == "" || first.Token != "" {
		if err := s.guardBy(ctx, routes.recordApply.Name, id, skip, s.mayReclassify); err != nil {
			return err
		}
	}
	form := first.form(s.settings)
	form.Set("class_id", class.String())
	return s.do(ctx, rest.Request{Route: &routes.recordApply, Path: []any{id}, Form: form})
}

// Update writes record details. A stale token is ErrEditConflict. Dates and
// status are what retention counts from: those of a final record are refused
// with ErrFinal, those of a held one with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrEditConflict, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: PUT /v1/nodes/{id}/rmclassifications.
func (s *RMClassificationsService) Update(ctx context.Context, id NodeID, u RecordUpdate, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if u.token() == "" {
		faults.Add("token", "", "the token last read with the details")
	}
	if (u == RecordUpdate{Token: u.Token, Seen: u.Seen}) {
		faults.Add("change", "none", "at least one field")
	}
	u.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.recordUpdate.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.recordUpdate.Name, id, skip); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.recordUpdate, Path: []any{id}, Form: u.form(s.settings)})
}

// Remove takes a classification off a node, which then may be no record any
// more. A final record is refused with ErrFinal, a held one with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrEditConflict, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: DELETE /v1/nodes/{id}/rmclassifications/{class_id}.
func (s *RMClassificationsService) Remove(ctx context.Context, id, class NodeID, token string, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "class", class)
	wantText(&faults, "token", token)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.recordRemove.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.recordRemove.Name, id, skip); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.recordRemove, Path: []any{id, class}, Query: url.Values{"rm_metadataToken": {token}}})
}

// Finalize makes records final, which cannot be undone. The answer tells
// nothing of the single record: read the details of each.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: PUT /v1/rmclassifications/finalizerecords.
func (s *RMClassificationsService) Finalize(ctx context.Context, ids ...NodeID) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	if err := faults.Err(routes.finalize.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.finalize, nil, many(params{}, "ids", ids))
}
