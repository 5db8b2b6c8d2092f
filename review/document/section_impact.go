package document

import (
	"fmt"

	"firebreak/record"
	"firebreak/review"
)

func moreWords(n int) string { return fmt.Sprintf(" and %d more", n) }

// impact writes what the incident did: what people wrote, and what they stated in
// numbers.
func (b *builder) impact() {
	b.section("impact", "Impact")
	b.written("impact")
	told := b.r.Incident.Impact
	if told != "" {
		b.add(Verbatim{Text: told})
	}
	if len(b.r.Impact) == 0 {
		if told == "" {
			b.none()
		}
		b.gone("impact")
		return
	}
	t := Table{Named: true, Columns: []Column{{"Measure", Short}, {"How much", Short}, {"How sure", Short}, {"Of what, where", Words}, {"What it rests on", Words}, {"Said by", Short}, {"Entries", Entry}}}
	for _, m := range b.r.Impact {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(m.Measure), text(strong(m.Shown)), text(toned(certaintyTone(m.Certainty), m.Certainty)), impactOf(m),
			text(first(m.Basis, "not said")), text(m.By), b.some(append([]int64{m.Seq}, m.Earlier...)),
		}})
	}
	b.table(t)
	b.say(quiet("Each line is the latest word on its measure; a second entry is what was said before."))
	b.gone("impact")
}

func impactOf(m review.Measured) Text {
	var parts []Text
	for _, s := range []string{m.Class, m.Place, m.Text} {
		if s != "" {
			parts = append(parts, text(s))
		}
	}
	if !m.From.IsZero() {
		to := text(" on")
		if !m.To.IsZero() {
			to = text(" to ", m.To)
		}
		parts = append(parts, append(text("from ", m.From), to...))
	}
	if len(parts) == 0 {
		return text("-")
	}
	return commas(parts...)
}

func certaintyTone(c string) Tone {
	switch c {
	case "confirmed", "excluded":
		return Good
	case "estimated":
		return Warn
	}
	return Unknown
}

// written writes what a person wrote for a part, if anybody did.
func (b *builder) written(key string) {
	for _, p := range b.r.PartsFor(key) {
		readers := review.ReadersWord(p.For)
		if p.Text == record.WithheldMark {
			b.say(quiet("What the team wrote here is not for the readers of this review, and nobody wrote it for them."))
			continue
		}
		if p.For != "" && p.For != b.r.Readers.Profile {
			b.say("What " + readers + " read in the place of this:")
		}
		b.add(Verbatim{Text: p.Text})
		by := text(quiet("Written by "), p.By)
		if p.For != "" {
			by = text(quiet("Written for "+readers+" by "), p.By)
		}
		b.say(by, quiet(fmt.Sprintf(", version %d, ", p.Version)), b.ref(p.Seq))
	}
}

// gone lists what a section should say and nobody recorded.
func (b *builder) gone(section string) {
	var all []Text
	for _, g := range b.r.Missing {
		if g.Section == section {
			line := text(toned(Warn, "Missing:"), " ", g.What, ".")
			if !b.r.ToTheHour() { // the public has no incident to record it in
				line = append(line, text(" ", code(g.How))...)
			}
			all = append(all, line)
		}
	}
	b.list(all...)
}
