package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestRights_TellsWhatBecomesOfALicense(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
