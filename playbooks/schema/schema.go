// Package schema makes the JSON Schema of playbooks for editors: it completes
// keys, shows what they mean and marks what is wrong while one types. It is made
// from the tables that the decoder reads by, so that the two cannot drift apart.
//
// A schema sees less than `firebreak playbook lint`: no expressions, no ids used
// twice, no actions. What it refuses, lint refuses; not the other way round.
package schema

import (
	"encoding/json"
	"fmt"
	"slices"

	"firebreak/playbooks"
)

// object is a part of a schema; encoding/json sorts its keys.
type object = map[string]any

// Playbook returns the schema of a playbook (JSON Schema 2020-12).
func Playbook() ([]byte, error) {
	m := maker{playbooks.TheGrammar()}
	out, err := json.MarshalIndent(m.playbook(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

type maker struct{ g playbooks.Grammar }

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

// told is a schema with a description.
func told(about string, of object) object {
	out := object{"description": about}
	for k, v := range of {
		out[k] = v
	}
	return out
}

func words(of []string) object { return object{"enum": of} }

// oneOrMore is a list, or one of its items alone.
func oneOrMore(of object, most int) object {
	return object{"anyOf": []any{of, object{"type": "array", "items": of, "maxItems": most}}}
}

func closed(properties object, required ...string) object {
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (m maker) playbook() object {
	top := object{}
	for _, key := range m.g.TopKeys {
		top[key] = m.top(key)
	}
	out := closed(top, "playbook", "id", "name", "version", "phases")
	out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	out["title"] = "Firebreak playbook " + m.g.Format
	out["description"] = "A playbook for incident response; see docs/playbook-format.md."
	out["$defs"] = m.definitions()
	return out
}

func (m maker) top(key string) object {
	known := map[string]object{
		"playbook":    told("Version of the format.", words([]string{m.g.Format})),
		"id":          told("Name of the playbook, for good: lower-case letters, digits, hyphens.", object{"type": "string", "pattern": m.g.ID}),
		"name":        told("Title for people.", ref("text")),
		"version":     told("Three numbers, as in 1.2.0.", object{"type": "string", "pattern": m.g.Version}),
		"owner":       told("The team that keeps it right.", ref("text")),
		"description": told("When to use it, in a few lines.", ref("text")),
		"labels":      told("Words to find it by; service marks one that others run.", ref("texts")),
		"attack":      told("ATT&CK techniques that it answers.", ref("attack")),
		"severity":    told("Severity of an incident that begins with it.", words([]string{"sev1", "sev2", "sev3", "sev4"})),
		"tlp":         told("Who may read the incident.", words([]string{"clear", "green", "amber", "amber+strict", "red"})),
		"roles": told("Roles that must or may be filled.", object{
			"type": "object", "propertyNames": words(m.g.Roles), "additionalProperties": words([]string{"required", "optional"}),
		}),
		"vars": told("Variables: what is asked, set and inserted.", object{
			"type": "object", "maxProperties": m.g.MaxVars, "propertyNames": object{"pattern": m.g.Variable}, "additionalProperties": ref("variable"),
		}),
		"clocks": told("Deadlines that the playbook may start.", object{"type": "array", "items": closed(object{
			"use":  told("The rule, as in eu-gdpr-33-authority.", ref("text")),
			"when": told("Condition over the variables.", ref("expression")),
			"from": told("The moment it counts from.", ref("text")),
		}, "use")}),
		"calendar": told("Business days: a calendar of the configuration.", object{"type": "string", "pattern": m.g.ID}),
		"phases": told("The steps, phase by phase, in this order.", closed(object{
			"identify": ref("steps"), "contain": ref("steps"), "eradicate": ref("steps"), "recover": ref("steps"), "learn": ref("steps"),
		})),
		"fallback": told("Steps entered only after a failure.", ref("steps")),
		"drill":    told("Values that a drill gives to variables and answers.", object{"type": "object", "propertyNames": object{"pattern": m.g.Variable}}),
		"cacao":    told("What CACAO says and this language cannot, verbatim.", object{"type": "object"}),
	}
	return known[key]
}

func (m maker) definitions() object {
	return object{
		"text":       object{"type": []string{"string", "number", "boolean"}},
		"texts":      oneOrMore(ref("text"), m.g.MaxList),
		"expression": object{"type": []string{"string", "number", "boolean"}, "minLength": 1, "maxLength": 2000},
		"duration":   object{"type": "string", "pattern": m.g.Duration, "examples": []string{"30s", "10m", "4h", "3d", "5bd"}},
		"time":       object{"type": "string", "pattern": "^[0-9]{1,8}(s|m|h|d)$", "examples": []string{"30s", "10m", "4h", "3d"}},
		"attack":     oneOrMore(object{"type": "string", "pattern": m.g.Attack}, m.g.MaxList),
		"parameters": object{"type": "object"},
		"argv":       object{"type": "array", "minItems": 1, "items": ref("text")},
		"steps":      object{"type": "array", "minItems": 1, "items": ref("step")},
		"variable":   m.variable(),
		"request":    m.request(),
		"step":       m.step(),
	}
}

func (m maker) variable() object {
	return closed(object{
		"type":     told("A secret holds a reference such as env:NAME, never the secret.", words(m.g.Types)),
		"prompt":   told("What is asked before the run; without it nobody is asked.", ref("text")),
		"required": told("The run waits until it has a value.", object{"type": "boolean"}),
		"match":    told("Regular expression (RE2) over the whole value.", object{"type": "string", "maxLength": 500}),
		"default":  told("Its value until it gets another.", object{}),
	}, "type")
}

func (m maker) request() object {
	properties := object{
		"method":  told("GET without it. GET, HEAD and OPTIONS read; the others are planned and approved like an action.", words(m.g.Methods)),
		"url":     told("https://host/path, or /path of the step's connection. Values stand behind the host.", ref("text")),
		"headers": told("A secret may be the whole value of one.", object{"type": "object", "propertyNames": object{"pattern": m.g.Header}, "additionalProperties": ref("text")}),
		"body":    told("Sent as JSON; a text is sent as it is.", object{}),
		"expect":  told("Status codes that are a success; any 2xx without it.", oneOrMore(object{"type": "integer", "minimum": 100, "maximum": 599}, m.g.MaxList)),
	}
	return only(properties, m.g.RequestKeys, "url")
}

// only is a closed object with these keys; one that has no schema is a mistake
// that the test of the package finds.
func only(properties object, keys []string, required ...string) object {
	out := object{}
	for _, k := range keys {
		out[k] = properties[k]
	}
	return closed(out, required...)
}

func (m maker) step() object {
	properties := object{}
	parts := m.stepParts()
	for _, key := range m.g.StepKeys {
		properties[key] = parts[key]
	}
	out := closed(properties, "id")
	var verbs []any
	for _, v := range m.g.Verbs {
		verbs = append(verbs, object{"required": []string{v}})
	}
	out["oneOf"] = append(verbs, object{"required": []string{"if", "then"}})
	limited := object{}
	for key, with := range m.g.Fits {
		var ways []any
		for _, v := range slices.Sorted(slices.Values(with)) {
			need := []string{v}
			if v == "if" {
				need = []string{"if", "then"}
			}
			ways = append(ways, object{"required": need})
		}
		limited[key] = object{"anyOf": ways}
	}
	out["dependentSchemas"] = limited
	return out
}
