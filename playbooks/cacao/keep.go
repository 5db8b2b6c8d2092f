package cacao

import (
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/playbooks"
)

// What CACAO says verbatim has to fit into a playbook's file, which has no
// null, no number beyond 64 bits, no character that cannot be seen and no long
// text. Such a value is written as {json: its JSON text}, in pieces when it is
// long, such a name as json "its JSON text". A member that has the name of one of our own words gets an underscore.

const (
	maxKept  = 60_000 // bytes of one text
	keptDeep = 12     // levels that are written as YAML
)

var (
	ownWord   = lazyre.New(`^(absent|instead_of|json|ids|sha256|part)_*$`)
	plainReal = lazyre.New(`^-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}$`)
)

func escapeKey(k string) string {
	if !fits(k) || strings.HasPrefix(k, "json ") {
		return "json " + exact(k)
	}
	if ownWord.MatchString(k) {
		return k + "_"
	}
	return k
}

func unescapeKey(k string) string {
	if text, ok := strings.CutPrefix(k, "json "); ok {
		if v, err := Decode([]byte(text)); err == nil {
			if s, ok := v.(string); ok {
				return s
			}
		}
	}
	if strings.HasSuffix(k, "_") && ownWord.MatchString(k) {
		return k[:len(k)-1]
	}
	return k
}

// keep turns a JSON value into one that a playbook's file can hold; kept turns
// it back.
func keep(v any) any { return keepAt(v, 0) }

func keepAt(v any, depth int) any {
	if depth > keptDeep {
		return asJSON(v)
	}
	switch v := v.(type) {
	case nil:
		return asJSON(v)
	case bool:
		return v
	case Number:
		i, err := strconv.ParseInt(string(v), 10, 64)
		if err == nil && strconv.FormatInt(i, 10) == string(v) || plainReal.MatchString(string(v)) && realAgain(v) {
			return v
		}
		return asJSON(v)
	case string:
		if !fits(v) {
			return asJSON(v)
		}
		return v
	case []any:
		if len(v) > 900 {
			return asJSON(v)
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = keepAt(x, depth+1)
		}
		return out
	case *Object:
		out := NewObject()
		for _, k := range v.Keys() {
			out.Set(escapeKey(k), keepAt(v.Get(k), depth+1))
		}
		return out
	}
	return asJSON(v)
}

// realAgain says that YAML gives the number back as it is written.
func realAgain(n Number) bool {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return false
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s == string(n)
}

// fits says that a text can stand in a playbook's file as it is.
func fits(s string) bool {
	return len(s) <= maxKept && !strings.ContainsFunc(s, playbooks.Hidden)
}

func asJSON(v any) *Object {
	text := exact(v)
	if len(text) <= maxKept {
		return NewObject("json", text)
	}
	var parts []any
	for len(text) > maxKept {
		parts = append(parts, text[:maxKept])
		text = text[maxKept:]
	}
	return NewObject("json", append(parts, text))
}

// wrapped returns the value of {json: …}.
func wrapped(v any) (any, bool) {
	o, ok := v.(*Object)
	if !ok || o.Len() != 1 || !o.Has("json") {
		return nil, false
	}
	text := o.text("json")
	if text == "" {
		text = strings.Join(o.texts("json"), "")
	}
	out, err := Decode([]byte(text))
	return out, err == nil
}

func kept(v any) any {
	if out, ok := wrapped(v); ok {
		return out
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = kept(x)
		}
		return out
	case *Object:
		out := NewObject()
		for _, k := range v.Keys() {
			out.Set(unescapeKey(k), kept(v.Get(k)))
		}
		return out
	default:
		return v
	}
}
