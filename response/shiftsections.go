package response

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/review"
	"firebreak/review/handover"
)

// sections writes the page's parts, what to look at first in front.
func (m *shiftMaker) sections() {
	parts := []handover.Section{
		m.known(), m.changed(), m.approvals(), m.actions(), m.contained(), m.clockRows(), m.steps(), m.where(), m.updates(),
		m.followUps(), m.promises(),
	}
	m.p.Sections = append([]handover.Section{m.first(parts)}, parts...)
	for i := range m.p.Sections {
		if m.p.Sections[i].Rows == nil {
			m.p.Sections[i].Rows = []handover.Row{}
		}
	}
}

func (m *shiftMaker) known() handover.Section {
	s := handover.Section{ID: "known", Title: "What is known", None: "Nobody has written a summary."}
	for _, f := range [][2]string{{"Summary", m.b.Incident.Summary}, {"Impact", m.b.Incident.Impact}} {
		if f[1] != "" {
			s.Rows = append(s.Rows, handover.Row{Ref: f[0], Text: oneLineOf(f[1])})
		}
	}
	if l := m.p.Last; l != nil && l.Text != "" {
		s.Rows = append(s.Rows, handover.Row{At: l.At, Ref: "Last handover", Text: oneLineOf(l.Text), Seq: l.Seq})
	}
	s.Rows = append(s.Rows, m.decisions...)
	return s
}

func (m *shiftMaker) changed() handover.Section {
	s := handover.Section{ID: "changed", Title: "What has changed", None: "Nothing since the last handover."}
	if m.p.Last == nil {
		s.Title, s.None = "What was done", "Nothing yet."
	} else {
		s.Title += " since " + m.p.Last.At.UTC().Format("2006-01-02 15:04Z")
	}
	for _, c := range m.news.Changes {
		if !strings.HasPrefix(c, "Decided: ") { // they stand above
			s.Rows = append(s.Rows, handover.Row{Text: c})
		}
	}
	return s
}

func (m *shiftMaker) approvals() handover.Section {
	s := handover.Section{ID: "approvals", Title: "What waits for a yes", None: "No plan waits for an approval."}
	for _, a := range m.b.Actions {
		if a.State != Planned || a.Approvals == 0 {
			continue
		}
		text := fmt.Sprintf("%s on %s, danger %s: %d of %d approvals, waiting for %s", a.Title, a.Target, a.Danger, len(a.ApprovedBy), a.Approvals, review.Span(m.now.Sub(a.PlannedAt)))
		s.Rows = append(s.Rows, handover.Row{Ref: a.Action, At: a.PlannedAt.UTC(), Text: text, Alarm: a.Lapsed})
	}
	for _, q := range m.b.Missing {
		s.Rows = append(s.Rows, handover.Row{Ref: q.Name, Text: "the playbook needs this value: " + q.Text})
	}
	return s
}

func (m *shiftMaker) actions() handover.Section {
	s := handover.Section{ID: "actions", Title: "Actions under way or unknown", None: "None."}
	words := map[ActionState]string{
		Unknown: "UNKNOWN: nobody knows whether it took effect, look at the other side", Failed: "FAILED", Sending: "is being sent",
		Queued: "waits in the outbox", Approved: "approved, and not sent", Sent: "sent, and nobody read back whether it took effect",
	}
	for _, state := range []ActionState{Unknown, Failed, Sending, Queued, Approved, Sent} {
		for _, a := range m.b.Actions {
			if a.State != state || state == Sent && a.RevertedBy != "" {
				continue
			}
			text := fmt.Sprintf("%s on %s: %s", a.Title, a.Target, words[state])
			if a.Says != "" {
				text += "; " + oneLineOf(a.Says)
			}
			s.Rows = append(s.Rows, handover.Row{Ref: a.Action, At: a.Changed.UTC(), Text: text, Alarm: state == Unknown || state == Failed})
		}
	}
	return s
}

func (m *shiftMaker) contained() handover.Section {
	s := handover.Section{ID: "contained", Title: "In force until it is undone", None: "Nothing is held."}
	for _, c := range m.b.Contained {
		text := c.Title + " on " + c.Target
		switch {
		case c.Over:
			text += ": ITS TIME IS OVER, and it is still in force"
		case !c.Until.IsZero():
			text += ": ends in " + review.Span(c.Until.Sub(m.now))
		default:
			text += ": has no end"
		}
		if c.Auto {
			text += ", then undone by itself"
		}
		s.Rows = append(s.Rows, handover.Row{Ref: c.Action, At: c.Until.UTC(), Text: text + "; undo: " + c.Undo, Alarm: c.Over})
	}
	return s
}

func (m *shiftMaker) clockRows() handover.Section {
	s := handover.Section{ID: "clocks", Title: "Clocks, the nearest first", None: "No deadline runs."}
	for _, p := range m.b.Phases {
		for _, st := range p.Steps {
			if !st.Due.IsZero() && openStep(st) {
				m.clocks = append(m.clocks, handover.Row{Ref: st.ID, At: st.Due.UTC(), Text: st.Title + ": " + timeLeft(st.Due, m.now), Alarm: !m.now.Before(st.Due)})
			}
		}
	}
	for _, l := range m.b.Clocks {
		r := handover.Row{Ref: l.Clock, At: l.Due.UTC(), Text: l.Duty, Seq: l.StartSeq}
		if l.To != "" {
			r.Text += ", to " + l.To
		}
		if l.Due.IsZero() {
			r.At, r.Text = time.Time{}, r.Text+": "+cmp.Or(l.Limit, "without delay")
		} else {
			r.Text, r.Alarm = r.Text+": "+timeLeft(l.Due, m.now), !m.now.Before(l.Due)
		}
		m.clocks = append(m.clocks, r)
	}
	for _, l := range m.b.Unjudged {
		m.clocks = append(m.clocks, handover.Row{Ref: l.Clock, Text: l.Duty + ": the playbook asks for it, and nobody has said since when", Alarm: true})
	}
	slices.SortStableFunc(m.clocks, func(a, b handover.Row) int { // what names no hour is last
		if a.At.IsZero() != b.At.IsZero() {
			return map[bool]int{true: 1, false: -1}[a.At.IsZero()]
		}
		return a.At.Compare(b.At)
	})
	if s.Rows = m.clocks; m.b.NoClocks != "" {
		s.Rows = append(s.Rows, handover.Row{Text: "deadlines cannot be told: " + m.b.NoClocks, Alarm: true})
	}
	return s
}

func (m *shiftMaker) steps() handover.Section {
	s := handover.Section{ID: "steps", Title: "Open steps, and who holds them", None: "No step is open."}
	for _, p := range m.b.Phases {
		for _, st := range p.Steps {
			if !openStep(st) || st.Verb.Holds() {
				continue
			}
			text := fmt.Sprintf("%s: %s, %s", st.Title, st.State, m.holder(st))
			if st.Why != "" {
				text += "; " + oneLineOf(st.Why)
			}
			s.Rows = append(s.Rows, handover.Row{Ref: st.ID, Text: text, Alarm: st.State == playbooks.Failed})
		}
	}
	return s
}

func (m *shiftMaker) where() handover.Section {
	return handover.Section{ID: "people", Title: "Who is where", Rows: m.people, None: "Nobody has acted."}
}

func (m *shiftMaker) updates() handover.Section {
	s := handover.Section{ID: "updates", Title: "Updates due", None: "Nobody waits for an update."}
	for _, u := range m.b.Updates {
		switch {
		case len(u.Open) > 0:
			s.Rows = append(s.Rows, handover.Row{Ref: u.Audience, Text: "an update has not gone out: " + strings.Join(u.Open, ", "), Alarm: true})
		case !u.Due.IsZero():
			s.Rows = append(s.Rows, handover.Row{Ref: u.Audience, At: u.Due.UTC(), Text: timeLeft(u.Due, m.now), Alarm: u.Now})
		}
	}
	slices.SortStableFunc(s.Rows, func(a, b handover.Row) int { return a.At.Compare(b.At) })
	return s
}

// followUps are what is still to be done after the incident, what is due first in
// front.
func (m *shiftMaker) followUps() handover.Section {
	s := handover.Section{ID: "items", Title: "Open follow-ups", None: "No follow-up is open."}
	open := slices.DeleteFunc(slices.Clone(m.items), func(i review.Item) bool { return i.State != review.ItemOpen })
	slices.SortStableFunc(open, func(a, b review.Item) int { return compareDue(a.Due, b.Due) })
	for _, i := range open {
		s.Rows = append(s.Rows, m.itemRow(i.ID, i))
	}
	return s
}

// promises are follow-ups that earlier incidents of this kind promised and that are
// not done: they may be why it happened again.
func (m *shiftMaker) promises() handover.Section {
	s := handover.Section{ID: "promised", Title: "Promised after earlier incidents of this kind, and not done", None: "Nothing that is known."}
	for _, i := range m.promised {
		if i.State == review.ItemOpen {
			s.Rows = append(s.Rows, m.itemRow(string(i.Incident)+" "+i.ID, i.Item))
		}
	}
	if more := len(s.Rows) - promisesMost; more > 0 {
		s.Rows = append(s.Rows[:promisesMost], handover.Row{Text: fmt.Sprintf("and %d more: firebreak items", more)})
	}
	return s
}

func (m *shiftMaker) itemRow(ref string, i review.Item) handover.Row {
	r := handover.Row{Ref: ref, Text: oneLineOf(i.Text) + ", " + cmp.Or(oneLineOf(i.Owner), "nobody's"), Alarm: i.Overdue}
	switch {
	case i.Overdue:
		r.At, r.Text = i.Due.UTC(), r.Text+", OVERDUE since "+i.Due.UTC().Format(time.DateOnly)
	case !i.Due.IsZero():
		r.At, r.Text = i.Due.UTC(), r.Text+", due "+i.Due.UTC().Format(time.DateOnly)
	}
	return r
}

// first names what to look at first: what is unknown, late or wrong, then what is
// near, then the next step.
func (m *shiftMaker) first(parts []handover.Section) handover.Section {
	s := handover.Section{ID: "first", Title: "Look at first", None: "Nothing is late, unknown or failed."}
	order := []string{"actions", "contained", "clocks", "steps", "approvals", "updates"}
	at := func(id string) []handover.Row {
		return parts[slices.IndexFunc(parts, func(p handover.Section) bool { return p.ID == id })].Rows
	}
	for _, id := range order {
		for _, r := range at(id) {
			if r.Alarm && !slices.ContainsFunc(s.Rows, func(o handover.Row) bool { return o.Ref == r.Ref && r.Ref != "" && id != "updates" }) {
				s.Rows = append(s.Rows, r)
			}
		}
	}
	for _, r := range slices.Concat(at("clocks"), at("contained")) {
		if !r.Alarm && !r.At.IsZero() && r.At.Sub(m.now) <= soon {
			s.Rows = append(s.Rows, r)
		}
	}
	if m.b.Unread > 0 {
		s.Rows = append(s.Rows, handover.Row{Text: fmt.Sprintf("%d exhibits are not on the timeline with all their events", m.b.Unread)})
	}
	for _, r := range at("approvals") {
		if !r.Alarm {
			s.Rows = append(s.Rows, r)
		}
	}
	if m.b.Incident.Roles[incident.Commander] == "" && m.b.Incident.Status == incident.Open {
		s.Rows = append(s.Rows, handover.Row{Text: "nobody is commander"})
	}
	for _, r := range at("steps") {
		if r.Ref == m.b.Next && !r.Alarm {
			r.Text = "next step: " + r.Text
			s.Rows = append(s.Rows, r)
		}
	}
	if rest := len(s.Rows) - firstMost; rest > 0 {
		s.Rows = append(s.Rows[:firstMost], handover.Row{Text: fmt.Sprintf("and %d more, below", rest)})
	}
	return s
}
