package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The whole of the language that the first version left out, in one file.
const whole = head + `calendar: de
vars:
  affected: {type: list, prompt: "Hosts?"}
  strain: {type: string}
  share: {type: float, default: 0.5}
  tries: {type: int, default: 0}
  up: {type: bool}
  token: {type: secret, prompt: "Token?"}
cacao: {spec_version: cacao-2.0, extra: null, list: [1, {a: null}]}
phases:
  identify:
    - id: hosts
      for_each: affected
      as: host
      do:
        - {id: isolate, action: x.y, with: {host: "{{ host }}"}, if: host != "db-1", irreversible: yes, d3fend: [D3-NI, D3-HCI]}
        - {id: note, manual: "Tell the owner of {{ host }}.", needs: [isolate]}
    - id: family
      switch: strain
      cases:
        lockbit:
          - {id: l1, manual: m}
          - {id: l2, manual: m}
        "akira": [{id: a1, manual: m}]
      default: [{id: d1, manual: m}]
    - {id: by-number, switch: tries, cases: {0: [{id: n0, manual: m}], 0x10: [{id: n1, manual: m}]}}
    - {id: by-bool, switch: up, cases: {True: [{id: b1, manual: m}], false: [{id: b0, manual: m}]}}
    - {id: by-share, switch: share, cases: {1.50: [{id: s1, manual: m}], 2: [{id: s2, manual: m}]}}
    - {id: rotate, playbook: rotate-secrets@1.2, with: {repo: a/b, key: "{{ token }}"}, set: {up: result.rotated}}
    - id: hook
      http:
        method: POST
        url: "https://waf.example/api/{{ strain }}?n=1"
        headers: {X-Reason: "{{ incident.id }}", X-Token: "{{ token }}"}
        body: {ip: "{{ strain }}", n: ["{{ tries }}"]}
        expect: [200, 201]
      connection: waf
      set: {strain: result.body.id, tries: result.status}
      rollback: {http: {method: DELETE, url: "/api/{{ strain }}"}}
    - {id: state, http: {url: https://waf.example/}, set: {strain: 'result.headers["etag"]'}}
    - {id: who, run: [last, -n, "20"], on: ssh:web-1, env: {TZ: UTC, WHO: "{{ strain }}", N: 3}, impact: none}
    - {id: local, run: [x], env: {TOKEN: "{{ token }}"}, impact: none}
    - {id: watch, action: x.get, repeat: {every: 1h, for: 24h, until: result.hits > tries, max: 5}}
    - {id: again, if: tries < 3, then: [{id: try, manual: m}], repeat: {every: 10s, max: 100}}
    - {id: tell, notify: [slack], template: stakeholder-update, with: {event: x}}
    - {id: numbers, for_each: "[1, 2]", do: [{id: inner, manual: "{{ item }}", if: item > 1}]}
    - {id: wide, action: x.get, set: {share: result.n, tries: result.m}}
`

func TestTheWholeLanguageIsRead(t *testing.T) {
	p := mustParse(t, whole)
	step := func(id string) *Step {
		s, ok := p.Step(id)
		if !ok {
			t.Fatalf("no step %s", id)
		}
		return s
	}
	got := func(of any) string { return fmt.Sprint(of) }
	for _, c := range []struct{ name, got, want string }{
		{"calendar", p.Calendar, "de"},
		{"cacao", got(p.Cacao), "map[extra:<nil> list:[1 map[a:<nil>]] spec_version:cacao-2.0]"},
		{"for_each", step("hosts").ForEach + " " + step("hosts").As + " " + step("isolate").D3fend[1], "affected host D3-HCI"},
		{"item", step("numbers").As + " " + string(step("numbers").item.Type), "item int"},
		{"cases", got(len(step("family").Cases)) + step("family").Cases[1].Value + step("family").Default[0].ID, "2akirad1"},
		{"whole numbers", step("by-number").Cases[1].Value + step("n1").branch, "1616"},
		{"true and false", step("by-bool").Cases[0].Value + " " + step("by-bool").Cases[1].Value, "true false"},
		{"numbers", step("by-share").Cases[0].Value + " " + step("by-share").Cases[1].Value, "1.5 2"},
		{"playbook", step("rotate").Playbook.String() + got(step("rotate").With), "rotate-secrets@1.2map[key:{{ token }} repo:a/b]"},
		{"http", got(*step("hook").HTTP), "{POST https://waf.example/api/{{ strain }}?n=1 map[X-Reason:{{ incident.id }} X-Token:{{ token }}] map[ip:{{ strain }} n:[{{ tries }}]] [200 201]}"},
		{"rollback", step("hook").Rollback.HTTP.Method + " " + got(step("hook").Rollback.HTTP.ReadOnly()), "DELETE false"},
		{"acts", got(step("hook").Acts()) + got(step("state").Acts()) + step("state").HTTP.Method, "truefalseGET"},
		{"env", got(step("who").Env) + step("who").On, "map[N:3 TZ:UTC WHO:{{ strain }}]ssh:web-1"},
		{"repeat", fmt.Sprint(step("watch").Repeat.Every, step("watch").Repeat.For, step("watch").Repeat.Max, step("watch").Repeat.program != nil), "1h 24h 5 true"},
		{"while", fmt.Sprint(step("again").Repeat.Every.Time == 10*time.Second, step("again").Repeat.Max), "true 100"},
		{"template", step("tell").Template, "stakeholder-update"},
		{"float", got(p.vars["share"].Default), "0.5"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
	ids := func(steps []*Step) string {
		var out []string
		for _, s := range steps {
			out = append(out, s.ID)
		}
		return strings.Join(out, " ")
	}
	if b := ids(p.before(step("l2"))) + "|" + ids(p.before(step("a1"))) + "|" + ids(p.before(step("note"))) + "|" + ids(p.before(step("l1"))); b != "l1||isolate|" {
		t.Errorf("before: %s", b)
	}
	if c := ids(step("family").Children()); c != "l1 l2 a1 d1" {
		t.Errorf("children: %s", c)
	}
}

func TestReferences(t *testing.T) {
	for _, tt := range []struct {
		ref, version string
		fits         bool
	}{
		{"a", "1.2.3", true},
		{"a@1", "1.2.3", true},
		{"a@1", "10.0.0", false},
		{"a@1.2", "1.2.9", true},
		{"a@1.2", "1.20.0", false},
		{"a@1.2.3", "1.2.3", true},
		{"a@1.2.3", "1.2.30", false},
		{"a@1.2.3", "1.2.3-rc1", false},
	} {
		id, version, _ := strings.Cut(tt.ref, "@")
		r := Reference{id, version}
		if r.Fits(&Playbook{ID: "a", Version: tt.version}) != tt.fits || r.String() != tt.ref {
			t.Errorf("%s and %s: %v %s", tt.ref, tt.version, !tt.fits, r)
		}
	}
}

func TestNewProblems(t *testing.T) {
	vars := "  a: {type: string, match: \"[a-z]+\"}\n  b: {type: bool}\n  n: {type: int}\n  f: {type: float}\n  l: {type: list}\n  s: {type: secret}\n"
	one := "do: [{id: z, manual: m}]"
	tests := []struct{ name, step, codes, says string }{
		{"for_each over a text", "{id: x, for_each: §a, " + one + "}", "PB040", "expected list"},
		{"for_each over a secret", "{id: x, for_each: \"[§s]\", " + one + "}", "PB034", "secret"},
		{"for_each over different things", "{id: x, for_each: \"[1, §a]\", " + one + "}", "PB040", "different types"},
		{"for_each over lists", "{id: x, for_each: \"[§l]\", " + one + "}", "PB040", "lists themselves"},
		{"for_each over nothing", "{id: x, for_each: §\"[]\", " + one + "}", "PB040", "no items"},
		{"for_each without do", "§{id: x, for_each: l}", "PB010", "no do"},
		{"for_each as a list", "{id: x, for_each: §[a, b], " + one + "}", "PB009", "text"},
		{"item hides a variable", "{id: x, for_each: l, as: §a, " + one + "}", "PB030", "hide"},
		{"item is a word", "{id: x, for_each: l, as: §result, " + one + "}", "PB030", "word"},
		{"item hides an item", "{id: x, for_each: l, do: [§{id: y, for_each: l, " + one + "}]}", "PB030", "hide"},
		{"item outside", "{id: x, for_each: l, " + one + "}\n    - {id: y, manual: \"§{{ item }}\"}", "PB031", "not declared"},
		{"item outside in a condition", "{id: x, for_each: l, as: host, " + one + "}\n    - {id: y, manual: m, if: §host == a}", "PB031", "not declared"},
		{"item of another type", "{id: x, for_each: \"[1, 2]\", do: [{id: y, manual: m, if: item §== a}]}", "PB040", "mismatched"},
		{"item is not set", "{id: x, for_each: l, do: [{id: y, manual: m, ask: {§item: Q?}}]}", "PB031", "not declared"},
		{"do without for_each", "{id: x, manual: m, §do: []}", "PB024", "do does not go"},
		{"as without for_each", "{id: x, manual: m, §as: y}", "PB024", "as does not go"},
		{"switch without cases", "§{id: x, switch: a}", "PB010", "no cases"},
		{"switch over a list", "{id: x, switch: §l, cases: {a: [{id: z, manual: m}]}}", "PB040", "cannot be over"},
		{"switch over a secret", "{id: x, switch: §s, cases: {a: [{id: z, manual: m}]}}", "PB034", "secret"},
		{"case of another type", "{id: x, switch: n, cases: {§abc: [{id: z, manual: m}]}}", "PB043", "whole number"},
		{"case of a bool", "{id: x, switch: b, cases: {§yes: [{id: z, manual: m}]}}", "PB043", "true or false"},
		{"case is not a number", "{id: x, switch: f, cases: {§.inf: [{id: z, manual: m}]}}", "PB043", "a number"},
		{"case twice", "{id: x, switch: n, cases: {16: [{id: z, manual: m}], §0x10: [{id: y, manual: m}]}}", "PB043", "twice"},
		{"case twice as a key", "{id: x, switch: a, cases: {q: [{id: z, manual: m}], §q: [{id: y, manual: m}]}}", "PB007", "already set"},
		{"case that cannot be", "{id: x, switch: a, cases: {§Q1: [{id: z, manual: m}]}}", "PB043", "matches"},
		{"default that cannot be", "{id: x, switch: b, cases: {true: [{id: z, manual: m}], false: [{id: y, manual: m}]}, default: §[{id: w, manual: m}]}", "PB043", "default"},
		{"case without a value", "{id: x, switch: a, cases: {§\"\": [{id: z, manual: m}]}}", "PB043", "no value"},
		{"case of null", "{id: x, switch: a, cases: {§null: [{id: z, manual: m}]}}", "PB043", "no value"},
		{"case without steps", "{id: x, switch: a, cases: {q: §[]}}", "PB009", "no steps"},
		{"default without switch", "{id: x, manual: m, §default: [{id: z, manual: m}]}", "PB024", "default"},
		{"ids are unique in branches", "{id: x, switch: a, cases: {q: [{id: z, manual: m}], r: [{id: §z, manual: m}]}}", "PB023", "already used"},
		{"needs into a loop", "{id: x, for_each: l, " + one + "}\n    - {id: y, manual: m, needs: [§z]}", "PB026", "need x"},
		{"needs into a repeated if", "{id: x, if: b, repeat: {every: 1s, max: 3}, then: [{id: z, manual: m}]}\n    - {id: y, manual: m, needs: [§z]}", "PB026", "need x"},
		{"circle in a case", "{id: x, switch: a, cases: {q: [{id: z, manual: m, needs: §[y]}, {id: y, manual: m}]}}", "PB027", "waits for"},
		{"circle in a loop", "{id: x, for_each: l, do: [{id: z, manual: m, needs: §[y]}, {id: y, manual: m}]}", "PB027", "waits for"},
		{"reference", "{id: x, playbook: §\"Rotate Me\"}", "PB012", "rotate-ci-secrets@1"},
		{"reference with a range", "{id: x, playbook: §rotate@^1}", "PB012", "badly formed"},
		{"http without url", "{id: x, http: §{method: GET}}", "PB010", "no url"},
		{"http method", "{id: x, http: {method: §PSOT, url: https://a.example}}", "PB012", `"POST"`},
		{"http key", "{id: x, http: {§uri: https://a.example, url: https://a.example}}", "PB008", `"url"`},
		{"http host from a value", "{id: x, http: {url: §\"https://{{ a }}.example/x\"}}", "PB029", "host"},
		{"http host from a value in the user", "{id: x, http: {url: §\"https://a.example{{ a }}/x\"}}", "PB029", "host"},
		{"http password", "{id: x, http: {url: §\"https://u:p@a.example/x\"}}", "PB034", "password"},
		{"http relative", "{id: x, http: {url: §/x}}", "PB036", "connection"},
		{"http other host", "{id: x, connection: c, http: {url: §//evil.example/x}}", "PB036", "no address"},
		{"http file", "{id: x, http: {url: §file:///etc/passwd}}", "PB036", "no address"},
		{"http blank", "{id: x, http: {url: §\"https://a.example/x y\"}}", "PB036", "blank"},
		{"http body of a GET", "{id: x, http: {url: https://a.example, body: §{a: b}}}", "PB024", "POST"},
		{"http status", "{id: x, http: {url: https://a.example, expect: [200, §42]}}", "PB012", "100 to 599"},
		{"http secret in the url", "{id: x, http: {url: \"https://a.example/§{{ s }}\"}}", "PB034", "shown"},
		{"http secret in the body", "{id: x, http: {method: POST, url: https://a.example, body: {k: [\"§{{ s }}\"]}}}", "PB034", "shown"},
		{"http secret in part of a header", "{id: x, http: {url: https://a.example, headers: {X-A: \"Bearer §{{ s }}\"}}}", "PB034", "part of a text"},
		{"http secret in the file", "{id: x, http: {url: https://a.example, headers: {authorization: §Bearer abc}}}", "PB034", "in the file"},
		{"http header", "{id: x, http: {url: https://a.example, headers: {§\"X A\": b}}}", "PB036", "badly formed"},
		{"http header twice", "{id: x, http: {url: https://a.example, headers: {X-A: b, §x-a: c}}}", "PB036", "twice"},
		{"http header of ours", "{id: x, http: {url: https://a.example, headers: {§host: b}}}", "PB036", "made by the program"},
		{"http header of two lines", "{id: x, http: {url: https://a.example, headers: {X-A: §\"a\\nX-B: c\"}}}", "PB036", "more than one line"},
		{"http result", "{id: x, http: {url: https://a.example}, set: {n: result.§code}}", "PB041", "code"},
		{"env name", "{id: x, run: [ls], env: {§A-B: c}}", "PB012", "badly formed"},
		{"env list", "{id: x, run: [ls], env: {A: §[c]}}", "PB009", "must be a text"},
		{"env that is code", "{id: x, run: [ls], env: {LD_PRELOAD: §\"{{ a }}\"}}", "PB029", "part of a command"},
		{"env elsewhere", "{id: x, manual: m, §env: {A: b}}", "PB024", "env"},
		{"env secret over ssh", "{id: x, run: [ls], on: ssh:h, env: {A: \"§{{ s }}\"}}", "PB034", "shown"},
		{"on", "{id: x, run: [ls], on: §\"ssh:-oProxyCommand=x\"}", "PB012", "ssh:"},
		{"repeat without end", "{id: x, action: q, repeat: §{every: 1h}}", "PB010", "nothing ends"},
		{"repeat without every", "{id: x, action: q, repeat: §{max: 3}}", "PB010", "how far apart"},
		{"repeat too often", "{id: x, action: q, repeat: {every: 1s, max: §10001}}", "PB012", "10000"},
		{"repeat of a person's step", "{id: x, manual: m, §repeat: {every: 1h, max: 2}}", "PB024", "repeat"},
		{"repeat of an if with until", "{id: x, if: b, then: [{id: z, manual: m}], repeat: {every: 1h, max: 2, until: §b}}", "PB024", "condition of the if"},
		{"repeat until of another type", "{id: x, run: [ls], repeat: {every: 1h, until: §result.exit}}", "PB040", "bool"},
		{"repeat until of no member", "{id: x, run: [ls], repeat: {every: 1h, until: result.§code == 1}}", "PB041", "code"},
		{"template", "{id: x, notify: [a], template: §../x}", "PB012", "badly formed"},
		{"template elsewhere", "{id: x, manual: m, §template: y}", "PB024", "template"},
		{"d3fend", "{id: x, manual: m, d3fend: [§T1078]}", "PB012", "D3-NI"},
		{"cacao", "{id: x, manual: m, cacao: §text}", "PB009", "mapping"},
		{"float", "{id: x, action: q, with: {a: b}, set: {f: §a}}", "PB040", "expected float"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, want := marked(book(vars, tt.step))
			ps := problemsOf(t, src)
			var codes []string
			for i, p := range ps {
				if i < len(want) && (pos{p.Line, p.Column}) != want[i] {
					t.Errorf("problem %v: want it at %v", p, want[i])
				}
				if !slices.Contains(codes, p.Code) {
					codes = append(codes, p.Code)
				}
			}
			if strings.Join(codes, " ") != tt.codes || !strings.Contains(ps.Error(), tt.says) {
				t.Errorf("got\n%v\nwant %s and %q", ps, tt.codes, tt.says)
			}
		})
	}
}
