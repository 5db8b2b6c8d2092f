package document

import (
	"strings"

	"firebreak/review"
)

// custody writes who took the evidence, who held it and who has it now.
func (b *builder) custody() {
	c := b.r.Custody
	if len(c.Chains) == 0 {
		return
	}
	b.part("custody", "Chain of custody")
	b.say("Exhibits that went the same way stand together; each had one holder at every time.")
	for _, g := range c.Gaps {
		b.alarm(g, ".")
	}
	t := Table{
		Named: true,
		Columns: []Column{
			{"Exhibits", Words}, {"Taken and sealed by", Words}, {"When", Moment}, {"How", Words}, {"Since then", Words}, {"Held by", Words}, {"Entries", Entry},
		},
	}
	for _, x := range c.Chains {
		row := Row{}
		when := text(x.From)
		if review.When(x.To) != review.When(x.From) {
			when = text(x.From, " to ", x.To)
		}
		since := strings.Join(append(append([]string{}, x.Steps...), x.Transfers...), "; ")
		holder := text(given(x.Holder))
		if !x.Since.IsZero() {
			holder = text(given(x.Holder), " since ", x.Since)
		}
		if x.Open != "" {
			holder = text(holder, "; ", toned(Warn, x.Open+" was not answered"))
			row.Tone = Warn
		}
		if x.Erased != "" {
			holder = text("erased (", x.Erased, ")")
		}
		for _, g := range x.Gaps {
			holder = text(holder, "; ", toned(Bad, g))
			row.Tone = Bad
		}
		row.Cells = []Text{
			text(review.Several(x.Exhibits)), text(x.By), when, text(given(x.Method)), text(first(since, "nothing recorded")), holder, b.refs(append(x.Seqs, last(x.Last)...)...),
		}
		t.Rows = append(t.Rows, row)
	}
	b.table(t)
	b.transfers(c.Transfers)
	if !b.r.ToTheHour() {
		b.say(quiet("At length, with signatures held against a roster: "), code("firebreak custody "+string(b.r.Incident.ID)), quiet("."))
	}
}

func last(seq int64) []int64 {
	if seq == 0 {
		return nil
	}
	return []int64{seq}
}

// transfers writes each handover with both sides.
func (b *builder) transfers(all []review.Handed) {
	t := Table{
		Caption: "Transfers of evidence", Named: true,
		Columns: []Column{
			{"", Short}, {"Exhibits", Words}, {"Given by", Words}, {"Taken by", Words}, {"Offered", Moment}, {"Answered", Moment}, {"Why, where", Words}, {"Entries", Entry},
		},
	}
	for _, x := range all {
		takes, answered, tone := text(x.To, ", ", x.Takes), text(x.Answered.Time), NoTone
		switch x.State {
		case review.TransferOpen:
			takes, answered, tone = text(x.To, ": ", toned(Warn, "not answered")), text("-"), Warn
		case review.TransferRefused:
			takes = text(toned(Warn, "refused"), " by ", x.To, ", ", x.Takes)
		}
		why := x.Reason
		if x.Place != "" {
			why = strings.TrimPrefix(why+"; at "+x.Place, "; ")
		}
		t.Rows = append(t.Rows, Row{Tone: tone, Cells: []Text{
			text(x.ID), text(review.Several(x.Exhibits)), text(x.From, ", ", x.Gives), takes, text(x.Offered.Time), answered, text(given(why)),
			b.refs(append([]int64{x.Offered.Seq}, last(x.Answered.Seq)...)...),
		}})
	}
	b.table(t)
}
