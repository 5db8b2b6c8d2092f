package clocks

import (
	"encoding/json"
	"slices"
	"time"

	"firebreak/record"
)

// Facts are what a record says of deadlines.
type Facts struct {
	starts  []start // the first said first; what was replaced or taken back is not in it
	choices map[string]choice
	met     map[string][]submission
	closed  time.Time // when the incident was closed; zero while it is open
	closing int64
	review  time.Time // when the review was done after that
	reviews int64
	basis   *Basis

	pinnedAs json.RawMessage

	Unread []int64 // entries that could not be read
}

type start struct {
	record.ClockStart
	seq int64
}

type choice struct {
	record.ClockChoice
	seq int64
}

type submission struct {
	record.Submission
	seq int64
}

// Kinds are the entries that Fold looks at.
func Kinds() []record.Kind {
	return []record.Kind{
		record.ClockStarted, record.ClockChosen, record.ClockMet, record.IncidentClosed, record.IncidentReopened, record.ReviewMoved,
	}
}

// Fold reads the entries of a record, in their order; those of other kinds are
// passed over.
func Fold(entries []record.Entry) Facts {
	f := Facts{choices: map[string]choice{}, met: map[string][]submission{}}
	for _, e := range entries {
		if err := f.take(e); err != nil {
			f.Unread = append(f.Unread, e.Seq)
		}
	}
	return f
}

func (f *Facts) take(e record.Entry) error {
	switch e.Kind { //nolint:exhaustive // the others say nothing of deadlines
	case record.ClockStarted:
		var p record.ClockStart
		if err := e.Decode(&p); err != nil {
			return err
		}
		f.start(start{p, e.Seq})
	case record.ClockChosen:
		var p record.ClockChoice
		if err := e.Decode(&p); err != nil {
			return err
		}
		f.choices[p.Clock] = choice{p, e.Seq}
		f.pin(p.Basis)
	case record.ClockMet:
		var p record.Submission
		if err := e.Decode(&p); err != nil {
			return err
		}
		if p.At.IsZero() { // taken back
			delete(f.met, p.Clock)
			return nil
		}
		f.met[p.Clock] = append(f.met[p.Clock], submission{p, e.Seq})
	case record.IncidentClosed:
		f.closed, f.closing, f.review, f.reviews = e.Time.UTC(), e.Seq, time.Time{}, 0
	case record.IncidentReopened:
		f.closed, f.closing, f.review, f.reviews = time.Time{}, 0, time.Time{}, 0
	case record.ReviewMoved:
		var p record.ReviewMove
		if err := e.Decode(&p); err != nil {
			return err
		}
		switch {
		case p.To != record.ReviewReviewed && p.To != record.ReviewClosed: // it was taken back
			f.review, f.reviews = time.Time{}, 0
		case f.review.IsZero():
			f.review, f.reviews = e.Time.UTC(), e.Seq
		}
	}
	return nil
}

// start puts in a start in the place of the former one for the same.
func (f *Facts) start(s start) {
	f.pin(s.Basis)
	s.Clocks = slices.Sorted(slices.Values(s.Clocks))
	f.starts = slices.DeleteFunc(f.starts, func(o start) bool { return o.Event == s.Event && slices.Equal(o.Clocks, s.Clocks) })
	if !s.At.IsZero() {
		f.starts = append(f.starts, s)
	}
}

// began is the start of a rule: said for it alone, else for all that begin so. The
// last word counts.
func (f *Facts) began(e Event, id string) (start, bool) {
	for _, alone := range []bool{true, false} {
		for _, s := range slices.Backward(f.starts) {
			if s.Event == string(e) && (alone && slices.Contains(s.Clocks, id) || !alone && len(s.Clocks) == 0) {
				return s, true
			}
		}
	}
	return start{}, false
}

// Basis is what deadlines of an incident are counted by, as it was when somebody
// said something of them: it is kept in their entry, so that the same record gives
// the same dates anywhere. Ours are not in it: they belong to the program.
type Basis struct {
	On        []string  `json:"on,omitempty"` // the rules that were on
	Zone      string    `json:"zone,omitempty"`
	Calendars Calendars `json:"calendars,omitempty"`
	Own       []OwnFile `json:"own,omitempty"`
}

// OwnFile is a file of rules of the workspace.
type OwnFile struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// pin takes over what an entry was counted by. One that cannot be read is no reason
// to count by nothing: the one before stays.
func (f *Facts) pin(raw json.RawMessage) {
	var b Basis
	if len(raw) > 0 && json.Unmarshal(raw, &b) == nil {
		f.basis, f.pinnedAs = &b, raw
	}
}

// Pinned is the basis as the last entry has it that has one.
func (f *Facts) Pinned() json.RawMessage { return f.pinnedAs }

// Said says that an event was said, for exactly these deadlines or, with none, for
// all.
func (f *Facts) Said(e Event, ids []string) bool {
	return slices.ContainsFunc(f.starts, func(s start) bool { return s.Event == string(e) && slices.Equal(s.Clocks, ids) })
}

// Excluded says that somebody said that a deadline does not apply, and why.
func (f *Facts) Excluded(id string) (bool, string) {
	c, chosen := f.choices[id]
	return chosen && !c.Applies, c.Reason
}

// Met says that somebody said that a deadline was met.
func (f *Facts) Met(id string) bool { return len(f.met[id]) > 0 }

// Basis is what the record was last counted by; false where nothing says so.
func (f *Facts) Basis() (Basis, bool) {
	if f.basis == nil {
		return Basis{}, false
	}
	return *f.basis, true
}

// Any says that the record says something of deadlines.
func (f *Facts) Any() bool { return len(f.starts)+len(f.choices)+len(f.met) > 0 }
