package declared

import (
	"errors"
	"maps"
	"reflect"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"

	"firebreak/internal/expression"
	"firebreak/internal/lazyre"
	"firebreak/internal/problem"
)

// scope says what an expression may read at its place in a file.
type scope struct {
	names types.Map
	where string // for messages: why a name is not there
}

// with is the scope with more names.
func (s scope) with(more types.Map) scope {
	out := types.Map{}
	maps.Copy(out, s.names)
	maps.Copy(out, more)
	return scope{out, s.where}
}

// base is what every expression of an action may read.
func (d *decoder) base() scope {
	params := types.Map{}
	for _, p := range d.action.Params {
		if p.Type != "secret" {
			params[p.Name] = typeOf(p.Type)
		}
	}
	return scope{types.Map{"params": params, "settings": d.settings(), "call": types.Map{"key": types.String, "incident": types.String, "step": types.String}}, ""}
}

func (d *decoder) settings() types.Map {
	out := types.Map{}
	if d.system == nil {
		return types.Map{types.Extra: types.Any}
	}
	for _, p := range d.system.Settings {
		if p.Type != "secret" {
			out[p.Name] = types.String
		}
	}
	return out
}

// typeOf is the type of a parameter. One that is not required may have no value,
// which the checker cannot tell; a duration is in seconds.
func typeOf(t string) types.Type {
	switch t {
	case "int", "duration":
		return types.Int
	case "bool":
		return types.Bool
	case "list":
		return types.TypeOf([]string{})
	}
	return types.String
}

// keptNames is the type of what the readings keep.
func keptNames(reads []*read) types.Map {
	out := types.Map{}
	for _, r := range reads {
		if r.absent {
			out["found"] = types.Bool
		}
		for _, k := range r.keep {
			out[k.name] = types.Any
		}
	}
	return out
}

// answered adds what an answer brings.
func (s scope) answered() scope {
	return s.with(types.Map{"answer": types.Any, "status": types.Int, "items": types.Any})
}

// expression compiles a bare expression.
func (d *decoder) expression(n *yaml.Node, what string, in scope, want reflect.Kind) *program {
	text := d.text(n, what)
	if text == "" {
		return nil
	}
	p, err := compile(text, in, want)
	if err != nil {
		d.wrong(n, 0, in, err)
		return nil
	}
	return p
}

func compile(text string, in scope, want reflect.Kind) (*program, error) {
	return expression.Compile(text, expression.Scope{Names: in.names, Functions: functions(), Language: "actions"}, want)
}

// template compiles a text with expressions in it.
func (d *decoder) template(n *yaml.Node, what string, in scope) *template {
	text := d.text(n, what)
	if text == "" {
		return nil
	}
	return d.templateOf(n, text, what, in, false)
}

// templateOf is template for a text at hand. Where secrets is set, a whole value
// may be a secret parameter.
func (d *decoder) templateOf(n *yaml.Node, text, what string, in scope, secrets bool) *template {
	t, err := parseTemplate(text, func(s string) (*program, error) { return compile(s, in, reflect.Invalid) })
	var placed *placedError
	var bad *templateError
	switch {
	case errors.As(err, &placed):
		d.wrong(n, placed.offset, in, placed.err)
		return nil
	case errors.As(err, &bad):
		d.at(inside(n, bad.offset), bad.hint, "%s: %s", what, bad.message)
		return nil
	}
	if name := t.secretOf(); name != "" {
		switch {
		case !secrets:
			d.node(n, "it can be a header, or a value of a body", "%s: a secret cannot stand here", what)
			return nil
		case d.action == nil || !d.hasSecret(name):
			d.node(n, "declare it under params with type: secret", "secret %.60q is not declared", name)
			return nil
		}
	}
	return t
}

func (d *decoder) hasSecret(name string) bool {
	for _, p := range d.action.Params {
		if p.Name == name && p.Type == "secret" {
			return true
		}
	}
	return false
}

var (
	unknownName  = lazyre.New(`^unknown name (\S+)`)
	unknownField = lazyre.New(`(?:unknown field|has no field) (\S+)`)
	fieldOf      = lazyre.New(`\b([a-z]+)\??\.([a-z0-9_]*)$`)
)

// wrong tells what is wrong with an expression, and what was most likely meant.
func (d *decoder) wrong(n *yaml.Node, offset int, in scope, err error) {
	var e *expression.Error
	if !errors.As(err, &e) {
		d.node(n, "", "%s", err)
		return
	}
	at, hint := inside(n, offset+e.Offset), ""
	message := expression.PlainTypes(e.Message)
	if m := unknownName.FindStringSubmatch(e.Message); m != nil {
		message = m[1] + " is not known here"
		hint = problem.DidYouMean(m[1], append(sortedKeys(in.names), functionNames()...))
		if hint == "" {
			hint = "known here: " + strings.Join(sortedKeys(in.names), ", ")
		}
	} else if m := unknownField.FindStringSubmatch(e.Message); m != nil {
		message = "there is no member " + m[1]
		for _, f := range fieldOf.FindAllStringSubmatch(n.Value, -1) {
			if of, ok := in.names[f[1]].(types.Map); ok && f[2] == m[1] {
				hint = problem.DidYouMean(m[1], sortedKeys(of))
			}
		}
		if hint == "" {
			for _, of := range sortedKeys(in.names) {
				m2, ok := in.names[of].(types.Map)
				if ok && strings.Contains(n.Value, of+"."+m[1]) {
					hint = problem.DidYouMean(m[1], sortedKeys(m2))
				}
			}
		}
	}
	d.at(at, hint, "%s", message)
}

// tree reads a body: mappings and lists of templates and plain values. A mapping
// with the one key $json is its value as JSON text.
func (d *decoder) tree(n *yaml.Node, what string, in scope, secrets bool) node {
	switch n.Kind { //nolint:exhaustive // what is neither is a scalar: tidy leaves nothing else
	case yaml.SequenceNode:
		out := node{kind: listNode}
		for _, c := range n.Content {
			out.list = append(out.list, d.tree(c, what, in, secrets))
		}
		return out
	case yaml.MappingNode:
		if len(n.Content) == 2 && n.Content[0].Value == "$json" {
			inner := d.tree(n.Content[1], what, in, secrets)
			return node{kind: jsonNode, json: &inner}
		}
		out := node{kind: objectNode}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			out.object = append(out.object, pair{k.Value, d.tree(v, what+"."+k.Value, in, secrets), place{k.Line, k.Column}})
		}
		return out
	}
	if n.ShortTag() != "!!str" || !strings.Contains(n.Value, "{{") {
		v, ok := scalar(n)
		if !ok {
			d.node(n, "quote it to make it a text", "%s: %.40q is not a number that fits", what, n.Value)
		}
		return node{kind: fixedNode, fixed: v}
	}
	t := d.templateOf(n, n.Value, what, in, secrets)
	if t == nil {
		return node{kind: fixedNode}
	}
	return node{kind: leafNode, leaf: t}
}

// mentions says whether a tree reads a name.
func (n node) mentions(name string) bool {
	switch n.kind {
	case leafNode:
		return n.leaf.mentions(name)
	case listNode:
		for _, c := range n.list {
			if c.mentions(name) {
				return true
			}
		}
	case objectNode:
		for _, p := range n.object {
			if p.value.mentions(name) {
				return true
			}
		}
	case jsonNode:
		return n.json.mentions(name)
	case fixedNode, nothing:
	}
	return false
}

func (t *template) mentions(name string) bool {
	if t == nil {
		return false
	}
	for _, p := range t.parts {
		if p.value != nil && mentions(p.value, name) {
			return true
		}
	}
	return false
}

// mentions says whether an expression reads a name; it may say yes too often.
func mentions(p *program, name string) bool {
	return regexp.MustCompile(`\b` + name + `\b`).MatchString(p.Text)
}
