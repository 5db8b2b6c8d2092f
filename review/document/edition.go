package document

// edition puts on every page which release it is of, and that nobody had reviewed it.
func (b *builder) edition() {
	e := b.r.Edition
	if e == nil {
		return
	}
	if e.Draft {
		b.badge(BadgeState, "DRAFT", Warn)
		b.d.Title = "DRAFT: " + b.d.Title
		b.d.Footer += ", DRAFT"
	}
	title := "release " + e.Release
	if e.For != "" {
		title += ", for " + e.For
	}
	b.badge(BadgeProfile, title, NoTone)
	b.d.Footer += ", release " + e.Release
}
