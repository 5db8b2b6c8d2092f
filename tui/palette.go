package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/sahilm/fuzzy"
)

// palette finds an action by what it does.
type palette struct {
	a     *app
	table []action
	field field
	found []int
	place
	page int
}

func newPalette(a *app, table []action) *palette {
	p := &palette{a: a, page: 10}
	for _, act := range table {
		if !act.moves {
			p.table = append(p.table, act)
		}
	}
	keyed := func(act action) int { return min(len(act.keys), 1) }
	slices.SortStableFunc(p.table, func(x, y action) int { return keyed(x) - keyed(y) }) // nothing else leads to those without a key
	p.find()
	return p
}

func (p *palette) Title() string { return "Commands" }

func (p *palette) Actions() []action {
	by := func(n int) func() tea.Cmd { return func() tea.Cmd { p.move(n, len(p.found)); return nil } }
	return []action{
		{id: "palette.enter", title: "do the selected command", foot: "do", keys: []string{"enter"}, run: func() tea.Cmd {
			if len(p.found) == 0 {
				return nil
			}
			act := p.table[p.found[p.at]]
			if why := p.a.why(act); why != "" {
				return p.a.refuse(act, why)
			}
			p.a.close(p)
			return act.run()
		}},
		{id: "palette.up", title: "up", keys: []string{"up"}, moves: true, run: by(-1)},
		{id: "palette.down", title: "down", keys: []string{"down", "tab"}, moves: true, run: by(1)},
	}
}

func (p *palette) Key(k tea.KeyMsg) tea.Cmd {
	if p.field.key(k) {
		p.find()
	}
	return nil
}

// find keeps the commands that the typed letters are in, best first.
func (p *palette) find() {
	p.found, p.place = nil, place{}
	text := strings.TrimSpace(p.field.String())
	if text == "" {
		for i := range p.table {
			p.found = append(p.found, i)
		}
		return
	}
	titles := make([]string, len(p.table))
	for i, act := range p.table {
		titles[i] = act.title
	}
	for _, m := range fuzzy.Find(text, titles) {
		p.found = append(p.found, m.Index)
	}
	whole := func(i int) bool { return strings.Contains(titles[i], strings.ToLower(text)) }
	slices.SortStableFunc(p.found, func(i, j int) int { // a word that was typed beats letters strewn about
		switch {
		case whole(i) == whole(j):
			return 0
		case whole(i):
			return -1
		}
		return 1
	})
}

func (p *palette) View(w, h int) []line {
	none := 0
	return p.a.boxed("Commands", func(w int) []line {
		out := []line{p.field.one(": ", w, true)}
		p.page = max(h-4, 1)
		from, to := p.visible(len(p.found), p.page)
		for i := from; i < to; i++ {
			act := p.table[p.found[i]]
			m, note := usual, strings.Join(act.keys, " ")
			if why := p.a.why(act); why != "" {
				m, note = faint, "("+why+")"
			}
			tail := look(faint, note)
			if tail.width() > w/2 {
				tail = clip(tail, w/2)
			}
			out = append(out, row(ends(look(m, " "+act.title), tail, w-1), i == p.at, w))
		}
		if len(p.found) == 0 {
			out = append(out, look(faint, " no command has these letters"))
		}
		return out
	}, nil, &none, w, h)
}
