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

// Wrap breaks safe text into lines of at most w cells, between words where it
// can. It keeps the newlines that are there.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	var out []string
	for _, l := range strings.Split(ansi.Wrap(s, w, ""), "\n") {
		if Width(l) <= w {
			out = append(out, l)
			continue
		}
		// ansi.Wrap lets a hyphen and a space hang over the edge.
		out = append(out, strings.Split(ansi.Hardwrap(strings.TrimRight(l, " "), w, true), "\n")...)
	}
	return out
}
