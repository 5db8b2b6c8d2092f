package playbooks

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// formatter writes a tree.
type formatter struct {
	text strings.Builder
	kept bool // a text that keeps its last blank lines was just written
}

func (w *formatter) line(indent int, s string) {
	if s != "" {
		w.text.WriteString(strings.Repeat(" ", indent) + s)
	}
	w.text.WriteByte('\n')
}

func (w *formatter) document(b *box) {
	for i, c := range b.top {
		if i > 0 && c.blank {
			w.line(0, "")
		}
		w.line(0, c.text)
	}
	if len(b.top) > 0 && len(b.items) > 0 && b.items[0].blank {
		w.line(0, "")
	}
	b.flow = false
	w.block(b, 0, "")
}

// gap writes the blank line that stood there, but never at the beginning of a
// block, and never where it would become part of the text before.
func (w *formatter) gap(first bool) {
	if !first && !w.kept {
		w.line(0, "")
	}
}

// block writes the items of a mapping or list, each on lines of its own. lead
// stands before the first of them, in its line: the hyphens of lists around it.
func (w *formatter) block(b *box, indent int, lead string) {
	b.sort()
	if b.kind == "vars" {
		b.align(indent)
	}
	for i, it := range b.items {
		it.hoist()
		first := i == 0
		for j, c := range it.head {
			if c.blank {
				w.gap(first && j == 0)
			}
			w.kept = false
			w.line(indent, c.text)
		}
		if it.blank {
			w.gap(first && len(it.head) == 0)
		}
		w.kept = false
		if !first {
			lead = ""
		}
		w.item(it, indent, lead)
	}
	for _, c := range b.foot {
		if c.blank {
			w.gap(false)
		}
		w.kept = false
		w.line(indent, c.text)
	}
}

// item writes one item; what leads was written by nobody yet.
func (w *formatter) item(it *item, indent int, lead string) {
	before := strings.Repeat(" ", max(0, indent-len(lead))) + lead
	if it.key == nil {
		before += "-"
	} else {
		before += key(it.key) + ":"
	}
	w.value(it, before, indent)
}

// value writes what stands behind a key or a hyphen.
func (w *formatter) value(it *item, before string, indent int) {
	b := it.value
	tail := ""
	for _, c := range it.tail {
		tail += "  " + c.text
	}
	if len(it.tail) > 1 { // a line has room for one
		for _, c := range it.tail[:len(it.tail)-1] {
			w.line(indent, c.text)
		}
		tail = "  " + it.tail[len(it.tail)-1].text
	}
	switch {
	case b.node.Kind == yaml.ScalarNode:
		w.scalar(b.node, before, indent, tail, it.prose())
		return
	case len(b.items) == 0 && len(b.foot) == 0:
		w.text.WriteString(before + " " + empty(b.node) + tail + "\n")
		return
	case b.flow && !b.commented():
		if s, ok := b.fits(utf8.RuneCountInString(before)); ok {
			w.text.WriteString(before + " " + strings.Repeat(" ", it.pad) + s + tail + "\n")
			return
		}
	}
	if it.key == nil && tail == "" && len(b.items) > 0 {
		w.block(b, indent+2, strings.TrimLeft(before, " ")+" ")
		return
	}
	w.text.WriteString(before + tail + "\n")
	w.block(b, indent+2, "")
}

// fits is the value in one line, when it is to be written so and there is room
// for it behind so many characters.
func (b *box) fits(before int) (string, bool) {
	if !b.flow || b.commented() {
		return "", false
	}
	s, ok := inline(b)
	return s, ok && before+1+utf8.RuneCountInString(s) <= widthFlow
}

// align lines up the values of neighbours that are written in one line each.
func (b *box) align(indent int) {
	for i := 0; i < len(b.items); {
		from, widest := i, 0
		for ; i < len(b.items); i++ {
			it := b.items[i]
			if it.key == nil || i > from && (it.blank || len(it.head) > 0) {
				break
			}
			n := utf8.RuneCountInString(key(it.key))
			if _, ok := it.value.fits(indent + n + 1); !ok {
				break
			}
			widest = max(widest, n)
		}
		for _, it := range b.items[from:i] {
			it.pad = widest - utf8.RuneCountInString(key(it.key))
		}
		if i == from {
			i++
		}
	}
}

// hoist takes what stands above the first item in an item of a list above the
// hyphen.
func (it *item) hoist() {
	b := it.value
	if it.key != nil || len(b.items) == 0 {
		return
	}
	b.sort()
	first := b.items[0]
	first.hoist()
	it.head = append(it.head, first.head...)
	first.head, first.blank = nil, false
}

func empty(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "[]"
	}
	return "{}"
}

var wordShape = lazyre.New(`^[a-z][a-z0-9_-]*$`)

func key(n *yaml.Node) string {
	s, ok := short(n)
	if wordShape.MatchString(n.Value) && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, n.Value) {
		return n.Value
	}
	if !ok {
		return quoted(n.Value)
	}
	return s
}

// inline writes a value in one line, where it can be.
func inline(b *box) (string, bool) {
	if b.node.Kind == yaml.ScalarNode {
		return short(b.node)
	}
	b.sort()
	parts := make([]string, len(b.items))
	for i, it := range b.items {
		s, ok := inline(it.value)
		if !ok {
			return "", false
		}
		if it.key != nil {
			s = key(it.key) + ": " + s
		}
		parts[i] = s
	}
	if b.node.Kind == yaml.SequenceNode {
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "{" + strings.Join(parts, ", ") + "}", true
}

// short writes a scalar in one line; false for a text in a block of its own.
func short(n *yaml.Node) (string, bool) {
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return "", false
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quoted(n.Value), true
	case n.Style&yaml.SingleQuotedStyle != 0:
		if strings.ContainsAny(n.Value, `"\`) && !strings.ContainsAny(n.Value, "\n\t") {
			return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'", true
		}
		return quoted(n.Value), true
	case n.Value == "":
		return "null", true
	case strings.Contains(n.Value, "\n"):
		return quoted(n.Value), true
	}
	return n.Value, true
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// prose says that the value is a text for people. Only such a one is broken into
// lines when it is too long: an expression, a filter or an address is not.
func (it *item) prose() bool {
	return it.key != nil && slices.Contains([]string{
		"description", "manual", "note", "irreversible", "message", "prompt", "title", "update", "scope",
	}, it.key.Value)
}

// scalar writes a text behind a key or a hyphen.
func (w *formatter) scalar(n *yaml.Node, before string, indent int, tail string, prose bool) {
	s, ok := short(n)
	folded := n.Style&yaml.FoldedStyle != 0
	if ok && prose && utf8.RuneCountInString(before)+1+utf8.RuneCountInString(s) > widthFlow && foldable(n) && strings.Contains(n.Value, " ") {
		ok, folded = false, true
	}
	if ok || n.Value == "" {
		if !ok {
			s = `""`
		}
		w.text.WriteString(before + " " + s + tail + "\n")
		return
	}
	body := strings.TrimRight(n.Value, "\n")
	ends := len(n.Value) - len(body)
	if body == "" {
		w.text.WriteString(before + " " + quoted(n.Value) + tail + "\n")
		return
	}
	sign := "|"
	if folded && foldable(n) {
		sign = ">"
	}
	if strings.HasPrefix(body, " ") || strings.HasPrefix(body, "\n") {
		sign += "2"
	}
	switch {
	case ends == 0:
		sign += "-"
	case ends > 1:
		sign += "+"
	}
	w.text.WriteString(before + " " + sign + tail + "\n")
	if sign[0] == '>' {
		w.fold(body, indent+2)
	} else {
		for l := range strings.SplitSeq(body, "\n") {
			w.line(indent+2, l)
		}
	}
	for range ends - 1 {
		w.line(0, "")
		w.kept = true
	}
}

// foldable says that a text can be broken at its spaces: no line of it begins
// with a blank or ends with one.
func foldable(n *yaml.Node) bool {
	if n.ShortTag() != "!!str" {
		return false
	}
	body := strings.TrimRight(n.Value, "\n")
	if body == "" || body[0] == '\n' {
		return false
	}
	if n.Style&yaml.FoldedStyle == 0 && strings.ContainsAny(n.Value, "\n\t") {
		return false
	}
	for l := range strings.SplitSeq(body, "\n") {
		if l != strings.Trim(l, " \t") {
			return false
		}
	}
	return true
}

// fold breaks a text at single spaces. A line break of the text is an empty line.
func (w *formatter) fold(body string, indent int) {
	width := max(40, widthProse-indent)
	for i, l := range strings.Split(body, "\n") {
		if i > 0 {
			w.line(0, "")
		}
		if l == "" {
			continue
		}
		at := ""
		for j, word := range breakable(l) {
			switch {
			case j == 0:
				at = word
			case utf8.RuneCountInString(at)+1+utf8.RuneCountInString(word) > width:
				w.line(indent, at)
				at = word
			default:
				at += " " + word
			}
		}
		w.line(indent, at)
	}
}

// breakable splits a line where a break stands for exactly one space.
func breakable(l string) []string {
	words := strings.Split(l, " ")
	var out []string
	join := false
	for i, word := range words {
		if i > 0 && (join || word == "" || strings.HasPrefix(word, "\t") || strings.HasSuffix(words[i-1], "\t")) {
			out[len(out)-1] += " " + word
		} else {
			out = append(out, word)
		}
		join = word == ""
	}
	return out
}
