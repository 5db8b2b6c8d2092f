package response

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

const (
	pageSize = 200
	pageMost = 10_000
)

// filter parses the one-line filter and joins the marks it asks for.
func (s *Session) filter(ctx context.Context, f *folder, text string) (timeline.Filter, map[string]store.Mark, error) {
	flt, err := timeline.ParseFilter(text, s.s.o.Now().UTC())
	if err != nil {
		return flt, nil, usage("firebreak search --help shows the filter language", "%w", err)
	}
	byEvent := map[string]store.Mark{}
	var marks []timeline.Mark
	err = f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Marks()
		for _, m := range all {
			byEvent[m.Event] = m
			marks = append(marks, timeline.Mark{Event: eventID(m.Event), Star: m.Star, Tags: m.Tags, Comments: m.Comments})
		}
		return err
	})
	return flt.Marked(marks), byEvent, err
}

// Page returns a window of the timeline in time order.
func (s *Session) Page(ctx context.Context, id incident.ID, r PageRequest) ([]MarkedEvent, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return nil, err
	}
	flt, marks, err := s.filter(ctx, f, r.Filter)
	if err != nil {
		return nil, err
	}
	if r.Limit <= 0 {
		r.Limit = pageSize
	}
	es, err := db.Page(ctx, flt, events.Request{After: r.After, Before: r.Before, At: r.At, End: r.End, Limit: min(r.Limit, pageMost)})
	if err != nil {
		return nil, fmt.Errorf("search timeline: %w", err)
	}
	out := make([]MarkedEvent, len(es))
	for i, e := range es {
		out[i] = marked(e, marks[e.ID.String()])
	}
	return out, nil
}

// eventID reads an event's id; any other text is the id of no event.
func eventID(text string) timeline.ID {
	id, _ := timeline.ParseID(strings.ToUpper(text))
	return id
}

func marked(e timeline.Event, m store.Mark) MarkedEvent {
	return MarkedEvent{Event: e, Star: m.Star, Tags: m.Tags, Comments: m.Comments}
}

// Count is the exact number of events that match.
func (s *Session) Count(ctx context.Context, id incident.ID, filter string) (int64, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return 0, err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return 0, err
	}
	flt, _, err := s.filter(ctx, f, filter)
	if err != nil {
		return 0, err
	}
	n, err := db.Count(ctx, flt)
	if err != nil {
		return 0, fmt.Errorf("count timeline: %w", err)
	}
	return n, nil
}

// Histogram counts the matching events over the span they cover.
func (s *Session) Histogram(ctx context.Context, id incident.ID, filter string, buckets int) (Histogram, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Histogram{}, err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return Histogram{}, err
	}
	flt, _, err := s.filter(ctx, f, filter)
	if err != nil {
		return Histogram{}, err
	}
	first, last, err := db.Span(ctx, flt)
	if err != nil || first.IsZero() {
		return Histogram{}, err
	}
	last = last.Add(time.Nanosecond)
	counts, err := db.Histogram(ctx, flt, first, last, buckets)
	if err != nil {
		return Histogram{}, fmt.Errorf("histogram of timeline: %w", err)
	}
	return Histogram{From: first, To: last, Buckets: counts}, nil
}

// Event returns one event with its marks.
func (s *Session) Event(ctx context.Context, id incident.ID, event string) (MarkedEvent, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return MarkedEvent{}, err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return MarkedEvent{}, err
	}
	e, err := db.Get(ctx, eventID(event))
	if err != nil {
		return MarkedEvent{}, notFound("firebreak search --json prints the ids", "event %q: %w", event, err)
	}
	_, marks, err := s.filter(ctx, f, "")
	return marked(e, marks[event]), err
}

// Mark stars, tags or comments an event. The record keeps the event's time and
// text with the mark, so that the review can show them.
func (s *Session) Mark(ctx context.Context, id incident.ID, event string, star *bool, tags []string, comment string) error {
	if star == nil && len(tags) == 0 && comment == "" {
		return usage("", "nothing to mark: give a star, tags or a comment")
	}
	e, err := s.Event(ctx, id, event)
	if err != nil {
		return err
	}
	return s.act(ctx, id, record.EventMarked, "", record.Mark{
		Event: event, Star: star, Tags: tags, Comment: comment, Time: e.Time, Message: e.Message, Exhibit: e.Exhibit,
	}, mustBeOpen)
}

// Rebuild makes the timeline again from the sealed evidence, each exhibit read
// as it was the last time.
func (s *Session) Rebuild(ctx context.Context, id incident.ID, p ProgressFunc) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.rebuild(ctx, f, p)
}

func (s *Session) rebuild(ctx context.Context, f *folder, p ProgressFunc) error {
	if err := s.s.emptyTimeline(ctx, f); err != nil {
		return err
	}
	var xs []store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return err
	}
	for i, x := range xs {
		if x.Erased != "" {
			continue
		}
		tell(p, "reading "+x.Title, int64(i), int64(len(xs)))
		o, err := optionsOf(x)
		if err != nil {
			return err
		}
		if o.Parser == "" || o.Parser == "text" {
			continue
		}
		o.told = p
		if _, err := s.parse(ctx, f, x.Exhibit, o); err != nil {
			return err
		}
	}
	return nil
}

// emptyTimeline takes every event out of the timeline. It stays the same file,
// which other processes may have open; only a damaged one is deleted.
func (s *Service) emptyTimeline(ctx context.Context, f *folder) error {
	db, err := s.timeline(ctx, f)
	if err == nil {
		err = db.Clear(ctx)
	}
	if err == nil {
		err = db.Check(ctx)
	}
	if errors.Is(err, events.ErrDamaged) {
		return f.dropTimeline()
	}
	return err
}

func (f *folder) dropTimeline() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	if f.events != nil {
		errs = append(errs, f.events.Close())
		f.events = nil
	}
	files, err := filepath.Glob(filepath.Join(f.dir, "timeline.db*"))
	errs = append(errs, err)
	for _, name := range files {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}
