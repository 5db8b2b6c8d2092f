package document

import (
	"strings"

	"firebreak/review"
)

// clocks writes the deadlines: what they count from, when they were due, and
// whether that was met.
func (b *builder) clocks() {
	b.section("clocks", "Deadlines")
	if len(b.r.Clocks) == 0 {
		b.none()
		b.gone("clocks")
		return
	}
	b.deadlinesFigure()
	t := Table{Named: true, Columns: []Column{{"Deadline", Words}, {"State", Short}, {"Counts from", Words}, {"Due", Words}, {"Met", Words}, {"Source", Words}, {"Entries", Entry}}}
	for _, c := range b.r.Clocks {
		from := text(c.Start)
		if !c.Started.IsZero() {
			from = append(from, text(": ", c.Started)...)
		}
		due := text(first(c.DueText, "-"))
		if !c.Due.IsZero() {
			due = text(c.Due)
			if c.DueText != "" {
				due = append(due, quiet(" ("+c.DueText+")"))
			}
		}
		met := text("-")
		if !c.Met.IsZero() {
			met = text(c.Met)
			if c.Proof != "" {
				met = append(met, quiet(" ("+c.Proof+")"))
			}
		}
		source := strings.Trim(c.Source+"; confidence "+first(c.Confidence, "not said"), "; ")
		if c.Checked != "" {
			source += "; looked at " + c.Checked
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{
			text(strong(first(c.Regime, c.ID)), " ", c.Duty, quiet(recipientOf(c))), text(toned(clockTone(c.State), c.State)), from, due, met, text(quiet(source)), b.some(c.Seqs),
		}})
	}
	b.table(t)
	b.say(quiet("A deadline is advice, worked out from what people recorded: it sends nothing, and it is no legal opinion."))
	b.gone("clocks")
}

func recipientOf(c review.ClockLine) string {
	if c.Recipient == "" {
		return ""
	}
	return " (to " + c.Recipient + ")"
}

func clockTone(state string) Tone {
	switch state {
	case "met":
		return Good
	case "met late", "running":
		return Warn
	case "missed":
		return Bad
	case "not started":
		return Unknown
	}
	return NoTone
}
