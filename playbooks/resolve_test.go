package playbooks

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/record"
)

func TestResolve(t *testing.T) {
	w := newWalker(t, head+`vars:
  host: {type: string}
  n: {type: int, default: 7}
  b: {type: bool, default: true}
  l: {type: list, default: ["a b", --x]}
  s: {type: secret, default: env:TOKEN}
  r: {type: string}
phases:
  identify:
    - {id: m, title: "On {{ host }}", manual: "{{ host }} {{ n }} {{ b }} {{ l }} \\{{ x }} {{ incident.id }}"}
    - {id: a, action: x.y, with: {n: "{{ n }}", t: "n={{ n }}", b: "{{ b }}", l: "{{ l }}", s: "{{ s }}", k: {d: ["{{ n }}"]}, host: "{{ host }}"}, rollback: {action: x.z, with: {n: "{{ n }}", r: "{{ r }}"}}, set: {r: result.id}, verify: {action: x.g, with: {s: "{{ s }}"}, expect: result.n == n}}
    - {id: run, run: [ls, --, "{{ l }}", "{{ n }}"], impact: none}
    - {id: opt, run: [ls, "{{ l }}"], impact: none}
    - {id: tell, notify: [mail], with: {message: "{{ host }}: {{ r }}", to: "{{ l }}"}}
`, nil)
	w.run.About(incident.Incident{ID: "2026-0007"})
	step := func(id string) *Step { s, _ := w.run.Step(id); return s }
	if _, err := w.run.Resolve(step("a")); err == nil || !strings.Contains(err.Error(), "host has no value yet") {
		t.Errorf("unset value: %v", err)
	}
	if st, _ := w.run.Status("m"); st.Title != "On <host>" {
		t.Errorf("title %q", st.Title)
	}
	w.must(record.VariableSet, "", record.Variables{Run: "r", Vars: map[string]any{"host": "{{ s }}; rm -rf /"}})
	m, err := w.run.Resolve(step("m"))
	if want := "{{ s }}; rm -rf / 7 yes a b, --x {{ x }} 2026-0007"; err != nil || m.Text != want {
		t.Errorf("text %q %v, want %q", m.Text, err, want)
	}
	a, err := w.run.Resolve(step("a"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"n": 7, "t": "n=7", "b": true, "l": []string{"a b", "--x"}, "s": "env:TOKEN",
		"k": map[string]any{"d": []any{7}}, "host": "{{ s }}; rm -rf /",
	}
	if !reflect.DeepEqual(a.With, want) || !slices.Equal(a.Secrets, []string{"s"}) {
		t.Errorf("with %v secrets %v", a.With, a.Secrets)
	}
	if !reflect.DeepEqual(a.Rollback.With, map[string]any{"n": 7}) || !slices.Equal(a.Rollback.Missing, []string{"r"}) {
		t.Errorf("rollback %+v", a.Rollback)
	}
	if !slices.Equal(a.Verify.Secrets, []string{"s"}) || a.Verify.Expect != "result.n == n" {
		t.Errorf("verify %+v", a.Verify)
	}
	run, err := w.run.Resolve(step("run"))
	if err != nil || !slices.Equal(run.Argv, []string{"ls", "--", "a b", "--x", "7"}) {
		t.Errorf("argv %q %v", run.Argv, err)
	}
	if _, err := w.run.Resolve(step("opt")); err == nil || !strings.Contains(err.Error(), "option") {
		t.Errorf("a value that begins with a hyphen: %v", err)
	}
	tell, err := w.run.Resolve(step("tell"))
	if err != nil || tell.Text != "{{ s }}; rm -rf /: <r>" || !reflect.DeepEqual(tell.With, map[string]any{"to": []string{"a b", "--x"}}) {
		t.Errorf("notify %+v %v", tell, err)
	}
	if ok, err := w.run.Expect(step("tell"), "result.n == n", map[string]any{"n": 7.0}); !ok || err != nil {
		t.Errorf("expect: %v %v", ok, err)
	}
	if _, err := w.run.Expect(step("tell"), "result.n ==", nil); err == nil {
		t.Error("a broken condition was taken")
	}
	set, err := w.run.Sets(step("a"), nil, map[string]any{"id": "x9"})
	if err != nil || set["r"] != "x9" {
		t.Errorf("set %v %v", set, err)
	}
	for _, result := range []map[string]any{nil, {"id": 3.5}, {"id": nil}} {
		if set, err := w.run.Sets(step("a"), nil, result); err == nil {
			t.Errorf("set from %v gave %v", result, set)
		}
	}
}

func TestAnswers(t *testing.T) {
	w := newWalker(t, book("  b: {type: bool}\n  n: {type: int, match: \"[1-9]\"}\n  l: {type: list}\n  d: {type: string, default: x}\n  s: {type: secret}\n",
		"{id: a, manual: m, ask: {b: B?, n: N?, l: L?, d: D?, s: S?}}"), nil)
	s, _ := w.run.Step("a")
	got, err := w.run.Answers(s, map[string]string{"b": " Yes ", "n": "3", "l": "x, y,\nz", "d": "", "s": "env:KEY"})
	want := map[string]any{"b": true, "n": 3, "l": []string{"x", "y", "z"}, "d": "x", "s": "env:KEY"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("answers %v %v", got, err)
	}
	got, err = w.run.Answers(s, map[string]string{"b": "unknown", "n": "?", "l": "UNKNOWN", "d": "", "s": "unknown"})
	if err != nil || !reflect.DeepEqual(got, map[string]any{"d": "x"}) {
		t.Errorf("unknown: %v %v", got, err)
	}
	_, err = w.run.Answers(s, map[string]string{"b": "maybe", "n": "12", "d": "y", "s": "hunter2", "zz": "1"})
	for _, says := range []string{"want yes, no or unknown", "does not match", `no answer to "L?"`, "never the secret", "does not ask"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the error shows the secret")
	}
}

func TestValues(t *testing.T) {
	p := mustParse(t, book("  a: {type: string, prompt: A?, required: true}\n  n: {type: int, prompt: N?}\n  q: {type: bool}\n", "{id: m, manual: \"{{ a }} {{ n }}\", ask: {q: Q?}}")+"drill: {a: x, q: true}\n")
	if _, err := p.Values(map[string]any{"n": "z", "zz": 1}, false); err == nil ||
		!strings.Contains(err.Error(), "not a whole number") || !strings.Contains(err.Error(), "no variable") {
		t.Errorf("Values: %v", err)
	}
	got, err := p.Values(map[string]any{"n": "4"}, true)
	if err != nil || !reflect.DeepEqual(got, map[string]any{"a": "x", "n": 4}) {
		t.Errorf("drill values: %v %v", got, err)
	}
	s, _ := p.Step("m")
	if a := p.DrillAnswers(s); a["q"] != "true" {
		t.Errorf("drill answers: %v", a)
	}
	if q := p.Questions(); len(q) != 2 || !q[0].Required || q[1].Type != Int {
		t.Errorf("questions: %+v", q)
	}
}
