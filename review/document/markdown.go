package document

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/markdown"
)

// Markdown writes a document for a wiki or a repository: CommonMark with tables.
// No text of it becomes a link, an image, markup or HTML; what leads somewhere
// stands there without leading. Drawings are left to the tables that say the same.
func Markdown(d Document) []byte {
	m := &sheet{}
	m.put("# %s", mdText(text(d.Title), markdown.Place{}))
	if len(d.Banner) > 0 {
		words := make([]string, 0, len(d.Banner))
		for _, b := range d.Banner {
			words = append(words, mdSpan(strong(b.Text), markdown.Place{Begun: true}))
		}
		m.put("%s", strings.Join(words, " "))
	}
	for _, b := range d.Blocks {
		m.block(b)
	}
	m.put("%s", mdText(text(d.Footer), markdown.Place{}))
	return append(bytes.TrimRight(m.b.Bytes(), "\n"), '\n')
}

// sheet is a page of Markdown while it is written.
type sheet struct{ b bytes.Buffer }

// put writes one block, which an empty line ends.
func (m *sheet) put(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n\n", args...) }

func (m *sheet) block(b Block) {
	switch b := b.(type) {
	case Heading:
		m.put("%s %s", strings.Repeat("#", min(max(b.Level, 1), 3)+1), mdText(b.Text, markdown.Place{}))
	case Paragraph:
		m.put("%s", mdText(b.Text, markdown.Place{}))
	case Note:
		m.put("> %s", mdText(bold(b), markdown.Place{}))
	case List:
		m.list(b)
	case Definitions:
		t := Table{Columns: []Column{{}, {}}}
		for _, x := range b.Items {
			t.Rows = append(t.Rows, Row{Cells: []Text{text(x.Term), x.Text}})
		}
		m.table(t)
	case Verbatim:
		m.put("%s", strings.TrimSuffix(markdown.Block(b.Text), "\n"))
	case Table:
		m.table(b)
	case Figure:
		if b.Facts != nil {
			m.table(*b.Facts)
		}
	case PageBreak:
	}
}

// bold makes a note that must not be overlooked stand out.
func bold(n Note) Text {
	if n.Tone != Bad && n.Tone != Unknown {
		return n.Text
	}
	return text(strong(n.Text.String()))
}

func (m *sheet) list(l List) {
	for i, item := range l.Items {
		mark := "-"
		if l.Ordered {
			mark = fmt.Sprintf("%d.", i+1)
		}
		fmt.Fprintf(&m.b, "%s %s\n", mark, mdText(item, markdown.Place{}))
	}
	m.b.WriteString("\n")
}

func (m *sheet) table(t Table) {
	if t.Caption != "" {
		m.put("%s", mdText(text(strong(t.Caption)), markdown.Place{}))
	}
	head := make([]Text, len(t.Columns))
	for i, c := range t.Columns {
		if c.Title != "" {
			head[i] = text(c.Title)
		}
	}
	m.row(head, len(t.Columns), "")
	fmt.Fprintf(&m.b, "|%s\n", strings.Repeat(" --- |", len(t.Columns)))
	for _, r := range t.Rows {
		if r.Divide && len(r.Cells) > 0 {
			r.Cells = []Text{text(strong(r.Cells[0].String()))}
		}
		none := "-"
		if r.Divide {
			none = ""
		}
		m.row(r.Cells, len(t.Columns), none)
	}
	m.b.WriteString("\n")
}

// row writes a row of as many cells as the table has columns.
func (m *sheet) row(cells []Text, columns int, none string) {
	m.b.WriteString("|")
	for i := range columns {
		s := none
		if i < len(cells) && len(cells[i]) > 0 {
			s = mdText(cells[i], markdown.Place{Cell: true})
		}
		fmt.Fprintf(&m.b, " %s |", s)
	}
	m.b.WriteString("\n")
}

// mdText writes a text as one line.
func mdText(t Text, at markdown.Place) string {
	var b strings.Builder
	for _, s := range merged(t) {
		lead, trail := edges(s.Text)
		body := ""
		if strings.TrimSpace(s.Text) != "" {
			at.Begun = at.Begun || b.Len() > 0
			body = mdSpan(s, at)
		}
		last := b.String()
		if last != "" && !strings.HasSuffix(last, " ") && (lead || touches(last, body)) {
			b.WriteByte(' ')
		}
		b.WriteString(body)
		if trail && b.Len() > 0 && !strings.HasSuffix(b.String(), " ") {
			b.WriteByte(' ')
		}
	}
	if s := strings.TrimRight(b.String(), " "); s != "" {
		return s
	}
	return "-"
}

// merged puts neighbours of one look together: two quiet words without a space
// between them may be one that is not.
func merged(t Text) Text {
	var out Text
	for _, s := range t {
		if s.Break {
			s = plain(" / ")
		}
		if s.Style == Quiet {
			s.Style = Plain
		}
		if n := len(out); n > 0 && out[n-1].Style == s.Style {
			out[n-1].Text += s.Text
			continue
		}
		out = append(out, Span{Text: s.Text, Style: s.Style})
	}
	return out
}

// touches says whether two pieces of Markdown would be read as one thing
// without a space between them.
func touches(before, after string) bool {
	if before == "" || after == "" {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	fence := func(r rune) bool { return r == '`' || r == '*' }
	return fence(last) && (fence(next) || word(next)) || word(last) && next == '*'
}

// edges says whether a text begins and ends with a space.
func edges(s string) (lead, trail bool) {
	trimmed := strings.TrimSpace(s)
	return !strings.HasPrefix(s, trimmed) || trimmed == "" && s != "", !strings.HasSuffix(s, trimmed) || trimmed == "" && s != ""
}

func mdSpan(s Span, at markdown.Place) string {
	switch s.Style {
	case Strong:
		at.Begun = true
		return "**" + markdown.Prose(s.Text, at) + "**"
	case Code:
		return markdown.Code(s.Text, at)
	case Plain, Quiet:
	}
	return markdown.Prose(s.Text, at)
}
