package cacao

import (
	"fmt"
	"slices"
	"strings"
)

// follow is the step after a step that went well, "" when there is none.
func follow(obj *Object) string {
	return cmpText(obj.text("on_completion"), obj.text("on_success"))
}

// branch is one way out of a step that has several: role names it among our
// ids, at is where the file says it, value is the case of a switch.
type branch struct{ role, to, at, value string }

// branches are the ways that a step holds, in order.
func branches(obj *Object) []branch {
	var out []branch
	switch obj.text("type") {
	case "if-condition":
		for _, k := range []string{"on_true", "on_false"} {
			if to := obj.text(k); to != "" {
				out = append(out, branch{map[string]string{"on_true": "then", "on_false": "else"}[k], to, "/" + k, ""})
			}
		}
	case "while-condition":
		out = append(out, branch{"then", obj.text("on_true"), "/on_true", ""})
	case "parallel":
		for i, to := range obj.texts("next_steps") {
			out = append(out, branch{fmt.Sprint(i + 1), to, fmt.Sprintf("/next_steps/%d", i), ""})
		}
	case "switch-condition":
		cases := obj.object("cases")
		for _, k := range cases.Keys() {
			role := "case." + k
			if !fits(k) || len(k) > 100 {
				role = "case." + digest(k)[:16]
			}
			if k == "default" {
				role = "default"
			}
			out = append(out, branch{role, cases.text(k), pointer("/cases", k), k})
		}
	}
	return out
}

// graph looks at the workflow as a whole: each reference names a step, no way
// leads in a circle, and where the ways from a step that does not say what
// comes after it meet again.
func (m *importer) graph() error {
	workflow := m.doc.object("workflow")
	for _, id := range workflow.Keys() {
		obj := workflow.object(id)
		at := pointer("/workflow", id)
		if obj == nil {
			return &RefusedError{At: at, Says: "a step is an object"}
		}
		refs := []branch{{to: obj.text("on_completion"), at: "/on_completion"}, {to: obj.text("on_success"), at: "/on_success"}, {to: obj.text("on_failure"), at: "/on_failure"}}
		for _, b := range append(refs, branches(obj)...) {
			if b.to != "" && workflow.object(b.to) == nil {
				return &RefusedError{At: at + b.at, Says: fmt.Sprintf("%.80q names no step", b.to), Hint: "add the step, or name another"}
			}
		}
	}
	order, circle := m.topological()
	if len(circle) > 0 {
		return &RefusedError{At: pointer("/workflow", circle[0]), Says: "steps lead in a circle: " + m.named(circle), Hint: "a loop is a while-condition, whose steps end in an end step of their own"}
	}
	m.meet(order)
	return nil
}

// ways are the steps that may come next on the same level: of a step that says
// what comes after its branches, only that.
func (m *importer) ways(obj *Object) []string {
	if next := follow(obj); next != "" {
		return []string{next}
	}
	if obj.text("type") == "while-condition" {
		return nil
	}
	var out []string
	kind := obj.text("type")
	always := kind == "parallel" || obj.Has("on_false") || obj.object("cases").Has("default")
	for _, b := range branches(obj) {
		if b.to != "" {
			out = append(out, b.to)
		}
	}
	if len(out) == 1 && !always {
		out = append(out, "") // where nothing holds, the way ends here
	}
	return out
}

// topological returns the steps so that each comes after those it leads to, or
// a circle of them.
func (m *importer) topological() (order, circle []string) {
	workflow := m.doc.object("workflow")
	const open, done = 1, 2
	state := map[string]int{}
	type frame struct {
		id   string
		ways []string
	}
	for _, root := range workflow.Keys() {
		if state[root] != 0 {
			continue
		}
		stack := []frame{{root, m.ways(workflow.object(root))}}
		state[root] = open
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if len(top.ways) == 0 {
				state[top.id] = done
				order = append(order, top.id)
				stack = stack[:len(stack)-1]
				continue
			}
			next := top.ways[0]
			top.ways = top.ways[1:]
			if next == "" {
				continue
			}
			switch state[next] {
			case open:
				if workflow.object(next).text("type") == "while-condition" {
					continue // its last step leads back to it
				}
				for i := range stack {
					if stack[i].id == next || len(circle) > 0 {
						circle = append(circle, stack[i].id)
					}
				}
				return nil, circle
			case 0:
				state[next] = open
				stack = append(stack, frame{next, m.ways(workflow.object(next))})
			}
		}
	}
	return order, nil
}

// meet finds for each step the first one that all ways from it come to: its
// immediate post-dominator.
func (m *importer) meet(order []string) {
	workflow := m.doc.object("workflow")
	m.joins = make(map[string]string, len(order))
	depth := map[string]int{"": 0}
	for _, id := range order {
		join, first := "", true
		for _, next := range m.ways(workflow.object(id)) {
			if _, known := depth[next]; !known {
				continue // back to a while
			}
			if first {
				join, first = next, false
				continue
			}
			a, b := join, next
			for a != b {
				if depth[a] < depth[b] {
					a, b = b, a
				}
				a = m.joins[a]
			}
			join = a
		}
		m.joins[id] = join
		depth[id] = depth[join] + 1
	}
}

// named lists steps by their names, for a message.
func (m *importer) named(ids []string) string {
	var out []string
	for _, id := range ids[:min(len(ids), 8)] {
		out = append(out, fmt.Sprintf("%.40s (%.60s)", cmpText(clean(m.doc.object("workflow").object(id).text("name")), "no name"), id))
	}
	if len(ids) > 8 {
		out = append(out, fmt.Sprintf("and %d more", len(ids)-8))
	}
	return strings.Join(out, ", ")
}

// chain turns the steps from id on into a list, up to stop, an end step or a
// step that leads nowhere; exit is that stop or end, "" for nowhere.
func (m *importer) chain(id, stop string) (steps []any, exit string, err error) {
	return m.chainAt(id, []string{stop}, 0)
}

func (m *importer) chainAt(id string, stops []string, depth int) (steps []any, exit string, err error) {
	if depth > 7 {
		return nil, "", &RefusedError{At: pointer("/workflow", id), Says: "steps are nested more than 8 levels deep"}
	}
	workflow := m.doc.object("workflow")
	for id != "" && id != stops[len(stops)-1] {
		obj := workflow.object(id)
		if obj.text("type") == "end" {
			m.seen[id] = "end"
			return steps, id, nil
		}
		if slices.Contains(stops, id) {
			m.notes.doubt(pointer("/workflow", id), "a way out of a branch leads here, over the steps between")
			return steps, id, nil
		}
		if _, ok := m.seen[id]; ok && m.copies == 0 {
			// Several ways lead here and do not meet here: what is left of the way
			// is written once more.
			m.notes.change(pointer("/workflow", id), "several ways lead to this step and do not meet there, so the steps from here on stand in the playbook more than once")
			m.copies++
			again, exit, err := m.chainAt(id, stops, depth)
			m.copies--
			return append(steps, again...), exit, err
		}
		if m.count += max(1, len(obj.list("commands"))); m.count > maxSteps {
			return nil, "", m.tooMany(id)
		}
		if m.copies == 0 {
			m.seen[id] = id
		}
		ext := extension(obj, "step_extensions")
		if ext.Has("helper") {
			if to := obj.text("on_true"); to != "" {
				inner, _, err := m.chainAt(to, append(slices.Clip(stops), follow(obj)), depth)
				if err != nil {
					return nil, "", err
				}
				steps = append(steps, inner...)
			}
			id = follow(obj)
			continue
		}
		made, next, err := m.step(id, obj, ext, stops, depth)
		if err != nil {
			return nil, "", err
		}
		steps = append(steps, made...)
		id = next
	}
	return steps, id, nil
}

// maxSteps is how many steps a playbook may have.
const maxSteps = 500

func (m *importer) tooMany(id string) error {
	e := &RefusedError{
		At:   pointer("/workflow", id),
		Says: fmt.Sprintf("the playbook would have more than %d steps", maxSteps),
		Hint: "split it into playbooks that run each other (playbook-action)",
	}
	if m.copies > 0 {
		e.Says = "several ways lead to step " + m.named([]string{id}) + " and do not meet; written out, " + e.Says
		e.Hint = "let each way end in an end step of its own, and the step that branches say what comes next (on_completion)"
	}
	return e
}

// step turns one step of CACAO's into steps of ours; next is what comes after.
func (m *importer) step(id string, obj, ext *Object, stops []string, depth int) ([]any, string, error) {
	at := pointer("/workflow", id)
	var made []any
	var main *Object
	next := follow(obj)
	ids := NewObject("step", id)
	if next == "" {
		ids.Set("next", "none")
	}
	switch kind := obj.text("type"); kind {
	case "if-condition", "while-condition", "switch-condition", "parallel":
		var err error
		made, main, next, err = m.holds(id, obj, ext, ids, stops, depth)
		if err != nil {
			return nil, "", err
		}
	case "playbook-action":
		main = m.call(id, obj)
		applyStep(main, obj, ext)
		made = []any{main}
	default:
		if kind != "action" {
			m.notes.doubt(at+"/type", fmt.Sprintf("%.40q is no type of step; it becomes a step for a person", kind))
		}
		parts, before := m.action(id, obj)
		applyStep(parts[0], obj, ext)
		partExtension(parts, before, ext)
		main = parts[0]
		if m.people[id] != "" {
			m.person(id, obj, parts)
		}
		if before != nil && !main.Has("wait") {
			made = append(made, before)
		}
		for _, p := range parts {
			made = append(made, p)
		}
	}
	if m.copies > 0 {
		main.Set("id", m.unique(slug(cmpText(obj.text("name"), obj.text("type")))))
		main.Set("cacao", NewObject("part", NewObject("copy", m.seen[id])))
		m.parts(made, main)
		m.failed(main, obj, next)
		return made, next, nil
	}
	m.label(main, obj, ext)
	main.Set("cacao", NewObject("ids", ids))
	m.seen[id] = main.text("id")
	if obj.Has("agent") || obj.Has("targets") {
		ids.Set("agent", cmpText(obj.text("agent"), "none"))
		if t := obj.list("targets"); len(t) > 0 {
			ids.Set("targets", keep(t))
		}
	}
	m.parts(made, main)
	m.failed(main, obj, next)
	return made, next, nil
}

// failed notes that a step has a way for its failure.
func (m *importer) failed(main, obj *Object, next string) {
	if to := obj.text("on_failure"); to != "" {
		m.fails = append(m.fails, failing{main, to, next})
	}
}

// label gives a step its id.
func (m *importer) label(step, obj, ext *Object) {
	if id := ext.text("id"); id != "" && (!step.Has("id") || step.text("id") == id) {
		step.Set("id", id)
		return
	}
	step.Set("id", m.unique(slug(cmpText(obj.text("name"), obj.text("type")))))
}

// parts names the steps that belong to main: those of its further commands and
// targets, the wait before it, the question that stands for its condition.
func (m *importer) parts(made []any, main *Object) {
	k := 0
	for i, s := range made {
		step, ok := s.(*Object)
		if !ok || step == main {
			continue
		}
		part := NewObject("of", main.text("id"))
		var suffix string
		switch {
		case step.Has("wait") && i == 0:
			suffix = "-delay"
		case i < slices.Index(made, any(main)):
			suffix = "-question"
		default:
			k++
			suffix = fmt.Sprintf("-%d", k+1)
		}
		id := fmt.Sprintf("%.50s%s", main.text("id"), suffix)
		if step.Has("id") {
			id = step.text("id")
			m.used[id] = true
		} else {
			id = m.unique(id)
		}
		step.Set("id", id)
		step.Set("cacao", NewObject("part", part))
	}
}

// person leaves an action to a person because the parser refuses it.
func (m *importer) person(id string, obj *Object, parts []*Object) {
	at := pointer("/workflow", id)
	for _, p := range parts {
		text := "Carry out what CACAO says here:"
		for _, c := range obj.list("commands") {
			command, _ := c.(*Object)
			text += "\n\n" + indent(clean(strings.ReplaceAll(commandText(command), "{{", `\{{`)))
		}
		for _, k := range []string{"run", "http", "playbook", "action", "env", "on", "connection", "set", "irreversible"} {
			p.Delete(k)
		}
		p.Set("manual", clean(text))
	}
	m.results(id, obj, parts)
	m.notes.doubt(at, "a playbook cannot say this so that it is safe ("+m.people[id]+"); a person carries it out")
}
