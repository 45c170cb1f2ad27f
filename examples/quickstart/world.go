package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

// world is the two systems that a run works on, and where its state lies.
type world struct {
	config  recsync.ScopeConfig
	store   recsync.FeedStore
	resumed bool
	fakes   *demo.World
	journal io.Closer
}

// open takes the systems from the environment, or starts the fakes.
func open(ctx context.Context, s settings, env func(string) string, stdout io.Writer) (*world, error) {
	w := &world{config: recsync.ScopeConfig{ID: records.MustScopeID("acme")}}
	real, err := w.fromEnvironment(s, env, stdout)
	if err == nil && !real {
		err = w.fromFakes(s, stdout)
	}
	if err == nil {
		err = w.openState(s)
	}
	if err == nil {
		err = explain(w.references(ctx, stdout))
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	var errs []error
	if w.journal != nil {
		errs = append(errs, w.journal.Close())
	}
	if w.fakes != nil {
		errs = append(errs, w.fakes.Close())
	}
	return errors.Join(errs...)
}

func (w *world) save(dir string) error {
	if w.fakes == nil {
		return nil
	}
	return w.fakes.Save(dir)
}

// openState puts checkpoint and journal into the state folder, or into one
// that is gone at the end.
func (w *world) openState(s settings) error {
	if s.state == "" {
		w.store = &memoryStore{}
		return nil
	}
	path := filepath.Join(s.state, "feed.json")
	_, err := os.Stat(path)
	w.resumed = err == nil
	w.store = recsync.NewFileFeedStore(path)
	journal, closer, err := recsync.OpenJSONJournal(filepath.Join(s.state, "journal.jsonl"))
	if err != nil {
		return err
	}
	w.config.Journal, w.journal = journal, closer
	return nil
}

// memoryStore is the checkpoint of a run that keeps no state.
type memoryStore struct{ state recsync.FeedState }

func (m *memoryStore) Load(context.Context) (recsync.FeedState, error) { return m.state, nil }

func (m *memoryStore) Save(_ context.Context, state recsync.FeedState) error {
	m.state = state
	return nil
}

func (w *world) fromFakes(s settings, stdout io.Writer) error {
	if err := tellLeftOut(s.assets, stdout); err != nil {
		return err
	}
	fakes, err := demo.Start(demo.Options{StateDir: s.state, Catalog: sminttest.Catalog{LargeMiB: s.large, AssetsDir: s.assets}})
	if err != nil {
		return err
	}
	w.fakes = fakes
	fmt.Fprintf(stdout, "fakes: ECM at %s, Smint.io at %s\n", fakes.ECM.URL, fakes.Smint.Endpoints.Identity)
	if fakes.Resumed {
		fmt.Fprintf(stdout, "they go on with what %s holds\n", s.state)
	}
	if w.config.ECM, err = fakes.ECM.Client(); err != nil {
		return err
	}
	if w.config.Smint, err = fakes.Smint.Client(); err != nil {
		return err
	}
	w.config.Root, w.config.Policy = fakes.Root, demo.Policy(fakes.Category, fakes.Class)
	return nil
}

// tellLeftOut names what of the user's own folder is no asset.
func tellLeftOut(dir string, stdout io.Writer) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("-assets: %w", err)
	}
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		switch {
		case err != nil:
			fmt.Fprintf(stdout, "left out of -assets: %q cannot be read\n", entry.Name())
		case strings.HasPrefix(entry.Name(), "."):
			fmt.Fprintf(stdout, "left out of -assets: %q is hidden\n", entry.Name())
		case !info.Mode().IsRegular():
			fmt.Fprintf(stdout, "left out of -assets: %q is no regular file\n", entry.Name())
		}
	}
	return nil
}

// references takes the cross-reference types that the server has: the
// examples' own codes, else the first enabled one for all, else none.
func (w *world) references(ctx context.Context, stdout io.Writer) error {
	types, err := w.config.ECM.CrossReferences.Types(ctx)
	if err != nil {
		return fmt.Errorf("read the cross-reference types: %w", err)
	}
	pick := func(code string) string {
		fallback := ""
		for _, t := range types {
			if t.Type == code && !t.Disabled {
				return code
			}
			if fallback == "" && !t.Disabled {
				fallback = t.Type
			}
		}
		return fallback
	}
	p := &w.config.Policy
	p.RightsReference, p.ReuseReference, p.PartReference = pick(demo.Rights), pick(demo.Reuses), pick(demo.Part)
	if p.RightsReference == "" {
		fmt.Fprintln(stdout, "the server has no cross-reference type: rights documents lie beside their records without one")
	}
	return nil
}
