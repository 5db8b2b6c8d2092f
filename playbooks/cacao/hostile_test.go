package cacao_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
)

func hostileID(kind string, n int) string {
	return fmt.Sprintf("%s--%08x-0000-4000-8000-000000000000", kind, n)
}

// hostile makes files that are large where they hurt, within the limits.
func hostile() map[string]string {
	head := func(rest string) string {
		return `{"type":"playbook","spec_version":"cacao-2.0","id":"` + hostileID("playbook", 1) + `","name":"x","created_by":"` + hostileID("identity", 1) +
			`","created":"2023-01-02T03:04:05.678Z","modified":"2023-01-02T03:04:05.678Z","workflow_start":"` + hostileID("start", 1) + `",` + rest + `}`
	}
	flow := func(first string, steps []string) string {
		return head(`"workflow":{"` + hostileID("start", 1) + `":{"type":"start","on_completion":"` + first + `"},"` + hostileID("end", 1) + `":{"type":"end"}` + strings.Join(steps, "") + `}`)
	}
	chain := func(n int, body string) []string {
		var steps []string
		for i := range n {
			next := hostileID("action", i+2)
			if i == n-1 {
				next = hostileID("end", 1)
			}
			steps = append(steps, fmt.Sprintf(`,"%s":{"type":"action","name":"s",%s"on_completion":"%s"}`, hostileID("action", i+1), body, next))
		}
		return steps
	}
	diamonds := func(n int) []string {
		var steps []string
		for i := range n {
			join := hostileID("if-condition", i+2)
			if i == n-1 {
				join = hostileID("end", 1)
			}
			for k := range 2 {
				steps = append(steps, fmt.Sprintf(`,"%s":{"type":"action","on_completion":"%s"}`, hostileID("action", 2*i+k+1), join))
			}
			steps = append(steps, fmt.Sprintf(`,"%s":{"type":"if-condition","on_true":"%s","on_false":"%s"}`, hostileID("if-condition", i+1), hostileID("action", 2*i+1), hostileID("action", 2*i+2)))
		}
		return steps
	}
	ladder := func(n int) []string { // each step is shared by two ways that do not meet
		var steps []string
		for i := range n {
			steps = append(steps, fmt.Sprintf(`,"%s":{"type":"if-condition","on_true":"%s","on_false":"%s"}`, hostileID("if-condition", i+1), hostileID("if-condition", min(i+2, n)), hostileID("if-condition", min(i+3, n))))
		}
		steps[n-1] = fmt.Sprintf(`,"%s":{"type":"action","on_completion":"%s"}`, hostileID("if-condition", n), hostileID("end", 1))
		return steps
	}
	var vars strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&vars, `"__v%d__":{"type":"string"},`, i)
	}
	long := strings.Repeat("__a__:value and ", 50_000)
	commands := `"commands":[` + strings.TrimSuffix(strings.Repeat(`{"type":"bash","command":"touch 'a' __x__:value"},`, 1500), ",") + `],`
	members := make([]string, 90)
	for i := range members {
		members[i] = fmt.Sprintf(`"m%d":{"k":1}`, i)
	}
	return map[string]string{
		"many members":          flow(hostileID("action", 1), chain(25, `"x":{`+strings.Join(members, ",")+`},`)),
		"members of members":    flow(hostileID("action", 1), chain(85, `"x":`+strings.Repeat(`{"a":`, 50)+`1`+strings.Repeat(`}`, 50)+`,`)),
		"variables of steps":    flow(hostileID("action", 1), chain(190, `"step_variables":{"__a__":{"type":"string","value":"x"},"__b__":{"type":"string","value":"x"},"__c__":{"type":"bool"}},`)),
		"many references":       flow(hostileID("action", 1), chain(50, `"external_references":[`+strings.TrimSuffix(strings.Repeat(`{"name":"T1059","external_id":"T1059"},`, 30), ",")+`],`)),
		"commands of steps":     flow(hostileID("action", 1), chain(48, `"commands":[`+strings.TrimSuffix(strings.Repeat(`{"type":"ssh","command":"touch __x__:value 'y' | sort"},`, 10), ",")+`],"agent":"x--1",`)),
		"a long chain":          flow(hostileID("action", 1), chain(380, `"commands":[{"type":"ssh","command":"touch __x__:value 'y' | sort"}],"agent":"x--1","external_references":[{"name":"a"}],`)),
		"more steps than fit":   flow(hostileID("action", 1), chain(990, "")),
		"diamonds":              flow(hostileID("if-condition", 1), diamonds(150)),
		"shared ways":           flow(hostileID("if-condition", 1), ladder(300)),
		"many variables":        head(`"playbook_variables":{` + strings.TrimSuffix(vars.String(), ",") + `},"workflow":{}`),
		"many values":           head(`"x":[` + strings.TrimSuffix(strings.Repeat("0,", 4900), ",") + `],"workflow":{}`),
		"a long text":           flow(hostileID("action", 1), chain(1, `"commands":[{"type":"bash","command":"`+long+`"}],`)),
		"a long member":         flow(hostileID("action", 1), chain(1, `"x":"`+long+`",`)),
		"many commands":         flow(hostileID("action", 1), chain(1, commands)),
		"a deep condition":      flow(hostileID("if-condition", 1), []string{`,"` + hostileID("if-condition", 1) + `":{"type":"if-condition","condition":"` + strings.Repeat("(", 3000) + `","on_true":"` + hostileID("end", 1) + `"}`}),
		"deep nesting":          head(`"x":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `,"workflow":{}`),
		"a member of each kind": flow(hostileID("action", 1), chain(200, `"a":null,"b":{"c":[1,2,{"d":"\u200b"}]},"description":"`+strings.Repeat("x", 2000)+`",`)),
	}
}

// TestHostileFiles: whatever the file, there is an answer, and all that was
// allocated on the way to it is less than 50 MB. BenchmarkImport says how long
// it takes.
func TestHostileFiles(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			if len(text) > cacao.MaxSize {
				t.Fatalf("%d bytes are more than the limit", len(text))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in, err := cacao.Import([]byte(text))
			runtime.ReadMemStats(&after)
			spent := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes: %d MB in all, %v", len(text), spent>>20, shortErr(err))
			if spent > 50_000_000 && !raceDetector {
				t.Errorf("allocated %d bytes in all", spent)
			}
			var refused *cacao.RefusedError
			var syntax *cacao.SyntaxError
			if err != nil && !errors.As(err, &refused) && !errors.As(err, &syntax) {
				t.Fatal(err)
			}
			if err == nil {
				if _, err := playbooks.Parse("x.yaml", in.YAML); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkImport(b *testing.B) {
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = cacao.Import([]byte(text))
			}
		})
	}
}

func shortErr(err error) string {
	if err == nil {
		return "imported"
	}
	s := err.Error()
	return s[:min(len(s), 160)]
}

// seeds are small files, one for each kind of step: the fuzzer makes an
// interesting file smaller before it goes on, and that takes long with large ones.
func seeds() []string {
	flow := func(rest string) string {
		return `{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--00000000-0000-4000-8000-000000000001","name":"x","workflow_start":"s","playbook_variables":{"__b__":{"type":"bool"},"__x__":{"type":"string","value":"v","external":true}},"workflow":{"s":{"type":"start","on_completion":"a"},"end--1":{"type":"end"},"end--2":{"type":"end"},` + rest + `}}`
	}
	return []string{
		`{"type":"playbook","spec_version":"cacao-2.0"}`,
		`{"type":"playbook","spec_version":"1.1"}`,
		flow(`"a":{"type":"action","name":"n","commands":[{"type":"bash","command":"touch __x__:value 'a'"}],"agent":"g--1","on_completion":"end--1"}`),
		flow(`"a":{"type":"action","commands":[{"type":"manual","command":"m"},{"type":"ssh","command":"ls"}],"targets":["t"],"out_args":["__x__"],"delay":1500,"on_success":"end--1","on_failure":"f"},"f":{"type":"action","on_completion":"end--2"}`),
		flow(`"a":{"type":"if-condition","condition":"__b__:value = true OR NOT __x__:value IN ('a',\"b\")","on_true":"b","on_completion":"end--1"},"b":{"type":"action","on_completion":"end--2"}`),
		flow(`"a":{"type":"while-condition","condition":"__x__:value LIKE 'a%'","on_true":"b","on_completion":"end--1"},"b":{"type":"action","on_completion":"end--2"}`),
		flow(`"a":{"type":"switch-condition","switch":"__x__:value","cases":{"u":"b","default":"c"}},"b":{"type":"action","on_completion":"c"},"c":{"type":"action","on_completion":"end--1"}`),
		flow(`"a":{"type":"parallel","next_steps":["b","c"]},"b":{"type":"playbook-action","playbook_id":"p","on_completion":"end--1"},"c":{"type":"action","commands":[{"type":"http-api","command":"POST http://h/ HTTP/1.1","content":"{\"a\":__x__:value}","headers":{"X":["1"]}}],"on_completion":"end--1"}`),
	}
}

// FuzzImport: any bytes are refused or come back equal.
func FuzzImport(f *testing.F) {
	for _, src := range seeds() {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		in, err := cacao.Import(src)
		var refused *cacao.RefusedError
		var syntax *cacao.SyntaxError
		if err != nil {
			if !errors.As(err, &refused) && !errors.As(err, &syntax) {
				t.Fatal(err)
			}
			return
		}
		p, err := playbooks.Parse("x.yaml", in.YAML)
		if err != nil {
			t.Fatalf("%v in\n%s", err, in.YAML)
		}
		out, err := cacao.Export(p, cacao.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := cacao.Decode(src)
		if err != nil {
			t.Fatal(err)
		}
		if string(cacao.Canonical(out.Doc)) != string(cacao.Canonical(want)) {
			t.Fatalf("the export differs:\n%s\n%s", cacao.Canonical(out.Doc), cacao.Canonical(want))
		}
	})
}
