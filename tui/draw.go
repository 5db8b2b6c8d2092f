package tui

import (
	"strings"

	"firebreak/internal/term"
)

// mark says how a span looks; style.go says what that means on this terminal.
type mark uint8

const (
	usual mark = iota
	faint
	strong
	bad
	warn
	good
	hotkey
	live
	drill
	quiet
	marks
	picked mark = 1 << 7 // the selected line, over any other mark
)

// span is text in one look. Its text may be foreign: clip makes it safe.
type span struct {
	mark mark
	text string
}

// line is what one row of a pane holds.
type line []span

func say(text string) line            { return line{{usual, text}} }
func look(m mark, text string) line   { return line{{m, text}} }
func sp(m mark, text string) span     { return span{m, text} }
func (l line) with(more ...span) line { return append(l[:len(l):len(l)], more...) }
func pair(label, text string) line    { return line{{faint, label}, {usual, text}} }
func heading(text string) line        { return look(strong, text) }
func plural(n int64, one string) string {
	return number(n) + " " + one + map[bool]string{true: "", false: "s"}[n == 1]
}

// clip returns the line in exactly w cells: safe, cut with a "~", filled with
// spaces. It is the one place where foreign text becomes something to draw.
func clip(l line, w int) line {
	if w <= 0 {
		return nil
	}
	out := make(line, 0, len(l)+1)
	left, flag := w, mark(0)
	for i, s := range l {
		flag = s.mark & picked
		text := term.Safe(bound(s.text, left))
		if text == "" {
			continue
		}
		n := term.Width(text)
		if n > left || n == left && more(l[i+1:]) {
			text = term.Cut(text+"~~", left)
			n = term.Width(text)
			out = append(out, span{s.mark, text})
			left -= n
			break
		}
		out = append(out, span{s.mark, text})
		left -= n
	}
	if left > 0 {
		out = append(out, span{usual | flag, strings.Repeat(" ", left)})
	}
	return out
}

// more reports whether any of the spans would draw something.
func more(l line) bool {
	for _, s := range l {
		if strings.TrimRight(s.text, " ") != "" {
			return true
		}
	}
	return false
}

// bound keeps what cannot be seen from costing anything: no cell takes more
// than 20 bytes of safe text.
func bound(s string, w int) string {
	if most := 24*w + 64; len(s) > most {
		return s[:most]
	}
	return s
}

// ends returns a line of w cells with l at its left and r at its right end. r
// is kept whole as long as it fits at all.
func ends(l, r line, w int) line {
	n := l.width()
	m := r.width()
	if m >= w {
		return clip(r, w)
	}
	if n+m < w {
		return append(clip(l, w-m), clip(r, m)...)
	}
	return append(append(clip(l, w-m-1), span{usual, " "}), clip(r, m)...)
}

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += term.Width(term.Safe(bound(s.text, widestLine)))
	}
	return n
}

// widestLine is more cells than a screen has: of what is wider it does not matter
// how much, and a message of megabytes is measured for each key.
const widestLine = 512

// pick marks a line as the selected one.
func pick(l line) line {
	out := make(line, len(l))
	for i, s := range l {
		out[i] = span{s.mark | picked, s.text}
	}
	return out
}

// wrap breaks text into lines of at most w cells. Very long text is cut with a
// note that says so.
func wrap(m mark, text string, w int) []line {
	const most = 32 << 10
	if w < 1 {
		return nil
	}
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	var out []line
	for _, l := range term.Wrap(term.SafeLines(strings.TrimRight(text, "\n")), w) {
		out = append(out, look(m, l))
	}
	if cut {
		out = append(out, look(warn, "(cut here: longer than a screen should hold)"))
	}
	return out
}

// labelled wraps text behind a label, its further lines indented as far.
func labelled(label, text string, w int) []line {
	if text == "" {
		return nil
	}
	n := term.Width(label)
	var out []line
	for i, l := range wrap(usual, text, max(w-n, 8)) {
		if i > 0 {
			label = strings.Repeat(" ", n)
		}
		out = append(out, append(look(faint, label), l...))
	}
	return out
}

// fit returns exactly h lines.
func fit(ls []line, h int) []line {
	if h < 0 {
		h = 0
	}
	for len(ls) < h {
		ls = append(ls, nil)
	}
	return ls[:h:h]
}

// beside puts two panes next to each other with a bar between.
func beside(left, right []line, lw, w, h int, bar string) []line {
	left, right = fit(left, h), fit(right, h)
	out := make([]line, h)
	for i := range out {
		out[i] = append(append(clip(left[i], lw), span{faint, bar}), clip(right[i], w-lw-term.Width(bar))...)
	}
	return out
}

// scrolled returns h of the lines from top on, the last replaced by a note when
// there are more.
func scrolled(ls []line, top, h int) []line {
	if len(ls) <= h {
		return fit(ls, h)
	}
	top = min(max(top, 0), len(ls)-h)
	out := append([]line(nil), ls[top:top+h]...)
	if rest := len(ls) - top - h; rest > 0 && h > 1 {
		out[h-1] = look(warn, "-- "+plural(int64(rest+1), "more line")+" below --")
	}
	return out
}
