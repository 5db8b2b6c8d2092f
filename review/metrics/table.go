package metrics

import (
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// The units of a metric.
const (
	Time  = "time" // seconds in JSON
	Steps = "steps"
	Acts  = "acts"
)

// Definition says what a metric is. The table of these is the documentation too.
type Definition struct {
	Key     string `json:"metric"`
	Title   string `json:"title"`
	Unit    string `json:"unit"`
	Per     string `json:"per"` // what has one value: incident, action, deadline, follow-up
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Meaning string `json:"meaning,omitempty"` // what else has to be said

	take func(*facts) []Measure
}

const (
	ofOccurred     = "when it occurred, as somebody stated it; else the earliest event with a time that people starred"
	ofDetected     = "when it was detected, as somebody stated it; else the first sign that the incident was opened or corrected with"
	ofAcknowledged = "when it was acknowledged, as somebody stated it; else the first thing after the opening that takes a person"
	ofOpening      = "the opening of the incident"
)

func ofPhase(done, phase string) string {
	return "when it was " + done + ", as somebody stated it; else the last time that the incident went on from the " + phase + " phase, or one before it, to a later one"
}

// table are the metrics, in the order in which they are shown.
var table = []Definition{
	{
		Key: "detect", Title: "Occurred to detected", Unit: Time, Per: "incident", From: ofOccurred, To: ofDetected,
		take: func(f *facts) []Measure { return f.between(f.moment("occurred"), f.moment("detected")) },
	},
	{
		Key: "acknowledge", Title: "Detected to acknowledged", Unit: Time, Per: "incident", From: ofDetected, To: ofAcknowledged,
		take: func(f *facts) []Measure { return f.between(f.moment("detected"), f.moment("acknowledged")) },
	},
	{
		Key: "contain", Title: "Detected to contained", Unit: Time, Per: "incident", From: ofDetected, To: ofPhase("contained", "contain"),
		take: func(f *facts) []Measure { return f.between(f.moment("detected"), f.moment("contained")) },
	},
	{
		Key: "eradicate", Title: "Detected to eradicated", Unit: Time, Per: "incident", From: ofDetected, To: ofPhase("eradicated", "eradicate"),
		take: func(f *facts) []Measure { return f.between(f.moment("detected"), f.moment("eradicated")) },
	},
	{
		Key: "recover", Title: "Detected to recovered", Unit: Time, Per: "incident", From: ofDetected, To: ofPhase("recovered", "recover"),
		take: func(f *facts) []Measure { return f.between(f.moment("detected"), f.moment("recovered")) },
	},
	{
		Key: "opened-acknowledged", Title: "Opened to acknowledged", Unit: Time, Per: "incident", From: ofOpening, To: ofAcknowledged,
		Meaning: "The same number stands in the incident's review.",
		take:    func(f *facts) []Measure { return f.sinceOpening("acknowledged", "acknowledge") },
	},
	{
		Key: "opened-contained", Title: "Opened to contained", Unit: Time, Per: "incident", From: ofOpening, To: ofPhase("contained", "contain"),
		Meaning: "The same number stands in the incident's review.",
		take:    func(f *facts) []Measure { return f.sinceOpening("contained", "contain") },
	},
	{
		Key: "opened-eradicated", Title: "Opened to eradicated", Unit: Time, Per: "incident", From: ofOpening, To: ofPhase("eradicated", "eradicate"),
		Meaning: "The same number stands in the incident's review.",
		take:    func(f *facts) []Measure { return f.sinceOpening("eradicated", "eradicate") },
	},
	{
		Key: "opened-recovered", Title: "Opened to recovered", Unit: Time, Per: "incident", From: ofOpening, To: ofPhase("recovered", "recover"),
		Meaning: "The same number stands in the incident's review.",
		take:    func(f *facts) []Measure { return f.sinceOpening("recovered", "recover") },
	},
	{
		Key: "opened-closed", Title: "Opened to closed", Unit: Time, Per: "incident", From: ofOpening, To: "the last closing of the incident",
		Meaning: "An incident that was opened again counts to its last closing.",
		take:    func(f *facts) []Measure { return f.sinceOpening("closed", "total") },
	},
	{
		Key: "commander", Title: "Opened to a commander named", Unit: Time, Per: "incident", From: ofOpening, To: "the first time that somebody was named commander",
		take: func(f *facts) []Measure { return f.between(f.opened(), f.commander()) },
	},
	{
		Key: "first-update", Title: "Opened to the first update", Unit: Time, Per: "incident", From: ofOpening,
		To:      "the first update to an audience that went out over one connection at least, or of which somebody recorded that it was told by hand",
		Meaning: "What steps of a playbook send is not counted: it may be a page to the team itself.",
		take:    func(f *facts) []Measure { return f.between(f.opened(), f.firstUpdate()) },
	},
	{
		Key: "approval-wait", Title: "Waiting for an approval", Unit: Time, Per: "action",
		From: "the plan of an action that needs an approval", To: "the last approval that it needed, or the no",
		take: (*facts).approvals,
	},
	phaseTime(incident.Identify), phaseTime(incident.Contain), phaseTime(incident.Eradicate), phaseTime(incident.Recover), phaseTime(incident.Learn),
	{
		Key: "clock-margin", Title: "Deadlines met, before they were due", Unit: Time, Per: "deadline",
		From: "when what the deadline asks for was done", To: "when it was due",
		Meaning: "Only deadlines that were met; those that were met late are in the tally of deadlines.",
		take:    (*facts).margins,
	},
	{
		Key: "item-time", Title: "Follow-up added to done", Unit: Time, Per: "follow-up",
		From: "when the follow-up was added", To: "when it was last set to done or verified", Meaning: "What was dropped is not counted.",
		take: (*facts).itemTimes,
	},
	{
		Key: "steps-skipped", Title: "Steps skipped", Unit: Steps, Per: "incident",
		Meaning: "How many steps of its playbooks people passed over. Those whose own condition was false are not counted.",
		take:    func(f *facts) []Measure { return f.steps("skipped") },
	},
	{
		Key: "steps-failed", Title: "Steps failed", Unit: Steps, Per: "incident",
		Meaning: "How many steps of its playbooks had failed in the end.",
		take:    func(f *facts) []Measure { return f.steps("failed") },
	},
	{
		Key: "steps-added", Title: "Steps added", Unit: Steps, Per: "incident",
		Meaning: "How many steps people added to its playbooks while they ran.",
		take:    func(f *facts) []Measure { return f.steps("added") },
	},
	{
		Key: "night-acts", Title: "Acts at night", Unit: Acts, Per: "incident",
		Meaning: "How many entries that take a person were made from 22:00 to 6:00, by the clock of the time zone that is named. An entry is no measure of work: an hour of thinking leaves none.",
		take:    (*facts).nightActs,
	},
}

// Definitions are all metrics.
func Definitions() []Definition { return slices.Clone(table) }

func phaseTime(p incident.Phase) Definition {
	return Definition{
		Key: "time-" + p.String(), Title: "Time in phase " + p.String(), Unit: Time, Per: "incident",
		From: "each entry into the phase", To: "the leaving of it, or the closing of the incident; the stretches are added up",
		Meaning: "An incident that was never in the phase is not counted.",
		take:    func(f *facts) []Measure { return f.inPhase(p) },
	}
}

func (f *facts) commander() point {
	for _, e := range f.Entries {
		var p record.Assigned
		if e.Kind == record.RoleAssigned && e.Decode(&p) == nil && p.Role == incident.Commander && p.Person != "" {
			return point{Point: Point{e.Time.UTC(), "commander named", e.Seq}}
		}
	}
	return point{Point: Point{What: "commander named"}, why: "nobody was named commander"}
}

func (f *facts) firstUpdate() point {
	out := point{Point: Point{What: "first update"}, why: "no update went out"}
	for _, e := range f.Entries {
		var p record.Update
		if e.Kind != record.UpdateWritten || e.Decode(&p) != nil {
			continue
		}
		var went []point
		if p.ByHand != "" {
			went = append(went, point{Point: Point{e.Time.UTC(), "first update, by hand", e.Seq}})
		}
		for _, id := range p.Actions {
			if at, ok := f.sent[id]; ok {
				at.What = "first update"
				went = append(went, at)
			}
		}
		for _, w := range went {
			if !out.known() || w.Time.Before(out.Time) {
				out = w
			}
		}
	}
	return out
}

// approvals measures each action that somebody had to agree to.
func (f *facts) approvals() []Measure {
	type waiting struct {
		from  point
		needs int
		given int
		to    point
	}
	var order []string
	all := map[string]*waiting{}
	for _, e := range f.Entries {
		switch e.Kind { //nolint:exhaustive // what a plan waits for
		case record.ActionPlanned:
			var p record.Planned
			if e.Decode(&p) == nil && p.Approvals > 0 {
				order = append(order, p.Action)
				all[p.Action] = &waiting{from: point{Point: Point{e.Time.UTC(), "planned", e.Seq}}, needs: p.Approvals}
			}
		case record.ActionApproved, record.ActionRejected, record.ActionDropped:
			var p record.Decision
			if e.Decode(&p) != nil {
				continue
			}
			w := all[p.Action]
			if w == nil || w.to.known() {
				continue
			}
			what := map[record.Kind]string{record.ActionApproved: "approved", record.ActionRejected: "rejected", record.ActionDropped: "given up"}[e.Kind]
			if w.given++; e.Kind != record.ActionApproved || w.given >= w.needs {
				w.to = point{Point: Point{e.Time.UTC(), what, e.Seq}}
			}
		}
	}
	var out []Measure
	for _, id := range order {
		w := all[id]
		if !w.to.known() {
			w.to = point{Point: Point{What: "approved"}, why: "nobody has decided"}
		}
		m := f.between(w.from, w.to)
		m[0].Of = id
		out = append(out, m...)
	}
	return out
}

func (f *facts) inPhase(p incident.Phase) []Measure {
	var all time.Duration
	m := Measure{State: Known}
	found := false
	for _, s := range f.Review.Phases {
		if s.Phase != p {
			continue
		}
		if !found {
			m.From = Point{s.From, "entered phase " + p.String(), s.FromSeq}
		}
		found = true
		m.To = Point{s.To, "left phase " + p.String(), s.ToSeq}
		if s.To.IsZero() {
			m.State, m.Why = Running, "the incident is in this phase"
			continue
		}
		all += max(s.To.Sub(s.From), 0)
	}
	if !found {
		return nil
	}
	if m.State == Known {
		m.Value = seconds(all)
	}
	return []Measure{m}
}

func (f *facts) margins() []Measure {
	var out []Measure
	for _, c := range f.Review.Clocks {
		if c.Due.IsZero() || c.Met.IsZero() || c.Met.After(c.Due) {
			continue
		}
		out = append(out, Measure{
			Of: c.ID, State: Known, Value: seconds(c.Due.Sub(c.Met)),
			From: Point{c.Met.UTC(), "done", c.MetSeq}, To: Point{Time: c.Due.UTC(), What: "due"},
		})
	}
	return out
}

func (f *facts) itemTimes() []Measure {
	var out []Measure
	for _, i := range f.items {
		if i.dropped {
			continue
		}
		m := Measure{Of: i.id, State: Running, Why: "it is open", From: Point{i.added, "added", i.seq}, To: Point{What: "done"}}
		if i.done.known() {
			m = f.between(point{Point: m.From}, i.done)[0]
			m.Of = i.id
		}
		out = append(out, m)
	}
	return out
}

// steps counts steps of one kind over the incident's runs.
func (f *facts) steps(what string) []Measure {
	if len(f.Review.Runs) == 0 {
		return nil
	}
	m := Measure{State: Known}
	for _, r := range f.Review.Runs {
		if r.Unread != "" {
			m.State, m.Why = Unknown, "its playbook cannot be read"
		}
		n := map[string]int{"skipped": r.Counts.Skipped, "failed": r.Counts.Failed, "added": r.Counts.Added}[what]
		m.Value += float64(n)
	}
	if m.State != Known {
		m.Value = 0
	}
	return []Measure{m}
}
