package document

import (
	"time"

	"firebreak/incident"
)

// Figure is a drawing. Alt and Facts say in words what it shows, for those who
// cannot see it and for forms that cannot draw.
type Figure struct {
	ID      string
	Caption string
	Alt     string
	Drawing Drawing
	Facts   *Table // nil where a table beside it says the same
}

// Drawing is what a figure shows, as facts: Bars, Lanes, Histogram, Shares or
// Deadlines. Each form draws them its own way.
type Drawing interface{ drawing() }

// Bars are lengths of time from one beginning.
type Bars struct{ Rows []Bar }

// Bar is one length of time; one that is not known is drawn empty.
type Bar struct {
	Label  string
	Took   time.Duration
	Shown  string // the length in words
	Known  bool
	Reason string         // why it is not known
	Phase  incident.Phase // for its colour
	Whole  bool           // the whole of which the others are parts: may be drawn broken off
}

// Lanes show who did what when: a lane for each phase with the stretches of time
// spent in it, and what happened there.
type Lanes struct {
	From, To time.Time
	Lanes    []Lane
	Dots     []Dot
}

// Lane is a row of stretches.
type Lane struct {
	Label     string
	Phase     incident.Phase
	Stretches []Stretch
}

// Stretch is a stretch of time; one without an end goes on.
type Stretch struct {
	From, To time.Time
	Label    string
}

// Dot is something that happened in a lane.
type Dot struct {
	Time  time.Time
	Lane  int // index
	Kind  DotKind
	Ref   string // "#12"
	To    string // the id of its row
	Label string
}

// DotKind is what a dot stands for.
type DotKind string

// The kinds of dots.
const (
	DotEntry    DotKind = "entry"    // somebody said or did something
	DotAction   DotKind = "action"   // on an outside system
	DotEvidence DotKind = "evidence" // sealed, checked, read
	DotBad      DotKind = "bad"      // failed, or with an unknown outcome
)

// Histogram counts events in equal stretches of time.
type Histogram struct {
	From, To time.Time
	Counts   []int64
	// ShadeFrom and ShadeTo are the response; zero when it lies outside.
	ShadeFrom, ShadeTo time.Time
}

// Shares are the parts of a whole.
type Shares struct{ Parts []Share }

// Share is one part.
type Share struct {
	Label string
	N     int
	Tone  Tone
}

// Deadlines show what was due when, and when it was done.
type Deadlines struct{ Rows []Deadline }

// Deadline is a line of them. Times that are missing are unknown.
type Deadline struct {
	Label           string
	Start, Due, Met time.Time
	Tone            Tone
	Shown           string // the state in words
}

func (Bars) drawing()      {}
func (Lanes) drawing()     {}
func (Histogram) drawing() {}
func (Shares) drawing()    {}
func (Deadlines) drawing() {}
