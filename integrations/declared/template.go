package declared

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"firebreak/internal/expression"
	"firebreak/internal/lazyre"
)

// program is an expression of a file.
type program = expression.Program

// template is text with {{ expression }} in it. One that is a single expression
// keeps the type of its value; in a text the value stands as a person writes it.
// \{{ stands for two braces.
type template struct {
	parts []part
}

// part is a text, an expression, or a secret parameter.
type part struct {
	text   string
	value  *program
	secret string
}

// hidden is a secret parameter in a rendered tree; whoever sends puts it in.
type hidden string

var secretName = lazyre.New(`^\s*secrets\.([a-z][a-z0-9_]*)\s*$`)

// templateError is what is wrong with a template, at a character of it.
type templateError struct {
	offset  int
	message string
	hint    string
}

func (e *templateError) Error() string { return e.message }

// parseTemplate splits a text; compile makes an expression's program.
func parseTemplate(text string, compile func(text string) (*program, error)) (*template, error) {
	t := &template{}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			t.parts = append(t.parts, part{text: lit.String()})
			lit.Reset()
		}
	}
	rest, offset := text, 0
	for {
		i := strings.Index(rest, "{{")
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '\\' {
			lit.WriteString(rest[:i-1] + "{{")
			offset += utf8.RuneCountInString(rest[:i+2])
			rest = rest[i+2:]
			continue
		}
		lit.WriteString(rest[:i])
		offset += utf8.RuneCountInString(rest[:i])
		end := closing(rest[i+2:])
		if end < 0 {
			return nil, &templateError{offset, "{{ is never closed", `write \{{ for two braces`}
		}
		inner := rest[i+2 : i+2+end]
		flush()
		if m := secretName.FindStringSubmatch(inner); m != nil {
			t.parts = append(t.parts, part{secret: m[1]})
		} else {
			p, err := compile(inner)
			if err != nil {
				return nil, &placedError{offset + 2, err}
			}
			t.parts = append(t.parts, part{value: p})
		}
		offset += utf8.RuneCountInString(rest[i : i+end+4])
		rest = rest[i+end+4:]
	}
	flush()
	for _, p := range t.parts {
		if p.secret != "" && len(t.parts) > 1 {
			return nil, &templateError{0, "a secret can only be a whole value, not part of a text", "give the parameter the whole text, as in \"Bearer …\""}
		}
	}
	return t, nil
}

// closing finds the braces that end an expression; those in its quotes do not.
func closing(s string) int {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '}' && i+1 < len(s) && s[i+1] == '}':
			return i
		}
	}
	return -1
}

// placedError is an error of an expression that begins at an offset.
type placedError struct {
	offset int
	err    error
}

func (e *placedError) Error() string { return e.err.Error() }
func (e *placedError) Unwrap() error { return e.err }

// secretOf names the secret parameter that the template is, "" when it is none.
func (t *template) secretOf() string {
	if t != nil && len(t.parts) == 1 {
		return t.parts[0].secret
	}
	return ""
}

// value renders the template; nil means that it has no value.
func (t *template) value(env map[string]any) (any, error) {
	if t == nil {
		return nil, nil
	}
	if len(t.parts) == 1 {
		p := t.parts[0]
		switch {
		case p.secret != "":
			if params, ok := env["secrets"].(map[string]any); !ok || params[p.secret] == nil {
				return nil, nil
			}
			return hidden(p.secret), nil
		case p.value != nil:
			v, err := p.value.Run(env)
			return plain(v), err
		}
		return p.text, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.value == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := p.value.Run(env)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, fmt.Errorf("%s has no value", strings.TrimSpace(p.value.Text))
		}
		b.WriteString(show(v))
	}
	return b.String(), nil
}

// text renders the template for people: what has no value is empty.
func (t *template) text(env map[string]any) (string, error) {
	v, err := t.value(env)
	if err != nil {
		return "", err
	}
	return show(v), nil
}

// show is a value as a person would write it.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return strconv.FormatInt(int64(x), 10)
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	case []string:
		return strings.Join(x, ", ")
	case []any:
		out := make([]string, len(x))
		for i, e := range x {
			out[i] = show(e)
		}
		return strings.Join(out, ", ")
	case map[string]any:
		b, err := json.Marshal(x)
		if err != nil {
			return fmt.Sprint(x)
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

// plain gives whole numbers their int form throughout a tree that may have been
// through JSON, so that an expression sees the type that its author sees.
func plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	case []string:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = e
		}
		return out
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int(x)
		}
	case int64:
		return int(x)
	case json.Number:
		return number(x)
	}
	return v
}

// number is a JSON number: whole where it is whole, and never rounded. One that
// fits no int stays text.
func number(n json.Number) any {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return int(i)
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) || !strings.ContainsAny(n.String(), ".eE") {
		return n.String()
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int(f)
	}
	return f
}

// functions are what the language adds to the functions of expressions.
var functions = sync.OnceValue(makeFunctions)

func makeFunctions() []*expression.Function {
	list := reflect.TypeFor[func(any, string, any) any]()
	text := reflect.TypeFor[func(any) any]()
	return []*expression.Function{
		{Name: "pick", Types: []reflect.Type{list}, Func: func(a ...any) (any, error) {
			return first(a[0], a[1], func(v any) bool { return same(v, a[2]) }), nil
		}},
		{Name: "holding", Types: []reflect.Type{list}, Func: func(a ...any) (any, error) {
			want := show(a[2])
			return first(a[0], a[1], func(v any) bool { return want != "" && strings.Contains(show(v), want) }), nil
		}},
		{Name: "pluck", Types: []reflect.Type{reflect.TypeFor[func(any, string) any]()}, Func: func(a ...any) (any, error) {
			out := []any{}
			for _, item := range items(a[0]) {
				if v := member(item, show(a[1])); v != nil {
					out = append(out, v)
				}
			}
			return out, nil
		}},
		{Name: "latest", Types: []reflect.Type{reflect.TypeFor[func(any, string) any]()}, Func: func(a ...any) (any, error) {
			var out any
			best := ""
			for _, item := range items(a[0]) {
				if v := show(member(item, show(a[1]))); v > best {
					best, out = v, item
				}
			}
			return out, nil
		}},
		{Name: "sorted", Types: []reflect.Type{reflect.TypeFor[func(any) any]()}, Func: func(a ...any) (any, error) {
			out := slices.Clone(items(a[0]))
			slices.SortFunc(out, func(x, y any) int { return strings.Compare(show(x), show(y)) })
			return out, nil
		}},
		{Name: "parse", Types: []reflect.Type{text}, Func: func(a ...any) (any, error) { return parseJSON(show(a[0])) }},
		{Name: "unescape", Types: []reflect.Type{text}, Func: func(a ...any) (any, error) { return unescape(show(a[0])) }},
		{Name: "join", Types: []reflect.Type{reflect.TypeFor[func(any, string) string]()}, Func: func(a ...any) (any, error) {
			var out []string
			for _, item := range items(a[0]) {
				out = append(out, show(item))
			}
			return strings.Join(out, show(a[1])), nil
		}},
		{Name: "text", Types: []reflect.Type{reflect.TypeFor[func(any) string]()}, Func: func(a ...any) (any, error) { return show(a[0]), nil }},
	}
}

// names of the functions, for docs and hints.
func functionNames() []string {
	out := expression.Functions()
	for _, f := range functions() {
		out = append(out, f.Name)
	}
	slices.Sort(out)
	return out
}

func items(v any) []any {
	switch x := v.(type) {
	case []any:
		return x
	case []string:
		out := make([]any, len(x))
		for i, s := range x {
			out[i] = s
		}
		return out
	}
	return nil
}

func first(list, path any, fits func(any) bool) any {
	for _, item := range items(list) {
		if v := member(item, show(path)); v != nil && fits(v) {
			return item
		}
	}
	return nil
}

// member follows a path of names with dots; "" is the item itself.
func member(item any, path string) any {
	if path == "" {
		return item
	}
	for name := range strings.SplitSeq(path, ".") {
		m, ok := item.(map[string]any)
		if !ok {
			return nil
		}
		item = m[name]
	}
	return item
}

// same compares as a reader would: a number and its digits are the same.
func same(a, b any) bool { return show(a) == show(b) }
