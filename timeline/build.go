package timeline

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Fields are the names of the fields that each event has, as a filter writes
// them.
func Fields() []string {
	names := make([]string, 0, FieldAttribute-FieldHost)
	for f := FieldHost; f < FieldAttribute; f++ {
		names = append(names, f.String())
	}
	return names
}

// AttributeField is the attribute as a filter writes it: attr.pid.
func AttributeField(name string) string { return fieldName(FieldAttribute, name) }

// Term writes a text as a value or a word of a filter, in quotes where it
// needs them.
func Term(text string) string { return literal(text).word() }

// Having is the filter field:value for one literal value.
func Having(field Field, attribute, value string) Filter {
	return Filter{expr: Is{Field: field, Attribute: attribute, Patterns: []Pattern{literal(value)}}}
}

// Containing is the filter that looks for the text as it is, as a phrase does.
// An empty text is in nothing.
func Containing(text string) (Filter, error) {
	if text == "" || len(text) > MaxFilter/2 {
		return Filter{}, fmt.Errorf("look for a text of %d bytes: want 1 to %d", len(text), MaxFilter/2)
	}
	return ParseFilter(quote(text), time.Time{})
}

// Same is the filter that matches the events which have the event's values in
// these fields, written as in a filter. A field in which the event has no value
// is left out.
func Same(e *Event, fields []string) (Filter, error) {
	var all Filter
	for _, name := range fields {
		field, attribute, ok := ParseField(name)
		if !ok {
			return Filter{}, fmt.Errorf("there is no field %q", name)
		}
		if value := field.Value(e, attribute); value != "" {
			all = all.And(Having(field, attribute, value))
		}
	}
	return all, nil
}

// Between is the filter of the events from one time on and before another; a
// zero time leaves that side open.
func Between(from, before time.Time) Filter {
	var all Filter
	if !from.IsZero() {
		all = all.And(Filter{expr: After{Time: from.UTC()}})
	}
	if !before.IsZero() {
		all = all.And(Filter{expr: Before{Time: before.UTC()}})
	}
	return all
}

// Sealed returns the filter with the exhibits in the place of discovered:, which
// asks when they were sealed.
func (f Filter) Sealed(exhibits map[string]time.Time) Filter {
	return f.rewrite(func(x Expr) Expr {
		d, ok := x.(Discovered)
		if !ok {
			return x
		}
		var found []Pattern
		for _, name := range slices.Sorted(maps.Keys(exhibits)) {
			if exhibits[name].Before(d.Time) == d.Before {
				found = append(found, literal(name))
			}
		}
		if found == nil {
			found = []Pattern{literal("none")} // no exhibit has that name
		}
		return Is{Field: FieldExhibit, Patterns: found}
	})
}
