package timeline

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

// The characters that make words, and those that end a run of a star, as
// isWord and unicode.IsSpace know them.
const (
	wordSet    = `0-9A-Za-z_\p{L}\p{Nd}\p{M}`
	notSpace   = `[^\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]`
	wordBefore = `(?:\A|[^` + wordSet + `])`
	wordAfter  = `(?:\z|[^` + wordSet + `])`
)

// regexpWithin is an expression of RE2 that finds what In finds.
func (p Pattern) regexpWithin() string {
	var b strings.Builder
	first, last := []rune(p.parts[0]), []rune(p.parts[len(p.parts)-1])
	if !p.left && isWord(first[0]) {
		b.WriteString(wordBefore)
	}
	for i, part := range p.parts {
		if i > 0 {
			b.WriteString(notSpace + `*?`)
		}
		b.WriteString(anyCase(part))
	}
	if !p.right && isWord(last[len(last)-1]) {
		b.WriteString(wordAfter)
	}
	return b.String()
}

// regexpWhole is an expression of RE2 that matches what Match matches.
func (p Pattern) regexpWhole() string {
	const anything = `(?s:.*)`
	var b strings.Builder
	b.WriteString(`\A`)
	if p.left {
		b.WriteString(anything)
	}
	for i, part := range p.parts {
		if i > 0 {
			b.WriteString(anything)
		}
		b.WriteString(anyCase(part))
	}
	if p.right {
		b.WriteString(anything)
	}
	b.WriteString(`\z`)
	return b.String()
}

// anyCase is an expression for a folded text: each letter stands for the
// characters that fold to it, which are fewer than those that (?i) takes.
func anyCase(folded string) string {
	var b strings.Builder
	for _, r := range folded {
		others := []rune{r}
		for x := unicode.SimpleFold(r); x != r; x = unicode.SimpleFold(x) {
			if foldRune(x) == r {
				others = append(others, x)
			}
		}
		if len(others) == 1 {
			b.WriteString(regexp.QuoteMeta(string(r)))
			continue
		}
		b.WriteString("[" + string(others) + "]")
	}
	return b.String()
}

// foldRune is fold for one character.
func foldRune(r rune) rune {
	low := unicode.ToLower(r)
	if r >= 0x80 && low < 0x80 {
		return r
	}
	return low
}

// portable writes an expression with its flags beside what they are for, in the
// part of the syntax that RE2 has in C++ too.
func portable(expression string) string {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return expression // it was compiled before: this cannot be
	}
	return re.String()
}
