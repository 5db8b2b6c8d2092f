package pdf

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// emit writes the pages that were laid out.
func (s *sheet) emit() ([]byte, error) {
	f := &file{}
	catalog, tree := f.ref(), f.ref()
	pages := make([]int, len(s.pages))
	for i := range pages {
		pages[i] = f.ref()
	}
	fonts, err := s.f.embed(f)
	if err != nil {
		return nil, err
	}
	links := s.links(f, pages)
	var kids []byte
	for i, p := range s.pages {
		var annotations []byte
		for n := range p.marks {
			if o := links[p.marks[n]]; o > 0 {
				annotations = fmt.Appendf(annotations, "%d 0 R ", o)
			}
		}
		body := f.ref()
		if err := f.put(body, "", s.draw(p)); err != nil {
			return nil, err
		}
		f.set(pages[i], "<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.2f %.2f]/Resources<</Font %d 0 R>>/Contents %d 0 R/Tabs/S/StructParents %d/Annots[%s]>>",
			tree, pageWidth, pageHeight, fonts, body, i, annotations)
		kids = fmt.Appendf(kids, "%d 0 R ", pages[i])
	}
	f.set(tree, "<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids)
	meta := f.ref()
	f.plain(meta, "/Type/Metadata/Subtype/XML", s.metadata())
	f.set(catalog, "<</Type/Catalog/Pages %d 0 R/Lang(%s)/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R%s>>",
		tree, languageTag(s.d.Language), s.structure(f, pages, links), meta, s.outlines(f, pages))
	made := s.d.Made.UTC().Format("(D:20060102150405Z)")
	info := f.add("<</Title%s/Subject%s/Producer%s/CreationDate%s/ModDate%s>>", words(s.d.Title), words(s.d.Subtitle), words(s.d.Tool), made, made)
	return f.bytes(catalog, info)
}

// languageTag is one that is safe to write into the file's structure.
func languageTag(tag string) string {
	for _, r := range tag {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return "en"
		}
	}
	if tag == "" || len(tag) > 35 {
		return "en"
	}
	return tag
}

// metadata says the properties again, for programs that look for them there.
func (s *sheet) metadata() []byte {
	var b bytes.Buffer
	text := func(tag, value string) {
		b.WriteString("<" + tag + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a buffer takes all
		b.WriteString("</" + tag + ">")
	}
	made := s.d.Made.UTC().Format(time.RFC3339)
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">`)
	b.WriteString(`<dc:title><rdf:Alt>`)
	b.WriteString(`<rdf:li xml:lang="x-default">`)
	_ = xml.EscapeText(&b, []byte(s.d.Title))
	b.WriteString(`</rdf:li></rdf:Alt></dc:title><dc:language><rdf:Bag>`)
	text("rdf:li", languageTag(s.d.Language))
	b.WriteString(`</rdf:Bag></dc:language>`)
	text("pdf:Producer", s.d.Tool)
	text("xmp:CreateDate", made)
	text("xmp:ModifyDate", made)
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>")
	return b.Bytes()
}

// to is a place as a link has it.
func (s *sheet) to(p place, pages []int) string {
	return fmt.Sprintf("[%d 0 R/XYZ 0 %s null]", pages[p.page-1], number(nil, pageHeight-max(p.y-4, 0)))
}

// links writes the links that lead somewhere, each with the number by which the
// structure finds it.
func (s *sheet) links(f *file, pages []int) map[*mark]int {
	out := map[*mark]int{}
	for _, p := range s.pages {
		for i := range p.marks {
			m := p.marks[i]
			place, ok := s.places[m.to]
			if m.kind != aLink || !ok {
				continue
			}
			m.number = len(pages) + len(out)
			box := number(nil, m.x)
			for _, x := range []float64{pageHeight - m.y - m.h, m.x + m.w, pageHeight - m.y} {
				box = number(append(box, ' '), x)
			}
			out[m] = f.add("<</Type/Annot/Subtype/Link/Rect[%s]/Border[0 0 0]/F 4/Contents%s/StructParent %d/Dest%s>>",
				box, words(m.text), m.number, s.to(place, pages))
		}
	}
	return out
}

// outlines writes the headings as a tree, and returns what the catalog says of it.
func (s *sheet) outlines(f *file, pages []int) string {
	if len(s.outline) == 0 {
		return ""
	}
	type item struct{ number, parent, next, before int }
	root := f.ref()
	items := make([]item, len(s.outline))
	above := []int{-1} // the items that are open, from the outermost
	last := map[int]int{}
	first := map[int]int{}
	count := map[int]int{}
	for i, e := range s.outline {
		items[i].number = f.ref()
		for len(above) > 1 && s.outline[above[len(above)-1]].level >= e.level {
			above = above[:len(above)-1]
		}
		parent := above[len(above)-1]
		items[i].parent = parent
		items[i].before = -1
		if b, ok := last[parent]; ok {
			items[i].before = b
			items[b].next = items[i].number
		} else {
			first[parent] = items[i].number
		}
		last[parent] = i
		for _, a := range above {
			count[a]++
		}
		above = append(above, i)
	}
	for i, x := range items {
		parent, near := root, ""
		if x.parent >= 0 {
			parent = items[x.parent].number
		}
		if x.before >= 0 {
			near += fmt.Sprintf("/Prev %d 0 R", items[x.before].number)
		}
		if x.next > 0 {
			near += fmt.Sprintf("/Next %d 0 R", x.next)
		}
		if n := count[i]; n > 0 {
			near += fmt.Sprintf("/First %d 0 R/Last %d 0 R/Count %d", first[i], items[last[i]].number, n)
		}
		f.set(x.number, "<</Title%s/Parent %d 0 R%s/Dest%s>>", words(s.outline[i].title), parent, near, s.to(s.outline[i].place, pages))
	}
	f.set(root, "<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>", first[-1], items[last[-1]].number, count[-1])
	return fmt.Sprintf("/Outlines %d 0 R/PageMode/UseOutlines", root)
}
