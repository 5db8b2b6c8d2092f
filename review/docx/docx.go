// Package docx writes a document as a Word file (Office Open XML, transitional)
// that people go on writing in: headings, lists, captions and tables have Word's
// own styles, the contents are a field, and links lead to bookmarks.
//
// The file holds nothing that is not in the document: no author, no name of a
// machine, no time but the document's own. The same document gives the same
// bytes. Foreign text is the text of runs and nothing else: no field, no link, no
// relationship is made of it, and no relationship leaves the file.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"firebreak/review/document"
)

// Write writes the document.
func Write(d document.Document) ([]byte, error) {
	w := &writer{d: d, marks: map[string]string{}, placed: map[string]bool{}}
	w.bookmarks()
	body := w.body()
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRelations},
		{"docProps/core.xml", w.core()},
		{"docProps/app.xml", w.app()},
		{"word/document.xml", body},
		{"word/_rels/document.xml.rels", documentRelations},
		{"word/styles.xml", fmt.Sprintf(styles, escaped(w.language()))},
		{"word/numbering.xml", w.numbering()},
		{"word/settings.xml", settings},
		{"word/header1.xml", w.header()},
		{"word/footer1.xml", w.footer()},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: stamped(d.Made)})
		if err == nil {
			_, err = f.Write([]byte(declaration + p.text))
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", p.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("end archive: %w", err)
	}
	return out.Bytes(), nil
}

// stamped is a time that a zip archive can hold.
func stamped(t time.Time) time.Time {
	first := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	if t = t.UTC().Truncate(2 * time.Second); t.Before(first) || t.Year() > 2107 {
		return first
	}
	return t
}

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// writer writes one file.
type writer struct {
	d      document.Document
	b      strings.Builder
	marks  map[string]string // the bookmark of each id of the document
	placed map[string]bool
	next   int // number of the next bookmark
	lists  int // ordered lists so far

	drawings int
}

func (w *writer) language() string {
	if w.d.Language == "" {
		return "en"
	}
	return w.d.Language
}

// bookmarks gives each id that something leads to a name that Word takes: at
// most 40 letters, digits and underscores.
func (w *writer) bookmarks() {
	wanted := map[string]bool{}
	see := func(t document.Text) {
		for _, s := range t {
			wanted[s.To] = true
		}
	}
	for _, b := range w.d.Blocks {
		texts(b, see)
		if h, ok := b.(document.Heading); ok {
			wanted[h.ID] = true // the contents lead there
		}
	}
	delete(wanted, "")
	for _, b := range w.d.Blocks {
		switch b := b.(type) {
		case document.Heading:
			w.name(b.ID, wanted)
		case document.Table:
			w.name(b.ID, wanted)
			for _, r := range b.Rows {
				w.name(r.ID, wanted)
			}
		case document.Figure:
			w.name(b.ID, wanted)
		}
	}
}

func (w *writer) name(id string, wanted map[string]bool) {
	if !wanted[id] || w.marks[id] != "" {
		return
	}
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, id)
	w.marks[id] = fmt.Sprintf("b%d_%s", len(w.marks)+1, clean[:min(len(clean), 28)])
}

// texts calls see with every text of a block.
func texts(b document.Block, see func(document.Text)) {
	switch b := b.(type) {
	case document.Heading:
		see(b.Text)
	case document.Paragraph:
		see(b.Text)
	case document.Note:
		see(b.Text)
	case document.List:
		for _, t := range b.Items {
			see(t)
		}
	case document.Definitions:
		for _, x := range b.Items {
			see(x.Text)
		}
	case document.Table:
		for _, r := range b.Rows {
			for _, c := range r.Cells {
				see(c)
			}
		}
	case document.Figure:
		if b.Facts != nil {
			texts(*b.Facts, see)
		}
	}
}

// escaped is text as XML holds it. What XML cannot hold becomes U+FFFD.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

func (w *writer) put(format string, args ...any) { fmt.Fprintf(&w.b, format, args...) }
