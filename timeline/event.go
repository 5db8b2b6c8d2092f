// Package timeline holds the event, the one-line filter language, and the
// text formats events come in and go out in.
//
// It is pure: readers and writers, no files, no database, no clock.
//
// Where to begin reading: Event here; filter.go has the language, lex.go and
// parse.go read it, expr.go and pattern.go are what it means: Filter.Match is the
// measure for every store. needs.go says what a text must have to match. sink.go
// and the write_ files are the formats out.
package timeline

import (
	"slices"
	"strings"
	"time"
)

// Event is one thing that happened, as a piece of evidence tells it.
//
// Time is UTC with nanoseconds; a zero Time means the source gave none, and no
// time is ever made up. Attributes and texts may share memory with the events
// beside it: whoever keeps an event that a parser hands over clones it. Offset is
// the byte offset in the exhibit, or the record number where the format has
// records.
type Event struct {
	ID         ID         `json:"id"`
	Time       time.Time  `json:"time,omitzero"`
	Precision  Precision  `json:"precision"`
	TimeKind   TimeKind   `json:"time_kind"`
	Source     string     `json:"source"` // syslog, auth, utmp, process, file, …
	Parser     string     `json:"parser"`
	Host       string     `json:"host,omitempty"`
	User       string     `json:"user,omitempty"`
	Message    string     `json:"message"`
	Attributes Attributes `json:"attributes,omitempty"`
	Exhibit    string     `json:"exhibit"`
	Offset     int64      `json:"offset"`
	Technique  string     `json:"technique,omitempty"`
}

// Clone is the event in memory of its own.
func (e *Event) Clone() Event {
	c := *e
	for _, text := range []*string{&c.Source, &c.Parser, &c.Host, &c.User, &c.Message, &c.Exhibit, &c.Technique} {
		*text = strings.Clone(*text)
	}
	c.Attributes = slices.Clone(e.Attributes)
	for i := range c.Attributes {
		c.Attributes[i] = Attribute{strings.Clone(c.Attributes[i].Name), strings.Clone(c.Attributes[i].Value)}
	}
	return c
}

// Precision is how fine the source's clock was written.
type Precision string

// The precisions.
const (
	Nanosecond  Precision = "ns"
	Microsecond Precision = "us"
	Millisecond Precision = "ms"
	Second      Precision = "s"
	Minute      Precision = "m"
	Day         Precision = "d"
)

// TimeKind is what the time says of the event.
type TimeKind string

// The time kinds; the file ones are the letters of a bodyfile.
const (
	Logged    TimeKind = "logged"    // written by the program that saw it
	Started   TimeKind = "started"   // a process, a session, a boot
	Ended     TimeKind = "ended"     // a session, a boot
	Modified  TimeKind = "modified"  // M of MACB
	Accessed  TimeKind = "accessed"  // A
	Changed   TimeKind = "changed"   // C
	Born      TimeKind = "born"      // B
	Observed  TimeKind = "observed"  // state seen at collection time
	Installed TimeKind = "installed" // packages
	Undated   TimeKind = "undated"
)
