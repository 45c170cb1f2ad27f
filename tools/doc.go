// Package tools pins the versions of the linters: they are built from this
// module's go.mod and from nowhere else.
package tools
