package cacao

import (
	"slices"
	"strconv"
	"strings"
)

// A JSON value is nil, bool, Number, string, []any or *Object.

// Number is a JSON number as it is written, so that none loses a digit.
type Number string

// Object is a JSON object that remembers the order of its members. Nearly all
// have few, and a search through those costs less than a map.
type Object struct {
	keys   []string
	values []any
	places map[string]int // of the keys, once there are many
}

const manyMembers = 12

// NewObject returns an object of the pairs: key, value, key, value.
func NewObject(pairs ...any) *Object {
	o := &Object{}
	if n := len(pairs) / 2; n > 0 {
		o.keys, o.values = make([]string, 0, n), make([]any, 0, n)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// place is where a member stands, -1 for nowhere.
func (o *Object) place(key string) int {
	if o == nil {
		return -1
	}
	if o.places == nil {
		return slices.Index(o.keys, key)
	}
	if i, ok := o.places[key]; ok {
		return i
	}
	return -1
}

// Set gives a member a value; a new one comes last.
func (o *Object) Set(key string, value any) {
	if i := o.place(key); i >= 0 {
		o.values[i] = value
		return
	}
	o.keys, o.values = append(o.keys, key), append(o.values, value)
	if o.places != nil {
		o.places[key] = len(o.keys) - 1
	} else {
		o.index()
	}
}

func (o *Object) index() {
	if len(o.keys) <= manyMembers {
		return
	}
	o.places = make(map[string]int, 2*len(o.keys))
	for i, k := range o.keys {
		o.places[k] = i
	}
}

// Get returns the member, nil when there is none. It may be called on nil.
func (o *Object) Get(key string) any {
	if i := o.place(key); i >= 0 {
		return o.values[i]
	}
	return nil
}

// Has says that there is such a member, null ones included.
func (o *Object) Has(key string) bool { return o.place(key) >= 0 }

// Delete removes a member.
func (o *Object) Delete(key string) {
	i := o.place(key)
	if i < 0 {
		return
	}
	o.keys, o.values = slices.Delete(o.keys, i, i+1), slices.Delete(o.values, i, i+1)
	if o.places != nil {
		delete(o.places, key)
		for _, k := range o.keys[i:] {
			o.places[k]--
		}
	}
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
		out := &Object{keys: slices.Clone(v.keys), values: make([]any, len(v.values))}
		for i, x := range v.values {
			out.values[i] = clone(x)
		}
		out.index()
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
		for i, k := range a.keys {
			if at := b.place(k); at < 0 || !same(a.values[i], b.values[at]) {
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
