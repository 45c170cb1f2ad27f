package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestDisposition_TellsHowAnEndIsCarriedAndProven(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
