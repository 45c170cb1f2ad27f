package ecm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// MayAdd tells whether this user may declare a node, at little cost.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/rmmenuitems/addrmclassification.
func (s *RMClassificationsService) MayAdd(ctx context.Context, id NodeID) (bool, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.recordMenu.Name); err != nil {
		return false, err
	}
	answer, err := get[struct {
		Enabled flag `json:"enabled"`
	}](ctx, s.core, &routes.recordMenu, []any{id}, nil)
	return bool(answer.Enabled), err
}

// MakeConfidential hides a record, and on demand what lies below it, from all
// but those who may see confidential records. Servers may lack it:
// ErrRouteMissing.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrRouteMissing.
//
// API: PUT /v1/nodes/{id}/rmclassifications/makeConfidential.
func (s *RMClassificationsService) MakeConfidential(ctx context.Context, id NodeID, subItems bool) error {
	return s.confidential(ctx, &routes.makeConfidential, id, subItems)
}

// RemoveConfidential undoes MakeConfidential.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrRouteMissing.
//
// API: PUT /v1/nodes/{id}/rmclassifications/removeConfidential.
func (s *RMClassificationsService) RemoveConfidential(ctx context.Context, id NodeID, subItems bool) error {
	return s.confidential(ctx, &routes.removeConfidential, id, subItems)
}

func (s *RMClassificationsService) confidential(ctx context.Context, route *rest.Route, id NodeID, subItems bool) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	return s.send(ctx, route, []any{id}, params{}.always("sub_items", subItems))
}

// Items returns everything that a classification classifies. Of a large one,
// range over AllItems instead.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/classifieditems/{id}, GET /v2/classifieditems/{id}/page.
func (s *RMClassificationsService) Items(ctx context.Context, class NodeID) ([]Node, error) {
	return gather(s.AllItems(ctx, class))
}

// AllItems walks what a classification classifies page by page; it may be
// ranged again.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/classifieditems/{id}, GET /v2/classifieditems/{id}/page.
func (s *RMClassificationsService) AllItems(ctx context.Context, class NodeID) iter.Seq2[Node, error] {
	var faults rest.Problems
	wantID(&faults, "class", class)
	if err := faults.Err(routes.classifiedItems.Name); err != nil {
		return failed[Node](err)
	}
	return s.items(ctx, &routes.classifiedItems, &routes.classifiedItemsPage, class)
}

// BulkUpdate are record details for several records at once. Empty fields are
// left out.
type BulkUpdate struct {
	Accession  string
	DocDate    time.Time
	Essential  string
	Status     string
	NextReview time.Time
	Official   bool
	RSI        string
	// RemoveRSI takes the RSI off.
	RemoveRSI        bool
	StatusDate       time.Time
	Storage          string
	VitalRecordCycle string
}

func (u BulkUpdate) check(faults *rest.Problems) {
	for field, value := range map[string]string{
		"accession": u.Accession, "essential": u.Essential, "status": u.Status, "rsi": u.RSI, "storage": u.Storage, "vital record cycle": u.VitalRecordCycle,
	} {
		mayText(faults, field, value)
	}
	for field, value := range map[string]time.Time{"doc date": u.DocDate, "next review": u.NextReview, "status date": u.StatusDate} {
		mayDay(faults, field, value)
	}
}

// UpdateMany writes record details of several records. The answer does not
// tell what became of each: read them. Dates, status and RSI are what retention
// counts from: final records are refused with ErrFinal, held ones with
// ErrOnHold, and then nothing is sent.
//
// Errors: ErrInvalid, ErrDenied, ErrOnHold, ErrFinal.
//
// API: POST /v1/rmclassifications/RMMetadata.
func (s *RMClassificationsService) UpdateMany(ctx context.Context, u BulkUpdate, ids []NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	wantSome(&faults, u)
	u.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.recordMetadata.Name); err != nil {
		return err
	}
	if err := s.guardAll(ctx, routes.recordMetadata.Name, ids, skip, s.mayDestroy); err != nil {
		return err
	}
	form := params{}.text("accession", u.Accession).date("docDate", u.DocDate).text("essential", u.Essential).text("fileStatus", u.Status).
		date("nextReviewDate", u.NextReview).text("rsi", u.RSI).flag("rsiRemove", u.RemoveRSI).date("statusDate", u.StatusDate).
		text("storage", u.Storage).text("vitalRecordCycle", u.VitalRecordCycle)
	if u.Official {
		form.number("official", 1)
	}
	return s.send(ctx, &routes.recordMetadata, nil, many(form, "ids", ids))
}

// guardAll guards every node of a call.
func (c *core) guardAll(ctx context.Context, op string, ids []NodeID, skip []Unguarded, may func(context.Context, NodeID) error) error {
	var errs []error
	for _, id := range ids {
		errs = append(errs, c.guardBy(ctx, op, id, skip, may))
	}
	return errors.Join(errs...)
}

// ApplyMany classifies several nodes. The answer does not tell what became of
// each. What is a record already gets another class: if one of them is final or
// held, nothing is sent, and the error is as that of Apply.
//
// Errors: ErrInvalid, ErrDenied, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v1/rmclassifications/batchAddClassification.
func (s *RMClassificationsService) ApplyMany(ctx context.Context, class NodeID, ids []NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "class", class)
	wantIDs(&faults, "ids", ids)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.batchAdd.Name); err != nil {
		return err
	}
	if err := s.guardAll(ctx, routes.batchAdd.Name, ids, skip, s.mayReclassify); err != nil {
		return err
	}
	return s.send(ctx, &routes.batchAdd, nil, many(params{}.number("classID", int64(class)), "ids", ids))
}

// RemoveMany takes a classification off several nodes. Final records are
// refused with ErrFinal, held ones with ErrOnHold. The vendor's path is
// misspelled; where a server has mended it, the mended one is used.
//
// Errors: ErrInvalid, ErrDenied, ErrRouteMissing, ErrOnHold, ErrFinal,
// ErrOutcomeUnknown.
//
// API: POST /v1/rmcassifications/batchRemoveClassification.
func (s *RMClassificationsService) RemoveMany(ctx context.Context, class NodeID, ids []NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "class", class)
	wantIDs(&faults, "ids", ids)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.batchRemove.Name); err != nil {
		return err
	}
	if err := s.guardAll(ctx, routes.batchRemove.Name, ids, skip, s.mayDestroy); err != nil {
		return err
	}
	req := rest.Request{Route: &routes.batchRemove, Form: url.Values(many(params{}.number("classID", int64(class)), "ids", ids))}
	err := s.do(ctx, req)
	if errors.Is(err, ErrRouteMissing) {
		req.Location = batchRemoveCorrected
		err = s.do(ctx, req)
	}
	return err
}

// Count is the number of records in the system.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmclassifications/managedrecords.
func (s *RMClassificationsService) Count(ctx context.Context) (int64, error) {
	answer, err := get[struct {
		Count number `json:"managedRecordsCnt"`
	}](ctx, s.core, &routes.managedRecords, nil, nil)
	return int64(answer.Count), err
}

// ComplianceCounts are numbers over all records.
type ComplianceCounts struct {
	// Old is the number of records older than 20 years, Retained that of items
	// with an RSI, Total that of all.
	Old, Retained, Total int64
}

// Compliance counts.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmclassifications/compliance.
func (s *RMClassificationsService) Compliance(ctx context.Context) (ComplianceCounts, error) {
	answer, err := get[struct {
		Old      number `json:"oldCnt"`
		Retained number `json:"retentionCnt"`
		Total    number `json:"totalCnt"`
	}](ctx, s.core, &routes.compliance, nil, nil)
	return ComplianceCounts{int64(answer.Old), int64(answer.Retained), int64(answer.Total)}, err
}

// RMSettings are the server's settings for Records Management.
type RMSettings struct {
	// CanClassify tells whether this user may declare records at all.
	CanClassify bool
	// Licensed tells that the module is enabled.
	Licensed bool
	// RejectNeedsComment tells that a rejected review must say why.
	RejectNeedsComment bool
	// All are the settings as the server names them.
	All map[string]json.RawMessage
}

// Settings reads the settings.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmclassifications/settings.
func (s *RMClassificationsService) Settings(ctx context.Context) (*RMSettings, error) {
	all, err := get[map[string]json.RawMessage](ctx, s.core, &routes.recordSettings, nil, nil)
	if err != nil {
		return nil, err
	}
	on := func(name string) bool {
		var f flag
		return json.Unmarshal(all[name], &f) == nil && bool(f)
	}
	return &RMSettings{on("bCanRMClassify"), on("licensingConfirmation"), on("rejectCommentRequired"), all}, nil
}

// CreateInfo tells what may be declared where.
type CreateInfo struct {
	CanClassify bool
	Volume      NodeID
	MultiClass  bool
}

// CreateInfo tells whether objects of a subtype can be declared below a node.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: GET /v1/rmclassifications/createinfo.
func (s *RMClassificationsService) CreateInfo(ctx context.Context, kind Subtype, parent NodeID) (CreateInfo, error) {
	var faults rest.Problems
	wantLeast(&faults, "kind", kind, 0)
	wantID(&faults, "parent", parent)
	if err := faults.Err(routes.recordCreateInfo.Name); err != nil {
		return CreateInfo{}, err
	}
	answer, err := get[struct {
		Can    flag   `json:"canrmclassify"`
		Volume number `json:"classvolumeid"`
		Multi  flag   `json:"multiclass"`
	}](ctx, s.core, &routes.recordCreateInfo, nil, params{}.always("objType", int(kind)).number("parentId", int64(parent)))
	return CreateInfo{bool(answer.Can), NodeID(answer.Volume), bool(answer.Multi)}, err
}
