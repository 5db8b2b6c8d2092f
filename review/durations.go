package review

import (
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Stretch is a time spent in one phase. A phase can be entered again.
type Stretch struct {
	Phase   incident.Phase `json:"phase"`
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to,omitzero"` // missing: it goes on
	FromSeq int64          `json:"from_seq"`
	ToSeq   int64          `json:"to_seq,omitempty"`

	first, last int // positions of its entries
}

// phases finds the stretches. A record that never says so begins in identify.
func (b *builder) phases() {
	phase := b.entries[0].Phase
	if phase == incident.NoPhase {
		phase = incident.Identify
	}
	open := true
	begin := func(i int, p incident.Phase) {
		b.r.Phases = append(b.r.Phases, Stretch{Phase: p, From: b.entries[i].Time.UTC(), FromSeq: b.entries[i].Seq, first: i})
	}
	end := func(i int) {
		s := &b.r.Phases[len(b.r.Phases)-1]
		s.To, s.ToSeq, s.last = b.entries[i].Time.UTC(), b.entries[i].Seq, i
	}
	begin(0, phase)
	for i, e := range b.entries {
		switch e.Kind { //nolint:exhaustive // the others change no phase
		case record.PhaseEntered:
			var p record.Entered
			if b.bad[e.Seq] || e.Decode(&p) != nil || p.To == phase || p.To == incident.NoPhase {
				continue
			}
			if open {
				end(i)
				begin(i, p.To)
			}
			phase = p.To
		case record.IncidentClosed:
			if open {
				end(i)
			}
			open = false
		case record.IncidentReopened:
			if !open {
				begin(i, phase)
			}
			open = true
		default:
		}
	}
	if open {
		b.r.Phases[len(b.r.Phases)-1].last = len(b.entries) - 1
	}
	b.current = phase
}

// left is the moment when work of a phase was over for good: the last time the
// incident went on from it, or from before it, to a later one.
func (b *builder) left(p incident.Phase) end {
	what := fmt.Sprintf("left phase %s", p)
	visited := false
	var over *Stretch
	for i := range b.r.Phases {
		s := &b.r.Phases[i]
		if s.Phase == p {
			visited = true
		}
		if s.Phase <= p {
			over = s
		}
	}
	switch {
	case !visited:
		return end{what: what, why: fmt.Sprintf("phase %s was never entered", p)}
	case over.To.IsZero():
		return end{what: what, why: fmt.Sprintf("the incident is still in phase %s", over.Phase)}
	}
	e := &b.entries[over.last]
	if e.Kind == record.IncidentClosed {
		what = "incident closed"
	}
	return end{at: e.Time, what: what, entry: e}
}

func (b *builder) durations() {
	opened := end{at: b.entries[0].Time, what: "incident opened", entry: &b.entries[0]}
	sign := b.stated("detected", b.firstSign())
	b.r.Durations = []Duration{
		Duration{
			Key: "exposure", Title: "Before detection",
			Definition: "from the earliest event of the evidence that people starred to the first sign that anybody saw, unless people stated other moments",
		}.measure(b.stated("occurred", b.earliestStar()), sign),
		Duration{
			Key: "detect", Title: "Detect",
			Definition: "from the first sign that anybody saw, as people told it, to the opening of the incident",
		}.measure(sign, opened),
		Duration{
			Key: "acknowledge", Title: "Acknowledge",
			Definition: "from the opening to the first thing after it that takes a person: a note, a role, a correction, a mark, a decision, a step done by hand, unless people stated another moment",
		}.measure(opened, b.stated("acknowledged", b.firstAct())),
		Duration{
			Key: "contain", Title: "Contain",
			Definition: "from the opening to the last time that the incident went on from the contain phase, or one before it, to a later one, unless people stated another moment",
		}.measure(opened, b.stated("contained", b.left(incident.Contain))),
		Duration{
			Key: "eradicate", Title: "Eradicate",
			Definition: "from the opening to the last time that the incident went on from the eradicate phase, or one before it, to a later one, unless people stated another moment",
		}.measure(opened, b.stated("eradicated", b.left(incident.Eradicate))),
		Duration{
			Key: "recover", Title: "Recover",
			Definition: "from the opening to the last time that the incident went on from the recover phase, or one before it, to a later one, unless people stated another moment",
		}.measure(opened, b.stated("recovered", b.left(incident.Recover))),
		Duration{
			Key: "total", Title: "Whole response",
			Definition: "from the opening to the closing of the incident",
		}.measure(opened, b.closed()),
	}
	for i := range b.r.Durations {
		b.r.Durations[i].Hours = b.r.ToTheHour()
	}
}

func (b *builder) firstSign() end {
	e := end{at: b.r.Incident.Detected, what: "first sign seen"}
	each(b, func(x record.Entry, p record.Opened) {
		if !p.Detected.IsZero() {
			e.told = x.Seq
		}
	}, record.IncidentOpened)
	each(b, func(x record.Entry, p record.Changed) {
		if p.Detected != nil {
			e.told = x.Seq
		}
	}, record.IncidentChanged)
	if e.at.IsZero() {
		e.why = "nobody recorded when the first sign was seen"
	}
	return e
}

func (b *builder) earliestStar() end {
	e := end{what: "earliest starred event", why: "no event with a time is starred"}
	for _, m := range b.marked() {
		if m.star && !m.time.IsZero() && (e.why != "" || m.time.Before(e.at)) {
			e.at, e.told, e.why = m.time, m.seq, ""
		}
	}
	return e
}

// firstAct is the first entry that no program could have made by itself.
func (b *builder) firstAct() end {
	e := end{what: "first act of a person", why: "nobody has acted since the opening"}
	for i := range b.entries[1:] {
		x := &b.entries[i+1]
		if b.bad[x.Seq] || !b.personal(*x) {
			continue
		}
		return end{at: x.Time, what: e.what, entry: x}
	}
	return e
}

func (b *builder) personal(e record.Entry) bool {
	switch e.Kind { //nolint:exhaustive // programs make the other kinds by themselves
	case record.Noted, record.RoleAssigned, record.IncidentChanged, record.EventMarked, record.FindingJudged, record.StepAdded, record.UpdateWritten,
		record.MomentStated, record.ImpactStated, record.SubjectNamed, record.TechniqueSeen, record.FactorNamed, record.ControlJudged, record.DecisionTaken,
		record.ActionApproved, record.ActionRejected, record.ItemAdded, record.IncidentClosed, record.StepReopened:
		return true
	case record.StepSkipped:
		var p record.StepSkip
		return e.Decode(&p) == nil && !p.Guard
	case record.StepDone:
		var p record.StepEnd
		return e.Decode(&p) == nil && (len(p.Answers) > 0 || p.Note != "" || b.byHand(p.Run, e.Step))
	case record.StepStarted:
		var p record.StepBegin
		return e.Decode(&p) == nil && b.byHand(p.Run, e.Step)
	default:
		return false
	}
}

func (b *builder) closed() end {
	e := end{what: "incident closed", why: "the incident is open"}
	if b.r.Incident.Status != incident.Closed {
		return e
	}
	for i := len(b.entries) - 1; i >= 0; i-- {
		if x := &b.entries[i]; x.Kind == record.IncidentClosed {
			return end{at: x.Time, what: e.what, entry: x}
		}
	}
	return e
}

// now is the last moment that the review knows of.
func (b *builder) now() time.Time { return b.when[len(b.when)-1] }
