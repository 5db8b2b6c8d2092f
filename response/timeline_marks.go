package response

import (
	"context"
	"sync"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/timeline"
)

// said is what the record says of events. It is read once for each head of the
// record, so that a page does not read all marks again.
type said struct {
	mu   sync.Mutex
	head record.Head
	now  *sayings
}

// sayings are never changed once they are made.
type sayings struct {
	marks    []timeline.Mark
	byEvent  map[timeline.ID]*timeline.Mark
	sealed   map[string]time.Time // by exhibit
	detected time.Time            // when the incident was seen first; zero where nobody said
}

// sayings are those of the record as it is now.
func (f *folder) sayings(ctx context.Context) (*sayings, error) {
	now, _, err := f.sayingsAt(ctx)
	return now, err
}

// sayingsAt also says how many entries the record had then.
func (f *folder) sayingsAt(ctx context.Context) (*sayings, int64, error) {
	f.said.mu.Lock()
	defer f.said.mu.Unlock()
	now := f.said.now
	err := f.store.View(ctx, func(tx *store.Tx) error {
		head, err := tx.Head()
		switch {
		case err != nil && !f.readOnly:
			return err
		case err == nil && now != nil && head.Size == f.said.head.Size && head.Root == f.said.head.Root:
			return nil
		}
		if now, err = readSayings(tx); err == nil {
			f.said.head, f.said.now = head, now
		}
		return err
	})
	return now, f.said.head.Size, err
}

func readSayings(tx *store.Tx) (*sayings, error) {
	inc, err := tx.Incident()
	if err != nil {
		return nil, err
	}
	xs, err := tx.Exhibits()
	if err != nil {
		return nil, err
	}
	marks, err := tx.Marks()
	if err != nil {
		return nil, err
	}
	s := &sayings{
		marks: make([]timeline.Mark, len(marks)), byEvent: make(map[timeline.ID]*timeline.Mark, len(marks)),
		sealed: make(map[string]time.Time, len(xs)), detected: inc.Detected,
	}
	for _, x := range xs {
		s.sealed[x.ID] = x.SealedAt
	}
	for i, m := range marks {
		s.marks[i] = timeline.Mark{Event: eventID(m.Event), Star: m.Star, Tags: m.Tags, Comments: m.Comments}
		s.byEvent[s.marks[i].Event] = &s.marks[i]
	}
	return s, nil
}

// moments are what relative times of a filter are taken from.
func (s *sayings) moments(now time.Time) timeline.Moments {
	return timeline.Moments{Now: now, Detected: s.detected}
}

// mark is what people said of the event.
func (s *sayings) mark(id timeline.ID) timeline.Mark {
	if m := s.byEvent[id]; m != nil {
		return *m
	}
	return timeline.Mark{Event: id}
}

// join is the event with what the record says of it.
func (s *sayings) join(e timeline.Event) MarkedEvent {
	out := MarkedEvent{Event: e, Discovered: s.sealed[e.Exhibit]}
	if m := s.byEvent[e.ID]; m != nil {
		out.Star, out.Tags, out.Comments = m.Star, m.Tags, m.Comments
	}
	return out
}

// MarkRequest is what is to be said of events.
type MarkRequest struct {
	Star    *bool
	Tags    []string // "-tag" takes one away
	Comment string
}

func (r MarkRequest) says() error {
	if r.Star == nil && len(r.Tags) == 0 && r.Comment == "" {
		return usage("", "nothing to mark: give a star, tags or a comment")
	}
	return nil
}

func (r MarkRequest) of(e timeline.Event) record.Mark {
	return record.Mark{Event: e.ID.String(), Star: r.Star, Tags: r.Tags, Comment: r.Comment, Time: e.Time, Message: e.Message, Exhibit: e.Exhibit}
}

// Mark stars, tags or comments an event. The record keeps the event's time and
// text with the mark, so that the review can show them.
func (s *Session) Mark(ctx context.Context, id incident.ID, event string, star *bool, tags []string, comment string) error {
	r := MarkRequest{Star: star, Tags: tags, Comment: comment}
	if err := r.says(); err != nil {
		return err
	}
	e, err := s.Event(ctx, id, event)
	if err != nil {
		return err
	}
	return s.act(ctx, id, record.EventMarked, "", r.of(e.Event), mustBeOpen)
}

// MarkAll says the same of many events: an entry for each, all under one head
// or none. A caller with very many of them gives MaxMarks at a time.
func (s *Session) MarkAll(ctx context.Context, id incident.ID, events []MarkedEvent, r MarkRequest) error {
	if err := r.says(); err != nil {
		return err
	}
	if len(events) > MaxMarks {
		return usage("", "mark %d events at once: at most %d", len(events), MaxMarks)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		drafts := make([]record.Draft, len(events))
		for i, e := range events {
			if drafts[i], err = s.draft(tx, record.EventMarked, "", r.of(e.Event)); err != nil {
				return nil, err
			}
		}
		return drafts, nil
	})
	return err
}

// MaxMarks is how many events can be marked under one head.
const MaxMarks = 1000
