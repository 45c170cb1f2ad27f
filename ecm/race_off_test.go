//go:build !race

package ecm_test

const underRace = false
