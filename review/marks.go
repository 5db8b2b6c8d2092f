package review

import (
	"slices"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// mark is what people said of one event, folded as package store does.
type mark struct {
	event    string
	star     bool
	tags     []string
	comments []string
	time     time.Time
	message  string
	exhibit  string
	seq      int64     // the latest entry about it
	noticed  time.Time // when it was marked first
	found    *timeline.Event
}

// marked returns the events that still carry a mark, in order of time.
func (b *builder) marked() []*mark {
	var order []*mark
	if b.marks == nil {
		b.marks = map[string]*mark{}
		each(b, b.mark, record.EventMarked)
		for id, m := range b.marks {
			if e, ok := b.extra.Events[id]; ok {
				m.found = &e
				m.time, m.message, m.exhibit = e.Time.UTC(), e.Message, e.Exhibit
			}
		}
	}
	for _, m := range b.marks {
		if m.star || len(m.tags) > 0 || len(m.comments) > 0 {
			order = append(order, m)
		}
	}
	slices.SortFunc(order, func(x, y *mark) int {
		if c := x.time.Compare(y.time); c != 0 {
			return c
		}
		return strings.Compare(x.event, y.event)
	})
	return order
}

func (b *builder) mark(e record.Entry, p record.Mark) {
	m := b.marks[p.Event]
	if m == nil {
		m = &mark{event: p.Event, noticed: e.Time.UTC()}
		b.marks[p.Event] = m
	}
	m.seq = e.Seq
	set(&m.star, p.Star)
	for _, t := range p.Tags {
		if gone, ok := strings.CutPrefix(t, "-"); ok {
			m.tags = slices.DeleteFunc(m.tags, func(s string) bool { return s == gone })
		} else if !slices.Contains(m.tags, t) {
			m.tags = append(m.tags, t)
		}
	}
	if p.Comment != "" {
		m.comments = append(m.comments, called(e.Actor)+": "+p.Comment)
	}
	if !p.Time.IsZero() {
		m.time = p.Time.UTC()
	}
	m.message, m.exhibit = first(p.Message, m.message), first(p.Exhibit, m.exhibit)
}
