package tui

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// pivot turns the values of one event into filters.
type pivot struct {
	t    *timelineScreen
	e    response.MarkedEvent
	rows []pivotRow
	place
	page   int
	around query[response.Around]
}

// pivotRow is a value of the event, or a stretch of time around it.
type pivotRow struct {
	label, value string
	field        string        // as a filter writes it, or "ip"; "" for a stretch of time
	wide         time.Duration // to both sides; 0 is the session
}

// silence is what ends a session: nothing of the same kind for so long.
const silence = 10 * time.Minute

// pivoted are the fields that a menu begins with.
var pivoted = []string{"host", "user", "source", "technique", "kind", "exhibit", "parser"}

func (t *timelineScreen) pivot(e response.MarkedEvent) tea.Cmd {
	p := &pivot{t: t, e: e, page: 10}
	for _, name := range pivoted[:4] {
		p.add(name)
	}
	for _, a := range addressesIn(e) {
		p.rows = append(p.rows, pivotRow{label: "address", value: a, field: "ip"})
	}
	for _, a := range e.Attributes {
		if a.Name == timeline.TimeFormName { // how the time was written, not what happened
			continue
		}
		if _, _, ok := timeline.ParseField(timeline.AttributeField(a.Name)); ok && a.Value != "" {
			p.rows = append(p.rows, pivotRow{label: a.Name, value: a.Value, field: timeline.AttributeField(a.Name)})
		}
	}
	for _, name := range pivoted[4:] {
		p.add(name)
	}
	if !e.Time.IsZero() {
		at := []pivotRow{
			{label: "time", value: "5 minutes before and after", wide: 5 * time.Minute},
			{label: "time", value: "an hour before and after", wide: time.Hour},
			{label: "session", value: "what belongs to it: " + p.alike() + ", until " + lengthOf(silence) + " of silence"},
		}
		p.rows = append(at, p.rows...)
		p.at = len(at)
	}
	return t.push(p)
}

// addressesIn are the first addresses in the message of an event: who looks at a
// failed login asks next what else came from there.
func addressesIn(e response.MarkedEvent) []string {
	const most = 4
	var out, known []string
	for _, a := range e.Attributes { // they have rows of their own
		known = append(known, a.Value)
	}
	part := func(r rune) bool {
		return r != '.' && r != ':' && (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	}
	for _, word := range strings.FieldsFunc(bound(e.Message, footMost), part) {
		word = strings.TrimRight(word, ".:")
		if host, _, ok := strings.Cut(word, ":"); ok && strings.Count(host, ".") == 3 { // a port behind it
			word = host
		}
		a, err := netip.ParseAddr(word)
		if err != nil || a.IsUnspecified() || slices.Contains(known, a.String()) || slices.Contains(out, a.String()) {
			continue
		}
		if out = append(out, a.String()); len(out) == most {
			break
		}
	}
	return out
}

func (p *pivot) add(name string) {
	if v := valueIn(p.e, name); v != "" {
		p.rows = append(p.rows, pivotRow{label: name, value: v, field: name})
	}
}

// alike are the fields that the events of one session have in common with e.
func alike(e response.MarkedEvent) []string {
	var by []string
	for _, name := range []string{"host", "user"} {
		if valueIn(e, name) != "" {
			by = append(by, name)
		}
	}
	if len(by) == 0 {
		by = []string{"source"}
	}
	return by
}

func (p *pivot) alike() string {
	s := ""
	for i, name := range alike(p.e) {
		if i > 0 {
			s += " and "
		}
		s += "the same " + name
	}
	return s
}

func (p *pivot) Title() string { return "Pivot" }

func (p *pivot) Actions() []action {
	with := func(do func(pivotRow) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if len(p.rows) == 0 {
				return p.t.tell("the event has no value")
			}
			return do(p.rows[min(p.at, len(p.rows)-1)])
		}
	}
	value := func(do func(pivotRow) tea.Cmd) func() tea.Cmd {
		return with(func(r pivotRow) tea.Cmd {
			if r.field == "" {
				return p.t.tell("that is a stretch of time: enter")
			}
			p.t.close(p)
			return do(r)
		})
	}
	table := []action{
		{id: "pivot.only", title: "only the events with that, besides what the filter says", foot: "only these", keys: []string{"enter"}, run: with(p.only)},
		{id: "pivot.without", title: "without the events that have that", foot: "without", keys: []string{"-", "x"}, run: value(func(r pivotRow) tea.Cmd {
			return p.t.narrow(and(p.t.applied, "-"+having(r.field, r.value)))
		})},
		{id: "pivot.alone", title: "all events with that, whatever the filter says now", foot: "all of them", keys: []string{"a"}, run: value(func(r pivotRow) tea.Cmd {
			return p.t.narrow(having(r.field, r.value))
		})},
		{id: "pivot.values", title: "the values that the field has", foot: "values", keys: []string{"v"}, run: value(func(r pivotRow) tea.Cmd {
			if r.field == "ip" {
				return p.t.tell("an address in the message has no field of its own")
			}
			return p.t.valuesOf(r.field)
		})},
	}
	return append(table, mover(func(n int) tea.Cmd { p.move(n, len(p.rows)); return nil }, func() int { return p.page }, nil, nil)...)
}

// having is the filter of one value.
func having(name, value string) string {
	if name == "ip" {
		return "ip:" + timeline.Term(value)
	}
	field, attribute, ok := timeline.ParseField(name)
	if !ok {
		return timeline.Term(value)
	}
	return timeline.Having(field, attribute, value).String()
}

// only narrows the filter to what the row says. Around a time everything is
// shown: what the filter hides there is what is looked for.
func (p *pivot) only(r pivotRow) tea.Cmd {
	switch {
	case r.field != "":
		p.t.close(p)
		return p.t.narrow(and(p.t.applied, having(r.field, r.value)))
	case r.wide > 0:
		p.t.close(p)
		return p.t.narrow(timeline.Between(p.e.Time.Add(-r.wide), p.e.Time.Add(r.wide)).String())
	}
	id, event, by := p.t.id, p.e.ID.String(), alike(p.e)
	return p.around.ask(p.t.ctx, func(ctx context.Context) (response.Around, error) {
		return p.t.desk.SessionAround(ctx, id, event, by, silence)
	}, func() tea.Cmd {
		if p.around.err != nil {
			return p.t.readFailed(p.around.err)
		}
		p.t.close(p)
		a := p.around.value
		return tea.Batch(p.t.narrow(a.Filter), p.t.tell(plural(a.Count, "event")+" in "+lengthOf(a.To.Sub(a.From))))
	})
}

func (p *pivot) closed() { p.around.stop() }

func (p *pivot) Key(tea.KeyMsg) tea.Cmd { return nil }

func (p *pivot) View(w, h int) []line {
	top := 0
	return p.t.boxed("Pivot on the event", func(w int) []line {
		out := clipTo(wrap(usual, p.e.Message, w), 2)
		if p.around.busy {
			out = append(out, look(faint, "looking for its session"))
		}
		out = append(out, nil)
		n := 7
		for _, r := range p.rows {
			n = max(n, min(term.Width(term.Safe(bound(r.label, columnMost))), columnMost))
		}
		p.page = max(h-3-len(out), 1)
		from, to := p.visible(len(p.rows), p.page)
		for i := from; i < to; i++ {
			r := p.rows[i]
			l := append(clip(look(faint, r.label), n), sp(usual, "  "+r.value))
			out = append(out, row(l, i == p.at, w))
		}
		return out
	}, nil, &top, w, h)
}

// clipTo keeps the first n lines and says that there are more.
func clipTo(ls []line, n int) []line {
	if len(ls) <= n {
		return ls
	}
	out := ls[:n:n]
	return append(out[:n-1:n-1], out[n-1].with(sp(faint, " ..")))
}
