package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
	"firebreak/timeline"
)

// timelineScreen browses all events through a window; the filter is written in
// the filter language and applied as it is typed.
type timelineScreen struct {
	*app
	win     window[response.MarkedEvent]
	count   query[int64]
	density query[response.Histogram]
	filter  filter
	applied string // the filter that the rows obey
	wrong   error  // why the typed filter is none
	turn    int    // of the debounce
	asked   int64  // events of the incident when the rows were asked for; -1 never
	page    int
}

// settled comes when the typing of a filter has paused.
type settled struct{ turn int }

const (
	debounce    = 150 * time.Millisecond
	densityBins = 120
)

func newTimeline(a *app) *timelineScreen {
	t := &timelineScreen{app: a, asked: -1, page: 10}
	t.win = window[response.MarkedEvent]{ctx: func() context.Context { return t.ctx }, fetch: t.fetch, failed: t.readFailed}
	return t
}

func (t *timelineScreen) Title() string { return "Timeline" }
func (t *timelineScreen) Typing() bool  { return t.filter.on }

func (t *timelineScreen) Back() (tea.Cmd, bool) {
	if !t.filter.back() {
		return nil, false
	}
	return t.apply(), true
}

// Load fills the window at first, later only looks for what has come.
func (t *timelineScreen) Load() tea.Cmd {
	n := t.board.value.Events
	if !t.board.loaded || t.asked == n {
		return nil
	}
	first := t.asked < 0
	if !first && (t.count.busy || t.density.busy) {
		return nil // the answer calls Load again
	}
	t.asked = n
	if first {
		return tea.Batch(t.begin(), t.measure())
	}
	return tea.Batch(t.win.loosen(), t.measure())
}

// begin opens an hour before the incident was seen when there are events
// around that time, else at the end: the oldest file of a host is of no use.
func (t *timelineScreen) begin() tea.Cmd {
	const before, around = time.Hour, 24 * time.Hour
	i := t.board.value.Incident
	seen := i.Detected
	if seen.IsZero() {
		seen = i.Opened
	}
	if seen.IsZero() {
		return t.win.end()
	}
	return t.win.seek(edge[response.MarkedEvent]{at: seen.Add(-before), n: windowPage}, func(rows []response.MarkedEvent) bool {
		return len(rows) > 0 && !rows[0].Time.IsZero() && rows[0].Time.Before(seen.Add(around))
	})
}

// fetch asks for one page of the applied filter. The filter is taken now, not
// when the command runs.
func (t *timelineScreen) fetch(e edge[response.MarkedEvent]) func(context.Context) ([]response.MarkedEvent, error) {
	id, r := t.id, response.PageRequest{Filter: t.applied, End: e.last, Limit: e.n, At: e.at}
	if e.after != nil {
		c := e.after.Cursor()
		r.After = &c
	}
	if e.before != nil {
		c := e.before.Cursor()
		r.Before = &c
	}
	return func(ctx context.Context) ([]response.MarkedEvent, error) { return t.desk.Page(ctx, id, r) }
}

// readFailed shows a filter that is none under the filter, and keeps any other
// error until it is read.
func (t *timelineScreen) readFailed(err error) tea.Cmd {
	var fe *timeline.FilterError
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &fe):
		t.wrong = fe
		return nil
	}
	return t.fail("read the timeline", err)
}

// measure counts what the filter leaves and how dense it is.
func (t *timelineScreen) measure() tea.Cmd {
	id, f := t.id, t.applied
	return tea.Batch(
		t.count.ask(t.ctx, func(ctx context.Context) (int64, error) { return t.desk.Count(ctx, id, f) }, t.Load),
		t.density.ask(t.ctx, func(ctx context.Context) (response.Histogram, error) {
			return t.desk.Histogram(ctx, id, response.HistogramRequest{Filter: f, Buckets: densityBins})
		}, t.Load))
}

// apply takes the typed filter when it is one, and says what is wrong else.
func (t *timelineScreen) apply() tea.Cmd {
	t.turn++
	text := strings.TrimSpace(t.filter.field.String())
	if _, err := timeline.ParseFilterAt(text, timeline.Moments{Now: t.now(), Detected: t.board.value.Incident.Detected}); err != nil {
		t.wrong = err
		return nil
	}
	t.wrong = nil
	if text == t.applied {
		return nil
	}
	t.applied = text
	t.count.forget()
	t.density.forget()
	first := edge[response.MarkedEvent]{n: windowPage}
	if e, ok := t.win.selected(); ok && text == "" { // taking the filter away keeps the place
		first.at = e.Time
	}
	return tea.Batch(t.win.jump(first), t.measure())
}

func (t *timelineScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case settled:
		if msg.turn == t.turn {
			return t.apply()
		}
	case tea.KeyMsg:
		if keyName(msg) == "enter" {
			t.filter.on = false
			return t.apply()
		}
		if t.filter.key(msg) {
			t.turn++
			return t.after(debounce, settled{t.turn})
		}
	}
	return nil
}

func (t *timelineScreen) on(do func(response.MarkedEvent) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		e, ok := t.win.selected()
		if !ok {
			return t.tell("no event is selected")
		}
		return do(e)
	}
}

func (t *timelineScreen) Actions() []action {
	table := []action{
		{id: "event.open", title: "open the event with all its attributes", foot: "open", keys: []string{"enter"}, run: t.on(func(e response.MarkedEvent) tea.Cmd {
			return t.push(t.read("Event", func(w int) []line { return eventDetail(e, w) }))
		})},
		{id: "event.filter", title: "filter as you type (host:web-1 user:root \"words\" after:… -source:cron tag:pivot)", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { t.filter.on = true; return nil }},
		{id: "event.star", title: "star the event, or take the star away", foot: "star", keys: []string{"*"}, writes: true, run: t.on(func(e response.MarkedEvent) tea.Cmd {
			star := !e.Star
			return t.mark(e, "star", "", func(ctx context.Context) error { return t.desk.Mark(ctx, t.id, e.ID.String(), &star, nil, "") })
		})},
		{id: "event.tag", title: "tag the event", foot: "tag", keys: []string{"t"}, writes: true, run: t.on(t.tag)},
		{id: "event.comment", title: "comment on the event", foot: "comment", keys: []string{"c"}, writes: true, run: t.on(t.comment)},
		{id: "event.time", title: "go to a time; empty is the start", foot: "time", keys: []string{"g"}, run: t.goTo},
		{id: "move.up", title: "up", keys: []string{"up", "k"}, moves: true, run: func() tea.Cmd { return t.win.by(-1) }},
		{id: "move.down", title: "down", keys: []string{"down", "j"}, moves: true, run: func() tea.Cmd { return t.win.by(1) }},
		{id: "move.pageup", title: "a page up", keys: []string{"pgup"}, moves: true, run: func() tea.Cmd { return t.win.by(-t.page) }},
		{id: "move.pagedown", title: "a page down", keys: []string{"pgdown"}, moves: true, run: func() tea.Cmd { return t.win.by(t.page) }},
		{id: "move.first", title: "to the first", keys: []string{"home"}, moves: true, run: t.win.start},
		{id: "move.last", title: "to the last", keys: []string{"end", "G"}, moves: true, run: t.win.end},
	}
	return table
}

// mark records a mark and then reads the one event again.
func (t *timelineScreen) mark(e response.MarkedEvent, what, draft string, do func(context.Context) error) tea.Cmd {
	id := t.id
	var after response.MarkedEvent
	return t.start(errand{
		key: "mark:" + e.ID.String(), title: what + " an event",
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			if err = do(ctx); err != nil {
				return "", err
			}
			after, err = t.desk.Event(ctx, id, e.ID.String())
			return "", err
		},
		then: func() tea.Cmd {
			t.draft(draft, "")
			if i := slices.IndexFunc(t.win.rows, func(r response.MarkedEvent) bool { return r.ID == after.ID }); i >= 0 {
				t.win.rows[i] = after
			}
			return nil
		},
	})
}

func (t *timelineScreen) tag(e response.MarkedEvent) tea.Cmd {
	id, draft := t.id, "tag:"+e.ID.String()
	return t.typed(&prompt{
		title: "Tag the event", text: e.Message, draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			tags := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
			return t.mark(e, "tag", draft, func(ctx context.Context) error { return t.desk.Mark(ctx, id, e.ID.String(), nil, tags, "") })
		},
	})
}

func (t *timelineScreen) comment(e response.MarkedEvent) tea.Cmd {
	id, draft := t.id, "comment:"+e.ID.String()
	return t.typed(&prompt{
		title: "Comment on the event", text: e.Message, draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return t.mark(e, "comment on", draft, func(ctx context.Context) error { return t.desk.Mark(ctx, id, e.ID.String(), nil, nil, text) })
		},
	})
}

// goTo asks for a time, written as the filter language writes it.
func (t *timelineScreen) goTo() tea.Cmd {
	var at time.Time
	return t.typed(&prompt{
		title: "Go to a time", text: "As in 2026-11-20T03:00Z, 2026-11-20, or 03:15 for a time of the selected day (UTC). Empty goes to the start.", draft: "goto", empty: true,
		check: func(text string) (err error) { at, err = t.moment(text); return err },
		submit: func(string, bool) tea.Cmd {
			t.draft("goto", "")
			if at.IsZero() {
				return t.win.start()
			}
			return t.win.jump(edge[response.MarkedEvent]{at: at, n: windowPage})
		},
	})
}

// moment reads what people type for a time.
func (t *timelineScreen) moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		day := t.now().UTC()
		if e, ok := t.win.selected(); ok && !e.Time.IsZero() {
			day = e.Time.UTC()
		}
		return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC), nil
	}
	return time.Time{}, errors.New("not a time; as in 2026-11-20T03:00Z or 03:15")
}
