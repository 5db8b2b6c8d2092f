package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
)

func duration(t *testing.T, r review.Review, key string) review.Duration {
	t.Helper()
	i := slices.IndexFunc(r.Durations, func(d review.Duration) bool { return d.Key == key })
	if i < 0 {
		t.Fatalf("no duration %s", key)
	}
	return r.Durations[i]
}

func TestDurationsUnderMovingClocks(t *testing.T) {
	begin := func(t *testing.T) *story {
		s := newStory(t)
		s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3})
		return s
	}
	note := record.Note{Text: "hello"}
	for _, c := range []struct {
		name  string
		tell  func(*testing.T) *story
		check func(*testing.T, review.Review, review.Duration)
	}{
		{"quiet", func(t *testing.T) *story {
			s := begin(t)
			s.then(5*time.Minute, record.Noted, "", note)
			return s
		}, func(t *testing.T, r review.Review, d review.Duration) {
			if !d.Known || d.Took != 5*time.Minute || d.Measured != "wall clock" || d.Note != "" || len(r.ClockJumps) != 0 {
				t.Errorf("%+v %+v", d, r.ClockJumps)
			}
		}},
		{"set back", func(t *testing.T) *story {
			s := begin(t)
			s.clock.Set(testkit.Start().Add(-24 * time.Hour))
			s.then(5*time.Minute, record.Noted, "", note)
			return s
		}, func(t *testing.T, r review.Review, d review.Duration) {
			if !d.Known || d.Took != 5*time.Minute || d.Measured != "uptime" || !strings.Contains(d.Note, "set back") || len(r.ClockJumps) != 1 {
				t.Errorf("%+v %+v", d, r.ClockJumps)
			}
			if last := r.Timeline[len(r.Timeline)-1]; last.Seq != 2 || !last.Back {
				t.Errorf("the timeline must keep the record's order and say so: %+v", last)
			}
		}},
		{"set forward or asleep", func(t *testing.T) *story {
			s := begin(t)
			s.clock.Set(testkit.Start().Add(10 * 365 * 24 * time.Hour))
			s.then(5*time.Minute, record.Noted, "", note)
			return s
		}, func(t *testing.T, r review.Review, d review.Duration) {
			if !d.Known || d.Measured != "wall clock" || !strings.Contains(d.Note, "uptime says 5 min") || len(r.ClockJumps) != 1 {
				t.Errorf("%+v %+v", d, r.ClockJumps)
			}
		}},
		{"set back over a restart", func(t *testing.T) *story {
			s := begin(t)
			s.clock.Reboot("boot-2")
			s.clock.Set(testkit.Start().Add(-time.Hour))
			s.then(time.Minute, record.Noted, "", note)
			return s
		}, func(t *testing.T, r review.Review, d review.Duration) {
			if d.Known || d.Shown() != "unknown" || !strings.Contains(d.Reason, "59 min before its beginning") || len(r.ClockJumps) != 1 {
				t.Errorf("%+v %+v", d, r.ClockJumps)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.tell(t)
			r := build(t, s)
			for _, d := range r.Durations {
				if d.Took < 0 {
					t.Errorf("%s is negative: %v", d.Key, d.Took)
				}
			}
			c.check(t, r, duration(t, r, "acknowledge"))
			if len(document.Markdown(document.Of(r))) == 0 || len(page.HTML(r)) == 0 {
				t.Error("nothing was written")
			}
		})
	}
}

func TestSignAfterOpeningIsNoDuration(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3, Detected: testkit.Start().Add(time.Hour)})
	d := duration(t, build(t, s), "detect")
	if d.Known || !strings.Contains(d.Reason, "1 h before its beginning") {
		t.Errorf("%+v", d)
	}
}

func TestPhasesThatAreNotOver(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3})
	s.enter(time.Minute, incident.Contain)
	s.enter(time.Minute, incident.Recover)
	r := build(t, s)
	if d := duration(t, r, "contain"); !d.Known || d.Took != 2*time.Minute || d.To.Seq != 3 {
		t.Errorf("contain %+v", d)
	}
	if d := duration(t, r, "eradicate"); d.Known || d.Reason != "phase eradicate was never entered" {
		t.Errorf("eradicate %+v", d)
	}
	if d := duration(t, r, "recover"); d.Known || d.Reason != "the incident is still in phase recover" {
		t.Errorf("recover %+v", d)
	}
	s.enter(time.Minute, incident.Contain) // it was not contained after all
	if d := duration(t, build(t, s), "contain"); d.Known || d.Reason != "the incident is still in phase contain" {
		t.Errorf("contain again %+v", d)
	}
	s.then(time.Hour, record.IncidentClosed, "", record.Reason{Reason: "false alarm"})
	if d := duration(t, build(t, s), "contain"); !d.Known || d.To.What != "incident closed" || d.Took != time.Hour+3*time.Minute {
		t.Errorf("contain closed %+v", d)
	}
}
