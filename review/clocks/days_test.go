package clocks

import (
	"strings"
	"testing"
	"time"

	"firebreak/playbooks"
)

// Regulation (EEC, Euratom) 1182/71 Art. 3(4): where the last day of a period that is
// not in hours is a public holiday, Sunday or Saturday, it ends with the last hour of
// the following working day. 25 December 2026 is a Friday.
func TestDaysAreCountedByANamedCalendar(t *testing.T) {
	cal := playbooks.Calendar{Name: "de", Holidays: []playbooks.Holiday{{Date: "2026-12-25"}, {Date: "2026-12-26"}}}
	r := Rule{Within: Period{Days: 14}, Rest: Move}
	from := time.Date(2026, 12, 11, 14, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		cal  playbooks.Calendar
		due  string
		says string
	}{
		{playbooks.Calendar{}, "2026-12-25", "no holidays are known"},
		{cal, "2026-12-28", "holidays are those of the calendar de"},
		{playbooks.Calendar{Name: "de", Holidays: []playbooks.Holiday{{Date: "2025-12-25"}}}, "2026-12-25", "the calendar de has no holidays in 2026: the last day may be later"},
	} {
		due := r.Due(from, time.UTC, x.cal)
		if got := due.Format(time.DateOnly); got != x.due {
			t.Errorf("%+v: %s, want %s", x.cal, got, x.due)
		}
		if got := daysBy(x.cal, due); !strings.Contains(got, x.says) {
			t.Errorf("%q, want %q", got, x.says)
		}
	}
}
