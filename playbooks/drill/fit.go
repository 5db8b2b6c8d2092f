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
	each := eachOf(p)
	step := func(where, id string) {
		if id == "" || id == "evidence" || id == "change" {
			return
		}
		if name, instance := named(id, each, p); name == "" || !instance && each[id] {
			switch _, there := p.Step(id); {
			case there:
				note("%s: step %s exists once for each item or round: name one, as in %s.1", where, cut(id), cut(id))
			default:
				note("%s: playbook %s has no step %s", where, p.ID, cut(id))
			}
		}
	}
	ends := func(where, id string) {
		step(where, id)
		st, ok := p.Step(id)
		switch {
		case !ok:
		case st.Verb == playbooks.VerbForEach || st.Verb == playbooks.VerbParallel:
			note("%s: step %s holds others and is never done itself: name one in it", where, cut(id))
		case st.Verb == playbooks.VerbIf || st.Verb == playbooks.VerbSwitch:
			note("%s: step %s is done as soon as it is decided: name one in it", where, cut(id))
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
		moment(i.At, "inject "+i.ID, step, ends)
	}
	for _, e := range s.Expect {
		moment(e.From, "expectation "+e.ID, step, ends)
		ends("expectation "+e.ID, e.Done)
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

// moment checks the step that something waits for; without a word it waits for its end.
func moment(m Moment, where string, step, ends func(where, id string)) {
	if m.Is == "" || m.Is == "done" {
		ends(where, m.Step)
		return
	}
	step(where, m.Step)
}

// eachOf are the steps that exist once for each item of a for_each or round of an if.
func eachOf(p *playbooks.Playbook) map[string]bool {
	out := map[string]bool{}
	var in func(*playbooks.Step)
	in = func(s *playbooks.Step) {
		out[s.ID] = true
		for _, c := range s.Children() {
			in(c)
		}
	}
	for _, s := range p.Steps() {
		switch {
		case s.Verb == playbooks.VerbForEach:
			for _, c := range s.Do {
				in(c)
			}
		case s.Verb == playbooks.VerbIf && s.Repeat != nil:
			for _, c := range s.Then {
				in(c)
			}
		}
	}
	return out
}

// named is the step of the file that an id means: the id itself, that of an item or a
// round, as in each.2, or the step that calls the playbook in which it stands, as in
// rotate/revoke. It is "" where there is none.
func named(id string, each map[string]bool, p *playbooks.Playbook) (name string, instance bool) {
	if caller, _, called := strings.Cut(id, "/"); called {
		base, _ := named(caller, each, p)
		if s, ok := p.Step(base); ok && s.Verb == playbooks.VerbPlaybook {
			return base, true
		}
		return "", false
	}
	if _, ok := p.Step(id); ok {
		return id, false
	}
	base := strings.TrimRight(id, ".0123456789")
	if each[base] && len(id) > len(base)+1 && id[len(base)] == '.' && id[len(id)-1] != '.' {
		return base, true
	}
	return "", false
}

// FitIn is Fit for a scenario that was read from a file: the problems name it.
func (s *Scenario) FitIn(file string, p *playbooks.Playbook) Problems {
	out := s.Fit(p)
	for i := range out {
		out[i].File = file
	}
	return out
}
