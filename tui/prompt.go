package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// prompt asks for one text. What was typed is kept as a draft until what it
// was typed for has succeeded.
type prompt struct {
	a      *app
	title  string
	text   string // what is asked and why
	draft  string // key of the draft
	flag   string // a yes or no beside the text; tab turns it
	on     bool
	empty  bool // an empty text is an answer too
	check  func(string) error
	submit func(text string, on bool) tea.Cmd
	field  field
	wrong  string
	top    int
}

// typed opens a prompt with the draft that was left, if one was.
func (a *app) typed(p *prompt) tea.Cmd {
	p.a = a
	p.field = newField(a.drafts[p.draft])
	return a.push(p)
}

func (p *prompt) Title() string { return p.title }

func (p *prompt) Actions() []action {
	table := []action{{id: "prompt.enter", title: "send the text", foot: "send", keys: []string{"enter"}, run: p.send}}
	if p.flag != "" {
		table = append(table, action{id: "prompt.flag", title: p.flag, foot: p.flag, keys: []string{"tab"}, run: func() tea.Cmd { p.on = !p.on; return nil }})
	}
	return append(table, action{id: "prompt.newline", title: "a new line in the text", foot: "new line", keys: []string{"ctrl+j"}, run: func() tea.Cmd {
		return p.Key(tea.KeyMsg{Type: tea.KeyCtrlJ})
	}})
}

func (p *prompt) send() tea.Cmd {
	text := strings.TrimSpace(p.field.String())
	if text == "" && !p.empty {
		p.wrong = "type something, or esc to go back"
		return nil
	}
	if p.check != nil {
		if err := p.check(text); err != nil {
			p.wrong = err.Error()
			return nil
		}
	}
	p.a.close(p)
	return p.submit(text, p.on)
}

func (p *prompt) Key(k tea.KeyMsg) tea.Cmd {
	if p.field.key(k) {
		p.wrong = ""
		p.a.draft(p.draft, p.field.String())
	}
	return nil
}

func (p *prompt) View(w, h int) []line {
	return p.a.boxed(p.title, func(w int) []line { return wrap(faint, p.text, w) }, func(w int) []line {
		in := p.field.lines("> ", w, true)
		if most := max(h-6, 1); len(in) > most {
			in = in[len(in)-most:]
		}
		if p.flag != "" {
			box := "[ ] "
			if p.on {
				box = "[x] "
			}
			in = append(in, line{{hotkey, box}, {usual, p.flag}, {faint, "  (tab)"}})
		}
		if p.wrong != "" {
			in = append(in, wrap(bad, "! "+p.wrong, w)...)
		}
		return in
	}, &p.top, w, h)
}
