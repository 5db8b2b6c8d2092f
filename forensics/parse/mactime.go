package parse

import (
	"bufio"
	"strings"
	"time"

	"firebreak/timeline"
)

var mactimeNames = []string{"Date", "Size", "Type", "Mode", "UID", "GID", "Meta", "File Name"} //nolint:gochecknoglobals // a table

// parseMactime reads what mactime -d prints, with -y or without: a row for each
// different time of a file. A row without a time (0000-00-00, Xxx Xxx) is an
// undated event. Without -y the times are local, and nothing says where.
//
// Reference: mactime(1) of the Sleuth Kit.
func parseMactime(j *job, r *bufio.Reader) error {
	head := false
	return eachRow(j, r, ',', "", func(row csvRow) error {
		if !head && len(row.fields) > 0 && row.fields[0] == mactimeNames[0] {
			head = true
			return nil
		}
		if len(row.fields) != len(mactimeNames) {
			if head {
				return unfit("not 8 values")
			}
			return nil // what -h prints above the names
		}
		f := row.fields
		attrs := row.attrs
		for i, name := range []string{"", "size", "", "mode", "uid", "gid", "inode", "path"} {
			if name != "" && f[i] != "" {
				attrs.Set(name, f[i])
			}
		}
		if path, target, ok := strings.Cut(f[7], " -> "); ok && strings.HasPrefix(f[3], "l/") {
			attrs.Set("path", path)
			attrs.Set("target", target)
		}
		letters := f[2]
		kind, ok := macbKind(letters)
		e := timeline.Event{TimeKind: kind, Source: "file", Message: f[7]}
		t, precise := mactimeStamp(f[0], j.clock)
		switch {
		case !ok || t.size == 0 || f[7] == "":
			return unfit("no row of mactime")
		case !t.time.IsZero():
			e.Time, e.Precision, e.Message = t.time, timeline.Second, letters+" "+f[7]
			attrs.Set("macb", letters)
			attrs.Set(attrTimeText, f[0])
			if !precise {
				attrs.Set(attrAssumed, doubt(j.assumedZone(), t.how))
				j.note("local times without a zone: " + j.assumedZone())
			}
		}
		e.Attributes = attrs
		return j.add(row.offset, e)
	})
}

// mactimeStamp reads mactime's date; its size is 0 where there is none to read,
// and its time zero where there is no time.
func mactimeStamp(text string, local *localClock) (s stamp, zoned bool) {
	if text == "0000-00-00T00:00:00Z" || strings.HasPrefix(text, "Xxx Xxx 00 0000") {
		return stamp{size: len(text)}, true
	}
	if s, ok := isoStamp(text, local); ok && s.size == len(text) {
		return s, s.zoned
	}
	for _, layout := range []string{"Mon Jan 02 2006 15:04:05", "Mon 01 02 2006 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, local.zone); err == nil && sane(t) {
			return stamp{time: t.UTC(), size: len(text)}, false
		}
	}
	return stamp{}, false
}

// macbKind is the kind of a row with those letters, as in "m.cb".
func macbKind(letters string) (timeline.TimeKind, bool) {
	if len(letters) != 4 {
		return "", false
	}
	for i := range 4 {
		if letters[i] != '.' && letters[i] != "macb"[i] {
			return "", false
		}
	}
	switch {
	case letters[3] != '.':
		return timeline.Born, true
	case letters[0] != '.':
		return timeline.Modified, true
	case letters[2] != '.':
		return timeline.Changed, true
	case letters[1] != '.':
		return timeline.Accessed, true
	}
	return "", false
}

// isMactime knows the names, also below the lines that -h puts above them.
func isMactime(name string, head []byte) bool {
	return isHeading(mactimeNames...)(name, head) || strings.HasPrefix(string(head[:min(len(head), 64)]), "The Sleuth Kit mactime Timeline\n")
}
