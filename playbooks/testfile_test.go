package playbooks

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

const testBook = `playbook: v1
id: x
name: X
version: 1.0.0
vars: {live: {type: bool}, n: {type: int, default: 1}, who: {type: list, default: []}}
clocks: [{use: gdpr, when: live}]
phases:
  identify:
    - {id: look, manual: Look., ask: {live: "Live?"}}
    - {id: cut, if: live, action: a.cut, approve: {by: commander, timeout: 5m}, verify: {expect: result.ok}}
    - {id: slow, run: [sleep], timeout: 1m}
    - {id: both, parallel: [{id: one, manual: One.}, {id: two, action: a.read}]}
    - {id: pause, wait: 1h}
`

func parseBook(t testing.TB, src string) *Playbook {
	t.Helper()
	p, err := Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Each mistake has its code and points at the place.
func TestMistakesInTests(t *testing.T) {
	tests := []struct{ steps, expect, want string }{
		{"{look: {answers: {live: true}}}", "{end: done}", ""},
		{"{cut: [{fail: no}, {reject: no}, {timeout: true}], slow: {timeout: true}}", "{path: []}", ""},
		{"{one: {fail: nobody there}, two: {result: {a: null, b: [1, {c: 2.5}]}}}", "{vars: {live: unknown, n: 3}}", ""},
		{"{lok: {skip: x}}", "{end: done}", `5:13: error PT021: playbook x has no step "lok" (did you mean "look"?)`},
		{"{look/a: {skip: x}}", "{end: done}", `5:13: error PT021: step look runs no playbook`},
		{"{look: {result: {a: 1}}}", "{end: done}", `5:20: error PT022: step "look" is a manual step: it has no result`},
		{"{two: {answers: {live: true}}}", "{end: done}", `PT022: step "two" is an action step: nobody is asked`},
		{"{two: {timeout: true}}", "{end: done}", `PT022: step "two" has no timeout`},
		{"{one: {reject: no}}", "{end: done}", `PT022: nobody approves step "one"`},
		{"{both: {fail: no}}", "{end: done}", `PT022: step "both" is a parallel step: it does not fail by itself`},
		{"{pause: {fail: no}}", "{end: done}", `PT022`},
		{"{two: {verify: {ok: false}}}", "{end: done}", `PT022: step "two" has no verify`},
		{"{two: {fail: a, skip: b}}", "{end: done}", `5:18: error PT022: step "two" meets more than one thing at once: fail, skip`},
		{"{two: {}}", "{end: done}", `PT022: step "two" meets nothing`},
		{"{two: []}", "{end: done}", `PT009`},
		{"{two: {timeout: false}}", "{end: done}", `PT022`},
		{"{two: {fial: a}}", "{end: done}", `PT008: what step "two" meets has no key "fial" (did you mean "fail"?)`},
		{"{look: {answers: {liv: true}}}", "{end: done}", `PT023: step "look" does not ask for "liv" (did you mean "live"?)`},
		{"{look: {answers: {live: 3}}}", "{end: done}", `PT023: live: "3" is not true or false`},
		{"{look: {vars: {x: 3}}}", "{end: done}", `PT023: playbook x has no variable "x"`},
		{"{look: {vars: {n: many}}}", "{end: done}", `PT023: n: answer "many" is not a whole number`},
		{"{}", "{end: over}", `6:19: error PT012: end "over" is not known`},
		{"{}", "{done: [lock]}", `PT021: playbook x has no step "lock" (did you mean "look"?)`},
		{"{}", "{path: [both]}", `PT021: step "both" holds others`},
		{"{}", "{vars: {m: 1}}", `PT023: playbook x has no variable "m"`},
		{"{}", "{clocks: [gdp]}", `PT025: the playbook has no clock "gdp" (did you mean "gdpr"?)`},
		{"{}", "{actions: [a.cutt]}", `PT025: the playbook has no action "a.cutt" (did you mean "a.cut"?)`},
		{"{}", "{}", `PT026: the case expects nothing`},
		{"{}", "{done: {a: 1}}", `PT009`},
		{"&a {}", "{end: done}", `PT005`},
		{"{two: !!str {}}", "{end: done}", `PT006`},
		{"{two: {fail: a}, two: {fail: b}}", "{end: done}", `PT007`},
	}
	p := parseBook(t, testBook)
	for _, tt := range tests {
		src := fmt.Sprintf("test: v1\nplaybook: x\ncases:\n  - name: one\n    steps: %s\n    expect: %s\n", tt.steps, tt.expect)
		test, err := ParseTest("x.test.yaml", []byte(src))
		var problems Problems
		if err == nil {
			problems = CheckTest(test, p, nil)
		} else if !errors.As(err, &problems) {
			t.Fatal(err)
		}
		got := problems.Error()
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("steps %s expect %s:\n got %s\nwant %s", tt.steps, tt.expect, got, tt.want)
		}
	}
}

func TestShapesOfTests(t *testing.T) {
	for src, want := range map[string]string{
		"":        "PT003",
		"[]":      "PT011",
		"test: v": "PT010",
		"test: v2\nplaybook: x\ncases: [{name: a, expect: {end: done}}]":                                 `PT011: format version "v2"`,
		"test: v1\nplaybook: X!\ncases: [{name: a, expect: {end: done}}]":                                "PT012",
		"test: v1\nplaybook: x\ncases: []":                                                               "PT009",
		"test: v1\nplaybook: x\ncases: [{name: a}]":                                                      "PT010: case has no expect",
		"test: v1\nplaybook: x\ncases: [{expect: {end: done}}]":                                          "PT010: case has no name",
		"test: v1\nplaybook: x\ncases: [{name: a, expect: {end: done}}, {name: a, expect: {end: done}}]": "PT024",
		"test: v1\nplaybook: x\nmore: 1\ncases: [{name: a, expect: {end: done}}]":                        "PT008",
		"test: v1\nplaybook: x\ncases: [" + strings.Repeat("{}, ", 300) + "]":                            "PT013",
		"test: \xff":                                "PT002",
		strings.Repeat("#\n", MaxSize):              "PT001",
		"test: v1\n---\ntest: v1\n":                 "PT003",
		"test: " + strings.Repeat("[", 50):          "PT004",
		"test: v1\nplaybook: x\ncases: \"\\u202e\"": "PT014",
	} {
		_, err := ParseTest("x", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseTest(%.60q): %v, want %s", src, err, want)
		}
	}
	test, err := ParseTest("x", []byte("test: v1\nplaybook: y\ncases: [{name: a, expect: {end: done}}]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := CheckTest(test, parseBook(t, testBook), nil).Error(); !strings.Contains(got, "2:11: error PT020") {
		t.Errorf("another playbook's tests: %s", got)
	}
}

// The page describes each code under its own heading, and no other.
func TestPageHasTheCodesOfTests(t *testing.T) {
	page, err := os.ReadFile("../docs/playbook-test.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range TestCodes() {
		if c.Code <= "PT014" {
			continue // described with those of playbooks
		}
		if want := fmt.Sprintf("### %s %s: %s\n", c.Code, c.Severity, c.Title); !strings.Contains(string(page), want) {
			t.Errorf("docs/playbook-test.md lacks %q", want)
		}
	}
	if n := strings.Count(string(page), "\n### PT"); n != len(TestCodes())-14 {
		t.Errorf("docs/playbook-test.md has %d codes, want %d", n, len(TestCodes())-14)
	}
}

func FuzzParseTest(f *testing.F) {
	f.Add("test: v1\nplaybook: x\ncases:\n  - {name: a, vars: {n: 2}, steps: {look: [{answers: {live: no}}, {skip: s}], two.1: {result: {a: [1]}}}, expect: {path: [look], vars: {n: 2}, end: done}}\n")
	p := parseBook(f, testBook)
	f.Fuzz(func(t *testing.T, src string) {
		test, err := ParseTest("x", []byte(src))
		var problems Problems
		switch {
		case err == nil:
			problems = CheckTest(test, p, nil)
		case !errors.As(err, &problems):
			t.Fatalf("not Problems: %v", err)
		}
		for _, pr := range problems {
			if pr.Line < 1 || pr.Column < 1 || !strings.HasPrefix(pr.Code, "PT") {
				t.Fatalf("bad problem %+v", pr)
			}
		}
	})
}
