package playbooks

import (
	"fmt"
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

// picture is the state of every step at one moment.
type picture struct {
	run      *Run
	order    []*Step
	state    map[string]State
	why      map[string]string
	blockers map[*Step]*Step
	open     map[incident.Phase]string // why a phase may not begin, "" when it may
}

// picture works out every step's state from what the entries said.
func (r *Run) picture() *picture {
	n := len(r.book.order) + len(r.adhoc)
	v := &picture{
		run: r, order: make([]*Step, 0, n), state: make(map[string]State, n), why: make(map[string]string, n),
		blockers: make(map[*Step]*Step, n), open: make(map[incident.Phase]string, len(incident.Phases())),
	}
	why := ""
	for _, ph := range incident.Phases() {
		v.open[ph] = why
		for _, s := range r.top(ph) {
			if why == "" && !r.settled(s) {
				why = "waits for " + s.ID + " of " + ph.String()
			}
		}
	}
	for _, ph := range incident.Phases() {
		v.visit(r.top(ph))
	}
	v.visit(r.book.Fallback)
	return v
}

func (v *picture) visit(steps []*Step) {
	for _, s := range steps {
		v.order = append(v.order, s)
		v.state[s.ID], v.why[s.ID] = v.judge(s)
		v.visit(s.Children())
	}
}

// judge works out one step's state; its parent's is known by then.
func (v *picture) judge(s *Step) (State, string) {
	p := v.run.of(s)
	switch p.state {
	case Done:
		if !v.run.settled(s) {
			return Running, "its " + p.branch + " steps are open"
		}
		return Done, ""
	case Running:
		switch {
		case s.Verb != VerbParallel:
			return Running, ""
		case v.run.settled(s):
			return Done, ""
		}
		return Running, "its steps are open"
	case Failed:
		return Failed, v.failure(s, p)
	case Skipped:
		return Skipped, p.reason
	case Locked, Ready:
	}
	if v.run.passedOver(s) {
		if s.parent.Verb == VerbIf && v.run.of(s.parent).state == Done {
			return Skipped, "the other branch was taken"
		}
		return Skipped, "the step around it was skipped"
	}
	if s.Verb == VerbParallel && v.run.settled(s) {
		return Done, ""
	}
	if why := v.locked(s); why != "" {
		return Locked, why
	}
	if s.Verb == VerbParallel && v.holds(s) {
		return Running, "its steps are open"
	}
	if p.failure != "" && !p.retryAt.IsZero() {
		return Ready, fmt.Sprintf("attempt %d failed: %s", p.attempts, p.failure)
	}
	return Ready, ""
}

// holds says that nothing keeps an open parallel from beginning.
func (v *picture) holds(s *Step) bool {
	if s.guard == nil || v.run.begun(s) {
		return true
	}
	yes, err := s.guard.truth(v.run.vars)
	return err == nil && yes
}

func (v *picture) failure(s *Step, p progress) string {
	switch {
	case !p.routed:
		return p.failure
	case len(p.pending) == 0:
		return p.failure + " (handled)"
	default:
		return p.failure + " (" + p.pending[0] + " handles it)"
	}
}

// locked says why a step that has not begun may not begin, "" when it may.
func (v *picture) locked(s *Step) string {
	r := v.run
	if !r.started {
		return "the run has not begun"
	}
	switch {
	case s.Fallback && s.parent == nil:
		return v.lockedFallback(s)
	case s.parent != nil && s.parent.Verb == VerbIf:
		if r.of(s.parent).state != Done {
			return "waits for " + s.parent.ID
		}
	case s.parent != nil:
		if v.state[s.parent.ID] != Running {
			return "waits for " + s.parent.ID
		}
	case s.Adhoc:
		return v.lockedAdhoc(s)
	default:
		if why := v.open[s.Phase]; why != "" {
			return why
		}
	}
	for _, b := range r.book.before(s) {
		if open := v.blocker(b); open != nil {
			return "waits for " + open.ID
		}
	}
	return ""
}

// blocker is the step that keeps what comes after s locked: s itself, or one
// before it that people opened again; nil when there is none.
func (v *picture) blocker(s *Step) *Step {
	if b, known := v.blockers[s]; known {
		return b
	}
	var found *Step
	for _, b := range v.run.book.before(s) {
		if found = v.blocker(b); found != nil {
			break
		}
	}
	if found == nil && !v.run.settled(s) {
		found = s
	}
	v.blockers[s] = found
	return found
}

// lockedAdhoc: a step that people added may begin once its phase has begun.
func (v *picture) lockedAdhoc(s *Step) string {
	for _, ph := range incident.Phases() {
		if ph < s.Phase {
			continue
		}
		for _, t := range v.run.top(ph) {
			if v.run.of(t).state != "" {
				return ""
			}
		}
	}
	return v.open[s.Phase]
}

func (v *picture) lockedFallback(s *Step) string {
	r := v.run
	if !r.entered(s) {
		return "only after a failure"
	}
	earlier := r.book.Fallback[:slices.Index(r.book.Fallback, s)]
	if s.Needs != nil {
		earlier = r.book.before(s)
	}
	for _, b := range earlier {
		p := r.of(b)
		if p.state == Failed && p.routed {
			continue // it waits for a later one itself
		}
		if r.entered(b) && !r.settled(b) {
			return "waits for " + b.ID
		}
	}
	return ""
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
