package tui

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/timeline"
)

// browse opens the timeline of the scripted incident.
func browse(t testing.TB) *hand {
	t.Helper()
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true, Here: time.FixedZone("CET", 3600)}, 100, 30)
	h.press("3", "home")
	return h
}

func (h *hand) filtered(want string) {
	h.t.Helper()
	if got := h.m.timeline.applied; got != want {
		h.t.Errorf("the filter is %q, want %q", got, want)
	}
}

func TestCompletionOfFieldsAndValues(t *testing.T) {
	h := browse(t)
	h.press("/").types("hos").press("tab") // one way to go on: it is taken, and its values are offered
	if got := h.m.timeline.filter.field.String(); got != "host:" {
		t.Errorf("the field holds %q, want host:", got)
	}
	h.sees("FIN-FS01", "1 000", "CEO LT02", "enter take it")
	h.press("tab", "tab", "enter")
	if got := h.m.timeline.filter.field.String(); got != `host:"CEO LT02" ` {
		t.Errorf("the field holds %q", got)
	}
	h.seesNot("FIN-DB02")
	h.press("tick")
	h.filtered(`host:"CEO LT02"`)
	h.types("x").press("tab", "esc")
	if !h.m.timeline.filter.on {
		t.Error("esc closed the field with the list")
	}
	h.press("esc")
	h.filtered("")
}

func TestCompletionFollowsTheTyping(t *testing.T) {
	h := browse(t)
	h.press("/").types("host:").press("tab").types("FIN-D").press("tick")
	if got := h.m.timeline.filter.field.String(); got != "host:FIN-DB02 " {
		t.Errorf("the field holds %q", got)
	}
	h.press("esc", "/").types("host:zzz").press("tab")
	h.sees("nothing is known that fits here")
}

func TestEarlierFiltersComeBack(t *testing.T) {
	h := browse(t)
	h.press("/").types("sshd").press("enter", "/").press("esc") // taken away by a slip
	h.filtered("")
	h.press("/").types("host:x").press("enter")
	h.press("/").types(" more").press("up", "up", "tick")
	h.filtered("sshd")
	h.press("up", "down", "down", "tick")
	h.filtered("host:x more")
}

func TestTheCaretStandsUnderTheFault(t *testing.T) {
	h := browse(t)
	for _, text := range []string{"sshd (", "日本語 (a", "\x1b host:", strings.Repeat("long ", 30) + "host:"} {
		h.press("/").types(text).press("tick")
		var fe *timeline.FilterError
		if _, err := timeline.ParseFilter(text, at(0)); !errors.As(err, &fe) {
			t.Fatalf("%q: %v", text, err)
		}
		lines := strings.Split(bare(h.m), "\n")
		typed, caret := lines[4], lines[5]
		want := width(" / " + text[:fe.Offset])
		if fe.Offset == len(text) { // the cursor stands there
			before, _, _ := strings.Cut(typed, "_")
			want = width(before)
		}
		if col := strings.Index(caret, "^"); col != want || strings.TrimSpace(caret[:max(col, 0)]) != "" {
			t.Errorf("%q: the caret is in column %d, the fault in %d:\n%s\n%s", text, col, want, typed, caret)
		}
		h.press("esc")
	}
	h.press("/").types("a b )").press("left", "left", "left", "tick") // the cursor is drawn in front of it
	lines := strings.Split(bare(h.m), "\n")
	if lines[4][:9] != " / a _b )" || lines[5][:9] != "        ^" {
		t.Errorf("the caret is not under the fault:\n%s\n%s", lines[4], lines[5])
	}
	h.press("enter") // what is wrong is mended where it was typed
	if !h.m.timeline.Typing() {
		t.Error("enter on a filter that is wrong ends the typing")
	}
	h.press("delete", "end", "backspace", "enter")
	if h.m.timeline.Typing() {
		t.Error("enter on a filter that is right does not end the typing")
	}
}

func width(s string) int { return say(s).width() }

func TestTheEstimateStandsUntilTheNumberIsThere(t *testing.T) {
	h := browse(t)
	h.asyn = true
	h.press("/").types("sshd").press("enter")
	kept := func() (cmds []tea.Cmd) { cmds, h.kept = h.kept, nil; return cmds }
	var all []tea.Cmd
	for range 6 { // page, then estimate, density and stars, then the count
		all = kept()
		for _, c := range all {
			switch msg := c().(type) {
			case tea.BatchMsg:
				h.kept = append(h.kept, msg...)
			case nil:
			default:
				h.send(msg)
			}
		}
		if h.m.timeline.estimate.loaded && !h.m.timeline.count.loaded {
			h.sees("~330 events counting")
		}
		h.press("down", "up") // keys are answered while it goes on
	}
	if !h.m.timeline.count.loaded {
		t.Fatal("nothing was counted")
	}
	h.sees("334 events")
	h.seesNot("~330")
}

func TestTheStripIsZoomedAndMovedOn(t *testing.T) {
	h := browse(t)
	h.sees("2026-11-20 03:00", "all")
	h.press("+")
	last := func() (from, to time.Time) {
		r := h.desk.spans[len(h.desk.spans)-1]
		return r.From, r.To
	}
	if from, to := last(); !from.Equal(at(0)) || !to.Equal(at(5)) {
		t.Errorf("zoomed to %s - %s, want the first five minutes", from, to)
	}
	h.sees("x4")
	h.press("+", "-", "-")
	if from, _ := last(); !from.IsZero() {
		t.Errorf("zoomed out it begins at %s, want everything", from)
	}
	h.sees("all")
	h.press("-")
	h.sees("the strip shows everything")
	h.press("tab", "end", "+")
	if from, to := last(); !from.Equal(at(15)) || !to.Equal(at(20)) {
		t.Errorf("zoomed to %s - %s, want the last five minutes", from, to)
	}
	h.sees("enter go there", "x4")
	h.press("home", "enter")
	e, _ := h.m.timeline.win.selected()
	if e.Time.Before(at(15)) || e.Time.After(at(15).Add(2*time.Second)) {
		t.Errorf("enter went to %s, want 03:15", e.Time)
	}
	h.press("0")
	h.sees("all")
	h.press("+", "tab", "f")
	if f := h.m.timeline.applied; !strings.Contains(f, "after:") || !strings.Contains(f, "before:") {
		t.Errorf("the filter of the stretch is %q", f)
	}
	h.press("tab", "esc")
	if h.m.timeline.strip.on || h.m.timeline.applied == "" {
		t.Error("esc left more than the strip")
	}
}

func TestZoomEndsAtASecond(t *testing.T) {
	h := browse(t)
	for range 20 {
		h.press("+")
		d := h.m.timeline.strip.density.value
		if d.To.Sub(d.From) < time.Second {
			t.Fatalf("the strip shows %s", d.To.Sub(d.From))
		}
	}
	h.sees("the strip shows no less than that")
}

func TestPivot(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"enter"}, "host:FIN-FS01"},
		{[]string{"-"}, "-host:FIN-FS01"},
		{[]string{"down", "down", "enter"}, "attr.ip:203.0.113.9"},
		{[]string{"up", "up", "up", "enter"}, "after:2026-11-20T02:55:01.234Z before:2026-11-20T03:05:01.234Z"},
		{[]string{"up", "enter"}, "host:FIN-FS01 after:2026-11-20T03:00:00Z before:2026-11-20T03:05:00Z"},
	} {
		h := browse(t)
		h.press("down", "p").press(c.keys...)
		h.filtered(c.want)
		h.press("/", "up", "tick") // it is among the earlier ones
		h.press("esc")
		h.filtered("")
	}
	h := browse(t)
	h.press("/").types("a or b").press("enter", "p", "enter")
	h.filtered("(a or b) host:FIN-FS01")
	h.press("p", "a")
	h.filtered("host:FIN-FS01")
	h.press("p", "home", "-")
	h.sees("that is a stretch of time")
	h.press("esc", "p", "down", "v")
	h.sees("Values of source")
}

func TestValues(t *testing.T) {
	h := browse(t)
	h.press("v")
	h.sees("host", "attr.ip  500 events")
	h.press("down", "enter")
	h.sees("Values of user", "203.0.113.9", "700", "the most frequent first", "2026-11-20 03:20")
	h.press("r")
	h.sees("the rarest first")
	h.press("enter")
	h.filtered("user:10.0.0.12")
	h.press("v", "down", "enter", "down", "x")
	h.filtered("user:10.0.0.12 -user:198.51.100.4")
}

func TestSilences(t *testing.T) {
	h := browse(t)
	h.press("s")
	h.sees("Where a source falls silent", "8m00s", "syslog", "never again")
	h.press("tab")
	h.sees("Where a host falls silent")
	h.press("+", "+", "+", "+")
	h.sees("None was silent that long")
	h.press("-", "-", "-", "enter")
	h.press("s", "enter")
	if e, _ := h.m.timeline.win.selected(); e.Time.Before(at(3)) || e.Time.After(at(3).Add(2*time.Second)) {
		t.Errorf("enter went to %s, want the last event before the silence", e.Time)
	}
}

func TestSeveralAreMarkedAtOnce(t *testing.T) {
	h := browse(t)
	h.press("space", "space") // 0 and 1
	h.sees("2 chosen")
	h.press("down", "down", "r") // and up to 4
	h.sees("5 events chosen")
	h.press("*")
	h.did("mark #0 to #4, 5 events, star=true [] \"\"")
	h.seesNot("chosen  ", "5 chosen")
	if e := h.m.timeline.win.rows[4]; !e.Star {
		t.Error("the star of a chosen event is not shown")
	}
	h.press("r", "home", "r") // backwards
	h.press("t").types("pivot").press("enter")
	h.did("mark #0 to #4, 5 events, star=true [] \"\"\nmark #0 to #4, 5 events, star=false [pivot] \"\"")
	h.press("space", "esc")
	h.seesNot("1 chosen")
}

func TestAllThatMatchAreMarkedWhenTheyAreFew(t *testing.T) {
	h := browse(t)
	h.desk.events = 5000
	h.press("A")
	h.sees("5 000 events match: at most 1 000 can be chosen")
	h.desk.events = 1000
	h.press("/").types("sshd").press("enter", "A")
	h.sees("Choose all 334 events?", "Nothing is recorded by that")
	h.press("n")
	h.seesNot("334 chosen")
	h.press("A", "y")
	h.sees("334 chosen")
	h.press("c").types("seen").press("enter")
	h.did("mark #0 to #999, 334 events, star=false [] \"seen\"")
}

func TestARangeHasALimit(t *testing.T) {
	h := browse(t)
	h.desk.events, h.desk.board.Events = 5000, 5000
	h.press("home", "r", "G", "r")
	h.sees("no more than 1 000 can be chosen")
}

func TestRawShowsWhatATerminalWouldObey(t *testing.T) {
	h := browse(t)
	h.press("down", "o")
	h.sees(`\x1b]0;owned\x07\u202etxt.exe \xff\x00`, "e3 at 97", "/var/log/auth.log", "> Nov 20")
	checkLayout(t, h.m.View(), 100, 30)
	h.press("tab")
	h.sees("1b5d 303b 6f77", ".]0;ow")
	h.press("pgdown", "enter")
	h.seesNot("The record in the evidence")
}

func TestColumnsAreChosen(t *testing.T) {
	h := browse(t)
	h.sees("SOURCE HOST")
	h.press("C")
	h.sees("[x] source", "[ ] user", "attr.pid")
	h.press("right") // source behind host
	h.press("end", "space", "enter")
	h.sees("HOST     SOURCE ATTR.UNIT")
	h.press("C", "home", "space", "enter")
	h.seesNot("HOST")
	h.press("C", "u", "enter")
	h.sees("SOURCE HOST")
}

func TestTimesCanBeLocal(t *testing.T) {
	h := browse(t)
	h.sees("UTC, newest last", "03:00:00.000")
	h.press("Z")
	h.sees("CET (UTC+01:00)", "04:00:00.000", "2026-11-20 04:00")
	h.press("g").types("04:10").press("enter")
	if e, _ := h.m.timeline.win.selected(); e.Time.Format("15:04:05") != "03:10:00" {
		t.Errorf("04:10 in the shown zone went to %s", e.Time)
	}
	h.press("Z")
	h.seesNot("CET")
	none := begin(t)
	none.press("3", "Z")
	none.sees("the zone of this terminal is not known")
}

func TestLongMessagesAreScrolled(t *testing.T) {
	h := browse(t)
	h.press("down", "right", "right") // the selected message stands in the foot as a whole
	h.sees("EVENT from character 40", "203.0.113.9 port")
	h.seesNot("sshd[1000]: Failed")
	h.press("left", "left", "left")
	h.sees("sshd[1000]: Failed")
}

func TestTheEndIsStuckTo(t *testing.T) {
	h := browse(t)
	h.press("G")
	h.sees("at the end")
	more := func(n int64) {
		h.desk.events += n
		h.desk.board.Events = h.desk.events
		h.run(h.m.refresh())
	}
	more(5)
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(1004) {
		t.Errorf("the cursor is on event %d, want the newest", e.ID.Place()>>8)
	}
	h.press("up")
	more(7)
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(1003) {
		t.Errorf("the cursor was moved to event %d", e.ID.Place()>>8)
	}
	h.sees("7 new (G)")
	more(2)
	h.sees("9 new (G)")
	h.press("G")
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(1013) {
		t.Errorf("G went to event %d, want the newest", e.ID.Place()>>8)
	}
	h.seesNot("new (G)")
}

func TestAFileIsFollowedFromTheScreen(t *testing.T) {
	h := browse(t)
	h.press("F").types("/var/log/auth.log").press("enter")
	h.did("follow /var/log/auth.log")
	h.sees("followed auth.log: 1 piece, 3 events")
	ro := sit(t, newScripted(), Options{Incident: id, ASCII: true, ReadOnly: true}, 100, 30)
	ro.press("3", "F", "*", "space", "t")
	ro.did("")
	ro.sees("this session is read only")
}

// TestTheCursorStaysInSight walks over many days, whose lines take room from
// the rows.
func TestTheCursorStaysInSight(t *testing.T) {
	d := newScripted()
	d.events, d.board.Events = 400_000, 400_000
	h := sit(t, d, Options{Incident: id, ASCII: true}, 100, 24)
	h.press("3", "home")
	r := rand.New(rand.NewPCG(5, 6))
	seen := map[string]bool{}
	for step := range 300 {
		switch r.IntN(8) {
		case 0:
			h.press("g").types(fmt.Sprintf("2026-11-2%dT00:00", 1+r.IntN(5))).press("enter")
		case 1:
			h.press("pgup")
		case 2:
			h.press("pgdown")
		default:
			h.press([]string{"up", "down"}[r.IntN(2)])
		}
		e, ok := h.m.timeline.win.selected()
		if !ok {
			t.Fatal("nothing is selected")
		}
		want := timeOfDay(e, time.UTC)
		day := ""
		found := false
		for _, l := range strings.Split(bare(h.m), "\n")[4:] {
			if i := strings.Index(l, "2026-11-2"); i >= 0 && i < 5 {
				day = l[i : i+10]
			}
			if strings.HasPrefix(l, ">") && strings.Contains(l, want) {
				found = true
				break
			}
		}
		if !found || day != e.Time.Format(time.DateOnly) {
			t.Fatalf("step %d: the cursor is on %s %s, the screen says day %q:\n%s", step, e.Time.Format(time.DateOnly), want, day, bare(h.m))
		}
		seen[day] = true
	}
	if len(seen) < 4 {
		t.Errorf("only the days %v were seen", seen)
	}
}

func TestTimesOfADayAreAsFineAsTheirSource(t *testing.T) {
	e := eventAt(0)
	for p, want := range map[timeline.Precision]string{timeline.Nanosecond: "03:00:00.000", timeline.Second: "03:00:00", timeline.Minute: "03:00", timeline.Day: "that day"} {
		e.Precision = p
		if got := timeOfDay(e, time.UTC); got != want {
			t.Errorf("precision %s: %q, want %q", p, got, want)
		}
	}
	e.Time = time.Time{}
	if got := dayOf(e, time.UTC); got != "undated" {
		t.Errorf("an event without a time is of the day %q", got)
	}
}

func TestWhatWasTypedStaysWhenAnotherIncidentIsOpened(t *testing.T) {
	h := browse(t)
	h.press("/").types("sshd").press("enter", "/").types(" (").press("tick")
	h.press("Z") // typed too: the field has the keys
	h.run(h.m.openIncident("2026-0041"))
	h.press("3")
	h.filtered("")
	h.run(h.m.openIncident(id))
	h.press("3")
	h.sees("! filter, column")
	h.press("/", "up")
	if got := h.m.timeline.filter.field.String(); got != "sshd" {
		t.Errorf("the filter before is %q", got)
	}
	h.press("down")
	if got := h.m.timeline.filter.field.String(); got != "sshd (Z" {
		t.Errorf("what was typed is %q", got)
	}
	h.press("backspace", "backspace", "enter")
	h.filtered("sshd")
	h.run(h.m.openIncident(""))
	h.run(h.m.openIncident(id))
	h.press("3")
	h.filtered("sshd")
	h.sees("334 events", "filter: sshd")
}

// TestAClosedDialogAsksNoMore looks whether what nobody will read is stopped.
func TestAClosedDialogAsksNoMore(t *testing.T) {
	for _, keys := range [][]string{{"s"}, {"o"}, {"C"}, {"v"}, {"p", "up"}} {
		h := browse(t)
		h.asyn = true
		h.press(keys...)
		kept := len(h.kept)
		if keys[0] == "p" {
			h.press("enter")
			kept = len(h.kept)
		}
		h.press("esc")
		before := h.m.View()
		if kept == 0 {
			t.Fatalf("%v asks nothing", keys)
		}
		h.release()
		if h.m.front() != nil || h.m.View() != before || len(h.m.failed) > 0 {
			t.Errorf("%v: the answer to a closed dialog changed the screen:\n%s", keys, bare(h.m))
		}
	}
}

func TestAFilterTypedInOneReadIsNotLost(t *testing.T) {
	h := browse(t)
	h.press("/sshd", "space", "more", "tick")
	h.filtered("sshd more")
	h = browse(t)
	h.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("/sshd"), Paste: true})
	h.sees("pasted text is not taken as commands")
	h.press("5", "/xxx") // a screen without a filter
	h.did("")
}
