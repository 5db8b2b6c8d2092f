package sqlview

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/timeline"
)

// column is a column of the table events. The order is that of table.h.
type column int

const (
	colID column = iota
	colTime
	colTimeNS
	colPrecision
	colKind
	colSource
	colParser
	colHost
	colUser
	colMessage
	colTechnique
	colExhibit
	colOffset
	colStar
	colTags
	colComments
	colAttributes
	colDiscovered
	colFilter // hidden: events('host:web-1')
)

// Column says what a column of the table holds.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Says string `json:"says"`

	field timeline.Field // that a filter has for it
}

// columns are the columns of events, in their order.
var columns = [...]Column{ //nolint:gochecknoglobals // a table
	colID:         {"id", "TEXT", "the event's id, the same after every rebuild", timeline.FieldID},
	colTime:       {"time", "TEXT", "when, RFC 3339 in UTC with nine digits; NULL where the source gave no time", 0},
	colTimeNS:     {"time_ns", "INTEGER", "the same in nanoseconds since 1970", 0},
	colPrecision:  {"precision", "TEXT", "how fine the source wrote it: ns us ms s m d", timeline.FieldPrecision},
	colKind:       {"kind", "TEXT", "what the time says: logged, started, modified, …", timeline.FieldKind},
	colSource:     {"source", "TEXT", "syslog, auth, process, file, …", timeline.FieldSource},
	colParser:     {"parser", "TEXT", "what read the exhibit", timeline.FieldParser},
	colHost:       {"host", "TEXT", "empty where the source names none", timeline.FieldHost},
	colUser:       {"user", "TEXT", "empty where the source names none", timeline.FieldUser},
	colMessage:    {"message", "TEXT", "what happened", 0},
	colTechnique:  {"technique", "TEXT", "of MITRE ATT&CK, empty where there is none", timeline.FieldTechnique},
	colExhibit:    {"exhibit", "TEXT", "the sealed evidence it was read from", timeline.FieldExhibit},
	colOffset:     {"offset", "INTEGER", "where in the exhibit: bytes, or the record's number", timeline.FieldOffset},
	colStar:       {"star", "INTEGER", "1 where somebody starred it, else 0", 0},
	colTags:       {"tags", "TEXT", "JSON array of texts", 0},
	colComments:   {"comments", "TEXT", "JSON array of texts", 0},
	colAttributes: {"attributes", "TEXT", "JSON object of texts: attributes ->> 'pid'", 0},
	colDiscovered: {"discovered", "TEXT", "when its exhibit was sealed; NULL where that is not known", 0},
	colFilter:     {"filter", "TEXT", "hidden: events('host:web-1') has the events that match", 0},
}

// Columns are the columns of the table events, the hidden one last.
func Columns() []Column { return append([]Column(nil), columns[:]...) }

// declaration is the table as CREATE TABLE has it. A time compares as the
// moment that it is, however it is written.
func declaration() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE events(")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + c.Name + `" ` + c.Type)
		switch column(i) { //nolint:exhaustive // the others have nothing more
		case colTime, colDiscovered:
			b.WriteString(" COLLATE RFC3339")
		case colFilter:
			b.WriteString(" HIDDEN")
		}
	}
	b.WriteString(")")
	return b.String()
}

// appendTime writes a time so that texts sort as moments do: nine digits.
func appendTime(to []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	to = appendPadded(to, year, 4)
	to = appendPadded(append(to, '-'), int(month), 2)
	to = appendPadded(append(to, '-'), day, 2)
	to = appendPadded(append(to, 'T'), hour, 2)
	to = appendPadded(append(to, ':'), minute, 2)
	to = appendPadded(append(to, ':'), second, 2)
	to = appendPadded(append(to, '.'), t.Nanosecond(), 9)
	return append(to, 'Z')
}

func appendPadded(to []byte, n, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	for i := len(text); i < width; i++ {
		to = append(to, '0')
	}
	return append(to, text...)
}

// appendTexts writes a JSON array.
func appendTexts(to []byte, texts []string) []byte {
	to = append(to, '[')
	for i, s := range texts {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendJSON(to, s)
	}
	return append(to, ']')
}

// appendAttributes writes a JSON object.
func appendAttributes(to []byte, as timeline.Attributes) []byte {
	to = append(to, '{')
	for i, a := range as {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(appendJSON(to, a.Name), ':')
		to = appendJSON(to, a.Value)
	}
	return append(to, '}')
}

// appendJSON writes a JSON text; a byte that is no UTF-8 becomes U+FFFD.
func appendJSON(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			to = append(to, s[from:i]...)
			switch c {
			case '"', '\\':
				to = append(to, '\\', c)
			case '\n':
				to = append(to, '\\', 'n')
			case '\t':
				to = append(to, '\\', 't')
			case '\r':
				to = append(to, '\\', 'r')
			default:
				to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			to = append(append(to, s[from:i]...), "\uFFFD"...)
			i++
			from = i
			continue
		}
		i += n
	}
	return append(append(to, s[from:]...), '"')
}
