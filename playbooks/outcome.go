package playbooks

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"firebreak/record"
)

// Answers checks what a person typed to the step's questions and returns the
// values to record. A question without an answer is an error; the answer
// "unknown" leaves the variable without a value.
func (r *Run) Answers(s *Step, typed map[string]string) (map[string]any, error) {
	out := map[string]any{}
	var bad []error
	for _, q := range s.Ask {
		v, ok := r.BookOf(s).Var(q.Name)
		if !ok {
			continue // Parse refuses such a step
		}
		text, given := typed[q.Name]
		if !given || (strings.TrimSpace(text) == "" && v.Default == nil) {
			bad = append(bad, fmt.Errorf("%s: no answer to %q (say unknown if nobody knows)", q.Name, q.Text))
			continue
		}
		value, err := v.Read(text)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		if value != nil {
			out[q.Name] = value
		}
	}
	for name := range typed {
		if !slices.ContainsFunc(s.Ask, func(q Question) bool { return q.Name == name }) {
			bad = append(bad, fmt.Errorf("%s: the step does not ask for it", name))
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return out, nil
}

// Sets evaluates the step's assignments over the answers it was given and the
// result it returned.
func (r *Run) Sets(s *Step, answers, result map[string]any) (map[string]any, error) {
	if len(s.Set) == 0 {
		return nil, nil
	}
	env := r.env(s)
	maps.Copy(env, answers)
	env["result"] = plain(result)
	out := make(map[string]any, len(s.Set))
	for _, a := range s.Set {
		value, err := a.program.eval(env)
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", a.Name, err)
		}
		v, ok := r.BookOf(s).Var(a.Name)
		if !ok {
			continue // Parse refuses such a step
		}
		if out[a.Name], err = v.Check(value); err != nil {
			return nil, fmt.Errorf("set %w", err)
		}
	}
	return out, nil
}

// Expect evaluates a condition of s over the result of a check. It may read the
// step's item, and the variables of the playbook that it is of.
func (r *Run) Expect(s *Step, condition string, result map[string]any) (bool, error) {
	return truth(condition, r.reads(s, anyResult()), r.env(s), result)
}

func truth(condition string, in scope, env, result map[string]any) (bool, error) {
	e, err := compile(condition, in, reflect.Bool)
	if err != nil {
		return false, fmt.Errorf("expect %s: %w", condition, err)
	}
	env["result"] = plain(result)
	return e.truth(env)
}

// Success is the entry to record when the attempt at s that is on has come to a
// good end: what it sets, and whether it repeats. Of a called playbook the
// result is what its variables are.
func (r *Run) Success(s *Step, answers, result map[string]any, now time.Time) (record.StepEnd, error) {
	if s.Verb == VerbPlaybook {
		result = r.outcome(s)
	}
	end := record.StepEnd{Run: r.id, Answers: answers, Result: result}
	var err error
	if end.Set, err = r.Sets(s, answers, result); err != nil {
		return end, err
	}
	if s.Repeat == nil || s.repeats() {
		return end, nil
	}
	if s.Repeat.Until != "" {
		env := maps.Clone(answers)
		if env == nil {
			env = map[string]any{}
		}
		maps.Copy(env, end.Set)
		enough, err := r.until(s, env, result)
		if err != nil || enough {
			return end, err
		}
	}
	p := r.of(s)
	first, next := p.first, now.Add(s.Repeat.Every.Time)
	if first.IsZero() {
		first = now
	}
	if s.Repeat.Max > 0 && p.rounds+1 >= s.Repeat.Max || s.Repeat.For.Time > 0 && next.After(first.Add(s.Repeat.For.Time)) {
		return end, nil
	}
	end.AgainAt = next
	return end, nil
}

// until says whether a step that repeats has found what it is done for; set are
// the variables as they are after it.
func (r *Run) until(s *Step, set, result map[string]any) (bool, error) {
	env := r.env(s)
	e, err := compile(s.Repeat.Until, r.reads(s, anyResult()), reflect.Bool)
	if err != nil {
		return false, fmt.Errorf("until %s: %w", s.Repeat.Until, err)
	}
	maps.Copy(env, set)
	env["result"] = plain(result)
	yes, err := e.truth(env)
	if err != nil {
		return false, fmt.Errorf("until %s: %w", s.Repeat.Until, err)
	}
	return yes, nil
}

// Lapse is the entry to record when nobody approved s in the time that it
// gives: it fails, or it is skipped. The kind is "" where it goes on waiting.
func (r *Run) Lapse(s *Step, now time.Time) (record.Kind, any) {
	if s.Approve == nil || s.Approve.Timeout.IsZero() {
		return "", nil
	}
	why := "nobody approved it within " + s.Approve.Timeout.Text
	switch s.Approve.OnTimeout {
	case "fail":
		f := r.Failure(s, errors.New(why), now, false)
		return record.StepFailed, f
	case "skip":
		return record.StepSkipped, record.StepSkip{Run: r.id, Reason: why}
	}
	return "", nil
}

// Failure is the entry to record when the attempt at s that is on failed: it
// says whether another is left and when. With again false none is, whatever
// the step's retry says: an outcome that is unknown must not be repeated.
func (r *Run) Failure(s *Step, cause error, now time.Time, again bool) record.StepFailure {
	p := r.of(s)
	attempt := p.attempts
	if p.state != Running {
		attempt++
	}
	out := record.StepFailure{Run: r.id, Error: cause.Error(), Attempt: attempt, Final: true}
	if again && s.Retry != nil && attempt < s.Retry.Max {
		out.Final = false
		out.RetryAt = now.Add(s.Retry.Every)
	}
	return out
}
