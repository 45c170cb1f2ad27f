package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestDeclare_TellsOfOneRecord(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
