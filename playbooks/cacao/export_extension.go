package cacao

import (
	"slices"
	"strconv"
	"strings"
)

// ends adds the end steps that are led to.
func (e *exporter) ends() {
	add := func(to string) {
		if kindOf(to) == "end" && !e.workflow.Has(to) {
			e.workflow.Set(to, NewObject("type", "end"))
		}
	}
	for _, id := range slices.Clone(e.workflow.Keys()) {
		obj := e.workflow.object(id)
		for _, k := range []string{"on_completion", "on_success", "on_failure"} {
			add(obj.text(k))
		}
		for _, b := range branches(obj) {
			add(b.to)
		}
	}
	add(e.doc.text("workflow_exception"))
}

// arrange puts the workflow into the order in which people read it.
func (e *exporter) arrange() {
	out := NewObject()
	var visit func(id string)
	visit = func(id string) {
		obj := e.workflow.object(id)
		if obj == nil || out.Has(id) {
			return
		}
		out.Set(id, obj)
		for _, b := range branches(obj) {
			visit(b.to)
		}
		visit(follow(obj))
		visit(obj.text("on_failure"))
	}
	visit(e.doc.text("workflow_start"))
	visit(e.doc.text("workflow_exception"))
	for _, id := range e.workflow.Keys() {
		visit(id)
	}
	e.workflow = out
	e.doc.Set("workflow", out)
}

// extensionOf says of the playbook what CACAO cannot.
func (e *exporter) extensionOf() {
	withKept, _ := clone(e.doc).(*Object)
	(&merging{}).apply(withKept, e.keptOfBook(), "")
	x := native{doc: withKept, names: e.names}
	ext := extensionDiff(e.book, x.top(), "playbook", "vars", "phases", "fallback", "cacao")
	vars, said, order := e.book.object("vars"), NewObject(), NewObject()
	for _, name := range vars.Keys() {
		v := vars.object(name)
		theirs := e.names.theirs[name]
		if e.book.object("cacao").object("ids").text("var."+name) == "none" {
			continue
		}
		from := withKept.object("playbook_variables")
		if step := e.names.home[name]; step != "" {
			continue
		}
		if v.text("type") == "secret" || !same(x.ourVariable("", theirs, from.object(theirs)), v) {
			said.Set(name, v)
		}
	}
	if said.Len() > 0 {
		ext.Set("vars", said)
	}
	for _, k := range []string{"vars", "roles"} {
		if o := e.book.object(k); o != nil && !slices.IsSorted(o.Keys()) && (k == "roles" || e.ownBook()) {
			order.Set(k, texts(o.Keys()))
		}
	}
	if order.Len() > 0 {
		ext.Set("order", order)
	}
	if e.own.Len() > 0 {
		ext.Set("own", e.own)
	}
	if len(e.book.list("fallback")) > 0 && e.ownBook() {
		var list []any
		for _, s := range e.book.list("fallback") {
			step, _ := s.(*Object)
			list = append(list, e.entry(step))
		}
		ext.Set("fallback", list)
	}
	if ext.Len() > 0 || e.extended && e.ownBook() {
		e.doc.Set("playbook_extensions", NewObject(ExtensionID, ext))
		e.extended = true
	}
	if e.extended {
		e.doc.Set("extension_definitions", NewObject(ExtensionID, NewObject(
			"type", "extension-definition", "name", "Firebreak playbook",
			"description", "What a Firebreak playbook says and CACAO 2.0 has no words for: ids, phases, guards, approvals, undoing, checks, deadlines.",
			"created_by", makeID("identity", "owner", "firebreak"), "schema", "urn:firebreak:playbook:v1", "version", "1.0.0")))
	}
}

// ownBook says that the playbook was written here and not imported.
func (e *exporter) ownBook() bool { return !e.book.object("cacao").object("ids").Has("exception") }

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// extensionDiff is what of ours is not what said already says.
func extensionDiff(ours, said *Object, but ...string) *Object {
	ext, set := NewObject(), NewObject()
	var unset []any
	if id := ours.text("id"); id != said.text("id") {
		ext.Set("id", id)
	}
	but = append(but, "id")
	for _, k := range ours.Keys() {
		if !slices.Contains(but, k) && !alike(ours.Get(k), said.Get(k)) {
			set.Set(k, ours.Get(k))
		}
	}
	for _, k := range said.Keys() {
		if !slices.Contains(but, k) && !ours.Has(k) {
			unset = append(unset, k)
		}
	}
	if set.Len() > 0 {
		ext.Set("set", set)
	}
	if len(unset) > 0 {
		ext.Set("unset", unset)
	}
	return ext
}

// alike says that two values mean the same: line breaks at the end of a text do
// not count, because a playbook drops them.
func alike(a, b any) bool {
	s, ok := a.(string)
	t, ok2 := b.(string)
	if ok && ok2 {
		return strings.TrimRight(s, "\n") == strings.TrimRight(t, "\n")
	}
	return same(a, b)
}

// keptOfBook is what stands verbatim of the playbook, without our own words.
func (e *exporter) keptOfBook() *Object { return verbatim(e.book) }

func verbatim(o *Object) *Object {
	out := NewObject()
	kept := o.object("cacao")
	for _, k := range kept.Keys() {
		if k != "ids" && k != "part" && k != "sha256" {
			out.Set(k, kept.Get(k))
		}
	}
	return out
}

// ownLeft says that an entry is what is left of one that the playbook no longer
// has: a difference, and nothing that it is the difference of.
func (e *exporter) ownLeft(section, id string) bool {
	kept := e.book.object("cacao").object(section).object(escapeKey(id))
	return kept.Has("instead_of") || kept.Has("absent")
}

// extend gives a step of CACAO's what only our extension can say.
func (e *exporter) extend(g group, obj *Object, main string) {
	step := g.main
	withKept, _ := clone(obj).(*Object)
	(&merging{}).apply(withKept, verbatim(step), "")
	x := native{doc: e.keptDoc(), names: e.names}
	skip := append([]string{"cacao", "cases"}, childKeys...)
	skip = append(skip, "on_failure")
	if e.chained[step.text("id")] {
		skip = append(skip, "needs")
	}
	var said *Object
	var parts []*Object
	var before *Object
	switch obj.text("type") {
	case "action":
		parts, before = x.action(main, withKept)
		said = parts[0]
	case "playbook-action":
		said = x.call(main, withKept)
	default:
		said = NewObject()
		e.saidOfHolder(&x, step, withKept, main, said)
		x.modifiers(main, withKept, said, false)
	}
	said.Set("id", slug(cmpText(withKept.text("name"), withKept.text("type"))))
	ext := extensionDiff(step, said, skip...)
	if g.before != nil && before != nil {
		before.Set("id", step.text("id")+"-delay")
		if d := extensionDiff(g.before, before, "cacao"); d.Len() > 0 {
			ext.Set("before", d)
		}
	}
	e.extendParts(g, parts, ext)
	order := NewObject()
	for _, k := range []string{"ask", "set"} {
		if o := step.object(k); o.Len() > 1 && !slices.IsSorted(o.Keys()) && !inOrder(o.Keys(), obj.texts("out_args")) {
			order.Set(k, texts(o.Keys()))
		}
	}
	if cases := step.object("cases"); cases.Len() > 1 && !slices.IsSorted(cases.Keys()) && e.ownBook() {
		order.Set("cases", texts(cases.Keys()))
	}
	if order.Len() > 0 {
		ext.Set("order", order)
	}
	if ph := e.starts[step.text("id")]; ph != "" {
		ext.Set("phase", ph)
	}
	if ext.Len() > 0 {
		obj.Set("step_extensions", NewObject(ExtensionID, ext))
		if !verbatim(step).Has("step_extensions") {
			e.extended = true
		}
	}
}

// inOrder says that out_args give the names in this order.
func inOrder(names, theirs []string) bool {
	i := 0
	for _, t := range theirs {
		if i < len(names) && ourName(t) == names[i] {
			i++
		}
	}
	return i == len(names)
}

// extendParts does the same for the further steps of an action.
func (e *exporter) extendParts(g group, parts []*Object, ext *Object) {
	if len(g.parts) == 0 {
		return
	}
	var list []any
	some := false
	for i, p := range g.parts {
		d := NewObject()
		if i+1 < len(parts) {
			parts[i+1].Set("id", g.main.text("id")+"-"+strconv.Itoa(i+2))
			but := []string{"cacao"}
			if e.chained[p.text("id")] {
				but = append(but, "needs")
			}
			d = extensionDiff(p, parts[i+1], but...)
		}
		some = some || d.Len() > 0
		list = append(list, d)
	}
	if some {
		ext.Set("parts", list)
	}
}

// saidOfHolder is what an import would make of a step that holds others.
func (e *exporter) saidOfHolder(x *native, step, obj *Object, main string, said *Object) {
	switch obj.text("type") {
	case "if-condition", "while-condition":
		expr, err := x.names.expression(main, obj.text("condition"))
		if err != nil && !e.ownBook() {
			expr = step.text("if") // a question stands for it
		}
		said.Set("if", expr)
		if !e.ownBook() && step.Has("if") && opposite(expr) == step.text("if") {
			said.Set("if", step.text("if"))
		}
		if obj.text("type") == "while-condition" {
			said.Set("repeat", loopRule())
		}
	case "switch-condition":
		name, ok := x.names.find(main, strings.TrimSuffix(obj.text("switch"), ":value"))
		if !ok && !e.ownBook() {
			name = step.text("switch")
		}
		said.Set("switch", name)
	}
}

// keptDoc is the document with what was kept verbatim, for the definitions
// that a reader of the file would find.
func (e *exporter) keptDoc() *Object {
	if e.merged == nil {
		doc := NewObject()
		for _, k := range []string{"agent_definitions", "target_definitions", "playbook_variables"} { // playbook_types is never written
			if v := e.doc.object(k); v != nil {
				doc.Set(k, clone(v))
			}
		}
		all := e.keptOfBook()
		some := NewObject()
		for _, k := range all.Keys() {
			if slices.Contains([]string{"agent_definitions", "target_definitions", "playbook_variables", "playbook_types"}, k) {
				some.Set(k, all.Get(k))
			}
		}
		(&merging{}).apply(doc, some, "")
		e.merged = doc
	}
	return e.merged
}
