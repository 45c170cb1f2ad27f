package ecm

import (
	"context"
	"iter"

	"github.com/smintecm/sdk/internal/rest"
)

// MembersService finds users and groups, for roles and permissions.
type MembersService service

// Member is a user or a group.
type Member struct {
	ID   UserID
	Name string
	// Group tells a group from a user.
	Group bool
	// DisplayName is the user's name as people see it.
	DisplayName string
}

type memberData struct {
	Properties oneOrMany[struct {
		ID          number `json:"id"`
		Name        string `json:"name"`
		Type        number `json:"type"`
		DisplayName string `json:"name_formatted"`
	}] `json:"properties"`
}

func (d memberData) list() []Member {
	var list []Member
	for _, m := range d.Properties {
		list = append(list, Member{UserID(m.ID), m.Name, m.Type == 1, m.DisplayName})
	}
	return list
}

// Get reads a user or group.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v2/members/{id}.
func (s *MembersService) Get(ctx context.Context, id UserID) (*Member, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.member.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[memberData]](ctx, s.core, &routes.member, []any{id}, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		for _, m := range r.Data.list() {
			return &m, nil
		}
	}
	return nil, noAnswer(&routes.member, "no member in the answer")
}

// List reads one page of the users and groups whose name contains a text, all
// of them for an empty one; 100 a page from page 1 on.
//
// Errors: ErrInvalid.
//
// API: GET /v2/members.
func (s *MembersService) List(ctx context.Context, name string, page int) (*Page[Member], error) {
	var faults rest.Problems
	mayText(&faults, "name", name)
	wantLeast(&faults, "page", page, 1)
	if err := faults.Err(routes.members.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[memberData]](ctx, s.core, &routes.members, nil, params(pageQuery(page)).text("query", name))
	if err != nil {
		return nil, err
	}
	p := &Page[Member]{Number: page, Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}
	for _, r := range answer.Results {
		p.Items = append(p.Items, r.Data.list()...)
	}
	return p, nil
}

// All walks the users and groups whose name contains a text.
//
// Errors: ErrInvalid.
//
// API: GET /v2/members.
func (s *MembersService) All(ctx context.Context, name string) iter.Seq2[Member, error] {
	return pages(ctx, 1, func(ctx context.Context, page int) (*Page[Member], error) { return s.List(ctx, name, page) })
}

// Find returns the one user or group of exactly that name, or ErrNotFound.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v2/members.
func (s *MembersService) Find(ctx context.Context, name string) (*Member, error) {
	var faults rest.Problems
	wantText(&faults, "name", name)
	if err := faults.Err("Members.Find"); err != nil {
		return nil, err
	}
	for m, err := range s.All(ctx, name) {
		if err != nil {
			return nil, err
		}
		if m.Name == name {
			return &m, nil
		}
	}
	return nil, &Error{Op: "Members.Find", Method: "GET", Route: routes.members.Template, Message: "no such member", Err: ErrNotFound}
}
