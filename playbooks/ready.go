package playbooks

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"firebreak/incident"
)

// Move is what a run offers to do with a step.
type Move string

// The moves, with the entry that records each. None is to be made before
// Task.At, unless a person says so.
const (
	Begin  Move = "begin"  // step.started, do the work, step.done or step.failed; of a called playbook Run.Call makes the entry
	Retry  Move = "retry"  // as Begin, after a failure that was not final
	Again  Move = "again"  // as Begin: the step repeats
	Skip   Move = "skip"   // step.skipped with guard: the condition is false
	Branch Move = "branch" // step.done with Task.Branch: an if, a round of it or a switch is decided
	Each   Move = "each"   // step.started with Task.Items: what is done for each of them begins
	Finish Move = "finish" // step.done: a wait, or a called playbook, is over; of the latter Run.Success makes the entry
	Fail   Move = "fail"   // step.failed, final, with Task.Why: a called playbook has failed, or cannot be
	Decide Move = "decide" // a person: set the variable that is missing, begin, or skip
)

// Task is one move that can be made.
type Task struct {
	Step   *Step
	Move   Move
	Branch string    // of Branch: then or else, the value of a case, or "" for the default
	Items  []any     // of Each: those that are new
	Why    string    // in words, for all but Begin
	At     time.Time // since when, or, for Retry, Again and a round of an if, from when on it can be made
}

// Due says that it is time for the move.
func (t Task) Due(now time.Time) bool { return !t.At.After(now) }

// Ready returns the moves that can be made, in display order. It never offers a
// step that waits for another, and one move of a step at most. A Retry, an
// Again and the next round of an if are offered before their time too: Task.At
// is when they are due.
func (r *Run) Ready(now time.Time) []Task {
	var out []Task
	v := r.picture()
	for _, s := range v.order {
		p := r.of(s)
		switch v.state(s) {
		case Running:
			switch {
			case s.Verb == VerbWait && p.state == Running && !now.Before(p.until):
				out = append(out, Task{Step: s, Move: Finish, Why: "the wait is over", At: p.until})
			case s.Verb == VerbPlaybook:
				out = append(out, r.ending(s, v)...)
			}
		case Ready:
			out = append(out, r.offer(s, p))
		case Locked, Done, Failed, Skipped:
		}
	}
	return out
}

// ending offers the end of a called playbook.
func (r *Run) ending(s *Step, v *picture) []Task {
	f := r.frames[s.ID+"/"]
	if f == nil {
		return nil
	}
	if r.over(f) {
		return []Task{{Step: s, Move: Finish, Why: "playbook " + f.book.ID + " has ended", At: r.of(s).at}}
	}
	if c := v.broken(s); c != nil && v.moving(s) == nil {
		return []Task{{Step: s, Move: Fail, Why: "step " + c.ID + " failed: " + r.of(c).failure, At: r.of(c).at}}
	}
	return nil
}

func (r *Run) offer(s *Step, p progress) Task {
	t := Task{Step: s, Move: Begin, At: p.since}
	switch {
	case !p.retryAt.IsZero():
		t.Move, t.At, t.Why = Retry, p.retryAt, p.failure
		return t
	case !p.again.IsZero():
		t.Move, t.At, t.Why = Again, p.again, fmt.Sprintf("done %d times", p.rounds)
		return t
	case s.repeats():
		return r.offerRound(s, p, t)
	case s.guard == nil:
		return r.offerOpen(s, t)
	}
	yes, err := s.guard.truth(r.env(s))
	switch {
	case err != nil:
		return undecided(t, s.If, err)
	case s.Verb == VerbIf:
		return decided(t, s.If, yes)
	case !yes:
		t.Move, t.Why = Skip, s.If+" is false"
		return t
	}
	return r.offerOpen(s, t)
}

func undecided(t Task, expr string, err error) Task {
	t.Move, t.Why = Decide, expr+": "+err.Error()
	var unset *UnsetError
	if errors.As(err, &unset) {
		t.Why = expr + ": nobody has said what " + unset.Name + " is"
	}
	return t
}

func decided(t Task, expr string, yes bool) Task {
	t.Move, t.Branch, t.Why = Branch, "else", expr+" is false"
	if yes {
		t.Branch, t.Why = "then", expr+" is true"
	}
	return t
}

// offerRound offers an if that repeats: its next round, or its end.
func (r *Run) offerRound(s *Step, p progress, t Task) Task {
	n := len(r.turns[s.ID])
	if n > 0 {
		t.At = p.since.Add(s.Repeat.Every.Time)
	}
	switch yes, err := s.guard.truth(r.env(s)); {
	case n > 0 && s.Repeat.Max > 0 && n >= s.Repeat.Max:
		t.Move, t.Branch, t.Why, t.At = Branch, "else", fmt.Sprintf("%d rounds are the most", n), p.since
	case n > 0 && s.Repeat.For.Time > 0 && t.At.After(p.first.Add(s.Repeat.For.Time)):
		t.Move, t.Branch, t.Why, t.At = Branch, "else", fmt.Sprintf("%s are over", s.Repeat.For.Text), p.since
	case len(r.steps)+count(s.Then) > maxInstances:
		t.Move, t.Branch, t.Why, t.At = Branch, "else", fmt.Sprintf("a run has no more than %d steps", maxInstances), p.since
	case err != nil:
		return undecided(t, s.If, err)
	default:
		t = decided(t, s.If, yes)
		if !yes {
			t.At = p.since
		}
	}
	return t
}

// offerOpen offers a step whose guard holds, or that has none.
func (r *Run) offerOpen(s *Step, t Task) Task {
	switch s.Verb { //nolint:exhaustive // the others are begun
	case VerbSwitch:
		value, err := r.eval(s, s.Switch)
		if err != nil {
			return undecided(t, s.Switch, err)
		}
		t.Move, t.Branch, t.Why = Branch, "", fmt.Sprintf("%s is %s, which is no case", s.Switch, brief(value))
		if slices.ContainsFunc(s.Cases, func(c Case) bool { return c.Value == show(value) }) {
			t.Branch, t.Why = show(value), s.Switch+" is "+show(value)
		}
	case VerbForEach:
		value, err := r.eval(s, s.ForEach)
		if err != nil {
			return undecided(t, s.ForEach, err)
		}
		items, why := r.items(s, value)
		t.Move, t.Items, t.Why = Each, items, fmt.Sprintf("%s has %d items", s.ForEach, len(items))
		if why != "" {
			t.Move, t.Items, t.Why = Fail, nil, s.ForEach+": "+why
		}
	}
	return t
}

// items are those of a list that s was not done for yet, or why it cannot be
// done for them.
func (r *Run) items(s *Step, value any) ([]any, string) {
	var all []any
	switch list := plain(value).(type) {
	case []any:
		all = list
	case []string:
		for _, item := range list {
			all = append(all, item)
		}
	default:
		return nil, brief(value) + " is no list"
	}
	had := make([]any, 0, len(r.turns[s.ID]))
	for _, in := range r.turns[s.ID] {
		had = append(had, in.item)
	}
	var fresh []any
	for _, item := range all {
		same := slices.IndexFunc(had, func(x any) bool { return reflect.DeepEqual(x, item) })
		switch {
		case item == nil:
			return nil, "an item has no value"
		case same >= 0:
			had = slices.Delete(had, same, same+1)
			continue
		}
		fresh = append(fresh, item)
	}
	switch {
	case len(fresh)+len(r.turns[s.ID]) > maxItems:
		return nil, fmt.Sprintf("%d items; the limit is %d", len(all), maxItems)
	case len(r.steps)+len(fresh)*count(s.Do) > maxInstances:
		return nil, fmt.Sprintf("%d items make more than %d steps", len(all), maxInstances)
	}
	return fresh, ""
}

// eval works out an expression that is no condition.
func (r *Run) eval(s *Step, text string) (any, error) {
	if s.subject != nil {
		return s.subject.eval(r.env(s))
	}
	e, err := compile(text, r.reads(s, nil), reflect.Invalid)
	if err != nil {
		return nil, err
	}
	return e.eval(r.env(s))
}

// Next is the first moment after now at which Ready will offer more by itself:
// the end of a wait, the time of a retry or of a repetition. It is zero when
// there is none.
func (r *Run) Next(now time.Time) time.Time {
	var next time.Time
	v := r.picture()
	for _, s := range v.order {
		p := r.of(s)
		var at time.Time
		switch v.state(s) {
		case Running:
			if p.state == Running {
				at = p.until
			}
		case Ready:
			at = r.offer(s, p).At
		case Locked, Done, Failed, Skipped:
		}
		if at.After(now) && (next.IsZero() || at.Before(next)) {
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
	Item     any       // what a step of a for_each is done for; nil for others
	Rounds   int       // how often a step that repeats, or an if that does, was done
	AgainAt  time.Time // when it is done next
	RoundAt  time.Time // when it was done last
	Calls    string    // the playbook that it calls and its version, once it is known
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
	for !s.outermost() {
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
		Step: s, Title: r.values(s).prose(s.Title), State: v.state(s), Why: v.why(s), Phase: r.phaseOf(s), Depth: s.Depth,
		By: p.by, At: p.at, ReadyAt: p.since, Until: p.until, RetryAt: p.retryAt, Attempts: p.attempts, Branch: p.branch,
		Result: p.result, Answers: p.answers, Note: p.note, Error: p.failure, Owner: p.owner,
		Handled: p.state == Failed && p.routed && len(p.pending) == 0, Adhoc: s.Adhoc, Fallback: s.Fallback,
		Rounds: p.rounds, AgainAt: p.again, RoundAt: p.roundAt,
	}
	if in := s.turn(); in != nil && in.as != "" {
		st.Item = in.item
	}
	if s.repeats() {
		st.Rounds = len(r.turns[s.ID])
		if st.State == Ready && st.Rounds > 0 {
			st.AgainAt = r.offer(s, p).At
		}
	}
	if f := r.frames[s.ID+"/"]; f != nil {
		st.Calls = f.book.ID + " " + f.book.Version
	}
	if !s.Due.IsZero() && !p.since.IsZero() {
		st.Due = r.calendar.After(p.since, s.Due)
	}
	return st
}

// phaseOf is the phase to show a step in: that of the step which calls its
// playbook; a fallback step's is that of the failure it handles, else the
// current one.
func (r *Run) phaseOf(s *Step) incident.Phase {
	for c := r.frameOf(s).caller; c != nil; c = r.frameOf(s).caller {
		s = c
	}
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
