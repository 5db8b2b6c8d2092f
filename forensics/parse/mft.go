package parse

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/ntfs"
	"firebreak/timeline"
)

func isMFT(_ string, head []byte) bool { return ntfs.IsMFT(head) }

// mft is a reading of a table.
type mft struct {
	*job
	at      io.ReaderAt
	size    int64
	record  int
	folders *ntfs.Folders
}

const mftAhead = 1 << 20

// parseMFT makes an event of each different time of a file, with its path: those
// of its standard information, and those of its name where they are others. The
// table is read twice: the folders first.
//
// Reference: package forensics/formats/ntfs.
func parseMFT(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	head := make([]byte, 64)
	if n, err := at.ReadAt(head, 0); err != nil && n < len(head) || !ntfs.IsMFT(head) {
		j.reject(0, head[:n], "no master file table")
		return nil
	}
	m := &mft{job: j, at: at, size: size, record: ntfs.RecordSize(head), folders: ntfs.NewFolders()}
	err = m.each(func(_ int64, rec *ntfs.Record, _ ntfs.Kind) error {
		if rec != nil {
			m.folders.Add(rec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m.folders.Full {
		j.note("there are more folders than are kept: some paths are not whole")
	}
	return m.each(m.take)
}

// each gives the records in their order.
func (m *mft) each(f func(offset int64, rec *ntfs.Record, kind ntfs.Kind) error) error {
	buf := make(le.Bytes, max(mftAhead, m.record))
	for base := int64(0); base < m.size; base += int64(len(buf)) {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), m.size-base)]
		if n, err := m.at.ReadAt(b, base); n < len(b) {
			return fmt.Errorf("read the table at %d: %w", base, err)
		}
		for at := 0; at < len(b); at += m.record {
			offset := base + int64(at)
			if at+m.record > len(b) {
				return f(offset, nil, ntfs.Foreign) // the table is cut
			}
			rec, kind := ntfs.Parse(b[at:at+m.record:at+m.record], uint64(offset/int64(m.record))) //nolint:gosec // as it is kept
			if err := f(offset, rec, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mft) take(offset int64, rec *ntfs.Record, kind ntfs.Kind) error {
	switch kind {
	case ntfs.Broken:
		m.reject(offset, nil, "Windows marked the record as damaged")
		return nil
	case ntfs.Foreign:
		m.reject(offset, nil, "no record of the table, or one that is cut")
		return nil
	case ntfs.Empty:
		return nil
	case ntfs.Usable:
	}
	if rec.Base.Record != 0 && len(rec.Names) == 0 {
		return nil // a part of another
	}
	name := rec.Name()
	if name == nil && !rec.HasTimes && !rec.HasData {
		return nil // it was used, and nothing is left of it
	}
	path, whole := "", true
	switch {
	case name != nil && rec.Ref.Record == ntfs.Root:
		path = `\`
	case name != nil:
		path, whole = m.folders.Path(name)
		path = foreignText(path)
	}
	e := m.file(rec, path, whole)
	t := rec.Times
	n := 0
	put := func(s fileStamp, of string) error {
		one := m.slot()
		one.Source, one.Precision, one.TimeKind, one.Time = "file", timeline.Nanosecond, s.kind, s.time
		one.Attributes = append(one.Attributes, e.Attributes...)
		one.Message = e.Message
		if s.letters != 0 {
			one.Message = macbText(s.letters) + " " + e.Message
			one.Attributes.Set("macb", macbText(s.letters))
		}
		if of != "" {
			one.Message += " (by its name)"
			one.Attributes.Set("times", of)
		}
		n++
		if rec.Torn {
			one.Attributes.Set(attrRecovered, "its sectors were not written together")
		}
		return m.job.take(offset, rec.Torn)
	}
	for _, s := range stampsOf(t.Modified, t.Accessed, t.Changed, t.Born) {
		if err := put(s, ""); err != nil {
			return err
		}
	}
	if name != nil {
		d := name.Times
		for _, p := range []struct{ a, b *time.Time }{{&d.Modified, &t.Modified}, {&d.Accessed, &t.Accessed}, {&d.Changed, &t.Changed}, {&d.Born, &t.Born}} {
			if p.a.Equal(*p.b) {
				*p.a = time.Time{}
			}
		}
		for _, s := range stampsOf(d.Modified, d.Accessed, d.Changed, d.Born) {
			if err := put(s, "file_name"); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return put(fileStamp{kind: timeline.Undated}, "")
	}
	return nil
}

// file is what all events of a file say.
func (m *mft) file(rec *ntfs.Record, path string, whole bool) timeline.Event {
	e := timeline.Event{Message: named(path)}
	a := &e.Attributes
	if !rec.InUse {
		a.Set("deleted", "yes")
		e.Message += " (deleted)"
	}
	a.Set("inode", strconv.FormatUint(rec.Ref.Record, 10)+"-"+strconv.Itoa(int(rec.Ref.Seq)))
	set(a, "mode", fileAttributes(rec.Attributes, rec.Dir))
	if !whole {
		a.Set("orphan", "yes")
	}
	set(a, "path", path)
	if rec.HasData {
		a.Set("size", strconv.FormatUint(rec.Size, 10))
	}
	var streams []string
	for _, s := range rec.Streams {
		streams = append(streams, s.Name+" ("+strconv.FormatUint(s.Size, 10)+")")
		for line := range strings.Lines(s.Zone) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch name {
			case "HostUrl":
				setPlain(a, "url", value)
			case "ReferrerUrl":
				setPlain(a, "referer", value)
			case "ZoneId":
				setPlain(a, "zone", value)
			}
		}
	}
	text, _ := listed(streams)
	set(a, "streams", text)
	if n := rec.Name(); n != nil && rec.HasTimes {
		set(a, "timestomp", timestomp(rec.Times, n.Times))
	}
	if rec.Cut {
		a.Set(attrTruncated, "attributes of the record")
	}
	setCount(a, "usn", rec.USN)
	return e
}

// timestomp says what is odd about a file's times: that it is older than its
// name, or that its times are of whole seconds, which Windows hardly ever writes.
// Both may have innocent reasons: what is unpacked keeps the times of its archive.
func timestomp(file, name ntfs.Times) string {
	var out []string
	if !file.Born.IsZero() && file.Born.Before(name.Born) {
		out = append(out, "born before its name")
	}
	if !file.Born.IsZero() && file.Born.Nanosecond() == 0 && file.Modified.Nanosecond() == 0 {
		out = append(out, "whole seconds")
	}
	return strings.Join(out, ", ")
}

// fileAttributes names the attributes of a file.
func fileAttributes(n uint32, dir bool) string {
	var out []string
	if dir {
		out = append(out, "directory")
	}
	for _, f := range [...]struct {
		bit  uint32
		name string
	}{{1, "read_only"}, {2, "hidden"}, {4, "system"}, {0x100, "temporary"}, {0x200, "sparse"}, {0x400, "reparse_point"}, {0x800, "compressed"}, {0x1000, "offline"}, {0x4000, "encrypted"}} {
		if n&f.bit != 0 {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, ",")
}

func isUSN(name string, head []byte) bool {
	if ntfs.IsUSN(head) {
		return true
	}
	if !strings.HasSuffix(strings.ToUpper(name), "$J") {
		return false
	}
	rest := bytes.TrimLeft(head, "\x00") // a sparse one begins with zeros
	from := (len(head) - len(rest)) &^ 7
	return len(rest) == 0 && len(head) > 0 || ntfs.IsUSN(head[from:])
}

// parseUSN makes an event of each record of the journal of changes.
//
// Reference: package forensics/formats/ntfs.
func parseUSN(j *job, r *bufio.Reader) error {
	n := 0
	return ntfs.Changes(&patient{j, r}, func(c *ntfs.Change) error {
		if n++; n%4096 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		e := j.slot()
		e.Time, e.Precision, e.TimeKind, e.Source = c.Time, timeline.Nanosecond, timeline.Logged, "file"
		name := foreignText(c.Name)
		a := &e.Attributes
		action, what := usnAction(c.Reason)
		a.Set(attrAction, action)
		a.Set("inode", strconv.FormatUint(c.File.Record, 10)+"-"+strconv.Itoa(int(c.File.Seq)))
		set(a, "mode", fileAttributes(c.Attributes, c.Attributes&0x10 != 0))
		a.Set("parent_inode", strconv.FormatUint(c.Parent.Record, 10)+"-"+strconv.Itoa(int(c.Parent.Seq)))
		set(a, "path", name)
		a.Set("reason", c.Reasons())
		setCount(a, "source_info", c.Source)
		a.Set("usn", strconv.FormatInt(c.USN, 10))
		e.Message = what + " " + name
		return j.keep(c.Offset)
	}, func(offset int64, why string) error {
		j.reject(offset, nil, why)
		return nil
	})
}

// usnAction is the one word for what happened, and the one for a person.
func usnAction(reason uint32) (action, what string) {
	switch {
	case reason&0x200 != 0:
		return "delete", "deleted"
	case reason&0x100 != 0:
		return "create", "created"
	case reason&0x1000 != 0:
		return "rename", "renamed from"
	case reason&0x2000 != 0:
		return "rename", "renamed to"
	case reason&0x77 != 0:
		return "modify", "written"
	case reason&0x200000 != 0:
		return "modify", "stream of data changed:"
	case reason&0x8c00 != 0:
		return "modify", "properties changed:"
	case reason&0x10000 != 0:
		return "link", "hard link changed:"
	}
	return "modify", "changed"
}
