package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// Value is a value of a field: how many events have it, and when the first and
// the last dated one of them was. Both times are zero where none is dated.
type Value struct {
	Value string    `json:"value"`
	Count int64     `json:"count"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// ValuesOptions say which values are wanted: the most frequent ones, or the
// rarest. Limit is 100 by default, at most MaxValues.
type ValuesOptions struct {
	Limit int
	Rare  bool
}

// MaxValues is the greatest number of values that one answer has.
const MaxValues = 100_000

const valuesByDefault = 100

// ErrField is returned for a field whose values cannot be counted: an id or an
// offset is another one for each event.
var ErrField = errors.New("the field has no values to count")

// Values returns the values that a field has among the events that match, the
// most frequent first, or with Rare the rarest; among equals they are sorted.
// Events without a value are left out.
func (db *DB) Values(ctx context.Context, f timeline.Filter, field timeline.Field, attribute string, o ValuesOptions) ([]Value, error) {
	if !countable(field, attribute) {
		return nil, fmt.Errorf("count values of %s: %w", field, ErrField)
	}
	t := make(tally)
	err := db.Scan(ctx, f, Request{}, func(e *timeline.Event) error {
		t.add(field.Value(e, attribute), e.Time)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count values of %s: %w", field, err)
	}
	delete(t, "")
	return t.values(o), nil
}

func countable(field timeline.Field, attribute string) bool {
	switch field {
	case timeline.FieldHost, timeline.FieldUser, timeline.FieldSource, timeline.FieldParser, timeline.FieldKind,
		timeline.FieldPrecision, timeline.FieldExhibit, timeline.FieldTechnique:
		return true
	case timeline.FieldAttribute:
		return attribute != ""
	default:
		return false
	}
}

// Names returns the attributes that the matching events have, the most frequent
// first.
func (db *DB) Names(ctx context.Context, f timeline.Filter) ([]Value, error) {
	t := make(tally)
	err := db.Scan(ctx, f, Request{}, func(e *timeline.Event) error {
		for _, a := range e.Attributes {
			t.add(a.Name, e.Time)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	return t.values(ValuesOptions{Limit: MaxValues}), nil
}

// tally counts values.
type tally map[string]*Value

func (t tally) add(value string, at time.Time) {
	v := t[value]
	if v == nil {
		v = &Value{Value: strings.Clone(value)}
		t[v.Value] = v
	}
	v.Count++
	if at.IsZero() {
		return
	}
	if v.First.IsZero() || at.Before(v.First) {
		v.First = at
	}
	if v.Last.IsZero() || at.After(v.Last) {
		v.Last = at
	}
}

func (t tally) values(o ValuesOptions) []Value {
	values := make([]Value, 0, len(t))
	for _, v := range t {
		values = append(values, *v)
	}
	slices.SortFunc(values, func(a, b Value) int {
		byCount := cmp.Compare(b.Count, a.Count)
		if o.Rare {
			byCount = -byCount
		}
		return cmp.Or(byCount, cmp.Compare(a.Value, b.Value))
	})
	limit := o.Limit
	if limit <= 0 {
		limit = valuesByDefault
	}
	return values[:min(limit, MaxValues, len(values))]
}

// Dictionary returns values of a field that begin with the prefix, whatever
// its case, sorted: what a filter on that field can be completed with.
func (db *DB) Dictionary(ctx context.Context, field timeline.Field, attribute, prefix string, limit int) ([]string, error) {
	all, err := db.Values(ctx, timeline.Filter{}, field, attribute, ValuesOptions{Limit: MaxValues})
	if err != nil {
		return nil, fmt.Errorf("complete %s: %w", field, err)
	}
	var values []string
	for _, v := range all {
		if len(v.Value) >= len(prefix) && strings.EqualFold(v.Value[:len(prefix)], prefix) {
			values = append(values, v.Value)
		}
	}
	slices.Sort(values)
	return values[:min(max(limit, 0), len(values))], nil
}
