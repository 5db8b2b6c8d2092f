package cacao

import (
	"slices"
	"strings"

	"firebreak/internal/lazyre"
)

// action writes the commands, the agent and the targets of an action.
func (e *exporter) action(g group, obj *Object) {
	step := g.main
	ids := step.object("cacao").object("ids")
	if g.before != nil {
		obj.Set("delay", integer(milliseconds(g.before.Get("wait"))))
	}
	if ms := milliseconds(step.Get("wait")); ms > 0 {
		obj.Set("delay", integer(ms))
	}
	var commands, targets []any
	for _, s := range append([]*Object{step}, g.parts...) {
		c := e.command(s)
		if !slices.ContainsFunc(commands, func(x any) bool { return same(x, c) }) || len(ids.list("targets")) < 2 {
			commands = append(commands, c)
		}
		if t := e.target(s); t != "" && !slices.Contains(targets, any(t)) {
			targets = append(targets, t)
		}
	}
	if check := e.check(step); check != nil {
		commands = append(commands, check)
	}
	obj.Set("commands", commands)
	agent := agentOf(step)
	if a := ids.text("agent"); a != "" {
		agent = a
	}
	switch {
	case agent == "none":
	case ids.Has("agent"):
		obj.Set("agent", agent)
	case e.options.Profile == SOARCA:
		kind, name := capability(commands)
		agent = makeID(kind, "capability", name)
		obj.Set("agent", agent)
		e.define("agent_definitions", agent, NewObject("type", kind, "name", name))
	default:
		obj.Set("agent", agent)
		e.define("agent_definitions", agent, agentDefinition(step))
	}
	if kept := ids.list("targets"); kept != nil {
		targets, _ = keptList(kept)
	} else if ids.Has("agent") {
		targets = nil
	}
	if len(targets) > 0 {
		obj.Set("targets", targets)
	}
	var out []any
	for _, s := range append([]*Object{step}, g.parts...) {
		for _, k := range []string{"ask", "set"} {
			for _, name := range s.object(k).Keys() {
				if theirs := e.names.theirs[name]; theirs != "" && !slices.Contains(out, any(theirs)) {
					out = append(out, theirs)
				}
			}
		}
	}
	if len(out) > 0 {
		obj.Set("out_args", out)
	}
}

func keptList(v []any) ([]any, bool) {
	out, ok := kept(v).([]any)
	return out, ok
}

func agentDefinition(step *Object) *Object {
	switch v := verbOf(step); {
	case step.text("assign") != "" && (v == "manual" || v == "review"):
		return NewObject("type", "group", "name", step.text("assign"))
	case v == "manual" || v == "review":
		return NewObject("type", "group", "name", teamName)
	}
	return NewObject("type", "firebreak", "name", "Firebreak")
}

// command is what one step of ours does, in CACAO's words: natively where
// CACAO has a command for it, else as a text that a person understands.
func (e *exporter) command(step *Object) *Object {
	switch verbOf(step) {
	case "run":
		return e.shellCommand(step)
	case "http":
		return e.httpCommand(step)
	case "action":
		return NewObject("type", "firebreak", "command", e.names.prose(what(step)))
	case "manual":
		return NewObject("type", "manual", "command", e.names.prose(strings.TrimRight(step.text("manual"), "\n")))
	}
	return NewObject("type", "manual", "command", e.names.prose(what(step)))
}

// what says in a few words what a step does.
func what(step *Object) string {
	verb := verbOf(step)
	var b strings.Builder
	switch verb {
	case "manual", "review", "wait":
		if verb != "manual" {
			b.WriteString(strings.ToUpper(verb[:1]) + verb[1:] + ": ")
		}
		b.WriteString(strings.TrimRight(step.text(verb), "\n"))
	case "run":
		b.WriteString("Run: ")
		for i, w := range textsOf(step.Get("run")) {
			if i > 0 {
				b.WriteByte(' ')
			}
			s, _ := w.(string)
			b.WriteString(s)
		}
	case "http":
		b.WriteString(step.object("http").text("method") + " " + step.object("http").text("url"))
	case "action", "playbook":
		b.WriteString(step.text(verb))
	case "collect", "ingest", "detect", "notify":
		b.WriteString(strings.ToUpper(verb[:1]) + verb[1:])
		for i, w := range textsOf(step.Get(verb)) {
			s, _ := w.(string)
			b.WriteString([]string{", ", " "}[max(0, 1-i)] + s)
		}
	default:
		b.WriteString(verb)
	}
	with := step.object("with")
	for _, k := range slices.Sorted(slices.Values(with.Keys())) {
		b.WriteString(" " + k + "=")
		if s, ok := with.Get(k).(string); ok {
			b.WriteString(s)
			continue
		}
		b.Write(Canonical(with.Get(k)))
	}
	return b.String()
}

// undoing says for an approval how the step is undone.
func undoing(step *Object) string {
	if s := step.text("irreversible"); s != "" {
		return "\nIt cannot be undone: " + strings.TrimRight(s, "\n")
	}
	if r := step.object("rollback"); r != nil {
		return "\nIt is undone by: " + cmpText(r.text("action"), r.text("manual"), "a command")
	}
	return ""
}

// check is the step's verification, as a second command of the same action.
func (e *exporter) check(step *Object) *Object {
	v := step.object("verify")
	if v == nil {
		return nil
	}
	return NewObject("type", "manual", "description", checkMark, "command", e.names.prose("Verify: "+cmpText(v.text("action"), "read back")+", expect "+v.text("expect")))
}

const checkMark = "Verification of the command before."

func (e *exporter) shellCommand(step *Object) *Object {
	var argv []string
	for _, w := range textsOf(step.Get("run")) {
		s, _ := w.(string)
		argv = append(argv, s)
	}
	id := e.mains[step.text("id")]
	if s, ok := e.powershellText(id, argv, step.object("env")); ok {
		return NewObject("type", "powershell", "command", s)
	}
	kind := "bash"
	if strings.HasPrefix(step.text("on"), "ssh:") {
		kind = "ssh"
	}
	if s, ok := e.scriptText(id, argv); ok {
		return NewObject("type", kind, "command", s)
	}
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = e.names.shellWord(w)
	}
	return NewObject("type", kind, "command", strings.Join(words, " "))
}

// scriptText is the script of [bash, -c, script, bash, values …].
func (e *exporter) scriptText(id string, argv []string) (string, bool) {
	if len(argv) < 3 || argv[0] != "bash" && argv[0] != "sh" || argv[1] != "-c" {
		return "", false
	}
	var values []string
	for i, w := range argv[3:] {
		p := pieces(w)
		switch {
		case i == 0 && w == argv[0] && len(argv) > 4:
			continue
		case i == 0 || len(p) != 1 || p[0].name == "" || e.names.theirs[p[0].name] == "":
			return "", false
		}
		values = append(values, p[0].name)
	}
	text := strings.ReplaceAll(argv[2], `\{{`, "{{")
	if hasUse(text) || strings.Contains(strings.ReplaceAll(argv[2], `\{{`, ""), "{{") {
		return "", false
	}
	return e.names.unscript(id, text, values)
}

func (e *exporter) powershellText(id string, argv []string, env *Object) (string, bool) {
	if !slices.Equal(argv[:max(0, len(argv)-1)], []string{"pwsh", "-NoProfile", "-NonInteractive", "-Command"}) {
		return "", false
	}
	text := strings.ReplaceAll(argv[4], `\{{`, "{{")
	ok := !hasUse(text)
	out := psValue.ReplaceAllStringFunc(text, func(s string) string {
		name := s[len("${env:"+psPrefix) : len(s)-1]
		theirs := e.names.theirs[name]
		ok = ok && theirs != "" && env.text(psPrefix+name) == "{{ "+name+" }}"
		return theirs + ":value"
	})
	again, values, fine := e.names.powershell(id, out)
	return out, ok && fine && again == text && len(values) == env.Len()
}

var urlParts = lazyre.New(`^(https?://[^/?#]*)(.*)$`)

func (e *exporter) httpCommand(step *Object) *Object {
	r := step.object("http")
	path := r.text("url")
	if m := urlParts.FindStringSubmatch(path); m != nil {
		path = m[2]
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
	}
	c := NewObject("type", "http-api", "command", cmpText(r.text("method"), "GET")+" "+strings.ReplaceAll(e.names.prose(path), " ", "%20")+" HTTP/1.1")
	headers := NewObject()
	from := r.object("headers")
	for _, k := range from.Keys() {
		value := ""
		for _, v := range textsOf(from.Get(k)) {
			value, _ = v.(string)
		}
		headers.Set(k, []any{e.names.prose(value)})
	}
	if headers.Len() > 0 {
		c.Set("headers", headers)
	}
	switch body := r.Get("body").(type) {
	case nil:
	case string:
		c.Set("content", e.names.prose(body))
	default:
		c.Set("content", string(Canonical(e.untemplate(body))))
	}
	return c
}

// untemplate turns the templates in a value into CACAO's.
func (e *exporter) untemplate(v any) any {
	switch v := v.(type) {
	case string:
		return e.names.prose(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = e.untemplate(x)
		}
		return out
	case *Object:
		out := NewObject()
		for _, k := range v.Keys() {
			out.Set(k, e.untemplate(v.Get(k)))
		}
		return out
	}
	return v
}

// call writes a playbook-action.
func (e *exporter) call(step, obj *Object) {
	ref, version, _ := strings.Cut(step.text("playbook"), "@")
	if idShape.MatchString(ref) {
		obj.Set("playbook_id", ref)
	} else {
		obj.Set("playbook_id", makeID("playbook", ref))
	}
	if strings.Count(version, ".") == 2 {
		obj.Set("playbook_version", versionTime(version))
	}
	var out []any
	for _, name := range step.object("set").Keys() {
		if theirs := e.names.theirs[name]; theirs != "" {
			out = append(out, theirs)
		}
	}
	if len(out) > 0 {
		obj.Set("out_args", out)
	}
}
