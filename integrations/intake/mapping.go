package intake

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of a mapping file.
const (
	MaxMapping   = 64 << 10 // bytes
	maxMapped    = 64       // entries of a list or a table
	maxMapDepth  = 6
	maxPathSteps = 16
)

// Mapping says where the results are in JSON of a shape of its own, and which of
// their members is what. docs/intake.md describes the file.
type Mapping struct {
	Name   string // of the file
	Text   string
	SHA256 string

	tool     string
	kind     Kind
	list     []jsonPath // one or more places where results lie
	snapshot bool
	error    jsonPath
	fields   map[string]source
}

// source is what a field is made of: the first of the paths that gives a text, or
// all of them joined, or a fixed text; words may then be put in other words.
type source struct {
	paths []jsonPath
	text  string
	words map[string]string
	other string // for what is not among the words
}

// jsonPath leads to a value. One that begins with @ begins at the result, one
// with $ at the document.
type jsonPath struct {
	fromResult bool
	steps      []pathStep
}

type pathStep struct {
	name  string
	index int
	all   bool // [*]: every element, or every member
	isAt  bool // index counts
}

// MappingError is one thing that is wrong with a mapping file, with its place.
type MappingError struct {
	File         string
	Line, Column int
	Text         string
}

// Error is as in "map.yaml:3:5: …".
func (e MappingError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// MappingErrors is all that is wrong with a mapping file.
type MappingErrors []MappingError

// Error is a line for each.
func (e MappingErrors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// mappedFields are the fields that a mapping can fill.
var mappedFields = []string{
	"title", "message", "severity", "score", "rule", "cve", "cwe", "key", "kind", "file", "line", "end_line", "commit", "package", "version", "fixed_in",
	"image", "host", "container", "process", "user", "resource", "repository", "state", "time", "updated", "ended", "url",
}

// NewMapping reads a mapping file. The error is MappingErrors.
func NewMapping(name string, text []byte) (*Mapping, error) {
	sum := sha256.Sum256(text)
	m := &Mapping{Name: name, Text: string(text), SHA256: hex.EncodeToString(sum[:]), kind: Alert, fields: map[string]source{}}
	d := &mappingReader{file: name, m: m}
	d.read(text)
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b MappingError) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, d.errs
	}
	return m, nil
}

type mappingReader struct {
	file string
	m    *Mapping
	errs MappingErrors
}

func (d *mappingReader) at(n *yaml.Node, format string, args ...any) {
	if len(d.errs) < maxMapped {
		d.errs = append(d.errs, MappingError{File: d.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Text: fmt.Sprintf(format, args...)})
	}
}

func (d *mappingReader) read(text []byte) {
	start := &yaml.Node{Line: 1, Column: 1}
	if len(text) > MaxMapping {
		d.at(start, "it has more than %d KiB", MaxMapping>>10)
		return
	}
	var doc, more yaml.Node
	l, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxMapDepth {
				return errors.New("nested too deep")
			}
			return nil
		}))))
	if err == nil {
		err = l.Load(&doc)
	}
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		d.at(start, "there is nothing in it")
		return
	case err != nil:
		var bad *yaml.LoadError
		if errors.As(err, &bad) {
			start.Line, start.Column = bad.Mark.Line, bad.Mark.Column
			d.at(start, "no YAML: %s", bad.Message)
			return
		}
		d.at(start, "no YAML: %v", err)
		return
	}
	if err := l.Load(&more); err == nil {
		d.at(&more, "it has more than one document")
		return
	}
	d.top(doc.Content[0])
}

func (d *mappingReader) top(root *yaml.Node) {
	seen := map[string]bool{}
	d.each(root, "the mapping", func(k, v *yaml.Node) {
		seen[k.Value] = true
		switch k.Value {
		case "intake":
			if v.Value != "v1" {
				d.at(v, "intake: want v1")
			}
		case "tool":
			d.m.tool = d.scalar(v, "tool")
		case "kind":
			d.m.kind = d.kindOf(v)
		case "list":
			d.lists(v)
		case "snapshot":
			if v.Value != "true" && v.Value != "false" {
				d.at(v, "snapshot: want true or false")
			}
			d.m.snapshot = v.Value == "true"
		case "error":
			d.m.error = d.path(v, "error", true)
		case "fields":
			d.fields(v)
		default:
			d.at(k, "there is no key %q; there are intake, tool, kind, list, snapshot, error, fields", clip(k.Value, 40))
		}
	})
	if root.Kind != yaml.MappingNode {
		return
	}
	for _, want := range []string{"intake", "tool", "list", "fields"} {
		if !seen[want] {
			d.at(root, "%s is missing", want)
		}
	}
	if _, ok := d.m.fields["title"]; !ok && seen["fields"] {
		d.at(root, "fields.title is missing")
	}
}

func (d *mappingReader) each(n *yaml.Node, what string, f func(k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.at(n, "%s: want keys with values", what)
		return
	}
	if len(n.Content)/2 > maxMapped {
		d.at(n, "%s: more than %d entries", what, maxMapped)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			d.at(k, "%s: a key must be a plain word", what)
		case v.Kind == yaml.AliasNode || v.Anchor != "":
			d.at(v, "%s.%s: anchors and aliases are not used here", what, clip(k.Value, 40))
		case seen[k.Value]:
			d.at(k, "%s: %q is there twice", what, clip(k.Value, 40))
		default:
			seen[k.Value] = true
			f(k, v)
		}
	}
}

func (d *mappingReader) scalar(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" || len(n.Value) > maxShort {
		d.at(n, "%s: want a text of at most %d bytes", what, maxShort)
		return ""
	}
	return n.Value
}

func (d *mappingReader) kindOf(n *yaml.Node) Kind {
	if k := Kind(n.Value); n.Kind == yaml.ScalarNode && slices.Contains(Kinds(), k) {
		return k
	}
	d.at(n, "kind: want one of %v", Kinds())
	return Alert
}

func (d *mappingReader) lists(n *yaml.Node) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 || len(nodes) > maxMapped {
		d.at(n, "list: want one path, or a few")
	}
	for _, v := range nodes {
		p := d.path(v, "list", true)
		if p.fromResult {
			d.at(v, "list: a path in the document begins with $")
		}
		d.m.list = append(d.m.list, p)
	}
}

func (d *mappingReader) fields(n *yaml.Node) {
	d.each(n, "fields", func(k, v *yaml.Node) {
		if !slices.Contains(mappedFields, k.Value) {
			d.at(k, "there is no field %q; there are %s", clip(k.Value, 40), strings.Join(mappedFields, ", "))
			return
		}
		d.m.fields[k.Value] = d.source(v, "fields."+k.Value)
	})
}

// source reads a path, a list of paths, or {from: …, text: …, map: …, default: …}.
func (d *mappingReader) source(n *yaml.Node, what string) source {
	var s source
	from := func(n *yaml.Node) {
		nodes := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			nodes = n.Content
		}
		if len(nodes) == 0 || len(nodes) > maxPathSteps {
			d.at(n, "%s: want one path, or a few", what)
		}
		for _, v := range nodes {
			s.paths = append(s.paths, d.path(v, what, false))
		}
	}
	if n.Kind != yaml.MappingNode {
		from(n)
		return s
	}
	d.each(n, what, func(k, v *yaml.Node) {
		switch k.Value {
		case "from":
			from(v)
		case "text":
			s.text = d.scalar(v, what+".text")
		case "default":
			s.other = d.scalar(v, what+".default")
		case "map":
			s.words = map[string]string{}
			d.each(v, what+".map", func(k, v *yaml.Node) { s.words[strings.ToLower(k.Value)] = d.scalar(v, what+".map") })
		default:
			d.at(k, "%s: there is no key %q; there are from, text, map, default", what, clip(k.Value, 40))
		}
	})
	if (len(s.paths) > 0) == (s.text != "") {
		d.at(n, "%s: want from or text", what)
	}
	switch what {
	case "fields.severity":
		d.words(n, what, s, func(w string) bool { return slices.Contains(Severities(), Severity(w)) })
	case "fields.state":
		d.words(n, what, s, func(w string) bool { return slices.Contains(states, State(w)) })
	case "fields.kind":
		d.words(n, what, s, func(w string) bool { return slices.Contains(Kinds(), Kind(w)) })
	}
	return s
}

var states = []State{Open, Fixed, Suppressed, Passed}

func (d *mappingReader) words(n *yaml.Node, what string, s source, ok func(string) bool) {
	for from, to := range s.words {
		if !ok(to) {
			d.at(n, "%s.map: %s: %q is not known", what, clip(from, 40), clip(to, 40))
		}
	}
	if s.other != "" && !ok(s.other) {
		d.at(n, "%s.default: %q is not known", what, clip(s.other, 40))
	}
}

// path reads $.a.b[0]['c d'][*]. Of a list every step may be [*]; of a field too,
// and then what it gives is joined.
func (d *mappingReader) path(n *yaml.Node, what string, document bool) jsonPath {
	text := d.scalar(n, what)
	if text == "" {
		return jsonPath{}
	}
	p, why := parsePath(text)
	if why != "" {
		d.at(n, "%s: %s: %s", what, clip(text, 60), why)
	}
	if document && p.fromResult {
		d.at(n, "%s: a path in the document begins with $", what)
	}
	return p
}

func parsePath(text string) (p jsonPath, why string) {
	switch {
	case strings.HasPrefix(text, "@"):
		p.fromResult = true
	case !strings.HasPrefix(text, "$"):
		return p, "a path begins with @ (at the result) or $ (at the document); a fixed text is {text: …}"
	}
	rest := text[1:]
	for rest != "" {
		if len(p.steps) >= maxPathSteps {
			return p, fmt.Sprintf("more than %d steps", maxPathSteps)
		}
		var s pathStep
		switch {
		case strings.HasPrefix(rest, "[*]"):
			s.all, rest = true, rest[3:]
		case strings.HasPrefix(rest, "['"):
			end := strings.Index(rest, "']")
			if end < 3 {
				return p, "a name in ['…'] does not end"
			}
			s.name, rest = rest[2:end], rest[end+2:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return p, "a [ does not end"
			}
			i, err := strconv.Atoi(rest[1:end])
			if err != nil || i < 0 || i > 1_000_000 || strings.HasPrefix(rest[1:end], "+") {
				return p, "in [ ] stands a number from 0, * or a name in quotes"
			}
			s.index, s.isAt, rest = i, true, rest[end+1:]
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			s.name, rest = rest[1:end+1], rest[end+1:]
			if s.name == "" || strings.ContainsAny(s.name, " *'\"()?@$,:") {
				return p, "after a dot stands a plain name; others in ['…']"
			}
		default:
			return p, "a step begins with . or ["
		}
		p.steps = append(p.steps, s)
	}
	return p, ""
}

// walk calls f for each value that the path leads to, with its pointer.
func (p jsonPath) walk(n *node, at string, f func(v *node, at string) error) error {
	return walkSteps(p.steps, n, at, f)
}

func walkSteps(steps []pathStep, n *node, at string, f func(v *node, at string) error) error {
	if n == nil {
		return nil
	}
	if len(steps) == 0 {
		return f(n, at)
	}
	s, rest := steps[0], steps[1:]
	switch {
	case s.all && n.isArray():
		return n.each(func(i int, v *node) error { return walkSteps(rest, v, under(at, i), f) })
	case s.all:
		return n.members(func(key string, v *node) error { return walkSteps(rest, v, under(at, key), f) })
	case s.isAt:
		var found *node
		_ = n.each(func(i int, v *node) error {
			if i == s.index {
				found = v
				return errStop
			}
			return nil
		})
		return walkSteps(rest, found, under(at, s.index), f)
	}
	return walkSteps(rest, n.get(s.name), under(at, s.name), f)
}

// format is the mapping as a row of the table of formats.
func (m *Mapping) format() *format {
	return &format{name: mappedName, tool: m.tool, snapshot: m.snapshot, read: func(c *reading, n *node, at string) error { return m.read(c, n, at) }}
}

func (m *Mapping) read(c *reading, n *node, at string) error {
	c.by(m.tool, "")
	c.cover("", "")
	if len(m.error.steps) > 0 {
		said := ""
		_ = m.error.walk(n, "", func(v *node, _ string) error {
			said = cmp.Or(said, v.text(), v.any("message", "title", "code"))
			return nil
		})
		if said != "" {
			return fmt.Errorf("%w: %s", ErrReported, clip(mask(said, ""), maxShort))
		}
	}
	found := false
	for _, list := range m.list {
		err := list.walk(n, at, func(v *node, at string) error {
			found = true
			if !v.isObject() {
				return malformedAt(at, "it is no object")
			}
			return m.one(c, v, n, at)
		})
		if err != nil {
			return err
		}
		if !found && m.leads(list, n) {
			found = true // the list is there, and empty
		}
	}
	if !found {
		return fmt.Errorf("%w: the list of the mapping leads nowhere in %s, which has the members %s", ErrMalformed, place(at), someOf(n))
	}
	return nil
}

// leads says whether the place of a list is there, be it empty.
func (m *Mapping) leads(p jsonPath, n *node) bool {
	steps := p.steps
	for len(steps) > 0 && steps[len(steps)-1].all {
		steps = steps[:len(steps)-1]
	}
	there := false
	_ = walkSteps(steps, n, "", func(*node, string) error { there = true; return errStop })
	return there
}

func (m *Mapping) one(c *reading, v, doc *node, at string) error {
	get := func(name string) string { return m.fields[name].value(v, doc) }
	number := func(name string) int64 { return (&node{raw: []byte(cmp.Or(get(name), "0"))}).whole() }
	f := c.begin(m.kind, at)
	if k := Kind(get("kind")); slices.Contains(Kinds(), k) {
		f.Kind = k
	}
	f.Title, f.Message, f.Rule, f.Score = get("title"), get("message"), get("rule"), get("score")
	f.Says = m.fields["severity"].raw(v, doc)
	if s := Severity(get("severity")); slices.Contains(Severities(), s) {
		f.Severity = s
	} else if f.Severity = severityOf(f.Says); f.Severity == Unknown && f.Score != "" {
		f.Severity = severityOfScore(f.Score)
	}
	f.names(get("cve"))
	f.weakness(strings.Split(get("cwe"), ",")...)
	f.File, f.Line, f.EndLine, f.Commit = get("file"), number("line"), number("end_line"), get("commit")
	f.Package, f.Version, f.FixedIn, f.Image = get("package"), get("version"), get("fixed_in"), get("image")
	f.Host, f.Container, f.Process, f.User = get("host"), get("container"), get("process"), get("user")
	f.Resource, f.Repository, f.URL = get("resource"), get("repository"), get("url")
	f.StateSays = m.fields["state"].raw(v, doc)
	if s := State(get("state")); slices.Contains(states, s) {
		f.State = s
	} else {
		f.State = stateOf(f.StateSays)
	}
	f.Time, f.Updated, f.Ended = timeText(get("time")), timeText(get("updated")), timeText(get("ended"))
	f.Fingerprint = m.fields["key"].joined(v, doc)
	return c.add("")
}

func timeText(s string) (t time.Time) {
	if s == "" {
		return t
	}
	if strings.Trim(s, "0123456789.") == "" {
		return epoch(s)
	}
	return momentOf(s)
}

func stateOf(says string) State {
	switch strings.ToLower(says) {
	case "fixed", "resolved", "closed", "done", "remediated":
		return Fixed
	case "suppressed", "ignored", "dismissed", "muted", "accepted", "false_positive", "false-positive", "wontfix", "wont_fix":
		return Suppressed
	case "pass", "passed":
		return Passed
	}
	return Open
}

// raw is the source's own text: of the first path that gives one.
func (s source) raw(v, doc *node) string {
	if s.text != "" {
		return s.text
	}
	for _, p := range s.paths {
		if text := p.text(v, doc); text != "" {
			return text
		}
	}
	return ""
}

// value is raw, in the words of the map.
func (s source) value(v, doc *node) string {
	text := s.raw(v, doc)
	if s.words != nil {
		if to, ok := s.words[strings.ToLower(text)]; ok {
			return to
		}
	}
	if s.other != "" && (s.words != nil || text == "") {
		return s.other
	}
	return text
}

// joined is what all paths give, for a key.
func (s source) joined(v, doc *node) string {
	if s.text != "" {
		return s.text
	}
	var parts []string
	some := false
	for _, p := range s.paths {
		text := p.text(v, doc)
		some = some || text != ""
		parts = append(parts, text)
	}
	if !some {
		return ""
	}
	return strings.Join(parts, "|")
}

func (p jsonPath) text(v, doc *node) string {
	from := doc
	if p.fromResult {
		from = v
	}
	var parts []string
	_ = p.walk(from, "", func(v *node, _ string) error {
		if s := v.text(); s != "" {
			parts = append(parts, s)
		} else {
			parts = append(parts, v.texts()...)
		}
		if len(parts) >= maxListed {
			return errStop
		}
		return nil
	})
	return strings.Join(parts, ", ")
}
