package pdf

import (
	"fmt"
	"math"
	"time"

	"firebreak/incident"
	"firebreak/review"
	"firebreak/review/document"
)

// Figures are drawn between plotLeft and plotRight; what stands left of it names
// the rows.
const (
	plotLeft  = left + 92
	plotRight = right - 4
	plotWidth = plotRight - plotLeft
	noteSize  = 7.0
)

// figure draws a figure below its caption, with the words for it where nothing
// is drawn.
func (s *sheet) figure(f document.Figure) {
	d := &drawing{s: s}
	switch x := f.Drawing.(type) {
	case document.Bars:
		d.bars(x)
	case document.Lanes:
		d.lanes(x)
	case document.Histogram:
		d.histogram(x)
	case document.Shares:
		d.shares(x)
	case document.Deadlines:
		d.deadlines(x)
	}
	caption := s.paragraph(plain(f.Caption), bold, ink)
	lines := caption.lines(textWidth / smallSize)
	s.room(d.height + float64(len(lines)+1)*smallSize*lead + 12)
	s.anchor(f.ID, s.y)
	s.text(caption, left, textWidth, smallSize)
	s.y += 3
	for _, m := range d.marks {
		m.y += s.y
		s.put(m)
	}
	s.y += d.height
	if d.height == 0 && f.Alt != "" {
		s.text(s.paragraph(plain(f.Alt), regular, grey), left, textWidth, smallSize)
	}
	s.y += 10
	if f.Facts != nil {
		s.table(*f.Facts)
	}
}

// drawing gathers what a figure is made of; its y begin at 0.
type drawing struct {
	s      *sheet
	marks  []mark
	height float64
}

func (d *drawing) box(x, y, w, h float64, c colour) {
	d.marks = append(d.marks, mark{kind: aBox, x: x, y: y, w: max(w, 0.8), h: h, colour: c})
}

func (d *drawing) frame(x, y, w, h float64, c colour) {
	d.marks = append(d.marks, mark{kind: aFrame, x: x, y: y, w: max(w, 0.8), h: h, size: 0.7, colour: c})
}

func (d *drawing) rule(x, y, w, h float64, dashed bool) {
	k := aLine
	if dashed {
		k = aDash
	}
	d.marks = append(d.marks, mark{kind: k, x: x, y: y, w: w, h: h, size: 0.5, colour: rule})
}

// label writes a text whose upper edge is at y.
func (d *drawing) label(text string, c colour, x, y, side float64) {
	s := d.s
	held := s.pages
	s.pages = []*page{{}}
	s.label(text, regular, c, x, y, noteSize, side)
	d.marks = append(d.marks, s.pages[0].marks...)
	s.pages = held
}

// gap draws the sign that something long was left out.
func (d *drawing) gap(x, y, h float64) {
	d.box(x-2.5, y, 5, h, colour{0xff, 0xff, 0xff})
	for _, dx := range []float64{-2.5, 2.5} {
		d.marks = append(d.marks, mark{kind: aLine, x: x + dx + 2, y: y, w: -4, h: h, size: 0.7, colour: grey})
	}
}

// phaseColour is the colour of a phase; light enough to tell from ink.
func phaseColour(p incident.Phase) colour {
	all := []colour{{0x7d, 0x86, 0x93}, {0x3b, 0x7d, 0xc4}, {0xd0, 0x7a, 0x1c}, {0x8e, 0x5b, 0xb5}, {0x2f, 0x93, 0x5c}, {0xa0, 0x80, 0x30}}
	if int(p) < 0 || int(p) >= len(all) {
		return all[0]
	}
	return all[p]
}

func (d *drawing) bars(b document.Bars) {
	scale, broken := b.Scale()
	const row, bar = 15.0, 9.0
	height := row*float64(len(b.Rows)) + 4
	const room = plotWidth - 90
	unit := room / float64(scale)
	for _, t := range document.Ticks(scale) {
		x := plotLeft + float64(t)*unit
		d.rule(x, 0, 0, height, true)
		d.label(document.TickLabel(t), grey, x, height+1, 0.5)
	}
	for i, r := range b.Rows {
		y := 3 + row*float64(i)
		d.label(r.Label, ink, plotLeft-6, y-1, 1)
		if !r.Known {
			d.frame(plotLeft, y, 60, bar, toneColour(document.Unknown))
			d.label(d.s.shorten("unknown: "+r.Reason, regular, (plotWidth-70)/noteSize), grey, plotLeft+66, y-1, 0)
			continue
		}
		w := min(max(float64(r.Took)*unit, 1), room)
		d.box(plotLeft, y, w, bar, phaseColour(r.Phase))
		if broken && r.Whole {
			d.gap(plotLeft+room*0.9, y-1, bar+2)
		}
		d.label(r.Shown, ink, plotLeft+w+5, y-1, 0)
	}
	d.height = height + noteSize*lead + 2
}

// mostDots bounds what is drawn of a long record; more would be a blot.
const mostDots = 4000

func (d *drawing) lanes(l document.Lanes) {
	const lane = 17.0
	wide := 56.0 / plotWidth
	axis := l.Axis(wide)
	at := func(t time.Time) float64 { return plotLeft + axis.At(t)*plotWidth }
	bottom := lane * float64(len(l.Lanes))
	for _, t := range axis.Ticks() {
		x := at(axis.From.Add(t))
		d.rule(x, 0, 0, bottom+2, true)
		d.label("+"+document.TickLabel(t), grey, x, bottom+3, 0.5)
	}
	for i, x := range l.Lanes {
		y := lane * float64(i)
		d.label(x.Label, ink, plotLeft-6, y+3, 1)
		d.rule(plotLeft, y+lane, plotWidth, 0, false)
		c := phaseColour(x.Phase)
		soft := colour{c[0]/4 + 191, c[1]/4 + 191, c[2]/4 + 191}
		for _, st := range x.Stretches {
			to := st.To
			if to.IsZero() {
				to = axis.To
			}
			d.box(at(st.From), y+2, max(at(to)-at(st.From), 1.5), lane-4, soft)
		}
	}
	placed := map[[2]int]int{}
	for _, p := range l.Dots[:min(len(l.Dots), mostDots)] {
		if p.Lane < 0 || p.Lane >= len(l.Lanes) {
			continue
		}
		x := at(p.Time)
		// What happened at one moment is spread a little, so that none hides another.
		key := [2]int{p.Lane, int(x / 3)}
		n := placed[key]
		placed[key]++
		y := lane*(float64(p.Lane)+0.5) + []float64{0, -4, 4, -2, 2}[n%5]
		if p.Kind == document.DotBad {
			d.box(x-2, y-2, 4, 4, dotColour(p.Kind))
		} else {
			d.marks = append(d.marks, mark{kind: aCircle, x: x, y: y, w: 1.9, colour: dotColour(p.Kind)})
		}
		if p.To != "" && d.s.known(p.To) {
			d.marks = append(d.marks, mark{kind: aLink, x: x - 2.5, y: y - 2.5, w: 5, h: 5, to: p.To})
		}
	}
	for _, g := range axis.Gaps {
		x := (at(g.From) + at(g.To)) / 2
		d.gap(x, 0, bottom)
		d.label(review.Span(g.To.Sub(g.From))+" without an entry", grey, x, bottom+12, 0.5)
	}
	y := bottom + 13
	if len(axis.Gaps) > 0 {
		y += 11
	}
	x := plotLeft
	for _, k := range []struct {
		kind document.DotKind
		what string
	}{
		{document.DotEntry, "entry of the record"},
		{document.DotAction, "action on an outside system"},
		{document.DotEvidence, "evidence"},
		{document.DotBad, "failure or unknown outcome"},
	} {
		if k.kind == document.DotBad {
			d.box(x, y+2.8, 4, 4, dotColour(k.kind))
		} else {
			d.marks = append(d.marks, mark{kind: aCircle, x: x + 2, y: y + 4.8, w: 1.9, colour: dotColour(k.kind)})
		}
		d.label(k.what, grey, x+7, y, 0)
		x += 14 + d.s.f.width(regular, k.what)*noteSize
	}
	d.height = y + noteSize*lead + 2
}

func dotColour(k document.DotKind) colour {
	switch k {
	case document.DotAction:
		return colour{0x0b, 0x4f, 0x8a}
	case document.DotEvidence:
		return colour{0x1a, 0x6b, 0x36}
	case document.DotBad:
		return colour{0xa3, 0x16, 0x1d}
	case document.DotEntry:
	}
	return colour{0x44, 0x44, 0x44}
}

func (d *drawing) histogram(h document.Histogram) {
	var most int64
	for _, n := range h.Counts {
		most = max(most, n)
	}
	if most <= 0 || !h.To.After(h.From) {
		return
	}
	const height = 62.0
	unit := plotWidth / float64(h.To.Sub(h.From))
	at := func(t time.Time) float64 { return plotLeft + min(max(float64(t.Sub(h.From))*unit, 0), plotWidth) }
	if !h.ShadeFrom.IsZero() {
		d.box(at(h.ShadeFrom), 0, max(at(h.ShadeTo)-at(h.ShadeFrom), 1), height, pale)
	}
	d.rule(plotLeft, 0, plotWidth, 0, true)
	d.rule(plotLeft, height, plotWidth, 0, false)
	d.label(review.Grouped(most), grey, plotLeft-6, -3, 1)
	d.label("0", grey, plotLeft-6, height-6, 1)
	d.label("(root scale)", grey, plotLeft-6, 6, 1)
	width := plotWidth / float64(len(h.Counts))
	for i, n := range h.Counts {
		if n <= 0 {
			continue
		}
		// The root keeps quiet stretches visible beside a flood.
		y := max(math.Sqrt(float64(n)/float64(most))*height, 0.8)
		d.box(plotLeft+float64(i)*width, height-y, max(width-0.3, 0.4), y, phaseColour(incident.Identify))
	}
	for i := range 4 {
		t := h.From.Add(h.To.Sub(h.From) / 3 * time.Duration(i))
		d.label(t.UTC().Format("2006-01-02 15:04Z"), grey, at(t), height+2, []float64{0, 0.5, 0.5, 1}[i])
	}
	d.height = height + noteSize*lead + 3
}

func (d *drawing) shares(p document.Shares) {
	all := 0
	for _, x := range p.Parts {
		all += max(x.N, 0)
	}
	if all == 0 {
		return
	}
	x, label := left, left
	for i, part := range p.Parts {
		w := float64(max(part.N, 0)) / float64(all) * textWidth
		c := shareColour(part.Tone, i)
		d.box(x, 0, w-1, 9, c)
		d.box(label, 14.4, 5, 5, c)
		text := fmt.Sprintf("%d %s", part.N, part.Label)
		d.label(text, ink, label+8, 12, 0)
		label += 18 + d.s.f.width(regular, text)*noteSize
		x += w
	}
	d.height = 22
}

func shareColour(t document.Tone, n int) colour {
	switch t {
	case document.Good:
		return colour{0x2f, 0x93, 0x5c}
	case document.Warn:
		return []colour{{0xc9, 0x8a, 0x1b}, {0xe3, 0xb8, 0x66}}[n%2]
	case document.Bad:
		return colour{0xa3, 0x16, 0x1d}
	case document.Unknown:
		return colour{0x6b, 0x2c, 0x91}
	case document.NoTone:
	}
	return colour{0xb0, 0xb6, 0xbf}
}

// deadlines draws for each a line from its start to when it is due, and a dot
// where it was met.
func (d *drawing) deadlines(l document.Deadlines) {
	var moments []time.Time
	for _, r := range l.Rows {
		for _, t := range []time.Time{r.Start, r.Due, r.Met} {
			if !t.IsZero() {
				moments = append(moments, t)
			}
		}
	}
	if len(moments) == 0 {
		return
	}
	const row = 15.0
	axis := document.NewAxis(moments[0], moments, 40/plotWidth)
	const room = plotWidth - 60
	at := func(t time.Time) float64 { return plotLeft + axis.At(t)*room }
	height := row * float64(len(l.Rows))
	for _, t := range axis.Ticks() {
		x := at(axis.From.Add(t))
		d.rule(x, 0, 0, height, true)
		d.label("+"+document.TickLabel(t), grey, x, height+1, 0.5)
	}
	for i, r := range l.Rows {
		y := row * float64(i)
		d.label(d.s.shorten(r.Label, regular, 86/noteSize), ink, plotLeft-6, y+1, 1)
		c := toneColour(r.Tone)
		if !r.Start.IsZero() && !r.Due.IsZero() {
			d.box(at(r.Start), y+4.5, max(at(r.Due)-at(r.Start), 1), 3, c)
		}
		if !r.Due.IsZero() {
			d.box(at(r.Due)-0.6, y+1.5, 1.2, 9, c)
		}
		last := at(axis.From)
		for _, t := range []time.Time{r.Start, r.Due, r.Met} {
			if !t.IsZero() {
				last = max(last, at(t))
			}
		}
		if !r.Met.IsZero() {
			d.marks = append(d.marks, mark{kind: aCircle, x: at(r.Met), y: y + 6, w: 2.6, colour: c})
		}
		d.label(r.Shown, c, last+5, y+1, 0)
	}
	for _, g := range axis.Gaps {
		d.gap((at(g.From)+at(g.To))/2, 0, height)
	}
	d.height = height + noteSize*lead + 2
}
