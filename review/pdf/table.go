package pdf

import (
	"fmt"
	"slices"

	"firebreak/review/document"
)

const (
	gap      = 6.0 // between columns
	rowPad   = 2.2
	eachLine = tableSize * lead
	mostHead = 6 // lines
	mostRow  = bottom - top - 80
)

// table writes a table, whose head stands on every page that it reaches.
func (s *sheet) table(t document.Table) {
	if len(t.Columns) == 0 || len(t.Rows) == 0 {
		return
	}
	s.within("Table", "", func() { s.rows(t) })
	s.y += 10
}

func (s *sheet) rows(t document.Table) {
	g := s.grid(t)
	need := 40 + g.first()
	if t.Caption != "" {
		s.room(20 + need)
		s.within("Caption", "", func() { s.text(s.paragraph(plain(t.Caption), bold, ink), left, textWidth, smallSize) })
		s.y += 2
	}
	s.room(need)
	s.anchor(t.ID, s.y)
	g.top()
	for _, r := range t.Rows {
		g.row(r)
	}
	s.rule(s.y, 0.7)
}

// grid is a table while it is written.
type grid struct {
	s      *sheet
	t      document.Table
	widths []float64 // of what stands in the columns
	head   []paragraph
	begun  bool // the head has been written
}

func (s *sheet) grid(t document.Table) *grid {
	g := &grid{s: s, t: t}
	need, want := make([]float64, len(t.Columns)), make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		p := s.paragraph(plain(c.Title), bold, ink)
		g.head = append(g.head, p)
		want[i], need[i] = p.widest()
	}
	for _, r := range t.Rows[:min(len(t.Rows), 300)] {
		if r.Divide {
			continue
		}
		for i := range min(len(r.Cells), len(t.Columns)) {
			p := g.cell(r, i)
			whole, piece := p.widest()
			want[i], need[i] = max(want[i], min(whole, 46)), max(need[i], min(piece, mostPiece(t.Columns[i].Kind)))
		}
	}
	room := (textWidth - gap*float64(len(t.Columns))) / tableSize
	g.widths = document.ShareOut(need, want, room)
	for i := range g.widths {
		g.widths[i] *= tableSize
	}
	return g
}

// mostPiece is the width, in sizes, beyond which a word is broken.
func mostPiece(k document.ColumnKind) float64 {
	switch k {
	case document.Digest:
		return 10
	case document.Words:
		return 9
	case document.Short, document.Entry, document.Number, document.Moment:
	}
	return 8
}

func (g *grid) cell(r document.Row, i int) paragraph {
	look := regular
	if i == 0 && g.t.Named {
		look = bold
	}
	p := g.s.paragraph(r.Cells[i], look, ink)
	p.any = g.t.Columns[i].Kind == document.Digest
	return p
}

// top writes the head, if there is one.
func (g *grid) top() {
	s := g.s
	s.rule(s.y, 0.7)
	if !slices.ContainsFunc(g.t.Columns, func(c document.Column) bool { return c.Title != "" }) {
		return
	}
	var lines [][]line
	most := 0
	for i := range g.head {
		lines = append(lines, g.head[i].lines(g.widths[i]/tableSize))
		most = min(max(most, len(lines[i])), mostHead)
	}
	h := float64(most)*eachLine + 2*rowPad
	s.aside(func() { s.put(mark{kind: aBox, x: left, y: s.y, w: textWidth, h: h, colour: pale}) })
	var nodes []*node // the head is read once, whatever pages it stands on
	if !g.begun {
		nodes = s.cells(len(g.head), func(int) (string, string) { return "TH", "/A<</O/Table/Scope/Column>>" })
	}
	g.begun = true
	g.lines(g.head, lines, nodes, 0, most)
	s.y += h
	s.rule(s.y, 0.7)
}

// cells adds a row to the structure, and returns its cells.
func (s *sheet) cells(n int, kind func(int) (kind, more string)) []*node {
	if s.at == nil {
		return nil
	}
	row := s.at.add("TR", "")
	out := make([]*node, n)
	for i := range out {
		out[i] = row.add(kind(i))
	}
	return out
}

// lines writes some of the lines of a row, whose cells are these of the structure;
// nil for what is not read again.
func (g *grid) lines(cells []paragraph, lines [][]line, nodes []*node, from, to int) {
	before := g.s.at
	defer func() { g.s.at = before }()
	x := left + gap/2
	for i := range cells {
		g.s.at = nil
		if nodes != nil {
			g.s.at = nodes[i]
		}
		for n := from; n < min(to, len(lines[i])); n++ {
			l, at := lines[i][n], x
			if g.t.Columns[i].Kind == document.Number {
				at += g.widths[i] - l.width*tableSize
			}
			g.s.line(&cells[i], l, at, g.s.y+rowPad+float64(n-from)*eachLine, g.widths[i], tableSize)
		}
		x += g.widths[i] + gap
	}
}

// first is the room that the first row wants below the head, which never stands
// alone at the foot of a page.
func (g *grid) first() float64 {
	if g.t.Rows[0].Divide {
		return 4 * eachLine
	}
	_, _, most := g.set(g.t.Rows[0])
	return min(float64(most)*eachLine+2*rowPad, mostRow)
}

// set lays out a row: its cells, their lines, and how many lines the longest has.
func (g *grid) set(r document.Row) (cells []paragraph, lines [][]line, most int) {
	most = 1
	for i := range g.t.Columns {
		if i >= len(r.Cells) {
			break
		}
		p := g.cell(r, i)
		cells = append(cells, p)
		lines = append(lines, p.lines(g.widths[i]/tableSize))
		most = max(most, len(lines[i]))
	}
	return cells, lines, most
}

// row writes a row. It stays on one page where one page can hold it.
func (g *grid) row(r document.Row) {
	s := g.s
	if r.Divide {
		g.divide(r)
		return
	}
	cells, lines, most := g.set(r)
	height := float64(most)*eachLine + 2*rowPad
	if s.y+min(height, mostRow) > bottom {
		g.over()
	}
	s.anchor(r.ID, s.y)
	nodes := s.cells(len(g.t.Columns), func(i int) (string, string) {
		if i == 0 && g.t.Named {
			return "TH", "/A<</O/Table/Scope/Row>>"
		}
		return "TD", ""
	})
	for from := 0; from < most; {
		n := min(most-from, max(int((bottom-s.y-2*rowPad)/eachLine), 1))
		if r.Tone == document.Bad || r.Tone == document.Unknown {
			s.aside(func() {
				s.put(mark{kind: aBox, x: left, y: s.y, w: 1.6, h: float64(n)*eachLine + 2*rowPad, colour: toneColour(r.Tone)})
			})
		}
		g.lines(cells, lines, nodes, from, from+n)
		s.y += float64(n)*eachLine + 2*rowPad
		if from += n; from < most {
			g.over()
		}
	}
	s.rule(s.y, 0.3)
}

func (g *grid) divide(r document.Row) {
	s := g.s
	if len(r.Cells) == 0 {
		return
	}
	if s.y+3*eachLine > bottom {
		g.over()
	}
	s.anchor(r.ID, s.y)
	p := s.paragraph(r.Cells[0], bold, ink)
	before := s.at
	s.at = s.cells(1, func(int) (string, string) { return "TD", fmt.Sprintf("/A<</O/Table/ColSpan %d>>", len(g.t.Columns)) })[0]
	for _, l := range p.lines((textWidth - gap) / tableSize) {
		s.line(&p, l, left+gap/2, s.y+rowPad, textWidth-gap, tableSize)
		s.y += tableSize * lead
	}
	s.at = before
	s.y += 2 * rowPad
	s.rule(s.y, 0.3)
}

// over goes on with the table on the next page.
func (g *grid) over() {
	g.s.turn()
	g.top()
}
