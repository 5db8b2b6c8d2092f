package cacao

import (
	"encoding/base64"
	"fmt"
	"slices"
)

func (v *validator) step(id string) {
	at := pointer("/workflow", id)
	o := v.workflow.object(id)
	if o == nil {
		v.wrong(codeShape, at, "", "a step is an object")
		return
	}
	kind := o.text("type")
	switch {
	case !idShape.MatchString(id):
		v.wrong(codeID, at, "type--UUID, of version 1 to 5, in lower case", "%.80q is not an identifier", id)
	case kind != "" && kindOf(id) != kind:
		v.wrong(codeID, at, "", "the id of a step of type %.40s begins with %.40s--", kind, kind)
	}
	v.needs(at, o, "type")
	v.shapes(at, o, stepTypes)
	v.references(at, o)
	v.variables(at+"/step_variables", o.object("step_variables"), false)
	v.extensions(at, o, "step_extensions")
	for _, k := range []string{"delay", "timeout"} {
		if n, ok := whole(o.Get(k)); ok && n < 0 {
			v.wrong(codeRange, at+"/"+k, "milliseconds", "%d is less than nothing", n)
		}
	}
	v.ways(at, kind, o)
	switch kind {
	case "action":
		v.action(id, at, o)
	case "playbook-action":
		v.needs(at, o, "playbook_id")
		v.arguments(id, at, o)
	case "parallel":
		if len(o.list("next_steps")) < 2 {
			v.wrong(codeBranches, at+"/next_steps", "", "a parallel step has two branches or more")
		}
	case "if-condition", "while-condition":
		v.needs(at, o, "condition", "on_true")
		v.condition(id, at, o)
	case "switch-condition":
		v.needs(at, o, "switch", "cases")
		if o.object("cases").Len() == 0 {
			v.wrong(codeBranches, at+"/cases", "", "a switch has a case or more")
		}
		if s := o.text("switch"); o.Has("switch") && !v.declared(id, trimValue(s)) {
			v.wrong(codeUndeclared, at+"/switch", "", "%.60q is not declared", s)
		}
	case "start", "end", "":
	default:
		v.wrong(codeStepType, at+"/type", "", "%.40q is no type of step", kind)
	}
}

// ways checks what says which step comes next.
func (v *validator) ways(at, kind string, o *Object) {
	completion, success, failure := o.Has("on_completion"), o.Has("on_success"), o.Has("on_failure")
	switch kind {
	case "end":
		if completion || success || failure {
			v.wrong(codeEnd, at, "", "nothing comes after an end step")
		}
		return
	case "start":
		if success || failure {
			v.wrong(codeEnd, at, "use on_completion", "a start step neither succeeds nor fails")
		}
	}
	switch {
	case completion && (success || failure):
		v.wrong(codeWays, at, "keep on_completion, or on_success with on_failure", "on_completion stands beside on_success or on_failure")
	case !completion && !success:
		v.wrong(codeMissing, at, "", "the step does not say what comes next: on_completion or on_success is missing")
	}
	refs := []branch{{to: o.text("on_completion"), at: "/on_completion"}, {to: o.text("on_success"), at: "/on_success"}, {to: o.text("on_failure"), at: "/on_failure"}}
	for _, b := range append(refs, branches(o)...) {
		if b.to != "" && !v.workflow.Has(b.to) {
			v.wrong(codeDangling, at+b.at, "", "%.80q names no step", b.to)
		}
	}
}

// declared says that a step may use a variable.
func (v *validator) declared(step, name string) bool {
	return v.doc.object("playbook_variables").Has(name) || v.workflow.object(step).object("step_variables").Has(name)
}

func (v *validator) condition(id, at string, o *Object) {
	if !o.Has("condition") {
		return
	}
	j, err := parseCondition(o.text("condition"))
	if err != nil {
		v.wrong(codeCondition, at+"/condition", "as in __x__:value = 'y'", "%v", err)
		return
	}
	for _, name := range j.variables() {
		if !v.declared(id, name) {
			v.wrong(codeUndeclared, at+"/condition", "", "%.60s is not declared", name)
		}
	}
}

// used checks the variables that a text uses.
func (v *validator) used(id, at, text string) {
	for _, name := range uses(text) {
		if !v.declared(id, name) {
			v.doubt(codeUndeclared, at, "declare it, or it stays as text", "%.60s is not declared", name)
		}
	}
}

func (v *validator) arguments(id, at string, o *Object) {
	for _, k := range []string{"in_args", "out_args"} {
		for i, name := range o.texts(k) {
			if !v.declared(id, trimValue(name)) {
				v.wrong(codeUndeclared, fmt.Sprintf("%s/%s/%d", at, k, i), "", "%.60q is not declared", name)
			}
		}
	}
}

func (v *validator) action(id, at string, o *Object) {
	v.needs(at, o, "commands", "agent")
	v.arguments(id, at, o)
	if o.Has("commands") && len(o.list("commands")) == 0 {
		v.wrong(codeCommand, at+"/commands", "", "an action has a command or more")
	}
	for i, c := range o.list("commands") {
		v.command(id, fmt.Sprintf("%s/commands/%d", at, i), c)
	}
	if agent := o.text("agent"); agent != "" && !v.doc.object("agent_definitions").Has(agent) {
		v.wrong(codeAgent, at+"/agent", "add it to agent_definitions", "agent %.80q is not defined", agent)
	}
	for i, t := range o.texts("targets") {
		if !v.doc.object("target_definitions").Has(t) && !v.doc.object("agent_definitions").Has(t) {
			v.wrong(codeAgent, fmt.Sprintf("%s/targets/%d", at, i), "add it to target_definitions", "target %.80q is not defined", t)
		}
	}
}

// command checks one command; its type may be any.
func (v *validator) command(id, at string, c any) {
	o, ok := c.(*Object)
	if !ok {
		v.wrong(codeShape, at, "", "a command is an object")
		return
	}
	kind := o.text("type")
	v.needs(at, o, "type")
	text, b64 := o.text("command") != "", o.text("command_b64") != ""
	switch kind {
	case "manual", "bash", "powershell", "ssh", "caldera-cmd":
		if text == b64 {
			v.wrong(codeCommand, at, "", "a %s command has exactly one of command and command_b64", kind)
		}
	case "elastic", "jupyter", "kestrel", "sigma", "yara":
		if !b64 {
			v.wrong(codeCommand, at, "", "a %s command has command_b64", kind)
		}
	case "http-api", "openc2-http":
		if !startLine.MatchString(o.text("command")) {
			v.wrong(codeCommand, at+"/command", "as in GET /path HTTP/1.1", "%s is not the first line of an HTTP request", short(o.Get("command")))
		}
		if o.Has("content") && o.Has("content_b64") {
			v.wrong(codeCommand, at, "", "content stands beside content_b64")
		}
		if kind == "openc2-http" && !o.Has("content_b64") {
			v.wrong(codeCommand, at, "", "an openc2-http command has content_b64")
		}
		headers := o.object("headers")
		for _, k := range headers.Keys() {
			if l, ok := headers.Get(k).([]any); !ok || len(headers.texts(k)) != len(l) {
				v.wrong(codeShape, pointer(at+"/headers", k), "", "a header has a list of texts")
			}
		}
	}
	for _, k := range []string{"command_b64", "content_b64"} {
		if s := o.text(k); s != "" {
			if _, err := base64.StdEncoding.DecodeString(s); err != nil {
				v.wrong(codeCommand, at+"/"+k, "", "not base64")
			}
		}
	}
	v.used(id, at+"/command", o.text("command"))
	v.used(id, at+"/content", o.text("content"))
}

// flow looks at the workflow as a whole.
func (v *validator) flow() {
	start := v.doc.text("workflow_start")
	starts := 0
	for _, id := range v.workflow.Keys() {
		if v.workflow.object(id).text("type") == "start" {
			starts++
		}
	}
	switch first := v.workflow.object(start); {
	case start != "" && first == nil:
		v.wrong(codeStart, "/workflow_start", "", "%.80q names no step", start)
	case first != nil && first.text("type") != "start":
		v.wrong(codeStart, "/workflow_start", "", "names a step that is no start step")
	case starts > 1:
		v.wrong(codeStart, "/workflow", "", "%d start steps; a playbook has one", starts)
	}
	exception := v.doc.text("workflow_exception")
	if exception != "" && !v.workflow.Has(exception) {
		v.wrong(codeDangling, "/workflow_exception", "", "%.80q names no step", exception)
	}
	reached := map[string]bool{}
	todo := []string{start, exception}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		o := v.workflow.object(id)
		if o == nil || reached[id] {
			continue
		}
		reached[id] = true
		todo = append(todo, o.text("on_completion"), o.text("on_success"), o.text("on_failure"))
		for _, b := range branches(o) {
			todo = append(todo, b.to)
		}
	}
	for _, id := range v.workflow.Keys() {
		if !reached[id] {
			v.wrong(codeUnreached, pointer("/workflow", id), "", "no way leads to this step")
		}
	}
	m := &importer{native: native{doc: v.doc}}
	if _, circle := m.topological(); len(circle) > 0 {
		v.wrong(codeCircle, pointer("/workflow", circle[0]), "a loop is a while-condition", "steps lead in a circle: %s", m.named(circle))
		return
	}
	v.ends(start)
}

// ends: each branch ends in an end step that nothing else leads to.
func (v *validator) ends(start string) {
	owner := map[string]string{}
	claim := func(at, from string) {
		id := from
		for range v.workflow.Len() + 1 {
			o := v.workflow.object(id)
			if o == nil {
				return
			}
			if o.text("type") == "end" {
				if was, ok := owner[id]; ok && was != at {
					v.wrong(codeSharedEnd, at, "give each branch an end step of its own", "the branch ends in %.80s, as does %s", id, was)
				}
				owner[id] = at
				return
			}
			id = follow(o)
		}
	}
	claim(pointer("/workflow", start), start)
	for _, id := range v.workflow.Keys() {
		o := v.workflow.object(id)
		for _, b := range branches(o) {
			claim(pointer("/workflow", id)+b.at, b.to)
		}
	}
}

// definitions checks agents, targets, authentication, markings, extensions.
func (v *validator) definitions() {
	for _, section := range []string{"agent_definitions", "target_definitions"} {
		defs := v.doc.object(section)
		for _, id := range defs.Keys() {
			at := pointer("/"+section, id)
			o := defs.object(id)
			if !idShape.MatchString(id) {
				v.wrong(codeID, at, "", "%.80q is not an identifier", id)
			}
			if o == nil {
				v.wrong(codeShape, at, "", "not an object")
				continue
			}
			v.needs(at, o, "type", "name")
			v.agent(at, o)
		}
	}
	v.authentication()
	v.markings()
	defs := v.doc.object("extension_definitions")
	for _, id := range defs.Keys() {
		at := pointer("/extension_definitions", id)
		if !idShape.MatchString(id) || kindOf(id) != "extension-definition" {
			v.wrong(codeID, at, "", "the id of an extension begins with extension-definition--")
		}
		v.needs(at, defs.object(id), "type", "name", "created_by", "schema", "version")
	}
}

func (v *validator) agent(at string, o *Object) {
	switch o.text("type") {
	case "http-api", "linux", "ssh", "net-address":
		address := o.object("address")
		if address.Len() == 0 {
			v.wrong(codeAddress, at+"/address", "dname, ipv4, ipv6, l2mac, url or vlan with a list", "a %s has an address", o.text("type"))
		}
		for _, k := range address.Keys() {
			if !slices.Contains([]string{"dname", "ipv4", "ipv6", "l2mac", "url", "vlan"}, k) {
				v.wrong(codeAddress, pointer(at+"/address", k), "", "%.40q is no kind of address", k)
			}
			if l, ok := address.Get(k).([]any); !ok || len(l) == 0 || len(address.texts(k)) != len(l) {
				v.wrong(codeAddress, pointer(at+"/address", k), "", "an address is a list of texts")
			}
		}
	case "security-category":
		if len(o.list("category")) == 0 {
			v.wrong(codeMissing, at, "", "category is missing")
		}
	case "sector":
		v.needs(at, o, "sector")
	}
	if auth := o.text("authentication_info"); auth != "" && !v.doc.object("authentication_info_definitions").Has(auth) {
		v.wrong(codeAgent, at+"/authentication_info", "add it to authentication_info_definitions", "%.80q is not defined", auth)
	}
}

func (v *validator) authentication() {
	defs := v.doc.object("authentication_info_definitions")
	for _, id := range defs.Keys() {
		at := pointer("/authentication_info_definitions", id)
		o := defs.object(id)
		if !idShape.MatchString(id) {
			v.wrong(codeID, at, "", "%.80q is not an identifier", id)
		}
		v.needs(at, o, "type")
		secret := ""
		switch o.text("type") {
		case "http-basic", "user-auth":
			secret = "password"
		case "oauth2":
			secret = "token"
		}
		kms := o.Get("kms") == true
		switch {
		case kms && o.text("kms_key_identifier") == "":
			v.wrong(codeMissing, at, "", "kms is true and kms_key_identifier is missing")
		case kms && secret != "" && o.Has(secret):
			v.wrong(codeSecret, at+"/"+secret, "remove it", "kms is true, and the secret stands beside it")
		case secret != "" && o.text(secret) != "" && !hasUse(o.text(secret)):
			v.doubt(codeClear, at+"/"+secret, "use kms and kms_key_identifier", "the secret stands in the file in the clear")
		}
	}
}

func (v *validator) markings() {
	defs := v.doc.object("data_marking_definitions")
	for i, id := range v.doc.texts("markings") {
		if !defs.Has(id) {
			v.wrong(codeMarking, fmt.Sprintf("/markings/%d", i), "add it to data_marking_definitions", "%.80q is not defined", id)
		}
	}
	for _, id := range defs.Keys() {
		at := pointer("/data_marking_definitions", id)
		o := defs.object(id)
		v.needs(at, o, "type", "id", "created_by", "created")
		if o.text("id") != id {
			v.wrong(codeMarking, at+"/id", "", "the id is not the marking's name")
		}
		switch o.text("type") {
		case "marking-statement":
			v.needs(at, o, "statement")
		case "marking-tlp":
			level := o.text("tlpv2_level")
			fine := slices.ContainsFunc(tlpMarkings, func(t struct{ level, id string }) bool {
				return "TLP:"+upper(t.level) == level && t.id == id
			})
			if !fine {
				v.wrong(codeMarking, at, "use the object that OASIS publishes", "%s is not the published marking of %s", id, short(level))
			}
		}
	}
}
