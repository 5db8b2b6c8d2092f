package metrics

import (
	"fmt"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// facts is one incident while it is measured.
type facts struct {
	Source
	open   bool
	stated map[string]point // moments that people stated
	items  []item
	sent   map[string]point // when an action first was sent
}

// point is an end that may not be known.
type point struct {
	Point
	why string // why it is not known
}

func (p point) known() bool { return !p.Time.IsZero() }

// item is a follow-up with what became of it.
type item struct {
	id         string
	added, due time.Time
	seq        int64
	done       point
	dropped    bool
}

func newFacts(s Source) *facts {
	f := &facts{Source: s, open: s.Review.Incident.Status != incident.Closed, stated: map[string]point{}, sent: map[string]point{}}
	for _, e := range s.Entries {
		switch e.Kind { //nolint:exhaustive // the others are read where they are measured
		case record.MomentStated:
			var p record.Moment
			if e.Decode(&p) != nil {
				continue
			}
			if p.At.IsZero() {
				delete(f.stated, p.Moment)
			} else {
				f.stated[p.Moment] = point{Point: Point{p.At.UTC(), p.Moment + ", as stated", e.Seq}}
			}
		case record.ActionSent, record.ActionVerified:
			var p record.Outcome
			if e.Decode(&p) != nil {
				continue
			}
			if _, was := f.sent[p.Action]; !was {
				f.sent[p.Action] = point{Point: Point{e.Time.UTC(), "it was sent", e.Seq}}
			}
		case record.ItemAdded, record.ItemChanged:
			f.item(e)
		}
	}
	return f
}

// item follows what becomes of a follow-up.
func (f *facts) item(e record.Entry) {
	if e.Kind == record.ItemAdded {
		var p record.Item
		if e.Decode(&p) == nil {
			f.items = append(f.items, item{id: p.ID, added: e.Time.UTC(), due: p.Due.UTC(), seq: e.Seq})
		}
		return
	}
	var p record.ItemChange
	if e.Decode(&p) != nil {
		return
	}
	at := slices.IndexFunc(f.items, func(i item) bool { return i.id == p.ID })
	if at < 0 {
		return
	}
	i := &f.items[at]
	if p.Due != nil {
		i.due = p.Due.UTC()
	}
	switch p.State {
	case "done", "verified":
		if !i.done.known() {
			i.done = point{Point: Point{e.Time.UTC(), "it was " + p.State, e.Seq}}
		}
		i.dropped = false
	case "open":
		i.done, i.dropped = point{}, false
	case "dropped":
		i.done, i.dropped = point{}, true
	}
}

// limit is until when it was to be done: a due date without a time of day counts
// to the end of that day.
func (i item) limit() time.Time {
	if i.due.IsZero() || i.due != i.due.Truncate(24*time.Hour) {
		return i.due
	}
	return i.due.Add(24 * time.Hour)
}

// duration is what the review says of the same name.
func (f *facts) duration(key string) review.Duration {
	for _, d := range f.Review.Durations {
		if d.Key == key {
			return d
		}
	}
	return review.Duration{Reason: "the review does not measure it"}
}

func (f *facts) opened() point {
	return point{Point: Point{f.Review.Incident.Opened.UTC(), "incident opened", f.Entries[0].Seq}}
}

// moment is a point of the incident's history: as people stated it, else what the
// review finds in the record.
func (f *facts) moment(name string) point {
	if p, ok := f.stated[name]; ok {
		return p
	}
	from := func(p review.Point, d review.Duration) point {
		out := point{Point: Point{p.Time, p.What, p.Seq}}
		if p.Time.IsZero() {
			out.why = d.Reason
		}
		return out
	}
	switch name {
	case "occurred":
		d := f.duration("exposure")
		p := from(d.From, d)
		if !p.known() {
			p.why = "nobody stated when it occurred, and no event with a time is starred"
		}
		return p
	case "detected":
		d := f.duration("detect")
		return from(d.From, d)
	}
	d := f.duration(map[string]string{"acknowledged": "acknowledge", "contained": "contain", "eradicated": "eradicate", "recovered": "recover", "closed": "total"}[name])
	return from(d.To, d)
}

// between measures from one point to another.
func (f *facts) between(from, to point) []Measure {
	m := Measure{From: from.Point, To: to.Point, State: Known}
	switch {
	case !from.known():
		m.State, m.Why = Unknown, from.why
	case !to.known() && f.open:
		m.State, m.Why = Running, to.why
	case !to.known():
		m.State, m.Why = Unknown, to.why
	case to.Time.Before(from.Time):
		m.State = Unknown
		m.Why = fmt.Sprintf("its end is %s before its beginning: one of the two times is wrong, or they came in another order", Span(from.Time.Sub(to.Time)))
	default:
		m.Value = seconds(to.Time.Sub(from.Time))
	}
	return []Measure{m}
}

// sinceOpening measures from the opening, as the review does.
func (f *facts) sinceOpening(moment, key string) []Measure {
	if p, ok := f.stated[moment]; ok {
		return f.between(f.opened(), p)
	}
	d := f.duration(key)
	if !d.Known {
		return f.between(f.opened(), point{Point: Point{What: d.To.What}, why: d.Reason})
	}
	return []Measure{{
		State: Known, Value: seconds(d.Took),
		From: Point{d.From.Time, d.From.What, d.From.Seq}, To: Point{d.To.Time, d.To.What, d.To.Seq},
	}}
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
