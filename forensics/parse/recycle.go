package parse

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"firebreak/forensics/formats/recycle"
	"firebreak/timeline"
)

const (
	maxRecycled = 1 << 20
	maxInfo2    = 256 << 20
)

func isRecycled(_ string, head []byte) bool { return recycle.Is(head) }

func isInfo2(_ string, head []byte) bool { return recycle.IsInfo2(head) }

// parseRecycled makes an event of a $I file: the deletion. Whose bin it was stands
// in the path.
func parseRecycled(j *job, r *bufio.Reader) error {
	b, err := j.wholeBytes(r, maxRecycled)
	if err != nil || b == nil {
		return err
	}
	e, problem := recycle.Read(b)
	if problem != "" && e.Path == "" {
		j.reject(0, nil, problem)
		return nil
	}
	if problem != "" {
		j.note(problem)
	}
	return j.deleted(e)
}

// parseInfo2 makes an event of each record.
func parseInfo2(j *job, r *bufio.Reader) error {
	b, err := j.wholeBytes(r, maxInfo2)
	if err != nil || b == nil {
		return err
	}
	cut, err := recycle.Info2(b, j.deleted)
	if err != nil {
		return err
	}
	if cut > 0 {
		j.reject(int64(len(b)), nil, "the last record is cut")
	}
	return nil
}

// deleted puts the event of one.
func (j *job) deleted(d recycle.Entry) error {
	path := foreignText(d.Path)
	e := timeline.Event{Time: d.Deleted, Precision: timeline.Nanosecond, TimeKind: timeline.Logged, Source: "file", Message: "deleted to the recycle bin: " + named(path)}
	a := &e.Attributes
	a.Set(attrAction, "delete")
	set(a, "path", path)
	if d.Drive != 0 {
		a.Set("recycled_as", fmt.Sprintf("D%c%d", d.Drive+'a'-'A', d.Index)+extension(path))
	} else if name := j.sourceName(); strings.HasPrefix(strings.ToUpper(name), "$I") {
		a.Set("recycled_as", "$R"+name[2:])
	}
	if d.Restored {
		a.Set("restored", "yes")
		e.Message += ", no longer in it"
	}
	a.Set("size", strconv.FormatUint(d.Size, 10))
	for part := range strings.FieldsFuncSeq(j.src.Exhibit.Source, func(r rune) bool { return r == '/' || r == '\\' }) {
		if strings.HasPrefix(part, "S-1-5-") {
			a.Set("user_sid", part)
			e.User = part
		}
	}
	return j.add(d.Offset, e)
}

// extension is the end of a file's name, with its point.
func extension(path string) string {
	base := winBase(path)
	if i := strings.LastIndexByte(base, '.'); i > 0 {
		return base[i:]
	}
	return ""
}
