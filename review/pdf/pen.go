package pdf

import "firebreak/review/figure"

// pen is how a shape is drawn. The colours are those of the page in light
// (package look): they hold on white paper.
type pen struct {
	fill, stroke *colour
	width        float64
	dash         []float64
	words        colour
	bold, rim    bool
}

var white = colour{0xff, 0xff, 0xff}

// penOf is the pen for an ink; what is not known is drawn in the colour of text.
func penOf(i figure.Ink) pen {
	var (
		line    = colour{0xde, 0xda, 0xd3}
		edge    = colour{0x8b, 0x8f, 0x94}
		soft    = colour{0x54, 0x5d, 0x67}
		unknown = colour{0x6d, 0x25, 0x9f}
		attack  = colour{0xa9, 0x1d, 0x14}
		act     = colour{0x1d, 0x4f, 0x8c}
		change  = colour{0xb3, 0x3a, 0x08}
		machine = colour{0x59, 0x60, 0x6b}
		density = colour{0x8a, 0x7f, 0x73}
		track   = colour{0xdc, 0xd8, 0xd0}
		used    = colour{0x24, 0x61, 0xa3}
		badly   = colour{0xfd, 0xe5, 0xe2}
		faint   = colour{0xc5, 0xa8, 0xd9}
		green   = colour{0x14, 0x68, 0x3f}
		violet  = colour{0x5f, 0x3d, 0xab}
		brown   = colour{0x85, 0x52, 0x08}
	)
	switch i {
	case figure.Words:
		return pen{words: ink}
	case figure.Strong:
		return pen{words: ink, bold: true}
	case figure.Soft:
		return pen{words: soft}
	case figure.Light:
		return pen{words: white, bold: true}
	case figure.Halo:
		return pen{words: ink, bold: true, rim: true}
	case figure.Rimmed:
		return pen{words: ink, rim: true}
	case figure.Grid:
		return pen{stroke: &line, width: 1}
	case figure.Frame, figure.GapEdge:
		return pen{stroke: &edge, width: 1}
	case figure.Leader:
		return pen{stroke: &edge, width: 0.7}
	case figure.Link:
		return pen{stroke: &unknown, width: 1.1, dash: []float64{4, 3}}
	case figure.Faint:
		return pen{stroke: &faint, width: 1.1, dash: []float64{4, 3}}
	case figure.Gap:
		return pen{fill: &white}
	case figure.Attack:
		return pen{fill: &attack, stroke: &white, width: 0.8}
	case figure.Event:
		return pen{fill: &white, stroke: &attack, width: 1.6}
	case figure.Act:
		return pen{fill: &white, stroke: &act, width: 1.8}
	case figure.Change:
		return pen{fill: &change, stroke: &white, width: 0.8}
	case figure.Machine:
		return pen{fill: &machine, stroke: &white, width: 0.8}
	case figure.Bad:
		return pen{fill: &white, stroke: &attack, width: 1.8}
	case figure.Found:
		return pen{fill: &unknown, stroke: &white, width: 0.8}
	case figure.Density:
		return pen{fill: &density}
	case figure.Track, figure.Foreign:
		return pen{fill: &track}
	case figure.Used:
		return pen{fill: &used}
	case figure.Over:
		return pen{fill: &badly, stroke: &attack, width: 1.4, dash: []float64{3, 2}}
	case figure.Due:
		return pen{stroke: &ink, width: 2}
	case figure.Node:
		return pen{fill: &ink, stroke: &white, width: 1.5}
	case figure.Hollow:
		return pen{stroke: &edge, width: 1.4, dash: []float64{3, 3}}
	case figure.Done:
		return pen{fill: &green}
	case figure.Skipped:
		return pen{fill: &white, stroke: &violet, width: 1.5}
	case figure.Failed:
		return pen{fill: &attack, stroke: &ink, width: 1.5, dash: []float64{2, 2}}
	case figure.Open:
		return pen{fill: &white, stroke: &brown, width: 1.5, dash: []float64{4, 2}}
	case figure.Unreached:
		return pen{stroke: &edge, width: 1.5, dash: []float64{1, 3}}
	}
	for n, c := range phaseColours() {
		if i == figure.PhaseInk(n) {
			return pen{fill: &c}
		}
		if i == figure.GroundInk(n) {
			return pen{fill: &colour{tint(c[0]), tint(c[1]), tint(c[2])}}
		}
	}
	return pen{fill: &ink, words: ink}
}

func phaseColours() []colour {
	return []colour{{0x59, 0x60, 0x6b}, {0x24, 0x61, 0xa3}, {0xb3, 0x3a, 0x08}, {0x85, 0x52, 0x08}, {0x14, 0x68, 0x3f}, {0x5f, 0x3d, 0xab}}
}

// tint is a colour at nine hundredths on white.
func tint(c uint8) uint8 { return 255 - (255-c)/11 }
