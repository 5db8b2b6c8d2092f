package tui

import (
	"context"
	"errors"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
	"firebreak/timeline"
)

// values shows the values of a field among the events that match: how often,
// first and last seen.
type values struct {
	t     *timelineScreen
	field string
	rare  bool
	list  query[[]response.Value]
	place
	page int
}

const valuesMost = 500

// chooseField asks which field; the columns are there at once, the attributes
// when they are known.
func (t *timelineScreen) chooseField() tea.Cmd {
	id, f := t.id, t.applied
	c := &chooser{a: t.app, title: "The values of a field", text: "Among the events that match the filter.", verb: "show", page: 10}
	add := func(name string, n int64) {
		text := line{{usual, name}}
		if n > 0 {
			text = text.with(sp(faint, "  "+plural(n, "event")))
		}
		c.choices = append(c.choices, choice{text: text, run: func() tea.Cmd { return t.valuesOf(name) }})
	}
	fields := new(query[[]response.FieldInfo])
	c.gone = fields.stop
	for _, name := range pivoted {
		add(name, 0)
	}
	return tea.Batch(t.push(c), fields.ask(t.ctx, func(ctx context.Context) ([]response.FieldInfo, error) { return t.desk.Fields(ctx, id, f) }, func() tea.Cmd {
		if err := fields.err; err != nil && !errors.Is(err, context.Canceled) {
			return t.fail("list the fields of the events", err)
		}
		var e response.MarkedEvent
		if s, ok := t.win.selected(); ok {
			e = s
		}
		for _, f := range fields.value {
			if f.Attribute != "" && f.Attribute != timeline.TimeFormName && e.Attributes.Has(f.Attribute) { // what the selected event has comes first
				add(f.Field, f.Events)
			}
		}
		for _, f := range fields.value {
			if !slices.Contains(pivoted, f.Field) && f.Attribute != timeline.TimeFormName && !e.Attributes.Has(f.Attribute) {
				add(f.Field, f.Events)
			}
		}
		return nil
	}))
}

func (t *timelineScreen) valuesOf(field string) tea.Cmd {
	v := &values{t: t, field: field, page: 10}
	return tea.Batch(t.push(v), v.ask())
}

func (v *values) ask() tea.Cmd {
	id, r := v.t.id, response.ValuesRequest{Filter: v.t.applied, Field: v.field, Limit: valuesMost, Rare: v.rare}
	return v.list.ask(v.t.ctx, func(ctx context.Context) ([]response.Value, error) { return v.t.desk.Values(ctx, id, r) }, func() tea.Cmd {
		v.place = place{}
		if err := v.list.err; err != nil && !errors.Is(err, context.Canceled) {
			v.t.close(v)
			return v.t.fail("count the values of "+v.field, err)
		}
		return nil
	})
}

func (v *values) Title() string { return "Values" }

func (v *values) Actions() []action {
	narrow := func(prefix string) func() tea.Cmd {
		return func() tea.Cmd {
			if len(v.list.value) == 0 {
				return v.t.tell("there is no value")
			}
			term := prefix + having(v.field, v.list.value[v.at].Value)
			v.t.close(v)
			return v.t.narrow(and(v.t.applied, term))
		}
	}
	table := []action{
		{id: "values.only", title: "only the events with that value", foot: "only these", keys: []string{"enter"}, run: narrow("")},
		{id: "values.without", title: "without the events that have it", foot: "without", keys: []string{"-", "x"}, run: narrow("-")},
		{id: "values.rare", title: "the rare ones first, or the frequent ones", foot: "rare or frequent", keys: []string{"r"}, run: func() tea.Cmd {
			v.rare = !v.rare
			return v.ask()
		}},
	}
	return append(table, mover(func(n int) tea.Cmd { v.move(n, len(v.list.value)); return nil }, func() int { return v.page }, nil, nil)...)
}

func (v *values) closed() { v.list.stop() }

func (v *values) Key(tea.KeyMsg) tea.Cmd { return nil }

func (v *values) View(w, h int) []line {
	top := 0
	return v.t.boxed("Values of "+v.field, func(w int) []line {
		rows := v.list.value
		order := "the most frequent first"
		if v.rare {
			order = "the rarest first"
		}
		about := plural(int64(len(rows)), "value") + ", " + order
		if len(rows) == valuesMost {
			about = "the first " + about
		}
		if v.list.busy {
			about = "counting"
		}
		if v.t.applied != "" {
			about += "; filter: " + v.t.applied
		}
		out := []line{look(faint, about)}
		if !v.list.loaded {
			return out
		}
		if len(rows) == 0 {
			return append(out, nil, say("No event has a value there."))
		}
		var most int64
		for _, r := range rows {
			most = max(most, r.Count)
		}
		v.page = max(h-3-len(out)-1, 1)
		from, to := v.visible(len(rows), v.page)
		layout := "2006-01-02 15:04"
		times := 2*len(layout) + 4
		if w < 76 {
			times = 0
		}
		bar := max(min((w-times)/5, 20), 5)
		n := max(w-1-bar-12-times, 8)
		head := "   COUNT "
		out = append(out, look(faint, " "+pad("VALUE", n)+spaces(12-len(head))+head+pad("", bar)+map[bool]string{true: "  FIRST             LAST", false: ""}[times > 0]))
		for i := from; i < to; i++ {
			r := rows[i]
			l := append(clip(look(usual, r.Value), n), sp(usual, padLeft(number(r.Count), 11)+" "))
			l = append(l, sp(good, strings.Repeat(v.t.paint.full, max(int(r.Count*int64(bar)/most), 1))))
			l = append(clip(l, n+12+bar), sp(usual, ""))
			if times > 0 {
				l = append(l, sp(faint, "  "+seen(r, v.t, layout)))
			}
			out = append(out, row(l, i == v.at, w))
		}
		return out
	}, nil, &top, w, h)
}

// seen says when a value was seen first and last.
func seen(v response.Value, t *timelineScreen, layout string) string {
	if v.First.IsZero() {
		return "undated"
	}
	return v.First.In(t.zone()).Format(layout) + "  " + v.Last.In(t.zone()).Format(layout)
}

func padLeft(s string, w int) string { return spaces(w-len(s)) + s }
