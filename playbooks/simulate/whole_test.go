package simulate_test

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/playbooks"
	"firebreak/playbooks/simulate"
)

const whole = `playbook: v1
id: whole
name: Whole
version: 1.0.0
vars:
  hosts: {type: list, prompt: Which?, default: []}
  strain: {type: string, prompt: Which?, default: akira}
  tries: {type: int, default: 0}
  hits: {type: int}
  rotated: {type: bool}
phases:
  contain:
    - id: all
      for_each: hosts
      as: host
      do:
        - {id: isolate, action: a.cut, with: {host: "{{ host }}"}, irreversible: gone, approve: {by: commander}}
        - {id: say, manual: "Tell {{ host }}."}
    - id: family
      switch: strain
      cases:
        lockbit: [{id: lockbit, manual: L.}]
        akira: [{id: akira, manual: A.}]
      default: [{id: other, manual: O.}]
    - {id: rotate, playbook: sub@1, with: {repo: "a/b"}, set: {rotated: result.rotated}}
    - id: loop
      if: tries < 3
      then: [{id: try, action: a.try, set: {tries: tries + 1}}]
      repeat: {every: 10s, max: 100}
  recover:
    - {id: watch, action: a.search, set: {hits: result.hits}, repeat: {every: 1h, for: 24h, until: result.hits > 0}}
    - {id: hook, http: {method: GET, url: "https://waf.example/x"}}
fallback:
  - {id: call, notify: [pagerduty], with: {message: M}}
`

const sub = `playbook: v1
id: sub
name: Sub
version: 1.2.0
vars: {repo: {type: string, prompt: Which?, required: true}, rotated: {type: bool}}
drill: {rotated: true}
phases:
  contain:
    - {id: revoke, action: a.revoke, approve: {by: commander, timeout: 5m, on_timeout: skip}}
    - {id: ask, manual: "Rotated {{ repo }}?", ask: {rotated: "Rotated?"}}
`

func find(t *testing.T) func(playbooks.Reference) (*playbooks.Playbook, error) {
	p, err := playbooks.Parse("sub.yaml", []byte(sub))
	if err != nil {
		t.Fatal(err)
	}
	return func(ref playbooks.Reference) (*playbooks.Playbook, error) {
		if !ref.Fits(p) {
			return nil, fmt.Errorf("no playbook %s", ref)
		}
		return p, nil
	}
}

// Items, branches, rounds, repetitions and called playbooks, by their names in
// the run.
func TestWaysOfTheWholeLanguage(t *testing.T) {
	p, err := playbooks.Parse("whole.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	const hits = "watch: {result: {hits: 1}}"
	for _, tt := range []struct{ name, vars, steps, expect, want string }{
		{"two items", "{hosts: [a, b]}", "{" + hits + "}", `{path: [isolate.1, say.1, isolate.2, say.2, akira, rotate/revoke, rotate/ask, try.1, try.2, try.3, watch, hook],
			skipped: [lockbit, other], done: [all, isolate, family, rotate, loop, try], vars: {tries: 3, rotated: true, hits: 1}, actions: [a.cut, a.revoke, a.try, a.search], end: done}`, ""},
		{"none", "{hosts: []}", "{" + hits + "}", "{path: [akira, rotate/revoke, rotate/ask, try.1, try.2, try.3, watch, hook], never: [isolate], end: done}", ""},
		{"one item fails", "{hosts: [a, b]}", "{isolate.2: {fail: gone}, " + hits + "}", "{done: [isolate.1, say.1, say.2], failed: [isolate.2], notified: [pagerduty], end: done}", ""},
		{"an entry for each item", "{hosts: [a, b, c]}", "{isolate: [{result: {}}, {reject: it is the mail server}, {skip: down}], " + hits + "}", "{done: [isolate.1], failed: [isolate.2], skipped: [isolate.3], end: done}", ""},
		{"another case", "{strain: lockbit}", "{" + hits + "}", "{done: [lockbit], skipped: [akira, other]}", ""},
		{"no case", "{strain: x}", "{" + hits + "}", "{done: [other], skipped: [akira, lockbit]}", ""},
		{"steps of a called playbook", "{}", "{rotate/revoke: {timeout: true}, rotate/ask: {answers: {rotated: no}}, " + hits + "}", "{skipped: [rotate/revoke], vars: {rotated: false}, end: done}", ""},
		{"a called playbook fails", "{}", "{rotate/revoke: {fail: 503}, " + hits + "}", "{failed: [rotate/revoke, rotate], never: [rotate/ask], notified: [pagerduty], vars: {rotated: unknown}, end: done}", ""},
		{"a person passes the call over", "{}", "{rotate: {skip: no CI here}, " + hits + "}", "{skipped: [rotate], never: [rotate/revoke], end: done}", ""},
		{"it repeats until there is a hit", "{}", "{watch: [{result: {hits: 0}}, {result: {hits: 0}}, {result: {hits: 7}}]}", "{vars: {hits: 7}, end: done}", ""},
		{"it repeats until its time is over", "{}", "{watch: {result: {hits: 0}}}", "{vars: {hits: 0}, end: done}", ""},
		{"a round fails", "{}", "{watch: [{result: {hits: 0}}, {fail: 503}]}", "{failed: [watch], done: [call], end: done}", ""},
		{"no result", "{}", "{}", "{end: done}", "step watch sets hits from result.hits and repeats until result.hits > 0, and the case gives it no result"},
		{"an entry that no round meets", "{}", "{watch: [{result: {hits: 1}}, {result: {hits: 2}}]}", "{end: done}", "watch met 1 of the 2 entries that the case has for it"},
		{"an item that is not there", "{hosts: [a]}", "{isolate.2: {fail: gone}, " + hits + "}", "{end: done}", "the case says what isolate.2 meets, and the run never came to it (it never came up)"},
	} {
		src := fmt.Sprintf("test: v1\nplaybook: whole\ncases:\n  - name: one\n    vars: %s\n    steps: %s\n    expect: %s\n", tt.vars, tt.steps, tt.expect)
		test, err := playbooks.ParseTest("x.test.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if problems := playbooks.CheckTest(test, p, find(t)); len(problems) > 0 {
			t.Errorf("%s: %v", tt.name, problems)
			continue
		}
		trace := simulate.Play(p, &test.Cases[0], simulate.World{Find: find(t)})
		var got []string
		for _, f := range simulate.Compare(&test.Cases[0], trace) {
			got = append(got, f.Message)
		}
		if text := strings.Join(got, "\n  "); (text == "") != (tt.want == "") || !strings.Contains(text, tt.want) {
			t.Errorf("%s:\n  %s\n  it went: %v (%s) %v", tt.name, text, trace.Path, trace.End, trace.Waits)
		}
	}
}
