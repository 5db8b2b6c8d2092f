package timeline

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser reads a filter by recursive descent; at is the place it has come to.
type parser struct {
	text    string
	moments Moments
	at      int
	depth   int
	notes   []string
}

func (p *parser) parse() (Expr, error) {
	if len(p.text) > MaxFilter {
		return nil, p.fail(MaxFilter, fmt.Sprintf("the filter is longer than %d bytes", MaxFilter), "")
	}
	for i, r := range p.text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(p.text[i:]); n == 1 {
				return nil, p.fail(i, "not UTF-8", "")
			}
		}
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return nil, p.fail(i, "a control character", `look for it with a regular expression, as in /\x1b/`)
		}
	}
	p.space()
	if p.at == len(p.text) {
		return nil, nil
	}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.fail(p.at, "this ) closes nothing", `to search for it, write ")"`)
	}
	return x, nil
}

func (p *parser) fail(at int, problem, hint string) error {
	return &FilterError{Text: p.text, Offset: at, Problem: problem, Hint: hint}
}

func (p *parser) or() (Expr, error) {
	var parts []Expr
	for {
		x, err := p.and()
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
		if !p.keyword("or") && !p.keyword("||") {
			return either(parts...), nil
		}
	}
}

func (p *parser) and() (Expr, error) {
	var parts []Expr
	for {
		x, err := p.unary()
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
		if p.keyword("and") || p.keyword("&&") {
			continue
		}
		if p.at == len(p.text) || p.text[p.at] == ')' || p.peekKeyword("or") || p.peekKeyword("||") {
			return join(parts...), nil
		}
	}
}

// unary reads one term with the negations before it.
func (p *parser) unary() (Expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	start := p.at
	if p.depth > MaxFilterDepth {
		return nil, p.fail(start, fmt.Sprintf("nested deeper than %d", MaxFilterDepth), "")
	}
	switch {
	case p.at == len(p.text) || p.text[p.at] == ')':
		return nil, p.fail(start, "a term is missing here", "")
	case p.peekKeyword("and") || p.peekKeyword("or") || p.peekKeyword("&&") || p.peekKeyword("||"):
		return nil, p.fail(start, "a term is missing before this word", `to search for the word, write it in quotes`)
	case p.keyword("not"):
		x, err := p.unary()
		return negated(x, err)
	case p.text[p.at] == '-':
		p.at++
		if p.at == len(p.text) || isSpaceAt(p.text, p.at) {
			return nil, p.fail(start, "- stands before nothing", `write -word, or "-" to search for it`)
		}
		x, err := p.unary()
		return negated(x, err)
	case p.bang():
		p.at++
		x, err := p.unary()
		return negated(x, err)
	case p.peekKeyword("|"):
		return nil, p.fail(start, "a filter has no pipes", `--top, --rare and --histogram count what it finds; to search for it, write "|"`)
	case p.text[p.at] == '(':
		p.at++
		p.space()
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.at == len(p.text) {
			return nil, p.fail(start, "this ( is not closed", `to search for it, write "("`)
		}
		p.at++
		p.space()
		return x, nil
	}
	x, err := p.term()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) && p.text[p.at] != ')' && !isSpaceAt(p.text, p.at) {
		hint := ""
		if p.text[p.at] == '~' {
			hint = "there is no search for words near each other: write a regular expression, as in /failed.*root/"
		}
		return nil, p.fail(p.at, "a space is missing here", hint)
	}
	p.space()
	return x, nil
}

// bang reports whether a ! stands here that negates what follows, as in -word.
func (p *parser) bang() bool {
	next := p.at + 1
	return p.text[p.at] == '!' && next < len(p.text) && p.text[next] != '=' && p.text[next] != ')' && !isSpaceAt(p.text, next)
}

func negated(x Expr, err error) (Expr, error) {
	if err != nil {
		return nil, err
	}
	return negate(x), nil
}

// term reads a phrase, an expression, a field with its values, or a word.
func (p *parser) term() (Expr, error) {
	if p.text[p.at] == '"' || p.regexpEnd(p.at, false) > 0 {
		pattern, err := p.pattern(false)
		if err != nil {
			return nil, err
		}
		return Word{Pattern: pattern}, nil
	}
	name, end := p.fieldName()
	if end == 0 {
		start := p.at
		pattern, err := p.pattern(false)
		if err != nil {
			return nil, err
		}
		p.adviseWord(p.text[start:p.at])
		return Word{Pattern: pattern}, nil
	}
	start := p.at
	p.at = end
	return p.field(name, start)
}

// field reads what follows the colon.
func (p *parser) field(name string, start int) (Expr, error) {
	known := canonicalField(name)
	switch known {
	case "after", "before", "around":
		return p.moment(known)
	case "time":
		return p.span(eventTime())
	case "discovered":
		return p.span(discoveryTime())
	case "ip":
		return p.addresses()
	case "star":
		return p.star()
	case "exists", "missing":
		return p.exists(known == "missing")
	case "tag", "comment":
		patterns, err := p.patterns(name)
		return Marked{Kind: MarkKind(known), Patterns: patterns}, err
	case "message":
		patterns, err := p.patterns(name)
		if err != nil {
			return nil, err
		}
		words := make([]Expr, len(patterns))
		for i, pattern := range patterns {
			words[i] = Word{Pattern: pattern, Message: true}
		}
		return either(words...), nil
	}
	f, attribute, ok := ParseField(name)
	if !ok {
		f, attribute, ok = ParseField(known)
	}
	if !ok {
		return nil, p.fail(start, fmt.Sprintf("there is no field %q", name), suggest(name, p.text[p.at:]))
	}
	if op := p.op(); op != "" {
		return p.comparison(f, attribute, op)
	}
	if f == FieldOffset || f == FieldAttribute {
		return p.numbers(name, f, attribute)
	}
	patterns, err := p.patterns(name)
	if err != nil {
		return nil, err
	}
	p.adviseValues(name, patterns)
	return Is{Field: f, Attribute: attribute, Patterns: patterns}, nil
}

func (p *parser) op() Op {
	rest := p.text[p.at:]
	for _, op := range []Op{AtMost, AtLeast, Less, Greater} {
		if strings.HasPrefix(rest, string(op)) {
			p.at += len(op)
			return op
		}
	}
	return ""
}

func (p *parser) comparison(f Field, attribute string, op Op) (Expr, error) {
	start := p.at
	if f != FieldOffset && f != FieldAttribute {
		return nil, p.fail(start-len(op), fmt.Sprintf("%s is no number", f), "only offset and attributes can be compared")
	}
	number, ok := parseNumber(p.bare(true))
	if !ok {
		return nil, p.fail(start, "this is no number", "write it as in attr.bytes:>=1000")
	}
	return Compare{Field: f, Attribute: attribute, Op: op, Number: number}, nil
}

func (p *parser) star() (Expr, error) {
	start := p.at
	switch strings.ToLower(p.bare(true)) {
	case "", "yes", "true":
		return Marked{Kind: MarkStar}, nil
	case "no", "false":
		return Not{X: Marked{Kind: MarkStar}}, nil
	}
	return nil, p.fail(start, "star: takes yes or no", "")
}

// patterns reads a list of values.
func (p *parser) patterns(name string) ([]Pattern, error) {
	var all []Pattern
	for {
		pattern, err := p.value(name)
		if err != nil {
			return nil, err
		}
		all = append(all, pattern)
		if !p.comma() {
			return all, nil
		}
	}
}

// value reads one value of a list.
func (p *parser) value(name string) (Pattern, error) {
	if p.at == len(p.text) || isSpaceAt(p.text, p.at) || p.text[p.at] == ',' || p.text[p.at] == ')' {
		return Pattern{}, p.fail(p.at, "a value is missing after "+name+":", fmt.Sprintf(`no space stands after the colon; %s:* asks for any value, %s:"" for none`, name, name))
	}
	return p.pattern(true)
}

func (p *parser) comma() bool {
	if p.at < len(p.text) && p.text[p.at] == ',' {
		p.at++
		return true
	}
	return false
}
