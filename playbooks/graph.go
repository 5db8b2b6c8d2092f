package playbooks

import (
	"slices"
	"strings"
)

// connect checks what steps say of each other: needs and on_failure.
func (d *decoder) connect() {
	ids := make([]string, 0, len(d.p.steps))
	for _, s := range d.p.order {
		ids = append(ids, s.ID)
	}
	fallback := make([]string, 0, len(d.p.Fallback))
	for _, s := range d.p.Fallback {
		fallback = append(fallback, s.ID)
	}
	sound := true
	for _, s := range d.p.order {
		sound = d.needs(s, ids) && sound
		d.onFailure(s, fallback)
	}
	if sound && len(d.problems) == 0 {
		d.circles()
	}
}

// needs checks the ids that a step waits for.
func (d *decoder) needs(s *Step, ids []string) bool {
	ok := true
	for i, id := range s.Needs {
		at := s.place("needs")
		if items := s.nodes["needs"]; items != nil && i < len(items.Content) {
			at = pos{items.Content[i].Line, items.Content[i].Column}
		}
		t := d.p.steps[id]
		switch {
		case t == nil:
			d.at(codeNeedsUnknown, at, didYouMean(id, ids), "needs names %s, which is no step", brief(id))
		case t == s:
			d.at(codeCycle, at, "", "step %s needs itself", s.ID)
		case t.Fallback != s.Fallback:
			d.at(codeNeedsUnknown, at, "", "needs cannot go into or out of the fallback section")
		case t.Phase > s.Phase:
			d.at(codeNeedsUnknown, at, "move one of the two", "needs names %s, which is in the later phase %s", id, t.Phase)
		case within(s, t):
			d.at(codeCycle, at, "", "step %s needs %s, which it is part of", s.ID, id)
		case loopAround(s, t) != nil:
			d.at(codeNeedsUnknown, at, "need "+loopAround(s, t).ID+", which ends when all of its rounds have ended", "needs names %s, which is done more than once", id)
		default:
			continue
		}
		ok = false
	}
	return ok
}

// within says that s stands somewhere under t.
func within(s, t *Step) bool {
	for p := s.parent; p != nil; p = p.parent {
		if p == t {
			return true
		}
	}
	return false
}

// loopAround is the step around t, and not around s, whose steps are done more
// than once: the outermost for_each or repeated if; nil when there is none.
func loopAround(s, t *Step) *Step {
	var loop *Step
	for p := t.parent; p != nil; p = p.parent {
		if p.loops() && !within(s, p) {
			loop = p
		}
	}
	return loop
}

// loops says that the steps in s are done more than once, or may be.
func (s *Step) loops() bool {
	return s.Verb == VerbForEach || (s.Verb == VerbIf && s.Repeat != nil)
}

func (d *decoder) onFailure(s *Step, fallback []string) {
	if s.OnFailure == "" {
		return
	}
	at := s.place("on_failure")
	target := slices.Index(fallback, s.OnFailure)
	switch {
	case target < 0:
		hint := didYouMean(s.OnFailure, fallback)
		if len(fallback) == 0 {
			hint = "add a fallback section with that step"
		}
		d.at(codeOnFailure, at, hint, "on_failure names %s, which is no step of the fallback section", brief(s.OnFailure))
	case s.Fallback:
		top := s
		for top.parent != nil {
			top = top.parent
		}
		if slices.Index(fallback, top.ID) >= target {
			d.at(codeOnFailure, at, "", "a fallback step can fall back only to a later one")
		}
	}
}

// moment is the beginning or the end of a step.
type moment struct {
	step *Step
	end  bool
}

// circles finds steps that wait for each other. A step's beginning waits for
// its parent's beginning and for the ends of the steps before it or of those
// it needs; its end waits for its beginning and for the ends of its children.
func (d *decoder) circles() {
	waits := map[moment][]moment{}
	for _, s := range d.p.order {
		begin, end := moment{s, false}, moment{s, true}
		waits[end] = append(waits[end], begin)
		for _, c := range s.Children() {
			waits[end] = append(waits[end], moment{c, true})
		}
		if s.parent != nil {
			waits[begin] = append(waits[begin], moment{s.parent, false})
		}
		for _, b := range d.p.before(s) {
			waits[begin] = append(waits[begin], moment{b, true})
		}
	}
	const visiting, done = 1, 2
	state := map[moment]int{}
	var path []moment
	var visit func(moment) bool
	visit = func(m moment) bool {
		switch state[m] {
		case done:
			return true
		case visiting:
			d.circle(path, m)
			return false
		}
		state[m] = visiting
		path = append(path, m)
		for _, next := range waits[m] {
			if !visit(next) {
				return false
			}
		}
		path = path[:len(path)-1]
		state[m] = done
		return true
	}
	for _, s := range d.p.order {
		if !visit(moment{s, true}) {
			return
		}
	}
}

func (d *decoder) circle(path []moment, m moment) {
	var names []string
	blame := m.step
	for _, x := range path[slices.Index(path, m):] {
		if !slices.Contains(names, x.step.ID) {
			names = append(names, x.step.ID)
		}
		if len(x.step.Needs) > 0 {
			blame = x.step
		}
	}
	d.at(codeCycle, blame.place("needs"), "a step without needs waits for the one before it; needs: [] waits for none", "steps wait for each other: %s", strings.Join(append(names, names[0]), " waits for "))
}

// before returns the steps that s waits for beside its parent: those it needs,
// else the step before it in its list. Phases are not looked at here.
func (p *Playbook) before(s *Step) []*Step {
	if s.Needs != nil {
		out := make([]*Step, 0, len(s.Needs))
		for _, id := range s.Needs {
			if t := p.steps[id]; t != nil {
				out = append(out, t)
			}
		}
		return out
	}
	if s.parent != nil && s.parent.Verb == VerbParallel {
		return nil
	}
	list := p.siblings(s)
	if i := slices.Index(list, s); i > 0 {
		return list[i-1 : i]
	}
	return nil
}

// siblings returns the list that s stands in.
func (p *Playbook) siblings(s *Step) []*Step {
	switch {
	case s.parent != nil:
		for _, list := range s.parent.lists() {
			if slices.Contains(list, s) {
				return list
			}
		}
		return nil
	case s.Fallback:
		return p.Fallback
	}
	for _, ph := range p.Phases {
		if ph.Phase == s.Phase {
			return ph.Steps
		}
	}
	return nil
}
