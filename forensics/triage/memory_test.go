package triage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"firebreak/timeline"
)

// memory is a timeline of a few events. What a filter means is Filter.Match.
type memory struct{ events []timeline.Event }

func newMemory(es []timeline.Event) *memory {
	es = slices.Clone(es)
	slices.SortFunc(es, func(a, b timeline.Event) int { return a.Cursor().Compare(b.Cursor()) })
	return &memory{es}
}

func (m *memory) Counts(_ context.Context, fs []timeline.Filter, _ func(done, total int64)) ([]int64, error) {
	out := make([]int64, len(fs))
	for i, f := range fs {
		for _, e := range m.events {
			if f.Match(e) {
				out[i]++
			}
		}
	}
	return out, nil
}

func (m *memory) Scan(_ context.Context, f timeline.Filter, bare bool, visit func(*timeline.Event) error) error {
	for _, e := range m.events {
		if !f.Match(e) {
			continue
		}
		if bare {
			e.Message, e.Attributes = "", nil
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Hosts(_ context.Context, f timeline.Filter) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, e := range m.events {
		if f.Match(e) && e.Time.After(out[e.Host]) {
			out[e.Host] = e.Time
		}
	}
	return out, nil
}

func (m *memory) Gaps(_ context.Context, f timeline.Filter, by timeline.Field, atLeast time.Duration) ([]Silence, error) {
	last := map[string]timeline.Event{}
	var out []Silence
	var end time.Time
	for _, e := range m.events {
		if !f.Match(e) || e.Time.IsZero() {
			continue
		}
		v := by.Value(&e, "")
		if before, ok := last[v]; ok && e.Time.Sub(before.Time) >= atLeast {
			out = append(out, Silence{v, before.Time, e.Time, before.ID, e.ID})
		}
		last[v], end = e, e.Time
	}
	for v, e := range last {
		if end.Sub(e.Time) >= atLeast {
			out = append(out, Silence{Value: v, From: e.Time, To: end, Before: e.ID})
		}
	}
	slices.SortFunc(out, func(a, b Silence) int {
		return cmp.Or(cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)), a.From.Compare(b.From), cmp.Compare(a.Value, b.Value))
	})
	return out, nil
}
