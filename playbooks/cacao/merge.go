package cacao

import (
	"strconv"
	"strings"
)

// What an import keeps under `cacao:` is a difference: what the file said
// beyond, or other than, what an export of the playbook says by itself.
//
//	name: …            the file has this member, the export has not
//	severity: 70       the file says 70 …
//	instead_of: {severity: 75}   … where the export says 75
//	absent: {name: x}  the export says this, and the file does not
//	commands: {"0": {…}}   the difference of an item of an array
//
// An export puts it back. Where the playbook was changed since, so that the
// export no longer says what it said, the playbook's word counts.

// difference returns what makes want of base, nil when they are equal.
func difference(base, want *Object) *Object {
	out := NewObject()
	var absent, instead *Object
	put := func(o **Object, k string, v any) {
		if *o == nil {
			*o = NewObject()
		}
		(*o).Set(escapeKey(k), brief(v))
	}
	for _, k := range want.Keys() {
		w := want.Get(k)
		if !base.Has(k) {
			out.Set(escapeKey(k), keep(w))
			continue
		}
		b := base.Get(k)
		if same(b, w) {
			continue
		}
		if inner, ok := within(b, w); ok {
			out.Set(escapeKey(k), inner)
			continue
		}
		out.Set(escapeKey(k), replacement(w))
		put(&instead, k, b)
	}
	for _, k := range base.Keys() {
		if !want.Has(k) {
			put(&absent, k, base.Get(k))
		}
	}
	if absent.Len() > 0 {
		out.Set("absent", absent)
	}
	if instead.Len() > 0 {
		out.Set("instead_of", instead)
	}
	if out.Len() == 0 {
		return nil
	}
	return out
}

// replacement keeps a value that takes another's place: an object as its text, so
// that it is not taken for a difference.
func replacement(w any) any {
	if _, ok := w.(*Object); ok {
		return asJSON(w)
	}
	return keep(w)
}

// within is the difference of two objects, or of two arrays item by item when
// all that differ are objects.
func within(b, w any) (*Object, bool) {
	if bo, ok := b.(*Object); ok {
		wo, ok := w.(*Object)
		if !ok {
			return nil, false
		}
		return difference(bo, wo), true
	}
	bl, ok := b.([]any)
	wl, ok2 := w.([]any)
	if !ok || !ok2 || len(bl) != len(wl) {
		return nil, false
	}
	out := NewObject()
	for i := range bl {
		if same(bl[i], wl[i]) {
			continue
		}
		bo, ok := bl[i].(*Object)
		wo, ok2 := wl[i].(*Object)
		if !ok || !ok2 {
			return nil, false
		}
		out.Set(strconv.Itoa(i), difference(bo, wo))
	}
	return out, true
}

// brief is a value short enough to be told again: a short scalar itself, else
// the beginning of its digest.
func brief(v any) any {
	switch v := v.(type) {
	case bool:
		return v
	case Number, string:
		if s, ok := v.(string); !ok || len(s) <= 60 && fits(s) && !strings.HasPrefix(s, "sha256:") {
			return keep(v)
		}
	}
	return "sha256:" + digest(v)[:16]
}

// merging applies differences and notes what no longer fits.
type merging struct{ lost []string }

// apply puts a difference back into base, in place.
func (m *merging) apply(base, diff *Object, at string) {
	absent, instead := diff.object("absent"), diff.object("instead_of")
	for _, key := range diff.Keys() {
		if ownWord.MatchString(key) && unescapeKey(key) == key {
			continue
		}
		k := unescapeKey(key)
		d := diff.Get(key)
		inner, isObject := d.(*Object)
		if _, isText := wrapped(d); isText {
			isObject = false
		}
		list, isList := base.Get(k).([]any)
		bo, baseObject := base.Get(k).(*Object)
		switch {
		case !base.Has(k) && instead.Has(key):
			m.lost = append(m.lost, pointer(at, k))
		case !base.Has(k):
			base.Set(k, kept(d))
		case isObject && baseObject && !instead.Has(key):
			m.apply(bo, inner, pointer(at, k))
		case isObject && isList && !instead.Has(key):
			m.items(list, inner, pointer(at, k))
		case instead.Has(key) && same(brief(base.Get(k)), instead.Get(key)):
			base.Set(k, kept(d))
		case !same(base.Get(k), kept(d)):
			m.lost = append(m.lost, pointer(at, k))
		}
	}
	for _, key := range absent.Keys() {
		k := unescapeKey(key)
		if base.Has(k) && same(brief(base.Get(k)), absent.Get(key)) {
			base.Delete(k)
		}
	}
}

func (m *merging) items(list []any, diff *Object, at string) {
	for _, k := range diff.Keys() {
		i, err := strconv.Atoi(k)
		inner := diff.object(k)
		if err != nil || i < 0 || i >= len(list) || inner == nil {
			m.lost = append(m.lost, pointer(at, k))
			continue
		}
		if o, ok := list[i].(*Object); ok {
			m.apply(o, inner, pointer(at, k))
			continue
		}
		m.lost = append(m.lost, pointer(at, k))
	}
}
