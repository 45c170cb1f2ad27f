package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestHold_TellsWhatAHoldKeeps(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
