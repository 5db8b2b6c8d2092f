package cacao

import (
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/playbooks"
)

// names says what a variable is called in the two languages. CACAO's may
// belong to a step.
type names struct {
	ours   map[string]string // "STEP#__x__" or "#__x__" to x
	theirs map[string]string // x to __x__
	home   map[string]string // x to its step's id, "" for the playbook
	types  map[string]string // x to our type
	wanted map[string]bool   // members of incident that a text of ours inserts
}

func newNames() *names {
	return &names{ours: map[string]string{}, theirs: map[string]string{}, home: map[string]string{}, types: map[string]string{}, wanted: map[string]bool{}}
}

func (n *names) add(step, theirs, ours, kind string) {
	n.ours[step+"#"+theirs] = ours
	n.theirs[ours], n.home[ours], n.types[ours] = theirs, step, kind
}

func (n *names) find(step, theirs string) (string, bool) {
	if x, ok := n.ours[step+"#"+theirs]; ok {
		return x, true
	}
	x, ok := n.ours["#"+theirs]
	return x, ok
}

// nextUse finds the first use of a variable, __name__:value, at or after from.
func nextUse(text string, from int) (begin, end int, ok bool) {
	for from < len(text) {
		i := strings.Index(text[from:], "__")
		if i < 0 {
			return 0, 0, false
		}
		begin = from + i
		if end, ok = useHere(text[begin:]); ok {
			return begin, begin + end, true
		}
		from = begin + 1
	}
	return 0, 0, false
}

// useHere is the length of the use of a variable that a text begins with.
func useHere(text string) (int, bool) {
	const tail = "__:value"
	if len(text) < len("__x")+len(tail) || text[:2] != "__" {
		return 0, false
	}
	for i := 2; i < len(text) && i < 205; i++ {
		c := text[i]
		if i > 2 && strings.HasPrefix(text[i:], tail) {
			return i + len(tail), true
		}
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		later := i > 2 && (c >= '0' && c <= '9' || c == '-')
		if !letter && !later {
			return 0, false
		}
	}
	return 0, false
}

func hasUse(text string) bool {
	_, _, ok := nextUse(text, 0)
	return ok
}

// replaceUses puts what f says in the place of each use of a variable, which
// it gets with its :value.
func replaceUses(text string, f func(use string) string) string {
	begin, end, ok := nextUse(text, 0)
	if !ok {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	last := 0
	for ok {
		b.WriteString(text[last:begin])
		b.WriteString(f(text[begin:end]))
		last = end
		begin, end, ok = nextUse(text, end)
	}
	b.WriteString(text[last:])
	return b.String()
}

// withoutUses has a word where a variable was used.
func withoutUses(text string) string { return replaceUses(text, func(string) string { return "x" }) }

// uses are the variables that a text of CACAO's uses, in order, each once.
func uses(text string) []string {
	var out []string
	seen := map[string]bool{}
	for begin, end, ok := nextUse(text, 0); ok; begin, end, ok = nextUse(text, end) {
		if u := text[begin:end]; !seen[u] {
			seen[u] = true
			out = append(out, strings.TrimSuffix(u, ":value"))
		}
	}
	return out
}

// incidentVariable is what CACAO calls a member of the incident: its hyphen
// keeps it apart from every variable of ours.
func incidentVariable(member string) string { return "__incident-" + member + "__" }

// template turns a text of CACAO's into one of ours: __x__:value becomes
// {{ x }}. What is no variable of the playbook stays as it is.
func (n *names) template(step, text string) string {
	text = strings.ReplaceAll(text, "{{", `\{{`)
	return replaceUses(text, func(use string) string {
		name := strings.TrimSuffix(use, ":value")
		if x, ok := n.find(step, name); ok {
			return "{{ " + x + " }}"
		}
		return use
	})
}

// piece is a part of a template: a text, or a name to insert.
type piece struct{ text, name string }

var insertion = lazyre.New(`^[ ]*((incident\.)?[a-z][a-z0-9_]*)[ ]*$`)

// pieces splits a template as playbooks do.
func pieces(text string) []piece {
	var out []piece
	lit := ""
	for text != "" {
		i := strings.Index(text, "{{")
		if i < 0 {
			break
		}
		if i > 0 && text[i-1] == '\\' {
			lit += text[:i-1] + "{{"
			text = text[i+2:]
			continue
		}
		end := strings.Index(text[i:], "}}")
		if end < 0 {
			break
		}
		name := insertion.FindStringSubmatch(strings.TrimSpace(text[i+2 : i+end]))
		if name == nil {
			lit += text[:i+end+2]
			text = text[i+end+2:]
			continue
		}
		lit += text[:i]
		if lit != "" {
			out = append(out, piece{text: lit})
		}
		lit = ""
		out = append(out, piece{name: name[1]})
		text = text[i+end+2:]
	}
	if lit+text != "" {
		out = append(out, piece{text: lit + text})
	}
	return out
}

// clean makes a text of CACAO's one that a playbook can hold: no characters
// that cannot be seen, no blank end.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if playbooks.Hidden(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > maxKept {
		s = strings.ToValidUTF8(s[:maxKept], "") + longText
	}
	s = strings.TrimRight(s, " \t\n")
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}
