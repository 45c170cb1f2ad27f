// Package report writes the life of one record as one HTML file for people:
// what may be done today, a time line with rights windows, retention, holds and
// events, what will clash, the decisions with their reasons, and the digests
// with the lines to check them by hand.
//
// The file stands alone. It loads nothing and runs nothing: styles and the time
// line's pictures are part of it, there is no script, and its content security
// policy forbids both. It is made from plain values, reads no clock, and gives
// the same bytes for the same values. It explains evidence and is none itself:
// what is proven is proven by the package and the trail.
package report
