package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Glob matches one text.
type Glob struct {
	text string
	ops  []op
}

type kind uint8

const (
	char  kind = iota // one character, as it is
	one               // ?
	star              // *
	class             // [...]
)

type op struct {
	kind kind
	r    rune // -1-b is the byte b, which is not UTF-8
	not  bool
	in   []span
}

type span struct{ lo, hi rune }

// Compile reads a glob. Slashes are characters like others, so that it can
// match whole paths too, as find -path does.
func Compile(text string) (*Glob, error) {
	g := &Glob{text: text}
	for i := 0; i < len(text); {
		r, n := next(text[i:])
		switch r {
		case '*':
			if len(g.ops) == 0 || g.ops[len(g.ops)-1].kind != star {
				g.ops = append(g.ops, op{kind: star})
			}
		case '?':
			g.ops = append(g.ops, op{kind: one})
		case '[':
			o, size, err := readClass(text[i:])
			if err != nil {
				return nil, err
			}
			g.ops, n = append(g.ops, o), size
		case '\\':
			if i+1 == len(text) {
				return nil, fmt.Errorf("%w: it ends in a backslash", ErrPattern)
			}
			i++
			r, n = next(text[i:])
			g.ops = append(g.ops, op{kind: char, r: r})
		default:
			g.ops = append(g.ops, op{kind: char, r: r})
		}
		i += n
	}
	return g, nil
}

// next is the first character of s; a byte that is not UTF-8 is one below zero.
func next(s string) (rune, int) {
	if c := s[0]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return -1 - rune(s[0]), 1
	}
	return r, n
}

// readClass reads [...] at the beginning of s. A ] that stands first is one of
// its characters.
func readClass(s string) (op, int, error) {
	o, i := op{kind: class}, 1
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		o.not = true
		i++
	}
	for first := i; i < len(s); {
		if s[i] == ']' && i > first {
			return o, i + 1, nil
		}
		if strings.HasPrefix(s[i:], "[:") || strings.HasPrefix(s[i:], "[.") || strings.HasPrefix(s[i:], "[=") {
			return o, 0, fmt.Errorf("%w: named classes are not known", ErrPattern)
		}
		lo, n, err := member(s[i:])
		if err != nil {
			return o, 0, err
		}
		i += n
		hi := lo
		if i+1 < len(s) && s[i] == '-' && s[i+1] != ']' {
			if hi, n, err = member(s[i+1:]); err != nil {
				return o, 0, err
			}
			i += 1 + n
		}
		if hi < lo {
			return o, 0, fmt.Errorf("%w: a class runs backwards", ErrPattern)
		}
		o.in = append(o.in, span{lo, hi})
	}
	return o, 0, fmt.Errorf("%w: [ without ]", ErrPattern)
}

func member(s string) (rune, int, error) {
	if s[0] == '\\' {
		if len(s) == 1 {
			return 0, 0, fmt.Errorf("%w: [ without ]", ErrPattern)
		}
		r, n := next(s[1:])
		return r, n + 1, nil
	}
	r, n := next(s)
	return r, n, nil
}

// Match says whether the glob is the whole of s. It takes no more time than
// the product of both lengths.
func (g *Glob) Match(s string) bool {
	at, i := 0, 0
	back, from := -1, 0 // the last *, and where what it stands for ends
	for i < len(s) {
		if at < len(g.ops) && g.ops[at].kind == star {
			back, from = at, i
			at++
			continue
		}
		r, n := next(s[i:])
		if at < len(g.ops) && g.ops[at].takes(r) {
			at, i = at+1, i+n
			continue
		}
		if back < 0 {
			return false
		}
		_, n = next(s[from:])
		from += n
		at, i = back+1, from
	}
	for at < len(g.ops) && g.ops[at].kind == star {
		at++
	}
	return at == len(g.ops)
}

func (o *op) takes(r rune) bool {
	switch o.kind {
	case char:
		return o.r == r
	case one:
		return true
	case class:
		for _, s := range o.in {
			if s.lo <= r && r <= s.hi {
				return !o.not
			}
		}
		return o.not
	case star:
	}
	return false
}

// literal is the name that a part without wildcards stands for.
func literal(part string) (string, bool) {
	if !strings.ContainsAny(part, `*?[\`) {
		return part, true
	}
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '*', '?', '[':
			return "", false
		case '\\':
			if i++; i == len(part) {
				return "", false
			}
		}
		b.WriteByte(part[i])
	}
	return b.String(), true
}

// Quote makes a pattern of a text that matches nothing but it.
func Quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`, `}`, `\}`).Replace(s)
}

// Braces writes a pattern with {a,b} out. Braces without a comma stay.
func Braces(text string) ([]string, error) {
	done, todo := []string(nil), []string{text}
	for len(todo) > 0 {
		t := todo[0]
		todo = todo[1:]
		open, end, cuts := brace(t)
		if end < 0 {
			done = append(done, t)
		} else {
			for i, from := 0, open+1; i <= len(cuts); i++ {
				to := end
				if i < len(cuts) {
					to = cuts[i]
				}
				todo = append(todo, t[:open]+t[from:to]+t[end+1:])
				from = to + 1
			}
		}
		if len(done)+len(todo) > maxBraces {
			return nil, fmt.Errorf("%w: its braces stand for more than %d", ErrPattern, maxBraces)
		}
	}
	return done, nil
}

// brace finds the first pair with a comma in it; end is -1 when there is none.
func brace(s string) (open, end int, cuts []int) {
	for open = 0; open < len(s); open++ {
		if s[open] == '\\' {
			open++
			continue
		}
		if s[open] != '{' {
			continue
		}
		cuts = nil
		depth := 0
	inside:
		for i := open; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					if len(cuts) > 0 {
						return open, i, cuts
					}
					break inside
				}
			case ',':
				if depth == 1 {
					cuts = append(cuts, i)
				}
			}
		}
	}
	return 0, -1, nil
}
