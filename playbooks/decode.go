package playbooks

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

var (
	slugShape    = lazyre.New(`^[a-z0-9][a-z0-9-]{0,62}$`)
	varShape     = lazyre.New(`^[a-z][a-z0-9_]{0,62}$`)
	versionShape = lazyre.New(`^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$`)
	attackShape  = lazyre.New(`^T\d{4}(\.\d{3})?$`)
	d3fendShape  = lazyre.New(`^D3-[A-Z][A-Z0-9]{0,11}$`)
)

// entry is a key of a mapping with its value.
type entry struct {
	key   *yaml.Node
	value *yaml.Node
}

// mapping returns the entries of n by key and in order, noting unknown keys.
// A nil known takes any key.
func (d *decoder) mapping(n *yaml.Node, what string, known []string) (map[string]*yaml.Node, []entry) {
	if n.Kind == yaml.AliasNode {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		d.node(codeShape, n, "", "%s must be a mapping of keys to values", what)
		return nil, nil
	}
	byKey, order := map[string]*yaml.Node{}, []entry{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if _, twice := byKey[key.Value]; twice || key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue // noted by tidy
		}
		if known != nil && !slices.Contains(known, key.Value) {
			d.node(codeUnknownKey, key, didYouMean(key.Value, known), "%s has no key %s", what, brief(key.Value))
			continue
		}
		byKey[key.Value] = value
		order = append(order, entry{key, value})
	}
	return byKey, order
}

// list returns the items of a sequence; one scalar counts as a list of one.
func (d *decoder) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n.Kind == yaml.SequenceNode:
		return n.Content
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		return []*yaml.Node{n}
	case n.Kind == yaml.AliasNode:
		return nil
	}
	d.node(codeShape, n, "", "%s must be a list", what)
	return nil
}

// text returns a scalar as it is written.
func (d *decoder) text(n *yaml.Node, what string) string {
	switch {
	case n == nil || n.Kind == yaml.AliasNode:
		return ""
	case n.Kind != yaml.ScalarNode:
		d.node(codeShape, n, "", "%s must be a text", what)
		return ""
	case n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "":
		d.node(codeShape, n, "", "%s is empty", what)
		return ""
	case len(n.Value) > maxText:
		d.node(codeTooMany, n, "", "%s is longer than %d bytes", what, maxText)
		return ""
	}
	return strings.TrimRight(n.Value, "\n")
}

func (d *decoder) texts(n *yaml.Node, what string) []string {
	if n == nil {
		return nil
	}
	items := d.list(n, what)
	if len(items) > maxList {
		d.node(codeTooMany, n, "", "%s has more than %d items", what, maxList)
		return nil
	}
	var out []string
	for _, item := range items {
		if s := d.text(item, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// word returns a text that must be one of the known words.
func (d *decoder) word(n *yaml.Node, what string, known []string) string {
	s := d.text(n, what)
	if s != "" && !slices.Contains(known, s) {
		d.node(codeValue, n, didYouMean(s, known), "%s %s is not known", what, brief(s))
		return ""
	}
	return s
}

func (d *decoder) duration(n *yaml.Node, what string, business bool) Duration {
	s := d.text(n, what)
	if s == "" {
		return Duration{}
	}
	out, err := ParseDuration(s)
	switch {
	case err != nil:
		d.node(codeDuration, n, "", "%s: %s", what, err)
	case out.BusinessDays > 0 && !business:
		d.node(codeDuration, n, "use h or d; business days go with due only", "%s cannot be in business days", what)
		return Duration{}
	case out.Time == 0 && out.BusinessDays == 0:
		d.node(codeDuration, n, "", "%s must be longer than nothing", what)
		return Duration{}
	}
	return out
}

func (d *decoder) number(n *yaml.Node, what string, low, high int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < low || i > high {
		d.node(codeValue, n, "", "%s must be a whole number from %d to %d", what, low, high)
		return low
	}
	return i
}

func (d *decoder) bool(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.node(codeShape, n, "", "%s must be true or false", what)
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// value turns a node into what JSON would make of it.
func (d *decoder) value(n *yaml.Node, what string) any {
	if n.Kind == yaml.ScalarNode {
		return d.scalar(n, what)
	}
	if n.Kind == yaml.SequenceNode {
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, d.value(c, what))
		}
		return out
	}
	if n.Kind != yaml.MappingNode {
		return nil // an alias, noted by tidy
	}
	out := map[string]any{}
	_, order := d.mapping(n, what, nil)
	for _, e := range order {
		out[e.key.Value] = d.value(e.value, what)
	}
	return out
}

func (d *decoder) scalar(n *yaml.Node, what string) any {
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return int(i)
		}
		d.node(codeValue, n, "quote it to make it a text", "%s: %s is not a number that fits", what, brief(n.Value))
		return nil
	case "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || f != f || f > 1e300 || f < -1e300 {
			d.node(codeValue, n, "quote it to make it a text", "%s: %s is not a number that fits", what, brief(n.Value))
			return nil
		}
		return f
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		d.node(codeShape, n, `write "" for an empty text`, "%s has no value", what)
		return nil
	}
	if len(n.Value) > maxText {
		d.node(codeTooMany, n, "", "%s is longer than %d bytes", what, maxText)
		return nil
	}
	return n.Value
}
