package cacao

import (
	"slices"
	"strconv"
	"strings"
)

// mainID is the id of a step in CACAO: the one it came with, else one made.
func mainID(book string, step *Object) string {
	return cmpText(step.object("cacao").object("ids").text("step"), madeID(book, step, "step"))
}

// madeID is the id that an export makes for one role of a step.
func madeID(book string, step *Object, role string) string {
	kind := "end"
	switch role {
	case "step":
		kind = theirKind(step)
	case "agent":
		return agentOf(step)
	}
	return makeID(kind, book, step.text("id"), role)
}

// theirKind is the type of step that one of ours becomes.
func theirKind(step *Object) string {
	switch verbOf(step) {
	case "if":
		if step.Has("repeat") {
			return "while-condition"
		}
		return "if-condition"
	case "for_each":
		return "while-condition"
	case "switch":
		return "switch-condition"
	case "parallel":
		return "parallel"
	case "playbook":
		return "playbook-action"
	}
	return "action"
}

// agentOf is who carries a step out.
func agentOf(step *Object) string {
	switch v := verbOf(step); {
	case step.text("assign") != "" && (v == "manual" || v == "review"):
		return makeID("group", "role", step.text("assign"))
	case v == "manual" || v == "review":
		return makeID("group", "team")
	}
	return makeID("firebreak", "agent")
}

// group is a step with those that belong to the same action of CACAO's.
type group struct {
	before *Object
	main   *Object
	parts  []*Object
}

// groups finds the steps that belong together.
func groups(steps []any) []group {
	var out []group
	partOf := func(i int) (string, bool) {
		if i < 0 || i >= len(steps) {
			return "", false
		}
		step, _ := steps[i].(*Object)
		of := step.object("cacao").object("part").text("of")
		return of, of != ""
	}
	plain := func(s *Object) bool { return !s.Has("approve") && !guarded(s) }
	for i := 0; i < len(steps); i++ {
		step, _ := steps[i].(*Object)
		if step.object("cacao").text("part") == "none" {
			continue
		}
		g := group{main: step}
		if of, ok := partOf(i); ok && i+1 < len(steps) {
			next, _ := steps[i+1].(*Object)
			if next.text("id") == of && plain(step) {
				kind := theirKind(next)
				switch {
				case step.Has("wait") && kind == "action" && plain(next):
					g = group{before: step, main: next}
					i++
				case step.Has("ask") && kind != "action":
					g.main = next // the question stands for its condition
					i++
				}
			}
		}
		for theirKind(g.main) == "action" && plain(g.main) {
			of, ok := partOf(i + 1)
			if !ok || of != g.main.text("id") {
				break
			}
			part, _ := steps[i+1].(*Object)
			if !plain(part) || !slices.Contains([]string{"manual", "run", "http"}, verbOf(part)) {
				break
			}
			g.parts = append(g.parts, part)
			i++
		}
		out = append(out, g)
	}
	return out
}

// list writes steps that follow each other, and returns where they begin.
func (e *exporter) list(steps []any, exit string) string {
	all := groups(steps)
	next := exit
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].main.object("cacao").text("part") == "chain" {
			e.chains(all[i].main.list("parallel"))
			next = e.list(all[i].main.list("parallel"), next)
			continue
		}
		if to := original(all[i].main); to != "" && e.steps[to] != nil && e.steps[to] != all[i].main && original(e.steps[to]) == "" {
			next = e.copied(all[i].main, e.steps[to])
			continue
		}
		next = e.step(all[i], next)
	}
	return next
}

// original is the id of the step that a step was written once more of.
func original(step *Object) string { return step.object("cacao").object("part").text("copy") }

// copied leads to the original of a step, and notes when the two are no longer
// alike: CACAO has it once.
func (e *exporter) copied(step, from *Object) string {
	for _, k := range append(slices.Clone(step.Keys()), from.Keys()...) {
		if !slices.Contains(append([]string{"id", "cacao", "needs", "on_failure", "cases"}, childKeys...), k) && !same(step.Get(k), from.Get(k)) {
			e.apart = append(e.apart, pointer("/workflow", e.mains[from.text("id")]))
			break
		}
	}
	return e.entry(from)
}

// entry is where the way into a step begins: at a helper, when it has one.
func (e *exporter) entry(step *Object) string {
	id := step.text("id")
	switch {
	case e.steps[original(step)] != nil && e.steps[original(step)] != step:
		return e.entry(e.steps[original(step)])
	case step.object("cacao").text("part") == "chain":
		if g := groups(step.list("parallel")); len(g) > 0 {
			return e.entry(g[0].main)
		}
	case guarded(step):
		return makeID("if-condition", e.id, id, "guard")
	case step.Has("approve"):
		return makeID("action", e.id, id, "approval")
	}
	return e.mains[id]
}

// step writes one step of ours with the helpers around it.
func (e *exporter) step(g group, next string) string {
	step := g.main
	id := step.text("id")
	main := e.mains[id]
	ids := step.object("cacao").object("ids")
	if ids.text("next") == "none" {
		next = ""
	}
	entry, inner := main, next
	helper := func(kind, role string, obj *Object) string {
		key := makeID(kind, e.id, id, role)
		obj.Set("step_extensions", NewObject(ExtensionID, NewObject("helper", role)))
		e.workflow.Set(key, obj)
		e.extended = true
		return key
	}
	guardNext := next
	if guarded(step) {
		guardNext = makeID("end", e.id, id, "guard-end")
		inner = guardNext
	}
	if step.Has("approve") {
		inner = makeID("end", e.id, id, "approval-end")
	}
	obj := e.main(g, inner)
	e.workflow.Set(main, obj)
	if step.Has("approve") {
		by := step.object("approve").text("by")
		flag := e.owned("__approved-"+id+"__", "bool", "Whether "+id+" was approved", "")
		asked := helper("if-condition", "approved", after(NewObject("type", "if-condition", "condition", flag+":value = true", "on_true", main), guardNext))
		agent := makeID("group", "role", by)
		e.define("agent_definitions", agent, NewObject("type", "group", "name", by))
		text := "Approve: " + cmpText(step.text("title"), id) + "\n" + what(step) + undoing(step)
		entry = helper("action", "approval", NewObject("type", "action", "name", "Approve "+cmpText(e.names.prose(step.text("title")), id),
			"commands", []any{NewObject("type", "manual", "command", e.names.prose(text))}, "agent", agent, "out_args", []any{flag}, "on_completion", asked))
	}
	if guarded(step) {
		entry = helper("if-condition", "guard", after(NewObject("type", "if-condition", "condition", e.condition(step, step.text("if")), "on_true", entry), next))
	}
	e.extend(g, obj, main)
	return entry
}

// after gives a step what comes next, when something does.
func after(obj *Object, next string) *Object {
	if next != "" {
		obj.Set("on_completion", next)
	}
	return obj
}

// define adds a definition that a step names.
func (e *exporter) define(section, id string, def *Object) {
	defs := e.doc.object(section)
	if defs == nil {
		defs = NewObject()
		e.doc.Set(section, defs)
	}
	if defs.Has(id) {
		return
	}
	defs.Set(id, def)
	if e.merged == nil {
		return
	}
	if seen := e.merged.object(section); seen == nil {
		e.merged.Set(section, NewObject(id, clone(def)))
	} else if !seen.Has(id) {
		seen.Set(id, clone(def))
	}
}

// condition is an expression in CACAO's words, or a variable that stands for
// it when CACAO has none.
func (e *exporter) condition(step *Object, expr string) string {
	if s, err := e.names.pattern(expr); err == nil {
		return s
	}
	return e.owned("__holds-"+step.text("id")+"__", "bool", "Whether this holds: "+expr, "") + ":value = true"
}

// main writes the step of CACAO's that a step of ours is.
func (e *exporter) main(g group, next string) *Object {
	step := g.main
	ids := step.object("cacao").object("ids")
	obj := NewObject("type", theirKind(step))
	if t := step.text("title"); t != "" {
		obj.Set("name", e.names.prose(t))
	}
	if n := step.text("note"); n != "" {
		obj.Set("description", e.names.prose(strings.TrimRight(n, "\n")))
	}
	if refs := references(step); len(refs) > 0 {
		obj.Set("external_references", refs)
	}
	id := e.mains[step.text("id")]
	if vars := e.scoped(id); vars.Len() > 0 {
		obj.Set("step_variables", vars)
	}
	switch obj.text("type") {
	case "action":
		e.action(g, obj)
	case "playbook-action":
		e.call(step, obj)
	default:
		e.holds(step, obj, ids)
	}
	if ms := milliseconds(step.Get("timeout")); ms > 0 {
		obj.Set("timeout", integer(ms))
	}
	target := e.steps[step.text("on_failure")]
	none := target.object("cacao").text("part") == "none"
	if exception := e.book.object("cacao").object("ids").text("exception"); target != nil && !none && (exception == "" || exception != e.entry(target)) {
		if next != "" {
			obj.Set("on_success", next)
		}
		obj.Set("on_failure", e.entry(target))
		return obj
	}
	return after(obj, next)
}

// holds writes a step that holds others.
func (e *exporter) holds(step, obj, ids *Object) {
	branch := func(role string, steps []any) string {
		return e.list(steps, e.exitID(ids, role, madeID(e.id, step, role)))
	}
	switch verbOf(step) {
	case "if":
		obj.Set("condition", e.condition(step, step.text("if")))
		obj.Set("on_true", branch("then", step.list("then")))
		if step.Has("else") {
			obj.Set("on_false", branch("else", step.list("else")))
		}
	case "for_each":
		e.each(step, obj, branch)
	case "switch":
		e.choice(step, obj, branch)
	case "parallel":
		var next []any
		for i, chain := range e.chains(step.list("parallel")) {
			next = append(next, branch(strconv.Itoa(i+1), chain))
		}
		if len(next) == 1 {
			next = append(next, madeID(e.id, step, "2"))
		}
		obj.Set("next_steps", next)
	}
}

// each writes a for_each as a loop in which a person or a program takes the
// next item.
func (e *exporter) each(step, obj *Object, branch func(string, []any) string) {
	id := step.text("id")
	as := cmpText(step.text("as"), "item")
	if e.names.theirs[as] == "" {
		e.owned("__"+as+"__", "string", "The item of "+id, as)
		e.names.add("", "__"+as+"__", as, "string")
	}
	left := e.owned("__left-"+id+"__", "bool", "Whether an item of "+id+" is left", "")
	obj.Set("condition", left+":value = true")
	body := branch("do", step.list("do"))
	key := makeID("action", e.id, id, "item")
	team := makeID("group", "team")
	e.define("agent_definitions", team, NewObject("type", "group", "name", teamName))
	e.workflow.Set(key, NewObject("type", "action", "name", "Take the next item of "+id,
		"commands", []any{NewObject("type", "manual", "command", "Take the next item of: "+step.text("for_each")+"\nGive it as "+as+", and say whether another is left.")},
		"agent", team, "out_args", []any{e.names.theirs[as], left}, "on_completion", body,
		"step_extensions", NewObject(ExtensionID, NewObject("helper", "item"))))
	e.extended = true
	obj.Set("on_true", key)
}

// choice writes a switch.
func (e *exporter) choice(step, obj *Object, branch func(string, []any) string) {
	expr := step.text("switch")
	theirs, ok := e.names.theirs[expr]
	if !ok {
		theirs = e.owned("__value-"+step.text("id")+"__", "string", "The value of: "+expr, "")
	}
	obj.Set("switch", theirs+":value")
	cases := NewObject()
	from := step.object("cases")
	for _, k := range from.Keys() {
		name := k
		if k == "default" || strings.HasPrefix(k, `\`) {
			name = `\` + k
		}
		role := "case." + name
		if len(name) > 100 {
			role = "case." + digest(name)[:16]
		}
		cases.Set(name, branch(role, from.list(k)))
	}
	if step.Has("default") {
		cases.Set("default", branch("default", step.list("default")))
	}
	obj.Set("cases", cases)
}

// chains splits the steps of a parallel into those that follow each other.
func (e *exporter) chains(steps []any) [][]any {
	var out [][]any
	last := ""
	for _, s := range steps {
		step, _ := s.(*Object)
		needs := textsOf(step.Get("needs"))
		if last != "" && len(needs) == 1 && needs[0] == last {
			out[len(out)-1] = append(out[len(out)-1], step)
			e.chained[step.text("id")] = true
		} else {
			out = append(out, []any{step})
		}
		last = step.text("id")
	}
	return out
}
