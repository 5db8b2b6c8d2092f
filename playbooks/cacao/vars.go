package cacao

import (
	"slices"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

var (
	ourVar = lazyre.New(`^[a-z][a-z0-9_]{0,62}$`)
	// words that cannot name a variable of ours.
	taken = []string{
		"result", "incident", "true", "false", "nil", "in", "not", "and", "or", "matches", "contains", "let", "if", "else", "env",
		"len", "lower", "upper", "trim", "int", "float", "item", "round",
	}
)

// ourName makes a variable's name of ours of one of CACAO's.
func ourName(theirs string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.Trim(theirs, "_"))
	s = s[:min(len(s), 50)]
	if !ourVar.MatchString(s) {
		s = "v_" + strings.Trim(s, "_")
	}
	if slices.Contains(taken, s) {
		s += "_value"
	}
	return s
}

// ourType is the type that a variable of CACAO's has here.
func ourType(theirs string) string {
	switch theirs {
	case "bool", "boolean":
		return "bool"
	case "integer", "long":
		return "int"
	case "float":
		return "float"
	case "list":
		return "list"
	}
	return "string"
}

func theirType(ours string) string {
	switch ours {
	case "bool", "float", "list", "string":
		return ours
	case "int":
		return "integer"
	case "object":
		return "dictionary"
	}
	return "string"
}

// ourVariable is a variable of CACAO's as one of ours.
func (x *native) ourVariable(at, theirs string, v *Object) *Object {
	kind := ourType(v.text("type"))
	out := NewObject("type", kind)
	value, has := v.Get("value").(string)
	if o, ok := v.Get("value").(*Object); ok && kind == "string" {
		value, has = exact(o), true
	}
	if n, ok := v.Get("value").(Number); ok {
		value, has = string(n), true
	}
	if b, ok := v.Get("value").(bool); ok {
		value, has = strconv.FormatBool(b), true
	}
	def, ok := ourDefault(kind, value)
	if has && !ok {
		x.notes.doubt(at+"/value", "not a "+kind)
	}
	has = has && ok
	if v.Get("external") == true {
		prompt := clean(strings.ReplaceAll(v.text("description"), "{{", `\{{`))
		out.Set("prompt", cmpText(prompt, "Value of "+strings.Trim(theirs, "_")+"?"))
		if !has {
			out.Set("required", true)
		}
	}
	if has {
		out.Set("default", def)
	}
	return out
}

// ourDefault reads a value of CACAO's, which is a text.
func ourDefault(kind, text string) (any, bool) {
	switch kind {
	case "bool":
		switch strings.ToLower(text) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
		return nil, false
	case "int":
		i, err := strconv.ParseInt(text, 10, 64)
		return integer(i), err == nil
	case "float":
		f, err := strconv.ParseFloat(text, 64)
		s := strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return Number(s), err == nil && f-f == 0 && f < 1e300 && f > -1e300
	case "list":
		v, err := Decode([]byte(text))
		items, ok := v.([]any)
		for _, i := range items {
			s, isText := i.(string)
			ok = ok && isText && fits(s)
		}
		return items, err == nil && ok && len(items) <= 900
	}
	return text, fits(text)
}

// theirVariable is a variable of ours as one of CACAO's; question is what
// people are asked for it, "" when nobody is.
func theirVariable(name, question string, v *Object) *Object {
	kind := v.text("type")
	out := NewObject("type", theirType(kind))
	text := v.text("prompt")
	if text == "Value of "+name+"?" {
		text = ""
	}
	if text = cmpText(text, question); text != "" {
		out.Set("description", strings.ReplaceAll(text, `\{{`, "{{"))
	}
	if v.Has("default") {
		switch d := v.Get("default").(type) {
		case string:
			out.Set("value", d)
		case Number:
			out.Set("value", string(d))
		case bool:
			out.Set("value", strconv.FormatBool(d))
		default:
			out.Set("value", exact(d))
		}
	}
	if v.Has("prompt") {
		out.Set("external", true)
	}
	return out
}
