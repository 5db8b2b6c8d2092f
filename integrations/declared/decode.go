package declared

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"firebreak/internal/lazyre"
	"firebreak/internal/problem"
)

// place is where something stands in a file, from 1.
type place struct{ line, column int }

const maxProblems = 100

// decoder reads one file and notes all that is wrong with it.
type decoder struct {
	file     string
	problems problem.Problems
	values   int
	system   *System // whose settings expressions may read; nil while it is not known
	action   *Action
}

func (d *decoder) at(p place, hint, format string, args ...any) {
	if len(d.problems) >= maxProblems {
		return
	}
	message := fmt.Sprintf(format, args...)
	if len(message) > 400 {
		message = strings.ToValidUTF8(message[:400], "") + "..."
	}
	d.problems = append(d.problems, problem.Problem{File: d.file, Line: p.line, Column: p.column, Message: message, Hint: hint})
}

func (d *decoder) node(n *yaml.Node, hint, format string, args ...any) {
	d.at(place{n.Line, n.Column}, hint, format, args...)
}

var errTooDeep = errors.New("nested too deeply")

// document is the one document of a file that keeps to the limits and to the part
// of YAML that is ours; nil when there is none.
func (d *decoder) document(src []byte) *yaml.Node {
	switch {
	case len(src) > MaxSize:
		d.at(place{1, 1}, "split it", "file has %d bytes; the limit is %d", len(src), MaxSize)
		return nil
	case !utf8.Valid(src):
		d.at(place{1, 1}, "save the file as UTF-8", "file is not valid UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}))))
	var doc, more yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		d.at(place{1, 1}, "", "file is empty")
		return nil
	}
	if err == nil {
		if second := loader.Load(&more); second == nil {
			d.at(place{max(more.Line, 1), max(more.Column, 1)}, "one file holds one document", "a second document begins here")
			return nil
		} else if !errors.Is(second, io.EOF) {
			err = second
		}
	}
	if err != nil {
		d.syntax(err)
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode {
		root = doc.Content[0]
	}
	if !d.tidy(root, 0) {
		return nil
	}
	return root
}

func (d *decoder) syntax(err error) {
	at, message := place{1, 1}, err.Error()
	message, _, _ = strings.Cut(message, "\n")
	var load *yaml.LoadError
	if errors.As(err, &load) {
		at, message = place{max(load.Mark.Line, 1), max(load.Mark.Column, 1)}, load.Message
	}
	if errors.Is(err, errTooDeep) || strings.Contains(err.Error(), errTooDeep.Error()) {
		d.at(at, "", "nested more than %d levels deep", maxDepth)
		return
	}
	d.at(at, "", "not YAML: %s", message)
}

// tidy refuses what the language leaves out of YAML, everywhere in the tree.
func (d *decoder) tidy(n *yaml.Node, depth int) bool {
	d.values++
	if d.values > maxValues || depth > maxDepth {
		d.node(n, "", "more than %d values, or nested more than %d levels deep", maxValues, maxDepth)
		return false
	}
	switch {
	case n.Anchor != "" || n.Kind == yaml.AliasNode:
		d.node(n, "write the value out", "anchors and aliases are not allowed")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		d.node(n, "remove the tag; quote the value to make it a text", "tag %.40q is not allowed", n.Tag)
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			switch {
			case k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge":
				d.node(k, "", "a key must be a plain word")
				return false
			case seen[k.Value]:
				d.node(k, "", "key %.60q is there twice", k.Value)
			}
			seen[k.Value] = true
		}
	}
	if n.Kind == yaml.ScalarNode {
		for _, r := range n.Value {
			if unseen(r) {
				d.node(n, "remove it", "character U+%04X cannot be seen", r)
				break
			}
		}
	}
	for _, c := range n.Content {
		if !d.tidy(c, depth+1) {
			return false
		}
	}
	return true
}

// unseen says of a character that a reviewer or a terminal does not show it as it is.
func unseen(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == 0xFEFF, r == 0x061C, r == 0xFFFD,
		r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return false
}

// keys hands each value of a mapping to the reader of its key, in the order of the
// file. It reports whether n is a mapping.
func (d *decoder) keys(n *yaml.Node, what string, readers map[string]func(*yaml.Node), required ...string) bool {
	if n.Kind != yaml.MappingNode {
		d.node(n, "", "%s must be a mapping of keys to values", what)
		return false
	}
	have := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		read, ok := readers[k.Value]
		if !ok {
			d.node(k, problem.DidYouMean(k.Value, sortedKeys(readers)), "%s has no key %.60q", what, k.Value)
			continue
		}
		have[k.Value] = true
		read(v)
	}
	for _, k := range required {
		if !have[k] {
			d.node(n, "", "%s has no %s", what, k)
		}
	}
	return true
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// each walks a mapping whose keys the author chose.
func (d *decoder) each(n *yaml.Node, what string, shape *lazyre.Regexp, read func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.node(n, "", "%s must be a mapping of names to values", what)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if shape != nil && !shape.MatchString(k.Value) {
			d.node(k, "small letters, digits and _", "%s: %.60q is not a name", what, k.Value)
			continue
		}
		read(k.Value, k, v)
	}
}

// list is the items of a sequence; one value alone counts as a list of one.
func (d *decoder) list(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

func (d *decoder) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "" {
		d.node(n, "", "%s must be a text", what)
		return ""
	}
	if len(n.Value) > maxText {
		d.node(n, "", "%s is longer than %d bytes", what, maxText)
		return ""
	}
	return strings.TrimRight(n.Value, "\n")
}

func (d *decoder) texts(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range d.list(n) {
		if s := d.text(item, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (d *decoder) word(n *yaml.Node, what string, known []string) string {
	s := d.text(n, what)
	if s != "" && !slices.Contains(known, s) {
		d.node(n, problem.DidYouMean(s, known), "%s %.60q is not known", what, s)
		return ""
	}
	return s
}

func (d *decoder) shaped(n *yaml.Node, what string, shape *lazyre.Regexp, hint string) string {
	s := d.text(n, what)
	if s != "" && !shape.MatchString(s) {
		d.node(n, hint, "%s %.60q is not one", what, s)
		return ""
	}
	return s
}

func (d *decoder) truth(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.node(n, "", "%s must be true or false", what)
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

func (d *decoder) whole(n *yaml.Node, what string, low, high int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < low || i > high {
		d.node(n, "", "%s must be a whole number from %d to %d", what, low, high)
		return low
	}
	return i
}

// fixed turns a node into what JSON would make of it.
func (d *decoder) fixed(n *yaml.Node, what string) any {
	switch n.Kind { //nolint:exhaustive // what is neither is a scalar: tidy leaves nothing else
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, d.fixed(c, what))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = d.fixed(n.Content[i+1], what)
		}
		return out
	}
	v, ok := scalar(n)
	if !ok {
		d.node(n, "quote it to make it a text", "%s: %.40q is not a number that fits", what, n.Value)
	}
	return v
}

// scalar is a plain value: an int, a float, true, false, null or a text.
func scalar(n *yaml.Node) (any, bool) {
	switch n.ShortTag() {
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 0, 64)
		return int(i), err == nil
	case "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		return f, err == nil && f == f && f < 1e300 && f > -1e300
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case "!!null":
		return nil, true
	}
	return n.Value, true
}

// inside is the place of a character of a text. In a text of several lines, or
// one with escapes, it is where the text begins.
func inside(n *yaml.Node, offset int) place {
	at := place{n.Line, n.Column}
	if strings.Contains(n.Value, "\n") || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return at
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		if strings.ContainsAny(n.Value, "\"'\\") {
			return at
		}
		at.column++
	}
	at.column += offset
	return at
}
