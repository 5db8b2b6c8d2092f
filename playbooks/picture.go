package playbooks

import (
	"fmt"
	"slices"

	"firebreak/incident"
)

// picture is the state of steps at one moment. What a step's state follows from is
// worked out when it is asked for.
type picture struct {
	run      *Run
	order    []*Step // those that were visited
	known    map[*Step]judged
	blockers map[*Step]*Step
	open     map[string]map[incident.Phase]string // by playbook: why a phase may not begin, "" when it may
}

type judged struct {
	state State
	why   string
}

// glance is a picture of which nothing is worked out yet.
func (r *Run) glance() *picture {
	return &picture{run: r, known: map[*Step]judged{}, blockers: map[*Step]*Step{}, open: map[string]map[incident.Phase]string{}}
}

// picture works out every step's state from what the entries said.
func (r *Run) picture() *picture {
	v := r.glance()
	own := r.frames[""]
	for _, ph := range incident.Phases() {
		v.visit(own.top(ph))
	}
	v.visit(own.fallback)
	return v
}

// state is a step's state now.
func (v *picture) state(s *Step) State { return v.at(s).state }

// why says why a step is in its state, where that needs saying.
func (v *picture) why(s *Step) string { return v.at(s).why }

func (v *picture) at(s *Step) judged {
	j, known := v.known[s]
	if !known {
		j.state, j.why = v.judge(s)
		v.known[s] = j
	}
	return j
}

// shut says why a phase of a playbook may not begin yet, "" when it may.
func (v *picture) shut(f *frame, ph incident.Phase) string {
	if v.open[f.name] == nil {
		v.phases(f)
	}
	return v.open[f.name][ph]
}

// phases works out which phases of a playbook may begin.
func (v *picture) phases(f *frame) {
	open := make(map[incident.Phase]string, len(incident.Phases()))
	why := ""
	for _, ph := range incident.Phases() {
		open[ph] = why
		for _, s := range f.top(ph) {
			if why == "" && !v.run.settled(s) {
				why = "waits for " + s.ID + " of " + ph.String()
			}
		}
	}
	v.open[f.name] = open
}

func (v *picture) visit(steps []*Step) {
	for _, s := range steps {
		v.order = append(v.order, s)
		v.at(s)
		v.visit(v.run.children(s))
	}
}

// judge works out one step's state.
func (v *picture) judge(s *Step) (State, string) {
	p := v.run.of(s)
	switch p.state {
	case Done:
		switch {
		case v.run.settled(s):
			return Done, ""
		case !s.repeats() || p.branch != "then":
			return Running, "its " + branchName(p.branch) + " steps are open"
		case !v.run.allSettled(v.run.taken(s, p)):
			return Running, fmt.Sprintf("round %d is on", len(v.run.turns[s.ID]))
		}
		if why := v.locked(s); why != "" {
			return Locked, why
		}
		return Ready, fmt.Sprintf("round %d has ended", len(v.run.turns[s.ID]))
	case Running:
		switch {
		case s.Verb == VerbPlaybook:
			return Running, "its steps are open"
		case s.Verb != VerbParallel && s.Verb != VerbForEach:
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
		if (s.parent.Verb == VerbIf || s.parent.Verb == VerbSwitch) && v.run.of(s.parent).state == Done {
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
	if !p.again.IsZero() {
		return Ready, fmt.Sprintf("done %d times; it repeats", p.rounds)
	}
	return Ready, ""
}

// branchName is a branch in words; that of a switch's default is empty.
func branchName(branch string) string {
	if branch == "" {
		return "default"
	}
	return branch
}

// holds says that nothing keeps an open parallel from beginning.
func (v *picture) holds(s *Step) bool {
	if s.guard == nil || v.run.begun(s) {
		return true
	}
	yes, err := s.guard.truth(v.run.env(s))
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
	if why := v.lockedIn(s); why != "" {
		return why
	}
	switch {
	case s.Fallback && s.outermost():
		return v.lockedFallback(s)
	case s.Adhoc:
		return v.lockedAdhoc(s)
	case s.outermost():
		if why := v.shut(r.frameOf(s), s.Phase); why != "" {
			return why
		}
	}
	for _, b := range r.before(s) {
		if open := v.blocker(b); open != nil {
			return "waits for " + open.ID
		}
	}
	return ""
}

// lockedIn says why the step around s keeps it from beginning.
func (v *picture) lockedIn(s *Step) string {
	if s.parent == nil {
		return ""
	}
	p := v.run.of(s.parent)
	switch {
	case s.parent.Verb == VerbIf || s.parent.Verb == VerbSwitch:
		if p.state == Done {
			return ""
		}
	case s.parent.Verb == VerbPlaybook && p.state == Failed:
		return "the step around it has failed"
	case v.state(s.parent) == Running:
		return ""
	}
	return "waits for " + s.parent.ID
}

// blocker is the step that keeps what comes after s locked: s itself, or one
// before it that people opened again; nil when there is none.
func (v *picture) blocker(s *Step) *Step {
	if b, known := v.blockers[s]; known {
		return b
	}
	var found *Step
	for _, b := range v.run.before(s) {
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
	f := v.run.frameOf(s)
	for _, ph := range incident.Phases() {
		if ph < s.Phase {
			continue
		}
		for _, t := range f.top(ph) {
			if v.run.of(t).state != "" {
				return ""
			}
		}
	}
	return v.shut(f, s.Phase)
}

func (v *picture) lockedFallback(s *Step) string {
	r := v.run
	if !r.entered(s) {
		return "only after a failure"
	}
	all := r.frameOf(s).fallback
	earlier := all[:slices.Index(all, s)]
	if s.Needs != nil {
		earlier = r.before(s)
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

// broken is a step of a called playbook whose failure nothing in it deals with;
// nil where there is none.
func (v *picture) broken(s *Step) *Step {
	for _, c := range v.run.children(s) {
		p := v.run.of(c)
		if p.state == Failed && !p.routed && !v.run.passedOver(c) {
			return c
		}
		if c.Verb == VerbPlaybook { // its own failure counts
			continue
		}
		if found := v.broken(c); found != nil {
			return found
		}
	}
	return nil
}

// moving is a step in s that a program is at or can still go on with; nil where
// only people are left.
func (v *picture) moving(s *Step) *Step {
	for _, c := range v.run.children(s) {
		state := v.state(c)
		own := c.Verb.Automatic() || c.Verb == VerbWait
		if own && (state == Running || state == Ready) || state == Ready && c.Verb.Holds() {
			return c
		}
		if found := v.moving(c); found != nil {
			return found
		}
	}
	return nil
}
