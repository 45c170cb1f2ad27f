package testserver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ECMDispositionSearch says what a disposition search looks for.
type ECMDispositionSearch struct {
	// RSIs are names, Stage a stage code; empty ones mean any.
	RSIs  []string
	Stage string
	// Below is the container to search in; 0 means everywhere.
	Below int64
	// Reviewers have to approve an item before it is acted on.
	Reviewers []int64
	// Group is the group of searches that it lies in; 0 means none.
	Group int64
}

// ecmSearch is a saved disposition search.
type ecmSearch struct {
	RSIs      []string          `json:"rsis"`
	Stage     string            `json:"stage"`
	Below     int64             `json:"below"`
	Types     []int64           `json:"types"`
	Action    int               `json:"action"`
	HasAction bool              `json:"has_action"`
	NewStatus string            `json:"new_status"`
	Auto      bool              `json:"auto"`
	Reviewers []int64           `json:"reviewers"`
	Config    map[string]string `json:"config"`
}

// ecmSnapshot is one run of a search.
type ecmSnapshot struct {
	QDate    string     `json:"qdate"`
	Status   string     `json:"status"`
	Review   string     `json:"review"`
	Acting   bool       `json:"acting"`
	Items    []*ecmItem `json:"items"`
	Finished []int64    `json:"finished,omitempty"`
}

// ecmItem is one node and stage that a search found due.
type ecmItem struct {
	Node         int64  `json:"node"`
	Stage        int    `json:"stage"`
	StageID      int64  `json:"stage_id"`
	Class        int64  `json:"class"`
	Due          string `json:"due"`
	Action       int    `json:"action"`
	NewStatus    string `json:"new_status"`
	KeepVersions int    `json:"keep_versions"`
	Superseded   bool   `json:"superseded"`
	Rendition    bool   `json:"rendition"`
	Performed    bool   `json:"performed"`
	Decision     int    `json:"decision"`
	Comment      string `json:"comment"`
}

const (
	snapshotSearching = "Searching"
	snapshotReady     = "Completed"
	snapshotStopped   = "Stopped"
	snapshotActing    = "Performing Actions"
	snapshotActed     = "Actions Performed"
	qdateLayout       = "2006-01-02:15:04:05"
)

// AddDispositionSearch adds a saved disposition search, as a person would in
// the browser.
func (e *ECM) AddDispositionSearch(name string, s ECMDispositionSearch) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: cmp.Or(s.Group, dispositionsID), Type: 555, Name: name, Search: &ecmSearch{RSIs: s.RSIs, Stage: s.Stage, Below: s.Below, Reviewers: s.Reviewers}})
}

// AddDispositionGroup adds a group for disposition searches, in another one or,
// for 0, in the disposition workspace.
func (e *ECM) AddDispositionGroup(name string, in int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: cmp.Or(in, dispositionsID), Type: 602, Name: name})
}

// RunDispositionSearch runs a search at once and returns the snapshot's qdate.
func (e *ECM) RunDispositionSearch(search int64) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &ecmCall{e: e, user: e.state.Users[e.options.User]}
	s := e.newSnapshot(search)
	c.fillSnapshot(e.state.Nodes[search].Search, s)
	return s.QDate
}

func (e *ECM) newSnapshot(search int64) *ecmSnapshot {
	at := e.now()
	for e.snapshot(search, at.Format(qdateLayout)) != nil {
		at = at.Add(time.Second)
	}
	s := &ecmSnapshot{QDate: at.Format(qdateLayout), Status: snapshotSearching, Review: "Pending"}
	if e.state.Snapshots == nil {
		e.state.Snapshots = map[int64][]*ecmSnapshot{}
	}
	e.state.Snapshots[search] = append(e.state.Snapshots[search], s)
	return s
}

func (e *ECM) snapshot(search int64, qdate string) *ecmSnapshot {
	for _, s := range e.state.Snapshots[search] {
		if s.QDate == strings.TrimPrefix(qdate, "D/") {
			return s
		}
	}
	return nil
}

func (c *ecmCall) fillSnapshot(search *ecmSearch, s *ecmSnapshot) {
	for _, id := range sortedKeys(c.e.state.Nodes) {
		n := c.e.state.Nodes[id]
		if n.Record == nil || c.e.gone(n) || !c.sees(n) || len(search.Types) > 0 && !slices.Contains(search.Types, int64(n.Type)) || !c.e.within(n, search.Below) {
			continue
		}
		r := c.e.rsi(n.Record.RSI)
		if r == nil || len(search.RSIs) > 0 && !slices.Contains(search.RSIs, r.Name) {
			continue
		}
		for i := range r.Stages {
			if item := c.dueItem(search, n, r, i); item != nil {
				s.Items = append(s.Items, item)
			}
		}
	}
	s.Status = snapshotReady
}

// dueItem is an item for a stage that has fallen due, nil if it has not.
func (c *ecmCall) dueItem(search *ecmSearch, n *ecmNode, r *ECMRSI, i int) *ecmItem {
	s := &r.Stages[i]
	if s.ObjectType != "LIV" || search.Stage != "" && s.Name != search.Stage || c.e.options.ApprovalEnabled && !s.Approved {
		return nil
	}
	_, at, known := c.e.due(n, s)
	if !known || c.e.now().Before(at) {
		return nil
	}
	item := &ecmItem{
		Node: n.ID, Stage: i + 1, StageID: s.ID, Class: n.Record.Class, Due: at.Format(time.DateOnly), Action: s.Action, NewStatus: s.NewStatus,
		KeepVersions: s.KeepVersions, Superseded: s.PurgeSuperseded, Rendition: s.MakeRendition,
	}
	if search.HasAction {
		item.Action, item.NewStatus = search.Action, search.NewStatus
	}
	return item
}

// within tells whether a node lies below a container, 0 for anywhere.
func (e *ECM) within(n *ecmNode, container int64) bool {
	for at := n; at != nil; at = e.state.Nodes[at.Parent] {
		if container == 0 || at.ID == container {
			return true
		}
	}
	return false
}

// search finds the search of a request that may run it.
func (c *ecmCall) search(id int64) *ecmNode {
	n := c.node(id)
	if n == nil || n.Search == nil || !c.may("dispose") {
		return nil
	}
	return n
}

func (c *ecmCall) startSearch() ecmReply {
	n := c.search(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Insufficient Permissions")
	}
	s := c.e.newSnapshot(n.ID)
	c.form.Set("search", fmt.Sprint(n.ID))
	c.form.Set("qdate", s.QDate)
	c.later("search", c.e.options.QueueDelay)
	return done()
}

func (c *ecmCall) runSearch() string {
	id, _ := c.number("search")
	n, s := c.e.state.Nodes[id], c.e.snapshot(id, c.text("qdate"))
	if n == nil || n.Search == nil || s == nil || s.Status != snapshotSearching {
		return "Insufficient Permissions"
	}
	c.fillSnapshot(n.Search, s)
	if n.Search.Auto {
		c.perform(n.Search, s, s.Items)
	}
	return ""
}

// pathSnapshot finds search and snapshot of a path, or says what is wrong.
func (c *ecmCall) pathSnapshot() (*ecmNode, *ecmSnapshot, *ecmReply) {
	n := c.search(c.id("id"))
	qdate := c.r.PathValue("qdate")
	if n == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "Node ID was not specified"))
	}
	if _, err := time.Parse(qdateLayout, qdate); err != nil {
		return nil, nil, new(fail(http.StatusBadRequest, "qdate is not a Date - [YYYY-MM-DD:HH:mm:ss] format is expected."))
	}
	s := c.e.snapshot(n.ID, qdate)
	if s == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "Insufficient Permissions"))
	}
	return n, s, nil
}

func (c *ecmCall) stopSearch() ecmReply {
	_, s, refused := c.pathSnapshot()
	if refused != nil {
		return *refused
	}
	if s.Status == snapshotSearching {
		s.Status = snapshotStopped
	}
	return done()
}

func (c *ecmCall) stopActions() ecmReply {
	_, s, refused := c.pathSnapshot()
	if refused != nil {
		return *refused
	}
	if s.Acting {
		s.Acting, s.Status = false, snapshotStopped
	}
	return done()
}

func (c *ecmCall) snapshotStatus() ecmReply {
	_, s, refused := c.pathSnapshot()
	if refused != nil {
		return *refused
	}
	return ok(map[string]any{"priority": "Normal", "reviewStatus": s.Review, "snapshotStatus": s.Status})
}

func (c *ecmCall) deleteSnapshot() ecmReply {
	n, s, refused := c.pathSnapshot()
	if refused != nil {
		return *refused
	}
	c.e.state.Snapshots[n.ID] = slices.DeleteFunc(c.e.state.Snapshots[n.ID], func(one *ecmSnapshot) bool { return one == s })
	return done()
}

func (c *ecmCall) snapshots() ecmReply {
	n := c.search(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get snapshots")
	}
	c.perPage = 25
	some, paging := page(c, c.e.state.Snapshots[n.ID])
	data := []any{}
	for _, s := range some {
		acted := 0
		for _, item := range s.Items {
			acted += bit(item.Performed)
		}
		busy := s.Status == snapshotSearching || s.Acting
		data = append(data, map[string]any{"data": map[string]any{
			"qdate": s.QDate, "snapshot_status": s.Status, "review_status": s.Review, "settings": "", "record_count": len(s.Items), "id": n.ID, "type": 555,
			"type_name": typeNames[555], "name": n.Name, "actioned_count": acted, "hide_finish": busy || s.Review == "Finished", "hide_changereview": busy, "hide_changeaction": busy,
			"hide_performaction": busy || acted == len(s.Items), "deletable": !busy,
		}, "metadata": map[string]any{}, "metadata_order": nil})
	}
	return ok(map[string]any{"paging": shortPaging(paging), "data": data, "definitions": map[string]any{}, "definitions_order": []any{}})
}

// dispositionContainer lists searches and groups; 0 is the root.
func (c *ecmCall) dispositionContainer() ecmReply {
	id := c.id("id")
	if id == 0 {
		id = dispositionsID
	}
	n := c.node(id)
	if n == nil || n.Type != 554 && n.Type != 602 || !c.may("dispose") {
		return fail(http.StatusBadRequest, "Insufficient See-Content access permissions to Disposition's Container object")
	}
	all := slices.DeleteFunc(c.e.children(n.ID), func(n *ecmNode) bool { return !c.sees(n) })
	sortNodes(all, c.text("sort"))
	c.perPage = 25
	some, paging := page(c, all)
	rows := []any{}
	for _, one := range some {
		row := c.e.itemRow(one)
		row["childcount"] = len(c.e.tree.kids[one.ID])
		if c.e.options.SpecShapes {
			row = map[string]any{"actions": map[string]any{"data": nil, "map": nil, "order": nil}, "data": row, "metadata": []any{}, "metadata_order": nil}
		}
		rows = append(rows, row)
	}
	return view(paging, rows, map[string]any{"title": n.Name, "parentid": n.Parent, "bCanEdit": true, "bCanAdd": true})
}

func (c *ecmCall) snapshotItems() ecmReply {
	n, s, refused := c.pathSnapshot()
	if refused != nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	items := s.Items
	reviewer := c.user.ID
	if c.r.PathValue("reviewer") != "" {
		if reviewer = c.id("reviewer"); !slices.Contains(n.Search.Reviewers, reviewer) {
			items = nil
		}
	}
	c.perPage = 25
	some, paging := page(c, items)
	data := []any{}
	for _, item := range some {
		data = append(data, map[string]any{
			"actions": map[string]any{"data": nil, "map": nil, "order": nil}, "data": c.itemData(n, s, item, reviewer), "metadata": []any{}, "metadata_order": nil,
		})
	}
	return ok(map[string]any{"collection": map[string]any{"paging": shortPaging(paging)}, "results": map[string]any{
		"dispNodeID": n.ID, "columns": []any{map[string]any{"key": "name", "data_type": -1, "name": "Name", "sort_key": "name"}}, "data": data,
		"definitions": map[string]any{}, "definitions_map": map[string]any{}, "definitions_order": []any{"name"},
	}})
}

func (c *ecmCall) itemData(search *ecmNode, s *ecmSnapshot, item *ecmItem, reviewer int64) map[string]any {
	n := c.e.state.Nodes[item.Node]
	row := c.e.itemRow(n)
	for _, k := range []string{"comment", "comments", "favorite", "hidden", "openable", "original_id_expand", "permissions_model", "status"} {
		delete(row, k)
	}
	parent := ""
	if p := c.e.state.Nodes[n.Parent]; p != nil {
		parent = p.Name
	}
	official := n.Record != nil && n.Record.Official
	for k, v := range map[string]any{
		"icon": "", "parent_name": parent, "volume_id": c.e.volumeOf(n), "reserved": n.Reserved != nil, "class_id": item.Class, "calculated_date": item.Due,
		"disposition_id": search.ID, "disposition_process": bit(!item.Performed), "disp_action": fmt.Sprint(item.Action), "action_info": item.NewStatus,
		"action_performed": bit(item.Performed), "make_rendition": item.Rendition, "num_vers_to_keep": item.KeepVersions, "purge_superseded": item.Superseded,
		"stage_count": item.Stage, "qdate": "D/" + s.QDate, "review_decision": item.Decision, "review_comments": item.Comment, "review_comments_data": "",
		"reviewerid": reviewer, "reviewerstep": 1,
		"rmiconsdata": map[string]any{"class_id": item.Class, "official": bit(official), "show_classify": true, "show_hold": c.e.heldTree(n), "show_hold_tab": true, "show_official": official, "show_xref_tab": len(n.Xrefs) > 0},
	} {
		row[k] = v
	}
	return row
}
