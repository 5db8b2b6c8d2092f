// Package simulate plays the tests of a playbook: it drives a real run
// (playbooks.Run) through what a case says that the steps meet, and compares
// what came of it with what the case expects.
//
// It is pure. Nothing is sent, collected or asked; the clock is made, so waits,
// retries and repetitions end at once. What it promises is that the run is the
// one an incident would have: the same moves, the same entries.
package simulate

import (
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
)

// World is what there is around a playbook. All of it may be zero.
type World struct {
	Find func(playbooks.Reference) (*playbooks.Playbook, error) // the playbook that a step runs
	Now  time.Time                                              // when a run begins
}

// Step is where a step of the run stood at its end.
type Step struct {
	Name  string // in the run
	State playbooks.State
	Why   string
	Began bool
	Holds bool // it is made of other steps
}

// Trace is what happened in a case.
type Trace struct {
	Path     []string // steps that began, in the order they ended
	Steps    []Step   // all of them, as the run lists them
	Vars     map[string]any
	Notified []string // in the order they were told, each once
	Actions  []string // done, in order, each once
	Clocks   []string // started, in order
	End      string   // done, waiting, failed
	Waits    []string // why it went no further
	Unmet    []Unmet  // what the case says and no step met
	Problem  string   // why it could not be played to its end, "" when it could
	Line     int      // of the case that Problem is about
	began    map[string]bool
}

// Unmet is a part of the case that nothing came to.
type Unmet struct {
	Step string
	Line int
	Met  int // entries that were met
	Of   int
}

// step finds a step of the trace by its name.
func (t *Trace) step(name string) (Step, bool) {
	i := slices.IndexFunc(t.Steps, func(s Step) bool { return s.Name == name })
	if i < 0 {
		return Step{}, false
	}
	return t.Steps[i], true
}

// named returns the steps that a name of a test means: the one of that name, or
// all items and rounds of the step with that id.
func (t *Trace) named(name string) []Step {
	if s, ok := t.step(name); ok {
		if rounds := t.rounds(name); len(rounds) > 0 && !s.Began {
			return rounds
		}
		return []Step{s}
	}
	return t.rounds(name)
}

func (t *Trace) rounds(name string) []Step {
	var out []Step
	for _, s := range t.Steps {
		if s.Name != name && plainName(s.Name) == name {
			out = append(out, s)
		}
	}
	return out
}

// plainName is a step's name without the numbers of items and rounds.
func plainName(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i], _, _ = strings.Cut(p, ".")
	}
	return strings.Join(parts, "/")
}

// Report is what came of a file of tests.
type Report struct {
	File      string      `json:"file"`
	Playbook  string      `json:"playbook"`
	Cases     []Result    `json:"cases"`
	Unreached []Unreached `json:"unreached,omitempty"`
}

// Result is what came of one case.
type Result struct {
	Name     string    `json:"name"`
	Line     int       `json:"line"`
	OK       bool      `json:"ok"`
	Failures []Failure `json:"failures,omitempty"`
	Path     []string  `json:"path"`
	End      string    `json:"end"`
}

// Failure is one way in which a case went otherwise than expected. Key is the
// key of `expect`, or "steps" for what the case says and nothing met.
type Failure struct {
	Key     string `json:"key"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Unreached is a step that began in no case.
type Unreached struct {
	Step string `json:"step"`
	Line int    `json:"line"` // in the playbook
}

// OK says that every case went as expected.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Cases, func(c Result) bool { return !c.OK })
}

// Run plays the cases of t that pick takes, all with a nil pick. Steps that no
// case reached are told only when all were played.
func Run(t *playbooks.Test, p *playbooks.Playbook, w World, pick func(name string) bool) Report {
	r := Report{File: t.File, Playbook: p.ID, Cases: []Result{}}
	reached, all := map[string]bool{}, true
	for i := range t.Cases {
		c := &t.Cases[i]
		if pick != nil && !pick(c.Name) {
			all = false
			continue
		}
		trace := Play(p, c, w)
		for name := range trace.began {
			reached[plainTop(name)] = true
		}
		failures := Compare(c, trace)
		path := trace.Path
		if path == nil {
			path = []string{}
		}
		r.Cases = append(r.Cases, Result{Name: c.Name, Line: c.Line, OK: len(failures) == 0, Failures: failures, Path: path, End: trace.End})
	}
	if !all {
		return r
	}
	for _, s := range p.Steps() {
		if !s.Verb.Holds() && !reached[s.ID] {
			r.Unreached = append(r.Unreached, Unreached{s.ID, s.Line})
		}
	}
	return r
}

// begins is when the run of a test begins: a Tuesday, so that business days
// have a weekend before them.
func (w World) begins() time.Time {
	if w.Now.IsZero() {
		return time.Date(2026, 1, 6, 9, 0, 0, 0, time.UTC)
	}
	return w.Now
}

// about is the incident of a test.
func about(p *playbooks.Playbook) incident.Incident {
	severity := p.Severity
	if severity == 0 {
		severity = incident.SEV3
	}
	return incident.Incident{ID: "2026-0001", Title: "Test: " + p.Name, Severity: severity, Status: incident.Open, TLP: p.TLP}
}
