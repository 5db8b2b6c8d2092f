// Package markdown writes foreign text into Markdown so that no dialect of it
// sees anything but text: no link, no image, no markup, no HTML. Quiet words stay
// as they are; all others stand in code spans and fenced blocks, in which nothing
// is interpreted.
package markdown

import (
	"strings"

	"firebreak/internal/lazyre"
)

var (
	// tame is a word in which no Markdown dialect sees anything but a word,
	// wherever it stands in a line.
	tame = lazyre.New(`^["'(]*[\p{L}\p{N}=+/-][\p{L}\p{M}\p{N},.;:?'"()/%=+-]*$|^["'(]*"[,.;:)]*$|^[,.;:)!?★—–…]+$`)
	// opener is a tame word that would open a list, a heading or a definition in
	// its place at the beginning of a line.
	opener = lazyre.New(`^([-+=]+|\d{1,9}[.)]|:)$`)
)

// Place is where a text stands.
type Place struct {
	Cell  bool // in a table, where a pipe would end the cell
	Begun bool // something stands before it in its line, so that it cannot open a block
}

// Prose writes one line of text; "-" when there is none.
func Prose(s string, at Place) string {
	words := strings.Fields(strings.ReplaceAll(s, "\n", " / "))
	if len(words) == 0 {
		return "-"
	}
	var out []string
	for i := 0; i < len(words); i++ {
		if quiet(words[i], i == 0 && !at.Begun && !at.Cell) {
			out = append(out, words[i])
			continue
		}
		// Up to two quiet words between wild ones belong to the same thing, as
		// in "{{ repo }}".
		last := i
		for j := i + 1; j < len(words) && j-last <= 3; j++ {
			if !quiet(words[j], false) {
				last = j
			}
		}
		out = append(out, span(strings.Join(words[i:last+1], " "), at.Cell))
		i = last
	}
	return strings.Join(out, " ")
}

func quiet(word string, begins bool) bool {
	return tame.MatchString(word) && !strings.Contains(word, "://") && (!begins || !opener.MatchString(word))
}

// Code writes one line of text as code, whatever it is; "" when there is none.
func Code(s string, at Place) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", " / ")), " ")
	if s == "" {
		return ""
	}
	return span(s, at.Cell)
}

// span is a code span whose fence is longer than any run of backticks in s.
func span(s string, cell bool) string {
	if cell {
		// A table splits at pipes before it looks at code, and takes the
		// backslash of "\|" away; behind another backslash nothing escapes one.
		s = strings.ReplaceAll(s, `\|`, `\\x7c`)
		s = strings.ReplaceAll(s, "|", `\|`)
	}
	fence := strings.Repeat("`", longest(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// Block writes text of many lines as a fenced block.
func Block(s string) string {
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
