package cacao

import (
	"slices"
	"strings"
)

// degraded says what of the playbook others will not do as it is written, at
// the places of the export. Without a profile nobody asked.
func (e *exporter) degraded() []Note {
	out := []Note{}
	if e.options.Profile == Full {
		return out
	}
	say := func(step *Object, says string) {
		n := Note{pointer("/workflow", e.mains[step.text("id")]), says}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	eachStep(e.book, func(step *Object) {
		if part := step.object("cacao").Get("part"); part != nil {
			return
		}
		for _, says := range e.strict(step) {
			say(step, says)
		}
		if e.options.Profile == SOARCA {
			for _, says := range e.soarca(step) {
				say(step, says)
			}
		}
	})
	for _, k := range []string{"roles", "clocks", "calendar"} {
		if e.book.Has(k) {
			out = append(out, Note{"", k + " are known to this program only"})
		}
	}
	if e.options.Profile == SOARCA && e.doc.Has("workflow_exception") {
		out = append(out, Note{"/workflow_exception", "SOARCA never goes there: a step that fails ends the playbook"})
	}
	return out
}

// strict is what a program that knows the standard, and not our extension,
// does not do.
func (e *exporter) strict(step *Object) []string {
	var out []string
	id := step.text("id")
	obj := e.workflow.object(e.mains[id])
	verb := verbOf(step)
	switch verb {
	case "action":
		out = append(out, "the command type firebreak is known to this program only")
	case "collect", "ingest", "detect", "notify", "review":
		out = append(out, verb+" becomes a text for a person")
	case "for_each":
		out = append(out, "a person takes the next item in each round of the loop")
	case "switch":
		if e.names.theirs[step.text("switch")] == "" {
			out = append(out, "CACAO has no words for the expression; somebody has to set a variable")
		}
	case "run":
		if hasUse(exact(obj.Get("commands"))) {
			out = append(out, "others paste the values into the text of the command")
		}
	}
	for _, k := range []struct{ key, says string }{
		{"approve", "an approval is one question without a second person, a time limit or a plan"},
		{"verify", "the check is a text for a person, and its outcome changes nothing"},
		{"rollback", "how it is undone is known to this program only"},
		{"irreversible", "that it cannot be undone is known to this program only"},
		{"lasts", "how long it is meant to last is known to this program only"},
		{"retry", "it is tried once"},
		{"repeat", "how often and how far apart it is repeated is known to this program only"},
		{"due", "the deadline is known to this program only"},
		{"env", "the environment is known to this program only"},
		{"set", "how a result becomes a variable is known to this program only"},
	} {
		if step.Has(k.key) && (k.key != "irreversible" || step.text("irreversible") != notSaid) {
			out = append(out, k.says)
		}
	}
	if len(textsOf(step.Get("needs"))) > 0 && !e.chained[id] {
		out = append(out, "the order that needs gives is lost: steps follow each other as they are written")
	}
	if expr := step.text("if"); expr != "" {
		if _, err := e.names.pattern(expr); err != nil && (verb != "if" || !strings.HasPrefix(id, "on-failure")) {
			out = append(out, "CACAO has no words for the condition; somebody has to set a variable")
		}
	}
	return out
}

// soarca is what SOARCA does not do: read in its source, as docs/cacao.md says.
func (e *exporter) soarca(step *Object) []string {
	var out []string
	obj := e.workflow.object(e.mains[step.text("id")])
	switch obj.text("type") {
	case "parallel", "switch-condition":
		out = append(out, "SOARCA passes over a "+obj.text("type")+" step without a word")
	case "if-condition", "while-condition":
		if len(strings.Fields(obj.text("condition"))) != 3 {
			out = append(out, "SOARCA reads conditions of three words only")
		}
	}
	if obj.Has("on_failure") {
		out = append(out, "SOARCA never goes to on_failure: a step that fails ends the playbook")
	}
	for _, c := range obj.list("commands") {
		command, _ := c.(*Object)
		switch kind := command.text("type"); kind {
		case "http-api", "ssh", "openc2-http", "powershell":
		case "manual":
			if !obj.Has("timeout") {
				out = append(out, "SOARCA gives a person one minute")
			}
		default:
			out = append(out, "SOARCA has no "+kind+" commands")
		}
	}
	if obj.Has("timeout") && !strings.Contains(exact(obj.Get("commands")), `"type":"manual"`) {
		out = append(out, "SOARCA keeps timeouts of manual commands only")
	}
	return out
}

// capability is the agent that SOARCA wants for a command.
func capability(commands []any) (kind, name string) {
	for _, c := range commands {
		command, _ := c.(*Object)
		switch command.text("type") {
		case "http-api":
			return "soarca", "soarca-http-api"
		case "ssh":
			return "soarca", "soarca-ssh"
		case "openc2-http":
			return "soarca", "soarca-openc2-http"
		case "powershell":
			return "soarca", "soarca-powershell"
		}
	}
	return "soarca-manual", "soarca-manual"
}
