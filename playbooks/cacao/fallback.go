package cacao

import (
	"fmt"
	"slices"
)

// applyStep gives a step what our extension says of it. Questions and
// assignments come in the order of the step's out_args.
func applyStep(step, obj, ext *Object) {
	applyExtension(step, ext)
	var order []any
	for _, theirs := range obj.texts("out_args") {
		order = append(order, ourName(theirs))
	}
	for _, k := range []string{"ask", "set"} {
		if o := step.object(k); o.Len() > 1 {
			step.Set(k, ordered(o, append(slices.Clip(ext.object("order").list(k)), order...)))
		}
	}
}

// partExtension does the same for the further steps of an action.
func partExtension(parts []*Object, before, ext *Object) {
	for i, p := range ext.list("parts") {
		if o, ok := p.(*Object); ok && i+1 < len(parts) {
			applyExtension(parts[i+1], o)
		}
	}
	if before != nil {
		applyExtension(before, ext.object("before"))
	}
}

// failures makes the fallback section: the ways that on_failure and
// workflow_exception lead.
func (m *importer) failures(ext *Object, steps []any) error {
	workflow := m.doc.object("workflow")
	if ext.Has("fallback") {
		return m.ownFallback(ext)
	}
	exception := m.doc.text("workflow_exception")
	if exception != "" && workflow.object(exception) == nil {
		return &RefusedError{At: "/workflow_exception", Says: fmt.Sprintf("%.80q names no step", exception)}
	}
	entered := map[string]string{} // a step of CACAO's to ours that stands for the way from it
	for i := 0; i < len(m.fails); i++ {
		f := m.fails[i]
		at := "/workflow"
		if id := f.step.object("cacao").object("ids").text("step"); id != "" {
			at = pointer(at, id) + "/on_failure"
		}
		name, known := entered[f.to]
		if !known && m.seen[f.to] == "" {
			var err error
			if name, err = m.way(f.to, f.next); err != nil {
				return err
			}
			entered[f.to] = name
		}
		switch {
		case name != "":
			f.step.Set("on_failure", name)
		case workflow.object(f.to).text("type") == "end":
			m.notes.doubt(at, "CACAO ends here; this program asks a person what to do")
		case f.to == f.next:
			m.notes.doubt(at, "CACAO goes on as if nothing had happened; this program asks a person")
		default:
			m.notes.doubt(at, "CACAO goes on at "+m.seen[f.to]+"; this program asks a person what to do")
		}
	}
	if exception == "" || workflow.object(exception).text("type") == "end" || m.seen[exception] != "" && entered[exception] == "" {
		if exception != "" {
			m.notes.doubt("/workflow_exception", "when a step fails CACAO goes there; this program asks a person what to do")
		}
		m.undecided(steps)
		return nil
	}
	if len(m.fallback) == 0 {
		list, exit, err := m.chain(exception, "")
		if err != nil {
			return err
		}
		m.exit(list, exit)
		m.fallback = list
		return nil
	}
	name := entered[exception]
	if name == "" {
		var err error
		if name, err = m.way(exception, ""); err != nil {
			return err
		}
	}
	covers(steps, name)
	return nil
}

// exit notes where the last step of a way leads, when there is one.
func (m *importer) exit(list []any, exit string) {
	if len(list) == 0 {
		return
	}
	if last, ok := list[len(list)-1].(*Object); ok {
		ids := m.idsOf(last, list)
		if ids != nil {
			ids.Set("end", cmpText(exit, "none"))
		}
	}
}

// idsOf are the ids of a step, or of the step whose part it is.
func (m *importer) idsOf(step *Object, list []any) *Object {
	cacao := step.object("cacao")
	if of := cacao.object("part").text("of"); of != "" {
		for _, s := range list {
			if o, ok := s.(*Object); ok && o.text("id") == of {
				return o.object("cacao").object("ids")
			}
		}
	}
	return cacao.object("ids")
}

// way makes one step of the fallback section of the steps from id on, up to
// the step where the main way goes on.
func (m *importer) way(id, next string) (string, error) {
	list, exit, err := m.failureChain(id, next)
	if err != nil || len(list) == 0 {
		return "", err
	}
	m.exit(list, exit)
	if exit != next || exit == "" {
		m.notes.doubt(pointer("/workflow", id), "CACAO does not go on after this way; here the run goes on with what follows the step that failed, once a person agrees")
		stop := NewObject("id", m.unique("stop"), "title", "Stop here",
			"manual", "By its author's word the playbook ends here. Skip the steps that are left, or go on when that is wrong.",
			"cacao", NewObject("part", "none"))
		list = append(list, stop)
	}
	first, _ := list[0].(*Object)
	if len(list) == 1 {
		m.fallback = append(m.fallback, first)
		return first.text("id"), nil
	}
	name := m.unique("on-failure-" + first.text("id"))
	m.fallback = append(m.fallback, NewObject("id", name, "parallel", needing(list), "cacao", NewObject("part", "chain")))
	return name, nil
}

// failureChain is a chain that ends where it meets a step that is already part
// of the playbook.
func (m *importer) failureChain(id, next string) ([]any, string, error) {
	stops := []string{}
	for was := range m.seen {
		if was != id && was != next {
			stops = append(stops, was)
		}
	}
	return m.chainAt(id, append(stops, next), 1)
}

// undecided: with a fallback section, a failure that the file says nothing of
// would enter all of it. It leads to a person instead.
func (m *importer) undecided(steps []any) {
	if len(m.fallback) == 0 {
		return
	}
	name := m.unique("failed")
	m.fallback = append(m.fallback, NewObject("id", name, "title", "A step failed",
		"manual", "A step failed and the CACAO playbook does not say what to do then. Decide how to go on.",
		"cacao", NewObject("part", "none")))
	covers(steps, name)
}

// covers gives the steps of the main way a place to fail to.
func covers(steps []any, name string) {
	for _, s := range steps {
		if step, ok := s.(*Object); ok && !step.Has("on_failure") {
			step.Set("on_failure", name)
		}
	}
}

// ownFallback reads the section of a playbook that this program exported.
func (m *importer) ownFallback(ext *Object) error {
	for _, id := range ext.texts("fallback") {
		if m.doc.object("workflow").object(id) == nil || m.seen[id] != "" {
			m.notes.doubt("/playbook_extensions", "the fallback section is not as this program wrote it")
			continue
		}
		list, exit, err := m.chain(id, "")
		if err != nil {
			return err
		}
		m.exit(list, exit)
		m.fallback = append(m.fallback, list...)
	}
	for _, f := range m.fails {
		if name := m.seen[m.behind(f.to)]; name != "" {
			f.step.Set("on_failure", name)
		}
	}
	return nil
}

// behind is the step that the helpers at id lead to.
func (m *importer) behind(id string) string {
	workflow := m.doc.object("workflow")
	for range 8 {
		obj := workflow.object(id)
		if !extension(obj, "step_extensions").Has("helper") {
			return id
		}
		id = cmpText(obj.text("on_true"), follow(obj))
	}
	return id
}
