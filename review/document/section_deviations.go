package document

import "firebreak/review"

// deviations writes where the team did otherwise than the playbook of a run, and
// what the playbook would say if that was right.
func (b *builder) deviations(n string, run review.Run) {
	t := Table{Caption: "Where it was done otherwise", Columns: []Column{{"Step", Words}, {"Deviation", Short}, {"What happened", Words}, {"Why", Words}, {"Who", Short}, {"Entries", Entry}}}
	for _, d := range b.r.Deviations {
		if d.Run == run.ID {
			t.Rows = append(t.Rows, Row{Cells: []Text{text(first(d.Title, d.Step)), text(toned(deviationTone(d.Kind), d.Kind)), text(d.Text), text(first(d.Why, "-")), text(first(d.By, "-")), b.some(d.Seqs)}})
		}
	}
	b.table(t)
	for _, p := range b.r.Proposals {
		if p.Run != run.ID {
			continue
		}
		b.part("proposal-"+n, "Proposed change of the playbook")
		if p.Diff == "" {
			b.say("None: ", first(p.Reason, "nothing is to be changed"), ".")
			continue
		}
		b.say("For whoever owns the playbook to read, change and apply. It fits the file with the SHA-256 ", code(p.SHA256), ". The JSON form and the form \"patch\" have it to the byte.")
		var says []Text
		for _, s := range p.Says {
			says = append(says, text(s))
		}
		b.list(says...)
		b.add(Verbatim{p.Diff, true})
	}
}

func deviationTone(kind string) Tone {
	switch kind {
	case review.DevFailed:
		return Bad
	case review.DevAdded, review.DevRetried, review.DevOrder:
		return NoTone
	}
	return Warn
}
