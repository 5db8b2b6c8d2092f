package playbooks

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// item is an entry of a mapping or of a list, with what belongs to it.
type item struct {
	key   *yaml.Node // nil in a list
	value *box

	line, col int
	blank     bool      // a blank line stands right before it
	pad       int       // blanks before the value, so that a column of values lines up
	head      []comment // above it
	tail      []comment // behind it, in its line
	in        *box
}

// box is a value: a scalar, or the items of a mapping or list.
type box struct {
	node  *yaml.Node
	kind  string
	items []*item
	foot  []comment // after the last item
	of    *item     // nil for the whole file
	flow  bool
	top   []comment // of the whole file: before its first key
}

// treeOf makes a tree of items, in the order of the file.
func treeOf(n *yaml.Node, src source, kind string) *box {
	b := &box{node: n, kind: kind, flow: n.Style&yaml.FlowStyle != 0}
	blank := func(line int) bool {
		return line > 1 && line <= len(src.lines)+1 && strings.TrimSpace(src.lines[line-2]) == ""
	}
	add := func(key, value *yaml.Node, at *yaml.Node, col int, kind string) {
		it := &item{key: key, line: at.Line, col: col, blank: blank(at.Line), in: b}
		it.value = treeOf(value, src, kind)
		it.value.of = it
		b.items = append(b.items, it)
	}
	switch n.Kind { //nolint:exhaustive // there are no others in a file that was parsed
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			add(key, n.Content[i+1], key, key.Column, kindUnder(kind, key.Value))
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			col := c.Column
			if !b.flow {
				col = n.Column
			}
			add(nil, c, c, col, kind)
		}
	}
	return b
}

// all lists the items in the order of the file, outer ones first.
func (b *box) all() []*item {
	var out []*item
	for _, it := range b.items {
		out = append(out, it)
		out = append(out, it.value.all()...)
	}
	return out
}

// attach gives each comment to the item that it belongs to: behind the last item
// that begins in its line or before; above the next item; or, where the next one
// is further out than the comment, below the items it is in line with.
func (b *box) attach(comments []comment) {
	all := b.all()
	for _, c := range comments {
		next := slices.IndexFunc(all, func(it *item) bool { return it.line > c.line || it.line == c.line && it.col > c.col })
		last := next - 1
		if next < 0 {
			last = len(all) - 1
		}
		switch {
		case last < 0:
			b.top = append(b.top, c)
		case !c.own:
			at := all[last]
			for at.in.flow && at.in.of != nil && (next < 0 || !all[next].within(at.in)) {
				at = at.in.of // behind the bracket that closes it
			}
			at.tail = append(at.tail, c)
		case next >= 0 && (c.col <= all[next].col || all[next].in.flow):
			all[next].head = append(all[next].head, c)
		default:
			at := all[last]
			for at.col > c.col && at.in.of != nil {
				at = at.in.of
			}
			if next >= 0 && at.in == all[next].in {
				all[next].head = append(all[next].head, c)
				continue
			}
			at.in.foot = append(at.in.foot, c)
		}
	}
}

// within says that the item stands in b, at whatever depth.
func (it *item) within(b *box) bool {
	for in := it.in; in != nil; {
		if in == b {
			return true
		}
		if in.of == nil {
			return false
		}
		in = in.of.in
	}
	return false
}

// commented says that a comment stands somewhere in b, so that it cannot be
// written in one line.
func (b *box) commented() bool {
	if len(b.foot) > 0 {
		return true
	}
	return slices.ContainsFunc(b.items, func(it *item) bool {
		return len(it.head) > 0 || len(it.tail) > 0 || it.value.commented()
	})
}
