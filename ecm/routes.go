package ecm

import "github.com/smintecm/sdk/internal/rest"

// routes is the table of every request that this package sends. No other file
// holds a path.
var routes = struct {
	login, logout, session, ping, serverInfo                  rest.Route
	nodeGet, nodeCreate, nodeUpdate, nodeDelete, nodeList     rest.Route
	nodeChildren, nodeAncestors, namesValidate, volumeGet     rest.Route
	versions, versionAdd, versionGet, content, versionContent rest.Route
	categories, categoryAdd, categoryUpdate, categoryRemove   rest.Route
	categoryForm                                              rest.Route
	recordDetails, recordApply, recordUpdate, recordRemove    rest.Route
	finalize, rsiList, nodeRSIs, rsiAssign, rsiDetails        rest.Route
	nodeHolds, xrefTypes, nodeXrefs, xrefAssign               rest.Route
}{
	login:      rest.Route{Name: "Auth.Login", Method: "POST", Template: "/v1/auth", Repeat: rest.Harmless},
	logout:     rest.Route{Name: "Auth.Logout", Method: "DELETE", Template: "/v1/auth", Repeat: rest.Harmless},
	session:    rest.Route{Name: "Auth.Check", Method: "HEAD", Template: "/v1/auth", Repeat: rest.Harmless},
	ping:       rest.Route{Name: "Server.Ping", Method: "GET", Template: "/v1/ping", Repeat: rest.Harmless},
	serverInfo: rest.Route{Name: "Server.Info", Method: "GET", Template: "/v1/serverinfo", Repeat: rest.Harmless},

	nodeGet:       rest.Route{Name: "Nodes.Get", Method: "GET", Template: "/v2/nodes/{id}", Repeat: rest.Harmless},
	nodeCreate:    rest.Route{Name: "Nodes.Create", Method: "POST", Template: "/v2/nodes"},
	nodeUpdate:    rest.Route{Name: "Nodes.Update", Method: "PUT", Template: "/v2/nodes/{id}"},
	nodeDelete:    rest.Route{Name: "Nodes.Delete", Method: "DELETE", Template: "/v2/nodes/{id}"},
	nodeList:      rest.Route{Name: "Nodes.GetMany", Method: "POST", Template: "/v2/nodes/list", Repeat: rest.Harmless},
	nodeChildren:  rest.Route{Name: "Nodes.List", Method: "GET", Template: "/v2/nodes/{id}/nodes", Repeat: rest.Harmless},
	nodeAncestors: rest.Route{Name: "Nodes.Ancestors", Method: "GET", Template: "/v1/nodes/{id}/ancestors", Repeat: rest.Harmless},
	namesValidate: rest.Route{Name: "Nodes.ValidateNames", Method: "POST", Template: "/v1/validation/nodes/names", Repeat: rest.Harmless},
	volumeGet:     rest.Route{Name: "Volumes.Get", Method: "GET", Template: "/v2/volumes/{type}", Repeat: rest.Harmless},

	versions:       rest.Route{Name: "Versions.List", Method: "GET", Template: "/v2/nodes/{id}/versions", Repeat: rest.Harmless},
	versionAdd:     rest.Route{Name: "Versions.Add", Method: "POST", Template: "/v2/nodes/{id}/versions"},
	versionGet:     rest.Route{Name: "Versions.Get", Method: "GET", Template: "/v2/nodes/{id}/versions/{version_number}", Repeat: rest.Harmless},
	content:        rest.Route{Name: "Content.Open", Method: "GET", Template: "/v1/nodes/{id}/content", Repeat: rest.Harmless},
	versionContent: rest.Route{Name: "Content.OpenVersion", Method: "GET", Template: "/v1/nodes/{id}/versions/{version_number}/content", Repeat: rest.Harmless},

	categories:     rest.Route{Name: "Categories.OfNode", Method: "GET", Template: "/v2/nodes/{id}/categories", Repeat: rest.Harmless},
	categoryAdd:    rest.Route{Name: "Categories.Add", Method: "POST", Template: "/v2/nodes/{id}/categories"},
	categoryUpdate: rest.Route{Name: "Categories.Update", Method: "PUT", Template: "/v2/nodes/{id}/categories/{category_id}/"},
	categoryRemove: rest.Route{Name: "Categories.Remove", Method: "DELETE", Template: "/v2/nodes/{id}/categories/{category_id}/"},
	categoryForm:   rest.Route{Name: "Categories.Definition", Method: "GET", Template: "/v1/forms/nodes/categories/create", Repeat: rest.Harmless},

	recordDetails: rest.Route{Name: "RMClassifications.Get", Method: "GET", Template: "/v1/nodes/{id}/rmclassifications", Repeat: rest.Harmless},
	recordApply:   rest.Route{Name: "RMClassifications.Apply", Method: "POST", Template: "/v1/nodes/{id}/rmclassifications"},
	recordUpdate:  rest.Route{Name: "RMClassifications.Update", Method: "PUT", Template: "/v1/nodes/{id}/rmclassifications"},
	recordRemove:  rest.Route{Name: "RMClassifications.Remove", Method: "DELETE", Template: "/v1/nodes/{id}/rmclassifications/{class_id}"},
	finalize:      rest.Route{Name: "RMClassifications.Finalize", Method: "PUT", Template: "/v1/rmclassifications/finalizerecords"},

	rsiList:    rest.Route{Name: "RSIs.List", Method: "GET", Template: "/v2/rsis", Repeat: rest.Harmless},
	nodeRSIs:   rest.Route{Name: "RSIs.OfNode", Method: "GET", Template: "/v1/nodes/{id}/rsis", Repeat: rest.Harmless},
	rsiAssign:  rest.Route{Name: "RSIs.Assign", Method: "POST", Template: "/v1/nodes/{id}/rmclassifications/{class_id}/rsis"},
	rsiDetails: rest.Route{Name: "RSIs.Details", Method: "GET", Template: "/v1/nodes/{id}/rsi/{rsi}/GetRSIDetails", Repeat: rest.Harmless},

	nodeHolds:  rest.Route{Name: "Holds.OfNode", Method: "GET", Template: "/v1/nodes/{id}/holds", Repeat: rest.Harmless},
	xrefTypes:  rest.Route{Name: "CrossReferences.Types", Method: "GET", Template: "/v1/xrefs", Repeat: rest.Harmless},
	nodeXrefs:  rest.Route{Name: "CrossReferences.OfNode", Method: "GET", Template: "/v1/nodes/{id}/xrefs", Repeat: rest.Harmless},
	xrefAssign: rest.Route{Name: "CrossReferences.Assign", Method: "POST", Template: "/v1/nodes/{id}/xrefs"},
}
