// Package layout holds the tests that keep the house in order: the arrows
// between the rooms, where paths may stand, what the module depends on.
package layout
