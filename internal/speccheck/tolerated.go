package main

// toleration is one difference that is known and accepted, with its reason.
type toleration struct{ operation, field, reason string }

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
	{"POST /v2/nodes/{id}/versions", "answer.results.data.versions.locked", "described as an integer, seen live as a boolean"},
}
