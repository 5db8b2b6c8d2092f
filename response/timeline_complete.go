package response

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/store/events"
	"firebreak/timeline"
)

// completions is how many ways to go on are offered at most.
const completions = 100

// Complete returns how the filter text can go on at the cursor, a byte offset:
// fields, attributes, values that events have, tags, moments. The most likely
// one comes first.
func (s *Session) Complete(ctx context.Context, id incident.ID, text string, cursor int) ([]Completion, error) {
	q, err := s.query(ctx, id, "")
	if err != nil {
		return nil, err
	}
	c := timeline.CompletionAt(text, cursor)
	var out []Completion
	add := func(text, insert string, count int64) {
		out = append(out, Completion{Text: text, Insert: insert, From: c.From, To: c.To, Count: count})
	}
	for _, w := range c.Words() {
		add(w, w, 0)
	}
	switch c.Kind {
	case timeline.CompleteNothing, timeline.CompleteName, timeline.CompleteTime, timeline.CompleteWord: // nothing but words
	case timeline.CompleteAttribute:
		names, err := q.db.Names(ctx, timeline.Filter{})
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if c.Fits(n.Value) {
				field := timeline.AttributeField(n.Value)
				add(field, field+":", n.Count)
			}
		}
	case timeline.CompleteValue:
		values, err := q.valuesOf(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			add(v.Value, timeline.Term(v.Value), v.Count)
		}
	case timeline.CompleteMark:
		for _, t := range q.said.tags() {
			if c.Fits(t.Value) {
				add(t.Value, timeline.Term(t.Value), t.Count)
			}
		}
	}
	return out[:min(len(out), completions)], nil
}

// valuesOf are the values of the field at the cursor that fit: of a column the
// most frequent first, of an attribute sorted.
func (q query) valuesOf(ctx context.Context, c timeline.Completing) ([]Value, error) {
	if c.Field == timeline.FieldAttribute {
		texts, err := q.db.Dictionary(ctx, c.Field, c.Attribute, c.Prefix, completions)
		if err != nil {
			return nil, err
		}
		values := make([]Value, len(texts))
		for i, t := range texts {
			values[i] = Value{Value: t}
		}
		return values, nil
	}
	values, err := q.db.Values(ctx, timeline.Filter{}, c.Field, "", events.ValuesOptions{Limit: events.MaxValues})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(values, func(v Value) bool { return !c.Fits(v.Value) }), nil
}

// tags are the tags that are in use, the most frequent first.
func (s *sayings) tags() []Value {
	counts := map[string]int64{}
	for _, m := range s.marks {
		for _, t := range m.Tags {
			counts[t]++
		}
	}
	out := make([]Value, 0, len(counts))
	for t, n := range counts {
		out = append(out, Value{Value: t, Count: n})
	}
	slices.SortFunc(out, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out
}
