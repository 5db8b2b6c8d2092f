package sketch

import "firebreak/review/figure"

// Colour is red, green and blue.
type Colour [3]uint8

// Pen is how a shape is drawn on paper. The colours are those of the page in light
// (package look): they hold on white.
type Pen struct {
	Fill, Stroke *Colour // nil: none
	Width        float64 // of the stroke, in the units of a drawing
	Dash         []float64
	Words        Colour // of text
	Bold, Rim    bool   // of text; a rim keeps it apart from what is behind
}

// PenOf is the pen for an ink; what is not known is drawn in the colour of text.
func PenOf(i figure.Ink) Pen {
	var (
		ink     = Colour{0x1a, 0x1a, 0x1a}
		white   = Colour{0xff, 0xff, 0xff}
		line    = Colour{0xde, 0xda, 0xd3}
		edge    = Colour{0x8b, 0x8f, 0x94}
		soft    = Colour{0x54, 0x5d, 0x67}
		unknown = Colour{0x6d, 0x25, 0x9f}
		attack  = Colour{0xa9, 0x1d, 0x14}
		act     = Colour{0x1d, 0x4f, 0x8c}
		change  = Colour{0xb3, 0x3a, 0x08}
		machine = Colour{0x59, 0x60, 0x6b}
		density = Colour{0x8a, 0x7f, 0x73}
		track   = Colour{0xdc, 0xd8, 0xd0}
		used    = Colour{0x24, 0x61, 0xa3}
		badly   = Colour{0xfd, 0xe5, 0xe2}
		faint   = Colour{0xc5, 0xa8, 0xd9}
		green   = Colour{0x14, 0x68, 0x3f}
		violet  = Colour{0x5f, 0x3d, 0xab}
		brown   = Colour{0x85, 0x52, 0x08}
	)
	switch i {
	case figure.Words:
		return Pen{Words: ink}
	case figure.Strong:
		return Pen{Words: ink, Bold: true}
	case figure.Soft:
		return Pen{Words: soft}
	case figure.Light:
		return Pen{Words: white, Bold: true}
	case figure.Halo:
		return Pen{Words: ink, Bold: true, Rim: true}
	case figure.Rimmed:
		return Pen{Words: ink, Rim: true}
	case figure.Grid:
		return Pen{Stroke: &line, Width: 1}
	case figure.Frame, figure.GapEdge:
		return Pen{Stroke: &edge, Width: 1}
	case figure.Leader:
		return Pen{Stroke: &edge, Width: 0.7}
	case figure.Link:
		return Pen{Stroke: &unknown, Width: 1.1, Dash: []float64{4, 3}}
	case figure.Faint:
		return Pen{Stroke: &faint, Width: 1.1, Dash: []float64{4, 3}}
	case figure.Gap:
		return Pen{Fill: &white}
	case figure.Attack:
		return Pen{Fill: &attack, Stroke: &white, Width: 0.8}
	case figure.Event:
		return Pen{Fill: &white, Stroke: &attack, Width: 1.6}
	case figure.Act:
		return Pen{Fill: &white, Stroke: &act, Width: 1.8}
	case figure.Change:
		return Pen{Fill: &change, Stroke: &white, Width: 0.8}
	case figure.Machine:
		return Pen{Fill: &machine, Stroke: &white, Width: 0.8}
	case figure.Bad:
		return Pen{Fill: &white, Stroke: &attack, Width: 1.8}
	case figure.Found:
		return Pen{Fill: &unknown, Stroke: &white, Width: 0.8}
	case figure.Density:
		return Pen{Fill: &density}
	case figure.Track, figure.Foreign:
		return Pen{Fill: &track}
	case figure.Used:
		return Pen{Fill: &used}
	case figure.Over:
		return Pen{Fill: &badly, Stroke: &attack, Width: 1.4, Dash: []float64{3, 2}}
	case figure.Due:
		return Pen{Stroke: &ink, Width: 2}
	case figure.Node:
		return Pen{Fill: &ink, Stroke: &white, Width: 1.5}
	case figure.Hollow:
		return Pen{Stroke: &edge, Width: 1.4, Dash: []float64{3, 3}}
	case figure.Done:
		return Pen{Fill: &green}
	case figure.Skipped:
		return Pen{Fill: &white, Stroke: &violet, Width: 1.5}
	case figure.Failed:
		return Pen{Fill: &attack, Stroke: &ink, Width: 1.5, Dash: []float64{2, 2}}
	case figure.Open:
		return Pen{Fill: &white, Stroke: &brown, Width: 1.5, Dash: []float64{4, 2}}
	case figure.Unreached:
		return Pen{Stroke: &edge, Width: 1.5, Dash: []float64{1, 3}}
	}
	for n, c := range phaseColours() {
		if i == figure.PhaseInk(n) {
			return Pen{Fill: &c}
		}
		if i == figure.GroundInk(n) {
			return Pen{Fill: &Colour{tint(c[0]), tint(c[1]), tint(c[2])}}
		}
	}
	return Pen{Fill: &ink, Words: ink}
}

func phaseColours() []Colour {
	return []Colour{{0x59, 0x60, 0x6b}, {0x24, 0x61, 0xa3}, {0xb3, 0x3a, 0x08}, {0x85, 0x52, 0x08}, {0x14, 0x68, 0x3f}, {0x5f, 0x3d, 0xab}}
}

// tint is a colour at nine hundredths on white.
func tint(c uint8) uint8 { return 255 - (255-c)/11 }
