package tui

import (
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// overlay is a dialog over the screen. Keys go to its table first, then to
// Key; esc always closes it.
type overlay interface {
	Title() string
	Actions() []action
	Key(tea.KeyMsg) tea.Cmd
	View(w, h int) []line
}

// layer is an open overlay.
type layer struct {
	overlay
	grace grace
}

// grace swallows the keys that were meant for the screen under a dialog that
// opened by itself: all of them until none has come for graceQuiet, but never
// for longer than graceMost.
type grace struct{ opened, last time.Time }

const (
	graceQuiet = 400 * time.Millisecond
	graceMost  = 1500 * time.Millisecond
)

// swallows says whether a key pressed now was meant for something else.
func (g *grace) swallows(now time.Time) bool {
	if g.opened.IsZero() {
		return false
	}
	if now.Sub(g.last) >= graceQuiet || now.Sub(g.opened) >= graceMost {
		*g = grace{}
		return false
	}
	g.last = now
	return true
}

// holds says whether a key pressed now would be swallowed.
func (g *grace) holds(now time.Time) bool {
	return !g.opened.IsZero() && now.Sub(g.last) < graceQuiet && now.Sub(g.opened) < graceMost
}

// push opens a dialog that the person asked for.
func (a *app) push(o overlay) tea.Cmd {
	a.overlays = append(a.overlays, &layer{overlay: o})
	a.dirty = true
	return nil
}

// pushSelf opens a dialog that opens by itself.
func (a *app) pushSelf(o overlay) tea.Cmd {
	now := a.now()
	a.overlays = append(a.overlays, &layer{overlay: o, grace: grace{now, now}})
	a.dirty = true
	return nil
}

// close closes that dialog wherever it is in the pile. What it has asked for
// and nobody will read is cancelled.
func (a *app) close(o overlay) {
	if c, ok := o.(interface{ closed() }); ok {
		c.closed()
	}
	var left []*layer
	for _, l := range a.overlays {
		if l.overlay != o {
			left = append(left, l)
		}
	}
	a.overlays, a.dirty = left, true
}

func (a *app) front() *layer {
	if len(a.overlays) == 0 {
		return nil
	}
	return a.overlays[len(a.overlays)-1]
}

// boxed frames what a dialog says, in the middle of w by h cells. tail is kept
// in sight; the rest is scrolled from top on.
func (a *app) boxed(title string, body, tail func(w int) []line, top *int, w, h int) []line {
	return a.framed(title, nil, body, tail, top, w, h)
}

// framed is boxed with rows above that are kept in sight too.
func (a *app) framed(title string, head, body, tail func(w int) []line, top *int, w, h int) []line {
	const widest = 100
	bw := min(w, widest)
	if w >= 76 {
		bw = min(w-6, widest)
	}
	inner := bw - 4
	var last []line
	if tail != nil {
		last = tail(inner)
	}
	var first []line
	if head != nil {
		first = head(inner)
	}
	text := body(inner)
	room := max(h-2-len(first)-len(last), 1)
	*top = min(max(*top, 0), max(len(text)-room, 0))
	shown := text
	if len(text) > room {
		shown = scrolled(text, *top, room)
	}
	box := a.paint.box(title, slices.Concat(first, shown, last), bw)
	out := make([]line, 0, h)
	for range max((h-len(box))/3, 0) {
		out = append(out, nil)
	}
	indent := span{usual, spaces((w - bw) / 2)}
	for _, l := range box {
		out = append(out, append(line{indent}, l...))
	}
	return fit(out, h)
}

func spaces(n int) string {
	b := make([]byte, max(n, 0))
	for i := range b {
		b[i] = ' '
	}
	return string(b)
}

// question asks for a plain yes or no; No is the default.
type question struct {
	a           *app
	title, text string
	verb        string // what y does, for the footer
	yes         func() tea.Cmd
	top         int
}

// ask opens a question that the person's own key led to.
func (a *app) ask(title, text, verb string, yes func() tea.Cmd) tea.Cmd {
	return a.push(&question{a: a, title: title, text: text, verb: verb, yes: yes})
}

func (q *question) Title() string { return q.title }

func (q *question) Actions() []action {
	return []action{
		{id: "question.yes", title: "yes: " + q.verb, foot: q.verb, keys: []string{"y"}, run: func() tea.Cmd { q.a.close(q); return q.yes() }},
		{id: "question.no", title: "no", foot: "no", keys: []string{"n", "enter"}, run: func() tea.Cmd { q.a.close(q); return nil }},
	}
}

func (q *question) Key(tea.KeyMsg) tea.Cmd { return nil }

func (q *question) View(w, h int) []line {
	return q.a.boxed(q.title, func(w int) []line { return wrap(usual, q.text, w) }, func(int) []line {
		return []line{nil, {{hotkey, "y"}, {usual, " " + q.verb + "    "}, {hotkey, "n"}, {usual, " no (enter)"}}}
	}, &q.top, w, h)
}
