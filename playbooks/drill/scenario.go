// Package drill is the exercise: a scenario says what happens to a team that
// follows a playbook, what is true, and what is expected; the fold of the
// record's entries says what has happened so far, what comes next, and what it
// is worth.
//
// It is pure: no clock, no network, no files. The same scenario with the same
// seed and the same entries gives the same injects, the same evidence and the
// same score. Package response brings the injects in and writes them down.
// Scenarios are foreign text: they are parsed with limits, and nothing in them
// is ever run.
package drill

import (
	"time"

	"firebreak/incident"
)

// FormatVersion is the value of `scenario:` that this package reads.
const FormatVersion = "v1"

// Scenario is one parsed file, with what the seed draws put in its place.
type Scenario struct {
	Source   []byte
	SHA256   string // of Source, lower-case hex
	Seed     int64
	ID       string
	Name     string
	Version  string
	About    string // what the team knows at the beginning
	Playbook string
	Severity incident.Severity // 0: the playbook's
	When     time.Time         // the story's own time: when the first sign was seen
	Length   time.Duration     // how long it takes, for who plans it
	Pace     Pace
	Roles    []incident.Role
	Draw     map[string]string // what the seed has drawn, by name
	Values   map[string]any    // of the playbook's variables, at the start
	Answers  map[string]any    // what is true: the right answers to the playbook's questions
	Evidence []Evidence
	Injects  []Inject
	Expect   []Expectation
	Findings []Finding
}

// Pace is how long things take when nobody is at the keyboard.
type Pace struct {
	Manual    time.Duration
	Automatic time.Duration
}

// Evidence is a set of logs that a generator makes. It is sealed at the start,
// when one of the collect steps in Collect is done, or with an inject that names
// it.
type Evidence struct {
	ID        string
	Generator string
	Host      string
	Collect   []string
	Start     bool
	Events    int
	With      map[string]string
}

// Moment is when something happens: so long after the start, or after something
// that happened.
type Moment struct {
	After  time.Duration
	Step   string // a step of the playbook
	Phase  string
	Inject string
	Is     string // of a step: planned, started, done, failed, skipped; of an inject: here, answered
}

// Start says that the moment counts from the start of the exercise.
func (m Moment) Start() bool { return m.Step == "" && m.Phase == "" && m.Inject == "" }

// Inject is something that is brought in while people work.
type Inject struct {
	ID       string
	At       Moment
	From     string // who calls, or which system
	To       incident.Role
	Title    string
	Text     string
	Question string
	Choices  []Choice
	Right    []string // ids of choices; empty: any answer is one
	Within   time.Duration
	Weight   int
	Why      string // what is right, and why; told afterwards
	Falls    incident.Role
	Fault    *Fault
	Evidence []string
}

// Asks says that an answer is wanted.
func (i Inject) Asks() bool { return i.Question != "" }

// Choice is one answer to an inject.
type Choice struct{ ID, Text string }

// Fault makes a system of the drill fail at its next calls.
type Fault struct {
	System string // github, pagerduty, webhook, slack, teams, smtp, jira, linux
	Method string // "" is any; of linux the program
	Path   string // a part of the path, or of the target
	Mode   string
	Times  int
}

// Expectation is one thing that should happen, and what it is worth. Exactly
// one of Answer, Done, Never, Action, Before and Role says which.
type Expectation struct {
	ID     string
	Says   string
	Why    string
	Weight int
	Clock  string // the clock that it meets, by its name; "" when it is none
	By     time.Duration
	From   Moment

	Answer string // the answer to that question of the playbook
	Is     []any
	Done   string   // that step
	Never  string   // not that step
	Action string   // that action, by its name
	Before []string // two things: the first begins before the second
	Role   incident.Role
}

// Finding is something in the evidence that should be starred or tagged.
type Finding struct {
	ID     string // as the generator names it
	Says   string
	Weight int
}
