package document

// summary writes the first half page, and what the team wrote.
func (b *builder) summary() {
	b.section("summary", "Summary")
	b.written("summary")
	var said []Text
	for _, s := range b.r.Summary {
		said = append(said, text(s))
	}
	b.list(said...)
	if s := b.r.Incident.Summary; s != "" {
		b.say("What the team wrote:")
		b.add(Verbatim{Text: s})
	}
	b.gone("summary")
}
