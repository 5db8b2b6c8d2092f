package simulate_test

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/playbooks"
	"firebreak/playbooks/simulate"
)

const book = `playbook: v1
id: x
name: X
version: 1.0.0
vars:
  live: {type: bool}
  n: {type: int}
  hosts: {type: list, prompt: Which?, default: []}
clocks: [{use: gdpr, when: live}, {use: always}]
drill: {live: true, hosts: [a]}
phases:
  identify:
    - {id: look, manual: Look., ask: {live: "Live?"}}
    - {id: count, action: a.count, set: {n: result.n}, retry: {max: 3, every: 10s}}
    - {id: pause, wait: 1h}
  contain:
    - id: cut
      if: live
      action: a.cut
      approve: {by: commander, timeout: 5m, on_timeout: fail}
      verify: {expect: result.ok}
      on_failure: call
    - {id: page, notify: [pagerduty], with: {message: M}, approve: {by: commander, timeout: 5m, on_timeout: page}}
    - id: which
      if: n > 3
      then: [{id: many, manual: Many.}]
      else: [{id: few, manual: Few.}]
    - {id: slow, run: [sleep], timeout: 1m}
fallback:
  - {id: call, manual: Call.}
  - {id: tell, notify: [webhook], with: {message: M}}
`

func play(t *testing.T, vars, steps, expect string) ([]simulate.Failure, *simulate.Trace) {
	t.Helper()
	p, err := playbooks.Parse("x.yaml", []byte(book))
	if err != nil {
		t.Fatal(err)
	}
	src := fmt.Sprintf("test: v1\nplaybook: x\ncases:\n  - name: one\n    vars: %s\n    steps: %s\n    expect: %s\n", vars, steps, expect)
	test, err := playbooks.ParseTest("x.test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if problems := playbooks.CheckTest(test, p, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	trace := simulate.Play(p, &test.Cases[0], simulate.World{})
	return simulate.Compare(&test.Cases[0], trace), trace
}

// What the steps meet decides the way of the run.
func TestWays(t *testing.T) {
	for _, tt := range []struct{ name, steps, expect string }{
		{"all goes well", "{count: {result: {n: 9}}}", `{path: [look, count, pause, cut, page, many, slow], end: done,
			notified: [pagerduty], actions: [a.count, a.cut], clocks: [gdpr, always], vars: {live: true, n: 9, hosts: [a]},
			done: [which, many], skipped: [few], never: [few, call, tell], failed: []}`},
		{"a guard and a branch", "{look: {answers: {live: no}}, count: {result: {n: 1}}}", `{path: [look, count, pause, page, few, slow], skipped: [cut, many], clocks: [always], end: done}`},
		{"a retry helps", "{count: [{fail: busy}, {fail: busy}, {result: {n: 1}}]}", "{path: [look, count, pause, cut, page, few, slow], failed: [], end: done}"},
		{"no retry helps: the fallback handles it", "{count: {fail: busy}, which: {vars: {n: 1}}}", "{path: [look, count, call, tell, pause, cut, page, few, slow], failed: [count], notified: [webhook, pagerduty], end: done}"},
		{"a rejected plan goes to on_failure, without a retry", "{count: {result: {n: 1}}, cut: {reject: not now}}", "{path: [look, count, pause, cut, call, page, few, slow], failed: [cut], never: [tell], actions: [a.count], end: done}"},
		{"nobody approves, and that is a failure", "{count: {result: {n: 1}}, cut: {timeout: true}}", "{failed: [cut], done: [call], end: done}"},
		{"nobody approves, and the run waits", "{count: {result: {n: 1}}, page: {timeout: true}}", "{path: [look, count, pause, cut], notified: [], never: [page, slow], end: waiting}"},
		{"a check does not hold", "{count: {result: {n: 1}}, cut: {verify: {ok: false}}}", "{failed: [cut], done: [call], actions: [a.count]}"},
		{"a check holds", "{count: {result: {n: 1}}, cut: {verify: {ok: true}}}", "{done: [cut], never: [call]}"},
		{"it takes too long", "{count: {result: {n: 1}}, slow: {timeout: true}}", "{failed: [slow], done: [call, tell], end: done}"},
		{"a person skips", "{count: {skip: known}, which: {skip: same}}", "{skipped: [count, which, few], vars: {n: unknown}, end: done}"},
		{"nobody knows, and the run waits", "{look: {answers: {live: unknown}}, count: {result: {n: 1}}}", "{path: [look, count, pause], vars: {live: unknown}, end: waiting}"},
		{"nobody knows, and a person decides", "{look: {answers: {live: unknown}}, count: {result: {n: 1}}, cut: {vars: {live: yes}}}", "{done: [cut], clocks: [gdpr, always], end: done}"},
		{"nobody knows, and a person does it", "{look: {answers: {live: unknown}}, count: {result: {n: 1}}, cut: {result: {}}}", "{done: [cut], end: done}"},
		{"the fallback fails, and nothing is left", "{count: {result: {n: 1}}, cut: {reject: no}, call: {fail: no answer}}", "{failed: [cut, call], end: failed}"},
		{"a failure in the fallback is taken up", "{count: {result: {n: 1}}, cut: {reject: no}, call: [{fail: no answer}, {answers: {}}]}", "{failed: [cut], done: [call], end: done}"},
		{"and is passed over", "{count: {result: {n: 1}}, cut: {reject: no}, call: [{fail: no answer}, {skip: late}]}", "{failed: [cut], skipped: [call], end: done}"},
	} {
		failures, trace := play(t, "{}", tt.steps, tt.expect)
		for _, f := range failures {
			t.Errorf("%s: %s\n  it went: %v (%s)", tt.name, f.Message, trace.Path, trace.End)
		}
	}
}

// A case that goes otherwise says where, at the line, and why.
func TestWordsOfAFailure(t *testing.T) {
	for _, tt := range []struct{ vars, steps, expect, want string }{
		{"{}", "{}", "{end: done}", "4 step count sets n from result.n, and the case gives it no result: add count: {result: {…}} under steps"},
		{"{}", "{look: {answers: {live: no}}, count: {result: {n: 1}}}", "{path: [look, count, pause, cut]}", "7 the path parts after pause: cut was expected (it is skipped: live is false), and page came"},
		{"{}", "{count: {result: {n: 1}}}", "{path: [look]}", "7 the path goes on after look: count, pause, cut, page, few, slow came too"},
		{"{}", "{count: {result: {n: 1}}}", "{path: [look, count, pause, cut, page, few, slow, call]}", "7 the path ends after slow: call was expected (it never came up)"},
		{"{}", "{look: {answers: {live: unknown}}, count: {result: {n: 1}}}", "{path: [look, count, pause, cut], end: done}", "7 the run was to end done, and is waiting: step cut waits: live: nobody has said what live is"},
		{"{}", "{count: {result: {n: 1}}}", "{done: [many]}", "7 many was to be done, and it is skipped: the other branch was taken"},
		{"{}", "{count: {result: {n: 1}}}", "{never: [cut]}", "7 cut was never to begin, and it is done"},
		{"{}", "{count: {result: {n: 1}}}", "{vars: {n: 2}}", "7 n was to be 2, and it is 1"},
		{"{}", "{count: {result: {n: 1}}}", "{vars: {live: unknown}}", "7 live was to have no value, and it is true"},
		{"{}", "{count: {skip: x}, which: {skip: x}}", "{vars: {n: 2}}", "7 n was to be 2, and it has no value"},
		{"{hosts: unknown}", "{count: {result: {n: 1}}}", "{vars: {hosts: [b]}}", "7 hosts was to be [b], and it is []"},
		{"{}", "{count: {result: {n: 1}}}", "{notified: []}", "7 pagerduty was told, and was not expected"},
		{"{}", "{count: {result: {n: 1}}}", "{notified: [pagerduty, webhook]}", "7 webhook was expected, and there was pagerduty"},
		{"{}", "{look: {answers: {live: no}}, count: {fail: x}, which: {skip: x}}", "{actions: [a.cut]}", "7 a.cut was expected, and no action was done"},
		{"{}", "{count: {result: {n: 1}}, many: {skip: x}}", "{end: done}", "6 the case says what many meets, and the run never came to it (it is skipped: the other branch was taken)"},
		{"{}", "{count: [{result: {n: 1}}, {result: {n: 2}}]}", "{end: done}", "6 count met 1 of the 2 entries that the case has for it"},
		{"{}", "{count: {result: {m: 1}}}", "{failed: []}", "6 "}, // the step fails as it would in an incident; `which` then waits
	} {
		failures, _ := play(t, tt.vars, tt.steps, tt.expect)
		var got []string
		for _, f := range failures {
			got = append(got, fmt.Sprintf("%d %s", f.Line, f.Message))
		}
		if tt.want != "6 " && !strings.Contains(strings.Join(got, "\n"), tt.want) {
			t.Errorf("steps %s expect %s:\n got %s\nwant %s", tt.steps, tt.expect, strings.Join(got, "\n     "), tt.want)
		}
		if tt.want == "6 " && len(got) != 0 {
			t.Errorf("steps %s: %v", tt.steps, got)
		}
	}
}

func TestReportNamesStepsThatNoCaseReached(t *testing.T) {
	p, err := playbooks.Parse("x.yaml", []byte(book))
	if err != nil {
		t.Fatal(err)
	}
	test, err := playbooks.ParseTest("x.test.yaml", []byte("test: v1\nplaybook: x\ncases:\n  - {name: few, steps: {count: {result: {n: 1}}}, expect: {end: done}}\n  - {name: many, steps: {count: {result: {n: 7}}}, expect: {end: waiting}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := simulate.Run(test, p, simulate.World{}, nil)
	if r.OK() || !r.Cases[0].OK || r.Cases[1].OK {
		t.Errorf("cases: %+v", r.Cases)
	}
	if got := fmt.Sprint(r.Unreached); got != "[{call 30} {tell 31}]" {
		t.Errorf("unreached: %s", got)
	}
	r = simulate.Run(test, p, simulate.World{}, func(name string) bool { return name == "few" })
	if len(r.Cases) != 1 || r.Unreached != nil || !r.OK() {
		t.Errorf("picked: %+v", r)
	}
}
