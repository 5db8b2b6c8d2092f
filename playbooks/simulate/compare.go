package simulate

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"firebreak/playbooks"
)

// Compare says how a case went otherwise than it expects, in the order in which
// it helps to read: what could not be played, where the path parted, the rest.
func Compare(c *playbooks.TestCase, t *Trace) []Failure {
	m := &comparison{c: c, t: t}
	if t.Problem != "" {
		m.say("steps", t.Line, "%s", t.Problem)
		return m.out // it was cut short: the rest would mislead
	}
	m.path()
	m.end()
	m.states("done", c.Expect.Done, func(s Step) bool { return s.State == playbooks.Done })
	m.states("failed", c.Expect.Failed, func(s Step) bool { return s.State == playbooks.Failed })
	m.states("skipped", c.Expect.Skipped, func(s Step) bool { return s.State == playbooks.Skipped })
	m.never()
	m.vars()
	m.all("notified", c.Expect.Notified, t.Notified, "was told", "nobody was told")
	m.all("actions", c.Expect.Actions, t.Actions, "was done", "no action was done")
	m.all("clocks", c.Expect.Clocks, t.Clocks, "was started", "no clock was started")
	m.unmet()
	return m.out
}

type comparison struct {
	c   *playbooks.TestCase
	t   *Trace
	out []Failure
}

func (m *comparison) say(key string, line int, format string, args ...any) {
	m.out = append(m.out, Failure{key, line, fmt.Sprintf(format, args...)})
}

// path tells the first place where the two ways part, and why.
func (m *comparison) path() {
	want, got := m.c.Expect.Path, m.t.Path
	if !m.c.Expect.Expects("path") || slices.Equal(want, got) {
		return
	}
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	after := "at the start"
	if i > 0 {
		after = "after " + got[i-1]
	}
	line := m.c.Expect.Line("path", i)
	switch {
	case i == len(want):
		m.say("path", line, "the path goes on %s: %s came too", after, strings.Join(got[i:], ", "))
	case i == len(got):
		m.say("path", line, "the path ends %s: %s was expected%s", after, want[i], m.because(want[i]))
	default:
		m.say("path", line, "the path parts %s: %s was expected%s, and %s came", after, want[i], m.because(want[i]), got[i])
	}
}

// because says where a step stood instead.
func (m *comparison) because(name string) string {
	steps := m.t.named(name)
	if len(steps) == 0 {
		return " (it never came up)"
	}
	for _, s := range steps {
		if s.State != playbooks.Done {
			return " (" + is(s) + ")"
		}
	}
	return ""
}

// is says where a step stands: "it is failed: 503".
func is(s Step) string {
	text := "it is " + string(s.State)
	if s.Why != "" {
		text += ": " + s.Why
	}
	return text
}

func (m *comparison) end() {
	want := m.c.Expect.End
	if want == "" || want == m.t.End {
		return
	}
	why := ""
	if len(m.t.Waits) > 0 {
		why = ": " + strings.Join(m.t.Waits, "; ")
	}
	m.say("end", m.c.Expect.Line("end", -1), "the run was to end %s, and is %s%s", want, m.t.End, why)
}

// states wants each of the steps, with all its items and rounds, in a state.
func (m *comparison) states(key string, names []string, ok func(Step) bool) {
	for i, name := range names {
		steps := m.t.named(name)
		line := m.c.Expect.Line(key, i)
		if len(steps) == 0 {
			m.say(key, line, "%s was to be %s, and it never came up", name, key)
			continue
		}
		for _, s := range steps {
			if !ok(s) {
				m.say(key, line, "%s was to be %s, and %s", s.Name, key, is(s))
			}
		}
	}
}

func (m *comparison) never() {
	for i, name := range m.c.Expect.Never {
		for _, s := range m.t.named(name) {
			if s.Began {
				m.say("never", m.c.Expect.Line("never", i), "%s was never to begin, and %s", s.Name, is(s))
			}
		}
	}
}

func (m *comparison) vars() {
	for _, name := range slices.Sorted(maps.Keys(m.c.Expect.Vars)) {
		want, got := m.c.Expect.Vars[name], m.t.Vars[name]
		line := m.c.Expect.Line("vars."+name, -1)
		switch {
		case same(want, got):
		case got == nil:
			m.say("vars", line, "%s was to be %s, and it has no value", name, shown(want))
		case unknown(want):
			m.say("vars", line, "%s was to have no value, and it is %s", name, shown(got))
		default:
			m.say("vars", line, "%s was to be %s, and it is %s", name, shown(want), shown(got))
		}
	}
}

// same compares a value of the case with one of the run. "unknown" is no value.
func same(want, got any) bool {
	if unknown(want) && got == nil {
		return true
	}
	return reflect.DeepEqual(loose(want), loose(got))
}

// unknown says that a value of a case stands for no value.
func unknown(v any) bool {
	text, ok := v.(string)
	return v == nil || ok && strings.EqualFold(text, playbooks.Unknown)
}

// loose gives lists and numbers one form.
func loose(v any) any {
	switch x := v.(type) {
	case []string:
		out := make([]any, len(x))
		for i, s := range x {
			out[i] = s
		}
		return out
	case int:
		return float64(x)
	case int64:
		return float64(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = loose(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			out[k] = loose(item)
		}
		return out
	}
	return v
}

func shown(v any) string {
	switch x := v.(type) {
	case string:
		return strconv.Quote(x)
	case []string:
		return "[" + strings.Join(x, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// all wants exactly these, in whatever order.
func (m *comparison) all(key string, want, got []string, done, none string) {
	if !m.c.Expect.Expects(key) {
		return
	}
	came := none
	if len(got) > 0 {
		came = "there was " + strings.Join(got, ", ")
	}
	for i, name := range want {
		if !slices.Contains(got, name) {
			m.say(key, m.c.Expect.Line(key, i), "%s was expected, and %s", name, came)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			m.say(key, m.c.Expect.Line(key, -1), "%s %s, and was not expected", name, done)
		}
	}
}

// unmet: what the case says of a step, and the run never came to.
func (m *comparison) unmet() {
	for _, u := range m.t.Unmet {
		why := m.because(u.Step)
		if u.Met == 0 {
			m.say("steps", u.Line, "the case says what %s meets, and the run never came to it%s", u.Step, why)
			continue
		}
		m.say("steps", u.Line, "%s met %d of the %d entries that the case has for it%s", u.Step, u.Met, u.Of, why)
	}
}
