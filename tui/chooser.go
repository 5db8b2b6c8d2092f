package tui

import (
	tea "github.com/charmbracelet/bubbletea"
)

// choice is one row of a chooser.
type choice struct {
	text line
	why  string // why it cannot be chosen now
	run  func() tea.Cmd
}

// chooser lets one of a few rows be chosen.
type chooser struct {
	a       *app
	title   string
	text    string
	verb    string // what enter does, for the footer
	choices []choice
	gone    func() // when it is closed; may be nil
	place
	page int
}

func (c *chooser) closed() {
	if c.gone != nil {
		c.gone()
	}
}

func (a *app) choose(title, text, verb string, cs []choice) tea.Cmd {
	return a.push(&chooser{a: a, title: title, text: text, verb: verb, choices: cs, page: 10})
}

func (c *chooser) Title() string { return c.title }

func (c *chooser) Actions() []action {
	table := []action{{id: "choose.enter", title: c.verb + " the selected one", foot: c.verb, keys: []string{"enter"}, run: func() tea.Cmd {
		if len(c.choices) == 0 {
			return nil
		}
		ch := c.choices[c.at]
		if ch.why != "" {
			return c.a.tell(ch.why)
		}
		c.a.close(c)
		return ch.run()
	}}}
	return append(table, mover(func(n int) tea.Cmd { c.move(n, len(c.choices)); return nil }, func() int { return c.page }, nil, nil)...)
}

func (c *chooser) Key(tea.KeyMsg) tea.Cmd { return nil }

func (c *chooser) View(w, h int) []line {
	none := 0
	return c.a.boxed(c.title, func(w int) []line {
		out := wrap(faint, c.text, w)
		c.page = max(h-3-len(out), 1)
		from, to := c.visible(len(c.choices), c.page)
		for i := from; i < to; i++ {
			out = append(out, row(c.choices[i].text, i == c.at, w))
		}
		return out
	}, nil, &none, w, h)
}

// row is a line of a list: ">" in front of the selected one, whatever the
// colours are.
func row(l line, selected bool, w int) line {
	if !selected {
		return clip(append(line{{usual, " "}}, l...), w)
	}
	return pick(clip(append(line{{strong, ">"}}, l...), w))
}

// reader shows a text that can be scrolled.
type reader struct {
	a     *app
	title string
	text  func(w int) []line
	top   int
	page  int
	rows  int
}

func (a *app) read(title string, text func(w int) []line) *reader {
	return &reader{a: a, title: title, text: text, page: 10}
}

func (r *reader) Title() string { return r.title }

func (r *reader) Actions() []action {
	table := []action{{id: "read.close", title: "close the text", foot: "close", keys: []string{"enter"}, run: func() tea.Cmd {
		r.a.close(r)
		return nil
	}}}
	return append(table, mover(func(n int) tea.Cmd {
		r.top = min(max(r.top+min(max(n, -r.rows), r.rows), 0), max(r.rows-r.page, 0))
		return nil
	}, func() int { return max(r.page-1, 1) }, nil, nil)...) // the last row may be the note that there is more
}

func (r *reader) Key(tea.KeyMsg) tea.Cmd { return nil }

func (r *reader) View(w, h int) []line {
	return r.a.boxed(r.title, func(w int) []line {
		ls := r.text(w)
		r.rows, r.page = len(ls), max(h-2, 1)
		return ls
	}, nil, &r.top, w, h)
}
