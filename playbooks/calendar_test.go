package playbooks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCalendar(t *testing.T) {
	c, err := ParseCalendar("de", "de.yaml", []byte("weekend: [saturday, sunday]\nholidays:\n  - {date: 2026-12-25, name: Christmas Day}\n  - 2026-12-26\n  - {date: \"2027-01-01\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	vienna := time.FixedZone("", 3600)
	from := time.Date(2026, 12, 23, 17, 0, 0, 0, vienna) // a Wednesday
	for text, want := range map[string]string{
		"1bd": "2026-12-24T17:00:00+01:00", "2bd": "2026-12-28T17:00:00+01:00", "5bd": "2026-12-31T17:00:00+01:00",
		"6bd": "2027-01-04T17:00:00+01:00", "2d": "2026-12-25T17:00:00+01:00",
	} {
		d, err := ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.After(from, d).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Calendar
	if err := json.Unmarshal(raw, &again); err != nil || again.Check() != nil || fmt.Sprint(again) != fmt.Sprint(c) {
		t.Errorf("%s came back as %v, %v", raw, again, err)
	}
	if got := string(raw); !strings.Contains(got, `{"date":"2026-12-26"}`) {
		t.Errorf("as JSON: %s", got)
	}
}

func TestCalendarWithAnotherWeekend(t *testing.T) {
	for src, want := range map[string]string{
		"- {date: 2026-11-20, name: X}": "2026-11-23", // Saturday and Sunday are off
		"weekend: [friday, saturday]":   "2026-11-22",
		"weekend: []":                   "2026-11-20",
		"weekend: friday":               "2026-11-21",
		"holidays: []":                  "2026-11-20",
	} {
		c, err := ParseCalendar("x", "x.yaml", []byte(src))
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again Calendar
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
		for _, c := range []Calendar{c, again} {
			if got := c.After(from, Duration{BusinessDays: 1}).Format(time.DateOnly); got != want {
				t.Errorf("%s: %s, want %s", src, got, want)
			}
		}
	}
}

func TestCalendarProblems(t *testing.T) {
	for src, want := range map[string]string{
		"":                                   "c.yaml:1:1: error PB003",
		"x":                                  "c.yaml:1:1: error PB009: calendar must be a mapping",
		"holidays: x":                        "c.yaml:1:11: error PB009",
		"- {date: 2026-02-30}":               "c.yaml:1:10: error PB012: \"2026-02-30\" is no date",
		"- {date: 25.12.2026}":               "year, month and day",
		"- {name: x}":                        "c.yaml:1:3: error PB010",
		"- 2026-01-01\n- {date: 2026-01-01}": "c.yaml:2:10: error PB012: 2026-01-01 is already a holiday in line 1",
		"- {date: 2026-01-01, nme: x}":       `did you mean "name"?`,
		"weekend: [sunnday]":                 `did you mean "sunday"?`,
		"weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]": "no day of the week",
		"- &a 2026-01-01\n- *a":                         "PB005",
		"- [2026-01-01]":                                "c.yaml:1:3: error PB009",
		strings.Repeat("- 2026-01-01\n", maxHolidays+1): "PB013",
	} {
		_, err := ParseCalendar("c", "c.yaml", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", src, err, want)
		}
	}
}

// What comes out of a record may be anything; counting must still end.
func TestHostileCalendar(t *testing.T) {
	c := Calendar{Weekend: weekdays()}
	if c.Check() == nil {
		t.Error("a calendar without business days passes")
	}
	if got := c.After(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Duration{BusinessDays: 366}); got.Year() < 2026 {
		t.Errorf("counted to %s", got)
	}
	for _, c := range []Calendar{{Weekend: []string{"Sunday"}}, {Holidays: []Holiday{{Date: "2026-1-1"}}}, {Holidays: make([]Holiday, maxHolidays+1)}} {
		if c.Check() == nil {
			t.Errorf("%.60v passes", c)
		}
	}
}

func FuzzCalendar(f *testing.F) {
	f.Add([]byte("weekend: [friday]\nholidays:\n  - {date: 2026-12-25, name: Christmas Day}\n"))
	f.Add([]byte("- 2026-12-25\n- {date: 0001-01-01}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := ParseCalendar("c", "c.yaml", src)
		if err != nil {
			return
		}
		if err := c.Check(); err != nil {
			t.Fatalf("ParseCalendar let through what Check refuses: %v", err)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if !c.After(from, Duration{BusinessDays: 3}).After(from) {
			t.Fatal("time does not go on")
		}
	})
}
