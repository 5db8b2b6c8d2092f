package playbooks

import (
	"maps"
	"slices"
	"strings"
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
	calendar Calendar // of its business days, also where it calls others
	progress map[string]*progress
	frames   map[string]*frame    // by what their steps' names begin with
	turns    map[string][]*turn   // items and rounds, by the step that holds them
	steps    map[string]*Step     // those that the run's own file does not have, by id
	pinned   map[string]*Playbook // called ones, by SHA-256
	parse    func(name string, source []byte) (*Playbook, error)
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
	first    time.Time // when a step that repeats began for the first time
	again    time.Time // when it is done next
	rounds   int       // how often it was done
	roundAt  time.Time // when it was done last
}

// NewRun returns a run that has not begun. Its first entry is run.started.
func NewRun(id string, p *Playbook) *Run {
	own := &frame{book: p, vars: map[string]any{}, phases: p.Phases, fallback: p.Fallback}
	return &Run{
		id: id, book: p, progress: map[string]*progress{}, frames: map[string]*frame{"": own}, turns: map[string][]*turn{},
		steps: map[string]*Step{}, pinned: map[string]*Playbook{},
	}
}

// ParseWith has the run read the playbooks that its steps call by f, which may
// remember them. Without it they are read by Parse each time.
func (r *Run) ParseWith(f func(name string, source []byte) (*Playbook, error)) { r.parse = f }

// ID is the run's name in the record.
func (r *Run) ID() string { return r.id }

// Playbook is what the run follows.
func (r *Run) Playbook() *Playbook { return r.book }

// BookOf is the playbook that s is a step of: the run's own, or one that a step
// calls.
func (r *Run) BookOf(s *Step) *Playbook { return r.frameOf(s).book }

// About tells the run about the incident, for templates that insert incident.id
// and its like. It changes no step.
func (r *Run) About(inc incident.Incident) { r.incident = inc }

// Started says that the run has begun.
func (r *Run) Started() bool { return r.started }

// Step returns a step of the run by its id: one of the playbook, of an item, a
// round or a called playbook that has begun, or one that people added.
func (r *Run) Step(id string) (*Step, bool) {
	if s, ok := r.steps[id]; ok {
		return s, true
	}
	s, ok := r.book.Step(id)
	return s, ok && !s.template()
}

// Env is what the run's own expressions and templates read: each variable that
// has a value, and incident. A secret stands as its reference.
func (r *Run) Env() map[string]any { return r.around(r.frames[""], nil) }

// around is what the templates of a playbook read in an item.
func (r *Run) around(f *frame, in *turn) map[string]any {
	env := r.variables(f, in)
	for name, value := range env {
		if list, ok := value.([]string); ok {
			env[name] = slices.Clone(list)
		}
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

// variables are those of a playbook, with the items around a step of it.
func (r *Run) variables(f *frame, in *turn) map[string]any {
	env := make(map[string]any, len(f.vars)+2)
	maps.Copy(env, f.vars)
	var items func(*turn)
	items = func(in *turn) {
		if in == nil {
			return
		}
		items(in.outer)
		if in.as != "" {
			env[in.as] = in.item
		}
	}
	items(in)
	return env
}

// env is what the expressions of s read.
func (r *Run) env(s *Step) map[string]any { return r.variables(r.frameOf(s), s.turn()) }

// values are what the templates of s insert.
func (r *Run) values(s *Step) values {
	f := r.frameOf(s)
	v := values{env: r.around(f, s.turn()), secrets: map[string]bool{}}
	for _, x := range f.book.Vars {
		if x.Type == Secret {
			v.secrets[x.Name] = true
		}
	}
	return v
}

// Vars returns the run's own variables that have a value.
func (r *Run) Vars() map[string]any {
	out := r.Env()
	delete(out, "incident")
	return out
}

// Missing lists the required variables that nobody has given a value yet.
func (r *Run) Missing() []Question {
	var out []Question
	for _, q := range r.book.Questions() {
		if q.Required && r.frames[""].vars[q.Name] == nil {
			out = append(out, q)
		}
	}
	return out
}

// Children are the steps in s as they are now: of every item and round that has
// begun, and of the playbook that it calls.
func (r *Run) Children(s *Step) []*Step { return r.children(s) }

// Top are the steps that stand in no other, in display order: phase by phase,
// and after them the fallback section.
func (r *Run) Top() []*Step {
	own := r.frames[""]
	var out []*Step
	for _, ph := range incident.Phases() {
		out = append(out, own.top(ph)...)
	}
	return append(out, own.fallback...)
}

// Title is the step's title with its values in place.
func (r *Run) Title(s *Step) string { return r.values(s).prose(s.Title) }

// Item is what a step of a for_each is done for, "" for others.
func (r *Run) Item(s *Step) string {
	if in := s.turn(); in != nil && in.as != "" {
		return show(in.item)
	}
	return ""
}

// Shown is a value as people write it.
func (r *Run) Shown(value any) string { return show(value) }

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

// passedOver says that s stands in a step that was skipped or in the branch that
// was not taken.
func (r *Run) passedOver(s *Step) bool {
	for c := s; c.parent != nil; c = c.parent {
		p := r.of(c.parent)
		if p.state == Skipped {
			return true
		}
		if r.otherBranch(c, p) {
			return true
		}
	}
	return false
}

// otherBranch says that the step around c, of which p is known, has decided
// against its branch.
func (r *Run) otherBranch(c *Step, p progress) bool {
	around := c.parent
	if around.Verb != VerbIf && around.Verb != VerbSwitch || p.state != Done {
		return false
	}
	if around.repeats() { // a round that was begun was decided for
		return c.branch == "else" && (p.branch != "else" || len(r.turns[around.ID]) > 0)
	}
	return p.branch != c.branch
}

// taken are the steps in an if or a switch that were decided for.
func (r *Run) taken(s *Step, p progress) []*Step {
	var out []*Step
	for _, c := range r.children(s) {
		if !r.otherBranch(c, p) {
			out = append(out, c)
		}
	}
	return out
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
		return s.Verb == VerbParallel && r.allSettled(s.Parallel) || s.Verb == VerbForEach && r.itemsSettled(s)
	case Done:
		switch {
		case s.Verb != VerbIf && s.Verb != VerbSwitch:
			return true
		case s.repeats() && p.branch == "then":
			return false
		}
		return r.allSettled(r.taken(s, p))
	case Locked, Ready:
	}
	return r.passedOver(s) || (s.Verb == VerbParallel && r.allSettled(s.Parallel))
}

// begun says that something has happened in a parallel, so that its guard is
// no longer asked.
func (r *Run) begun(s *Step) bool {
	for _, c := range r.children(s) {
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

// itemsSettled is allSettled of what is done for each. The last are asked first:
// they are the ones that are open the longest.
func (r *Run) itemsSettled(s *Step) bool {
	turns := r.turns[s.ID]
	for i := len(turns) - 1; i >= 0; i-- {
		if !r.allSettled(turns[i].top) {
			return false
		}
	}
	return true
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
func (r *Run) Phase() incident.Phase { return r.phase(r.frames[""]) }

// Var is the variable of that name of the run's own playbook; that of a called
// one is named as its steps are, as in rotate/live.
func (r *Run) Var(name string) (*Var, bool) {
	i := strings.LastIndexByte(name, '/') + 1
	f := r.frames[name[:i]]
	if f == nil {
		return nil, false
	}
	return f.book.Var(name[i:])
}

// PhaseOf is Phase of the playbook that a step calls, where that is at work.
func (r *Run) PhaseOf(caller string) (incident.Phase, bool) {
	f := r.frames[caller+"/"]
	if f == nil {
		return incident.NoPhase, false
	}
	return r.phase(f), true
}

func (r *Run) phase(f *frame) incident.Phase {
	last := incident.NoPhase
	for _, ph := range incident.Phases() {
		steps := f.top(ph)
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
func (r *Run) Over() bool { return r.started && r.over(r.frames[""]) }

// over says that nothing of a playbook is left to do.
func (r *Run) over(f *frame) bool {
	for _, ph := range incident.Phases() {
		if !r.allSettled(f.top(ph)) {
			return false
		}
	}
	for _, s := range f.fallback {
		if r.entered(s) || (r.of(s).state != "" && !r.settled(s)) {
			return false
		}
	}
	return true
}

// clone returns a run that shares nothing changeable with r. Steps and items
// never change once they are made.
func (r *Run) clone() *Run {
	c := *r
	c.steps, c.pinned, c.turns = maps.Clone(r.steps), maps.Clone(r.pinned), maps.Clone(r.turns)
	c.frames = make(map[string]*frame, len(r.frames))
	for name, f := range r.frames {
		g := *f
		g.vars, g.adhoc = maps.Clone(f.vars), slices.Clone(f.adhoc)
		c.frames[name] = &g
	}
	c.progress = make(map[string]*progress, len(r.progress))
	for id, p := range r.progress {
		q := *p
		q.pending = slices.Clone(p.pending)
		c.progress[id] = &q
	}
	return &c
}

// Clone returns a run that goes its own way from here.
func (r *Run) Clone() *Run { return r.clone() }

// Try says what Apply would say to an entry made of the draft at that time,
// and changes nothing.
func (r *Run) Try(d record.Draft, at time.Time) error {
	return r.clone().Apply(record.Entry{Time: at, Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields})
}
