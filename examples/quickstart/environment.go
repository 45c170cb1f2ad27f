package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

const environmentHelp = `Environment, for real systems or any stand-in (all of one side, or the fakes are used):
  ECM_URL               address up to the CGI path, without /api
  ECM_USER, ECM_PASSWORD
  ECM_ROOT              node id of the folder that the records go below
  ECM_CATEGORY          node id of the record category
  ECM_CLASS             node id of the RM classification, which has exactly one RSI
  SMINT_TENANT          or SMINT_IDENTITY_URL, SMINT_CLAPI_URL and SMINT_PORTALS_URL
  SMINT_CLIENT_ID, SMINT_CLIENT_SECRET, SMINT_REFRESH_TOKEN
  SMINT_DOWNLOAD_HOSTS  host[:port], comma-separated, that downloads may come from`

// fromEnvironment reports everything that is missing or malformed at once.
func (w *world) fromEnvironment(s settings, env func(string) string, stdout io.Writer) (bool, error) {
	e := &environment{get: env}
	if !e.any("ECM_URL", "ECM_USER", "ECM_PASSWORD", "ECM_ROOT", "ECM_CATEGORY", "ECM_CLASS", "SMINT_TENANT", "SMINT_IDENTITY_URL",
		"SMINT_CLAPI_URL", "SMINT_PORTALS_URL", "SMINT_CLIENT_ID", "SMINT_CLIENT_SECRET", "SMINT_REFRESH_TOKEN", "SMINT_DOWNLOAD_HOSTS") {
		return false, nil
	}
	if s.assets != "" {
		e.note("-assets", s.assets, "no environment: own files go through the fake Smint.io")
	}
	url, user, password := e.text("ECM_URL"), e.text("ECM_USER"), e.text("ECM_PASSWORD")
	root, category, class := e.id("ECM_ROOT"), e.id("ECM_CATEGORY"), e.id("ECM_CLASS")
	ends := e.endpoints()
	login := smint.Login{
		ClientID: e.text("SMINT_CLIENT_ID"), ClientSecret: smint.Secret(e.text("SMINT_CLIENT_SECRET")), RefreshToken: smint.Secret(e.text("SMINT_REFRESH_TOKEN")),
	}
	policy := smint.WithFetchPolicy(smint.FetchPolicy{Hosts: e.list("SMINT_DOWNLOAD_HOSTS")})
	errs := []error{e.faults.Err("environment")}
	var err error
	if w.config.ECM, err = ecm.New(url, ecm.PasswordLogin{User: user, Password: ecm.Secret(password)}); err != nil && given(url, user, password) {
		errs = append(errs, fmt.Errorf("ECM_URL, ECM_USER and ECM_PASSWORD: %w", err))
	}
	if _, err := smint.New(ends, login, policy); err != nil && given(ends.Identity, ends.CLAPI, login.ClientID, login.ClientSecret.Reveal(), login.RefreshToken.Reveal()) {
		errs = append(errs, fmt.Errorf("the variables of Smint.io: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return true, err
	}
	if login.Store, err = tokenStore(s, env, ends, login, stdout); err != nil {
		return true, err
	}
	w.config.Smint, err = smint.New(ends, login, policy)
	w.config.Root, w.config.Policy = root, demo.Policy(category, class)
	return true, err
}

// given tells that none is missing: what is missing was said already.
func given(values ...string) bool { return !slices.Contains(values, "") }

// tokenStore keeps the login of Smint.io: a refresh token is good for one use,
// so its successor must survive the run. Without -state that is in the user's
// own configuration folder. Each login has a file of its own, so that no token
// goes to another server than the one that gave it.
func tokenStore(s settings, env func(string) string, ends smint.Endpoints, login smint.Login, stdout io.Writer) (smint.TokenStore, error) {
	name := "tokens-" + records.DigestOf([]byte(ends.Identity + "\n" + login.ClientID + "\n" + login.RefreshToken.Reveal())).Hex()[:16] + ".json"
	if s.state != "" {
		return smint.NewFileTokenStore(filepath.Join(s.state, name)), nil
	}
	dir := cmp.Or(env("XDG_CONFIG_HOME"), env("AppData"))
	if home := env("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if dir == "" {
		fmt.Fprintln(stdout, "SMINT_REFRESH_TOKEN is good for one run: without -state, or a home folder, its successor is kept nowhere")
		return nil, nil
	}
	dir = filepath.Join(dir, "smintecm-quickstart")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep the login of Smint.io: %w; or give -state", err)
	}
	fmt.Fprintf(stdout, "the login of Smint.io is kept in %s\n", filepath.Join(dir, name))
	return smint.NewFileTokenStore(filepath.Join(dir, name)), nil
}

// environment reads variables and notes what is wrong with them.
type environment struct {
	get    func(string) string
	faults records.Problems
}

func (e *environment) any(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return e.get(n) != "" })
}

func (e *environment) note(name, value, want string) { e.faults.Add(name, value, want) }

func (e *environment) text(name string) string {
	v := e.get(name)
	e.faults.Check(v != "", name, v, "a value; see -h")
	return v
}

func (e *environment) id(name string) ecm.NodeID {
	n, err := strconv.ParseInt(e.get(name), 10, 64)
	e.faults.Check(err == nil && n > 0, name, e.get(name), "a node id, a positive number")
	return ecm.NodeID(n)
}

// list reads what stands between commas; nil for nothing.
func (e *environment) list(name string) []string {
	var list []string
	for one := range strings.SplitSeq(e.get(name), ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// endpoints come from the tenant's name, or one by one.
func (e *environment) endpoints() smint.Endpoints {
	if tenant := e.get("SMINT_TENANT"); tenant != "" {
		ends, err := smint.Tenant(tenant)
		e.faults.Check(err == nil, "SMINT_TENANT", tenant, "the first label of the tenant's host, as acme in acme.smint.io")
		return ends
	}
	return smint.Endpoints{Identity: e.text("SMINT_IDENTITY_URL"), CLAPI: e.text("SMINT_CLAPI_URL"), Portals: e.get("SMINT_PORTALS_URL")}
}
