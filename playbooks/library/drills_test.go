package library_test

import (
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/playbooks/simulate"
)

// around is what the playbooks of the library find around them: each other,
// each read once.
func around(t *testing.T) simulate.World {
	t.Helper()
	books := map[string]*playbooks.Playbook{}
	for _, p := range list(t) {
		books[p.ID] = p
	}
	return simulate.World{Find: func(r playbooks.Reference) (*playbooks.Playbook, error) {
		if p := books[r.ID]; p != nil {
			return p, nil
		}
		return nil, incident.ErrNotFound
	}}
}

// meets is what the steps that set a variable return when all goes well: by
// their names, those of called playbooks too.
func meets(t *testing.T, p *playbooks.Playbook, c playbooks.Catalog, w simulate.World, before string) []playbooks.Met {
	t.Helper()
	var out []playbooks.Met
	for _, s := range p.Steps() {
		if s.Verb == playbooks.VerbPlaybook {
			called, err := w.Find(s.Playbook)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, meets(t, called, c, w, before+s.ID+"/")...)
			continue
		}
		if len(s.Set) == 0 || !s.Verb.Automatic() {
			continue
		}
		result := map[string]any{
			"exhibits": 1, "bytes": 10, "refused": 0, "events": 7, "rejected": 0, "exit": 0, "stdout": "x", "stderr": "",
			"count": 7, "first": "2026-11-20T03:00:00Z", "last": "2026-11-20T04:00:00Z", "tagged": 0,
		}
		if s.Verb == playbooks.VerbAction {
			result = map[string]any{}
			for _, m := range c.Actions[s.Action].Result {
				result[m.Name] = map[string]any{"string": "x1", "int": 7, "bool": true}[m.Type]
			}
		}
		out = append(out, playbooks.Met{Step: before + s.ID, Entries: []playbooks.Outcome{{Result: result}}})
	}
	return out
}

// play drives a run with the values for drills.
func play(t *testing.T, p *playbooks.Playbook, w simulate.World, met []playbooks.Met) *simulate.Trace {
	t.Helper()
	trace := simulate.Play(p, &playbooks.TestCase{Name: "drill", Steps: met}, w)
	if trace.Problem != "" {
		t.Fatalf("%s; it went: %s", trace.Problem, strings.Join(trace.Path, " "))
	}
	return trace
}

// A drill that nobody answers reaches the end, which is the review unless the
// playbook is a step of others.
func TestDrillsReachTheirEnd(t *testing.T) {
	c, w := catalog(t), around(t)
	for _, p := range list(t) {
		t.Run(p.ID, func(t *testing.T) {
			trace := play(t, p, w, meets(t, p, c, w, ""))
			if trace.End != playbooks.EndDone {
				t.Errorf("it ended %s: %s; it went: %s", trace.End, strings.Join(trace.Waits, "; "), strings.Join(trace.Path, " "))
			}
			if last := trace.Path[len(trace.Path)-1]; !service(p) && last != "review" {
				t.Errorf("the last step was %s", last)
			}
			if !service(p) && len(p.Phases) != 5 {
				t.Errorf("%d phases, want 5", len(p.Phases))
			}
		})
	}
}

// service says that the playbook is a step of others.
func service(p *playbooks.Playbook) bool { return slices.Contains(p.Labels, "service") }

// That nobody knows what a step asks, that its lists are empty, and that an
// automatic step fails leave a way on: the run ends, or it says what it waits
// for. What other answers do is in the tests beside the playbooks.
func TestDrillsWithOtherAnswersAndFailures(t *testing.T) {
	c, w := catalog(t), around(t)
	for nth, p := range list(t) {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			usual := meets(t, p, c, w, "")
			try := func(step string, o playbooks.Outcome) {
				t.Helper()
				met := []playbooks.Met{{Step: step, Entries: []playbooks.Outcome{o}}}
				for _, m := range usual {
					if m.Step != step {
						met = append(met, m)
					}
				}
				trace := play(t, p, w, met)
				if trace.End != playbooks.EndDone && len(trace.Waits) == 0 {
					t.Errorf("step %s, %v: it ended %s and says not why; it went: %s", step, o, trace.End, strings.Join(trace.Path, " "))
				}
			}
			every := 5 // the short form tries one step of five, each playbook others
			if testkit.Soak() {
				every = 1
			}
			for i, s := range p.Steps() {
				if (i+nth)%every != 0 {
					continue
				}
				unknown, none := map[string]any{}, map[string]any{}
				for _, q := range s.Ask {
					unknown[q.Name] = playbooks.Unknown
					if q.Type == playbooks.List {
						none[q.Name] = playbooks.None
					}
				}
				for _, answers := range []map[string]any{unknown, none} {
					if len(answers) > 0 {
						try(s.ID, playbooks.Outcome{Answers: answers})
					}
				}
				if s.Verb.Automatic() {
					try(s.ID, playbooks.Outcome{Fail: "refused"})
				}
			}
		})
	}
}
