package document

// lessons writes what only people can say.
func (b *builder) lessons() {
	b.section("lessons", "Contributing factors and lessons")
	for _, s := range b.r.Lessons {
		b.part("said-"+s.Key, s.Title)
		b.say(quiet(s.Prompt))
		if len(s.Said) == 0 {
			b.say("Nothing recorded. To fill this: ", s.How, ".")
			continue
		}
		var said []Text
		for _, x := range s.Said {
			item := text(x.Text, " (", x.By, ", ", b.ref(x.Seq), ")")
			if x.Question != "" {
				item = append(text(x.Question, " "), item...)
			}
			said = append(said, item)
		}
		b.list(said...)
	}
	if len(b.r.Wording) > 0 {
		b.part("wording", "Wording to look at before this is shared")
		var found []Text
		for _, w := range b.r.Wording {
			found = append(found, text(b.ref(w.Seq), ": ", code(w.Phrase)))
		}
		b.list(found...)
	}
}
