package records

import (
	"errors"
	"fmt"
	"slices"
)

// Schedule is a retention schedule with all its stages, an RSI in Extended ECM.
type Schedule struct {
	// Name is the RSI's name, which is how a node refers to it.
	Name string `json:"name"`
	// Version names the state of the policy that it is part of.
	Version string `json:"version,omitzero"`
	// Regulatory means that law or regulation set it: it is never shortened.
	Regulatory bool `json:"regulatory,omitzero"`
	// Stages follow each other.
	Stages []Stage `json:"stages"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault of every stage.
func (s Schedule) Validate() error {
	var p Problems
	p.Check(s.Name != "", "name", s.Name, "the schedule's name")
	p.Check(len(s.Stages) > 0, "stages", len(s.Stages), "at least one")
	for i, stage := range s.Stages {
		p.Merge(fmt.Sprintf("stages[%d]", i), stage.Validate())
	}
	return p.Err("records.Schedule")
}

// Stage returns the stage with that action. Several stages may share an
// action; the one that keeps the record longest decides, an open one before
// any other. It returns an error that matches ErrNotScheduled if there is none.
func (s Schedule) Stage(action Action, dates map[string]Date) (Stage, Due, error) {
	if err := s.Validate(); err != nil {
		return Stage{}, Due{}, err
	}
	var stage Stage
	var due Due
	found := false
	for _, st := range s.Stages {
		if st.Action != action {
			continue
		}
		d, err := st.Due(dates)
		if err != nil {
			return Stage{}, Due{}, err
		}
		if !found || keepsLonger(d, due) {
			stage, due, found = st, d, true
		}
	}
	if !found {
		return Stage{}, Due{}, refuse(ErrNotScheduled, "schedule %s has no stage that ends in %s", s.Name, action)
	}
	return stage, due, nil
}

// Kept returns the first day on which the record may be gone: the latest end
// of the stages that end it. A permanent stage keeps it for good, whatever
// other stages say; a schedule without a stage that ends it leaves it open.
func (s Schedule) Kept(dates map[string]Date) (Due, error) {
	if err := s.Validate(); err != nil {
		return Due{}, err
	}
	out, found := Due{Why: "no stage of the schedule ends the record"}, false
	for _, st := range s.Stages {
		d, err := st.Due(dates)
		if err != nil {
			return Due{}, err
		}
		if d.Permanent {
			return d, nil
		}
		if st.Action.EndsRecord() && (!found || keepsLonger(d, out)) {
			out, found = d, true
		}
	}
	return out, nil
}

// permanent reports whether a stage keeps the record for good.
func (s Schedule) permanent() bool {
	return slices.ContainsFunc(s.Stages, func(st Stage) bool { return st.Kind == RetentionPermanent })
}

// keepsLonger reports whether a ends later than b; never is later than not
// yet known, which is later than any day.
func keepsLonger(a, b Due) bool {
	rank := func(d Due) int {
		switch {
		case d.Permanent:
			return 2
		case !d.On.IsValid():
			return 1
		default:
			return 0
		}
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra > rb
	}
	return a.On.After(b.On)
}

// CanReplace returns nil if the schedule next may take the place of s for a
// record with these dates. Retention may be lengthened freely. Shortening it
// needs authority and reason, and is never allowed where s is regulatory; the
// error then matches ErrShortened. Each action that removes content is compared
// with the same action of s, and with the end of the record where s has none.
// An open end is later than any day, and permanent later than open.
func (s Schedule) CanReplace(next Schedule, dates map[string]Date, w Warrant) error {
	if err := errors.Join(s.Validate(), next.Validate()); err != nil {
		return err
	}
	if s.Regulatory && !next.Regulatory {
		return refuse(ErrShortened, "schedule %s is regulatory and %s is not", s.Name, next.Name)
	}
	for _, st := range next.Stages {
		if !st.Action.Removes() {
			continue
		}
		now, then, err := s.compare(next, st.Action, dates)
		switch {
		case err != nil:
			return err
		case !keepsLonger(now, then):
		case s.Regulatory:
			return refuse(ErrShortened, "schedule %s is regulatory: %s on %s would become %s", s.Name, st.Action, now, then)
		case w.Authority == "" || w.Reason == "":
			return refuse(ErrShortened, "%s on %s would become %s without authority and reason", st.Action, now, then)
		}
	}
	return nil
}

// compare returns when both schedules allow the action.
func (s Schedule) compare(next Schedule, action Action, dates map[string]Date) (now, then Due, err error) {
	if _, then, err = next.Stage(action, dates); err != nil {
		return now, then, err
	}
	if next.permanent() {
		then = Due{Permanent: true, Why: "kept permanently"}
	}
	if _, now, err = s.Stage(action, dates); errors.Is(err, ErrNotScheduled) || s.permanent() {
		now, err = s.Kept(dates)
	}
	return now, then, err
}

// Warrant is the authority and reason for shortening a retention.
type Warrant struct {
	Authority string `json:"authority"`
	Reason    string `json:"reason"`
}

// Classification is the class of a record with the schedules that it resolves
// to.
type Classification struct {
	// ID is the class's id in the system that keeps it.
	ID string `json:"id"`
	// Name is what people call it.
	Name string `json:"name,omitzero"`
	// Schedules are the names of all schedules of the class.
	Schedules []string `json:"schedules"`
}

// Schedule returns the one schedule of the class. The error matches
// ErrNotClassified without a class, ErrNoSchedule for none and ErrSchedules
// for more than one; the same name twice is one.
func (c Classification) Schedule() (string, error) {
	names := slices.Clone(c.Schedules)
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "" })
	switch {
	case c.ID == "":
		return "", refuse(ErrNotClassified, "no class")
	case len(names) == 0:
		return "", refuse(ErrNoSchedule, "class %s", c.text())
	case len(names) > 1:
		return "", refuse(ErrSchedules, "class %s has %q", c.text(), names)
	default:
		return names[0], nil
	}
}

func (c Classification) text() string {
	if c.Name == "" {
		return c.ID
	}
	return fmt.Sprintf("%s (%s)", c.Name, c.ID)
}
