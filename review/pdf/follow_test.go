package pdf

import (
	"fmt"
	"testing"
	"time"

	"firebreak/review/document"
)

// TestAHeadingStandsWithItsFigure puts a heading, one below it and a figure lower
// and lower on a page: none is left behind when the figure goes to the next.
func TestAHeadingStandsWithItsFigure(t *testing.T) {
	t.Parallel()
	turned := false
	for lines := range 60 {
		d := document.Document{Title: "x"}
		for range lines {
			d.Blocks = append(d.Blocks, document.Paragraph{Text: plain("a line")})
		}
		d.Blocks = append(
			d.Blocks,
			document.Heading{Level: 1, ID: "above", Text: plain("How long it took")},
			document.Heading{Level: 2, ID: "below", Text: plain("Phases")},
			document.Figure{ID: "drawing", Caption: "Bars", Drawing: document.Bars{Rows: []document.Bar{
				{Label: "contain", Took: time.Hour, Shown: "1 h", Known: true}, {Label: "recover", Took: 2 * time.Hour, Shown: "2 h", Known: true},
			}}},
		)
		f, err := newFonts(Options{}, characters(d))
		if err != nil {
			t.Fatal(err)
		}
		s := newSheet(d, f)
		s.write()
		at := fmt.Sprint(s.places["above"].page, s.places["below"].page, s.places["drawing"].page)
		if want := fmt.Sprint(s.places["above"].page, s.places["above"].page, s.places["above"].page); at != want {
			t.Errorf("below %d lines headings and figure are on the pages %s", lines, at)
		}
		turned = turned || s.places["above"].y == top
	}
	if !turned {
		t.Error("no figure came to the end of a page")
	}
}
