package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/incident"
)

func testCatalog() Catalog {
	return Catalog{
		Collectors: []string{"triage", "volatile", "linux.auth"},
		Notify:     []string{"pagerduty", "webhook"},
		Actions: map[string]ActionInfo{
			"token.check": {
				ReadOnly: true,
				Params:   []ParamInfo{{Name: "token", Type: "secret", Required: true}},
				Result:   []ParamInfo{{Name: "active", Type: "bool"}, {Name: "hits", Type: "int"}},
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
phases:
  identify:
    - {id: check, action: token.check, with: {token: "{{ token }}"}, set: {live: result.active}}
%s
  contain:
    - {id: block, if: live, action: host.block, with: {address: "{{ address }}"}, approve: {by: commander}, rollback: {action: host.unblock, with: {address: "{{ address }}"}}}
  learn:
    - {id: review, review: blameless}
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
		ps := Lint(mustParse(t, tt.src), Catalog{})
		for _, p := range ps {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != tt.codes {
			t.Errorf("%s: got %v, want %s", tt.name, ps, tt.codes)
		}
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
