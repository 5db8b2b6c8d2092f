package document

import (
	"strings"

	"firebreak/review"
)

// decisions writes who decided what, and why.
func (b *builder) decisions() {
	b.section("decisions", "Decisions and approvals")
	if len(b.r.Decisions) == 0 {
		b.none()
		b.gone("decisions")
		return
	}
	b.weighed()
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

// weighed writes the decisions that were recorded with what was known then.
func (b *builder) weighed() {
	for _, d := range b.r.Decisions {
		if d.ID == "" {
			continue
		}
		b.add(Heading{ID: "decision-" + d.ID, Level: 2, Text: text(d.ID, ": ", d.What)})
		who := text(first(d.Decider, d.By))
		if d.Role != "" {
			who = append(who, plain(" ("+string(d.Role)+")"))
		}
		at := d.Time
		if !d.At.IsZero() {
			at = d.At
		}
		items := []Definition{{"Decided", append(append(text(at, " by "), who...), text(", recorded by ", d.By, " ", b.ref(d.Seq))...)}}
		for _, x := range []struct{ term, text string }{
			{"Question", d.Question}, {"What was known", first(d.Basis, "not recorded")}, {"Instead of", alternatives(d.Alternatives)}, {"Why", first(d.Why, "not recorded")},
		} {
			if x.text != "" {
				items = append(items, Definition{x.term, text(x.text)})
			}
		}
		b.add(Definitions{items})
	}
	b.gone("decisions")
	b.part("decisions-all", "All decisions and approvals")
}

func alternatives(list []string) string {
	if len(list) == 0 {
		return "not recorded"
	}
	return strings.Join(list, "; ")
}
