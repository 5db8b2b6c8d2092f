package playbooks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const head = "playbook: v1\nid: x\nname: X\nversion: 1.0.0\n"

// book is a playbook whose identify phase has the given steps, one a line.
func book(vars string, steps ...string) string {
	s := head
	if vars != "" {
		s += "vars:\n" + vars
	}
	s += "phases:\n  identify:\n"
	for _, st := range steps {
		s += "    - " + st + "\n"
	}
	return s
}

func mustParse(t testing.TB, src string) *Playbook {
	t.Helper()
	p, err := Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return p
}

func problemsOf(t testing.TB, src string) Problems {
	t.Helper()
	_, err := Parse("x.yaml", []byte(src))
	if err == nil {
		return nil
	}
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatalf("Parse returned %T", err)
	}
	return ps
}

func TestParseReadsTheFormat(t *testing.T) {
	p := mustParse(t, `playbook: v1
id: leak
name: A leak
version: 1.2.3-rc.1
owner: us
labels: [a, b]
attack: [T1552.001]
severity: sev2
tlp: amber+strict
roles: {commander: required, scribe: optional}
vars:
  repo: {type: string, prompt: "Repository?", required: true, match: "^[^/]+/[^/]+$"}
  n: {type: int, default: 3}
  yes_no: {type: bool}
  key: {type: secret, default: env:KEY}
  all: {type: list, default: [a, b]}
clocks:
  - {use: rule, when: yes_no, from: incident.aware_at}
phases:
  identify:
    - id: look
      title: Look at {{ repo }}
      manual: |
        Look at {{ repo }} and \{{ this }}.
      ask: {yes_no: "Well?"}
      assign: commander
      due: 5bd
    - id: act
      action: a.b
      connection: c
      with: {repo: "{{ repo }}", n: "{{ n }}", list: [1, true, 2.5, "x {{ n }}"], key: "{{ key }}"}
      set: {n: result.count + 1}
      retry: {max: 3, every: 10s}
      timeout: 2m
      approve: {by: commander, count: 2, timeout: 10m, on_timeout: page}
      impact: high
      rollback: {action: a.c, with: {repo: "{{ repo }}"}}
      verify: {action: a.get, with: {repo: "{{ repo }}"}, expect: "!result.active"}
      on_failure: rescue
      evidence: [log]
      attack: [T1078]
      note: Careful.
  contain:
    - {id: sh, run: [ls, -l, --, "{{ repo }}"], on: local, irreversible: no}
    - id: both
      parallel:
        - {id: c, collect: [triage, linux.auth]}
        - {id: w, wait: 4h}
    - if: yes_no && n > 2
      id: choose
      then:
        - {id: t, notify: [mail], with: {message: "{{ incident.id }}"}}
      else:
        - {id: i, ingest: "{{ all }}"}
  learn:
    - {id: r, review: blameless}
fallback:
  - {id: rescue, manual: Call somebody.}
drill: {repo: a/b, yes_no: true}
`)
	act, ok := p.Step("act")
	if !ok {
		t.Fatal("no step act")
	}
	switch {
	case act.Retry.Every != 10*time.Second, act.Retry.Max != 3, act.Timeout.Time != 2*time.Minute:
		t.Errorf("retry or timeout: %+v %+v", act.Retry, act.Timeout)
	case act.Approve.Count != 2, act.OnFailure != "rescue", act.Verify.Expect != "!result.active":
		t.Errorf("modifiers: %+v", act)
	}
	if got := fmt.Sprint(act.With["list"]); got != "[1 true 2.5 x {{ n }}]" {
		t.Errorf("with list: %s", got)
	}
	if look, _ := p.Step("look"); look.Due.BusinessDays != 5 || look.Ask[0].Type != Bool {
		t.Errorf("look: %+v", look)
	}
	if both, _ := p.Step("both"); both.Title != "Both" || len(both.Children()) != 2 || both.Children()[0].Depth != 1 {
		t.Errorf("both: %+v", both)
	}
	if len(p.Phases) != 3 || len(p.SHA256) != 64 || len(p.Fallback) != 1 || p.Drill["repo"] != "a/b" {
		t.Errorf("playbook: %+v", p)
	}
	if got := fmt.Sprint(p.Capabilities()); got != `{[a.b a.c a.get] [ls -l -- "{{ repo }}"] [] [c mail] [linux.auth triage] [{{ all }}] [] [key]}` {
		t.Errorf("capabilities: %s", got)
	}
}

func TestParseProblems(t *testing.T) {
	vars := "  a: {type: string}\n  b: {type: bool}\n  n: {type: int}\n  s: {type: secret}\n"
	// The section sign stands where each problem must be found; it is taken out
	// before the file is parsed.
	tests := []struct{ name, src, codes, says string }{
		{"empty", "§", "PB003", "empty"},
		{"comment only", "§# nothing\n", "PB003", "empty"},
		{"scalar", "§hello", "PB011", "mapping"},
		{"syntax", head + "phases: [\n§", "PB002", ""},
		{"tab", head + "phases:\n§\tidentify: []", "PB002", "spaces"},
		{"two documents", book("", "{id: a, manual: m}") + "§---\nid: y\n", "PB003", "second"},
		{"missing keys", "§playbook: v1\n", "PB010", "id"},
		{"other format", strings.Replace(book("", "{id: a, manual: m}"), "v1", "§v9", 1), "PB011", "v1"},
		{"bad id", strings.Replace(book("", "{id: a, manual: m}"), "id: x", "id: §X Y", 1), "PB012", "badly formed"},
		{"bad version", strings.Replace(book("", "{id: a, manual: m}"), "1.0.0", "§1.0", 1), "PB012", "1.2.0"},
		{"unknown key", book("", "{id: a, manual: m, §tilte: T}"), "PB008", `did you mean "title"?`},
		{"unknown top key", "§" + head + "§phase:\n  identify: []\n", "PB010 PB008", `did you mean "phases"?`},
		{"duplicate key", head + "§name: Y\n" + book("", "{id: a, manual: m}")[len(head):], "PB007", "line 3"},
		{"anchor and alias", book("", "{id: a, manual: §&m text}", "{id: b, manual: §*m}"), "PB005 PB005", "anchor"},
		{"merge key", book("", "{id: a, manual: m, §<<: {title: T}}"), "PB005", "merge"},
		{"custom tag", book("", "{id: a, manual: §!exec m}"), "PB006", "!exec"},
		{"explicit tag", book("", "{id: a, manual: §!!str m}"), "PB006", ""},
		{"null", book("", "{id: a, manual: §}"), "PB009", "empty"},
		{"phase order", head + "phases:\n  contain: [{id: a, manual: m}]\n  §identify: [{id: b, manual: m}]\n", "PB012", "after"},
		{"unknown phase", head + "phases:\n  §identfy: [{id: a, manual: m}]\n", "PB008", "identify"},
		{"no verb", book("", "§{id: a, title: T}"), "PB020", "no verb"},
		{"only a guard", book(vars, "§{id: a, if: b}"), "PB020", "nothing to do"},
		{"two verbs", book("", "§{id: a, manual: m, wait: 1h}"), "PB020", "manual, wait"},
		{"no id", book("", "§{manual: m}"), "PB022", "no id"},
		{"bad step id", book("", "{id: §A_b, manual: m}"), "PB022", "badly formed"},
		{"id twice", book("", "{id: a, manual: m}", "{id: §a, manual: m}"), "PB023", "line 7"},
		{"modifier", book("", "{id: a, wait: 1h, §retry: {max: 2, every: 1s}}"), "PB024", "retry"},
		{"duration", book("", "{id: a, wait: §5 minutes}"), "PB025", "want s, m, h, d or bd"},
		{"milliseconds", book("", "{id: a, wait: §500ms}"), "PB025", "milliseconds"},
		{"business wait", book("", "{id: a, wait: §5bd}"), "PB025", "business"},
		{"needs nothing known", book("", "{id: abc, manual: m}", "{id: b, manual: m, needs: [§acb]}"), "PB026", `"abc"`},
		{"needs later phase", book("", "{id: a, manual: m, needs: [§b]}") + "  learn:\n    - {id: b, manual: m}\n", "PB026", "later phase"},
		{"circle", book("", "{id: a, manual: m, needs: §[b]}", "{id: b, manual: m}"), "PB027", "waits for"},
		{"itself", book("", "{id: a, manual: m, needs: [§a]}"), "PB027", "itself"},
		{"needs its container", book("", "{id: p, parallel: [{id: c, manual: m, needs: [§p]}]}"), "PB027", "part of"},
		{"on_failure", book("", "{id: a, manual: m, on_failure: §nope}"), "PB028", "fallback"},
		{"argv pasted", book(vars, "{id: a, run: [ls, §\"--x={{ a }}\"]}"), "PB029", "pasted"},
		{"argv program", book(vars, "{id: a, run: [§\"{{ a }}\"]}"), "PB029", "program"},
		{"shell text", book(vars, "{id: a, run: [sh, -c, §\"{{ a }}\"]}"), "PB029", "shell"},
		{"shell text after options", book(vars, "{id: a, run: [/bin/bash, -lc, §\"{{ a }}\"]}"), "PB029", "shell"},
		{"shell under sudo", book(vars, "{id: a, run: [sudo, -u, x, sh, -c, §\"{{ a }}\"]}"), "PB029", "shell"},
		{"program as an action", book(vars, "{id: a, action: §linux.run, with: {argv: [sh, -c, \"{{ a }}\"]}}"), "PB029", "verb run"},
		{"program as a rollback", book(vars, "{id: a, action: x.y, rollback: {action: §linux.run}}"), "PB029", "verb run"},
		{"environment", book(vars, "{id: a, run: [ls], with: §{A: b}}"), "PB024", "env:"},
		{"run as text", book("", "{id: a, run: §ls -l}"), "PB009", "[ss, -tnp]"},
		{"reserved variable", book("  §result: {type: string}\n", "{id: a, manual: m}"), "PB030", "word"},
		{"variable name", book("  §A-b: {type: string}\n", "{id: a, manual: m}"), "PB030", "badly formed"},
		{"variable type", book("  a: {type: §sting}\n", "{id: a, manual: m}"), "PB012", "string"},
		{"bad match", book("  a: {type: string, match: §\"(\"}\n", "{id: a, manual: m}"), "PB030", "missing"},
		{"default type", book("  a: {type: int, default: §x}\n", "{id: a, manual: m}"), "PB032", "whole number"},
		{"secret in the file", book("  a: {type: secret, default: §hunter2}\n", "{id: a, manual: m}"), "PB032", "never the secret"},
		{"secret from a program", book("  a: {type: secret, default: §\"exec:rm -rf /\"}\n", "{id: a, manual: m}"), "PB032", "environment only"},
		{"undeclared template", book(vars, "{id: a, manual: \"§{{ aa }}\"}"), "PB031", "known: a, b"},
		{"template with code", book(vars, "{id: a, manual: \"x §{{ a + 1 }}\"}"), "PB033", "not a name"},
		{"template in a block", book(vars, "id: a\n      manual: |\n        Zürich\n\n          deep §{{ zz }}\n        end"), "PB031", "zz"},
		{"open template", book(vars, "{id: a, manual: \"§{{ a\"}"), "PB033", "never closed"},
		{"secret in text", book(vars, "{id: a, manual: \"§{{ s }}\"}"), "PB034", "shown"},
		{"secret in a message", book(vars, "{id: a, notify: [m], with: {message: \"§{{ s }}\"}}"), "PB034", "shown"},
		{"secret in argv", book(vars, "{id: a, run: [ls, \"§{{ s }}\"]}"), "PB034", "shown"},
		{"secret in part", book(vars, "{id: a, action: x.y, with: {h: \"Bearer §{{ s }}\"}}"), "PB034", "part of a text"},
		{"secret in condition", book(vars, "{id: a, manual: m, if: §s == a}"), "PB034", "secret"},
		{"undeclared ask", book(vars, "{id: a, manual: m, ask: {§c: \"C?\"}}"), "PB031", "not declared"},
		{"undeclared set", book(vars, "{id: a, action: x.y, set: {§c: result.x}}"), "PB031", "not declared"},
		{"undeclared in condition", book(vars, "{id: a, manual: m, if: b && §bb}"), "PB031", "known: a, b, n"},
		{"result in a guard", book(vars, "{id: a, manual: m, if: §result.ok}"), "PB031", "earlier step"},
		{"incident in a guard", book(vars, "{id: a, manual: m, if: §incident.drill}"), "PB031", "variables only"},
		{"not a condition", book(vars, "{id: a, manual: m, if: §n + 1}"), "PB040", "bool"},
		{"wrong types", book(vars, "{id: a, manual: m, if: n §== a}"), "PB040", "mismatched"},
		{"syntax of expression", book(vars, "{id: a, manual: m, if: b &§& }"), "PB040", "unexpected"},
		{"range", book(vars, "{id: a, manual: m, if: n in 1§..3}"), "PB040", "ranges"},
		{"closure", book(vars, "{id: a, manual: m, if: \"all([1], §# > 0)\"}"), "PB040", ""},
		{"let", book(vars, "{id: a, manual: m, if: let §x = 1; b}"), "PB040", "not part"},
		{"set type", book(vars, "{id: a, run: [ls], impact: none, set: {b: §result.exit}}"), "PB040", "bool"},
		{"no such result", book(vars, "{id: a, run: [ls], impact: none, set: {n: result.§code}}"), "PB041", "code"},
		{"condition in a block", book(vars, "id: a\n      manual: m\n      if: >-\n        b &&\n        §nope"), "PB031", "nope"},
		{"condition in quotes", book(vars, "{id: a, manual: m, if: 'a == ''x'' && §nope'}"), "PB031", "nope"},
		{"condition with escapes", book(vars, "{id: a, manual: m, if: \"a == \\\"x\\\" && §nope\"}"), "PB031", "nope"},
		{"drill value", book(vars, "{id: a, manual: m}") + "drill: {n: §x, §zz: 1}\n", "PB035 PB031", "whole number"},
		{"hidden character", book("", "{id: a, manual: \"a§\\x1b[2J\"}"), "PB014", "U+001B"},
		{"direction", book("", "{id: a, manual: \"ab§\u202edc\"}"), "PB014", "U+202E"},
		{"all at once", book(vars, "{id: §A, §tilte: t, wait: §x, if: §zz}"), "PB022 PB008 PB025 PB031", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, want := marked(tt.src)
			ps := problemsOf(t, src)
			if len(ps) == 0 {
				t.Fatalf("no problem found in\n%s", src)
			}
			var codes []string
			for i, p := range ps {
				if i < len(want) && (pos{p.Line, p.Column}) != want[i] {
					t.Errorf("problem %v: want it at %v in\n%s", p, want[i], src)
				}
				if !slices.Contains(codes, p.Code) || len(want) > 1 {
					codes = append(codes, p.Code)
				}
				if p.File != "x.yaml" || p.Severity != Error {
					t.Errorf("problem %+v", p)
				}
			}
			if strings.Join(codes, " ") != tt.codes || !strings.Contains(ps.Error(), tt.says) {
				t.Errorf("got\n%v\nwant %s and %q", ps, tt.codes, tt.says)
			}
		})
	}
}

// marked takes the section signs out of src and returns where they stood.
func marked(src string) (string, []pos) {
	var at []pos
	var b strings.Builder
	here := pos{1, 1}
	for _, r := range src {
		if r == '§' {
			at = append(at, here)
			continue
		}
		b.WriteRune(r)
		here.column++
		if r == '\n' {
			here = pos{here.line + 1, 1}
		}
	}
	return b.String(), at
}

func TestNullsInLists(t *testing.T) {
	for _, src := range []string{
		head + "phases: {identify: }\n",
		head + "phases: {identify: []}\n",
		head + "phases: {identify: [null, 3, [], {}]}\n",
		head + "phases: []\n",
		book("  a:\n", "{id: a, manual: m}"),
		book("  a: {type: }\n", "{id: a, manual: m}"),
		book("", "{id: , manual: m}"),
		book("", "{id: a, manual: m, needs: , ask: , set: , with: , retry: , approve: , rollback: , verify: }"),
		book("", "{id: a, action: x, retry: 3, approve: yes, rollback: x, verify: x, set: [], with: []}"),
		book("", "{id: a, parallel: {}}"),
		book("", "{id: a, then: {}, else: 3}"),
		book("", "{id: a, run: []}"),
		book("", "{id: a, run: [[], {}, null]}"),
		book("", "{{id: a}: b}"),
		book("", "{[a, b]: c, id: a, manual: m}"),
	} {
		if len(problemsOf(t, src)) == 0 {
			t.Errorf("no problem in\n%s", src)
		}
	}
}

func TestDurations(t *testing.T) {
	from := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) // a Friday
	for text, want := range map[string]time.Time{
		"30s": from.Add(30 * time.Second), "10m": from.Add(10 * time.Minute), "4h": from.Add(4 * time.Hour),
		"3d": from.AddDate(0, 0, 3), "1bd": from.AddDate(0, 0, 3), "5bd": from.AddDate(0, 0, 7), "6bd": from.AddDate(0, 0, 10),
	} {
		d, err := ParseDuration(text)
		if err != nil || !d.After(from).Equal(want) || d.String() != text {
			t.Errorf("%s: %v %v, want %v", text, d.After(from), err, want)
		}
	}
	for _, text := range []string{"", "5", "m", "-5m", "1.5h", "5 m", "5w", "99999999999999999999s", "999999h", "5M", "400d", "999bd"} {
		if _, err := ParseDuration(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
