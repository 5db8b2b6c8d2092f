package cacao

import (
	"slices"
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
