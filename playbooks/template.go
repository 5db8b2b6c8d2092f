package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"firebreak/internal/lazyre"
)

// A template is text with {{ name }} in it, where name is a variable or a
// member of incident. It inserts the value and does nothing else. \{{ stands
// for two braces.
type part struct {
	text   string // literal text
	name   string // or the name to insert
	offset int    // in runes, of the braces
}

var nameShape = lazyre.New(`^(incident\.)?[a-z][a-z0-9_]*$`)

// incidentNames are the members of incident that a template may insert.
func incidentNames() []string {
	return []string{
		"incident.id", "incident.title", "incident.severity", "incident.status", "incident.phase",
		"incident.tlp", "incident.summary", "incident.impact",
	}
}

// templateError is what is wrong with a template, at a rune offset.
type templateError struct {
	offset  int
	message string
	hint    string
}

func (e *templateError) Error() string { return e.message }

// parseTemplate splits text into literals and names. The error is a
// *templateError; all well-formed parts are returned with it.
func parseTemplate(text string) ([]part, error) {
	var (
		parts []part
		lit   strings.Builder
		bad   error
	)
	flush := func() {
		if lit.Len() > 0 {
			parts = append(parts, part{text: lit.String()})
			lit.Reset()
		}
	}
	rest, offset := text, 0
	for rest != "" {
		i := strings.Index(rest, "{{")
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '\\' {
			lit.WriteString(rest[:i-1] + "{{")
			offset += utf8.RuneCountInString(rest[:i+2])
			rest = rest[i+2:]
			continue
		}
		lit.WriteString(rest[:i])
		offset += utf8.RuneCountInString(rest[:i])
		end := strings.Index(rest[i:], "}}")
		if end < 0 {
			return parts, &templateError{offset, "{{ is never closed", `write \{{ for two braces`}
		}
		name := strings.TrimSpace(rest[i+2 : i+end])
		if nameShape.MatchString(name) {
			flush()
			parts = append(parts, part{name: name, offset: offset})
		} else if bad == nil {
			bad = &templateError{offset, fmt.Sprintf("{{ %s }} is not a name", brief(name)), "a template inserts one variable and nothing else; compute with set"}
		}
		offset += utf8.RuneCountInString(rest[i : i+end+2])
		rest = rest[i+end+2:]
	}
	flush()
	return parts, bad
}

// single returns the name when text is exactly one template.
func single(text string) (string, bool) {
	if len(text) > 1000 || !strings.Contains(text, "{{") {
		return "", false
	}
	parts, err := parseTemplate(strings.TrimSpace(text))
	if err != nil || len(parts) != 1 || parts[0].name == "" {
		return "", false
	}
	return parts[0].name, true
}

func isSingle(text string) bool {
	_, ok := single(text)
	return ok
}

// values is what templates insert.
type values struct {
	env     map[string]any
	secrets map[string]bool
}

func (v values) lookup(name string) any {
	if member, ok := strings.CutPrefix(name, "incident."); ok {
		of, _ := v.env["incident"].(map[string]any)
		return of[member]
	}
	return v.env[name]
}

// prose renders text for people: a value that is not known shows as its name
// in angle brackets, a secret as "[secret]".
func (v values) prose(text string) string {
	parts, err := parseTemplate(text)
	if err != nil {
		return text
	}
	var b strings.Builder
	for _, p := range parts {
		switch value := v.lookup(p.name); {
		case p.name == "":
			b.WriteString(p.text)
		case v.secrets[p.name]:
			b.WriteString("[secret]")
		case value == nil:
			b.WriteString("<" + p.name + ">")
		case value == true:
			b.WriteString("yes")
		case value == false:
			b.WriteString("no")
		default:
			b.WriteString(show(value))
		}
	}
	return b.String()
}

// exact renders text for machines: exactly one template keeps the value's
// type; a value that is not known is an *UnsetError. A secret is inserted only
// alone, as its reference.
func (v values) exact(text string) (any, error) {
	if name, ok := single(text); ok {
		value := v.lookup(name)
		if value == nil {
			return nil, &UnsetError{name}
		}
		if list, ok := value.([]string); ok {
			return slices.Clone(list), nil
		}
		return value, nil
	}
	return v.filled(text, "can only be a whole value, not part of a text", func(_ string, value any) (string, error) { return show(value), nil })
}

// filled puts values into a text, each as put has it. A secret is not put in:
// refused says why.
func (v values) filled(text, refused string, put func(name string, value any) (string, error)) (string, error) {
	parts, err := parseTemplate(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		if v.secrets[p.name] {
			return "", fmt.Errorf("secret %s %s", p.name, refused)
		}
		value := v.lookup(p.name)
		if value == nil {
			return "", &UnsetError{p.name}
		}
		word, err := put(p.name, value)
		if err != nil {
			return "", err
		}
		b.WriteString(word)
	}
	return b.String(), nil
}

// tree renders every string of a with value.
func (v values) tree(value any) (any, error) {
	switch x := value.(type) {
	case string:
		return v.exact(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			r, err := v.tree(item)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			r, err := v.tree(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = r
		}
		return out, nil
	default:
		return value, nil
	}
}
