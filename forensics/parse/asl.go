package parse

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/asl"
	"firebreak/forensics/formats/fsevents"
	"firebreak/forensics/formats/mlocate"
	"firebreak/timeline"
)

// parseASL reads a file of the Apple System Log: an event when it was made, and
// one of each message. Messages that the file's own list has lost are recovered.
func parseASL(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	f, err := asl.Open(at, size)
	if errors.Is(err, asl.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	e := timeline.Event{Source: "syslog", TimeKind: timeline.Born, Precision: timeline.Second, Message: "log file of the Apple System Log begun"}
	if f.Born < maxSeconds {
		e.Time, _ = epoch(int64(f.Born), 0)
	}
	e.Attributes.Set(attrAction, "create")
	if err := j.add(0, e); err != nil {
		return err
	}
	return f.Walk(j.ctx, func(m *asl.Message) error { return tellASL(j, m) }, func(offset int64, err error) error {
		j.reject(offset, nil, err.Error())
		return nil
	})
}

func tellASL(j *job, m *asl.Message) error {
	e := timeline.Event{Source: "syslog", TimeKind: timeline.Logged, Precision: timeline.Nanosecond}
	a := &e.Attributes
	tidied := false
	tidy := func(s string) string {
		s, odd := clean([]byte(s))
		tidied = tidied || odd
		return s
	}
	if m.Seconds < maxSeconds && m.Nanoseconds < 1e9 {
		e.Time, _ = epoch(int64(m.Seconds), int64(m.Nanoseconds))
	}
	for _, p := range m.Pairs {
		name := tidy(p.Key)
		if isOurs(name) || name == "" {
			name = "source." + name
		}
		for n := 2; a.Has(name) && n < 64; n++ {
			name = tidy(p.Key) + "." + strconv.Itoa(n)
		}
		setAll(a, name, tidy(p.Value))
	}
	e.Host = tidy(m.Host)
	sender, body := tidy(m.Sender), tidy(m.Text)
	setAll(a, "process", sender, "facility", tidy(m.Facility), "severity", severityName(int(m.Level)), "message_id", strconv.FormatUint(m.ID, 10),
		"pid", unless(m.PID, 0), "uid", unless(m.UID, asl.None), "gid", unless(m.GID, asl.None), "read_uid", unless(m.ReadUID, asl.None),
		"read_gid", unless(m.ReadGID, asl.None), "ref_pid", unless(m.RefPID, 0), "ref_process", tidy(m.RefProc), "session", tidy(m.Session))
	enrich(&e, sender, body)
	who := sender
	if m.PID != 0 && who != "" {
		who += "[" + strconv.FormatUint(uint64(m.PID), 10) + "]"
	}
	e.Message = body
	if who != "" {
		e.Message = who + ": " + body
	}
	if m.Lost > 0 {
		a.Set("texts_missing", strconv.Itoa(m.Lost))
	}
	if m.Cut {
		a.Set(attrTruncated, "keys of the message")
	}
	if tidied {
		a.Set(attrEncoding, "escaped")
	}
	if !m.Listed {
		a.Set(attrRecovered, "it is not in the file's list of messages")
		return j.recover(m.Offset, e)
	}
	return j.add(m.Offset, e)
}

// unless is a number, and nothing where it is the one that says none.
func unless(n, none uint32) string {
	if n == none {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// parseFSEvents reads pages of file system events. No record has a time: the
// page's file was written last when its events were over, but the file's own
// time is nothing its bytes say, so the events are undated.
func parseFSEvents(j *job, r *bufio.Reader) error {
	x := fsevents.NewReader(r)
	j.note("records of file system events have no times: they stand between those with smaller and greater ids")
	before := ""
	if b := j.src.Exhibit.Before; b != nil && sane(b.Modified) {
		before = b.Modified.UTC().Format(time.RFC3339)
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && j.ctx.Err() != nil {
			return j.ctx.Err()
		}
		rec, err := x.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, fsevents.ErrFormat):
			j.reject(rec.Offset, nil, err.Error())
			continue
		case err != nil:
			return err
		}
		path, odd := clean(rec.Path)
		e := timeline.Event{Source: "file"}
		happened, what := rec.Words()
		thing := "/" + path
		e.Message = say(thing+":", cmp.Or(strings.Join(happened, ", "), "changed"), post(strings.Join(what, ", ")))
		a := &e.Attributes
		setAll(a, attrAction, rec.Action(), "path", thing, "flags", rec.String(), "event_id", strconv.FormatUint(rec.ID, 10), "not_after", before)
		if rec.Version > 1 {
			a.Set("inode", strconv.FormatUint(rec.Node, 10))
		}
		if odd {
			a.Set(attrEncoding, "escaped")
		}
		if err := j.add(rec.Offset, e); err != nil {
			return err
		}
	}
}

// parseMlocate reads the folders that updatedb found.
func parseMlocate(j *job, r *bufio.Reader) error {
	x, err := mlocate.NewReader(r)
	for n := 0; err == nil; n++ {
		if n%1024 == 0 && j.ctx.Err() != nil {
			return j.ctx.Err()
		}
		var f mlocate.Folder
		if f, err = x.Next(); err != nil {
			if errors.Is(err, mlocate.ErrFormat) {
				j.reject(f.Offset, nil, err.Error())
				return nil
			}
			break
		}
		path, odd := clean([]byte(f.Path))
		e := timeline.Event{Source: "file", TimeKind: timeline.Changed, Precision: timeline.Nanosecond}
		if f.Seconds < maxSeconds && f.Nanoseconds < 1e9 {
			e.Time, _ = epoch(int64(f.Seconds), int64(f.Nanoseconds))
		}
		e.Message = "folder " + path + ": " + strconv.Itoa(f.Files) + " files, " + strconv.Itoa(f.Folders) + " folders"
		names, oddNames := clean([]byte(strings.Join(f.Names, " / ")))
		setAll(&e.Attributes, "path", path, "files", strconv.Itoa(f.Files), "folders", strconv.Itoa(f.Folders), "names", names)
		if f.Files+f.Folders > len(f.Names) {
			e.Attributes.Set(attrTruncated, "names")
		}
		if odd || oddNames {
			e.Attributes.Set(attrEncoding, "escaped")
		}
		if err := j.add(f.Offset, e); err != nil {
			return err
		}
	}
	if errors.Is(err, mlocate.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
