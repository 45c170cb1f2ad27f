// Command multiclient keeps two clients apart on one ECM: what belongs to one is
// refused to the other before anything is asked. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"io"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "Two clients share one ECM, and nothing of one is seen or done through the other."

func main() { demo.Main("multiclient", run) }

// client is one client's scope, and the folder that is its root.
type client struct {
	name  string
	root  ecm.NodeID
	scope *recsync.Scope
	feed  demo.Memory
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("multiclient", about, args, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	zenith, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zenith.Close()) }()

	s.Step("An administrator gives each client a folder in ECM; each has a Smint.io of its own.")
	clients := []*client{{name: "acme", root: s.Root}, {name: "zenith", root: s.ECM.AddFolder(2000, "Zenith records")}}
	smints := []*demo.World{s.World, zenith}
	for i, c := range clients {
		own, err := smints[i].Smint.Client()
		if err != nil {
			return err
		}
		if c.scope, err = s.Scope(c.name, func(config *recsync.ScopeConfig) { config.Root, config.Smint = c.root, own }); err != nil {
			return err
		}
	}

	s.Step("In both, somebody buys a picture under the same number, 501.")
	for i, c := range clients {
		if err := errors.Join(smints[i].Buy("501", "Hills, for "+c.name, nil), s.Follow(ctx, c.scope, &c.feed)); err != nil {
			return err
		}
	}

	s.Step("Each looks at all that is its own.")
	stored := map[string]recsync.RecordRef{}
	for _, c := range clients {
		for r, err := range c.scope.Records(ctx) {
			if err != nil {
				return err
			}
			stored[c.name] = r.Record
			s.Say("%s sees %s (%s).", c.name, r.Record.Key(), r.Field(recsync.FieldTitle))
		}
		if err := list(ctx, s, c); err != nil {
			return err
		}
	}

	s.Step("A program for zenith is handed a reference of acme, and tries to hold and to read by it.")
	zenithScope, before := clients[1].scope, s.ECM.Count("*")
	_, err = recsync.ApplyHold(ctx, zenithScope, recsync.HoldRequest{
		Matter: "CASE-9", Reason: "a mistake", Authority: "Nobody", By: "Z. Clerk", Target: recsync.HoldTarget{Records: []recsync.RecordRef{stored["acme"]}},
	})
	s.Say("Hold: %s.", demo.Outcome(err))
	_, err = zenithScope.HoldsOn(ctx, stored["acme"])
	s.Say("Read: %s.", demo.Outcome(err))
	_, err = zenithScope.Record(ctx, records.MustRecordKey("acme/purchase/501/1/1"))
	s.Say("By its key: %s.", demo.Outcome(err))
	s.Say("ECM was asked %d times meanwhile.", s.ECM.Count("*")-before)

	s.Next("go run ./examples/bridge -policy examples/bridge/policy.json -fakes runs several clients from one policy file.")
	return nil
}

// list names what lies below a client's folder, as ECM itself tells it.
func list(ctx context.Context, s *demo.Story, c *client) error {
	folders := []ecm.NodeID{c.root}
	for len(folders) > 0 {
		for n, err := range c.scope.ECM().Nodes.All(ctx, folders[0], nil) {
			if err != nil {
				return err
			}
			if n.Container {
				folders = append(folders, n.ID)
			} else {
				s.Say("Below its folder: %s.", n.Name)
			}
		}
		folders = folders[1:]
	}
	return nil
}
