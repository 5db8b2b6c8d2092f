package parse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"firebreak/timeline"
)

// mappingReader turns YAML nodes into a Mapping and notes all that is wrong.
type mappingReader struct {
	file string
	m    *Mapping
	errs MappingErrors
}

func (d *mappingReader) at(line, column int, format string, args ...any) {
	if len(d.errs) < 50 {
		d.errs = append(d.errs, MappingError{d.file, max(line, 1), max(column, 1), fmt.Sprintf(format, args...)})
	}
}

func (d *mappingReader) node(n *yaml.Node, format string, args ...any) {
	d.at(n.Line, n.Column, format, args...)
}

var mappingKeys = []string{ //nolint:gochecknoglobals // a table
	"mapping", "format", "records", "comma", "columns", "comment", "none", "time", "kind", "message", "host", "user", "source", "technique", "rename", "drop",
}

func (d *mappingReader) read(text []byte) {
	root := d.load(text)
	if root == nil {
		return
	}
	keys := d.keys(root, "a mapping file", mappingKeys)
	if n := keys["mapping"]; n == nil {
		d.node(root, `the file needs "mapping: v1"`)
	} else if d.text(n) != "v1" {
		d.node(n, "mapping is v1; there is no other yet")
	}
	d.format(root, keys)
	d.time(root, keys["time"])
	m := d.m
	for _, t := range []struct {
		name string
		to   *template
	}{{"kind", &m.kind}, {"message", &m.message}, {"host", &m.host}, {"user", &m.user}, {"source", &m.source}, {"technique", &m.technique}} {
		if n := keys[t.name]; n != nil {
			*t.to = d.template(n)
		}
	}
	if m.message == nil && keys["message"] == nil {
		d.node(root, "the file needs a message, as in message: \"{msg}\"")
	}
	if text, fixed := m.kind.fixed(); fixed && text != "" && !knownKind(timeline.TimeKind(text)) {
		d.node(keys["kind"], "kind %q is none of ours: %s", text, "logged, started, ended, modified, accessed, changed, born, observed, installed")
	}
	d.attributes(keys)
}

// format reads how the records are written.
func (d *mappingReader) format(root *yaml.Node, keys map[string]*yaml.Node) {
	m := d.m
	n := keys["format"]
	if n == nil {
		d.node(root, "the file needs a format: jsonl, json or csv")
		return
	}
	m.format = d.text(n)
	if !slices.Contains([]string{"jsonl", "json", "csv"}, m.format) {
		d.node(n, "format %q is none of jsonl, json, csv", m.format)
	}
	for key, format := range map[string]string{"records": "json", "comma": "csv", "columns": "csv"} {
		if n := keys[key]; n != nil && m.format != format {
			d.node(n, "%s goes with format: %s", key, format)
		}
	}
	if n := keys["records"]; n != nil {
		m.records = strings.Split(d.text(n), ".")
	}
	if n := keys["comma"]; n != nil {
		switch text := d.text(n); {
		case len(text) != 1 || text[0] == '"' || text[0] == '\n' || text[0] == '\r' || text[0] >= utf8.RuneSelf:
			d.node(n, `comma is one character, as in ";" or "\t"`)
		default:
			m.comma = text[0]
		}
	}
	if n := keys["columns"]; n != nil {
		m.columns = d.list(n)
	}
	if n := keys["comment"]; n != nil {
		if m.comment = d.text(n); m.format == "json" {
			d.node(n, "comment goes with format: jsonl or csv")
		}
	}
	if n := keys["none"]; n != nil {
		m.none = d.list(n)
	}
}

// time reads where the time is and how it is written.
func (d *mappingReader) time(root, n *yaml.Node) {
	if n == nil {
		d.node(root, "the file needs a time, as in time: {from: \"{ts}\"}")
		return
	}
	m := d.m
	if n.Kind == yaml.ScalarNode { // the short form: ISO 8601
		m.from = d.template(n)
		return
	}
	keys := d.keys(n, "time", []string{"from", "epoch", "layout", "zone"})
	if from := keys["from"]; from != nil {
		m.from = d.template(from)
	} else {
		d.node(n, "time needs from, as in from: \"{ts}\"")
	}
	if e := keys["epoch"]; e != nil {
		m.epoch = timeline.Precision(d.text(e))
		if !slices.Contains([]timeline.Precision{"s", "ms", "us", "ns"}, m.epoch) {
			d.node(e, "epoch %q is none of s, ms, us, ns", m.epoch)
		}
		if l := keys["layout"]; l != nil {
			d.node(l, "give epoch or layout, not both")
		}
	}
	if l := keys["layout"]; l != nil {
		items := []*yaml.Node{l}
		if l.Kind == yaml.SequenceNode {
			items = l.Content
		}
		if len(items) > 16 {
			d.node(l, "more than 16 layouts")
			return
		}
		for _, item := range items {
			layout, why := timeLayout(d.text(item))
			if why != "" {
				d.node(item, "%s", why)
			}
			m.layouts = append(m.layouts, layout)
		}
	}
	if z := keys["zone"]; z != nil {
		l, err := time.LoadLocation(d.text(z))
		if err != nil || d.text(z) == "" || d.text(z) == "Local" {
			d.node(z, "zone %q is not known: want a name as in Europe/Berlin", d.text(z))
		}
		m.zone = l
	}
}

// attributes reads what becomes of the other members.
func (d *mappingReader) attributes(keys map[string]*yaml.Node) {
	m := d.m
	m.rename, m.drop = map[string]string{}, map[string]bool{}
	if n := keys["rename"]; n != nil {
		if n.Kind != yaml.MappingNode {
			d.node(n, "rename is pairs, as in {id.orig_h: src_ip}")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			from, to := d.text(n.Content[i]), d.text(n.Content[i+1])
			if _, twice := m.rename[from]; twice {
				d.node(n.Content[i], "%q is renamed twice", from)
			}
			if to == "" || from == "" {
				d.node(n.Content[i+1], "a name is empty")
			}
			m.rename[from] = to
		}
	}
	if n := keys["drop"]; n != nil {
		for _, path := range d.list(n) {
			m.drop[path] = true
		}
	}
}

// keys are the entries of a mapping node; what is not known or stands twice is
// noted.
func (d *mappingReader) keys(n *yaml.Node, what string, known []string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		d.node(n, "%s is keys with values", what)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(known, key.Value):
			d.node(key, "%s has no key %q; it has %s", what, key.Value, strings.Join(known, ", "))
		case out[key.Value] != nil:
			d.node(key, "%q stands twice", key.Value)
		default:
			out[key.Value] = n.Content[i+1]
		}
	}
	return out
}

// text is a scalar.
func (d *mappingReader) text(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.node(n, "want a text")
	case n.ShortTag() == "!!null":
		d.node(n, "the value is missing")
	case len(n.Value) > mappingText:
		d.node(n, "longer than %d bytes", mappingText)
	default:
		return n.Value
	}
	return ""
}

// list is a sequence of texts, or one text.
func (d *mappingReader) list(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{d.text(n)}
	}
	if n.Kind != yaml.SequenceNode {
		d.node(n, "want a list")
		return nil
	}
	out := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		out = append(out, d.text(item))
	}
	return out
}

func (d *mappingReader) template(n *yaml.Node) template {
	text := d.text(n)
	t, offset, why := parseTemplate(text)
	if why != "" {
		column := n.Column + offset
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			column++
		}
		d.at(n.Line, column, "%s", why)
	}
	return t
}

// load reads the one document.
func (d *mappingReader) load(text []byte) *yaml.Node {
	switch {
	case len(text) > MaxMapping:
		d.at(1, 1, "the file has %d bytes; the limit is %d", len(text), MaxMapping)
		return nil
	case !utf8.Valid(text):
		d.at(1, 1, "the file is not UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > mappingDepth {
				return errors.New("nested too deep")
			}
			return nil
		}))))
	var doc, second yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	if errors.Is(err, io.EOF) || err == nil && doc.Kind == yaml.DocumentNode && len(doc.Content) != 1 {
		d.at(1, 1, "the file is empty")
		return nil
	}
	if err != nil {
		d.syntax(err)
		return nil
	}
	switch err := loader.Load(&second); {
	case err == nil:
		d.node(&second, "a second document begins here: one file holds one mapping")
		return nil
	case !errors.Is(err, io.EOF):
		d.syntax(err)
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode {
		root = doc.Content[0]
	}
	if !d.tidy(root) {
		return nil
	}
	return root
}

func (d *mappingReader) syntax(err error) {
	var loadErr *yaml.LoadError
	if errors.As(err, &loadErr) {
		d.at(loadErr.Mark.Line, loadErr.Mark.Column, "%s", loadErr.Message)
		return
	}
	d.at(1, 1, "%v", err)
}

// tidy refuses what a mapping has no need of: anchors, aliases, tags, and lists
// of more than mappingEntries.
func (d *mappingReader) tidy(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		d.node(n, "anchors, aliases and tags are not allowed: write the value out")
		return false
	}
	most := mappingEntries
	if n.Kind == yaml.MappingNode {
		most *= 2
	}
	if len(n.Content) > most {
		d.node(n, "more than %d entries", mappingEntries)
		return false
	}
	for _, c := range n.Content {
		if !d.tidy(c) {
			return false
		}
	}
	return true
}
