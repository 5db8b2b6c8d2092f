package parse

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// tellFile tells of a line of "fb.files": a file stands where its inode changed
// last, which is the time that no program can set.
func tellFile(e *timeline.Event, m members) {
	e.Source = "file"
	var stat struct {
		Size              int64
		Mode              string
		UID, GID          uint32
		Inode             uint64
		Changed, Modified time.Time
		Born              time.Time
	}
	if json.Unmarshal([]byte(m["stat"]), &stat) == nil {
		if sane(stat.Changed) {
			e.Time, e.Precision, e.TimeKind = stat.Changed.UTC(), timeline.Nanosecond, timeline.Changed
		}
		m["size"], m["mode"], m["inode"] = strconv.FormatInt(stat.Size, 10), stat.Mode, strconv.FormatUint(stat.Inode, 10)
		m["uid"], m["gid"] = strconv.FormatUint(uint64(stat.UID), 10), strconv.FormatUint(uint64(stat.GID), 10)
		if sane(stat.Modified) {
			m["modified"] = stat.Modified.UTC().Format(time.RFC3339Nano)
		}
		if sane(stat.Born) {
			m["born"] = stat.Born.UTC().Format(time.RFC3339Nano)
		}
		delete(m, "stat")
	}
	why := m.list("why")
	if len(why) > 1 {
		why = slices.DeleteFunc(why, func(w string) bool { return w == "executable" })
	}
	m["why"] = strings.Join(m.list("why"), " ")
	e.Message = strings.Join(why, ", ") + ": " + m["path"]
	if m["target"] != "" {
		e.Message += " -> " + m["target"]
	}
	if m["capabilities"] != "" {
		e.Message += " with " + m["capabilities"]
	}
}
