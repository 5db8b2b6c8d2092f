package tui

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/testkit"
)

const opening = "open sesame"

func locking() Locking {
	return Locking{After: 15 * time.Minute, Asks: true, Check: func(typed []byte) error {
		if string(typed) != opening {
			return errors.New("that does not open the workspace\nand more")
		}
		return nil
	}}
}

// pass lets time go by; the clock of the screens ticks once.
func (h *hand) pass(d time.Duration) {
	h.t.Helper()
	h.clock.Set(h.clock.Now().Add(d))
	h.send(clockTick{})
}

func TestLocksWhenIdle(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: "2026-0042", Locking: locking()}, 100, 30)
	h.press("2")
	h.pass(14 * time.Minute)
	h.press("down")
	h.pass(14 * time.Minute)
	if h.quit || h.m.veil != nil {
		t.Fatal("locked although a key was pressed")
	}
	h.press("n").types("half a thou")
	h.pass(15 * time.Minute)
	if !h.quit || h.m.left == nil {
		t.Fatal("not locked after 15 minutes")
	}
	if l := h.m.left; l.Incident != "2026-0042" || l.Screen != "Steps" || len(l.Drafts) != 1 {
		t.Errorf("left as %+v", l)
	}
	h.seesNot("2026-0042", "Ransomware", "half a thou", "Isolate")
	h.sees("FIREBREAK is locked")

	again := sit(t, newScripted(), Options{Incident: "2026-0042", Locking: locking(), Screen: h.m.left.Screen, Drafts: h.m.left.Drafts}, 100, 30)
	again.sees("Isolate FIN-FS01")
	if again.m.shown.Title() != "Steps" {
		t.Errorf("came back to %s", again.m.shown.Title())
	}
	again.press("n")
	again.sees("half a thou")
}

// Work is never cut: the screens go dark, and lock when it has ended.
func TestLockWaitsForWork(t *testing.T) {
	d := newScripted()
	h := sit(t, d, Options{Incident: "2026-0042", Locking: locking()}, 100, 30)
	h.asyn = true
	h.run(h.m.verify())
	if len(h.m.jobs) != 1 {
		t.Fatalf("%d jobs under way", len(h.m.jobs))
	}
	h.clock.Set(h.clock.Now().Add(time.Hour))
	_, _ = h.m.Update(clockTick{})
	if h.m.left != nil {
		t.Fatal("locked while work was under way")
	}
	h.sees("FIREBREAK is locked", "Work goes on: a piece of work for")
	h.seesNot("2026-0042", "Ransomware", "verify")

	// Somebody comes back before it has ended.
	h.asyn = false
	h.types("wrong").press("enter")
	h.sees("! that does not open the workspace")
	h.seesNot("and more")
	h.types(opening)
	h.sees(strings.Repeat("*", len(opening)))
	h.seesNot(opening)
	h.press("enter")
	h.sees("2026-0042", "Ransomware")
	if h.m.veil != nil {
		t.Fatal("still dark")
	}

	h.clock.Set(h.clock.Now().Add(time.Hour))
	_, _ = h.m.Update(clockTick{})
	h.release()
	if h.m.left == nil || !h.quit {
		t.Error("the end of the work did not lock")
	}
}

func TestNeverLocks(t *testing.T) {
	for name, l := range map[string]Locking{"plain": {}, "never": {Check: func([]byte) error { return nil }}} {
		h := sit(t, newScripted(), Options{Incident: "2026-0042", Locking: l}, 100, 30)
		h.pass(1000 * time.Hour)
		if h.m.veil != nil || h.quit {
			t.Errorf("%s: locked", name)
		}
	}
	h := sit(t, newScripted(), Options{Incident: "2026-0042"}, 100, 30)
	h.run(h.m.lock())
	h.sees("not encrypted: there is nothing to lock")
}

func TestTimelineFilterOutlivesTheLock(t *testing.T) {
	h := sit(t, newScripted(), Options{Incident: "2026-0042", Locking: locking()}, 100, 30)
	h.press("3", "/").types("user:root")
	h.run(h.m.lock())
	again := sit(t, newScripted(), Options{Incident: "2026-0042", Locking: locking(), Screen: h.m.left.Screen, Drafts: h.m.left.Drafts}, 100, 30)
	if got := again.m.timeline.applied; got != "user:root" || again.m.shown.Title() != "Timeline" {
		t.Errorf("on %s the filter is %q", again.m.shown.Title(), got)
	}
	if len(again.m.drafts) != 0 {
		t.Errorf("drafts %v", again.m.drafts)
	}
}

// The program that waits to be unlocked shows nothing but that.
func TestGate(t *testing.T) {
	opened := 0
	g := &gate{paint: newPaint(Bare, false), veil: veil{asks: true, check: func(typed []byte) error {
		if err := locking().Check(typed); err != nil {
			return err
		}
		opened++
		return nil
	}}}
	send := func(msg tea.Msg) (quit bool) {
		_, cmd := g.Update(msg)
		for cmd != nil {
			next := cmd()
			if _, quit := next.(tea.QuitMsg); quit {
				return true
			}
			_, cmd = g.Update(next)
		}
		return false
	}
	send(tea.WindowSizeMsg{Width: 80, Height: 24})
	testkit.Golden(t, "golden/locked-80x24.txt", []byte(g.View()+"\n"))
	enter := tea.KeyMsg{Type: tea.KeyEnter}
	if send(enter) || opened != 0 {
		t.Error("opened with nothing typed")
	}
	send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(opening + "ü")})
	was := g.veil.typed[:cap(g.veil.typed)]
	send(tea.KeyMsg{Type: tea.KeyBackspace})
	if !send(enter) || opened != 1 {
		t.Error("not opened")
	}
	if bytes.Contains(was, []byte("sesame")) {
		t.Error("what was typed was not wiped")
	}
	if !send(tea.KeyMsg{Type: tea.KeyCtrlC}) || !errors.Is(g.err, ErrStayedLocked) {
		t.Errorf("ctrl+c: %v", g.err)
	}
	for _, size := range [][2]int{{1, 1}, {20, 5}, {300, 80}} {
		send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		if n := strings.Count(g.View(), "\n") + 1; n != size[1] {
			t.Errorf("%d rows at %v", n, size)
		}
	}
}
