package document

import (
	"fmt"
	"strings"

	"firebreak/review"
)

// evidence writes the register of what was taken, and what could not be.
func (b *builder) evidence() {
	b.section("evidence", "Evidence and custody")
	for _, id := range b.r.Broken() {
		b.alarm("Exhibit ", id, " does not match its seal.")
	}
	if len(b.r.Evidence) == 0 {
		b.none()
		b.gone("evidence")
	}
	t := Table{
		Named: true,
		Columns: []Column{
			{"", Short},
			{"What", Words},
			{"From", Words},
			{"Size", Number},
			{"SHA-256", Digest},
			{"Taken", Moment},
			{"Sealed by", Short},
			{"How", Words},
			{"Deviations and checks", Words},
		},
	}
	for _, x := range b.r.Evidence {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(x.ID), text(first(x.Title, x.Kind)), text(strings.TrimSpace(x.Host + " " + x.Source)), text(x.Sized()), text(code(x.SHA256)),
			text(x.Finished), text(x.SealedBy, " ", b.ref(x.Seq)), text(x.Method), text(x.Remark()),
		}})
	}
	b.table(t)
	b.custody()
	shown := 0
	for _, c := range b.r.Collections {
		b.say(b.ref(c.Seq), " ", c.Says(), ".")
		n := min(len(c.Refused), maxRows-shown)
		if n <= 0 {
			continue
		}
		shown += n
		b.say("Could not be collected: ", len(c.Refused), ".")
		t := Table{Columns: []Column{{"Collector", Short}, {"What", Words}, {"Why", Words}}}
		for _, x := range c.Refused[:n] {
			t.Rows = append(t.Rows, Row{Cells: []Text{text(x.Collector), text(x.Source), text(x.Reason)}})
		}
		b.table(t)
		if more := len(c.Refused) - n; more > 0 {
			b.say(quiet(fmt.Sprintf("%s not shown here: see the JSON form.", review.Counted(int64(more), "row is", "rows are"))))
		}
	}
}

// ingested writes what became of the evidence in the timeline.
func (b *builder) ingested() {
	b.section("ingested", "From evidence to timeline")
	in := b.r.Ingested
	if len(in.Exhibits) == 0 {
		b.say("Nothing was read into the timeline.")
		return
	}
	b.say(in.Says())
	t := Table{
		Named: true,
		Columns: []Column{
			{"Exhibit", Short},
			{"Parser", Short},
			{"Seen", Number},
			{"Events", Number},
			{"New", Number},
			{"Rejected", Number},
			{"First", Moment},
			{"Last", Moment},
			{"Entry", Entry},
		},
	}
	for _, x := range in.Exhibits {
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(x.Exhibit), text(x.Parser), text(review.Grouped(x.Seen)), text(review.Grouped(x.Events + x.Recovered)), text(review.Grouped(x.Added)),
			text(review.Grouped(x.Rejected)), text(x.Moment(x.First)), text(x.Moment(x.Last)), text(b.ref(x.Seq)),
		}})
	}
	b.table(t)
	for _, x := range in.Exhibits {
		rejected, notes := x.Split()
		if len(notes) > 0 {
			b.say("Assumed in ", x.Exhibit, ":")
			b.add(Verbatim{strings.Join(few(notes), "\n"), true})
		}
		if len(rejected) > 0 {
			b.say("Rejected in ", x.Exhibit, ", for example:")
			b.add(Verbatim{strings.Join(few(rejected), "\n"), true})
		}
	}
}

func few(s []string) []string { return s[:min(len(s), 5)] }
