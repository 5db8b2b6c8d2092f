package record

import (
	"encoding/json"
	"time"
)

// The kinds that deadlines are made of. When one is due follows from them and from
// the data of package review/clocks; it is in no entry.
const (
	ClockStarted Kind = "clock.started" // ClockStart
	ClockChosen  Kind = "clock.chosen"  // ClockChoice
	ClockMet     Kind = "clock.met"     // Submission
)

// ClockStart says that something happened that a deadline counts from. A later one
// of the same Event and Clocks replaces it; one without At takes it back.
type ClockStart struct {
	Event  string    `json:"event"` // aware, suspected, discovered, determined, classified, paid, …
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason"`           // who judged so, and by what
	Clocks []string  `json:"clocks,omitempty"` // only for these; without, for all that begin so
	Zone   string    `json:"zone,omitempty"`   // IANA name, where days are counted
	// Basis is what was counted by then (clocks.Basis): which deadlines were shown,
	// holidays, deadlines of one's own. What is not in it the program knows.
	Basis json.RawMessage `json:"basis,omitempty"`
}

// ClockChoice says whether a deadline applies to this incident.
type ClockChoice struct {
	Clock   string `json:"clock"` // eu-gdpr-33-authority
	Applies bool   `json:"applies"`
	Reason  string `json:"reason"`

	Basis json.RawMessage `json:"basis,omitempty"` // as in ClockStart
}

// Submission says that what a deadline asks for was done: by a person, never by the
// program itself. There may be several; one without At takes back all before it.
type Submission struct {
	Clock string    `json:"clock"`
	At    time.Time `json:"at"`
	To    string    `json:"to,omitempty"`
	How   string    `json:"how,omitempty"`   // portal, mail, by phone
	Proof string    `json:"proof,omitempty"` // an exhibit, an action, the other side's number
	Note  string    `json:"note,omitempty"`
}
