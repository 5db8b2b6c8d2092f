package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/playbooks"
	"firebreak/response"
	"firebreak/timeline"
)

// dashboard is the whole incident on one screen: what is next, how far the
// playbook is, what there is, the clocks, what happened last.
type dashboard struct {
	*app
	last query[[]response.MarkedEvent]
	size int64 // entries of the record when last was asked for: a star is one
}

func (d *dashboard) Title() string          { return "Dashboard" }
func (d *dashboard) Back() (tea.Cmd, bool)  { return nil, false }
func (d *dashboard) Typing() bool           { return false }
func (d *dashboard) Update(tea.Msg) tea.Cmd { return nil }

const (
	starred  = "star:yes"
	happened = "-kind:observed" // not what a collection saw while it was made
)

// Load reads the starred events, and the last dated ones where there is room.
func (d *dashboard) Load() tea.Cmd {
	if !d.board.loaded || d.last.loaded && d.size == d.board.value.Head.Size {
		return nil
	}
	const most = 5
	d.size = d.board.value.Head.Size
	id, never := d.id, d.now().AddDate(100, 0, 0)
	return d.last.ask(d.ctx, func(ctx context.Context) ([]response.MarkedEvent, error) {
		read := func(filter string) ([]response.MarkedEvent, error) {
			return d.desk.Page(ctx, id, response.PageRequest{Filter: filter, Before: &timeline.Cursor{Time: never}, Limit: most})
		}
		out, err := read(starred)
		if err != nil || len(out) == most {
			return out, err
		}
		last, err := read(happened)
		last = slices.DeleteFunc(last, func(e response.MarkedEvent) bool { return e.Star })
		return append(out, last[max(len(out)+len(last)-most, 0):]...), err
	}, nil)
}

// next is the step that waits for a person.
func (d *dashboard) next() (response.StepView, bool) { return d.step(d.board.value.Next) }

func (d *dashboard) Actions() []action {
	return []action{
		{id: "dashboard.next", title: "open the next step", foot: "next step", keys: []string{"enter", "space", "r", "s"}, run: func() tea.Cmd { return d.show("Steps") }},
		{id: "dashboard.undo", title: "plan the undo of the last action", foot: "undo", keys: []string{"u"}, writes: true, disabled: func() string {
			v, _ := d.action(d.ended)
			return d.whyNotUndo(v)
		}, run: func() tea.Cmd {
			v, _ := d.action(d.ended)
			return d.revert(v)
		}},
	}
}

func (d *dashboard) View(w, h int) string {
	if !d.board.loaded {
		text := " reading"
		if d.board.err != nil {
			text = " " + d.board.err.Error()
		}
		return d.paint.block([]line{look(faint, text)}, w, h)
	}
	strip := stripHeight(h)
	top := h - strip
	var out []line
	if w >= twoPanes {
		lw := w * 9 / 20
		bar := " " + d.paint.bar + " "
		rw := w - lw - 3
		out = beside(d.left(lw, top), d.right(rw, top), lw, w, top, bar)
	} else {
		out = fit(d.left(w, top), top)
	}
	if strip > 0 {
		out = append(out, d.activityPane(w, strip)...)
	}
	return d.paint.block(out, w, h)
}

// stripHeight is how many rows of a body of h the activity gets.
func stripHeight(h int) int {
	switch {
	case h >= 31:
		return 9
	case h >= 17:
		return 4
	}
	return 0
}

// left is what is next, the playbook, the scope, the clocks.
func (d *dashboard) left(w, h int) []line {
	b := d.board.value
	out := []line{heading(" NEXT")}
	if s, ok := d.next(); ok {
		v, _ := d.action(s.ActionID)
		out = append(out, stepLine(s, v, d.undo(v), d.turn(s), w, d.now(), true))
	} else {
		out = append(out, look(faint, "  nothing waits for a person"))
	}
	scope := d.scope(w)
	clocks := append(d.deadlines(map[bool]int{true: 1, false: 4}[h < 20]), d.clocks()...)
	held := d.inForce(w, map[bool]int{true: 2, false: 5}[h < 20])
	if len(held) > 0 {
		clocks = append(append(clocks, heading(" IN FORCE")), held...)
	}
	if room := h - len(out) - len(scope) - len(clocks) - 3; room >= 2 {
		name := b.Playbook
		if name == "" {
			name = "none"
		}
		out = append(out, line{{strong, " PLAYBOOK "}, {usual, name}})
		out = append(out, d.progress(w, room)...)
	}
	air := h-len(out)-len(scope)-len(clocks)-2 >= 2 // room for an empty line before each heading
	for _, part := range []struct {
		name  string
		lines []line
	}{{" SCOPE", scope}, {" CLOCKS", clocks}} {
		if air {
			out = append(out, nil)
		}
		out = append(out, heading(part.name))
		out = append(out, part.lines...)
	}
	return out
}

// progress lists the steps of the phase that goes on, as many as fit, the next
// one among them.
func (d *dashboard) progress(w, room int) []line {
	var out []line
	at := 0
	for _, p := range d.board.value.Phases {
		if p.State != "current" {
			continue
		}
		for i, s := range p.Steps {
			if s.ID == d.board.value.Next {
				at = len(out)
				if i == 0 { // it stands right above, under NEXT
					continue
				}
			}
			v, _ := d.action(s.ActionID)
			out = append(out, stepLine(s, v, d.undo(v), d.turn(s), w, d.now(), false))
		}
	}
	if len(out) <= room {
		return out
	}
	from := min(max(at-room/2, 0), len(out)-room)
	return out[from : from+room]
}

func (d *dashboard) scope(w int) []line {
	b := d.board.value
	steps, all := 0, 0
	for _, p := range b.Phases {
		steps, all = steps+p.Done, all+p.Total
	}
	out := []line{
		{{usual, "  " + plural(int64(b.Exhibits), "exhibit") + "  " + plural(b.Events, "event")}},
		{{usual, "  " + number(int64(steps)) + " of " + plural(int64(all), "step")}},
	}
	if b.Unread > 0 {
		out[0] = append(out[0], sp(warn, "  "+number(int64(b.Unread))+" not fully read"))
	}
	if did := deeds(b.Actions); did.width() > 0 {
		if out[1].width()+2+did.width() > w {
			out[1] = say(fmt.Sprintf("  %d/%d steps", steps, all))
		}
		out[1] = append(append(out[1], sp(usual, "  ")), did...)
	}
	if n := len(b.Missing); n > 0 {
		out = append(out, line{{bad, "  " + plural(int64(n), "value") + " not said yet"}, {usual, "  V gives them"}})
	}
	if b.Incident.Impact != "" {
		out = append(out, pair("  impact ", b.Incident.Impact))
	}
	if roles := roleNames(b.Incident); len(roles) > 0 {
		out = append(out, pair("  roles ", strings.Join(roles, ", ")))
	}
	return out
}

// deeds counts what became of the actions. One that was undone is not in force
// any more and counts as nothing else.
func deeds(vs []response.ActionView) line {
	verified, undone := int64(0), int64(0)
	for _, v := range vs {
		switch {
		case v.RevertedBy != "":
			undone++
		case v.State == response.Verified:
			verified++
		}
	}
	switch n := int64(len(vs)); {
	case n == 0:
		return nil
	case undone > 0:
		return line{{usual, number(verified) + " verified, "}, {warn, number(undone) + " undone"}}
	default:
		return say(number(verified) + " of " + plural(n, "action") + " verified")
	}
}

// clocks shows the moments that are known and how long lies between them.
func (d *dashboard) clocks() []line {
	i := d.board.value.Incident
	now := d.now()
	var out []line
	if !i.Detected.IsZero() {
		l := pair("  detected ", clock(i.Detected, now)+"Z")
		if before := i.Opened.Sub(i.Detected); before >= time.Second {
			l = l.with(sp(usual, "  "+lasted(before)+" before it was opened"))
		}
		out = append(out, l)
	}
	out = append(out, pair("  opened   ", clock(i.Opened, now)+"Z  "+lasted(now.Sub(i.Opened))+" ago"))
	if !i.Closed.IsZero() {
		out = append(out, pair("  closed   ", clock(i.Closed, now)+"Z  after "+lasted(i.Closed.Sub(i.Opened))))
	}
	var soonest response.StepView
	for _, p := range d.board.value.Phases {
		for _, s := range p.Steps {
			if !over(s) && s.State != playbooks.Locked && !s.Due.IsZero() && (soonest.Due.IsZero() || s.Due.Before(soonest.Due)) {
				soonest = s
			}
		}
	}
	if !soonest.Due.IsZero() {
		left := soonest.Due.Sub(now)
		l := line{{faint, "  due      "}, {usual, clock(soonest.Due, now) + "Z  " + soonest.Title + "  "}}
		if left < 0 {
			out = append(out, l.with(sp(bad, "LATE by "+lasted(-left))))
		} else {
			out = append(out, l.with(sp(usual, lasted(left)+" left")))
		}
	}
	return append(out, d.updateClocks()...)
}

// right is the next step in full and the end of the timeline.
func (d *dashboard) right(w, h int) []line {
	var events []line
	if h >= 14 && len(d.last.value) > 0 {
		stars := 0
		for _, e := range d.last.value {
			if e.Star {
				stars++
			}
		}
		var parts []string
		if stars > 0 {
			parts = append(parts, number(int64(stars))+" starred")
		}
		if rest := len(d.last.value) - stars; rest > 0 {
			parts = append(parts, "last "+number(int64(rest)))
		}
		events = append(events, d.paint.ruled(heading("TIMELINE "+strings.Join(parts, ", ")), w))
		for _, e := range d.last.value {
			events = append(events, eventLine(e, w, d.now()))
		}
	}
	room := h - len(events)
	var top []line
	if s, ok := d.next(); ok {
		top = scrolled(d.stepDetail(s, w), 0, room)
	} else {
		top = fit(wrap(usual, d.idle(), w), room)
	}
	return append(top, events...)
}

// idle says why nothing waits.
func (d *dashboard) idle() string {
	b := d.board.value
	if !b.Incident.Closed.IsZero() {
		return "The incident is closed. firebreak open --again " + string(b.Incident.ID) + " takes it up again."
	}
	for _, p := range b.Phases {
		if p.Done < p.Total {
			return "No step waits for a person. R runs the automatic ones."
		}
	}
	if len(b.Phases) == 0 {
		return "This incident follows no playbook. n notes what happens, 4 collects evidence, : has every command."
	}
	return "Every step is over. x writes the review; : closes the incident."
}
