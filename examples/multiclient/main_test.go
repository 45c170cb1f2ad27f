package main

import (
	"testing"

	"github.com/smintecm/sdk/examples/internal/demo/demotest"
)

func TestMulticlient_TellsHowClientsStayApart(t *testing.T) {
	t.Parallel()
	demotest.Output(t, run)
}
