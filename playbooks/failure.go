package playbooks

import (
	"time"

	"firebreak/record"
)

func (r *Run) acceptFailed(e record.Entry, s *Step, v *picture, refuse refusal) (func(), error) {
	var p record.StepFailure
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	state, now := v.state(s), r.of(s)
	attempt := now.attempts
	if state == Ready {
		attempt++
	}
	switch {
	case s.Verb == VerbIf || s.Verb == VerbSwitch || s.Verb == VerbParallel || s.Verb == VerbForEach && state != Ready:
		return refuse("a step that holds others does not fail by itself")
	case s.Verb == VerbForEach && !p.Final:
		return refuse("what is done for each is not tried again")
	case state != Ready && state != Running:
		return refuse("it is %s%s", state, because(v.why(s)))
	case p.Attempt != 0 && p.Attempt != attempt:
		return refuse("attempt %d failed while attempt %d is on", p.Attempt, attempt)
	}
	if id := r.busyIn(s); id != "" {
		return refuse("step %s is at work", id)
	}
	retryAt := p.RetryAt
	if !p.Final && retryAt.IsZero() {
		retryAt = e.Time
		if s.Retry != nil {
			retryAt = e.Time.Add(s.Retry.Every)
		}
	}
	return func() {
		n := r.change(s)
		n.attempts, n.failure, n.by, n.at, n.until = attempt, p.Error, e.Actor, e.Time, time.Time{}
		if n.failure == "" {
			n.failure = "failed"
		}
		if !p.Final {
			n.state, n.retryAt = "", retryAt
			return
		}
		n.state, n.retryAt, n.reopened = Failed, time.Time{}, false
		r.route(s, n)
	}, nil
}

// route sends a final failure to the fallback steps that have to handle it:
// the one that the step or the nearest step around it names, else the whole
// section, all of the playbook that the step is of. A failure within the section
// goes only where on_failure says. What a called playbook does not deal with is
// the failure of the step that calls it.
func (r *Run) route(s *Step, n *progress) {
	n.pending, n.routed = nil, false
	of := r.frameOf(s)
	for c := s; ; c = c.parent {
		if c.OnFailure != "" {
			n.pending = []string{of.name + c.OnFailure}
			break
		}
		if c.outermost() {
			break
		}
	}
	if n.pending == nil && !s.Fallback {
		for _, f := range of.fallback {
			n.pending = append(n.pending, f.ID)
		}
	}
	n.routed = len(n.pending) > 0
	for _, id := range n.pending {
		if f, ok := r.Step(id); ok && (r.settled(f) || r.of(f).state == Failed) {
			r.restart(f)
		}
	}
}

// restart makes a fallback step and all in it new.
func (r *Run) restart(s *Step) {
	if p := r.progress[s.ID]; p != nil {
		r.progress[s.ID] = &progress{attempts: p.attempts}
	}
	if s.Verb == VerbForEach || s.repeats() || s.Verb == VerbPlaybook {
		r.forget(s)
		return
	}
	for _, c := range s.Children() {
		r.restart(c)
	}
}

func (r *Run) acceptSkipped(e record.Entry, s *Step, v *picture, refuse refusal) (func(), error) {
	var p record.StepSkip
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	state := v.state(s)
	switch {
	case p.Guard && (s.If == "" || s.Verb == VerbIf):
		return refuse("the step has no guard")
	case p.Guard && state != Ready:
		return refuse("it is %s, not ready%s", state, because(v.why(s)))
	case !p.Guard && p.Reason == "":
		return refuse("a step is skipped with a reason")
	case state == Done || state == Skipped:
		return refuse("it is already %s", state)
	case s.Fallback && !r.reached(s):
		return refuse("a fallback step that was not entered cannot be skipped")
	}
	if id := r.busy(s); id != "" {
		return refuse("step %s is at work; end it or reopen it first", id)
	}
	return func() {
		n := r.change(s)
		n.state, n.reason, n.guard, n.reopened = Skipped, p.Reason, p.Guard, false
		n.retryAt, n.until, n.pending, n.routed = time.Time{}, time.Time{}, nil, false
		if p.Guard && n.reason == "" {
			n.reason = s.If + " is false"
		}
		n.by, n.at = e.Actor, e.Time
	}, nil
}

// busy names an automatic step at or under s that has begun and not ended.
func (r *Run) busy(s *Step) string {
	if s.Verb.Automatic() && r.of(s).state == Running {
		return s.ID
	}
	return r.busyIn(s)
}

func (r *Run) busyIn(s *Step) string {
	for _, c := range r.children(s) {
		if id := r.busy(c); id != "" {
			return id
		}
	}
	return ""
}

func (r *Run) acceptReopened(e record.Entry, s *Step, v *picture, refuse refusal) (func(), error) {
	var p record.StepSkip
	if err := e.Decode(&p); err != nil {
		return refuse("%v", err)
	}
	now := r.of(s)
	switch {
	case now.state == "" && now.again.IsZero():
		return refuse("it is %s; there is nothing to reopen%s", v.state(s), because(v.why(s)))
	case (s.Verb == VerbParallel || s.Verb == VerbPlaybook) && now.state == Running:
		return refuse("reopen the steps in it instead")
	case r.passedOver(s):
		return refuse("reopen the step around it first")
	}
	if s.Verb == VerbPlaybook {
		if id := r.busyIn(s); id != "" {
			return refuse("step %s is at work; end it or reopen it first", id)
		}
	}
	top := s.Fallback && s.outermost()
	return func() {
		n := r.change(s)
		n.state, n.branch, n.reason, n.guard = "", "", "", false
		n.failure, n.pending, n.routed = "", nil, false
		n.retryAt, n.until, n.again, n.reopened = time.Time{}, time.Time{}, time.Time{}, top
		n.note = p.Reason
		n.by, n.at = e.Actor, e.Time
		if now.state != Running {
			n.attempts = 0
		}
		n.first, n.rounds = time.Time{}, 0
		if s.repeats() {
			n.since = time.Time{}
		}
		r.openCalls(s)
	}, nil
}

// openCalls: when a step of a called playbook that has ended is opened again,
// the steps that called it are at work again too.
func (r *Run) openCalls(s *Step) {
	for c := r.frameOf(s).caller; c != nil; c = r.frameOf(c).caller {
		n := r.change(c)
		if n.state == Done || n.state == Failed {
			n.state, n.failure, n.pending, n.routed = Running, "", nil, false
		}
	}
}
