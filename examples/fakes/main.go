// Command fakes runs both systems as fakes, for curl or any other client. The
// first line on standard output is one JSON object that says where they are
// and what they hold; then it serves until it is interrupted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fakes:", err)
		os.Exit(1)
	}
}

// announcement is the first line of output.
type announcement struct {
	ECM struct {
		URL      string `json:"url"`
		User     string `json:"user"`
		Password string `json:"password"`
	} `json:"ecm"`
	OTDS struct {
		URL string `json:"url"`
	} `json:"otds"`
	Smint struct {
		Identity      string   `json:"identity"`
		CLAPI         string   `json:"clapi"`
		Portals       string   `json:"portals"`
		ClientID      string   `json:"client_id"`
		ClientSecret  string   `json:"client_secret"`
		RefreshToken  string   `json:"refresh_token"`
		DownloadHosts []string `json:"download_hosts"`
	} `json:"smint"`
	Seeded struct {
		Volume         ecm.NodeID `json:"volume"`
		Root           ecm.NodeID `json:"root"`
		Category       ecm.NodeID `json:"category"`
		Classification ecm.NodeID `json:"classification"`
	} `json:"seeded"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o := demo.Options{Archive: true}
	var traffic string
	f := flag.NewFlagSet("fakes", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.ECMAddress, "ecm", "127.0.0.1:0", "address for the fake ECM and its directory services")
	f.StringVar(&o.SmintAddress, "smint", "127.0.0.1:0", "address for the fake Smint.io; files are downloaded from there too")
	f.StringVar(&o.StateDir, "state", "", "go on with the state in this folder, and save it there at the end")
	f.IntVar(&o.Catalog.LargeMiB, "large", 300, "length of the built-in film in MiB; 0 leaves it out")
	f.StringVar(&o.Catalog.AssetsDir, "assets", "", "take the files of this folder instead of the built-in ones")
	f.StringVar(&traffic, "traffic", "", "append one JSON line per exchange of both fakes to this file")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see -h", f.Arg(0))
	case o.Catalog.LargeMiB < 0 || o.Catalog.LargeMiB > 1<<20:
		return fmt.Errorf("-large is %d, want 0 to %d MiB", o.Catalog.LargeMiB, 1<<20)
	}
	if o.StateDir != "" {
		if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
			return err
		}
	}
	w, err := demo.Start(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if traffic != "" {
		file, err := os.OpenFile(traffic, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		w.WriteTraffic(file)
	}
	if err := json.NewEncoder(stdout).Encode(announce(w)); err != nil {
		return err
	}
	<-ctx.Done()
	if o.StateDir != "" {
		return w.Save(o.StateDir)
	}
	return nil
}

func announce(w *demo.World) announcement {
	var a announcement
	cred, login := w.ECM.Credentials(), w.Smint.Login()
	a.ECM.URL, a.ECM.User, a.ECM.Password = w.ECM.URL, cred.User, cred.Password.Reveal()
	a.OTDS.URL = w.ECM.Origin()
	a.Smint.Identity, a.Smint.CLAPI, a.Smint.Portals = w.Smint.Endpoints.Identity, w.Smint.Endpoints.CLAPI, w.Smint.Endpoints.Portals
	a.Smint.ClientID, a.Smint.ClientSecret, a.Smint.RefreshToken = login.ClientID, login.ClientSecret.Reveal(), login.RefreshToken.Reveal()
	a.Smint.DownloadHosts = slices.Compact([]string{w.Smint.Host, w.Smint.StorageHost})
	a.Seeded.Volume, a.Seeded.Root, a.Seeded.Category, a.Seeded.Classification = 2000, w.Root, w.Category, w.Class
	return a
}
