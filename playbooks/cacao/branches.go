package cacao

import (
	"fmt"
	"slices"
	"strings"
)

// holds turns a step that holds others into one of ours.
func (m *importer) holds(id string, obj, ext, ids *Object, stops []string, depth int) (made []any, main *Object, next string, err error) {
	at := pointer("/workflow", id)
	next = follow(obj)
	stop := next
	kind := obj.text("type")
	if next == "" && kind != "while-condition" {
		stop = m.joins[id]
		next = stop
	}
	if kind == "while-condition" {
		stop = id
	}
	all := branches(obj)
	lists := make([][]any, len(all))
	for i, b := range all {
		if b.to == "" {
			continue
		}
		var exit string
		lists[i], exit, err = m.chainAt(b.to, append(slices.Clip(stops), stop), depth+1)
		if err != nil {
			return nil, nil, "", err
		}
		ids.Set(b.role, cmpText(exit, "none"))
	}
	main = NewObject()
	switch kind {
	case "parallel":
		together(main, lists)
	case "switch-condition":
		made = m.cases(id, obj, main, ext, all, lists)
	default:
		made = m.either(id, obj, main, ext, lists)
	}
	m.modifiers(id, obj, main, false)
	applyStep(main, obj, ext)
	if ext.object("set").Has("for_each") {
		main.Set("do", main.Get("then"))
		main.Delete("then")
		ids.Set("do", ids.Get("then"))
		ids.Delete("then")
	}
	if order := ext.object("order").list("cases"); len(order) > 0 {
		main.Set("cases", ordered(main.object("cases"), order))
	}
	if next == "" && follow(obj) == "" && kind == "while-condition" {
		m.notes.doubt(at, "nothing comes after this loop")
	}
	return append(made, main), main, next, nil
}

// together makes the branches of a parallel: each list is a chain, whose steps
// need each other.
func together(main *Object, lists [][]any) {
	var all []any
	for _, list := range lists {
		all = append(all, needing(list)...)
	}
	if len(all) == 0 {
		main.Set("manual", "Nothing is to be done here: each branch of this parallel step is empty.")
		return
	}
	main.Set("parallel", all)
}

// needing makes a chain of steps that stand side by side.
func needing(list []any) []any {
	for i := 1; i < len(list); i++ {
		step, _ := list[i].(*Object)
		before, _ := list[i-1].(*Object)
		if !step.Has("needs") {
			step.Set("needs", []any{before.text("id")})
		}
	}
	return list
}

// either makes an if or a while.
func (m *importer) either(id string, obj, main, ext *Object, lists [][]any) []any {
	for len(lists) < 2 {
		lists = append(lists, nil)
	}
	then, otherwise := lists[0], lists[1]
	condition, question := m.condition(id, obj, ext)
	loop := obj.text("type") == "while-condition"
	switch {
	case len(then)+len(otherwise) == 0:
		main.Set("manual", "Nothing is to be done here, whether or not this holds: "+clean(m.names.template(id, cmpText(obj.text("condition"), obj.text("name")))))
		return nil
	case len(then) == 0:
		condition, then, otherwise = opposite(condition), otherwise, nil
	}
	main.Set("if", condition)
	if loop {
		main.Set("repeat", loopRule())
	}
	main.Set("then", then)
	if len(otherwise) > 0 {
		main.Set("else", otherwise)
	}
	return question
}

// loopRule bounds a loop, which CACAO does not.
func loopRule() *Object { return NewObject("every", "10s", "max", integer(100)) }

func opposite(condition string) string {
	if ourVar.MatchString(condition) {
		return "!" + condition
	}
	if s := strings.TrimPrefix(condition, "!"); ourVar.MatchString(s) {
		return s
	}
	return "!(" + condition + ")"
}

// condition is the expression of a step; where it cannot be read, a person is
// asked in a step before.
func (m *importer) condition(id string, obj, ext *Object) (string, []any) {
	at := pointer("/workflow", id)
	expr, err := m.names.expression(id, obj.text("condition"))
	if set := ext.object("set"); set.Has("if") || set.Has("for_each") {
		return cmpText(set.text("if"), "true"), nil
	}
	if obj.Has("condition") && err == nil {
		return expr, nil
	}
	why := "the step has no condition; a person is asked"
	if obj.Has("condition") {
		why = "the condition cannot be read (" + err.Error() + "); a person is asked"
	}
	m.notes.doubt(at+"/condition", why)
	name, question := m.asked(id, obj, "bool")
	return name, []any{question}
}

// asked makes a step that asks for what the file does not say, and its variable.
func (m *importer) asked(id string, obj *Object, kind string) (string, *Object) {
	title := cmpText(strings.Join(strings.Fields(clean(obj.text("name"))), " "), "the way to go")
	name := m.choices[id]
	if name != "" {
		return name, m.questionStep(id, obj, name, title)
	}
	name = ourName(strings.ReplaceAll(cmpText(slug(title), "choice"), "-", "_"))
	for i := 2; m.names.types[name] != ""; i++ {
		name = fmt.Sprintf("%.50s_%d", strings.TrimRight(name, "_0123456789"), i)
	}
	m.names.types[name] = kind
	m.questions = append(m.questions, name)
	m.choices[id] = name
	return name, m.questionStep(id, obj, name, title)
}

func (m *importer) questionStep(id string, obj *Object, name, title string) *Object {
	m.count++
	text := cmpText(clean(m.names.template(id, obj.text("description"))), clean(m.names.template(id, obj.text("condition"))), "Decide: "+strings.ReplaceAll(title, "{{", `\{{`))
	return NewObject("manual", text, "ask", NewObject(name, clean(strings.ReplaceAll(title, "{{", `\{{`))))
}

// cases makes a switch.
func (m *importer) cases(id string, obj, main, ext *Object, all []branch, lists [][]any) []any {
	at := pointer("/workflow", id)
	theirs := strings.TrimSuffix(strings.TrimSpace(obj.text("switch")), ":value")
	name, ok := m.names.find(id, theirs)
	var question []any
	if kind := m.names.types[name]; kind != "string" && kind != "int" && kind != "bool" {
		ok = false
	}
	if own := ext.object("set").text("switch"); own != "" {
		name, ok = own, true
	}
	if !ok {
		m.notes.doubt(at+"/switch", fmt.Sprintf("%.60q is no variable by which a way can be chosen; a person is asked", obj.text("switch")))
		var step *Object
		name, step = m.asked(id, obj, "string")
		question = []any{step}
	}
	cases := NewObject()
	for i, b := range all {
		value, isCase := b.value, b.role != "default"
		switch {
		case len(lists[i]) == 0:
			m.notes.change(at+b.at, "nothing is done in this case, so it is left out")
		case !isCase:
			main.Set("default", lists[i])
		case value == "" || !fits(value):
			m.notes.doubt(at+b.at, "this case cannot be written in a playbook")
			cases.Set(fmt.Sprintf("case %d", i+1), lists[i])
		default:
			cases.Set(strings.TrimPrefix(value, `\`), lists[i])
		}
	}
	if cases.Len() == 0 {
		main.Delete("default")
		main.Set("manual", "Nothing is to be done here in any case.")
		return question
	}
	main.Set("switch", name)
	main.Set("cases", cases)
	return question
}

// call is a playbook-action as a step of ours.
func (x *native) call(id string, obj *Object) *Object {
	ref := obj.text("playbook_id")
	if !idShape.MatchString(ref) || len(ref) > 63 {
		x.notes.doubt(pointer("/workflow", id)+"/playbook_id", "not the id of a playbook; a person runs it")
		step := NewObject("manual", "Run the playbook "+cmpText(clean(strings.ReplaceAll(ref, "{{", "")), "that CACAO does not name")+".")
		x.modifiers(id, obj, step, false)
		return step
	}
	step := NewObject("playbook", ref)
	x.modifiers(id, obj, step, false)
	return step
}
