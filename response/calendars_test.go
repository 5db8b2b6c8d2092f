package response

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/record"
	"firebreak/store"
)

const countedBook = `playbook: v1
id: counted
name: Counted
version: 1.0.0
calendar: at
phases:
  learn:
    - {id: review, manual: Talk about it, due: 3bd}
`

// due is when the step is due, counted from the day of the bench's clock.
func (b *bench) due(step string) time.Time {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	st, err := b.s.stepStatus(b.Context(), f, step)
	b.must(err)
	return st.Due
}

func TestDueCountsByTheCalendarThatWasPinned(t *testing.T) {
	begun := newBench(t, config.Config{}).clock.Now()
	var holiday time.Time // the first business day after today
	for holiday = begun.AddDate(0, 0, 1); holiday.Weekday() == time.Saturday || holiday.Weekday() == time.Sunday; {
		holiday = holiday.AddDate(0, 0, 1)
	}
	calendars := func(dates ...string) map[string]config.Calendar {
		c := config.Calendar{}
		for _, d := range dates {
			c.Holidays = append(c.Holidays, config.Holiday{Date: d, Name: "day off"})
		}
		return map[string]config.Calendar{"at": c}
	}
	open := func(conf config.Config) *bench {
		b := newBench(t, conf)
		file := filepath.Join(b.TempDir(), "counted.yaml")
		b.must(os.WriteFile(file, []byte(countedBook), 0o600))
		inc, err := b.s.Open(b.Context(), NewIncident{Title: "x", Playbook: file})
		b.must(err)
		b.id = inc.ID
		return b
	}
	plain := open(config.Config{Calendars: calendars()}).due("review")
	b := open(config.Config{Calendars: calendars(holiday.Format(time.DateOnly))})
	with := b.due("review")
	if !with.After(plain.Add(23 * time.Hour)) {
		t.Errorf("with a holiday it is due %s, without %s", with, plain)
	}
	// Whatever the configuration says later, what was begun keeps its date.
	b.s = b.service(config.Config{Calendars: calendars()}).As(b.s.by)
	if again := b.due("review"); !again.Equal(with) {
		t.Errorf("due %s has become %s", with, again)
	}
	// A calendar that is not there keeps nobody from opening; the record says so.
	b = open(config.Config{})
	if got := b.due("review").Sub(plain).Abs(); got > time.Minute {
		t.Errorf("without the calendar it differs by %s", got)
	}
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	said := false
	b.must(f.store.View(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.Noted)
		for _, e := range entries {
			var n record.Note
			said = said || e.Decode(&n) == nil && strings.Contains(n.Text, `calendar "at"`)
		}
		return err
	}))
	if !said {
		t.Error("the record does not say how days are counted")
	}
}
