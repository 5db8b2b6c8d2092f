package cacao

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
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

var urlParts = regexp.MustCompile(`^(https?://[^/?#]*)(.*)$`)

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

// targetOf is what an export names as the target of a step, when it has one.
func targetOf(n *names, step *Object) (string, bool) {
	switch verbOf(step) {
	case "run":
		name, ok := strings.CutPrefix(step.text("on"), "ssh:")
		return makeID("ssh", "connection", name), ok
	case "http":
		return makeID("http-api", "target", step.text("connection"), httpBase(n, step)), true
	}
	return "", false
}

// httpBase is the scheme and host of a request, "" when the connection has it.
func httpBase(n *names, step *Object) string {
	if m := urlParts.FindStringSubmatch(step.object("http").text("url")); m != nil {
		return n.prose(m[1])
	}
	return ""
}

// target defines what a step acts on, "" for nothing.
func (e *exporter) target(step *Object) string {
	id, ok := targetOf(e.names, step)
	if !ok || step.object("cacao").object("ids").Has("agent") || step.object("cacao").Has("part") {
		return ""
	}
	if name, ssh := strings.CutPrefix(step.text("on"), "ssh:"); ssh && verbOf(step) == "run" {
		e.define("target_definitions", id, NewObject("type", "ssh", "name", name, "address", NewObject("dname", []any{name}), "port", "22"))
		return id
	}
	base, name := httpBase(e.names, step), step.text("connection")
	def := NewObject("type", "http-api", "name", cmpText(name, base))
	if base != "" {
		def.Set("address", NewObject("url", []any{base}))
	} else {
		def.Set("address", NewObject("dname", []any{cmpText(name, "localhost")}))
	}
	if name != "" {
		auth := makeID("user-auth", "connection", name)
		e.define("authentication_info_definitions", auth, NewObject("type", "user-auth", "name", name, "username", name, "kms", true, "kms_key_identifier", "connection "+name))
		def.Set("authentication_info", auth)
	}
	e.define("target_definitions", id, def)
	return id
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

// extend gives a step of CACAO's what only our extension can say.
func (e *exporter) extend(g group, obj *Object, main string) {
	step := g.main
	withKept, _ := clone(obj).(*Object)
	(&merging{}).apply(withKept, verbatim(step), "")
	x := native{doc: e.keptDoc(), names: e.names}
	skip := append([]string{"cacao", "cases"}, childKeys...)
	skip = append(skip, "on_failure")
	if e.chained[step.text("id")] {
		skip = append(skip, "needs")
	}
	var said *Object
	var parts []*Object
	var before *Object
	switch obj.text("type") {
	case "action":
		parts, before = x.action(main, withKept)
		said = parts[0]
	case "playbook-action":
		said = x.call(main, withKept)
	default:
		said = NewObject()
		e.saidOfHolder(&x, step, withKept, main, said)
		x.modifiers(main, withKept, said, false)
	}
	said.Set("id", slug(cmpText(withKept.text("name"), withKept.text("type"))))
	ext := extensionDiff(step, said, skip...)
	if g.before != nil && before != nil {
		before.Set("id", step.text("id")+"-delay")
		if d := extensionDiff(g.before, before, "cacao"); d.Len() > 0 {
			ext.Set("before", d)
		}
	}
	e.extendParts(g, parts, ext)
	order := NewObject()
	for _, k := range []string{"ask", "set"} {
		if o := step.object(k); o.Len() > 1 && !slices.IsSorted(o.Keys()) && !inOrder(o.Keys(), obj.texts("out_args")) {
			order.Set(k, texts(o.Keys()))
		}
	}
	if cases := step.object("cases"); cases.Len() > 1 && !slices.IsSorted(cases.Keys()) && e.ownBook() {
		order.Set("cases", texts(cases.Keys()))
	}
	if order.Len() > 0 {
		ext.Set("order", order)
	}
	if ph := e.starts[step.text("id")]; ph != "" {
		ext.Set("phase", ph)
	}
	if ext.Len() > 0 {
		obj.Set("step_extensions", NewObject(ExtensionID, ext))
		if !verbatim(step).Has("step_extensions") {
			e.extended = true
		}
	}
}

// inOrder says that out_args give the names in this order.
func inOrder(names, theirs []string) bool {
	i := 0
	for _, t := range theirs {
		if i < len(names) && ourName(t) == names[i] {
			i++
		}
	}
	return i == len(names)
}

// extendParts does the same for the further steps of an action.
func (e *exporter) extendParts(g group, parts []*Object, ext *Object) {
	if len(g.parts) == 0 {
		return
	}
	var list []any
	some := false
	for i, p := range g.parts {
		d := NewObject()
		if i+1 < len(parts) {
			parts[i+1].Set("id", g.main.text("id")+"-"+strconv.Itoa(i+2))
			but := []string{"cacao"}
			if e.chained[p.text("id")] {
				but = append(but, "needs")
			}
			d = extensionDiff(p, parts[i+1], but...)
		}
		some = some || d.Len() > 0
		list = append(list, d)
	}
	if some {
		ext.Set("parts", list)
	}
}

// saidOfHolder is what an import would make of a step that holds others.
func (e *exporter) saidOfHolder(x *native, step, obj *Object, main string, said *Object) {
	switch obj.text("type") {
	case "if-condition", "while-condition":
		expr, err := x.names.expression(main, obj.text("condition"))
		switch {
		case err != nil && !e.ownBook():
			expr = step.text("if") // a question stands for it
		case len(step.list("then")) > 0 && obj.text("on_true") == "":
		}
		said.Set("if", expr)
		if !e.ownBook() && step.Has("if") && opposite(expr) == step.text("if") {
			said.Set("if", step.text("if"))
		}
		if obj.text("type") == "while-condition" {
			said.Set("repeat", loopRule())
		}
	case "switch-condition":
		name, ok := x.names.find(main, strings.TrimSuffix(obj.text("switch"), ":value"))
		if !ok && !e.ownBook() {
			name = step.text("switch")
		}
		said.Set("switch", name)
	}
}

// keptDoc is the document with what was kept verbatim, for the definitions
// that a reader of the file would find.
func (e *exporter) keptDoc() *Object {
	if e.merged == nil {
		doc := NewObject()
		for _, k := range []string{"agent_definitions", "target_definitions", "playbook_variables"} { // playbook_types is never written
			if v := e.doc.object(k); v != nil {
				doc.Set(k, clone(v))
			}
		}
		all := e.keptOfBook()
		some := NewObject()
		for _, k := range all.Keys() {
			if slices.Contains([]string{"agent_definitions", "target_definitions", "playbook_variables", "playbook_types"}, k) {
				some.Set(k, all.Get(k))
			}
		}
		(&merging{}).apply(doc, some, "")
		e.merged = doc
	}
	return e.merged
}
