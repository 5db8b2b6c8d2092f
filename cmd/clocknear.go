package cmd

import (
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/review/clocks"
)

// nearest is the most urgent deadline of an incident as the list has it, "" for
// none.
func (p *program) nearest(n *response.NearestClock) string {
	switch {
	case n == nil:
		return ""
	case n.State == clocks.Late:
		return fmt.Sprintf("LATE %s by %s  ", term.Safe(n.Clock), span(p.Now().Sub(n.Due)))
	}
	return fmt.Sprintf("%s in %s  ", term.Safe(n.Clock), span(n.Due.Sub(p.Now())))
}

// clockLines are the deadlines of an incident as show has them.
func clockLines(b response.Board) string {
	var w strings.Builder
	if b.NoClocks != "" {
		fmt.Fprintf(&w, "deadlines are not known: %s\n", term.Safe(b.NoClocks))
	}
	open := 0
	for _, l := range b.Clocks {
		switch l.State {
		case clocks.Late:
			fmt.Fprintf(&w, "! %s is %s: %s\n", term.Safe(l.Clock), clockLeft(l), term.Safe(l.Duty))
		case clocks.DueSoon, clocks.Running:
			fmt.Fprintf(&w, "deadline %s: %s, %s: %s\n", term.Safe(l.Clock), clockLeft(l), utc(l.Due), term.Safe(l.Duty))
		case clocks.OpenDuty:
			open++
		case clocks.NotStarted, clocks.MetInTime, clocks.MetLate, clocks.Done, clocks.NotApplicable:
		}
	}
	for _, l := range b.Unjudged {
		fmt.Fprintf(&w, "? %s: %s\n", term.Safe(l.Clock), unjudged(b.Incident.ID, l))
	}
	if open > 0 {
		fmt.Fprintf(&w, "open duties without a number: %d: firebreak clocks %s\n", open, b.Incident.ID)
	}
	return w.String()
}

// unjudged says what people have to say of a deadline that the playbook asks for.
func unjudged(id incident.ID, l clocks.Line) string {
	if l.Applies == clocks.Applies {
		return fmt.Sprintf("it applies, and nobody has said since when: firebreak clocks start %s %s", id, l.Start)
	}
	return fmt.Sprintf("the playbook asks for it: firebreak clocks start %s %s, or firebreak clocks not %s %s", id, l.Start, id, term.Safe(l.Clock))
}
