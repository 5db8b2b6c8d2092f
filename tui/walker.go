package tui

import (
	"context"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/playbooks"
	"firebreak/response"
)

// walker goes through the steps of the playbook: the list at the left, the
// selected step in full at the right, or one after the other where there is no
// room for two.
type walker struct {
	*app
	filter filter
	place
	chosen string // id of the selected step; the cursor follows it
	moved  bool   // the person chose the step and has not worked on it since
	detail bool   // the detail has the keys
	scroll int    // how far the detail is scrolled
	page   int
	rows   int
	grace  grace // after somebody else's work has moved the cursor
}

func newWalker(a *app) *walker { return &walker{app: a, page: 10} }

func (k *walker) Title() string { return "Steps" }
func (k *walker) Typing() bool  { return k.filter.on }

func (k *walker) Back() (tea.Cmd, bool) {
	if k.detail {
		k.detail, k.scroll = false, 0
		return nil, true
	}
	return nil, k.filter.back()
}

// Load puts the cursor on the next step, the first time and whenever the work
// under it is over; where the person has moved it, it stays.
func (k *walker) Load() tea.Cmd {
	next := k.board.value.Next
	at, _ := k.step(k.chosen)
	if k.chosen == "" || !k.moved && next != "" && next != k.chosen && over(at) {
		if k.chosen != "" && at.By != k.desk.Actor().Name {
			k.grace = grace{k.now(), k.now()}
		}
		k.chosen, k.detail, k.scroll = next, false, 0
	}
	k.seek()
	return nil
}

// steps are the steps that the filter leaves, with headings between phases.
func (k *walker) steps() []response.StepView {
	var out []response.StepView
	for _, p := range k.board.value.Phases {
		for _, s := range p.Steps {
			if k.filter.fits(s.ID, s.Title, string(s.Verb), string(s.State), s.Assign) {
				out = append(out, s)
			}
		}
	}
	return out
}

// seek puts the cursor where the chosen step is now.
func (k *walker) seek() {
	for i, s := range k.steps() {
		if s.ID == k.chosen {
			k.at = i
		}
	}
}

func (k *walker) selected() (response.StepView, response.ActionView, bool) {
	ss := k.steps()
	if len(ss) == 0 {
		return response.StepView{}, response.ActionView{}, false
	}
	s := ss[min(k.at, len(ss)-1)]
	v, _ := k.action(s.ActionID)
	return s, v, true
}

func (k *walker) by(n int) tea.Cmd {
	if k.detail {
		k.scroll = min(max(k.scroll+min(max(n, -k.rows), k.rows), 0), max(k.rows-k.page, 0))
		return nil
	}
	ss := k.steps()
	k.move(n, len(ss))
	if len(ss) > 0 {
		k.chosen, k.scroll = ss[k.at].ID, 0
		k.moved = k.chosen != k.board.value.Next
	}
	return nil
}

// work is on for what may end the step: the cursor goes on when it does. A key
// that was meant for a step which somebody else has just ended does nothing.
func (k *walker) work(do func(response.StepView, response.ActionView) tea.Cmd) func() tea.Cmd {
	return k.on(func(s response.StepView, v response.ActionView) tea.Cmd {
		if k.grace.swallows(k.now()) {
			return k.tell("somebody has just ended the step before: this is the next one")
		}
		k.moved = k.moved && over(s)
		return do(s, v)
	})
}

// undoable is the action that u undoes: the step's, or the one that has just
// ended when the cursor has gone on by itself.
func (k *walker) undoable() response.ActionView {
	_, v, _ := k.selected()
	if just, ok := k.action(k.ended); ok && !k.moved && v.State != response.Verified && v.State != response.Sent {
		return just
	}
	return v
}

// on makes the run function of an action on the selected step.
func (k *walker) on(do func(response.StepView, response.ActionView) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		s, v, ok := k.selected()
		if !ok {
			return nil
		}
		return do(s, v)
	}
}

// unless makes a why-disabled function over the selected step.
func (k *walker) unless(why func(response.StepView, response.ActionView) string) func() string {
	return func() string {
		s, v, ok := k.selected()
		switch {
		case !ok:
			return "no step is selected"
		case k.running("step:"+s.ID) || v.Action != "" && k.running("action:"+v.Action):
			return "it is under way"
		}
		return why(s, v)
	}
}

func (k *walker) Actions() []action {
	table := []action{
		{id: "step.open", title: "open the step, or its plan when it needs an approval", foot: "open", keys: []string{"enter"}, run: k.on(func(_ response.StepView, v response.ActionView) tea.Cmd {
			if undo := k.undo(v); undo.State == response.Planned {
				return k.review(undo, false)
			}
			if v.State == response.Planned {
				return k.review(v, false)
			}
			k.detail = true
			return nil
		})},
		{id: "step.done", title: "mark a manual step done, or end a wait", foot: "done", keys: []string{"space"}, writes: true, run: k.work(func(s response.StepView, _ response.ActionView) tea.Cmd { return k.doneStep(s) }), disabled: k.unless(whyNotDone)},
		{id: "step.run", title: "run an automatic step, or send its approved action", foot: "run", keys: []string{"r"}, writes: true, run: k.work(func(s response.StepView, v response.ActionView) tea.Cmd {
			if undo := k.undo(v); undo.State == response.Approved {
				return k.carryOut(k.id, undo)
			}
			return k.runStep(s)
		}), disabled: k.unless(func(s response.StepView, v response.ActionView) string {
			if k.undo(v).State == response.Approved {
				return ""
			}
			return whyNotRun(s, v)
		})},
		{id: "step.undo", title: "plan the undo of the step's or the last action", foot: "undo", keys: []string{"u"}, writes: true, run: func() tea.Cmd { return k.revert(k.undoable()) }, disabled: func() string { return k.whyNotUndo(k.undoable()) }},
		{id: "step.look", title: "look what became of an unknown action", foot: "look", keys: []string{"l"}, writes: true, run: k.work(func(_ response.StepView, v response.ActionView) tea.Cmd {
			if undo := k.undo(v); undo.State == response.Unknown {
				return k.lookUp(undo)
			}
			return k.lookUp(v)
		}), disabled: k.unless(func(_ response.StepView, v response.ActionView) string {
			if v.State != response.Unknown && k.undo(v).State != response.Unknown {
				return "its outcome is not unknown"
			}
			return ""
		})},
		{id: "step.skip", title: "skip the step, with a reason", foot: "skip", keys: []string{"s"}, writes: true, run: k.work(func(s response.StepView, _ response.ActionView) tea.Cmd { return k.skipStep(s) }), disabled: k.unless(func(s response.StepView, _ response.ActionView) string {
			if over(s) {
				return "it is over"
			}
			return ""
		})},
		{id: "step.reopen", title: "open a failed, skipped or done step again", foot: "again", keys: []string{"o"}, writes: true, run: k.on(func(s response.StepView, _ response.ActionView) tea.Cmd { return k.reopenStep(s) }), disabled: k.unless(func(s response.StepView, _ response.ActionView) string {
			if !over(s) && s.State != playbooks.Failed {
				return "it is not over"
			}
			return ""
		})},
		{id: "step.start", title: "say that you are on it", keys: []string{"w"}, writes: true, run: k.on(func(s response.StepView, _ response.ActionView) tea.Cmd { return k.startStep(s) }), disabled: k.unless(func(s response.StepView, _ response.ActionView) string {
			switch {
			case !byHand(s.Verb):
				return "it is not a manual step"
			case s.State != playbooks.Ready:
				return "it is " + string(s.State)
			}
			return ""
		})},
		{id: "step.pane", title: "the other pane", keys: []string{"tab"}, moves: true, run: func() tea.Cmd { k.detail = !k.detail; return nil }},
		{id: "step.filter", title: "filter as you type", foot: "filter", keys: []string{"/"}, run: func() tea.Cmd { k.filter.on, k.detail = true, false; return nil }},
	}
	return append(table, mover(k.by, func() int { return max(k.page-1, 1) }, nil, nil)...) // the detail's last row may be a note
}

func whyNotDone(s response.StepView, _ response.ActionView) string {
	switch {
	case over(s):
		return "it is over"
	case s.Verb == playbooks.VerbWait && s.State == playbooks.Running:
		return ""
	case s.Verb == playbooks.VerbIf && !s.AgainAt.IsZero():
		return ""
	case s.Verb.Holds():
		return "it ends when its steps have ended"
	case !s.Verb.Manual():
		return "it is not a manual step: r runs it"
	case s.State == playbooks.Locked:
		return lockedWhy(s)
	case s.State == playbooks.Failed:
		return "it has failed: o opens it again"
	}
	return ""
}

func whyNotRun(s response.StepView, v response.ActionView) string {
	switch {
	case over(s):
		return "it is over"
	case byHand(s.Verb):
		return "people do it: space marks it done"
	case s.Verb.Holds() && (s.Verb != playbooks.VerbPlaybook || s.State == playbooks.Running):
		return "its own steps are run one by one"
	case v.State == response.Planned:
		return "its plan needs an approval first (enter)"
	case v.State == response.Unknown:
		return "its outcome is unknown: l looks first"
	case v.State == response.Queued:
		return "it waits in the outbox: O shows it"
	case s.State == playbooks.Locked:
		return lockedWhy(s)
	case s.State == playbooks.Failed:
		return "it has failed: o opens it again"
	case s.State == playbooks.Running && !s.Verb.Acts():
		return "it is under way"
	}
	return ""
}

// whyNotUndo says why an action cannot be undone now.
func (a *app) whyNotUndo(v response.ActionView) string {
	switch undo := a.undo(v); {
	case v.Action == "":
		return "it has no action"
	case a.running("revert:"+v.Action) || a.running("action:"+v.Action):
		return "it is under way"
	case v.State != response.Verified && v.State != response.Sent:
		return "its action was not carried out"
	case undo.State == response.Planned:
		return "undo " + undo.Action + " NEEDS APPROVAL (a)"
	case undo.State == response.Unknown:
		return "undo " + undo.Action + " is unknown: l looks first"
	case v.RevertedBy != "":
		return "it was undone by " + v.RevertedBy
	case undo.Action != "":
		return "undo " + undo.Action + " is " + string(undo.State)
	case v.Undo == "":
		return "it cannot be undone"
	}
	return ""
}

func lockedWhy(s response.StepView) string {
	if s.Why == "" {
		return "it is locked"
	}
	return "it is locked: " + s.Why
}

func (k *walker) Update(msg tea.Msg) tea.Cmd {
	if key, ok := msg.(tea.KeyMsg); ok {
		k.filter.key(key)
		k.place = place{}
		if ss := k.steps(); len(ss) > 0 {
			k.chosen, k.moved = ss[0].ID, true
		}
	}
	return nil
}

func (k *walker) View(w, h int) string {
	if !k.board.loaded {
		return k.paint.block([]line{look(faint, " reading")}, w, h)
	}
	strip := stripHeight(h)
	top := h - strip
	var out []line
	switch s, _, ok := k.selected(); {
	case !ok && k.filter.field.String() == "" && !k.filter.on:
		out = fit(wrap(faint, " This incident follows no playbook. : adds a step.", w), top)
	case w < twoPanes && k.detail:
		out = k.pane(s, w, top)
	case w < twoPanes:
		out = k.left(w, top)
	default:
		lw := w * 13 / 25
		bar := " " + k.paint.bar + " "
		rw := w - lw - 3
		var right []line
		if ok {
			right = k.pane(s, rw, top)
		}
		out = beside(k.left(lw, top), right, lw, w, top, bar)
		if k.detail { // the mark of the pane that has the keys
			for i, s := range out[0] {
				if s.text == bar {
					out[0][i] = sp(strong, " "+k.paint.bar+">")
				}
			}
		}
	}
	if strip > 0 {
		out = append(out, k.activityPane(w, strip)...)
	}
	return k.paint.block(out, w, h)
}

// pane is the selected step, scrolled.
func (k *walker) pane(s response.StepView, w, h int) []line {
	ls := k.stepDetail(s, w)
	k.rows = len(ls)
	if k.detail {
		k.page = max(h, 1)
	}
	return scrolled(ls, k.scroll, h)
}

// left is the list with a heading in front of each phase.
func (k *walker) left(w, h int) []line {
	out := k.filter.line(w)
	if !k.detail {
		k.page = max(h-2, 1)
	}
	type listed struct {
		line line
		step int
	}
	var rows []listed
	n, cursor := 0, 0
	for _, p := range k.board.value.Phases {
		headed := false
		for _, s := range p.Steps {
			if !k.filter.fits(s.ID, s.Title, string(s.Verb), string(s.State), s.Assign) {
				continue
			}
			if !headed {
				headed = true
				rows = append(rows, listed{phaseHeading(p), -1})
			}
			v, _ := k.action(s.ActionID)
			if n == k.at {
				cursor = len(rows)
			}
			rows = append(rows, listed{stepLine(s, v, k.undo(v), k.turn(s), w, k.now(), n == k.at), n})
			n++
		}
	}
	if n == 0 {
		return append(out, look(faint, "  no step has that in it; esc clears the filter"))
	}
	view := place{cursor, k.top}
	if cursor == 1 {
		view.top = 0
	}
	from, to := view.visible(len(rows), h-len(out))
	k.top = view.top
	for _, r := range rows[from:to] {
		out = append(out, r.line)
	}
	return out
}

func phaseHeading(p response.PhaseView) line {
	l := line{{strong, " " + strings.ToUpper(p.Phase.String())}, {faint, "  " + number(int64(p.Done)) + "/" + number(int64(p.Total))}}
	if p.State == "" {
		l = l.with(sp(faint, "  later"))
	}
	return l
}

// stepLine is one step in w cells: cursor, mark, title, state. turn is who else
// is to do it, "" for the reader or anybody.
func stepLine(s response.StepView, v, undo response.ActionView, turn string, w int, now time.Time, selected bool) line {
	m := usual
	switch {
	case over(s) || s.State == playbooks.Locked:
		m = faint
	case s.State == playbooks.Failed:
		m = bad
	}
	state := stepState(s, v, undo, now)
	if turn != "" && s.State == playbooks.Ready && state.text == readyWord(s) {
		state = span{usual, turn + ": " + state.text}
	}
	if s.State == playbooks.Locked && w < 48 {
		state.text = "" // the title needs the room; the detail says why
	}
	most := w * 2 / 5
	if undo.Action != "" {
		most = w * 3 / 5
	}
	if (line{state}).width() > most {
		state = span{state.mark, clip(line{state}, most)[0].text}
	}
	left := line{stepMark(s, v, undo), {usual, spaces(1 + 2*min(s.Depth, 4))}, {m, s.Title}}
	return row(ends(left, line{{usual, " "}, state}, w-1), selected, w)
}

// startStep says that somebody is on a manual step.
func (a *app) startStep(s response.StepView) tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "step:" + s.ID, title: "start: " + s.Title,
		do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
			return "you are on it: " + s.Title, a.desk.StartStep(ctx, id, s.ID)
		},
	})
}
