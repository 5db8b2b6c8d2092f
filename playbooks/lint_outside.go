package playbooks

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// outside checks what a step names that is neither in the file nor an action:
// connections, the template of a message, the calendar.
func (l *linter) outside(s *Step) {
	if s.Verb == VerbHTTP {
		l.request(s)
	}
	if name, ok := strings.CutPrefix(s.On, "ssh:"); ok {
		l.connection(name, s.place("on"), "ssh")
	}
	if s.Connection != "" && !strings.Contains(s.Connection, "{{") {
		l.connection(s.Connection, s.place("connection"), "")
	}
	if a := s.Approve; a != nil && a.OnTimeout != "" {
		at := at(child(s.nodes["approve"], "on_timeout"), s.place("approve"))
		if !slices.Contains(onTimeouts(), a.OnTimeout) {
			l.at(codeValue, at, didYouMean(a.OnTimeout, onTimeouts()), "on_timeout %s is not known", brief(a.OnTimeout))
		} else if a.Timeout.IsZero() {
			l.at(codeNoEffect, at, "add timeout:", "on_timeout without a timeout never happens")
		}
	}
}

// onTimeouts are what can happen when nobody approves in time.
func onTimeouts() []string { return []string{"page", "fail", "skip"} }

// at is where n was written, else the other place.
func at(n *yaml.Node, or pos) pos {
	if n == nil {
		return or
	}
	return pos{n.Line, n.Column}
}

func (l *linter) connection(name string, at pos, kind string) {
	if l.catalog.Connections == nil {
		return
	}
	of, ok := l.catalog.Connections[name]
	switch {
	case !ok:
		l.at(codeConnection, at, didYouMean(name, slices.Sorted(maps.Keys(l.catalog.Connections))), "no connection is named %s", brief(name))
	case kind != "" && of != kind:
		l.at(codeConnection, at, "", "connection %s is of kind %s, not %s", name, of, kind)
	}
}

// request: what an http step changes is undone, and a secret is not sent where
// others can read it.
func (l *linter) request(s *Step) {
	if s.HTTP == nil {
		return
	}
	at := s.place("http")
	switch {
	case s.HTTP.ReadOnly():
		for _, key := range []string{"rollback", "irreversible", "approve"} {
			if s.nodes[key] != nil {
				l.at(codeReadOnly, s.place(key), "remove it", "%s only reads, so %s has no use", s.HTTP.Method, key)
			}
		}
	case s.Rollback == nil && s.Irreversible == "" && s.Impact != "none":
		l.at(codeUndo, at, "add rollback:, irreversible: or, for a request that changes nothing, impact: none", "%s changes something and the step does not say how it is undone", s.HTTP.Method)
	case s.Rollback != nil && s.Irreversible != "":
		l.at(codeUndoDoubt, s.place("irreversible"), "keep one", "step has both rollback and irreversible")
	}
	if !strings.HasPrefix(s.HTTP.URL, "http://") {
		return
	}
	headers := child(s.nodes["http"], "headers")
	for name, value := range s.HTTP.Headers {
		if of, ok := single(value); ok && l.p.scopeOf(s)[of] != nil && l.p.scopeOf(s)[of].Type == Secret {
			l.node(codeSecret, child(headers, name), "use https://", "secret %s would cross the network in the clear", of)
		}
	}
}

// message checks the text of a notify: its own, or that of a template.
func (l *linter) message(s *Step) {
	text, own := s.With["message"].(string)
	own = own && strings.TrimSpace(text) != ""
	switch {
	case s.Template == "" && !own:
		l.at(codeParamMissing, s.place("notify"), "add with: {message: …}, or template:", "notify says nothing: message is missing")
		return
	case s.Template == "":
		return
	case own:
		l.at(codeNoEffect, s.place("with.message key"), "keep one", "step has a template, and a message of its own")
	}
	if l.catalog.Templates == nil {
		return
	}
	body, ok := l.catalog.Templates[s.Template]
	if !ok {
		l.at(codeMessage, s.place("template"), didYouMean(s.Template, slices.Sorted(maps.Keys(l.catalog.Templates))), "there is no message template %s", brief(s.Template))
		return
	}
	parts, err := parseTemplate(body)
	if err != nil {
		l.at(codeMessage, s.place("template"), "", "template %s: %s", s.Template, err)
	}
	known := l.p.scopeOf(s)
	missing := set{}
	for _, p := range parts {
		_, given := s.With[p.name]
		switch v := known[p.name]; {
		case p.name == "" || given || slices.Contains(incidentNames(), p.name):
		case v == nil:
			missing.add(p.name)
		case v.Type == Secret:
			l.at(codeSecret, s.place("template"), "", "secret %s would be shown by template %s", p.name, s.Template)
		}
	}
	for _, name := range missing.sorted() {
		l.at(codeMessage, s.place("template"), "declare the variable, or give it under with:", "template %s inserts %s, which is no variable", s.Template, name)
	}
}

// days checks the calendar that business days are counted by.
func (l *linter) days() {
	if l.p.Calendar == "" || l.catalog.Calendars == nil || slices.Contains(l.catalog.Calendars, l.p.Calendar) {
		return
	}
	l.at(codeCalendar, l.p.places["calendar"], didYouMean(l.p.Calendar, l.catalog.Calendars), "no calendar is named %s", brief(l.p.Calendar))
}
