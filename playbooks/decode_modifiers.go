package playbooks

import (
	"slices"
	"sync"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

func (d *decoder) modifiers(s *Step, keys map[string]*yaml.Node) {
	s.If = d.optional(keys["if"], "if")
	if n := keys["needs"]; n != nil {
		s.Needs = append([]string{}, d.texts(n, "needs")...)
	}
	s.OnFailure = d.optional(keys["on_failure"], "on_failure")
	s.Irreversible = d.optional(keys["irreversible"], "irreversible")
	s.Note = d.optional(keys["note"], "note")
	s.Evidence = d.texts(keys["evidence"], "evidence")
	s.Attack = d.attack(keys["attack"])
	s.D3fend = d.d3fend(keys["d3fend"])
	s.Cacao = d.verbatim(keys["cacao"], "cacao")
	s.Connection = d.optional(keys["connection"], "connection")
	if n := keys["assign"]; n != nil {
		s.Assign = incident.Role(d.word(n, "role", roleNames()))
	}
	if n := keys["due"]; n != nil {
		s.Due = d.duration(n, "due", true)
	}
	if n := keys["timeout"]; n != nil {
		s.Timeout = d.duration(n, "timeout", false)
	}
	if n := keys["impact"]; n != nil {
		s.Impact = d.word(n, "impact", []string{"none", "low", "medium", "high"})
	}
	if n := keys["on"]; n != nil {
		d.on(s, n)
	}
	if n := keys["with"]; n != nil {
		s.With = d.with(s, n, "with")
	}
	d.asks(s, keys["ask"])
	d.sets(s, keys["set"])
	d.env(s, keys["env"])
	if n := keys["template"]; n != nil {
		s.Template = d.shaped(n, "template", slugShape, "the name of a message template, as in stakeholder-update")
	}
	d.retry(s, keys["retry"])
	d.repeat(s, keys["repeat"])
	d.approve(s, keys["approve"])
	d.rollback(s, keys["rollback"])
	d.lasts(s, keys["lasts"])
	d.verify(s, keys["verify"])
}

func (d *decoder) on(s *Step, n *yaml.Node) {
	s.On = d.text(n, "on")
	if s.On != "" && s.On != "local" && !onShape.MatchString(s.On) {
		d.node(codeValue, n, "want local, or ssh: and the name of a connection", "on %s is not known", brief(s.On))
	}
}

// with decodes parameters and notes the place of each.
func (d *decoder) with(s *Step, n *yaml.Node, where string) map[string]any {
	_, order := d.mapping(n, where, nil)
	out := make(map[string]any, len(order))
	for _, e := range order {
		out[e.key.Value] = d.value(e.value, where+" "+e.key.Value)
		s.at[where+"."+e.key.Value] = pos{e.value.Line, e.value.Column}
		s.at[where+"."+e.key.Value+" key"] = pos{e.key.Line, e.key.Column}
	}
	return out
}

func (d *decoder) asks(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "ask", nil)
	for _, e := range order {
		q := Question{Name: e.key.Value, Text: d.text(e.value, "question")}
		s.at["ask."+q.Name] = pos{e.key.Line, e.key.Column}
		if v := d.p.vars[q.Name]; v != nil {
			q.Type, q.Default = v.Type, v.Default
		} else {
			d.node(codeUndeclared, e.key, didYouMean(q.Name, d.varNames()), "ask sets %s, which is not declared in vars", brief(q.Name))
		}
		s.Ask = append(s.Ask, q)
	}
}

func (d *decoder) varNames() []string {
	out := make([]string, 0, len(d.p.Vars))
	for _, v := range d.p.Vars {
		out = append(out, v.Name)
	}
	return out
}

func (d *decoder) sets(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "set", nil)
	for _, e := range order {
		s.at["set."+e.key.Value] = pos{e.value.Line, e.value.Column}
		if d.p.vars[e.key.Value] == nil {
			d.node(codeUndeclared, e.key, didYouMean(e.key.Value, d.varNames()), "set names %s, which is not declared in vars", brief(e.key.Value))
			continue
		}
		s.Set = append(s.Set, Assignment{Name: e.key.Value, Expr: d.text(e.value, "set")})
	}
}

func (d *decoder) retry(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "retry", []string{"max", "every"})
	if keys == nil {
		return
	}
	if keys["max"] == nil || keys["every"] == nil {
		d.node(codeMissing, n, "as in retry: {max: 3, every: 10s}", "retry wants max and every")
		return
	}
	s.Retry = &RetryRule{Max: d.number(keys["max"], "max", 1, 100), Every: d.duration(keys["every"], "every", false).Time}
}

// lasts reads a time, or a mapping with one and what happens then.
func (d *decoder) lasts(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		s.Lasts = &Lasts{For: d.duration(n, "lasts", false)}
		return
	}
	keys, _ := d.mapping(n, "lasts", []string{"for", "then"})
	if keys == nil {
		return
	}
	if keys["for"] == nil {
		d.node(codeMissing, n, "as in lasts: {for: 4h, then: revert}", "lasts wants for")
		return
	}
	s.Lasts = &Lasts{For: d.duration(keys["for"], "for", false)}
	if k := keys["then"]; k != nil {
		s.Lasts.Revert = d.word(k, "then", []string{"remind", "revert"}) == "revert"
	}
}

func (d *decoder) approve(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "approve", []string{"by", "count", "timeout", "on_timeout"})
	if keys == nil {
		return
	}
	a := &Approve{Count: 1}
	if k := keys["by"]; k != nil {
		a.By = incident.Role(d.word(k, "role", roleNames()))
	} else {
		d.node(codeMissing, n, "as in approve: {by: commander}", "approve does not say by whom")
	}
	if k := keys["count"]; k != nil {
		a.Count = d.number(k, "count", 1, 9)
	}
	if k := keys["timeout"]; k != nil {
		a.Timeout = d.duration(k, "timeout", false)
	}
	a.OnTimeout = d.optional(keys["on_timeout"], "on_timeout")
	s.Approve = a
}

func (d *decoder) rollback(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "rollback", rollbackKeys())
	if keys == nil {
		return
	}
	r := &Rollback{Action: d.actionName(keys["action"]), Manual: d.optional(keys["manual"], "manual")}
	ways := 0
	for _, k := range []string{"action", "run", "http", "manual"} {
		if keys[k] != nil {
			s.at["rollback."+k] = pos{keys[k].Line, keys[k].Column}
			ways++
		}
	}
	if ways != 1 {
		d.node(codeShape, n, "", "rollback wants exactly one of action, run, http and manual")
	}
	if k := keys["run"]; k != nil {
		r.Run = d.argv(k, "rollback run")
	}
	if k := keys["http"]; k != nil {
		r.HTTP = d.request(s, k, "rollback http")
	}
	if k := keys["with"]; k != nil {
		r.With = d.with(s, k, "rollback")
	}
	s.Rollback = r
}

func (d *decoder) verify(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "verify", []string{"action", "connection", "with", "expect"})
	if keys == nil {
		return
	}
	v := &Verify{Action: d.actionName(keys["action"]), Expect: d.optional(keys["expect"], "expect"), Connection: d.optional(keys["connection"], "connection")}
	if keys["expect"] == nil {
		d.node(codeMissing, n, "as in expect: result.ok", "verify does not say what to expect")
	}
	for _, k := range []string{"action", "expect"} {
		if keys[k] != nil {
			s.at["verify."+k] = pos{keys[k].Line, keys[k].Column}
			s.nodes["verify."+k] = keys[k]
		}
	}
	if k := keys["with"]; k != nil {
		if v.Action == "" {
			d.node(codeModifier, k, "", "verify has parameters and no action to give them to")
		}
		v.With = d.with(s, k, "verify")
	}
	s.Verify = v
}

// fitting refuses modifiers that have no meaning for the step's verb.
func (d *decoder) fitting(s *Step, order []entry) {
	if s.Verb == "" {
		return
	}
	if n := s.nodes["with"]; n != nil && s.Verb == VerbRun {
		d.node(codeModifier, n, "give the values as arguments, or as env:", "with does not go with run")
		return
	}
	only := fits()
	for _, e := range order {
		verbs, limited := only[e.key.Value]
		if limited && !slices.Contains(verbs, s.Verb) {
			d.node(codeModifier, e.key, "", "%s does not go with %s", e.key.Value, s.Verb)
		}
	}
}

// fits says which verbs a key goes with. A key that is not listed goes with
// all of them.
var fits = sync.OnceValue(func() map[string][]Verb {
	work := []Verb{VerbAction, VerbRun, VerbHTTP, VerbCollect, VerbIngest, VerbDetect, VerbNotify}
	return map[string][]Verb{
		"ask":          {VerbManual, VerbReview},
		"with":         {VerbAction, VerbCollect, VerbIngest, VerbDetect, VerbNotify, VerbPlaybook},
		"env":          {VerbRun},
		"template":     {VerbNotify},
		"retry":        work,
		"repeat":       append(slices.Clone(work), VerbIf),
		"timeout":      append(slices.Clone(work), VerbManual),
		"set":          {VerbAction, VerbRun, VerbHTTP, VerbCollect, VerbIngest, VerbDetect, VerbManual, VerbPlaybook},
		"approve":      {VerbAction, VerbRun, VerbHTTP, VerbManual, VerbNotify},
		"rollback":     {VerbAction, VerbRun, VerbHTTP, VerbManual},
		"lasts":        {VerbAction, VerbRun, VerbHTTP},
		"irreversible": {VerbAction, VerbRun, VerbHTTP, VerbManual, VerbNotify},
		"verify":       {VerbAction},
		"on":           {VerbRun, VerbCollect},
		"connection":   {VerbAction, VerbHTTP},
		"assign":       append(slices.Clone(work), VerbManual, VerbReview),
		"then":         {VerbIf},
		"else":         {VerbIf},
		"cases":        {VerbSwitch},
		"default":      {VerbSwitch},
		"as":           {VerbForEach},
		"do":           {VerbForEach},
	}
})
