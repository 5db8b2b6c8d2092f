package tui

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
)

// Locking says when and how the screens lock. The zero value never locks.
type Locking struct {
	After time.Duration // without a key; 0 is never
	// Asks says that a secret has to be typed to come back; else enter does.
	Asks bool
	// Check says whether what was typed opens the workspace. nil: the screens
	// cannot be locked.
	Check func(typed []byte) error
}

// Locked is what Run returns when the screens lock: where the person was, and
// what they had typed and not sent. The caller forgets the keys.
type Locked struct {
	Incident incident.ID
	Screen   string // as Options.Screen takes it
	Drafts   map[string]string
}

// Error says so.
func (*Locked) Error() string { return "the screens are locked" }

// veil hides everything until somebody shows that they may see it. It is drawn
// instead of a screen, and its text says nothing of any incident.
type veil struct {
	asks  bool
	check func(typed []byte) error
	waits func() []string // work that goes on behind it
	typed []byte
	wrong string
	busy  bool
}

// lifted is the answer to what was typed.
type lifted struct{ err error }

// mostTyped bounds a passphrase.
const mostTyped = 1 << 10

// key takes a key; with enter it asks whether what was typed opens.
func (v *veil) key(k tea.KeyMsg) tea.Cmd {
	if v.busy {
		return nil
	}
	switch k.Type { //nolint:exhaustive // no other key means anything here
	case tea.KeyEnter:
		return v.lift()
	case tea.KeyBackspace:
		if n := len(v.typed); n > 0 {
			_, size := utf8.DecodeLastRune(v.typed)
			clear(v.typed[n-size:])
			v.typed = v.typed[:n-size]
		}
	case tea.KeyCtrlU, tea.KeyEsc:
		v.forget()
	case tea.KeyRunes, tea.KeySpace:
		if !v.asks || k.Alt {
			return nil
		}
		for _, r := range k.Runes {
			if len(v.typed)+utf8.UTFMax > mostTyped {
				break
			}
			if r == '\r' || r == '\n' { // a paste with a line end
				return v.lift()
			}
			v.put(r)
		}
		v.wrong = ""
	}
	return nil
}

// put adds a character. Growing wipes what was left behind.
func (v *veil) put(r rune) {
	if cap(v.typed)-len(v.typed) < utf8.UTFMax {
		grown := make([]byte, len(v.typed), 2*cap(v.typed)+64)
		copy(grown, v.typed)
		clear(v.typed)
		v.typed = grown
	}
	v.typed = utf8.AppendRune(v.typed, r)
}

func (v *veil) forget() {
	clear(v.typed)
	v.typed = v.typed[:0]
}

func (v *veil) lift() tea.Cmd {
	if v.asks && len(v.typed) == 0 {
		return nil
	}
	typed := append([]byte(nil), v.typed...)
	v.forget()
	v.busy, v.wrong = true, ""
	return func() tea.Msg {
		defer clear(typed)
		return lifted{v.check(typed)}
	}
}

// told takes the answer, and says whether the veil is lifted.
func (v *veil) told(a lifted) bool {
	v.busy = false
	if a.err == nil {
		return true
	}
	v.wrong, _, _ = strings.Cut(a.err.Error(), "\n")
	return false
}

// view draws the veil over the whole terminal.
func (v *veil) view(p *paint, w, h int) string {
	var text []line
	text = append(text, wrap(usual, "Nobody has touched a key for a while, or it was locked.", w-8)...)
	if v.waits != nil {
		if work := v.waits(); len(work) > 0 {
			text = append(text, nil)
			text = append(text, wrap(warn, "Work goes on: "+strings.Join(work, ", ")+". When it has ended the keys are forgotten.", w-8)...)
		}
	}
	text = append(text, nil)
	switch {
	case v.busy:
		text = append(text, look(faint, "looking…"))
	case v.asks:
		stars := strings.Repeat("*", min(utf8.RuneCount(v.typed), max(w-30, 1)))
		text = append(text, line{{hotkey, "Passphrase: "}, {strong, stars + "_"}})
	default:
		text = append(text, line{{hotkey, "enter"}, {usual, " unlocks"}})
	}
	if v.wrong != "" {
		text = append(text, wrap(bad, "! "+v.wrong, w-8)...)
	}
	box := p.box("FIREBREAK is locked", text, max(w-4, 8))
	out := make([]line, 0, h)
	for range max((h-len(box))/3, 0) {
		out = append(out, nil)
	}
	for _, l := range box {
		out = append(out, append(line{{usual, "  "}}, l...))
	}
	return p.block(out, w, h)
}

// idle says whether nobody has touched a key for so long. Both clocks count:
// the one that stands still while the machine sleeps, and the one that can be
// set.
func (m *Model) idle() bool {
	if m.locking.Check == nil || m.locking.After <= 0 || m.veil != nil {
		return false
	}
	now := m.now()
	return now.Sub(m.touched) >= m.locking.After || now.Round(0).Sub(m.touched.Round(0)) >= m.locking.After
}

// lock hides the screens at once, and leaves them when no work is under way.
func (m *Model) lock() tea.Cmd {
	if m.locking.Check == nil {
		return m.tell("the workspace is not encrypted: there is nothing to lock")
	}
	if m.veil == nil {
		m.veil = &veil{asks: m.locking.Asks, check: m.locking.Check, waits: m.behind}
		m.dirty = true
	}
	return m.lockWhenDone()
}

// behind names the kinds of work under way, and nothing they are about.
func (m *Model) behind() []string {
	var out []string
	for _, j := range m.jobs {
		what := "a piece of work"
		if j.sends {
			what = "an action"
		}
		out = append(out, what+" for "+lasted(m.now().Sub(j.started)))
	}
	return out
}

// lockWhenDone leaves the screens if nothing is under way.
func (m *Model) lockWhenDone() tea.Cmd {
	if m.veil == nil || len(m.jobs) > 0 || m.left != nil {
		return nil
	}
	m.left = &Locked{Incident: m.id, Screen: m.shown.Title(), Drafts: m.drafts}
	if text := m.timeline.filter.field.String(); text != "" && m.id != "" {
		m.left.Drafts[timelineDraft(m.id)] = text
	}
	return tea.Quit
}

// timelineDraft is where a filter is kept while the screens are locked.
func timelineDraft(id incident.ID) string { return "timeline filter:" + string(id) }

// unveil takes the answer of whoever wants back in.
func (m *Model) unveil(a lifted) {
	m.dirty = true
	if m.veil != nil && m.veil.told(a) {
		m.veil, m.touched = nil, m.now()
	}
}

// resume goes to the screen and the texts that were left when it locked.
func (m *Model) resume(screen string, drafts map[string]string) {
	for key, text := range drafts {
		if key == timelineDraft(m.id) {
			m.timeline.filter.field = newField(text)
			continue
		}
		m.drafts[key] = text
	}
	for _, s := range m.screens() {
		if s.Title() == screen && (m.id == "") == (s.Title() == m.list.Title()) {
			m.shown = s
		}
	}
}

// gate is the whole program while the workspace is locked.
type gate struct {
	veil  veil
	paint *paint
	w, h  int
	err   error
}

// Init does nothing: nothing is read until somebody types.
func (g *gate) Init() tea.Cmd { return nil }

// Update takes one message.
func (g *gate) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		g.w, g.h = msg.Width, msg.Height
	case tea.KeyMsg:
		if msg.Type == tea.KeyCtrlC {
			g.err = ErrStayedLocked
			return g, tea.Quit
		}
		return g, g.veil.key(msg)
	case lifted:
		if g.veil.told(msg) {
			return g, tea.Quit
		}
	}
	return g, nil
}

// View draws the veil.
func (g *gate) View() string {
	if g.w == 0 || g.h == 0 {
		return ""
	}
	return g.veil.view(g.paint, g.w, g.h)
}

// ErrStayedLocked says that the person left without unlocking.
var ErrStayedLocked = errors.New("the workspace stayed locked")
