package playbooks

import (
	"maps"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/types"

	"firebreak/incident"
)

// Limits of one run, so that a list from outside cannot make it endless.
const (
	maxItems     = 1000 // of one for_each
	maxInstances = 5000 // steps of items, rounds and called playbooks together
	maxCalls     = 5    // playbooks that call each other
)

// frame is a playbook at work in a run: the run's own, or one that a step calls.
type frame struct {
	name     string // what the names of its steps begin with: "", or the calling step's name and a slash
	book     *Playbook
	caller   *Step // nil for the run's own
	depth    int   // how many calls lead to it
	vars     map[string]any
	adhoc    []*Step
	phases   []PhaseSteps
	fallback []*Step
	steps    map[string]*Step // by their names in the file; nil for the run's own, whose file has them
}

// turn is an item of a for_each, or a round of an if that repeats: its steps
// exist once in each.
type turn struct {
	outer  *turn  // the item or round around it, in the same playbook
	suffix string // of the names of its steps, as in ".2"
	as     string // the variable of the item; "" for a round
	item   any
	top    []*Step
	steps  map[string]*Step // by their names in the file
}

// stand is where an instance of a step stands in a run.
type stand struct {
	name  string // in the file
	frame string
	in    *turn
}

// Name is the step's id in its file. ID of an instance has more: the number of
// its item or round behind it, and before it the steps that call its playbook.
func (s *Step) Name() string {
	if s.stand != nil {
		return s.stand.name
	}
	return s.ID
}

// Branch is the branch of the if or the switch around s in which it stands.
func (s *Step) Branch() string { return s.branch }

// repeats says that s is done again as long as its condition holds.
func (s *Step) repeats() bool { return s.Verb == VerbIf && s.Repeat != nil }

// outermost says that s is in no other step of its playbook.
func (s *Step) outermost() bool { return s.parent == nil || s.parent.Verb == VerbPlaybook }

// template says that s stands for steps that exist once an item or a round begins.
func (s *Step) template() bool {
	for c := s; c.parent != nil; c = c.parent {
		if c.parent.Verb == VerbForEach || c.parent.repeats() && c.branch == "then" {
			return true
		}
	}
	return false
}

// frameOf is the playbook that s is of.
func (r *Run) frameOf(s *Step) *frame {
	if s.stand == nil {
		return r.frames[""]
	}
	return r.frames[s.stand.frame]
}

func (s *Step) turn() *turn {
	if s.stand == nil {
		return nil
	}
	return s.stand.in
}

// sibling finds the step that s knows by a name of their file: in its item or
// round, in those around it, and in the playbook. A name that stands for many
// steps, seen from outside, is the step that holds them all.
func (r *Run) sibling(s *Step, name string) *Step {
	f := r.frameOf(s)
	for t := f.book.steps[name]; t != nil; t = t.parent {
		for in := s.turn(); in != nil; in = in.outer {
			if live := in.steps[t.ID]; live != nil {
				return live
			}
		}
		if f.steps == nil && !t.template() {
			return t
		}
		if live := f.steps[t.ID]; live != nil {
			return live
		}
	}
	return nil
}

// children are the steps in s as they are now: of every item and round that has
// begun, and of the playbook that it calls.
func (r *Run) children(s *Step) []*Step {
	switch {
	case s.Verb == VerbForEach || s.repeats():
		var out []*Step
		for _, in := range r.turns[s.ID] {
			out = append(out, in.top...)
		}
		return append(out, s.Else...)
	case s.Verb == VerbPlaybook:
		f := r.frames[s.ID+"/"]
		if f == nil {
			return nil
		}
		var out []*Step
		for _, ph := range incident.Phases() {
			out = append(out, f.top(ph)...)
		}
		return append(out, f.fallback...)
	}
	return s.Children()
}

// top returns the steps of a phase with those that people added, in order.
func (f *frame) top(ph incident.Phase) []*Step {
	var out []*Step
	for _, p := range f.phases {
		if p.Phase == ph {
			out = append(out, p.Steps...)
		}
	}
	for _, s := range f.adhoc {
		if s.Phase == ph {
			out = append(out, s)
		}
	}
	return out
}

// maker makes the instances of one playbook or turn.
type maker struct {
	run   *Run
	frame string
	in    *turn
	deep  int // added to the depth that the file gives
	names map[string]*Step
}

func (m maker) all(list []*Step, parent *Step) []*Step {
	if list == nil {
		return nil
	}
	out := make([]*Step, len(list))
	for i, t := range list {
		out[i] = m.one(t, parent)
	}
	return out
}

// one copies a step with those in it. What is done for each item or in rounds
// stays as the file has it, until an item or a round begins.
func (m maker) one(t, parent *Step) *Step {
	s := *t
	s.stand = &stand{name: t.Name(), frame: m.frame, in: m.in}
	s.ID = m.frame + s.stand.name
	if m.in != nil {
		s.ID += m.in.suffix
	}
	s.parent, s.Depth = parent, t.Depth+m.deep
	if !s.repeats() {
		s.Then = m.all(t.Then, &s)
	}
	s.Else = m.all(t.Else, &s)
	s.Parallel = m.all(t.Parallel, &s)
	s.Default = m.all(t.Default, &s)
	s.Cases = slices.Clone(t.Cases)
	for i := range s.Cases {
		s.Cases[i].Steps = m.all(s.Cases[i].Steps, &s)
	}
	m.names[s.stand.name] = &s
	m.run.steps[s.ID] = &s
	return &s
}

// count is how many instances a list of steps makes.
func count(list []*Step) int {
	n := len(list)
	for _, s := range list {
		if s.Verb == VerbForEach {
			continue
		}
		n += count(s.Else)
		if !s.repeats() {
			n += count(s.Then)
		}
		n += count(s.Parallel) + count(s.Default)
		for _, c := range s.Cases {
			n += count(c.Steps)
		}
	}
	return n
}

// enter makes the steps of one more item or round of s.
func (r *Run) enter(s *Step, list []*Step, as string, item any) {
	outer := s.turn()
	in := &turn{outer: outer, as: as, item: item, steps: map[string]*Step{}}
	in.suffix = "." + strconv.Itoa(len(r.turns[s.ID])+1)
	if outer != nil {
		in.suffix = outer.suffix + in.suffix
	}
	m := maker{run: r, frame: r.frameOf(s).name, in: in, names: in.steps}
	if len(list) > 0 {
		m.deep = s.Depth + 1 - list[0].Depth
	}
	in.top = m.all(list, s)
	r.turns[s.ID] = append(slices.Clip(r.turns[s.ID]), in)
}

// call makes the steps of the playbook that s calls. What an earlier call left
// is forgotten.
func (r *Run) call(s *Step, p *Playbook, vars map[string]any) {
	r.forget(s)
	of := r.frameOf(s)
	f := &frame{name: s.ID + "/", book: p, caller: s, depth: of.depth + 1, vars: map[string]any{}, steps: map[string]*Step{}}
	m := maker{run: r, frame: f.name, deep: s.Depth + 1, names: f.steps}
	for _, ph := range p.Phases {
		f.phases = append(f.phases, PhaseSteps{ph.Phase, m.all(ph.Steps, s)})
	}
	f.fallback = m.all(p.Fallback, s)
	for _, v := range p.Vars {
		if v.Default != nil {
			f.vars[v.Name] = v.Default
		}
	}
	maps.Copy(f.vars, vars)
	r.frames[f.name] = f
}

// forget takes away what is in s: its items, rounds and the playbook it calls.
func (r *Run) forget(s *Step) {
	for _, c := range r.children(s) {
		r.forget(c)
		if c.stand != nil {
			delete(r.steps, c.ID)
		}
		delete(r.progress, c.ID)
	}
	delete(r.turns, s.ID)
	delete(r.frames, s.ID+"/")
}

// before returns the steps that s waits for beside the one around it: those it
// needs, else the step before it in its list. Phases are not looked at here.
func (r *Run) before(s *Step) []*Step {
	if s.Needs != nil {
		out := make([]*Step, 0, len(s.Needs))
		for _, name := range s.Needs {
			if t := r.sibling(s, name); t != nil {
				out = append(out, t)
			}
		}
		return out
	}
	list := r.list(s)
	if i := slices.Index(list, s); i > 0 {
		return list[i-1 : i]
	}
	return nil
}

// list is the sequence that s stands in, nil where there is none.
func (r *Run) list(s *Step) []*Step {
	switch p := s.parent; {
	case s.outermost() && s.Fallback:
		return r.frameOf(s).fallback
	case s.outermost():
		for _, ph := range r.frameOf(s).phases {
			if ph.Phase == s.Phase {
				return ph.Steps
			}
		}
		return nil
	case p.Verb == VerbParallel:
		return nil
	case p.Verb == VerbForEach, p.repeats() && s.branch == "then":
		return s.turn().top
	default:
		return p.list(s.branch)
	}
}

// list are the steps of a branch of an if or a switch.
func (s *Step) list(branch string) []*Step {
	if s.Verb == VerbIf && branch == "else" {
		return s.Else
	}
	if s.Verb == VerbIf {
		return s.Then
	}
	for _, c := range s.Cases {
		if c.Value == branch {
			return c.Steps
		}
	}
	return s.Default
}

// reads is what an expression of s may read.
func (r *Run) reads(s *Step, result types.Map) scope {
	if s.scope != nil {
		return scope{vars: s.scope, result: result}
	}
	return scope{vars: r.frameOf(s).book.vars, result: result}
}
