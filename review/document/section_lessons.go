package document

// lessons writes what only people can say.
func (b *builder) lessons() {
	b.section("lessons", "What was learned")
	for _, s := range b.r.Lessons {
		if s.Key == "factors" {
			continue // they have a section of their own
		}
		b.part("said-"+s.Key, s.Title)
		b.say(quiet(s.Prompt))
		key := first(map[string]string{"mitigators": "well"}[s.Key], s.Key)
		b.written(key)
		if len(s.Said) == 0 && b.has(key) {
			continue
		}
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
			found = append(found, text(b.ref(w.Seq), ": ", code(w.Phrase), because(w.Why)))
		}
		b.list(found...)
	}
}

// has says whether a person wrote that part.
func (b *builder) has(key string) bool {
	return len(b.r.PartsFor(key)) > 0
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ", " + why
}
