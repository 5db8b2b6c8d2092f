package drill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"firebreak/internal/lazyre"
	"firebreak/playbooks"
)

// Limits of a file: far above what people write, far below what hurts.
const (
	MaxSize     = 256 << 10
	maxDepth    = 12
	maxValues   = 10_000
	maxItems    = 200
	maxText     = 16 << 10
	maxProblems = 100
	maxWeight   = 100
	maxEvents   = 1_000_000
)

var (
	slug   = lazyre.New(`^[a-z0-9][a-z0-9-]{0,62}$`)
	word   = lazyre.New(`^[a-z][a-z0-9_]{0,62}$`)
	semver = lazyre.New(`^\d+\.\d+\.\d+$`)
	insert = lazyre.New(`\{\{ *([^{}]*?) *\}\}`)
)

// reader turns nodes into values and notes all that is wrong.
type reader struct {
	file     string
	problems Problems
	values   int
	draw     map[string]string
	drawn    bool // {{ }} is in force
}

func (r *reader) note(code string, n *yaml.Node, hint, format string, args ...any) {
	line, column := 1, 1
	if n != nil {
		line, column = max(n.Line, 1), max(n.Column, 1)
	}
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{
			Code: code, File: r.file, Line: line, Column: column, Severity: playbooks.Error,
			Message: cut(fmt.Sprintf(format, args...)), Hint: cut(hint),
		})
	}
}

func cut(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// load composes the one document of src; nil when it cannot be.
func (r *reader) load(src []byte) *yaml.Node {
	switch {
	case len(src) > MaxSize:
		r.note(codeLimit, nil, "", "file has %d bytes; the limit is %d", len(src), MaxSize)
		return nil
	case !utf8.Valid(src):
		r.note(codeSyntax, nil, "save the file as UTF-8", "file is not valid UTF-8")
		return nil
	}
	errDeep := errors.New("nested too deeply")
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errDeep
			}
			return nil
		}))))
	var doc, second yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	if err == nil {
		switch again := loader.Load(&second); {
		case again == nil:
			r.note(codeSyntax, &second, "one file holds one scenario", "a second document begins here")
			return nil
		case !errors.Is(again, io.EOF):
			err = again
		}
	}
	if err != nil {
		at := &yaml.Node{Line: 1, Column: 1}
		var le *yaml.LoadError
		message, _, _ := strings.Cut(err.Error(), "\n")
		if errors.As(err, &le) {
			at, message = &yaml.Node{Line: le.Mark.Line, Column: le.Mark.Column}, le.Message
		}
		switch {
		case errors.Is(err, errDeep) || strings.Contains(err.Error(), errDeep.Error()):
			r.note(codeLimit, at, "", "nested more than %d levels deep", maxDepth)
		case errors.Is(err, io.EOF):
			r.note(codeSyntax, at, "", "file is empty")
		default:
			r.note(codeSyntax, at, "", "%s", message)
		}
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode {
		if len(doc.Content) != 1 {
			r.note(codeSyntax, nil, "", "file is empty")
			return nil
		}
		root = doc.Content[0]
	}
	if !r.tidy(root, 0) {
		return nil
	}
	return root
}

// tidy refuses what the format leaves out of YAML, everywhere in the tree.
func (r *reader) tidy(n *yaml.Node, depth int) bool {
	r.values++
	if r.values > maxValues || depth > maxDepth {
		r.note(codeLimit, n, "", "more than %d values, or nested more than %d deep", maxValues, maxDepth)
		return false
	}
	core := []string{"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp"}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.note(codeRefused, n, "write the value out", "anchors and aliases are not allowed")
		return false
	case n.Style&yaml.TaggedStyle != 0 || !slices.Contains(core, n.ShortTag()):
		r.note(codeRefused, n, "quote the value to make it a text", "tags and merge keys are not allowed")
		return false
	}
	if n.Kind == yaml.ScalarNode {
		for _, c := range n.Value {
			if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar) {
				r.note(codeRefused, n, "", "character U+%04X cannot be seen", c)
				return false
			}
		}
		if len(n.Value) > maxText {
			r.note(codeLimit, n, "", "a text is longer than %d bytes", maxText)
			return false
		}
	}
	for _, c := range n.Content {
		if !r.tidy(c, depth+1) {
			return false
		}
	}
	return true
}

// pair is a key with its value.
type pair struct {
	key, value *yaml.Node
}

// mapping returns the pairs of n by key, and in order. A nil known takes any.
func (r *reader) mapping(n *yaml.Node, what string, known ...string) (map[string]*yaml.Node, []pair) {
	if n == nil {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		r.note(codeShape, n, "", "%s must be a mapping of keys to values", what)
		return nil, nil
	}
	by, order := map[string]*yaml.Node{}, []pair{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch _, twice := by[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			r.note(codeShape, k, "", "a key must be a plain word")
		case twice:
			r.note(codeKey, k, "", "%s: key %q stands twice", what, k.Value)
		case len(known) > 0 && !slices.Contains(known, k.Value):
			r.note(codeKey, k, "known: "+strings.Join(known, ", "), "%s has no key %q", what, k.Value)
		default:
			by[k.Value] = v
			order = append(order, pair{k, v})
		}
	}
	if len(order) > maxItems {
		r.note(codeLimit, n, "", "%s has more than %d keys", what, maxItems)
		return nil, nil
	}
	return by, order
}

// list returns the items of a sequence; a scalar counts as a list of one.
func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		return []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		r.note(codeShape, n, "", "%s must be a list", what)
		return nil
	case len(n.Content) > maxItems:
		r.note(codeLimit, n, "", "%s has more than %d items", what, maxItems)
		return nil
	}
	return n.Content
}

// text returns a scalar as it is written, with what was drawn in its place.
func (r *reader) text(n *yaml.Node, what string) string {
	switch {
	case n == nil:
		return ""
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
		r.note(codeShape, n, "", "%s must be a text", what)
		return ""
	}
	return r.put(n, strings.TrimRight(n.Value, "\n"))
}

// put puts what was drawn into a text.
func (r *reader) put(n *yaml.Node, text string) string {
	if !r.drawn {
		return text
	}
	return insert.ReplaceAllStringFunc(text, func(m string) string {
		name := insert.FindStringSubmatch(m)[1]
		value, ok := r.draw[name]
		if !ok {
			r.note(codeName, n, "draw: has the names", "{{ %s }} was not drawn", name)
		}
		return value
	})
}

func (r *reader) texts(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range r.list(n, what) {
		if s := r.text(item, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// needed is text where one has to be there.
func (r *reader) needed(parent, n *yaml.Node, what string) string {
	if n == nil {
		r.note(codeMissing, parent, "", "%s is missing", what)
		return ""
	}
	s := r.text(n, what)
	if strings.TrimSpace(s) == "" {
		r.note(codeMissing, n, "", "%s is empty", what)
	}
	return s
}

// oneOf is text that must be one of the known words; "" where it is not there.
func (r *reader) oneOf(n *yaml.Node, what string, known ...string) string {
	s := r.text(n, what)
	if n != nil && !slices.Contains(known, s) {
		r.note(codeValue, n, "known: "+strings.Join(known, ", "), "%s: %q is not known", what, cut(s))
		return ""
	}
	return s
}

func (r *reader) number(n *yaml.Node, what string, or, low, high int) int {
	if n == nil {
		return or
	}
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < low || i > high {
		r.note(codeValue, n, "", "%s must be a whole number from %d to %d", what, low, high)
		return or
	}
	return i
}

func (r *reader) duration(n *yaml.Node, what string) time.Duration {
	if n == nil {
		return 0
	}
	d, err := playbooks.ParseDuration(r.text(n, what))
	if err != nil || d.BusinessDays > 0 {
		r.note(codeValue, n, "as in 30s, 10m, 4h, 3d", "%s is not a length of time: %q", what, cut(n.Value))
		return 0
	}
	return d.Time
}

// value is what JSON would make of a scalar, or of a list of them.
func (r *reader) value(n *yaml.Node, what string) any {
	if n.Kind == yaml.SequenceNode {
		var out []any
		for _, c := range r.list(n, what) {
			out = append(out, r.value(c, what))
		}
		return out
	}
	if n.Kind != yaml.ScalarNode {
		r.note(codeShape, n, "", "%s must be a plain value or a list of them", what)
		return nil
	}
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.Atoi(n.Value); err == nil {
			return i
		}
		r.note(codeValue, n, "", "%s is not a number that fits", what)
		return nil
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && f == f && f < 1e300 && f > -1e300 {
			return f
		}
		r.note(codeValue, n, "", "%s is not a number that fits", what)
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		r.note(codeShape, n, "", "%s has no value", what)
		return nil
	}
	return r.put(n, strings.TrimRight(n.Value, "\n"))
}
