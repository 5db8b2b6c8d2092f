package record

import (
	"time"

	"firebreak/incident"
)

// The kinds of entries that only an exercise has, with their payload types.
// Everything else in a drill is recorded as in a real incident.
const (
	DrillBegun    Kind = "drill.begun"    // Exercise
	DrillClock    Kind = "drill.clock"    // ClockMove
	DrillInject   Kind = "drill.inject"   // Inject
	DrillAnswered Kind = "drill.answered" // InjectAnswer
	DrillEnded    Kind = "drill.ended"    // Reason
	DrillReported Kind = "drill.reported" // DrillReport
)

// Exercise pins a scenario to a drill: Source is the file as it was. With Seed it
// gives the same evidence and the same injects again. Speed is how many seconds
// of the exercise pass in one of the world; 0 means that its clock moves only
// when somebody moves it.
type Exercise struct {
	Scenario string  `json:"scenario"`
	Name     string  `json:"name"`
	Version  string  `json:"version"`
	SHA256   string  `json:"sha256"`
	Source   string  `json:"source"`
	Seed     int64   `json:"seed"`
	Speed    float64 `json:"speed"`
	Seats    []Seat  `json:"seats,omitempty"`
	// Pack is the pack that the scenario is of, PackSHA256 the hash of its manifest;
	// "" where it is of none.
	Pack        string `json:"pack,omitempty"`
	PackVersion string `json:"pack_version,omitempty"`
	PackSHA256  string `json:"pack_sha256,omitempty"`
}

// Seat is a place at the table of an exercise. Who takes it gets its roles.
type Seat struct {
	Name  string          `json:"name"`
	Roles []incident.Role `json:"roles"`
}

// ClockMove moves the clock of an exercise on.
type ClockMove struct {
	By     time.Duration `json:"by_ns"`
	Reason string        `json:"reason,omitempty"`
}

// Inject is something that the scenario brings in while people work: a call, an
// alert, an illness. At is when, on the clock of the exercise; an answer is
// wanted until Due, or never when that is 0.
type Inject struct {
	Inject  string            `json:"inject"`
	At      time.Duration     `json:"at_ns"`
	Due     time.Duration     `json:"due_ns,omitempty"`
	From    string            `json:"from,omitempty"`
	To      incident.Role     `json:"to,omitempty"`
	Title   string            `json:"title"`
	Text    string            `json:"text,omitempty"`
	Choices map[string]string `json:"choices,omitempty"`
}

// InjectAnswer is what a person answered to an inject.
type InjectAnswer struct {
	Inject string `json:"inject"`
	Choice string `json:"choice,omitempty"`
	Note   string `json:"note,omitempty"`
}

// DrillReport says that the report of an exercise was written, over which head,
// and which share of the points it gives, in percent.
type DrillReport struct {
	Files   map[string]string `json:"files"` // name → SHA-256
	Size    int64             `json:"size"`
	Root    string            `json:"root"`
	Percent int               `json:"percent"`
}
