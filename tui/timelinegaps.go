package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
	"firebreak/timeline"
)

// gaps shows where the values of a field fall silent.
type gaps struct {
	t       *timelineScreen
	by      string
	atLeast time.Duration
	list    query[[]response.Gap]
	place
	page int
}

var (
	silenceOf = []string{"source", "host", "user", "exhibit"}
	silences  = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
)

// silences begins with gaps that are long for the span that the events cover.
func (t *timelineScreen) silences() tea.Cmd {
	g := &gaps{t: t, by: silenceOf[0], page: 10}
	whole := t.strip.all[1].Sub(t.strip.all[0])
	for _, d := range silences {
		if g.atLeast == 0 || d <= whole/50 {
			g.atLeast = d
		}
	}
	return tea.Batch(t.push(g), g.ask())
}

func (g *gaps) ask() tea.Cmd {
	id, r := g.t.id, response.GapsRequest{Filter: g.t.applied, By: g.by, AtLeast: g.atLeast}
	return g.list.ask(g.t.ctx, func(ctx context.Context) ([]response.Gap, error) { return g.t.desk.Gaps(ctx, id, r) }, func() tea.Cmd {
		g.place = place{}
		if err := g.list.err; err != nil && !errors.Is(err, context.Canceled) {
			g.t.close(g)
			return g.t.fail("look where a "+g.by+" falls silent", err)
		}
		return nil
	})
}

func (g *gaps) Title() string { return "Silences" }

func (g *gaps) Actions() []action {
	wait := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			i := min(max(slices.Index(silences, g.atLeast)+by, 0), len(silences)-1)
			g.atLeast = silences[i]
			return g.ask()
		}
	}
	table := []action{
		{id: "gaps.go", title: "go to the last event before the silence", foot: "go there", keys: []string{"enter"}, run: func() tea.Cmd {
			if len(g.list.value) == 0 {
				return g.t.tell("there is no silence")
			}
			gap := g.list.value[g.at]
			g.t.close(g)
			return g.t.win.aim(edge[response.MarkedEvent]{at: gap.From, n: windowPage}, func(e response.MarkedEvent) bool { return e.ID == gap.Before })
		}},
		{id: "gaps.only", title: "only the events of it", foot: "only its events", keys: []string{"f"}, run: func() tea.Cmd {
			if len(g.list.value) == 0 {
				return g.t.tell("there is no silence")
			}
			gap := g.list.value[g.at]
			g.t.close(g)
			return g.t.narrowAt(and(g.t.applied, having(g.by, gap.Value)), func(first *edge[response.MarkedEvent]) { first.at = gap.From })
		}},
		{id: "gaps.by", title: "of sources, hosts, users or exhibits", foot: "of what", keys: []string{"tab"}, run: func() tea.Cmd {
			g.by = silenceOf[(slices.Index(silenceOf, g.by)+1)%len(silenceOf)]
			return g.ask()
		}},
		{id: "gaps.longer", title: "only longer ones", foot: "longer", keys: []string{"+", "="}, run: wait(1)},
		{id: "gaps.shorter", title: "shorter ones too", foot: "shorter", keys: []string{"-"}, run: wait(-1)},
	}
	return append(table, mover(func(n int) tea.Cmd { g.move(n, len(g.list.value)); return nil }, func() int { return g.page }, nil, nil)...)
}

func (g *gaps) closed() { g.list.stop() }

func (g *gaps) Key(tea.KeyMsg) tea.Cmd { return nil }

func (g *gaps) View(w, h int) []line {
	top := 0
	return g.t.boxed("Where a "+g.by+" falls silent", func(w int) []line {
		rows := g.list.value
		out := []line{look(faint, "For "+lasted(g.atLeast)+" or longer, the longest first; times are "+g.t.zoneName())}
		switch {
		case g.list.busy:
			return append(out, look(faint, "looking"))
		case len(rows) == 0 && g.list.loaded:
			return append(append(out, nil), wrap(usual, "None was silent that long. - looks for shorter ones, tab for another field.", w)...)
		}
		g.page = max(h-3-len(out), 1)
		from, to := g.visible(len(rows), g.page)
		const layout = "2006-01-02 15:04:05"
		for i := from; i < to; i++ {
			r := rows[i]
			until := r.To.In(g.t.zone()).Format(layout)
			if r.After == (timeline.ID{}) {
				until = pad("never again", len(layout))
			}
			right := line{{faint, "  " + r.From.In(g.t.zone()).Format(layout) + " - " + until}}
			out = append(out, row(ends(line{{warn, padLeft(lasted(r.To.Sub(r.From)), 8)}, {usual, "  " + r.Value}}, right, w-1), i == g.at, w))
		}
		return out
	}, nil, &top, w, h)
}
