package tui

import (
	"context"
	"errors"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// columns are the fields that stand between time and message, as a filter
// writes them.
type columns struct {
	names  []string // nil until somebody chose: source and host
	chosen bool
	widths map[string]int // what the texts that were seen need
}

const (
	columnMost  = 28
	columnLeast = 4
	shiftBy     = 20
	shiftMost   = 64 << 10
	tagsColumn  = "tags"
)

// shown are the columns on a screen of w cells.
func (c *columns) shown(w int) []string {
	if !c.chosen {
		if w < twoPanes-1 {
			return nil
		}
		return []string{"source", "host"}
	}
	return c.names
}

// tags says whether the tags have a column of their own.
func (c *columns) tags() bool { return c.chosen && slices.Contains(c.names, tagsColumn) }

// valueIn is what an event has in a column.
func valueIn(e response.MarkedEvent, column string) string {
	if column == tagsColumn {
		return strings.Join(e.Tags, ",")
	}
	field, attribute, ok := timeline.ParseField(column)
	if !ok {
		return ""
	}
	return field.Value(&e.Event, attribute)
}

// measure makes the columns as wide as the events need, and never narrower
// than they were: a list that moves while it is scrolled cannot be read. The
// message keeps half of the width.
func (c *columns) measure(rows []response.MarkedEvent, w int) (names []string, widths []int) {
	names = c.shown(w)
	if c.widths == nil {
		c.widths = map[string]int{}
	}
	for _, name := range names {
		most := max(c.widths[name], len(name), columnLeast)
		for _, e := range rows {
			most = max(most, min(term.Width(term.Safe(bound(valueIn(e, name), columnMost))), columnMost))
		}
		c.widths[name] = most
	}
	room := w / 2
	for _, name := range names {
		n := min(c.widths[name], max(room, 0))
		if n < columnLeast {
			return names[:len(widths)], widths // what has no room is left out
		}
		widths = append(widths, n)
		room -= n + 1
	}
	return names, widths
}

// columnPicker lets columns be chosen and put in order.
type columnPicker struct {
	t      *timelineScreen
	fields query[[]response.FieldInfo]
	names  []string // all there are, the chosen ones first
	place
	page int
}

func (t *timelineScreen) chooseColumns() tea.Cmd {
	p := &columnPicker{t: t, page: 10}
	if !t.columns.chosen {
		t.columns.names, t.columns.chosen = []string{"source", "host"}, true
	}
	p.names = slices.Clone(t.columns.names)
	for _, name := range append(timeline.Fields(), tagsColumn) {
		if name != "message" && !slices.Contains(p.names, name) {
			p.names = append(p.names, name)
		}
	}
	id, f := t.id, t.applied
	return tea.Batch(t.push(p), p.fields.ask(t.ctx, func(ctx context.Context) ([]response.FieldInfo, error) { return t.desk.Fields(ctx, id, f) }, func() tea.Cmd {
		if err := p.fields.err; err != nil && !errors.Is(err, context.Canceled) {
			return t.fail("list the fields of the events", err)
		}
		for _, f := range p.fields.value {
			if f.Attribute != "" && f.Attribute != timeline.TimeFormName && !slices.Contains(p.names, f.Field) {
				p.names = append(p.names, f.Field)
			}
		}
		return nil
	}))
}

func (p *columnPicker) Title() string { return "Columns" }

func (p *columnPicker) Actions() []action {
	c := &p.t.columns
	shift := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			name := p.names[p.at]
			i := slices.Index(c.names, name)
			if i < 0 {
				return p.t.tell("space chooses it first")
			}
			j := min(max(i+by, 0), len(c.names)-1)
			c.names[i], c.names[j] = c.names[j], c.names[i]
			p.order()
			p.at = slices.Index(p.names, name)
			return nil
		}
	}
	table := []action{
		{id: "columns.turn", title: "show the column, or no longer", foot: "show", keys: []string{"space"}, run: func() tea.Cmd {
			name := p.names[p.at]
			if i := slices.Index(c.names, name); i >= 0 {
				c.names = slices.Delete(c.names, i, i+1)
			} else {
				c.names = append(c.names, name)
			}
			p.order()
			p.at = slices.Index(p.names, name)
			return nil
		}},
		{id: "columns.left", title: "further to the left", foot: "left", keys: []string{"left", "<"}, run: shift(-1)},
		{id: "columns.right", title: "further to the right", foot: "right", keys: []string{"right", ">"}, run: shift(1)},
		{id: "columns.usual", title: "the usual columns", foot: "usual ones", keys: []string{"u"}, run: func() tea.Cmd {
			c.names = []string{"source", "host"}
			p.order()
			return nil
		}},
		{id: "columns.close", title: "done", foot: "done", keys: []string{"enter"}, run: func() tea.Cmd { p.t.close(p); return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd { p.move(n, len(p.names)); return nil }, func() int { return p.page }, nil, nil)...)
}

// order puts the chosen columns first, in their order.
func (p *columnPicker) order() {
	rest := slices.DeleteFunc(slices.Clone(p.names), func(s string) bool { return slices.Contains(p.t.columns.names, s) })
	p.names = append(slices.Clone(p.t.columns.names), rest...)
}

func (p *columnPicker) closed() { p.fields.stop() }

func (p *columnPicker) Key(tea.KeyMsg) tea.Cmd { return nil }

func (p *columnPicker) View(w, h int) []line {
	top := 0
	return p.t.boxed("Columns", func(w int) []line {
		out := wrap(faint, "Space shows a column or takes it away, left and right put it in order. They stay for this session.", w)
		if p.fields.busy {
			out = append(out, look(faint, "looking which attributes there are"))
		}
		out = append(out, nil)
		p.page = max(h-3-len(out), 1)
		from, to := p.visible(len(p.names), p.page)
		for i := from; i < to; i++ {
			box := "[ ] "
			if slices.Contains(p.t.columns.names, p.names[i]) {
				box = "[x] "
			}
			l := line{{hotkey, box}, {usual, p.names[i]}}
			if n := p.events(p.names[i]); n > 0 {
				l = ends(l, look(faint, " "+plural(n, "event")), w-1)
			}
			out = append(out, row(l, i == p.at, w))
		}
		return out
	}, nil, &top, w, h)
}

// events is how many events have a value there, 0 when that is not known.
func (p *columnPicker) events(name string) int64 {
	for _, f := range p.fields.value {
		if f.Field == name {
			return f.Events
		}
	}
	return 0
}
