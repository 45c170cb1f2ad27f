package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// NodesService reads and changes nodes.
type NodesService service

// Node is an object of the tree.
type Node struct {
	ID          NodeID
	Name        string
	Type        Subtype
	TypeName    string
	ParentID    NodeID
	VolumeID    int64
	Description string
	Created     time.Time
	Modified    time.Time
	CreatedBy   UserID
	ModifiedBy  UserID
	// Size is that of the latest version in bytes.
	Size      int64
	MediaType string
	Container bool
	// Reserved tells that a user has reserved the node.
	Reserved   bool
	ReservedBy UserID
	// Categories are set only where they were asked for.
	Categories CategoryValues
}

type wireNode struct {
	ID          number `json:"id"`
	Name        string `json:"name"`
	Type        number `json:"type"`
	TypeName    string `json:"type_name"`
	ParentID    number `json:"parent_id"`
	VolumeID    number `json:"volume_id"`
	Description string `json:"description"`
	Created     stamp  `json:"create_date"`
	Modified    stamp  `json:"modify_date"`
	CreatedBy   number `json:"create_user_id"`
	ModifiedBy  number `json:"modify_user_id"`
	Size        number `json:"size"`
	MediaType   string `json:"mime_type"`
	Container   flag   `json:"container"`
	Reserved    flag   `json:"reserved"`
	ReservedBy  number `json:"reserved_user_id"`
}

func (w wireNode) node() Node {
	return Node{
		ID: NodeID(w.ID), Name: w.Name, Type: Subtype(w.Type), TypeName: w.TypeName, ParentID: NodeID(w.ParentID),
		VolumeID: int64(w.VolumeID), Description: w.Description, Created: time.Time(w.Created), Modified: time.Time(w.Modified),
		CreatedBy: UserID(w.CreatedBy), ModifiedBy: UserID(w.ModifiedBy), Size: int64(w.Size), MediaType: w.MediaType,
		Container: bool(w.Container), Reserved: bool(w.Reserved), ReservedBy: UserID(w.ReservedBy),
	}
}

// nodeData is one element of a v2 answer about nodes.
type nodeData struct {
	Properties oneOrMany[wireNode]       `json:"properties"`
	Categories oneOrMany[CategoryValues] `json:"categories"`
}

func (d nodeData) node() (Node, bool) {
	if len(d.Properties) == 0 {
		return Node{}, false
	}
	n := d.Properties[0].node()
	for _, c := range d.Categories {
		if n.Categories == nil {
			n.Categories = CategoryValues{}
		}
		for key, value := range c {
			n.Categories[key] = value
		}
	}
	return n, true
}

// oneNode takes the node out of an answer; without one the answer is broken.
func oneNode(route *rest.Route, answer v2[nodeData], err error) (*Node, error) {
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		if n, ok := r.Data.node(); ok && n.ID > 0 {
			return &n, nil
		}
	}
	return nil, noAnswer(route, "no node in the answer")
}

// noAnswer is the error of a success that does not tell what it should. What a
// write did is not known then.
func noAnswer(route *rest.Route, message string) error {
	broken := ErrBrokenReply
	if route.Repeat == rest.Never {
		broken = fmt.Errorf("%w: %w", ErrOutcomeUnknown, broken)
	}
	return &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: 200, Message: message, Err: broken}
}

// Get reads a node. With categories, its attribute values are read too, in the
// same request. A missing node is ErrNotFound or, where the server does not
// tell, ErrAccessOrMissing.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/nodes/{id}.
func (s *NodesService) Get(ctx context.Context, id NodeID, with ...Part) (*Node, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	mayTexts(&faults, "with", with)
	if err := faults.Err(routes.nodeGet.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeGet, Path: []any{id}, Query: fields(with)})
	n, err := oneNode(&routes.nodeGet, answer, err)
	if err == nil && n.ID != id {
		return nil, noAnswer(&routes.nodeGet, fmt.Sprintf("asked for node %s, the answer is about node %s", id, n.ID))
	}
	return n, err
}

// Part is a part of a node that can be read with it.
type Part string

// WithCategories reads the attribute values along.
const WithCategories Part = "categories"

func fields(with []Part) url.Values {
	q := url.Values{"fields": {"properties"}}
	for _, p := range with {
		q.Add("fields", string(p))
	}
	return q
}

// CreateFolder makes a folder. A name that is taken is ErrNameTaken; a repeat
// after ErrOutcomeUnknown needs a look first.
//
// Errors: ErrInvalid, ErrNameTaken, ErrOutcomeUnknown.
//
// API: POST /v2/nodes.
func (s *NodesService) CreateFolder(ctx context.Context, parent NodeID, name string) (*Node, error) {
	var faults rest.Problems
	wantID(&faults, "parent", parent)
	checkName(&faults, "name", name)
	if err := faults.Err(routes.nodeCreate.Name); err != nil {
		return nil, err
	}
	form, err := bodyJSON(map[string]any{"type": SubtypeFolder, "parent_id": parent, "name": name})
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeCreate, Form: form})
	return oneNode(&routes.nodeCreate, answer, err)
}

// Document is a document to be uploaded.
type Document struct {
	Parent      NodeID
	Name        string
	Description string
	// FileName is the version's file name; the name if empty.
	FileName  string
	MediaType string
	// Content is read once, unless it is an io.ReaderAt and io.Seeker: then it
	// can be sent again. Size is its exact length in bytes.
	Content io.Reader
	Size    int64
	// Categories are applied in the same call.
	Categories CategoryValues
	// ExternalSource, ExternalID and ExternalCreated carry the provenance that
	// the server knows for itself; empty ones are left out. The server takes
	// the sources of its own list only, as "cloud_storage".
	ExternalSource  string
	ExternalID      string
	ExternalCreated time.Time
}

func (d Document) check(faults *rest.Problems) {
	wantID(faults, "parent", d.Parent)
	checkName(faults, "name", d.Name)
	if d.FileName != "" {
		checkName(faults, "file name", d.FileName)
	}
	mayLines(faults, "description", d.Description)
	mayText(faults, "media type", d.MediaType)
	wantContent(faults, "content", d.Content, d.Size, 0)
	mayValues(faults, "categories", d.Categories)
	mayText(faults, "external source", d.ExternalSource)
	mayText(faults, "external id", d.ExternalID)
	mayDay(faults, "external created", d.ExternalCreated)
}

// UploadDocument stores a document. The content is streamed with its exact
// length and never held in memory. Without a verdict the error matches
// ErrOutcomeUnknown: look the name up before repeating. Other errors:
// ErrNameTaken, ErrAccessOrMissing, ErrSource if the content ended early.
//
// Errors: ErrInvalid, ErrAccessOrMissing, ErrNameTaken, ErrSource,
// ErrOutcomeUnknown.
//
// API: POST /v2/nodes.
func (s *NodesService) UploadDocument(ctx context.Context, d Document) (*Node, error) {
	var faults rest.Problems
	d.check(&faults)
	if err := faults.Err(routes.nodeCreate.Name); err != nil {
		return nil, err
	}
	body, err := d.body()
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeCreate, Body: body})
	return oneNode(&routes.nodeCreate, answer, err)
}

// body puts the fields before the file, as every known client does.
func (d Document) body() (*rest.Body, error) {
	head, err := json.Marshal(d.keys())
	if err != nil {
		return nil, err
	}
	return fileBody(head, firstName(d.FileName, d.Name), d.MediaType, d.Content, d.Size)
}

// keys are the fields of a new document beside its content.
func (d Document) keys() map[string]any {
	keys := map[string]any{"type": SubtypeDocument, "parent_id": d.Parent, "name": d.Name}
	for key, value := range map[string]string{"description": d.Description, "external_source": d.ExternalSource, "external_identity": d.ExternalID} {
		if value != "" {
			keys[key] = value
		}
	}
	if !d.ExternalCreated.IsZero() {
		keys["external_create_date"] = d.ExternalCreated.UTC().Format("2006-01-02T15:04:05")
	}
	if len(d.Categories) > 0 {
		keys["roles"] = map[string]any{"categories": d.Categories}
	}
	return keys
}

func fileBody(head []byte, fileName, mediaType string, content io.Reader, size int64) (*rest.Body, error) {
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return rest.Multipart(
		rest.Part{Name: "body", Body: rest.BytesBody(head, "")},
		rest.Part{Name: "file", FileName: fileName, ContentType: mediaType, Body: rest.ReaderBody(content, size, mediaType)},
	)
}

func firstName(names ...string) string {
	i := slices.IndexFunc(names, func(s string) bool { return s != "" })
	return names[max(i, 0)]
}

// Rename gives a node another name. A repeat is harmless. A final record is
// refused with ErrFinal, a held node with ErrOnHold: by its name it is found.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrNameTaken, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: PUT /v2/nodes/{id}.
func (s *NodesService) Rename(ctx context.Context, id NodeID, name string, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	checkName(&faults, "name", name)
	mayReasons(&faults, skip)
	if err := faults.Err("Nodes.Rename"); err != nil {
		return err
	}
	if err := s.guard(ctx, "Nodes.Rename", id, skip); err != nil {
		return err
	}
	return s.update(ctx, id, map[string]any{"name": name})
}

// Move puts a node into another folder. Moving a record is refused with
// ErrFinal or ErrOnHold as deleting is, and a container that is not empty with
// ErrInUse.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrNameTaken, ErrOnHold,
// ErrFinal, ErrInUse, ErrOutcomeUnknown.
//
// API: PUT /v2/nodes/{id}.
func (s *NodesService) Move(ctx context.Context, id, parent NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "parent", parent)
	mayReasons(&faults, skip)
	if err := faults.Err("Nodes.Move"); err != nil {
		return err
	}
	if err := s.guardTree(ctx, "Nodes.Move", id, skip); err != nil {
		return err
	}
	return s.update(ctx, id, map[string]any{"parent_id": parent})
}

func (s *NodesService) update(ctx context.Context, id NodeID, keys map[string]any) error {
	form, err := bodyJSON(keys)
	if err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.nodeUpdate, Path: []any{id}, Form: form})
}

// Delete moves a node into the recycle bin. It refuses records with ErrFinal
// and held nodes with ErrOnHold, read right before it sends, and a container
// that is not empty with ErrInUse: records in it would go along.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction,
// ErrOnHold, ErrFinal, ErrInUse, ErrOutcomeUnknown.
//
// API: DELETE /v2/nodes/{id}.
func (s *NodesService) Delete(ctx context.Context, id NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	mayReasons(&faults, skip)
	if err := faults.Err("Nodes.Delete"); err != nil {
		return err
	}
	if err := s.guardTree(ctx, "Nodes.Delete", id, skip); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.nodeDelete, Path: []any{id}})
}
