package playbooks

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

func TestOrderIsASequenceWithExceptions(t *testing.T) {
	w := newWalker(t, head+`phases:
  identify:
    - {id: a, manual: m}
    - {id: b, manual: m}
    - {id: c, manual: m, needs: [a]}
    - {id: d, manual: m, needs: []}
  learn:
    - {id: e, review: blameless}
`, nil)
	w.wantReady("a:begin d:begin")
	w.refused(record.StepDone, "b", record.StepEnd{Run: "r"}, "waits for a")
	w.done("a")
	w.wantReady("b:begin c:begin d:begin")
	w.done("d")
	w.done("c")
	if st, _ := w.run.Status("e"); st.State != Locked || st.Why != "waits for b of identify" {
		t.Errorf("e: %+v", st)
	}
	w.begun("b")
	w.wantReady("")
	w.wantState("b", Running)
	w.done("b")
	w.wantReady("e:begin")
	if w.run.Phase() != incident.Learn {
		t.Errorf("phase %s", w.run.Phase())
	}
	w.wantOver(false)
	w.done("e")
	w.wantOver(true)
}

func TestGuardsAndBranches(t *testing.T) {
	src := head + `vars: {b: {type: bool}, n: {type: int, default: 1}, l: {type: list}}
phases:
  identify:
    - {id: g, manual: m, if: n > 5}
    - {id: u, action: a.b, if: b}
    - id: i
      if: b
      then: [{id: t1, manual: m}, {id: t2, manual: m}]
      else: [{id: e1, manual: m}]
    - {id: p, if: b, parallel: [{id: p1, manual: m}, {id: p2, manual: m}]}
    - {id: z, manual: m, if: "(b ?? false) or n == 1 or len(l ?? []) > 0"}
`
	w := newWalker(t, src, nil)
	w.wantReady("g:skip")
	w.refused(record.StepSkipped, "u", record.StepSkip{Run: "r", Guard: true}, "not ready")
	w.must(record.StepSkipped, "g", record.StepSkip{Run: "r", Guard: true})
	if st, _ := w.run.Status("g"); st.Why != "n > 5 is false" {
		t.Errorf("g: %+v", st)
	}
	w.wantReady("u:decide")
	if why := w.run.Ready(w.now)[0].Why; why != "b: nobody has said what b is" {
		t.Errorf("why %q", why)
	}
	w.must(record.VariableSet, "", record.Variables{Run: "r", Vars: map[string]any{"b": true}})
	w.wantReady("u:begin")
	w.done("u")
	w.wantReady("i:branch:then")
	w.refused(record.StepStarted, "i", record.StepBegin{Run: "r"}, "decided")
	w.refused(record.StepDone, "i", record.StepEnd{Run: "r", Branch: "maybe"}, "branch")
	w.must(record.StepDone, "i", record.StepEnd{Run: "r", Branch: "then"})
	w.wantState("i", Running)
	w.wantState("e1", Skipped)
	w.refused(record.StepDone, "e1", record.StepEnd{Run: "r"}, "skipped")
	w.wantReady("t1:begin")
	w.done("t1")
	w.done("t2")
	w.wantState("i", Done)
	w.wantReady("p1:begin p2:begin")
	w.wantState("p", Running)
	w.refused(record.StepDone, "p", record.StepEnd{Run: "r"}, "ends when")
	w.done("p2")
	w.must(record.VariableSet, "", record.Variables{Run: "r", Vars: map[string]any{"b": false}})
	w.wantReady("p1:begin") // begun: the guard is not asked again
	w.done("p1")
	w.wantState("p", Done)
	w.wantReady("z:begin")

	w.reopen("i")
	w.wantReady("i:branch:else")
	w.wantState("z", Locked) // p before it is done, i before p is not
	w.must(record.StepDone, "i", record.StepEnd{Run: "r", Branch: "else"})
	w.wantState("t1", Done)
	w.wantReady("e1:begin")
	w.done("e1")
	w.skip("z")
	w.wantOver(true)
}

func TestParallelWithAFalseGuardIsSkipped(t *testing.T) {
	w := newWalker(t, book("  b: {type: bool, default: false}\n", "{id: p, if: b, parallel: [{id: p1, manual: m}]}", "{id: z, manual: m}"), nil)
	w.wantReady("p:skip")
	w.wantState("p1", Locked)
	w.must(record.StepSkipped, "p", record.StepSkip{Run: "r", Guard: true})
	w.wantState("p1", Skipped)
	w.wantReady("z:begin")
}

func TestRetryAndWait(t *testing.T) {
	w := newWalker(t, book("", "{id: a, action: x.y, retry: {max: 2, every: 10s}}", "{id: b, wait: 1h}"), nil)
	s, _ := w.run.Step("a")
	w.begun("a")
	f := w.run.Failure(s, errors.New("throttled"), w.now, true)
	if f.Final || f.Attempt != 1 || !f.RetryAt.Equal(w.now.Add(10*time.Second)) {
		t.Fatalf("failure %+v", f)
	}
	if f := w.run.Failure(s, errors.New("unknown"), w.now, false); !f.Final {
		t.Error("an outcome that must not be repeated is not final")
	}
	at := f.RetryAt
	w.must(record.StepFailed, "a", f)
	w.wantReady("a:retry")
	if task := w.run.Ready(w.now)[0]; !task.At.Equal(at) || task.Why != "throttled" {
		t.Errorf("task %+v", task)
	}
	if !w.run.Next(w.now).Equal(at) {
		t.Errorf("next %v, want %v", w.run.Next(w.now), at)
	}
	w.refused(record.StepStarted, "a", record.StepBegin{Run: "r", Attempt: 1}, "attempt")
	w.must(record.StepStarted, "a", record.StepBegin{Run: "r", Attempt: 2, Owner: "me"})
	if st, _ := w.run.Status("a"); st.Attempts != 2 || st.Owner != "me" {
		t.Errorf("a: %+v", st)
	}
	if f = w.run.Failure(s, errors.New("again"), w.now, true); !f.Final || f.Attempt != 2 {
		t.Fatalf("failure %+v", f)
	}
	w.must(record.StepFailed, "a", f)
	w.wantState("a", Failed)
	w.wantReady("") // no fallback: the run pauses
	w.wantOver(false)
	w.reopen("a")
	w.wantReady("a:begin")
	w.done("a")

	w.begun("b")
	until := w.now.Add(time.Hour)
	w.wantReady("")
	if !w.run.Next(w.now).Equal(until) {
		t.Errorf("next %v, want %v", w.run.Next(w.now), until)
	}
	w.now = until
	w.wantReady("b:finish")
	w.done("b")
	w.wantOver(true)
}

const withFallback = head + `phases:
  identify:
    - {id: a, action: x.y, on_failure: f2}
    - {id: b, action: x.y}
    - {id: p, parallel: [{id: c, action: x.y}, {id: d, manual: m}], on_failure: f3}
    - {id: z, manual: m}
fallback:
  - {id: f1, manual: m}
  - {id: f2, action: x.y, on_failure: f3}
  - {id: f3, manual: m}
`

func TestFailuresGoToTheFallback(t *testing.T) {
	w := newWalker(t, withFallback, nil)
	w.wantState("f2", Locked)
	w.fail("a")
	w.wantReady("f2:begin") // on_failure names one step
	w.refused(record.StepDone, "f1", record.StepEnd{Run: "r"}, "only after a failure")
	w.refused(record.StepDone, "b", record.StepEnd{Run: "r"}, "waits for a")
	w.wantOver(false)
	w.done("f2")
	if st, _ := w.run.Status("a"); st.State != Failed || !st.Handled {
		t.Errorf("a: %+v", st)
	}
	w.wantReady("b:begin")
	w.fail("b")
	w.wantReady("f1:begin") // the whole section, in order; f2 has to handle again
	w.wantState("f2", Locked)
	w.done("f1")
	w.wantReady("f2:begin")
	w.fail("f2")
	w.wantReady("f3:begin")
	w.done("f3")
	if st, _ := w.run.Status("b"); !st.Handled {
		t.Errorf("b: %+v", st)
	}
	w.wantReady("c:begin d:begin")
	w.fail("c") // the step around it says where to
	w.wantReady("d:begin f3:begin")
	w.done("d")
	w.wantState("p", Running)
	w.done("f3")
	w.wantState("p", Done)
	w.done("z")
	w.wantOver(true)
	ids := []string{}
	for _, st := range w.run.Steps() {
		ids = append(ids, st.Step.ID)
	}
	if got := strings.Join(ids, " "); got != "a b p c d z f1 f2 f3" {
		t.Errorf("steps: %s", got)
	}
}

func TestPeopleEndFailures(t *testing.T) {
	w := newWalker(t, withFallback, nil)
	w.fail("a")
	w.skip("a") // the person deals with it; f2 is not needed any more
	w.wantState("f2", Locked)
	w.wantReady("b:begin")
	w.fail("b")
	w.done("f1")
	w.reopen("b")
	w.wantReady("b:begin")
	w.done("b")
	w.wantReady("c:begin d:begin")
	w.reopen("f1") // a fallback step can be taken up again
	w.wantReady("c:begin d:begin f1:begin")
	w.done("c")
	w.done("d")
	w.done("z")
	w.wantOver(false)
	w.fail("f1") // and its failure is not forgotten
	w.wantOver(false)
	w.skip("f1")
	w.wantOver(true)
}

func TestReopenLocksWhatHasNotBegun(t *testing.T) {
	w := newWalker(t, book("", "{id: a, manual: m}", "{id: b, manual: m}", "{id: c, manual: m}")+"  learn:\n    - {id: d, manual: m}\n", nil)
	w.done("a")
	w.done("b")
	w.reopen("a")
	w.wantReady("a:begin")
	w.wantState("b", Done)
	if st, _ := w.run.Status("c"); st.State != Locked || st.Why != "waits for a" {
		t.Errorf("c: %+v", st)
	}
	w.refused(record.StepReopened, "d", record.StepSkip{Run: "r"}, "nothing to reopen")
	w.done("a")
	w.wantReady("c:begin")
	w.done("c")
	w.wantReady("d:begin")
}

func TestSkipping(t *testing.T) {
	w := newWalker(t, book("", "{id: a, action: x.y}", "{id: p, parallel: [{id: q, action: x.y}, {id: q2, manual: m}]}", "{id: b, manual: m}"), nil)
	w.refused(record.StepSkipped, "a", record.StepSkip{Run: "r"}, "reason")
	w.refused(record.StepSkipped, "a", record.StepSkip{Run: "r", Guard: true}, "no guard")
	w.skip("b") // ahead of time
	w.refused(record.StepSkipped, "b", record.StepSkip{Run: "r", Reason: "x"}, "already")
	w.begun("a")
	w.refused(record.StepSkipped, "a", record.StepSkip{Run: "r", Reason: "x"}, "at work")
	w.refused(record.StepStarted, "a", record.StepBegin{Run: "r"}, "running")
	w.reopen("a")
	w.skip("a")
	w.begun("q")
	w.refused(record.StepSkipped, "p", record.StepSkip{Run: "r", Reason: "x"}, "step q is at work")
	w.done("q")
	w.skip("p")
	w.wantState("q", Done)
	w.wantState("q2", Skipped)
	w.refused(record.StepReopened, "q", record.StepSkip{Run: "r"}, "around it")
	w.wantOver(true)
	w.reopen("p")
	w.wantReady("q2:begin")
	w.wantOver(false)
}

func TestAdhocSteps(t *testing.T) {
	w := newWalker(t, book("", "{id: a, manual: m}")+"  learn:\n    - {id: z, manual: m}\n", nil)
	add := func(id string, ph incident.Phase) record.AdHoc {
		return record.AdHoc{Run: "r", ID: id, Title: "Look " + id, Text: "again", Phase: ph}
	}
	w.must(record.StepAdded, "x1", add("x1", incident.Learn))
	w.must(record.StepAdded, "x2", add("x2", incident.NoPhase)) // the current phase
	w.refused(record.StepAdded, "a", add("a", incident.Learn), "taken")
	w.refused(record.StepAdded, "x2", add("x2", incident.Learn), "taken")
	w.refused(record.StepAdded, "B", add("B", incident.Learn), "badly formed")
	w.refused(record.StepAdded, "y", record.AdHoc{Run: "r", ID: "y"}, "says nothing")
	w.wantReady("a:begin x2:begin")
	w.wantState("x1", Locked)
	w.done("a")
	w.wantReady("x2:begin")
	w.done("x2")
	w.wantReady("z:begin x1:begin")
	w.done("z")
	w.done("x1")
	w.wantOver(true)
	w.must(record.StepAdded, "x3", add("x3", incident.Identify)) // the run goes on
	w.wantOver(false)
	w.wantReady("x3:begin")
	if st, _ := w.run.Status("x3"); !st.Adhoc || st.Phase != incident.Identify || w.run.Phase() != incident.Identify {
		t.Errorf("x3: %+v", st)
	}
}

func TestImpossibleEntries(t *testing.T) {
	p := mustParse(t, book("  n: {type: int}\n", "{id: a, manual: m, ask: {n: \"N?\"}}"))
	w := &walker{t: t, run: NewRun("r", p), now: start}
	w.refused(record.StepDone, "a", record.StepEnd{Run: "r"}, "not begun")
	w.refused(record.RunStarted, "", record.Started{Run: "r", Playbook: "other"}, "other")
	w.refused(record.RunStarted, "", record.Started{Run: "r", Playbook: "x", SHA256: "beef"}, "pinned")
	w.refused(record.RunStarted, "", record.Started{Run: "r", Playbook: "x", Vars: map[string]any{"zz": 1}}, "not declared")
	w.refused(record.RunStarted, "", record.Started{Run: "r", Playbook: "x", Vars: map[string]any{"n": "1"}}, "whole number")
	w.begin(map[string]any{"n": 1})
	w.refused(record.RunStarted, "", record.Started{Run: "r", Playbook: "x"}, "already")
	w.refused(record.StepDone, "nope", record.StepEnd{Run: "r"}, "no such step")
	w.refused(record.StepDone, "a", record.StepEnd{Run: "r", Branch: "then"}, "branches")
	w.refused(record.StepDone, "a", record.StepEnd{Run: "r", Answers: map[string]any{"n": true}}, "whole number")
	w.refused(record.StepDone, "a", record.StepEnd{Run: "r", Set: map[string]any{"n": 1}}, "does not set")
	w.refused(record.VariableSet, "", record.Variables{Run: "r", Vars: map[string]any{"n": "x"}}, "whole number")
	w.refused(record.StepFailed, "a", record.StepFailure{Run: "r", Attempt: 7, Final: true}, "attempt")
	broken := record.Entry{Kind: record.StepDone, Step: "a", Fields: map[string]json.RawMessage{"run": []byte(`"r"`), "result": []byte(`3`)}}
	if err := w.run.Apply(broken); err == nil {
		t.Error("a payload of the wrong shape was taken")
	}
	for _, e := range []record.Entry{
		w.entry(record.StepDone, "a", record.StepEnd{Run: "another"}),
		w.entry(record.Noted, "a", record.Note{Text: "hello"}),
		w.entry(record.ActionPlanned, "a", record.Planned{Action: "a1"}),
	} {
		before := w.run.clone()
		if err := w.run.Apply(e); err != nil || !reflect.DeepEqual(before, w.run) {
			t.Errorf("%s of something else: %v", e.Kind, err)
		}
	}
}

func TestDue(t *testing.T) {
	w := newWalker(t, book("", "{id: a, manual: m, due: 30m}", "{id: b, manual: m, due: 1bd}"), nil)
	if st, _ := w.run.Status("a"); !st.Due.Equal(w.now.Add(30 * time.Minute)) {
		t.Errorf("due %v", st.Due)
	}
	if st, _ := w.run.Status("b"); !st.Due.IsZero() {
		t.Errorf("a locked step is due %v", st.Due)
	}
	w.done("a")
	if st, _ := w.run.Status("b"); !st.Due.Equal(w.now.AddDate(0, 0, 3)) { // from Friday to Monday
		t.Errorf("due %v", st.Due)
	}
}
