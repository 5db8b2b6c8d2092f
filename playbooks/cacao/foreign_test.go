package cacao_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/playbooks/cacao"
)

// foreign writes random CACAO playbooks as others write them: branches that end
// as the standard wants, and branches that meet without a word; texts, values
// and members of all kinds.
type foreign struct {
	r    *rand.Rand
	n    int
	flow *cacao.Object
	vars []string
}

func (f *foreign) pick(from ...string) string { return from[f.r.IntN(len(from))] }
func (f *foreign) some(n int) bool            { return f.r.IntN(n) == 0 }

func (f *foreign) id(kind string) string {
	f.n++
	return fmt.Sprintf("%s--%08x-0000-4000-8000-%012x", kind, f.n, f.r.Uint64N(1<<40))
}

func (f *foreign) text() string {
	return f.pick("Block it", "", " spaces ", "two\nlines\n", "dos\r\nlines", "{{ x }} and __a__:value", "zero\u200bwidth", "Größe 💥", "__nope__:value", "null", "1.0", "- a: b", "it's", "Block it")
}

func (f *foreign) list(in ...any) []any { return in }

func (f *foreign) any(depth int) any {
	switch f.r.IntN(8) {
	case 0:
		return nil
	case 1:
		return cacao.Number(f.pick("1", "-0", "1.50", "12345678901234567890", "1e400"[:3], "0.1"))
	case 2:
		return f.some(2)
	case 3:
		if depth > 0 {
			return f.list(f.any(depth-1), f.any(depth-1))
		}
	case 4:
		if depth > 0 {
			return cacao.NewObject(f.pick("a", "absent", "json", "ids"), f.any(depth-1), "b", f.any(depth-1))
		}
	}
	return f.text()
}

func (f *foreign) playbook() []byte {
	f.flow = cacao.NewObject()
	doc := cacao.NewObject("type", "playbook", "spec_version", "cacao-2.0", "id", f.id("playbook"), "name", f.text(), "created_by", f.id("identity"),
		"created", f.pick("2023-01-02T03:04:05.678Z", "2023-01-02T03:04:05Z"), "modified", "2023-02-03T04:05:06.123456Z", "workflow_start", f.id("start"))
	vars := cacao.NewObject()
	for _, v := range []string{"__a__", "__B-c__", "__n__", "__b__", "__if__"}[:1+f.r.IntN(5)] {
		o := cacao.NewObject("type", map[string]string{"__n__": "integer", "__b__": "bool"}[v])
		if o.Get("type") == "" {
			o.Set("type", f.pick("string", "ipv4-addr", "dictionary", "custom", "list"))
		}
		if f.some(2) {
			o.Set("value", f.pick("5", "true", "x y", "", "[\"a\"]"))
		}
		if f.some(5) {
			o.Set("value", nil)
		}
		if f.some(3) {
			o.Set("external", true)
		}
		if f.some(3) {
			o.Set("description", f.text())
		}
		vars.Set(v, o)
		f.vars = append(f.vars, v)
	}
	if f.some(4) {
		vars.Set("badly named", cacao.NewObject("type", "string"))
	}
	doc.Set("playbook_variables", vars)
	end := f.end()
	begin := f.chain(3, end, 4)
	f.flow.Set(doc.Get("workflow_start").(string), cacao.NewObject("type", "start", "on_completion", begin))
	switch f.r.IntN(4) {
	case 0:
		doc.Set("workflow_exception", end)
	case 1:
		doc.Set("workflow_exception", f.chain(0, f.end(), 2))
	}
	doc.Set("workflow", f.flow)
	doc.Set("agent_definitions", cacao.NewObject("group--00000000-0000-4000-8000-000000000001", cacao.NewObject("type", "group", "name", f.pick("Legal", "SOC")), "linux--00000000-0000-4000-8000-000000000002", cacao.NewObject("type", "linux", "name", "x", "address", cacao.NewObject("dname", f.list("x")))))
	doc.Set("target_definitions", cacao.NewObject("ssh--00000000-0000-4000-8000-000000000003", cacao.NewObject("type", "ssh", "name", f.pick("web 1", ""), "address", cacao.NewObject("ipv4", f.list("192.0.2.1")))))
	for _, k := range []string{"severity", "priority", "labels", "description", "x_custom", "external_references", "playbook_types"} {
		if f.some(3) {
			doc.Set(k, f.any(3))
		}
	}
	return cacao.Indented(doc)
}

func (f *foreign) end() string {
	id := f.id("end")
	o := cacao.NewObject("type", "end")
	if f.some(3) {
		o.Set("name", f.text())
	}
	f.flow.Set(id, o)
	return id
}

// chain writes steps that lead to next, and returns the first.
func (f *foreign) chain(nest int, next string, most int) string {
	for range 1 + f.r.IntN(most) {
		next = f.step(nest, next)
	}
	return next
}

func (f *foreign) step(nest int, next string) string {
	kind := "action"
	if nest > 0 && f.some(3) {
		kind = f.pick("if-condition", "while-condition", "switch-condition", "parallel")
	} else if f.some(10) {
		kind = "playbook-action"
	}
	id := f.id(kind)
	o := cacao.NewObject("type", kind, "name", f.text())
	if f.some(4) {
		o.Set("description", f.text())
	}
	if f.some(8) {
		o.Set(f.pick("x_new", "owner", "step_extensions", "timeout", "delay", "id", "cacao"), f.any(2))
	}
	branch := func(to string) string {
		if f.some(6) {
			return to
		}
		return f.chain(nest-1, to, 2)
	}
	strict := !f.some(3) || kind == "while-condition" || kind == "action" || kind == "playbook-action"
	exit := func() string {
		if strict {
			return f.end()
		}
		return next
	}
	switch kind {
	case "if-condition", "while-condition":
		if !f.some(6) {
			o.Set("condition", f.pick("__a__:value = 'x'", "__n__:value >= 3", "NOT __b__:value = true", "nonsense", "__a__:value IN ('a','b') OR __b__:value = false", "__nope__:value = 1"))
		}
		o.Set("on_true", branch(exit()))
		if kind == "if-condition" && f.some(2) {
			o.Set("on_false", branch(exit()))
		}
	case "switch-condition":
		o.Set("switch", f.pick("__a__:value", "__a__", "nothing"))
		cases := cacao.NewObject()
		for _, c := range []string{"a", "b c", "default", "\u200b"}[:1+f.r.IntN(4)] {
			cases.Set(c, branch(exit()))
		}
		o.Set("cases", cases)
	case "parallel":
		var all []any
		for range 2 + f.r.IntN(2) {
			all = append(all, branch(exit()))
		}
		o.Set("next_steps", all)
	case "playbook-action":
		o.Set("playbook_id", f.pick(f.id("playbook"), "nonsense"))
	default:
		f.action(o)
	}
	switch {
	case !strict && kind == "if-condition" && !o.Has("on_false"):
		o.Set("on_completion", next)
	case !strict:
	case f.some(4):
		o.Set("on_success", next)
		if f.some(2) {
			o.Set("on_failure", f.pick(next, f.chain(0, next, 2), f.chain(0, f.end(), 2)))
		}
	default:
		o.Set("on_completion", next)
	}
	f.flow.Set(id, o)
	return id
}

func (f *foreign) action(o *cacao.Object) {
	if f.some(8) {
		return
	}
	var commands []any
	for range 1 + f.r.IntN(2) {
		c := cacao.NewObject("type", f.pick("manual", "bash", "ssh", "http-api", "powershell", "yara", "ftp", "openc2-http"))
		c.Set(f.pick("command", "command", "command", "command_b64"), f.pick("ls -la", "touch __a__:value", "GET /x/__a__:value HTTP/1.1", "POST https://x.example/y HTTP/1.1", "echo '__a__:value' \"__n__:value\" | sort", "eval __a__:value", "bHM=", "Do it.\n", "__a__:value"))
		if f.some(4) {
			c.Set("content", f.pick(`{"a":"__a__:value","b":[1,null]}`, "text", `{"a": __n__:value}`))
		}
		if f.some(4) {
			c.Set("headers", cacao.NewObject("X-A", f.list("1", "2"), "Authorization", f.list("__a__:value")))
		}
		if f.some(4) {
			c.Set("playbook_activity", f.pick("restrict-access", "restore-data", "own"))
		}
		commands = append(commands, c)
	}
	o.Set("commands", commands)
	if !f.some(6) {
		o.Set("agent", f.pick("group--00000000-0000-4000-8000-000000000001", "linux--00000000-0000-4000-8000-000000000002", "none", "soarca--00000000-0000-4000-8000-000000000009"))
	}
	if f.some(2) {
		o.Set("targets", f.list("ssh--00000000-0000-4000-8000-000000000003", "http-api--00000000-0000-4000-8000-00000000000"+strconv.Itoa(f.r.IntN(9)))[:1+f.r.IntN(2)])
	}
	if f.some(3) {
		o.Set("out_args", f.list(f.pick(f.vars...), "__nope__")[:1+f.r.IntN(2)])
	}
	if f.some(4) {
		o.Set("step_variables", cacao.NewObject("__a__", cacao.NewObject("type", "string", "value", f.pick("x", "y z"), "constant", true)))
	}
	if f.some(4) {
		o.Set("external_references", f.list(cacao.NewObject("name", f.text(), "source", "mitre-attack", "external_id", "T1078")))
	}
	for _, k := range []string{"delay", "timeout"} {
		if f.some(5) {
			o.Set(k, cacao.Number(f.pick("0", "1500", "60000", "-1", "99999999999", "1.5")))
		}
	}
}

// TestCACAOThereAndBack: a CACAO playbook comes back from YAML equal, whatever
// it holds.
func TestCACAOThereAndBack(t *testing.T) {
	for seed := range uint64(testkit.Rounds(t, 50, 2000)) {
		src := (&foreign{r: rand.New(rand.NewPCG(seed, 5))}).playbook()
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { roundTrip(t, src) })
	}
}
