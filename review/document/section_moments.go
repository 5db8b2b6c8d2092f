package document

// moments writes when it came about, with the definition and how that is known.
func (b *builder) moments() {
	if len(b.r.Moments) == 0 {
		return
	}
	b.part("moments", "From the first act to recovery")
	t := Table{Named: true, Columns: []Column{{"", Short}, {"When", Moment}, {"How that is known", Words}, {"What is meant", Words}, {"Entry", Entry}}}
	for _, m := range b.r.Moments {
		when, how := text(m.At), text(m.What)
		if !m.Known {
			when, how = text(toned(Unknown, "unknown")), text(m.Reason)
		}
		if m.Stated {
			how = text("stated by ", m.By)
			if m.Reason != "" {
				how = append(how, plain(": "+m.Reason))
			}
			if !m.Implied.IsZero() && !m.Implied.Equal(m.At) {
				how = append(how, text(quiet("; without that word the record would say "), m.Implied, " ", b.ref(m.ImpliedSeq))...)
			}
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(m.Title), when, how, text(quiet(m.Definition)), text(b.ref(m.Seq))}})
	}
	b.table(t)
	b.gone("moments")
}
