//go:build !race

package sync_test

const underRace = false

// every is 1 here: a test that names a step between its moments takes each one.
func every(int) int { return 1 }
