package playbooks

import (
	"errors"
	"time"

	"firebreak/incident"
)

// Move is what a run offers to do with a step.
type Move string

// The moves, with the entry that records each.
const (
	Begin  Move = "begin"  // step.started, do the work, step.done or step.failed
	Retry  Move = "retry"  // as Begin, after a failure that was not final; not before Task.At, unless a person says so
	Skip   Move = "skip"   // step.skipped with guard: the condition is false
	Branch Move = "branch" // step.done with Task.Branch: an if is decided
	Finish Move = "finish" // step.done: a wait is over
	Decide Move = "decide" // a person: set the variable that is missing, begin, or skip
)

// Task is one move that can be made now.
type Task struct {
	Step   *Step
	Move   Move
	Branch string    // of Branch: then or else
	Why    string    // in words, for Skip, Branch, Retry and Decide
	At     time.Time // since when, or, for Retry, from when on it can be made
}

// Ready returns the moves that can be made, in display order. It never offers a
// step that waits for another. A Retry is offered before its time too: Task.At
// is when it is due.
func (r *Run) Ready(now time.Time) []Task {
	var out []Task
	v := r.picture()
	env := r.vars
	for _, s := range v.order {
		p := r.of(s)
		switch v.state[s.ID] {
		case Running:
			if s.Verb == VerbWait && p.state == Running && !now.Before(p.until) {
				out = append(out, Task{Step: s, Move: Finish, Why: "the wait is over", At: p.until})
			}
		case Ready:
			out = append(out, r.offer(s, p, env))
		case Locked, Done, Failed, Skipped:
		}
	}
	return out
}

func (r *Run) offer(s *Step, p progress, env map[string]any) Task {
	t := Task{Step: s, Move: Begin, At: p.since}
	if !p.retryAt.IsZero() {
		t.Move, t.At, t.Why = Retry, p.retryAt, p.failure
		return t
	}
	if s.guard == nil {
		return t
	}
	yes, err := s.guard.truth(env)
	switch {
	case err != nil:
		t.Move, t.Why = Decide, s.If+": "+err.Error()
		var unset *UnsetError
		if errors.As(err, &unset) {
			t.Why = s.If + ": nobody has said what " + unset.Name + " is"
		}
	case s.Verb == VerbIf:
		t.Move, t.Branch, t.Why = Branch, "else", s.If+" is false"
		if yes {
			t.Branch, t.Why = "then", s.If+" is true"
		}
	case !yes:
		t.Move, t.Why = Skip, s.If+" is false"
	}
	return t
}

// Next is the first moment after now at which Ready will offer more by itself:
// the end of a wait or the time of a retry. It is zero when there is none.
func (r *Run) Next(now time.Time) time.Time {
	var next time.Time
	v := r.picture()
	for _, s := range v.order {
		p := r.of(s)
		at := p.retryAt
		if p.state == Running {
			at = p.until
		}
		if at.After(now) && (next.IsZero() || at.Before(next)) && (v.state[s.ID] == Ready || v.state[s.ID] == Running) {
			next = at
		}
	}
	return next
}

// StepStatus is one step as people see it.
type StepStatus struct {
	Step     *Step
	Title    string // with its values
	State    State
	Why      string // why locked, failed or skipped
	Phase    incident.Phase
	Depth    int
	By       incident.Actor
	At       time.Time // when something last happened to it
	ReadyAt  time.Time // when it became ready
	Due      time.Time // zero when it has no due or is not ready yet
	Until    time.Time // end of a wait
	RetryAt  time.Time
	Attempts int
	Branch   string
	Result   map[string]any
	Answers  map[string]any
	Note     string
	Owner    string // the process that performs the attempt
	Error    string // of the last failed attempt
	Handled  bool   // failed, and the fallback dealt with it
	Adhoc    bool
	Fallback bool
}

// Steps returns every step in display order: phase by phase, children below
// their parents, and after them the fallback steps that a failure reached.
func (r *Run) Steps() []*StepStatus {
	v := r.picture()
	out := make([]*StepStatus, 0, len(v.order))
	for _, s := range v.order {
		if s.Fallback && !r.reached(s) {
			continue
		}
		out = append(out, r.status(s, v))
	}
	return out
}

// reached says that the fallback step s was entered at some time.
func (r *Run) reached(s *Step) bool {
	for s.parent != nil {
		s = s.parent
	}
	p := r.of(s)
	return r.entered(s) || p.state != "" || p.attempts > 0
}

// Status returns one step's status.
func (r *Run) Status(id string) (*StepStatus, bool) {
	s, ok := r.Step(id)
	if !ok {
		return nil, false
	}
	return r.status(s, r.picture()), true
}

func (r *Run) status(s *Step, v *picture) *StepStatus {
	p := r.of(s)
	st := &StepStatus{
		Step: s, Title: r.values().prose(s.Title), State: v.state[s.ID], Why: v.why[s.ID], Phase: r.phaseOf(s), Depth: s.Depth,
		By: p.by, At: p.at, ReadyAt: p.since, Until: p.until, RetryAt: p.retryAt, Attempts: p.attempts, Branch: p.branch,
		Result: p.result, Answers: p.answers, Note: p.note, Error: p.failure, Owner: p.owner,
		Handled: p.state == Failed && p.routed && len(p.pending) == 0, Adhoc: s.Adhoc, Fallback: s.Fallback,
	}
	if !s.Due.IsZero() && !p.since.IsZero() {
		st.Due = s.Due.After(p.since)
	}
	return st
}

// phaseOf is the phase to show a step in: a fallback step's is that of the
// failure it handles, else the current one.
func (r *Run) phaseOf(s *Step) incident.Phase {
	if !s.Fallback {
		return s.Phase
	}
	for _, t := range r.book.order {
		if p := r.of(t); p.state == Failed && p.routed && t.Phase != incident.NoPhase {
			return t.Phase
		}
	}
	return r.Phase()
}
