package library_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/all"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/playbooks/simulate"
	"firebreak/record"
	"firebreak/timeline"
)

var t0 = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

func list(t *testing.T) []*playbooks.Playbook {
	t.Helper()
	found, err := library.List()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestListIsSortedAndNamedByTheFiles(t *testing.T) {
	ids, err := library.IDs()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range list(t) {
		got = append(got, p.ID)
	}
	if !slices.IsSorted(got) || !slices.Equal(got, ids) {
		t.Errorf("List: %v, want the files %v", got, ids)
	}
}

func TestLoadUnknown(t *testing.T) {
	for _, id := range []string{"", "nothing", "../library", "a/b", ".."} {
		if _, err := library.Load(id); !errors.Is(err, incident.ErrNotFound) {
			t.Errorf("Load(%q): %v, want not found", id, err)
		}
	}
}

// catalog is what the real integrations and collectors declare.
func catalog(t *testing.T) playbooks.Catalog {
	t.Helper()
	c := playbooks.Catalog{Actions: map[string]playbooks.ActionInfo{}, Collectors: []string{forensics.Volatile, forensics.Triage, forensics.Logs}}
	for _, d := range forensics.Collectors() {
		c.Collectors = append(c.Collectors, d.Name)
	}
	params := func(in []integrations.Param) (out []playbooks.ParamInfo) {
		for _, p := range in {
			out = append(out, playbooks.ParamInfo{Name: p.Name, Type: p.Type, Required: p.Required, Match: p.Match})
		}
		return out
	}
	for _, sys := range all.Systems() {
		c.Notify = append(c.Notify, sys.Kind)
		actions, err := sys.Actions(integrations.Connection{Name: sys.Kind, Kind: sys.Kind})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range actions {
			d := a.Describe()
			c.Actions[d.Name] = playbooks.ActionInfo{Params: params(d.Params), Result: params(d.Result), ReadOnly: d.ReadOnly, Reversible: d.Reversible, Danger: d.Danger}
		}
	}
	return c
}

func TestLintsClean(t *testing.T) {
	c := catalog(t)
	for _, p := range list(t) {
		for _, problem := range playbooks.Lint(p, c) {
			t.Error(problem)
		}
	}
}

// What a manual step tells people to type behind a slash must be a filter.
func TestFiltersParse(t *testing.T) {
	line := regexp.MustCompile(`(?m)^\s*/ (.+)$`)
	n := 0
	for _, p := range list(t) {
		for _, s := range p.Steps() {
			for _, m := range line.FindAllStringSubmatch(s.Manual, -1) {
				n++
				if _, err := timeline.ParseFilter(m[1], t0); err != nil {
					t.Errorf("%s step %s: filter %s: %v", p.ID, s.ID, m[1], err)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d filters found", n)
	}
}

// drill walks a playbook to its end with its drill values. Steps in fails fail
// for good; answers override those of the drill.
type drill struct {
	t       *testing.T
	run     *playbooks.Run
	catalog playbooks.Catalog
	fails   map[string]bool
	answers map[string]string
	path    []string
	now     time.Time
}

func (d *drill) record(kind record.Kind, step string, payload any) {
	d.t.Helper()
	draft, err := record.NewDraft(incident.Actor{ID: "p1"}, kind, 0, step, payload)
	if err != nil {
		d.t.Fatal(err)
	}
	d.now = d.now.Add(time.Minute)
	err = d.run.Apply(record.Entry{Time: d.now, Actor: draft.Actor, Kind: kind, Step: step, Fields: draft.Fields})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *drill) start(p *playbooks.Playbook) {
	d.run, d.now = playbooks.NewRun("r1", p), t0
	d.run.About(incident.Incident{ID: "2026-0001", Title: "drill", Severity: incident.SEV2})
	vars, err := p.Values(nil, true)
	if err != nil {
		d.t.Fatal(err)
	}
	d.record(record.RunStarted, "", record.Started{Run: "r1", Playbook: p.ID, SHA256: p.SHA256, Vars: vars})
}

func (d *drill) walk() {
	for range 500 {
		if d.run.Over() {
			return
		}
		ready := d.run.Ready(d.now.AddDate(0, 0, 10))
		if len(ready) == 0 {
			break
		}
		d.move(ready[0])
	}
	for _, s := range d.run.Steps() {
		d.t.Logf("%s %s %s", s.Step.ID, s.State, s.Why)
	}
	d.t.Fatal("the drill did not end")
}

func (d *drill) move(task playbooks.Task) {
	s := task.Step
	switch task.Move {
	case playbooks.Skip:
		d.record(record.StepSkipped, s.ID, record.StepSkip{Run: "r1", Reason: task.Why, Guard: true})
	case playbooks.Branch:
		d.record(record.StepDone, s.ID, record.StepEnd{Run: "r1", Branch: task.Branch})
	case playbooks.Finish:
		d.record(record.StepDone, s.ID, record.StepEnd{Run: "r1"})
	case playbooks.Decide:
		d.path = append(d.path, s.ID+"?")
		d.record(record.StepSkipped, s.ID, record.StepSkip{Run: "r1", Reason: "nobody knows"})
	case playbooks.Begin, playbooks.Retry:
		d.path = append(d.path, s.ID)
		d.do(s)
	}
}

func (d *drill) do(s *playbooks.Step) {
	resolved, err := d.run.Resolve(s)
	if err != nil {
		d.t.Fatalf("resolve %s: %v", s.ID, err)
	}
	if strings.Contains(resolved.Text, "{{") {
		d.t.Errorf("step %s shows a template: %s", s.ID, resolved.Text)
	}
	d.record(record.StepStarted, s.ID, record.StepBegin{Run: "r1"})
	if s.Verb == playbooks.VerbWait {
		return
	}
	if d.fails[s.ID] {
		f := d.run.Failure(s, errors.New("refused"), d.now, true)
		d.record(record.StepFailed, s.ID, f)
		return
	}
	answers := d.run.Playbook().DrillAnswers(s)
	for name := range answers {
		if a, ok := d.answers[name]; ok {
			answers[name] = a
		}
	}
	given, err := d.run.Answers(s, answers)
	if err != nil {
		d.t.Fatal(err)
	}
	result := map[string]any{}
	for _, m := range d.catalog.Actions[s.Action].Result {
		result[m.Name] = map[string]any{"string": "x1", "int": json.Number("7"), "bool": true}[m.Type]
	}
	set, err := d.run.Sets(s, given, result)
	if err != nil {
		d.t.Fatal(err)
	}
	d.record(record.StepDone, s.ID, record.StepEnd{Run: "r1", Answers: given, Set: set, Result: result})
}

func TestDrillsReachTheirEnd(t *testing.T) {
	c := catalog(t)
	for _, p := range list(t) {
		t.Run(p.ID, func(t *testing.T) {
			d := &drill{t: t, catalog: c}
			d.start(p)
			d.walk()
			t.Log(strings.Join(d.path, " "))
			for _, s := range d.run.Steps() {
				if s.State == playbooks.Failed {
					t.Errorf("step %s failed", s.Step.ID)
				}
			}
			for _, want := range p.Phases {
				if len(want.Steps) == 0 {
					t.Errorf("phase %s is empty", want.Phase)
				}
			}
			if len(p.Phases) != 5 {
				t.Errorf("%d phases, want 5", len(p.Phases))
			}
		})
	}
}

// Every answer to a yes-or-no question, "unknown" included, and the failure of
// each automatic step leave a way to the end.
func TestDrillsWithOtherAnswersAndFailures(t *testing.T) {
	c := catalog(t)
	for _, p := range list(t) {
		for _, s := range p.Steps() {
			for _, q := range s.Ask {
				answers := []string{"unknown"}
				if q.Type == playbooks.Bool {
					answers = append(answers, "yes", "no")
				}
				for _, a := range answers {
					if q.Name == "address" || q.Name == "pid" || q.Name == "workflow" || q.Name == "key_id" {
						continue // asked together with the yes-or-no question that they belong to
					}
					d := &drill{t: t, catalog: c, answers: map[string]string{q.Name: a}}
					d.start(p)
					d.walk()
				}
			}
			if s.Verb.Automatic() && !s.Fallback {
				d := &drill{t: t, catalog: c, fails: map[string]bool{s.ID: true}}
				d.start(p)
				d.walk()
			}
		}
	}
}

// BenchmarkLint100 lists and lints the library 34 times: 102 playbooks.
func BenchmarkLint100(b *testing.B) {
	c := playbooks.Catalog{}
	for b.Loop() {
		for range 34 {
			found, err := library.List()
			if err != nil {
				b.Fatal(err)
			}
			for _, p := range found {
				if len(playbooks.Lint(p, c)) == 0 {
					b.Fatal("an empty catalog has all the actions")
				}
			}
		}
	}
}

// The tests beside the built-in playbooks go as they expect.
func TestLibrarysOwnTests(t *testing.T) {
	find := func(ref playbooks.Reference) (*playbooks.Playbook, error) { return library.Load(ref.ID) }
	for _, p := range list(t) {
		name, src, err := library.Test(p.ID)
		if errors.Is(err, incident.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(p.ID, func(t *testing.T) {
			test, err := playbooks.ParseTest(name, src)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range playbooks.CheckTest(test, p, find) {
				t.Error(problem)
			}
			r := simulate.Run(test, p, simulate.World{Find: find}, nil)
			for _, c := range r.Cases {
				for _, f := range c.Failures {
					t.Errorf("%s: %s:%d: %s\n  it went: %s (%s)", c.Name, name, f.Line, f.Message, strings.Join(c.Path, " "), c.End)
				}
			}
			for _, u := range r.Unreached {
				t.Errorf("%s:%d: no case reaches step %s", p.File, u.Line, u.Step)
			}
		})
	}
}
