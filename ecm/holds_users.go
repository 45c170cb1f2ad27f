package ecm

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// HoldUsers are the users whose objects a hold covers.
type HoldUsers struct {
	Users        []UserID
	AuditEnabled bool
	Criteria     bool
}

// Users reads the users assigned to a hold.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/userholds/getusers/{id}.
func (s *HoldsService) Users(ctx context.Context, id HoldID) (*HoldUsers, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.holdUsers.Name); err != nil {
		return nil, err
	}
	answer, err := get[struct {
		Users    []json.RawMessage `json:"assignedUsers"`
		Audit    flag              `json:"auditEnabled"`
		Criteria flag              `json:"criteriaExist"`
	}](ctx, s.core, &routes.holdUsers, []any{id}, nil)
	if err != nil {
		return nil, err
	}
	users := &HoldUsers{AuditEnabled: bool(answer.Audit), Criteria: bool(answer.Criteria)}
	for _, raw := range answer.Users {
		users.Users = append(users.Users, userOf(raw))
	}
	return users, nil
}

// userOf reads a user that is a number, a text, or an object with an id.
func userOf(raw json.RawMessage) UserID {
	var object struct {
		ID     number `json:"id"`
		UserID number `json:"userID"`
	}
	if json.Unmarshal(raw, &object) == nil {
		return UserID(max(object.ID, object.UserID))
	}
	n, _ := strconv.ParseInt(textOf(raw), 10, 64)
	return UserID(n)
}

// AddUsers assigns users to a hold.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v2/userholds/addusers.
func (s *HoldsService) AddUsers(ctx context.Context, id HoldID, users ...UserID) error {
	return s.users(ctx, &routes.holdAddUsers, id, users)
}

// RemoveUsers takes users off a hold.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v2/userholds/removeusers.
func (s *HoldsService) RemoveUsers(ctx context.Context, id HoldID, users ...UserID) error {
	return s.users(ctx, &routes.holdRemoveUsers, id, users)
}

func (s *HoldsService) users(ctx context.Context, route *rest.Route, id HoldID, users []UserID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantIDs(&faults, "users", users)
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	return s.sendQuery(ctx, route, nil, many(params{}.number("holdID", int64(id)), "userIDs", users))
}

// Process holds, or releases, what a hold's users have created or updated in a
// time. It runs on the server in the background.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v2/userholds/processhold.
func (s *HoldsService) Process(ctx context.Context, id HoldID, from, until time.Time) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	maySpan(&faults, "from", "until", from, until)
	if err := faults.Err(routes.holdProcess.Name); err != nil {
		return err
	}
	return s.sendQuery(ctx, &routes.holdProcess, nil, params{}.number("holdID", int64(id)).date("startDate", from).date("endDate", until))
}

// HoldUsersUpdate changes a hold's users, and why.
type HoldUsersUpdate struct {
	Added, Removed  []UserID
	From, Until     time.Time
	ProcessComments string
	ReasonComments  string
}

// UpdateUsers changes a hold's users.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v2/userholds/updateusershold.
func (s *HoldsService) UpdateUsers(ctx context.Context, id HoldID, u HoldUsersUpdate) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if len(u.Added)+len(u.Removed) == 0 && u.From.IsZero() && u.Until.IsZero() {
		faults.Add("change", "none", "users, or a time to process")
	}
	mayIDs(&faults, "added", u.Added)
	mayIDs(&faults, "removed", u.Removed)
	maySpan(&faults, "from", "until", u.From, u.Until)
	mayLines(&faults, "process comments", u.ProcessComments)
	mayLines(&faults, "reason comments", u.ReasonComments)
	if err := faults.Err(routes.holdUpdateUsers.Name); err != nil {
		return err
	}
	form := params{}.number("holdID", int64(id)).date("startProcessDate", u.From).date("endProcessDate", u.Until).
		text("processComments", u.ProcessComments).text("reasonComments", u.ReasonComments)
	return s.send(ctx, &routes.holdUpdateUsers, nil, many(many(form, "addedUsers", u.Added), "removedUsers", u.Removed))
}
