package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reserved words cannot name a variable: the expression language has them.
func reserved() []string {
	return append(functions(), "result", "incident", "true", "false", "nil", "in", "not", "and", "or", "matches", "contains", "let", "if", "else", "env")
}

// variables decodes vars.
func (d *decoder) variables(n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "vars", nil)
	if len(order) > maxVars {
		d.node(codeTooMany, n, "", "more than %d variables", maxVars)
		return
	}
	for _, e := range order {
		d.variable(e)
	}
}

func (d *decoder) variable(e entry) {
	name := e.key.Value
	v := &Var{Name: name, at: pos{e.key.Line, e.key.Column}}
	switch {
	case !varShape.MatchString(name):
		d.node(codeVariable, e.key, "want lower-case letters, digits and underscores, beginning with a letter", "variable name %s is badly formed", brief(name))
		return
	case slices.Contains(reserved(), name):
		d.node(codeVariable, e.key, "choose another name", "%s is a word of the expression language", brief(name))
		return
	}
	keys, _ := d.mapping(e.value, "variable "+name, []string{"type", "prompt", "required", "match", "default"})
	if keys == nil {
		return
	}
	if keys["type"] == nil {
		d.node(codeMissing, e.value, "known: "+strings.Join(typeNames(), ", "), "variable %s has no type", name)
		return
	}
	v.Type = Type(d.word(keys["type"], "type", typeNames()))
	v.Prompt = d.optional(keys["prompt"], "prompt")
	if r := keys["required"]; r != nil {
		v.Required = d.bool(r, "required")
	}
	if m := keys["match"]; m != nil {
		v.Match = d.text(m, "match")
		if err := v.setMatch(); err != nil {
			d.node(codeVariable, m, "", "%s: %s", name, err)
		}
	}
	if v.Required && v.Prompt == "" && keys["default"] == nil {
		d.node(codeVariable, e.key, "give it a prompt", "variable %s is required and nobody is asked for it", name)
	}
	d.p.vars[name] = v
	d.p.Vars = append(d.p.Vars, v)
	if def := keys["default"]; def != nil && v.Type != "" {
		value, err := v.Check(d.value(def, "default"))
		if err != nil {
			d.node(codeVarValue, def, "", "default of %s", err)
			return
		}
		if ref, ok := value.(string); ok && v.Type == Secret && !strings.HasPrefix(ref, "env:") {
			d.node(codeVarValue, def, "use env:NAME", "%s: a playbook may refer to a secret in the environment only", name)
			return
		}
		v.Default = value
	}
}

func (v *Var) setMatch() error {
	if v.Type == Bool || v.Type == Secret || v.Type == Float {
		return fmt.Errorf("match has no meaning for type %s", v.Type)
	}
	if len(v.Match) > 500 {
		return fmt.Errorf("match is longer than 500 bytes")
	}
	re, err := regexp.Compile(`^(?:` + v.Match + `)$`)
	if err != nil {
		return fmt.Errorf("match: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	v.match = re
	return nil
}

func (d *decoder) drill(n *yaml.Node) {
	if n == nil {
		return
	}
	d.p.Drill = map[string]any{}
	known := make([]string, 0, len(d.p.Vars))
	for _, v := range d.p.Vars {
		known = append(known, v.Name)
	}
	_, order := d.mapping(n, "drill", nil)
	for _, e := range order {
		v := d.p.vars[e.key.Value]
		if v == nil {
			d.node(codeUndeclared, e.key, didYouMean(e.key.Value, known), "drill gives a value to %s, which is not declared", brief(e.key.Value))
			continue
		}
		value, err := v.Check(d.value(e.value, "drill"))
		if err != nil {
			d.node(codeDrill, e.value, "", "%s", err)
			continue
		}
		if ref, ok := value.(string); ok && v.Type == Secret && !strings.HasPrefix(ref, "env:") {
			d.node(codeDrill, e.value, "use env:NAME", "%s: a playbook may refer to a secret in the environment only", v.Name)
			continue
		}
		d.p.Drill[v.Name] = value
		d.p.drill[v.Name] = pos{e.value.Line, e.value.Column}
	}
}
