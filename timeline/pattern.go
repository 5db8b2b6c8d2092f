package timeline

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is one value of a filter: literal text, text with * in it, or a
// regular expression. Letters match whatever their case, except in a regular
// expression without the i flag.
//
// A * stands for any run of characters in a field's value, and for any run
// without white space where a pattern is looked for inside a text.
type Pattern struct {
	raw   string   // as it was written; the text itself for a literal
	parts []string // folded literal pieces between the stars
	left  bool     // a star comes before the first piece
	right bool     // a star comes after the last piece
	ascii bool     // every piece is ASCII
	re    *regexp.Regexp
	must  string // what every match of re contains, folded
}

func literal(text string) Pattern {
	f := fold(text)
	return Pattern{raw: text, parts: []string{f}, ascii: isASCII(f)}
}

// wildcard reads text in which each * is a star. Without one it is a literal.
func wildcard(text string) Pattern {
	if !strings.Contains(text, "*") {
		return literal(text)
	}
	p := Pattern{raw: text, left: text[0] == '*', right: text[len(text)-1] == '*', ascii: true}
	for part := range strings.SplitSeq(fold(text), "*") {
		if part != "" {
			p.parts = append(p.parts, part)
			p.ascii = p.ascii && isASCII(part)
		}
	}
	return p
}

// expression compiles the text between two slashes.
func expression(text string, ignoreCase bool) (Pattern, error) {
	source := text
	raw := "/" + text + "/"
	if ignoreCase {
		source, raw = "(?i)"+text, raw+"i"
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return Pattern{}, err
	}
	return Pattern{raw: raw, re: re, must: required(source)}, nil
}

// Regexp is the compiled expression, nil for other patterns.
func (p Pattern) Regexp() *regexp.Regexp { return p.re }

// Any reports whether the pattern is a star alone, which asks for any value.
func (p Pattern) Any() bool { return p.re == nil && len(p.parts) == 0 }

// Match reports whether the whole of s is what the pattern says. A star alone
// matches everything but the empty string.
func (p Pattern) Match(s string) bool {
	switch {
	case p.re != nil:
		return p.re.MatchString(s)
	case len(p.parts) == 0:
		return s != ""
	}
	s = p.folded(s)
	last := len(p.parts) - 1
	if !p.left {
		if !hasPrefixFold(s, p.parts[0]) {
			return false
		}
		s = s[len(p.parts[0]):]
		if last == 0 {
			return p.right || s == ""
		}
	}
	first := 1
	if p.left {
		first = 0
	}
	for _, part := range p.parts[first:last] {
		i := indexFold(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	end := p.parts[last]
	if p.right {
		return indexFold(s, end) >= 0
	}
	return len(s) >= len(end) && hasPrefixFold(s[len(s)-len(end):], end)
}

// In reports whether the pattern is found in the text s as whole words: an
// end of the pattern that is a letter, digit or _ has no other beside it,
// unless a star stands there.
func (p Pattern) In(s string) bool {
	switch {
	case p.re != nil:
		return p.re.MatchString(s)
	case len(p.parts) == 0:
		return s != ""
	}
	s = p.folded(s)
	head := p.parts[0]
	for at := 0; ; {
		i := indexFold(s[at:], head)
		if i < 0 {
			return false
		}
		start := at + i
		end := start + len(head)
		at = start + 1
		if !p.left && joined(s, start) {
			continue
		}
		if len(p.parts) == 1 {
			if p.right || !joined(s, end) {
				return true
			}
			continue
		}
		run := wordRun(s, end)
		if p.tail(s, end, run) {
			return true
		}
		// A later start in the same run sees less of it, so cannot do better.
		at = max(at, run)
	}
}

// tail looks for the pieces after the first in s[from:to].
func (p Pattern) tail(s string, from, to int) bool {
	last := len(p.parts) - 1
	for _, part := range p.parts[1:last] {
		i := indexFold(s[from:to], part)
		if i < 0 {
			return false
		}
		from += i + len(part)
	}
	for {
		i := indexFold(s[from:to], p.parts[last])
		if i < 0 {
			return false
		}
		end := from + i + len(p.parts[last])
		if p.right || !joined(s, end) {
			return true
		}
		from += i + 1
	}
}

// folded is s with its letters in lower case where the pattern needs that;
// ASCII pieces are compared with s as it is.
func (p Pattern) folded(s string) string {
	if p.ascii {
		return s
	}
	return fold(s)
}

// wordRun is where the run of characters that are not white space, in which
// from lies, ends.
func wordRun(s string, from int) int {
	if i := strings.IndexFunc(s[from:], unicode.IsSpace); i >= 0 {
		return from + i
	}
	return len(s)
}

// joined reports whether a word goes on across position at of s.
func joined(s string, at int) bool {
	if at == 0 || at == len(s) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	after, _ := utf8.DecodeRuneInString(s[at:])
	return isWord(before) && isWord(after)
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// fold puts letters in lower case. ASCII stays apart from all other letters
// (the Kelvin sign is no k), so an ASCII pattern can be compared byte by byte;
// bytes that are not UTF-8 stay as they are.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch low := unicode.ToLower(r); {
		case r < utf8.RuneSelf:
			b.WriteByte(lowByte(s[i]))
		case r == utf8.RuneError && n == 1, low < utf8.RuneSelf:
			b.WriteString(s[i : i+n])
		default:
			b.WriteRune(low)
		}
		i += n
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func lowByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// hasPrefixFold reports whether s begins with the folded piece.
func hasPrefixFold(s, piece string) bool {
	if len(s) < len(piece) {
		return false
	}
	for i := range len(piece) {
		if lowByte(s[i]) != piece[i] {
			return false
		}
	}
	return true
}

// indexFold is where the folded piece first stands in s, or -1.
func indexFold(s, piece string) int {
	if piece == "" {
		return 0
	}
	first := piece[0]
	for i := 0; i+len(piece) <= len(s); i++ {
		if lowByte(s[i]) == first && hasPrefixFold(s[i:], piece) {
			return i
		}
	}
	return -1
}

// Literal is the text of a pattern that has neither stars nor slashes.
func (p Pattern) Literal() (string, bool) {
	if !p.isLiteral() {
		return "", false
	}
	return p.raw, true
}
