package document

import "firebreak/review"

// decisions writes who decided what, and why.
func (b *builder) decisions() {
	b.section("decisions", "Decisions and approvals")
	if len(b.r.Decisions) == 0 {
		b.none()
		return
	}
	t := Table{Columns: []Column{{"Time", Moment}, {"Entry", Entry}, {"Who", Short}, {"What", Words}, {"Why", Words}, {"Bound to", Words}}}
	for _, d := range b.r.Decisions {
		bound := text("-")
		if d.Digest != "" {
			bound = text("plan ", code(review.Brief(d.Digest)), ", known by ", d.Known())
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(d.Time), text(b.ref(d.Seq)), text(d.By), text(d.What), text(d.Why), bound}})
	}
	b.table(t)
}
