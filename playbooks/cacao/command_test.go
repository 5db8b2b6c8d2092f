package cacao_test

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
)

// action imports a playbook with one action: commands and agent as JSON.
func action(t *testing.T, commands, agent string) (*playbooks.Step, *cacao.Imported) {
	t.Helper()
	src := fmt.Sprintf(`{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--00000000-0000-4000-8000-000000000001","name":"x","workflow_start":"start--1",
"playbook_variables":{"__path__":{"type":"string","value":"/tmp"},"__w__":{"type":"string"},"__fix__":{"type":"string","value":"ls -la","constant":true}},
"agent_definitions":{"linux--1":{"type":"linux","name":"x"},"group--1":{"type":"group","name":"Team"}},
"target_definitions":{"ssh--1":{"type":"ssh","name":"web 1","address":{"ipv4":["192.0.2.1"]}},"http-api--1":{"type":"http-api","name":"api","address":{"dname":["api.example"]},"port":"443"}},
"workflow":{"start--1":{"type":"start","on_completion":"action--1"},"action--1":{"type":"action","name":"Do","commands":[%s],"agent":%q,"targets":[%s],"on_completion":"end--1"},"end--1":{"type":"end"}}}`,
		commands, agent, map[bool]string{true: `"http-api--1"`, false: `"ssh--1"`}[strings.Contains(commands, "http")])
	in := roundTrip(t, []byte(src))
	p, err := playbooks.Parse("x.yaml", in.YAML)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := p.Step("do")
	if !ok {
		t.Fatalf("no step do in\n%s", in.YAML)
	}
	return s, in
}

// TestCommandsBecomeSteps: a command becomes a step in which a value stays a
// value, or one for a person.
func TestCommandsBecomeSteps(t *testing.T) {
	for _, c := range []struct{ kind, command, want, on string }{
		{"ssh", "ls -la", `["ls" "-la"]`, "ssh:web-1"},
		{"ssh", "touch __path__:value", `["touch" "{{ path }}"]`, "ssh:web-1"},
		{"bash", "grep 'a b' __path__:value", `["grep" "a b" "{{ path }}"]`, "ssh:web-1"},
		{"bash", "cat __path__:value | head -n 3", `["sh" "-c" "cat \"$1\" | head -n 3" "sh" "{{ path }}"]`, "ssh:web-1"},
		{"bash", "echo 'x __w__:value' \"y __w__:value __path__:value\" > /dev/null", `["sh" "-c" "echo 'x '\"$1\"'' \"y ${1} ${2}\" > /dev/null" "sh" "{{ w }}" "{{ path }}"]`, "ssh:web-1"},
		{"bash", "echo {{ x }}; true", `["sh" "-c" "echo \\{{ x }}; true"]`, "ssh:web-1"},
		{"ssh", "__fix__:value", `["ls" "-la"]`, "ssh:web-1"},
		{"powershell", "Get-Item __path__:value", `["pwsh" "-NoProfile" "-NonInteractive" "-Command" "Get-Item ${env:value_path}"]`, "ssh:web-1"},
	} {
		s, in := action(t, fmt.Sprintf(`{"type":%q,"command":%q}`, c.kind, c.command), "linux--1")
		if got := fmt.Sprintf("%q", s.Run); s.Verb != playbooks.VerbRun || got != c.want || s.On != c.on {
			t.Errorf("%s %q: %s %s on %q, want %s\n%s", c.kind, c.command, s.Verb, got, s.On, c.want, in.YAML)
		}
	}
	// Where a value could become part of a command, a person carries it out.
	for _, c := range []string{
		"__path__:value", "__path__:value -x", "eval __path__:value", "sh -c '__path__:value'", "true; __path__:value", "true && __path__:value",
		"echo $(cat __path__:value)", "echo `cat __path__:value`", "sudo __path__:value", "sed s/a/__w__:value/ f", "cat <<E\n__w__:value\nE", "echo # '\n__w__:value",
		"find / -exec __w__:value", "if true; then __w__:value; fi", "{ __w__:value; }", "echo \\__w__:value", "[[ a -eq __w__:value ]]", "echo $((__w__:value))",
		"echo 'open __w__:value", "FOO=1 env __w__:value", "python3 -c 'print(\"__w__:value\")'", "xargs __w__:value", "timeout 5 __w__:value", "! __w__:value",
	} {
		s, in := action(t, fmt.Sprintf(`{"type":"bash","command":%q}`, c), "linux--1")
		if s.Verb != playbooks.VerbManual || len(in.Doubtful) == 0 {
			t.Errorf("%q: %s %q, want a step for a person", c, s.Verb, s.Run)
		}
	}
	for _, c := range []string{"__w__:value", "iex __w__:value", "& __w__:value", "Get-Item '__w__:value'", "a; __w__:value", "Invoke-Command __w__:value"} {
		if s, _ := action(t, fmt.Sprintf(`{"type":"powershell","command":%q}`, c), "linux--1"); s.Verb != playbooks.VerbManual {
			t.Errorf("powershell %q: %q, want a step for a person", c, s.Run)
		}
	}
	// A person, an attack, and commands that this program has no word for.
	if s, _ := action(t, `{"type":"ssh","command":"ls"}`, "group--1"); s.Verb != playbooks.VerbManual || !strings.Contains(s.Manual, "ls") {
		t.Errorf("a command of a group: %s %q", s.Verb, s.Manual)
	}
	for _, kind := range []string{"elastic", "jupyter", "kestrel", "sigma", "yara", "caldera-cmd", "ftp"} {
		if s, _ := action(t, fmt.Sprintf(`{"type":%q,"command_b64":"aGVsbG8="}`, kind), "linux--1"); s.Verb != playbooks.VerbManual || !strings.Contains(s.Manual, "hello") {
			t.Errorf("%s: %s %q", kind, s.Verb, s.Manual)
		}
	}
	for _, kind := range []string{"http-api", "openc2-http"} {
		s, in := action(t, fmt.Sprintf(`{"type":%q,"command":"POST /x/__w__:value HTTP/1.1","headers":{"A":["b"]},"content_b64":"eyJhIjogIl9fd19fOnZhbHVlIn0="}`, kind), "linux--1")
		if s.Verb != playbooks.VerbHTTP || s.HTTP.URL != "https://api.example/x/{{ w }}" || fmt.Sprint(s.HTTP.Body) != "map[a:{{ w }}]" {
			t.Errorf("%s: %s %+v\n%s", kind, s.Verb, s.HTTP, in.YAML)
		}
	}
}

// TestConditions: conditions become expressions, and the other way round.
func TestConditions(t *testing.T) {
	for in, want := range map[string]string{
		"__b__:value = true":                                        "b",
		"__b__:value = 'false'":                                     "!b",
		"NOT __b__:value = true":                                    "!b",
		"__s__:value = 'it\\'s'":                                    `s == "it's"`,
		"__s__:value != \"x\"":                                      `s != "x"`,
		"__n__:value >= 3 AND __b__:value = true":                   "n >= 3 && b",
		"__n__:value > 3 OR __n__:value < 1 AND __b__:value=true":   "n > 3 || n < 1 && b",
		"(__n__:value > 3 OR __n__:value < 1) AND __b__:value=true": "(n > 3 || n < 1) && b",
		"__s__:value IN ('a', 'b')":                                 `s in ["a", "b"]`,
		"__s__:value NOT IN ('a')":                                  `!(s in ["a"])`,
		"__s__:value LIKE 'a%.b_'":                                  `s matches "^a.*\\.b.$"`,
		"__s__:value MATCHES '^a+$'":                                `s matches "^a+$"`,
		"__s__:value = __t__:value":                                 "s == t",
		"__n__:value = '5'":                                         "n == 5",
		"[__b__:value = true]":                                      "b",
	} {
		src := conditional(in)
		p, err := playbooks.Parse("x.yaml", roundTrip(t, src).YAML)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := p.Step("way"); !ok || s.Verb != playbooks.VerbIf || s.If != want {
			t.Errorf("%s: got %q, want %q", in, s.If, want)
		}
	}
	for _, in := range []string{"", "x", "__b__:value", "__no__:value = 1", "__n__:value = 'x'", "__b__:value > true", "__b__:value = ", "(__b__:value = true", "__s__:value MATCHES '('", "__b__:value = true true", "__n__:value ISSUBSET '1'", strings.Repeat("NOT ", 99) + "__b__:value = true"} {
		imported := roundTrip(t, conditional(in))
		if !strings.Contains(string(imported.YAML), "way-question") || len(imported.Doubtful) == 0 {
			t.Errorf("%q: nobody is asked:\n%s", in, imported.YAML)
		}
	}
}

func conditional(condition string) []byte {
	return fmt.Appendf(nil, `{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--00000000-0000-4000-8000-000000000001","name":"x","workflow_start":"start--1",
"playbook_variables":{"__b__":{"type":"bool"},"__s__":{"type":"string"},"__t__":{"type":"string"},"__n__":{"type":"integer"}},
"workflow":{"start--1":{"type":"start","on_completion":"if--1"},"if--1":{"type":"if-condition","name":"Way","condition":%q,"on_true":"action--1","on_completion":"end--1"},
"action--1":{"type":"action","name":"Do","on_completion":"end--2"},"end--1":{"type":"end"},"end--2":{"type":"end"}}}`, condition)
}

// TestFailuresGoTheirWay: on_failure leads where the file says, and what the
// file does not say is asked of a person.
func TestFailuresGoTheirWay(t *testing.T) {
	src := `{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--00000000-0000-4000-8000-000000000001","name":"x","workflow_start":"start--1",
"agent_definitions":{"linux--1":{"type":"linux","name":"x"}},
"workflow":{"start--1":{"type":"start","on_completion":"action--1"},
"action--1":{"type":"action","name":"First","commands":[{"type":"bash","command":"false"}],"agent":"linux--1","on_success":"action--2","on_failure":"action--3"},
"action--2":{"type":"action","name":"Second","commands":[{"type":"bash","command":"true"}],"agent":"linux--1","on_completion":"end--1"},
"action--3":{"type":"action","name":"Mend","on_completion":"action--4"},"action--4":{"type":"action","name":"Mend more","on_completion":"action--2"},"end--1":{"type":"end"}}}`
	p, err := playbooks.Parse("x.yaml", roundTrip(t, []byte(src)).YAML)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(play(t, p, nil).Path); got != "[first second]" {
		t.Errorf("when all goes well: %s", got)
	}
	if got := fmt.Sprint(play(t, p, map[string]playbooks.Outcome{"first": {Fail: "broken"}}).Path); got != "[first mend mend-more second]" {
		t.Errorf("when the first fails: %s", got)
	}
	if got := fmt.Sprint(play(t, p, map[string]playbooks.Outcome{"second": {Fail: "broken"}}).Path); got != "[first second failed]" {
		t.Errorf("when the second fails: %s", got)
	}
}
