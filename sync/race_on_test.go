//go:build race

package sync_test

import "flag"

const underRace = true

// every is n here: of the moments at which a test lets something happen, each
// of which takes several times as long under the detector, a race shows in some
// as well as in all.
func every(n int) int { return n }

// A race shows in a few checks of a property as well as in many, each of which
// takes several times as long here; all are made without the detector.
func init() {
	if err := flag.Set("rapid.checks", "10"); err != nil {
		panic(err)
	}
}
