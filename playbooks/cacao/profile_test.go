package cacao_test

import (
	"strings"
	"testing"

	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
)

const profiled = `playbook: v1
id: profiled
name: Profiled
version: 1.0.0
clocks:
  - {use: eu-gdpr-33-authority, from: incident.aware_at}
vars:
  host: {type: string, prompt: Which host?}
  hosts: {type: list, default: [a]}
  bad: {type: bool}
phases:
  identify:
    - {id: look, run: [grep, "{{ host }}", /var/log/x], on: ssh:web, retry: {max: 2, every: 5s}, impact: none}
    - {id: local, run: [ls], impact: none, timeout: 10s}
    - {id: ask, manual: Look., ask: {bad: "Bad?"}, due: 4h}
    - id: both
      parallel:
        - {id: one, manual: One.}
        - {id: two, manual: Two.}
    - {id: three, if: bad && host == "x", manual: Three., needs: [ask]}
    - id: way
      switch: host
      cases:
        a: [{id: a, manual: A.}]
    - id: each
      for_each: hosts
      do: [{id: cut, action: x.y, irreversible: It is., approve: {by: commander}, on_failure: call}]
    - id: twice
      if: bad && host == "x"
      then: [{id: again, manual: Again.}]
    - id: odd
      if: len(host) > 3 && lower(host) == "x"
      then: [{id: keep, collect: triage}]
fallback:
  - {id: call, manual: Call.}
`

// TestProfiles: each profile names what degrades, where it stands.
func TestProfiles(t *testing.T) {
	p, err := playbooks.Parse("profiled.yaml", []byte(profiled))
	if err != nil {
		t.Fatal(err)
	}
	said := func(profile cacao.Profile) string {
		out, err := cacao.Export(p, cacao.Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, n := range out.Degraded {
			lines = append(lines, n.At+" "+n.Says)
			if n.At != "" && n.At != "/workflow_exception" && !strings.HasPrefix(n.At, "/workflow/") {
				t.Errorf("a place that is none: %q", n.At)
			}
		}
		return strings.Join(lines, "\n")
	}
	if s := said(cacao.Full); s != "" {
		t.Errorf("nobody asked, and it says %s", s)
	}
	strict := []string{"paste the values", "tried once", "deadline", "takes the next item", "type firebreak", "an approval is one question", "cannot be undone", "no words for the condition", "collect becomes", "order that needs gives", "clocks"}
	soarca := []string{"passes over a parallel", "passes over a switch-condition", "never goes to on_failure", "never goes there", "no bash commands", "one minute", "three words", "timeouts of manual"}
	got := said(cacao.Strict)
	for _, want := range strict {
		if !strings.Contains(got, want) {
			t.Errorf("strict does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "SOARCA") {
		t.Errorf("strict speaks of SOARCA:\n%s", got)
	}
	got = said(cacao.SOARCA)
	for _, want := range append(strict, soarca...) {
		if !strings.Contains(got, want) {
			t.Errorf("soarca does not say %q:\n%s", want, got)
		}
	}
}
