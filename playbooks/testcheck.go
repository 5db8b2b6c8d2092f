package playbooks

import (
	"slices"
	"strings"
)

// UnreadTested says that the playbook that is tested cannot be read, for these
// problems of its own: nothing else of the tests can be checked.
func UnreadTested(t *Test, of Problems) Problems {
	c := &testChecker{decoder: decoder{file: t.File}}
	hint := ""
	if len(of) > 0 {
		hint = "firebreak playbook lint " + of[0].File
	}
	c.at(codeTestPlaybook, t.at, hint, "playbook %s has errors of its own", brief(t.Playbook))
	return asTest(c.problems)
}

// CheckTest compares a file of tests with the playbook that it tests: the names
// of steps, what they can meet, the variables. find gives the playbook that a
// step runs; nil leaves the steps of such playbooks unchecked.
func CheckTest(t *Test, p *Playbook, find func(Reference) (*Playbook, error)) Problems {
	c := &testChecker{decoder: decoder{file: t.File, p: p}, find: find}
	if t.Playbook != p.ID {
		c.at(codeTestPlaybook, t.at, "", "the tests are of playbook %s, and this is %s", brief(t.Playbook), p.ID)
		return asTest(c.problems)
	}
	for i := range t.Cases {
		c.one(&t.Cases[i])
	}
	return asTest(c.problems.Sorted())
}

type testChecker struct {
	decoder
	find func(Reference) (*Playbook, error)
}

func (c *testChecker) one(tc *TestCase) {
	for name, value := range tc.Vars {
		c.value(c.p, name, value, tc.vars[name])
	}
	for _, m := range tc.Steps {
		book, s, known := c.step(m.Step, m.at)
		if !known {
			continue
		}
		for _, o := range m.Entries {
			c.meets(book, s, m.Step, o)
		}
	}
	e := tc.Expect
	for _, l := range []struct {
		key   string
		names []string
	}{{"path", e.Path}, {"done", e.Done}, {"skipped", e.Skipped}, {"failed", e.Failed}, {"never", e.Never}} {
		for i, name := range l.names {
			_, s, known := c.step(name, e.items[l.key][i])
			if known && s != nil && l.key == "path" && s.Verb.Holds() {
				c.at(codeTestStep, e.items[l.key][i], "leave it out; name the steps in it", "step %s holds others, so it is not part of the path", brief(name))
			}
		}
	}
	for name, value := range e.Vars {
		c.value(c.p, name, value, e.given["vars."+name])
	}
	can := c.p.Capabilities()
	for i, name := range e.Actions {
		if !slices.Contains(can.Actions, name) && c.find == nil {
			c.at(codeTestName, e.items["actions"][i], didYouMean(name, can.Actions), "the playbook has no action %s", brief(name))
		}
	}
	var clocks []string
	for _, k := range c.p.Clocks {
		clocks = append(clocks, k.Use)
	}
	for i, name := range e.Clocks {
		if !slices.Contains(clocks, name) {
			c.at(codeTestName, e.items["clocks"][i], didYouMean(name, clocks), "the playbook has no clock %s", brief(name))
		}
	}
}

// value checks a value that a case gives to a variable or expects of it.
func (c *testChecker) value(p *Playbook, name string, value any, at pos) {
	v := p.vars[name]
	if v == nil {
		var known []string
		for _, x := range p.Vars {
			known = append(known, x.Name)
		}
		c.at(codeTestVar, at, didYouMean(name, known), "playbook %s has no variable %s", p.ID, brief(name))
		return
	}
	err := error(nil)
	if text, ok := value.(string); ok {
		_, err = v.Read(text)
	} else if value != nil {
		_, err = v.Check(value)
	}
	if err != nil {
		c.at(codeTestVar, at, "", "%s", err)
	}
}

// step finds the step of a name as a run has it: of a sub-playbook behind a
// slash, an item or a round behind a dot. A nil step with true is one of a
// sub-playbook that is not known.
func (c *testChecker) step(name string, at pos) (*Playbook, *Step, bool) {
	book, rest := c.p, name
	for {
		first, more, nested := strings.Cut(rest, "/")
		id, _, _ := strings.Cut(first, ".")
		s := book.steps[id]
		if s == nil {
			var known []string
			for _, x := range book.order {
				known = append(known, x.ID)
			}
			c.at(codeTestStep, at, didYouMean(id, known), "playbook %s has no step %s", book.ID, brief(id))
			return nil, nil, false
		}
		if !nested {
			return book, s, true
		}
		if s.Verb != VerbPlaybook {
			c.at(codeTestStep, at, "", "step %s runs no playbook, so there is no %s", s.ID, brief(name))
			return nil, nil, false
		}
		if c.find == nil {
			return nil, nil, true
		}
		sub, err := c.find(s.Playbook)
		if err != nil {
			c.at(codeTestPlaybook, at, "", "step %s: %s", s.ID, firstLine(err.Error()))
			return nil, nil, false
		}
		book, rest = sub, more
	}
}

// meets checks that a step can meet what a case says.
func (c *testChecker) meets(p *Playbook, s *Step, name string, o Outcome) {
	if s == nil {
		return
	}
	no := func(key, hint, format string, args ...any) { c.at(codeMeets, o.keys[key], hint, format, args...) }
	has := func(key string) bool { _, ok := o.keys[key]; return ok }
	if has("answers") {
		if !s.Verb.Manual() {
			no("answers", "", "step %s is %s: nobody is asked", brief(name), aStep(s.Verb))
		}
		for q, value := range o.Answers {
			if s.Verb.Manual() && !slices.ContainsFunc(s.Ask, func(x Question) bool { return x.Name == q }) {
				var known []string
				for _, x := range s.Ask {
					known = append(known, x.Name)
				}
				c.at(codeTestVar, o.keys["answers."+q], didYouMean(q, known), "step %s does not ask for %s", brief(name), brief(q))
				continue
			}
			c.value(p, q, value, o.keys["answers."+q])
		}
	}
	for v, value := range o.Vars {
		c.value(p, v, value, o.keys["vars."+v])
	}
	switch {
	case has("result") && !s.Verb.Automatic():
		no("result", "give a manual step answers", "step %s is %s: it has no result", brief(name), aStep(s.Verb))
	case has("fail") && !s.Verb.Automatic() && !s.Verb.Manual():
		no("fail", "let a step in it fail", "step %s is %s: it does not fail by itself", brief(name), aStep(s.Verb))
	case has("reject") && s.Approve == nil && !s.Verb.Acts():
		no("reject", "", "nobody approves step %s, so nobody can reject it", brief(name))
	case has("timeout") && (s.Approve == nil || s.Approve.Timeout.IsZero()) && s.Timeout.IsZero():
		no("timeout", "give the step a timeout, or its approve one", "step %s has no timeout", brief(name))
	}
	if has("verify") && s.Verify == nil {
		no("verify", "", "step %s has no verify", brief(name))
	}
}

// aStep is a verb with its article: "an action step".
func aStep(v Verb) string {
	if strings.ContainsRune("aeiou", rune(v[0])) {
		return "an " + string(v) + " step"
	}
	return "a " + string(v) + " step"
}
