package sync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// A hold on a scope, a license or a matter stands for what is declared later
// too. That it does is kept in ECM: below the root lies a folder of standing
// orders, in it one folder for each, named by what the order is about, and the
// holds that lie on such a folder are the order. A name is there at once for
// everyone, a lost disk loses nothing, several holds lie side by side, and what
// is held cannot be deleted. A scope without orders costs a declaration one
// look.
const (
	ordersFolder = "holds"
	// trailName is how copies of the scope's trail are called below the root,
	// alone or with more words behind it.
	trailName    = "trail"
	orderScope   = "scope"
	orderLicense = "license"
	orderMatter  = "matter"
)

// order is the name of the target's standing order, empty for a list. What is
// readable in it may be cut; the hash keeps names apart, also on servers that
// compare them without regard to case.
func (t HoldTarget) order(scope records.ScopeID) string {
	switch {
	case t.Scope:
		return orderName(scope, orderScope, "")
	case t.License != "":
		return orderName(scope, orderLicense, t.License)
	case len(t.About) > 0:
		var parts []string
		for _, f := range slices.Sorted(maps.Keys(t.About)) {
			parts = append(parts, orderText(string(f))+"="+orderText(t.About[f]))
		}
		return orderName(scope, orderMatter, strings.Join(parts, "&"))
	}
	return ""
}

// maxLicenseText bounds what a license's id adds to a name. It is found by its
// hash; a matter is read from its name, which therefore is never cut.
const maxLicenseText = 64

func orderName(scope records.ScopeID, kind, text string) string {
	sum := sha256.Sum256([]byte(scope.String() + "\n" + kind + "\n" + text))
	name := kind
	if kind == orderLicense {
		text = orderText(text)
		if r := []rune(text); len(r) > maxLicenseText {
			text = string(r[:maxLicenseText-1]) + "~"
		}
	}
	if text != "" {
		name += " " + text
	}
	return name + " [" + hex.EncodeToString(sum[:8]) + "]"
}

// orderText writes a text so that it can stand in a node's name, and be read
// from there: letters and digits stay, a space is "+", the rest is %XX.
func orderText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == ' ':
			b.WriteByte('+')
		case unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._~", r):
			b.WriteRune(r)
		default:
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
	}
	return b.String()
}

func readOrderText(text string) (string, bool) {
	var b []byte
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '+':
			b = append(b, ' ')
		case text[i] == '%' && i+2 < len(text):
			raw, err := hex.DecodeString(text[i+1 : i+3])
			if err != nil {
				return "", false
			}
			b, i = append(b, raw...), i+2
		default:
			b = append(b, text[i])
		}
	}
	return string(b), true
}

// standingOrder is one folder of standing orders' folder.
type standingOrder struct {
	node ecm.NodeID
	name string
	// about is set for a matter.
	about map[Field]string
}

// readOrder reads an order from its name. What is no order is passed over; a
// name that was changed is an error, for it hides what is to be held.
func readOrder(scope records.ScopeID, n ecm.Node) (standingOrder, bool, error) {
	o := standingOrder{node: n.ID, name: n.Name}
	head, _, hashed := strings.Cut(n.Name, " [")
	kind, text, _ := strings.Cut(head, " ")
	if !hashed || !slices.Contains([]string{orderScope, orderLicense, orderMatter}, kind) {
		return o, false, nil
	}
	if kind != orderMatter {
		return o, true, nil
	}
	o.about = map[Field]string{}
	for part := range strings.SplitSeq(text, "&") {
		field, want, _ := strings.Cut(part, "=")
		f, ok1 := readOrderText(field)
		v, ok2 := readOrderText(want)
		if !ok1 || !ok2 {
			break
		}
		o.about[Field(f)] = v
	}
	if (HoldTarget{About: o.about}).order(scope) != n.Name {
		return o, false, fmt.Errorf("%w: the standing order in node %s was renamed to %q: what it is about cannot be read", ErrHoldUnknown, n.ID, n.Name)
	}
	return o, true, nil
}

// covers tells whether the order is about a record.
func (o standingOrder) covers(key records.RecordKey, fields map[Field][]string) bool {
	switch {
	case o.about != nil:
		return matches(o.about, fields)
	case o.name == orderName(key.Scope(), orderScope, ""):
		return true
	}
	return key.Kind() != records.SourceAsset && o.name == orderName(key.Scope(), orderLicense, key.Item())
}

// matches tells whether fields have all of the values. A value that had to be
// cut to fit its attribute matches what it began with.
func matches(about map[Field]string, fields map[Field][]string) bool {
	for f, want := range about {
		want = strings.TrimSpace(want)
		if !slices.ContainsFunc(fields[f], func(has string) bool {
			has = strings.TrimSpace(has)
			if begun, cut := strings.CutSuffix(has, "…"); cut && len(want) >= len(begun) {
				return strings.EqualFold(want[:len(begun)], begun)
			}
			return strings.EqualFold(has, want)
		}) {
			return false
		}
	}
	return true
}

// orders reads the standing orders of the scope. It is never answered from
// memory.
func (s *Scope) orders(ctx context.Context) ([]standingOrder, error) {
	folder, err := s.folder(ctx, ordersFolder)
	if err != nil {
		return nil, fmt.Errorf("%w: the folder of standing orders could not be looked up: %w", ErrHoldUnknown, err)
	}
	if folder == 0 {
		return nil, nil
	}
	return s.ordersIn(ctx, folder)
}

func (s *Scope) ordersIn(ctx context.Context, folder ecm.NodeID) ([]standingOrder, error) {
	var list []standingOrder
	for n, err := range s.ecm.Nodes.All(ctx, folder, nil) {
		if err != nil {
			return nil, fmt.Errorf("%w: the standing orders could not be read: %w", ErrHoldUnknown, err)
		}
		o, is, err := readOrder(s.id, n)
		if err != nil {
			return nil, err
		}
		if is {
			list = append(list, o)
		}
	}
	return list, nil
}

// standing reads the holds that stand for a record before it is there. What
// cannot be read is an error that matches ErrHoldUnknown.
func (s *Scope) standing(ctx context.Context, key records.RecordKey, fields map[Field][]string) ([]ecm.NodeHold, error) {
	orders, err := s.orders(ctx)
	if err != nil {
		return nil, err
	}
	var holds []ecm.NodeHold
	for _, o := range orders {
		if !o.covers(key, fields) {
			continue
		}
		list, err := s.holdsOf(ctx, o.node)
		if err != nil {
			return nil, err
		}
		holds = append(holds, list...)
	}
	return onceEach(holds), nil
}

// onceEach leaves each hold once, as it lies on a node itself if it does on one.
func onceEach(holds []ecm.NodeHold) []ecm.NodeHold {
	slices.SortStableFunc(holds, func(a, b ecm.NodeHold) int { return strings.Compare(a.Method, b.Method) })
	seen := map[ecm.HoldID]bool{}
	return slices.DeleteFunc(holds, func(h ecm.NodeHold) bool {
		twice := seen[h.HoldID]
		seen[h.HoldID] = true
		return twice
	})
}

// keepHeld puts holds on a document that has just come, and reads them back. One
// that came upon its model from above will do from above; any other only where
// it cannot be had on the document itself.
func (s *Scope) keepHeld(ctx context.Context, t *taking, node ecm.NodeID, holds []ecm.NodeHold) error {
	if len(holds) == 0 {
		return nil
	}
	var last error
	for attempt := 0; ; attempt++ {
		there, err := s.holdsOf(ctx, node)
		if err != nil {
			return errors.Join(err, last)
		}
		missing := slices.DeleteFunc(slices.Clone(holds), func(h ecm.NodeHold) bool {
			return slices.ContainsFunc(there, func(on ecm.NodeHold) bool {
				return on.HoldID == h.HoldID && (on.Method == "" || h.Method != "" || last != nil)
			})
		})
		if len(missing) == 0 {
			return nil
		}
		if attempt == maxAttempts {
			return errors.Join(fmt.Errorf("%w: node %s is not under every hold that stands for it", ErrVerify, node), last)
		}
		last = nil
		for _, h := range missing {
			step := Step{Do: "hold", On: "node " + node.String(), With: fmt.Sprintf("hold %s %q, which stands for it", h.HoldID, h.Name)}
			last = errors.Join(last, t.mutate(ctx, step, records.Digest{}, func() error { return s.ecm.Holds.Apply(ctx, node, h.HoldID) }))
		}
		if errors.Is(last, errJournal) || ctx.Err() != nil {
			return errors.Join(last, ctx.Err())
		}
	}
}
