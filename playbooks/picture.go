package playbooks

import (
	"fmt"
	"slices"

	"firebreak/incident"
)

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
		return Failed, explain(p)
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

func explain(p progress) string {
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
