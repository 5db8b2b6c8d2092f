package drill_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/drill"
	"firebreak/playbooks/drill/scenarios"
	"firebreak/record"
)

const small = `scenario: v1
id: small
name: A small one at {{ where }}
version: 1.0.0
playbook: generic
when: 2026-11-20T09:00:00Z
about: Something is wrong.
draw: {where: [north, south]}
injects:
  - {id: first, at: 5m, title: One, ask: {question: What?, choices: {a: A, b: B}, right: [a]}, within: 5m, weight: 2}
  - {id: second, at: {after: 2m, inject: first, is: answered}, title: Two}
  - {id: third, at: {step: act, is: planned}, title: Three}
expect:
  - {id: done, says: It is done, done: act, by: 30m, weight: 4}
  - {id: never, says: It is not burnt, never: burn, weight: 1}
  - {id: who, says: Somebody leads, role: commander, from: {inject: second}, by: 5m, weight: 1}
`

func TestParse(t *testing.T) {
	s, err := drill.Parse("small.yaml", []byte(small), 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "A small one at "+s.Draw["where"] || s.Draw["where"] == "" {
		t.Errorf("drawn %q, name %q", s.Draw["where"], s.Name)
	}
	drawn := map[string]bool{}
	for seed := range int64(30) {
		other, err := drill.Parse("small.yaml", []byte(small), seed)
		if err != nil {
			t.Fatal(err)
		}
		drawn[other.Draw["where"]] = true
	}
	if len(drawn) != 2 {
		t.Errorf("thirty seeds draw %v", drawn)
	}
}

// TestParseRefuses: each thing that is wrong is told with its code and its line.
func TestParseRefuses(t *testing.T) {
	swap := func(old, now string) string { return strings.Replace(small, old, now, 1) }
	tests := map[string]struct {
		src, code string
		line      int
	}{
		"empty":                {"", "DR001", 1},
		"not UTF-8":            {"\xff", "DR001", 1},
		"no YAML":              {"a: [", "DR001", 2},
		"two documents":        {small + "---\na: b\n", "DR001", 17},
		"an unknown key":       {swap("about:", "abuot:"), "DR002", 7},
		"a key twice":          {swap("about:", "name:"), "DR002", 7},
		"a list for a text":    {swap("about: Something is wrong.", "about: [a]"), "DR003", 7},
		"no playbook":          {swap("playbook: generic\n", ""), "DR004", 1},
		"another format":       {swap("scenario: v1", "scenario: v9"), "DR005", 1},
		"a time that is none":  {swap("2026-11-20T09:00:00Z", "yesterday"), "DR005", 6},
		"a length that is not": {swap("at: 5m", "at: soon"), "DR005", 10},
		"one id twice":         {swap("id: second", "id: first"), "DR006", 1},
		"an inject not there":  {swap("from: {inject: second}", "from: {inject: fifth}"), "DR007", 1},
		"nothing drawn":        {swap("{{ where }}", "{{ there }}"), "DR007", 3},
		"a right that is none": {swap("right: [a]", "right: [c]"), "DR007", 10},
		"too large":            {small + strings.Repeat("#", drill.MaxSize), "DR008", 1},
		"too deep":             {"a: " + strings.Repeat("[", 40) + strings.Repeat("]", 40), "DR008", 1},
		"an anchor":            {swap("about: Something is wrong.", "about: &a b"), "DR009", 7},
		"a tag":                {swap("about: Something is wrong.", "about: !!binary b"), "DR009", 7},
		"a hidden character":   {swap("Something", "Some\u200bthing"), "DR009", 7},
		"two conditions":       {swap("never: burn", "never: burn, done: act"), "DR003", 15},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := drill.Parse("x.yaml", []byte(tt.src), 1)
			ps, ok := err.(drill.Problems) //nolint:errorlint // it is returned as it is
			if !ok {
				t.Fatalf("no problems: %v", err)
			}
			i := slices.IndexFunc(ps, func(p drill.Problem) bool { return p.Code == tt.code })
			if i < 0 || ps[i].Line != tt.line {
				t.Errorf("want %s in line %d, have %v", tt.code, tt.line, ps)
			}
		})
	}
}

// TestCodesAreDocumented holds the page against the codes.
func TestCodesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/drills.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range drill.Codes() {
		if !strings.Contains(string(page), "`"+c.Code+"`") {
			t.Errorf("docs/drills.md lacks %s: %s", c.Code, c.What)
		}
	}
}

// told makes a record of what happens in an exercise.
type told struct {
	t       *testing.T
	entries []record.Entry
	now     time.Time
}

func (r *told) at(after time.Duration, who string, kind record.Kind, step string, payload any) {
	r.t.Helper()
	r.now = r.now.Add(after)
	d, err := record.NewDraft(incident.Actor{Name: who, ID: who}, kind, incident.Identify, step, payload)
	if err != nil {
		r.t.Fatal(err)
	}
	r.entries = append(r.entries, record.Entry{Seq: int64(len(r.entries) + 1), Time: r.now, Actor: d.Actor, Kind: kind, Step: step, Fields: d.Fields})
}

func (r *told) fold() *drill.Exercise {
	r.t.Helper()
	x, err := drill.Fold(r.entries)
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

func begun(t *testing.T, speed float64) *told {
	r := &told{t: t, now: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)}
	r.at(0, "ada", record.DrillBegun, "", record.Exercise{Scenario: "small", Source: small, Seed: 1, Speed: speed})
	return r
}

// due are the ids of what is due so long after now.
func due(x *drill.Exercise, now time.Time) string {
	var out []string
	for _, a := range x.DueAt(x.Elapsed(now)) {
		out = append(out, a.ID)
	}
	return strings.Join(out, " ")
}

// TestDue: what comes when follows from the entries and the clock alone.
func TestDue(t *testing.T) {
	r := begun(t, 10)
	if got := due(r.fold(), r.now.Add(29*time.Second)); got != "" {
		t.Errorf("before its time: %s", got)
	}
	if got := due(r.fold(), r.now.Add(30*time.Second)); got != "first" {
		t.Errorf("at ten times the speed after half a minute: %q", got)
	}
	r.at(40*time.Second, drill.Control, record.DrillInject, "", record.Inject{Inject: "first", At: 400 * time.Second, Due: 700 * time.Second})
	if got := due(r.fold(), r.now.Add(time.Hour)); got != "" {
		t.Errorf("it is here, and the next waits for an answer: %q", got)
	}
	r.at(time.Second, "ada", record.DrillAnswered, "", record.InjectAnswer{Inject: "first", Choice: "a"})
	r.at(0, "ben", record.DrillAnswered, "", record.InjectAnswer{Inject: "first", Choice: "b"})
	x := r.fold()
	if a := x.Arrivals[0]; a.By != "ada" || a.Choice != "a" || a.Late(x.Elapsed(r.now)) {
		t.Errorf("the first answer counts: %+v", a)
	}
	r.at(0, "lead", record.DrillClock, "", record.ClockMove{By: 2 * time.Minute})
	if got := due(r.fold(), r.now); got != "second" {
		t.Errorf("after the move: %q", got)
	}
	r.at(0, "ada", record.ActionPlanned, "act", record.Planned{Action: "a1", Name: "x.y", Plan: json.RawMessage("{}")})
	if got := due(r.fold(), r.now); got != "second third" {
		t.Errorf("after the plan: %q", got)
	}
	r.at(0, "lead", record.DrillEnded, "", record.Reason{})
	if got := due(r.fold(), r.now.Add(time.Hour)); got != "" {
		t.Errorf("after the end: %q", got)
	}
}

// TestScore: in time, late, wrong and missed are worth what they are.
func TestScore(t *testing.T) {
	state := func(r *told, id string) string {
		for _, i := range r.fold().Score(nil, nil).Items {
			if i.ID == id {
				return fmt.Sprintf("%s %g", i.State, i.Points)
			}
		}
		return "none"
	}
	r := begun(t, 0)
	if got := state(r, "done"); got != "open 0" {
		t.Errorf("at the start: %s", got)
	}
	if got := state(r, "who"); got != "not-reached 0" {
		t.Errorf("what hangs on an inject that has not come: %s", got)
	}
	r.at(0, "lead", record.DrillClock, "", record.ClockMove{By: 40 * time.Minute})
	if got := state(r, "done"); got != "missed 0" {
		t.Errorf("after its time: %s", got)
	}
	r.at(0, "ada", record.StepDone, "act", record.StepEnd{})
	if got := state(r, "done"); got != "late 2" {
		t.Errorf("done too late: %s", got)
	}
	r.at(0, "ada", record.StepStarted, "burn", record.StepBegin{})
	if got := state(r, "never"); got != "wrong 0" {
		t.Errorf("what should never be: %s", got)
	}
	r.at(0, drill.Control, record.DrillInject, "", record.Inject{Inject: "first", At: 40 * time.Minute, Due: 45 * time.Minute})
	r.at(0, "ada", record.DrillAnswered, "", record.InjectAnswer{Inject: "first", Choice: "b"})
	if got := state(r, "first"); got != "wrong 0" {
		t.Errorf("a wrong answer: %s", got)
	}
	r.at(0, "lead", record.DrillEnded, "", record.Reason{})
	s := r.fold().Score(nil, nil)
	if s.Points != 2 || s.Of != 7 || s.Percent != 28 || !s.Over {
		t.Errorf("the whole: %g of %g, %d %%", s.Points, s.Of, s.Percent)
	}
	if len(s.People) != 1 || s.People[0].Name != "ada" || s.People[0].Points != 2 || s.People[0].Steps != 1 {
		t.Errorf("ada's part: %+v", s.People)
	}
}

func TestFoldWithoutScenario(t *testing.T) {
	r := &told{t: t}
	r.at(0, "ada", record.Noted, "", record.Note{Text: "x"})
	if x := r.fold(); x != nil {
		t.Error("an incident without a scenario has an exercise")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	all, err := scenarios.List()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range all {
		f.Add(s.Source)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := drill.Parse("x.yaml", src, 1)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v and %v", s, err)
		}
		if err != nil && len(err.Error()) > 100_000 {
			t.Error("an error without end")
		}
	})
}

const nested = `playbook: v1
id: nested
name: Nested
version: 1.0.0
vars:
  who: {type: list, default: []}
  on: {type: bool, default: true}
phases:
  identify:
    - {id: ask, manual: m, ask: {who: "Who?", on: "On?"}}
    - {id: all, for_each: who, do: [{id: each, manual: "{{ item }}"}]}
    - {id: both, parallel: [{id: left, manual: m}, {id: right, manual: m}]}
    - {id: way, if: on, then: [{id: yes, manual: m}]}
    - {id: other, playbook: other@1}
`

// What can never be done, or is done before anything is, is no expectation.
func TestFitOfStepsInSteps(t *testing.T) {
	p, err := playbooks.Parse("nested.yaml", []byte(nested))
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[string]string{
		"ask": "", "each.1": "", "each.12": "", "left": "", "yes": "", "other": "", "other/revoke": "", "other/each.1": "",
		"each":     "exists once for each item or round: name one, as in each.1",
		"all":      "holds others and is never done itself",
		"both":     "holds others and is never done itself",
		"way":      "is done as soon as it is decided",
		"each.":    "has no step each.",
		"left.1":   "has no step left.1",
		"ask/more": "has no step ask/more",
	} {
		src := strings.NewReplacer("playbook: generic", "playbook: nested", "done: act", "done: "+step, "never: burn", "never: ask", "step: act, is: planned", "step: ask").Replace(small)
		sc, err := drill.Parse("x.yaml", []byte(src), 1)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, pr := range sc.FitIn("x.yaml", p) {
			got = append(got, pr.String())
		}
		if text := strings.Join(got, "\n"); want == "" && text != "" || !strings.Contains(text, want) || want != "" && !strings.HasPrefix(text, "x.yaml:") {
			t.Errorf("done: %s: %q, want %q", step, text, want)
		}
	}
}

// A list that is true is typed as people type one.
func TestPlayerAnswersWithLists(t *testing.T) {
	p, err := playbooks.Parse("nested.yaml", []byte(nested))
	if err != nil {
		t.Fatal(err)
	}
	ask, _ := p.Step("ask")
	for answers, want := range map[string]string{"[ada, ben]": "ada, ben", "[]": "none"} {
		sc, err := drill.Parse("x.yaml", []byte(strings.Replace(small, "about:", "answers: {who: "+answers+"}\nabout:", 1)), 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := drill.Perfect.Answers(&drill.Exercise{Scenario: sc}, p, ask)["who"]; got != want {
			t.Errorf("%s is typed as %q", answers, got)
		}
	}
}
