package pdf

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/review"
	"firebreak/review/document"
)

func laidOut(t *testing.T) (document.Document, *sheet) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "rich.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r review.Review
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	d := document.Of(r)
	f, err := newFonts(Options{}, characters(d))
	if err != nil {
		t.Fatal(err)
	}
	s := newSheet(d, f)
	s.write()
	return d, s
}

// read is what somebody hears to whom the structure is read, from this element on.
func (s *sheet) read(n *node) string {
	var b strings.Builder
	for _, k := range n.kids {
		if k.node != nil {
			b.WriteString(s.read(k.node))
			continue
		}
		if k.content == nil {
			continue
		}
		for _, m := range s.pages[k.content.page-1].marks {
			if m.content == k.content {
				b.WriteString(stretch{glyphs: m.glyphs, back: m.back}.text())
			}
		}
		b.WriteString(" ")
	}
	return b.String()
}

// TestStructure holds the tree to what ISO 14289-1 (PDF/UA) asks of one, as far as
// a program can tell.
func TestStructure(t *testing.T) {
	d, s := laidOut(t)
	var kinds []string
	var headings []*node
	count := map[string]int{}
	var walk func(n *node)
	walk = func(n *node) {
		kinds = append(kinds, n.kind)
		count[n.kind]++
		parent := ""
		if n.parent != nil {
			parent = n.parent.kind
		}
		for kind, in := range map[string]string{"TR": "Table", "TH": "TR", "TD": "TR", "LI": "L", "Lbl": "LI", "LBody": "LI", "TOCI": "TOC", "Reference": "TOCI"} {
			if n.kind == kind && parent != in {
				t.Errorf("a %s in a %s", kind, parent)
			}
		}
		switch n.kind {
		case "Figure":
			if !regexp.MustCompile(`/Alt<FEFF[0-9A-F]{40,}>`).MatchString(n.more) {
				t.Errorf("a figure without words: %q", n.more)
			}
		case "H1", "H2", "H3", "H4":
			headings = append(headings, n)
		case "Link":
			links := 0
			for _, k := range n.kids {
				if k.link != nil {
					links++
					if k.link.text == "" {
						t.Error("a link without words")
					}
				}
			}
			if links != 1 {
				t.Errorf("%d links in a Link", links)
			}
		case "Table":
			cells := 0
			for _, k := range n.kids {
				if k.node.kind != "TR" {
					continue
				}
				if n := len(k.node.kids); cells == 0 || strings.Contains(k.node.kids[0].node.more, "ColSpan") {
					cells = max(cells, n)
				} else if n != cells {
					t.Errorf("a row of %d cells in a table of %d", n, cells)
				}
			}
		}
		for _, k := range n.kids {
			if k.node != nil {
				walk(k.node)
			}
		}
	}
	walk(s.root)
	for kind, least := range map[string]int{"TOC": 1, "TOCI": 40, "L": 5, "LI": 20, "Table": 20, "TH": 60, "TD": 500, "Figure": 5, "Link": 200, "BlockQuote": 3} {
		if count[kind] < least {
			t.Errorf("%d of %s", count[kind], kind)
		}
	}
	if kinds[0] != "Document" || kinds[1] != "H1" {
		t.Errorf("it begins with %v", kinds[:2])
	}
	want := []string{d.Title}
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok {
			want = append(want, h.Text.String())
		}
	}
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	level := byte('0')
	for i, h := range headings {
		if i >= len(want) || flat(s.read(h)) != flat(want[i]) {
			t.Fatalf("heading %d of %d is %q", i, len(want), s.read(h))
		}
		if h.kind[1] > level+1 {
			t.Errorf("%q is of level %c after %c", s.read(h), h.kind[1], level)
		}
		level = h.kind[1]
	}
	// The order of the document is the order of reading.
	tight := func(s string) string { return strings.Join(strings.Fields(s), "") }
	all := tight(s.read(s.root))
	for _, b := range d.Blocks {
		text := ""
		switch b := b.(type) {
		case document.Paragraph:
			text = tight(b.Text.String())
		case document.List:
			text = tight(b.Items[len(b.Items)-1].String())
		}
		n := strings.Index(all, text)
		if n < 0 {
			t.Fatalf("%q is not read, or not in its place", text)
		}
		all = all[n+len(text):]
	}
}

// TestAllIsTagged finds on no page anything that is neither text nor decoration, and
// every piece of it where the structure looks.
func TestAllIsTagged(t *testing.T) {
	_, s := laidOut(t)
	data, err := s.emit()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/Type/Metadata", "<dc:title>", "Post-incident review"} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	for i, p := range s.pages {
		depth, next := 0, 0
		for _, line := range strings.Split(string(s.draw(p)), "\n") {
			switch {
			case strings.HasSuffix(line, "BDC"), strings.HasSuffix(line, "BMC"):
				depth++
				if strings.Contains(line, "/MCID") {
					if !strings.Contains(line, "/MCID "+string(number(nil, float64(next)))+">>") {
						t.Fatalf("page %d: %s, want %d", i+1, line, next)
					}
					next++
				}
			case line == "EMC":
				depth--
			case depth < 1 && line != "":
				t.Fatalf("page %d: %q belongs to nothing", i+1, line)
			}
		}
		if depth != 0 || next != p.pieces {
			t.Errorf("page %d: depth %d, %d pieces of %d", i+1, depth, next, p.pieces)
		}
	}
}
