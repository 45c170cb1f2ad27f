package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// NeedState says how it stands with something that a scope needs.
type NeedState string

// The states.
const (
	// NeedMet: it was asked for and is there.
	NeedMet NeedState = "met"
	// NeedMissing: it was asked for and is not there, or is refused.
	NeedMissing NeedState = "missing"
	// NeedUnproven: no harmless call can tell.
	NeedUnproven NeedState = "unproven"
	// NeedUnasked: something that comes before it is missing.
	NeedUnasked NeedState = "not asked"
)

// Need is one thing that a scope's policy needs of the two systems.
type Need struct {
	// System is "ECM" or "Smint.io", What the thing, as "may classify".
	System string    `json:"system"`
	What   string    `json:"what"`
	State  NeedState `json:"state"`
	// Found says what was found, Ask what to ask the administrator for.
	Found string `json:"found,omitempty"`
	Ask   string `json:"ask,omitempty"`
	// Kind classes what is missing.
	Kind Trouble `json:"kind,omitempty"`
}

// String is the need on one line.
func (n Need) String() string {
	line := fmt.Sprintf("%-9s %-8s %s", n.State, n.System, n.What)
	if n.Found != "" {
		line += ": " + n.Found
	}
	return line
}

// CheckReport is what [Check] found.
type CheckReport struct {
	Scope  string    `json:"scope"`
	Policy string    `json:"policy"`
	At     time.Time `json:"at"`
	Needs  []Need    `json:"needs"`
}

// Missing are the needs that are not met, the first to be mended first.
func (r CheckReport) Missing() []Need {
	return slices.DeleteFunc(slices.Clone(r.Needs), func(n Need) bool { return n.State != NeedMissing })
}

// Err is nil if nothing is missing; otherwise it matches ErrSetup and lists
// what to ask the administrator for.
func (r CheckReport) Err() error {
	missing := r.Missing()
	if len(missing) == 0 {
		return nil
	}
	var b strings.Builder
	for _, n := range missing {
		fmt.Fprintf(&b, "\n  - %s, %s: %s", n.System, n.What, n.Ask)
	}
	return lacking(fmt.Sprintf("scope %s lacks what its policy needs:%s", r.Scope, b.String()))
}

// lacking says what both systems lack: ErrSetup by itself speaks of ECM.
type lacking string

func (l lacking) Error() string { return string(l) }

func (lacking) Is(target error) bool { return target == ErrSetup }

// String prints the report for people: every need, then what to ask for.
func (r CheckReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scope %s, policy %s", r.Scope, r.Policy)
	for _, n := range r.Needs {
		b.WriteString("\n  " + n.String())
	}
	missing := r.Missing()
	if len(missing) == 0 {
		b.WriteString("\nnothing is missing")
		return b.String()
	}
	b.WriteString("\nask the administrator for:")
	for _, n := range missing {
		fmt.Fprintf(&b, "\n  - %s: %s", n.System, n.Ask)
	}
	return b.String()
}

// CheckOptions say how a server names what it grants.
type CheckOptions struct {
	// Functions are the ids by which the server lists what a user may do in
	// Records Management, for "finalize" and "hold". The vendor does not publish
	// them; by default they are looked for by those names, and a server that
	// lists others leaves the need unproven.
	Functions map[string]string
	// Beside are the scopes whose records lie on the same server, this one or not:
	// its root may lie in none of theirs, where each would count the records of
	// this scope among its own, nor may a folder that it offers.
	Beside []*Scope
}

// Check proves, by calls that change nothing on either side, that credentials,
// privileges, classes, schedules, categories, holds and endpoints are what the
// scope's policy needs. It asks the servers anew, whatever the scope has learned
// before. What is missing is in the report, together with what to ask the
// administrator for; the error is only that of a ctx that has ended. A need that
// hangs on one that is missing is not asked, so that one cause is one line.
func Check(ctx context.Context, s *Scope, o CheckOptions) (CheckReport, error) {
	fresh := *s
	fresh.known = &knowledge{}
	c := &checker{s: &fresh, o: o, report: CheckReport{Scope: s.id.String(), Policy: s.policy.Version, At: time.Now().UTC()}}
	c.ecm(ctx)
	c.smint(ctx)
	return c.report, ctx.Err()
}

// checker asks for one need after the other.
type checker struct {
	s      *Scope
	o      CheckOptions
	report CheckReport
	system string
	// stop tells that the system's later needs cannot be asked for.
	stop bool
}

// asks are what to ask for where the thing itself is not the matter.
var asks = map[Trouble]string{
	TroubleUnreachable: "the right address, and a network that lets this machine reach it",
	TroubleLogin:       "a user and password, or a grant, that are valid",
}

// errUnproven: no harmless call can tell.
var errUnproven = errors.New("unproven")

// need asks for one thing. It says whether it is there.
func (c *checker) need(what, ask string, look func() (found string, err error)) bool {
	n := Need{System: c.system, What: what, State: NeedMet}
	if c.stop {
		n.State = NeedUnasked
		c.report.Needs = append(c.report.Needs, n)
		return false
	}
	found, err := look()
	n.Found = found
	switch {
	case errors.Is(err, errUnproven):
		n.State = NeedUnproven
	case err != nil:
		n.State, n.Found, n.Ask, n.Kind = NeedMissing, short(err), ask, TroubleOf(err)
		if general, ok := asks[n.Kind]; ok {
			n.Ask = general
		}
	}
	c.report.Needs = append(c.report.Needs, n)
	return n.State == NeedMet
}

// notes is need for look-ups that note each thing that is missing by itself.
func (c *checker) notes(what string, look func(note func(string, ...any)) error) bool {
	var list []string
	met := c.need(what, "", func() (string, error) {
		err := look(func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) })
		if err != nil || len(list) == 0 {
			return "", err
		}
		return "", fmt.Errorf("%w: %s", ErrSetup, list[0])
	})
	if met || len(list) == 0 {
		return met
	}
	last := &c.report.Needs[len(c.report.Needs)-1]
	last.Found, last.Ask = list[0], list[0]
	for _, more := range list[1:] {
		n := *last
		n.Found, n.Ask = more, more
		c.report.Needs = append(c.report.Needs, n)
	}
	return false
}

func (c *checker) ecm(ctx context.Context) {
	c.system, c.stop = "ECM", false
	s := c.s
	c.stop = !c.need("answers and lets the user in", "an address up to the CGI path, without /api, and a user that may log in", func() (string, error) {
		if err := s.ecm.Auth.Login(ctx); err != nil {
			return "", err
		}
		info, err := s.ecm.Server.Info(ctx)
		if err != nil {
			return "", err
		}
		return "version " + info.Version, nil
	})
	rooted := c.need("root", fmt.Sprintf("a folder or workspace as root (node %s), which the user may see", s.root), func() (string, error) {
		n, err := s.ecm.Nodes.Get(ctx, s.root)
		switch {
		case isMissing(err):
			return "", fmt.Errorf("%w: node %s does not exist, or the user may not see it", ErrSetup, s.root)
		case err != nil:
			return "", err
		case !n.Container:
			return "", fmt.Errorf("%w: node %s %q is no folder", ErrSetup, s.root, n.Name)
		}
		return fmt.Sprintf("node %s %q", s.root, n.Name), nil
	})
	down := c.stop
	c.stop = down || !rooted
	c.apart(ctx)
	c.offered(ctx)
	c.notes("category", func(note func(string, ...any)) error { return s.checkCategory(ctx, note) })
	c.stop = down
	c.classes(ctx)
	c.privileges(ctx)
	c.codes(ctx)
	c.notes("cross-reference types", func(note func(string, ...any)) error { return s.checkReferences(ctx, note) })
	c.notes("metadata in step", func(note func(string, ...any)) error { return s.checkMetadata(ctx, note) })
	c.need("holds can be read", "the privilege to see holds: without it no record can be shown or disposed of", func() (string, error) {
		_, err := s.ecm.Holds.Names(ctx)
		return "", err
	})
}

// apart looks whether the root, or a folder that is offered, lies in another
// scope's root.
func (c *checker) apart(ctx context.Context) {
	others := slices.DeleteFunc(slices.Clone(c.o.Beside), func(other *Scope) bool { return other.id == c.s.id })
	if len(others) == 0 {
		return
	}
	own := []ecm.NodeID{c.s.root}
	if surface := c.s.policy.Surface; surface != nil {
		for _, source := range surface.Sources {
			own = append(own, source.Folders...)
		}
	}
	c.need("root and folders apart from other scopes'", "a root, and folders to be offered, that lie in no other scope's root", func() (string, error) {
		for _, id := range own {
			way, err := c.s.ecm.Nodes.Ancestors(ctx, id)
			if err != nil {
				return "", err
			}
			for _, at := range way {
				for _, other := range others {
					if at.ID == other.root {
						return "", fmt.Errorf("%w: node %s lies in node %s %q, the root of scope %s", ErrSetup, id, at.ID, at.Name, other.id)
					}
				}
			}
		}
		return "", nil
	})
}

// offered looks which actions the server offers at the root.
func (c *checker) offered(ctx context.Context) {
	var offered []ecm.Action
	var err error
	if !c.stop {
		var all map[ecm.NodeID][]ecm.Action
		all, err = c.s.ecm.Nodes.Actions(ctx, []ecm.NodeID{c.s.root}, ecm.ActionAddNode, ecm.ActionAudit)
		offered = all[c.s.root]
	}
	for _, want := range []struct {
		action    ecm.Action
		what, ask string
	}{
		{ecm.ActionAddNode, "may add items to the root", "the permission to add items to the root, and the privilege to create folders and documents"},
		{ecm.ActionAudit, "may read the audit of nodes", "the privilege to read the audit trail: the trail of the scope is compared with it"},
	} {
		c.need(want.what, want.ask, func() (string, error) {
			if err == nil && !slices.Contains(offered, want.action) {
				return "", fmt.Errorf("%w: the server does not offer %q for node %s", ecm.ErrDenied, want.action, c.s.root)
			}
			return "", err
		})
	}
}

// classes looks whether each class rule has its class and exactly one schedule.
func (c *checker) classes(ctx context.Context) {
	for _, rule := range c.s.policy.Classes {
		what := "class " + rule.Class.String()
		if rule.Name != "" {
			what += fmt.Sprintf(" %q", rule.Name)
		}
		c.need(what, fmt.Sprintf("an RM classification (node %s) that the user may see, with exactly one RSI, or the one that the policy names", rule.Class), func() (string, error) {
			name, err := c.s.schedule(ctx, rule)
			return "schedule " + name, err
		})
	}
}

// privileges looks what the user may do in Records Management.
func (c *checker) privileges(ctx context.Context) {
	s := c.s
	c.need("may classify", "the Records Management privilege to classify", func() (string, error) {
		settings, err := s.ecm.RMClassifications.Settings(ctx)
		if err == nil && !settings.CanClassify {
			err = fmt.Errorf("%w: the server's settings say so (bCanRMClassify)", ecm.ErrDenied)
		}
		return "", err
	})
	var functions map[string]bool
	var asked bool
	for _, want := range []struct {
		function, what, ask string
		needed              bool
	}{
		{"finalize", "may finalize", "the Records Management privilege to finalize records", !s.policy.KeepOpen},
		{"hold", "may apply holds", "the Records Management privilege to apply and remove holds", true},
	} {
		if !want.needed {
			continue
		}
		c.need(want.what, want.ask, func() (string, error) {
			if !asked {
				var err error
				if functions, err = s.ecm.Codes.FunctionAccess(ctx); err != nil {
					return "", err
				}
				asked = true
			}
			id := want.function
			if own := c.o.Functions[want.function]; own != "" {
				id = own
			}
			may, listed := functions[id]
			switch {
			case !listed:
				return fmt.Sprintf("the server lists no function %q; it lists %d others", id, len(functions)), errUnproven
			case !may:
				return "", fmt.Errorf("%w: function %q is not granted", ecm.ErrDenied, id)
			}
			return "", nil
		})
	}
}

// codes looks whether the server has the codes that the policy writes.
func (c *checker) codes(ctx context.Context) {
	p := c.s.policy
	var lists ecm.CodeLists
	for _, want := range []struct{ list, code string }{{"status", p.FileStatus}, {"essential", p.Essential}, {"storage", p.Storage}, {"hold_type", defaultHoldType}} {
		if want.code == "" {
			continue
		}
		c.need(fmt.Sprintf("%s code %q", want.list, want.code), fmt.Sprintf("a code %q in the code list %q of Records Management", want.code, want.list), func() (string, error) {
			if lists == nil {
				var err error
				if lists, err = c.s.ecm.Codes.All(ctx); err != nil {
					return "", err
				}
			}
			if !slices.ContainsFunc(lists[want.list], func(code ecm.Code) bool { return code.Code == want.code }) {
				return "", fmt.Errorf("%w: the list %q has no code %q", ErrSetup, want.list, want.code)
			}
			return "", nil
		})
	}
}

func (c *checker) smint(ctx context.Context) {
	s := c.s
	if s.smint == nil {
		return
	}
	c.system, c.stop = "Smint.io", false
	if s.policy.Approval.Source == records.ApprovalByPurchase || s.portal == nil {
		c.need("the purchase feed can be read", "the OAuth2 client's right to read license purchase transactions", func() (string, error) {
			_, err := s.smint.LicensePurchaseTransactions.List(ctx, "", 1)
			return "", err
		})
	}
	if s.portal == nil {
		return
	}
	var page *smint.SearchPage
	c.stop = !c.need("the portal can be searched", fmt.Sprintf("a portal %s that the login may search", s.portal.Portal.UUID), func() (string, error) {
		q := s.portal.Query
		q.PageSize = 1
		var err error
		page, err = s.smint.Portals.Search(ctx, s.portal.Portal, q)
		return "", err
	})
	if rule := s.policy.Approval; rule.Source == records.ApprovalByAttribute && s.policy.Approval.Attribute != "" {
		c.need(fmt.Sprintf("attribute %q of portal assets", rule.Attribute), "assets that carry the attribute that tells their approval", func() (string, error) {
			for _, item := range page.Items {
				if item.Asset != nil && len(item.Asset.Attributes(rule.Attribute)) > 0 {
					return "", nil
				}
			}
			return "the first asset found does not carry it; others may", errUnproven
		})
	}
}
