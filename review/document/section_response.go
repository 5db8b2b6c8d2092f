package document

import (
	"fmt"

	"firebreak/review"
)

// mostDeeds is how many deeds of a phase a document lists; the timeline has all.
const mostDeeds = 40

// response writes what was done in each phase.
func (b *builder) response() {
	b.section("response", "Response by phase")
	for _, p := range b.r.Response {
		b.part("phase-"+first(review.PhaseWord(p.Phase), "none"), title(review.PhaseWord(p.Phase)))
		var refs []Text
		for _, f := range p.Functions {
			refs = append(refs, text(code(f.Ref), " "+f.Name))
		}
		length := b.r.Length(p.Took)
		if p.Times > 1 {
			length += fmt.Sprintf(" in %d stretches", p.Times)
		}
		to := text(p.To)
		if p.To.IsZero() {
			to = text("still going on")
		}
		b.say(p.From, " to ", to, ", ", length, ", ", review.Counted(int64(p.Entries), "entry", "entries"), " ", b.ref(p.Seq), ". NIST CSF 2.0: ", commas(refs...), ".")
		t := Table{Columns: []Column{{"When", Moment}, {"What", Words}, {"Kind", Short}, {"Who", Short}, {"Entry", Entry}}}
		for _, a := range p.Done[:min(len(p.Done), mostDeeds)] {
			row := Row{Cells: []Text{text(a.Time), text(a.Text), text(a.Kind), text(a.By), text(b.ref(a.Seq))}}
			if a.Bad {
				row.Tone = Bad
			}
			t.Rows = append(t.Rows, row)
		}
		b.table(t)
		if n := len(p.Done) - mostDeeds; n > 0 {
			b.say(quiet(review.Counted(int64(n), "deed is", "deeds are") + " not listed here: see the timeline."))
		}
		if len(p.Done) == 0 {
			b.say(quiet("No step, action, collection or decision is recorded in it."))
		}
	}
	b.say(quiet(review.CSFSource))
}
