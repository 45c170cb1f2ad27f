// Package ecm is the typed client for OpenText Content Server: nodes, content,
// categories, Records Management and business workspaces.
package ecm
