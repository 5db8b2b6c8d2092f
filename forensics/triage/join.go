package triage

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// others are the events that a join looks for, by host and values.
type others struct {
	j    *Join
	by   map[string][]*timeline.Event
	full bool
}

var errEnough = errors.New("enough")

// maxNarrow is how many values a filter is narrowed by.
const maxNarrow = 60

// lookFor reads the events of a join. Where few values are asked for, only those
// are read.
func (x *run) lookFor(ctx context.Context, j *Join, mine []*timeline.Event) (*others, error) {
	o := &others{j: j, by: map[string][]*timeline.Event{}}
	n := 0
	err := x.tl.Scan(ctx, x.within(j.narrowed(mine), j.Last), false, func(e *timeline.Event) error {
		if n++; n > maxOthers {
			o.full = true
			return errEnough
		}
		key, ok := j.key(e, true)
		if !ok {
			return nil
		}
		c := e.Clone()
		o.by[key] = append(o.by[key], &c)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return o, nil
}

// narrowed is the join's filter, with the values that the events have.
func (j *Join) narrowed(mine []*timeline.Event) timeline.Filter {
	f := j.filter
	for _, p := range j.Same {
		if p.Other.part != "" || p.Mine.part != "" || p.Other.field == 0 || p.Other.field == timeline.FieldID {
			continue
		}
		var values []string
		for _, e := range mine {
			if v := p.Mine.of(e); v != "" && !slices.Contains(values, v) {
				values = append(values, v)
			}
			if len(values) > maxNarrow {
				break
			}
		}
		if len(values) == 0 || len(values) > maxNarrow {
			continue
		}
		slices.Sort(values)
		for i, v := range values {
			values[i] = quoted(v)
		}
		more, err := timeline.ParseFilterAt(p.Other.name+":"+strings.Join(values, ","), timeline.Moments{})
		if err != nil {
			continue // a value that the language cannot say: all are read
		}
		f = f.And(more)
	}
	return f
}

// key is host and values of an event, as mine or as the other; false where one
// is missing.
func (j *Join) key(e *timeline.Event, other bool) (string, bool) {
	var b strings.Builder
	b.WriteString(e.Host)
	for _, p := range j.Same {
		f := p.Mine
		if other {
			f = p.Other
		}
		v := f.of(e)
		if v == "" {
			return "", false
		}
		b.WriteByte(0)
		b.WriteString(v)
	}
	return b.String(), true
}

// beside finds another event at any time, or within the time to either side.
func (o *others) beside(e *timeline.Event) *timeline.Event {
	return o.find(e, func(t time.Time) bool {
		d := t.Sub(e.Time)
		return !e.Time.IsZero() && !t.IsZero() && max(d, -d) <= o.j.Within
	})
}

// behind finds one that follows, within the time, one of the stretches.
func (o *others) behind(e *timeline.Event, when []stretch) *timeline.Event {
	if e.Time.IsZero() {
		return nil
	}
	within := o.j.Within
	key, ok := o.j.key(e, false)
	if !ok {
		return nil
	}
	for _, x := range o.by[key] {
		if x.ID == e.ID || x.Time.IsZero() || !all(o.j.Where, e, x) {
			continue
		}
		for _, s := range when {
			if !x.Time.Before(s.from) && (within == 0 || x.Time.Sub(s.to) <= within) {
				return x
			}
		}
	}
	return nil
}

func (o *others) find(e *timeline.Event, near func(time.Time) bool) *timeline.Event {
	key, ok := o.j.key(e, false)
	if !ok {
		return nil
	}
	for _, x := range o.by[key] {
		if x.ID != e.ID && (o.j.Within == 0 || near(x.Time)) && all(o.j.Where, e, x) {
			return x
		}
	}
	return nil
}
