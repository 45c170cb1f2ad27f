package testserver

import (
	"net/http"
	"time"
)

// held tells that an active hold lies on a node or on something above it.
func (e *ECM) held(n *ecmNode) bool {
	for at := n; at != nil; at = e.state.Nodes[at.Parent] {
		for id := range at.Holds {
			if h := e.state.Holds[id]; h != nil && h.Active {
				return true
			}
		}
	}
	return false
}

// locked tells that a node is final or held, so that it cannot go away.
func (e *ECM) locked(n *ecmNode) bool {
	return n.final() || e.held(n)
}

func (n *ecmNode) final() bool { return n.Record != nil && n.Record.Final }

// keeps tells whether something in a node's tree forbids to remove it.
func (e *ECM) keeps(n *ecmNode) bool {
	if e.locked(n) {
		return true
	}
	for _, child := range e.children(n.ID) {
		if e.keeps(child) {
			return true
		}
	}
	return false
}

// fixed tells that the attributes of a node may not change.
func (e *ECM) fixed(n *ecmNode) bool { return n.final() && !e.options.OpenAttributes }

func (c *ecmCall) makeFinal(n *ecmNode) {
	if n.Record == nil || n.Record.Final {
		return
	}
	n.Record.Final = true
	n.RecordToken++
	c.audit(n, "Record Finalized")
}

func (c *ecmCall) finalize() ecmReply {
	ids, isList := c.numbers("ids")
	if !isList || len(ids) == 0 {
		return fail(http.StatusNotFound, "ID is not an integer or is missing")
	}
	for _, id := range ids {
		if n := c.node(id); n == nil || n.Record == nil || !c.may("finalize") {
			return fail(http.StatusNotFound, textRMDenied)
		}
	}
	return c.bulk("finalize")
}

func (c *ecmCall) runFinalize() string {
	ids, _ := c.numbers("ids")
	for _, id := range ids {
		if n := c.node(id); n != nil {
			c.makeFinal(n)
		}
	}
	return ""
}

// confidential closes or opens a record, and what stands in it if asked.
func confidential(on bool) ecmHandler {
	return func(c *ecmCall) ecmReply {
		n := c.node(c.id("id"))
		switch {
		case !c.has("sub_items"):
			return fail(http.StatusNotFound, "Missing required parameter 'sub_items'")
		case n == nil || !c.may("classify"):
			return fail(http.StatusNotFound, textRMDenied)
		}
		one := func(n *ecmNode) {
			if n.Record != nil {
				n.Record.Confidential = on
				n.RecordToken++
			}
		}
		if one(n); c.flag("sub_items") {
			c.e.below(n, one)
		}
		return done()
	}
}

// due tells from which date a stage counts and when it falls due. Known is
// false for what has no date: permanent stages, and events that did not come.
func (e *ECM) due(n *ecmNode, s *ECMStage) (from, at time.Time, known bool) {
	switch s.EventType {
	case eventPermanent:
		return from, at, false
	case eventFixed:
		at, known = parseDay(s.FixedDate)
		return at, at, known
	case eventCondition:
		from, known = e.state.Events[s.EventCondition]
	default:
		from, known = e.dateToUse(n, s)
	}
	if !known {
		return from, at, false
	}
	// Retention counts whole days.
	from = from.UTC().Truncate(24 * time.Hour)
	at = from
	if s.EventType == eventCalendar {
		at = time.Date(from.Year(), time.Month(max(s.YearEndMonth, 1)), max(s.YearEndDay, 1), 0, 0, 0, 0, time.UTC)
		if at.Before(from) {
			at = at.AddDate(1, 0, 0)
		}
	}
	return from, at.AddDate(s.Years, s.Months, s.Days), true
}

// dateToUse is the date of a node that a stage counts from.
func (e *ECM) dateToUse(n *ecmNode, s *ECMStage) (time.Time, bool) {
	detail := func(name string) (time.Time, bool) {
		if n.Record == nil {
			return time.Time{}, false
		}
		return parseDay(n.Record.Details[name])
	}
	if s.Category != 0 {
		value, _ := n.Categories[s.Category][attributeKey(s.Category, int(s.Attribute))].(string)
		return parseDay(value)
	}
	switch s.DateToUse {
	case 92:
		if n.Reserved == nil {
			return time.Time{}, false
		}
		return n.Reserved.At, true
	case 93:
		return n.Modified, true
	case 94:
		return detail("status_date")
	case 95:
		if day, known := detail("record_date"); known {
			return day, true
		}
		return n.Created, true
	case 131, 132:
		if v := n.newest(); v != nil {
			return v.Created, true
		}
		return time.Time{}, false
	case 133, 134:
		text, _ := n.External["external_create_date"].(string)
		return parseDay(text)
	}
	return n.Created, true
}

func parseDay(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339, "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
