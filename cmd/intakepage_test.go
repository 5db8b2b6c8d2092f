package cmd_test

import (
	"os"
	"strings"
	"testing"
)

// intake is a workspace of its own, with alerts that came in every way.
func (j *jsonPage) intake(t *testing.T) {
	b := newBench(t)
	ran := func(doc string, args ...string) {
		t.Helper()
		j.ran(doc, b.want(0, append(args, "--json")...))
	}
	mapping := b.write("m.yaml", `intake: v1
tool: Own
list: $.r[*]
fields:
  {title: '@.t', message: '@.t', severity: '@.s', score: {text: '7.1'}, rule: {text: R1}, cve: {text: CVE-2026-1234}, cwe: {text: '79'}, file: '@.f', line: {text: '3'}, end_line: {text: '4'},
   commit: '@.f', package: '@.f', version: '@.f', fixed_in: '@.f', image: '@.f', host: '@.f', container: '@.f', process: '@.f', user: '@.f', resource: '@.f', repository: '@.f', state: '@.state',
   time: '@.at', updated: '@.at', ended: '@.at', url: {text: 'https://example.org/1'}}
`)
	ran("intake FILE --dry-run", "intake", b.write("own.json", `{"r":[{"t":"T","s":"high","f":"f","state":"closed","at":"2026-11-20T03:00:00Z"}]}`), "--mapping", mapping, "--dry-run")
	sarif := b.write("a.sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T","version":"1.2"}},"invocations":[{"endTimeUtc":"2026-11-20T03:00:00Z","executionSuccessful":false}],"results":[{"ruleId":"GHSA-aaaa-bbbb-cccc","message":{"text":"m"}}]}]}`)
	ran("intake FILE --dry-run", "intake", sarif, "--dry-run")
	ran("intake FILE --open", "intake", sarif, "--open")
	ran("intake FILE --incident ID", "intake", sarif, "--incident", "last")
	s := b.serve(strings.Replace(intakeConfig, "kind: token,", "kind: token, format: alertmanager,", 1))
	if code, said := s.github(leaked(1, "open")); code != 202 {
		t.Fatal(code, said)
	}
	s.wait("by the rule leaks")
	for _, name := range []string{"Odd", "Other"} {
		body := `{"version":"4","groupKey":"` + name + `","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"` + name + `","severity":"low"},"fingerprint":"` + name + `"}]}`
		if code, said := s.post("/v1/am", body, "Authorization", "Bearer token-of-alertmanager"); code != 202 {
			t.Fatal(code, said)
		}
	}
	if code, _ := s.github(leaked(1, "open")); code != 202 {
		t.Fatal(code)
	}
	if code := s.end(os.Interrupt); code != 0 {
		t.Fatal(code)
	}
	j.ran("intake serve", result{out: s.raw.String()})
	ran("intake list", "intake", "list", "--done")
	ran("intake take ITEM", "intake", "take", "last", "--incident", "1")
	ran("intake drop ITEM", "intake", "drop", "last", "--reason", "known")
	ran("intake list", "intake", "list", "--done")
}
