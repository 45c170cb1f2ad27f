// Package demo sets both fakes up as an administrator would set up the real
// systems, for the examples.
package demo

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/ecm/ecmtest"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

// Cross-reference types of the fakes: from a record to its rights document,
// from a reuse to its original, from a compound asset to its parts.
const (
	Rights = "RIGHTS"
	Reuses = "REUSES"
	Part   = "PART"
)

// Options are the settings of the fakes.
type Options struct {
	// StateDir, if set, is where the fakes go on from, and what Save writes to.
	StateDir string
	// ECMAddress and SmintAddress are the addresses to listen at; empty means
	// free loopback ports.
	ECMAddress, SmintAddress string
	Catalog                  sminttest.Catalog
	// Empty leaves the feed empty.
	Empty bool
	// OpenAttributes lets the attributes of final records be changed.
	OpenAttributes bool
	// Archive adds what an ECM in use holds besides: old records, holds, and a
	// disposition search with a snapshot.
	Archive bool
}

func (o Options) smint() sminttest.Options {
	return sminttest.Options{Listen: o.SmintAddress, TaskTime: TaskTime}
}

// World is both fakes, running, and the ids of what was set up.
type World struct {
	ECM      *ecmtest.Server
	Smint    *sminttest.Server
	Root     ecm.NodeID
	Category ecm.NodeID
	Class    ecm.NodeID
	// Resumed tells that the feed goes on from a saved state.
	Resumed bool
	moved   atomic.Int64
}

// Attributes are those of the record category: what a policy's defaults and
// the default mapping of rights need. The first one is a text.
func Attributes() []ecmtest.Attribute {
	var list []ecmtest.Attribute
	names := recsync.DefaultAttributes()
	fields := make([]recsync.Field, 0, len(names))
	for f := range names {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	// The key comes first: everything else hangs on it.
	fields = append([]recsync.Field{recsync.FieldKey}, slices.DeleteFunc(fields, func(f recsync.Field) bool { return f == recsync.FieldKey })...)
	for _, f := range fields {
		list = append(list, ecmtest.Attribute{Name: names[f], MaxLength: 254, MultiValue: f == recsync.FieldParts})
	}
	types := map[rightsmap.AttributeType]string{rightsmap.DateAttribute: "date", rightsmap.IntegerAttribute: "integer", rightsmap.BooleanAttribute: "boolean"}
	for _, a := range rightsmap.DefaultMapping().Attributes {
		list = append(list, ecmtest.Attribute{Name: a.Name, Type: types[a.Type], MultiValue: a.Multi, MaxLength: a.Length})
	}
	return list
}

// Start starts both fakes and sets them up, or goes on with saved ones.
func Start(o Options) (*World, error) {
	w := &World{}
	err := w.load(o)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && w.ECM == nil) {
		err = w.fresh(o)
	}
	if err == nil && !o.Empty && (!w.Resumed || o.Catalog.AssetsDir != "") {
		// Of a folder that was there before, what is new or has changed joins the
		// feed.
		err = w.Smint.SeedCatalog(o.Catalog)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	// On a new server ids follow from the order of the set-up, so they are the
	// same after a load.
	return w, nil
}

func (w *World) load(o Options) (err error) {
	if o.StateDir == "" {
		return fs.ErrNotExist
	}
	if w.Smint, err = sminttest.Load(o.StateDir, o.smint()); err != nil {
		return err
	}
	w.Resumed = true
	if w.ECM, err = ecmtest.Load(o.StateDir, ecmtest.Options{Listen: o.ECMAddress}); err != nil {
		return err
	}
	return w.find()
}

const (
	rootName     = "Acme records"
	categoryName = "Smint.io record"
	className    = "Licensed content"
)

func (w *World) fresh(o Options) (err error) {
	if w.Smint == nil {
		if w.Smint, err = sminttest.NewServer(o.smint()); err != nil {
			return err
		}
	}
	dir := ""
	if o.StateDir != "" {
		dir = filepath.Join(o.StateDir, "ecm-contents")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if w.ECM, err = ecmtest.NewServer(ecmtest.Options{Dir: dir, OpenAttributes: o.OpenAttributes, Listen: o.ECMAddress}); err != nil {
		return err
	}
	w.ECM.AddRSI(ecmtest.RSI{Name: "MKT-07", Title: "Marketing, seven years", Stage: "FINAL", Years: 7, Action: 32})
	w.ECM.AddCrossReferenceType(Rights, "RIGHTSOF", "has its rights in")
	w.ECM.AddCrossReferenceType(Reuses, "REUSEDBY", "reuses the license of")
	w.ECM.AddCrossReferenceType(Part, "PARTOF", "has the part")
	w.Root = w.ECM.AddFolder(2000, rootName)
	w.Category = w.ECM.AddCategory(categoryName, Attributes()...)
	w.Class = w.ECM.AddRMClassification(className, "MKT-07")
	if o.Archive {
		return w.archive()
	}
	return nil
}

// archive adds what the server had before: two records whose retention has
// ended, one of them on hold, and a disposition search that has found both.
func (w *World) archive() error {
	w.ECM.AddCode("hold_type", "LEGAL", "Legal")
	w.ECM.AddCode("status", "ACTIVE", "Active")
	w.ECM.AddRSI(ecmtest.RSI{Name: "MKT-00", Title: "Marketing, ended", Stage: "FINAL", Action: 32})
	folder := w.ECM.AddFolder(2000, "Archive")
	class := w.ECM.AddRMClassification("Ended campaigns", "MKT-00")
	var last ecm.NodeID
	for _, name := range []string{"flyer-2016.txt", "poster-2016.txt"} {
		id, err := w.ECM.AddDocument(folder, name, []byte(name))
		if err != nil {
			return err
		}
		w.ECM.Declare(id, class)
		last = id
	}
	w.ECM.AddHold("CASE-1", "LEGAL", last)
	w.ECM.AddHold("CASE-2", "LEGAL")
	w.ECM.RunDispositionSearch(w.ECM.AddDispositionSearch("Ended campaigns", folder, "MKT-00"))
	return nil
}

// find looks up what an earlier run had set up, by name.
func (w *World) find() error {
	w.Root, w.Category, w.Class = w.ECM.Find(0, rootName), w.ECM.Find(131, categoryName), w.ECM.Find(551, className)
	if w.Root == 0 || w.Category == 0 || w.Class == 0 {
		return errors.New("the saved state is not one of these examples: use another folder")
	}
	return nil
}

// Save writes the state of both fakes to a folder.
func (w *World) Save(dir string) error { return errors.Join(w.ECM.Save(dir), w.Smint.Save(dir)) }

// Close stops both fakes.
func (w *World) Close() error {
	var errs []error
	if w.ECM != nil {
		errs = append(errs, w.ECM.Close())
	}
	if w.Smint != nil {
		errs = append(errs, w.Smint.Close())
	}
	return errors.Join(errs...)
}

// Policy is the examples' policy for given ids: whoever completes a purchase
// has approved it, everything licensed goes into one class, and records are
// finalized.
func Policy(category, class ecm.NodeID) recsync.Policy {
	return recsync.Policy{
		Version: "quickstart-1", Category: category, FileStatus: "ACTIVE",
		Classes:  []recsync.ClassRule{{Name: className, Class: class}},
		Approval: records.ApprovalRule{Source: records.ApprovalByPurchase},
	}
}

// WriteTraffic writes every exchange of both fakes from now on to out.
func (w *World) WriteTraffic(out io.Writer) {
	one := &lines{w: out}
	w.ECM.WriteTraffic(one)
	w.Smint.WriteTraffic(one)
}

// lines lets two writers of whole lines share one file: each locks it for a
// line, and the lines are numbered one after the other.
type lines struct {
	sync.Mutex
	w    io.Writer
	last int64
}

// Next is called with the lock held.
func (l *lines) Next() int64 { l.last++; return l.last }

// Write is called with the lock held.
func (l *lines) Write(p []byte) (int, error) { return l.w.Write(p) }
