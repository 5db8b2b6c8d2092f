package metrics_test

import (
	"fmt"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/metrics"
)

// story writes the record of one incident, at times that the test says.
type story struct {
	t       *testing.T
	id      incident.ID
	by      incident.Actor
	phase   incident.Phase
	opened  time.Time
	entries []record.Entry
	clocks  []review.ClockLine
}

func open(t *testing.T, id string, at string, sev incident.Severity, o record.Opened) *story {
	t.Helper()
	s := &story{t: t, id: incident.ID(id), by: incident.Actor{ID: "k-ada", Name: "ada"}, phase: incident.Identify, opened: moment(t, at)}
	o.Severity = sev
	if o.Title == "" {
		o.Title = "Something happened"
	}
	s.at(0, record.IncidentOpened, o)
	return s
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// at adds an entry that long after the opening.
func (s *story) at(after time.Duration, kind record.Kind, payload any) *story {
	s.t.Helper()
	d, err := record.NewDraft(s.by, kind, s.phase, "", payload)
	if err != nil {
		s.t.Fatal(err)
	}
	s.entries = append(s.entries, record.Entry{
		Seq: int64(len(s.entries) + 1), Time: s.opened.Add(after), Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Fields: d.Fields,
	})
	return s
}

func (s *story) enter(after time.Duration, p incident.Phase) *story {
	s.t.Helper()
	from := s.phase
	s.phase = p
	return s.at(after, record.PhaseEntered, record.Entered{From: from, To: p})
}

// states has somebody say on the next day when something was.
func (s *story) states(name string, at time.Time) *story {
	s.t.Helper()
	return s.at(24*time.Hour, record.MomentStated, record.Moment{Moment: name, At: at})
}

func (s *story) made(now time.Time) metrics.Case {
	s.t.Helper()
	r, err := review.Outline(s.entries, review.Extra{Now: now, Clocks: s.clocks})
	if err != nil {
		s.t.Fatal(err)
	}
	return metrics.Of(metrics.Source{ID: s.id, Entries: s.entries, Review: r, Now: now})
}

func today() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

func metric(t *testing.T, s metrics.Stats, key string) metrics.Metric {
	t.Helper()
	m, ok := s.Metric(key)
	if !ok {
		t.Fatalf("no metric %s", key)
	}
	return m
}

// minutes says values in minutes, as a hand-worked table does.
func minutes(m metrics.Metric) string {
	out := fmt.Sprintf("n %d running %d unknown %d", m.N, m.Running, m.Unknown)
	if m.N > 0 {
		out += fmt.Sprintf(" | %g %g %g %g %g", *m.Min/60, *m.Q1/60, *m.Median/60, *m.Q3/60, *m.Max/60)
	}
	return out
}

func sev(n int) incident.Severity { return incident.Severity(n) }
