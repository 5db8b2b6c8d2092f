package playbooks

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// bomb is nine levels of nine references each: 9^9 values when expanded.
func bomb() string {
	var b strings.Builder
	b.WriteString(head + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 8), i-1)
	}
	return b.String() + "phases: {identify: [{id: a, manual: *a9}]}\n"
}

func numbered(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

func TestHostileFilesAreRefused(t *testing.T) {
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	blocks := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	nested := "{id: z, manual: m}"
	for i := range 30 {
		nested = fmt.Sprintf("{id: p%d, parallel: [%s]}", i, nested)
	}
	tests := []struct{ name, src, code string }{
		{"too large", head + "#" + strings.Repeat("x", MaxSize), codeTooLarge},
		{"bomb", bomb(), codeAnchor},
		{"100k brackets", head + "phases: " + strings.Repeat("[", 100_000), codeTooDeep},
		{"100k closed brackets", head + "phases: " + deep("[", "]", 100_000), codeTooDeep},
		{"100k braces", head + "phases: " + strings.Repeat("{a: ", 100_000), codeTooDeep},
		{"deep blocks", blocks(1000), codeTooDeep},
		{"100k hyphens", strings.Repeat("- ", 100_000), codeTooDeep},
		{"100k question marks", strings.Repeat("? ", 100_000), codeTooDeep},
		{"many values", head + "labels: [" + strings.Repeat("a,", 200_000) + "]\n", codeTooMany},
		{"many duplicate keys", head + strings.Repeat("zz: 1\n", 20_000), codeDuplicateKey},
		{"many steps", book("", numbered("{id: s%d, manual: m}", 600)...), codeTooMany},
		{"many variables", book(strings.Join(numbered("  v%d: {type: string}\n", 300), ""), "{id: a, manual: m}"), codeTooMany},
		{"deep steps", book("", nested), codeTooDeep},
		{"long list", head + "labels: [" + strings.Repeat("a,", 2000) + "]\n", codeTooMany},
		{"long text", book("", "{id: a, manual: "+strings.Repeat("x", maxText+1)+"}"), codeTooMany},
		{"NUL", book("", "{id: a, manual: \"\x00\"}"), codeSyntax},
		{"huge number", book("", "{id: a, action: b, with: {n: 99999999999999999999999}}"), ""},
		{"nan", book("", "{id: a, action: b, with: {n: .nan}}"), codeValue},
		{"utf-16", "\xff\xfep\x00l\x00", codeSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ps := problemsOf(t, tt.src)
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 200<<20 && !raceDetector {
				t.Errorf("allocated %d MiB", spent>>20)
			}
			found := tt.code == ""
			for _, p := range ps {
				found = found || p.Code == tt.code
			}
			if !found {
				t.Errorf("got %.500s, want %s", ps.Error(), tt.code)
			}
			if len(ps) > maxProblems {
				t.Errorf("%d problems", len(ps))
			}
		})
	}
}

func TestLongLinesAreNoProblem(t *testing.T) {
	long := strings.Repeat("wide ", 2000) // 10,000 columns
	p := mustParse(t, book("", `{id: a, manual: "`+long+`"}`, `{id: b, action: x, with: {`+strings.Repeat("k: 1, ", 1)+`v: "`+long+`"}}`))
	if s, _ := p.Step("a"); len(s.Manual) != len(long) {
		t.Errorf("text has %d bytes, want %d", len(s.Manual), len(long))
	}
	src, at := marked(book("", `{id: a, manual: "`+long+`§{{ zz }}"}`))
	ps := problemsOf(t, src)
	if len(ps) != 1 || (pos{ps[0].Line, ps[0].Column}) != at[0] {
		t.Errorf("problems %v, want one at %v", ps, at)
	}
}

func TestProblemTextsAreShort(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for _, src := range []string{
		book("", "{id: "+long+", manual: m}"),
		book("", "{id: a, \""+long+"\": m}"),
		book("", "{id: a, wait: "+long+"}"),
		book("", "{id: a, manual: m, if: "+long+"}"),
		book("", "{id: a, manual: m, needs: ["+long+"]}"),
		book("", "{id: a, manual: \"{{ "+long+" }}\"}"),
		book("  a: {type: "+long+"}\n", "{id: a, manual: m}"),
		book("  a: {type: string, match: \"("+long+"\"}\n", "{id: a, manual: m}"),
		book("  a: {type: int, default: "+long+"}\n", "{id: a, manual: m}"),
	} {
		for _, p := range problemsOf(t, src) {
			if len(p.String()) > 2500 {
				t.Errorf("a problem of %d bytes: %.200s", len(p.String()), p)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(book("  a: {type: string, default: x}\n", "{id: s, manual: \"{{ a }}\", if: a == 'x'}", "{id: p, parallel: [{id: q, wait: 1h}]}")))
	f.Add([]byte(bomb()))
	f.Add([]byte(whole))
	f.Add([]byte(head + "phases: {identify: [{id: a, run: [ls], impact: none, set: {n: result.exit}}]}\nfallback: [{id: f, manual: m}]\n"))
	f.Add([]byte("%YAML 1.2\n---\n? [a]\n: |2-\n  x\n..."))
	f.Add([]byte("a: !!binary |\n  R0lG\n\t- \u2028\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Parse("f.yaml", src)
		if err != nil {
			ps, ok := err.(Problems) //nolint:errorlint // Parse promises the bare type
			if !ok || len(ps) == 0 {
				t.Fatalf("Parse returned %T", err)
			}
			for _, x := range ps {
				if x.Line < 1 || x.Column < 1 || x.Code == "" || x.Message == "" {
					t.Fatalf("problem without a place or words: %+v", x)
				}
			}
			return
		}
		for _, x := range Lint(p, testCatalog()) {
			if x.Line < 1 || x.Column < 1 {
				t.Fatalf("problem without a place: %+v", x)
			}
		}
		Markdown(p)
		if slices.ContainsFunc(p.Steps(), func(s *Step) bool { return s.Verb == VerbPlaybook }) {
			return // nobody is there to hand it the playbook that it calls
		}
		w := &walker{t: t, run: NewRun("r", p), now: start}
		w.begin(nil)
		w.toEnd(nil)
	})
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		`a == "x" && n > 2`, `b ?? false`, `len(all) > 0 or "x" in all`, `n in [1, 2]`, `a matches "^x+$"`,
		`result.x.y[0] + 1`, `{"a": [b]}.a[0]`, `a[1:2]`, `n ** 9999999`, `1 / 0 == n`, `"\u00e4" + a`,
	} {
		f.Add(s)
	}
	vars := map[string]*Var{
		"a": {Name: "a", Type: String}, "b": {Name: "b", Type: Bool}, "n": {Name: "n", Type: Int}, "all": {Name: "all", Type: List},
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := compile(text, scope{vars: vars, result: anyResult()}, 0)
		if err != nil {
			if _, ok := err.(*expressionError); !ok { //nolint:errorlint // compile promises the bare type
				t.Fatalf("compile returned %T", err)
			}
			return
		}
		for _, env := range []map[string]any{{}, {"a": "x", "b": true, "n": 3, "all": []string{"x"}, "result": map[string]any{"x": 1}}} {
			_, _ = e.eval(env) // any error will do; a panic will not
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{{ a }}", `\{{ a }}`, "{{a}}{{ b }}", "{{ incident.id }}", "{{", "}}", "{{ {{ a }} }}", "ä{{ ü }}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := values{env: map[string]any{"a": "{{ b }}", "b": []string{"1", "2"}}, secrets: map[string]bool{"s": true}}
		parts, err := parseTemplate(text)
		if err == nil && len(parts) == 0 && text != "" {
			t.Fatalf("%q has no parts", text)
		}
		v.prose(text)
		if out, err := v.exact(text); err == nil && !strings.Contains(text, "{{") && out != text {
			t.Fatalf("%q became %q", text, out)
		}
	})
}
