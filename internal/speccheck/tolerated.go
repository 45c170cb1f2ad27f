package main

// toleration is one difference that is known and accepted, with its reason.
type toleration struct{ operation, field, reason string }

func (t toleration) difference() difference { return difference{t.operation, t.field, t.reason} }

// tolerated lists them one by one; no entry stands for several operations or
// fields.
var tolerated = []toleration{
	{"GET /v1/nodes/{id}/rmclassifications", "answer.fields_order", "described as a text, seen live as a list"},
	{"GET /v1/nodes/{id}/rmclassifications", "answer.vitalRecordCodes", "described as a text, seen live as a list"},
	{"POST /v1/nodes/{id}/rmclassifications", "file_status", "described as status; the live answer, and what updates it, is file_status; Settings.StatusField switches"},
	{"POST /v1/nodes/{id}/xrefs", "comment", "declared in the query, seen live to be taken from a form; Settings.XrefInQuery switches"},
	{"POST /v1/nodes/{id}/xrefs", "xref_id", "declared in the query, seen live to be taken from a form; Settings.XrefInQuery switches"},
	{"POST /v1/nodes/{id}/xrefs", "xref_type", "declared in the query, seen live to be taken from a form; Settings.XrefInQuery switches"},
	{"POST /v2/nodes", "roles", "the description's prose and examples have it, its schema does not"},
	{"GET /v2/nodes/{id}/versions", "answer.results[].data.versions.locked", "described as an integer, seen live as a boolean"},
	{"GET /v2/nodes/{id}/versions/{version_number}", "answer.results.data.versions.locked", "described as an integer, seen live as a boolean"},
	{"POST /v2/nodes/{id}/versions", "answer.results.data.versions.locked", "described as an integer, seen live as a boolean"},
	{"POST /v1/holds", "alternate_id", "declared in the query, seen live to be taken from a form"},
	{"POST /v1/holds", "comment", "declared in the query, seen live to be taken from a form"},
	{"POST /v1/holds", "date_applied", "declared in the query, seen live to be taken from a form"},
	{"POST /v1/holds", "name", "declared in the query, seen live to be taken from a form"},
	{"POST /v1/holds", "type", "declared in the query, seen live to be taken from a form"},
	{"POST /v1/nodes/{id}/holds", "hold_id", "declared in the query, seen live to be taken from a form"},
	{"GET /v2/hold", "answer.hold.AlternateHoldID", "described as an integer, seen live as a text"},
	{"GET /v2/holds", "answer.results.data.holds[].AlternateHoldID", "described as an integer, seen live as a text"},
	{"GET /v2/holds/{id}", "answer.hold.AlternateHoldID", "described as an integer, seen live as a text"},
	{"GET /v2/nodes/{id}/permissions", "answer.results[].data.permissions.permissions", "described as a text, seen live as a list"},
	{"GET /v2/nodes/{id}/permissions/effective/{right_id}", "answer.results[].data.permissions.permissions", "described as a text, seen live as a list"},
	{"POST /v2/nodes/{id}/permissions/custom", "answer.results[].data.permissions.permissions", "described as a text, seen live as a list"},
	{"POST /v2/search", "answer.results[].data.regions", "described as a text, seen live as an object"},
	{"POST /v2/volumes/recyclebin/nodes/purge", "ids", "the description's prose and example have it, its schema does not"},
	{"POST /v2/volumes/recyclebin/nodes/restore", "ids", "the description's prose and example have it, its schema does not"},
	{"DELETE /v1/nodes/{id}/rmclassifications/{class_id}", "rm_metadataToken", "the description's prose puts it in the query, its schema does not have it"},
}
