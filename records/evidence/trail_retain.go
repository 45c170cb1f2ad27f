package evidence

import (
	"fmt"

	"github.com/smintecm/sdk/records"
)

// DefaultTrailTail returns how long a trail outlives the last of its records
// where nothing else is said: six years, as HIPAA and FINRA rule 4511 have it.
func DefaultTrailTail() records.Period { return records.Period{Years: 6} }

// RetainUntil returns from when on a trail may go: the latest end of its
// records' retention and the tail after it. A record that is kept permanently,
// or whose end is not known yet, keeps the trail too; so does a trail without
// records. It returns an error that matches records.ErrInvalid if a date cannot
// be computed.
func RetainUntil(tail records.Period, kept ...records.Due) (records.Due, error) {
	out := records.Due{Why: "retained: no record's end of retention is known"}
	for _, d := range kept {
		switch {
		case d.Permanent:
			return records.Due{Permanent: true, Why: "kept permanently, as a record of it is"}, nil
		case !d.On.IsValid():
			return records.Due{Why: "retained while a record's end is open: " + d.Why}, nil
		case !out.On.IsValid() || d.On.After(out.On):
			out.On = d.On
		}
	}
	if !out.On.IsValid() {
		return out, nil
	}
	// A day that the month does not have becomes the first of the next: never early.
	until, err := out.On.Add(tail, records.DayAfter)
	if err != nil {
		return records.Due{}, err
	}
	return records.Due{On: until, Why: fmt.Sprintf("%s after the last record's retention, which ends on %s", tail, out.On)}, nil
}
