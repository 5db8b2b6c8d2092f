package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Look says what the terminal may be sent.
type Look int

// Colour uses the 16 ANSI colours, Mono only bold, faint and reverse, Bare no
// escape sequence inside a line at all.
const (
	Colour Look = iota
	Mono
	Bare
)

// LookFor chooses by the environment: NO_COLOR takes the colour away,
// FIREBREAK_LOOK (colour, mono, bare) decides alone. ascii is true where the
// locale has no box-drawing characters.
func LookFor(getenv func(string) string) (l Look, ascii bool) {
	locale := getenv("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = getenv(name)
		}
	}
	locale = strings.ToLower(locale)
	ascii = !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
	if getenv("NO_COLOR") != "" {
		l = Mono
	}
	if getenv("TERM") == "dumb" {
		l, ascii = Bare, true
	}
	switch getenv("FIREBREAK_LOOK") {
	case "colour", "color":
		l = Colour
	case "mono":
		l = Mono
	case "bare":
		l, ascii = Bare, true
	}
	return l, ascii
}

// glyphs are the characters frames are drawn with.
type glyphs struct {
	rule, double, bar, topLeft, topRight, bottomLeft, bottomRight string

	bars []string // of growing weight, the first for none
	full string   // what a long bar is made of
}

func glyphsFor(ascii bool) glyphs {
	if ascii {
		return glyphs{"-", "=", "|", "+", "+", "+", "+", strings.Split(" .:-=+*#@", ""), "#"}
	}
	return glyphs{"─", "═", "│", "┌", "┐", "└", "┘", strings.Split(" ▁▂▃▄▅▆▇█", ""), "█"}
}

// paint turns lines into what is sent to the terminal.
type paint struct {
	glyphs
	before, after [2][marks]string
}

// newPaint pins the profile: what is drawn never depends on what the library
// thinks of the process's standard output.
func newPaint(l Look, ascii bool) *paint {
	p := &paint{glyphs: glyphsFor(ascii)}
	r := lipgloss.NewRenderer(io.Discard, termenv.WithProfile(termenv.ANSI))
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	s := r.NewStyle()
	styles := [marks]lipgloss.Style{
		usual:  s,
		faint:  s.Faint(true),
		strong: s.Bold(true),
		bad:    s.Bold(true),
		warn:   s.Bold(true),
		good:   s,
		hotkey: s.Bold(true),
		live:   s.Bold(true).Reverse(true),
		drill:  s.Reverse(true),
		quiet:  s.Faint(true).Reverse(true),
	}
	if l == Colour {
		colour := func(m mark, c string) { styles[m] = styles[m].Foreground(lipgloss.Color(c)) }
		colour(bad, "9")
		colour(warn, "11")
		colour(good, "10")
		colour(hotkey, "14")
		colour(live, "9")
		colour(drill, "14")
	}
	if l == Bare {
		return p
	}
	for m, st := range styles {
		p.before[0][m], p.after[0][m], _ = strings.Cut(st.Render("x"), "x")
		p.before[1][m], p.after[1][m], _ = strings.Cut(st.Faint(false).Reverse(true).Render("x"), "x")
	}
	return p
}

// line draws l in exactly w cells.
func (p *paint) line(l line, w int) string {
	var b strings.Builder
	for _, s := range clip(l, w) {
		i := 0
		if s.mark&picked != 0 {
			i = 1
		}
		m := s.mark &^ picked
		b.WriteString(p.before[i][m])
		b.WriteString(s.text)
		b.WriteString(p.after[i][m])
	}
	return b.String()
}

// block draws exactly h lines of w cells.
func (p *paint) block(ls []line, w, h int) string {
	rows := make([]string, 0, h)
	for _, l := range fit(ls, h) {
		rows = append(rows, p.line(l, w))
	}
	return strings.Join(rows, "\n")
}

// box frames lines in w cells with a title in the upper edge.
func (p *paint) box(title string, ls []line, w int) []line {
	inner := max(w-4, 1)
	t := clip(look(strong, " "+title+" "), min(line{{strong, title}}.width()+2, inner))
	left := (w - 2 - t.width()) / 2
	top := append(line{{faint, p.topLeft + strings.Repeat(p.rule, max(left, 0))}}, t...)
	top = top.with(sp(faint, strings.Repeat(p.rule, max(w-2-left-t.width(), 0))+p.topRight))
	out := []line{top}
	for _, l := range ls {
		row := append(line{{faint, p.bar + " "}}, clip(l, inner)...)
		out = append(out, row.with(sp(faint, " "+p.bar)))
	}
	return append(out, look(faint, p.bottomLeft+strings.Repeat(p.rule, max(w-2, 0))+p.bottomRight))
}

// ruled is a line of w cells with words in it.
func (p *paint) ruled(words line, w int) line {
	if len(words) == 0 {
		return look(faint, strings.Repeat(p.rule, max(w, 0)))
	}
	n := min(words.width(), w-4)
	out := append(look(faint, p.rule+" "), clip(words, n)...)
	return out.with(sp(faint, " "+strings.Repeat(p.rule, max(w-3-n, 0))))
}
