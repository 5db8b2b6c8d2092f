package document

import "firebreak/review"

// items writes what is to be done next.
func (b *builder) items() {
	b.section("items", "Action items")
	if len(b.r.Items) == 0 {
		b.none()
		b.gone("items")
		return
	}
	t := Table{Named: true, Columns: []Column{{"", Short}, {"What", Words}, {"Owner", Short}, {"Due", Short}, {"Class", Short}, {"State", Short}, {"Done when", Words}, {"Entry", Entry}}}
	for _, x := range b.r.Items {
		due := toned(Bad, "no date")
		if !x.Due.IsZero() {
			due = plain(review.Day(x.Due))
		}
		owner := toned(Bad, "nobody")
		if x.Owner != "" {
			owner = plain(x.Owner)
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(x.ID), text(x.Text), text(owner), text(due), text(x.Class), itemState(x), text(first(x.Verify, "-")), text(b.ref(x.Seq))}})
	}
	b.table(t)
	var past []Text
	for _, x := range b.r.Items {
		for _, h := range x.History {
			past = append(past, text(x.ID, ", ", h.Time, " ", h.By, ": ", h.Text, " ", b.ref(h.Seq)))
		}
	}
	if len(past) > 0 {
		b.part("items-history", "What became of them")
		b.list(past...)
	}
	b.gone("items")
}

func itemState(x review.Item) Text {
	tone := NoTone
	switch x.State {
	case "done", "verified":
		tone = Good
	case "dropped":
		tone = Warn
	}
	out := text(toned(tone, x.State))
	if x.Overdue {
		out = append(out, plain(" "), toned(Bad, "overdue"))
	}
	if x.Link != "" {
		out = append(out, plain(" "), code(x.Link))
	}
	return out
}
