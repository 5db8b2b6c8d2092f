package playbooks

import (
	"fmt"
	"strings"
	"testing"
)

const older = `playbook: v1
id: x
name: X
version: 1.0.0
roles: {commander: required, legal: required}
vars: {token: {type: secret, prompt: T}, n: {type: int, default: 1}, r: {type: string, match: "a+", prompt: R}}
clocks: [{use: gdpr}]
phases:
  identify:
    - {id: save, collect: volatile}
    - {id: look, manual: Look., ask: {n: "How many?"}}
    - {id: tell, manual: Tell.}
    - {id: soon, manual: Soon., due: 1d}
  contain:
    - {id: cut, if: n > 1, action: a.cut, with: {host: h}, impact: high, approve: {by: commander, count: 2, timeout: 5m}, rollback: {action: a.join}, verify: {expect: result.ok}, on_failure: call}
fallback:
  - {id: call, manual: Call.}
`

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"version: 1.0.0", "version: 1.1.0", `. version was "1.0.0" and is "1.1.0"`},
		{", count: 2", "", `! cut: approval by 1 instead of 2`},
		{"by: commander", "by: legal", `! cut: legal approves it instead of commander`},
		{", approve: {by: commander, count: 2, timeout: 5m}", "", `! cut: nobody approves it any more; 2 by commander did`},
		{"timeout: 5m", "timeout: 5m, on_timeout: skip", `! cut: it is skipped when nobody approves in time`},
		{"impact: high", "impact: low", `! cut: impact is said to be low; it was high`},
		{", rollback: {action: a.join}", ", irreversible: gone", `! cut: it is no longer said how it is undone; it was by "a.join"`},
		{", verify: {expect: result.ok}", "", `! cut: it is no longer verified; it was by "result.ok"`},
		{", on_failure: call", "", `! cut: its failure no longer leads to call`},
		{"if: n > 1, ", "", `! cut: it is done always; it was only when n > 1`},
		{"a.cut", "a.kill", `+ it asks for something new of actions: a.kill`},
		{"host: h", "host: g", `. cut: parameter host was "h" and is "g"`},
		{"{type: secret,", "{type: string,", `! variable token was a secret and is string: it will be shown`},
		{`match: "a+", `, "", `! variable r takes any value; it had to match "a+"`},
		{"n: {type: int, default: 1}", "n: {type: int, default: 2}", `. variable n: default was "1" and is "2"`},
		{"legal: required", "legal: optional", `! role legal was required and is optional`},
		{", legal: required", "", `! role legal is no longer asked for`},
		{"clocks: [{use: gdpr}]\n", "", `! clock gdpr is gone`},
		{"    - {id: save, collect: volatile}\n", "", `! save: step is gone from identify: Save (collect); evidence is no longer taken`},
		{"    - {id: tell, manual: Tell.}\n", "", `. tell: step is gone from identify: Tell (manual)`},
		{"{id: look,", "{id: look, due: 5m,", `. look: due is new: "5m"`},
		{"due: 1d", "due: 2bd", `! soon: it may take 2bd; it was due in 1d`},
		{"due: 1d", "due: 4h", `. soon: due was "1d" and is "4h"`},
		{", due: 1d", "", `! soon: it has no due any more; it was 1d`},
		{"How many?", "How much?", `. look: question n was "How many?" and is "How much?"`},
		{"    - {id: tell, manual: Tell.}\n    - {id: soon, manual: Soon., due: 1d}\n  contain:\n", "    - {id: soon, manual: Soon., due: 1d}\n  contain:\n    - {id: tell, manual: Tell.}\n", `. tell: step moved from identify to contain`},
		{"    - {id: save, collect: volatile}\n", "    - {id: tellx, manual: Tell.}\n    - {id: save, collect: volatile}\n", `. tellx: step is new in identify: Tellx (manual)`},
		{"Call.", "# no\n", ``},
	} {
		src := strings.Replace(older, tt.from, tt.to, 1)
		if tt.want == "" {
			src = "# a comment\n" + older
		}
		var got []string
		for _, d := range Diff(parseBook(t, older), parseBook(t, src)) {
			mark := "."
			switch {
			case d.Weakens:
				mark = "!"
			case d.Asks:
				mark = "+"
			}
			of := ""
			if d.Step != "" {
				of = d.Step + ": "
			}
			got = append(got, fmt.Sprintf("%s %s%s", mark, of, d.Text))
		}
		if text := strings.Join(got, "\n"); !strings.Contains(text, tt.want) || tt.want == "" && text != "" {
			t.Errorf("%q -> %q:\n%s\nwant %s", tt.from, tt.to, text, tt.want)
		}
	}
}

// What weakens comes first, and of a list that was turned round as few as can
// be are told.
func TestDiffOrder(t *testing.T) {
	const one, two, three = "    - {id: save, collect: volatile}\n", "    - {id: look, manual: Look., ask: {n: \"How many?\"}}\n", "    - {id: tell, manual: Tell.}\n"
	b := strings.Replace(strings.Replace(older, one+two+three, two+three+one, 1), ", count: 2", "", 1)
	got := Diff(parseBook(t, older), parseBook(t, b))
	if len(got) != 2 || !got[0].Weakens || got[1].Text != "step moved behind tell" || got[1].Step != "save" {
		t.Errorf("%+v", got)
	}
}
