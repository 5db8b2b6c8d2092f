package forensics

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/record"
)

// AppendBodyLine appends a line of a Sleuth Kit 3 body file and its newline:
//
//	0|name|inode|mode|uid|gid|size|atime|mtime|ctime|crtime
//
// mode is the ls form with the Sleuth Kit's two type letters, as in
// "r/rrwxr-xr-x". Times are seconds since 1970 with nine decimals; 0 is
// unknown. The name of a symbolic link is followed by " -> " and its target.
//
// Names are escaped so that a line stays a line and a field a field: a
// backslash becomes \\, and |, control characters, DEL, C1 controls and bytes
// that are not UTF-8 become \xHH, one for each byte. UnescapeBody reverses it.
func AppendBodyLine(b []byte, name, target string, s record.Stat) []byte {
	b = append(b, "0|"...)
	b = appendEscaped(b, name)
	if target != "" {
		b = append(b, " -> "...)
		b = appendEscaped(b, target)
	}
	b = append(b, '|')
	b = strconv.AppendUint(b, s.Inode, 10)
	b = append(b, '|')
	b = append(b, bodyMode(s.Mode)...)
	b = append(b, '|')
	b = strconv.AppendUint(b, uint64(s.UID), 10)
	b = append(b, '|')
	b = strconv.AppendUint(b, uint64(s.GID), 10)
	b = append(b, '|')
	b = strconv.AppendInt(b, s.Size, 10)
	for _, t := range []time.Time{s.Accessed, s.Modified, s.Changed, s.Born} {
		b = append(b, '|')
		if t.IsZero() {
			b = append(b, '0')
			continue
		}
		b = appendSeconds(b, t)
	}
	return append(b, '\n')
}

// appendSeconds writes a time as seconds with nine decimals; before 1970 the
// whole is negative, as in -0.250000000.
func appendSeconds(b []byte, t time.Time) []byte {
	sec, ns := t.Unix(), int64(t.Nanosecond())
	if sec < 0 && ns > 0 {
		sec, ns = sec+1, int64(time.Second)-ns
		if sec == 0 {
			b = append(b, '-')
		}
	}
	b = strconv.AppendInt(b, sec, 10)
	b = append(b, '.')
	frac := strconv.FormatInt(ns, 10)
	b = append(b, "000000000"[len(frac):]...)
	return append(b, frac...)
}

// bodyMode turns "-rw-r--r--" into "r/rrw-r--r--".
func bodyMode(mode string) string {
	if mode == "" {
		return "-/----------"
	}
	kind := mode[:1]
	if kind == "-" {
		kind = "r"
	}
	return kind + "/" + kind + mode[1:]
}

// appendEscaped writes a name in the escaping of AppendBodyLine.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			b = append(b, `\\`...)
		case r == '|' || r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && n == 1:
			for _, c := range []byte(s[i : i+n]) {
				b = fmt.Appendf(b, `\x%02x`, c)
			}
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return b
}

// UnescapeBody gives back the bytes of a name written by AppendBodyLine. Other
// tools' backslashes that begin no escape stay as they are.
func UnescapeBody(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		rest := s[i:]
		if strings.HasPrefix(rest, `\\`) || strings.HasPrefix(rest, `\|`) {
			b.WriteByte(rest[1])
			i += 2
			continue
		}
		if len(rest) >= 4 && rest[:2] == `\x` {
			if c, err := strconv.ParseUint(rest[2:4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 4
				continue
			}
		}
		b.WriteByte(rest[0])
		i++
	}
	return b.String()
}
