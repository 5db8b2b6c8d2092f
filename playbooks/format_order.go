package playbooks

import (
	"slices"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

// keyOrder is the order of keys in a mapping of that kind; nil where the order
// is the author's: of variables, parameters, questions and cases.
func keyOrder(kind string) []string {
	switch kind {
	case "playbook":
		return []string{
			"playbook", "id", "name", "version", "owner", "description", "labels", "attack", "severity", "tlp", "calendar",
			"roles", "vars", "clocks", "phases", "fallback", "drill", "cacao",
		}
	case "phases":
		var out []string
		for _, ph := range incident.Phases() {
			out = append(out, ph.String())
		}
		return out
	case "step":
		return []string{
			"id", "title", "if", "needs",
			"manual", "run", "on", "env", "http", "action", "collect", "ingest", "detect", "notify", "template", "connection",
			"playbook", "switch", "for_each", "as", "wait", "review",
			"with", "ask", "set", "assign", "due", "impact", "approve", "irreversible", "rollback", "lasts", "verify",
			"retry", "repeat", "timeout", "on_failure", "evidence", "attack", "d3fend", "note", "cacao",
			"then", "else", "cases", "default", "parallel", "do",
		}
	case "var":
		return []string{"type", "prompt", "required", "match", "default"}
	case "clock":
		return []string{"use", "when", "from"}
	case "retry":
		return []string{"max", "every"}
	case "repeat":
		return []string{"every", "for", "until", "max"}
	case "approve":
		return []string{"by", "count", "timeout", "on_timeout"}
	case "lasts":
		return []string{"for", "then"}
	case "rollback":
		return []string{"action", "connection", "run", "http", "manual", "with"}
	case "verify":
		return []string{"action", "connection", "with", "expect"}
	case "http":
		return []string{"method", "url", "headers", "body", "expect"}
	case "test":
		return []string{"test", "playbook", "cases"}
	case "case":
		return []string{"name", "vars", "steps", "expect"}
	case "expect":
		return expectKeys()
	}
	return nil
}

// kindUnder is the kind of what stands under a key, or of the items of the list
// that stands there.
func kindUnder(kind, key string) string {
	switch kind {
	case "playbook":
		switch key {
		case "phases":
			return "phases"
		case "fallback":
			return "step"
		case "vars":
			return "vars"
		case "clocks":
			return "clock"
		}
	case "phases", "branches":
		return "step"
	case "vars":
		return "var"
	case "step":
		switch key {
		case "then", "else", "default", "parallel", "do":
			return "step"
		case "cases":
			return "branches"
		case "retry", "repeat", "approve", "rollback", "verify", "http":
			return key
		}
	case "rollback":
		if key == "http" {
			return key
		}
	case "test":
		if key == "cases" {
			return "case"
		}
	case "case":
		if key == "expect" {
			return key
		}
	}
	return ""
}

// sort puts the entries of a mapping in order; unknown keys come last, as they
// were.
func (b *box) sort() {
	order := keyOrder(b.kind)
	if order == nil || b.node.Kind != yaml.MappingNode {
		return
	}
	rank := func(e *item) int {
		if i := slices.Index(order, e.key.Value); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(b.items, func(a, b *item) int { return rank(a) - rank(b) })
}
