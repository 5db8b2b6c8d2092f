package tui

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
)

// action is one thing a key does. The tables of these drive dispatch, the
// footer, the help, the palette, the generated documentation, the conflict
// test and the read-only mode: nothing else binds a key.
type action struct {
	id       string
	title    string // what the help and the palette say
	foot     string // the word in the footer; "" stays out of it
	keys     []string
	danger   incident.Danger
	writes   bool          // refused in a read-only session
	after    bool          // it may be done when the incident is closed, too
	moves    bool          // only moves the view: not in the palette
	disabled func() string // why it cannot be done now, "" when it can
	run      func() tea.Cmd
}

// why says why the action cannot be done, "" when it can.
func (a *app) why(act action) string {
	if act.writes {
		why := a.readOnly()
		if act.after {
			why = a.onlyLooks()
		}
		if why != "" && act.id != "incident.reopen" {
			return why
		}
	}
	if act.disabled != nil {
		return act.disabled()
	}
	return ""
}

// keyed finds the action that a key stands for.
func keyed(table []action, key string) (action, bool) {
	i := slices.IndexFunc(table, func(act action) bool { return slices.Contains(act.keys, key) })
	if i < 0 {
		return action{}, false
	}
	return table[i], true
}

// perform runs an action, or says why not.
func (a *app) perform(act action) tea.Cmd {
	if why := a.why(act); why != "" {
		return a.refuse(act, why)
	}
	return act.run()
}

// refuse says why an action cannot be done now. The reason stands first: on a
// narrow terminal the end of the row is cut.
func (a *app) refuse(act action, why string) tea.Cmd {
	return a.tell(why + " (" + act.title + ")")
}

// mover makes the movement keys of a list or a text. by moves that many rows;
// the page is asked for at the moment of use.
func mover(by func(int) tea.Cmd, page func() int, first, last func() tea.Cmd) []action {
	const all = 1 << 30
	if first == nil {
		first = func() tea.Cmd { return by(-all) }
	}
	if last == nil {
		last = func() tea.Cmd { return by(all) }
	}
	return []action{
		{id: "move.up", title: "up", keys: []string{"up", "k"}, moves: true, run: func() tea.Cmd { return by(-1) }},
		{id: "move.down", title: "down", keys: []string{"down", "j"}, moves: true, run: func() tea.Cmd { return by(1) }},
		{id: "move.pageup", title: "a page up", keys: []string{"pgup"}, moves: true, run: func() tea.Cmd { return by(-page()) }},
		{id: "move.pagedown", title: "a page down", keys: []string{"pgdown"}, moves: true, run: func() tea.Cmd { return by(page()) }},
		{id: "move.first", title: "to the first", keys: []string{"home", "g"}, moves: true, run: first},
		{id: "move.last", title: "to the last", keys: []string{"end", "G"}, moves: true, run: last},
	}
}

// place is a cursor in a list with the part of it that is seen.
type place struct{ at, top int }

// move keeps the cursor among n rows.
func (p *place) move(by, n int) { p.at = min(max(p.at+min(max(by, -n), n), 0), max(n-1, 0)) }

// visible scrolls so that the cursor is among h of n rows, and returns the range.
func (p *place) visible(n, h int) (from, to int) {
	p.at = min(p.at, max(n-1, 0))
	p.top = min(max(p.top, p.at-h+1, 0), max(p.at, 0))
	p.top = min(p.top, max(n-h, 0))
	return p.top, min(p.top+max(h, 0), n)
}
