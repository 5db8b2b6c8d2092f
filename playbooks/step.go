package playbooks

import (
	"slices"
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
	VerbHTTP     Verb = "http"
	VerbAction   Verb = "action"
	VerbCollect  Verb = "collect"
	VerbIngest   Verb = "ingest"
	VerbDetect   Verb = "detect"
	VerbNotify   Verb = "notify"
	VerbPlaybook Verb = "playbook"
	VerbIf       Verb = "if"
	VerbSwitch   Verb = "switch"
	VerbParallel Verb = "parallel"
	VerbForEach  Verb = "for_each"
	VerbWait     Verb = "wait"
	VerbReview   Verb = "review"
)

// Manual says that a person carries the step out.
func (v Verb) Manual() bool { return v == VerbManual || v == VerbReview }

// Acts says that the step changes or may change something outside, so that it
// is planned before it is done.
func (v Verb) Acts() bool { return v == VerbAction || v == VerbRun || v == VerbHTTP }

// Holds says that the step is made of other steps and does nothing itself.
func (v Verb) Holds() bool {
	return v == VerbIf || v == VerbSwitch || v == VerbParallel || v == VerbForEach || v == VerbPlaybook
}

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
	HTTP     *Request
	Action   string
	Collect  []string // profiles and collectors
	Ingest   []string // paths
	Detect   []string // filters of the timeline
	Notify   []string // connections
	Wait     Duration
	Review   string
	Playbook Reference
	Then     []*Step
	Else     []*Step
	Switch   string // expression whose value picks the case
	Cases    []Case
	Default  []*Step
	Parallel []*Step
	ForEach  string // expression, a list; its steps are done for each item
	As       string // variable of the item, "item" when the file names none
	Do       []*Step

	// Modifiers.
	If           string   // guard; the condition when the verb is if
	Needs        []string // nil: the step before; empty: none
	Assign       incident.Role
	Due          Duration
	Ask          []Question
	Set          []Assignment
	With         map[string]any
	Env          map[string]any // of run: its environment
	Template     string         // of notify: the message's template
	Retry        *RetryRule
	Repeat       *RepeatRule
	Timeout      Duration
	Approve      *Approve
	Impact       string // "", none, low, medium, high
	Irreversible string
	Rollback     *Rollback
	Lasts        *Lasts // how long the effect is meant to last
	Verify       *Verify
	OnFailure    string
	Evidence     []string
	Attack       []string
	D3fend       []string
	Cacao        map[string]any // what CACAO says of the step and this language cannot, verbatim
	Note         string
	On           string
	Connection   string

	guard   *expression
	subject *expression     // of switch and for_each
	item    *Var            // of for_each: the variable of its items
	scope   map[string]*Var // what it may read, nil for the playbook's variables
	reveals bool            // its request carries a secret
	stand   *stand          // where an instance stands in its run; nil for a step as the file has it
	parent  *Step
	branch  string // "then" or "else" under an if; the value, or "" for the default, under a switch
	at      map[string]pos
	nodes   map[string]*yaml.Node
}

// Children returns the steps nested in s, as written.
func (s *Step) Children() []*Step { return slices.Concat(s.lists()...) }

// lists returns the lists of steps in s, each of which has its own order.
func (s *Step) lists() [][]*Step {
	out := [][]*Step{s.Then, s.Else, s.Do, s.Parallel}
	for _, c := range s.Cases {
		out = append(out, c.Steps)
	}
	return append(out, s.Default)
}

// Lasts says how long the effect of a step is meant to last, and whether it is
// then undone without another approval; else people are reminded.
type Lasts struct {
	For    Duration
	Revert bool
}

// text is the time box in words, "" for none.
func (l *Lasts) text() string {
	switch {
	case l == nil:
		return ""
	case l.Revert:
		return l.For.Text + ", then it is undone"
	}
	return l.For.Text + ", then people are reminded"
}

// Request is what an http step sends. URL, header values and Body are
// templates; Expect lists the status codes that are a success, any 2xx when it
// is empty.
type Request struct {
	Method  string
	URL     string
	Headers map[string]string
	Body    any
	Expect  []int
}

// Reference names a playbook to run as a step: ID@Version, where Version is a
// whole version or its first one or two numbers, "" for any.
type Reference struct{ ID, Version string }

// Case is the steps of a switch for one value.
type Case struct {
	Value string
	Steps []*Step
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

// Read turns what a person typed into a value, as Var.Read does for the variable
// behind the question. What only the variable knows, as match, is not checked.
func (q Question) Read(text string) (any, error) {
	return (&Var{Name: q.Name, Type: q.Type, Default: q.Default}).Read(text)
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

// RepeatRule does a step again after it succeeded, Every apart, until the
// expression Until over its result holds, For is over or Max is reached. On an
// if it means while: its steps are done again as long as the condition holds.
type RepeatRule struct {
	Every Duration
	For   Duration
	Until string
	Max   int

	program *expression
}

// Approve asks people for their consent before the step may touch anything.
type Approve struct {
	By        incident.Role
	Count     int
	Timeout   Duration
	OnTimeout string // page, fail or skip; "" for page. An older file may have any text here
}

// Rollback says how the step is undone; exactly one of Action, Run, HTTP and
// Manual.
type Rollback struct {
	Action string
	With   map[string]any
	Run    []string
	HTTP   *Request
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
