package playbooks

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/record"
)

// large is a playbook of 120 steps with expressions and templates throughout.
func large() string {
	s := head + "vars:\n  a: {type: string, default: x}\n  n: {type: int, default: 1}\n  b: {type: bool, default: true}\nphases:\n"
	for _, ph := range []string{"identify", "contain", "eradicate", "recover", "learn"} {
		s += "  " + ph + ":\n"
		for i := range 24 {
			s += fmt.Sprintf("    - {id: %s-%d, title: \"On {{ a }}\", if: b && n < %d || a == 'y', action: x.y, with: {a: \"{{ a }}\", n: \"{{ n }}\"}, set: {n: result.n + 1}, irreversible: yes}\n", ph, i, i+2)
		}
	}
	return s
}

func benchCatalog() Catalog {
	return Catalog{Actions: map[string]ActionInfo{"x.y": {
		Params: []ParamInfo{{Name: "a", Type: "string", Required: true}, {Name: "n", Type: "int"}},
		Result: []ParamInfo{{Name: "n", Type: "int"}},
	}}}
}

// BenchmarkLint100 parses and lints a hundred playbooks of 120 steps.
func BenchmarkLint100(b *testing.B) {
	src := []byte(large())
	for b.Loop() {
		for range 100 {
			p, err := Parse("x.yaml", src)
			if err != nil {
				b.Fatal(err)
			}
			if found := Lint(p, benchCatalog()).Errors(); len(found) > 0 {
				b.Fatal(found)
			}
		}
	}
}

// BenchmarkReplay folds the entries of a whole run of 120 steps.
func BenchmarkReplay(b *testing.B) {
	w := newWalker(b, large(), nil)
	for !w.run.Over() {
		s := w.run.Ready(w.now)[0].Step
		w.begun(s.ID)
		w.must(record.StepDone, s.ID, record.StepEnd{Run: "r", Set: map[string]any{"n": 1}})
	}
	b.ReportMetric(float64(len(w.entries)), "entries")
	for b.Loop() {
		run := NewRun("r", w.run.Playbook())
		for _, e := range w.entries {
			if err := run.Apply(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkReplayItems folds the entries of a run that does four steps for each
// of a thousand items.
func BenchmarkReplayItems(b *testing.B) {
	const items, steps = 1000, "abcd"
	src := head + "vars:\n  hosts: {type: list, default: [" + strings.Join(numbered("h%d", items), ", ") + "]}\nphases:\n  identify:\n    - {id: each, for_each: hosts, do: [{id: a, manual: m}, {id: b, manual: m}, {id: c, manual: m}, {id: d, manual: m}]}\n"
	w := newWalker(b, src, nil)
	w.each("each")
	for i := range items {
		for _, s := range steps {
			e := w.entry(record.StepDone, fmt.Sprintf("%c.%d", s, i+1), record.StepEnd{Run: "r"})
			if err := w.run.Apply(e); err != nil {
				b.Fatal(err)
			}
			w.entries = append(w.entries, e)
		}
	}
	if !w.run.Over() {
		b.Fatal("the run is not over")
	}
	for b.Loop() {
		run := NewRun("r", w.run.Playbook())
		for _, e := range w.entries {
			if err := run.Apply(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}
