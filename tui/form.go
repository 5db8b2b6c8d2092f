package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// entry is one line of a form.
type entry struct {
	name, label, hint string
	among             []string           // what it may be, where that is a list
	check             func(string) error // of what is typed, before it is sent; nil: anything will do
	wrong             string             // what check said; it stands below the field
	field             field
	touched           bool
}

// fits are those of among that hold what is typed; one that is typed whole is it.
func (e *entry) fits() []string {
	typed := strings.ToLower(strings.TrimSpace(e.field.String()))
	var out []string
	for _, name := range e.among {
		if name == typed {
			return []string{name}
		}
		if strings.Contains(strings.ToLower(name), typed) {
			out = append(out, name)
		}
	}
	return out
}

// finish writes out the one name that fits what is typed, and reports whether
// there is one.
func (e *entry) finish() bool {
	fits := e.fits()
	if len(fits) != 1 || len(e.field.text) == 0 {
		return false
	}
	e.field, e.touched = newField(fits[0]), true
	return true
}

// says is what stands beside the label: the hint, and of a list what still fits.
func (e *entry) says() string {
	fits := e.fits()
	switch {
	case len(e.among) == 0, len(fits) == 1 && fits[0] == strings.TrimSpace(e.field.String()):
		return e.hint
	case len(fits) == 0:
		return "none of the list; a file is named as in ./mine.yaml"
	}
	return strings.Join(fits, ", ")
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
	room    int    // rows that were drawn last
	free    bool   // scrolled by hand: the focus does not pull the text along
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
			if f.at < len(f.entries) {
				if e := f.entries[f.at]; e.finish() {
					f.a.draft(f.key(e), e.field.String())
				}
			}
			f.at, f.free = (f.at+n+len(f.entries)+1)%(len(f.entries)+1), false
			return nil
		}
	}
	page := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			f.top, f.free = f.top+n*max(f.room-2, 1), true // two rows may be notes
			return nil
		}
	}
	foot := "next"
	if f.at == len(f.entries) {
		foot = strings.ToLower(f.send)
	}
	return []action{
		{id: "form.enter", title: "next field; on the last row: " + f.send, foot: foot, keys: []string{"enter"}, run: func() tea.Cmd {
			if f.at < len(f.entries) {
				return by(1)()
			}
			return f.finish()
		}},
		{id: "form.next", title: "next field", keys: []string{"tab", "down"}, moves: true, run: by(1)},
		{id: "form.back", title: "field before", keys: []string{"shift+tab", "up"}, moves: true, run: by(-1)},
		{id: "form.pageup", title: "a page up", keys: []string{"pgup"}, moves: true, run: page(-1)},
		{id: "form.pagedown", title: "a page down", keys: []string{"pgdown"}, moves: true, run: page(1)},
	}
}

func (f *form) finish() tea.Cmd {
	answers := map[string]string{}
	at := len(f.entries)
	for i, e := range slices.Backward(f.entries) {
		text := strings.TrimSpace(e.field.String())
		answers[e.name], e.wrong = text, ""
		if e.check == nil {
			continue
		}
		if err := e.check(text); err != nil {
			e.wrong, at = err.Error(), i
		}
	}
	if at < len(f.entries) {
		f.at, f.wrong, f.free = at, "", false
		return nil
	}
	cmd, err := f.submit(answers)
	if err != nil {
		f.wrong, f.free = err.Error(), false
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
		e.touched, e.wrong, f.wrong, f.free = true, "", "", false
		f.a.draft(f.key(e), e.field.String())
	}
	return nil
}

func (f *form) View(w, h int) []line {
	focus := 0
	f.room = max(h-2, 1)
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
			says := e.says()
			switch hint := sp(faint, "  "+says); {
			case says == "":
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
			if e.wrong != "" {
				out = append(out, wrap(bad, "  ! "+e.wrong, w)...)
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
		if !f.free {
			f.top = focus - 1
		}
		f.top = min(max(f.top, 0), max(len(out)-f.room, 0))
		if f.top > 0 && f.room > 2 {
			out[f.top] = look(warn, "-- "+plural(int64(f.top+1), "line")+" above: pgup --")
		}
		return out
	}, nil, &f.top, w, h)
}
