package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/response"
	"firebreak/timeline"
)

// slowDesk answers nothing about the timeline until it is let go, or the
// question is dropped.
type slowDesk struct {
	*scripted
	let     chan struct{}
	mu      sync.Mutex
	asked   int
	dropped int
}

func (d *slowDesk) wait(ctx context.Context) error {
	d.mu.Lock()
	d.asked++
	d.mu.Unlock()
	select {
	case <-d.let:
		return nil
	case <-ctx.Done():
		d.mu.Lock()
		d.dropped++
		d.mu.Unlock()
		return ctx.Err()
	}
}

func slowly[T any](ctx context.Context, d *slowDesk, get func() (T, error)) (T, error) {
	if err := d.wait(ctx); err != nil {
		var none T
		return none, err
	}
	return get()
}

func (d *slowDesk) Page(ctx context.Context, id incident.ID, r response.PageRequest) ([]response.MarkedEvent, error) {
	return slowly(ctx, d, func() ([]response.MarkedEvent, error) { return d.scripted.Page(ctx, id, r) })
}

func (d *slowDesk) Count(ctx context.Context, id incident.ID, f string) (int64, error) {
	return slowly(ctx, d, func() (int64, error) { return d.scripted.Count(ctx, id, f) })
}

func (d *slowDesk) Estimate(ctx context.Context, id incident.ID, f string) (response.Estimate, error) {
	return slowly(ctx, d, func() (response.Estimate, error) { return d.scripted.Estimate(ctx, id, f) })
}

func (d *slowDesk) Histogram(ctx context.Context, id incident.ID, r response.HistogramRequest) (response.Histogram, error) {
	return slowly(ctx, d, func() (response.Histogram, error) { return d.scripted.Histogram(ctx, id, r) })
}

func (d *slowDesk) Complete(ctx context.Context, id incident.ID, text string, at int) ([]response.Completion, error) {
	return slowly(ctx, d, func() ([]response.Completion, error) { return d.scripted.Complete(ctx, id, text, at) })
}

func (d *slowDesk) Fields(ctx context.Context, id incident.ID, f string) ([]response.FieldInfo, error) {
	return slowly(ctx, d, func() ([]response.FieldInfo, error) { return d.scripted.Fields(ctx, id, f) })
}

func (d *slowDesk) Values(ctx context.Context, id incident.ID, r response.ValuesRequest) ([]response.Value, error) {
	return slowly(ctx, d, func() ([]response.Value, error) { return d.scripted.Values(ctx, id, r) })
}

func (d *slowDesk) Gaps(ctx context.Context, id incident.ID, r response.GapsRequest) ([]response.Gap, error) {
	return slowly(ctx, d, func() ([]response.Gap, error) { return d.scripted.Gaps(ctx, id, r) })
}

func (d *slowDesk) SessionAround(ctx context.Context, id incident.ID, e string, by []string, idle time.Duration) (response.Around, error) {
	return slowly(ctx, d, func() (response.Around, error) { return d.scripted.SessionAround(ctx, id, e, by, idle) })
}

func (d *slowDesk) Raw(ctx context.Context, id incident.ID, e string, p response.ProgressFunc) (response.RawEvent, error) {
	p(response.Progress{What: "reading", Done: 700, Total: 1800})
	return slowly(ctx, d, func() (response.RawEvent, error) { return d.scripted.Raw(ctx, id, e, p) })
}

func (d *slowDesk) Mark(ctx context.Context, id incident.ID, e string, star *bool, tags []string, c string) error {
	_, err := slowly(ctx, d, func() (bool, error) { return true, d.scripted.Mark(ctx, id, e, star, tags, c) })
	return err
}

// meanwhile presses keys while commands run beside, as in a program; their
// answers are taken between two keys. A key that waited for the desk would wait
// for ever.
func (h *hand) meanwhile(keys ...string) {
	h.t.Helper()
	for _, k := range keys {
		h.asyn = true
		if k == "tick" {
			h.tick()
		} else {
			h.send(keyOf(k))
		}
		_ = bare(h.m)
		h.beside()
	}
}

// beside starts what was asked for, and what that asks for.
func (h *hand) beside() {
	kept := h.kept
	h.kept = nil
	for _, c := range kept {
		go func() {
			if b, ok := c().(tea.BatchMsg); ok {
				for _, c := range b {
					if c != nil {
						go c()
					}
				}
			}
		}()
	}
}

func TestKeysAreTakenWhileEveryQueryHangs(t *testing.T) {
	h := browse(t)
	d := &slowDesk{scripted: h.desk, let: make(chan struct{})}
	h.m.desk = d
	defer close(d.let)
	before := h.m.timeline.win.at
	h.meanwhile("down", "down", "down", "pgdown", "up")
	if got := h.m.timeline.win.at; got <= before+3 {
		t.Errorf("the cursor is on row %d", got)
	}
	h.meanwhile("/", "s", "s", "tick", "h", "tick", "d", "tick", "tab", "esc")
	if got := h.m.timeline.filter.field.String(); got != "sshd" {
		t.Errorf("the field holds %q", got)
	}
	h.sees("/ sshd", "reading")
	h.meanwhile("esc", "+", "-", "0", "tab", "right", "tab", "*", "space", "r", "A", "esc", "p", "up", "enter", "esc", "v", "esc", "s", "tab", "esc", "C", "esc", "Z", "G", "home")
	if h.m.front() != nil {
		t.Errorf("%s is in front", h.m.front().Title())
	}
	h.meanwhile("o")
	time.Sleep(10 * time.Millisecond) // let it tell how far it is; the screen is right without, too
	h.sees("The record in the evidence", "reading e3")
	h.meanwhile("esc", "1", "3", "?", "esc")
	h.sees("Timeline")
}

// TestWhatWasTypedOnIsDropped looks that an older question is cancelled when a
// newer one is asked: ten million events are not searched for a filter that
// nobody wants any more.
func TestWhatWasTypedOnIsDropped(t *testing.T) {
	h := browse(t)
	d := &slowDesk{scripted: h.desk, let: make(chan struct{})}
	h.m.desk = d
	defer close(d.let)
	h.meanwhile("/", "a", "tick", "b", "tick", "c", "tick")
	var asked, dropped int
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		d.mu.Lock()
		asked, dropped = d.asked, d.dropped
		d.mu.Unlock()
		if asked == 3 && dropped == 2 {
			return
		}
	}
	t.Errorf("%d questions were asked and %d dropped, want 3 and 2", asked, dropped)
}

// TestNoKeyIsLostToASlowPage holds down a key past the rows that are there.
func TestNoKeyIsLostToASlowPage(t *testing.T) {
	h := browse(t)
	h.asyn = true
	for range 300 {
		h.press("down")
	}
	h.release()
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(300) {
		t.Errorf("300 keys led to event %d", e.ID.Place()>>8)
	}
	h.asyn = true
	for range 290 {
		h.press("up")
	}
	h.press("down")
	h.release()
	if e, _ := h.m.timeline.win.selected(); e.ID != numbered(11) {
		t.Errorf("290 keys back and one down led to event %d", e.ID.Place()>>8)
	}
}

func TestASuspectTimeIsFlagged(t *testing.T) {
	h := browse(t)
	e := h.m.timeline.win.rows[1]
	e.Attributes = slices.Clone(e.Attributes)
	e.Attributes.Set("time_suspect", "epoch")
	h.m.timeline.win.rows[1] = e
	h.sees(eventTime(e.Time, e.Precision, "15:04:05")[:8])
	if view := bare(h.m); strings.Count(view, "?  ") == 0 && !strings.Contains(view, "?syslog") {
		t.Errorf("no row is flagged:\n%s", view)
	}
	h.press("down")
	h.sees("time? a clock that was not set")
	h.press("enter")
	h.sees("? a clock that was not set")
}

func TestLongSilencesStandOnTheStrip(t *testing.T) {
	h := browse(t)
	buckets := make([]int64, densityBins)
	for i := range buckets {
		if i < 40 || i >= 160 {
			buckets[i] = 7
		}
	}
	h.m.timeline.strip.density.value = response.Histogram{From: at(0), To: at(0).Add(240 * time.Hour), Buckets: buckets}
	h.sees("silent 5d", "____________")
	if got := stillIn([]int64{1, 0, 0, 1, 0, 0, 0}); len(got) != 1 || got[0] != [2]int{4, 7} {
		t.Errorf("silences are %v", got)
	}
}

// TestAHugeEventCostsAFrameLittle draws an event whose message and attributes
// are far longer than any screen, with its tags at the right end.
func TestAHugeEventCostsAFrameLittle(t *testing.T) {
	huge := strings.Repeat("\x1b[31m日本\u202e ", 1<<20)
	l := ends(say(huge), say(" pivot"), 80)
	if l.width() != 80 {
		t.Errorf("the line has %d cells", l.width())
	}
	if n := testing.AllocsPerRun(3, func() { ends(say(huge), say(" pivot"), 80) }); n > 2000 {
		t.Errorf("a row of a huge message allocates %.0f times", n)
	}
	h := browse(t)
	e := h.m.timeline.win.rows[0]
	e.Message, e.Attributes = huge, timeline.Attributes{}
	for i := range 2000 {
		e.Attributes.Set(strings.Repeat("\x1b]0;x\a", 3)+number(int64(i)), huge[:2000])
	}
	e.Tags = []string{"pivot"}
	h.m.timeline.win.rows[0] = e
	checkLayout(t, h.m.View(), 100, 30)
	h.press("enter", "pgdown", "pgdown")
	checkLayout(t, h.m.View(), 100, 30)
	h.press("esc", "p", "down", "pgdown")
	checkLayout(t, h.m.View(), 100, 30)
}

func TestPivotOnAnAddressOfTheMessage(t *testing.T) {
	e := eventAt(3)
	e.Attributes = nil
	for text, want := range map[string]string{
		"from 203.0.113.9 port 22":                      "203.0.113.9",
		"10.0.0.1:443 -> [2001:db8::7], 10.0.0.1.":      "10.0.0.1 2001:db8::7",
		"at 03:15:22 version 1.2.3 of dead:beef, ::":    "",
		"1.2.3.4 1.2.3.5 1.2.3.6 1.2.3.7 1.2.3.8 1.2.3": "1.2.3.4 1.2.3.5 1.2.3.6 1.2.3.7",
	} {
		e.Message = text
		if got := strings.Join(addressesIn(e), " "); got != want {
			t.Errorf("%q has the addresses %q, want %q", text, got, want)
		}
	}
	h := browse(t)
	h.m.timeline.win.rows[0].Message = "Accepted for root from 198.51.100.77 port 22"
	h.press("p")
	h.sees("address  198.51.100.77")
	for !strings.Contains(bare(h.m), ">address") {
		h.press("down")
	}
	h.press("enter")
	h.filtered("ip:198.51.100.77")
}

// brokenDesk has a timeline that cannot be read until it is made again.
type brokenDesk struct {
	*scripted
	err error
}

func (d *brokenDesk) Page(ctx context.Context, id incident.ID, r response.PageRequest) ([]response.MarkedEvent, error) {
	if d.err != nil {
		return nil, d.err
	}
	return d.scripted.Page(ctx, id, r)
}

func TestABrokenTimelineSaysSoAndComesBack(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, 80, 24)
	d := &brokenDesk{scripted: h.desk, err: &response.Error{Code: response.CodeIntegrity, Hint: "ingest --rebuild makes it again", Err: errors.New("timeline.db is damaged")}}
	h.m.desk = d
	h.press("3")
	h.sees("The timeline cannot be read: timeline.db is damaged", "ingest --rebuild makes it again")
	h.seesNot("reading", "looking how dense")
	n := len(h.m.failed)
	h.run(h.m.refresh()) // it is asked again, and told once
	if len(h.m.failed) != n {
		t.Errorf("the same error is told %d times", len(h.m.failed)-n+1)
	}
	d.err = nil
	h.run(h.m.refresh())
	h.sees("sshd[", "1 000 events")
	h.seesNot("cannot be read")
}

// TestADayStandsOnce scrolls so that the line of a day would be the first one.
func TestADayStandsOnce(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}} {
		h := sit(t, newScripted(), Options{Incident: id, ASCII: true}, size[0], size[1])
		h.press("3", "home")
		rows := h.m.timeline.win.rows
		for i := range rows { // a day for each three events
			rows[i].Time = at(0).Add(time.Duration(i/3) * 24 * time.Hour)
		}
		for range 40 {
			h.press("down")
			days := map[string]int{}
			for l := range strings.SplitSeq(bare(h.m), "\n") {
				for d := range 40 {
					if s := at(0).Add(time.Duration(d) * 24 * time.Hour).Format("2006-01-02 Mon"); strings.Contains(l, s) {
						days[s]++
					}
				}
			}
			for d, n := range days {
				if n > 1 {
					t.Fatalf("%s stands %d times:\n%s", d, n, bare(h.m))
				}
			}
			if !strings.Contains(bare(h.m), "\n>") {
				t.Fatalf("the cursor is out of sight:\n%s", bare(h.m))
			}
		}
	}
}
