//go:build race

package sync_test

import "flag"

const underRace = true

// A race shows in a few checks of a property as well as in many, each of which
// takes several times as long here; all are made without the detector.
func init() {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
}
