package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestSurface_TellsWhatCreativesSee(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
