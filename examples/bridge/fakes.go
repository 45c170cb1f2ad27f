package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm/ecmtest"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

// fakes are one Content Server for all scopes and a Smint.io tenant for each,
// with their state in the state folder.
type fakes struct {
	ecm     *ecmtest.Server
	tenants map[records.ScopeID]*sminttest.Server
	scopes  []recsync.ScopePolicy
	env     map[string]string
	control smint.AssetID
	visual  string // the key visual that was finished last
}

// startFakes starts both systems, or goes on with saved ones, and puts their
// addresses, ids and logins in the place of the policy's.
func startFakes(state string, file *recsync.PolicyFile) (f *fakes, err error) {
	f = &fakes{tenants: map[records.ScopeID]*sminttest.Server{}, env: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop())
		}
	}()
	dir := filepath.Join(state, "fakes")
	if err = os.MkdirAll(filepath.Join(dir, "contents"), 0o700); err != nil {
		return f, err
	}
	options := ecmtest.Options{Dir: filepath.Join(dir, "contents"), OpenAttributes: true}
	f.ecm, err = ecmtest.Load(dir, options)
	if errors.Is(err, fs.ErrNotExist) {
		if f.ecm, err = ecmtest.NewServer(options); err == nil {
			f.setUp(file)
		}
	}
	if err != nil {
		return f, err
	}
	for i := range file.Scopes {
		if err = f.tenant(dir, file, &file.Scopes[i]); err != nil {
			return f, err
		}
	}
	f.scopes = file.Scopes
	return f, nil
}

const categoryName = "Smint.io record"

// setUp is what an administrator prepares.
func (f *fakes) setUp(file *recsync.PolicyFile) {
	f.ecm.AddRSI(ecmtest.RSI{Name: "MKT-07", Title: "Marketing, seven years", Stage: "FINAL", Years: 7, Action: 32})
	f.ecm.AddCrossReferenceType(demo.Rights, "RIGHTSOF", "has its rights in")
	f.ecm.AddCrossReferenceType(demo.Reuses, "REUSEDBY", "reuses the license of")
	f.ecm.AddCrossReferenceType(demo.Part, "PARTOF", "has the part")
	f.ecm.AddCode("hold_type", "LEGAL", "Legal")
	f.ecm.AddCategory(categoryName, append(demo.Attributes(), ecmtest.Attribute{Name: "Sync baseline", MaxLength: 254})...)
	for _, s := range file.Scopes {
		f.ecm.AddFolder(2000, "Records of "+s.ID.String())
		f.ecm.AddRMClassification("Content of "+s.ID.String(), "MKT-07")
	}
}

// tenant starts a scope's Smint.io and points the scope to both fakes.
func (f *fakes) tenant(dir string, file *recsync.PolicyFile, s *recsync.ScopePolicy) (err error) {
	home := filepath.Join(dir, s.ID.String())
	options := sminttest.Options{TaskTime: demo.TaskTime}
	t, err := sminttest.Load(home, options)
	if errors.Is(err, fs.ErrNotExist) {
		t, err = sminttest.NewServer(options)
	}
	if err != nil {
		return err
	}
	f.tenants[s.ID] = t
	cred, login := f.ecm.Credentials(), t.Login()
	file.ECM[s.ECM.System] = recsync.ECMSystem{URL: f.ecm.URL, RequestsPerSecond: 200}
	s.ECM.User, f.env[s.ECM.PasswordEnv] = cred.User, cred.Password.Reveal()
	s.Root = recsync.RootPolicy{Folder: f.ecm.Find(0, "Records of "+s.ID.String())}
	s.Policy.Category = f.ecm.Find(131, categoryName)
	for i := range s.Policy.Classes {
		s.Policy.Classes[i].Class = f.ecm.Find(551, "Content of "+s.ID.String())
	}
	system := "fake " + s.ID.String()
	file.Smint[system] = recsync.SmintSystem{
		IdentityURL: t.Endpoints.Identity, CLAPIURL: t.Endpoints.CLAPI, PortalsURL: t.Endpoints.Portals, DownloadHosts: []string{t.Host, t.StorageHost}, RequestsPerSecond: 200,
	}
	s.Smint.System, s.Smint.ClientID = system, login.ClientID
	f.env[s.Smint.ClientSecretEnv], f.env[s.Smint.RefreshTokenEnv] = login.ClientSecret.Reveal(), login.RefreshToken.Reveal()
	if s.Smint.Portal != nil {
		s.Smint.Portal.UUID = sminttest.PortalUUID
	}
	f.control, err = t.PutAsset(sminttest.PortalAsset{
		ID: "control", Version: "1", ETag: "1", Name: "Always there", ContentType: "image", FileName: "control.jpg", MediaType: "image/jpeg", Content: []byte("control"),
	})
	return err
}

func (f *fakes) getenv(name string) string { return f.env[name] }

func (f *fakes) clients() string {
	var names []string
	for _, s := range f.scopes {
		names = append(names, s.ID.String())
	}
	return strings.Join(names, ", ")
}

// assetID names the portal's id of an entry of the feed: the driver's instance,
// the kind of content and the id in the feed.
func assetID(_ context.Context, external string) (smint.AssetID, error) {
	return smint.AssetID("77:image:otcs-" + external), nil
}

// unshown says that the portal shows no purchase but by our feed.
func unshown(context.Context, records.RecordKey) (smint.AssetID, error) { return "", nil }

// people are at work in both systems: each act is one that a person, or the
// clock, does in one of them. Nobody acts while the last act is not carried over
// yet, so that a slow machine is not given more and more to do. The driver of
// each tenant reads its feed.
func (f *fakes) people(ctx context.Context, base string, b *bridge) {
	var drivers []*sminttest.Driver
	for _, t := range b.opened() {
		if t.feed != nil {
			drivers = append(drivers, f.tenants[t.scope.ID()].NewDriver(base+"/scopes/"+t.scope.ID().String()+"/adapter/v1", t.token))
		}
	}
	carried, out := b.carried(), b.out
	tick := time.NewTicker(b.every / 2)
	defer tick.Stop()
	for n, next, acts := 0, 0, 0; ; n++ {
		for _, d := range drivers {
			if err := d.Poll(ctx); err != nil && ctx.Err() == nil {
				out.printf("driver: %v", err)
			}
		}
		if n >= next && carried() {
			said, err := f.act(acts)
			next, acts = n+5, acts+1
			if err != nil {
				said = fmt.Sprintf("nothing: %v", err)
			}
			out.printf("people: %s", said)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// act is the n-th act.
func (f *fakes) act(n int) (string, error) {
	s := f.scopes[n/2%len(f.scopes)]
	t, id := f.tenants[s.ID], fmt.Sprintf("%d", time.Now().UnixMilli())
	content := []byte("content " + id)
	switch portal := s.Smint.Portal != nil && s.Policy.Approval.Source == records.ApprovalByAttribute; {
	case portal && n%2 == 1 && f.visual != "":
		t.SetAttributes(f.visual, map[string]any{"campaign": "Campaign " + id})
		return fmt.Sprintf("Dana moves %s to campaign %s, in the portal of %s", f.visual, id, s.ID), nil
	case portal:
		f.visual = "visual-" + id
		_, err := t.PutAsset(sminttest.PortalAsset{
			ID: f.visual, Version: "1", ETag: id, Name: "Key visual " + id, ContentType: "image", FileName: id + ".jpg", MediaType: "image/jpeg", Content: content,
			Attributes: map[string]any{
				s.Policy.Approval.Attribute: s.Policy.Approval.Accepted[0], s.Policy.Approval.Person: "Dana Designer", s.Policy.Approval.Time: time.Now().UTC().Format(time.RFC3339),
				"campaign": "Spring",
			},
		})
		return fmt.Sprintf("Dana finishes and approves key visual %s in the portal of %s", id, s.ID), err
	case n%2 == 1:
		// Somebody sets a hold in ECM, by hand.
		class := f.ecm.Find(551, "Content of "+s.ID.String())
		stored := slices.DeleteFunc(f.ecm.Documents(), func(d ecmtest.Document) bool {
			return d.Class != class || strings.Contains(d.Name, " rights ") || strings.Contains(d.Name, " evidence ")
		})
		if len(stored) == 0 {
			return "nothing to hold yet", nil
		}
		last := stored[len(stored)-1]
		f.ecm.AddHold("CASE-"+id, "LEGAL", last.Node)
		return fmt.Sprintf("Legal holds %s, node %s in ECM, for case %s", last.Name, last.Node, id), nil
	}
	until := time.Now().Add(15 * time.Second).UTC()
	term := demo.Term(map[string]any{"valid_until": until.Format(time.RFC3339)})
	err := t.Purchase(id, "Picture "+id, map[string]any{"license_terms": []any{term}}, sminttest.File{UUID: "1", FileName: id + ".jpg", MediaType: "image/jpeg", Content: content})
	return fmt.Sprintf("Pat buys picture %s for %s, with a license until %s", id, s.ID, until.Format(time.TimeOnly)), err
}

// unsaved is there as long as the fakes' state is that of a process.
const unsaved = "unsaved"

// claim takes the state folder for the fakes. Fakes that were killed with their
// bridge never saved what the bridge knows of them.
func (f *fakes) claim(state string) error {
	mark, err := os.OpenFile(filepath.Join(state, "fakes", unsaved), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the last bridge on %s was killed, and with it both fakes: -fakes runs them in the same process, and what they held is lost. "+
			"Remove the folder or give another -state. Servers of their own, as real ones or those of go run ./examples/fakes, outlive a bridge that is killed", state)
	}
	if err != nil {
		return err
	}
	return mark.Close()
}

// close saves the state of both systems, which a restart goes on from.
func (f *fakes) close(state string) error {
	dir := filepath.Join(state, "fakes")
	errs := []error{f.ecm.Save(dir)}
	for id, t := range f.tenants {
		home := filepath.Join(dir, id.String())
		errs = append(errs, os.MkdirAll(home, 0o700), t.Save(home))
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, os.Remove(filepath.Join(dir, unsaved)))
	}
	return errors.Join(append(errs, f.stop())...)
}

func (f *fakes) stop() error {
	var errs []error
	if f.ecm != nil {
		errs = append(errs, f.ecm.Close())
	}
	for _, t := range f.tenants {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
