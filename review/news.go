package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// News is what has changed of an incident since an entry of its record, in the
// words that one audience may read: whatever its profile withholds was taken out
// of the entries before.
type News struct {
	From    int64     `json:"from"`           // the last entry that the audience has heard of
	Since   time.Time `json:"since,omitzero"` // when that was
	Changes []string  `json:"changes"`        // one line each; none when nothing has changed
	Stands  []string  `json:"stands"`         // where the incident stands, whether it changed or not
}

// NewsOptions say what News cannot read off the entries.
type NewsOptions struct {
	// Readers are those that the entries were masked for; "" sees everything.
	Readers record.Profile
	// Title is what people call an action by its name, as in "Disable a workflow".
	Title func(name string) string
	// Message says that an action told somebody something: that is no news.
	Message func(action string) bool
	Clocks  []OpenClock
}

// OpenClock is a deadline that runs. Title is "" where the audience may not see
// it.
type OpenClock struct {
	Title string
	Due   time.Time
	Late  bool
}

// standing is where an incident stands after some of its entries.
type standing struct {
	severity, impact, tlp, status string
	phase                         incident.Phase
}

// NewsOf reads the news off the entries of a record, all of them, in their order.
func NewsOf(es []record.Entry, from int64, o NewsOptions) News {
	n := News{From: from, Changes: []string{}, Stands: []string{}}
	var before, now standing
	acts := &deeds{o: o, planned: map[string]record.Planned{}, state: map[string]record.Kind{}}
	facts := newTidings(o)
	var decisions, steps, sealed int
	var said []string
	for _, e := range es {
		if e.Seq <= from {
			n.Since = e.Time.UTC()
		}
		now.take(e)
		acts.take(e, e.Seq > from)
		facts.take(e, e.Seq > from)
		if e.Seq == from {
			before = now
		}
		if e.Seq <= from {
			continue
		}
		switch e.Kind { //nolint:exhaustive // the other kinds are no news for those outside
		case record.Noted:
			var p record.Note
			if e.Decode(&p) == nil && p.Decision {
				decisions++
				if p.Text != "" {
					said = append(said, "Decided: "+oneLine(p.Text))
				}
			}
		case record.StepDone:
			steps++
		case record.EvidenceSealed:
			sealed++
		}
	}
	n.compare(before, now)
	n.Changes = append(n.Changes, acts.lines()...)
	n.Changes = append(n.Changes, facts.lines()...)
	n.Changes = append(n.Changes, said...)
	rest := decisions - len(said)
	chosen, unsaid, back := facts.decided()
	n.Changes = append(n.Changes, chosen...)
	if rest += unsaid; rest > 0 {
		n.Changes = append(n.Changes, counted(rest, "decision was taken", "decisions were taken"))
	}
	if back > 0 {
		n.Changes = append(n.Changes, counted(back, "decision was taken back", "decisions were taken back"))
	}
	if steps > 0 || sealed > 0 {
		n.Changes = append(n.Changes, "Work: "+counted(steps, "step", "steps")+" done, "+counted(sealed, "piece", "pieces")+" of evidence sealed")
	}
	n.Stands = append(n.Stands, now.lines()...)
	n.Stands = append(n.Stands, clocks(o.Clocks)...)
	return n
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (s *standing) take(e record.Entry) {
	switch e.Kind { //nolint:exhaustive // the others change nothing of it
	case record.IncidentOpened:
		var p record.Opened
		if e.Decode(&p) == nil {
			s.severity, s.impact, s.tlp, s.status = p.Severity.String(), oneLine(p.Impact), string(p.TLP), "open"
			s.phase = e.Phase
		}
	case record.IncidentChanged:
		var p record.Changed
		if e.Decode(&p) != nil {
			return
		}
		if p.Severity != nil {
			s.severity = p.Severity.String()
		}
		if p.Impact != nil {
			s.impact = oneLine(*p.Impact)
		}
		if p.TLP != nil {
			s.tlp = string(*p.TLP)
		}
	case record.PhaseEntered:
		var p record.Entered
		if e.Decode(&p) == nil {
			s.phase = p.To
		}
	case record.IncidentClosed:
		s.status = "closed"
	case record.IncidentReopened:
		s.status = "open"
	}
}

// compare says what is other than before. Of a first word there is no before.
func (n *News) compare(before, now standing) {
	if n.From == 0 {
		return
	}
	changed := func(what, was, is string) {
		if is == was || is == "" {
			return
		}
		line := what + ": " + is
		if was != "" && len(was) < 60 {
			line += ", was " + was
		}
		n.Changes = append(n.Changes, line)
	}
	changed("Status", before.status, now.status)
	changed("Severity", before.severity, now.severity)
	changed("Phase", before.phase.String(), now.phase.String())
	changed("Effect", before.impact, now.impact)
	changed("May be passed on as", light(before.tlp), light(now.tlp))
}

func light(tlp string) string {
	if tlp == "" {
		return ""
	}
	return "TLP:" + strings.ToUpper(tlp)
}

func (s standing) lines() []string {
	phase := s.phase.String()
	if phase == "" {
		phase = "none"
	}
	out := []string{fmt.Sprintf("%s, %s, phase %s", s.severity, s.status, phase)}
	if s.impact != "" {
		out = append(out, "Effect so far: "+s.impact)
	}
	return out
}

// deeds are the actions that changed something: what holds now, what was undone,
// what did not work.
type deeds struct {
	o       NewsOptions
	planned map[string]record.Planned
	state   map[string]record.Kind
	news    []string // ids of those that changed, in their order
}

func (d *deeds) take(e record.Entry, isNew bool) {
	var id string
	switch e.Kind { //nolint:exhaustive // the others are no actions
	case record.ActionPlanned:
		var p record.Planned
		if e.Decode(&p) == nil {
			d.planned[p.Action] = p
		}
		return
	case record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown:
		var p record.Outcome
		if e.Decode(&p) != nil {
			return
		}
		id = p.Action
	default:
		return
	}
	p := d.planned[id]
	if p.Danger < incident.Medium || d.o.Message != nil && d.o.Message(id) {
		return
	}
	d.state[id] = e.Kind
	if isNew && !slices.Contains(d.news, id) {
		d.news = append(d.news, id)
	}
}

// lines has a line for each where it can be said what was done, else a count.
func (d *deeds) lines() []string {
	var out []string
	done, undone, open := 0, 0, 0
	for _, id := range d.news {
		p := d.planned[id]
		what := d.what(p)
		switch holds := d.state[id] == record.ActionVerified || d.state[id] == record.ActionSent; {
		case !holds:
			open++
		case p.Reverts != "" && what == "":
			undone++
		case p.Reverts != "":
			out = append(out, "Undone: "+what)
		case what == "":
			done++
		case d.state[id] == record.ActionSent:
			out = append(out, "Done, not confirmed yet: "+what)
		default:
			out = append(out, "Done and confirmed: "+what)
		}
	}
	if done > 0 {
		out = append(out, counted(done, "protective measure was taken", "protective measures were taken"))
	}
	if undone > 0 {
		out = append(out, counted(undone, "measure was taken back", "measures were taken back"))
	}
	if open > 0 {
		out = append(out, counted(open, "measure has not worked so far", "measures have not worked so far"))
	}
	return out
}

// what is an action as far as its readers may know of it.
func (d *deeds) what(p record.Planned) string {
	switch {
	case p.Title != "" && p.Target != "":
		return oneLine(p.Title) + " (" + oneLine(p.Target) + ")"
	case p.Title != "":
		return oneLine(p.Title)
	case p.Name != "" && d.o.Title != nil:
		return d.o.Title(p.Name)
	}
	return ""
}

// clocks says which deadlines run, the nearest first.
func clocks(open []OpenClock) []string {
	open = slices.Clone(open)
	slices.SortStableFunc(open, func(a, b OpenClock) int { return a.Due.Compare(b.Due) })
	var out []string
	nameless, late := 0, 0
	var next time.Time
	for _, c := range open {
		if c.Title != "" {
			line := "Due " + stamp(c.Due) + ": " + oneLine(c.Title)
			if c.Late {
				line += " (late)"
			}
			out = append(out, line)
			continue
		}
		nameless++
		if c.Late {
			late++
		} else if next.IsZero() {
			next = c.Due
		}
	}
	if nameless == 0 {
		return out
	}
	line := counted(nameless, "deadline runs", "deadlines run")
	if !next.IsZero() {
		line += ", the next until " + stamp(next)
	}
	if late > 0 {
		line += fmt.Sprintf(", %d of them late", late)
	}
	return append(out, line)
}

// Text is the news as a message has them.
func (n News) Text() string {
	var b strings.Builder
	switch {
	case n.From == 0 && len(n.Changes) > 0:
		b.WriteString("So far:\n")
	case n.From == 0:
	case len(n.Changes) == 0:
		b.WriteString("Nothing has changed since the last update at " + stamp(n.Since) + ".\n")
	default:
		b.WriteString("Since the last update at " + stamp(n.Since) + ":\n")
	}
	for _, c := range n.Changes {
		b.WriteString("- " + c + "\n")
	}
	b.WriteString("Where it stands:\n")
	for _, s := range n.Stands {
		b.WriteString("- " + s + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// describeUpdate says in one line whom an update told.
func describeUpdate(p record.Update) (string, bool) {
	s := fmt.Sprintf("update %s to %s, TLP:%s", given(p.ID), given(p.Audience), strings.ToUpper(given(string(p.TLP))))
	switch {
	case p.ByHand != "":
		s += ", told by hand: " + p.ByHand
	case len(p.Actions) > 0:
		s += ", by " + strings.Join(p.Actions, ", ")
	}
	return s, false
}
