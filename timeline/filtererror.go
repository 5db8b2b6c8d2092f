package timeline

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FilterError says where and why a filter cannot be read.
type FilterError struct {
	Text    string // the filter
	Offset  int    // byte offset of the problem in Text
	Problem string
	Hint    string // what to write instead, if there is something to say
}

// Error is one line: the problem, where it is, and the hint.
func (e *FilterError) Error() string {
	s := fmt.Sprintf("filter, column %d: %s", e.column()+1, e.Problem)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Caret is the filter, or the part of it around the problem, with a caret
// under the place and what is wrong there: two lines without the last newline.
// Characters that a terminal would obey are shown as spaces.
func (e *FilterError) Caret() string {
	const before, width = 40, 72
	line := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(e.Text, "?")))
	at := min(e.column(), len(line))
	from := 0
	if len(line) > width {
		from = min(max(0, at-before), len(line)-width)
		line = line[from : from+width]
	}
	says := e.Problem
	if e.Hint != "" {
		says += " (" + e.Hint + ")"
	}
	return string(line) + "\n" + strings.Repeat(" ", at-from) + "^ " + says
}

// column counts the characters before the problem.
func (e *FilterError) column() int {
	return utf8.RuneCountInString(e.Text[:min(max(0, e.Offset), len(e.Text))])
}
