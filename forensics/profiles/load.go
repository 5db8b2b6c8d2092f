package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"firebreak/forensics/pattern"
)

// Limits of a file of definitions, far above what people write.
const (
	MaxSize     = 4 << 20
	maxDepth    = 16
	maxValues   = 200_000
	maxProblems = 100
	maxTitle    = 500
)

// loader reads YAML and notes all that is wrong with it.
type loader struct {
	file     string
	problems Problems
	values   int
}

func (l *loader) at(n *yaml.Node, format string, args ...any) {
	line, column := 1, 1
	if n != nil {
		line, column = max(n.Line, 1), max(n.Column, 1)
	}
	switch len(l.problems) {
	case maxProblems:
		l.problems = append(l.problems, fmt.Sprintf("%s: more is wrong; only the first %d are listed", l.file, maxProblems))
	default:
		if len(l.problems) < maxProblems {
			l.problems = append(l.problems, fmt.Sprintf("%s:%d:%d: %s", l.file, line, column, fmt.Sprintf(format, args...)))
		}
	}
}

func (l *loader) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d:%d", l.file, n.Line, n.Column) }

// documents composes the documents of a file.
func (l *loader) documents(src []byte) []*yaml.Node {
	if len(src) > MaxSize {
		l.at(nil, "%d bytes; the limit is %d", len(src), MaxSize)
		return nil
	}
	if !utf8.Valid(src) {
		l.at(nil, "not UTF-8")
		return nil
	}
	in, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}))))
	if err != nil {
		l.syntax(err)
		return nil
	}
	var out []*yaml.Node
	for {
		var doc yaml.Node
		err := in.Load(&doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			l.syntax(err)
			return nil
		}
		root := &doc
		if doc.Kind == yaml.DocumentNode {
			if len(doc.Content) == 0 {
				continue
			}
			root = doc.Content[0]
		}
		if !l.tidy(root) {
			return nil
		}
		if root.Kind != yaml.ScalarNode || root.ShortTag() != "!!null" {
			out = append(out, root)
		}
	}
}

var errTooDeep = fmt.Errorf("nested more than %d levels deep", maxDepth)

func (l *loader) syntax(err error) {
	var load *yaml.LoadError
	if errors.As(err, &load) {
		l.at(&yaml.Node{Line: load.Mark.Line, Column: load.Mark.Column}, "%s", strings.TrimSpace(load.Message+" "+load.ContextMsg))
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	l.at(nil, "%s", first)
}

// tidy refuses what a list of files has no need of.
func (l *loader) tidy(n *yaml.Node) bool {
	if l.values++; l.values > maxValues {
		l.at(n, "more than %d values in one file", maxValues)
		return false
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		l.at(n, "anchors and aliases are not allowed: write the value out")
		return false
	}
	if n.Style&yaml.TaggedStyle != 0 {
		l.at(n, "tags are not allowed")
		return false
	}
	for _, c := range n.Content {
		if !l.tidy(c) {
			return false
		}
	}
	return true
}

// mapping returns the values of a mapping by their keys; others than those known
// are wrong, unless known is nil.
func (l *loader) mapping(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n == nil || n.Kind != yaml.MappingNode {
		l.at(n, "%s has to be keys with values", what)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			l.at(key, "a key of %s is no text", what)
		case out[key.Value] != nil:
			l.at(key, "%s has %q twice", what, key.Value)
		case known != nil && !slices.Contains(known, key.Value):
			l.at(key, "%s has no key %q; it has %s", what, key.Value, strings.Join(known, ", "))
		default:
			out[key.Value] = n.Content[i+1]
		}
	}
	return out
}

// items returns what a list holds.
func (l *loader) items(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		l.at(n, "%s has to be a list", what)
		return nil
	}
	return n.Content
}

// text returns a text; at is where one is missing.
func (l *loader) text(n, at *yaml.Node, what string) string {
	switch {
	case n == nil:
		l.at(at, "%s is missing", what)
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.Value == "":
		l.at(n, "%s has to be a text", what)
	case len(n.Value) > pattern.MaxLength:
		l.at(n, "%s is longer than %d bytes", what, pattern.MaxLength)
	default:
		return n.Value
	}
	return ""
}

func (l *loader) texts(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range l.items(n, what) {
		if s := l.text(item, item, "an item of "+what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (l *loader) yes(n *yaml.Node, what string) bool {
	if n == nil {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		l.at(n, "%s has to be true or false", what)
		return false
	}
	return n.Value == "true"
}

func (l *loader) number(n *yaml.Node, what string) int64 {
	if n == nil {
		return 0
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || n.Kind != yaml.ScalarNode || v < 0 {
		l.at(n, "%s has to be a number", what)
	}
	return v
}

// size reads a number of bytes, as in 512 MiB.
func (l *loader) size(n *yaml.Node, what string) int64 {
	if n == nil {
		return 0
	}
	number, unit, _ := strings.Cut(strings.TrimSpace(n.Value), " ")
	v, err := strconv.ParseInt(number, 10, 64)
	shift, ok := map[string]uint{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[strings.TrimSpace(unit)]
	if err != nil || !ok || v < 0 || v > 1<<62>>shift {
		l.at(n, "%s has to be a size, as 512 MiB", what)
		return 0
	}
	return v << shift
}

// span reads a stretch of time, as in 14d or 36h.
func (l *loader) span(n *yaml.Node, what string) time.Duration {
	if n == nil {
		return 0
	}
	if days, ok := strings.CutSuffix(n.Value, "d"); ok {
		if v, err := strconv.Atoi(days); err == nil && v > 0 && v < 36500 {
			return time.Duration(v) * 24 * time.Hour
		}
	} else if v, err := time.ParseDuration(n.Value); err == nil && v > 0 {
		return v
	}
	l.at(n, "%s has to be a stretch of time, as 14d", what)
	return 0
}

func (l *loader) globs(n *yaml.Node, what string) []*pattern.Glob {
	var out []*pattern.Glob
	for _, item := range l.items(n, what) {
		if s := l.text(item, item, "an item of "+what); s != "" {
			g, err := pattern.Compile(s)
			if err != nil {
				l.at(item, "%s: %v", what, err)
				continue
			}
			out = append(out, g)
		}
	}
	return out
}

// paths reads patterns and tries each.
func (l *loader) paths(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range l.items(n, what) {
		s := l.text(item, item, "an item of "+what)
		if s == "" {
			continue
		}
		if err := pattern.New().Add(s, 0); err != nil {
			l.at(item, "%s: %v", what, err)
			continue
		}
		out = append(out, s)
	}
	return out
}
