package timeline

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter is a parsed filter. Its zero value matches every event.
//
// The language is one line:
//
//	failed password          both words, anywhere in message, attributes, host, user
//	"failed password"        the phrase; inside quotes \" is a quote and \\ a backslash
//	ssh*  *token*  a*b       words that begin with, contain, begin and end with
//	/pass(wd|word)/i         a regular expression (RE2); i ignores case
//	host:web-1,web-2         the field's whole value, one of a list, * allowed
//	message:word             a word in the message alone
//	attr.pid:4711            an attribute; user:* has a value; user:"a b" with spaces
//	exists:user missing:user have a value, have none
//	attr.bytes:>=1000000     < <= > >= compare numbers (attributes and offset)
//	attr.bytes:100..200      a range, both ends in it; 100.. and ..200 are open
//	ip:10.0.0.0/8            any address of that network in message, attributes, host
//	after:T before:T         from T on, and earlier than T
//	around:T around:T,30m    five minutes to either side, or as long as said
//	time:2026-11-20          that day; time:T..U, time:>=T
//	discovered:>=T           told by evidence that was sealed from then on
//	star: tag:pivot comment:word   what people put on the event
//	a or b, not c, -c, (…)   and binds stronger than or, and may be left out
//
// Fields: host user source parser kind precision exhibit technique id offset
// message attr.NAME. A technique includes its sub-techniques.
//
// A time T is 2026-11-20, 2026-11-20T03:00 (seconds, fractions and a zone may
// follow), 2026-11, @1795143600 (seconds since 1970), 03:00 (the last time that
// the clock showed it), now, today, yesterday, monday (the last one, today
// included), "yesterday 14:00", -2h, -1h30m, "30m ago", now-2h (units s m h d
// w), detected, detected-1h or T-1h (when the incident was detected). Times
// without a zone are UTC.
//
// What other tools write is taken too: AND OR NOT, && || !, [1 TO 5], hostname:
// username: msg: tags: timestamp: _exists_:. docs/filter.md has the whole of it.
type Filter struct {
	expr  Expr
	notes []string
}

// Limits of a filter's text.
const (
	MaxFilter      = 4096 // bytes, as written and as String writes it
	MaxFilterDepth = 32   // parentheses and negations inside each other
)

// ParseFilter reads a filter; relative times are taken from now. The error is
// a *FilterError.
func ParseFilter(text string, now time.Time) (Filter, error) {
	return ParseFilterAt(text, Moments{Now: now})
}

// ParseFilterAt is ParseFilter where it may be known when the incident was
// detected.
func ParseFilterAt(text string, m Moments) (Filter, error) {
	p := parser{text: text, moments: Moments{Now: m.Now.UTC(), Detected: m.Detected.UTC()}}
	expr, err := p.parse()
	if err != nil {
		return Filter{}, err
	}
	f := Filter{expr: expr, notes: p.notes}
	switch {
	case expr == nil:
	case len(expr.String()) > MaxFilter:
		return Filter{}, p.fail(0, "the filter is too long once its times are written out", "use fewer terms")
	case depth(expr) > MaxFilterDepth:
		return Filter{}, p.fail(0, fmt.Sprintf("nested deeper than %d", MaxFilterDepth), "")
	}
	return f, nil
}

// depth is how deep String nests parentheses and negations.
func depth(x Expr) int {
	deepest := 0
	switch x := x.(type) {
	case And:
		for _, p := range x {
			d := depth(p)
			if _, ok := p.(Or); ok {
				d++
			}
			deepest = max(deepest, d)
		}
		return deepest
	case Or:
		for _, p := range x {
			deepest = max(deepest, depth(p))
		}
		return deepest
	case Not:
		if x.X.compound() {
			deepest++
		}
		return deepest + 1 + depth(x.X)
	default:
		return 1
	}
}

// Expr is the root of the parsed filter, nil where the filter matches all.
func (f Filter) Expr() Expr { return f.expr }

// Match reports whether the event passes the filter.
func (f Filter) Match(e Event) bool { return f.expr == nil || f.expr.Match(&e) }

// And is the filter that matches what both match.
func (f Filter) And(g Filter) Filter {
	switch {
	case f.expr == nil:
		return g
	case g.expr == nil:
		return f
	}
	return Filter{expr: join(f.expr, g.expr), notes: append(f.notes[:len(f.notes):len(f.notes)], g.notes...)}
}

// String writes the filter so that it reads back the same at any later time:
// relative times are written out.
func (f Filter) String() string {
	if f.expr == nil {
		return ""
	}
	return f.expr.String()
}

// Mark is what people put on one event.
type Mark struct {
	Event    ID
	Star     bool
	Tags     []string
	Comments []string
}

// UsesMarks reports whether the filter asks for stars, tags or comments and so
// needs Marked.
func (f Filter) UsesMarks() bool {
	found := false
	f.rewrite(func(x Expr) Expr {
		if _, ok := x.(Marked); ok {
			found = true
		}
		return x
	})
	return found
}

// Marked returns the filter with the marks known that star:, tag: and comment:
// ask for.
func (f Filter) Marked(marks []Mark) Filter {
	return f.rewrite(func(x Expr) Expr {
		m, ok := x.(Marked)
		if !ok {
			return x
		}
		m.events = make(map[ID]bool)
		for _, mark := range marks {
			if m.asks(mark) {
				m.events[mark.Event] = true
			}
		}
		return m
	})
}

func (x Marked) asks(m Mark) bool {
	switch x.Kind {
	case MarkStar:
		return m.Star
	case MarkTag:
		return anyPattern(x.Patterns, m.Tags, Pattern.Match)
	case MarkComment:
		return anyPattern(x.Patterns, m.Comments, Pattern.In)
	}
	return false
}

func anyPattern(patterns []Pattern, values []string, is func(Pattern, string) bool) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool {
		return slices.ContainsFunc(values, func(v string) bool { return is(p, v) })
	})
}

// rewrite puts another one in the place of each term.
func (f Filter) rewrite(change func(Expr) Expr) Filter {
	var walk func(Expr) Expr
	each := func(xs []Expr) []Expr {
		out := make([]Expr, len(xs))
		for i, x := range xs {
			out[i] = walk(x)
		}
		return out
	}
	walk = func(x Expr) Expr {
		switch x := x.(type) {
		case And:
			return And(each(x))
		case Or:
			return Or(each(x))
		case Not:
			return Not{X: walk(x.X)}
		default:
			return change(x)
		}
	}
	if f.expr == nil {
		return f
	}
	return Filter{expr: walk(f.expr), notes: f.notes}
}

// join is And of the expressions with nested Ands laid flat.
func join(xs ...Expr) Expr {
	var all And
	for _, x := range xs {
		if inner, ok := x.(And); ok {
			all = append(all, inner...)
		} else {
			all = append(all, x)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// either is Or of the expressions with nested Ors laid flat.
func either(xs ...Expr) Expr {
	var all Or
	for _, x := range xs {
		if inner, ok := x.(Or); ok {
			all = append(all, inner...)
		} else {
			all = append(all, x)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// negate is Not without double negation.
func negate(x Expr) Expr {
	if inner, ok := x.(Not); ok {
		return inner.X
	}
	return Not{X: x}
}

func (x And) String() string {
	words := make([]string, len(x))
	for i, p := range x {
		words[i] = p.String()
		if _, ok := p.(Or); ok {
			words[i] = "(" + words[i] + ")"
		}
	}
	return strings.Join(words, " ")
}

func (x Or) String() string {
	words := make([]string, len(x))
	for i, p := range x {
		words[i] = p.String()
	}
	return strings.Join(words, " or ")
}

func (x Not) String() string {
	if x.X.compound() {
		return "-(" + x.X.String() + ")"
	}
	return "-" + x.X.String()
}

func (x Word) String() string {
	if x.Message {
		return "message:" + x.Pattern.word()
	}
	return x.Pattern.word()
}

func (x Is) String() string { return x.name() + ":" + values(x.Patterns) }

func (x Is) name() string { return fieldName(x.Field, x.Attribute) }

func (x Compare) String() string {
	return fieldName(x.Field, x.Attribute) + ":" + string(x.Op) + x.Number.String()
}

func (x After) String() string  { return "after:" + x.Time.Format(time.RFC3339Nano) }
func (x Before) String() string { return "before:" + x.Time.Format(time.RFC3339Nano) }

func (x Discovered) String() string {
	op := AtLeast
	if x.Before {
		op = Less
	}
	return "discovered:" + string(op) + x.Time.Format(time.RFC3339Nano)
}

func (x Address) String() string {
	words := make([]string, len(x.Prefixes))
	for i, p := range x.Prefixes {
		words[i] = p.String()
		if p.IsSingleIP() {
			words[i] = p.Addr().String()
		}
	}
	return "ip:" + strings.Join(words, ",")
}

func (x Marked) String() string {
	if x.Kind == MarkStar {
		return "star:yes"
	}
	return string(x.Kind) + ":" + values(x.Patterns)
}

func fieldName(f Field, attribute string) string {
	switch {
	case f != FieldAttribute:
		return f.String()
	case plainName(attribute):
		return "attr." + attribute
	default:
		return "attr." + quote(attribute)
	}
}

func values(patterns []Pattern) string {
	words := make([]string, len(patterns))
	for i, p := range patterns {
		words[i] = p.word()
	}
	return strings.Join(words, ",")
}

// word writes the pattern as a term of its own. What is no literal was
// written bare, and reads back in the place where it was.
func (p Pattern) word() string {
	if p.re != nil || strings.Contains(p.raw, "*") && !p.isLiteral() {
		return p.raw
	}
	if plainWord(p.raw) {
		return p.raw
	}
	return quote(p.raw)
}

func (p Pattern) isLiteral() bool {
	return p.re == nil && !p.left && !p.right && len(p.parts) == 1
}

// plainWord reports whether a literal needs no quotes anywhere.
func plainWord(s string) bool {
	if s == "" || s[0] == '-' || s[0] == '.' || isKeyword(s) || strings.Contains(s, "..") {
		return false
	}
	return plainName(s)
}

// plainName reports whether s has only characters that mean nothing to the
// language.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isWord(rune(c)) && c != '-' && c != '.' || c >= 0x80 {
			return false
		}
	}
	return s != ""
}

func isKeyword(s string) bool {
	return strings.EqualFold(s, "and") || strings.EqualFold(s, "or") || strings.EqualFold(s, "not")
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
