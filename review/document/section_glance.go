package document

// glance writes the incident in numbers that nobody typed.
func (b *builder) glance() {
	b.section("glance", "At a glance")
	t := Table{Named: true, Columns: []Column{{"", Short}, {"How much", Words}, {"What is counted", Words}, {"Entries", Entry}}}
	for _, f := range b.r.Glance {
		shown, note := strong(f.Shown), text(quiet(f.Note))
		if !f.Known {
			shown, note = toned(Unknown, f.Shown), text(quiet(f.Reason))
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(f.Title), text(shown), note, b.some(f.Seqs)}})
	}
	b.table(t)
}

// most is how many entries a line names; the JSON form has all of them.
const most = 6

// some names the first entries of many.
func (b *builder) some(seqs []int64) Text {
	if len(seqs) == 0 {
		return text("-")
	}
	if len(seqs) <= most {
		return b.refs(seqs...)
	}
	out := b.refs(seqs[:most]...)
	return append(out, quiet(moreWords(len(seqs)-most)))
}
