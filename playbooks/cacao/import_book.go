package cacao

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// head is what the playbook says of itself.
func (m *importer) head(book, ext *Object) {
	own := m.top()
	for _, k := range own.Keys() {
		book.Set(k, own.Get(k))
	}
	applyExtension(book, ext)
	if roles := ext.object("order").list("roles"); len(roles) > 0 {
		book.Set("roles", ordered(book.object("roles"), roles))
	}
}

// top is what a playbook says of itself in our words.
func (x *native) top() *Object {
	doc := x.doc
	name := strings.Join(strings.Fields(clean(doc.text("name"))), " ")
	out := NewObject("id", cmpText(slug(name), "cacao-playbook"), "name", cmpText(name, "CACAO playbook without a name"), "version", "1.0.0")
	if d := clean(doc.text("description")); d != "" {
		out.Set("description", d)
	}
	var labels []any
	for _, l := range doc.texts("labels") {
		if l = clean(l); l != "" {
			labels = append(labels, l)
		}
	}
	if len(labels) > 0 && len(labels) < 900 {
		out.Set("labels", labels)
	}
	if ids := techniques(doc); len(ids) > 0 {
		out.Set("attack", ids)
	}
	if s, ok := whole(doc.Get("severity")); ok && s > 0 {
		out.Set("severity", "sev"+strconv.Itoa(4-min(3, int(max(s, 1)-1)*4/100)))
	}
	for _, t := range tlpMarkings {
		if slices.Contains(doc.texts("markings"), t.id) {
			out.Set("tlp", t.level)
		}
	}
	return out
}

// applyExtension gives a playbook or a step what our extension says of it.
func applyExtension(o, ext *Object) {
	set := ext.object("set")
	for _, k := range set.Keys() {
		o.Set(k, clone(set.Get(k)))
	}
	for _, k := range ext.texts("unset") {
		o.Delete(k)
	}
	if id := ext.text("id"); id != "" {
		o.Set("id", id)
	}
}

// ordered puts an object's members into an order that JSON does not keep.
func ordered(o *Object, order []any) *Object {
	out := NewObject()
	for _, k := range order {
		if s, ok := k.(string); ok && o.Has(s) {
			out.Set(s, o.Get(s))
		}
	}
	for _, k := range o.Keys() {
		out.Set(k, o.Get(k))
	}
	return out
}

// variables declares those of the playbook and of its steps.
func (m *importer) variables(book, ext *Object) {
	vars := NewObject()
	ids := NewObject()
	own := ext.object("own")
	declare := func(step, at string, from *Object) {
		for _, theirs := range from.Keys() {
			if step == "" && own.Has(theirs) {
				if x := own.text(theirs); x != "" {
					m.names.add("", theirs, x, ourType(from.object(theirs).text("type")))
				}
				continue
			}
			v := from.object(theirs)
			where := pointer(at, theirs)
			if !varShape.MatchString(theirs) || v == nil {
				m.notes.doubt(where, "not a variable; the name of one is like __name__")
				continue
			}
			name := ourName(theirs)
			for i := 2; vars.Has(name); i++ {
				name = fmt.Sprintf("%.50s_%d", ourName(theirs), i)
			}
			vars.Set(name, m.ourVariable(where, theirs, v))
			m.names.add(step, theirs, name, ourType(v.text("type")))
			if home := "__" + name + "__"; step != "" || home != theirs {
				ids.Set("var."+name, step+"#"+theirs)
			}
			if kind := v.text("type"); kind != theirType(ourType(kind)) && kind != "string" {
				m.notes.change(where+"/type", kind+" is a "+ourType(kind)+" here")
			}
		}
	}
	declare("", "/playbook_variables", m.doc.object("playbook_variables"))
	workflow := m.doc.object("workflow")
	for _, id := range workflow.Keys() {
		declare(id, pointer("/workflow", id)+"/step_variables", workflow.object(id).object("step_variables"))
	}
	said := ext.object("vars")
	for _, name := range said.Keys() {
		vars.Set(name, clone(said.Get(name)))
		kind := said.object(name).text("type")
		if kind != "secret" {
			m.names.add("", "__"+name+"__", name, kind)
		}
		m.names.types[name] = kind
	}
	if order := ext.object("order").list("vars"); len(order) > 0 {
		vars = ordered(vars, order)
	}
	if vars.Len() > 0 {
		book.Set("vars", vars)
	}
	if ids.Len() > 0 {
		book.Set("cacao", NewObject("ids", ids))
	}
}

// questioned declares the variables of questions that the file does not ask.
func (m *importer) questioned(book *Object) {
	if len(m.questions) == 0 {
		return
	}
	vars, ids := book.object("vars"), book.object("cacao").object("ids")
	if vars == nil {
		vars = NewObject()
	}
	if ids == nil {
		ids = NewObject()
	}
	for _, name := range m.questions {
		vars.Set(name, NewObject("type", m.names.types[name]))
		ids.Set("var."+name, "none")
	}
	book.Set("vars", vars)
	book.Set("cacao", NewObject("ids", ids))
}

// unique is an id for a step that no other has.
func (m *importer) unique(want string) string {
	want = cmpText(want, "step")
	id := want
	i := max(m.next[want], 2) // ids are never given back, so those before are not free
	for ; m.used[id]; i++ {
		id = fmt.Sprintf("%.50s-%d", want, i)
	}
	m.used[id], m.next[want] = true, i
	return id
}

// phases puts the steps of the main way into phases.
func (m *importer) phases(book *Object, steps []any) {
	now := startPhase(m.doc)
	out := NewObject()
	for _, s := range steps {
		step, ok := s.(*Object)
		if !ok {
			continue
		}
		obj := m.doc.object("workflow").object(step.object("cacao").object("ids").text("step"))
		ph := cmpText(extension(obj, "step_extensions").text("phase"), activityPhase(obj.Get("commands")))
		if ph != "" && later(ph, now) {
			now = ph
		}
		out.Set(now, append(out.list(now), step))
	}
	book.Set("phases", out)
}

// startPhase is where a playbook of that type begins.
func startPhase(doc *Object) string {
	types := doc.texts("playbook_types")
	if len(types) != 1 {
		return "identify"
	}
	switch types[0] {
	case "mitigation":
		return "contain"
	case "remediation":
		return "eradicate"
	}
	return "identify"
}

// activityPhase is the phase of the first playbook_activity in a value.
func activityPhase(v any) string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if ph := activityPhase(x); ph != "" {
				return ph
			}
		}
	case *Object:
		if ph := phaseOf(v.text("playbook_activity")); ph != "" {
			return ph
		}
		for _, k := range v.Keys() {
			if _, err := strconv.Atoi(k); err == nil {
				if ph := activityPhase(v.Get(k)); ph != "" {
					return ph
				}
			}
		}
	}
	return ""
}

// finish notes the ids that an export would not make by itself.
func (m *importer) finish(book *Object, start, exit string) {
	cacao := book.object("cacao")
	if cacao == nil {
		cacao = NewObject()
	}
	ids := cacao.object("ids")
	if ids == nil {
		ids = NewObject()
	}
	id := m.doc.text("id")
	note := func(key, got, made string) {
		if got != made {
			ids.Set(key, got)
		}
	}
	note("playbook", id, makeID("playbook", book.text("id")))
	note("start", start, makeID("start", id))
	note("end", cmpText(exit, "none"), makeID("end", id))
	if !m.ours {
		ids.Set("exception", cmpText(m.doc.text("workflow_exception"), "none"))
	}
	eachStep(book, func(step *Object) {
		own := step.object("cacao").object("ids")
		for _, role := range slices.Clone(own.Keys()) {
			if s, ok := own.Get(role).(string); ok && role != "next" && s == madeID(id, step, role) {
				own.Delete(role)
			}
		}
		if to, ok := targetOf(m.names, step); own.Has("targets") && !own.Has("agent") && ok && same(own.Get("targets"), []any{to}) {
			own.Delete("targets")
		}
		if own != nil && own.Len() == 0 {
			step.object("cacao").Delete("ids")
		}
		if step.Has("cacao") && step.object("cacao").Len() == 0 {
			step.Delete("cacao")
		}
	})
	if ids.Len() > 0 {
		cacao.Set("ids", ids)
		book.Set("cacao", cacao)
	}
}

// eachStep calls f for every step of a playbook.
func eachStep(book *Object, f func(*Object)) {
	var list func(v any)
	list = func(v any) {
		steps, _ := v.([]any)
		for _, s := range steps {
			step, ok := s.(*Object)
			if !ok {
				continue
			}
			f(step)
			for _, k := range childKeys {
				list(step.Get(k))
			}
			cases := step.object("cases")
			for _, k := range cases.Keys() {
				list(cases.Get(k))
			}
		}
	}
	for _, ph := range phases {
		list(book.object("phases").Get(ph))
	}
	list(book.Get("fallback"))
}
