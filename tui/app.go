package tui

import (
	"context"
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/response"
)

// app is what the screens and the dialogs share: the desk, the open incident,
// and ways to say something or to start work.
type app struct {
	ctx     context.Context
	desk    desk
	library func() ([]*playbooks.Playbook, error)
	now     func() time.Time
	paint   *paint
	ro      bool           // the session may only look
	here    *time.Location // the zone of the terminal; nil where it is not known
	edit    EditReview     // nil: there is no editor

	id       incident.ID // "" while the incident list is shown
	board    query[response.Board]
	stale    bool // it has changed since the board was asked for
	watch    int  // turn of the incident's watch
	w, h     int
	jobs     []*job
	overlays []*layer
	drafts   map[string]string
	toast    string
	toastAt  time.Time
	failed   []failure
	ended    string                               // the action that was carried out last and can be undone
	dirty    bool                                 // the body has to be drawn again
	after    func(time.Duration, tea.Msg) tea.Cmd // a message later; tests send it themselves
	// show goes to a screen; open goes to an incident; reload asks for what the
	// shown screen needs. The model sets them.
	show   func(name string) tea.Cmd
	open   func(incident.ID) tea.Cmd
	reload func() tea.Cmd
	// bound says whether the shown screen has a command for a key.
	bound func(key string) bool
}

// failure stays until somebody has read it.
type failure struct {
	at   time.Time
	what string
	err  string
	hint string
}

const toastTime = 4 * time.Second

// tell shows a short word for four seconds.
func (a *app) tell(text string) tea.Cmd {
	a.toast, a.toastAt, a.dirty = text, a.now(), true
	return nil
}

// fail keeps an error until it is read.
func (a *app) fail(what string, err error) tea.Cmd {
	if errors.Is(err, context.Canceled) {
		return a.tell(what + ": stopped by you")
	}
	a.failed = append(a.failed, failure{a.now(), what, err.Error(), response.HintOf(err)})
	a.dirty = true
	return nil
}

// onlyLooks says why nothing can be recorded at all, "" when it can.
func (a *app) onlyLooks() string {
	switch {
	case a.ro:
		return "this session is read only"
	case a.id != "" && a.board.loaded && a.board.value.ReadOnly != "":
		return a.board.value.ReadOnly
	}
	return ""
}

// readOnly says why nothing can be changed, "" when it can.
func (a *app) readOnly() string {
	switch why := a.onlyLooks(); {
	case why != "":
		return why
	case a.id != "" && a.board.loaded && a.board.value.Incident.Status == incident.Closed:
		return "the incident is closed"
	}
	return ""
}

// refresh reads the incident again; the shown screen follows once the board is
// there.
func (a *app) refresh() tea.Cmd {
	id := a.id
	if id == "" {
		return a.reload()
	}
	a.stale = false
	return a.board.ask(a.ctx, func(ctx context.Context) (response.Board, error) { return a.desk.Board(ctx, id) }, func() tea.Cmd {
		if err := a.board.err; err != nil && !errors.Is(err, context.Canceled) {
			return a.fail("read incident "+string(id), err)
		}
		if a.stale { // changes that came meanwhile wait for an answer, they do not cancel it
			return tea.Batch(a.reload(), a.refresh())
		}
		return a.reload()
	})
}

// watching says that a watch of the incident began; watched that it told of a
// change.
type watching struct {
	turn int
	c    <-chan struct{}
	err  error
}

type watched struct{ watching }

// follow begins to watch the open incident.
func (a *app) follow() tea.Cmd {
	a.watch++
	turn, id := a.watch, a.id
	if id == "" {
		return nil
	}
	return func() tea.Msg {
		c, err := a.desk.Watch(a.ctx, id)
		return watching{turn, c, err}
	}
}

// next waits for one change.
func (a *app) next(w watching) tea.Cmd {
	if w.turn != a.watch || w.c == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case _, ok := <-w.c:
			if !ok {
				return nil
			}
			return watched{w}
		case <-a.ctx.Done():
			return nil
		}
	}
}

// step finds a step of the run by its id.
func (a *app) step(id string) (response.StepView, bool) {
	for _, p := range a.board.value.Phases {
		for _, s := range p.Steps {
			if s.ID == id {
				return s, true
			}
		}
	}
	return response.StepView{}, false
}

// action finds an action by its id.
func (a *app) action(id string) (response.ActionView, bool) {
	for _, v := range a.board.value.Actions {
		if v.Action == id && id != "" {
			return v, true
		}
	}
	return response.ActionView{}, false
}

// undo finds the newest plan that undoes an action and was not refused.
func (a *app) undo(v response.ActionView) (newest response.ActionView) {
	for _, u := range a.board.value.Actions {
		if v.Action != "" && u.Reverts == v.Action && u.State != response.Rejected && u.State != response.Failed && u.State != response.Dropped {
			newest = u
		}
	}
	return newest
}

// waiting lists the plans that wait for an approval.
func (a *app) waiting() []response.ActionView {
	var out []response.ActionView
	for _, v := range a.board.value.Actions {
		if v.State == response.Planned {
			out = append(out, v)
		}
	}
	return out
}

// draft keeps typed text until what it was typed for has succeeded.
func (a *app) draft(key, text string) {
	if text == "" {
		delete(a.drafts, key)
		return
	}
	a.drafts[key] = text
}
