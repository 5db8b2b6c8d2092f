package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// entry is one line of a form.
type entry struct {
	name, label, hint string
	field             field
	touched           bool
}

// form asks several things at once. Each field is a draft of its own.
type form struct {
	a       *app
	title   string
	text    string
	draft   string
	entries []*entry
	at      int
	wrong   string
	top     int
	send    string // the footer's word for sending
	submit  func(answers map[string]string) (tea.Cmd, error)
}

// fill opens a form; drafts that were left come first, then what fields hold.
func (a *app) fill(f *form) tea.Cmd {
	f.a = a
	for _, e := range f.entries {
		if d, ok := a.drafts[f.key(e)]; ok {
			e.field, e.touched = newField(d), true
		}
	}
	return a.push(f)
}

func (f *form) key(e *entry) string { return f.draft + ":" + e.name }

// offer sets a field that nobody has typed in.
func (f *form) offer(name, text string) {
	for _, e := range f.entries {
		if e.name == name && !e.touched && text != "" {
			e.field = newField(text)
		}
	}
	f.a.dirty = true
}

// sent forgets the drafts.
func (f *form) sent() {
	for _, e := range f.entries {
		delete(f.a.drafts, f.key(e))
	}
}

func (f *form) Title() string { return f.title }

func (f *form) Actions() []action {
	by := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			f.at = (f.at + n + len(f.entries) + 1) % (len(f.entries) + 1)
			return nil
		}
	}
	return []action{
		{id: "form.enter", title: "next field; on the last row: " + f.send, foot: "next", keys: []string{"enter"}, run: func() tea.Cmd {
			if f.at < len(f.entries) {
				return by(1)()
			}
			return f.finish()
		}},
		{id: "form.next", title: "next field", keys: []string{"tab", "down"}, moves: true, run: by(1)},
		{id: "form.back", title: "field before", keys: []string{"shift+tab", "up"}, moves: true, run: by(-1)},
	}
}

func (f *form) finish() tea.Cmd {
	answers := map[string]string{}
	for _, e := range f.entries {
		answers[e.name] = strings.TrimSpace(e.field.String())
	}
	cmd, err := f.submit(answers)
	if err != nil {
		f.wrong = err.Error()
		return nil
	}
	f.a.close(f)
	return cmd
}

func (f *form) Key(k tea.KeyMsg) tea.Cmd {
	if f.at >= len(f.entries) {
		return nil
	}
	e := f.entries[f.at]
	if e.field.key(k) {
		e.touched, f.wrong = true, ""
		f.a.draft(f.key(e), e.field.String())
	}
	return nil
}

func (f *form) View(w, h int) []line {
	focus := 0
	return f.a.boxed(f.title, func(w int) []line {
		out := prose(f.text, w)
		if len(out) > 0 {
			out = append(out, nil)
		}
		for i, e := range f.entries {
			at := len(out)
			m := usual
			mark := "  "
			if i == f.at {
				m, mark = strong, "> "
			}
			for j, l := range wrap(m, e.label, w-2) {
				if j > 0 {
					mark = "  "
				}
				out = append(out, append(line{{strong, mark}}, l...))
			}
			switch hint := sp(faint, "  "+e.hint); {
			case e.hint == "":
			case out[len(out)-1].width()+(line{hint}).width() <= w:
				out[len(out)-1] = out[len(out)-1].with(hint)
			default:
				out = append(out, line{{usual, "  "}, hint})
			}
			if i != f.at && len(e.field.text) == 0 {
				out = append(out, look(faint, "    -"))
			} else {
				out = append(out, e.field.lines("    ", w, i == f.at)...)
			}
			if i == f.at {
				focus = at
			}
		}
		m, mark := usual, "  "
		if f.at == len(f.entries) {
			m, mark, focus = strong, "> ", len(out)+1
		}
		out = append(out, nil, line{{strong, mark}, {m, "[ " + f.send + " ]"}, {faint, "  enter"}})
		if f.wrong != "" {
			out = append(out, wrap(bad, "! "+f.wrong, w)...)
			focus = len(out) - 1
		}
		// The field with the focus stands high, so that those after it are seen.
		f.top = focus - 1
		return out
	}, nil, &f.top, w, h)
}
