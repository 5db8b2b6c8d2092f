package timeline

import (
	"strconv"
	"strings"
)

// bodyLine is one line of a body file, as mactime of Sleuth Kit 3 and later
// reads it:
//
//	MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime
//
// Only what has a time of a file and names a path has a place there: what is
// modified, accessed, changed or born. The rest is left out and counted. The
// times that an event has not are 0, the format's word for none: the dated rows
// that mactime makes of the lines of one file are those of one line with all its
// times, and it shows the others as 0000-00-00, as it does for every file whose
// birth is not known. Seconds are whole: mactime drops what is behind the point,
// or rounds it up.
func (w *Writer) bodyLine(b []byte, e *Event, _ *Mark) []byte {
	path := e.Attributes.Get("path")
	which := macb(e, "macb")
	if e.Time.IsZero() || which == "...." || path == "" {
		w.leftOut++
		return b
	}
	b = append(b, digestText(e.Attributes.Get("md5"))...)
	b = append(b, '|')
	b = appendBodyName(b, path)
	if target := e.Attributes.Get("target"); target != "" {
		b = append(b, " -> "...)
		b = appendBodyName(b, target)
	}
	b = append(b, '|')
	b = append(b, numberText(e.Attributes.Get("inode"), "0123456789-")...)
	b = append(b, '|')
	b = appendBodyName(b, e.Attributes.Get("mode"))
	for _, name := range [...]string{"uid", "gid", "size"} {
		b = append(b, '|')
		b = append(b, numberText(e.Attributes.Get(name), "0123456789")...)
	}
	at := strconv.FormatInt(e.Time.Unix(), 10)
	for _, letter := range [...]byte{'a', 'm', 'c', 'b'} {
		b = append(b, '|')
		if strings.IndexByte(which, letter) >= 0 {
			b = append(b, at...)
		} else {
			b = append(b, '0')
		}
	}
	return append(b, '\n')
}

// digestText is an MD5, or 0 for none.
func digestText(s string) string {
	if len(s) == 32 && strings.Trim(s, "0123456789abcdefABCDEF") == "" {
		return s
	}
	return "0"
}

// numberText is a value made of those letters, or 0: mactime leaves a line out
// without a word where another stands.
func numberText(s, letters string) string {
	if s == "" || strings.Trim(s, letters) != "" {
		return "0"
	}
	return s
}

// appendBodyName writes a name as mactime reads it back: it decodes %XX, cuts at
// bars, and drops a row with a line feed. A control character is ^, as fls
// writes it.
func appendBodyName(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '|':
			b = append(b, "%7C"...)
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, "%25"...)
		case c < ' ' || c == 0x7f:
			b = append(b, '^')
		default:
			b = append(b, c)
		}
	}
	return b
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
