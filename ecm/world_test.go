package ecm_test

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// fast is a limiter that never waits: the fake takes any rate.
type fast struct{}

func (fast) Wait(ctx context.Context) error { return ctx.Err() }

// server is the fake with a folder, a category, a class and a client.
type server struct {
	*testserver.ECM
	c                       *ecm.Client
	folder, category, class ecm.NodeID
}

func newServer(t *testing.T, change func(*testserver.ECMOptions)) *server {
	t.Helper()
	o := testserver.ECMOptions{SpecShapes: os.Getenv(describedShapes) != ""}
	if change != nil {
		change(&o)
	}
	fake, err := testserver.NewECM(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = fake.Close() })
	s := &server{ECM: fake}
	s.folder = ecm.NodeID(fake.AddFolder(2000, "Campaigns"))
	s.category = ecm.NodeID(fake.AddCategory("Asset",
		testserver.ECMAttribute{Label: "Client", MaxLength: 10, Required: true}, testserver.ECMAttribute{Label: "Tags", Multi: true},
		testserver.ECMAttribute{Label: "Ends", Type: "date"}, testserver.ECMAttribute{Label: "Count", Type: "integer"}, testserver.ECMAttribute{Label: "AI", Type: "boolean"}))
	fake.AddRSI(testserver.ECMRSI{Name: "MKT 07/a", Stage: "FINAL", Years: 7, Action: 32})
	fake.AddRSI(testserver.ECMRSI{Name: "MKT-10", Stage: "FINAL", Permanent: true})
	s.class = ecm.NodeID(fake.AddRMClassification("Images", "MKT 07/a", "MKT-10"))
	fake.AddXrefType(testserver.ECMXrefType{Type: "A", Related: "B"})
	s.c = s.client(t, "svc-dam", "svc-dam-password")
	return s
}

func (s *server) client(t *testing.T, user, password string, opts ...ecm.Option) *ecm.Client {
	t.Helper()
	opts = append([]ecm.Option{ecm.WithTransport(s.Transport()), ecm.WithLimiter(fast{})}, opts...)
	c, err := ecm.New("https://ecm.example/otcs/cs.exe/", ecm.PasswordLogin{User: user, Password: ecm.Secret(password)}, opts...)
	require.NoError(t, err)
	return c
}

// last is the newest exchange of a route.
func (s *server) last(t *testing.T, route string) testserver.Exchange {
	t.Helper()
	var found *testserver.Exchange
	for _, e := range s.Exchanges() {
		if e.Route == route {
			found = &e
		}
	}
	require.NotNil(t, found, "no %s", route)
	return *found
}

func (s *server) refuse(route string, status int, text string) {
	s.Fail(testserver.Fault{Route: route, Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"error":"` + text + `"}`})
}
