package testserver

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// errQuery tells that a search clause is no Livelink Query Language, or more of
// it than the fake understands.
var errQuery = errors.New("testserver: bad query")

// lqlMatch tells whether an indexed node fits.
type lqlMatch func(d *ecmIndexed) bool

// parseLQL reads the subset that the fake understands: REGION: value terms,
// bare words, "and", "or", "not" and parentheses. A value is a word, a quoted
// phrase, a comparison such as >=20250116, or a word ending with "*".
func parseLQL(s string) (lqlMatch, error) {
	p := &lql{tokens: lqlTokens(s)}
	m, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = errQuery
	}
	return m, err
}

type lql struct{ tokens []string }

func lqlTokens(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		switch s[0] {
		case '(', ')', ':':
			out, s = append(out, s[:1]), s[1:]
		case '"':
			body, rest, found := strings.Cut(s[1:], `"`)
			if !found {
				return append(out, "\x00")
			}
			out, s = append(out, `"`+body), rest
		default:
			n := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`():"`, r) })
			if n < 0 {
				n = len(s)
			}
			out, s = append(out, s[:n]), s[n:]
		}
	}
	return out
}

func (p *lql) is(word string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *lql) or() (lqlMatch, error) {
	left, err := p.and()
	for err == nil && p.is("or") {
		a := left
		var b lqlMatch
		b, err = p.and()
		left = func(d *ecmIndexed) bool { return a(d) || b(d) }
	}
	return left, err
}

func (p *lql) and() (lqlMatch, error) {
	left, err := p.not()
	for err == nil && p.is("and") {
		a := left
		negate := p.is("not")
		var b lqlMatch
		b, err = p.not()
		left = func(d *ecmIndexed) bool { return a(d) && b(d) != negate }
	}
	return left, err
}

func (p *lql) not() (lqlMatch, error) {
	if p.is("not") {
		m, err := p.not()
		return func(d *ecmIndexed) bool { return !m(d) }, err
	}
	if p.is("(") {
		m, err := p.or()
		if err == nil && !p.is(")") {
			err = errQuery
		}
		return m, err
	}
	return p.term()
}

func (p *lql) term() (lqlMatch, error) {
	if len(p.tokens) == 0 || strings.ContainsAny(p.tokens[0][:1], "):\x00") {
		return nil, errQuery
	}
	word := p.tokens[0]
	p.tokens = p.tokens[1:]
	if !p.is(":") {
		return func(d *ecmIndexed) bool { return d.contains(d.Regions["OTName"], word) }, nil
	}
	if len(p.tokens) == 0 || strings.ContainsAny(p.tokens[0][:1], "():\x00") {
		return nil, errQuery
	}
	value := p.tokens[0]
	p.tokens = p.tokens[1:]
	return func(d *ecmIndexed) bool { return d.fits(word, value) }, nil
}

// contains tells whether a text holds a word or phrase, at word boundaries.
func (d *ecmIndexed) contains(text, word string) bool {
	words := func(s string) string {
		return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '*' }), " ") + " "
	}
	want := words(strings.TrimPrefix(word, `"`))
	if prefix, wild := strings.CutSuffix(want, "* "); wild {
		return strings.Contains(words(text), prefix)
	}
	return strings.TrimSpace(want) != "" && strings.Contains(words(text), want)
}

func (d *ecmIndexed) fits(region, value string) bool {
	have, known := d.Regions[region]
	if !known {
		return false
	}
	for _, op := range []string{">=", "<=", ">", "<", "="} {
		want, found := strings.CutPrefix(value, op)
		if !found {
			continue
		}
		by := strings.Compare(have, want)
		if a, err := strconv.ParseFloat(have, 64); err == nil {
			if b, err := strconv.ParseFloat(want, 64); err == nil {
				by = map[bool]int{true: 1}[a > b] - map[bool]int{true: 1}[a < b]
			}
		}
		return by > 0 && op[0] == '>' || by < 0 && op[0] == '<' || by == 0 && strings.HasSuffix(op, "=")
	}
	if region == "OTName" || strings.HasPrefix(region, "Attr_") || region == "OTLocation" {
		return d.contains(have, value)
	}
	return strings.EqualFold(have, strings.TrimPrefix(value, `"`))
}
