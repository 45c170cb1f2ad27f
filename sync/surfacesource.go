package sync

import (
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// approved tells whether the category says that a record is approved, and if
// not, why. A record that says nothing has no reason either, if the source
// knows of its approval otherwise.
func (s *SurfaceSource) approved(c *ecm.Category, values ecm.CategoryValues) (rightsmap.Tri, string, error) {
	name := s.Approval.Attribute
	if name == "" {
		return rightsmap.Unknown, "", nil
	}
	a, ok := c.Attribute(name)
	if !ok {
		return rightsmap.Unknown, "", fmt.Errorf("%w: surface %s: category %s lacks the attribute %q", ErrSetup, s.Name, c.ID, name)
	}
	texts := slices.DeleteFunc(values[a.Key].All(), func(t string) bool { return t == "" })
	switch {
	case len(texts) == 0 && s.Declared:
		return rightsmap.Unknown, "", nil
	case len(texts) == 0:
		return rightsmap.No, fmt.Sprintf("attribute %q has no value", name), nil
	case len(texts) > 1:
		return rightsmap.Unknown, fmt.Sprintf("attribute %q says %q", name, texts), nil
	case !slices.Contains(s.Approval.Accepted, texts[0]):
		return rightsmap.No, fmt.Sprintf("attribute %q is %q, and the policy accepts %q", name, texts[0], s.Approval.Accepted), nil
	}
	return rightsmap.Yes, "", nil
}

// Where a day begins first, and last.
var firstZone, lastZone = time.FixedZone("UTC+14", 14*3600), time.FixedZone("UTC-12", -12*3600)

// spans are what the days of a record come to. Of a zone that nobody named a
// day counts where it permits least; what cannot be read permits nothing.
func (s *SurfaceSource) spans(c *ecm.Category, values ecm.CategoryValues) []RightsSpan {
	var base []RightsCause
	if !s.Own {
		base = append(base, RightsCause{CauseUnlicensed, "no license terms are known of it"})
	}
	begin, end := lastZone, firstZone
	if s.Zone != "" {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			return []RightsSpan{{Causes: []RightsCause{{CauseRightsUnreadable, err.Error()}}}}
		}
		begin, end = zone, zone
	}
	type bound struct {
		cause  AccessCause
		at     time.Time
		before bool
		why    string
	}
	var bounds []bound
	for _, b := range []struct {
		name, why string
		cause     AccessCause
		before    bool
	}{
		{s.From, "its first day is ", CauseLicenseNotBegun, true},
		{s.Until, "its last day was ", CauseLicenseEnded, false},
		{s.FirstUseUntil, "the last day of a first use was ", CauseFirstUseEnded, false},
	} {
		day, err := dayOf(c, values, b.name)
		if err != nil {
			return []RightsSpan{{Causes: append(base, RightsCause{CauseRightsUnreadable, err.Error()})}}
		}
		at := day.End(end)
		if b.before {
			at = day.Start(begin)
		}
		if day.IsValid() {
			bounds = append(bounds, bound{b.cause, at.UTC(), b.before, b.why + day.String()})
		}
	}
	turns := []time.Time{{}}
	for _, b := range bounds {
		turns = append(turns, b.at)
	}
	slices.SortFunc(turns, time.Time.Compare)
	turns = slices.CompactFunc(turns, time.Time.Equal)
	spans := make([]RightsSpan, 0, len(turns))
	for _, turn := range turns {
		span := RightsSpan{From: turn, Causes: slices.Clone(base)}
		for _, b := range bounds {
			if reached := !turn.Before(b.at); reached != b.before {
				span.Causes = append(span.Causes, RightsCause{b.cause, b.why})
			}
		}
		spans = append(spans, span)
	}
	return spans
}

// dayOf reads a date attribute; a name or a value that is not there is no day.
func dayOf(c *ecm.Category, values ecm.CategoryValues, name string) (records.Date, error) {
	if name == "" {
		return records.Date{}, nil
	}
	a, ok := c.Attribute(name)
	if !ok {
		return records.Date{}, fmt.Errorf("category %s lacks the attribute %q", c.ID, name)
	}
	texts := slices.DeleteFunc(values[a.Key].All(), func(t string) bool { return t == "" })
	switch len(texts) {
	case 0:
		return records.Date{}, nil
	case 1:
		day, err := serverDay(texts[0])
		if err != nil {
			return day, fmt.Errorf("attribute %q: %w", name, err)
		}
		return day, nil
	}
	return records.Date{}, fmt.Errorf("attribute %q says %q", name, texts)
}
