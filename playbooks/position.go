package playbooks

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// source maps places inside a scalar's value back to places in the file, so
// that an error in an expression points at the character that is wrong.
type source struct {
	lines []string // without line ends
	last  *oneLine // not shared between goroutines
}

// oneLine is the line that was looked at last, in characters: a file of one long
// line is not taken apart for each of its problems.
type oneLine struct {
	of   int // its number, plus one
	text []rune
}

// again is the same source for another reader.
func (s source) again() source { return source{s.lines, &oneLine{}} }

func newSource(src []byte) source {
	return source{last: &oneLine{}, lines: strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n")}
}

// inside returns the place of the rune that stands at offset in n's value. It
// follows quotes, escapes, folding and block indentation; where it loses the
// thread it returns the place of the scalar.
func (s source) inside(n *yaml.Node, offset int) pos {
	start := pos{n.Line, n.Column}
	if n.Line < 1 || n.Line > len(s.lines) {
		return start
	}
	c := cursor{lines: s.lines, last: s.last, line: n.Line - 1, col: n.Column - 1, base: -1}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		c.block()
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		c.col++
	}
	for _, want := range n.Value {
		if offset == 0 {
			break
		}
		offset--
		if !c.skip(want, n.Style) {
			return start
		}
	}
	if offset > 0 {
		return start
	}
	c.settle()
	return pos{c.line + 1, c.col + 1}
}

// cursor walks the characters of the file; col counts characters.
type cursor struct {
	lines []string
	line  int
	col   int
	base  int // indentation of a block's text, -1 outside blocks
	last  *oneLine
}

// block moves from the sign of a block to its first character.
func (c *cursor) block() {
	first := c.line + 1
	c.line = first
	c.col = 0
	for c.line+1 < len(c.lines) && c.atBreak() {
		c.line++
	}
	c.base = c.indent()
	c.line = first
	c.col = min(c.base, len(c.runes()))
}

// next moves to the beginning of the text of the next line.
func (c *cursor) next() {
	c.line++
	c.col = c.indent()
	if c.base >= 0 {
		c.col = min(c.base, len(c.runes()))
	}
}

func (c *cursor) runes() []rune {
	if c.last.of != c.line+1 {
		c.last.text, c.last.of = nil, c.line+1
		if c.line < len(c.lines) {
			c.last.text = []rune(c.lines[c.line])
		}
	}
	return c.last.text
}

func (c *cursor) indent() int {
	i, text := 0, c.runes()
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

// settle moves from the end of a line to the first character of the next one
// that has any.
func (c *cursor) settle() {
	for c.col >= len(c.runes()) && c.line+1 < len(c.lines) {
		c.next()
	}
}

// skip passes over the source of one character of the value.
func (c *cursor) skip(want rune, style yaml.Style) bool {
	if c.line >= len(c.lines) {
		return false
	}
	if want == '\n' || (want == ' ' && c.atBreak()) {
		c.next()
		return true
	}
	line := c.runes()
	if c.col >= len(line) {
		c.settle()
		line = c.runes()
		if c.col >= len(line) {
			return false
		}
	}
	switch {
	case style&yaml.DoubleQuotedStyle != 0 && line[c.col] == '\\' && c.col+1 < len(line):
		width := map[rune]int{'x': 4, 'u': 6, 'U': 10}[line[c.col+1]]
		c.col += max(2, width)
		return true
	case style&yaml.SingleQuotedStyle != 0 && line[c.col] == '\'':
		c.col += 2
		return true
	case line[c.col] == want || want == utf8.RuneError:
		c.col++
		return true
	}
	return false
}

// atBreak says that only blanks are left in the line.
func (c *cursor) atBreak() bool {
	line := c.runes()
	for i := c.col; i < len(line); i++ {
		if line[i] != ' ' && line[i] != '\t' {
			return false
		}
	}
	return true
}
