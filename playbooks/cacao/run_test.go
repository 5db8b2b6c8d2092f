package cacao_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
	"firebreak/playbooks/simulate"
)

// helper is the playbook that a playbook-action runs in these tests.
const helper = "playbook: v1\nid: %ID%\nname: Called\nversion: 1.0.0\nphases:\n  identify: [{id: called, manual: Done by another.}]\n"

// play runs a playbook with faked commands: each succeeds, each question has an
// answer, each variable a value; bend says what goes otherwise.
func play(t *testing.T, p *playbooks.Playbook, bend map[string]playbooks.Outcome) *simulate.Trace {
	t.Helper()
	c := &playbooks.TestCase{Name: "faked", Vars: map[string]any{}}
	value := func(v *playbooks.Var) any {
		if v.Default != nil {
			return v.Default
		}
		return map[playbooks.Type]any{playbooks.Bool: true, playbooks.Int: 0, playbooks.List: []any{"x"}, playbooks.String: "x"}[v.Type]
	}
	for _, v := range p.Vars {
		if x := value(v); x != nil && v.Default == nil {
			c.Vars[v.Name] = x
		}
	}
	for _, s := range p.Steps() {
		o, given := bend[s.ID]
		if s.Verb == playbooks.VerbRun {
			o.Result = map[string]any{"exit": 0, "stdout": "0\n", "stderr": ""}
		}
		if s.Verb == playbooks.VerbHTTP {
			o.Result = map[string]any{"status": 200, "headers": map[string]any{}, "body": "0"}
		}
		if o.Fail != "" {
			o.Result = nil
		}
		if o.Answers == nil {
			o.Answers = map[string]any{}
		}
		for _, q := range s.Ask {
			v, _ := p.Var(q.Name)
			answer := value(v)
			if v.Type == playbooks.Int {
				answer = 0
			}
			if _, ok := o.Answers[q.Name]; !ok && answer != nil {
				o.Answers[q.Name] = answer
			}
		}
		if given || o.Result != nil || len(s.Ask) > 0 {
			c.Steps = append(c.Steps, playbooks.Met{Step: s.ID, Entries: []playbooks.Outcome{o}})
		}
	}
	find := func(ref playbooks.Reference) (*playbooks.Playbook, error) {
		return playbooks.Parse("called.yaml", []byte(strings.ReplaceAll(helper, "%ID%", ref.ID)))
	}
	trace := simulate.Play(p, c, simulate.World{Find: find, Now: signedAt})
	if trace.Problem != "" || trace.End != "done" {
		t.Errorf("ended %s %v: %s\npath %v\n%s", trace.End, trace.Waits, trace.Problem, trace.Path, p.Source)
	}
	return trace
}

// imported reads a CACAO file of the tests.
func imported(t *testing.T, file string) *playbooks.Playbook {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := cacao.Import(src)
	if err != nil {
		t.Fatal(err)
	}
	p, err := playbooks.Parse(in.ID+".yaml", in.YAML)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCorpusRuns: each file of the corpus, and each of our own, runs to its end
// with faked commands.
func TestCorpusRuns(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Corpus(t, "cacao"), "cacao", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { play(t, imported(t, file), nil) })
	}
}

func TestEveryStepTypeRuns(t *testing.T) {
	p := imported(t, "testdata/everything.json")
	trace := play(t, p, nil)
	began := func(trace *simulate.Trace, want bool, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if got := slices.ContainsFunc(trace.Path, func(s string) bool { return s == id || strings.HasPrefix(s, id+".") }); got != want {
				t.Errorf("%s began: %v, want %v; path %v", id, got, want, trace.Path)
			}
		}
	}
	began(trace, true, "save-the-state", "save-the-state-4", "look-again", "one", "then", "two")
	if i, j := slices.Index(trace.Path, "one"), slices.Index(trace.Path, "then"); i > j {
		t.Errorf("the steps of a branch changed places: %v", trace.Path)
	}
	failing := play(t, p, map[string]playbooks.Outcome{"save-the-state": {Fail: "broken"}})
	began(failing, true, "tell-everybody", "write-it-down")
	began(failing, false, "call-somebody")
}

func TestWaysThatMeetRun(t *testing.T) {
	for _, file := range []string{"testdata/diagram.json", "testdata/shared.json"} {
		play(t, imported(t, file), nil)
	}
	p := imported(t, "testdata/shared.json")
	// Not bad at first, and then bad: the shared steps are those of the other way.
	trace := play(t, p, map[string]playbooks.Outcome{"bad-question": {Answers: map[string]any{"bad": false}}})
	want := []string{"bad-question", "look-closer", "still-bad-question", "report-2", "law-wants-it-2-question", "tell-the-authority-2", "close"}
	if !slices.Equal(trace.Path, want) {
		t.Errorf("got %v, want %v", trace.Path, want)
	}
}
