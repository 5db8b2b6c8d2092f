package document

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/review"
)

// head writes what the incident is and who was there.
func (b *builder) head() {
	i := b.r.Incident
	if i.Drill {
		b.add(Note{Warn, text(strong("DRILL."), " This was an exercise; its actions went to built-in fakes.")})
	}
	closed := text(i.Closed)
	if i.Closed.IsZero() && i.Status != incident.Closed {
		closed = text("not closed")
	}
	facts := []Definition{
		{"Title", text(i.Title)},
		{"Severity", text(i.Severity.String())},
		{"Status", text(strings.ToUpper(string(i.Status)))},
		{"TLP", text(strings.ToUpper(string(cmp.Or(b.r.Readers.Label, i.TLP))))},
		{"First sign seen", text(i.Detected)},
		{"Opened", text(i.Opened)},
		{"Closed", closed},
	}
	for _, role := range slices.Sorted(maps.Keys(i.Roles)) {
		facts = append(facts, Definition{title(string(role)), text(i.Roles[role])})
	}
	people := make([]Text, 0, len(b.r.People))
	for _, p := range b.r.People {
		people = append(people, text(p.Name, " ("+review.Counted(int64(p.Entries), "entry", "entries")+")"))
	}
	b.add(Definitions{append(
		facts,
		Definition{"People", commas(people...)},
		Definition{"Review made", text(b.r.Made, " by ", b.r.Tool)},
	)})
	b.say("All times are UTC. ", code("#12"), " is entry 12 of the record; ", code("e3 @1024"), " is byte or record 1024 of exhibit e3.")
}
