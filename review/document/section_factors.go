package document

import "firebreak/review"

// factors writes the conditions that made it possible, or worse.
func (b *builder) factors() {
	b.section("factors", "Contributing factors")
	b.say(quiet("Conditions, not causes: there are several, and a person's act is none of them."))
	b.written("factors")
	if len(b.r.Factors) == 0 {
		b.none()
	}
	t := Table{Named: true, Columns: []Column{{"", Short}, {"Kind", Short}, {"What", Words}, {"Answered by", Short}, {"Named by", Short}, {"Entry", Entry}}}
	for _, f := range b.r.Factors {
		what := text(f.Text)
		if f.Key != "" {
			what = append(what, quiet(" ("+f.Key+")"))
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(first(f.ID, "-")), text(first(f.Category, "not said")), what, text(answered(f)), text(f.By), text(b.ref(f.Seq))}})
	}
	b.table(t)
	b.gone("factors")
}

func answered(f review.Factor) string {
	out := ""
	for i, id := range f.Items {
		if i > 0 {
			out += ", "
		}
		out += id
	}
	return first(out, "nothing yet")
}
