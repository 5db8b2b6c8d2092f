package document

import "firebreak/review"

// items writes what is to be done next.
func (b *builder) items() {
	b.section("items", "Action items")
	if len(b.r.Items) == 0 {
		b.none()
		return
	}
	t := Table{Named: true, Columns: []Column{{"", Short}, {"What", Words}, {"Owner", Short}, {"Due", Short}, {"Class", Short}, {"Entry", Entry}}}
	for _, x := range b.r.Items {
		due := toned(Bad, "no date")
		if !x.Due.IsZero() {
			due = plain(review.Day(x.Due))
		}
		owner := toned(Bad, "nobody")
		if x.Owner != "" {
			owner = plain(x.Owner)
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(x.ID), text(x.Text), text(owner), text(due), text(x.Class), text(b.ref(x.Seq))}})
	}
	b.table(t)
}
