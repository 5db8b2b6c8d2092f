package response

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/handover"
	"firebreak/store"
)

// Handover is the page that one shift gives to the next.
type Handover = handover.Page

// Handing is the act of handing on.
type Handing struct {
	To      string        // who goes on
	Say     string        // what they have to know, besides the page
	Through int64         // Handover.Through of the page that was shown
	Role    incident.Role // a role that they get with it; "" is none
}

const (
	// decisionsMost is how many of the latest decisions a handover has.
	decisionsMost = 5
	// actsMost is among how many of the newest entries people are looked for.
	actsMost = 300
	// notesMost is among how many of the newest entries decisions in notes are
	// looked for, notesPage at a time.
	notesMost, notesPage = 2000, 400
	// firstMost is how many things are named to look at first.
	firstMost = 8
	// promisedMost is how many earlier incidents are asked what they promised, and
	// promisesMost how many of their follow-ups are named.
	promisedMost, promisesMost = 20, 8
	// soon is how near a deadline is for the next shift to look at it first.
	soon = 4 * time.Hour
)

// Handover puts the page together from the record. Nothing is recorded.
func (s *Session) Handover(ctx context.Context, id incident.ID) (Handover, error) {
	board, err := s.Board(ctx, id)
	if err != nil {
		return Handover{}, err
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Handover{}, err
	}
	m := shiftMaker{s: s, b: board, now: s.s.o.Now().UTC(), p: Handover{
		Format: handover.Format, Made: s.s.o.Now().UTC(), Tool: s.s.o.Tool, By: s.by.Name, Incident: board.Incident,
		Playbook: board.Playbook, ReadOnly: board.ReadOnly,
	}}
	if err := f.store.View(ctx, func(tx *store.Tx) error { return m.read(tx, s.titles(f)) }); err != nil {
		return Handover{}, err
	}
	if m.promised, err = s.Promised(ctx, id, promisedMost); err != nil {
		return Handover{}, err
	}
	m.sections()
	return m.p, nil
}

// shiftMaker gathers a handover.
type shiftMaker struct {
	s   *Session
	b   Board
	p   Handover
	now time.Time

	news      review.News
	decisions []handover.Row
	people    []handover.Row
	clocks    []handover.Row
	items     []review.Item
	promised  []ItemView // by earlier incidents of this kind
}

// headKinds are the kinds that say where an incident stands: few in any record.
var headKinds = []record.Kind{
	record.IncidentOpened, record.IncidentChanged, record.PhaseEntered, record.IncidentClosed, record.IncidentReopened,
	record.ActionPlanned, record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown,
	record.ItemAdded, record.ItemChanged,
}

// factKinds are the kinds of what people found out and said.
var factKinds = []record.Kind{
	record.MomentStated, record.ImpactStated, record.SubjectNamed, record.TechniqueSeen, record.FactorNamed, record.ControlJudged,
	record.ClockStarted, record.ClockChosen, record.ClockMet, record.ReviewText, record.ReviewMoved, record.ReviewReleased,
}

// read takes what the board does not have: what is new since the last handover,
// the latest decisions, and who did what last.
func (m *shiftMaker) read(tx *store.Tx, title func(string) string) error {
	h, err := tx.Head()
	if err != nil {
		return err
	}
	m.p.Through, m.p.Seal = h.Size, h.Seal()
	given, err := tx.EntriesOf(record.ShiftHandedOn)
	if err != nil {
		return err
	}
	for _, e := range given {
		var p record.HandedOn
		if e.Decode(&p) == nil {
			m.p.Last = &handover.Last{Seq: e.Seq, At: e.Time.UTC(), By: e.Actor.Name, To: p.To, Text: p.Text, Through: p.Through}
		}
	}
	var from int64
	if m.p.Last != nil {
		from = min(max(m.p.Last.Through, 0), h.Size)
	}
	if err := m.since(tx, from, title); err != nil {
		return err
	}
	if err := m.decided(tx, h.Size); err != nil {
		return err
	}
	items, err := tx.EntriesOf(record.ItemAdded, record.ItemChanged)
	if err != nil {
		return err
	}
	m.items = review.ItemsOf(items, m.now)
	newest, err := tx.Last(actsMost)
	if err != nil {
		return err
	}
	m.acts(newest)
	return nil
}

// since finds what is new since an entry; without one, what was done at all: of
// that only what is told of is read.
func (m *shiftMaker) since(tx *store.Tx, from int64, title func(string) string) error {
	kinds := headKinds
	if from == 0 {
		kinds = slices.Concat(headKinds, factKinds, []record.Kind{record.StepDone, record.EvidenceSealed})
	}
	all, err := tx.EntriesOf(kinds...)
	if err != nil {
		return err
	}
	if from > 0 {
		tail, err := tx.Entries(from-1, 0) // with the entry that the last one ended with
		if err != nil {
			return err
		}
		cut, _ := slices.BinarySearchFunc(all, from, func(e record.Entry, seq int64) int { return cmp.Compare(e.Seq, seq) })
		all = slices.Concat(all[:cut], tail)
	}
	m.news = review.NewsOf(all, from, review.NewsOptions{Title: title})
	return nil
}

// decided finds the latest decisions: those that have an entry of their own, and
// among the newest entries notes that are marked as one.
func (m *shiftMaker) decided(tx *store.Tx, size int64) error {
	taken, err := tx.EntriesOf(record.DecisionTaken)
	if err != nil {
		return err
	}
	notes := 0
	for end := size; end > max(size-notesMost, 0) && notes < decisionsMost; end -= notesPage {
		from := max(end-notesPage, 0)
		page, err := tx.Entries(from, int(end-from))
		if err != nil {
			return err
		}
		for _, e := range page {
			var note record.Note
			if e.Kind == record.Noted && e.Decode(&note) == nil && note.Decision {
				taken = append(taken, e)
				notes++
			}
		}
	}
	slices.SortStableFunc(taken, func(a, b record.Entry) int { return cmp.Compare(b.Seq, a.Seq) })
	for _, e := range taken[:min(len(taken), decisionsMost)] {
		text, _ := review.Describe(e)
		m.decisions = append(m.decisions, handover.Row{At: e.Time.UTC(), Text: "Decided: " + oneLineOf(text), Seq: e.Seq})
	}
	return nil
}

func oneLineOf(s string) string { return strings.Join(strings.Fields(s), " ") }

// acts finds who is where: their roles, and what they did last.
func (m *shiftMaker) acts(newest []record.Entry) {
	roles := map[string][]string{}
	for role, who := range m.b.Incident.Roles {
		roles[who] = append(roles[who], string(role))
	}
	var names []string
	last := map[string]record.Entry{}
	for _, e := range newest {
		name := e.Actor.Name
		if name == "" {
			continue
		}
		if _, seen := last[name]; !seen {
			names = append(names, name)
		}
		last[name] = e
	}
	for who := range roles {
		if _, seen := last[who]; !seen {
			names = append(names, who)
		}
	}
	slices.SortFunc(names, func(a, b string) int { // who holds a role is first, then who acted last
		return cmp.Or(cmp.Compare(min(len(roles[b]), 1), min(len(roles[a]), 1)), cmp.Compare(last[b].Seq, last[a].Seq), strings.Compare(a, b))
	})
	for _, who := range names {
		slices.Sort(roles[who])
		r := handover.Row{Ref: who}
		says := cmp.Or(strings.Join(roles[who], ", "), "no role")
		if e, acted := last[who]; acted {
			text, _ := review.Describe(e)
			r.At, r.Seq = e.Time.UTC(), e.Seq
			says += "; last: " + oneLineOf(text)
		} else {
			says += "; no entry lately"
		}
		r.Text = says
		m.people = append(m.people, r)
	}
}

// HandShift records that the incident was handed on, and gives the role that goes
// with it.
func (s *Session) HandShift(ctx context.Context, id incident.ID, h Handing) error {
	h.To = strings.TrimSpace(h.To)
	switch {
	case h.To == "":
		return usage("--to PERSON", "a shift is handed to somebody")
	case len(h.To) > 200:
		return usage("", "the name has %d bytes: 200 at most", len(h.To))
	case len(h.Say) > 64<<10:
		return usage("write a note: firebreak note", "the text has %d bytes; 64 KiB is the limit", len(h.Say))
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		count, err := tx.Count()
		if err != nil {
			return nil, err
		}
		if h.Through < 1 || h.Through > count {
			return nil, usage("", "a handover of %d entries: the record has %d", h.Through, count)
		}
		var out []record.Draft
		add := func(kind record.Kind, payload any) error {
			d, err := s.draft(tx, kind, "", payload)
			out = append(out, d)
			return err
		}
		if h.Role != "" {
			if err := add(record.RoleAssigned, record.Assigned{Role: h.Role, Person: h.To}); err != nil {
				return nil, err
			}
		}
		return out, add(record.ShiftHandedOn, record.HandedOn{To: h.To, Text: h.Say, Through: h.Through})
	})
	return err
}

// openStep says that somebody has to see to a step.
func openStep(st StepView) bool {
	return st.State == playbooks.Ready || st.State == playbooks.Running || st.State == playbooks.Failed
}

// holder is who sees to a step.
func (m *shiftMaker) holder(st StepView) string {
	if who := m.b.Incident.Roles[incident.Role(st.Assign)]; st.Assign != "" && who != "" {
		return st.Assign + " " + who
	}
	if st.Assign != "" {
		return st.Assign + ": nobody"
	}
	if st.State == playbooks.Running && st.By != "" {
		return st.By
	}
	return "nobody"
}

// timeLeft says how near a moment is.
func timeLeft(t, now time.Time) string {
	d := t.Sub(now).Round(time.Second)
	if d < 0 {
		return "LATE by " + review.Span(-d)
	}
	return review.Span(d) + " left"
}
