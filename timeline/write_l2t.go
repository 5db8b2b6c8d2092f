package timeline

import (
	"strings"
	"time"
)

const l2tHead = "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra\n"

// shortSize is how many characters of the message the short column has, as in
// plaso.
const shortSize = 80

// l2tRow is one row of log2timeline's CSV: no value has a comma or a line feed,
// since its readers cut at them, and an empty one is "-". The time has whole
// seconds; a finer one stands in extra. What is not dated has plaso's zeros.
func (w *Writer) l2tRow(b []byte, e *Event, m *Mark) []byte {
	date, clock := "00/00/0000", "--:--:--"
	exact := ""
	switch {
	case e.Time.IsZero():
	case writable(e.Time):
		t := e.Time.UTC()
		date, clock = t.Format("01/02/2006"), t.Format("15:04:05")
		if t.Nanosecond() != 0 {
			exact = t.Format(time.RFC3339Nano)
		}
	default:
		exact = seconds(e.Time)
	}
	b = append(b, date...)
	b = append(b, ',')
	b = append(b, clock...)
	b = append(b, ",UTC,"...)
	b = append(b, macb(e, "MACB")...)
	source, filename := "LOG", e.Exhibit
	if e.Source == "file" {
		source = "FILE"
		if path := e.Attributes.Get("path"); path != "" {
			filename = path
		}
	}
	b = append(b, ',')
	b = append(b, source...)
	for _, s := range [...]string{
		e.Source, e.TimeKind.Description(), e.User, e.Host, shortText(e.Message), e.Message, "2", filename, e.Attributes.Get("inode"),
		l2tNotes(m), "firebreak/" + e.Parser, l2tExtra(e, exact),
	} {
		b = append(b, ',')
		b = w.l2tCell(b, s)
	}
	return append(b, '\n')
}

// l2tCell is a value that a reader who cuts at commas reads too.
func (w *Writer) l2tCell(b []byte, s string) []byte {
	s = strings.Map(func(r rune) rune {
		if r == ',' || r < ' ' && r != '\t' {
			return ' '
		}
		return r
	}, s)
	if s == "" || s == "-" {
		return append(b, '-')
	}
	if strings.IndexByte(s, '"') < 0 { // quotes only where a reader of CSV would else stumble
		if !w.exact && isFormula(strings.TrimLeft(s, "'")) {
			b = append(b, '\'')
		}
		return append(b, s...)
	}
	return w.cell(b, s)
}

func shortText(s string) string {
	if len(s) <= shortSize {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > shortSize {
			return s[:i]
		}
	}
	return s
}

func l2tNotes(m *Mark) string {
	notes := strings.Join(sketchTags(m), " ")
	for _, c := range m.Comments {
		if notes != "" {
			notes += "; "
		}
		notes += c
	}
	return notes
}

// l2tExtra is the rest, as in "name: value; name: value".
func l2tExtra(e *Event, exact string) string {
	var b strings.Builder
	add := func(name, value string) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name)
		b.WriteString(": ")
		b.WriteString(value)
	}
	if exact != "" {
		add("datetime", exact)
	}
	for i := range e.Attributes {
		if name, value, tell := foreign(e, i); tell && name != "inode" {
			add(name, value)
		}
	}
	if e.Technique != "" {
		add("technique", e.Technique)
	}
	return b.String()
}

// macb is which of a file's times an event has, in the letters given; a dot
// stands for each it has not.
func macb(e *Event, letters string) string {
	out := [4]byte{'.', '.', '.', '.'}
	if given := e.Attributes.Get("macb"); len(given) == len(out) && e.Source == "file" {
		for i := range out {
			if given[i] != '.' {
				out[i] = letters[i]
			}
		}
		return string(out[:])
	}
	switch e.TimeKind { //nolint:exhaustive // the others are no times of files
	case Modified:
		out[0] = letters[0]
	case Accessed:
		out[1] = letters[1]
	case Changed:
		out[2] = letters[2]
	case Born:
		out[3] = letters[3]
	}
	return string(out[:])
}
