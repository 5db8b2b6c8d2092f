package document

import (
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/review"
)

// wallClock is how most durations are measured.
const wallClock = "wall clock"

// durations writes how long each part of the response took.
func (b *builder) durations() {
	b.section("times", "How long it took")
	if b.r.ToTheHour() {
		b.say(quiet("Times are shown to the hour: a length may be up to an hour more or less, and figures are drawn no finer."))
	}
	b.stripFigure()
	if bars := b.bars(); len(bars.Rows) > 0 {
		b.add(Figure{
			ID: "fig-durations", Caption: "Time from the opening of the incident to the end of each part of the response",
			Alt: barsAlt(bars), Drawing: bars,
		})
	}
	t := Table{Named: true, Columns: []Column{{"", Short}, {"Took", Short}, {"From", Words}, {"To", Words}, {"What is meant", Words}}}
	for _, d := range b.r.Durations {
		note := text(d.Definition + ".")
		switch {
		case !d.Known:
			note = append(note, plain(" Unknown: "+d.Reason+"."))
		case d.Measured != wallClock:
			note = append(note, plain(" Measured by the "+d.Measured+"."))
		}
		if d.Note != "" {
			note = append(note, plain(" Note: "+d.Note+"."))
		}
		took := strong(d.Shown())
		if !d.Known {
			took.Tone = Unknown
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(d.Title), text(took), b.point(d.From), b.point(d.To), note}})
	}
	b.table(t)
	b.say(quiet("Measured by the wall clock unless it says otherwise."))
	b.phases()
}

func (b *builder) point(p review.Point) Text {
	out := text(p.Time, ", ", p.What)
	if p.Seq > 0 {
		out = append(out, plain(" "), b.ref(p.Seq))
	}
	return out
}

func (b *builder) bars() Bars {
	var out Bars
	known := false
	for _, d := range b.r.Durations {
		bar := Bar{Label: d.Title, Took: d.Took, Shown: d.Shown(), Known: d.Known, Reason: d.Reason}
		switch d.Key {
		case "acknowledge":
		case "contain", "eradicate", "recover":
			bar.Phase, _ = incident.ParsePhase(d.Key)
		case "total":
			bar.Whole = true
		default:
			continue
		}
		known = known || d.Known && d.Took > 0
		out.Rows = append(out.Rows, bar)
	}
	if !known {
		return Bars{} // nothing to measure by
	}
	return out
}

func barsAlt(bars Bars) string {
	s := "Bars of the lengths of time since the opening: "
	for i, r := range bars.Rows {
		if i > 0 {
			s += ", "
		}
		s += r.Label + " " + r.Shown
	}
	return s + "."
}

// phases writes when the response was in which phase.
func (b *builder) phases() {
	b.part("phases", "Phases, and who did what when")
	if lanes := b.lanes(); b.r.ToTheHour() {
		b.coarseLanes(lanes)
	} else if len(lanes.Dots) > 0 {
		b.add(Figure{
			ID: "fig-phases", Caption: "The phases of the response, and the entries of the record in each",
			Alt:     "A lane for each phase: the stretches of time that the table below lists, and a dot for each entry that the timeline lists.",
			Drawing: lanes,
		})
	}
	t := Table{Columns: []Column{{"Phase", Short}, {"From", Moment}, {"To", Moment}, {"Entry", Entry}}}
	for _, s := range b.r.Phases {
		to := text(s.To)
		if s.To.IsZero() {
			to = text("still going on")
		}
		t.Rows = append(t.Rows, Row{Cells: []Text{text(s.Phase.String()), text(s.From), to, text(b.ref(s.FromSeq))}})
	}
	b.table(t)
}

// coarseLanes draws the phases for readers who are shown hours: each stretch from the
// beginning of its first hour to the end of its last one, and nothing within them.
func (b *builder) coarseLanes(l Lanes) {
	l.Dots = nil
	var hours []time.Time
	for i := range l.Lanes {
		for j := range l.Lanes[i].Stretches {
			s := &l.Lanes[i].Stretches[j]
			hours = append(hours, s.From)
			if !s.To.IsZero() {
				hours = append(hours, s.To)
				s.To = s.To.Add(time.Hour)
			}
		}
	}
	if len(hours) == 0 || !slices.ContainsFunc(hours, func(at time.Time) bool { return !at.Equal(hours[0]) }) {
		return // all of it is one hour, and would be one block
	}
	l.To = l.To.Add(time.Hour)
	b.add(Figure{
		ID: "fig-phases", Caption: "The phases of the response, to the hour: from the beginning of the first hour of each to the end of its last",
		Alt:     "A lane for each phase: the stretches of time that the table below lists, in whole hours.",
		Drawing: l,
	})
}

func (b *builder) lanes() Lanes {
	l := Lanes{From: b.r.Incident.Opened}
	lane := map[incident.Phase]int{}
	for _, p := range incident.Phases() {
		x := Lane{Label: p.String(), Phase: p}
		for _, s := range b.r.Phases {
			if s.Phase == p {
				x.Stretches = append(x.Stretches, Stretch{s.From, s.To, p.String() + " from " + review.When(s.From)})
			}
		}
		lane[p] = len(l.Lanes)
		l.Lanes = append(l.Lanes, x)
	}
	seen := func(t time.Time) {
		if t.IsZero() {
			return
		}
		if l.From.IsZero() || t.Before(l.From) {
			l.From = t
		}
		if t.After(l.To) {
			l.To = t
		}
	}
	for _, row := range b.r.Timeline[:min(len(b.r.Timeline), maxRows)] {
		if row.Evidence || row.Time.IsZero() {
			continue
		}
		seen(row.Time)
		if n, ok := lane[row.Phase]; ok {
			l.Dots = append(l.Dots, Dot{row.Time, n, dotKind(row), row.Ref, b.anchors[row.Seq], row.Who + ": " + row.Text})
		}
	}
	for _, s := range b.r.Phases {
		seen(s.From)
		seen(s.To)
	}
	return l
}
