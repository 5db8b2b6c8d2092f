package playbooks

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

var start = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// walker drives a run and keeps the entries that it took.
type walker struct {
	t       testing.TB
	run     *Run
	now     time.Time
	entries []record.Entry
	sub     *Playbook // what steps call
}

func newWalker(t testing.TB, src string, vars map[string]any) *walker {
	t.Helper()
	w := &walker{t: t, run: NewRun("r", mustParse(t, src)), now: start}
	w.begin(vars)
	return w
}

func (w *walker) begin(vars map[string]any) {
	w.t.Helper()
	p := w.run.Playbook()
	w.must(record.RunStarted, "", record.Started{Run: "r", Playbook: p.ID, SHA256: p.SHA256, Vars: vars})
}

func (w *walker) entry(kind record.Kind, step string, payload any) record.Entry {
	w.t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "p1", Name: "Ada"}, kind, 0, step, payload)
	if err != nil {
		w.t.Fatal(err)
	}
	return record.Entry{Seq: int64(len(w.entries) + 1), Time: w.now, Actor: d.Actor, Kind: kind, Step: step, Fields: d.Fields}
}

// apply offers an entry; when it is refused, nothing may have changed.
func (w *walker) apply(kind record.Kind, step string, payload any) error {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	e := w.entry(kind, step, payload)
	before := w.run.clone()
	tried := w.run.Try(record.Draft{Actor: e.Actor, Kind: e.Kind, Step: e.Step, Fields: e.Fields}, e.Time)
	if !reflect.DeepEqual(before, w.run) {
		w.t.Fatalf("Try of %s %s changed the run", kind, step)
	}
	err := w.run.Apply(e)
	if (err == nil) != (tried == nil) {
		w.t.Fatalf("Try said %v, Apply %v", tried, err)
	}
	if err == nil {
		w.entries = append(w.entries, e)
		w.timed()
		return nil
	}
	var refused *EntryError
	if !errors.As(err, &refused) || refused.Reason == "" {
		w.t.Fatalf("%s %s: error %T %v", kind, step, err, err)
	}
	if !reflect.DeepEqual(before, w.run) {
		w.t.Fatalf("the refused %s %s changed the run", kind, step)
	}
	return err
}

// timed holds after each entry: who looks at all steps finds none that became
// ready, or is no longer, and that the entry's narrower look has missed.
func (w *walker) timed() {
	w.t.Helper()
	v := w.run.picture()
	for _, s := range v.order {
		since := w.run.of(s).since
		if state := v.state(s); state == Ready && since.IsZero() || state == Locked && !since.IsZero() {
			w.t.Fatalf("%s is %s, since %v:\n%s", s.ID, state, since, w.run.Playbook().Source)
		}
	}
}

func (w *walker) must(kind record.Kind, step string, payload any) {
	w.t.Helper()
	if err := w.apply(kind, step, payload); err != nil {
		w.t.Fatal(err)
	}
}

func (w *walker) refused(kind record.Kind, step string, payload any, says string) {
	w.t.Helper()
	err := w.apply(kind, step, payload)
	if err == nil || !strings.Contains(err.Error(), says) {
		w.t.Fatalf("%s %s: got %v, want a refusal that says %q", kind, step, err, says)
	}
}

func (w *walker) begun(step string) {
	w.t.Helper()
	w.must(record.StepStarted, step, record.StepBegin{Run: "r"})
}

func (w *walker) done(step string) {
	w.t.Helper()
	w.must(record.StepDone, step, record.StepEnd{Run: "r"})
}

func (w *walker) reopen(step string) {
	w.t.Helper()
	w.must(record.StepReopened, step, record.StepSkip{Run: "r", Reason: "again"})
}

func (w *walker) skip(step string) {
	w.t.Helper()
	w.must(record.StepSkipped, step, record.StepSkip{Run: "r", Reason: "not needed"})
}

func (w *walker) fail(step string) {
	w.t.Helper()
	w.must(record.StepFailed, step, record.StepFailure{Run: "r", Error: "broken", Final: true})
}

// ready lists the moves as "step:move".
func (w *walker) ready() string {
	var out []string
	for _, t := range w.run.Ready(w.now) {
		s := t.Step.ID + ":" + string(t.Move)
		if t.Branch != "" {
			s += ":" + t.Branch
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func (w *walker) wantReady(want string) {
	w.t.Helper()
	if got := w.ready(); got != want {
		w.t.Errorf("ready: got %q, want %q", got, want)
	}
}

func (w *walker) wantState(step string, want State) {
	w.t.Helper()
	st, ok := w.run.Status(step)
	if !ok || st.State != want {
		w.t.Errorf("step %s: got %+v, want %s", step, st, want)
	}
}

func (w *walker) wantOver(want bool) {
	w.t.Helper()
	if w.run.Over() != want {
		w.t.Errorf("over is %v", !want)
	}
}
