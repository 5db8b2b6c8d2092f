package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/response"
)

// screen is one view of the body. Screens are plain structs; only Model is a
// tea.Model.
type screen interface {
	Title() string
	Actions() []action
	Update(tea.Msg) tea.Cmd // keys while Typing, and messages of its own
	View(w, h int) string
	Load() tea.Cmd         // asks for what it shows
	Back() (tea.Cmd, bool) // esc inside the screen; false when there is nothing to go back from
	Typing() bool          // text is being typed: no key is a command
}

// Model routes: keys to dialogs and screens, answers to whoever asked. It also
// draws what is always in sight: header, phases, status and footer.
type Model struct {
	*app
	list      *list
	dashboard *dashboard
	walker    *walker
	timeline  *timelineScreen
	evidence  *evidence
	activity  *activity
	findings  *findings
	clocks    *clocksScreen
	shown     screen
	body      string // the part between header and status, as it was drawn last
	bodyAt    [2]int
	minute    int64 // of the clock when it ticked last

	kept map[incident.ID]timelineKept // how the timelines of this session were left

	exercise exerciseSeen
	overtime reminded

	locking Locking
	touched time.Time // when a key was pressed last
	veil    *veil     // nil: nothing is hidden
	left    *Locked   // set when the screens were left to be locked
}

type clockTick struct{}

func newModel(d desk, pbs func() ([]*playbooks.Playbook, error), o Options) *Model {
	now := o.Now
	if now == nil {
		now = func() time.Time { return time.Time{} }
	}
	a := &app{ctx: context.Background(), desk: d, library: pbs, now: now, paint: newPaint(o.Look, o.ASCII), ro: o.ReadOnly, here: o.Here, id: o.Incident, drafts: map[string]string{}, dirty: true, after: later}
	m := &Model{app: a, kept: map[incident.ID]timelineKept{}}
	m.list = &list{app: a}
	m.newScreens()
	m.shown = m.list
	if o.Incident != "" {
		m.shown = m.dashboard
	}
	m.locking, m.touched = o.Locking, now()
	m.resume(o.Screen, o.Drafts)
	a.reload = func() tea.Cmd { return m.shown.Load() }
	a.open = m.openIncident
	a.bound = func(key string) bool { _, ok := keyed(m.shown.Actions(), key); return ok }
	a.show = func(name string) tea.Cmd {
		for _, s := range m.screens() {
			if s.Title() == name {
				m.shown, m.dirty = s, true
				return s.Load()
			}
		}
		return nil
	}
	return m
}

func (m *Model) screens() []screen {
	return []screen{m.list, m.dashboard, m.walker, m.timeline, m.evidence, m.activity, m.findings, m.clocks}
}

// newScreens makes the screens of one incident.
func (m *Model) newScreens() {
	m.dashboard, m.walker = &dashboard{app: m.app}, newWalker(m.app)
	m.timeline, m.evidence, m.activity = newTimeline(m.app), &evidence{app: m.app}, newActivity(m.app)
	m.findings, m.clocks = newFindings(m.app), newClocks(m.app)
	m.findings.open = func(filter string) tea.Cmd {
		narrowed := m.timeline.narrowAt(filter, func(*edge[response.MarkedEvent]) {}) // from its first event on
		return tea.Batch(narrowed, m.show(m.timeline.Title()))
	}
}

// openIncident changes to another incident, or with "" to the list.
func (m *Model) openIncident(id incident.ID) tea.Cmd {
	m.board.forget()
	m.kept[m.id] = m.timeline.keep()
	m.id, m.ended = id, ""
	m.newScreens() // no row of one incident may show in another
	m.timeline.recall(m.kept[id])
	m.shown, m.dirty = m.list, true
	if id != "" {
		m.shown = m.dashboard
	}
	return tea.Batch(m.refresh(), m.follow())
}

// Init asks for the first screen's facts and starts the clock.
func (m *Model) Init() tea.Cmd {
	first := tea.Batch(m.refresh(), m.follow(), m.tick())
	if m.timeline.filter.field.String() != "" {
		return tea.Batch(first, m.timeline.apply())
	}
	return first
}

func (m *Model) tick() tea.Cmd { return m.after(time.Second, clockTick{}) }

// later is the real clock's after.
func later(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

// Update takes one message. It never waits for anything.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case clockTick:
		if m.toast != "" && m.now().Sub(m.toastAt) >= toastTime {
			m.toast = ""
		}
		m.minutePassed()
		if m.idle() {
			return m, tea.Batch(m.lock(), m.tick())
		}
		return m, tea.Batch(m.pulses(), m.reminders(), m.tick())
	case progressTick:
		if len(m.jobs) == 0 {
			return m, nil
		}
		return m, m.pulse()
	case answer:
		changed, cmd := msg()
		m.dirty = m.dirty || changed
		return m, tea.Batch(cmd, m.lockWhenDone())
	case lifted:
		m.unveil(msg)
		return m, nil
	case watching:
		if msg.err != nil && msg.turn == m.watch && !errors.Is(msg.err, context.Canceled) {
			return m, m.fail("watch the incident", msg.err)
		}
		return m, m.next(msg)
	case watched:
		if msg.turn != m.watch {
			return m, nil
		}
		if m.board.busy {
			m.stale = true
			return m, m.next(msg.watching)
		}
		return m, tea.Batch(m.refresh(), m.next(msg.watching))
	case tea.WindowSizeMsg:
		m.w, m.h, m.dirty = msg.Width, msg.Height, true
		return m, m.shown.Update(msg)
	case tea.KeyMsg:
		m.dirty = true
		if m.veil != nil {
			return m, m.veil.key(msg)
		}
		m.touched = m.now()
		return m, m.keys(msg)
	}
	m.dirty = true
	return m, m.shown.Update(msg)
}

// keys takes what one read brought: a key, several, or a paste.
func (m *Model) keys(msg tea.KeyMsg) tea.Cmd {
	if m.typing() && len(msg.Runes) > 1 {
		return m.key(msg)
	}
	if cmd, taken := m.filterAndText(msg); taken {
		return cmd
	}
	ks, pasted := single(msg)
	if pasted {
		return m.tell("pasted text is not taken as commands")
	}
	var cmds []tea.Cmd
	for _, k := range ks {
		cmds = append(cmds, m.key(k))
	}
	return tea.Batch(cmds...)
}

// filterAndText takes the key that opens a filter with the text that was typed
// behind it, when a slow line brought both in one read. Text in a field is no
// command, so nothing is risked by that.
func (m *Model) filterAndText(msg tea.KeyMsg) (tea.Cmd, bool) {
	if msg.Type != tea.KeyRunes || msg.Paste || msg.Alt || len(msg.Runes) < 2 || msg.Runes[0] != '/' || m.front() != nil {
		return nil, false
	}
	open := m.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: msg.Runes[:1]})
	if !m.shown.Typing() {
		return open, false
	}
	return tea.Batch(open, m.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: msg.Runes[1:]})), true
}

// typing says whether text goes into a field.
func (m *Model) typing() bool {
	if l := m.front(); l != nil {
		switch o := l.overlay.(type) {
		case *prompt, *form, *palette:
			return true
		case *approval:
			return o.high()
		}
		return false
	}
	return m.shown.Typing()
}

func (m *Model) key(k tea.KeyMsg) tea.Cmd {
	name := keyName(k)
	switch name {
	case "ctrl+c":
		if len(m.jobs) > 0 {
			return m.cancelJobs()
		}
		return m.leave()
	case "ctrl+l":
		return tea.ClearScreen
	}
	if l := m.front(); l != nil {
		if l.grace.swallows(m.now()) {
			return nil
		}
		if name == "esc" {
			if p, ok := l.overlay.(*approval); ok {
				return p.leave()
			}
			m.close(l.overlay)
			return nil
		}
		if act, ok := keyed(l.Actions(), name); ok && len(k.Runes) < 2 {
			return m.perform(act)
		}
		return l.Key(k)
	}
	if m.shown.Typing() && name != "esc" {
		return m.shown.Update(k)
	}
	if act, ok := keyed(m.table(), name); ok {
		return m.perform(act)
	}
	return nil
}

// table is every action of the shown screen, its own first.
func (m *Model) table() []action {
	t := m.shown.Actions()
	if m.id != "" {
		t = append(t, m.inIncident()...)
	}
	return append(t, m.everywhere()...)
}

// everywhere are the actions of every screen.
func (m *Model) everywhere() []action {
	return []action{
		{id: "palette", title: "find a command", foot: "commands", keys: []string{":"}, moves: true, run: func() tea.Cmd { return m.push(newPalette(m.app, m.table())) }},
		{id: "help", title: "help: every key of this screen", foot: "help", keys: []string{"?"}, run: m.help},
		{id: "failures", title: "read what failed", keys: []string{"!"}, run: m.readFailures},
		{id: "back", title: "back one level", keys: []string{"esc"}, moves: true, run: m.back},
		{id: "lock", title: "lock the screens and forget the keys", run: m.lock, disabled: func() string {
			if m.locking.Check == nil {
				return "the workspace is not encrypted"
			}
			return ""
		}},
		{id: "redraw", title: "draw the screen again", keys: []string{"ctrl+l"}, run: func() tea.Cmd { return tea.ClearScreen }},
		{id: "cancel", title: "cancel running work, else quit", keys: []string{"ctrl+c"}, moves: true, run: m.leave},
		{id: "quit", title: "leave: to the list, from there out", keys: []string{"q"}, run: func() tea.Cmd {
			if m.id != "" {
				return m.openIncident("")
			}
			return m.leave()
		}},
	}
}

// inIncident are the actions of every screen of an open incident.
func (m *Model) inIncident() []action {
	to := func(key, foot, name string) action {
		return action{id: "screen." + foot, title: "screen: " + strings.ToLower(name), keys: []string{key}, run: func() tea.Cmd { return m.show(name) }}
	}
	return []action{
		to("1", "dash", "Dashboard"), to("2", "steps", "Steps"), to("3", "timeline", "Timeline"), to("4", "evidence", "Evidence"), to("5", "activity", "Activity"), to("6", "triage", "Triage"), to("7", "clocks", "Clocks"),
		{id: "note", title: "note what happened or was decided", foot: "note", keys: []string{"n"}, writes: true, run: func() tea.Cmd { return m.note(m.noteStep()) }},
		{id: "approvals", title: "plans that wait for an approval", foot: "approvals", keys: []string{"a"}, run: m.approvals, disabled: func() string {
			if len(m.waiting()) == 0 {
				return "none waits"
			}
			return ""
		}},
		{id: "contained", title: "what is in force: undo it, or give it more time", keys: []string{"E"}, run: m.contained, disabled: func() string {
			if len(m.board.value.Contained) == 0 {
				return "nothing is in force"
			}
			return ""
		}},
		{id: "outbox", title: "outbox: not sent, unknown, failed", keys: []string{"O"}, run: m.outbox, disabled: func() string {
			if len(m.stuck()) == 0 {
				return "nothing is in it"
			}
			return ""
		}},
		{id: "updates", title: "tell an audience what is new", keys: []string{"U"}, writes: true, run: m.updates},
		{id: "handover", title: "what the next shift has to know, and hand on to it", keys: []string{"N"}, run: m.handover},
		{id: "injects", title: "what the exercise brought in, and answer it", foot: "injects", keys: []string{"I"}, run: m.injects, disabled: m.exercising},
		{id: "advance", title: "run the automatic steps that need nobody", keys: []string{"R"}, writes: true, run: m.advance},
		{id: "review", title: "write the review", keys: []string{"x"}, writes: true, run: m.writeReview},
		{id: "sign", title: "sign the record with your ssh key", keys: []string{"S"}, writes: true, run: m.signRecord},
		{id: "verify", title: "verify the record and the evidence", run: m.verify},
		{id: "incident.values", title: "give the values that the playbook needs", keys: []string{"V"}, writes: true, run: m.giveValues, disabled: func() string {
			if len(m.board.value.Missing) == 0 {
				return "nothing is missing"
			}
			return ""
		}},
		{id: "incident.severity", title: "set the severity", writes: true, run: m.setSeverity},
		{id: "incident.role", title: "give a role to a person", writes: true, run: m.assign},
		{id: "incident.item", title: "add a follow-up for the review", writes: true, run: m.addItem},
		{id: "incident.step", title: "add a step to this run", writes: true, run: m.addStep},
		{id: "incident.close", title: "close the incident", writes: true, run: m.closeIncident},
		{id: "incident.reopen", title: "open the incident again", writes: true, run: m.reopenIncident, disabled: func() string {
			if m.ro {
				return "this session is read only"
			}
			if m.board.value.Incident.Status != incident.Closed {
				return "it is open"
			}
			return ""
		}},
	}
}

// back goes one level back: within the screen, to the dashboard, to the list.
func (m *Model) back() tea.Cmd {
	cmd, done := m.shown.Back()
	switch {
	case done:
		return cmd
	case m.id == "":
		return m.tell("q leaves")
	case m.shown != screen(m.dashboard):
		return m.show(m.dashboard.Title())
	}
	return m.openIncident("")
}

// leave asks before it quits when something would be left behind.
func (m *Model) leave() tea.Cmd {
	var left []string
	for _, j := range m.jobs {
		left = append(left, "still under way: "+j.says(m.now()))
	}
	if n := len(m.drafts); n > 0 {
		left = append(left, plural(int64(n), "text")+" typed but not sent")
	}
	title := "Leave Firebreak?"
	text := "Nothing is lost: the record is on disk, and opening the incident again resumes."
	if len(left) > 0 {
		text = strings.Join(left, "\n") + "\n\nLeaving stops waiting for it. What may already have been sent will be shown as unknown until somebody looks."
	}
	if m.id == "" && len(left) == 0 && m.front() == nil {
		return tea.Quit
	}
	for _, l := range m.overlays {
		if q, ok := l.overlay.(*question); ok && q.title == title {
			return nil
		}
	}
	return m.ask(title, text, "leave", func() tea.Cmd { return tea.Quit })
}

// readFailures shows what failed; having seen it is having read it.
func (m *Model) readFailures() tea.Cmd {
	fs := m.failed
	if len(fs) == 0 {
		return m.tell("nothing has failed that was not read")
	}
	r := m.read("What failed", func(w int) []line {
		var out []line
		for i := len(fs) - 1; i >= 0; i-- {
			f := fs[i]
			out = append(out, line{{faint, f.at.UTC().Format("15:04:05Z ")}, {strong, f.what}})
			out = append(out, wrap(bad, f.err, w)...)
			if f.hint != "" {
				out = append(out, wrap(usual, "Hint: "+f.hint, w)...)
			}
			out = append(out, nil)
		}
		return out
	})
	m.failed = nil
	return m.push(r)
}

func (m *Model) help() tea.Cmd {
	table := m.table()
	moving := func(act action) int { return map[bool]int{true: 1}[strings.HasPrefix(act.id, "move.")] }
	slices.SortStableFunc(table, func(x, y action) int { return moving(x) - moving(y) })
	name := m.shown.Title()
	return m.push(m.read("Help: "+name, func(w int) []line {
		out := wrap(usual, "On a screen enter opens and never executes; in a dialog the last row says what it does. Esc goes back one level. What is typed is kept until it has been sent.", w)
		out = append(out, nil)
		for _, act := range table {
			if len(act.keys) == 0 {
				continue
			}
			rows := wrap(usual, act.title, max(w-12, 8))
			rows[0] = append(line{{hotkey, pad(strings.Join(act.keys, " "), 12)}}, rows[0]...)
			for i := range rows[1:] {
				rows[i+1] = append(line{{usual, spaces(12)}}, rows[i+1]...)
			}
			out = append(out, rows...)
			if why := m.why(act); why != "" {
				for _, l := range wrap(faint, "not now: "+why, max(w-14, 8)) {
					out = append(out, append(line{{usual, spaces(14)}}, l...))
				}
			}
		}
		out = append(out, nil)
		return append(out, wrap(faint, ": lists the commands without a key too.", w)...)
	}))
}

func pad(s string, w int) string { return s + spaces(w-len(s)) }

var _ desk = (*response.Session)(nil)

// noteStep is the step a note belongs to: the one selected in the walker.
func (m *Model) noteStep() string {
	if m.shown != screen(m.walker) {
		return ""
	}
	s, _, _ := m.walker.selected()
	return s.ID
}
