package document

// communications writes what was said to whom outside.
func (b *builder) communications() {
	b.section("communications", "Communications sent")
	if len(b.r.Communications) == 0 {
		b.none()
		return
	}
	t := Table{Columns: []Column{{"Time", Moment}, {"Entry", Entry}, {"Over", Short}, {"To", Short}, {"What", Words}, {"State", Short}, {"Their reference", Words}}}
	for _, c := range b.r.Communications {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(c.Time), text(b.ref(c.Seq)), text(c.Connection), text(c.Target), text(first(c.Text, c.Title)),
			text(toned(stateTone(c.State), c.State)), text(c.Ref),
		}})
	}
	b.table(t)
}
