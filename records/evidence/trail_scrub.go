package evidence

import (
	"regexp"
	"strings"
)

const removed = "[removed]"

// What must not stand in a trail, and may come with the text of a foreign
// error. Compiled once, never changed.
var (
	scrubURL        = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#"'@]*@)?([^\s?#"'<>]*)([?#][^\s"'<>]*)?`)
	scrubQuery      = regexp.MustCompile(`\?[^\s"'<>]*=[^\s"'<>]*`)
	scrubScheme     = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate)[ :]+[a-z0-9._~+/=-]{8,}`)
	scrubAssignment = regexp.MustCompile(`(?i)\b([a-z0-9_-]*(?:password|passwd|pwd|secret|token|ticket|cookie|(?:api|access|secret|private|account)[_-]?key(?:[_-]?id)?|sig|signature|credential|session[_-]?id))(\\*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)`)
	scrubNamed      = regexp.MustCompile(`(?i)\b((?:[a-z0-9_-]*(?:password|secret|token|ticket)))\s+[a-z0-9._~+/=-]{16,}`)
	scrubHeader     = regexp.MustCompile(`(?i)\b((?:set-)?cookie|(?:proxy-)?authorization)(\\*["']?\s*[:=]\s*).*`)
	scrubJWT        = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`)
	scrubMail       = regexp.MustCompile(`[^\s@<>"'(),;:]+(?:@|%40)[^\s@<>"'(),;:]+`)
)

// scrub frees a text of URL queries and user parts, of credentials and of mail
// addresses, and cuts it.
func scrub(s string) string {
	if len(s) > 4*maxTrailText {
		s = s[:4*maxTrailText]
	}
	if suspicious(s) {
		s = scrubURL.ReplaceAllString(s, "$1$2")
		s = scrubQuery.ReplaceAllString(s, "")
		s = scrubJWT.ReplaceAllString(s, removed)
		s = scrubScheme.ReplaceAllString(s, "$1 "+removed)
		s = scrubHeader.ReplaceAllString(s, "$1$2"+removed)
		s = scrubAssignment.ReplaceAllString(s, "$1$2"+removed)
		s = scrubNamed.ReplaceAllString(s, "$1 "+removed)
		s = scrubMail.ReplaceAllString(s, removed)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxTrailText {
		return s
	}
	n := maxTrailText
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// suspicious reports whether a text may hold something to remove: most don't,
// and need no look by expressions.
func suspicious(s string) bool {
	for i := range len(s) {
		if !telltale[s[i]] {
			continue
		}
		switch s[i] {
		case ':', '=', '@', '%':
			return true
		case 'e':
			if strings.HasPrefix(s[i:], "eyJ") {
				return true
			}
		case 'b', 'B':
			if begins(s[i:], "bearer") || begins(s[i:], "basic") {
				return true
			}
		case 'n', 'N':
			if begins(s[i:], "negotiate") {
				return true
			}
		case 'p', 'P':
			if begins(s[i:], "password") {
				return true
			}
		case 's', 'S':
			if begins(s[i:], "secret") {
				return true
			}
		case 't', 'T':
			if begins(s[i:], "token") || begins(s[i:], "ticket") {
				return true
			}
		}
	}
	return false
}

// telltale are the bytes with which something to remove begins, or that stand
// in it.
var telltale = func() (t [256]bool) {
	for _, c := range []byte(":=@%ebBnNpPsStT") {
		t[c] = true
	}
	return t
}()

// begins is strings.HasPrefix whatever the case.
func begins(s, word string) bool {
	return len(s) >= len(word) && s[1]|0x20 == word[1] && strings.EqualFold(s[:len(word)], word)
}
