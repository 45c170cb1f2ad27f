package ecm

import (
	"context"
	"iter"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// AuditService reads the server's own trail of what was done to a node.
type AuditService service

// AuditEvent is one line of it.
type AuditEvent struct {
	ID int64
	// Type is the server's number of the kind of event, Name its name.
	Type int
	Name string
	At   time.Time
	User UserID
	// Target is the user or group that the event was about, 0 for none.
	Target UserID
}

// AuditOptions filter the trail. The zero value is all of it, the newest first.
type AuditOptions struct {
	// Type and User keep events of one kind or one user.
	Type int
	User UserID
	// From and To are days, both included; the server knows no finer grain.
	From, To time.Time
	// Page begins at 1. Limit is the page size, 100 by default.
	Page, Limit int
}

func (o AuditOptions) query() params {
	q := params{}.text("sort", "desc_audit_date").number("page", int64(max(o.Page, 1))).number("limit", int64(cmpOr(o.Limit, 100))).
		number("where_type", int64(o.Type)).number("where_user_id", int64(o.User)).date("where_audit_date_start", o.From).date("where_audit_date_end", o.To)
	return q
}

// OfNode reads one page of a node's trail; nil options mean the defaults. A
// user who may not see it gets ErrInvalidAction.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction.
//
// API: GET /v2/nodes/{id}/audit.
func (s *AuditService) OfNode(ctx context.Context, id NodeID, opts *AuditOptions) (*Page[AuditEvent], error) {
	o := AuditOptions{}
	if opts != nil {
		o = *opts
	}
	var faults rest.Problems
	wantID(&faults, "id", id)
	mayPage(&faults, o.Page, o.Limit)
	wantLeast(&faults, "type", o.Type, 0)
	mayID(&faults, "user", o.User)
	maySpan(&faults, "from", "to", o.From, o.To)
	if err := faults.Err(routes.audit.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[struct {
		Audit oneOrMany[struct {
			ID     number `json:"id"`
			Type   number `json:"event_type"`
			Name   string `json:"audit_name"`
			At     stamp  `json:"audit_date"`
			User   number `json:"user_id"`
			Target number `json:"target_user_id"`
		}] `json:"audit"`
		Types oneOrMany[struct {
			ID   number `json:"id"`
			Name string `json:"name"`
		}] `json:"audit_event_types"`
	}]](ctx, s.core, &routes.audit, []any{id}, o.query())
	if err != nil {
		return nil, err
	}
	p := &Page[AuditEvent]{Number: max(o.Page, 1), Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}
	for _, r := range answer.Results {
		names := map[number]string{}
		for _, t := range r.Data.Types {
			names[t.ID] = t.Name
		}
		for _, e := range r.Data.Audit {
			name := e.Name
			if name == "" {
				name = names[e.Type]
			}
			p.Items = append(p.Items, AuditEvent{int64(e.ID), int(e.Type), name, time.Time(e.At), UserID(e.User), UserID(e.Target)})
		}
	}
	if limit := cmpOr(o.Limit, 100); p.Pages == 0 && p.Total > 0 {
		p.Pages = (p.Total + limit - 1) / limit
	}
	return p, nil
}

// All walks a node's trail page by page; it may be ranged again.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction.
//
// API: GET /v2/nodes/{id}/audit.
func (s *AuditService) All(ctx context.Context, id NodeID, opts *AuditOptions) iter.Seq2[AuditEvent, error] {
	o := AuditOptions{}
	if opts != nil {
		o = *opts
	}
	return pages(ctx, o.Page, func(ctx context.Context, page int) (*Page[AuditEvent], error) {
		o := o
		o.Page = page
		return s.OfNode(ctx, id, &o)
	})
}
