package rightsmap

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/records"
)

// Check returns nil if odrl is the policy that [Statement.ODRL] renders with
// these options of a license, to the byte. Source is the vendor's own JSON, and
// original that of the license that this one reuses, nil for none.
//
// Else it returns an error that matches records.ErrInvalid, with the first line
// that differs: of a policy that permits more, or less, than the license, and
// also of one that another [Version] of the rules has rendered.
func (o ODRLOptions) Check(source, original, odrl []byte) error {
	s, err := Read(source)
	if err == nil && original != nil {
		var reused Statement
		if reused, err = Read(original); err == nil {
			s, err = s.WithOriginal(reused)
		}
	}
	if err != nil {
		return err
	}
	want, err := s.ODRL(o)
	if err != nil || bytes.Equal(odrl, want) {
		return err
	}
	is, must := strings.Split(string(odrl), "\n"), strings.Split(string(want), "\n")
	n := 0
	for n < min(len(is), len(must)) && is[n] == must[n] {
		n++
	}
	line := func(of []string) string { return strings.Join(of[min(n, len(of)):min(n+1, len(of))], "") }
	var p records.Problems
	p.Add(fmt.Sprintf("odrl line %d", n+1), line(is), fmt.Sprintf("%q, as the license has it", line(must)))
	return p.Err("rightsmap.ODRLOptions.Check")
}
