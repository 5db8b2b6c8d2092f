package cacao

// fallbackSteps writes the fallback section. Each of its steps ends in an end
// of its own; a failure that no step handles enters all of them.
func (e *exporter) fallbackSteps(ids *Object) {
	var entries []any
	for _, s := range e.book.list("fallback") {
		step, _ := s.(*Object)
		if step.object("cacao").text("part") != "" && step.object("cacao").text("part") != "chain" {
			continue
		}
		entries = append(entries, e.entry(step))
	}
	if e.ownBook() {
		for i := len(entries) - 1; i >= 0; i-- {
			step, _ := e.book.list("fallback")[i].(*Object)
			own := step.object("cacao").object("ids")
			e.list([]any{step}, e.exitID(own, "end", makeID("end", e.id, step.text("id"), "end")))
		}
		switch len(entries) {
		case 0:
		case 1:
			e.doc.Set("workflow_exception", entries[0])
		default:
			key := makeID("parallel", e.id, "fallback")
			e.workflow.Set(key, NewObject("type", "parallel", "name", "Fallback", "next_steps", entries, "on_completion", makeID("end", e.id, "fallback"),
				"step_extensions", NewObject(ExtensionID, NewObject("helper", "fallback"))))
			e.doc.Set("workflow_exception", key)
			e.extended = true
		}
		return
	}
	if to := ids.text("exception"); to != "none" {
		e.doc.Set("workflow_exception", to)
	}
	steps := e.book.list("fallback")
	chained := len(steps) > 0 && e.isException(steps[0], ids)
	if chained {
		e.list(steps, e.fallbackExit(steps))
		return
	}
	for _, s := range steps {
		e.list([]any{s}, e.fallbackExit([]any{s}))
	}
}

// isException says that the section begins with what workflow_exception names
// and has no way of its own for a step: then it is one chain.
func (e *exporter) isException(first any, ids *Object) bool {
	step, _ := first.(*Object)
	named := false
	eachStep(e.book, func(s *Object) { named = named || s.Has("on_failure") })
	if part := step.object("cacao").object("part"); part != nil && !named {
		return true
	}
	return !named && e.entry(step) == ids.text("exception")
}

// fallbackExit is where a way of the section leads.
func (e *exporter) fallbackExit(steps []any) string {
	if first, _ := steps[0].(*Object); len(steps) == 1 && first.object("cacao").text("part") == "chain" {
		steps = first.list("parallel")
	}
	for i := len(steps) - 1; i >= 0; i-- {
		step, _ := steps[i].(*Object)
		if ids := step.object("cacao").object("ids"); ids.Has("end") {
			return e.exitID(ids, "end", "")
		}
	}
	first, _ := steps[0].(*Object)
	return makeID("end", e.id, first.text("id"), "end")
}
