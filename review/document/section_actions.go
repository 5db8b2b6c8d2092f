package document

import (
	"fmt"

	"firebreak/review"
)

// actions writes what was done on outside systems, and what is known of it.
func (b *builder) actions() {
	b.section("actions", "Actions on outside systems")
	if len(b.r.Actions) == 0 {
		b.none()
		return
	}
	t := Table{
		Named: true,
		Columns: []Column{
			{"", Short},
			{"What", Words},
			{"On", Words},
			{"Danger", Short},
			{"Approved", Words},
			{"What is known of it", Words},
			{"Undo", Words},
			{"Entries", Entry},
			{"Plan", Digest},
		},
	}
	for _, a := range b.r.Actions {
		if a.Unsure() {
			b.alarm("Nobody knows whether ", a.ID, " (", a.Title, ") took effect. Look at the other side before anything else.")
		}
		t.Rows = append(t.Rows, b.actionRow(a))
	}
	b.table(t)
	b.containment()
	b.rollbacks()
}

func (b *builder) actionRow(a review.Action) Row {
	undo := plain(a.HowUndone())
	if a.Final() {
		undo = toned(Bad, a.HowUndone())
	}
	approved := text(fmt.Sprintf("%d of %d", len(a.Approvals), a.Needed))
	for i, y := range a.Approvals {
		approved = append(approved, plain(map[bool]string{true: ": ", false: ", "}[i == 0]),
			plain(y.By), plain(" ("+first(string(y.Strength), "not recorded")+") "), b.ref(y.Seq))
		if !y.Bound {
			approved = append(approved, plain(" "), toned(Bad, "for another plan"))
		}
		if y.BreakGlass {
			approved = append(approved, plain(" "), toned(Bad, "BREAK-GLASS"), plain(": "+first(y.Reason, "no reason given")))
		}
	}
	standing := plain(a.Standing)
	if a.Unsure() {
		standing = toned(Unknown, a.Standing)
	}
	known := text(standing)
	if a.Says != "" && a.RevertedBy == "" {
		known = append(known, plain(": "), plain(a.Says))
	}
	row := Row{Cells: []Text{
		text(a.ID), text(a.Title), text(a.Target), text(a.Danger.String()), approved, known, text(undo),
		text(b.ref(a.Planned.Seq), " to ", b.ref(a.Changed.Seq)), text(code(review.Brief(a.Digest))),
	}}
	if a.Unsure() {
		row.Tone = Unknown
	}
	return row
}

// containment lists what was meant to end, and what went around a rule.
func (b *builder) containment() {
	t := Table{Named: true, Columns: []Column{{"", Short}, {"What", Words}, {"On", Words}, {"How long", Words}, {"At the end of this record", Short}}}
	var around []Text
	for _, a := range b.r.Actions {
		for _, rule := range a.Overrides {
			around = append(around, text(a.ID, strong(" went around a rule"), ": ", rule))
		}
		if a.Box != nil {
			standing := plain("ended")
			if a.Held() {
				standing = toned(Bad, "in force")
			} else if a.Attempts == 0 {
				standing = plain("never sent")
			}
			t.Rows = append(t.Rows, Row{Cells: []Text{text(a.ID), text(a.Title), text(a.Target), text(a.Box.Says()), text(standing)}})
		}
	}
	b.list(around...)
	if len(t.Rows) > 0 {
		b.part("boxes", "Time boxes")
		b.table(t)
	}
}

// rollbacks writes what was undone together.
func (b *builder) rollbacks() {
	for n, r := range b.r.Rollbacks {
		b.part(fmt.Sprintf("rollback-%d", n+1), "Rollback of ", r.Scope)
		by := text(r.Time, " by ", r.By, " ", b.ref(r.Seq))
		if r.Reason != "" {
			by = append(by, plain(": "), plain(r.Reason))
		}
		b.add(Paragraph{by})
		t := Table{Named: true, Columns: []Column{{"", Short}, {"Result", Short}, {"By", Short}, {"Why", Words}}}
		for _, x := range r.Results {
			t.Rows = append(t.Rows, Row{Cells: []Text{text(x.Action), text(review.ResultWord(x.Result)), text(x.Undo), text(x.Why)}})
		}
		b.table(t)
	}
}
