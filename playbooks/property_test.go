package playbooks

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// author writes random playbooks that are valid.
type author struct {
	r   *rand.Rand
	n   int
	ids []string // of finished lists, for needs
	fb  []string
	sub bool // it is the one that is called, and calls none
}

func (a *author) playbook() string {
	var b strings.Builder
	b.WriteString(head + "vars: {b0: {type: bool}, b1: {type: bool, default: true}, n0: {type: int, default: 1}, hosts: {type: list, default: [a, b, c]}}\n")
	for i := range a.r.IntN(4) {
		a.fb = append(a.fb, fmt.Sprintf("f%d", i))
	}
	b.WriteString("phases:\n")
	for i, ph := range incident.Phases() {
		if i > 0 && a.r.IntN(3) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %s: %s\n", ph, a.list(2, 4))
	}
	if len(a.fb) > 0 {
		b.WriteString("fallback:\n")
		for i, id := range a.fb {
			fmt.Fprintf(&b, "  - {id: %s, %s%s}\n", id, a.work(), a.failure(i+1))
		}
	}
	return b.String()
}

func (a *author) list(depth, most int) string {
	var steps, ids []string
	for range 1 + a.r.IntN(most) {
		id := fmt.Sprintf("s%d", a.n)
		a.n++
		var extra string
		switch { // a step may wait for any that was written before its list, or earlier in it
		case a.r.IntN(6) == 0 && len(ids) > 0:
			extra = fmt.Sprintf(", needs: [%s]", ids[a.r.IntN(len(ids))])
		case a.r.IntN(10) == 0:
			extra = ", needs: []"
		case a.r.IntN(8) == 0 && len(a.ids) > 0 && depth == 2:
			extra = fmt.Sprintf(", needs: [%s]", a.ids[a.r.IntN(len(a.ids))])
		}
		steps = append(steps, fmt.Sprintf("{id: %s%s, %s%s}", id, extra, a.verb(depth), a.failure(0)))
		ids = append(ids, id)
	}
	if depth == 2 {
		a.ids = append(a.ids, ids...)
	}
	return "[" + strings.Join(steps, ", ") + "]"
}

func (a *author) failure(from int) string {
	if from < len(a.fb) && a.r.IntN(3) == 0 {
		return ", on_failure: " + a.fb[from+a.r.IntN(len(a.fb)-from)]
	}
	return ""
}

func (a *author) condition() string {
	return []string{"b0", "b1", "!b0 || b1", "n0 > 2", "b0 ?? false", "n0 in [1, 3] && b1"}[a.r.IntN(6)]
}

func (a *author) verb(depth int) string {
	switch n := a.r.IntN(15); {
	case n == 10 && depth > 0:
		return a.guard() + fmt.Sprintf("for_each: %q, as: i%d, do: ", []string{"hosts", `["x", "y"]`}[a.r.IntN(2)], depth) + a.list(depth-1, 2)
	case n == 11 && depth > 0:
		return a.guard() + fmt.Sprintf("switch: n0, cases: {1: %s, 7: %s}, default: %s", a.list(depth-1, 2), a.list(depth-1, 1), a.list(depth-1, 1))
	case n == 12 && depth > 0:
		return fmt.Sprintf("if: %q, then: %s, repeat: {every: 5s, max: %d}", a.condition(), a.list(depth-1, 2), 1+a.r.IntN(3))
	case n == 13:
		return a.guard() + "action: x.y, irreversible: yes, repeat: {every: 5s, max: 3, until: result.n > 2}, set: {n0: result.n}"
	case n == 14 && !a.sub:
		return a.guard() + "playbook: sub@1, with: {n0: \"{{ n0 }}\"}, set: {n0: result.n0}"
	case n == 0 && depth > 0:
		s := fmt.Sprintf("if: %q, then: %s", a.condition(), a.list(depth-1, 2))
		if a.r.IntN(2) == 0 {
			s += ", else: " + a.list(depth-1, 2)
		}
		return s
	case n == 1 && depth > 0:
		return a.guard() + "parallel: " + a.list(depth-1, 3)
	case n == 2:
		return a.guard() + "wait: 10s"
	default:
		return a.guard() + a.work()
	}
}

func (a *author) guard() string {
	if a.r.IntN(4) == 0 {
		return fmt.Sprintf("if: %q, ", a.condition())
	}
	return ""
}

func (a *author) work() string {
	switch a.r.IntN(4) {
	case 0:
		return "manual: m, ask: {b0: Well?}"
	case 1:
		return "action: x.y, retry: {max: 3, every: 5s}, set: {n0: result.n}"
	case 2:
		return "collect: triage"
	default:
		return "manual: m"
	}
}

// toEnd makes random moves until the run is over. Without r it makes the first
// move offered and every step succeeds.
func (w *walker) toEnd(r *rand.Rand) {
	w.t.Helper()
	for range 20_000 {
		if w.run.Over() {
			return
		}
		w.check()
		if r != nil && r.IntN(40) == 0 { // a process ends here, and another goes on
			replay(w.t, w)
		}
		tasks := w.run.Ready(w.now)
		if len(tasks) == 0 {
			w.unstick()
			continue
		}
		i := 0
		if r != nil {
			i = r.IntN(len(tasks))
		}
		w.move(tasks[i], r)
	}
	w.t.Fatalf("the run does not end:\n%s", w.run.Playbook().Source)
}

// check holds at every moment: what is offered may be done.
func (w *walker) check() {
	for _, st := range w.run.Steps() {
		if st.State == Locked && st.Why == "" || st.State == Failed && st.Why == "" {
			w.t.Fatalf("%s is %s and nobody knows why", st.Step.ID, st.State)
		}
	}
	seen := map[string]bool{}
	for _, task := range w.run.Ready(w.now) {
		if seen[task.Step.ID] {
			w.t.Fatalf("two moves for %s", task.Step.ID)
		}
		seen[task.Step.ID] = true
		st, ok := w.run.Status(task.Step.ID)
		ends := task.Move == Finish || task.Move == Fail && task.Step.Verb == VerbPlaybook
		if !ok || (st.State != Ready && (!ends || st.State != Running)) {
			w.t.Fatalf("%s of %s is offered, which is %+v", task.Move, task.Step.ID, st)
		}
		if st.State == Running {
			continue // what is under way may come to its end
		}
		for _, b := range w.run.before(task.Step) {
			if !w.run.settled(b) && !task.Step.Fallback {
				w.t.Fatalf("%s is offered before %s has ended", task.Step.ID, b.ID)
			}
		}
		if p := task.Step.parent; p != nil && w.run.picture().state(p) != Running {
			w.t.Fatalf("%s is offered while %s around it is %s:\n%+v\n%s", task.Step.ID, p.ID, w.run.picture().state(p), w.run.of(p), w.run.Playbook().Source)
		}
	}
}

// unstick does what a person or the clock would.
func (w *walker) unstick() {
	w.t.Helper()
	if next := w.run.Next(w.now); !next.IsZero() {
		w.now = next
		return
	}
	for _, st := range w.run.Steps() {
		switch {
		case st.State == Running && !st.Step.Verb.Holds():
			w.done(st.Step.ID)
			return
		case st.State == Failed && !w.run.of(st.Step).routed:
			w.skip(st.Step.ID)
			return
		}
	}
	w.t.Fatalf("nothing can be done and the run is not over:\n%s", w.run.Playbook().Source)
}

func (w *walker) move(task Task, r *rand.Rand) {
	w.t.Helper()
	s, dice := task.Step, 100
	if r != nil {
		dice = r.IntN(20)
	}
	if dice == 0 && w.apply(record.StepSkipped, s.ID, record.StepSkip{Run: "r", Reason: "by a person"}) == nil {
		return
	}
	switch task.Move {
	case Skip:
		w.must(record.StepSkipped, s.ID, record.StepSkip{Run: "r", Guard: true})
	case Branch:
		w.must(record.StepDone, s.ID, record.StepEnd{Run: "r", Branch: task.Branch})
	case Finish:
		if s.Verb == VerbPlaybook {
			w.finish(s.ID)
			return
		}
		w.done(s.ID)
	case Each:
		w.must(record.StepStarted, s.ID, record.StepBegin{Run: "r", Items: task.Items, Count: len(task.Items)})
	case Fail:
		w.must(record.StepFailed, s.ID, record.StepFailure{Run: "r", Error: task.Why, Final: true})
	case Decide:
		if dice < 10 && w.apply(record.VariableSet, "", record.Variables{Run: "r", Vars: map[string]any{"b0": dice%2 == 0}}) == nil {
			return
		}
		w.skip(s.ID)
	case Begin, Retry, Again:
		w.now = w.now.Add(time.Second)
		if s.Verb == VerbPlaybook {
			if w.sub == nil { // nobody has the playbook that it names
				w.skip(s.ID)
				return
			}
			w.call(s.ID, w.sub)
			return
		}
		w.begun(s.ID)
		if s.Verb == VerbWait {
			return
		}
		if r != nil && r.IntN(4) == 0 {
			return // goes on in the background
		}
		if dice < 6 {
			w.must(record.StepFailed, s.ID, w.run.Failure(s, fmt.Errorf("broken"), w.now, dice < 5))
			return
		}
		end := record.StepEnd{Run: "r", Answers: map[string]any{}, Set: map[string]any{}}
		if r != nil && len(s.Ask) > 0 && dice < 15 {
			end.Answers["b0"] = dice%2 == 0
		}
		if s.Repeat != nil {
			var err error
			if end, err = w.run.Success(s, nil, map[string]any{"n": float64(dice)}, w.now); err != nil {
				w.t.Fatal(err)
			}
			w.must(record.StepDone, s.ID, end)
			return
		}
		if r != nil && len(s.Set) > 0 {
			end.Set["n0"] = float64(dice) // as JSON gives it back
		}
		w.must(record.StepDone, s.ID, end)
	}
}

// TestRandomRunsEndAndReplay: any interleaving of valid results ends, nothing
// locked is ever offered, and the entries give the same run again.
func TestRandomRunsEndAndReplay(t *testing.T) {
	for seed := range uint64(testkit.Rounds(t, 20, 400)) {
		r := rand.New(rand.NewPCG(seed, 1))
		src := (&author{r: r}).playbook()
		w := newWalker(t, src, nil)
		w.sub = called(t, r)
		w.toEnd(r)
		replay(t, w)
		// People go on: reopen, add, and walk to the end again.
		for range 3 {
			w.meddle(r)
		}
		w.toEnd(r)
		replay(t, w)
	}
}

// called is a random playbook for the steps that call one.
func called(t testing.TB, r *rand.Rand) *Playbook {
	t.Helper()
	return mustParse(t, strings.Replace((&author{r: r, sub: true}).playbook(), "id: x\n", "id: sub\n", 1))
}

func (w *walker) meddle(r *rand.Rand) {
	all := w.run.Steps()
	st := all[r.IntN(len(all))]
	_ = w.apply(record.StepReopened, st.Step.ID, record.StepSkip{Run: "r", Reason: "again"})
	_ = w.apply(record.StepAdded, "", record.AdHoc{Run: "r", ID: fmt.Sprintf("x%d", r.IntN(50)), Title: "More", Phase: incident.Phase(r.IntN(6))})
}

func replay(t testing.TB, w *walker) {
	t.Helper()
	again := NewRun("r", w.run.Playbook())
	for i, e := range w.entries {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back record.Entry
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if err := again.Apply(back); err != nil {
			t.Fatalf("replay of entry %d: %v", i, err)
		}
	}
	if !reflect.DeepEqual(again, w.run) {
		t.Fatalf("the replayed run differs:\n%s", w.run.Playbook().Source)
	}
	if !reflect.DeepEqual(again.Steps(), w.run.Steps()) || !reflect.DeepEqual(again.Ready(w.now), w.run.Ready(w.now)) {
		t.Fatal("the replayed run shows something else")
	}
}

// TestRandomEntriesNeverBreakARun throws entries at a run that mostly cannot
// be: each is taken or refused whole.
func TestRandomEntriesNeverBreakARun(t *testing.T) {
	kinds := []record.Kind{
		record.RunStarted, record.VariableSet, record.StepStarted, record.StepDone, record.StepFailed,
		record.StepSkipped, record.StepReopened, record.StepAdded, record.Noted,
	}
	for seed := range uint64(testkit.Rounds(t, 6, 100)) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := newWalker(t, (&author{r: r}).playbook(), nil)
		w.sub = called(t, r)
		for range 150 {
			steps := w.run.Steps()
			id := steps[r.IntN(len(steps))].Step.ID
			if r.IntN(20) == 0 {
				id = "nope"
			}
			var payload any
			switch kind := kinds[r.IntN(len(kinds))]; kind { //nolint:exhaustive // the kinds above
			case record.StepStarted:
				payload = record.StepBegin{Run: "r", Attempt: r.IntN(3), Count: r.IntN(3)}
				if s, ok := w.run.Step(id); ok && s.Verb == VerbPlaybook && r.IntN(2) == 0 {
					if b, err := w.run.Call(s, w.sub); err == nil {
						payload = b
					}
				}
				_ = w.apply(kind, id, payload)
			case record.StepDone:
				payload = record.StepEnd{Run: "r", Branch: []string{"", "", "then", "else", "x"}[r.IntN(5)]}
				_ = w.apply(kind, id, payload)
			case record.StepFailed:
				payload = record.StepFailure{Run: "r", Error: "x", Final: r.IntN(2) == 0, Attempt: r.IntN(3)}
				_ = w.apply(kind, id, payload)
			case record.StepSkipped, record.StepReopened:
				payload = record.StepSkip{Run: "r", Reason: []string{"", "why"}[r.IntN(2)], Guard: r.IntN(2) == 0}
				_ = w.apply(kind, id, payload)
			case record.StepAdded:
				payload = record.AdHoc{Run: "r", ID: fmt.Sprintf("x%d", r.IntN(9)), Title: "T", Phase: incident.Phase(r.IntN(6))}
				_ = w.apply(kind, id, payload)
			case record.VariableSet:
				payload = record.Variables{Run: "r", Vars: map[string]any{"b0": []any{true, nil, 3, "x"}[r.IntN(4)]}}
				_ = w.apply(kind, id, payload)
			default:
				payload = map[string]any{"run": "r", "vars": r.IntN(3)}
				if err := w.run.Apply(w.entry(kind, id, payload)); err == nil && kind != record.Noted {
					t.Fatalf("%s was taken twice", kind)
				}
			}
			w.check()
		}
		replay(t, w)
		w.toEnd(r)
	}
}
