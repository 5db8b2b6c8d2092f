package cacao

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// native is what the steps of a CACAO playbook say in our words, nothing of our
// extension. Import uses it to read a file; export uses it to know what the
// extension need not say again.
type native struct {
	doc   *Object
	names *names
	notes *notes
	agent string // of the action at hand
}

// Note is a place in a CACAO file, a JSON pointer, and what there is to say.
type Note struct {
	At   string `json:"at"`
	Says string `json:"says"`
}

// notes collects what an import has to tell; nil collects nothing.
type notes struct{ doubtful, changed []Note }

func newNotes() *notes { return &notes{doubtful: []Note{}, changed: []Note{}} }

func (n *notes) doubt(at, says string) {
	if n != nil {
		n.doubtful = append(n.doubtful, Note{at, says})
	}
}

func (n *notes) change(at, says string) {
	if n != nil {
		n.changed = append(n.changed, Note{at, says})
	}
}

// action turns an action into steps of ours: one for each command and target.
// before is a wait for the step's delay, nil when there is none.
func (x *native) action(id string, obj *Object) (steps []*Object, before *Object) {
	x.agent = obj.text("agent")
	at := pointer("/workflow", id)
	commands := obj.list("commands")
	targets := obj.texts("targets")
	if len(commands) == 0 {
		x.notes.doubt(at, "the action has no command; it becomes a step for a person")
		step := NewObject("manual", cmpText(clean(x.names.template(id, obj.text("description"))), clean(x.names.template(id, obj.text("name"))), "CACAO does not say what to do here."))
		steps = []*Object{step}
	}
	for i, c := range commands {
		command, ok := c.(*Object)
		if !ok {
			x.notes.doubt(pointer(at+"/commands", strconv.Itoa(i)), "the command is no object")
			command = NewObject()
		}
		if command.text("description") == checkMark && i > 0 {
			continue // written by an export for the step's verify
		}
		per := targets
		if len(per) < 2 || !onTarget(command.text("type")) {
			per = []string{""}
			if len(targets) > 0 {
				per[0] = targets[0]
			}
		}
		for _, t := range per {
			steps = append(steps, x.command(id, pointer(at+"/commands", strconv.Itoa(i)), command, t))
		}
	}
	x.modifiers(id, obj, steps[0], len(commands) == 0)
	x.results(id, obj, steps)
	if d, ok := whole(obj.Get("delay")); ok && d > 0 {
		before = NewObject("wait", x.duration(at+"/delay", d))
	}
	return steps, before
}

func cmpText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// onTarget says that a command of that type is carried out at each target.
func onTarget(kind string) bool {
	return slices.Contains([]string{"ssh", "bash", "powershell", "http-api", "openc2-http"}, kind)
}

// modifiers are those of a step of any type that leads to a step of ours.
func (x *native) modifiers(id string, obj, step *Object, described bool) {
	at := pointer("/workflow", id)
	if name := clean(x.names.template(id, obj.text("name"))); name != "" {
		step.Set("title", strings.Join(strings.Fields(name), " "))
	}
	if d := clean(x.names.template(id, obj.text("description"))); d != "" && !described {
		step.Set("note", d)
	}
	if ids := techniques(obj); len(ids) > 0 {
		step.Set("attack", ids)
	}
	switch verbOf(step) {
	case "manual", "run", "http", "action":
		if t, ok := whole(obj.Get("timeout")); ok && t > 0 {
			step.Set("timeout", x.duration(at+"/timeout", t))
		}
	}
	if agent := obj.text("agent"); agent != "" && step.Has("manual") {
		if role := x.role(agent); role != "" {
			step.Set("assign", role)
		}
	}
}

// role is who of the team an agent is: by its name, else a responder.
func (x *native) role(agent string) string {
	def := x.doc.object("agent_definitions").object(agent)
	if name := strings.ToLower(def.text("name")); slices.Contains(roleNames, name) {
		return name
	}
	if def.text("name") == teamName {
		return ""
	}
	switch cmpText(def.text("type"), kindOf(agent)) {
	case "group", "individual", "organization", "location", "sector":
		return "responder"
	}
	return ""
}

const teamName = "Response team"

// duration is the shortest of ours that is not less than that many ms.
func (x *native) duration(at string, ms int64) string {
	const longest = 366 * 24 * 3600
	s := (ms + 999) / 1000
	if s > longest {
		x.notes.doubt(at, "longer than the 366 days that a step can take")
		s = longest
	}
	if s*1000 != ms {
		x.notes.change(at, "rounded to "+durationText(s))
	}
	return durationText(s)
}

func durationText(s int64) string {
	for _, u := range []struct {
		seconds int64
		unit    string
	}{{24 * 3600, "d"}, {3600, "h"}, {60, "m"}} {
		if s >= u.seconds && s%u.seconds == 0 {
			return strconv.FormatInt(s/u.seconds, 10) + u.unit
		}
	}
	return strconv.FormatInt(max(s, 1), 10) + "s"
}

// milliseconds reads a duration of ours; 0 is none that CACAO knows.
func milliseconds(v any) int64 {
	s, ok := v.(string)
	if !ok || len(s) < 2 {
		return 0
	}
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	unit := map[byte]int64{'s': 1000, 'm': 60_000, 'h': 3_600_000, 'd': 86_400_000}[s[len(s)-1]]
	if err != nil || n < 0 || n > 1e8 {
		return 0
	}
	return n * unit
}

// techniques are the ATT&CK ids among external references.
func techniques(obj *Object) []any {
	var out []any
	for _, r := range obj.list("external_references") {
		ref, ok := r.(*Object)
		id := ref.text("external_id")
		if ok && strings.HasPrefix(ref.text("source"), "mitre-attack") && attackShape.MatchString(id) && !slices.Contains(out, any(id)) {
			out = append(out, id)
		}
	}
	return out
}

// results: out_args of a person's step are questions; what a program gives
// back is a guess, because CACAO does not say how output becomes a variable.
func (x *native) results(id string, obj *Object, steps []*Object) {
	at := pointer("/workflow", id)
	last := steps[len(steps)-1]
	ask, set := NewObject(), NewObject()
	for i, theirs := range obj.texts("out_args") {
		theirs = strings.TrimSuffix(theirs, ":value")
		where := pointer(at+"/out_args", strconv.Itoa(i))
		name, ok := x.names.find(id, theirs)
		if !ok || x.names.types[name] == "secret" {
			x.notes.doubt(where, theirs+" is not declared")
			continue
		}
		verb := verbOf(last)
		switch kind := x.names.types[name]; {
		case verb == "manual":
			ask.Set(name, x.question(id, theirs))
		case verb == "run" && kind == "string":
			set.Set(name, "trim(result.stdout)")
		case verb == "run" && kind == "int":
			set.Set(name, "int(trim(result.stdout))")
		case verb == "run" && kind == "bool":
			set.Set(name, `lower(trim(result.stdout)) == "true"`)
		case verb == "http" && kind != "list":
			set.Set(name, "result.body")
		default:
			x.notes.doubt(where, "how the output becomes "+theirs+" is not known")
			continue
		}
		if verb != "manual" {
			x.notes.doubt(where, "CACAO does not say how output becomes a variable; "+name+" takes all of it")
		}
	}
	if ask.Len() > 0 {
		last.Set("ask", ask)
	}
	if set.Len() > 0 {
		last.Set("set", set)
	}
}

func (x *native) question(step, theirs string) string {
	v := x.doc.object("workflow").object(step).object("step_variables").object(theirs)
	if v == nil {
		v = x.doc.object("playbook_variables").object(theirs)
	}
	if d := clean(strings.ReplaceAll(v.text("description"), "{{", `\{{`)); d != "" {
		return d
	}
	return "Value of " + strings.Trim(theirs, "_") + "?"
}

// command turns one command at one target into a step with its verb.
func (x *native) command(id, at string, c *Object, target string) *Object {
	kind := c.text("type")
	text := commandText(c)
	if len(text) > maxKept {
		x.notes.doubt(at, "the command is longer than a step of a playbook can be; a person carries it out")
		text = strings.ToValidUTF8(text[:maxKept], "") + longText
		return NewObject("manual", cmpText(clean(x.names.template(id, text)), "CACAO gives no text for this step."))
	}
	var step *Object
	if why := x.byPeople(); why != "" && kind != "manual" {
		x.notes.doubt(at, why)
		kind = "manual " + kind
	}
	switch kind {
	case "bash", "ssh":
		step = x.shell(id, at, kind, x.constants(id, text), target)
	case "powershell":
		step = x.power(id, at, text, target)
	case "http-api", "openc2-http":
		step = x.http(id, at, c, target)
	}
	if step != nil {
		return step
	}
	body := clean(x.names.template(id, text))
	if kind != "manual" {
		kind, byPeople := strings.CutPrefix(kind, "manual ")
		head := "Carry out this " + cmpText(clean(x.names.template(id, kind)), "command") + " command"
		if name := x.doc.object("target_definitions").object(target).text("name"); name != "" {
			head += " at " + clean(x.names.template(id, name))
		}
		if !byPeople && step == nil && !onTarget(kind) {
			x.notes.doubt(at, clean(kind)+" commands become steps for a person")
		}
		body = head + ":\n\n" + indent(body)
	}
	return NewObject("manual", cmpText(body, "CACAO gives no text for this step."))
}

const longText = " [the rest stands in the CACAO file]"

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// byPeople says why no program may carry out the step's commands: the agent is
// a person, or the playbook describes what an attacker does.
func (x *native) byPeople() string {
	if slices.Contains(x.doc.texts("playbook_types"), "attack") {
		return "the playbook describes an attack; nothing of it is run by a program"
	}
	agent := x.agent
	switch cmpText(x.doc.object("agent_definitions").object(agent).text("type"), kindOf(agent)) {
	case "group", "individual", "organization", "location", "sector":
		return "the agent is a person; a person carries it out"
	}
	return ""
}

// commandText is what a command says, whether as text or as base64.
func commandText(c *Object) string {
	if c.Has("command") || !c.Has("command_b64") {
		return c.text("command")
	}
	if b, err := base64.StdEncoding.DecodeString(c.text("command_b64")); err == nil && utf8.Valid(b) {
		return string(b)
	}
	return "base64: " + c.text("command_b64")
}

// constants puts the values of constants into a command that begins with one:
// they stand in the file, so who reads the playbook reads what runs.
func (x *native) constants(id, text string) string {
	if _, _, ok := x.names.script(id, text); ok {
		return text
	}
	out := replaceUses(text, func(use string) string {
		theirs := strings.TrimSuffix(use, ":value")
		v := x.doc.object("workflow").object(id).object("step_variables").object(theirs)
		if v == nil {
			v = x.doc.object("playbook_variables").object(theirs)
		}
		if s, ok := v.Get("value").(string); ok && v.Get("constant") == true && v.Get("external") != true && fits(s) && !hasUse(s) {
			return s
		}
		return use
	})
	return out
}

// shell is a bash or ssh command as a step of ours, nil when it cannot be made
// sure that a value stays a value.
func (x *native) shell(id, at, kind, text, target string) *Object {
	on := ""
	switch {
	case kind == "ssh":
		if target == "" {
			x.notes.doubt(at, "an ssh command without a target")
			return nil
		}
		if on = x.connection(target); on == "" || !slices.Contains([]string{"ssh", "linux", "net-address"}, x.targetKind(target)) {
			x.notes.doubt(at, "the target has no address to which ssh could go")
			return nil
		}
		on = "ssh:" + on
	case target != "" && x.targetKind(target) == "ssh" && x.connection(target) != "":
		on = "ssh:" + x.connection(target)
	}
	if !fits(text) || strings.TrimSpace(text) == "" {
		return nil
	}
	var run []any
	if argv, ok := x.names.simple(id, text); ok {
		for _, w := range argv {
			run = append(run, w)
		}
	} else {
		script, values, ok := x.names.script(id, text)
		if !ok {
			x.notes.doubt(at, "a value cannot be kept apart from this command; a person runs it")
			return nil
		}
		sh := "bash"
		if on != "" {
			sh = "sh"
		}
		run = []any{sh, "-c", strings.ReplaceAll(script, "{{", `\{{`)}
		if len(values) > 0 {
			run = append(run, sh)
		}
		for _, v := range values {
			run = append(run, "{{ "+v+" }}")
		}
	}
	step := NewObject("run", run)
	if on != "" {
		step.Set("on", on)
	}
	return x.unknown(step)
}

// unknown says that what a command changes is not known: a playbook that runs
// something says how it is undone or that it cannot be.
func (x *native) unknown(step *Object) *Object {
	step.Set("irreversible", notSaid)
	return step
}

const notSaid = "not known: CACAO does not say what this changes"

func (x *native) power(id, at, text, target string) *Object {
	script, values, ok := x.names.powershell(id, text)
	if !ok || !fits(text) || strings.TrimSpace(text) == "" {
		x.notes.doubt(at, "a value cannot be kept apart from this command; a person runs it")
		return nil
	}
	step := NewObject("run", []any{"pwsh", "-NoProfile", "-NonInteractive", "-Command", strings.ReplaceAll(script, "{{", `\{{`)})
	if target != "" {
		if on := x.connection(target); on != "" {
			step.Set("on", "ssh:"+on)
			if x.targetKind(target) != "ssh" {
				x.notes.doubt(at, "runs over ssh at "+on+"; CACAO's orchestrators use WinRM")
			}
		}
	}
	if len(values) > 0 {
		env := NewObject()
		for _, v := range values {
			env.Set(psPrefix+v, "{{ "+v+" }}")
		}
		step.Set("env", env)
	}
	return x.unknown(step)
}

func (x *native) targetKind(target string) string {
	return cmpText(x.doc.object("target_definitions").object(target).text("type"), kindOf(target))
}

// connection is the name of the connection that a target becomes.
func (x *native) connection(target string) string {
	return slug(x.doc.object("target_definitions").object(target).text("name"))
}
