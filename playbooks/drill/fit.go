package drill

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/playbooks"
)

// Fit says what in the scenario the playbook does not have: variables, questions
// and steps that it names.
func (s *Scenario) Fit(p *playbooks.Playbook) Problems {
	var out Problems
	note := func(format string, args ...any) {
		out = append(out, Problem{
			Code: codeFit, File: s.ID, Line: 1, Column: 1, Severity: playbooks.Error, Message: cut(fmt.Sprintf(format, args...)),
			Hint: "firebreak playbook show " + p.ID + " lists its steps and variables",
		})
	}
	asked := map[string]bool{}
	for _, st := range p.Steps() {
		for _, q := range st.Ask {
			asked[q.Name] = true
		}
	}
	step := func(where, id string) {
		if id == "" || id == "evidence" || id == "change" {
			return
		}
		if _, ok := p.Step(id); !ok {
			note("%s: playbook %s has no step %s", where, p.ID, cut(id))
		}
	}
	for name := range s.Values {
		if _, ok := p.Var(name); !ok {
			note("values: playbook %s has no variable %s", p.ID, cut(name))
		}
	}
	for name := range s.Answers {
		if _, ok := p.Var(name); !ok && !asked[name] {
			note("answers: playbook %s asks no %s", p.ID, cut(name))
		}
	}
	for _, e := range s.Evidence {
		for _, id := range e.Collect {
			step("evidence "+e.ID, id)
		}
	}
	for _, i := range s.Injects {
		step("inject "+i.ID, i.At.Step)
	}
	for _, e := range s.Expect {
		step("expectation "+e.ID, e.From.Step)
		step("expectation "+e.ID, e.Done)
		step("expectation "+e.ID, e.Never)
		for _, id := range e.Before {
			step("expectation "+e.ID, id)
		}
		if e.Answer != "" && !asked[e.Answer] {
			note("expectation %s: playbook %s asks no %s", e.ID, p.ID, cut(e.Answer))
		}
	}
	slices.SortFunc(out, func(a, b Problem) int { return strings.Compare(a.Message, b.Message) })
	return out
}

// FitIn is Fit for a scenario that was read from a file: the problems name it.
func (s *Scenario) FitIn(file string, p *playbooks.Playbook) Problems {
	out := s.Fit(p)
	for i := range out {
		out[i].File = file
	}
	return out
}
