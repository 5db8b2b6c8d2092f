package schema

// stepParts are the schemas of a step's keys.
func (m maker) stepParts() map[string]object {
	steps, text, condition, with := ref("steps"), ref("text"), ref("expression"), ref("parameters")
	roles := words(m.g.Roles)
	return map[string]object{
		"manual":   told("A person does it: the instructions.", text),
		"run":      told("A program: its name and its arguments. A value is a whole argument.", ref("argv")),
		"http":     told("A request over HTTP.", ref("request")),
		"action":   told("An action of an integration, as in github.workflow.disable.", text),
		"collect":  told("Profiles and collectors of evidence.", ref("texts")),
		"ingest":   told("Files to read into the timeline.", ref("texts")),
		"detect":   told("Filters of the timeline; see docs/filter.md.", ref("texts")),
		"notify":   told("Connections to tell.", ref("texts")),
		"playbook": told("Another playbook: id@version.", object{"type": "string", "pattern": m.g.Reference}),
		"switch":   told("Expression whose value picks the case.", condition),
		"parallel": told("Steps that go on side by side.", steps),
		"for_each": told("Expression that gives a list; the steps of do are done for each item.", condition),
		"wait":     told("How long.", ref("time")),
		"review":   told("The kind of review, as in blameless.", text),

		"id":      told("Name of the step in the record, for good.", object{"type": "string", "pattern": m.g.ID}),
		"title":   told("What is done, in a few words.", text),
		"if":      told("Condition: of a step with a verb, whether it is done at all; with then, which way to go.", condition),
		"then":    told("Steps when the condition holds.", steps),
		"else":    told("Steps when it does not.", steps),
		"cases":   told("Steps by value.", object{"type": "object", "minProperties": 1, "additionalProperties": steps}),
		"default": told("Steps for every other value.", steps),
		"as":      told("Variable of the item; item without it.", object{"type": "string", "pattern": m.g.Variable}),
		"do":      told("Steps for each item.", steps),

		"needs":    told("Steps that must have ended; [] for none, without it the step before.", object{"anyOf": []any{text, object{"type": "array", "items": text, "maxItems": m.g.MaxList}}}),
		"assign":   told("Role that does it.", roles),
		"due":      told("How long it may take; bd are business days.", ref("duration")),
		"ask":      told("Questions, by the variable that takes the answer.", object{"type": "object", "propertyNames": object{"pattern": m.g.Variable}, "additionalProperties": text}),
		"set":      told("Variables, by expressions over result.", object{"type": "object", "propertyNames": object{"pattern": m.g.Variable}, "additionalProperties": condition}),
		"with":     told("Parameters.", with),
		"env":      told("Environment of the program. A secret may be the whole value of one.", object{"type": "object", "propertyNames": object{"pattern": m.g.Env}, "additionalProperties": text}),
		"template": told("Message template to send.", object{"type": "string", "pattern": m.g.ID}),
		"retry":    told("Attempts in all, and how far apart.", closed(object{"max": whole(1, 100), "every": ref("time")}, "max", "every")),
		"repeat": told("Do it again after it succeeded: until a condition holds, for a time, or max times.", closed(object{
			"every": ref("time"), "for": ref("time"), "until": condition, "max": whole(1, m.g.MaxRounds),
		}, "every")),
		"timeout": told("After this it has failed.", ref("time")),
		"approve": told("Who must agree before anything is touched.", closed(object{
			"by": roles, "count": whole(1, 9), "timeout": ref("time"),
			"on_timeout": told("page tells the people on call and waits on.", words(m.g.OnTimeout)),
		}, "by")),
		"impact":       told("What it can break; high needs approve.", words([]string{"none", "low", "medium", "high"})),
		"irreversible": told("Why it cannot be undone, and what stays broken.", text),
		"rollback":     told("How it is undone: one of action, run, http, manual.", m.undo()),
		"lasts": told("How long the effect is meant to last; then people are reminded, or with then: revert it is undone.", object{"oneOf": []any{
			ref("time"), closed(object{"for": ref("time"), "then": words([]string{"remind", "revert"})}, "for"),
		}}),
		"verify": told("Check after it; without action what the action itself reads back.", closed(object{
			"action": text, "connection": text, "with": with, "expect": told("Condition over result.", condition),
		}, "expect")),
		"on_failure": told("Fallback step that handles a failure.", object{"type": "string", "pattern": m.g.ID}),
		"evidence":   told("What it leaves behind to keep.", ref("texts")),
		"attack":     told("ATT&CK techniques.", ref("attack")),
		"d3fend":     told("D3FEND techniques.", oneOrMore(object{"type": "string", "pattern": m.g.D3fend}, m.g.MaxList)),
		"note":       told("A remark for whoever does it.", text),
		"on":         told("Where: local, or ssh: and the name of a connection.", object{"type": "string", "pattern": m.g.On}),
		"connection": told("Connection to use; without it the one of the action's kind.", text),
		"cacao":      told("What CACAO says and this language cannot, verbatim.", object{"type": "object"}),
	}
}

func whole(low, high int) object {
	return object{"type": "integer", "minimum": low, "maximum": high}
}

func (m maker) undo() object {
	out := only(object{
		"action": ref("text"), "with": ref("parameters"), "run": ref("argv"), "http": ref("request"), "manual": ref("text"),
	}, m.g.UndoKeys)
	out["oneOf"] = []any{
		object{"required": []string{"action"}},
		object{"required": []string{"run"}},
		object{"required": []string{"http"}},
		object{"required": []string{"manual"}},
	}
	return out
}
