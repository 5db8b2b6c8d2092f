package document

import (
	"strings"

	"firebreak/review"
)

// detection writes what gave the incident away, and what should have.
func (b *builder) detection() {
	b.section("detection", "Detection")
	b.written("detection")
	d := b.r.Detection
	if d.Known {
		b.say("It went on for ", strong(review.Span(d.After)), " before anybody saw a sign of it.")
	}
	b.part("detection-caught", "What caught it")
	if len(d.Caught) == 0 {
		b.none()
	}
	t := Table{Columns: []Column{{"When", Moment}, {"What", Short}, {"What was seen", Words}, {"Recorded by", Short}, {"Entry", Entry}}}
	for _, c := range d.Caught[:min(len(d.Caught), maxRows)] {
		t.Rows = append(t.Rows, Row{Cells: []Text{text(c.At), text(c.What), text(c.Text), text(c.By), text(b.ref(c.Seq))}})
	}
	b.table(t)
	b.part("detection-should", "What should have")
	if len(d.Should) == 0 {
		b.say(quiet("No control is recorded that did not hold."))
	}
	t = Table{Columns: []Column{{"Control", Words}, {"It", Short}, {"What it did, or did not do", Words}, {"Entry", Entry}}}
	for _, c := range d.Should {
		t.Rows = append(t.Rows, Row{Cells: []Text{text(strings.Join(c.Refs, ", ")), text(toned(heldTone(c.Held), c.Held)), text(first(c.Text, "-")), text(b.ref(c.Seq))}})
	}
	b.table(t)
	b.gone("detection")
}

func heldTone(held string) Tone {
	switch held {
	case "held":
		return Good
	case "partly":
		return Warn
	case "failed", "missing":
		return Bad
	}
	return NoTone
}
