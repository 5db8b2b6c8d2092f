package cacao

import "strings"

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
