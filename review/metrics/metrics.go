// Package metrics compares incidents: how long their parts took, what became of
// steps, deadlines and follow-ups, which factors come back.
//
// It is pure: the same cases give the same Stats, in whatever order they come.
// Each number has a definition and both its ends; what is not known is counted as
// not known. It shows medians, quartiles and every single value, never a mean,
// and claims no trend below MinTrend incidents. It says nothing of single people.
package metrics

import (
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// Format names the shape of the JSON form. A field may be added within a version;
// none is renamed or removed.
const Format = "firebreak.stats/1"

// Source is what is looked at of one incident.
type Source struct {
	ID      incident.ID
	Entries []record.Entry
	Review  review.Review  // of these entries: review.Outline, or Build
	Zone    *time.Location // whose nights are counted; nil is UTC
	Now     time.Time
}

// Case is one incident as it is counted.
type Case struct {
	ID       incident.ID       `json:"incident"`
	Title    string            `json:"title,omitempty"`
	Severity incident.Severity `json:"severity"`
	Playbook string            `json:"playbook,omitempty"`
	Quarter  string            `json:"quarter"` // of its opening, UTC: 2026-Q4
	Status   incident.Status   `json:"status"`
	Drill    bool              `json:"drill,omitempty"`
	Opened   time.Time         `json:"opened"`
	Closed   time.Time         `json:"closed,omitzero"`

	measures map[string][]Measure // by the key of the metric
	ticks    map[string][]tick    // by the key of the tally
	factors  []factorOf
	loads    []Load
}

// Knowledge says what is known of a measure.
type Knowledge string

// What there is to know of a measure. What does not apply to an incident has no
// measure at all.
const (
	Known   Knowledge = "known"
	Running Knowledge = "running" // its end has not come yet
	Unknown Knowledge = "unknown" // nobody recorded one of its ends
)

// Point is one end of a measure: what is meant by it, and the entry that tells.
type Point struct {
	Time time.Time `json:"time,omitzero"`
	What string    `json:"what"`
	Seq  int64     `json:"seq,omitempty"`
}

// Measure is one value of one incident. Seconds where the metric is a time, else
// a number.
type Measure struct {
	Of    string // the action, deadline or follow-up; "" for the incident itself
	Value float64
	State Knowledge
	Why   string // why it is not known
	From  Point
	To    Point
}

// tick is one thing that a tally counts, with the word it is counted under.
type tick struct {
	of, word string
}

type factorOf struct {
	id, key, category string
}

// Load is how much people acted in one role. Night is what of it was between 22
// and 6 o'clock.
type Load struct {
	Role  string `json:"role"` // "none": they held none
	Acts  int    `json:"acts"`
	Night int    `json:"night"`
}

// Quarter is the quarter of a year that a time lies in, as in 2026-Q4.
func Quarter(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3)
}

// Of makes the case of one incident.
func Of(s Source) Case {
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	i := s.Review.Incident
	c := Case{
		ID: s.ID, Title: i.Title, Severity: i.Severity, Playbook: i.Playbook, Quarter: Quarter(i.Opened), Status: i.Status,
		Drill: i.Drill, Opened: i.Opened, Closed: i.Closed,
		measures: map[string][]Measure{}, ticks: map[string][]tick{},
	}
	f := newFacts(s)
	for _, d := range table {
		if ms := d.take(f); len(ms) > 0 {
			c.measures[d.Key] = ms
		}
	}
	for _, d := range tallies {
		if ts := d.take(f); len(ts) > 0 {
			c.ticks[d.Key] = ts
		}
	}
	c.factors, c.loads = f.factors(), f.loads()
	return c
}
