package playbooks

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// Type is the type of a variable.
type Type string

// The types of variables. A Secret holds a reference such as env:GITHUB_TOKEN,
// never the secret itself.
const (
	String Type = "string"
	Int    Type = "int"
	Float  Type = "float"
	Bool   Type = "bool"
	Secret Type = "secret"
	List   Type = "list" // of strings
)

func typeNames() []string {
	return []string{string(String), string(Int), string(Float), string(Bool), string(Secret), string(List)}
}

// Unknown is the answer of a person who does not know: the variable stays
// without a value, and what depends on it waits for a decision.
const Unknown = "unknown"

// None is the answer that a list is known to be empty, which is another thing
// than that nobody knows.
const None = "none"

// Limits on values, so that a run's state stays small.
const (
	maxText = 64 << 10
	maxList = 1000
)

// Var is a declared variable.
type Var struct {
	Name     string
	Type     Type
	Prompt   string
	Required bool
	Match    string // regular expression, whole value
	Default  any    // nil when there is none

	match *regexp.Regexp
	at    pos
}

var secretShape = lazyre.New(`^(env|file|exec):\S.*$`)

// Check returns value in the variable's own form (string, int, float64,
// bool or []string), or an error that says what is wrong with it.
func (v *Var) Check(value any) (any, error) {
	switch v.Type {
	case Int:
		n, ok := wholeNumber(value)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not a whole number", v.Name, brief(value))
		}
		return n, v.matches(strconv.Itoa(n))
	case Float:
		f, ok := number(value)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not a number", v.Name, brief(value))
		}
		return f, nil
	case Bool:
		b, ok := value.(bool)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not true or false", v.Name, brief(value))
		}
		return b, nil
	case List:
		return v.list(value)
	case Secret:
		s, ok := value.(string)
		if !ok || !secretShape.MatchString(s) || len(s) > 1000 {
			return nil, fmt.Errorf("%s: want a reference to the secret (env:NAME, file:/path or exec:program), never the secret itself", v.Name)
		}
		return s, nil
	case String:
		s, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not a text", v.Name, brief(value))
		}
		if len(s) > maxText {
			return nil, fmt.Errorf("%s: text is longer than %d bytes", v.Name, maxText)
		}
		return s, v.matches(s)
	}
	return nil, fmt.Errorf("%s: unknown type %q", v.Name, v.Type)
}

func (v *Var) list(value any) (any, error) {
	var out []string
	switch items := value.(type) {
	case []string:
		out = append(out, items...)
	case []any:
		for _, item := range items {
			s, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("%s: %s in the list is not a text", v.Name, brief(item))
			}
			out = append(out, s)
		}
	default:
		return nil, fmt.Errorf("%s: %s is not a list", v.Name, brief(value))
	}
	if len(out) > maxList {
		return nil, fmt.Errorf("%s: list has more than %d items", v.Name, maxList)
	}
	for _, s := range out {
		if len(s) > maxText {
			return nil, fmt.Errorf("%s: text is longer than %d bytes", v.Name, maxText)
		}
		if err := v.matches(s); err != nil {
			return nil, err
		}
	}
	if out == nil {
		out = []string{}
	}
	return out, nil
}

func (v *Var) matches(s string) error {
	if v.match != nil && !v.match.MatchString(s) {
		return fmt.Errorf("%s: %s does not match %s", v.Name, brief(s), v.Match)
	}
	return nil
}

// Read turns what a person typed into a value: yes, no, y, n, true and false
// for a bool, commas or lines between the items of a list. "unknown", "?" and,
// for a variable without default, an empty answer give nil: no value.
func (v *Var) Read(text string) (any, error) {
	text = strings.TrimSpace(text)
	if text == "" && v.Default != nil {
		return v.Default, nil
	}
	if text == "" || text == "?" || strings.EqualFold(text, Unknown) {
		return nil, nil
	}
	switch v.Type {
	case Bool:
		switch strings.ToLower(text) {
		case "y", "yes", "true":
			return true, nil
		case "n", "no", "false":
			return false, nil
		}
		return nil, fmt.Errorf("%s: answer %q: want yes, no or unknown", v.Name, text)
	case Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%s: answer %q is not a whole number", v.Name, text)
		}
		return v.Check(n)
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: answer %q is not a number", v.Name, text)
		}
		return v.Check(f)
	case List:
		items := []string{}
		if strings.EqualFold(text, None) {
			return v.Check(items)
		}
		for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		return v.Check(items)
	case String, Secret:
		return v.Check(text)
	}
	return v.Check(text)
}

// wholeNumber reads an int out of what JSON and YAML decoders make of one.
func wholeNumber(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int(n), true
		}
	case json.Number:
		if i, err := strconv.Atoi(n.String()); err == nil {
			return i, true
		}
	}
	return 0, false
}

// number reads a finite number out of what JSON and YAML decoders make of one.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, finite(n)
	case json.Number:
		f, err := n.Float64()
		return f, err == nil && finite(f)
	}
	n, ok := wholeNumber(value)
	return float64(n), ok
}

// finite says that a number is one that JSON can write.
func finite(f float64) bool { return math.Abs(f) <= math.MaxFloat64 }

// plain gives whole numbers their int form throughout a decoded JSON tree, so
// that an expression sees the type its author sees.
func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = plain(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plain(x)
		}
		return out
	case json.Number:
		if i, ok := wholeNumber(v); ok {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case float64, int64:
		if i, ok := wholeNumber(v); ok {
			return i
		}
		return v
	default:
		return v
	}
}

// show is a value as a person would write it.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []string:
		return strings.Join(v, ", ")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = show(x)
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

// brief is a value short enough for a message.
func brief(value any) string {
	s := []rune(show(value))
	if len(s) > 60 {
		s = append(s[:57], []rune("...")...)
	}
	return strconv.Quote(string(s))
}
