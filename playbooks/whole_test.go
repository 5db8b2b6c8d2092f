package playbooks

import (
	"errors"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// each begins what is done for items, as the run offers it.
func (w *walker) each(step string) {
	w.t.Helper()
	for _, t := range w.run.Ready(w.now) {
		if t.Step.ID == step && t.Move == Each {
			w.must(record.StepStarted, step, record.StepBegin{Run: "r", Items: t.Items, Count: len(t.Items)})
			return
		}
	}
	w.t.Fatalf("%s is not offered: %s", step, w.ready())
}

func (w *walker) branch(step, branch string) {
	w.t.Helper()
	w.must(record.StepDone, step, record.StepEnd{Run: "r", Branch: branch})
}

func (w *walker) call(step string, p *Playbook) {
	w.t.Helper()
	s, ok := w.run.Step(step)
	if !ok {
		w.t.Fatalf("no step %s", step)
	}
	b, err := w.run.Call(s, p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(record.StepStarted, step, b)
}

func (w *walker) finish(step string) {
	w.t.Helper()
	s, _ := w.run.Step(step)
	end, err := w.run.Success(s, nil, nil, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(record.StepDone, step, end)
}

func (w *walker) vars(vars map[string]any) {
	w.t.Helper()
	w.must(record.VariableSet, "", record.Variables{Run: "r", Vars: vars})
}

func TestForEach(t *testing.T) {
	w := newWalker(t, book("  hosts: {type: list}\n  last: {type: string}\n",
		"{id: all, for_each: hosts, as: host, do: [{id: isolate, action: x.y, with: {host: \"{{ host }}\"}, irreversible: yes}, {id: tell, manual: \"Tell {{ host }}\", needs: [isolate]}, {id: two, for_each: \"[1, 2]\", as: n, do: [{id: deep, manual: \"{{ host }} {{ n }}\"}]}]}",
		"{id: z, manual: m, needs: [all]}"), nil)
	w.wantReady("all:decide")
	w.refused(record.StepDone, "isolate", record.StepEnd{Run: "r"}, "isolate.1")
	w.vars(map[string]any{"hosts": []any{"web-1", "web-2"}})
	w.wantReady("all:each")
	w.each("all")
	w.wantReady("isolate.1:begin isolate.2:begin")
	s, _ := w.run.Step("isolate.2")
	if res, err := w.run.Resolve(s); err != nil || res.With["host"] != "web-2" {
		t.Errorf("%+v %v", res, err)
	}
	w.fail("isolate.1")
	w.wantReady("isolate.2:begin") // one failure does not stop the others
	w.done("isolate.2")
	w.wantReady("tell.2:begin")
	w.done("tell.2")
	w.each("two.2")
	w.wantReady("deep.2.1:begin deep.2.2:begin")
	if d, _ := w.run.Step("deep.2.1"); w.run.Text(d) != "web-2 1" {
		t.Errorf("text %q", w.run.Text(d))
	}
	w.done("deep.2.1")
	w.done("deep.2.2")
	w.wantReady("")
	w.skip("isolate.1")
	w.done("tell.1")
	w.skip("two.1")
	w.wantState("all", Done)
	w.wantReady("z:begin")
	// A host that is found later: what is done for the others is kept.
	w.vars(map[string]any{"hosts": []any{"web-1", "db-1", "web-2"}})
	w.reopen("all")
	w.each("all")
	w.wantReady("isolate.3:begin")
	if st, _ := w.run.Status("isolate.3"); st.Item != "db-1" || st.Depth != 1 {
		t.Errorf("%+v", st)
	}
	w.skip("all")
	w.wantState("isolate.3", Skipped)
	w.done("z")
	w.wantOver(true)
	replay(t, w)
}

func TestForEachOfNothingAndOfTooMuch(t *testing.T) {
	w := newWalker(t, book("  hosts: {type: list}\n", "{id: all, for_each: hosts, do: [{id: a, manual: m}]}"), map[string]any{"hosts": []any{}})
	w.each("all")
	w.wantState("all", Done)
	w.wantOver(true)
	if items, why := w.run.items(w.run.book.steps["all"], make([]string, maxItems+1)); items != nil || !strings.Contains(why, "limit") {
		t.Errorf("%d items: %q", len(items), why)
	}
	w.reopen("all")
	w.refused(record.StepStarted, "all", record.StepBegin{Run: "r", Count: maxItems + 1}, "too many")
	w.must(record.StepStarted, "all", record.StepBegin{Run: "r", Count: 2}) // their values were erased
	w.wantReady("a.1:begin a.2:begin")
}

func TestSwitch(t *testing.T) {
	src := book("  n: {type: int}\n", "{id: s, switch: n, cases: {1: [{id: one, manual: m}], 2: [{id: two, manual: m}]}, default: [{id: other, manual: m}]}", "{id: z, manual: m}")
	w := newWalker(t, src, nil)
	w.wantReady("s:decide")
	w.vars(map[string]any{"n": 2})
	w.wantReady("s:branch:2")
	w.refused(record.StepDone, "s", record.StepEnd{Run: "r", Branch: "3"}, "no case")
	w.branch("s", "2")
	w.wantReady("two:begin")
	w.wantState("one", Skipped)
	w.wantState("other", Skipped)
	w.done("two")
	w.wantReady("z:begin")
	w.vars(map[string]any{"n": 9})
	w.reopen("s")
	w.wantReady("s:branch")
	w.branch("s", "")
	w.wantReady("other:begin")
	w.done("other")
	w.done("z")
	w.wantOver(true)
	replay(t, w)
}

func TestRepeatUntil(t *testing.T) {
	w := newWalker(t, book("  hits: {type: int, default: 0}\n", "{id: watch, action: x.get, retry: {max: 2, every: 5s}, repeat: {every: 1h, for: 3h, until: result.hits > 2}, set: {hits: result.hits}}", "{id: z, manual: m}"), nil)
	s, _ := w.run.Step("watch")
	once := func(hits int) record.StepEnd {
		t.Helper()
		w.begun("watch")
		end, err := w.run.Success(s, nil, map[string]any{"hits": hits}, w.now)
		if err != nil {
			t.Fatal(err)
		}
		w.must(record.StepDone, "watch", end)
		return end
	}
	end := once(0)
	w.wantReady("watch:again")
	if task := w.run.Ready(w.now)[0]; !task.At.Equal(end.AgainAt) || task.Due(w.now) || !w.run.Next(w.now).Equal(end.AgainAt) {
		t.Errorf("%+v", task)
	}
	w.now = end.AgainAt
	w.begun("watch")
	f := w.run.Failure(s, errors.New("broken"), w.now, true)
	if f.Final {
		t.Error("the attempts of an earlier time are counted")
	}
	w.must(record.StepFailed, "watch", f)
	w.wantReady("watch:retry")
	w.must(record.StepStarted, "watch", record.StepBegin{Run: "r", Attempt: 2})
	end, err := w.run.Success(s, nil, map[string]any{"hits": 3}, w.now)
	if err != nil || !end.AgainAt.IsZero() || end.Set["hits"] != 3 {
		t.Errorf("%+v %v", end, err)
	}
	w.must(record.StepDone, "watch", end)
	w.wantReady("z:begin")
	w.reopen("watch")
	start := w.now
	for once(0); w.now.Before(start.Add(10 * time.Hour)); once(0) {
		next := w.run.Next(w.now)
		if next.IsZero() {
			break
		}
		w.now = next
	}
	if took := w.now.Sub(start); took < 2*time.Hour || took > 4*time.Hour {
		t.Errorf("it was repeated for %s", took)
	}
	w.wantReady("z:begin")
	replay(t, w)
}

func TestLoop(t *testing.T) {
	w := newWalker(t, book("  n: {type: int, default: 0}\n", "{id: loop, if: n < 2, then: [{id: try, manual: m, ask: {n: \"N?\"}}], else: [{id: never, manual: m}], repeat: {every: 10s, max: 5}}", "{id: z, manual: m}"), nil)
	w.wantReady("loop:branch:then")
	w.branch("loop", "then")
	w.wantReady("try.1:begin")
	w.wantState("loop", Running)
	w.done("try.1")
	w.wantReady("loop:branch:then")
	if task := w.run.Ready(w.now)[0]; task.Due(w.now) || !task.At.Equal(w.now.Add(10*time.Second)) {
		t.Errorf("%+v at %s", task, w.now)
	}
	w.branch("loop", "then")
	w.must(record.StepDone, "try.2", record.StepEnd{Run: "r", Answers: map[string]any{"n": 2}})
	w.wantReady("loop:branch:else")
	w.branch("loop", "else")
	w.wantState("loop", Done)
	w.wantState("never", Skipped)
	w.wantReady("z:begin")
	w.reopen("try.1")
	w.wantReady("try.1:begin")
	w.wantState("loop", Running)
	w.done("try.1")
	w.done("z")
	w.wantOver(true)
	replay(t, w)
}

func TestLoopEndsAtItsMost(t *testing.T) {
	w := newWalker(t, book("  b: {type: bool, default: true}\n", "{id: loop, if: b, then: [{id: try, manual: m}], repeat: {every: 10s, max: 2}}"), nil)
	for _, step := range []string{"try.1", "try.2"} {
		w.branch("loop", "then")
		w.done(step)
	}
	w.wantReady("loop:branch:else")
	if why := w.run.Ready(w.now)[0].Why; why != "2 rounds are the most" {
		t.Errorf("why %q", why)
	}
}

const rotates = `playbook: v1
id: rotate
name: Rotate
version: 1.2.0
vars:
  repo: {type: string, prompt: "Repo?", required: true}
  key: {type: secret}
  live: {type: bool}
  done: {type: bool, default: false}
phases:
  identify:
    - {id: look, manual: "Look at {{ repo }}", ask: {live: "Live?"}}
  contain:
    - {id: revoke, action: x.y, if: live, with: {repo: "{{ repo }}"}, irreversible: yes}
    - {id: hosts, for_each: "[\"a\", \"b\"]", do: [{id: each, manual: "{{ item }}"}]}
`

func caller(t *testing.T, extra string) *walker {
	t.Helper()
	return newWalker(t, book("  repo: {type: string, default: acme/site}\n  token: {type: secret}\n  rotated: {type: bool}\n",
		"{id: rotate, playbook: rotate@1, with: {repo: \"{{ repo }}\"}, set: {rotated: result.done}}", "{id: z, manual: m}")+extra, nil)
}

func TestCalledPlaybook(t *testing.T) {
	w, p := caller(t, ""), mustParse(t, rotates)
	w.wantReady("rotate:begin")
	w.refused(record.StepStarted, "rotate", record.StepBegin{Run: "r", Playbook: "rotate"}, "not there")
	w.refused(record.StepStarted, "rotate", record.StepBegin{Run: "r", Playbook: "rotate", Source: rotates, SHA256: "beef"}, "pinned")
	w.call("rotate", p)
	w.wantReady("rotate/look:begin")
	w.wantState("rotate", Running)
	if s, _ := w.run.Step("rotate/look"); w.run.Text(s) != "Look at acme/site" || w.run.BookOf(s).ID != "rotate" {
		t.Errorf("text %q", w.run.Text(s))
	}
	w.refused(record.StepDone, "rotate", record.StepEnd{Run: "r"}, "has not ended")
	w.done("rotate/look") // and said nothing of live
	w.wantReady("rotate/revoke:decide")
	w.vars(map[string]any{"rotate/live": true})
	w.wantReady("rotate/revoke:begin")
	if _, ok := w.run.Vars()["live"]; ok {
		t.Error("the variable is the caller's")
	}
	w.must(record.StepAdded, "rotate/more", record.AdHoc{Run: "r", ID: "rotate/more", Title: "More", Phase: incident.Contain})
	w.done("rotate/revoke")
	w.each("rotate/hosts")
	w.wantReady("rotate/each.1:begin rotate/each.2:begin rotate/more:begin")
	w.done("rotate/each.1")
	w.skip("rotate/each.2")
	w.done("rotate/more")
	w.wantReady("rotate:finish")
	w.finish("rotate")
	if w.run.Vars()["rotated"] != false {
		t.Errorf("vars %v", w.run.Vars())
	}
	w.wantReady("z:begin")
	w.reopen("rotate/each.1") // people go back into it
	w.wantState("rotate", Running)
	w.wantState("z", Locked)
	w.done("rotate/each.1")
	w.finish("rotate")
	w.done("z")
	w.wantOver(true)
	replay(t, w)
}

func TestFailureOfACalledPlaybook(t *testing.T) {
	p := mustParse(t, rotates)
	for _, c := range []struct{ name, extra, ready string }{
		{"nobody deals with it", "", ""},
		{"the fallback does", "fallback: [{id: f, manual: m}]\n", "f:begin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := caller(t, c.extra)
			w.call("rotate", p)
			w.must(record.StepDone, "rotate/look", record.StepEnd{Run: "r", Answers: map[string]any{"live": true}})
			w.fail("rotate/revoke")
			w.wantReady("rotate:fail")
			task := w.run.Ready(w.now)[0]
			if task.Why != "step rotate/revoke failed: broken" {
				t.Errorf("why %q", task.Why)
			}
			w.must(record.StepFailed, "rotate", record.StepFailure{Run: "r", Error: task.Why, Final: true})
			w.wantState("rotate", Failed)
			w.wantReady(c.ready)
			// A person goes back to the step that failed: the call is on again.
			w.reopen("rotate/revoke")
			w.wantReady("rotate/revoke:begin")
			w.done("rotate/revoke")
			w.each("rotate/hosts")
			w.skip("rotate/hosts")
			w.finish("rotate")
			w.done("z")
			w.wantOver(true)
			replay(t, w)
		})
	}
}

func TestFallbackOfACalledPlaybook(t *testing.T) {
	w, p := caller(t, ""), mustParse(t, rotates+"fallback: [{id: suspend, manual: m}]\n")
	w.call("rotate", p)
	w.must(record.StepDone, "rotate/look", record.StepEnd{Run: "r", Answers: map[string]any{"live": true}})
	w.fail("rotate/revoke")
	w.wantReady("rotate/suspend:begin")
	w.done("rotate/suspend")
	w.wantReady("rotate/hosts:each")
	w.skip("rotate/hosts")
	w.finish("rotate")
	w.done("z")
	w.wantOver(true)
	replay(t, w)
}

func TestCallsHaveADepth(t *testing.T) {
	own := book("", "{id: again, playbook: x}")
	w := newWalker(t, own, nil)
	p := mustParse(t, own)
	name := "again"
	for range maxCalls {
		w.call(name, p)
		name += "/again"
	}
	s, _ := w.run.Step(name)
	if _, err := w.run.Call(s, p); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("error %v", err)
	}
	w.fail(name)
	for range maxCalls { // each fails with the one in it
		task := w.run.Ready(w.now)[0]
		if task.Move != Fail {
			t.Fatalf("%+v", task)
		}
		w.fail(task.Step.ID)
	}
	w.skip("again")
	w.wantOver(true)
	replay(t, w)
}

func TestApprovalThatNobodyGives(t *testing.T) {
	w := newWalker(t, book("", "{id: a, action: x.y, irreversible: yes, approve: {by: commander, timeout: 10m, on_timeout: fail}, retry: {max: 3, every: 5s}}", "{id: b, action: x.y, irreversible: yes, needs: [], approve: {by: commander, timeout: 10m, on_timeout: skip}}", "{id: c, action: x.y, irreversible: yes, needs: [], approve: {by: commander, timeout: 10m}}"), nil)
	for id, want := range map[string]State{"a": Failed, "b": Skipped, "c": Ready} {
		s, _ := w.run.Step(id)
		if kind, payload := w.run.Lapse(s, w.now); kind != "" {
			w.must(kind, id, payload)
		}
		w.wantState(id, want)
	}
	if st, _ := w.run.Status("b"); st.Why != "nobody approved it within 10m" {
		t.Errorf("why %q", st.Why)
	}
}

func TestRequestsGetTheirValues(t *testing.T) {
	w := newWalker(t, book("  ip: {type: string, default: \"../a b?c=1&d\"}\n  token: {type: secret, default: env:TOK}\n",
		"{id: hook, http: {method: POST, url: \"https://waf.example/api/{{ ip }}?q={{ ip }}\", headers: {X-Why: \"{{ ip }}\", X-Token: \"{{ token }}\"}, body: {ip: \"{{ ip }}\"}}, irreversible: yes}",
		"{id: who, run: [last], env: {WHO: \"{{ ip }}\", T: \"{{ token }}\"}, impact: none}"), nil)
	s, _ := w.run.Step("hook")
	res, err := w.run.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	const escaped = "..%2Fa%20b%3Fc%3D1%26d"
	if res.HTTP.URL != "https://waf.example/api/"+escaped+"?q="+escaped || res.HTTP.Body != `{"ip":"../a b?c=1\u0026d"}` || !res.HTTP.JSON {
		t.Errorf("%+v", res.HTTP)
	}
	if res.HTTP.Headers["X-Token"] != "env:TOK" || len(res.HTTP.Secret) != 1 || res.HTTP.Secret[0] != "X-Token" {
		t.Errorf("%+v", res.HTTP)
	}
	s, _ = w.run.Step("who")
	if res, err = w.run.Resolve(s); err != nil || res.Env["WHO"] != "../a b?c=1&d" || len(res.EnvSecrets) != 1 {
		t.Errorf("%+v %v", res, err)
	}
	w.vars(map[string]any{"ip": ".."})
	s, _ = w.run.Step("hook")
	if _, err := w.run.Resolve(s); err == nil {
		t.Error("a value that goes up a folder was taken")
	}
	w.vars(map[string]any{"ip": "a\r\nX-Evil: 1"})
	if _, err := w.run.Resolve(s); err == nil {
		t.Error("a header of two lines was taken")
	}
}
