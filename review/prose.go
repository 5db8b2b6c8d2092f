package review

import (
	"regexp"
	"strings"
)

var (
	// tame is a word in which no Markdown dialect sees anything but a word,
	// wherever it stands in a line.
	tame = regexp.MustCompile(`^["'(]*[\p{L}\p{N}=+/-][\p{L}\p{M}\p{N},.;:?'"()/%=+-]*$|^["'(]*"[,.;:)]*$`)
	// opener is a tame word that would open a list or a heading in its place at
	// the beginning of a line.
	opener = regexp.MustCompile(`^([-+=]+|\d{1,9}[.)])$`)
)

// prose writes one line of foreign text into Markdown. Quiet words stay as they
// are; all others stand in code spans, in which nothing is interpreted.
func prose(s string) string { return inline(s, false) }

// cell is prose inside a table, where a pipe would end the cell.
func cell(s string) string { return inline(s, true) }

func inline(s string, table bool) string {
	words := strings.Fields(strings.ReplaceAll(s, "\n", " / "))
	if len(words) == 0 {
		return "-"
	}
	var out []string
	for i := 0; i < len(words); i++ {
		if quiet(words[i], i == 0) {
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
		out = append(out, wildWords(strings.Join(words[i:last+1], " "), table))
		i = last
	}
	return strings.Join(out, " ")
}

func quiet(word string, begins bool) bool {
	return tame.MatchString(word) && !strings.Contains(word, "://") && (!begins || !opener.MatchString(word))
}

// code writes one line of foreign text as code, whatever it is.
func code(s string) string {
	return wildWords(first(strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", " / ")), " "), withheld), true)
}

func wildWords(s string, table bool) string {
	if table {
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
