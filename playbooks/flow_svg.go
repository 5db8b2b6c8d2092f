package playbooks

import (
	"fmt"
	"html"
	"strings"
)

// Measures of the drawing, in pixels.
const (
	boxWidth  = 250
	boxHeight = 44
	flowGap   = 26 // between what follows each other
	sideGap   = 22 // between what stands side by side
)

// flowSVG draws the flow of a playbook: steps below each other, branches and
// what goes side by side beside each other. The ways never cross, because steps
// nest. What it says is escaped.
func flowSVG(p *Playbook) string {
	var parts []*shape
	for _, ph := range p.Phases {
		parts = append(parts, framed(capital(ph.Phase.String()), stacked(shapes(ph.Steps))))
	}
	all := stacked(parts)
	if len(p.Fallback) > 0 {
		all = beside([]*shape{all, framed("If a step fails", stacked(shapes(p.Fallback)))}, false)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="The way through the playbook">`,
		all.w+20, all.h+20, all.w+20, all.h+20)
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#808890"/></marker></defs>`)
	all.draw(&b, 10, 10)
	b.WriteString("</svg>")
	return b.String()
}

// shape is a part of the drawing, entered at the top and left at the bottom,
// both at x.
type shape struct {
	w, h, x int
	draw    func(b *strings.Builder, x, y int)
}

func shapes(steps []*Step) []*shape {
	out := make([]*shape, len(steps))
	for i, s := range steps {
		out[i] = shapeOf(s)
	}
	return out
}

func shapeOf(s *Step) *shape {
	class := "box"
	note := ""
	switch {
	case s.Verb == VerbIf || s.Verb == VerbSwitch:
		class = "ask"
	case s.Verb.Manual():
		class = "hand"
	}
	switch s.Verb { //nolint:exhaustive // the others have their condition below them, if any
	case VerbIf:
		note = s.If
	case VerbSwitch:
		note = s.Switch
	case VerbForEach:
		note = "for each " + s.variable() + " of " + s.ForEach
	case VerbParallel:
		note = "side by side"
	case VerbPlaybook:
		note = "playbook " + s.Playbook.String()
	default:
		if s.Approve != nil {
			note = fmt.Sprintf("approved by %d %s", s.Approve.Count, s.Approve.By)
		}
	}
	if s.If != "" && s.Verb != VerbIf {
		note = strings.TrimPrefix(note+", if "+s.If, ", ")
	}
	if s.Repeat != nil {
		note = strings.TrimPrefix(note+", "+repetition(s.Repeat), ", ")
	}
	top := stepBox(s.Title, note, class, s.ID)
	var under []*shape
	groups := branches(s)
	for _, g := range groups {
		switch {
		case s.Verb == VerbParallel:
			under = append(under, shapes(g.steps)...)
		case len(g.steps) > 0 && g.label != "":
			under = append(under, stacked([]*shape{word(g.label), stacked(shapes(g.steps))}))
		case len(g.steps) > 0:
			under = append(under, stacked(shapes(g.steps)))
		case g.label != "" && s.Verb == VerbIf:
			under = append(under, word(g.label))
		}
	}
	if len(under) == 0 {
		return top
	}
	return stacked([]*shape{top, beside(under, true)})
}

// stepBox is one step: its title, and below it what it depends on.
func stepBox(title, note, class, id string) *shape {
	h := boxHeight
	if note == "" {
		h = boxHeight - 12
	}
	return &shape{boxWidth, h, boxWidth / 2, func(b *strings.Builder, x, y int) {
		round := 5
		if class == "hand" {
			round = 14
		}
		fmt.Fprintf(b, `<a href="#step-%s"><title>%s</title><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`,
			html.EscapeString(id), html.EscapeString(title+" "+note), class, x, y, boxWidth, h, round)
		write(b, "", cutText(title, 33), x+boxWidth/2, y+20)
		if note != "" {
			write(b, "note", cutText(note, 40), x+boxWidth/2, y+36)
		}
		b.WriteString("</a>")
	}}
}

func write(b *strings.Builder, class, text string, x, y int) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="middle">%s</text>`, class, x, y, html.EscapeString(text))
}

// word names a branch.
func word(text string) *shape {
	return &shape{90, 16, 45, func(b *strings.Builder, x, y int) { write(b, "note", cutText(text, 18), x+45, y+12) }}
}

func way(b *strings.Builder, path string, tip bool) {
	end := ""
	if tip {
		end = ` marker-end="url(#tip)"`
	}
	fmt.Fprintf(b, `<path class="way" d="%s"%s/>`, path, end)
}

// stacked puts shapes below each other and joins them.
func stacked(parts []*shape) *shape {
	left, right, h := 0, 0, 0
	for i, p := range parts {
		left, right = max(left, p.x), max(right, p.w-p.x)
		h += p.h
		if i > 0 {
			h += flowGap
		}
	}
	return &shape{left + right, h, left, func(b *strings.Builder, x, y int) {
		for i, p := range parts {
			if i > 0 {
				way(b, fmt.Sprintf("M%d %dV%d", x+left, y, y+flowGap-2), true)
				y += flowGap
			}
			p.draw(b, x+left-p.x, y)
			y += p.h
		}
	}}
}

// beside puts shapes beside each other; joined, the way splits above them and
// meets again below.
func beside(parts []*shape, joined bool) *shape {
	w, h := 0, 0
	for i, p := range parts {
		w += p.w
		if i > 0 {
			w += sideGap
		}
		h = max(h, p.h)
	}
	top := 0
	if joined && len(parts) > 1 {
		top = 14
	}
	mid := w / 2
	if !joined {
		mid = parts[0].x
	}
	return &shape{w, h + 2*top, mid, func(b *strings.Builder, x, y int) {
		at := x
		for _, p := range parts {
			if top > 0 {
				in := at + p.x
				way(b, fmt.Sprintf("M%d %dV%dH%dV%d", x+mid, y, y+top/2, in, y+top), false)
				way(b, fmt.Sprintf("M%d %dV%dH%dV%d", in, y+top+p.h, y+top+h+top/2, x+mid, y+2*top+h), false)
			}
			p.draw(b, at, y+top)
			at += p.w + sideGap
		}
	}}
}

// framed puts a frame with a title around a shape.
func framed(title string, in *shape) *shape {
	const edge, head = 14, 22
	w := max(in.w+2*edge, 150)
	return &shape{w, in.h + 2*edge + head, in.x + edge, func(b *strings.Builder, x, y int) {
		fmt.Fprintf(b, `<rect class="frame" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, x, y, w, in.h+2*edge+head)
		fmt.Fprintf(b, `<text class="note" x="%d" y="%d">%s</text>`, x+10, y+17, html.EscapeString(title))
		way(b, fmt.Sprintf("M%d %dV%d", x+edge+in.x, y, y+head+edge-2), true)
		in.draw(b, x+edge, y+head+edge)
		way(b, fmt.Sprintf("M%d %dV%d", x+edge+in.x, y+head+edge+in.h, y+in.h+2*edge+head), false)
	}}
}
