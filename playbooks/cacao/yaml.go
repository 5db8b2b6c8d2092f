package cacao

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// The layout of a playbook's file: keys come in this order, and those that are
// not named here in the middle.
var (
	topOrder = []string{
		"playbook", "id", "name", "version", "owner", "description", "labels", "attack", "severity", "tlp",
		"roles", "calendar", "vars", "clocks", "", "phases", "fallback", "drill", "cacao",
	}
	stepOrder = []string{
		"id", "title", "if", "switch", "for_each", "as", "manual", "run", "http", "action", "collect", "ingest", "detect",
		"notify", "playbook", "wait", "review", "on", "connection", "with", "env", "", "note", "parallel", "then", "else",
		"cases", "default", "do", "cacao",
	}
)

// fromYAML reads a playbook's file as data. The file has passed
// playbooks.Parse, so there are no anchors, tags and keys that stand twice.
func fromYAML(src []byte) (*Object, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errors.New("nested too deeply")
			}
			return nil
		}))))
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := loader.Load(&doc); err != nil {
		return nil, err
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		root = doc.Content[0]
	}
	v, err := nodeValue(root)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*Object)
	if !ok {
		return nil, errors.New("a playbook is a mapping")
	}
	return o, nil
}

func nodeValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		o := NewObject()
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := nodeValue(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			o.Set(n.Content[i].Value, v)
		}
		return o, nil
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := nodeValue(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.ScalarNode:
		return scalarValue(n)
	case yaml.DocumentNode, yaml.AliasNode, yaml.StreamNode: // a playbook's file has none below its root
	}
	return nil, fmt.Errorf("line %d: not a value of a playbook", n.Line)
}

func scalarValue(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return integer(i), nil
	case "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || f-f != 0 {
			return nil, fmt.Errorf("line %d: not a number that fits", n.Line)
		}
		s := strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return Number(s), nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!null":
		return nil, nil
	}
	return n.Value, nil
}

// toYAML writes a playbook's file. The emitter remembers all that it was ever
// given, so it gets the steps in portions.
func toYAML(book *Object) ([]byte, error) {
	n := bookNode(book)
	var out []byte
	var err error
	add := func(n *yaml.Node, cut int) {
		var text []byte
		if len(n.Content) > 0 && err == nil {
			text, err = yaml.Dump(n, yaml.WithV4Defaults(), yaml.WithLineWidth(-1))
		}
		for range cut { // lines that stand there already
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		out = append(out, text...)
	}
	from := 0
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value != "phases" {
			continue
		}
		add(mappingNode(n.Content[from:i]...), 0)
		from = i + 2
		cut := 0
		phases := n.Content[i+1].Content
		for k := 0; k < len(phases); k += 2 {
			portions := slices.Collect(slices.Chunk(phases[k+1].Content, 2))
			if len(portions) == 0 {
				portions = [][]*yaml.Node{nil}
			}
			for _, portion := range portions {
				add(mappingNode(n.Content[i], mappingNode(phases[k], &yaml.Node{Kind: yaml.SequenceNode, Content: portion})), cut)
				cut = 2
			}
			cut = 1
		}
	}
	add(mappingNode(n.Content[from:]...), 0)
	if err != nil {
		return nil, fmt.Errorf("write playbook: %w", err)
	}
	spaced := make([]byte, 0, len(out)+8)
	for line := range bytes.Lines(out) {
		for _, key := range []string{"vars:", "clocks:", "phases:", "fallback:", "drill:", "cacao:"} {
			if bytes.HasPrefix(line, []byte(key)) {
				spaced = append(spaced, '\n')
			}
		}
		spaced = append(spaced, line...)
	}
	return spaced, nil
}

// arranged returns the keys in the order of the layout.
func arranged(o *Object, layout []string) []string {
	rest := slices.Index(layout, "")
	place := func(k string) int {
		if i := slices.Index(layout, k); i >= 0 {
			return i
		}
		return rest
	}
	keys := slices.Clone(o.Keys())
	slices.SortStableFunc(keys, func(a, b string) int { return place(a) - place(b) })
	return keys
}

func bookNode(book *Object) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range arranged(book, topOrder) {
		v := book.Get(k)
		var value *yaml.Node
		switch k {
		case "phases":
			value = &yaml.Node{Kind: yaml.MappingNode}
			phases, _ := v.(*Object)
			for _, ph := range phases.Keys() {
				value.Content = append(value.Content, plainNode(ph), stepsNode(phases.list(ph)))
			}
		case "fallback":
			list, _ := v.([]any)
			value = stepsNode(list)
		default:
			value = valueNode(v)
			if k == "vars" || k == "cacao" || k == "drill" {
				value.Style = 0
			}
		}
		n.Content = append(n.Content, plainNode(k), value)
	}
	return n
}

func stepsNode(steps []any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range steps {
		step, ok := s.(*Object)
		if !ok {
			n.Content = append(n.Content, valueNode(s))
			continue
		}
		m := &yaml.Node{Kind: yaml.MappingNode, Content: make([]*yaml.Node, 0, 2*step.Len())}
		for _, k := range arranged(step, stepOrder) {
			m.Content = append(m.Content, plainNode(k), stepValue(k, step.Get(k)))
		}
		n.Content = append(n.Content, m)
	}
	return n
}

func stepValue(key string, v any) *yaml.Node {
	list, isList := v.([]any)
	cases, isObject := v.(*Object)
	switch {
	case isList && slices.Contains(childKeys, key):
		return stepsNode(list)
	case key == "cases" && isObject:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, k := range cases.Keys() {
			steps, _ := cases.Get(k).([]any)
			n.Content = append(n.Content, plainNode(k), stepsNode(steps))
		}
		return n
	}
	return valueNode(v)
}

// childKeys are the keys of a step that hold a list of steps; cases holds
// several.
var childKeys = []string{"parallel", "then", "else", "default", "do"}

func mappingNode(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: content}
}

func plainNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func valueNode(v any) *yaml.Node {
	switch v := v.(type) {
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case Number:
		tag := "!!int"
		if strings.ContainsAny(string(v), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: string(v)}
	case string:
		n := plainNode(v)
		if strings.Contains(v, "\n") {
			n.Style = yaml.LiteralStyle
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Content: make([]*yaml.Node, 0, len(v))}
		for _, x := range v {
			n.Content = append(n.Content, valueNode(x))
		}
		return compact(n)
	case *Object:
		n := &yaml.Node{Kind: yaml.MappingNode, Content: make([]*yaml.Node, 0, 2*v.Len())}
		for _, k := range v.Keys() {
			n.Content = append(n.Content, plainNode(k), valueNode(v.Get(k)))
		}
		return compact(n)
	default:
		panic(fmt.Sprintf("cacao: %T is no value", v))
	}
}

// compact gives a short collection one line.
func compact(n *yaml.Node) *yaml.Node {
	if width(n) <= 100 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func width(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode {
		if n.Style == yaml.LiteralStyle {
			return 1000
		}
		return len(n.Value) + 2
	}
	sum := 2
	for _, c := range n.Content {
		sum += width(c) + 2
	}
	return sum
}
