package cacao

import (
	"slices"
	"strconv"
	"strings"
)

// A JSON value is nil, bool, Number, string, []any or *Object.

// Number is a JSON number as it is written, so that none loses a digit.
type Number string

// Object is a JSON object that remembers the order of its members.
type Object struct {
	keys   []string
	values map[string]any
}

// NewObject returns an object of the pairs: key, value, key, value.
func NewObject(pairs ...any) *Object {
	o := &Object{values: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Set gives a member a value; a new one comes last.
func (o *Object) Set(key string, value any) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// Get returns the member, nil when there is none. It may be called on nil.
func (o *Object) Get(key string) any {
	if o == nil {
		return nil
	}
	return o.values[key]
}

// Has says that there is such a member, null ones included.
func (o *Object) Has(key string) bool {
	if o == nil {
		return false
	}
	_, ok := o.values[key]
	return ok
}

// Delete removes a member.
func (o *Object) Delete(key string) {
	if o == nil || !o.Has(key) {
		return
	}
	delete(o.values, key)
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
}

// Keys are the names of the members in order.
func (o *Object) Keys() []string {
	if o == nil {
		return nil
	}
	return o.keys
}

// Len is the number of members.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.keys)
}

// text returns a member that is a string, else "".
func (o *Object) text(key string) string {
	s, _ := o.Get(key).(string)
	return s
}

// object returns a member that is an object, else nil.
func (o *Object) object(key string) *Object {
	m, _ := o.Get(key).(*Object)
	return m
}

// list returns a member that is an array, else nil.
func (o *Object) list(key string) []any {
	l, _ := o.Get(key).([]any)
	return l
}

// texts are the strings of a member that is an array.
func (o *Object) texts(key string) []string {
	var out []string
	for _, v := range o.list(key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// clone copies a value with all that is in it.
func clone(v any) any {
	switch v := v.(type) {
	case *Object:
		if v == nil {
			return v
		}
		out := NewObject()
		for _, k := range v.keys {
			out.Set(k, clone(v.values[k]))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	default:
		return v
	}
}

// same says that two values are equal as data: the order of members does not
// count, and numbers are compared as RFC 8785 writes them.
func same(a, b any) bool {
	switch a := a.(type) {
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for _, k := range a.keys {
			if !b.Has(k) || !same(a.values[k], b.values[k]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case Number:
		b, ok := b.(Number)
		return ok && (a == b || wholeText(a) == wholeText(b) && canonicalNumber(a) == canonicalNumber(b))
	default:
		return a == b
	}
}

// wholeText keeps whole numbers that a double cannot hold apart.
func wholeText(n Number) string {
	s := string(n)
	if strings.ContainsAny(s, ".eE") || len(strings.TrimLeft(s, "-")) <= 15 {
		return ""
	}
	return s
}

// whole returns a number that is a whole one and fits.
func whole(v any) (int64, bool) {
	n, ok := v.(Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}

func integer(i int64) Number { return Number(strconv.FormatInt(i, 10)) }

// pointer adds a name to a JSON pointer (RFC 6901).
func pointer(at, name string) string {
	if strings.ContainsAny(name, "~/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return at + "/" + name
}
