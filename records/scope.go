package records

import "strings"

// maxScope bounds the text of a ScopeID: it is part of keys, file names and
// log lines.
const maxScope = 64

// ScopeID names one scope: a client, brand, campaign or jurisdiction that is
// kept apart from all others. It is comparable; the zero value is invalid.
//
// Its text is 1 to 64 of the characters a-z, 0-9, "-", "_" and ".", begins
// and ends with a letter or digit, and is no device name of Windows. Upper
// case is refused so that two scopes never differ by case alone, which Content
// Server and many file systems don't see.
type ScopeID struct{ s string }

// ParseScopeID reads a scope's id. It returns an error that matches
// ErrInvalid.
func ParseScopeID(s string) (ScopeID, error) {
	if fault := scopeFault(s); fault != "" {
		var p Problems
		p.Add("scope", s, fault)
		return ScopeID{}, p.Err("records.ParseScopeID")
	}
	return ScopeID{s}, nil
}

// MustScopeID is ParseScopeID for constants; it panics on a malformed id.
func MustScopeID(s string) ScopeID {
	id, err := ParseScopeID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// IsValid reports whether id was parsed.
func (id ScopeID) IsValid() bool { return id.s != "" }

// String returns the text of id, "invalid scope" for the zero value.
func (id ScopeID) String() string {
	if id.s == "" {
		return "invalid scope"
	}
	return id.s
}

// MarshalText returns the text of id, empty for the zero value.
func (id ScopeID) MarshalText() ([]byte, error) { return []byte(id.s), nil }

// UnmarshalText parses text; empty text gives the zero value.
func (id *ScopeID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ScopeID{}
		return nil
	}
	parsed, err := ParseScopeID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

func scopeFault(s string) string {
	const want = `1 to 64 of a-z, 0-9, "-", "_" and ".", a letter or digit at both ends`
	if s == "" || len(s) > maxScope {
		return want
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		edge := i == 0 || i == len(s)-1
		if !alnum && (edge || strings.IndexByte("-_.", c) < 0) {
			return want
		}
	}
	base, _, _ := strings.Cut(s, ".")
	if isDeviceName(base) {
		return "no device name of Windows"
	}
	return ""
}

// isDeviceName reports whether s, in lower case, is a name that Windows keeps
// for a device.
func isDeviceName(s string) bool {
	switch s {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(s) == 4 && (s[:3] == "com" || s[:3] == "lpt") && s[3] >= '0' && s[3] <= '9'
}
