package tui

import (
	"reflect"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/testkit"
)

// hand sits at the keyboard of a model: it presses keys, lets every command
// run at once, and holds back what the clock would send.
type hand struct {
	t     testing.TB
	m     *Model
	desk  *scripted
	clock *testkit.Clock
	later []tea.Msg // what the clock would send
	asyn  bool      // commands are kept for release instead of run
	kept  []tea.Cmd
	quit  bool
}

func sit(t testing.TB, d *scripted, o Options, w, h int) *hand {
	t.Helper()
	clock := testkit.NewClock(0)
	clock.Set(at(14).Add(7 * time.Second))
	if o.Now == nil {
		o.Now = clock.Now
	}
	hd := &hand{t: t, m: newModel(d, nil, o), desk: d, clock: clock}
	hd.m.after = func(_ time.Duration, msg tea.Msg) tea.Cmd { hd.later = append(hd.later, msg); return nil }
	hd.send(tea.WindowSizeMsg{Width: w, Height: h})
	hd.run(hd.m.Init())
	return hd
}

func (h *hand) send(msg tea.Msg) {
	_, cmd := h.m.Update(msg)
	_ = h.m.View() // a program draws after each message
	h.run(cmd)
}

func (h *hand) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if h.asyn {
		h.kept = append(h.kept, cmd)
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			h.run(c)
		}
	case tea.QuitMsg:
		h.quit = true
	default:
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice { // tea.Sequence
			for i := range v.Len() {
				if c, ok := v.Index(i).Interface().(tea.Cmd); ok {
					h.run(c)
				}
			}
			return
		}
		h.send(msg)
	}
}

// release runs the commands that were kept.
func (h *hand) release() {
	kept := h.kept
	h.kept, h.asyn = nil, false
	for _, c := range kept {
		h.run(c)
	}
}

// tick sends what the clock would send, except its own ticks.
func (h *hand) tick() {
	later := h.later
	h.later = nil
	for _, msg := range later {
		if _, ok := msg.(settled); ok {
			h.send(msg)
		}
	}
}

// press presses keys by our names of them; typed text goes in as it is.
func (h *hand) press(keys ...string) *hand {
	h.t.Helper()
	for _, k := range keys {
		if k == "tick" { // the pause after which a typed filter is applied
			h.tick()
			continue
		}
		h.send(keyOf(k))
	}
	return h
}

// types sends text as single keys.
func (h *hand) types(text string) *hand {
	for _, r := range text {
		if r == ' ' {
			h.send(keyOf("space"))
			continue
		}
		h.send(keyOf(string(r)))
	}
	return h
}

func keyOf(name string) tea.KeyMsg {
	for typ, n := range map[tea.KeyType]string{
		tea.KeyEnter: "enter", tea.KeyEsc: "esc", tea.KeyTab: "tab", tea.KeyUp: "up", tea.KeyDown: "down", tea.KeyPgUp: "pgup", tea.KeyPgDown: "pgdown",
		tea.KeyHome: "home", tea.KeyEnd: "end", tea.KeyCtrlC: "ctrl+c", tea.KeyCtrlR: "ctrl+r", tea.KeyCtrlL: "ctrl+l", tea.KeyBackspace: "backspace", tea.KeyCtrlJ: "ctrl+j", tea.KeyShiftTab: "shift+tab", tea.KeyLeft: "left", tea.KeyRight: "right",
	} {
		if n == name {
			return tea.KeyMsg{Type: typ}
		}
	}
	if name == "space" {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

func (h *hand) sees(texts ...string) {
	h.t.Helper()
	view := bare(h.m)
	for _, s := range texts {
		if !strings.Contains(view, s) {
			h.t.Errorf("%q is not on the screen:\n%s", s, view)
		}
	}
}

func (h *hand) seesNot(texts ...string) {
	h.t.Helper()
	view := bare(h.m)
	for _, s := range texts {
		if strings.Contains(view, s) {
			h.t.Errorf("%q is on the screen:\n%s", s, view)
		}
	}
}

// bare is the screen without attributes.
func bare(m *Model) string {
	was := m.paint
	defer func() { m.paint, m.dirty = was, true }()
	m.paint, m.dirty = newPaint(Bare, true), true
	return m.View()
}

func (h *hand) did(want string) {
	h.t.Helper()
	if got := h.desk.done(); got != want {
		h.t.Errorf("the desk was asked:\n%s\nwant:\n%s", got, want)
	}
}

func sizeMsg(w, h int) tea.Msg { return tea.WindowSizeMsg{Width: w, Height: h} }
