package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/playbooks"
	"firebreak/record"
)

// attempt lets a step meet what the case says, or success.
func (pl *player) attempt(s *playbooks.Step) error {
	o, _, named := pl.peek(s.ID)
	if len(o.Vars) > 0 {
		if err := pl.variables(s, o); err != nil {
			return err
		}
	}
	switch {
	case o.Skip != "":
		pl.met(s.ID)
		return pl.record(record.StepSkipped, s.ID, record.StepSkip{Run: runID, Reason: o.Skip})
	case o.Timeout && s.Approve != nil && !s.Approve.Timeout.IsZero():
		pl.met(s.ID)
		return pl.unapproved(s)
	case s.Verb.Automatic():
		if _, err := pl.run.Resolve(s); err != nil {
			pl.blocked[s.ID] = strings.TrimPrefix(err.Error(), "step "+s.ID+": ")
			return nil
		}
	}
	if named {
		pl.met(s.ID)
	}
	if err := pl.begin(s); err != nil {
		return err
	}
	switch {
	case s.Verb.Holds() || s.Verb == playbooks.VerbWait:
		return nil
	case o.Reject != "":
		return pl.fails(s, errors.New("the plan was rejected: "+o.Reject), false)
	case o.Timeout:
		return pl.fails(s, fmt.Errorf("step %s took longer than its timeout of %s", s.ID, s.Timeout), true)
	case o.Fail != "":
		return pl.fails(s, errors.New(o.Fail), true)
	case s.Verb.Manual():
		return pl.answered(s, o)
	}
	return pl.succeeds(s, o)
}

// unapproved does what the step says for the case that nobody approves in time.
func (pl *player) unapproved(s *playbooks.Step) error {
	why := "nobody approved it within " + s.Approve.Timeout.Text
	switch s.Approve.OnTimeout {
	case "skip":
		return pl.record(record.StepSkipped, s.ID, record.StepSkip{Run: runID, Reason: why})
	case "fail":
		if err := pl.begin(s); err != nil {
			return err
		}
		return pl.fails(s, errors.New(why), false)
	}
	if s.Approve.OnTimeout == "page" {
		why += "; the people on call were paged"
	}
	pl.blocked[s.ID] = why
	return nil
}

// fails records a failed attempt; again says that the step's retry counts.
func (pl *player) fails(s *playbooks.Step, cause error, again bool) error {
	f := pl.run.Failure(s, cause, pl.now, again)
	if !f.Final {
		return pl.record(record.StepFailed, s.ID, f)
	}
	return pl.end(s, record.StepFailed, f)
}

// answered ends a manual step with the case's answers over the drill's.
func (pl *player) answered(s *playbooks.Step, o playbooks.Outcome) error {
	answers := pl.run.Playbook().DrillAnswers(s)
	for name, value := range o.Answers {
		answers[name] = typed(value)
	}
	given, err := pl.run.Answers(s, answers)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	set, err := pl.run.Sets(s, given, nil)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	return pl.end(s, record.StepDone, record.StepEnd{Run: runID, Answers: given, Set: set})
}

// typed is a value as a person would type it.
func typed(value any) string {
	switch v := value.(type) {
	case nil:
		return playbooks.Unknown
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		items := make([]string, len(v))
		for i, x := range v {
			items[i] = fmt.Sprint(x)
		}
		return strings.Join(items, ",")
	}
	return fmt.Sprint(value)
}

// succeeds ends an automatic step with the result of the case. A check of its
// own holds unless the case says what the check returns.
func (pl *player) succeeds(s *playbooks.Step, o playbooks.Outcome) error {
	resolved, err := pl.run.Resolve(s)
	if err != nil {
		return err
	}
	if s.Verify != nil && o.Verify != nil {
		ok, err := pl.run.Expect(s.Verify.Expect, o.Verify)
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		if !ok {
			return pl.fails(s, fmt.Errorf("verify: expected %s", s.Verify.Expect), true)
		}
	}
	result := o.Result
	if result == nil {
		result = map[string]any{}
	}
	set, err := pl.run.Sets(s, nil, result)
	switch {
	case err != nil && o.Result == nil:
		pl.stop(pl.line(s.ID), fmt.Errorf("step %s sets variables from its result, and the case gives it none: add %s: {result: {…}} (%w)", s.ID, s.ID, err))
		return nil
	case err != nil:
		return pl.fails(s, fmt.Errorf("set variables: %w", err), true)
	}
	if err := pl.end(s, record.StepDone, record.StepEnd{Run: runID, Result: result, Set: set}); err != nil {
		return err
	}
	pl.did(s, resolved)
	return nil
}

// did notes what a step did outside.
func (pl *player) did(s *playbooks.Step, r playbooks.Resolved) {
	if s.Verb == playbooks.VerbNotify {
		for _, name := range r.Notify {
			add(&pl.trace.Notified, name)
		}
	}
	if r.Action != "" {
		add(&pl.trace.Actions, r.Action)
	}
}

func add(to *[]string, name string) {
	if !slices.Contains(*to, name) {
		*to = append(*to, name)
	}
}
