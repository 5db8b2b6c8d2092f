package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// updates lets an audience be chosen that is to be told what is new, with how late
// that is.
func (a *app) updates() tea.Cmd {
	var cs []choice
	for _, u := range a.desk.Audiences() {
		at := response.UpdateDue{Audience: u.Name, To: u.To}
		for _, d := range a.board.value.Updates {
			if d.Audience == u.Name {
				at = d
			}
		}
		text := line{{usual, u.Name + "  "}}
		if at.Last != "" {
			text = append(text, sp(faint, "last "+at.Last+" at "+clock(at.LastAt, a.now())+"Z  "))
		} else {
			text = append(text, sp(faint, "nothing yet  "))
		}
		cs = append(cs, choice{text: append(text, whenDue(at, a.now())...), run: func() tea.Cmd { return a.sayUpdate(u.Name) }})
	}
	return a.choose("Updates", "Who is told what is new since the last time? The text is shown before it is sent.", "choose", cs)
}

// whenDue says when an audience is to hear more.
func whenDue(u response.UpdateDue, now time.Time) line {
	switch {
	case len(u.Open) > 0:
		return line{{bad, "NOT GONE OUT: " + strings.Join(u.Open, ", ")}}
	case u.Due.IsZero():
		return nil
	case now.Sub(u.Due) >= time.Minute:
		return line{{bad, fmt.Sprintf("LATE by %d min", int(now.Sub(u.Due)/time.Minute))}}
	case !now.Before(u.Due):
		return line{{warn, "due now"}}
	}
	return line{{usual, lasted(u.Due.Sub(now)) + " left"}}
}

// sayUpdate asks what only a person can say, then shows the whole message.
func (a *app) sayUpdate(audience string) tea.Cmd {
	id, draft := a.id, "update:"+string(a.id)+":"+audience
	return a.typed(&prompt{
		title: "Update to " + audience, empty: true, draft: draft,
		text: "What do you say to them? It stands above what the record has. Empty: only that.",
		submit: func(text string, _ bool) tea.Cmd {
			var d response.UpdateDraft
			return a.start(errand{
				key: "update:" + audience, title: "put the update together",
				do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
					d, err = a.desk.DraftUpdate(ctx, id, response.UpdateRequest{Audience: audience, Say: text})
					return "read it before it is sent", err
				},
				then: func() tea.Cmd {
					if a.id != id {
						return nil
					}
					return a.pushSelf(&telling{a: a, d: d, draft: draft, page: 10})
				},
			})
		},
	})
}

// telling shows an update, and exactly what would go where, before it is sent.
type telling struct {
	a     *app
	d     response.UpdateDraft
	draft string
	top   int
	page  int
	rows  int
	wrong string
}

// Title implements overlay.
func (t *telling) Title() string { return "Update to " + t.d.Audience }

// Actions implements overlay.
func (t *telling) Actions() []action {
	table := []action{
		{id: "update.send", title: "send the update", foot: "send", keys: []string{"y"}, writes: true, run: t.send},
		{id: "update.leave", title: "go back and send nothing", foot: "do not", keys: []string{"n"}, run: func() tea.Cmd {
			t.a.close(t)
			return t.a.tell("not sent; U puts it together again")
		}},
	}
	return append(table, mover(func(n int) tea.Cmd {
		t.top = min(max(t.top+min(max(n, -t.rows), t.rows), 0), max(t.rows-t.page, 0))
		return nil
	}, func() int { return max(t.page-1, 1) }, nil, nil)...)
}

// Key implements overlay.
func (t *telling) Key(tea.KeyMsg) tea.Cmd { return nil }

// whyNot says why it cannot be sent, "" when it can.
func (t *telling) whyNot() string {
	if len(t.d.To) == 0 {
		return "it goes nowhere: to: of the audience in the configuration, or firebreak update --to"
	}
	for _, to := range t.d.To {
		if to.Refused != "" {
			return to.Connection + ": " + to.Refused
		}
	}
	return ""
}

func (t *telling) send() tea.Cmd {
	if t.wrong = t.whyNot(); t.wrong != "" {
		return nil
	}
	if t.top+t.page < t.rows {
		t.wrong = "read to the last line first"
		return nil
	}
	a, d := t.a, t.d
	a.close(t)
	return a.start(errand{
		key: "update:" + d.Audience, title: "update to " + d.Audience, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			sent, err := a.desk.SendUpdate(ctx, d, told)
			waits := 0
			for _, v := range sent.Sent {
				if v.State == response.Planned {
					waits++
				}
			}
			if waits > 0 {
				return plural(int64(waits), "message") + " of " + d.ID + " waits for an approval: a", err
			}
			return d.Audience + " were told: " + d.ID, err
		},
		then: func() tea.Cmd { a.draft(t.draft, ""); return nil },
	})
}

// View implements overlay.
func (t *telling) View(w, h int) []line {
	return t.a.boxed(t.Title(), func(w int) []line {
		ls := t.lines(w)
		t.rows, t.page = len(ls), max(h-5, 1)
		return ls
	}, func(w int) []line {
		var out []line
		if t.wrong != "" {
			out = append(out, wrap(bad, "! "+t.wrong, w)...)
		}
		return append(out, nil, line{{hotkey, "y"}, {usual, " send    "}, {hotkey, "n"}, {usual, " do not"}})
	}, &t.top, w, h)
}

func (t *telling) lines(w int) []line {
	d := t.d
	head := line{{strong, d.ID}, {usual, "  TLP:" + strings.ToUpper(string(d.TLP)) + "  "}, {faint, "profile " + string(d.Profile) + "  "}}
	if d.Late > 0 {
		head = append(head, sp(bad, fmt.Sprintf("%d min late", d.Late)))
	}
	out := []line{head}
	if len(d.Masked) > 0 {
		out = append(out, wrap(faint, "Stand for what they may not see: "+strings.Join(d.Masked, ", "), w)...)
	}
	out = append(out, nil)
	out = append(out, wrap(strong, d.Subject, w)...)
	out = append(out, nil)
	out = append(out, wrap(usual, d.Text, w)...)
	for _, to := range d.To {
		out = append(out, nil)
		if to.Refused != "" {
			out = append(out, wrap(bad, "NOT over "+to.Connection+": "+to.Refused, w)...)
			out = append(out, wrap(faint, to.Hint, w)...)
			continue
		}
		out = append(out, labelled("Over    ", to.Connection+", "+to.Action+" on "+to.Target, w)...)
		for _, e := range to.Effects {
			out = append(out, labelled("Effect  ", e, w)...)
		}
		for _, e := range to.Warnings {
			out = append(out, wrap(warn, "! "+e, w)...)
		}
		for _, r := range to.Requests {
			out = append(out, labelled("Sends   ", r, w)...)
		}
	}
	return out
}

// updateClocks are the updates that are due or late, for the dashboard.
func (d *dashboard) updateClocks() []line {
	var out []line
	for _, u := range d.board.value.Updates {
		if due := whenDue(u, d.now()); due.width() > 0 {
			out = append(out, append(line{{faint, "  update   "}, {usual, u.Audience + "  "}}, due...).with(sp(faint, "  U")))
		}
	}
	return out
}
