package response

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/internal/problem"
	"firebreak/record"
	"firebreak/review/clocks"
	"firebreak/store"
)

// ClockSheet is where an incident stands with its deadlines.
type ClockSheet struct {
	Lines   []clocks.Line   `json:"clocks"`            // the most urgent first
	Named   []NamedClock    `json:"named,omitempty"`   // that its playbook names, and that are not shown: their condition does not hold
	Checked string          `json:"checked,omitempty"` // the oldest day on which sources of what is on were looked at
	Stale   bool            `json:"stale,omitempty"`   // that is too long ago
	Zone    string          `json:"zone"`              // where days are counted
	On      int             `json:"on"`                // how many are on
	Unread  []int64         `json:"unread,omitempty"`  // entries that could not be read
	Status  incident.Status `json:"status"`
}

// NamedClock is a deadline that a playbook names, with the condition it is for.
type NamedClock struct {
	Clock     string `json:"clock"`
	When      string `json:"when,omitempty"`
	Condition string `json:"condition,omitempty"` // yes, no or unknown: where it stands now
	Known     bool   `json:"known"`               // there is data of it
}

// Clocks are the deadlines of an incident as they stand now: those that are on, and
// those that somebody said something of.
func (s *Session) Clocks(ctx context.Context, id incident.ID) (ClockSheet, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ClockSheet{}, err
	}
	t, err := s.s.clockTerms()
	if err != nil {
		return ClockSheet{}, err
	}
	var sheet ClockSheet
	err = f.store.View(ctx, func(tx *store.Tx) error {
		sheet, err = s.s.clockSheet(tx, t)
		return err
	})
	return sheet, err
}

func (s *Service) clockSheet(tx *store.Tx, t clockTerms) (ClockSheet, error) {
	inc, err := tx.Incident()
	if err != nil {
		return ClockSheet{}, err
	}
	facts, err := clockFacts(tx)
	if err != nil {
		return ClockSheet{}, err
	}
	house, err := s.houseClocks(tx, inc, facts)
	if err != nil {
		return ClockSheet{}, err
	}
	named, err := s.namedClocks(tx)
	if err != nil {
		return ClockSheet{}, err
	}
	t = t.with(named)
	sheet := ClockSheet{
		Lines: clocks.Lines(t.book, facts, s.clockNow(t, house)), Checked: t.book.Checked(), Zone: t.zone.String(), On: len(t.basis.On), Unread: facts.Unread, Status: inc.Status,
	}
	sheet.Stale = clocks.Stale(sheet.Checked, s.o.Now())
	sheet.name(named, t.book)
	return sheet, nil
}

func clockFacts(tx *store.Tx) (clocks.Facts, error) {
	entries, err := tx.EntriesOf(clocks.Kinds()...)
	return clocks.Fold(entries), err
}

func (s *Service) clockNow(t clockTerms, house []clocks.HouseRule) clocks.Terms {
	return clocks.Terms{Now: s.o.Now().UTC(), Zone: t.zone, Calendars: t.cals, House: house}
}

// houseClocks are the deadlines that the house has given itself: the review after
// closing, and the next word to each audience.
func (s *Service) houseClocks(tx *store.Tx, inc incident.Incident, facts clocks.Facts) ([]clocks.HouseRule, error) {
	var out []clocks.HouseRule
	if h, due := facts.ReviewDue(s.reviewLimit(inc.Severity)); due {
		out = append(out, h)
	}
	updates, err := s.dueUpdates(tx)
	if err != nil {
		return nil, err
	}
	for _, u := range updates {
		if a, err := s.audience(u.Audience); err == nil && !u.Due.IsZero() { // without one it is told when somebody thinks of it
			out = append(out, clocks.UpdateDue(u.Audience, a.Every, u.Due.Add(-a.Every)))
		}
	}
	return out, nil
}

// boardClocks puts the deadlines on the board that count down, are late, or are open,
// the most urgent first, and those that the playbook asks for and nobody judged; those
// of updates have their own place. What is wrong with the configuration must not hide
// the incident: it is told in a sentence.
func (s *Service) boardClocks(tx *store.Tx, b *Board) error {
	inc := b.Incident
	t, err := s.clockTerms()
	if err != nil {
		b.NoClocks = err.Error()
		return nil
	}
	facts, err := clockFacts(tx)
	if err != nil {
		return err
	}
	named, err := s.namedClocks(tx)
	if err != nil {
		return err
	}
	t = t.with(named)
	var house []clocks.HouseRule
	if h, due := facts.ReviewDue(s.reviewLimit(inc.Severity)); due {
		house = append(house, h)
	}
	for _, l := range clocks.Lines(t.book, facts, s.clockNow(t, house)) {
		switch {
		case l.State.Running() || l.State == clocks.OpenDuty:
			b.Clocks = append(b.Clocks, l)
		case l.State == clocks.NotStarted && askedBy(named, l.Clock):
			b.Unjudged = append(b.Unjudged, l)
		}
	}
	return nil
}

// StartClock records when something happened that deadlines count from, with who
// judged so; without a time it is taken back. It works on a closed incident too: the
// last reports are due long after it.
func (s *Session) StartClock(ctx context.Context, id incident.ID, c record.ClockStart) error {
	if strings.TrimSpace(c.Reason) == "" {
		return usage("--reason \"legal, on the call at 9\"", "start %s: who judged so, and by what?", c.Event)
	}
	var events []string
	for _, e := range clocks.Events() {
		events = append(events, string(e))
	}
	if !slices.Contains(events, c.Event) {
		hint := problem.DidYouMean(c.Event, events)
		if c.Event == string(clocks.Previous) {
			hint = "firebreak clocks met says that a stage was submitted"
		}
		return usage(hint, "start %q: nothing counts from that: want %s", c.Event, strings.Join(events, ", "))
	}
	if err := s.notAhead("start "+c.Event, c.At); err != nil {
		return err
	}
	if c.Zone != "" {
		if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
			return usage("as in Europe/Berlin", "start %s: zone %q is not known", c.Event, c.Zone)
		}
	}
	slices.Sort(c.Clocks)
	c.Clocks = slices.Compact(c.Clocks)
	return s.sayOfClocks(ctx, id, record.ClockStarted, c.Clocks, func(t clockTerms, f clocks.Facts, basis json.RawMessage) (any, error) {
		if c.At.IsZero() && !f.Said(clocks.Event(c.Event), c.Clocks) {
			return nil, notFound("", "take back %s: nobody said it%s", c.Event, forThese(c.Clocks))
		}
		for _, clock := range c.Clocks {
			if r, _ := t.book.Rule(clock); r.Start != clocks.Event(c.Event) && (r.Backstop == nil || r.Backstop.Start != clocks.Event(c.Event)) &&
				(r.Start != clocks.YearEnd || c.Event != string(clocks.Discovered)) {
				return nil, usage("", "start %s: %s counts from %s", c.Event, clock, r.Start)
			}
		}
		if c.Zone == "" && !c.At.IsZero() {
			c.Zone = t.zone.String()
		}
		c.Basis = basis
		return c, nil
	})
}

func forThese(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return " for " + strings.Join(ids, ", ")
}

// ChooseClock records whether a deadline applies to this incident, and why.
func (s *Session) ChooseClock(ctx context.Context, id incident.ID, clock string, applies bool, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return usage("--reason \"no personal data, says legal\"", "%s: why does it apply, or not?", clock)
	}
	return s.sayOfClocks(ctx, id, record.ClockChosen, []string{clock}, func(_ clockTerms, _ clocks.Facts, basis json.RawMessage) (any, error) {
		return record.ClockChoice{Clock: clock, Applies: applies, Reason: reason, Basis: basis}, nil
	})
}

var exhibitShape = lazyre.New(`^e[0-9]+$`)

// MeetClock records that somebody did what a deadline asks for; without a time, that
// it was not so.
func (s *Session) MeetClock(ctx context.Context, id incident.ID, m record.Submission) error {
	if err := s.notAhead("met "+m.Clock, m.At); err != nil {
		return err
	}
	if m.At.IsZero() && strings.TrimSpace(m.Note) == "" {
		return usage("--reason \"it went to the wrong authority\"", "%s: why was it not met?", m.Clock)
	}
	return s.sayOfClocks(ctx, id, record.ClockMet, []string{m.Clock}, func(_ clockTerms, f clocks.Facts, _ json.RawMessage) (any, error) {
		switch excluded, why := f.Excluded(m.Clock); {
		case m.At.IsZero() && !f.Met(m.Clock):
			return nil, notFound("", "take back %s: nobody said that it was met", m.Clock)
		case !m.At.IsZero() && excluded:
			return nil, refused(fmt.Sprintf("firebreak clocks applies %s %s --reason …", id, m.Clock), "%s does not apply here: %s", m.Clock, why)
		}
		return m, nil
	})
}

// notAhead refuses a time that has not come.
func (s *Session) notAhead(what string, at time.Time) error {
	const slack = 2 * time.Minute // two machines' clocks
	if at.After(s.s.o.Now().Add(slack)) {
		return usage("--at 2026-11-21T03:12:00Z, or HH:MM", "%s at %s: that is still to come", what, at.UTC().Format(time.RFC3339))
	}
	return nil
}

// sayOfClocks records one entry about deadlines. The basis is nil where the last one
// that was pinned holds still.
func (s *Session) sayOfClocks(ctx context.Context, id incident.ID, kind record.Kind, named []string, payloadOf func(clockTerms, clocks.Facts, json.RawMessage) (any, error)) error {
	t, err := s.s.clockTerms()
	if err != nil {
		return err
	}
	for _, clock := range named {
		if _, known := t.book.Rule(clock); known {
			continue
		}
		if strings.HasPrefix(clock, clocks.House+"-") {
			return usage("", "%s follows from the record by itself", clock)
		}
		hint := "firebreak clocks list --all shows what is known"
		if n := problem.Nearest(clock, t.book.IDs()); n != "" {
			hint = "did you mean " + n + "?"
		}
		return notFound(hint, "clock %q is not known", clock)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		asked, err := s.s.namedClocks(tx)
		if err != nil {
			return record.Draft{}, err
		}
		t := t.with(asked)
		pinned, err := t.pinned(s.s.o.Now())
		if err != nil {
			return record.Draft{}, err
		}
		entries, err := tx.EntriesOf(clocks.Kinds()...)
		if err != nil {
			return record.Draft{}, err
		}
		facts := clocks.Fold(entries)
		basis := pinned
		if bytes.Equal(facts.Pinned(), pinned) {
			basis = nil
		}
		payload, err := payloadOf(t, facts, basis)
		if err != nil {
			return record.Draft{}, err
		}
		if m, ok := payload.(record.Submission); ok && exhibitShape.MatchString(m.Proof) {
			if _, err := tx.Exhibit(m.Proof); err != nil {
				return record.Draft{}, notFound("", "proof %s of %s: there is no such exhibit", m.Proof, m.Clock)
			}
		}
		return s.draft(tx, kind, "", payload)
	})
	return err
}

// NearestClock is the most urgent deadline of an incident.
type NearestClock struct {
	Clock string       `json:"clock"`
	Duty  string       `json:"duty"`
	State clocks.State `json:"state"`
	Due   time.Time    `json:"due"`
}

// nearestClock is nil where none runs, or the configuration of them is wrong: the
// clocks command says so.
func (s *Service) nearestClock(ctx context.Context, f *folder, t clockTerms) (*NearestClock, error) {
	var out *NearestClock
	err := f.store.View(ctx, func(tx *store.Tx) error {
		facts, err := clockFacts(tx)
		if err != nil || !facts.Any() {
			return err
		}
		named, err := s.namedClocks(tx)
		if err != nil {
			return err
		}
		t := t.with(named)
		if l, ok := clocks.Nearest(clocks.Lines(t.book, facts, s.clockNow(t, nil))); ok {
			out = &NearestClock{l.Clock, l.Duty, l.State, l.Due}
		}
		return nil
	})
	return out, err
}
