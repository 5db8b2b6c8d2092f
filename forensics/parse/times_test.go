package parse

import (
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// clockOf is a source in a zone, with a skew.
func clockOf(t *testing.T, zone string, skew time.Duration) Source {
	t.Helper()
	l, err := time.LoadLocation(zone)
	must(t, err)
	return Source{Exhibit: record.Exhibit{ID: "e1", Source: "x"}, Collected: collected, Zone: l, Skew: skew}
}

// Local times that the clocks showed twice, or never, say how they were read.
func TestClockChanges(t *testing.T) {
	tests := []struct{ zone, local, want, how string }{
		{"Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z", ""},
		{"Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z", shownTwice},
		{"Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z", shownTwice},
		{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z", ""},
		{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z", ""},
		{"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z", neverShown},
		{"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z", ""},
		{"America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z", shownTwice},
		{"America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z", neverShown},
		{"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z", shownTwice}, // half an hour
		{"Asia/Kolkata", "2026-04-05 01:45:00", "2026-04-04T20:15:00Z", ""},
		{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z", neverShown}, // a whole day that was not
	}
	for _, tt := range tests {
		for _, line := range []string{tt.local + " h a: b\n", "2026-06-01 00:00:00 h a: b\n" + tt.local + " h a: b\n"} {
			src := clockOf(t, tt.zone, 0)
			src.Parser = "syslog"
			got, _ := runSource(t, src, []byte(line))
			e := got[len(got)-1]
			if at := e.Time.Format(time.RFC3339); at != tt.want {
				t.Errorf("%s in %s is %s, want %s", tt.local, tt.zone, at, tt.want)
			}
			want := "zone " + tt.zone + " (given)"
			if tt.how != "" {
				want += "; " + tt.how
			}
			if a := e.Attributes.Get("assumed"); a != want {
				t.Errorf("%s in %s: assumed %q, want %q", tt.local, tt.zone, a, want)
			}
			if e.TimeText() != tt.local {
				t.Errorf("%s in %s was written %q", tt.local, tt.zone, e.TimeText())
			}
		}
	}
}

// A local clock agrees with the standard library wherever nothing is in doubt.
func TestLocalClock(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Tehran", "Africa/Casablanca", "Antarctica/Troll", "Europe/Dublin"} {
		l, err := time.LoadLocation(name)
		must(t, err)
		c := &localClock{zone: l}
		for at := time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2031; at = at.Add(7*time.Hour + 13*time.Minute) {
			_, offset := at.In(l).Zone()
			utc, how := c.utc(at.Unix() + int64(offset))
			if utc != at.Unix() && how == "" {
				t.Fatalf("%s: %s was read as %s without a word", name, at, time.Unix(utc, 0).UTC())
			}
		}
	}
}

func TestDays(t *testing.T) {
	for at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2500; at = at.AddDate(0, 0, 17) {
		if got := days(at.Year(), int(at.Month()), at.Day()); got*86400 != at.Unix() {
			t.Fatalf("%s is day %d", at, got)
		}
	}
}

// The skew is taken off once, said with the event, and the time as written stays.
func TestSkew(t *testing.T) {
	for _, tt := range []struct {
		skew               time.Duration
		line, want, assume string
	}{
		{90 * time.Second, "2026-05-31T02:00:45.5Z h a: b", "2026-05-31T01:59:15.5Z", "clock fast by 1m30s (given)"},
		{-time.Hour, "Nov 18 00:30:00 h a: b", "2026-11-18T00:30:00Z", "year 2026 (from collection time), zone Europe/Berlin (given), clock slow by 1h0m0s (given)"},
		{1500 * time.Millisecond, "2026-05-31 02:00:45 h a: b", "2026-05-31T00:00:43.5Z", "zone Europe/Berlin (given), clock fast by 1.5s (given)"},
		{time.Minute, "<165>1 - m ev 8 - - x", "0001-01-01T00:00:00Z", ""},
		{time.Minute, `10.0.0.1 - - [10/Oct/2026:13:55:36 -0700] "GET / HTTP/1.0" 200 1`, "2026-10-10T20:54:36Z", "clock fast by 1m0s (given)"},
		{time.Minute, `type=X msg=audit(1783414613.119:4): a=b`, "2026-07-07T08:55:53.119Z", "clock fast by 1m0s (given)"},
	} {
		src := clockOf(t, "Europe/Berlin", tt.skew)
		if tt.line[0] == '<' {
			src.Parser = "syslog"
		}
		got, ing := runSource(t, src, []byte(tt.line+"\n"))
		e := got[0]
		if at := e.Time.Format(time.RFC3339Nano); at != tt.want || e.Attributes.Get("assumed") != tt.assume {
			t.Errorf("%s (%s)\n got %s, %q\nwant %s, %q", tt.line, ing.Parser, at, e.Attributes.Get("assumed"), tt.want, tt.assume)
		}
		if text := e.TimeText(); text == "" || !strings.Contains(tt.line, text) {
			t.Errorf("%s: was written %q", tt.line, text)
		}
	}
	// What was observed at collection was seen by our own clock.
	got, _ := runSource(t, Source{Exhibit: record.Exhibit{ID: "e1", Source: "x"}, Parser: "fb.mounts", Collected: collected, Skew: time.Hour}, []byte(`{"id":1,"point":"/"}`+"\n"))
	if !got[0].Time.Equal(collected) || got[0].Attributes.Has("assumed") {
		t.Errorf("%+v", got[0])
	}
}

// Every form gives the text back.
func TestTimeForms(t *testing.T) {
	for _, text := range []string{
		"2026-05-31T02:00:45.698463+02:00", "2026-05-31T02:00:45Z", "2026-05-31t02:00:45.5z", "2026-05-31 02:00:45,123", "2026-05-31T02:00:45-0330",
		"2026-05-31 02:00:45.123456789", "2016-12-31T23:59:60Z", "2026-05-31 02:00", "2026-05-31T02:00:45.1234567891Z",
		"Nov  5 02:00:45", "Nov 05 02:00:45", "Nov 15 02:00:45", "Nov 5 02:00:45", "Nov  15 02:00:45", "Nov  5 2019 02:00:45", "Nov  5 02:00:45 2019", "Nov 05 2019 02:00:45.000001",
		"Feb 29 23:59:59", "Jun 30 23:59:60",
	} {
		got, ing := runSource(t, clockOf(t, "America/St_Johns", 17*time.Second), []byte(text+" h a: b\n"))
		if len(got) != 1 || ing.Parser != "syslog" {
			t.Errorf("%q: %+v", text, ing)
			continue
		}
		if back := got[0].TimeText(); back != text {
			t.Errorf("%q was written as %q (%+v)", text, back, got[0].Attributes)
		}
	}
}

func TestOddTimes(t *testing.T) {
	for line, want := range map[string]string{
		"2026-11-21T12:00:00Z h a: b":  "", // a day later: a clock may be ahead
		"2026-11-21T12:00:01Z h a: b":  "future",
		"2099-01-01T00:00:00Z h a: b":  "future",
		"1970-01-01T00:00:01Z h a: b":  "epoch",
		"1970-01-01T23:59:59Z h a: b":  "epoch",
		"1970-01-02T00:00:00Z h a: b":  "",
		"<13>1 - h a - - - undated":    "",
		"2026-11-20T12:00:00Z h a: ok": "",
	} {
		got, _ := run(t, "syslog", "x", []byte(line+"\n"))
		if a := got[0].Attributes.Get("time_suspect"); a != want {
			t.Errorf("%s is %q, want %q", line, a, want)
		}
	}
	got, _ := run(t, "bodyfile", "x", []byte("0|/a|1|r/r|0|0|1|9000000000|1|0|0\n"))
	if len(got) != 2 || got[0].Attributes.Get("time_suspect") != "epoch" || got[1].Attributes.Get("time_suspect") != "future" || got[0].TimeKind != timeline.Modified {
		t.Errorf("%+v", got)
	}
}
