package tui

import (
	"context"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

// soon is how long before its end a containment is in sight everywhere.
const soon = 15 * time.Minute

// remindEvery is how long it takes until what is due is tried again.
const remindEvery = time.Minute

// reminded is what the screens keep of containments whose time is over.
type reminded struct {
	id    incident.ID
	asked time.Time
	busy  bool
	told  map[string]time.Time // by action, the end that was told of
}

// reminders does what is due of containments whose time is over, and tells of
// each once.
func (m *Model) reminders() tea.Cmd {
	if m.id == "" || !m.board.loaded {
		return nil
	}
	r := &m.overtime
	if r.id != m.id {
		*r = reminded{id: m.id, told: map[string]time.Time{}}
	}
	var told tea.Cmd
	open := false
	for _, c := range m.board.value.Contained {
		if c.Until.IsZero() || m.now().Before(c.Until) {
			continue
		}
		open = open || c.Undoing == "" || c.Auto
		if !r.told[c.Action].Equal(c.Until) {
			r.told[c.Action] = c.Until
			told = m.tell("the time of " + c.Action + " is over: " + c.Title + " on " + c.Target + "  (E)")
			open = true
		}
	}
	if !open || r.busy || m.readOnly() != "" || !r.asked.IsZero() && m.now().Sub(r.asked) < remindEvery {
		return told
	}
	r.busy, r.asked = true, m.now()
	id := m.id
	return tea.Batch(told, func() tea.Msg {
		err := m.desk.Remind(m.ctx, id)
		return answer(func() (bool, tea.Cmd) {
			if r.id == id {
				r.busy = false
			}
			if err != nil && m.ctx.Err() == nil {
				return true, m.fail("do what is due of containments", err)
			}
			return false, nil
		})
	})
}

// ending counts what is in force and over, and says when the next ends that is
// not.
func ending(all []response.Containment, now time.Time) (over int64, next *response.Containment) {
	for i := range all {
		switch c := &all[i]; {
		case c.Until.IsZero():
		case !now.Before(c.Until):
			over++
		case next == nil || c.Until.Before(next.Until):
			next = c
		}
	}
	return over, next
}

// until says when a containment ends.
func until(c response.Containment, now time.Time) span {
	switch left := c.Until.Sub(now); {
	case c.Until.IsZero():
		return span{faint, "no end"}
	case left <= 0:
		return span{bad, "OVER by " + lasted(-left)}
	case left <= soon:
		return span{warn, lasted(left) + " left"}
	default:
		return span{usual, lasted(left) + " left"}
	}
}

// containmentLine is one containment in one line.
func containmentLine(c response.Containment, w int, now time.Time) line {
	u := until(c, now)
	end := line{{u.mark, u.text}}
	if c.Undoing != "" {
		end = append(end, sp(warn, " undo "+c.Undoing))
	}
	state := ""
	if c.State != response.Verified {
		state = " " + string(c.State)
	}
	return ends(line{{usual, "  " + c.Action + " " + c.Title + " "}, {strong, c.Target}, {warn, state}}, end, w)
}

// inForce is the dashboard's list of what holds, at most n lines.
func (d *dashboard) inForce(w, n int) []line {
	all := d.board.value.Contained
	var out []line
	for _, c := range all {
		if len(out) == n-1 && len(all) > n {
			return append(out, look(faint, "  and "+number(int64(len(all)-len(out)))+" more: E"))
		}
		out = append(out, containmentLine(c, w, d.now()))
	}
	return out
}

// contained shows what is in force; each can be undone, or given more time.
func (a *app) contained() tea.Cmd {
	var cs []choice
	for _, c := range a.board.value.Contained {
		u := until(c, a.now())
		text := line{{usual, c.Action + " " + c.Title + "  "}, {strong, c.Target + "  "}, {u.mark, u.text}, {faint, "  by " + strings.Join(c.By, ", ")}}
		if c.Auto {
			text = append(text, sp(faint, "  ends by itself"))
		}
		cs = append(cs, choice{text: text, run: func() tea.Cmd { return a.containment(c) }})
	}
	return a.choose("In force", "What holds until it is undone; what ends first is first.", "open", cs)
}

// containment offers what can be done about one.
func (a *app) containment(c response.Containment) tea.Cmd {
	v, _ := a.action(c.Action)
	about := c.Title + " on " + c.Target + ", since " + c.Since.UTC().Format("15:04:05Z") + ", undo: " + c.Undo
	if c.Timer != "" {
		about += ". By itself over there: " + c.Timer
	}
	if c.Extended != "" {
		about += ". More time was given " + c.Extended
	}
	undo := choice{text: say("undo it: a plan of its own that needs an approval"), why: a.whyNotUndo(v), run: func() tea.Cmd { return a.revert(v) }}
	if u, ok := a.action(c.Undoing); ok && u.State == response.Planned {
		undo = choice{text: say("undo it: " + u.Action + " is planned, read and approve it"), run: func() tea.Cmd { return a.review(u, false) }}
	}
	cs := []choice{undo}
	for _, d := range []time.Duration{time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		why := ""
		if !a.now().Add(d).After(c.Until) {
			why = "it lasts longer already"
		}
		if ro := a.readOnly(); ro != "" {
			why = ro
		}
		cs = append(cs, choice{text: say("give it more time: " + lasted(d) + " from now"), why: why, run: func() tea.Cmd { return a.extend(c, d) }})
	}
	return a.choose(c.Action+" in force", term.Safe(about), "do", cs)
}

// extend gives a containment more time, with a reason.
func (a *app) extend(c response.Containment, d time.Duration) tea.Cmd {
	id, draft := a.id, "extend:"+string(a.id)+":"+c.Action
	return a.typed(&prompt{
		title: "More time for " + c.Title, text: "Why? The reason is recorded. It will last " + lasted(d) + " from now.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return a.start(errand{
				key: "extend:" + c.Action, title: "more time for " + c.Title,
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					after, err := a.desk.Extend(ctx, id, c.Action, d, text)
					return "lasts until " + after.Until.UTC().Format("15:04:05Z") + ": " + c.Title, err
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}
