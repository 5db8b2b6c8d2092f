// Package playbooks is the playbook language: parse a YAML file, lint it
// against what the integrations and collectors offer, render it for a wiki, and
// run it as a state machine that is a fold of the record's entries.
//
// It is pure: no clock, no network, no files but what it is handed. A run
// offers moves (Run.Ready) and takes entries (Run.Apply); package response
// performs the effects in between. Playbooks are foreign text: they are parsed
// with limits, and a value never becomes part of a command.
package playbooks

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"firebreak/incident"
)

// FormatVersion is the value of `playbook:` that this package reads.
const FormatVersion = "v1"

// Playbook is one parsed file. Parse returns only playbooks that can be run to
// an end: ids are unique, needs have no cycle, expressions have their types.
type Playbook struct {
	File        string // name for messages
	Source      []byte // the file as it was
	SHA256      string // of Source, lower-case hex
	ID          string
	Name        string
	Version     string
	Owner       string
	Description string
	Labels      []string
	Attack      []string          // ATT&CK technique ids
	Severity    incident.Severity // 0 when the file names none
	TLP         incident.TLP      // "" when the file names none
	Roles       []RoleNeed
	Vars        []*Var
	Clocks      []Clock
	Phases      []PhaseSteps // in order; a phase without steps is absent
	Fallback    []*Step
	Calendar    string         // of business days, by its name in the configuration; "" for Monday to Friday
	Drill       map[string]any // values a drill gives to variables and answers
	Cacao       map[string]any // what CACAO says of the playbook and this language cannot, verbatim

	vars   map[string]*Var
	steps  map[string]*Step
	order  []*Step // every step, parents before children, as written
	drill  map[string]pos
	places map[string]pos // of the top keys'values
	lines  source
}

// RoleNeed is a role that the playbook wants filled.
type RoleNeed struct {
	Role     incident.Role `json:"role"`
	Required bool          `json:"required"`
}

// Clock is a deadline the playbook may start: Use names the rule, When is an
// expression, From the moment it counts from. Clocks are kept, not yet run.
type Clock struct {
	Use  string `json:"use"`
	When string `json:"when,omitempty"`
	From string `json:"from,omitempty"`
}

// PhaseSteps is one phase with its steps, in order.
type PhaseSteps struct {
	Phase incident.Phase
	Steps []*Step
}

// pos is a place in the file, counted from 1.
type pos struct{ line, column int }

// Step returns the step of that id, nested ones and fallbacks included.
func (p *Playbook) Step(id string) (*Step, bool) {
	s, ok := p.steps[id]
	return s, ok
}

// Steps returns every step, parents before their children, in file order.
func (p *Playbook) Steps() []*Step { return p.order }

// Var returns the declared variable of that name.
func (p *Playbook) Var(name string) (*Var, bool) {
	v, ok := p.vars[name]
	return v, ok
}

// Questions lists what is asked before a run starts: the variables that have a
// prompt. Required ones must have a value by then.
func (p *Playbook) Questions() []Question {
	var out []Question
	for _, v := range p.Vars {
		if v.Prompt != "" {
			out = append(out, Question{Name: v.Name, Text: v.Prompt, Type: v.Type, Required: v.Required, Default: v.Default})
		}
	}
	return out
}

// Values returns what a run starts with: the values given, which may be texts
// as people type them, over those of drill when it is one. The error names
// every value that does not fit. A required one may be missing: an incident is
// opened before everything is known; see Run.Missing.
func (p *Playbook) Values(given map[string]any, drill bool) (map[string]any, error) {
	out := map[string]any{}
	if drill {
		out = p.DrillVars()
	}
	var bad []error
	known := make([]string, 0, len(p.Vars))
	for _, v := range p.Vars {
		known = append(known, v.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := p.vars[name]
		if v == nil {
			bad = append(bad, fmt.Errorf("playbook %s has no variable %s: %s", p.ID, brief(name), cmp.Or(didYouMean(name, known), "see its vars")))
			continue
		}
		value, err := given[name], error(nil)
		if text, ok := value.(string); ok {
			value, err = v.Read(text)
		} else if value != nil {
			value, err = v.Check(value)
		}
		if err != nil {
			bad = append(bad, err)
		} else if value != nil {
			out[name] = value
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return out, nil
}

// DrillVars returns the values that a drill starts with: those of `drill:`
// whose variable no step asks for, and those of every prompted variable.
func (p *Playbook) DrillVars() map[string]any {
	asked := map[string]bool{}
	for _, s := range p.order {
		for _, q := range s.Ask {
			asked[q.Name] = true
		}
	}
	out := map[string]any{}
	for name, value := range p.Drill {
		if v := p.vars[name]; v != nil && (!asked[name] || v.Prompt != "") {
			out[name] = value
		}
	}
	return out
}

// DrillAnswers returns what a drill answers to the step's questions: the value
// of `drill:`, else the variable's default, else "unknown".
func (p *Playbook) DrillAnswers(s *Step) map[string]string {
	out := map[string]string{}
	for _, q := range s.Ask {
		value, ok := p.Drill[q.Name]
		if !ok {
			value = q.Default
		}
		if value == nil {
			out[q.Name] = Unknown
			continue
		}
		out[q.Name] = show(value)
	}
	return out
}
