package document

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// Sides show what the attacker did and what the responders did over one axis of
// time, and when the first became known to the second. The phases are its ground.
type Sides struct {
	Marks  []SideMark
	Phases []Lane
	Until  time.Time // the end of a stretch that has none
}

// SideMark is something that happened on one of the sides. Of two marks that want
// one place, the words of the heavier are shown.
type SideMark struct {
	At, Found time.Time // Found is missing where it is the same moment
	Side      string    // review.Attacker, Responder, System or Evidence
	Kind      DotKind
	Ref       string // "#12"
	To        string // the id of its row
	Label     string
	Weight    int
}

// Strip shows the points of the incident's own history in their order, with the
// time between them.
type Strip struct{ Points []StripPoint }

// StripPoint is one of them; one that is not known has no time.
type StripPoint struct {
	Label string
	At    time.Time
	Why   string // how it is known, or why it is not
}

func (Sides) drawing() {}
func (Strip) drawing() {}

// sides are the rows of the timeline that have a time.
func (b *builder) sides() Sides {
	s := Sides{Until: b.r.Made}
	for _, p := range incident.Phases() {
		x := Lane{Label: p.String(), Phase: p}
		for _, st := range b.r.Phases {
			if st.Phase == p {
				x.Stretches = append(x.Stretches, Stretch{st.From, st.To, p.String()})
			}
		}
		if len(x.Stretches) > 0 {
			s.Phases = append(s.Phases, x)
		}
	}
	for _, row := range b.r.Timeline[:min(len(b.r.Timeline), maxRows)] {
		if row.Time.IsZero() {
			continue
		}
		m := SideMark{At: row.Time, Found: row.Discovered, Side: sideOf(row), Kind: dotKind(row), Ref: row.Ref, Label: row.Text, Weight: weight(row)}
		if !row.Evidence {
			m.To = b.anchors[row.Seq]
		}
		if m.Found.Equal(m.At) {
			m.Found = time.Time{}
		}
		s.Marks = append(s.Marks, m)
	}
	return s
}

func sideOf(r review.Row) string {
	switch {
	case r.Side != "":
		return r.Side
	case r.Evidence:
		return review.Evidence
	}
	return review.Responder
}

// weight says how much a reader needs the words of a row.
func weight(r review.Row) int {
	kind := string(r.Kind)
	switch {
	case r.Bad:
		return 50
	case r.Side == review.Attacker, r.Star:
		return 45
	case r.Kind == record.DecisionTaken, r.Kind == record.IncidentOpened, r.Kind == record.IncidentClosed, r.Kind == record.IncidentReopened:
		return 40
	case r.Kind == record.ActionVerified, r.Kind == record.RolledBack, r.Kind == record.ClockMet, r.Kind == record.ActionUnknown:
		return 35
	case strings.HasPrefix(kind, "action."), strings.HasPrefix(kind, "clock."), r.Kind == record.Noted:
		return 20
	case r.Side == review.System:
		return 5
	}
	return 10
}

func sidesAlt(s Sides) string {
	theirs, ours, found := 0, 0, 0
	from, to := s.Marks[0].At, s.Marks[0].At
	for _, m := range s.Marks {
		switch m.Side {
		case review.Attacker, review.Evidence:
			theirs++
		default:
			ours++
		}
		if !m.Found.IsZero() {
			found++
		}
		if m.At.Before(from) {
			from = m.At
		}
		if m.At.After(to) {
			to = m.At
		}
	}
	alt := fmt.Sprintf("From %s to %s: %s of the attacker or of the evidence, and %s of the response, over one axis of time.",
		review.When(from), review.When(to), review.Counted(int64(theirs), "mark", "marks"), review.Counted(int64(ours), "mark", "marks"))
	if found > 0 {
		alt += " " + review.Counted(int64(found), "line leads from what happened to when it was found.", "lines lead from what happened to when it was found.")
	}
	return alt + " The table below lists them."
}

// strip are the moments of the incident.
func (b *builder) strip() Strip {
	var s Strip
	known := false
	for _, m := range b.r.Moments {
		p := StripPoint{Label: first(m.Title, m.Key), Why: m.Reason}
		if m.Known {
			p.At = m.At
		}
		known = known || m.Known
		s.Points = append(s.Points, p)
	}
	if !known {
		return Strip{}
	}
	return s
}

// stripFigure draws the moments, where one is known at least.
func (b *builder) stripFigure() {
	caption := "From the first act of the attacker to recovery"
	s := b.strip()
	if b.r.ToTheHour() {
		caption += ", to the hour"
		if !severalHours(s) {
			return // all of it is one hour, and would be one point
		}
	}
	if len(s.Points) > 0 {
		b.add(Figure{ID: "fig-moments", Caption: caption, Alt: stripAlt(s), Drawing: s})
	}
}

func severalHours(s Strip) bool {
	known := slices.DeleteFunc(slices.Clone(s.Points), func(p StripPoint) bool { return p.At.IsZero() })
	return slices.ContainsFunc(known, func(p StripPoint) bool { return !p.At.Equal(known[0].At) })
}

func stripAlt(s Strip) string {
	out := ""
	for i, p := range s.Points {
		if i > 0 {
			out += ", "
		}
		out += p.Label + " " + review.When(p.At)
	}
	return out + "."
}

// sidesFigure draws the timeline of both sides.
func (b *builder) sidesFigure() {
	if s := b.sides(); len(s.Marks) > 0 {
		b.add(Figure{ID: "fig-timeline", Caption: "What the attacker did, and what the responders did", Alt: sidesAlt(s), Drawing: s})
	}
}

// deadlinesFigure draws the deadlines that count for this incident.
func (b *builder) deadlinesFigure() {
	var d Deadlines
	alt := ""
	for _, c := range b.r.Clocks {
		if c.State == "does not apply" {
			continue
		}
		label := first(c.Duty, c.ID)
		if c.Regime != "" {
			label = c.Regime + ": " + label
		}
		d.Rows = append(d.Rows, Deadline{Label: label, Start: c.Started, Due: c.Due, Met: c.Met})
		if alt != "" {
			alt += "; "
		}
		alt += label + ": " + c.State
	}
	if len(d.Rows) > 0 {
		b.add(Figure{ID: "fig-deadlines", Caption: "Deadlines, and when they were met", Alt: alt + ".", Drawing: d})
	}
}
