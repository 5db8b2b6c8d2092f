package integrations

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxText bounds one text parameter: more than any of the systems takes.
const maxText = 64 << 10

// Values are checked parameters with their defaults filled in.
type Values struct {
	known map[string]any // string, int64, bool, time.Duration or []string
}

// Check says what is wrong with params, all of it, or nil. Numbers, truth
// values and durations may come as text, as a command line or a template gives
// them.
func Check(d Description, params map[string]any) error {
	_, err := read(d, params)
	return err
}

// Read is Check for the action itself: its error is a rejection, so that a bad
// parameter never looks like an unknown outcome.
func Read(d Description, params map[string]any) (Values, error) {
	known, err := read(d, params)
	if err != nil {
		return Values{}, &Error{Outcome: Rejected, Err: err}
	}
	return Values{known}, nil
}

func read(d Description, params map[string]any) (map[string]any, error) {
	known := make(map[string]any, len(d.Params))
	var problems []string
	names := make([]string, len(d.Params))
	for i, p := range d.Params {
		names[i] = p.Name
		raw, given := params[p.Name]
		if !given || raw == nil || raw == "" {
			if p.Required {
				problems = append(problems, fmt.Sprintf("%s: missing", p.Name))
				continue
			}
			if raw = p.Default; raw == nil {
				continue
			}
		}
		v, err := convert(p, raw)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", p.Name, err))
			continue
		}
		known[p.Name] = v
	}
	for name := range params {
		if !slices.Contains(names, name) {
			problems = append(problems, fmt.Sprintf("%s: unknown; known are %s", name, strings.Join(names, ", ")))
		}
	}
	if problems != nil {
		slices.Sort(problems)
		return nil, fmt.Errorf("check parameters of %s: %s", d.Name, strings.Join(problems, "; "))
	}
	return known, nil
}

// convert brings one value to the Go type of its parameter and checks it.
func convert(p Param, raw any) (any, error) {
	switch p.Type {
	case "string", "secret":
		s, err := toText(raw)
		if err != nil {
			return nil, err
		}
		return s, matches(p, s)
	case "int":
		n, err := toInt(raw)
		if err != nil {
			return nil, err
		}
		return n, matches(p, strconv.FormatInt(n, 10))
	case "bool":
		switch b := raw.(type) {
		case bool:
			return b, nil
		case string:
			if b == "true" || b == "false" {
				return b == "true", nil
			}
		}
		return nil, fmt.Errorf("%v: want true or false", raw)
	case "duration":
		return toDuration(raw)
	case "list":
		return toList(p, raw)
	}
	return nil, fmt.Errorf("type %q is not known", p.Type)
}

func matches(p Param, s string) error {
	if len(s) > maxText {
		return fmt.Errorf("%d bytes: want at most %d", len(s), maxText)
	}
	if strings.ContainsRune(s, 0) {
		return errors.New("has a zero byte")
	}
	if p.Match == "" {
		return nil
	}
	re, err := regexp.Compile(`^(?:` + p.Match + `)$`)
	if err != nil {
		return fmt.Errorf("its pattern is broken: %w", err)
	}
	if !re.MatchString(s) {
		return fmt.Errorf("%q: does not match %s", cut(s, 80), p.Match)
	}
	return nil
}

func toText(raw any) (string, error) {
	switch v := raw.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	if n, err := toInt(raw); err == nil {
		return strconv.FormatInt(n, 10), nil
	}
	return "", fmt.Errorf("is %T: want text", raw)
}

func toInt(raw any) (int64, error) {
	switch v := raw.(type) {
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case int64:
		return v, nil
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v), nil
		}
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
	case json.Number:
		return parseInt(v.String())
	case string:
		return parseInt(v)
	}
	return 0, fmt.Errorf("%v: want a whole number", raw)
}

func parseInt(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: want a whole number", cut(s, 40))
	}
	return n, nil
}

func toDuration(raw any) (time.Duration, error) {
	if d, ok := raw.(time.Duration); ok {
		return d, nil
	}
	s, ok := raw.(string)
	if !ok {
		return 0, fmt.Errorf("%v: want a duration such as 30m, 4h or 3d", raw)
	}
	text, days := strings.CutSuffix(s, "d")
	if days {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q: want a duration such as 30m, 4h or 3d", cut(s, 40))
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q: want a duration such as 30m, 4h or 3d", cut(s, 40))
	}
	return d, nil
}

func toList(p Param, raw any) ([]string, error) {
	var out []string
	switch v := raw.(type) {
	case []string:
		out = slices.Clone(v)
	case []any:
		for _, e := range v {
			s, err := toText(e)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	case string:
		for e := range strings.SplitSeq(v, ",") {
			out = append(out, strings.TrimSpace(e))
		}
	default:
		return nil, fmt.Errorf("is %T: want a list", raw)
	}
	if len(out) > 100 {
		return nil, fmt.Errorf("has %d members: want at most 100", len(out))
	}
	for _, s := range out {
		if err := matches(p, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Has says whether the parameter was given or has a default.
func (v Values) Has(name string) bool {
	_, ok := v.known[name]
	return ok
}

// Text returns a string or secret parameter, "" where there is none.
func (v Values) Text(name string) string {
	s, _ := v.known[name].(string)
	return s
}

// Int returns an int parameter, 0 where there is none.
func (v Values) Int(name string) int64 {
	n, _ := v.known[name].(int64)
	return n
}

// Bool returns a bool parameter, false where there is none.
func (v Values) Bool(name string) bool {
	b, _ := v.known[name].(bool)
	return b
}

// Duration returns a duration parameter, 0 where there is none.
func (v Values) Duration(name string) time.Duration {
	d, _ := v.known[name].(time.Duration)
	return d
}

// List returns a list parameter, nil where there is none.
func (v Values) List(name string) []string {
	l, _ := v.known[name].([]string)
	return l
}

// cut shortens s to at most n bytes, at a rune's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
