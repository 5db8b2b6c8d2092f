package document

import (
	"fmt"

	"firebreak/review"
)

// runs writes what the playbooks asked for beside what happened.
func (b *builder) runs() {
	b.section("playbook", "Playbook against reality")
	if len(b.r.Runs) == 0 {
		b.say("The team followed no playbook.")
		return
	}
	for n, run := range b.r.Runs {
		b.part(fmt.Sprintf("run-%d", n+1), run.Name, " ", run.Version)
		b.say(run.Says())
		if run.Unread != "" {
			b.alarm(run.Unread)
		}
		if s := shares(run.Counts); len(s.Parts) > 0 {
			b.add(Figure{ID: fmt.Sprintf("fig-run-%d", n+1), Caption: "What became of the steps", Alt: sharesAlt(s), Drawing: s})
		}
		t := Table{Columns: []Column{{"Phase", Short}, {"Step", Words}, {"State", Short}, {"Remark", Words}, {"Who", Short}, {"When", Moment}, {"Entry", Entry}}}
		for _, s := range run.Steps {
			t.Rows = append(t.Rows, b.stepRow(s))
		}
		b.table(t)
		b.deviations(fmt.Sprint(n+1), run)
	}
}

func (b *builder) stepRow(s review.Step) Row {
	state := text(toned(stepTone(s), s.State))
	if s.Alarming() {
		state[0].Style = Strong
	}
	if s.Added {
		state = append(state, plain(" (added on the way)"))
	}
	at, seq, by := text("-"), text("-"), text("-")
	if s.Changed != nil {
		at, seq, by = text(s.Changed.Time), text(b.ref(s.Changed.Seq)), text(s.Changed.By)
	}
	return Row{Cells: []Text{text(review.PhaseWord(s.Phase)), text(s.Title), state, text(s.Remark()), by, at, seq}}
}

func stepTone(s review.Step) Tone {
	switch {
	case s.State == "done":
		return Good
	case s.State == "failed":
		return Bad
	case s.Alarming():
		return Warn
	}
	return NoTone
}

func shares(c review.Counts) Shares {
	var out Shares
	for _, p := range []Share{
		{"done", c.Done, Good},
		{"skipped", c.Skipped, Warn},
		{"failed", c.Failed, Bad},
		{"not ended", c.Open, Warn},
		{"never reached", c.Unreached, Unknown},
		{"not applicable", c.NotApplied, NoTone},
	} {
		if p.N > 0 {
			out.Parts = append(out.Parts, p)
		}
	}
	return out
}

func sharesAlt(s Shares) string {
	out := "Steps: "
	for i, p := range s.Parts {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%d %s", p.N, p.Label)
	}
	return out + "."
}
