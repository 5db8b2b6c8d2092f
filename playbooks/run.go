package playbooks

import (
	"maps"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// State is where a step of a run stands.
type State string

// The states of a step.
const (
	Locked  State = "locked"  // something before it is open
	Ready   State = "ready"   // it may begin
	Running State = "running" // begun, or children are at work
	Done    State = "done"
	Failed  State = "failed" // no attempt is left
	Skipped State = "skipped"
)

// Run is one playbook applied to one incident: a fold of the record's entries.
// The same entries give the same run. It is not safe for concurrent use.
type Run struct {
	id       string
	book     *Playbook
	started  bool
	vars     map[string]any
	progress map[string]*progress
	adhoc    []*Step
	incident incident.Incident
}

// progress is what the entries said of one step. The rest of its state follows
// from that of the others.
type progress struct {
	state    State // "" until something happened
	attempts int
	until    time.Time // end of a wait
	retryAt  time.Time
	branch   string
	failure  string
	reason   string // of a skip
	guard    bool   // skipped by its guard
	result   map[string]any
	answers  map[string]any
	note     string
	owner    string
	by       incident.Actor
	at       time.Time
	since    time.Time // when it became ready
	pending  []string  // fallback steps that have yet to handle its failure
	routed   bool      // its failure went to the fallback section
	reopened bool      // a fallback step that people opened again
}

// NewRun returns a run that has not begun. Its first entry is run.started.
func NewRun(id string, p *Playbook) *Run {
	return &Run{id: id, book: p, vars: map[string]any{}, progress: map[string]*progress{}}
}

// ID is the run's name in the record.
func (r *Run) ID() string { return r.id }

// Playbook is what the run follows.
func (r *Run) Playbook() *Playbook { return r.book }

// About tells the run about the incident, for templates that insert incident.id
// and its like. It changes no step.
func (r *Run) About(inc incident.Incident) { r.incident = inc }

// Started says that the run has begun.
func (r *Run) Started() bool { return r.started }

// Step returns a step of the playbook or one that people added.
func (r *Run) Step(id string) (*Step, bool) {
	if s, ok := r.book.Step(id); ok {
		return s, true
	}
	i := slices.IndexFunc(r.adhoc, func(s *Step) bool { return s.ID == id })
	if i < 0 {
		return nil, false
	}
	return r.adhoc[i], true
}

// Env is what expressions and templates read: each variable that has a value,
// and incident. A secret stands as its reference.
func (r *Run) Env() map[string]any {
	env := make(map[string]any, len(r.vars)+1)
	for name, value := range r.vars {
		if list, ok := value.([]string); ok {
			value = slices.Clone(list)
		}
		env[name] = value
	}
	i := r.incident
	severity := ""
	if b, err := i.Severity.MarshalText(); err == nil {
		severity = string(b)
	}
	env["incident"] = map[string]any{
		"id": string(i.ID), "title": i.Title, "severity": severity, "status": string(i.Status), "phase": r.Phase().String(),
		"tlp": string(i.TLP), "summary": i.Summary, "impact": i.Impact, "drill": i.Drill,
	}
	return env
}

func (r *Run) values() values {
	v := values{env: r.Env(), secrets: map[string]bool{}}
	for _, x := range r.book.Vars {
		if x.Type == Secret {
			v.secrets[x.Name] = true
		}
	}
	return v
}

// Vars returns the variables that have a value.
func (r *Run) Vars() map[string]any {
	out := r.Env()
	delete(out, "incident")
	return out
}

// Missing lists the required variables that nobody has given a value yet.
func (r *Run) Missing() []Question {
	var out []Question
	for _, q := range r.book.Questions() {
		if q.Required && r.vars[q.Name] == nil {
			out = append(out, q)
		}
	}
	return out
}

// top returns the steps of a phase with those that people added, in order.
func (r *Run) top(ph incident.Phase) []*Step {
	var out []*Step
	for _, p := range r.book.Phases {
		if p.Phase == ph {
			out = append(out, p.Steps...)
		}
	}
	for _, s := range r.adhoc {
		if s.Phase == ph {
			out = append(out, s)
		}
	}
	return out
}

// of returns what is known of a step; never nil, not to be changed.
func (r *Run) of(s *Step) progress {
	if p := r.progress[s.ID]; p != nil {
		return *p
	}
	return progress{}
}

// change returns what is known of a step, to be changed.
func (r *Run) change(s *Step) *progress {
	p := r.progress[s.ID]
	if p == nil {
		p = &progress{}
		r.progress[s.ID] = p
	}
	return p
}

// passedOver says that s stands in a container that was skipped or in the
// branch that was not taken.
func (r *Run) passedOver(s *Step) bool {
	for c := s; c.parent != nil; c = c.parent {
		p := r.of(c.parent)
		if p.state == Skipped {
			return true
		}
		if c.parent.Verb == VerbIf && p.state == Done && p.branch != c.branch {
			return true
		}
	}
	return false
}

// settled says that nothing more is to come of s: what waits for it may go on.
func (r *Run) settled(s *Step) bool {
	p := r.of(s)
	switch p.state {
	case Skipped:
		return true
	case Failed:
		return p.routed && len(p.pending) == 0
	case Running:
		return s.Verb == VerbParallel && r.allSettled(s.Parallel)
	case Done:
		if s.Verb != VerbIf {
			return true
		}
		if p.branch == "then" {
			return r.allSettled(s.Then)
		}
		return r.allSettled(s.Else)
	case Locked, Ready:
	}
	return r.passedOver(s) || (s.Verb == VerbParallel && r.allSettled(s.Parallel))
}

// begun says that something has happened in a parallel, so that its guard is
// no longer asked.
func (r *Run) begun(s *Step) bool {
	for _, c := range s.Children() {
		switch r.of(c).state {
		case Running, Done, Failed:
			return true
		case Locked, Ready, Skipped:
		}
		if r.begun(c) {
			return true
		}
	}
	return false
}

func (r *Run) allSettled(steps []*Step) bool {
	for _, s := range steps {
		if !r.settled(s) {
			return false
		}
	}
	return true
}

// entered says that a step of the fallback section has something to handle.
func (r *Run) entered(s *Step) bool {
	if r.of(s).reopened {
		return true
	}
	for _, p := range r.progress {
		if p.state == Failed && slices.Contains(p.pending, s.ID) {
			return true
		}
	}
	return false
}

// Phase is the first phase that has open steps, the last one when none has.
func (r *Run) Phase() incident.Phase {
	last := incident.NoPhase
	for _, ph := range incident.Phases() {
		steps := r.top(ph)
		if len(steps) == 0 {
			continue
		}
		last = ph
		if !r.allSettled(steps) {
			return ph
		}
	}
	return last
}

// Over says that nothing is left to do: every step has ended and every failure
// was dealt with.
func (r *Run) Over() bool {
	if !r.started {
		return false
	}
	for _, ph := range incident.Phases() {
		if !r.allSettled(r.top(ph)) {
			return false
		}
	}
	for _, s := range r.book.Fallback {
		if r.entered(s) || (r.of(s).state != "" && !r.settled(s)) {
			return false
		}
	}
	return true
}

// clone returns a run that shares nothing changeable with r.
func (r *Run) clone() *Run {
	c := *r
	c.vars = maps.Clone(r.vars)
	c.adhoc = slices.Clone(r.adhoc)
	c.progress = make(map[string]*progress, len(r.progress))
	for id, p := range r.progress {
		q := *p
		q.pending = slices.Clone(p.pending)
		c.progress[id] = &q
	}
	return &c
}

// Try says what Apply would say to an entry made of the draft at that time,
// and changes nothing.
func (r *Run) Try(d record.Draft, at time.Time) error {
	return r.clone().Apply(record.Entry{Time: at, Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields})
}
