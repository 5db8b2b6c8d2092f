package playbooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// EntryError says why an entry cannot follow what the run already took.
type EntryError struct {
	Seq    int64
	Kind   record.Kind
	Step   string
	Reason string
}

// Error is "entry 12 (step.done) of step revoke: reason".
func (e *EntryError) Error() string {
	if e.Step == "" {
		return fmt.Sprintf("entry %d (%s): %s", e.Seq, e.Kind, e.Reason)
	}
	return fmt.Sprintf("entry %d (%s) of step %s: %s", e.Seq, e.Kind, e.Step, e.Reason)
}

// Apply takes one entry of the record. Entries of other kinds and of other
// runs are passed over. An entry that cannot be is an *EntryError and changes
// nothing.
func (r *Run) Apply(e record.Entry) error {
	change, err := r.accept(e)
	if err != nil {
		return err
	}
	if change == nil {
		return nil
	}
	change()
	r.follow(e)
	return nil
}

// accept checks an entry and returns the change that it makes, nil when the
// entry is not this run's.
func (r *Run) accept(e record.Entry) (func(), error) {
	refuse := func(format string, args ...any) (func(), error) {
		return nil, &EntryError{e.Seq, e.Kind, e.Step, fmt.Sprintf(format, args...)}
	}
	var of struct {
		Run string `json:"run"`
	}
	onStep := map[record.Kind]func(record.Entry, *Step, *picture, refusal) (func(), error){
		record.StepStarted: r.acceptBegin, record.StepDone: r.acceptDone, record.StepFailed: r.acceptFailed,
		record.StepSkipped: r.acceptSkipped, record.StepReopened: r.acceptReopened,
	}[e.Kind]
	if onStep == nil && e.Kind != record.RunStarted && e.Kind != record.VariableSet && e.Kind != record.StepAdded {
		return nil, nil
	}
	if err := e.Decode(&of); err != nil {
		return refuse("%v", err)
	}
	if of.Run != r.id {
		return nil, nil
	}
	switch {
	case e.Kind == record.RunStarted && r.started:
		return refuse("the run has already begun")
	case e.Kind == record.RunStarted:
		return r.acceptStart(e, refuse)
	case !r.started:
		return refuse("the run has not begun")
	case e.Kind == record.VariableSet:
		return r.acceptVariables(e, refuse)
	case e.Kind == record.StepAdded:
		return r.acceptAdded(e, refuse)
	}
	s, ok := r.Step(e.Step)
	if !ok {
		if t, there := r.book.Step(e.Step); there && t.template() {
			return refuse("it is done for each item or round, as in %s.1", e.Step)
		}
		return refuse("the run has no such step")
	}
	return onStep(e, s, r.glance(), refuse)
}

type refusal func(format string, args ...any) (func(), error)

func (r *Run) acceptStart(e record.Entry, refuse refusal) (func(), error) {
	var p record.Started
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	switch {
	case p.Playbook != r.book.ID:
		return refuse("the run follows playbook %s, not %s", p.Playbook, r.book.ID)
	case p.SHA256 != "" && p.SHA256 != r.book.SHA256:
		return refuse("the playbook is not the one that was pinned")
	}
	own := r.frames[""]
	vars, err := own.typed(p.Vars)
	if err != nil {
		return refuse("%v", err)
	}
	var c Calendar
	if len(p.Calendar) > 0 {
		if err := json.Unmarshal(p.Calendar, &c); err != nil {
			return refuse("calendar: %v", err)
		}
	}
	return func() {
		r.calendar = c
		for _, v := range r.book.Vars {
			if v.Default != nil {
				own.vars[v.Name] = v.Default
			}
		}
		own.set(vars)
		r.started = true
	}, nil
}

// acceptVariables: those of a called playbook are named as its steps are, as in
// rotate/live.
func (r *Run) acceptVariables(e record.Entry, refuse refusal) (func(), error) {
	var p record.Variables
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	byFrame := map[string]map[string]any{}
	for name, value := range p.Vars {
		i := strings.LastIndexByte(name, '/') + 1
		if byFrame[name[:i]] == nil {
			byFrame[name[:i]] = map[string]any{}
		}
		byFrame[name[:i]][name[i:]] = value
	}
	for at, vars := range byFrame {
		f := r.frames[at]
		if f == nil {
			return refuse("no playbook is at work in %s", strings.TrimSuffix(at, "/"))
		}
		out, err := f.typed(vars)
		if err != nil {
			return refuse("%v", err)
		}
		byFrame[at] = out
	}
	return func() {
		for at, vars := range byFrame {
			r.frames[at].set(vars)
		}
	}, nil
}

// typed checks values against the declared variables. nil takes a value away.
func (f *frame) typed(in map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(in))
	for name, value := range in {
		v, ok := f.book.Var(name)
		if !ok {
			return nil, fmt.Errorf("variable %s is not declared", name)
		}
		if value == nil {
			out[name] = nil
			continue
		}
		x, err := v.Check(value)
		if err != nil {
			return nil, err
		}
		out[name] = x
	}
	return out, nil
}

func (f *frame) set(vars map[string]any) {
	for name, value := range vars {
		if value == nil {
			delete(f.vars, name)
			continue
		}
		f.vars[name] = value
	}
}

func (r *Run) acceptAdded(e record.Entry, refuse refusal) (func(), error) {
	var p record.AdHoc
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	i := strings.LastIndexByte(p.ID, '/') + 1
	f, name := r.frames[p.ID[:i]], p.ID[i:]
	if f == nil {
		return refuse("no playbook is at work in %s", strings.TrimSuffix(p.ID[:i], "/"))
	}
	ph := p.Phase
	if ph == incident.NoPhase {
		ph = r.Phase()
	}
	_, declared := f.book.Step(name)
	switch _, taken := r.Step(p.ID); {
	case !slugShape.MatchString(name):
		return refuse("step id %s is badly formed", brief(p.ID))
	case taken || declared:
		return refuse("step id %s is taken", p.ID)
	case p.Title == "" && p.Text == "":
		return refuse("the added step says nothing")
	case len(p.Text) > maxText || len(p.Title) > maxText:
		return refuse("the added step's text is longer than %d bytes", maxText)
	case len(f.adhoc) >= maxSteps:
		return refuse("more than %d added steps", maxSteps)
	case f.caller != nil && r.of(f.caller).state != Running:
		return refuse("step %s is %s: open it again first", f.caller.ID, r.of(f.caller).state)
	}
	s := &Step{ID: p.ID, Title: p.Title, Verb: VerbManual, Manual: p.Text, Phase: ph, Adhoc: true, stand: &stand{name: name, frame: f.name}}
	if f.caller != nil {
		s.parent, s.Depth = f.caller, f.caller.Depth+1
	}
	if s.Title == "" {
		s.Title = firstLine(p.Text)
	}
	return func() {
		f.adhoc = append(slices.Clip(f.adhoc), s)
		r.steps[s.ID] = s
	}, nil
}

func (r *Run) acceptBegin(e record.Entry, s *Step, v *picture, refuse refusal) (func(), error) {
	var p record.StepBegin
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	now := r.of(s)
	switch {
	case s.Verb == VerbIf || s.Verb == VerbSwitch:
		return refuse("a step that branches is decided, not begun")
	case v.state(s) != Ready:
		return refuse("it is %s, not ready%s", v.state(s), because(v.why(s)))
	case p.Attempt != 0 && p.Attempt != now.attempts+1:
		return refuse("attempt %d cannot follow attempt %d", p.Attempt, now.attempts)
	}
	inside, why := r.beginInside(s, p)
	if why != "" {
		return refuse("%s", why)
	}
	until := p.Until
	if s.Verb == VerbWait && until.IsZero() {
		until = s.Wait.After(e.Time)
	}
	return func() {
		n := r.change(s)
		n.state, n.attempts, n.until, n.retryAt, n.again = Running, now.attempts+1, until, time.Time{}, time.Time{}
		n.by, n.at, n.owner = e.Actor, e.Time, p.Owner
		if n.first.IsZero() {
			n.first = e.Time
		}
		inside()
	}, nil
}

// beginInside makes the steps in one that begins: of the items it is done for,
// or of the playbook that it calls.
func (r *Run) beginInside(s *Step, p record.StepBegin) (inside func(), why string) {
	switch {
	case s.Verb == VerbForEach:
		items, _ := plain(p.Items).([]any)
		for len(items) < p.Count { // they were erased
			items = append(items, nil)
		}
		if had := len(r.turns[s.ID]); had+len(items) > maxItems || len(r.steps)+len(items)*count(s.Do) > maxInstances {
			return nil, fmt.Sprintf("%d items are too many", had+len(items))
		}
		return func() {
			for _, item := range items {
				r.enter(s, s.Do, s.variable(), item)
			}
		}, ""
	case p.Items != nil:
		return nil, "only what is done for each has items"
	case s.Verb == VerbPlaybook:
		return r.beginCall(s, p)
	case p.Playbook != "":
		return nil, "the step calls no playbook"
	}
	return func() {}, ""
}

// variable is the name of a for_each's item.
func (s *Step) variable() string {
	if s.As != "" {
		return s.As
	}
	return "item"
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

func (r *Run) acceptDone(e record.Entry, s *Step, v *picture, refuse refusal) (func(), error) {
	var p record.StepEnd
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	state, branches := v.state(s), s.Verb == VerbIf || s.Verb == VerbSwitch
	switch {
	case s.Verb == VerbParallel || s.Verb == VerbForEach:
		return refuse("%s ends when its steps have ended", s.Verb)
	case s.Verb == VerbIf && p.Branch != "then" && p.Branch != "else":
		return refuse("branch %s: want then or else", brief(p.Branch))
	case s.Verb == VerbSwitch && p.Branch != "" && !slices.ContainsFunc(s.Cases, func(c Case) bool { return c.Value == p.Branch }):
		return refuse("branch %s is no case of the switch", brief(p.Branch))
	case branches && state != Ready:
		return refuse("it is %s, not ready%s", state, because(v.why(s)))
	case !branches && p.Branch != "":
		return refuse("only an if and a switch have branches")
	case s.repeats() && p.Branch == "then" && len(r.steps)+count(s.Then) > maxInstances:
		return refuse("a run has no more than %d steps", maxInstances)
	case state != Ready && state != Running:
		return refuse("it is %s%s", state, because(v.why(s)))
	case s.Verb == VerbPlaybook && (state != Running || !r.over(r.frames[s.ID+"/"])):
		return refuse("the playbook that it calls has not ended")
	case !p.AgainAt.IsZero() && (s.Repeat == nil || s.repeats()):
		return refuse("the step does not repeat")
	}
	f := r.frameOf(s)
	vars, err := f.typed(p.Answers)
	if err != nil {
		return refuse("answer: %v", err)
	}
	for name := range p.Answers {
		if !slices.ContainsFunc(s.Ask, func(q Question) bool { return q.Name == name }) {
			return refuse("the step does not ask for %s", name)
		}
	}
	set, err := f.typed(p.Set)
	if err != nil {
		return refuse("set: %v", err)
	}
	for name := range p.Set {
		if !slices.ContainsFunc(s.Set, func(a Assignment) bool { return a.Name == name }) {
			return refuse("the step does not set %s", name)
		}
	}
	result, _ := plain(p.Result).(map[string]any)
	return func() {
		n := r.change(s)
		n.state, n.branch, n.result, n.answers, n.note = Done, p.Branch, result, vars, p.Note
		n.retryAt, n.until, n.reopened = time.Time{}, time.Time{}, false
		n.by, n.at = e.Actor, e.Time
		r.repeat(s, n, p, e.Time)
		f.set(vars)
		f.set(set)
	}, nil
}

// repeat notes that a step that repeats was done once more, and makes the steps
// of the next round.
func (r *Run) repeat(s *Step, n *progress, p record.StepEnd, at time.Time) {
	if s.Repeat == nil {
		return
	}
	n.rounds, n.roundAt, n.again = n.rounds+1, at, time.Time{}
	if n.first.IsZero() {
		n.first = at
	}
	switch {
	case s.repeats() && p.Branch == "then":
		n.since = time.Time{} // it becomes ready again when the round has ended
		r.enter(s, s.Then, "", nil)
	case s.repeats():
	case !p.AgainAt.IsZero():
		n.state, n.attempts, n.failure, n.again = "", 0, "", p.AgainAt
	}
}

// follow draws the consequences of a change: failures whose fallback steps
// have ended are handled, and steps that became ready get their time.
func (r *Run) follow(e record.Entry) {
	failed := false
	for again := true; again; {
		again = false
		for _, p := range r.progress {
			if p.state != Failed {
				continue
			}
			failed = true
			before := len(p.pending)
			p.pending = slices.DeleteFunc(slices.Clone(p.pending), func(id string) bool {
				f, ok := r.Step(id)
				return ok && r.settled(f)
			})
			if len(p.pending) == 0 {
				p.pending = nil
			}
			again = again || len(p.pending) != before
		}
	}
	var v *picture
	if steps, within := r.within(e); within && !failed {
		v = r.glance()
		v.visit(steps)
	} else {
		v = r.picture()
	}
	for _, s := range v.order {
		if v.state(s) != Ready {
			if v.state(s) == Locked && !r.of(s).since.IsZero() {
				r.change(s).since = time.Time{}
			}
			continue
		}
		if r.of(s).since.IsZero() {
			r.change(s).since = e.Time
		}
	}
}

// within returns the steps that an entry can have changed, where these are all of
// one item or of one called playbook: what is outside sees only the step that
// holds them, and that one goes on. It keeps a run of thousands of instances from
// costing their square.
func (r *Run) within(e record.Entry) ([]*Step, bool) {
	s, ok := r.Step(e.Step)
	if !ok || e.Kind != record.StepStarted && e.Kind != record.StepDone && e.Kind != record.StepSkipped {
		return nil, false
	}
	var p struct {
		Set     map[string]any `json:"set"`
		Answers map[string]any `json:"answers"`
	}
	if err := e.Decode(&p); err != nil || len(p.Set)+len(p.Answers) > 0 && r.asks() {
		return nil, false // a variable may open what stands anywhere
	}
	for c := s; c.parent != nil; c = c.parent {
		switch holder := c.parent; {
		case holder.Verb == VerbForEach:
			if in := c.turn(); in != nil && !r.settled(holder) {
				return in.top, true
			}
			return nil, false
		case holder.Verb == VerbPlaybook:
			if r.settled(holder) {
				return nil, false
			}
			return r.children(holder), true
		case holder.repeats():
			return nil, false
		}
	}
	return nil, false
}

// asks says that the state of a step may hang on a variable: that of a parallel
// with a guard does.
func (r *Run) asks() bool {
	asks := func(s *Step) bool { return s.Verb == VerbParallel && s.guard != nil }
	if slices.ContainsFunc(r.book.order, asks) {
		return true
	}
	for _, s := range r.steps {
		if asks(s) {
			return true
		}
	}
	return false
}
