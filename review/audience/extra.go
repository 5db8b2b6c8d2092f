package audience

import (
	"reflect"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// Extra masks what goes with the entries: events, deadlines, and whatever a review
// may be given besides. It goes through all fields, so that one that is new cannot
// be forgotten.
func (m *Mask) Extra(x review.Extra) review.Extra {
	head := x.Head
	x.Head = record.Head{}
	if !m.shows(record.EventMarked, "message") { // events are what marks are made of
		x.Events, x.From, x.To, x.Buckets = nil, time.Time{}, time.Time{}, nil
	}
	tool := x.Tool
	out, ok := m.copied(reflect.ValueOf(x), "").Interface().(review.Extra)
	if !ok {
		out = review.Extra{} // a copy of an Extra is an Extra
	}
	out.Tool, out.Head = tool, m.head(head)
	return out
}

func (m *Mask) shows(k record.Kind, name string) bool {
	for _, p := range m.profiles() {
		if !p.Discloses(k, name) {
			return false
		}
	}
	return true
}

// head is the state of the record as the readers may know it: the public's document
// is not to be joined with another one, and the root of the record would join them.
func (m *Mask) head(h record.Head) record.Head {
	if !m.rules.coarse || h.Size == 0 {
		return h
	}
	return record.Head{Origin: record.Origin("", incident.ID(m.incident(string(h.Incident())))), Size: h.Size}
}

// Value masks all texts of a value, as Extra does: what is made beside the entries
// and is shown with them.
func Value[T any](m *Mask, v T, place string) T {
	out, ok := m.copied(reflect.ValueOf(v), place).Interface().(T)
	if !ok {
		return v // a copy of a T is a T
	}
	return out
}

// copied copies a value with the texts in it masked and its times as fine as the
// readers may have them. Types of texts that have a name of their own are words of
// the program.
func (m *Mask) copied(v reflect.Value, place string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no text
	case reflect.String:
		if v.Type().PkgPath() == "" {
			m.at, m.field = Place{Field: place}, field{}
			out.SetString(m.text(v.String()))
		}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if m.rules.coarse && !t.IsZero() {
				out.Set(reflect.ValueOf(t.UTC().Truncate(time.Hour)))
			}
			return out
		}
		for i := range v.NumField() {
			if f := out.Field(i); f.CanSet() {
				f.Set(m.copied(v.Field(i), joined(place, v.Type().Field(i).Name)))
			}
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(m.copied(v.Index(i), place))
		}
	case reflect.Map:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for i := v.MapRange(); i.Next(); {
			out.SetMapIndex(i.Key(), m.copied(i.Value(), place))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(m.copied(v.Elem(), place))
			out.Set(p)
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(m.copied(v.Elem(), place))
		}
	default:
	}
	return out
}

func joined(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}
