package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// explain adds to a failure what to do about it, where that is known.
func explain(err error) error {
	if what := hint(err); what != "" {
		return fmt.Errorf("%w\nwhat to do: %s", err, what)
	}
	return err
}

func hint(err error) string {
	is := func(class error) bool { return errors.Is(err, class) }
	if is(recsync.ErrSetup) {
		return "have an administrator of ECM add what is missing; the README lists all that is needed"
	}
	if is(smint.ErrGrantDead) {
		return "log in to Smint.io anew and set SMINT_REFRESH_TOKEN to the refresh token of that login"
	}
	if e, ok := innermost[*smint.Error](err); ok {
		login := strings.HasPrefix(e.Op, "Identity.")
		switch {
		case login && e.StatusCode >= 400 && e.StatusCode < 500:
			return "check SMINT_CLIENT_ID and SMINT_CLIENT_SECRET"
		case login:
			return "check SMINT_IDENTITY_URL, or SMINT_TENANT, and that the address can be reached from here"
		case e.StatusCode == 0, is(smint.ErrNotFound), is(smint.ErrBrokenReply):
			return "check SMINT_CLAPI_URL, or SMINT_TENANT, and that the address can be reached from here"
		}
		return ""
	}
	if e, ok := innermost[*ecm.Error](err); ok {
		switch {
		case is(ecm.ErrUnauthenticated):
			return "check ECM_USER and ECM_PASSWORD"
		case e.StatusCode == 0:
			return "check the host in ECM_URL, and that it can be reached from here"
		case is(ecm.ErrRouteMissing), is(ecm.ErrNotFound), is(ecm.ErrBrokenReply):
			return "check ECM_URL: it ends with the CGI path, as https://ecm.example/otcs/cs.exe, and Records Management is installed there"
		}
	}
	return ""
}

// innermost finds the error of its type that all others are due to: a call
// that failed for want of a login says so beside the login's own error.
func innermost[E interface {
	error
	Unwrap() error
}](err error) (E, bool) {
	found, ok := errors.AsType[E](err)
	for deeper, more := found, ok; more; {
		found = deeper
		deeper, more = errors.AsType[E](deeper.Unwrap())
	}
	return found, ok
}
