// Package pdf writes a document as PDF: contents with page numbers, an outline,
// links within it, a head and a foot on every page, tables that carry their head
// over, and drawings made of lines. The text can be searched and copied, and has a
// structure that screen readers follow.
//
// It reads no file and asks no machine. Fonts are embedded, cut down to what is
// used: those built in (fonts.go) and those that it is handed. Letters are shaped as
// their script wants. The same document with the same fonts gives the same bytes.
// The file holds no author, no identifier and no time but the document's own.
//
// What it does not do: kerning and ligatures of Latin, hyphenation.
package pdf

import (
	"fmt"
	"iter"

	"firebreak/review/document"
)

// Options are what a document does not say.
type Options struct {
	// Found are fonts of the machine, for what the built-in outlines lack: the file's
	// name and its bytes (TrueType, OpenType, collections) in order of preference.
	// They are only asked when there is need.
	Found iter.Seq2[string, []byte]
	// Used is told which of Found were drawn with, where somebody wants to know.
	Used func(name string, data []byte)
}

// Write writes the document.
func Write(d document.Document, o Options) ([]byte, error) {
	f, err := newFonts(o, characters(d))
	if err != nil {
		return nil, err
	}
	s := newSheet(d, f)
	s.write()
	data, err := s.emit()
	if err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	if o.Used != nil {
		f.tell(o.Used)
	}
	return data, nil
}
