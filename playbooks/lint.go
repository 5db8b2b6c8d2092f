package playbooks

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

// Catalog is what there is outside the playbook: the actions of the
// integrations, the collectors and profiles, the connections, other playbooks,
// message templates, calendars. What is nil is not known, and not checked.
type Catalog struct {
	Actions     map[string]ActionInfo
	Collectors  []string
	Notify      []string                          // connections one can notify
	Connections map[string]string                 // every connection, with its kind
	Filter      func(text string) error           // what is wrong with a filter of the timeline
	Playbooks   func(id string) (*Playbook, bool) // those that a step can run
	PlaybookIDs func() []string                   // their ids, for hints
	Templates   map[string]string                 // message templates, with their text
	Calendars   []string                          // of business days
}

// ActionInfo is what an integration declares of an action.
type ActionInfo struct {
	Params     []ParamInfo
	Result     []ParamInfo // members of what it returns
	ReadOnly   bool
	Reversible bool
	Danger     incident.Danger
}

// ParamInfo is one parameter or result member. Type is string, int, float,
// bool, duration, list or secret; that of a result may be another, for what has
// members itself. Match is a regular expression over a whole text.
type ParamInfo struct {
	Name     string
	Type     string
	Required bool
	Match    string
}

// Lint checks a parsed playbook against the catalog and against what a careful
// team wants. The result holds errors and warnings in file order; it is empty
// for a playbook that may be run as it is.
func Lint(p *Playbook, c Catalog) Problems {
	l := &linter{decoder: decoder{file: p.File, source: p.lines.again(), p: p}, catalog: c}
	for _, s := range p.order {
		switch s.Verb {
		case VerbAction:
			l.action(s)
		case VerbRun:
			l.run(s)
		case VerbCollect:
			l.collect(s)
		case VerbIngest:
			l.options(s, []string{"host", "parser"})
		case VerbDetect:
			l.detect(s)
		case VerbNotify:
			l.notify(s)
		case VerbPlaybook:
			l.calls(s)
		case VerbHTTP, VerbManual, VerbIf, VerbSwitch, VerbParallel, VerbForEach, VerbWait, VerbReview:
		}
		l.outside(s)
		l.secretSets(s)
		l.approval(s)
		l.people(s)
	}
	l.days()
	l.variables()
	l.fallback()
	l.whole()
	return l.problems.Sorted()
}

type linter struct {
	decoder
	catalog Catalog
}

// actionNamed finds an action, or notes that there is none.
func (l *linter) actionNamed(name string, at pos) (ActionInfo, bool) {
	info, ok := l.catalog.Actions[name]
	if !ok {
		hint := didYouMean(name, slices.Sorted(maps.Keys(l.catalog.Actions)))
		l.at(codeAction, at, hint, "no integration has the action %s", brief(name))
	}
	return info, ok
}

func (l *linter) action(s *Step) {
	info, ok := l.actionNamed(s.Action, s.place("action"))
	if ok {
		l.params(s, "with", s.With, s.nodes["with"], info, s.place("action"))
		l.assignments(s, members(info))
		l.undo(s, info)
	}
	if r := s.Rollback; r != nil && r.Action != "" {
		if undo, ok := l.actionNamed(r.Action, s.place("rollback.action")); ok {
			l.params(s, "rollback", r.With, child(s.nodes["rollback"], "with"), undo, s.place("rollback.action"))
		}
	}
	v := s.Verify
	if v == nil || v.Action == "" {
		return
	}
	check, ok := l.actionNamed(v.Action, s.place("verify.action"))
	if !ok {
		return
	}
	if !check.ReadOnly {
		l.at(codeAction, s.place("verify.action"), "verify with an action that only reads, or leave the action out to use the read-back", "%s changes something, so it cannot verify", v.Action)
	}
	l.params(s, "verify", v.With, child(s.nodes["verify"], "with"), check, s.place("verify.action"))
	l.typed(s, s.nodes["verify.expect"], members(check), reflect.Bool)
}

// params checks what an action is given against what it declares.
func (l *linter) params(s *Step, where string, with map[string]any, node *yaml.Node, info ActionInfo, at pos) {
	names := make([]string, 0, len(info.Params))
	for _, p := range info.Params {
		names = append(names, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(with)) {
		i := slices.Index(names, name)
		if i < 0 {
			l.at(codeParam, s.place(where+"."+name+" key"), didYouMean(name, names), "the action takes no parameter %s", brief(name))
			continue
		}
		l.param(s, info.Params[i], with[name], child(node, name))
	}
	for _, p := range info.Params {
		if _, given := with[p.Name]; p.Required && !given {
			l.at(codeParamMissing, at, "", "parameter %s is missing", p.Name)
		}
	}
}

func (l *linter) param(s *Step, p ParamInfo, value any, n *yaml.Node) {
	if n == nil {
		return
	}
	text, isText := value.(string)
	if name, ok := single(text); isText && ok {
		v := l.p.scopeOf(s)[name]
		switch {
		case v == nil:
		case v.Type == Secret && p.Type != "secret":
			l.node(codeSecret, n, "", "parameter %s is shown in plans, so it cannot take the secret %s", p.Name, name)
		case !accepts(p.Type, v.Type):
			l.node(codeParamType, n, "", "parameter %s wants %s and variable %s is %s", p.Name, p.Type, name, v.Type)
		}
		return
	}
	if isText && strings.Contains(text, "{{") && p.Type != "int" && p.Type != "float" && p.Type != "bool" {
		return // known only when it runs
	}
	ok := true
	switch p.Type {
	case "int":
		_, ok = wholeNumber(value)
	case "float":
		_, ok = number(value)
	case "bool":
		_, ok = value.(bool)
	case "list":
		_, ok = value.([]any)
	case "duration":
		d, err := ParseDuration(text)
		ok = isText && err == nil && d.BusinessDays == 0
	case "secret":
		ok = isText && strings.HasPrefix(text, "env:")
	case "string":
		ok = isText
	}
	if !ok {
		l.node(codeParamType, n, "", "parameter %s wants %s, not %s", p.Name, p.Type, brief(value))
		return
	}
	if p.Match != "" && isText {
		if re, err := regexp.Compile(`^(?:` + p.Match + `)$`); err == nil && !re.MatchString(text) {
			l.node(codeParamType, n, "", "parameter %s: %s does not match %s", p.Name, brief(text), p.Match)
		}
	}
}

// accepts says whether a parameter takes a variable's value.
func accepts(param string, v Type) bool {
	switch param {
	case "int":
		return v == Int
	case "float":
		return v == Float || v == Int
	case "bool":
		return v == Bool
	case "list":
		return v == List
	case "secret":
		return v == Secret
	case "string", "duration":
		return v == String
	default:
		return true
	}
}

// undo: what changes something says how it is undone, or that it cannot be.
func (l *linter) undo(s *Step, info ActionInfo) {
	at := s.place("action")
	switch {
	case info.ReadOnly:
		for _, key := range []string{"rollback", "irreversible", "approve"} {
			if s.nodes[key] != nil {
				l.at(codeReadOnly, s.place(key), "remove it", "%s only reads, so %s has no use", s.Action, key)
			}
		}
	case s.Rollback == nil && s.Irreversible == "":
		hint := "add irreversible: with what stays broken"
		if info.Reversible {
			hint = "add rollback: with the action that undoes it"
		}
		l.at(codeUndo, at, hint, "%s changes something and the step does not say how it is undone", s.Action)
	case s.Rollback != nil && s.Irreversible != "":
		l.at(codeUndoDoubt, s.place("irreversible"), "keep one", "step has both rollback and irreversible")
	case s.Irreversible != "" && info.Reversible:
		l.at(codeUndoDoubt, s.place("irreversible"), "add rollback: instead", "%s can be undone, its integration says", s.Action)
	}
}

func (l *linter) run(s *Step) {
	if s.Rollback == nil && s.Irreversible == "" && s.Impact != "none" {
		l.at(codeRunUndo, s.place("run"), "add rollback:, irreversible: or, for a program that only reads, impact: none", "the step does not say what the program changes")
	}
}

func (l *linter) collect(s *Step) {
	for i, name := range s.Collect {
		if strings.Contains(name, "{{") || slices.Contains(l.catalog.Collectors, name) {
			continue
		}
		l.at(codeCollector, l.item(s, "collect", i), didYouMean(name, l.catalog.Collectors), "no collector or profile is named %s", brief(name))
	}
	l.options(s, []string{"authority", "files", "paths", "root"})
}

// item is the place of one item of a list.
func (l *linter) item(s *Step, key string, i int) pos {
	if n := s.nodes[key]; n != nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
		return pos{n.Content[i].Line, n.Content[i].Column}
	}
	return s.place(key)
}

func (l *linter) options(s *Step, known []string) {
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		if !slices.Contains(known, name) {
			l.at(codeParam, s.place("with."+name+" key"), didYouMean(name, known), "%s takes no parameter %s", s.Verb, brief(name))
		}
	}
}

func (l *linter) detect(s *Step) {
	for i, text := range s.Detect {
		filled, err := fillFilter(text, func(string) (any, error) { return "x", nil })
		if err == nil && l.catalog.Filter != nil {
			err = l.catalog.Filter(filled)
		}
		if err != nil {
			l.at(codeFilter, l.item(s, "detect", i), "docs/filter.md has the language", "%s", err)
		}
	}
	l.options(s, []string{"among", "tag"})
}

func (l *linter) notify(s *Step) {
	for i, name := range s.Notify {
		if l.catalog.Notify == nil || strings.Contains(name, "{{") || slices.Contains(l.catalog.Notify, name) {
			continue
		}
		l.at(codeTarget, l.item(s, "notify", i), didYouMean(name, l.catalog.Notify), "no connection is named %s", brief(name))
	}
	l.message(s)
}

// approval: what can break much is approved first.
func (l *linter) approval(s *Step) {
	if s.Approve != nil {
		return
	}
	danger := l.catalog.Actions[s.Action].Danger
	switch {
	case s.Impact == "high":
		l.at(codeApprove, s.place("impact"), "add approve: {by: commander}", "impact is high and nobody approves")
	case s.Verb == VerbAction && danger >= incident.High:
		l.at(codeApprove, s.place("action"), "add approve: {by: commander}", "%s is dangerous and nobody approves", s.Action)
	}
}

// people: roles that steps name are among those the playbook wants filled.
func (l *linter) people(s *Step) {
	if len(l.p.Roles) == 0 {
		return
	}
	for _, r := range []struct {
		role incident.Role
		key  string
	}{{s.Assign, "assign"}, {approver(s), "approve"}} {
		if r.role == "" || slices.ContainsFunc(l.p.Roles, func(n RoleNeed) bool { return n.Role == r.role }) {
			continue
		}
		l.at(codeRole, s.place(r.key), "add it to roles", "role %s is not among the playbook's roles", r.role)
	}
}

func approver(s *Step) incident.Role {
	if s.Approve == nil {
		return ""
	}
	return s.Approve.By
}
