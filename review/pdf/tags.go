package pdf

import (
	"fmt"
	"strings"
)

// node is an element of the structure that is read aloud: what it is, in the order
// of the document. Whatever belongs to none is decoration.
type node struct {
	kind   string // a standard structure type of ISO 32000-1, 14.8.4
	more   string // entries of its dictionary
	parent *node
	kids   []kid
	number int // of its object
}

// kid is an element, a piece of a page, or a link on one.
type kid struct {
	node    *node
	content *content
	link    *mark
	page    int
}

// content is a piece of a page that belongs to an element.
type content struct {
	node *node
	page int // from 1
	id   int
}

func (n *node) add(kind, more string) *node {
	k := &node{kind: kind, more: more, parent: n}
	n.kids = append(n.kids, kid{node: k})
	return k
}

// within writes something as an element of that kind, below the one at hand.
func (s *sheet) within(kind, more string, write func()) {
	before := s.at
	if before != nil {
		s.at = before.add(kind, more)
	}
	write()
	s.at = before
}

// aside writes something that is no part of the text.
func (s *sheet) aside(write func()) {
	before := s.at
	s.at = nil
	write()
	s.at = before
}

// belongs notes which element a mark is of. Marks that follow each other are one
// piece.
func (s *sheet) belongs(m *mark, p *page) {
	if s.at == nil {
		if m.kind != aLink {
			p.last = nil
		}
		return
	}
	n := len(s.pages)
	if m.kind == aLink {
		s.at.kids = append(s.at.kids, kid{link: m, page: n})
		return
	}
	if p.last == nil || p.last.node != s.at {
		p.last = &content{node: s.at, page: n, id: p.pieces}
		p.pieces++
		s.at.kids = append(s.at.kids, kid{content: p.last})
	}
	m.content = p.last
}

// structure writes the tree. Pages and links are the numbers of their objects.
func (s *sheet) structure(f *file, pages []int, links map[*mark]int) int {
	root := f.ref()
	var all []*node
	var walk func(*node)
	walk = func(n *node) {
		n.number = f.ref()
		all = append(all, n)
		for _, k := range n.kids {
			if k.node != nil {
				walk(k.node)
			}
		}
	}
	walk(s.root)
	owners := make([][]int, len(pages))
	for i, p := range s.pages {
		owners[i] = make([]int, p.pieces)
	}
	var rest []string // of the links, by their number
	for _, n := range all {
		parent := root
		if n.parent != nil {
			parent = n.parent.number
		}
		page := 0
		var kids strings.Builder
		for _, k := range n.kids {
			switch {
			case k.node != nil:
				fmt.Fprintf(&kids, " %d 0 R", k.node.number)
			case k.link != nil:
				if o := links[k.link]; o > 0 {
					fmt.Fprintf(&kids, "<</Type/OBJR/Pg %d 0 R/Obj %d 0 R>>", pages[k.page-1], o)
					rest = append(rest, fmt.Sprintf("%d %d 0 R", k.link.number, n.number))
				}
			default:
				c := k.content
				owners[c.page-1][c.id] = n.number
				if page == 0 {
					page = c.page
				}
				if c.page == page {
					fmt.Fprintf(&kids, " %d", c.id)
				} else {
					fmt.Fprintf(&kids, "<</Type/MCR/Pg %d 0 R/MCID %d>>", pages[c.page-1], c.id)
				}
			}
		}
		at := ""
		if page > 0 {
			at = fmt.Sprintf("/Pg %d 0 R", pages[page-1])
		}
		f.set(n.number, "<</S/%s/P %d 0 R%s%s/K[%s]>>", n.kind, parent, at, n.more, strings.TrimSpace(kids.String()))
	}
	var nums strings.Builder
	for i, list := range owners {
		o := f.ref()
		var refs []byte
		for _, n := range list {
			refs = fmt.Appendf(refs, "%d 0 R ", n)
		}
		f.set(o, "[%s]", refs)
		fmt.Fprintf(&nums, "%d %d 0 R ", i, o)
	}
	parents := f.add("<</Nums[%s%s]>>", nums.String(), strings.Join(rest, " "))
	f.set(root, "<</Type/StructTreeRoot/K %d 0 R/ParentTree %d 0 R/ParentTreeNextKey %d>>", s.root.number, parents, len(pages)+len(links))
	return root
}
