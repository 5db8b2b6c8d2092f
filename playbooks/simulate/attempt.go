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
	case s.Verb == playbooks.VerbPlaybook:
		return pl.call(s)
	case s.Verb.Automatic():
		if _, err := pl.run.Resolve(s); err != nil {
			pl.blocked[s.ID] = strings.TrimPrefix(err.Error(), "step "+s.ID+": ")
			return nil
		}
	}
	if named {
		pl.met(s.ID)
	}
	if err := pl.begin(s, record.StepBegin{Run: runID}); err != nil {
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

// call begins a called playbook; one that cannot be called is the step's failure.
func (pl *player) call(s *playbooks.Step) error {
	if pl.world.Find == nil {
		return fmt.Errorf("step %s calls playbook %s, and there is none", s.ID, s.Playbook)
	}
	p, err := pl.world.Find(s.Playbook)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	b, err := pl.run.Call(s, p)
	var unset *playbooks.UnsetError
	switch {
	case errors.As(err, &unset):
		pl.blocked[s.ID] = unset.Error()
		return nil
	case err != nil:
		return pl.fails(s, err, false)
	}
	return pl.begin(s, b)
}

// unapproved does what the step says for the case that nobody approves in time.
func (pl *player) unapproved(s *playbooks.Step) error {
	switch kind, payload := pl.run.Lapse(s, pl.now); kind { //nolint:exhaustive // a lapse is one of these, or none
	case record.StepFailed:
		return pl.end(s, kind, payload)
	case record.StepSkipped:
		return pl.record(kind, s.ID, payload)
	default:
		why := "nobody approved it within " + s.Approve.Timeout.Text
		if s.Approve.OnTimeout == "page" {
			why += "; the people on call were paged"
		}
		pl.blocked[s.ID] = why
		return nil
	}
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
	answers := pl.run.BookOf(s).DrillAnswers(s)
	for name, value := range o.Answers {
		answers[name] = typed(value)
	}
	given, err := pl.run.Answers(s, answers)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	end, err := pl.run.Success(s, given, nil, pl.now)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	return pl.ended(s, end)
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
		ok, err := pl.run.Expect(s, s.Verify.Expect, o.Verify)
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
	end, err := pl.run.Success(s, nil, result, pl.now)
	switch {
	case err != nil && o.Result == nil:
		pl.stop(pl.line(s.ID), fmt.Errorf("step %s %s, and the case gives it no result: add %s: {result: {…}} under steps", s.ID, sets(s), s.ID))
		return nil
	case err != nil:
		return pl.fails(s, fmt.Errorf("set variables: %w", err), true)
	}
	if err := pl.ended(s, end); err != nil {
		return err
	}
	pl.did(s, resolved)
	return nil
}

// ended records the success of a step. One that is done again is not on the
// path yet.
func (pl *player) ended(s *playbooks.Step, end record.StepEnd) error {
	if !end.AgainAt.IsZero() {
		return pl.record(record.StepDone, s.ID, end)
	}
	return pl.end(s, record.StepDone, end)
}

// sets says what a step reads of its result.
func sets(s *playbooks.Step) string {
	var out []string
	for _, a := range s.Set {
		out = append(out, "sets "+a.Name+" from "+a.Expr)
	}
	if s.Repeat != nil && s.Repeat.Until != "" {
		out = append(out, "repeats until "+s.Repeat.Until)
	}
	return strings.Join(out, " and ")
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
