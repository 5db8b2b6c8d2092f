package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"firebreak/incident"
)

// testPlaybooks are what the playbooks of the tests can run: rotate, two that
// run each other, and deep-1 to deep-6, each of which runs the next.
var testPlaybooks = sync.OnceValue(func() map[string]*Playbook {
	out := map[string]*Playbook{}
	add := func(id, vars, step string) {
		p, err := Parse(id+".yaml", []byte("playbook: v1\nid: "+id+"\nname: X\nversion: 1.2.0\nvars: {"+vars+"}\nphases:\n  identify:\n    - "+step+"\n"))
		if err != nil {
			panic(err)
		}
		out[id] = p
	}
	add("rotate", "repo: {type: string, match: \"[a-z/]+\", required: true, prompt: P}, key: {type: secret}, n: {type: float}, tags: {type: list}, rotated: {type: bool}", "{id: a, manual: m, ask: {rotated: R?}}")
	add("loop-a", "", "{id: a, playbook: loop-b}")
	add("loop-b", "", "{id: a, playbook: loop-a}")
	add("home", "", "{id: a, playbook: x}")
	for i := 1; i < 7; i++ {
		add(fmt.Sprintf("deep-%d", i), "", fmt.Sprintf("{id: a, playbook: deep-%d}", i+1))
	}
	add("deep-7", "", "{id: a, manual: m}")
	return out
})

func testCatalog() Catalog {
	return Catalog{
		Collectors:  []string{"triage", "volatile", "linux.auth"},
		Notify:      []string{"pagerduty", "webhook"},
		Connections: map[string]string{"waf": "webhook", "web-1": "ssh"},
		Calendars:   []string{"de", "at"},
		Templates:   map[string]string{"update": "{{ incident.id }}: {{ what }} by {{ address }}", "leak": "{{ token }}"},
		Playbooks:   func(id string) (*Playbook, bool) { p, ok := testPlaybooks()[id]; return p, ok },
		PlaybookIDs: func() []string { return []string{"rotate", "loop-a", "loop-b"} },
		Actions: map[string]ActionInfo{
			"token.check": {
				ReadOnly: true,
				Params:   []ParamInfo{{Name: "token", Type: "secret", Required: true}},
				Result:   []ParamInfo{{Name: "active", Type: "bool"}, {Name: "hits", Type: "int"}, {Name: "keys", Type: "list"}, {Name: "share", Type: "float"}},
			},
			"token.revoke": {Danger: incident.High, Params: []ParamInfo{{Name: "token", Type: "secret", Required: true}}},
			"host.block": {
				Danger: incident.Medium, Reversible: true,
				Params: []ParamInfo{
					{Name: "address", Type: "string", Required: true, Match: "[0-9.]+"},
					{Name: "ttl", Type: "duration"},
					{Name: "hard", Type: "bool"},
					{Name: "port", Type: "int"},
					{Name: "tags", Type: "list"},
				},
				Result: []ParamInfo{{Name: "address", Type: "string"}},
			},
			"host.unblock": {Danger: incident.Medium, Reversible: true, Params: []ParamInfo{{Name: "address", Type: "string", Required: true}}},
		},
	}
}

// clean is a playbook that lints without a word; %s stands in its second step.
const clean = head + `roles: {commander: required}
vars:
  address: {type: string, prompt: "Address?", required: true}
  token: {type: secret, prompt: "Token?", required: true}
  live: {type: bool, default: false}
  many: {type: list, default: []}
  share: {type: float, default: 0}
  count: {type: int, default: 0}
phases:
  identify:
    - {id: check, action: token.check, with: {token: "{{ token }}"}, set: {live: result.active}}
%s
  contain:
    - {id: block, if: live, action: host.block, with: {address: "{{ address }}"}, approve: {by: commander}, rollback: {action: host.unblock, with: {address: "{{ address }}"}}}
  learn:
    - {id: review, review: blameless, note: "{{ many }} {{ share }} {{ count }}"}
drill: {address: 192.0.2.1, token: env:TOKEN}
`

func TestLint(t *testing.T) {
	tests := []struct{ name, step, codes, says string }{
		{"nothing wrong", "{id: s, manual: m}", "", ""},
		{"unknown action", "{id: s, action: §host.blok, irreversible: x}", "PB050", `"host.block"`},
		{"unknown parameter", "{id: s, action: token.check, with: {token: \"{{ token }}\", §tokn: x}}", "PB051", `"token"`},
		{"missing parameter", "{id: s, action: §token.check}", "PB052", "token"},
		{"wrong variable type", "{id: s, action: host.block, with: {address: §\"{{ live }}\"}, rollback: {manual: m}}", "PB053", "live is bool"},
		{"wrong literals", "{id: s, action: host.block, with: {address: §7, ttl: §soon, hard: §1, port: §\"80\", tags: §x}, rollback: {manual: m}}", "PB053 PB053 PB053 PB053 PB053", ""},
		{"does not match", "{id: s, action: host.block, with: {address: §example.org}, rollback: {manual: m}}", "PB053", "does not match"},
		{"right literals", "{id: s, action: host.block, with: {address: 192.0.2.1, ttl: 24h, hard: true, port: 80, tags: [a]}, rollback: {manual: m}}", "", ""},
		{"secret into a plain parameter", "{id: s, action: host.block, with: {address: §\"{{ token }}\"}, rollback: {manual: m}}", "PB034", "shown in plans"},
		{"secret as text", "{id: s, action: token.check, with: {token: §hunter2}}", "PB053", ""},
		{"result has no such member", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, set: {live: result.§activ}}", "PB041", `"active"`},
		{"result of another type", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, set: {live: §result.hits}}", "PB040", "bool"},
		{"verify changes something", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, verify: {action: §host.unblock, with: {address: 192.0.2.1}, expect: \"true\"}}", "PB050", "cannot verify"},
		{"verify reads what is not there", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, verify: {action: token.check, with: {token: \"{{ token }}\"}, expect: \"!result.§alive\"}}", "PB041", ""},
		{"rollback unknown", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {action: §host.unblck}}", "PB050", `"host.unblock"`},
		{"rollback lacks a parameter", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {action: §host.unblock}}", "PB052", ""},
		{"unknown collector", "{id: s, collect: [triage, §linux.autj]}", "PB054", `"linux.auth"`},
		{"collect parameter", "{id: s, collect: triage, with: {§path: /etc}}", "PB051", `"paths"`},
		{"unknown target", "{id: s, notify: [webhook, §pagerdty], with: {message: m}}", "PB055", `"pagerduty"`},
		{"notify says nothing", "{id: s, notify: §[webhook]}", "PB052", "message"},
		{"no word of undoing", "{id: s, action: §host.block, with: {address: 192.0.2.1}}", "PB060", "rollback"},
		{"high impact", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, impact: §high}", "PB061", "approve"},
		{"dangerous action", "{id: s, action: §token.revoke, with: {token: \"{{ token }}\"}, irreversible: x}", "PB061", "dangerous"},
		{"both ways", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, irreversible: §x}", "PB062", "both"},
		{"can be undone", "{id: s, action: host.block, with: {address: 192.0.2.1}, irreversible: §x}", "PB062", "can be undone"},
		{"approval for reading", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, approve: §{by: commander}}", "PB065", "only reads"},
		{"program", "{id: s, run: §[ls]}", "PB068", "impact: none"},
		{"program that reads", "{id: s, run: [ls], impact: none}", "", ""},
		{"repeat until", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, repeat: {every: 1h, until: result.§hit > 0}}", "PB041", `"hits"`},
		{"repeat until of another type", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, repeat: {every: 1h, until: §result.hits}}", "PB040", "bool"},
		{"a list into a list", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, set: {many: result.keys, share: result.share, count: result.hits}}", "", ""},
		{"an int into a list", "{id: s, action: token.check, with: {token: \"{{ token }}\"}, set: {many: §result.hits}}", "PB040", "expected list, but got int"},
		{"a text into a float", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, set: {share: §result.address}}", "PB040", "expected float"},
		{"a result into a secret", "{id: s, action: host.block, with: {address: 192.0.2.1}, rollback: {manual: m}, set: {token: §result.address}}", "PB034", "the record would hold it"},
		{"item of a loop", "{id: s, for_each: many, do: [{id: t, action: host.block, with: {address: \"{{ item }}\", hard: §\"{{ item }}\"}, rollback: {manual: m}}]}", "PB053", "item is string"},
		{"playbook", "{id: s, playbook: rotate@1, with: {repo: a/b, key: \"{{ token }}\", n: \"{{ count }}\"}, set: {live: result.rotated}}", "", ""},
		{"no playbook", "{id: s, playbook: §rotat@1}", "PB057", `"rotate"`},
		{"no version", "{id: s, playbook: §rotate@2, with: {repo: a/b}}", "PB057", "version 1.2.0"},
		{"playbook's variable", "{id: s, playbook: rotate, with: {repo: a/b, §tag: [x]}}", "PB051", `"tags"`},
		{"playbook needs more", "{id: s, playbook: §rotate}", "PB052", "needs repo"},
		{"playbook's types", "{id: s, playbook: rotate, with: {repo: §\"{{ live }}\", n: §\"{{ address }}\", tags: §\"a{{ address }}\"}}", "PB053 PB053 PB053", "is bool"},
		{"playbook's literals", "{id: s, playbook: rotate, with: {repo: §UPPER, n: §x, tags: §3}}", "PB053 PB053 PB053", "does not match"},
		{"secret to a playbook", "{id: s, playbook: rotate, with: {repo: §\"{{ token }}\"}}", "PB034", "type secret"},
		{"text as a secret", "{id: s, playbook: rotate, with: {repo: a/b, key: §\"{{ address }}\"}}", "PB053", "is secret"},
		{"file as a secret", "{id: s, playbook: rotate, with: {repo: a/b, key: §\"file:/etc/shadow\"}}", "PB034", "env:NAME"},
		{"playbook's result", "{id: s, playbook: rotate, with: {repo: a/b}, set: {live: result.§rotatd}}", "PB041", `"rotated"`},
		{"playbook's secret", "{id: s, playbook: rotate, with: {repo: a/b}, set: {live: result.§key}}", "PB041", "no member key"},
		{"playbook's result of another type", "{id: s, playbook: rotate, with: {repo: a/b}, set: {live: §result.n}}", "PB040", "bool"},
		{"itself", "{id: s, playbook: §x}", "PB058", "run itself"},
		{"circle over another", "{id: s, playbook: §home}", "PB058", "x runs home runs x"},
		{"circle of others", "{id: s, playbook: §loop-a}", "PB058", "loop-a runs loop-b runs loop-a"},
		{"too deep", "{id: s, playbook: §deep-2}", "PB058", "6 deep"},
		{"deep enough", "{id: s, playbook: deep-3}", "", ""},
		{"http acts", "{id: s, http: §{method: POST, url: https://a.example}}", "PB060", "POST changes"},
		{"http that changes nothing", "{id: s, http: {method: POST, url: https://a.example}, impact: none}", "", ""},
		{"http reads", "{id: s, http: {url: https://a.example}, irreversible: §x}", "PB065", "GET only reads"},
		{"http both ways", "{id: s, http: {method: PUT, url: https://a.example}, irreversible: §x, rollback: {manual: m}}", "PB062", "both"},
		{"http in the clear", "{id: s, http: {url: http://a.example, headers: {X-T: §\"{{ token }}\"}}}", "PB034", "in the clear"},
		{"http dangerous", "{id: s, http: {method: POST, url: https://a.example}, irreversible: x, impact: §high}", "PB061", "nobody approves"},
		{"connection", "{id: s, http: {url: /x}, connection: §waff}", "PB059", `"waf"`},
		{"ssh", "{id: s, run: [ls], impact: none, on: §ssh:web-2}", "PB059", `"web-1"`},
		{"ssh of another kind", "{id: s, run: [ls], impact: none, on: §ssh:waf}", "PB059", "kind webhook"},
		{"on_timeout", "{id: s, manual: m, approve: {by: commander, timeout: 1h, on_timeout: §pge}}", "PB012", `"page"`},
		{"on_timeout without timeout", "{id: s, manual: m, approve: {by: commander, on_timeout: §skip}}", "PB071", "never happens"},
		{"template", "{id: s, notify: [webhook], template: update, with: {what: it}}", "", ""},
		{"template is not there", "{id: s, notify: [webhook], template: §updat}", "PB072", `"update"`},
		{"template inserts what is not there", "{id: s, notify: [webhook], template: §update}", "PB072", "inserts what"},
		{"template and message", "{id: s, notify: [webhook], template: update, with: {what: it, §message: m}}", "PB071", "message of its own"},
		{"template of a secret", "{id: s, notify: [webhook], template: §leak}", "PB034", "shown by template"},
		{"role", "{id: s, manual: m, assign: §legal}", "PB067", "legal"},
		{"change before evidence", "{id: s, action: §host.block, with: {address: 192.0.2.1}, rollback: {manual: m}}\n    - {id: c, collect: triage}", "PB069", "collect first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, want := marked(fmt.Sprintf(clean, "    - "+tt.step))
			ps := Lint(mustParse(t, src), testCatalog())
			var codes []string
			for i, p := range ps {
				codes = append(codes, p.Code)
				if i < len(want) && (pos{p.Line, p.Column}) != want[i] {
					t.Errorf("%v: want it at %v", p, want[i])
				}
				if p.Severity != severityOf(p.Code) {
					t.Errorf("severity of %+v", p)
				}
			}
			if strings.Join(codes, " ") != tt.codes || !strings.Contains(ps.Error(), tt.says) {
				t.Errorf("got\n%v\nwant %s and %q", ps, tt.codes, tt.says)
			}
		})
	}
}

func TestLintOfTheWhole(t *testing.T) {
	tests := []struct{ name, src, codes string }{
		{"no review, no drill value", head + "vars: {a: {type: string, prompt: A?, required: true}}\nphases: {identify: [{id: s, manual: \"{{ a }}\"}]}\n", "PB066 PB070"},
		{"service", head + "labels: [service]\nphases: {learn: [{id: s, manual: m}]}\n", ""},
		{"calendar", head + "calendar: dee\nphases: {learn: [{id: r, review: x}]}\n", "PB073"},
		{"calendar that is there", head + "calendar: de\nphases: {learn: [{id: r, review: x}]}\n", ""},
		{"fallback not reached from a switch", head + "vars: {a: {type: bool, default: true}}\nphases: {learn: [{id: s, switch: a, cases: {true: [{id: r, review: x, on_failure: f}]}}]}\nfallback: [{id: f, manual: m}, {id: g, manual: m}]\n", "PB063"},
		{"unused variable", head + "vars: {a: {type: string}}\nphases: {learn: [{id: r, review: x}]}\n", "PB064"},
		{"used by a clock", head + "vars: {a: {type: bool}}\nclocks: [{use: x, when: a}]\nphases: {learn: [{id: r, review: x}]}\n", ""},
		{"never given", head + "vars: {a: {type: bool}}\nphases: {learn: [{id: r, review: x, if: a}]}\n", "PB042"},
		{"never given but excused", head + "vars: {a: {type: bool}}\nphases: {learn: [{id: r, review: x, if: a ?? true}]}\n", ""},
		{"fallback not reached", head + "phases: {learn: [{id: r, review: x, on_failure: f}]}\nfallback: [{id: f, manual: m}, {id: g, manual: m}]\n", "PB063"},
		{"fallback reached as a whole", head + "phases: {learn: [{id: s, manual: m}, {id: r, review: x, on_failure: f}]}\nfallback: [{id: f, manual: m}, {id: g, manual: m}]\n", ""},
		{"fallback reached from around", head + "phases: {learn: [{id: p, on_failure: f, parallel: [{id: r, review: x}]}]}\nfallback: [{id: f, manual: m, on_failure: g}, {id: g, manual: m}]\n", ""},
	}
	for _, tt := range tests {
		var codes []string
		ps := Lint(mustParse(t, tt.src), Catalog{Calendars: []string{"de"}})
		for _, p := range ps {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != tt.codes {
			t.Errorf("%s: got %v, want %s", tt.name, ps, tt.codes)
		}
	}
}

func TestValuesThatCannotBeThereYet(t *testing.T) {
	ask := "{id: %s, manual: m, ask: {a: A?}}"
	tests := []struct{ name, steps, codes string }{
		{"in order", "- " + fmt.Sprintf(ask, "q") + "\n    - {id: r, review: x, if: a}", ""},
		{"later", "- {id: r, review: x, if: §a}\n    - " + fmt.Sprintf(ask, "q"), "PB042"},
		{"without waiting", "- " + fmt.Sprintf(ask, "q") + "\n    - {id: r, review: x, needs: [], if: §a}", "PB042"},
		{"beside it", "- id: p\n      parallel:\n        - " + fmt.Sprintf(ask, "q") + "\n        - {id: r, review: x, if: §a}", "PB042"},
		{"beside it, waiting", "- id: p\n      parallel:\n        - " + fmt.Sprintf(ask, "q") + "\n        - {id: r, review: x, needs: [q], if: a}", ""},
		{"after both", "- id: p\n      parallel:\n        - " + fmt.Sprintf(ask, "q") + "\n    - {id: r, review: x, if: a}", ""},
		{"other branch", "- id: i\n      if: b\n      then: [" + fmt.Sprintf(ask, "q") + "]\n      else: [{id: r, review: x, needs: [q], if: §a}]", "PB042"},
		{"after a branch", "- id: i\n      if: b\n      then: [" + fmt.Sprintf(ask, "q") + "]\n    - {id: r, review: x, if: a}", ""},
		{"other case", "- id: i\n      switch: b\n      cases: {true: [" + fmt.Sprintf(ask, "q") + "]}\n      default: [{id: r, review: x, if: §a}]", "PB042"},
		{"after a case", "- id: i\n      switch: b\n      cases: {true: [" + fmt.Sprintf(ask, "q") + "]}\n    - {id: r, review: x, if: a}", ""},
		{"of the switch itself", "- id: i\n      switch: §a\n      cases: {true: [" + fmt.Sprintf(ask, "q") + "]}\n    - {id: r, review: x}", "PB042"},
		{"of an earlier round", "- id: i\n      for_each: l\n      do: [{id: r, review: x, if: a}, " + fmt.Sprintf(ask, "q") + "]", ""},
		{"of a loop", "- id: i\n      for_each: §m\n      do: [{id: r, review: x, ask: {m: M?}}]", ""},
		{"item", "- id: i\n      for_each: l\n      do: [{id: r, review: x, if: item == 'x'}]", ""},
		{"earlier phase", "- " + fmt.Sprintf(ask, "q") + "\n  contain:\n    - {id: r, review: x, if: a}", ""},
		{"fallback", "- {id: r, review: x}\n    - " + fmt.Sprintf(ask, "q") + "\nfallback:\n    - {id: f, manual: m, if: a}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, want := marked(head + "vars:\n  a: {type: bool}\n  b: {type: bool, default: true}\n  l: {type: list, default: []}\n  m: {type: list}\nphases:\n  identify:\n    " + tt.steps + "\n")
			var got []string
			for _, p := range Lint(mustParse(t, src), Catalog{}) {
				if p.Code != codeUnset {
					continue
				}
				got = append(got, p.Code)
				if len(want) > 0 && (pos{p.Line, p.Column}) != want[0] {
					t.Errorf("%v: want it at %v", p, want[0])
				}
			}
			if strings.Join(got, " ") != tt.codes {
				t.Errorf("got %v, want %q", got, tt.codes)
			}
		})
	}
}

// TestLintPage holds docs/playbook-lint.md to the table of codes.
func TestLintPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "playbook-lint.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, c := range Codes() {
		want = append(want, fmt.Sprintf("### %s %s: %s", c.Code, c.Severity, c.Title))
	}
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "### PB") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			t.Fatalf("the page lacks %q", want[i])
		case i >= len(want):
			t.Fatalf("the page has %q, which is no code", got[i])
		case got[i] != want[i]:
			t.Fatalf("the page has %q where %q must be", got[i], want[i])
		}
	}
}

func TestCodesAreUniqueAndUsed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Code] || c.Title == "" || (c.Severity != Error && c.Severity != Warning) {
			t.Errorf("code %+v", c)
		}
		seen[c.Code] = true
	}
}

func TestMarkdown(t *testing.T) {
	hostile := head + `description: "<script>alert(1)</script> [x](javascript:y) https://evil.example ` + "`a`" + ` | b"
vars: {a: {type: string, prompt: "A | <b>?", default: "` + "``" + `"}}
phases:
  identify:
    - {id: s, title: "# *Big* {{ a }}", manual: "` + "````" + `\n# not a heading\n</pre><img src=x onerror=y>"}
    - id: i
      if: a == "x"
      then: [{id: t, action: host.block, with: {note: "two\nlines", address: "` + "`|`" + `"}, rollback: {manual: "<i>"}, approve: {by: commander}}]
      else: [{id: w, wait: 4h}]
    - {id: p, parallel: [{id: c, collect: triage}, {id: n, notify: [webhook], with: {message: m}}, {id: r, run: [ls, "a b"], needs: []}]}
fallback: [{id: f, manual: Call., due: 10m, assign: commander}]
`
	out := string(Markdown(mustParse(t, hostile)))
	for _, bad := range []string{"<script", "<b>", "<i>", "https://", "[x](", "\n# *Big"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page holds %q:\n%s", bad, out)
		}
	}
	for _, good := range []string{
		"# X\n", "## Identify\n", "### 1. \\# \\*Big\\* {{ a }}\n", "#### 2.1. T\n", "`````text\n````\n# not a heading", "## If a step fails",
		"- Approval: 1 by commander", "- Wait: 4h", "ls \"a b\"", "| `a` | string |", "**Else:**", "after `nothing`", "due 10m",
	} {
		if !strings.Contains(out, good) {
			t.Errorf("the page lacks %q:\n%s", good, out)
		}
	}
}
