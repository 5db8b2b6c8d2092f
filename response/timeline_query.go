package response

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/store/events"
	"firebreak/timeline"
)

const (
	pageSize = 200
	pageMost = 10_000
)

// query is a filter at the timeline that it is asked of.
type query struct {
	db     *events.DB
	filter timeline.Filter
	said   *sayings
}

// query opens the timeline, reads the one-line filter, and joins what it asks
// of the record.
func (s *Session) query(ctx context.Context, id incident.ID, filter string) (query, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return query{}, err
	}
	db, err := s.s.timeline(ctx, f)
	if err != nil {
		return query{}, err
	}
	said, err := f.sayings(ctx)
	if err != nil {
		return query{}, err
	}
	flt, err := s.filter(said, filter)
	return query{db: db, filter: flt, said: said}, err
}

func (s *Session) filter(said *sayings, text string) (timeline.Filter, error) {
	flt, err := timeline.ParseFilterAt(text, said.moments(s.s.o.Now()))
	if err != nil {
		return flt, usage("firebreak search --help shows the filter language", "%w", err)
	}
	return flt.Sealed(said.sealed).Marked(said.marks), nil
}

// ReadFilter reads a filter as the queries of this incident do: relative times
// are taken from now, or from when the incident was detected.
func (s *Session) ReadFilter(ctx context.Context, id incident.ID, text string) (timeline.Filter, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return timeline.Filter{}, err
	}
	said, err := f.sayings(ctx)
	if err != nil {
		return timeline.Filter{}, err
	}
	flt, err := timeline.ParseFilterAt(text, said.moments(s.s.o.Now()))
	if err != nil {
		return flt, usage("firebreak search --help shows the filter language", "%w", err)
	}
	return flt, nil
}

// ReadMoment reads a time as a filter of this incident writes it.
func (s *Session) ReadMoment(ctx context.Context, id incident.ID, text string) (time.Time, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	said, err := f.sayings(ctx)
	if err != nil {
		return time.Time{}, err
	}
	t, err := timeline.ReadMoment(text, said.moments(s.s.o.Now()))
	if err != nil {
		return t, usage("", "%w", err)
	}
	return t, nil
}

// eventID reads an event's id; any other text is the id of no event.
func eventID(text string) timeline.ID {
	id, _ := timeline.ParseID(strings.ToUpper(text))
	return id
}

// Page returns a window of the timeline in time order.
func (s *Session) Page(ctx context.Context, id incident.ID, r PageRequest) ([]MarkedEvent, error) {
	q, err := s.query(ctx, id, r.Filter)
	if err != nil {
		return nil, err
	}
	if r.Limit <= 0 {
		r.Limit = pageSize
	}
	es, err := q.db.Page(ctx, q.filter, events.Request{After: r.After, Before: r.Before, At: r.At, End: r.End, Limit: min(r.Limit, pageMost)})
	if err != nil {
		return nil, fmt.Errorf("search timeline: %w", err)
	}
	out := make([]MarkedEvent, len(es))
	for i, e := range es {
		out[i] = q.said.join(e)
	}
	return out, nil
}

// Scan visits the matching events in time order: as r says, but all of them
// where its Limit is 0, and from the start where its End is set. The event is
// valid during the visit only; an error of visit ends the scan.
func (s *Session) Scan(ctx context.Context, id incident.ID, r PageRequest, visit func(MarkedEvent) error) error {
	q, err := s.query(ctx, id, r.Filter)
	if err != nil {
		return err
	}
	return q.db.Scan(ctx, q.filter, events.Request{After: r.After, Before: r.Before, At: r.At, Limit: max(r.Limit, 0)}, func(e *timeline.Event) error {
		return visit(q.said.join(*e))
	})
}

// Event returns one event with its marks.
func (s *Session) Event(ctx context.Context, id incident.ID, event string) (MarkedEvent, error) {
	q, err := s.query(ctx, id, "")
	if err != nil {
		return MarkedEvent{}, err
	}
	e, err := q.db.Get(ctx, eventID(event))
	if errors.Is(err, events.ErrNotFound) {
		return MarkedEvent{}, notFound("firebreak search --json prints the ids", "event %q: %w", event, events.ErrNotFound)
	}
	return q.said.join(e), err
}

// Count is the exact number of events that match.
func (s *Session) Count(ctx context.Context, id incident.ID, filter string) (int64, error) {
	q, err := s.query(ctx, id, filter)
	if err != nil {
		return 0, err
	}
	n, err := q.db.Count(ctx, q.filter)
	if err != nil {
		return 0, fmt.Errorf("count timeline: %w", err)
	}
	return n, nil
}

// Estimate is about how many events match, at once.
func (s *Session) Estimate(ctx context.Context, id incident.ID, filter string) (Estimate, error) {
	q, err := s.query(ctx, id, filter)
	if err != nil {
		return Estimate{}, err
	}
	n, exact, err := q.db.Estimate(ctx, q.filter)
	return Estimate{Count: n, Exact: exact}, err
}

// Histogram counts the matching events in equal stretches of time, by default
// over the span that they cover. From and To are zero where that is none.
func (s *Session) Histogram(ctx context.Context, id incident.ID, r HistogramRequest) (Histogram, error) {
	if r.Buckets < 1 || r.Buckets > pageMost {
		return Histogram{}, usage("", "histogram of %d parts: want 1 to %d", r.Buckets, pageMost)
	}
	q, err := s.query(ctx, id, r.Filter)
	if err != nil {
		return Histogram{}, err
	}
	from, to := r.From, r.To
	if from.IsZero() || to.IsZero() {
		first, last, err := q.db.Span(ctx, q.filter)
		if err != nil || first.IsZero() {
			return Histogram{Buckets: []int64{}}, err
		}
		if from.IsZero() {
			from = first
		}
		if to.IsZero() {
			to = last.Add(time.Nanosecond)
		}
	}
	if !to.After(from) {
		if !r.From.IsZero() && !r.To.IsZero() {
			return Histogram{}, usage("", "histogram from %s to %s: the end must lie behind the start", from.Format(time.RFC3339), to.Format(time.RFC3339))
		}
		return Histogram{Buckets: []int64{}}, nil // nothing lies on that side
	}
	counts, err := q.db.Histogram(ctx, q.filter, from, to, r.Buckets)
	if err != nil {
		return Histogram{}, fmt.Errorf("histogram of timeline: %w", err)
	}
	return Histogram{From: from, To: to, Buckets: counts}, nil
}

// fieldOf reads a field as a filter names it.
func fieldOf(name string) (timeline.Field, string, error) {
	field, attribute, ok := timeline.ParseField(name)
	if !ok {
		return 0, "", usage("fields are "+strings.Join(timeline.Fields(), ", ")+" and attr.NAME", "there is no field %q", name)
	}
	return field, attribute, nil
}

// Values returns the values that a field has among the events that match, the
// most frequent first, or with Rare the rarest.
func (s *Session) Values(ctx context.Context, id incident.ID, r ValuesRequest) ([]Value, error) {
	field, attribute, err := fieldOf(r.Field)
	if err != nil {
		return nil, err
	}
	q, err := s.query(ctx, id, r.Filter)
	if err != nil {
		return nil, err
	}
	values, err := q.db.Values(ctx, q.filter, field, attribute, events.ValuesOptions{Limit: r.Limit, Rare: r.Rare})
	if errors.Is(err, events.ErrField) {
		return nil, usage("", "%w", err)
	}
	return values, err
}

// Fields returns the fields that the matching events have a value in, the
// columns first, then the attributes, each in its order of frequency.
func (s *Session) Fields(ctx context.Context, id incident.ID, filter string) ([]FieldInfo, error) {
	q, err := s.query(ctx, id, filter)
	if err != nil {
		return nil, err
	}
	fields, err := q.db.Fields(ctx, q.filter)
	if err != nil {
		return nil, err
	}
	var out []FieldInfo
	for _, name := range timeline.Fields() {
		field, attribute, _ := timeline.ParseField(name)
		for _, f := range fields {
			if f.Field == field && f.Attribute == attribute {
				out = append(out, FieldInfo{Field: name, Events: f.Events, Values: f.Values})
			}
		}
	}
	for _, f := range fields {
		if f.Field == timeline.FieldAttribute {
			out = append(out, FieldInfo{Field: timeline.AttributeField(f.Attribute), Events: f.Events, Attribute: f.Attribute})
		}
	}
	return out, nil
}

// Gaps returns where a value of a field falls silent, the longest gap first.
func (s *Session) Gaps(ctx context.Context, id incident.ID, r GapsRequest) ([]Gap, error) {
	field, attribute, err := fieldOf(r.By)
	if err != nil {
		return nil, err
	}
	if attribute != "" {
		return nil, usage("by host, source, user or another field that all events have", "gaps by %s: not by an attribute", r.By)
	}
	if r.AtLeast <= 0 {
		return nil, usage("", "gaps of %s or longer: want a length of time", r.AtLeast)
	}
	q, err := s.query(ctx, id, r.Filter)
	if err != nil {
		return nil, err
	}
	gaps, err := q.db.Gaps(ctx, q.filter, field, r.AtLeast)
	if errors.Is(err, events.ErrField) {
		return nil, usage("", "%w", err)
	}
	return gaps, err
}

// SessionAround returns the events that belong together with one: those with
// the same values in the fields of by, in both directions, until none comes
// for idle. Its filter finds them.
func (s *Session) SessionAround(ctx context.Context, id incident.ID, event string, by []string, idle time.Duration) (Around, error) {
	if idle <= 0 {
		return Around{}, usage("", "events around one: want a time of silence that ends them")
	}
	e, err := s.Event(ctx, id, event)
	if err != nil {
		return Around{}, err
	}
	if e.Time.IsZero() {
		return Around{}, refused("", "events around %s: it is undated", event)
	}
	same, err := timeline.Same(&e.Event, by)
	if err != nil {
		return Around{}, usage("", "%w", err)
	}
	q, err := s.query(ctx, id, "")
	if err != nil {
		return Around{}, err
	}
	first, last, n, err := q.db.Session(ctx, same, e.Cursor(), idle)
	if err != nil {
		return Around{}, err
	}
	found := same.And(timeline.Between(first.Time, last.Time.Add(time.Nanosecond)))
	return Around{Filter: found.String(), From: first.Time, To: last.Time, Count: n}, nil
}

// Explain says what is looked at to answer a filter.
func (s *Session) Explain(ctx context.Context, id incident.ID, filter string) (Explanation, error) {
	q, err := s.query(ctx, id, filter)
	if err != nil {
		return Explanation{}, err
	}
	x, err := q.db.Explain(ctx, q.filter)
	return Explanation{Filter: q.filter.String(), Explanation: x}, err
}

// Sweep answers many filters in one pass over the timeline. A filter that
// cannot be read gives a *SweepError.
func (s *Session) Sweep(ctx context.Context, id incident.ID, r SweepRequest, p ProgressFunc) ([]SweepHit, error) {
	if len(r.Filters) > MaxSweep {
		return nil, usage("split the list", "sweep with %d filters: at most %d", len(r.Filters), MaxSweep)
	}
	q, err := s.query(ctx, id, r.Among)
	if err != nil {
		return nil, err
	}
	filters := make([]timeline.Filter, len(r.Filters))
	for i, text := range r.Filters {
		one, err := s.filter(q.said, text)
		if err != nil {
			return nil, &SweepError{N: i, Err: err}
		}
		filters[i] = one.And(q.filter)
	}
	found, err := q.db.Sweep(ctx, filters, func(done, total int64) { tell(p, "sweeping the timeline", done, total) })
	if err != nil {
		return nil, err
	}
	hits := make([]SweepHit, len(found))
	for i, w := range found {
		hits[i] = SweepHit{Filter: r.Filters[i], Count: w.Count}
		if w.Count > 0 {
			hits[i].First, hits[i].FirstEvent = w.First.Time, w.First.ID.String()
			hits[i].Last, hits[i].LastEvent = w.Last.Time, w.Last.ID.String()
		}
	}
	return hits, nil
}

// MaxSweep is how many filters one sweep takes.
const MaxSweep = 10_000

// ClickHouseSQL is the filter as a condition over the table that an export to
// ClickHouse fills.
func (s *Session) ClickHouseSQL(ctx context.Context, id incident.ID, filter string) (TranslatedFilter, error) {
	f, err := s.ReadFilter(ctx, id, filter)
	if err != nil {
		return TranslatedFilter{}, err
	}
	where, params, err := timeline.ClickHouse(f)
	if err != nil {
		return TranslatedFilter{}, usage("", "%w", err)
	}
	return TranslatedFilter{Where: where, Params: params}, nil
}
