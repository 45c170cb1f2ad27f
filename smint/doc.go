// Package smint is the typed client for Smint.io: identity, content licensing
// and portals.
package smint
