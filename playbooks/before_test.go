package playbooks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// stood is all that a run knows of a step, as the file before/entries.jsonl has it.
func stood(t *testing.T, st *StepStatus) string {
	t.Helper()
	kept, err := json.Marshal(map[string]any{"result": st.Result, "answers": st.Answers})
	if err != nil {
		t.Fatal(err)
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Format("15:04:05")
	}
	return fmt.Sprintf("%s by=%s at=%s ready=%s until=%s retry=%s attempts=%d branch=%s owner=%q note=%q error=%q why=%q handled=%t phase=%s %s",
		st.State, st.By.Name, at(st.At), at(st.ReadyAt), at(st.Until), at(st.RetryAt), st.Attempts, st.Branch, st.Owner, st.Note, st.Error, st.Why, st.Handled, st.Phase, kept)
}

// TestRunOfTheFirstVersion: entries that the version before items, rounds and
// called playbooks wrote, with what it made of each, give the same run today. The
// file was written by that version's own code and is never made again.
func TestRunOfTheFirstVersion(t *testing.T) {
	src, err := os.ReadFile("testdata/before/book.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile("testdata/before/entries.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{t: t, run: NewRun("r", mustParse(t, string(src)))}
	want, kinds := map[string]string{}, map[record.Kind]int{}
	for s := bufio.NewScanner(bytes.NewReader(lines)); s.Scan(); {
		var l struct {
			Seq    int64
			Time   time.Time
			Kind   record.Kind
			Step   string
			Fields map[string]json.RawMessage

			States      map[string]string // those that the entry changed
			Vars        map[string]any
			Ready, Next string
			Phase       incident.Phase
			Over        bool
		}
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		kinds[l.Kind]++
		w.now = l.Time
		if err := w.run.Apply(record.Entry{Seq: l.Seq, Time: l.Time, Actor: incident.Actor{ID: "p1", Name: "Ada"}, Kind: l.Kind, Step: l.Step, Fields: l.Fields}); err != nil {
			t.Fatal(err)
		}
		maps.Copy(want, l.States)
		maps.DeleteFunc(want, func(_, s string) bool { return s == "" }) // no longer shown
		is := map[string]string{}
		for _, st := range w.run.Steps() {
			is[st.Step.ID] = stood(t, st)
		}
		for id := range want {
			if is[id] != want[id] {
				t.Errorf("after entry %d (%s %s): step %s is\n  %s\nand was\n  %s", l.Seq, l.Kind, l.Step, id, is[id], want[id])
			}
		}
		next := ""
		if n := w.run.Next(w.now); !n.IsZero() {
			next = n.Format(time.RFC3339)
		}
		vars, err := json.Marshal(w.run.Vars())
		if err != nil {
			t.Fatal(err)
		}
		before, err := json.Marshal(l.Vars)
		if err != nil {
			t.Fatal(err)
		}
		if w.ready() != l.Ready || next != l.Next || !bytes.Equal(vars, before) || w.run.Phase() != l.Phase || w.run.Over() != l.Over {
			t.Errorf("after entry %d (%s %s): ready %q, next %q, %s, %s, over %t; was %q, %q, %s, %s, %t", l.Seq, l.Kind, l.Step,
				w.ready(), next, vars, w.run.Phase(), w.run.Over(), l.Ready, l.Next, before, l.Phase, l.Over)
		}
		if len(is) != len(want) || t.Failed() {
			t.Fatalf("after entry %d: %d steps, were %d", l.Seq, len(is), len(want))
		}
	}
	if len(want) != 18 || !w.run.Over() || !reflect.DeepEqual(kinds, map[record.Kind]int{
		record.RunStarted: 1, record.VariableSet: 2, record.StepAdded: 1, record.StepStarted: 10, record.StepDone: 14, record.StepFailed: 4, record.StepSkipped: 3, record.StepReopened: 4,
	}) {
		t.Errorf("%d steps, over %t, %v", len(want), w.run.Over(), kinds)
	}
}
