package document

// edition puts on every page whom it was made for, and that nobody had reviewed it.
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
	if t := e.Title(); t != "" {
		b.badge(BadgeProfile, t, NoTone)
	}
	if e.Release != "" {
		b.d.Footer += ", release " + e.Release
	}
}
