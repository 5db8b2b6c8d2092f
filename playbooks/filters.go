package playbooks

import (
	"errors"
	"fmt"
	"strings"
)

// filters renders filters of the timeline.
func (v values) filters(texts []string) ([]string, error) {
	var out []string
	for _, text := range texts {
		filled, err := fillFilter(text, func(name string) (any, error) {
			switch value := v.lookup(name); {
			case v.secrets[name]:
				return nil, fmt.Errorf("secret %s cannot be part of a filter", name)
			case value == nil:
				return nil, &UnsetError{name}
			default:
				return value, nil
			}
		})
		if err != nil {
			return nil, err
		}
		out = append(out, filled)
	}
	return out, nil
}

// fillFilter inserts values into a filter of the timeline. Each is one value and
// nothing else, whatever stands in it: it is quoted, where the filter does not
// quote it itself; a list gives one value beside the other. Inside an expression
// between slashes nothing can be quoted, so a value there is refused.
func fillFilter(text string, value func(name string) (any, error)) (string, error) {
	parts, err := parseTemplate(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	in := byte(0) // the quote or slash that is open
	for _, p := range parts {
		if p.name == "" {
			in = openAfter(in, p.text, b.Len() == 0)
			b.WriteString(p.text)
			continue
		}
		if in == '/' {
			return "", fmt.Errorf("{{ %s }} stands inside an expression between slashes: use a word or a phrase", p.name)
		}
		of, err := value(p.name)
		if err != nil {
			return "", err
		}
		items, ok := of.([]string)
		switch {
		case !ok:
			items = []string{show(of)}
		case in == '"' && len(items) != 1, len(items) == 0:
			return "", fmt.Errorf("{{ %s }} is a list of %d: it has to stand alone behind a field", p.name, len(items))
		}
		for i, item := range items {
			if strings.TrimSpace(item) == "" {
				return "", errors.New("an empty value would find what has none")
			}
			item = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item)
			if in == 0 {
				item = `"` + item + `"`
			}
			if i > 0 {
				item = "," + item
			}
			b.WriteString(item)
		}
	}
	return b.String(), nil
}

// openAfter says which quote or slash is open behind text. A slash opens an
// expression where a value begins.
func openAfter(in byte, text string, first bool) byte {
	begins := first
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case in != 0 && c == '\\':
			i++
		case in != 0 && c == in:
			in = 0
		case in == 0 && (c == '"' || c == '/') && begins:
			in = c
		}
		begins = strings.IndexByte(" \t\n(:,-", c) >= 0
	}
	return in
}
