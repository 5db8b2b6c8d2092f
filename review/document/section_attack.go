package document

import (
	"strings"

	"firebreak/review"
)

// attack writes what the attacker did and what is theirs, and what the controls
// did against it.
func (b *builder) attack() {
	b.section("techniques", "Techniques and indicators")
	if len(b.r.Techniques) == 0 {
		b.none()
	}
	t := Table{Named: true, Columns: []Column{{"ATT&CK", Short}, {"Name", Words}, {"First used", Moment}, {"Known by", Short}, {"Controls", Short}, {"How that is known", Words}, {"Entries", Entry}}}
	for _, x := range b.r.Techniques {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(code(x.ID)), text(first(x.Name, "-")), text(x.First), text(strings.Join(x.Sources, ", ")), text(toned(heldTone(x.Held), first(x.Held, "not said"))),
			text(first(strings.Join(x.Texts, "; "), "-")), b.some(x.Seqs),
		}})
	}
	b.table(t)
	b.gone("techniques")
	b.part("indicators", "Indicators of the attacker")
	b.subjects(b.r.Indicators, "Nothing is named as the attacker's.")
	b.gone("indicators")
	b.part("subjects", "Who and what else was named")
	b.subjects(b.r.Subjects, "Nobody and nothing.")
}

func (b *builder) subjects(list []review.Subject, none string) {
	if len(list) == 0 {
		b.say(quiet(none))
		return
	}
	t := Table{Columns: []Column{{"Kind", Short}, {"What", Words}, {"Whose", Short}, {"How that is known", Words}, {"Named by", Short}, {"Entry", Entry}}}
	for _, s := range list {
		what := text(code(s.Value))
		if s.As != "" {
			what = append(what, plain(" "+s.As))
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(s.Kind), what, text(s.Role), text(first(s.Note, "-")), text(s.By), text(b.ref(s.Seq))}})
	}
	b.table(t)
}

// controls writes the gaps, by the framework that speaks of them.
func (b *builder) controls() {
	b.section("controls", "Control gaps")
	if len(b.r.Controls) == 0 {
		b.none()
		return
	}
	for _, f := range b.r.Gaps {
		b.part("controls-"+f.Key, f.Name)
		t := Table{Named: true, Columns: []Column{{"Control", Short}, {"What it is about", Words}, {"It", Short}, {"What it did, or did not do", Words}, {"Entries", Entry}}}
		for _, g := range f.Gaps {
			t.Rows = append(t.Rows, Row{Cells: []Text{text(code(g.Ref)), text(first(g.Name, "-")), text(toned(heldTone(g.Held), g.Held)), text(first(strings.Join(g.Texts, "; "), "-")), b.some(g.Seqs)}})
		}
		b.table(t)
	}
	held := 0
	for _, c := range b.r.Controls {
		if c.Held == "held" {
			held++
		}
	}
	b.say(review.Counted(int64(len(b.r.Controls)), "control was", "controls were"), " judged, ", review.Counted(int64(held), "of them held", "of them held"), ".")
	b.say(quiet("The references are those of the frameworks; the words beside them are ours, and no text of a framework."))
}
