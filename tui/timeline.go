package tui

import (
	"context"
	"errors"
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
	win      window[response.MarkedEvent]
	filter   filterLine
	applied  string   // the filter that the rows obey
	wrong    error    // why the typed filter is none
	broken   error    // why there are no rows at all
	notes    []string // what in it is read otherwise than it may be meant
	turn     int      // of the debounce
	estimate query[response.Estimate]
	count    query[int64]
	strip    strip
	columns  columns
	chosen   selection
	tail     tail
	measured measured
	asked    int64 // events of the incident when the rows were asked for; -1 never
	page     int
	local    bool // times are shown in the zone of the terminal
	shift    int  // cells that the messages are scrolled to the left
}

// measured is what was counted: a filter's events when there were so many of
// the incident.
type measured struct {
	filter string
	events int64
}

// settled comes when the typing of a filter has paused.
type settled struct{ turn int }

// debounce is the pause in typing after which the filter is asked for: longer
// than a burst of keys that came in one read, shorter than a pause that is felt.
const debounce = 60 * time.Millisecond

func newTimeline(a *app) *timelineScreen {
	t := &timelineScreen{app: a, asked: -1, page: 10}
	t.win = window[response.MarkedEvent]{ctx: func() context.Context { return t.ctx }, fetch: t.fetch, failed: t.readFailed, landed: t.measure}
	t.filter.past = -1
	return t
}

// timelineKept is what stays of a timeline when another incident is opened:
// what was typed, and how it was looked at.
type timelineKept struct {
	filter  filterLine
	columns columns
	local   bool
}

func (t *timelineScreen) keep() timelineKept {
	t.filter.shut()
	k := timelineKept{filter: t.filter, columns: t.columns, local: t.local}
	k.filter.on, k.columns.widths = false, nil
	return k
}

// recall takes up what was kept; the zero value is nothing.
func (t *timelineScreen) recall(k timelineKept) {
	if k.filter.field.text == nil && k.filter.before == nil && !k.columns.chosen && !k.local {
		return
	}
	t.filter, t.columns, t.local = k.filter, k.columns, k.local
	text := t.filter.field.String()
	if _, err := timeline.ParseFilterAt(text, t.moments()); err != nil {
		t.wrong = err
		return
	}
	t.applied = strings.TrimSpace(text)
}

func (t *timelineScreen) Title() string { return "Timeline" }
func (t *timelineScreen) Typing() bool  { return t.filter.on }

// Back leaves what is in front: the completions, the field, the strip, the
// chosen events, the filter.
func (t *timelineScreen) Back() (tea.Cmd, bool) {
	switch {
	case t.filter.on && t.filter.offers.open:
		t.filter.shut()
		return nil, true
	case !t.filter.on && t.strip.on:
		t.strip.on = false
		return nil, true
	case !t.filter.on && t.chosen.size() > 0:
		t.chosen.forget()
		return t.tell("nothing is chosen any more"), true
	case !t.filter.on && t.filter.field.String() == "":
		return nil, false
	}
	t.filter.leave()
	return t.apply(), true
}

// Load fills the window at first, later only looks for what has come.
func (t *timelineScreen) Load() tea.Cmd {
	n := t.board.value.Events
	if !t.board.loaded || t.asked == n {
		return nil
	}
	first := t.asked < 0
	if !first && (t.count.busy || t.strip.density.busy || t.estimate.busy) {
		return nil // the answer calls Load again
	}
	t.asked = n
	if first {
		return t.begin()
	}
	if t.atLast() { // as less +F does
		return t.win.end()
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
	if !t.win.loaded { // nothing is there yet: the next change of the incident asks again
		t.asked = -1
		if t.broken != nil && t.broken.Error() == err.Error() {
			return nil
		}
		t.broken = err
	}
	return t.fail("read the timeline", err)
}

// measure counts what the filter leaves and how dense it is, once the first
// page is there: an estimate first, and the number after it.
func (t *timelineScreen) measure() tea.Cmd {
	id, f := t.id, t.applied
	now := measured{f, t.asked}
	if t.measured == now && t.count.err == nil && t.estimate.err == nil {
		return nil // another place of the same events
	}
	t.measured = now
	return tea.Batch(
		t.estimate.ask(t.ctx, func(ctx context.Context) (response.Estimate, error) { return t.desk.Estimate(ctx, id, f) }, func() tea.Cmd {
			if t.estimate.err == nil && t.estimate.value.Exact {
				t.count.stop()
				t.count.value, t.count.loaded = t.estimate.value.Count, true
				return t.counted()
			}
			return t.count.ask(t.ctx, func(ctx context.Context) (int64, error) { return t.desk.Count(ctx, id, f) }, func() tea.Cmd {
				if t.count.err != nil {
					return tea.Batch(t.readFailed(t.count.err), t.Load())
				}
				return t.counted()
			})
		}),
		t.dense(), t.starsOf())
}

// counted takes the exact number, and says how many came since the end was in
// sight.
func (t *timelineScreen) counted() tea.Cmd {
	t.tail.counted(t.count.value, t.atLast())
	return t.Load()
}

// apply takes the typed filter when it is one, and says what is wrong else.
func (t *timelineScreen) apply() tea.Cmd {
	t.turn++
	text := t.filter.field.String()
	f, err := timeline.ParseFilterAt(text, t.moments())
	if err != nil {
		t.wrong, t.notes = err, nil
		return nil
	}
	t.wrong, t.notes = nil, f.Notes()
	text = strings.TrimSpace(text)
	if text == t.applied {
		return nil
	}
	t.applied = text
	t.forget()
	first := edge[response.MarkedEvent]{n: windowPage}
	if e, ok := t.win.selected(); ok && text == "" { // taking the filter away keeps the place
		first.at = e.Time
	}
	return t.win.jump(first)
}

// moments are what relative times are counted from.
func (t *timelineScreen) moments() timeline.Moments {
	return timeline.Moments{Now: t.now(), Detected: t.board.value.Incident.Detected}
}

// forget drops what was known of the former filter's events.
func (t *timelineScreen) forget() {
	t.count.forget()
	t.estimate.forget()
	t.strip.forget()
	t.columns.widths = nil
	t.tail, t.measured = tail{}, measured{}
}

// narrow makes a filter of the person's choice the applied one, and stays at
// the selected event when it still matches.
func (t *timelineScreen) narrow(text string) tea.Cmd {
	return t.narrowAt(text, func(first *edge[response.MarkedEvent]) {
		if e, ok := t.win.selected(); ok {
			first.at = e.Time
		}
	})
}

func (t *timelineScreen) narrowAt(text string, place func(*edge[response.MarkedEvent])) tea.Cmd {
	t.turn++
	if _, err := timeline.ParseFilterAt(text, t.moments()); err != nil {
		return t.fail("filter the timeline", err)
	}
	t.filter.remember(t.applied)
	t.filter.field, t.wrong, t.notes = newField(text), nil, nil
	t.filter.remember(text)
	t.applied = text
	t.forget()
	first := edge[response.MarkedEvent]{n: windowPage}
	place(&first)
	e, ok := t.win.selected()
	return t.win.aim(first, func(r response.MarkedEvent) bool { return ok && r.ID == e.ID })
}

func (t *timelineScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case settled:
		if msg.turn == t.turn {
			return tea.Batch(t.apply(), t.offered())
		}
	case tea.KeyMsg:
		return t.typing(msg)
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
	if t.strip.on {
		return append(t.stripActions(), t.zooming()...)
	}
	table := []action{
		{id: "event.open", title: "open the event with all its attributes", foot: "open", keys: []string{"enter"}, run: t.on(func(e response.MarkedEvent) tea.Cmd {
			var made drawn // an event with thousands of attributes is not written anew for each key
			z := t.zone()
			return t.push(t.read("Event", func(w int) []line {
				if made.rows == nil || made.w != w {
					made = drawn{rows: eventDetail(e, z, w), w: w}
				}
				return made.rows
			}))
		})},
		{id: "event.filter", title: "filter as you type (host:web-1 user:root \"words\" after:… -source:cron tag:pivot); tab completes, up and down are the filters before", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { t.filter.on, t.strip.on = true, false; return nil }},
		{id: "event.pivot", title: "pivot: only the events with a value of this one, without them, around its time, its session", foot: "pivot", keys: []string{"p"}, run: t.on(t.pivot)},
		{id: "event.star", title: "star the event or the chosen ones, or take the star away", foot: "star", keys: []string{"*"}, writes: true, run: t.on(t.star)},
		{id: "event.tag", title: "tag the event or the chosen ones", foot: "tag", keys: []string{"t"}, writes: true, run: t.on(t.tag)},
		{id: "event.comment", title: "comment on the event or the chosen ones", foot: "comment", keys: []string{"c"}, writes: true, run: t.on(t.comment)},
		{id: "event.choose", title: "choose the event for a star, a tag or a comment on several, or no longer", keys: []string{"space"}, run: t.on(t.choose)},
		{id: "event.range", title: "choose the events from the one chosen last to this one", keys: []string{"r"}, run: t.on(t.chooseRange)},
		{id: "event.all", title: "choose all events that match the filter", keys: []string{"A"}, run: t.chooseAll},
		{id: "event.raw", title: "the record as it lies in the evidence; tab shows it in hex", foot: "raw", keys: []string{"o"}, run: t.on(t.raw)},
		{id: "event.values", title: "the values of a field: how often, first and last seen, the rare ones", foot: "values", keys: []string{"v"}, run: t.chooseField},
		{id: "event.gaps", title: "where a source, a host or a user falls silent", keys: []string{"s"}, run: t.silences},
		{id: "event.time", title: "go to a time; empty is the start", foot: "time", keys: []string{"g"}, run: t.goTo},
		{id: "event.density", title: "the strip of how dense the events are: left and right, enter goes there", foot: "density", keys: []string{"tab"}, run: t.enterStrip},
		{id: "event.columns", title: "choose the columns and their order", keys: []string{"C"}, run: t.chooseColumns},
		{id: "event.zone", title: "times in UTC or in the zone of this terminal", keys: []string{"Z"}, run: func() tea.Cmd { t.local = !t.local; return nil }, disabled: func() string {
			if t.here == nil {
				return "the zone of this terminal is not known"
			}
			return ""
		}},
		{id: "event.follow", title: "follow a file: what is appended to it is sealed and read as it comes", keys: []string{"F"}, writes: true, run: t.followFile},
		{id: "event.left", title: "scroll the messages back", keys: []string{"left", "h"}, moves: true, run: func() tea.Cmd { t.shift = max(t.shift-shiftBy, 0); return nil }},
		{id: "event.right", title: "scroll long messages", keys: []string{"right", "l"}, moves: true, run: func() tea.Cmd { t.shift = min(t.shift+shiftBy, shiftMost); return nil }},
	}
	table = append(table, t.zooming()...)
	return append(table, []action{
		{id: "move.up", title: "up", keys: []string{"up", "k"}, moves: true, run: func() tea.Cmd { return t.win.by(-1) }},
		{id: "move.down", title: "down", keys: []string{"down", "j"}, moves: true, run: func() tea.Cmd { return t.win.by(1) }},
		{id: "move.pageup", title: "a page up", keys: []string{"pgup"}, moves: true, run: func() tea.Cmd { return t.win.by(-t.page) }},
		{id: "move.pagedown", title: "a page down", keys: []string{"pgdown"}, moves: true, run: func() tea.Cmd { return t.win.by(t.page) }},
		{id: "move.first", title: "to the first", keys: []string{"home"}, moves: true, run: t.win.start},
		{id: "move.last", title: "to the last, and along with what comes", keys: []string{"end", "G"}, moves: true, run: t.win.end},
	}...)
}

// tables are the keys of what the timeline opens, for the page of keys.
func (t *timelineScreen) tables() []struct {
	title   string
	actions []action
} {
	return []struct {
		title   string
		actions []action
	}{
		{"density strip", append(t.stripActions(), t.zooming()...)},
		{"pivot", (&pivot{t: t}).Actions()},
		{"values of a field", (&values{t: t}).Actions()},
		{"silences", (&gaps{t: t}).Actions()},
		{"record in the evidence", (&raw{t: t}).Actions()},
		{"columns", (&columnPicker{t: t}).Actions()},
	}
}

// zone is the one that times are shown in.
func (t *timelineScreen) zone() *time.Location {
	if t.local && t.here != nil {
		return t.here
	}
	return time.UTC
}

// zoneName is what the head says of the times.
func (t *timelineScreen) zoneName() string {
	z := t.zone()
	if z == time.UTC {
		return "UTC"
	}
	at := t.now()
	if e, ok := t.win.selected(); ok && !e.Time.IsZero() {
		at = e.Time
	}
	name, offset := at.In(z).Zone()
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	hours := time.Time{}.Add(time.Duration(offset) * time.Second).Format("15:04")
	return name + " (UTC" + sign + hours + ")"
}

// goTo asks for a time, written as the filter language writes it.
func (t *timelineScreen) goTo() tea.Cmd {
	var at time.Time
	return t.typed(&prompt{
		title: "Go to a time", text: "As in 2026-11-20T03:00Z, 2026-11-20, 03:15 for a time of the selected day (" + t.zoneName() + "), or -2h. Empty goes to the start.", draft: "goto", empty: true,
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
	day := t.now()
	if e, ok := t.win.selected(); ok && !e.Time.IsZero() {
		day = e.Time
	}
	return momentOf(text, t.zone(), day, t.moments())
}

// momentOf reads a time; without a zone it is in z, without a date of that day
// there. It can be one that a filter has too, as in -2h. An empty text is the
// zero time.
func momentOf(text string, z *time.Location, day time.Time, m timeline.Moments) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, z); err == nil {
			return at.UTC(), nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		at, err := time.Parse(layout, text)
		if err == nil {
			day = day.In(z)
			return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), at.Second(), 0, z).UTC(), nil
		}
	}
	if at, err := timeline.ReadMoment(text, m); err == nil {
		return at, nil
	}
	return time.Time{}, errors.New("not a time; as in 2026-11-20T03:00Z, 03:15 or -2h")
}
