package playbooks

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// worst are the most expensive files that keep to the limits, as far as we know.
func worst() map[string]string {
	needs := make([]string, maxSteps)
	for i := range needs {
		from := max(0, i-100)
		ids := make([]string, 0, 100)
		for j := from; j < i; j++ {
			ids = append(ids, fmt.Sprintf("s%d", j))
		}
		needs[i] = fmt.Sprintf("{id: s%d, manual: m, needs: [%s]}", i, strings.Join(ids, ","))
	}
	long := "a" + strings.Repeat(" || a", 98)
	vars := "  a: {type: bool, default: true}\n  t: {type: string, default: x}\n  x: {type: int}\n"
	nested := "{id: z, manual: m}"
	for i := range maxNesting {
		nested = fmt.Sprintf("{id: p%d, if: a, then: [%s]}", i, nested)
	}
	return map[string]string{
		"needs":             book(vars, needs...),
		"expressions":       book(vars, numbered("{id: s%d, manual: m, if: "+long+"}", maxSteps)...),
		"mistakes":          book(vars, numbered("{id: s%d, manual: m, if: nope"+strings.Repeat(" + nope", 90)+"}", maxSteps)...),
		"templates":         book(vars, numbered("{id: s%d, manual: \""+strings.Repeat("{{ t }}", 270)+"\"}", maxSteps)...),
		"bad templates":     book(vars, numbered("{id: s%d, manual: \""+strings.Repeat("{{ zz }}", 230)+"\"}", maxSteps)...),
		"one text":          book(vars, numbered("{id: s%d, manual: \""+strings.Repeat("x{{ q }}", maxText/8)+"\"}", 15)...),
		"unset":             book(vars, append(numbered("{id: s%d, manual: m, if: x > 1}", maxSteps-1), "{id: last, manual: m, ask: {x: X?}}")...),
		"cases":             book(vars, "{id: s, switch: t, cases: {"+strings.Join(numbered("c%d: [{id: c%[1]d, manual: m}]", maxSteps-1), ", ")+"}}"),
		"nesting":           book(vars, nested),
		"many vars":         book(strings.Join(numbered("  v%d: {type: string, match: \"(a{1,100}){1,9}\", default: a}\n", maxVars), ""), "{id: a, manual: m}"),
		"brackets":          head + "labels: " + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "\n",
		"values":            head + "cacao: {a: [" + strings.Repeat("[1],", maxValues/2-20) + "]}\nphases: {identify: [{id: a, manual: m}]}\n",
		"names":             book(vars, numbered("{id: s%d, manual: m, "+strings.Repeat("q", 60)+": x}", maxSteps)...),
		"near names":        book(strings.Join(numbered("  "+strings.Repeat("a", 59)+"%03d: {type: string}\n", maxVars), ""), numbered("{id: s%d, manual: m, if: "+strings.Repeat("b", 18)+strings.Repeat("a", 40)+"%[1]d}", maxSteps)...),
		"texts on one line": head + "vars: {t: {type: string, default: x}}\nphases: {identify: [" + strings.Join(numbered("{id: s%d, manual: \""+strings.Join(numbered("{{ q%d }}", 1900), "")+"\"}", 50), ", ") + "]}\n",
		"one line":          book(vars, "{id: a, manual: m, if: \""+strings.Repeat("(", 999)+"a"+strings.Repeat(")", 999)+"\"}"),
	}
}

// No file within the limits makes Parse and Lint take more than 50 MiB at once, or
// allocate without measure in all. What time they take is BenchmarkWorst's to say.
func TestTheWorstFiles(t *testing.T) {
	for name, src := range worst() {
		t.Run(name, func(t *testing.T) {
			if len(src) > MaxSize {
				t.Fatalf("%d bytes are refused at once", len(src))
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var p *Playbook
			most := highest(func() {
				var err error
				if p, err = Parse("x.yaml", []byte(src)); err == nil {
					_ = Lint(p, testCatalog())
				}
			})
			if peak := int64(most) - int64(before.HeapAlloc); peak > 50<<20 && !raceDetector {
				t.Errorf("takes %d MiB at its peak", peak>>20)
			}
			runtime.ReadMemStats(&after)
			if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 200 && !raceDetector {
				t.Errorf("allocated %d MiB in all", spent)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 50<<20 {
				t.Errorf("holds %d MiB", kept>>20)
			}
			runtime.KeepAlive(p)
		})
	}
}

// highest is the most that the heap holds, with what is waiting to be collected,
// while do runs.
func highest(do func()) uint64 {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m runtime.MemStats
		var top uint64
		for {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
			select {
			case <-stop:
				most <- top
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	}()
	do()
	close(stop)
	return <-most
}

// BenchmarkWorst parses and lints each of the worst files.
func BenchmarkWorst(b *testing.B) {
	for name, src := range worst() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, err := Parse("x.yaml", []byte(src)); err == nil {
					_ = Lint(p, testCatalog())
				}
			}
		})
	}
}
