// Package figure draws the pictures of a review: the timeline with its two sides,
// the phases, the deadlines, the moments, what became of a playbook's steps.
//
// A figure is a pure function of what it shows to a Drawing: shapes in a space of
// its own, with what each is for and not how it looks, a sentence that says what is
// to be seen, and the same facts as a table. SVG writes a Drawing for a page whose
// style sheet has the colours; another form may draw the shapes itself. All texts
// are taken as they are: who hands in foreign text has made it harmless before.
package figure

import (
	"strconv"
	"time"
)

// Ink says what a shape is for.
type Ink string

// What shapes are for. Those that need to be told apart differ in form as well.
const (
	Words     Ink = "w"     // text to be read
	Strong    Ink = "ws"    // a heading within the picture
	Soft      Ink = "wq"    // of axes and notes
	Light     Ink = "wl"    // on a phase's full colour
	Halo      Ink = "wh"    // over lines, with a rim that keeps it readable
	Rimmed    Ink = "wr"    // words that a line may pass behind
	Grid      Ink = "gr"    // thin lines to measure by
	Frame     Ink = "fr"    // the lanes, the axis
	Leader    Ink = "ld"    // from a mark to its words
	Link      Ink = "lk"    // from what happened to its discovery
	Faint     Ink = "lk lf" // the same, of many
	Gap       Ink = "gp"    // where the axis is broken
	GapEdge   Ink = "ge"    // the zigzag at both ends of it
	Attack    Ink = "at"    // an act of the attacker
	Event     Ink = "ev"    // an event of the evidence, of which nobody said whose act it was
	Act       Ink = "ac"    // an act of a responder
	Change    Ink = "ch"    // an action on an outside system
	Machine   Ink = "sy"    // what a program did by itself
	Bad       Ink = "bd"    // a failure, an unknown outcome
	Found     Ink = "fd"    // the moment of discovery
	Density   Ink = "dn"    // events of the evidence
	Track     Ink = "tr"    // the whole of a bar
	Used      Ink = "us"    // the part of it that was used
	Over      Ink = "ov"    // the part beyond its end
	Due       Ink = "du"    // the line of a deadline
	Node      Ink = "nd"    // a moment that is known
	Hollow    Ink = "ho"    // one that is not
	Done      Ink = "s1"    // of steps
	Skipped   Ink = "s2"    //
	Failed    Ink = "s3"    //
	Open      Ink = "s4"    //
	Unreached Ink = "s5"    //
	Foreign   Ink = "s6"    // that did not apply
)

// PhaseInk is the full colour of a phase, 1 to 5; GroundInk is its tint behind
// other shapes.
func PhaseInk(n int) Ink { return Ink("p" + strconv.Itoa(clamp(n))) }

// GroundInk is the tint of a phase.
func GroundInk(n int) Ink { return Ink("g" + strconv.Itoa(clamp(n))) }

func clamp(n int) int { return min(max(n, 0), 5) }

// Form is the form of a shape.
type Form int

// The forms.
const (
	Rect   Form = iota // a corner X, Y, a size W, H, round corners R
	Line               // from X, Y by W, H
	Circle             // a centre X, Y and R
	Poly               // Points, closed
	Path               // Points, open
	Text               // words on a baseline that begins, is centred or ends at X, Y
)

// Anchor says which part of a text is at its place.
type Anchor int

// The anchors.
const (
	Start Anchor = iota
	Middle
	End
)

// Point is a place in a drawing.
type Point struct{ X, Y float64 }

// Shape is one thing drawn.
type Shape struct {
	Form   Form
	Ink    Ink
	X, Y   float64
	W, H   float64
	R      float64
	Points []Point
	Text   string
	Anchor Anchor
	Size   float64 // of text; 0: Body
	Tip    string  // what it stands for, shown to who points at it
}

// The sizes of text, in the units of a drawing.
const (
	Body  = 12.0
	Small = 11.0
)

// Key is a line of the legend: a shape and what it means.
type Key struct {
	Shape Shape // around 6, 6 in a square of 12
	Means string
}

// Table holds the facts of a drawing for those who do not see it.
type Table struct {
	Head []string
	Rows [][]string
}

// Drawing is a picture.
type Drawing struct {
	ID            string // unique on a page
	Title         string // what it is
	About         string // what is to be seen in it
	Width, Height float64
	Shapes        []Shape
	Keys          []Key
	Notes         []string // what a reader has to know: breaks in the axis, what is not labelled
	Table         Table
}

// Empty says that there is nothing to draw.
func (d Drawing) Empty() bool { return len(d.Shapes) == 0 }

// add adds a shape; a tip is never longer than a line or two.
func (d *Drawing) add(s Shape) {
	s.Tip = oneLine(s.Tip)
	d.Shapes = append(d.Shapes, s)
}

func (d *Drawing) rect(ink Ink, x, y, w, h, r float64, tip string) {
	d.add(Shape{Form: Rect, Ink: ink, X: x, Y: y, W: max(w, 0), H: h, R: r, Tip: tip})
}

func (d *Drawing) line(ink Ink, x1, y1, x2, y2 float64) {
	d.Shapes = append(d.Shapes, Shape{Form: Line, Ink: ink, X: x1, Y: y1, W: x2 - x1, H: y2 - y1})
}

func (d *Drawing) text(ink Ink, x, y float64, anchor Anchor, size float64, words string) {
	d.Shapes = append(d.Shapes, Shape{Form: Text, Ink: ink, X: x, Y: y, Anchor: anchor, Size: size, Text: oneLine(words)})
}

// mark is a shape of its own for each ink, so that colour is never the only
// difference: a diamond, a circle, a square, a small ring, a triangle.
func mark(ink Ink, x, y float64, tip string) Shape {
	s := Shape{Ink: ink, X: x, Y: y, Tip: tip}
	switch ink { //nolint:exhaustive // the other inks are no marks
	case Attack, Event:
		s.Form, s.Points = Poly, []Point{{x, y - 5.5}, {x + 5.5, y}, {x, y + 5.5}, {x - 5.5, y}}
	case Change:
		s.Form, s.X, s.Y, s.W, s.H, s.R = Rect, x-4, y-4, 8, 8, 1
	case Bad:
		s.Form, s.Points = Poly, []Point{{x, y - 5.5}, {x + 5.5, y + 4.5}, {x - 5.5, y + 4.5}}
	case Found:
		s.Form, s.Points = Poly, []Point{{x - 4.5, y - 4}, {x + 4.5, y - 4}, {x, y + 4}}
	case Machine:
		s.Form, s.R = Circle, 2.6
	default:
		s.Form, s.R = Circle, 4.2
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
