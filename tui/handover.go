package tui

import (
	"context"
	"errors"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/response"
)

// handover shows the page for the next shift.
func (a *app) handover() tea.Cmd {
	id := a.id
	var page response.Handover
	return a.start(errand{
		key: "handover", title: "put the handover together",
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			page, err = a.desk.Handover(ctx, id)
			return "", err
		},
		then: func() tea.Cmd {
			if a.id != id {
				return nil
			}
			return a.push(&shift{a: a, page: page, room: 10})
		},
	})
}

// shift is the page for the next shift, as an overlay.
type shift struct {
	a    *app
	page response.Handover
	top  int
	room int
	rows int
}

// Title implements overlay.
func (s *shift) Title() string { return "Handover" }

// Actions implements overlay.
func (s *shift) Actions() []action {
	table := []action{
		{id: "handover.give", title: "hand on to somebody: the record says so", foot: "hand on", keys: []string{"y"}, writes: true, run: s.give},
	}
	return append(table, mover(func(n int) tea.Cmd {
		s.top = min(max(s.top+min(max(n, -s.rows), s.rows), 0), max(s.rows-s.room, 0))
		return nil
	}, func() int { return max(s.room-1, 1) }, nil, nil)...)
}

// Key implements overlay.
func (s *shift) Key(tea.KeyMsg) tea.Cmd { return nil }

// give asks who goes on.
func (s *shift) give() tea.Cmd {
	a, page := s.a, s.page
	id := page.Incident.ID
	f := &form{title: "Hand on", draft: "handover:" + string(id), send: "Hand on", text: "The record says to whom, of how many entries the page was made, and what you say besides."}
	f.entries = []*entry{
		{name: "to", label: "To whom"}, {name: "role", label: "Which role they get with it", hint: "commander; empty: none"},
		{name: "say", label: "What they have to know besides"},
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		if in["to"] == "" {
			return nil, errors.New("say to whom")
		}
		return a.start(errand{
			key: "handover", title: "hand on to " + in["to"],
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return "handed on to " + in["to"], a.desk.HandShift(ctx, id, response.Handing{
					To: in["to"], Say: in["say"], Role: incident.Role(in["role"]), Through: page.Through,
				})
			},
			then: func() tea.Cmd { f.sent(); a.close(s); return nil },
		}), nil
	}
	return a.fill(f)
}

// View implements overlay.
func (s *shift) View(w, h int) []line {
	return s.a.boxed(s.Title(), func(w int) []line {
		var out []line
		for text := range strings.Lines(strings.TrimRight(s.page.Text(w), "\n")) {
			text = strings.TrimRight(text, "\n")
			m := usual
			switch {
			case strings.HasPrefix(text, "  ! "):
				m = warn
			case text != "" && text == strings.ToUpper(text) && !strings.HasPrefix(text, " "):
				m = strong
			}
			out = append(out, look(m, text))
		}
		s.rows, s.room = len(out), max(h-2, 1)
		return out
	}, nil, &s.top, w, h)
}
