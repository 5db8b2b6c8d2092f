package playbooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of a file. They are far above what people write and far below what
// hurts.
const (
	MaxSize     = 1 << 20 // bytes of a file
	maxDepth    = 40
	maxValues   = 50_000
	maxSteps    = 500
	maxNesting  = 8
	maxVars     = 200
	maxRounds   = 10_000 // of a repeated step
	maxProblems = 200
)

// Parse reads a playbook. The error is Problems, every one with its place in
// the file, and holds errors only; Lint finds the rest.
func Parse(name string, src []byte) (*Playbook, error) {
	d := &decoder{file: name}
	p := d.parse(src)
	if len(d.problems) > 0 {
		return nil, d.problems.Sorted()
	}
	return p, nil
}

// decoder turns YAML nodes into a Playbook and notes all that is wrong.
type decoder struct {
	file     string
	source   source
	problems Problems
	p        *Playbook
	values   int
	steps    int
}

func (d *decoder) parse(src []byte) *Playbook {
	root := d.document(src)
	if root == nil {
		return nil
	}
	sum := sha256.Sum256(src)
	d.p = &Playbook{
		File: d.file, Source: bytes.Clone(src), SHA256: hex.EncodeToString(sum[:]),
		vars: map[string]*Var{}, steps: map[string]*Step{}, drill: map[string]pos{}, places: map[string]pos{}, lines: d.source,
	}
	d.playbook(root)
	d.connect()
	d.phrases()
	return d.p
}

// document is the one document of a file that keeps to the limits and to the
// part of YAML that is ours; nil when there is none.
func (d *decoder) document(src []byte) *yaml.Node {
	if len(src) > MaxSize {
		d.at(codeTooLarge, pos{1, 1}, "split it, or keep long texts elsewhere", "file has %d bytes; the limit is %d", len(src), MaxSize)
		return nil
	}
	if !utf8.Valid(src) {
		d.at(codeSyntax, d.badByte(src), "save the file as UTF-8", "file is not valid UTF-8")
		return nil
	}
	d.source = newSource(src)
	root := d.load(src)
	if root == nil || !d.tidy(root, 0) {
		return nil
	}
	return root
}

func (d *decoder) badByte(src []byte) pos {
	at := pos{1, 1}
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			break
		}
		at.column++
		if r == '\n' {
			at = pos{at.line + 1, 1}
		}
		src = src[n:]
	}
	return at
}

// load composes the one document of src, or notes why not.
func (d *decoder) load(src []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}))))
	if err != nil {
		d.syntax(err)
		return nil
	}
	var doc yaml.Node
	if err := loader.Load(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			d.at(codeDocuments, pos{1, 1}, "", "file is empty")
			return nil
		}
		d.syntax(err)
		return nil
	}
	var second yaml.Node
	switch err := loader.Load(&second); {
	case err == nil:
		d.at(codeDocuments, pos{max(second.Line, 1), max(second.Column, 1)}, "one file holds one playbook", "a second document begins here")
		return nil
	case !errors.Is(err, io.EOF):
		d.syntax(err)
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode {
		if len(doc.Content) != 1 {
			d.at(codeDocuments, pos{1, 1}, "", "file is empty")
			return nil
		}
		root = doc.Content[0]
	}
	return root
}

var errTooDeep = errors.New("nested too deeply")

func (d *decoder) syntax(err error) {
	at, message := pos{1, 1}, firstLine(err.Error())
	var load *yaml.LoadError
	if errors.As(err, &load) {
		at = pos{max(load.Mark.Line, 1), max(load.Mark.Column, 1)}
		message = load.Message
		if load.ContextMsg != "" {
			message += " " + load.ContextMsg
		}
	}
	if errors.Is(err, errTooDeep) || strings.Contains(err.Error(), errTooDeep.Error()) {
		d.at(codeTooDeep, at, "", "nested more than %d levels deep", maxDepth)
		return
	}
	hint := ""
	if strings.Contains(message, "tab") || strings.Contains(message, "cannot start any token") {
		hint = "indent with spaces, and quote texts that begin with @, ` or %"
	} else if strings.Contains(message, "mapping values are not allowed") {
		hint = "quote a text that contains a colon and a space"
	}
	d.at(codeSyntax, at, hint, "%s", message)
}

// tidy refuses what the format leaves out of YAML, everywhere in the tree.
func (d *decoder) tidy(n *yaml.Node, depth int) bool {
	d.values++
	if d.values > maxValues {
		d.node(codeTooMany, n, "", "more than %d values in one file", maxValues)
		return false
	}
	if depth > maxDepth {
		d.node(codeTooDeep, n, "", "nested more than %d levels deep", maxDepth)
		return false
	}
	if n.Anchor != "" {
		d.node(codeAnchor, n, "write the value out", "anchors are not allowed")
	}
	switch {
	case n.Kind == yaml.AliasNode:
		d.node(codeAnchor, n, "write the value out", "aliases are not allowed")
	case n.Style&yaml.TaggedStyle != 0 || !slices.Contains(coreTags(), n.ShortTag()):
		d.node(codeTag, n, "remove the tag; quote the value to make it a text", "tag %s is not allowed", brief(n.Tag))
	}
	if n.Kind == yaml.MappingNode {
		d.keys(n)
	}
	if n.Kind == yaml.ScalarNode {
		d.seen(n)
	}
	for _, c := range n.Content {
		if !d.tidy(c, depth+1) {
			return false
		}
	}
	return true
}

// seen refuses characters that a reviewer or a terminal does not show as they
// are: controls, and those that change the direction of text or have no width.
func (d *decoder) seen(n *yaml.Node) {
	i := 0
	for _, r := range n.Value {
		if Hidden(r) {
			d.at(codeHidden, d.source.inside(n, i), "remove it, or write what it stands for in words", "character U+%04X cannot be seen", r)
			return
		}
		i++
	}
}

// Hidden says of a character that a playbook may not hold it: what a reviewer or
// a terminal does not show as it is.
func Hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == 0xFEFF, r == 0x061C,
		r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x2069,
		r >= 0xE0000 && r <= 0xE007F, r == 0xFFFD:
		return true
	}
	return false
}

func coreTags() []string {
	return []string{"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge"}
}

func (d *decoder) keys(n *yaml.Node) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.ShortTag() == "!!merge":
			d.node(codeAnchor, key, "write the keys out", "merge keys are not allowed")
			continue
		case key.Kind != yaml.ScalarNode:
			d.node(codeShape, key, "", "a key must be a plain word")
			continue
		}
		if first, ok := seen[key.Value]; ok {
			d.node(codeDuplicateKey, key, "", "key %s is already set in line %d", brief(key.Value), first)
			continue
		}
		seen[key.Value] = key.Line
	}
}

// full says that no more problems are told, so that none need be worked out.
func (d *decoder) full() bool { return len(d.problems) >= maxProblems }

// at notes an error.
func (d *decoder) at(code string, at pos, hint, format string, args ...any) {
	if d.full() {
		return
	}
	d.problems = append(d.problems, Problem{
		Code: code, File: d.file, Line: at.line, Column: at.column,
		Severity: severityOf(code), Message: shorten(fmt.Sprintf(format, args...)), Hint: shorten(hint),
	})
}

// shorten keeps a message readable, whatever the file put into it.
func shorten(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func (d *decoder) node(code string, n *yaml.Node, hint, format string, args ...any) {
	d.at(code, pos{n.Line, n.Column}, hint, format, args...)
}
