package playbooks

import (
	"reflect"
	"slices"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

// variables: each is used, and has a value by the time it is needed. What a
// step sets or asks for counts as used: whoever runs the playbook can read it.
func (l *linter) variables() {
	f := l.newFlow()
	used := map[string]bool{}
	told := map[string]bool{}
	for _, s := range l.p.order {
		scope := l.p.scopeOf(s)
		l.reads(s, func(name string, at pos) {
			used[name] = true
			v := l.p.vars[name]
			if v == nil || scope[name] != v || v.Default != nil || v.Required || told[name] {
				return
			}
			if message, hint := f.lacks(s, name); message != "" {
				told[name] = true
				l.at(codeUnset, at, hint, "%s", message)
			}
		}, used)
		for _, q := range s.Ask {
			used[q.Name] = true
		}
		for _, a := range s.Set {
			used[a.Name] = true
		}
	}
	for _, c := range l.p.Clocks {
		if e, err := compile(c.When, scope{vars: l.p.vars}, reflect.Bool); err == nil {
			for _, name := range e.mentions {
				used[name] = true
			}
		}
	}
	for _, v := range l.p.Vars {
		if !used[v.Name] {
			l.at(codeUnused, v.at, "remove it", "variable %s is never used", v.Name)
		}
	}
}

// reads calls need for each variable that the step cannot do without, and
// notes in used those that it only shows.
func (l *linter) reads(s *Step, need func(string, pos), used map[string]bool) {
	if s.guard != nil {
		for _, name := range s.guard.mentions {
			used[name] = true
		}
		for _, name := range s.guard.reads {
			need(name, s.place("if"))
		}
	}
	for _, a := range s.Set {
		if a.program != nil {
			for _, name := range a.program.reads {
				need(name, s.place("set."+a.Name))
			}
		}
	}
	if s.subject != nil {
		for _, name := range s.subject.mentions {
			used[name] = true
		}
		for _, name := range s.subject.reads {
			need(name, s.place(string(s.Verb)))
		}
	}
	if s.Repeat != nil && s.Repeat.program != nil {
		for _, name := range s.Repeat.program.mentions {
			used[name] = true
		}
		for _, name := range s.Repeat.program.reads {
			need(name, s.place("repeat.until"))
		}
	}
	if s.Verify != nil && s.Verify.program != nil {
		for _, name := range s.Verify.program.reads {
			need(name, s.place("verify.expect"))
		}
	}
	if body, ok := l.catalog.Templates[s.Template]; ok {
		parts, _ := parseTemplate(body) // what is wrong with it is told by message
		for _, p := range parts {
			used[p.name] = true
		}
	}
	needed := []*yaml.Node{s.nodes["run"], s.nodes["env"], s.nodes["http"], s.nodes["collect"], s.nodes["ingest"], s.nodes["detect"], s.nodes["notify"]}
	shown := []*yaml.Node{s.nodes["title"], s.nodes["manual"], s.nodes["review"], s.nodes["ask"], s.nodes["note"], s.nodes["irreversible"], s.nodes["rollback"]}
	if s.Verb == VerbNotify {
		shown = append(shown, s.nodes["with"])
	} else {
		needed = append(needed, s.nodes["with"])
	}
	needed = append(needed, s.nodes["verify"])
	for _, n := range needed {
		names(n, need)
	}
	for _, n := range shown {
		names(n, func(name string, _ pos) { used[name] = true })
	}
}

// names calls f for each template in a tree.
func names(n *yaml.Node, f func(string, pos)) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		parts, err := parseTemplate(n.Value)
		if err != nil {
			return
		}
		for _, p := range parts {
			if p.name != "" {
				f(p.name, pos{n.Line, n.Column})
			}
		}
	}
	for _, c := range n.Content {
		names(c, f)
	}
}

// fallback: each step of the section can be reached.
func (l *linter) fallback() {
	named := map[string]bool{}
	for _, s := range l.p.order {
		if s.OnFailure != "" {
			named[s.OnFailure] = true
			continue
		}
		if !s.Fallback && (!s.Verb.Holds() || s.Verb == VerbPlaybook) && !covered(s) {
			return // its failure enters the whole section
		}
	}
	for _, s := range l.p.Fallback {
		if !named[s.ID] {
			l.at(codeUnreachable, pos{s.Line, s.Column}, "name it in an on_failure, or remove it", "no failure leads to fallback step %s", s.ID)
		}
	}
}

// covered says that a step around s has an on_failure.
func covered(s *Step) bool {
	for p := s.parent; p != nil; p = p.parent {
		if p.OnFailure != "" {
			return true
		}
	}
	return false
}

// serviceLabel marks a playbook that others run as a step. What they learn is
// learned in the review of the caller, which must not wait for one of its own.
const serviceLabel = "service"

// whole looks at the playbook as one: it learns, it can be drilled, and it
// takes evidence before it changes anything.
func (l *linter) whole() {
	if !slices.Contains(l.p.Labels, serviceLabel) && !slices.ContainsFunc(l.p.order, func(s *Step) bool { return s.Verb == VerbReview }) {
		l.at(codeEmptyPlaybook, pos{1, 1}, "end with a learn phase that has a review step", "playbook has no review")
	}
	asked := map[string]bool{}
	for _, s := range l.p.order {
		for _, q := range s.Ask {
			asked[q.Name] = true
		}
	}
	for _, v := range l.p.Vars {
		_, drilled := l.p.Drill[v.Name]
		if !drilled && v.Default == nil && (v.Required || asked[v.Name]) {
			l.at(codeNoDrill, v.at, "add it under drill:", "a drill has no value for %s", v.Name)
		}
	}
	l.evidenceFirst()
}

func (l *linter) evidenceFirst() {
	collects := func(s *Step) bool { return s.Verb == VerbCollect }
	first := slices.IndexFunc(l.p.order, collects)
	if first < 0 {
		return
	}
	for _, s := range l.p.order[:first] {
		if !s.Fallback && s.Verb == VerbAction && l.catalog.Actions[s.Action].Danger >= incident.Medium {
			l.at(codeEvidence, s.place("action"), "collect first: what the action changes cannot be taken later", "%s comes before the first collect", s.Action)
		}
	}
}
