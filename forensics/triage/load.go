package triage

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of rules. They are far above what people write and far below what hurts.
const (
	MaxFile     = 1 << 20 // bytes of a file
	MaxFiles    = 500
	MaxRules    = 2000
	maxDepth    = 12
	maxValues   = 50_000
	maxProblems = 200
)

//go:embed rules/*.yaml
var builtIn embed.FS

// BuiltIn is the rules that come with the program.
func BuiltIn() (*Set, error) {
	rules, err := Load(builtIn, "rules")
	for _, r := range rules {
		r.BuiltIn = true
	}
	return &Set{Rules: rules}, err
}

// With is the set and more rules; one with an id that is there takes its place.
func (s *Set) With(more []*Rule) *Set {
	out := slices.Clone(s.Rules)
	for _, r := range more {
		out = slices.DeleteFunc(out, func(old *Rule) bool { return old.ID == r.ID })
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	return &Set{Rules: out}
}

// Load reads the rules in the .yaml and .yml files of a folder, not of those
// below it, in the order of their ids. The error is Problems where a rule is
// wrong: no rule is passed over in silence.
func Load(fsys fs.FS, dir string) ([]*Rule, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	l := loader{seen: map[string]string{}}
	files := 0
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		if files++; files > MaxFiles {
			return nil, fmt.Errorf("read rules: more than %d files", MaxFiles)
		}
		name := path.Join(dir, e.Name())
		src, err := readFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		l.read(name, src)
	}
	if len(l.problems) > 0 {
		return nil, l.problems.Sorted()
	}
	if files == 0 {
		return nil, fmt.Errorf("read rules: %s has no .yaml file", dir)
	}
	slices.SortFunc(l.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	return l.rules, nil
}

func readFile(fsys fs.FS, name string) (src []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, fmt.Errorf("%s: not a regular file", name))
	}
	src, err = io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(src) > MaxFile {
		err = fmt.Errorf("%s: longer than %d bytes", name, MaxFile)
	}
	return src, err
}

// Parse reads the rules of one file.
func Parse(name string, src []byte) ([]*Rule, error) {
	l := loader{seen: map[string]string{}}
	l.read(name, src)
	if len(l.problems) > 0 {
		return nil, l.problems.Sorted()
	}
	return l.rules, nil
}

// loader turns YAML into rules and notes all that is wrong.
type loader struct {
	file     string
	rules    []*Rule
	seen     map[string]string // ids, with the place of each
	values   int
	problems Problems
}

func (l *loader) fail(n *yaml.Node, hint, format string, args ...any) {
	line, column := 1, 1
	if n != nil {
		line, column = max(n.Line, 1), max(n.Column, 1)
	}
	l.failAt(line, column, hint, fmt.Sprintf(format, args...))
}

func (l *loader) failAt(line, column int, hint, message string) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, Problem{File: l.file, Line: line, Column: column, Message: shorten(message), Hint: hint})
	}
}

var errTooDeep = errors.New("nested too deeply")

func (l *loader) read(name string, src []byte) {
	l.file = name
	if !utf8.Valid(src) {
		l.fail(nil, "save the file as UTF-8", "the file is not valid UTF-8")
		return
	}
	root := l.compose(src)
	if root == nil || !l.plain(root) {
		return
	}
	if root.Kind != yaml.MappingNode {
		l.fail(root, "", "want a mapping with rules:")
		return
	}
	var list *yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "rules" {
			l.fail(root.Content[i], "a file has rules: alone", "unknown key %q", root.Content[i].Value)
			continue
		}
		list = root.Content[i+1]
	}
	if list == nil || list.Kind != yaml.SequenceNode {
		l.fail(root, "", "want rules: with a list")
		return
	}
	for _, n := range list.Content {
		if len(l.rules) >= MaxRules {
			l.fail(n, "", "more than %d rules", MaxRules)
			return
		}
		if r := l.rule(n); r != nil {
			l.rules = append(l.rules, r)
		}
	}
}

// compose reads the one document of a file.
func (l *loader) compose(src []byte) *yaml.Node {
	in, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}))))
	var doc, second yaml.Node
	if err == nil {
		err = in.Load(&doc)
	}
	switch {
	case errors.Is(err, io.EOF):
		l.fail(nil, "", "the file is empty")
		return nil
	case err != nil:
		line, column, message := 1, 1, err.Error()
		var load *yaml.LoadError
		if errors.As(err, &load) {
			line, column, message = max(load.Mark.Line, 1), max(load.Mark.Column, 1), load.Message
		}
		if errors.Is(err, errTooDeep) {
			message = fmt.Sprintf("nested more than %d levels deep", maxDepth)
		}
		message, _, _ = strings.Cut(message, "\n")
		l.failAt(line, column, "quote a filter that has a colon and a space, or begins with a sign", message)
		return nil
	}
	if err := in.Load(&second); !errors.Is(err, io.EOF) {
		l.fail(nil, "", "one file holds one document")
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode {
		if len(doc.Content) != 1 {
			l.fail(nil, "", "the file is empty")
			return nil
		}
		root = doc.Content[0]
	}
	return root
}

// plain refuses what the language leaves out of YAML: anchors, aliases, tags and
// keys that stand twice.
func (l *loader) plain(n *yaml.Node) bool {
	if l.values++; l.values > maxValues {
		l.fail(n, "", "more than %d values", maxValues)
		return false
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		l.fail(n, "write the value out", "anchors and aliases are not allowed")
		return false
	}
	if n.Style&yaml.TaggedStyle != 0 {
		l.fail(n, "", "tags are not allowed")
		return false
	}
	ok := true
	if n.Kind == yaml.MappingNode {
		keys := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, twice := keys[key.Value]; twice {
				l.fail(key, "", "%q is already set in line %d", key.Value, first)
				ok = false
			}
			keys[key.Value] = key.Line
		}
	}
	for _, c := range n.Content {
		ok = l.plain(c) && ok
	}
	return ok
}
