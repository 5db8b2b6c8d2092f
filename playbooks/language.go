package playbooks

import (
	"errors"
	"reflect"
	"slices"

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
	bare := scope{vars: d.p.vars}
	if n := s.nodes["if"]; n != nil && s.If != "" {
		s.guard = d.condition(n, bare)
	}
	result := scope{vars: d.p.vars, result: knownResult(s.Verb)}
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
	if s.Verify != nil && s.Verify.Expect != "" {
		of := scope{vars: d.p.vars, result: anyResult()}
		if s.Verify.Action == "" {
			of.result = readBack()
		}
		s.Verify.program = d.compile(s.nodes["verify.expect"], of, reflect.Bool)
	}
}

// knownResult is what a step of that verb returns. An action's result is
// declared by its integration, so here it may have any member.
func knownResult(v Verb) types.Map {
	known := map[Verb]types.Map{
		VerbRun:     {"exit": types.Int, "stdout": types.String, "stderr": types.String},
		VerbCollect: {"exhibits": types.Int, "bytes": types.Int, "refused": types.Int},
		VerbIngest:  {"events": types.Int, "rejected": types.Int},
		VerbDetect:  {"count": types.Int, "first": types.String, "last": types.String, "tagged": types.Int},
	}
	if r, ok := known[v]; ok {
		return r
	}
	return anyResult()
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
	case Bool:
		return reflect.Bool
	case List, Secret:
		return reflect.Invalid
	}
	return reflect.Invalid
}

func (d *decoder) condition(n *yaml.Node, in scope) *expression {
	return d.compile(n, in, reflect.Bool)
}

func (d *decoder) compile(n *yaml.Node, in scope, want reflect.Kind) *expression {
	e, err := compile(n.Value, in, want)
	if err != nil {
		d.wrong(n, err)
		return nil
	}
	return e
}

// wrong notes an expression or template error at its place in the file.
func (d *decoder) wrong(n *yaml.Node, err error) {
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
	for _, key := range []string{"title", "manual", "review", "irreversible", "note"} {
		d.template(s.nodes[key], key, false)
	}
	for _, key := range []string{"run", "collect", "ingest", "detect", "notify", "ask"} {
		d.template(s.nodes[key], key, false)
	}
	d.template(s.nodes["with"], "with", s.Verb == VerbAction)
	for _, key := range []string{"rollback", "verify"} {
		n := s.nodes[key]
		d.template(child(n, "with"), key, true)
		d.template(child(n, "run"), key, false)
		d.template(child(n, "manual"), key, false)
	}
}

func (d *decoder) template(n *yaml.Node, what string, secrets bool) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		d.templateText(n, what, secrets)
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			d.template(c, what, secrets)
		}
	}
}

func (d *decoder) templateText(n *yaml.Node, what string, secrets bool) {
	parts, err := parseTemplate(n.Value)
	if err != nil {
		d.wrong(n, err)
	}
	_, alone := single(n.Value)
	for _, p := range parts {
		if p.name == "" {
			continue
		}
		v := d.p.vars[p.name]
		switch {
		case v == nil && !slices.Contains(incidentNames(), p.name):
			known := append(d.varNames(), incidentNames()...)
			d.at(codeUndeclared, d.source.inside(n, p.offset), didYouMean(p.name, known), "{{ %s }} is not declared", p.name)
		case v != nil && v.Type == Secret && !secrets:
			d.at(codeSecret, d.source.inside(n, p.offset), "a secret goes into a parameter of an action", "secret %s would be shown by %s", p.name, what)
		case v != nil && v.Type == Secret && !alone:
			d.at(codeSecret, d.source.inside(n, p.offset), "make it the whole value", "secret %s cannot be part of a text", p.name)
		}
	}
}
