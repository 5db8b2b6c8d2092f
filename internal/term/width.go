package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of cells that s takes on one line. Styling that we put
// around safe text counts nothing.
func Width(s string) int { return ansi.StringWidth(s) }

// Cut returns s shortened to at most w cells. A cut is marked with a "~" in the
// last cell, so that no shortened text passes for the whole.
func Cut(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, "~")
}

// Pad returns s in exactly w cells: cut when it is longer, filled with spaces
// on the right when it is shorter.
func Pad(s string, w int) string {
	s = Cut(s, w)
	if gap := w - Width(s); gap > 0 {
		return s + strings.Repeat(" ", gap)
	}
	return s
}

// PadLeft is Pad with the spaces on the left, for numbers.
func PadLeft(s string, w int) string {
	s = Cut(s, w)
	if gap := w - Width(s); gap > 0 {
		return strings.Repeat(" ", gap) + s
	}
	return s
}

// Wrap breaks safe text into lines of at most w cells: at spaces, and only
// inside what is longer than a whole line. A hyphen ends no line, so that no
// "--" of a command stands at an edge. It keeps the newlines that are there,
// and the spaces that a line begins with.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		out = append(out, wrapLine(l, w)...)
	}
	return out
}

func wrapLine(s string, w int) []string {
	if Width(s) <= w {
		return []string{s}
	}
	var out []string
	row, n := "", 0 // the line that is being filled, and its cells
	for s != "" {
		gap := s[:len(s)-len(strings.TrimLeft(s, " "))]
		word, _, _ := strings.Cut(s[len(gap):], " ")
		s = s[len(gap)+len(word):]
		m := Width(word)
		switch {
		case word == "":
			continue
		case n+len(gap)+m <= w:
			row, n = row+gap+word, n+len(gap)+m
			continue
		case n > 0:
			out = append(out, row)
			row, n = word, m
		default: // the first word of the text, with the spaces it begins with
			row, n = gap+word, len(gap)+m
		}
		if n > w {
			parts := strings.Split(ansi.Hardwrap(row, w, true), "\n")
			out = append(out, parts[:len(parts)-1]...)
			row = parts[len(parts)-1]
			n = Width(row)
		}
	}
	return append(out, row)
}
