package document

import "firebreak/review"

// communications writes what was said to whom outside.
func (b *builder) communications() {
	b.section("communications", "Communications sent")
	b.written("communications")
	if len(b.r.Communications) == 0 {
		b.none()
		b.gone("communications")
		return
	}
	t := Table{Columns: []Column{{"Time", Moment}, {"Entry", Entry}, {"Over", Short}, {"To", Short}, {"What", Words}, {"State", Short}, {"Their reference", Words}}}
	for _, c := range b.r.Communications {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(c.Time), text(b.ref(c.Seq)), text(c.Connection), text(c.Target), messageText(c),
			text(toned(stateTone(c.State), c.State)), text(c.Ref),
		}})
	}
	b.table(t)
}

// messageText is what was said, and of an update to whom and how late.
func messageText(c review.Communication) Text {
	out := text(first(c.Text, c.Title))
	if c.Update == "" {
		return out
	}
	out = append(out, quiet(" (update "+c.Update+" for "+first(c.Audience, "an audience that is not named")))
	if c.Late > 0 {
		out = append(out, quiet(", "), toned(Warn, review.Span(c.Late)+" late"))
	}
	return append(out, quiet(")"))
}
