package playbooks

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"
)

// phrases compiles every expression and checks every template of the file.
func (d *decoder) phrases() {
	for _, s := range d.p.order {
		d.expressions(s)
		d.templates(s)
	}
}

func (d *decoder) expressions(s *Step) {
	known := d.p.scopeOf(s)
	bare := scope{vars: known}
	if n := s.nodes["if"]; n != nil && s.If != "" {
		s.guard = d.condition(n, bare)
	}
	if n := s.nodes["switch"]; n != nil && s.Switch != "" {
		if s.subject = d.compile(n, bare, reflect.Invalid); s.subject != nil {
			d.switchOver(s, n)
		}
	}
	if n := s.nodes["for_each"]; n != nil && s.ForEach != "" {
		if s.subject = d.compile(n, bare, reflect.Slice); s.subject != nil {
			d.items(s, n)
		}
	}
	result := scope{vars: known, result: knownResult(s.Verb)}
	if s.Verb == VerbManual {
		result.result = nil
	}
	for i := range s.Set {
		a := &s.Set[i]
		if a.Expr == "" {
			continue
		}
		if n := child(s.nodes["set"], a.Name); n != nil {
			a.program = d.compile(n, result, kindOf(d.p.vars[a.Name].Type))
		}
	}
	if n := s.nodes["repeat.until"]; n != nil && s.Repeat != nil && s.Repeat.Until != "" {
		s.Repeat.program = d.condition(n, result)
	}
	if s.Verify != nil && s.Verify.Expect != "" {
		of := scope{vars: known, result: anyResult()}
		if s.Verify.Action == "" {
			of.result = readBack()
		}
		s.Verify.program = d.compile(s.nodes["verify.expect"], of, reflect.Bool)
	}
}

// knownResult is what a step of that verb returns. An action's result is
// declared by its integration, so here it may have any member.
func knownResult(v Verb) types.Map {
	switch v { //nolint:exhaustive // those whose result is known
	case VerbRun:
		return types.Map{"exit": types.Int, "stdout": types.String, "stderr": types.String}
	case VerbCollect:
		return types.Map{"exhibits": types.Int, "bytes": types.Int, "refused": types.Int}
	case VerbIngest:
		return types.Map{"events": types.Int, "rejected": types.Int}
	case VerbDetect:
		return types.Map{"count": types.Int, "first": types.String, "last": types.String, "tagged": types.Int}
	case VerbHTTP:
		return types.Map{"status": types.Int, "headers": types.Map{types.Extra: types.String}, "body": types.Any}
	default:
		return anyResult()
	}
}

// readBack is the result that a verify without an action looks at: what the
// step's own action reads back.
func readBack() types.Map {
	return types.Map{"ok": types.Bool, "says": types.String, "state": types.Any}
}

func kindOf(t Type) reflect.Kind {
	switch t {
	case String:
		return reflect.String
	case Int:
		return reflect.Int
	case Float:
		return reflect.Float64
	case Bool:
		return reflect.Bool
	case List, Secret:
		return reflect.Invalid
	}
	return reflect.Invalid
}

// switchOver finds out what a switch is over.
func (d *decoder) switchOver(s *Step, n *yaml.Node) {
	of, ok := typeOfNode(s.subject.of)
	if !ok {
		d.node(codeExpression, n, "switch over a text, a number or true and false", "a switch cannot be over %s", s.subject.of.Type())
		return
	}
	d.caseValues(s, of)
}

// items finds out what the items of a for_each are.
func (d *decoder) items(s *Step, n *yaml.Node) {
	root := s.subject.of
	if list, ok := root.(*ast.ArrayNode); ok {
		if len(list.Nodes) == 0 {
			d.node(codeExpression, n, "", "the list has no items")
			return
		}
		for i, item := range list.Nodes {
			of, ok := typeOfNode(item)
			if i == 0 {
				s.item.Type = of
			}
			if !ok || of != s.item.Type {
				d.at(codeExpression, d.source.inside(n, item.Location().From), "make them all texts, or all numbers", "the items of the list are of different types, or lists themselves")
				return
			}
		}
	}
}

// typeOfNode is the type of a variable that could hold the value; false when
// none could. What is known only when it runs counts as a text.
func typeOfNode(n ast.Node) (Type, bool) {
	t := n.Type()
	if t == nil {
		return String, true
	}
	known := map[reflect.Kind]Type{
		reflect.Interface: String, reflect.String: String, reflect.Bool: Bool, reflect.Float64: Float, reflect.Int: Int,
	}
	of, ok := known[t.Kind()]
	return of, ok
}

func (d *decoder) condition(n *yaml.Node, in scope) *expression {
	return d.compile(n, in, reflect.Bool)
}

func (d *decoder) compile(n *yaml.Node, in scope, want reflect.Kind) *expression {
	if d.full() {
		return nil // the file is refused anyway
	}
	e, err := compile(n.Value, in, want)
	if err != nil {
		d.wrong(n, err)
		return nil
	}
	return e
}

// wrong notes an expression or template error at its place in the file.
func (d *decoder) wrong(n *yaml.Node, err error) {
	if d.full() {
		return
	}
	var e *expressionError
	var t *templateError
	switch {
	case errors.As(err, &e):
		d.at(e.code, d.source.inside(n, e.offset), e.hint, "%s", e.message)
	case errors.As(err, &t):
		d.at(codeTemplate, d.source.inside(n, t.offset), t.hint, "%s", t.message)
	default:
		d.node(codeExpression, n, "", "%s", err)
	}
}

// child returns the value of key in a mapping.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// templates checks each text that may hold one. A secret may stand only alone
// and only where a parameter or an environment variable takes it.
func (d *decoder) templates(s *Step) {
	t := &texts{d: d, vars: d.p.scopeOf(s)}
	if s.HTTP != nil {
		for _, value := range s.HTTP.Headers {
			if name, alone := single(value); alone && t.vars[name] != nil && t.vars[name].Type == Secret {
				s.reveals = true
			}
		}
	}
	for _, key := range []string{"title", "manual", "review", "irreversible", "note"} {
		t.template(s.nodes[key], key, false)
	}
	for _, key := range []string{"run", "collect", "ingest", "detect", "notify", "ask"} {
		t.template(s.nodes[key], key, false)
	}
	t.template(s.nodes["with"], "with", s.Verb == VerbAction || s.Verb == VerbPlaybook)
	t.template(s.nodes["env"], "env", s.On == "" || s.On == "local")
	t.requestTemplates(s.nodes["http"])
	for _, key := range []string{"rollback", "verify"} {
		n := s.nodes[key]
		t.requestTemplates(child(n, "http"))
		t.template(child(n, "with"), key, true)
		t.template(child(n, "run"), key, false)
		t.template(child(n, "manual"), key, false)
	}
}

// texts checks templates against the variables that they may insert.
type texts struct {
	d    *decoder
	vars map[string]*Var
}

// requestTemplates: a secret may be the whole value of a header.
func (t *texts) requestTemplates(n *yaml.Node) {
	t.template(child(n, "url"), "url", false)
	t.template(child(n, "body"), "body", false)
	t.template(child(n, "headers"), "headers", true)
}

func (t *texts) template(n *yaml.Node, what string, secrets bool) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		t.text(n, what, secrets)
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			t.template(c, what, secrets)
		}
	}
}

func (t *texts) text(n *yaml.Node, what string, secrets bool) {
	d := t.d
	parts, err := parseTemplate(n.Value)
	if err != nil {
		d.wrong(n, err)
	}
	told := set{}
	for _, p := range parts {
		if p.name == "" || told[p.name] || d.full() {
			continue
		}
		v := t.vars[p.name]
		if v == nil || v.Type == Secret {
			told.add(p.name) // once in a text is enough
		}
		switch {
		case v == nil && !slices.Contains(incidentNames(), p.name):
			known := append(slices.Sorted(maps.Keys(t.vars)), incidentNames()...)
			d.at(codeUndeclared, d.source.inside(n, p.offset), didYouMean(p.name, known), "{{ %s }} is not declared", p.name)
		case v != nil && v.Type == Secret && !secrets:
			d.at(codeSecret, d.source.inside(n, p.offset), "a secret goes into a parameter of an action", "secret %s would be shown by %s", p.name, what)
		case v != nil && v.Type == Secret && !isSingle(n.Value):
			d.at(codeSecret, d.source.inside(n, p.offset), "make it the whole value", "secret %s cannot be part of a text", p.name)
		}
	}
}
