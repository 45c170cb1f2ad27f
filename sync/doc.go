// Package sync is not the standard library package of that name: it holds the
// primitives that carry records between Smint.io and OpenText Extended ECM.
// Import it as recsync.
package sync
