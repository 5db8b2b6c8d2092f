package document

import "firebreak/review"

// limits writes what this review does not show.
func (b *builder) limits() {
	b.section("limits", "Limits of this review")
	var all []Text
	for _, l := range b.r.Limits {
		all = append(all, text(l))
	}
	b.list(all...)
	t := Table{Columns: []Column{{"Clock moved between", Entry}, {"Wall clock says", Short}, {"Uptime says", Short}}}
	for _, j := range b.r.ClockJumps {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(b.ref(j.After), " to ", b.ref(j.Before)), text(review.Span(j.Wall)), text(j.SteadyWords()),
		}})
	}
	b.table(t)
}

// integrity writes what ties the review to its record, and how to verify it.
func (b *builder) integrity() {
	b.section("integrity", "Integrity")
	i := b.r.Integrity
	if i.Problem != "" {
		b.alarm(i.Problem)
	}
	b.say("This review was made of ", review.Counted(i.Entries, "entry", "entries"), ".")
	if i.Seal == "" {
		return
	}
	b.say("The record was sealed at ", review.Counted(i.Size, "entry", "entries"), ", and everything above was read from it. The seal:")
	b.add(Verbatim{i.Seal, true})
	b.say(review.VerifyWords)
	b.add(Verbatim{"firebreak verify " + string(b.r.Incident.ID), true})
	if i.Signed != "" {
		b.say("The signed head (a C2SP checkpoint):")
		b.add(Verbatim{i.Signed, true})
	}
}
