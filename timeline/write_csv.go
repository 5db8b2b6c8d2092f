package timeline

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const spreadsheetHead = "time,precision,kind,source,host,user,message,technique,star,tags,comments,attributes,exhibit,offset,parser,id\n"

// spreadsheetRow is one row of our own CSV. Tags and comments are lists in JSON
// when there are several, so that the row reads back.
func (w *Writer) spreadsheetRow(b []byte, e *Event, m *Mark) []byte {
	switch {
	case e.Time.IsZero():
	case writable(e.Time):
		b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	default:
		b = append(b, seconds(e.Time)...)
	}
	for _, s := range [...]string{string(e.Precision), string(e.TimeKind), e.Source, e.Host, e.User, e.Message, e.Technique} {
		b = append(b, ',')
		b = w.cell(b, s)
	}
	b = append(b, ',')
	if m.Star {
		b = append(b, '*')
	}
	b = w.listCell(append(b, ','), m.Tags)
	b = w.listCell(append(b, ','), m.Comments)
	b = w.attributesCell(append(b, ','), e)
	b = append(b, ',')
	b = w.cell(b, e.Exhibit)
	b = append(b, ',')
	b = strconv.AppendInt(b, e.Offset, 10)
	b = append(b, ',')
	b = w.cell(b, e.Parser)
	b = append(b, ',')
	b = appendID(b, e.ID)
	return append(b, '\n')
}

// listCell is a list as JSON in one cell, empty where there is none.
func (w *Writer) listCell(b []byte, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	w.spare = appendTexts(w.spare[:0], list)
	return w.cell(b, string(w.spare))
}

// attributesCell is the attributes as JSON in one cell.
func (w *Writer) attributesCell(b []byte, e *Event) []byte {
	if len(e.Attributes) == 0 {
		return b
	}
	w.spare = appendAttributes(w.spare[:0], e.Attributes)
	return w.cell(b, string(w.spare))
}

// cell writes a value as RFC 4180 has it.
func (w *Writer) cell(b []byte, s string) []byte {
	return quoteCell(b, s, !w.exact && isFormula(strings.TrimLeft(s, "'")))
}

// quoteCell writes a value, with ' in front where guard is set, and quoted where
// it has to be. What is no UTF-8, and NUL, which many readers refuse, is U+FFFD.
func quoteCell(b []byte, s string, guard bool) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == ',' || c == '"' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain && (s == "" || s[0] != ' ') {
		if guard {
			b = append(b, '\'')
		}
		return append(b, s...)
	}
	b = append(b, '"')
	if guard {
		b = append(b, '\'')
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"':
			b = append(b, '"', '"')
		case c == 0:
			b = append(b, "\ufffd"...)
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}

// isFormula reports whether a spreadsheet would take a cell for a formula: = +
// - @, also in their wide forms, tab, carriage return or line feed as the first
// character after spaces (OWASP, CSV injection). A plain number is none. ' in
// front is the guard itself, and looked behind: so a cell that is guarded is
// told apart from one that began with '.
func isFormula(cell string) bool {
	if cell == "" || cell[0] > ' ' && cell[0] < utf8.RuneSelf && strings.IndexByte("=+-@", cell[0]) < 0 {
		return false
	}
	if _, number := parseNumber(cell); number && strings.Trim(cell, "+-.0123456789eE") == "" {
		return false
	}
	for _, r := range cell {
		switch {
		case strings.ContainsRune("=+-@\t\r\n＝＋－＠", r):
			return true
		case !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			return false
		}
	}
	return false
}

// Unguard takes the ' off again that the guard of the CSV formats put before a
// cell.
func Unguard(cell string) string {
	if bare, guarded := strings.CutPrefix(cell, "'"); guarded && isFormula(strings.TrimLeft(bare, "'")) {
		return bare
	}
	return cell
}
