package pdf

import (
	"fmt"
	"image/color"

	"github.com/hajimehoshi/bitmapfont/v3"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// glyph is the outline of a character in units of its font, y upwards.
type glyph struct {
	contours [][]point
	advance  int
}

// point is a point of a contour; off the curve it bends it, as TrueType has it.
type point struct {
	x, y int
	on   bool
}

// source is a font that outlines are taken from.
type source interface {
	name() string
	metrics() (units, ascent, descent int)
	index(r rune) (int, bool)    // the number of the glyph of a character
	outline(n int) (glyph, bool) // the glyph of that number
}

// outlines is a TrueType or OpenType font.
type outlines struct {
	file  string
	data  []byte
	font  *sfnt.Font
	shape *shaper // when it was asked for
	buf   sfnt.Buffer
	units int
	em    fixed.Int26_6 // so that lengths come in units of the font
}

// maxUnits and maxPoints bound what is believed of a font that came from outside.
const (
	maxUnits  = 16384
	maxPoints = 20_000
)

// parseFont reads a font, or the first of a collection.
func parseFont(file string, data []byte) (*outlines, error) {
	c, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("read font %s: %w", file, err)
	}
	f, err := c.Font(0)
	if err != nil {
		return nil, fmt.Errorf("read font %s: %w", file, err)
	}
	units := int(f.UnitsPerEm())
	if units < 16 || units > maxUnits {
		return nil, fmt.Errorf("read font %s: %d units", file, units)
	}
	return &outlines{file: file, data: data, font: f, units: units, em: fixed.Int26_6(f.UnitsPerEm())}, nil
}

func (o *outlines) name() string { return o.file }

func (o *outlines) metrics() (units, ascent, descent int) {
	m, err := o.font.Metrics(&o.buf, o.em, 0)
	if err != nil {
		return o.units, o.units, o.units / 4
	}
	return o.units, int(m.Ascent), int(m.Descent)
}

// index returns the number of the glyph of a character that the font has.
func (o *outlines) index(r rune) (int, bool) {
	n, err := o.font.GlyphIndex(&o.buf, r)
	return int(n), err == nil && n != 0
}

// outline returns a glyph.
func (o *outlines) outline(n int) (glyph, bool) {
	if n < 0 || n > 0xFFFF {
		return glyph{}, false
	}
	i := sfnt.GlyphIndex(n)
	advance, err := o.font.GlyphAdvance(&o.buf, i, o.em, 0)
	if err != nil {
		return glyph{}, false
	}
	segments, err := o.font.LoadGlyph(&o.buf, i, o.em, nil)
	if err != nil || len(segments) > maxPoints {
		return glyph{}, false
	}
	g := glyph{advance: min(max(int(advance), 0), maxUnits)}
	for _, s := range segments {
		g.add(s)
	}
	return g, true
}

// add adds a segment. TrueType has no cubic curves: one becomes four others.
func (g *glyph) add(s sfnt.Segment) {
	at := func(p fixed.Point26_6, on bool) point { return point{clip(int(p.X)), clip(-int(p.Y)), on} }
	if s.Op == sfnt.SegmentOpMoveTo || len(g.contours) == 0 {
		g.contours = append(g.contours, []point{at(s.Args[0], true)})
		return
	}
	c := &g.contours[len(g.contours)-1]
	switch s.Op {
	case sfnt.SegmentOpLineTo:
		*c = append(*c, at(s.Args[0], true))
	case sfnt.SegmentOpQuadTo:
		*c = append(*c, at(s.Args[0], false), at(s.Args[1], true))
	case sfnt.SegmentOpCubeTo:
		*c = append(*c, quadratic((*c)[len(*c)-1], at(s.Args[0], false), at(s.Args[1], false), at(s.Args[2], true))...)
	case sfnt.SegmentOpMoveTo:
	}
}

func clip(n int) int { return min(max(n, -maxUnits*2), maxUnits*2) }

// quadratic follows a cubic curve with four quadratic ones: each keeps the ends
// and the directions there.
func quadratic(p0, p1, p2, p3 point) []point {
	type vector struct{ x, y float64 }
	at := func(t float64) (v, d vector) {
		u := 1 - t
		f := func(a, b, c, e int) (float64, float64) {
			return u*u*u*float64(a) + 3*u*u*t*float64(b) + 3*u*t*t*float64(c) + t*t*t*float64(e),
				3 * (u*u*float64(b-a) + 2*u*t*float64(c-b) + t*t*float64(e-c))
		}
		v.x, d.x = f(p0.x, p1.x, p2.x, p3.x)
		v.y, d.y = f(p0.y, p1.y, p2.y, p3.y)
		return v, d
	}
	const pieces = 4
	var out []point
	a, da := at(0)
	for i := 1; i <= pieces; i++ {
		b, db := at(float64(i) / pieces)
		// The control point from both ends, in the middle between the two.
		const h = 1.0 / pieces / 2
		x := (a.x + da.x*h + b.x - db.x*h) / 2
		y := (a.y + da.y*h + b.y - db.y*h) / 2
		out = append(out, point{clip(round(x)), clip(round(y)), false}, point{clip(round(b.x)), clip(round(b.y)), true})
		a, da = b, db
	}
	return out
}

func round(f float64) int {
	if f < 0 {
		return -int(-f + 0.5)
	}
	return int(f + 0.5)
}

// pixels is a font of 12 dots a line that has the characters of East Asia, for a
// name that no outlines are at hand for: plain, but it can be read.
type pixels struct{}

const dot = 80 // units

func (pixels) name() string { return "bitmapfont" }

func (pixels) metrics() (units, ascent, descent int) { return 12 * dot, 10 * dot, 3 * dot }

func (p pixels) index(r rune) (int, bool) {
	if r < 0x2E80 { // it does have letters of Europe; ours are better
		return 0, false
	}
	_, ok := p.outline(int(r))
	return int(r), ok
}

func (pixels) outline(n int) (glyph, bool) {
	r := rune(n) //nolint:gosec // judged below
	at := fixed.Point26_6{}
	bounds, mask, origin, advance, ok := bitmapfont.Face.Glyph(at, r)
	if !ok || mask == nil {
		return glyph{}, false
	}
	g := glyph{advance: int(advance) * dot / 64}
	for y := range bounds.Dy() {
		for x := 0; x < bounds.Dx(); x++ {
			from := x
			for x < bounds.Dx() && inked(mask.At(origin.X+x, origin.Y+y)) {
				x++
			}
			if x > from {
				left, right, top := (bounds.Min.X+from)*dot, (bounds.Min.X+x)*dot, -(bounds.Min.Y+y)*dot
				// A little overlap, or seams would show between the lines.
				bottom := top - dot - 6
				g.contours = append(g.contours, []point{{left, top, true}, {right, top, true}, {right, bottom, true}, {left, bottom, true}})
			}
		}
	}
	return g, len(g.contours) > 0 || r == 0x3000
}

func inked(c color.Color) bool {
	_, _, _, a := c.RGBA()
	return a > 0x7fff
}
