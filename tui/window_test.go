package tui

import (
	"math/rand/v2"
	"testing"
	"time"

	"firebreak/timeline"
)

// TestWindowIsTheSequence walks at random and compares the row under the
// cursor with the row that a list of everything would have there.
func TestWindowIsTheSequence(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int64{1, 7, 199, 200, 201, 650, 5000} {
		d := newScripted()
		d.events, d.board.Events = n, n
		h := sit(t, d, Options{Incident: id}, 80, 24)
		h.press("3")
		want := int64(0)
		for step := range 400 {
			by := int64(r.IntN(41) - 20)
			switch r.IntN(20) {
			case 0:
				h.press("home")
				want = 0
			case 1:
				h.press("G")
				want = n - 1
			case 2:
				by *= 30
				fallthrough
			default:
				h.run(h.m.timeline.win.by(int(by)))
				want = min(max(want+by, 0), n-1)
			}
			e, ok := h.m.timeline.win.selected()
			if !ok || e.ID != numbered(want) {
				t.Fatalf("%d events, step %d: the cursor is on %s, want event %d", n, step, e.ID, want)
			}
			if rows := len(h.m.timeline.win.rows); rows > windowPages*windowPage {
				t.Fatalf("%d rows are held, want at most %d", rows, windowPages*windowPage)
			}
		}
	}
}

func TestGoToATime(t *testing.T) {
	h := begin(t)
	h.press("3", "g").types("03:10").press("enter")
	e, _ := h.m.timeline.win.selected()
	if got := e.Time.Format("15:04:05"); got != "03:10:00" {
		t.Errorf("the cursor went to %s", got)
	}
	h.press("up")
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(486) {
		t.Errorf("the event before is %s", e.ID)
	}
	h.press("g").types("soon").press("enter")
	h.sees("not a time")
	h.press("esc", "home")
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(0) {
		t.Errorf("home went to %s", e.ID)
	}
}

func TestMarksAreSentAndShown(t *testing.T) {
	h := begin(t)
	h.press("3", "down", "*")
	h.did("mark #1 star=true [] \"\"")
	if e, _ := h.m.timeline.win.selected(); !e.Star {
		t.Error("the star is not shown")
	}
	h.press("t").types("pivot, entry").press("enter")
	h.press("c").types("came from vpn").press("enter")
	h.did("mark #1 star=true [] \"\"\nmark #1 star=false [pivot entry] \"\"\nmark #1 star=false [] \"came from vpn\"")
}

// BenchmarkTimelineKey is one key and one frame in a timeline of a million
// events, pages included.
func BenchmarkTimelineKey(b *testing.B) {
	d := newScripted()
	d.events, d.board.Events = 1_000_000, 1_000_000
	h := sit(b, d, Options{Incident: id}, 120, 40)
	h.press("3")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 999 {
			h.press("G")
		}
		h.press("down")
		_ = h.m.View()
	}
}

// BenchmarkClockTick is the frame that only the clock changed.
func BenchmarkClockTick(b *testing.B) {
	h := sit(b, newScripted(), Options{Incident: id}, 120, 40)
	_ = h.m.View()
	for b.Loop() {
		h.send(clockTick{})
		_ = h.m.View()
	}
}

func TestTheTimelineOpensWhereTheIncidentBegan(t *testing.T) {
	for name, c := range map[string]struct {
		seen  time.Time
		first timeline.ID
	}{
		"detected among the events": {at(60 + 4), numbered(195)},
		"long after the last event": {at(60 * 24 * 30), numbered(999)},
		"long before the first one": {at(-60 * 24 * 30), numbered(999)},
	} {
		d := newScripted()
		d.board.Incident.Detected = c.seen
		h := sit(t, d, Options{Incident: id, ASCII: true}, 80, 24)
		h.press("3")
		if e, _ := h.m.timeline.win.selected(); e.ID != c.first {
			t.Errorf("%s: the cursor is on %s, want %s", name, e.ID, c.first)
		}
	}
}

func TestNoTimeReadsAsAnother(t *testing.T) {
	now := at(0)
	for _, c := range []struct {
		at     time.Time
		layout string
		want   string
	}{
		{now, "15:04:05", "03:00:00.000"},
		{now.AddDate(0, 0, -1), "15:04:05", "11-19 03:00:00"},
		{now.AddDate(-20, 0, 0), "15:04:05", "2006-11-20 03:00:00"},
		{now.AddDate(-20, 0, 0), "01-02 15:04:05", "2006-11-20 03:00:00"},
		{now.AddDate(-20, 0, 0), "2006-01-02 15:04:05", "2006-11-20 03:00:00.000"},
	} {
		e := eventAt(0)
		e.Time = c.at
		if got := dated(e, c.layout, now); got != c.want {
			t.Errorf("%s in %q: %q, want %q", c.at, c.layout, got, c.want)
		}
	}
}
