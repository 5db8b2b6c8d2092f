package clocks

import (
	"slices"
	"time"

	"firebreak/record"
	"firebreak/review"
)

// ForReview are the deadlines that the record speaks of, as they stood at now, for
// review.Extra. They follow from the entries alone: what was counted by is in them,
// so a release can be made again anywhere. Entries of which fields are withheld give
// lines without these.
func ForReview(entries []record.Entry, now time.Time) []review.ClockLine {
	f := Fold(entries)
	if !f.Any() {
		return nil
	}
	b, t, err := f.pinned(now)
	if err != nil {
		return nil // rules of ours that cannot be read: a test keeps that from happening
	}
	var out []review.ClockLine
	for _, l := range Lines(b, f, t) {
		out = append(out, l.forReview())
	}
	return out
}

// pinned are the rules and terms that the record was counted by. A file of one's own
// that cannot be read any more leaves its deadlines unknown by name.
func (f *Facts) pinned(now time.Time) (*Book, Terms, error) {
	t := Terms{Now: now}
	basis, ok := f.Basis()
	if !ok {
		b, err := NewBook(nil, Choice{})
		return b, t, err
	}
	t.Calendars = basis.Calendars
	if loc, err := time.LoadLocation(basis.Zone); err == nil && basis.Zone != "Local" {
		t.Zone = loc
	}
	var own []Rule
	for _, file := range basis.Own {
		if rules, err := Parse(file.Name, []byte(file.Source), false); err == nil {
			own = append(own, rules...)
		}
	}
	b, err := NewBook(own, Choice{})
	if err != nil { // one of them has become one of ours, or its predecessor is gone
		b, err = NewBook(nil, Choice{})
	}
	if err != nil {
		return nil, t, err
	}
	for id := range b.on {
		b.on[id] = slices.Contains(basis.On, id)
	}
	return b, t, nil
}

func (l Line) forReview() review.ClockLine {
	c := review.ClockLine{
		ID: l.Clock, Regime: l.Regime, Duty: l.Duty, Recipient: l.To, Start: string(l.Start), Started: l.Started, StartedSeq: l.StartSeq,
		Due: l.Due, Met: l.Met, MetSeq: l.MetSeq, Proof: l.Proof, State: string(l.State), Reason: l.Reason,
		Source: l.Citation, Confidence: string(l.Sure), Checked: l.Checked,
	}
	if l.Due.IsZero() {
		c.DueText = l.Limit
	}
	if l.Applies != Undecided {
		c.Reason = l.Why
	}
	switch l.State {
	case DueSoon:
		c.State = string(Running)
	case Late:
		c.State = "missed"
	case MetInTime:
		c.State = "met"
	case NotApplicable:
		c.Reason = l.Why
	case NotStarted, Running, MetLate, OpenDuty, Done:
	}
	for _, seq := range []int64{l.ChosenSeq, l.StartSeq, l.MetSeq} {
		if seq > 0 && !slices.Contains(c.Seqs, seq) {
			c.Seqs = append(c.Seqs, seq)
		}
	}
	slices.Sort(c.Seqs)
	return c
}
