package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// knowledge is what a scope has learned of ECM and that does not change while
// it runs: the category's definition, the folders and the classes' schedules.
// It is a cache: every fact can be read again.
type knowledge struct {
	category   cell[*ecm.Category]
	categories cells[ecm.NodeID, *ecm.Category]
	folders    cells[string, ecm.NodeID]
	schedules  cells[ecm.NodeID, []string]
	references cells[string, string]
	// ended does change, and is read again after a while.
	ended atomic.Pointer[endedRuns]
}

// category is the definition of the record category.
func (s *Scope) category(ctx context.Context) (*ecm.Category, error) {
	return s.known.category.get(func() (*ecm.Category, error) {
		return s.ecm.Categories.Definition(ctx, s.root, s.policy.Category)
	})
}

// schedule resolves a class rule to the name of exactly one schedule.
func (s *Scope) schedule(ctx context.Context, rule ClassRule) (string, error) {
	names, err := s.known.schedules.get(rule.Class, func() ([]string, error) {
		rsis, err := s.ecm.RSIs.OfNode(ctx, rule.Class)
		if isMissing(err) || errors.Is(err, ecm.ErrDenied) {
			return nil, fmt.Errorf("%w: class %s does not exist, or the user may not see it", ErrSetup, rule.Class)
		}
		var names []string
		for _, r := range rsis {
			if !slices.Contains(names, r.RSI) {
				names = append(names, r.RSI)
			}
		}
		return names, err
	})
	if err != nil {
		return "", err
	}
	if rule.Schedule != "" {
		if !slices.Contains(names, rule.Schedule) {
			return "", fmt.Errorf("%w: class %s has the schedules %q and not %q", ErrSchedule, rule.Class, names, rule.Schedule)
		}
		return rule.Schedule, nil
	}
	name, err := records.Classification{ID: rule.Class.String(), Name: rule.Name, Schedules: names}.Schedule()
	if err != nil {
		return "", fmt.Errorf("%w: class %s: assign it exactly one RSI, or name one in the class rule: %w", ErrSchedule, rule.Class, err)
	}
	return name, nil
}

// isSetup tells faults of the server's set-up from failures to ask it.
func isSetup(err error) bool { return errors.Is(err, ErrSetup) || errors.Is(err, ErrSchedule) }

// isMissing tells that a node is not there for us.
func isMissing(err error) bool {
	return errors.Is(err, ecm.ErrNotFound) || errors.Is(err, ecm.ErrAccessOrMissing)
}

// values turns fields into category values by the names that the policy gives
// the attributes. A text that is too long is cut, except the identifying ones,
// and the cut is a finding.
func (s *Scope) values(c *ecm.Category, fields map[Field][]string) (ecm.CategoryValues, []string, error) {
	values := ecm.CategoryValues{}
	var findings []string
	for _, field := range sortedFields(s.policy.Attributes) {
		texts := fields[field]
		if len(texts) == 0 {
			continue
		}
		name := s.policy.Attributes[field]
		a, ok := c.Attribute(name)
		if !ok {
			return nil, nil, fmt.Errorf("%w: category %s lacks the attribute %q (for %s)", ErrSetup, c.ID, name, field)
		}
		fitted, cut := fit(texts, a.MaxLength)
		if cut && (field == FieldKey || field == FieldDigest) {
			return nil, nil, fmt.Errorf("%w: attribute %q holds %d characters, %s needs %d", ErrSetup, name, a.MaxLength, field, len(texts[0]))
		}
		if cut {
			findings = append(findings, fmt.Sprintf("%s is longer than the %d characters of attribute %q; it stands there shortened", field, a.MaxLength, name))
		}
		if a.MultiValue {
			values[a.Key] = ecm.Texts(fitted...)
		} else {
			values[a.Key] = ecm.Text(strings.Join(fitted, " "))
		}
	}
	return values, findings, nil
}

// writable wants the category to take what is to be written: a server refuses
// the rest, or leaves it out and says nothing.
func writable(c *ecm.Category, values ecm.CategoryValues) error {
	var faults []error
	for _, a := range c.Attributes {
		value, written := values[a.Key]
		if !written {
			continue
		}
		if a.ReadOnly {
			faults = append(faults, fmt.Errorf("%w: category %s: attribute %q is read-only", ErrSetup, c.ID, a.Name))
		}
		for _, text := range value.All() {
			if len(a.Choices) > 0 && !slices.Contains(a.Choices, text) {
				faults = append(faults, fmt.Errorf("%w: category %s: attribute %q takes %q only, not %q", ErrMetadata, c.ID, a.Name, a.Choices, text))
			}
		}
	}
	return errors.Join(faults...)
}

// fit cuts each text to at most limit characters, if there is a limit.
func fit(texts []string, limit int) (fitted []string, cut bool) {
	for _, t := range texts {
		if r := []rune(t); limit > 0 && len(r) > limit {
			t, cut = string(r[:limit-1])+"…", true
		}
		fitted = append(fitted, t)
	}
	return fitted, cut
}

// field reads a field's value from a record's category values.
func (s *Scope) field(c *ecm.Category, values ecm.CategoryValues, field Field) string {
	a, ok := c.Attribute(s.policy.Attributes[field])
	if !ok {
		return ""
	}
	return values[a.Key].String()
}

func sortedFields(m map[Field]string) []Field { return slices.Sorted(maps.Keys(m)) }
