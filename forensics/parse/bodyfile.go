package parse

import (
	"bytes"
	"strings"
	"time"

	"firebreak/timeline"
)

// newBodyfile reads body files of Sleuth Kit 3:
//
//	MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime
//
// A line becomes one event for each different time. Times that are equal share
// an event: its attribute macb has the letters ("m.cb"), and its kind is the
// first of born, modified, changed, accessed that is among them. A time of zero
// or less is none; a line without any becomes one undated event. Names may hold
// bars: the fields are counted from both ends.
//
// Reference: wiki.sleuthkit.org, Body file.
func newBodyfile(j *job) lineReader {
	return each(func(ln line) error {
		if ln.text[0] == '#' {
			return nil
		}
		e := j.slot()
		f, ok := bodyFields(textOf(ln, &e.Attributes))
		if !ok || ln.cut {
			j.reject(ln.offset, ln.text, "no body file line")
			return nil
		}
		groups, n := bodyTimes(&f)
		if n == 0 {
			j.reject(ln.offset, ln.text, "a time is no number")
			return nil
		}
		changed := e.Attributes.Get(attrEncoding)
		path, target := f[1], ""
		if strings.HasPrefix(f[3], "l/") {
			path, target, _ = strings.Cut(path, " -> ")
		}
		for i, g := range groups[:n] {
			if i > 0 {
				e = j.slot()
			}
			e.Time, e.Precision, e.TimeKind, e.Source, e.Message = g.time, g.precision, g.kind, "file", f[1]
			a := &e.Attributes // in the order of their names
			set(a, attrEncoding, changed)
			set(a, "gid", f[5])
			bodySet(a, "inode", f[2])
			macb := ""
			if !g.time.IsZero() {
				macb = macbText(g.letters)
				e.Message = j.room.join(macb, " ", f[1])
				// A value that is a piece of the message is not kept again.
				shown := e.Message[len(macb)+1:]
				path, target = shown[:len(path)], shown[len(shown)-len(target):]
				a.Set("macb", macb)
			}
			bodySet(a, "md5", f[0])
			set(a, "mode", f[3])
			a.Set("path", path)
			set(a, "size", f[6])
			set(a, "target", target)
			if macb != "" {
				j.told(a, decimalForm(g.text), g.text)
			}
			set(a, "uid", f[4])
			if err := j.keep(ln.offset); err != nil {
				return err
			}
		}
		return nil
	})
}

// bodySet sets a field that is 0 where there is none.
func bodySet(a *timeline.Attributes, name, value string) {
	if value != "" && value != "0" {
		a.Set(name, value)
	}
}

// bodyFields cuts a line into its eleven fields.
func bodyFields(s string) (f [11]string, ok bool) {
	i := strings.IndexByte(s, '|')
	if i < 0 {
		return f, false
	}
	f[0], s = s[:i], s[i+1:]
	end := len(s)
	at := 10
	for i := end - 1; i >= 0 && at >= 2; i-- {
		if s[i] == '|' {
			f[at] = s[i+1 : end]
			at--
			end = i
		}
	}
	f[1] = s[:end]
	return f, at == 1 && f[1] != ""
}

// bodyGroup is the times of one line that are equal.
type bodyGroup struct {
	time      time.Time
	precision timeline.Precision
	kind      timeline.TimeKind
	letters   uint8 // bits: m 1, a 2, c 4, b 8
	text      string
}

// macbText is the letters as mactime shows them.
func macbText(letters uint8) string {
	const all = "...." + "m..." + ".a.." + "ma.." + "..c." + "m.c." + ".ac." + "mac." +
		"...b" + "m..b" + ".a.b" + "ma.b" + "..cb" + "m.cb" + ".acb" + "macb"
	at := 4 * int(letters&15)
	return all[at : at+4]
}

// bodyTimes groups the four times of a line, in the order b, m, c, a. A line
// without times is one group without a time; n is 0 where one is no number.
func bodyTimes(f *[11]string) (groups [4]bodyGroup, n int) {
	order := [...]struct {
		field  int
		letter uint8
		kind   timeline.TimeKind
	}{{10, 8, timeline.Born}, {8, 1, timeline.Modified}, {9, 4, timeline.Changed}, {7, 2, timeline.Accessed}}
next:
	for _, o := range order {
		s := f[o.field]
		for i := range groups[:n] {
			if groups[i].text == s {
				groups[i].letters |= o.letter
				continue next
			}
		}
		t, precision, ok := decimalTime(s)
		if !ok {
			if s != "" && strings.Trim(s, "-0123456789.") != "" {
				return groups, 0
			}
			continue
		}
		for i := range groups[:n] {
			if groups[i].time.Equal(t) {
				groups[i].letters |= o.letter
				continue next
			}
		}
		groups[n] = bodyGroup{t, precision, o.kind, o.letter, s}
		n++
	}
	if n == 0 {
		groups[0] = bodyGroup{kind: timeline.Undated}
		n = 1
	}
	return groups, n
}

func isBodyfile(_ string, head []byte) bool {
	for range 8 {
		var text []byte
		text, head, _ = bytes.Cut(head, []byte("\n"))
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		f, ok := bodyFields(string(text))
		if !ok {
			return false
		}
		_, n := bodyTimes(&f)
		return n > 0 && strings.Trim(f[4]+f[5]+f[6], "0123456789") == ""
	}
	return false
}
