package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"
)

// calls checks a step that runs another playbook: that there is one, that it is
// given what it asks for, and that it never comes back to this one.
func (l *linter) calls(s *Step) {
	if l.catalog.Playbooks == nil || s.Playbook.ID == "" {
		return
	}
	at := s.place("playbook")
	if s.Playbook.ID == l.p.ID {
		l.at(codeCalls, at, "repeat its steps with repeat: or for_each:", "the playbook would run itself")
		return
	}
	sub, ok := l.catalog.Playbooks(s.Playbook.ID)
	if !ok {
		var known []string
		if l.catalog.PlaybookIDs != nil {
			known = l.catalog.PlaybookIDs()
		}
		l.at(codePlaybook, at, didYouMean(s.Playbook.ID, known), "there is no playbook %s", brief(s.Playbook.ID))
		return
	}
	if !s.Playbook.Fits(sub) {
		l.at(codePlaybook, at, "the one there is has version "+sub.Version, "no playbook fits %s", s.Playbook)
		return
	}
	if path := l.circleFrom(sub, []string{l.p.ID}, set{}); path != nil {
		l.at(codeCalls, at, "", "%s", strings.Join(path, " runs "))
	} else if n := l.depth(sub, map[string]int{}); n > maxCalls {
		l.at(codeCalls, at, fmt.Sprintf("at most %d calls may lead into one another", maxCalls), "playbooks run each other %d deep", n)
	}
	l.given(s, sub)
	result := types.Map{}
	for _, v := range sub.Vars {
		if v.Type != Secret {
			result[v.Name] = typeOf(string(v.Type))
		}
	}
	l.assignments(s, result)
}

// circleFrom is the way by which p comes back to one of those on the path to it,
// or to itself. Those that are known to lead to no circle are in safe.
func (l *linter) circleFrom(p *Playbook, path []string, safe set) []string {
	path = append(slices.Clone(path), p.ID)
	for _, s := range p.order {
		id := s.Playbook.ID
		if s.Verb != VerbPlaybook || safe[id] {
			continue
		}
		if slices.Contains(path, id) {
			return append(path, id)
		}
		if next, ok := l.catalog.Playbooks(id); ok {
			if found := l.circleFrom(next, path, safe); found != nil {
				return found
			}
		}
	}
	safe.add(p.ID)
	return nil
}

// depth is how many playbooks are at work in one another when p is.
func (l *linter) depth(p *Playbook, known map[string]int) int {
	if n, ok := known[p.ID]; ok {
		return n
	}
	known[p.ID] = 1
	most := 1
	for _, s := range p.order {
		if s.Verb != VerbPlaybook {
			continue
		}
		if next, ok := l.catalog.Playbooks(s.Playbook.ID); ok {
			most = max(most, 1+l.depth(next, known))
		}
	}
	known[p.ID] = most
	return most
}

// given holds what a playbook is given against its variables.
func (l *linter) given(s *Step, sub *Playbook) {
	node := s.nodes["with"]
	names := make([]string, 0, len(sub.Vars))
	for _, v := range sub.Vars {
		names = append(names, v.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		v := sub.vars[name]
		if v == nil {
			l.at(codeParam, s.place("with."+name+" key"), didYouMean(name, names), "playbook %s has no variable %s", sub.ID, brief(name))
			continue
		}
		l.givenValue(s, sub, v, s.With[name], child(node, name))
	}
	for _, v := range sub.Vars {
		if _, ok := s.With[v.Name]; v.Required && v.Default == nil && !ok {
			l.at(codeParamMissing, s.place("playbook"), "add it under with:", "playbook %s needs %s", sub.ID, v.Name)
		}
	}
}

func (l *linter) givenValue(s *Step, sub *Playbook, v *Var, value any, n *yaml.Node) {
	if n == nil {
		return
	}
	text, isText := value.(string)
	if name, ok := single(text); isText && ok {
		given := String // a member of incident
		if of := l.p.scopeOf(s)[name]; of != nil {
			given = of.Type
		}
		switch {
		case given == Secret && v.Type != Secret:
			l.node(codeSecret, n, "declare it with type secret there", "%s of playbook %s is shown, so it cannot take the secret %s", v.Name, sub.ID, name)
		case given != v.Type && (given != Int || v.Type != Float):
			l.node(codeParamType, n, "", "%s of playbook %s is %s and %s is %s", v.Name, sub.ID, v.Type, name, given)
		}
		return
	}
	if isText && strings.Contains(text, "{{") {
		if v.Type != String {
			l.node(codeParamType, n, "", "%s of playbook %s is %s, and a text is put together here", v.Name, sub.ID, v.Type)
		}
		return
	}
	if _, err := v.Check(value); err != nil {
		l.node(codeParamType, n, "", "playbook %s: %s", sub.ID, err)
	} else if v.Type == Secret && !strings.HasPrefix(text, "env:") {
		l.node(codeSecret, n, "use env:NAME", "%s: a playbook may refer to a secret in the environment only", v.Name)
	}
}
