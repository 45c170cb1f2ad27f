package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestHandoff_TellsHowAFinishedAssetBecomesARecord(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
