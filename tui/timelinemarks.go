package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
	"firebreak/timeline"
)

// selection are the events that were chosen for a mark on several at once. At
// most as many as one entry of the record may speak of.
type selection struct {
	events map[timeline.ID]response.MarkedEvent
	last   *response.MarkedEvent // chosen last: where a range begins
	filter string                // that a range of it is of
	rows   query[[]response.MarkedEvent]
}

func (s *selection) size() int { return len(s.events) }

func (s *selection) has(id timeline.ID) bool { _, ok := s.events[id]; return ok }

func (s *selection) forget() {
	s.rows.forget()
	s.events, s.last = nil, nil
}

// add takes events in, and says why not when they are too many.
func (s *selection) add(es ...response.MarkedEvent) string {
	if s.events == nil {
		s.events = map[timeline.ID]response.MarkedEvent{}
	}
	for _, e := range es {
		if !s.has(e.ID) && len(s.events) >= response.MaxMarks {
			return "no more than " + number(response.MaxMarks) + " can be chosen"
		}
		s.events[e.ID] = e
	}
	return ""
}

// sorted are the chosen events in the order of the timeline.
func (s *selection) sorted() []response.MarkedEvent {
	out := make([]response.MarkedEvent, 0, len(s.events))
	for _, e := range s.events {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b response.MarkedEvent) int { return a.Cursor().Compare(b.Cursor()) })
	return out
}

// choose takes the event in or out and goes on to the next.
func (t *timelineScreen) choose(e response.MarkedEvent) tea.Cmd {
	s := &t.chosen
	if s.has(e.ID) {
		delete(s.events, e.ID)
		s.last = nil
		return t.win.by(1)
	}
	if why := s.add(e); why != "" {
		return t.tell(why)
	}
	s.last, s.filter = &e, t.applied
	return t.win.by(1)
}

// chooseRange takes in what lies between the event that was chosen last and
// this one, as far as it matches the filter.
func (t *timelineScreen) chooseRange(e response.MarkedEvent) tea.Cmd {
	s := &t.chosen
	if s.last == nil || s.filter != t.applied {
		if why := s.add(e); why != "" {
			return t.tell(why)
		}
		s.last, s.filter = &e, t.applied
		return t.tell("the range begins here; r again at its end")
	}
	first, last := *s.last, e
	if first.Cursor().Compare(last.Cursor()) > 0 {
		first, last = last, first
	}
	id, from, to := t.id, first.Cursor(), last.Cursor()
	r := response.PageRequest{Filter: t.applied, After: &from, Limit: response.MaxMarks + 1}
	return s.rows.ask(t.ctx, func(ctx context.Context) ([]response.MarkedEvent, error) { return t.desk.Page(ctx, id, r) }, func() tea.Cmd {
		if s.rows.err != nil {
			return t.readFailed(s.rows.err)
		}
		between := []response.MarkedEvent{first, last}
		for _, e := range s.rows.value {
			if e.Cursor().Compare(to) > 0 {
				break
			}
			between = append(between, e)
		}
		s.rows.forget()
		if why := s.add(between...); why != "" {
			return t.tell(why + ": the range is longer")
		}
		s.last = &e
		return t.tell(plural(int64(s.size()), "event") + " chosen; esc forgets them")
	})
}

// chooseAll takes in all that match, after it was asked with their number.
func (t *timelineScreen) chooseAll() tea.Cmd {
	id, f := t.id, t.applied
	var n int64
	return t.start(errand{
		key: "choose", title: "count what matches", long: true,
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			n, err = t.desk.Count(ctx, id, f)
			return "", err
		},
		then: func() tea.Cmd {
			switch {
			case n == 0:
				return t.tell("no event matches")
			case n > response.MaxMarks:
				return t.tell(plural(n, "event") + " match: at most " + number(response.MaxMarks) + " can be chosen, so narrow the filter first")
			}
			title := fmt.Sprintf("Choose all %s?", plural(n, "event"))
			if n == 1 {
				title = "Choose the one event?"
			}
			text := "All that match: " + f
			if f == "" {
				text = "No filter is set: these are all events of the incident."
			}
			return t.ask(title, text+"\n\nNothing is recorded by that. *, t and c then star, tag or comment on all of them.", "choose", func() tea.Cmd {
				r := response.PageRequest{Filter: f, Limit: response.MaxMarks}
				return t.chosen.rows.ask(t.ctx, func(ctx context.Context) ([]response.MarkedEvent, error) { return t.desk.Page(ctx, id, r) }, func() tea.Cmd {
					if t.chosen.rows.err != nil {
						return t.readFailed(t.chosen.rows.err)
					}
					t.chosen.events = nil
					why := t.chosen.add(t.chosen.rows.value...)
					t.chosen.rows.forget()
					if why != "" {
						return t.tell(why)
					}
					return t.tell(plural(int64(t.chosen.size()), "event") + " chosen; esc forgets them")
				})
			})
		},
	})
}

// meant are the events that a mark is for: the chosen ones, else the selected.
func (t *timelineScreen) meant(e response.MarkedEvent) []response.MarkedEvent {
	if t.chosen.size() > 0 {
		return t.chosen.sorted()
	}
	return []response.MarkedEvent{e}
}

// about says in a prompt which events are meant.
func about(es []response.MarkedEvent) string {
	if len(es) == 1 {
		return es[0].Message
	}
	return plural(int64(len(es)), "event") + ", the first: " + es[0].Message
}

func draftOf(what string, es []response.MarkedEvent) string {
	if len(es) == 1 {
		return what + ":" + es[0].ID.String()
	}
	return what + ":several"
}

// mark records a mark and then reads the events again.
func (t *timelineScreen) mark(es []response.MarkedEvent, what, draft string, r response.MarkRequest) tea.Cmd {
	id := t.id
	key, title := "mark:"+es[0].ID.String(), what+" an event"
	if len(es) > 1 {
		key, title = "mark:several", what+" "+plural(int64(len(es)), "event")
	}
	after := map[timeline.ID]response.MarkedEvent{}
	return t.start(errand{
		key: key, title: title,
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			if len(es) > 1 {
				return title + ": done", t.desk.MarkAll(ctx, id, es, r)
			}
			e := es[0].ID
			if err = t.desk.Mark(ctx, id, e.String(), r.Star, r.Tags, r.Comment); err == nil {
				after[e], err = t.desk.Event(ctx, id, e.String())
			}
			return "", err
		},
		then: func() tea.Cmd {
			t.draft(draft, "")
			if len(es) > 1 {
				t.chosen.forget()
				for _, e := range es {
					after[e.ID] = said(e, r)
				}
			}
			for i, e := range t.win.rows {
				if now, ok := after[e.ID]; ok {
					t.win.rows[i] = now
				}
			}
			return t.starsOf()
		},
	})
}

// said is the event as it is after a mark; a page that is read later has it
// from the record.
func said(e response.MarkedEvent, r response.MarkRequest) response.MarkedEvent {
	if r.Star != nil {
		e.Star = *r.Star
	}
	tags := slices.Clone(e.Tags)
	for _, t := range r.Tags {
		name, away := strings.CutPrefix(t, "-")
		tags = slices.DeleteFunc(tags, func(s string) bool { return s == name })
		if !away {
			tags = append(tags, name)
		}
	}
	slices.Sort(tags)
	e.Tags = tags
	if r.Comment != "" {
		e.Comments = append(slices.Clip(e.Comments), r.Comment)
	}
	return e
}

// star stars what is meant; when all of them are starred it takes the stars
// away.
func (t *timelineScreen) star(e response.MarkedEvent) tea.Cmd {
	es := t.meant(e)
	star := slices.ContainsFunc(es, func(e response.MarkedEvent) bool { return !e.Star })
	return t.mark(es, "star", "", response.MarkRequest{Star: &star})
}

func (t *timelineScreen) tag(e response.MarkedEvent) tea.Cmd {
	es := t.meant(e)
	draft := draftOf("tag", es)
	return t.typed(&prompt{
		title: "Tag the " + oneOrMore(es), text: about(es) + "\n-TAG takes a tag away.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			tags := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
			return t.mark(es, "tag", draft, response.MarkRequest{Tags: tags})
		},
	})
}

func (t *timelineScreen) comment(e response.MarkedEvent) tea.Cmd {
	es := t.meant(e)
	draft := draftOf("comment", es)
	return t.typed(&prompt{
		title: "Comment on the " + oneOrMore(es), text: about(es), draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return t.mark(es, "comment on", draft, response.MarkRequest{Comment: text})
		},
	})
}

func oneOrMore(es []response.MarkedEvent) string {
	if len(es) == 1 {
		return "event"
	}
	return number(int64(len(es))) + " chosen events"
}
