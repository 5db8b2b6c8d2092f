package playbooks

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"firebreak/record"
)

// Reveals says that the step's request carries a secret to a host that the
// playbook names: a person has to see that first, also where it only reads.
func (s *Step) Reveals() bool { return s.reveals && s.Connection == "" }

// Call is the entry with which s begins to call p: it pins p as it is now and
// gives its variables what the step has under with. An error says why p cannot
// be called; the step fails by it.
func (r *Run) Call(s *Step, p *Playbook) (record.StepBegin, error) {
	switch {
	case s.Verb != VerbPlaybook:
		return record.StepBegin{}, fmt.Errorf("step %s calls no playbook", s.ID)
	case !s.Playbook.Fits(p):
		return record.StepBegin{}, fmt.Errorf("step %s calls %s, not %s %s", s.ID, s.Playbook, p.ID, p.Version)
	}
	if why := r.mayCall(s, p); why != "" {
		return record.StepBegin{}, fmt.Errorf("step %s: %s", s.ID, why)
	}
	given, secrets, err := r.values(s).params(s.With)
	if err != nil {
		return record.StepBegin{}, fmt.Errorf("step %s: %w", s.ID, err)
	}
	vars, err := p.Values(given, false)
	if err != nil {
		return record.StepBegin{}, fmt.Errorf("step %s: %w", s.ID, err)
	}
	var bad []error
	for _, v := range p.Vars {
		switch {
		case v.Required && vars[v.Name] == nil && v.Default == nil:
			bad = append(bad, fmt.Errorf("step %s: playbook %s needs %s", s.ID, p.ID, v.Name))
		case slices.Contains(secrets, v.Name) && v.Type != Secret:
			bad = append(bad, fmt.Errorf("step %s: %s of playbook %s is no secret", s.ID, v.Name, p.ID))
		}
	}
	if len(bad) > 0 {
		return record.StepBegin{}, errors.Join(bad...)
	}
	b := record.StepBegin{
		Run: r.id, Attempt: r.of(s).attempts + 1, Playbook: p.ID, Version: p.Version, SHA256: p.SHA256, Source: string(p.Source), Vars: vars,
	}
	if r.pinned[p.SHA256] != nil {
		b.Source = ""
	}
	return b, nil
}

// mayCall says why s cannot call p, "" when it can.
func (r *Run) mayCall(s *Step, p *Playbook) string {
	switch {
	case r.frameOf(s).depth >= maxCalls:
		return fmt.Sprintf("playbooks call each other more than %d deep", maxCalls)
	case len(r.steps)+len(p.order) > maxInstances:
		return fmt.Sprintf("a run has no more than %d steps", maxInstances)
	}
	return ""
}

// beginCall checks the playbook that a step calls, and makes its steps.
func (r *Run) beginCall(s *Step, b record.StepBegin) (inside func(), why string) {
	p, err := r.read(b)
	if err != nil {
		return nil, err.Error()
	}
	switch {
	case !s.Playbook.Fits(p):
		return nil, fmt.Sprintf("it calls %s, not %s %s", s.Playbook, p.ID, p.Version)
	case b.SHA256 != p.SHA256:
		return nil, "the called playbook is not the one that was pinned"
	}
	if why := r.mayCall(s, p); why != "" {
		return nil, why
	}
	vars, err := (&frame{book: p}).typed(b.Vars)
	if err != nil {
		return nil, err.Error()
	}
	return func() {
		r.pinned[p.SHA256] = p
		r.call(s, p, vars)
	}, ""
}

// read returns the playbook that an entry pins.
func (r *Run) read(b record.StepBegin) (*Playbook, error) {
	if p := r.pinned[b.SHA256]; p != nil {
		return p, nil
	}
	if b.Source == "" {
		return nil, errors.New("the playbook that it calls is not there")
	}
	parse := Parse
	if r.parse != nil {
		parse = r.parse
	}
	p, err := parse(b.Playbook+".yaml", []byte(b.Source))
	if err != nil {
		return nil, fmt.Errorf("read the called playbook: %w", err)
	}
	return p, nil
}

// outcome is the result of a called playbook that has ended: its variables.
// Secrets stay where they are.
func (r *Run) outcome(s *Step) map[string]any {
	f := r.frames[s.ID+"/"]
	if f == nil {
		return nil
	}
	out := maps.Clone(f.vars)
	for _, v := range f.book.Vars {
		if v.Type == Secret {
			delete(out, v.Name)
		}
	}
	return out
}
