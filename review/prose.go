package review

import (
	"regexp"
	"strings"
)

// tame is text in which no Markdown dialect sees anything but text, wherever it
// stands: words, digits and quiet punctuation, beginning with a letter.
var tame = regexp.MustCompile(`^\p{L}[\p{L}\p{M}\p{N} ,.;:?'"()/%=+-]*$`)

// prose writes one line of foreign text into Markdown: as it is when it is
// tame, else as a code span, in which nothing is interpreted.
func prose(s string) string { return inline(s, false) }

// cell is prose inside a table, where a pipe would end the cell.
func cell(s string) string { return inline(s, true) }

func inline(s string, table bool) string {
	s = strings.TrimSpace(strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", " / ")), " "))
	switch {
	case s == "":
		return "-"
	case tame.MatchString(s) && !strings.Contains(s, "://"):
		return s
	case table:
		// A table splits at pipes before it looks at code, and takes the
		// backslash of "\|" away; behind another backslash nothing escapes one.
		s = strings.ReplaceAll(s, `\|`, `\\x7c`)
		s = strings.ReplaceAll(s, "|", `\|`)
	}
	return codeSpan(s)
}

// codeSpan is a code span whose fence is longer than any run of backticks in s.
func codeSpan(s string) string {
	fence := strings.Repeat("`", longest(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// block writes foreign text of many lines as a fenced block.
func block(s string) string {
	fence := strings.Repeat("`", max(longest(s, '`')+1, 3))
	return fence + "text\n" + strings.TrimRight(s, "\n") + "\n" + fence + "\n"
}

// longest is the length of the longest run of c in s.
func longest(s string, c byte) int {
	best, run := 0, 0
	for i := range len(s) {
		if run++; s[i] != c {
			run = 0
		}
		best = max(best, run)
	}
	return best
}
