package cacao_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/playbooks"
)

// author writes random playbooks of the whole language.
type author struct {
	r  *rand.Rand
	n  int
	fb []string
	b  strings.Builder
}

func (a *author) pick(from ...string) string { return from[a.r.IntN(len(from))] }

func (a *author) some(n int) bool { return a.r.IntN(n) == 0 }

func (a *author) line(depth int, format string, args ...any) {
	fmt.Fprintf(&a.b, strings.Repeat("  ", depth)+format+"\n", args...)
}

func (a *author) playbook() string {
	a.line(0, "playbook: v1\nid: %s\nname: %s\nversion: %s", a.pick("a-book", "rotate-keys"), a.pick("A book", "Rotate keys", `"Cöl: 'x' #1"`), a.pick("1.0.0", "2.3.4", "1.2.3-rc.1"))
	for _, l := range []string{"owner: team", "labels: [a, b]", "labels: one", "attack: [T1078, T1552.001]", "severity: sev2", "tlp: amber+strict", "description: |\n  Two\n  lines", "roles: {scribe: optional, commander: required}", "clocks:\n  - {use: x, when: b1, from: incident.aware_at}"} {
		if a.some(3) && (!strings.HasPrefix(l, "labels: o") || !strings.Contains(a.b.String(), "labels")) {
			a.line(0, "%s", l)
		}
	}
	a.line(0, `vars:
  zoo: {type: string, prompt: "Which?", required: true, match: "[a-z]+"}
  b0: {type: bool}
  b1: {type: bool, default: true, prompt: Well}
  n0: {type: int, default: -3}
  f0: {type: float, default: 1.5}
  l0: {type: list, default: [a, "b, c"]}
  s0: {type: string, default: "it's \"x\" __y__:value"}
  t0: {type: secret, default: "env:TOKEN"}
  t1: {type: secret, prompt: Secret}`)
	for i := range a.r.IntN(4) {
		a.fb = append(a.fb, fmt.Sprintf("f%d", i))
	}
	a.line(0, "phases:")
	for i, ph := range incident.Phases() {
		if i > 0 && a.some(3) {
			continue
		}
		a.line(1, "%s:", ph)
		a.list(2, 3, 4)
	}
	if len(a.fb) > 0 {
		a.line(0, "fallback:")
		for i, id := range a.fb {
			a.line(1, "- id: %s", id)
			a.leaf(2)
			a.failure(2, i+1)
		}
	}
	if a.some(2) {
		a.line(0, "drill: {zoo: x, b0: true}")
	}
	return a.b.String()
}

func (a *author) failure(depth, from int) {
	if from < len(a.fb) && a.some(3) {
		a.line(depth, "on_failure: %s", a.fb[from+a.r.IntN(len(a.fb)-from)])
	}
}

func (a *author) list(depth, nest, most int) {
	var ids []string
	for range 1 + a.r.IntN(most) {
		id := fmt.Sprintf("s%d", a.n)
		a.n++
		a.line(depth, "- id: %s", id)
		if a.some(2) {
			a.line(depth+1, "title: %s", a.pick("Do it", id, "Say {{ zoo }}", `"Why: \\{{ x }}"`))
		}
		if len(ids) > 0 && a.some(6) {
			a.line(depth+1, "needs: [%s]", ids[a.r.IntN(len(ids))])
		} else if a.some(12) {
			a.line(depth+1, "needs: []")
		}
		a.step(depth+1, nest)
		a.failure(depth+1, 0)
		ids = append(ids, id)
	}
}

func (a *author) condition() string {
	return a.pick("b0", `"!b0"`, "not b1", "b0 && (b1 || n0 > 2)", `"n0 in [1, 3] && !(b0 || b1)"`, "b0 ?? false", `zoo == "it's"`, `s0 matches "^a.*"`, `s0 contains "x"`, "len(l0) > 0", "f0 >= 1.5", "n0 == -3", `"!(n0 == 2)"`, `lower(zoo) == "x"`, "b1 == true", "zoo == s0")
}

func (a *author) guard(depth int) {
	if a.some(4) {
		a.line(depth, "if: %s", a.condition())
	}
}

func (a *author) step(depth, nest int) {
	n := a.r.IntN(14)
	if nest == 0 {
		n = 6 + a.r.IntN(8)
	}
	switch n {
	case 0, 1:
		a.line(depth, "if: %s", a.condition())
		if a.some(3) {
			a.line(depth, "repeat: {every: %s, max: %s}", a.pick("10s", "1m"), a.pick("100", "3"))
		} else if a.some(2) {
			a.line(depth, "else:")
			a.list(depth+1, nest-1, 2)
		}
		a.line(depth, "then:")
		a.list(depth+1, nest-1, 2)
	case 2:
		a.guard(depth)
		a.line(depth, "parallel:")
		a.list(depth+1, nest-1, 4)
	case 3:
		a.guard(depth)
		a.line(depth, "switch: %s", a.pick("zoo", "s0", "lower(zoo)"))
		a.line(depth, "cases:")
		for _, c := range []string{"zz", "aa", "default"}[:1+a.r.IntN(3)] {
			a.line(depth+1, "%s:", c)
			a.list(depth+2, nest-1, 2)
		}
		if a.some(2) {
			a.line(depth, "default:")
			a.list(depth+1, nest-1, 2)
		}
	case 4:
		a.guard(depth)
		a.line(depth, "for_each: l0")
		if nest < 3 || a.some(2) {
			a.line(depth, "as: h%d", a.n)
		}
		a.line(depth, "do:")
		a.list(depth+1, nest-1, 2)
	case 5:
		a.guard(depth)
		a.line(depth, "playbook: rotate@%s", a.pick("1", "1.2.3", "1.2"))
		if a.some(2) {
			a.line(depth, `with: {repo: "{{ zoo }}"}`)
		}
	default:
		a.guard(depth)
		a.leaf(depth)
	}
}

func (a *author) leaf(depth int) {
	acts := false
	switch a.r.IntN(11) {
	case 0:
		a.line(depth, "action: x.y\n%swith: {z: 1, a: \"{{ zoo }} __zoo__:value\", token: \"{{ t0 }}\", l: [1, {b: 2.5}]}", strings.Repeat("  ", depth))
		acts = true
		if a.some(2) {
			a.line(depth, "set: {n0: result.n, b0: result.ok}")
		}
		if a.some(3) {
			a.line(depth, "verify: {action: x.z, expect: result.ok, with: {q: 1}}")
		}
	case 1:
		a.line(depth, "run: %s", a.pick(`[ss, -tnp]`, `[grep, -F, --, "{{ zoo }}", /var/log/x]`, `[sh, -c, 'grep -F -- "$1" "$2" | tail', sh, "{{ zoo }}", "{{ s0 }}"]`, `["it's", "a b", "__x__:value", "\\{{ x }}", ""]`, `[bash, -c, "echo '\\{{ x }}' $1 `+"`id`"+`", bash, "{{ zoo }}"]`, `[pwsh, -NoProfile, -NonInteractive, -Command, "Get-Item ${env:value_zoo}"]`))
		if a.some(2) {
			a.line(depth, `env: {value_zoo: "{{ zoo }}"}`)
		}
		if a.some(3) {
			a.line(depth, "on: ssh:web-1")
		}
		if a.some(3) {
			a.line(depth, "set: {s0: trim(result.stdout)}")
		}
		acts = true
	case 2:
		method := a.pick("GET", "POST", "PUT")
		body := a.pick("", `, body: {ip: "{{ zoo }}", n: 1.50, deep: [true, {x: "y"}]}, expect: [200, 201]`, `, body: "text {{ zoo }}"`)
		if method == "GET" {
			body = ""
		}
		a.line(depth, `http: {method: %s, url: "%s", headers: {X-A: "{{ zoo }}", Authorization: "{{ t0 }}"}%s}`, method, a.pick("https://waf.example/api/{{ zoo }}?q=1", "/api/block", "https://waf.example"), body)
		a.line(depth, "connection: waf")
		acts = true
	case 3:
		a.line(depth, "collect: %s", a.pick("triage", "[volatile, logs]"))
		a.line(depth, `with: {authority: "{{ incident.id }}"}`)
	case 4:
		a.line(depth, "notify: [webhook]\n%swith: {message: \"Hello {{ incident.title }}\"}", strings.Repeat("  ", depth))
	case 5:
		a.line(depth, "wait: %s", a.pick("10s", "90m", "2d"))
	case 6:
		a.line(depth, "review: blameless\n%sdue: 5bd", strings.Repeat("  ", depth))
	case 7:
		a.line(depth, "detect: [%q]\n%swith: {tag: x}", "user:root {{ zoo }}", strings.Repeat("  ", depth))
	default:
		a.line(depth, "manual: %s", a.pick("m", `"Say __zoo__:value and {{ zoo }}, \\{{ x }}"`, "|\n"+strings.Repeat("  ", depth+1)+"Two\n\n"+strings.Repeat("  ", depth+1)+"  lines {{ incident.id }}"))
		if a.some(2) {
			a.line(depth, "ask: {%s}", a.pick(`b0: "Well?"`, `n0: "How many?", b0: "Well?"`, `l0: "Which?", s0: "What?", f0: "How much?"`))
		}
		if a.some(2) {
			a.line(depth, "assign: %s", a.pick("investigator", "responder"))
		}
		if a.some(3) {
			a.line(depth, "due: 4h\n%sevidence: [e1]", strings.Repeat("  ", depth))
		}
	}
	if acts {
		a.line(depth, "%s", a.pick("irreversible: yes it is", "rollback: {manual: back}", "irreversible: 'not known: CACAO does not say what this changes'"))
		for _, l := range []string{"retry: {max: 3, every: 10s}", "timeout: 90s", "approve: {by: commander, count: 2, timeout: 10m, on_timeout: page}", "impact: high", "repeat: {every: 1h, for: 24h, until: b0}"} {
			if a.some(5) {
				a.line(depth, "%s", l)
			}
		}
	}
	for _, l := range []string{"note: \"Mind {{ zoo }}\"", "attack: [T1105]", "d3fend: [D3-NI]"} {
		if a.some(6) {
			a.line(depth, "%s", l)
		}
	}
}

// TestYAMLThereAndBack: a playbook of the whole language comes back from CACAO
// equal as data, and its CACAO keeps every rule of the standard.
func TestYAMLThereAndBack(t *testing.T) {
	rounds := uint64(testkit.Rounds(t, 25, 1000))
	refused := 0
	for seed := range rounds {
		src := (&author{r: rand.New(rand.NewPCG(seed, 3))}).playbook()
		if _, err := playbooks.Parse("x.yaml", []byte(src)); err != nil {
			refused++
			if refused < 6 {
				t.Logf("seed %d: %v", seed, err)
			}
			continue
		}
		there(t, []byte(src))
	}
	if refused > 0 {
		t.Errorf("%d of %d playbooks were refused", refused, rounds)
	}
}
