package playbooks

import (
	"time"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

// Verb is what a step does. A step has exactly one.
type Verb string

// The verbs of this version.
const (
	VerbManual   Verb = "manual"
	VerbRun      Verb = "run"
	VerbAction   Verb = "action"
	VerbCollect  Verb = "collect"
	VerbIngest   Verb = "ingest"
	VerbDetect   Verb = "detect"
	VerbNotify   Verb = "notify"
	VerbIf       Verb = "if"
	VerbParallel Verb = "parallel"
	VerbWait     Verb = "wait"
	VerbReview   Verb = "review"
)

// Manual says that a person carries the step out.
func (v Verb) Manual() bool { return v == VerbManual || v == VerbReview }

// Acts says that the step changes or may change something outside, so that it
// is planned before it is done.
func (v Verb) Acts() bool { return v == VerbAction || v == VerbRun }

// Automatic says that a program carries the step out, not a person.
func (v Verb) Automatic() bool {
	return v.Acts() || v == VerbCollect || v == VerbIngest || v == VerbDetect || v == VerbNotify
}

// Step is one step of a playbook: a verb with its operand, and modifiers.
// Strings are as written: templates in them are rendered by Run.Resolve.
type Step struct {
	ID       string
	Title    string
	Verb     Verb
	Phase    incident.Phase // NoPhase in the fallback section
	Fallback bool           // the step is in the fallback section
	Adhoc    bool           // people added it to the run
	Depth    int            // nesting under if and parallel, 0 at the top
	Line     int
	Column   int

	// The verb's operand.
	Manual   string
	Run      []string // argv
	Action   string
	Collect  []string // profiles and collectors
	Ingest   []string // paths
	Detect   []string // filters of the timeline
	Notify   []string // connections
	Wait     Duration
	Review   string
	Then     []*Step
	Else     []*Step
	Parallel []*Step

	// Modifiers.
	If           string   // guard; the condition when the verb is if
	Needs        []string // nil: the step before; empty: none
	Assign       incident.Role
	Due          Duration
	Ask          []Question
	Set          []Assignment
	With         map[string]any
	Retry        *RetryRule
	Timeout      Duration
	Approve      *Approve
	Impact       string // "", none, low, medium, high
	Irreversible string
	Rollback     *Rollback
	Verify       *Verify
	OnFailure    string
	Evidence     []string
	Attack       []string
	Note         string
	On           string
	Connection   string

	guard  *expression
	parent *Step
	branch string // "then" or "else" under an if
	at     map[string]pos
	nodes  map[string]*yaml.Node
}

// Children returns the steps nested in s, as written.
func (s *Step) Children() []*Step {
	if s.Verb == VerbIf {
		out := make([]*Step, 0, len(s.Then)+len(s.Else))
		return append(append(out, s.Then...), s.Else...)
	}
	return s.Parallel
}

// place is where the value of key was written, else where the step begins.
func (s *Step) place(key string) pos {
	if p, ok := s.at[key]; ok {
		return p
	}
	return pos{s.Line, s.Column}
}

// Question is something a person is asked; the answer goes into the variable
// of that name.
type Question struct {
	Name     string `json:"name"`
	Text     string `json:"text"`
	Type     Type   `json:"type"`
	Required bool   `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"`
}

// Assignment sets a variable to the value of an expression over `result`.
type Assignment struct {
	Name string
	Expr string

	program *expression
}

// RetryRule repeats a failed automatic step: Max attempts in all, Every apart.
type RetryRule struct {
	Max   int
	Every time.Duration
}

// Approve asks people for their consent before the step may touch anything.
type Approve struct {
	By        incident.Role
	Count     int
	Timeout   Duration
	OnTimeout string // kept for a later version
}

// Rollback says how the step is undone; exactly one of Action, Run and Manual.
type Rollback struct {
	Action string
	With   map[string]any
	Run    []string
	Manual string
}

// Verify is a check after the step. With Action "" it is the read-back of the
// step's own action, whose result has ok, says and state.
type Verify struct {
	Action     string
	Connection string
	With       map[string]any
	Expect     string

	program *expression
}
