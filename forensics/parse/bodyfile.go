package parse

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// parseBodyfile reads body files of Sleuth Kit 3:
//
//	MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime
//
// A line becomes one event for each different time. Times that are equal share
// an event: its attribute macb has the letters ("m.cb"), and its kind is the
// first of born, modified, changed, accessed that is among them. A time of zero
// or less is none; a line without any becomes one undated event. Names may hold
// bars: the fields are counted from both ends.
func parseBodyfile(j *job, r *bufio.Reader) error {
	return eachLine(j, r, func(ln line) error {
		if ln.text[0] == '#' {
			return nil
		}
		attrs := make(timeline.Attributes, 0, 8)
		f, ok := bodyFields(textOf(ln, &attrs))
		if !ok || ln.cut {
			j.reject(ln.offset, ln.text, "no body file line")
			return nil
		}
		groups, ok := bodyTimes(f)
		if !ok {
			j.reject(ln.offset, ln.text, "a time is no number")
			return nil
		}
		for i, name := range []string{"md5", "path", "inode", "mode", "uid", "gid", "size"} {
			if f[i] != "" && (f[i] != "0" || i > 2) {
				attrs.Set(name, f[i])
			}
		}
		if path, target, ok := strings.Cut(f[1], " -> "); ok && strings.HasPrefix(f[3], "l/") {
			attrs.Set("path", path)
			attrs.Set("target", target)
		}
		for _, g := range groups {
			e := timeline.Event{Time: g.time, Precision: g.precision, TimeKind: g.kind, Source: "file", Message: f[1], Attributes: slices.Clone(attrs)}
			if !g.time.IsZero() {
				e.Attributes.Set("macb", string(g.letters[:]))
				e.Message = string(g.letters[:]) + " " + f[1]
			}
			if err := j.add(ln.offset, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// bodyFields cuts a line into its eleven fields.
func bodyFields(s string) ([11]string, bool) {
	var f [11]string
	var ok bool
	if f[0], s, ok = strings.Cut(s, "|"); !ok {
		return f, false
	}
	for i := 10; i >= 2; i-- {
		if s, f[i], ok = lastCut(s, "|"); !ok {
			return f, false
		}
	}
	f[1] = s
	return f, s != ""
}

// bodyGroup is the times of one line that are equal.
type bodyGroup struct {
	time      time.Time
	precision timeline.Precision
	kind      timeline.TimeKind
	letters   [4]byte
}

// bodyTimes groups the four times of a line, in the order b, m, c, a. A line
// without times is one group without a time.
func bodyTimes(f [11]string) ([]bodyGroup, bool) {
	order := []struct {
		field, letter int
		kind          timeline.TimeKind
	}{{10, 3, timeline.Born}, {8, 0, timeline.Modified}, {9, 2, timeline.Changed}, {7, 1, timeline.Accessed}}
	groups := make([]bodyGroup, 0, 4)
next:
	for _, o := range order {
		s := f[o.field]
		t, precision, ok := decimalTime(s)
		if !ok {
			if s != "" && strings.Trim(s, "-0123456789.") != "" {
				return nil, false
			}
			continue
		}
		for i := range groups {
			if groups[i].time.Equal(t) {
				groups[i].letters[o.letter] = "macb"[o.letter]
				continue next
			}
		}
		g := bodyGroup{t, precision, o.kind, [4]byte{'.', '.', '.', '.'}}
		g.letters[o.letter] = "macb"[o.letter]
		groups = append(groups, g)
	}
	if len(groups) == 0 {
		groups = append(groups, bodyGroup{kind: timeline.Undated})
	}
	return groups, true
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
		_, ok = bodyTimes(f)
		return ok && strings.Trim(f[4]+f[5]+f[6], "0123456789") == ""
	}
	return false
}
