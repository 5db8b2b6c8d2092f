package document

import (
	"maps"
	"slices"

	"firebreak/review"
)

// limits writes what this review does not show.
func (b *builder) limits() {
	b.section("limits", "Limits of this review")
	b.written("limits")
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
	b.part("verify", "How to verify")
	var how []Text
	for _, v := range b.r.Verify {
		how = append(how, text(v))
	}
	b.list(how...)
	b.state()
	b.gone("integrity")
}

// state writes how far the review is, who signed it off, and what was released.
func (b *builder) state() {
	s := b.r.Standing
	b.part("state", "State of this review")
	at := text(strong(string(s.State)))
	if s.Seq > 0 {
		at = append(at, text(" since ", s.Since, ", by ", s.By, " ", b.ref(s.Seq))...)
	}
	b.say("This review is ", at, ".")
	if s.Stale {
		b.add(Note{Warn, text("The record has grown since it was signed off: what was signed is not all that stands here.")})
	}
	t := Table{Caption: "From draft to closed", Columns: []Column{{"When", Moment}, {"From", Short}, {"To", Short}, {"Who", Short}, {"Signed", Words}, {"Entries covered", Number}, {"Entry", Entry}}}
	for _, m := range s.Moves {
		signed := text("not signed")
		if m.Signer != "" {
			signed = text(m.Signer, " ", code(m.Key))
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(m.Time), text(string(m.From)), text(string(m.To)), text(m.By), signed, text(review.Grouped(m.Size)), text(b.ref(m.Seq))}})
	}
	b.table(t)
	t = Table{Caption: "Releases", Named: true, Columns: []Column{{"Release", Short}, {"When", Moment}, {"Profile", Short}, {"For", Words}, {"Files", Digest}, {"Entry", Entry}}}
	for _, x := range b.r.Releases {
		var files []Text
		for _, name := range slices.Sorted(maps.Keys(x.Files)) {
			files = append(files, text(name, " ", code(x.Files[name])))
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(x.ID), text(x.Time), text(string(x.Profile)), text(first(x.To, "-")), commas(files...), text(b.ref(x.Seq))}})
	}
	b.table(t)
}
