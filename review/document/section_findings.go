package document

// findings writes what triage found and people confirmed, where there is
// something to say.
func (b *builder) findings() {
	if len(b.r.Findings) == 0 {
		return
	}
	b.section("findings", "Findings of triage that were confirmed")
	t := Table{Columns: []Column{{"First seen", Moment}, {"Severity", Short}, {"What", Words}, {"Why", Words}, {"Confirmed by", Short}, {"Entry", Entry}}}
	for _, f := range b.r.Findings {
		what := text(strong(f.Title), ": ", f.About)
		if f.Host != "" {
			what = append(what, plain(" on "), plain(f.Host))
		}
		what = append(what, plain(" ("), plain(f.Says), plain(")"))
		t.Rows = append(t.Rows, Row{Cells: []Text{text(f.First), text(f.Severity), what, text(f.Why), text(f.By), text(b.ref(f.Seq))}})
	}
	b.table(t)
}
