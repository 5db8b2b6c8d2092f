package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Widths of a formatted file, in characters.
const (
	widthFlow  = 120 // a mapping or list that is written in one line
	widthProse = 80  // folded text
)

// Format writes a playbook or a file of tests in the one layout: keys in their
// order, two spaces of indentation, folded texts broken anew. What the author
// wrote in one line stays so while it fits; comments and single blank lines stay
// where they belong. The result says the same as src and is formatted itself.
//
// A file that cannot be parsed is Problems. One whose comments or data would not
// survive is an error too: nothing is ever lost in silence.
func Format(name string, src []byte) ([]byte, error) {
	root, comments, kind, err := layout(name, src)
	if err != nil {
		return nil, err
	}
	w := &formatter{}
	tree := treeOf(root, newSource(src), kind)
	tree.attach(comments)
	w.document(tree)
	out := []byte(w.text.String())

	again, kept, _, err := layout(name, out)
	switch {
	case err != nil:
		return nil, fmt.Errorf("format %s: the result could not be read again: %w", name, err)
	case !sameData(root, again):
		return nil, fmt.Errorf("format %s: the result would not say the same", name)
	case !slices.Equal(commentTexts(comments), commentTexts(kept)):
		return nil, fmt.Errorf("format %s: a comment would be lost", name)
	}
	return out, nil
}

// layout parses a file that is a playbook or a file of tests.
func layout(name string, src []byte) (*yaml.Node, []comment, string, error) {
	kind := "playbook"
	if err := parses(name, src); err != nil {
		if !strings.Contains(firstKey(src), "test") {
			return nil, nil, "", err
		}
		kind = "test"
		if _, err := ParseTest(name, src); err != nil {
			return nil, nil, "", err
		}
	}
	d := &decoder{file: name}
	root := d.document(src)
	if root == nil {
		return nil, nil, "", d.problems.Sorted()
	}
	return root, commentsOf(root, newSource(src)), kind, nil
}

func parses(name string, src []byte) error {
	_, err := Parse(name, src)
	return err
}

// firstKey is what stands before the first colon that is not in a comment.
func firstKey(src []byte) string {
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "---") {
			continue
		}
		key, _, _ := strings.Cut(line, ":")
		return key
	}
	return ""
}

// IsTest says that a file means to be one of tests: its first key is `test`.
func IsTest(src []byte) bool { return strings.Trim(firstKey(src), `"' {`) == "test" }

// IsScenario says that a file means to be an exercise on a playbook: its first key is
// `scenario`.
func IsScenario(src []byte) bool { return strings.Trim(firstKey(src), `"' {`) == "scenario" }

// IsPlaybook says that a file means to be a playbook: it has the key `playbook`
// with a version of the format at the beginning of a line.
func IsPlaybook(src []byte) bool {
	if IsTest(src) || IsScenario(src) {
		return false
	}
	for line := range strings.Lines(string(src)) {
		if strings.HasPrefix(strings.TrimPrefix(line, "\ufeff"), "playbook:") {
			return true
		}
	}
	return false
}

// sameData compares two trees as data: the order of keys, the style and comments
// count for nothing.
func sameData(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.Value == b.Value || a.ShortTag() == "!!null"
	case yaml.MappingNode:
		values := make(map[string]*yaml.Node, len(b.Content)/2)
		for i := 0; i+1 < len(b.Content); i += 2 {
			values[b.Content[i].ShortTag()+" "+b.Content[i].Value] = b.Content[i+1]
		}
		for i := 0; i+1 < len(a.Content); i += 2 {
			other := values[a.Content[i].ShortTag()+" "+a.Content[i].Value]
			if other == nil || !sameData(a.Content[i+1], other) {
				return false
			}
		}
		return true
	case yaml.SequenceNode, yaml.DocumentNode, yaml.AliasNode, yaml.StreamNode:
	}
	for i := range a.Content {
		if !sameData(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
